//! `tidegate embed`.

use serde_json::Value;

use crate::stage::Provider;

const EMBED: [&str; 3] = ["embed", "-e", "openai/text-embedding-3-small"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&EMBED[..], more].concat()
}

fn vectors(text: &str) -> Vec<Vec<f32>> {
    let read = |(place, line)| {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["index"], place, "in order");
        serde_json::from_value(line["embedding"].clone()).unwrap()
    };
    text.lines().enumerate().map(read).collect()
}

#[test]
fn each_text_becomes_a_line_in_order_however_it_is_cut_into_requests() {
    let provider = Provider::scripted("");
    let stage = provider.stage();
    let whole = stage.run(&with(&["one", "two", "three", "four", "five"]));
    assert_eq!(whole.code, Some(0), "{whole:?}");
    assert_eq!(provider.requests(), 1);
    let input = b"one\ntwo\nthree\nfour\nfive\n";
    let cut = stage.run_with_input(&with(&["--batch", "2"]), input);
    assert_eq!(provider.requests(), 4, "three more");
    let all = vectors(&whole.stdout);
    assert_eq!(all.len(), 5);
    assert_ne!(all[0], all[1]);
    assert_eq!(vectors(&cut.stdout), all);
}

#[test]
fn a_failed_batch_is_tried_again_and_the_rest_is_whole() {
    let provider = Provider::scripted("503");
    let retry = [
        "--max-retries",
        "1",
        "--retry-base-delay",
        "1ms",
        "--batch",
        "1",
    ];
    let ran = provider
        .stage()
        .run(&with(&[&retry[..], &["one", "two"]].concat()));
    assert_eq!(
        (ran.code, vectors(&ran.stdout).len()),
        (Some(0), 2),
        "{ran:?}"
    );
    assert_eq!(provider.requests(), 3);
}

#[test]
fn an_array_is_one_that_numpy_can_read() {
    let provider = Provider::scripted("");
    let stage = provider.stage();
    let ran = stage.run(&with(&[
        "--dimensions",
        "3",
        "--to",
        "two.npy",
        "one",
        "two",
    ]));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{ran:?}");
    let bytes = std::fs::read(stage.home().join("two.npy")).unwrap();
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let (header, rows) = bytes[10..].split_at(length);
    assert_eq!((10 + length) % 64, 0, "numbers are aligned");
    assert_eq!(
        std::str::from_utf8(header).unwrap().trim_end(),
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
    );
    let numbers: Vec<_> = rows
        .chunks_exact(4)
        .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
        .collect();
    let lines = stage.run(&with(&["--dimensions", "3", "one", "two"]));
    assert_eq!(numbers, vectors(&lines.stdout).concat());
}

#[test]
fn a_file_that_was_not_finished_is_not_there() {
    let provider = Provider::scripted("ok; 400");
    let stage = provider.stage();
    let ran = stage.run(&with(&["--batch", "1", "--to", "out.jsonl", "one", "two"]));
    ran.failed(9, &["request refused"]);
    assert!(!stage.home().join("out.jsonl").exists());
}

#[test]
fn no_texts_and_empty_lines_are_said_by_their_place() {
    let stage = Provider::scripted("").stage();
    stage
        .run_with_input(&with(&[]), b"")
        .failed(2, &["no texts: give some"]);
    stage
        .run(&["embed", "--batch", "0", "a"])
        .failed(2, &["must be a whole number from 1"]);
    stage
        .run_with_input(&with(&[]), b"one\n\ntwo\n")
        .failed(2, &["line 2 is empty"]);
}

#[test]
fn a_provider_without_vectors_says_so_before_anything_is_sent() {
    let provider = Provider::scripted("");
    let stage = provider.stage();
    stage.config("[providers.sh]\ntype = \"command\"\nargv = [\"echo\"]\n[endpoints.e]\nprovider = \"sh\"\nmodel = \"m\"\n");
    let ran = stage.run(&["embed", "-e", "e", "one"]);
    ran.failed(9, &["cannot express embeddings"]);
}
