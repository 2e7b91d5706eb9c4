//! Admission, one claim at a time, with the boundaries on both sides. Laws that hold for all limits are in `quota_laws`,
//! what it costs against models of providers in `simulated`.

#[path = "quota/account.rs"]
mod account;
#[path = "quota/barrier.rs"]
mod barrier;
#[path = "quota/headers.rs"]
mod headers;
#[path = "quota/limits.rs"]
mod limits;
#[path = "quota/line.rs"]
mod line;
#[path = "quota/meters.rs"]
mod meters;
#[path = "quota/room.rs"]
mod room;
#[path = "quota/standing.rs"]
mod standing;
