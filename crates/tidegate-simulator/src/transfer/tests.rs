use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::*;

fn body(text: &'static str) -> impl Iterator<Item = Step> + Send {
    let half = text.len() / 2;
    let halves = [&text[..half], &text[half..]];
    halves.into_iter().map(|half| Step::Send(half.into()))
}

fn sent(steps: impl Iterator<Item = Step>) -> Vec<u8> {
    let bytes = steps.filter_map(|step| match step {
        Step::Send(bytes) => Some(bytes),
        _ => None,
    });
    bytes.flatten().collect()
}

fn unpacked(bytes: &[u8]) -> String {
    let mut text = String::new();
    MultiGzDecoder::new(bytes)
        .read_to_string(&mut text)
        .unwrap();
    text
}

#[test]
fn the_default_changes_nothing() {
    let transfer = Transfer::default();
    assert!(transfer.is_plain());
    assert_eq!(transfer.content_length(7), Some(7));
    assert_eq!(sent(transfer.carry(body("{\"a\":1}"), false)), b"{\"a\":1}");
}

#[test]
fn padding_is_blanks_before_a_body_and_one_comment_before_a_stream() {
    let transfer = Transfer {
        size: 200_000,
        ..Transfer::default()
    };
    let padded = sent(transfer.carry(body("{\"a\":1}"), false));
    assert_eq!(transfer.content_length(7), Some(200_007));
    assert_eq!(padded.len(), 200_007);
    assert!(padded.starts_with(b"  ") && padded.ends_with(b" {\"a\":1}"));
    let stream = sent(transfer.carry(body("data: 1\n\n"), true));
    assert!(stream.starts_with(b": xx") && stream.ends_with(b"x\n\ndata: 1\n\n"));
    let lines = String::from_utf8(stream).unwrap().lines().count();
    assert_eq!(lines, 4);
}

#[test]
fn five_gigabytes_are_made_of_one_chunk() {
    let transfer = Transfer {
        size: 5_000_000_000,
        ..Transfer::default()
    };
    let steps = transfer.carry(body("{}"), false);
    let mut size = 0_u64;
    for step in steps {
        let Step::Send(bytes) = step else {
            unreachable!("nothing to wait for");
        };
        size += bytes.len() as u64;
    }
    assert_eq!(size, 5_000_000_002);
}

#[test]
fn gzip_can_be_unpacked_after_every_piece_and_at_the_end() {
    let transfer = Transfer {
        encoding: Encoding::Gzip,
        ..Transfer::default()
    };
    assert_eq!(transfer.content_length(7), None, "nobody knows yet");
    let steps: Vec<_> = transfer.carry(body("Hello, world"), true).collect();
    assert_eq!(unpacked(&sent(steps.clone().into_iter())), "Hello, world");
    let first = sent(steps.into_iter().take(1));
    let mut text = [0; 6];
    MultiGzDecoder::new(first.as_slice())
        .read_exact(&mut text)
        .unwrap();
    assert_eq!(&text, b"Hello,");
}

#[test]
fn padding_and_gzip_make_a_bomb() {
    let transfer = Transfer {
        size: 50_000_000,
        encoding: Encoding::Gzip,
        ..Transfer::default()
    };
    let packed = sent(transfer.carry(body("{}"), false));
    assert!(packed.len() < 500_000, "{}", packed.len());
    assert_eq!(unpacked(&packed).len(), 50_000_002);
}

#[test]
fn a_dripped_body_waits_before_every_byte() {
    let second = Duration::from_secs(1);
    let transfer = Transfer {
        drip: second,
        ..Transfer::default()
    };
    let steps: Vec<_> = transfer
        .carry(body("abc").chain([Step::Break]), true)
        .collect();
    let byte = |byte: &'static str| Step::Send(byte.into());
    let pause = || Step::Wait(second);
    let want = [
        pause(),
        byte("a"),
        pause(),
        byte("b"),
        pause(),
        byte("c"),
        Step::Break,
    ];
    assert_eq!(steps, want);
}

#[test]
fn a_false_length_differs_by_what_is_said() {
    for (length, want) in [(10, Some(17)), (-3, Some(4)), (-99, Some(0))] {
        let transfer = Transfer {
            length,
            ..Transfer::default()
        };
        assert!(!transfer.is_plain());
        assert_eq!(transfer.content_length(7), want);
    }
}
