//! Which files a directory or a wildcard ranges over.

use tidegate_context::SkipReason;

use crate::tree::Tree;

#[test]
fn gitignore_and_ignore_hold_without_a_repository() {
    let tree = Tree::new(&["a.rs", "out/b.rs", "tmp/c.rs", "src/d.rs", "src/gen.rs"]);
    tree.write(".gitignore", "out/\n");
    tree.write(".ignore", "tmp/\n");
    tree.write("src/.gitignore", "gen.rs\n");
    assert_eq!(tree.names("@**/*.rs"), ["a.rs", "src/d.rs"]);
}

#[test]
fn hidden_files_and_git_are_not_matched() {
    let tree = Tree::new(&[
        "a.md",
        ".env.md",
        ".git/x.md",
        ".github/y.md",
        "src/.hidden/z.md",
    ]);
    assert_eq!(tree.names("@**/*.md"), ["a.md"]);
}

#[test]
fn an_exact_name_is_packed_even_if_ignored_or_hidden() {
    let tree = Tree::new(&["out/b.rs", ".env", ".git/HEAD"]);
    tree.write(".gitignore", "out/\n");
    assert_eq!(
        tree.names("@out/b.rs @.env @.git/HEAD"),
        [".env", ".git/HEAD", "out/b.rs"]
    );
}

#[test]
fn a_directory_named_itself_overrides_the_rules_against_it_but_not_those_inside() {
    let tree = Tree::new(&[
        "out/b.rs",
        "out/c.log",
        ".github/ci.yml",
        ".github/.cache/x.yml",
    ]);
    tree.write(".gitignore", "out/\n");
    tree.write("out/.gitignore", "*.log\n");
    assert_eq!(tree.names("@out"), ["out/b.rs"]);
    assert_eq!(tree.names("@.github/**/*.yml"), [".github/ci.yml"]);
}

#[test]
fn the_repository_itself_is_never_walked() {
    let tree = Tree::new(&[
        ".git/config",
        ".git/hooks/x",
        "vendor/.git/config",
        "vendor/a",
    ]);
    assert_eq!(
        tree.unmatched("@.git @.git/hooks/ @vendor/.git/"),
        ["@.git", "@.git/hooks/", "@vendor/.git/"]
    );
    assert_eq!(tree.names("@vendor"), ["vendor/a"]);
}

#[test]
fn the_rules_above_the_named_directory_hold() {
    let tree = Tree::new(&["src/a.rs", "src/a.log", "src/deep/b.log"]);
    tree.write(".gitignore", "*.log\n");
    assert_eq!(tree.names("@src"), ["src/a.rs"]);
    assert_eq!(tree.unmatched("@src/deep/"), ["@src/deep/"]);
}

#[test]
fn the_rules_of_the_repository_around_the_root_hold() {
    let mut tree = Tree::new(&[
        ".git/HEAD",
        "sub/a.rs",
        "sub/a.log",
        "sub/node_modules/m.rs",
    ]);
    tree.write(".gitignore", "*.log\nnode_modules/\n");
    tree.options.root.push("sub");
    assert_eq!(tree.names("@**"), ["a.rs"]);
}

#[test]
fn rules_from_above_the_repository_do_not_hold() {
    let tree = Tree::new(&["a.rs"]);
    tree.write("../.gitignore", "*\n");
    tree.write("../.ignore", "*\n");
    assert_eq!(tree.names("@*.rs"), ["a.rs"]);
    tree.write(".git/HEAD", "");
    assert_eq!(tree.names("@*.rs"), ["a.rs"]);
}

#[test]
fn a_nested_rule_can_bring_a_file_back() {
    let tree = Tree::new(&["src/keep.log", "src/drop.log"]);
    tree.write(".gitignore", "*.log\n");
    tree.write("src/.gitignore", "!keep.log\n");
    assert_eq!(tree.names("@src/*.log"), ["src/keep.log"]);
}

#[test]
fn tidegateignore_holds_and_is_stronger_than_the_others() {
    let tree = Tree::new(&["a.rs", "fixtures/b.rs", "c.rs"]);
    tree.write(".tidegateignore", "fixtures/\n!c.rs\n");
    tree.write(".gitignore", "c.rs\n");
    assert_eq!(tree.names("@**/*.rs"), ["a.rs", "c.rs"]);
    assert_eq!(tree.names("@fixtures/b.rs"), ["fixtures/b.rs"]);
}

#[test]
fn a_repository_inside_is_not_held_to_the_rules_around_it() {
    let tree = Tree::new(&[
        "inner/.git/HEAD",
        "inner/a.log",
        "inner/deep/b.log",
        "c.log",
    ]);
    tree.write(".gitignore", "*.log\n");
    tree.write("inner/.git/info/exclude", "b.log\n");
    assert_eq!(tree.names("@**"), ["inner/a.log"]);
    tree.write(".ignore", "*.log\n");
    assert!(tree.names("@**").is_empty());
}

#[test]
fn dependencies_and_build_output_are_passed_over_and_listed() {
    let tree = Tree::new(&[
        "a.js",
        "package.json",
        "node_modules/m/i.js",
        "dist/a.js",
        "src/vendor/v.js",
        "src/dist/d.js",
        "rust/Cargo.toml",
        "rust/target/t.js",
        "python/pyvenv.cfg",
        "python/p.js",
    ]);
    tree.write(
        "cache/CACHEDIR.TAG",
        "Signature: 8a477f597d28d172789f06886806bc55\n",
    );
    tree.write("cache/c.js", "");
    assert_eq!(
        tree.names("@**/*.js"),
        ["a.js", "src/dist/d.js", "src/vendor/v.js"]
    );
    assert_eq!(
        tree.skipped("@**/*.js"),
        ["cache", "dist", "node_modules", "python", "rust/target"]
            .map(|path| (path.to_owned(), SkipReason::Generated))
    );
    assert_eq!(
        tree.names("@dist @node_modules/**/*.js"),
        ["dist/a.js", "node_modules/m/i.js"]
    );
}

#[test]
fn a_rule_can_bring_back_what_would_be_passed_over() {
    let tree = Tree::new(&["package.json", "dist/a.js", "node_modules/m.js"]);
    tree.write(".gitignore", "!dist/\n");
    assert_eq!(tree.names("@**/*.js"), ["dist/a.js"]);
}

#[test]
fn a_directory_passed_over_is_no_match() {
    let tree = Tree::new(&["node_modules/m.js"]);
    assert_eq!(tree.unmatched("@**/*.js"), ["@**/*.js"]);
}

#[test]
fn the_rules_of_a_directory_end_with_it() {
    let tree = Tree::new(&["a/deep/x.log", "b/x.log", "x.log"]);
    tree.write("a/.gitignore", "*.log\n");
    assert_eq!(tree.names("@**/*.log"), ["b/x.log", "x.log"]);
}

#[test]
fn a_tag_without_its_signature_makes_no_cache() {
    let tree = Tree::new(&["cache/c.js"]);
    let other = "Signature: 00000000000000000000000000000000\n";
    tree.write("cache/CACHEDIR.TAG", other);
    assert_eq!(tree.names("@**/*.js"), ["cache/c.js"]);
}
