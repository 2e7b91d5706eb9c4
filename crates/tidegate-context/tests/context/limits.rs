//! Nothing is unbounded, and nothing is left out in silence.

use tidegate_context::{PackError, SkipReason};

use crate::tree::Tree;

fn unpackable(tree: &Tree, prompt: &str) -> SkipReason {
    match tree.pack(prompt).unwrap_err() {
        PackError::Unpackable { reason, .. } => reason,
        other => panic!("{other}"),
    }
}

#[test]
fn a_large_file_is_skipped_by_globs_and_an_error_by_name() {
    let mut tree = Tree::new(&["a.txt"]);
    tree.write("big.txt", "x".repeat(11));
    tree.options.max_file_bytes = 10;
    let reason = SkipReason::TooLarge {
        bytes: 11,
        limit: 10,
    };
    assert_eq!(
        tree.skipped("@*.txt"),
        [("big.txt".to_owned(), reason.clone())]
    );
    assert_eq!(unpackable(&tree, "@*.txt @big.txt"), reason);
    let text = tree.pack("@big.txt").unwrap_err().to_string();
    assert_eq!(
        text,
        "@big.txt cannot be packed: 11 bytes, the limit for one file is 10; \
         raise max_file_bytes, or put the part that matters in a file of its own"
    );
}

#[test]
fn a_binary_file_is_named_but_not_packed() {
    let tree = Tree::new(&["a.txt"]);
    tree.write("b.png", b"\x89PNG\0");
    assert_eq!(
        tree.skipped("@*"),
        [("b.png".to_owned(), SkipReason::Binary)]
    );
    assert_eq!(tree.names("@*"), ["a.txt"]);
    assert_eq!(unpackable(&tree, "@b.png"), SkipReason::Binary);
}

#[test]
fn a_glob_that_matches_only_binary_files_is_no_error() {
    let tree = Tree::new(&[]);
    tree.write("b.png", b"\0");
    assert!(tree.pack("@*.png").unwrap().is_empty());
}

#[test]
fn files_beyond_the_total_are_skipped_and_smaller_ones_still_fit() {
    let mut tree = Tree::new(&[]);
    for (name, size) in [("a", 6), ("b", 5), ("c", 4)] {
        tree.write(name, "x".repeat(size));
    }
    tree.options.max_total_bytes = 10;
    assert_eq!(tree.names("@*"), ["a", "c"]);
    assert_eq!(
        tree.skipped("@*"),
        [(
            "b".to_owned(),
            SkipReason::TotalExceeded {
                bytes: 5,
                limit: 10
            }
        )]
    );
    assert_eq!(tree.pack("@*").unwrap().bytes(), 10);
}

#[test]
fn files_beyond_the_count_are_each_listed() {
    let mut tree = Tree::new(&["a", "b", "c"]);
    tree.options.max_files = 1;
    let reason = SkipReason::TooManyFiles { limit: 1 };
    assert_eq!(tree.names("@*"), ["a"]);
    assert_eq!(
        tree.skipped("@*"),
        [
            ("b".to_owned(), reason.clone()),
            ("c".to_owned(), reason.clone())
        ]
    );
    assert_eq!(unpackable(&tree, "@a @b"), reason);
}

#[test]
fn files_beyond_the_limit_of_tokens_are_skipped_and_smaller_ones_still_fit() {
    let mut tree = Tree::new(&[]);
    for (name, size) in [("a", 400), ("b", 800), ("c", 40)] {
        tree.write(name, "x".repeat(size));
    }
    // Four bytes to a token, with 17 bytes of header and line end each: 105, 205 and 15 tokens.
    tree.options.max_tokens = Some(120);
    assert_eq!(tree.names("@*"), ["a", "c"]);
    let reason = SkipReason::TokensExceeded {
        tokens: 205,
        limit: 120,
    };
    assert_eq!(tree.skipped("@*"), [("b".to_owned(), reason.clone())]);
    assert_eq!(
        reason.to_string(),
        "its 205 tokens would exceed the limit of 120 for all files"
    );
    assert_eq!(unpackable(&tree, "@b @a"), reason);
}

#[test]
fn files_named_themselves_come_before_what_globs_bring() {
    let mut tree = Tree::new(&["a", "b", "z"]);
    tree.options.max_files = 2;
    assert_eq!(tree.names("@* @z"), ["a", "z"]);
}

#[test]
fn what_the_first_pattern_matches_comes_before_what_the_next_ones_do() {
    let mut tree = Tree::new(&["a/1", "a/2", "b/1", "b/2"]);
    tree.options.max_files = 3;
    assert_eq!(tree.names("@b/* @a/*"), ["a/1", "b/1", "b/2"]);
    assert_eq!(tree.names("@a/* @b/*"), ["a/1", "a/2", "b/1"]);
    assert_eq!(tree.names("@b/2 @**"), ["a/1", "a/2", "b/2"]);
}

#[test]
fn named_files_that_exceed_the_total_are_an_error() {
    let mut tree = Tree::new(&["a", "b"]);
    tree.options.max_total_bytes = 1;
    assert_eq!(
        unpackable(&tree, "@a @b"),
        SkipReason::TotalExceeded { bytes: 1, limit: 1 }
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_link_to_itself_is_unreadable() {
    let tree = Tree::new(&["a"]);
    tree.link("loop.txt", "loop.txt");
    assert!(matches!(
        unpackable(&tree, "@loop.txt"),
        SkipReason::Unreadable { .. }
    ));
}

#[test]
fn every_reason_reads_as_a_clause() {
    let table = [
        (SkipReason::Binary, "binary"),
        (
            SkipReason::TooLarge { bytes: 2, limit: 1 },
            "2 bytes, the limit for one file is 1",
        ),
        (
            SkipReason::TotalExceeded { bytes: 2, limit: 1 },
            "its 2 bytes would exceed the limit of 1 for all files",
        ),
        (
            SkipReason::TooManyFiles { limit: 1 },
            "the limit of 1 files is reached",
        ),
        (
            SkipReason::LeadsOutside {
                target: "/x".into(),
            },
            "a link to /x, outside the allowed directories",
        ),
        (
            SkipReason::SameFile {
                packed_as: "a".into(),
            },
            "the same file as a",
        ),
        (SkipReason::NotAFile, "not a regular file"),
        (
            SkipReason::Generated,
            "a directory of dependencies or build output",
        ),
        (
            SkipReason::Replaced,
            "something else was put in its place meanwhile",
        ),
        (
            SkipReason::Unreadable {
                error: "gone".into(),
            },
            "unreadable: gone",
        ),
    ];
    for (reason, text) in table {
        assert_eq!(reason.to_string(), text);
    }
}

#[test]
fn whoever_waits_can_see_how_far_it_has_come() {
    let tree = Tree::new(&["a.txt", "deep/b.txt", "deep/c.txt"]);
    let progress = tree.options.progress.clone();
    assert_eq!((progress.read(), progress.looked_at()), (0, 0));
    assert_eq!(tree.names("@./").len(), 3);
    assert_eq!((progress.read(), progress.looked_at()), (3, 5));
}
