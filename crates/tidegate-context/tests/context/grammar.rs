//! What in a prompt is a pattern.

use proptest::prelude::*;
use tidegate_context::patterns;

fn texts(prompt: &str) -> Vec<String> {
    patterns(prompt)
        .iter()
        .map(|pattern| pattern.text().to_owned())
        .collect()
}

#[test]
fn a_pattern_stands_at_the_beginning_or_after_white_space() {
    assert_eq!(
        texts("@a.rs and @b.rs\n@c.rs\t@d.rs"),
        ["a.rs", "b.rs", "c.rs", "d.rs"]
    );
}

#[test]
fn an_email_address_is_not_a_pattern() {
    assert!(texts("write to bob@example.com, <al@example.org>").is_empty());
}

#[test]
fn an_escaped_at_sign_is_not_a_pattern() {
    assert!(texts(r"\@main.rs and see \@types/node").is_empty());
}

#[test]
fn an_at_sign_alone_is_not_a_pattern() {
    assert!(texts("@ @. @... @, (@) @\"\" @/ and @").is_empty());
}

#[test]
fn brackets_and_quotes_around_a_pattern_are_not_part_of_it() {
    assert_eq!(
        texts(r#"(@a.rs) [@b.rs] {@c.rs} "@d.rs" '@e.rs' （@f.rs）"#),
        ["a.rs", "b.rs", "c.rs", "d.rs", "e.rs", "f.rs"]
    );
}

#[test]
fn punctuation_after_a_pattern_is_not_part_of_it() {
    assert_eq!(
        texts("@a.rs, @b.rs; @c.rs: @d.rs! @e.rs? @f.rs... @g.rs。"),
        ["a.rs", "b.rs", "c.rs", "d.rs", "e.rs", "f.rs", "g.rs"]
    );
}

#[test]
fn a_bracket_that_the_pattern_opens_is_part_of_it() {
    assert_eq!(
        texts("(@src/*.{rs,toml}), @a[0-9], (@copy(1))."),
        ["src/*.{rs,toml}", "a[0-9]", "copy(1)"]
    );
}

#[test]
fn quotes_take_spaces_and_punctuation() {
    assert_eq!(
        texts(r#"see @"my notes.txt", or @"what?""#),
        ["my notes.txt", "what?"]
    );
}

#[test]
fn quotes_that_do_not_close_on_their_line_are_text() {
    let found = patterns("@\"open\nand closed\"");
    assert!(found.iter().all(|pattern| !pattern.is_quoted()));
}

#[test]
fn a_pattern_shows_itself_as_it_was_typed() {
    let shown: Vec<_> = patterns(r#"@a.rs @"b c""#)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(shown, ["@a.rs", r#"@"b c""#]);
}

#[test]
fn a_word_of_more_than_4096_bytes_is_text() {
    assert_eq!(texts(&format!("@{}", "a".repeat(4096))).len(), 1);
    assert!(texts(&format!("@{}", "a".repeat(4097))).is_empty());
    assert!(texts(&format!("@\"{}\"", "a".repeat(4097))).is_empty());
    assert!(texts(&format!("@a{}", ".".repeat(4096))).is_empty());
}

#[test]
fn only_quotes_and_globs_must_match() {
    let sure = |prompt: &str| patterns(prompt)[0].must_match();
    assert!(
        sure(r#"@"a""#) && sure("@*.rs") && sure("@a?b") && sure("@[ab].rs") && sure("@{a,b}.rs")
    );
    assert!(!sure("@a.rs") && !sure("@src/a") && !sure("@odd[name") && !sure("@odd{name"));
}

#[test]
fn a_decorator_with_a_wildcard_is_not_a_glob_that_must_match() {
    assert!(!patterns(r#"@RequestMapping("/api/*")"#)[0].must_match());
    assert!(!patterns("@wraps(*args)")[0].must_match());
}

proptest! {
    #[test]
    fn no_prompt_makes_it_panic(prompt in any::<String>()) {
        patterns(&prompt);
    }

    #[test]
    fn every_pattern_stands_in_the_prompt_as_it_shows_itself(prompt in r#"[@"'a-z./\\*()\[\]{} \n,?é。]{0,60}"#) {
        for pattern in patterns(&prompt) {
            prop_assert!(prompt.contains(&pattern.to_string()), "{pattern}");
            prop_assert!(!pattern.text().is_empty());
        }
    }
}
