//! What happens between the moment a file is chosen and the moment it is read.

#![expect(
    clippy::unwrap_used,
    reason = "clippy's exception for tests does not reach their helper functions"
)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::Opener;
use crate::directories::Directories;
use crate::open::Opened;
use crate::read;
use crate::skip::SkipReason;

/// A project of one file that was chosen, and a secret beside the project.
struct Chosen {
    _tree: tempfile::TempDir,
    top: PathBuf,
    file: PathBuf,
    directories: Directories,
}

fn chosen() -> Chosen {
    let tree = tempfile::tempdir().unwrap();
    let top = tree.path().canonicalize().unwrap();
    for directory in ["app/src/deep", "outside/deep"] {
        fs::create_dir_all(top.join(directory)).unwrap();
    }
    for secret in ["outside/a.txt", "outside/b.txt", "outside/deep/a.txt"] {
        fs::write(top.join(secret), "secret").unwrap();
    }
    let file = top.join("app/src/deep/a.txt");
    fs::write(&file, "inside").unwrap();
    fs::write(file.with_file_name("b.txt"), "inside").unwrap();
    Chosen {
        directories: Directories::open(&top.join("app"), &[]).unwrap(),
        _tree: tree,
        top,
        file,
    }
}

impl Chosen {
    fn open(&self) -> Result<Opened, SkipReason> {
        Opener::new(&self.directories).open(&self.file)
    }

    fn swap(&self, path: &str, target: &str) {
        let path = self.top.join(path);
        fs::rename(&path, self.top.join("gone")).unwrap();
        symlink(self.top.join(target), path).unwrap();
    }
}

fn refusal(opened: Result<Opened, SkipReason>) -> SkipReason {
    opened.expect_err("nothing is opened")
}

#[test]
fn what_was_chosen_is_read() {
    let opened = chosen().open().unwrap();
    assert_eq!(read::text(opened, 99).unwrap(), "inside");
}

#[test]
fn a_link_put_in_a_files_place_is_not_followed() {
    let chosen = chosen();
    chosen.swap("app/src/deep/a.txt", "outside/a.txt");
    assert_eq!(refusal(chosen.open()), SkipReason::Replaced);
}

#[test]
fn a_link_put_in_the_place_of_a_directory_above_is_not_followed() {
    for (path, target) in [("app/src/deep", "outside"), ("app/src", "outside")] {
        let chosen = chosen();
        chosen.swap(path, target);
        assert_eq!(refusal(chosen.open()), SkipReason::Replaced, "{path}");
    }
}

#[test]
fn a_link_put_in_the_place_of_the_allowed_directory_changes_nothing() {
    let chosen = chosen();
    fs::create_dir_all(chosen.top.join("outside/src/deep")).unwrap();
    fs::write(chosen.top.join("outside/src/deep/a.txt"), "secret").unwrap();
    chosen.swap("app", "outside");
    assert_eq!(read::text(chosen.open().unwrap(), 99).unwrap(), "inside");
}

#[test]
fn a_link_put_in_the_place_of_a_directory_between_two_files_changes_nothing() {
    let chosen = chosen();
    let mut opener = Opener::new(&chosen.directories);
    opener.open(&chosen.file).unwrap();
    chosen.swap("app/src/deep", "outside");
    let second = opener.open(&chosen.file.with_file_name("b.txt")).unwrap();
    assert_eq!(read::text(second, 99).unwrap(), "inside");
}

#[test]
fn a_pipe_or_a_directory_put_in_a_files_place_is_not_opened() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let chosen = chosen();
    fs::remove_file(&chosen.file).unwrap();
    let mode = Mode::from_raw_mode(0o644);
    mknodat(CWD, &chosen.file, FileType::Fifo, mode, 0).unwrap();
    assert_eq!(refusal(chosen.open()), SkipReason::NotAFile);
    fs::remove_file(&chosen.file).unwrap();
    fs::create_dir(&chosen.file).unwrap();
    assert_eq!(refusal(chosen.open()), SkipReason::Replaced);
}

#[test]
fn a_link_put_in_its_place_after_it_was_opened_changes_nothing() {
    let chosen = chosen();
    let opened = chosen.open().unwrap();
    chosen.swap("app/src/deep/a.txt", "outside/a.txt");
    assert_eq!(read::text(opened, 99).unwrap(), "inside");
}

#[test]
fn a_file_that_vanished_is_told_as_the_system_tells_it() {
    let chosen = chosen();
    fs::remove_file(&chosen.file).unwrap();
    let reason = refusal(chosen.open()).to_string();
    assert!(reason.starts_with("unreadable: No such file"), "{reason}");
    fs::remove_dir_all(chosen.top.join("app/src")).unwrap();
    let reason = refusal(chosen.open()).to_string();
    assert!(reason.starts_with("unreadable: No such file"), "{reason}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_lost_its_permission_is_told_as_the_system_tells_it() {
    use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
    use std::os::unix::fs::PermissionsExt;
    let chosen = chosen();
    fs::set_permissions(&chosen.file, fs::Permissions::from_mode(0o000)).unwrap();
    // Root reads everything: this thread gives that right up.
    let mut sets = capabilities(None).unwrap();
    sets.effective
        .remove(CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH);
    set_capabilities(None, sets).unwrap();
    let reason = refusal(chosen.open()).to_string();
    assert!(
        reason.starts_with("unreadable: Permission denied"),
        "{reason}"
    );
}
