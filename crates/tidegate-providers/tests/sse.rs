//! Server-sent events: the same events whatever the chunks, and never more memory than the bound.
#![expect(
    clippy::unwrap_used,
    reason = "an event that must fit and does not is a failed test"
)]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use tidegate_providers::sse::{EventTooLarge, MAX_EVENT, SseDecoder, SseEvent};

/// An event by its name and data.
type Event = (Vec<u8>, Vec<u8>);

fn decode<'c>(chunks: impl IntoIterator<Item = &'c [u8]>) -> Result<Vec<Event>, EventTooLarge> {
    match bounded(MAX_EVENT, chunks) {
        (events, true) => Ok(events),
        (_, false) => Err(EventTooLarge { limit: MAX_EVENT }),
    }
}

/// The events that come before the bound is met, and whether it never is.
fn bounded<'c>(limit: usize, chunks: impl IntoIterator<Item = &'c [u8]>) -> (Vec<Event>, bool) {
    let mut decoder = SseDecoder::bounded(limit);
    let mut events = Vec::new();
    let fits = chunks.into_iter().all(|chunk| {
        let push = |event: SseEvent<'_>| events.push((event.name.to_vec(), event.data.to_vec()));
        decoder.push(chunk, push).is_ok()
    });
    (events, fits)
}

fn whole(text: &str) -> Vec<Event> {
    decode([text.as_bytes()]).unwrap()
}

fn event(name: &str, data: &str) -> Event {
    (name.into(), data.into())
}

fn data(data: &str) -> Event {
    event("", data)
}

/// The standard read naively: all bytes at once, line by line. What the decoder must agree with.
fn naive(bytes: &[u8]) -> Vec<Event> {
    naive_within(usize::MAX, bytes).0
}

/// The same up to a line that, with the data before it, is larger than the bound; and whether there is none.
fn naive_within(limit: usize, bytes: &[u8]) -> (Vec<Event>, bool) {
    let mut unified = Vec::new();
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' if at > 0 && bytes[at - 1] == b'\r' => {}
            b'\r' => unified.push(b'\n'),
            other => unified.push(other),
        }
    }
    let mut lines: Vec<&[u8]> = unified.split(|&byte| byte == b'\n').collect();
    let unended = lines.pop().unwrap(); // a line that was never ended is not one, but it is kept
    let (mut events, mut name, mut data) = (Vec::new(), Vec::new(), None::<Vec<u8>>);
    let held = |data: &Option<Vec<u8>>| data.as_ref().map_or(0, |data| data.len() + 1);
    for (number, line) in lines.into_iter().enumerate() {
        if line.len() + held(&data) > limit {
            return (events, false);
        }
        let mark = "\u{feff}".as_bytes();
        let line = (line.strip_prefix(mark).filter(|_| number == 0)).unwrap_or(line);
        let colon = line
            .iter()
            .position(|&byte| byte == b':')
            .unwrap_or(line.len());
        let value = line.get(colon + 1..).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match &line[..colon] {
            b"" if line.is_empty() => {
                let name = std::mem::take(&mut name);
                events.extend(data.take().map(|data| (name, data)));
            }
            b"data" => match &mut data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => data = Some(value.to_vec()),
            },
            b"event" => name = value.to_vec(),
            _ => {}
        }
    }
    let fits = unended.len() + held(&data) <= limit;
    (events, fits)
}

#[test]
fn the_fields_of_an_event_are_read_as_the_standard_says() {
    for (claim, text, expected) in [
        ("one line", "data: one\n\n", vec![data("one")]),
        (
            "no space after the colon",
            "data:one\n\n",
            vec![data("one")],
        ),
        (
            "only one space is dropped",
            "data:  one\n\n",
            vec![data(" one")],
        ),
        (
            "several data lines are joined",
            "data: one\ndata: two\n\n",
            vec![data("one\ntwo")],
        ),
        (
            "an empty data line is an empty line",
            "data: one\ndata:\ndata\n\n",
            vec![data("one\n\n")],
        ),
        (
            "an event of an empty data line has empty data",
            "data\n\n",
            vec![data("")],
        ),
        (
            "a name",
            "event: error\ndata: x\n\n",
            vec![event("error", "x")],
        ),
        (
            "a name holds for one event",
            "event: a\ndata: x\n\ndata: y\n\n",
            vec![event("a", "x"), data("y")],
        ),
        (
            "the last name counts",
            "event: a\nevent: b\ndata: x\n\n",
            vec![event("b", "x")],
        ),
        (
            "a name without data is no event, and is forgotten",
            "event: a\n\ndata: y\n\n",
            vec![data("y")],
        ),
        (
            "comments are nothing",
            ": keep-alive\n\n:\n\ndata: x\n: within\n\n",
            vec![data("x")],
        ),
        (
            "other fields are nothing",
            "id: 7\nretry: 10\nfoo: bar\ndata: x\n\n",
            vec![data("x")],
        ),
        (
            "`data` as the beginning of another field is not it",
            "database: x\n\n",
            vec![],
        ),
        (
            "a colon within the value stays",
            "data: {\"a\": 1}\n\n",
            vec![data("{\"a\": 1}")],
        ),
        (
            "blank lines are nothing",
            "\n\n\ndata: x\n\n\n\n",
            vec![data("x")],
        ),
        (
            "an event that was never ended is none",
            "data: x\n\ndata: y\n",
            vec![data("x")],
        ),
        (
            "a line that was never ended is none",
            "data: x\n\ndata: y",
            vec![data("x")],
        ),
    ] {
        assert_eq!(whole(text), expected, "{claim}");
        assert_eq!(naive(text.as_bytes()), expected, "{claim}, read naively");
    }
}

