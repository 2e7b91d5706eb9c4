//! The same events and the same bound, whole and cut as the input says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_fuzz::Cut;
use tidegate_providers::sse::{EventTooLarge, SseDecoder};

/// Small enough to be met by the inputs libFuzzer makes.
const LIMIT: usize = 512;

#[derive(Default, PartialEq, Debug)]
struct Seen {
    /// Names and data, each behind its length.
    events: Vec<u8>,
    end: Option<EventTooLarge>,
}

fn decode<'d>(chunks: impl Iterator<Item = &'d [u8]>) -> Seen {
    let mut decoder = SseDecoder::bounded(LIMIT);
    let mut seen = Seen::default();
    for chunk in chunks {
        let pushed = decoder.push(chunk, |event| {
            for part in [event.name, event.data] {
                seen.events.extend_from_slice(&part.len().to_le_bytes());
                seen.events.extend_from_slice(part);
            }
        });
        if let Err(error) = pushed {
            seen.end = Some(error);
            break;
        }
    }
    seen
}

fuzz_target!(|data: &[u8]| {
    let Some(cut) = Cut::of(data) else { return };
    let whole = decode(std::iter::once(cut.bytes));
    assert_eq!(decode(cut.chunks()), whole);
    assert_eq!(decode(cut.bytes.chunks(1)), whole);
});
