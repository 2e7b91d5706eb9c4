//! Whatever stands in an error's body, reading and judging it does not panic and shows no key.
#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use http::StatusCode;
use libfuzzer_sys::fuzz_target;
use tidegate_core::{Failure, Status, Target};
use tidegate_fuzz::{KEY, NOW, head, target};
use tidegate_providers::classify::{self, ErrorBody};
use tidegate_providers::{Reply, ReplyHead, find};

static TARGET: LazyLock<Target> = LazyLock::new(|| target("openai-compatible"));

fn check(failure: &Failure) {
    let shown = format!("{failure} {failure:?} {}", failure.detail.as_str());
    assert!(!shown.contains(KEY), "the key shows");
}

fuzz_target!(|data: &[u8]| {
    let Some((&number, body)) = data.split_first() else {
        return;
    };
    if let Some(error) = ErrorBody::read(body) {
        check(&classify::reported(&TARGET, &error));
    }
    let status =
        StatusCode::from_u16(200 + u16::from(number) * 2).expect("a number of three digits");
    let reply = Reply {
        head: head(status, "application/json"),
        body: Bytes::copy_from_slice(body),
    };
    let provider = find("openai-compatible").expect("is in the table");
    for read in [
        provider.decode(&TARGET, &reply, NOW).err(),
        provider.decode_embed(&TARGET, &reply, NOW).err(),
    ] {
        read.iter().for_each(check);
    }
    let words = Reply {
        head: ReplyHead::Process {
            ended: Status::Exit(i32::from(number)),
            stderr: reply.body,
        },
        body: Bytes::new(),
    };
    check(&classify::reply(&TARGET, &words, NOW));
});