#[test]
fn every_line_end_ends_a_line() {
    for text in [
        "data: x\n\n",
        "data: x\r\n\r\n",
        "data: x\r\r",
        "data: x\r\n\n",
        "data: x\n\r",
        "data: x\r\r\n",
    ] {
        assert_eq!(whole(text), [data("x")], "{text:?}");
        assert_eq!(
            decode(text.as_bytes().chunks(1)).unwrap(),
            [data("x")],
            "{text:?} byte by byte"
        );
    }
}

#[test]
fn a_line_feed_that_comes_in_the_next_chunk_belongs_to_its_carriage_return() {
    let chunks = [&b"data: x\r"[..], b"", b"\ndata: y\r", b"\n\r", b"\n"];
    assert_eq!(decode(chunks).unwrap(), [data("x\ny")]);
}

#[test]
fn an_event_is_handed_over_with_its_last_byte_and_not_later() {
    let mut decoder = SseDecoder::default();
    let mut seen = 0;
    decoder.push(b"data: x\r\n\r", |_| seen += 1).unwrap();
    assert_eq!(
        seen, 1,
        "the carriage return ends the line; its line feed may take a minute"
    );
}

#[test]
fn a_byte_order_mark_is_dropped_at_the_very_beginning_only() {
    assert_eq!(whole("\u{feff}data: x\n\n"), [data("x")]);
    assert_eq!(
        decode("\u{feff}data: x\n\n".as_bytes().chunks(1)).unwrap(),
        [data("x")]
    );
    assert_eq!(whole("\n\u{feff}data: x\n\n"), []);
    assert_eq!(whole("data: \u{feff}x\n\n"), [data("\u{feff}x")]);
}

#[test]
fn an_event_of_exactly_the_bound_passes_and_one_byte_more_does_not() {
    let line = |bytes: usize| [b"data: ".to_vec(), vec![b'x'; bytes - b"data: ".len()]].concat();
    let fits = [line(MAX_EVENT), b"\n\n".to_vec()].concat();
    let large = [line(MAX_EVENT + 1), b"\n\n".to_vec()].concat();
    for size in [1_000_003, 65_536, usize::MAX] {
        let chunks = |bytes| <[u8]>::chunks(bytes, size.min(MAX_EVENT * 2));
        let events = decode(chunks(&fits)).unwrap();
        assert_eq!(
            events[0].1.len(),
            MAX_EVENT - b"data: ".len(),
            "in chunks of {size}"
        );
        assert!(decode(chunks(&large)).is_err(), "in chunks of {size}");
    }
}

#[test]
fn the_bound_holds_for_many_short_lines_of_one_event() {
    let mut decoder = SseDecoder::default();
    let line = [b"data: ".to_vec(), vec![b'x'; 1_017], b"\n".to_vec()].concat();
    let accepted = (0..MAX_EVENT / 512)
        .take_while(|_| decoder.push(&line, |_| panic!("no event ended")).is_ok())
        .count();
    assert!(accepted < MAX_EVENT / 1_017, "{accepted} lines were kept");
}

#[test]
fn a_comment_or_a_name_that_never_ends_is_bounded_too() {
    for start in [&b": "[..], b"event: ", b"id: ", b"", b"\xef\xbb\xbf"] {
        let mut decoder = SseDecoder::default();
        decoder.push(start, |_| {}).unwrap();
        let chunk = vec![b'x'; 1 << 20];
        let accepted = (0..16)
            .take_while(|_| decoder.push(&chunk, |_| {}).is_ok())
            .count();
        assert!(
            accepted <= MAX_EVENT >> 20,
            "{accepted} MiB of {start:?} were kept"
        );
    }
}

