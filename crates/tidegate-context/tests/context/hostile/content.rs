//! Contents and sizes that are not what they seem.

use std::fs::File;

use tidegate_context::SkipReason;

use super::{pack_in_time, reason};
use crate::tree::{Tree, names};

#[test]
fn a_sparse_file_of_five_gigabytes_is_told_by_its_size() {
    let tree = Tree::new(&["a.txt"]);
    let sparse = File::create(tree.path("sparse.txt")).unwrap();
    sparse.set_len(5 << 30).unwrap();
    let packed = pack_in_time(&tree, "@*.txt").unwrap();
    assert_eq!(names(&packed), ["a.txt"]);
    let (bytes, limit) = (5 << 30, 1 << 20);
    assert_eq!(
        reason(&packed, "sparse.txt"),
        SkipReason::TooLarge { bytes, limit }
    );
}

#[test]
fn a_file_that_is_longer_than_the_system_says_is_read_to_the_limit() {
    let mut tree = Tree::new(&[]);
    tree.options.include_dirs.push("/proc/self/net".into());
    let size = std::fs::metadata("/proc/self/net/dev").unwrap().len();
    assert_eq!(size, 0, "the kernel does not know how long it is");
    tree.options.max_file_bytes = 10;
    let packed = pack_in_time(&tree, "@d[e]v").unwrap();
    let told = SkipReason::TooLarge {
        bytes: 11,
        limit: 10,
    };
    assert_eq!(packed.skipped()[0].reason, told);
    tree.options.max_file_bytes = 1 << 20;
    let packed = pack_in_time(&tree, "@dev").unwrap();
    assert!(packed.bytes() > 10);
}

#[test]
fn line_ends_are_kept_and_a_byte_order_mark_is_not() {
    let tree = Tree::new(&[]);
    tree.write("crlf.txt", "a\r\nb\r\n");
    tree.write("bom.txt", "\u{feff}c\n");
    tree.write("bom-only.txt", "\u{feff}");
    assert_eq!(
        pack_in_time(&tree, "@*.txt").unwrap().render_before(""),
        "=== FILE: bom-only.txt ===\n=== FILE: bom.txt ===\nc\n=== FILE: crlf.txt ===\na\r\nb\r\n---\n"
    );
}

#[test]
fn what_is_not_utf_8_is_named_and_not_packed() {
    let tree = Tree::new(&[]);
    tree.write("nul.txt", b"a\0b");
    tree.write("latin.txt", b"caf\xe9\n");
    tree.write("utf-16.txt", b"\xff\xfea\0\n\0");
    tree.write("cut.txt", &"é".as_bytes()[..1]);
    tree.write("surrogate.txt", b"\xed\xa0\x80");
    let packed = pack_in_time(&tree, "@*.txt").unwrap();
    assert!(packed.is_empty());
    assert_eq!(packed.skipped().len(), 5);
    for skipped in packed.skipped() {
        assert_eq!(skipped.reason, SkipReason::Binary, "{}", skipped.path);
    }
}
