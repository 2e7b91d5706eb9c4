//! Too many, too deep.

use std::fs;

use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
use tidegate_context::{PackError, SkipReason};

use super::{pack_in_time, unreadable};
use crate::tree::{Tree, names};

const MANY: usize = 200_000;
const IN_ONE: usize = 1_000;

#[test]
fn two_hundred_thousand_files_are_packed_or_listed_one_by_one() {
    let mut tree = Tree::in_memory();
    for directory in 0..MANY / IN_ONE {
        let directory = tree.path(&format!("{directory}"));
        fs::create_dir(&directory).unwrap();
        for file in 0..IN_ONE {
            fs::write(directory.join(format!("{file}.txt")), "x\n").unwrap();
        }
    }
    let packed = pack_in_time(&tree, "@**/*.txt").unwrap();
    assert_eq!(packed.files().len(), 1_000);
    assert_eq!(packed.skipped().len(), MANY - 1_000);
    let limit = SkipReason::TooManyFiles { limit: 1_000 };
    assert!(
        packed
            .skipped()
            .iter()
            .all(|skipped| skipped.reason == limit)
    );
    tree.options.max_files = MANY;
    let packed = pack_in_time(&tree, "@**/*.txt").unwrap();
    assert_eq!((packed.files().len(), packed.skipped().len()), (MANY, 0));
}

#[test]
fn a_tree_deeper_than_any_path_is_packed_as_far_as_paths_go() {
    let tree = Tree::new(&["a.txt"]);
    let name = "d".repeat(100);
    let mut directory = openat(CWD, tree.path(""), OFlags::DIRECTORY, Mode::empty()).unwrap();
    for _ in 0..60 {
        mkdirat(&directory, &name, Mode::from_raw_mode(0o755)).unwrap();
        directory = openat(&directory, &name, OFlags::DIRECTORY, Mode::empty()).unwrap();
        let write = OFlags::CREATE | OFlags::WRONLY;
        openat(&directory, "a.txt", write, Mode::from_raw_mode(0o644)).unwrap();
    }
    let packed = pack_in_time(&tree, "@**/*.txt").unwrap();
    let deepest = packed.files().last().unwrap().path.len();
    assert!((3_800..4_096).contains(&deepest), "{deepest}");
    assert_eq!(packed.skipped().len(), 1);
    let error = unreadable(&packed, &packed.skipped()[0].path);
    assert!(error.contains("too long"), "{error}");
}

#[test]
fn links_that_multiply_end_at_a_limit() {
    let tree = Tree::new(&["0/a.txt"]);
    for level in 1..20 {
        for name in ["x", "y"] {
            tree.link(format!("../{}", level - 1), &format!("{level}/{name}"));
        }
    }
    let error = pack_in_time(&tree, "@19/**/*.txt").unwrap_err();
    assert!(matches!(error, PackError::TooBroad { .. }), "{error}");
}

#[test]
fn rules_too_hard_to_follow_keep_their_directory_out() {
    let tree = Tree::new(&["a.txt", "big/a.txt"]);
    let lines: Vec<_> = (0..12_000).map(|n| format!("*a*{n}*[b-y]?z*")).collect();
    tree.write("big/.gitignore", lines.join("\n"));
    let packed = pack_in_time(&tree, "@**/*.txt").unwrap();
    assert_eq!(names(&packed), ["a.txt"]);
    let error = unreadable(&packed, "big");
    assert!(error.starts_with(".gitignore: "), "{error}");
}
