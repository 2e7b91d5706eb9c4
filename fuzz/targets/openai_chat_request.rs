//! Whatever a client sends, reading it does not panic; and what was read once is read the same again after it was
//! written.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tidegate_core::Target;
use tidegate_fuzz::target;
use tidegate_providers::dialect::openai_chat::server::{self, Asked};
use tidegate_providers::{Call, find};

static TARGET: LazyLock<Target> = LazyLock::new(|| target("openai-compatible"));

/// The request as another server behind this one would read it, where it can be expressed.
fn forwarded(asked: &Asked) -> Option<Asked> {
    let provider = find("openai-compatible").expect("is in the table");
    match provider.encode(&asked.request, &TARGET) {
        Ok(Call::Http(call)) => {
            Some(server::read(&call.body).expect("what was written is readable"))
        }
        _ => None,
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(asked) = server::read(data) else {
        return;
    };
    let Some(once) = forwarded(&asked) else {
        return;
    };
    let twice = forwarded(&once).expect("what was expressed once can be expressed again");
    assert_eq!(twice.request, once.request);
});
