//! The `@patterns` of a prompt: found where they stand, none in code, and nothing lost of the prompt but its escapes.
#![no_main]

use std::borrow::Cow;

use libfuzzer_sys::fuzz_target;
use tidegate_context::{patterns, unescaped};

fuzz_target!(|data: &[u8]| {
    let Ok(prompt) = std::str::from_utf8(data) else {
        return;
    };
    for pattern in patterns(prompt) {
        assert!(!pattern.text().is_empty());
        assert!(prompt.contains(&pattern.to_string()));
    }
    only_escapes_are_gone(prompt);
    let escaped = prompt.replace('@', r"\@");
    assert!(patterns(&escaped).is_empty());
    let fence = "~".repeat(prompt.len().max(3));
    let code = format!("{fence}\n{prompt}\n{fence}");
    assert!(patterns(&code).is_empty());
    assert!(matches!(unescaped(&code), Cow::Borrowed(_)));
});

/// What is sent is the prompt without some of the backslashes that stand before an at sign.
fn only_escapes_are_gone(prompt: &str) {
    let sent = unescaped(prompt);
    let mut sent = sent.chars().peekable();
    let mut prompt = prompt.chars().peekable();
    while let Some(character) = prompt.next() {
        if sent.next_if_eq(&character).is_none() {
            assert_eq!((character, prompt.peek()), ('\\', Some(&'@')));
        }
    }
    assert_eq!(sent.next(), None);
}
