//! What a pattern names.

use tidegate_context::{PackError, PackOptions, SkipReason, pack, patterns};

use crate::tree::Tree;

#[test]
fn an_exact_name_is_one_file() {
    let tree = Tree::new(&["src/a.rs", "src/b.rs"]);
    assert_eq!(tree.names("see @src/a.rs."), ["src/a.rs"]);
    assert_eq!(tree.names("see @./src/a.rs"), ["src/a.rs"]);
}

#[test]
fn a_quoted_name_may_hold_spaces() {
    let tree = Tree::new(&["my notes.txt"]);
    assert_eq!(tree.names(r#"read @"my notes.txt"!"#), ["my notes.txt"]);
}

#[test]
fn a_directory_is_all_files_under_it() {
    let tree = Tree::new(&["src/a.rs", "src/deep/b.rs", "other.rs"]);
    assert_eq!(tree.names("@src"), ["src/a.rs", "src/deep/b.rs"]);
    assert_eq!(tree.names("@src/"), ["src/a.rs", "src/deep/b.rs"]);
}

#[test]
fn one_star_stays_in_its_directory_and_two_stars_do_not() {
    let tree = Tree::new(&["a.rs", "src/b.rs", "src/deep/c.rs", "src/deep/d.md"]);
    assert_eq!(tree.names("@*.rs"), ["a.rs"]);
    assert_eq!(tree.names("@src/*.rs"), ["src/b.rs"]);
    assert_eq!(tree.names("@*/*/*.rs"), ["src/deep/c.rs"]);
    assert_eq!(
        tree.names("@**/*.rs"),
        ["a.rs", "src/b.rs", "src/deep/c.rs"]
    );
    assert_eq!(
        tree.names("@src/**"),
        ["src/b.rs", "src/deep/c.rs", "src/deep/d.md"]
    );
    assert_eq!(
        tree.names("@s*/"),
        ["src/b.rs", "src/deep/c.rs", "src/deep/d.md"]
    );
}

#[test]
fn alternatives_classes_and_single_characters_are_globs() {
    let tree = Tree::new(&["a1.rs", "a2.toml", "b1.rs", "src/deep/c.rs"]);
    assert_eq!(tree.names("@a?.{rs,toml}"), ["a1.rs", "a2.toml"]);
    assert_eq!(tree.names("@[ab]1.rs"), ["a1.rs", "b1.rs"]);
    assert_eq!(tree.names("@{src/deep,none}/*.rs"), ["src/deep/c.rs"]);
}

#[test]
fn a_file_of_just_this_name_wins_over_the_glob() {
    let tree = Tree::new(&["foo[1].txt", "foo1.txt"]);
    assert_eq!(tree.names("@foo[1].txt"), ["foo[1].txt"]);
}

#[test]
fn a_directory_of_just_this_name_wins_over_the_glob() {
    let tree = Tree::new(&["app/[id]/page.tsx", "app/i/page.tsx"]);
    assert_eq!(tree.names("@app/[id]/*.tsx"), ["app/[id]/page.tsx"]);
    assert_eq!(tree.names("@app/[id]"), ["app/[id]/page.tsx"]);
}

#[test]
fn an_include_directory_is_searched_after_the_root() {
    let tree = Tree::new(&["both.md"]).include("docs");
    tree.write("../docs/both.md", "");
    tree.write("../docs/only.md", "");
    assert_eq!(tree.names("@both.md @only.md"), ["both.md", "docs/only.md"]);
    assert_eq!(tree.names("@o*.md"), ["docs/only.md"]);
}

#[test]
fn include_directories_of_one_name_are_told_apart() {
    let tree = Tree::new(&["docs/root.md"])
        .include("docs")
        .include("more/docs");
    tree.write("../docs/a.md", "");
    tree.write("../more/docs/b.md", "");
    assert_eq!(
        tree.names("@docs/root.md @a.md @b.md"),
        ["docs-2/a.md", "docs-3/b.md", "docs/root.md"]
    );
}

#[test]
fn an_include_directory_inside_the_root_keeps_the_roots_names() {
    let mut tree = Tree::new(&["docs/api/a.md"]);
    tree.options.include_dirs.push(tree.path("docs/api"));
    assert_eq!(tree.names("@a.md @docs/api/a.md"), ["docs/api/a.md"]);
}

#[test]
fn a_person_is_text_without_a_word() {
    let packed = Tree::new(&["a.rs"])
        .pack("ask @alice about @override")
        .unwrap();
    assert!(packed.is_empty() && packed.unmatched().is_empty());
}

#[test]
fn what_only_looks_like_a_file_is_text_and_reported() {
    let tree = Tree::new(&["a.rs"]);
    assert_eq!(
        tree.unmatched("is @types/node or @notes.md, @notes.md"),
        ["@types/node", "@notes.md"]
    );
}

#[test]
fn an_empty_directory_is_reported() {
    let tree = Tree::new(&["a.rs"]);
    std::fs::create_dir(tree.path("empty")).unwrap();
    assert_eq!(tree.unmatched("see @empty/"), ["@empty/"]);
}

#[test]
fn a_glob_or_a_quoted_name_that_matches_nothing_is_reported() {
    let tree = Tree::new(&["src/a.rs"]).include("docs");
    for prompt in ["@src/*.py", "@none/*.rs", r#"@"no such.txt""#] {
        assert_eq!(tree.unmatched(prompt), [prompt]);
    }
}

#[test]
fn strictly_every_pattern_must_match() {
    let mut tree = Tree::new(&["src/a.rs"]).include("docs");
    tree.options.strict = true;
    assert_eq!(tree.names(r"@src/a.rs \@alice"), ["src/a.rs"]);
    for prompt in ["@src/*.py", "@notes.md", "@alice", r#"@"no such.txt""#] {
        let error = tree.pack(prompt).unwrap_err();
        let PackError::NoMatch {
            unmatched,
            searched,
        } = &error
        else {
            panic!("{error}")
        };
        assert_eq!(unmatched.pattern, prompt);
        assert_eq!(searched.len(), 2);
        let text = error.to_string();
        for part in [prompt, "app", "docs", r"\@"] {
            assert!(text.contains(part), "{text}");
        }
    }
}

#[test]
fn names_that_no_file_can_have_match_nothing() {
    let tree = Tree::new(&["a.rs"]);
    let long = format!("@{}", "a.".repeat(2000));
    assert_eq!(tree.unmatched(&long).len(), 1);
    assert_eq!(tree.unmatched("@a.rs/b @a\0.rs").len(), 2);
}

#[test]
fn a_file_that_several_patterns_match_is_packed_once() {
    let tree = Tree::new(&["src/a.rs"]);
    let packed = tree
        .pack("@src/a.rs @src @**/*.rs @src/../src/a.rs")
        .unwrap();
    assert_eq!(packed.files().len(), 1);
    assert!(packed.skipped().is_empty());
}

#[test]
fn without_patterns_the_file_system_is_not_touched() {
    let nowhere = PackOptions::new("/no/such/directory");
    assert!(pack(&patterns("no at sign"), &nowhere).unwrap().is_empty());
    let error = pack(&patterns("@a"), &nowhere).unwrap_err();
    assert!(error.to_string().contains("/no/such/directory"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_socket_is_never_opened() {
    let tree = Tree::new(&["a.txt"]);
    let _socket = std::os::unix::net::UnixListener::bind(tree.path("s.txt")).unwrap();
    assert_eq!(
        tree.skipped("@*.txt"),
        [("s.txt".to_owned(), SkipReason::NotAFile)]
    );
    let error = tree.pack("@s.txt").unwrap_err();
    assert!(
        matches!(
            error,
            PackError::Unpackable {
                reason: SkipReason::NotAFile,
                ..
            }
        ),
        "{error}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_not_plain_text_is_spelled_out() {
    use std::os::unix::ffi::OsStrExt;
    let tree = Tree::new(&["ok.txt", "two\nlines.txt"]);
    let odd = std::ffi::OsStr::from_bytes(b"\xff.txt");
    std::fs::write(tree.options.root.join(odd), "").unwrap();
    assert_eq!(
        tree.names("@*.txt"),
        [r"\xff.txt", "ok.txt", r"two\nlines.txt"]
    );
}
