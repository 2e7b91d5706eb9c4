//! What the crate promises, seen from outside; one file a promise.

#![expect(
    clippy::unwrap_used,
    reason = "clippy's exception for tests does not reach their helper functions"
)]

mod confinement;
mod formats;
mod grammar;
#[cfg(target_os = "linux")]
mod hostile;
mod ignore_rules;
#[cfg(unix)]
mod kept;
mod limits;
mod lookup;
mod near;
mod order;
mod reader;
mod render;
mod secrets;
mod tokens;
mod tree;
