//! Admission, one claim at a time, with the boundaries on both sides. Laws that hold for all limits are in `quota_laws`,
//! what it costs against models of providers in `simulated`.

#![expect(
    clippy::unwrap_used,
    reason = "what a claim takes for granted should fail its test where it is not there"
)]

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
#[path = "quota/rate.rs"]
mod rate;
#[path = "quota/room.rs"]
mod room;
#[path = "quota/standing.rs"]
mod standing;
#[path = "quota/windows.rs"]
mod windows;
