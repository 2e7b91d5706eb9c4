//! Nothing comes from outside.

use tidegate_context::PackError;
#[cfg(unix)]
use tidegate_context::SkipReason;

use crate::tree::Tree;

fn leads_outside(tree: &Tree, prompt: &str) {
    let error = tree.pack(prompt).unwrap_err();
    let PackError::Outside {
        resolved, allowed, ..
    } = &error
    else {
        panic!("{error}")
    };
    let text = error.to_string();
    assert!(text.contains(&resolved.display().to_string()), "{text}");
    assert!(text.contains(&allowed[0].display().to_string()), "{text}");
}

#[test]
fn a_path_that_leads_out_is_an_error() {
    let tree = Tree::new(&["a.rs"]);
    tree.write("../secret.txt", "secret");
    leads_outside(&tree, "@../secret.txt");
    leads_outside(&tree, "@../*.txt");
    leads_outside(&tree, &format!("@{}", tree.path("../secret.txt").display()));
    leads_outside(&tree, "@../");
}

#[test]
fn a_sibling_whose_name_starts_alike_is_outside() {
    let tree = Tree::new(&["a.rs"]);
    tree.write("../app-secrets/key.txt", "secret");
    leads_outside(&tree, "@../app-secrets/key.txt");
    leads_outside(&tree, "@../app-secrets/*");
}

#[test]
fn a_path_that_comes_back_in_is_packed() {
    let tree = Tree::new(&["a.rs"]);
    assert_eq!(tree.names("@../app/a.rs"), ["a.rs"]);
    assert_eq!(
        tree.names(&format!("@{}", tree.path("a.rs").display())),
        ["a.rs"]
    );
    assert_eq!(
        tree.names(&format!("@{}/*.rs", tree.options.root.display())),
        ["a.rs"]
    );
}

#[test]
fn a_path_into_an_include_directory_is_packed() {
    let tree = Tree::new(&["a.rs"]).include("docs");
    tree.write("../docs/b.md", "");
    assert_eq!(tree.names("@../docs/*.md"), ["docs/b.md"]);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_is_skipped_by_globs_and_refused_by_name() {
    let tree = Tree::new(&["a.txt"]);
    tree.write("../secret/key.txt", "secret");
    tree.link("../secret/key.txt", "link.txt");
    tree.link("../secret", "dir");
    let skipped = tree.skipped("@**/*.txt");
    assert_eq!(
        skipped
            .iter()
            .map(|(path, _)| path.as_str())
            .collect::<Vec<_>>(),
        ["dir", "link.txt"]
    );
    assert!(
        skipped
            .iter()
            .all(|(_, reason)| matches!(reason, SkipReason::LeadsOutside { .. }))
    );
    assert_eq!(tree.names("@**/*.txt"), ["a.txt"]);
    for prompt in ["@link.txt", "@dir", "@dir/key.txt", "@dir/*.txt"] {
        leads_outside(&tree, prompt);
    }
}

#[cfg(unix)]
#[test]
fn a_link_into_a_sibling_whose_name_starts_alike_is_not_followed() {
    let tree = Tree::new(&["a.txt"]);
    tree.write("../app-secrets/key.txt", "secret");
    tree.link("../app-secrets", "dir");
    assert_eq!(tree.names("@**"), ["a.txt"]);
}

#[cfg(unix)]
#[test]
fn a_link_that_stays_inside_is_followed() {
    let tree = Tree::new(&["lib/a.rs"]);
    tree.link("../lib", "src/lib");
    assert_eq!(tree.names("@src/**/*.rs"), ["src/lib/a.rs"]);
    assert_eq!(tree.names("@src/lib/a.rs"), ["src/lib/a.rs"]);
}

#[cfg(unix)]
#[test]
fn every_link_to_a_directory_is_followed() {
    let tree = Tree::new(&["lib/a.rs"]);
    tree.link("../lib", "src/x");
    tree.link("../lib", "src/y");
    assert_eq!(tree.names("@src/**/y/*.rs"), ["src/y/a.rs"]);
}

#[cfg(unix)]
#[test]
fn a_file_with_a_second_name_is_packed_once_under_its_own() {
    let tree = Tree::new(&["AGENTS.md"]);
    tree.link("AGENTS.md", "CLAUDE.md");
    assert_eq!(tree.names("@CLAUDE.md"), ["CLAUDE.md"]);
    assert_eq!(tree.names("@*.md"), ["AGENTS.md"]);
    let same = SkipReason::SameFile {
        packed_as: "AGENTS.md".to_owned(),
    };
    assert_eq!(tree.skipped("@*.md"), [("CLAUDE.md".to_owned(), same)]);
}

#[cfg(unix)]
#[test]
fn a_link_does_not_uncover_hidden_files() {
    let tree = Tree::new(&["a", ".git/config"]);
    tree.link(".git", "visible");
    assert_eq!(tree.names("@**"), ["a"]);
}

#[cfg(unix)]
#[test]
fn links_in_circles_end() {
    let tree = Tree::new(&["x/a.rs", "y/b.rs"]);
    tree.link("..", "x/up");
    tree.link("../y", "x/y");
    tree.link("../x", "y/x");
    tree.link("loop", "loop");
    assert_eq!(tree.names("@**/*.rs"), ["x/a.rs", "y/b.rs"]);
}

#[cfg(unix)]
#[test]
fn a_broken_link_is_reported_where_it_is_wanted() {
    let tree = Tree::new(&["a.rs"]);
    tree.link("nowhere", "b.rs");
    tree.link("nowhere", ".#lock.rs");
    let skipped = tree.skipped("@*.rs");
    assert_eq!(skipped.len(), 1);
    assert!(
        matches!(&skipped[0], (path, SkipReason::Unreadable { .. }) if path == "b.rs"),
        "{skipped:?}"
    );
    assert!(tree.skipped("@a.*").is_empty());
}
