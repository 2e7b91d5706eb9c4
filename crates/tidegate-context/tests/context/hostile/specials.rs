//! What is no file, where one is expected.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use tidegate_context::{PackError, SkipReason};

use super::{pack_in_time, reason, unreadable, without_privileges};
use crate::tree::{Tree, names};

fn pipe(tree: &Tree, path: &str) {
    let mode = Mode::from_raw_mode(0o644);
    mknodat(CWD, tree.path(path), FileType::Fifo, mode, 0).unwrap();
}

/// A device that never ends, like `/dev/zero`.
fn endless_device(tree: &Tree, path: &str) {
    let (mode, zero) = (Mode::from_raw_mode(0o644), makedev(1, 5));
    mknodat(CWD, tree.path(path), FileType::CharacterDevice, mode, zero)
        .expect("the right to make a device: run this test as root");
}

#[test]
fn pipes_sockets_and_devices_are_listed_and_never_opened() {
    let tree = Tree::new(&["a.txt"]);
    pipe(&tree, "pipe.txt");
    endless_device(&tree, "zero.txt");
    let _socket = std::os::unix::net::UnixListener::bind(tree.path("socket.txt")).unwrap();
    let packed = pack_in_time(&tree, "@*.txt").unwrap();
    assert_eq!(names(&packed), ["a.txt"]);
    for path in ["pipe.txt", "zero.txt", "socket.txt"] {
        assert_eq!(reason(&packed, path), SkipReason::NotAFile);
        let error = pack_in_time(&tree, &format!("@{path}")).unwrap_err();
        assert!(error.to_string().contains("not a regular file"), "{error}");
    }
}

#[test]
fn rules_that_are_a_pipe_or_a_device_keep_their_directory_out() {
    for name in [".gitignore", ".ignore", ".tidegateignore"] {
        let tree = Tree::new(&["a.txt", "pipe/a.txt", "zero/a.txt", "link/a.txt"]);
        pipe(&tree, &format!("pipe/{name}"));
        endless_device(&tree, &format!("zero/{name}"));
        tree.link("/dev/zero", &format!("link/{name}"));
        let packed = pack_in_time(&tree, "@**/*.txt").unwrap();
        assert_eq!(names(&packed), ["a.txt"]);
        for path in ["pipe", "zero", "link"] {
            let error = unreadable(&packed, path);
            assert_eq!(error, format!("{name}: not a regular file"));
        }
    }
}

#[test]
fn rules_at_the_top_that_are_a_pipe_keep_everything_out() {
    let tree = Tree::new(&["a.txt"]);
    pipe(&tree, ".gitignore");
    let packed = pack_in_time(&tree, "@*.txt").unwrap();
    assert!(packed.is_empty());
    assert_eq!(unreadable(&packed, "."), ".gitignore: not a regular file");
    assert_eq!(names(&pack_in_time(&tree, "@a.txt").unwrap()), ["a.txt"]);
}

#[test]
fn rules_larger_than_memory_keep_their_directory_out() {
    let tree = Tree::new(&["a.txt", "big/a.txt"]);
    tree.write("big/.gitignore", "");
    let rules = fs::File::options()
        .write(true)
        .open(tree.path("big/.gitignore"));
    rules.unwrap().set_len(5 << 30).unwrap();
    let packed = pack_in_time(&tree, "@**/*.txt").unwrap();
    assert_eq!(names(&packed), ["a.txt"]);
    assert!(unreadable(&packed, "big").contains("bytes of rules"));
}

#[test]
fn marks_of_caches_that_are_pipes_are_not_waited_for() {
    let tree = Tree::new(&["cache/a.txt"]);
    pipe(&tree, "cache/CACHEDIR.TAG");
    pipe(&tree, "cache/pyvenv.cfg");
    let packed = pack_in_time(&tree, "@**/*.txt").unwrap();
    assert_eq!(names(&packed), ["cache/a.txt"]);
}

#[test]
fn links_to_devices_and_processes_lead_outside() {
    let tree = Tree::new(&["a.txt"]);
    tree.link("/dev/zero", "zero.txt");
    tree.link("/proc/self/environ", "environ.txt");
    tree.link("/proc/self/root/etc/passwd", "passwd.txt");
    tree.link("/", "root");
    let packed = pack_in_time(&tree, "@**/*.txt").unwrap();
    assert_eq!(names(&packed), ["a.txt"]);
    for path in ["zero.txt", "environ.txt", "passwd.txt", "root"] {
        let reason = reason(&packed, path);
        assert!(
            matches!(reason, SkipReason::LeadsOutside { .. }),
            "{path}: {reason}"
        );
        let error = pack_in_time(&tree, &format!("@{path}")).unwrap_err();
        assert!(matches!(error, PackError::Outside { .. }), "{error}");
    }
}

#[test]
fn what_may_not_be_read_is_listed() {
    let tree = Tree::new(&["a.txt", "closed.txt", "shut/b.txt", "rules/c.txt"]);
    tree.write("rules/.gitignore", "");
    for path in ["closed.txt", "shut", "rules/.gitignore"] {
        fs::set_permissions(tree.path(path), Permissions::from_mode(0o000)).unwrap();
    }
    without_privileges();
    let packed = pack_in_time(&tree, "@**/*.txt").unwrap();
    assert_eq!(names(&packed), ["a.txt"]);
    for path in ["closed.txt", "shut", "rules"] {
        let error = unreadable(&packed, path);
        assert!(error.contains("Permission denied"), "{path}: {error}");
    }
    let error = pack_in_time(&tree, "@closed.txt").unwrap_err();
    assert!(error.to_string().ends_with("; make it readable"), "{error}");
    fs::set_permissions(tree.path("shut"), Permissions::from_mode(0o755)).unwrap();
}
