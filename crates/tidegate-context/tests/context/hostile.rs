//! Trees made to do harm: nothing hangs, nothing comes from outside, and everything left out has its line.

mod content;
mod scale;
mod specials;

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tidegate_context::{PackError, Packed, SkipReason, pack, patterns};

use crate::tree::Tree;

/// Long enough for the slowest machine: only a hang takes it.
const FOREVER: Duration = Duration::from_secs(120);

/// Packs, or fails the test where packing does not end.
fn pack_in_time(tree: &Tree, prompt: &str) -> Result<Packed, PackError> {
    let (send, receive) = mpsc::channel();
    let (patterns, options) = (patterns(prompt), tree.options.clone());
    thread::spawn(move || send.send(pack(&patterns, &options)));
    receive
        .recv_timeout(FOREVER)
        .unwrap_or_else(|_| panic!("{prompt} hangs"))
}

/// The reason why this one is left out.
fn reason(packed: &Packed, path: &str) -> SkipReason {
    let skipped = packed.skipped().iter();
    let mut of_path = skipped.filter(|skipped| skipped.path == path);
    match (of_path.next(), of_path.next()) {
        (Some(only), None) => only.reason.clone(),
        _ => panic!("{path} is not listed just once: {:?}", packed.skipped()),
    }
}

/// The reason why it cannot be read, as the system says it.
fn unreadable(packed: &Packed, path: &str) -> String {
    match reason(packed, path) {
        SkipReason::Unreadable { error } => error,
        other => panic!("{path}: {other}"),
    }
}

/// Takes from this thread, and those it starts, root's right to read everything.
fn without_privileges() {
    use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
    let mut sets = capabilities(None).unwrap();
    let rights = CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
    sets.effective.remove(rights);
    set_capabilities(None, sets).unwrap();
}