#[test]
fn events_before_one_that_is_too_large_are_handed_over() {
    let mut decoder = SseDecoder::default();
    let mut seen = Vec::new();
    let bytes = [b"data: x\n\ndata: ".to_vec(), vec![b'x'; MAX_EVENT]].concat();
    let result = decoder.push(&bytes, |event| seen.push(event.data.to_vec()));
    assert_eq!(result, Err(EventTooLarge { limit: MAX_EVENT }));
    assert_eq!(seen, [b"x"]);
}

#[test]
fn the_bound_is_on_an_event_and_not_on_the_stream() {
    let one = [
        b"data: ".to_vec(),
        vec![b'x'; MAX_EVENT / 2],
        b"\n\n".to_vec(),
    ]
    .concat();
    let mut decoder = SseDecoder::default();
    let mut seen = 0;
    for _ in 0..5 {
        decoder.push(&one, |_| seen += 1).unwrap();
    }
    assert_eq!(seen, 5);
}

/// Streams that are mostly what streams are made of, so that chance meets the corners.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => Just("data: ".as_bytes().to_vec()),
        1 => Just("data:".as_bytes().to_vec()),
        1 => Just("data".as_bytes().to_vec()),
        1 => Just("event: ".as_bytes().to_vec()),
        1 => Just(": ping".as_bytes().to_vec()),
        1 => Just("id: 1".as_bytes().to_vec()),
        1 => Just("\u{feff}".as_bytes().to_vec()),
        4 => Just(b"\n".to_vec()),
        4 => Just(b"\r\n".to_vec()),
        4 => Just(b"\r".to_vec()),
        3 => Just(b"\n\n".to_vec()),
        2 => Just(b" ".to_vec()),
        4 => vec(any::<u8>(), 0..6),
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// The bytes cut at the given places.
fn pieces<'b>(bytes: &'b [u8], cuts: &[Index]) -> Vec<&'b [u8]> {
    let mut cuts: Vec<_> = (cuts.iter())
        .map(|cut| cut.index(bytes.len() + 1))
        .collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    cuts.windows(2)
        .map(|pair| &bytes[pair[0]..pair[1]])
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn the_events_are_the_same_whatever_the_chunks(bytes in stream(), cuts in vec(any::<Index>(), 0..10)) {
        let expected = naive(&bytes);
        prop_assert_eq!(&decode([&bytes[..]]).unwrap(), &expected, "at once");
        prop_assert_eq!(&decode(bytes.chunks(1)).unwrap(), &expected, "byte by byte");
        prop_assert_eq!(&decode(pieces(&bytes, &cuts)).unwrap(), &expected, "cut at {:?}", cuts);
    }

    #[test]
    fn the_bound_is_met_at_the_same_place_whatever_the_chunks(
        bytes in stream(),
        limit in 0usize..48,
        cuts in vec(any::<Index>(), 0..10),
    ) {
        let expected = naive_within(limit, &bytes);
        prop_assert_eq!(&bounded(limit, [&bytes[..]]), &expected, "at once");
        prop_assert_eq!(&bounded(limit, bytes.chunks(1)), &expected, "byte by byte");
        prop_assert_eq!(&bounded(limit, pieces(&bytes, &cuts)), &expected, "cut at {:?}", cuts);
    }

    #[test]
    fn heartbeats_between_events_change_nothing(
        bodies in vec("[a-z:\u{feff} ]{0,6}", 0..6),
        beats in vec(prop_oneof![Just(":\n\n"), Just(": ping\r\n\r\n"), Just("\r"), Just(":\u{feff}data: x\n")], 6),
        cuts in vec(any::<Index>(), 0..10),
    ) {
        let event = |body: &String| format!("data: {body}\n\n");
        let quiet: String = bodies.iter().map(event).collect();
        let beating: String = bodies.iter().zip(&beats).map(|(body, beat)| event(body) + beat).collect();
        prop_assert_eq!(decode(pieces(beating.as_bytes(), &cuts)).unwrap(), whole(&quiet));
    }

    #[test]
    fn arbitrary_bytes_never_panic(chunks in vec(vec(any::<u8>(), 0..64), 0..16)) {
        let events = decode(chunks.iter().map(Vec::as_slice)).unwrap();
        prop_assert_eq!(events, naive(&chunks.concat()));
    }
}
