//! What in a prompt is a pattern.

use std::borrow::Cow;

use proptest::prelude::*;
use tidegate_context::{patterns, unescaped};

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
fn an_at_sign_in_a_fenced_block_is_code() {
    assert_eq!(
        texts("see @a.rs\n```python\n@property\ndef f(): ...\n```\nand @b.rs"),
        ["a.rs", "b.rs"]
    );
    assert_eq!(texts("~~~\n@x\n```\n@y\n~~~~\n@z"), ["z"]);
    assert_eq!(
        texts("- a list\n    ````\n    @x\n    ```\n    @y\n    ````\n"),
        [""; 0]
    );
    assert_eq!(texts("~~~\n@x\n~~~\n@y"), ["y"]);
    assert_eq!(texts("```\r\n@x\r\n```\r\n@y"), ["y"]);
}

#[test]
fn a_fence_that_nobody_closes_hides_nothing() {
    assert_eq!(texts("```\n@a.rs\n~~~\n@b.rs"), ["a.rs", "b.rs"]);
    assert_eq!(texts("````\n@a.rs\n```\n@b.rs"), ["a.rs", "b.rs"]);
    assert_eq!(
        texts("```not `a` fence\n@a.rs\n```\n@b.rs"),
        ["a.rs", "b.rs"]
    );
}

#[test]
fn a_sibling_and_everything_under_it_is_a_pattern() {
    assert_eq!(
        texts("compare @../sibling/** with @dir/, please"),
        ["../sibling/**", "dir/"]
    );
}

#[test]
fn the_backslash_of_an_escaped_at_sign_is_not_sent() {
    assert_eq!(
        unescaped(r#"\@main.rs, (\@a), "\@types/node" and @b.rs"#),
        r#"@main.rs, (@a), "@types/node" and @b.rs"#
    );
}

#[test]
fn a_backslash_that_escapes_nothing_is_sent() {
    for prompt in [
        r"user\@host",
        r"\\@a",
        r"`\@array`",
        "```\n\\@a\n```\n",
        r#"@"two \@words""#,
        r"@src/\@odd(\@name",
        r"\ @a",
    ] {
        assert!(
            matches!(unescaped(prompt), Cow::Borrowed(sent) if sent == prompt),
            "{prompt}"
        );
    }
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
    #[test]
    fn nothing_but_backslashes_before_at_signs_is_taken_out(prompt in r"[@\\a \n`~(]{0,60}") {
        let sent = unescaped(&prompt);
        prop_assert_eq!(sent.replace('\\', ""), prompt.replace('\\', ""));
        prop_assert!(sent.len() + prompt.matches(r"\@").count() >= prompt.len());
    }

    #[test]
    fn no_prompt_in_a_fenced_block_names_a_file(prompt in r"[@\\a./ \n`~]{0,60}") {
        let fence = "`".repeat(prompt.len() + 3);
        let fenced = format!("{fence}\n{prompt}\n{fence}");
        prop_assert!(patterns(&fenced).is_empty());
        prop_assert!(matches!(unescaped(&fenced), Cow::Borrowed(_)));
    }
}
