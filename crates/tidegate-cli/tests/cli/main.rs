//! The built command, as a user meets it.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot set up its case should fail the test"
)]

mod config;
mod context;
mod dry_run;
mod edit;
mod embed;
mod explain;
mod generated;
mod interrupt;
mod mentions;
mod queue;
mod request;
mod run;
mod secrets;
mod stage;
mod test;
