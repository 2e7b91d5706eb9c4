//! Down from an open directory, part by part.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, openat, statat};
#[cfg(target_os = "linux")]
use rustix::fs::{ResolveFlags, openat2};
use rustix::io::Errno;

use super::Opened;
use crate::skip::SkipReason;

/// A pipe that took a file's place must not be waited for, nor a terminal become ours.
pub(super) const NEVER_WAIT: OFlags = OFlags::NONBLOCK.union(OFlags::NOCTTY);

/// A directory that is passed through: it need not be readable where the system can tell the difference.
#[cfg(target_os = "linux")]
const PASSED: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const PASSED: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

/// A directory that is held: the one that was there when it was opened, whatever has its name later.
#[derive(Debug)]
pub(crate) struct Held(OwnedFd);

impl Held {
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        Ok(Self(openat(CWD, directory, PASSED, Mode::empty())?))
    }

    /// The directory at `way` below, through no link.
    pub(crate) fn below(&self, way: &Path) -> Result<Self, SkipReason> {
        self.below_at_once(way)
            .map_or_else(|| self.below_by_parts(way), Ok)
    }

    /// Where the system goes down by itself and through no link: one call instead of one for each part. What fails is
    /// told by the other way, also where a sandbox knows no such call.
    #[cfg(target_os = "linux")]
    fn below_at_once(&self, way: &Path) -> Option<Self> {
        let no_link = ResolveFlags::NO_SYMLINKS | ResolveFlags::BENEATH;
        let directory = openat2(&self.0, way, PASSED, Mode::empty(), no_link);
        directory.ok().map(Self)
    }

    #[cfg(not(target_os = "linux"))]
    fn below_at_once(&self, _: &Path) -> Option<Self> {
        None
    }

    fn below_by_parts(&self, way: &Path) -> Result<Self, SkipReason> {
        let copy = self.0.try_clone().map_err(SkipReason::unreadable)?;
        let directory = way.components().try_fold(copy, |directory, part| {
            let flags = PASSED | OFlags::NOFOLLOW;
            openat(&directory, part.as_os_str(), flags, Mode::empty()).map_err(refused)
        })?;
        Ok(Self(directory))
    }

    /// The regular file `name` in it.
    pub(crate) fn file(&self, name: &OsStr) -> Result<Opened, SkipReason> {
        let listed = statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW).map_err(refused)?;
        match FileType::from_raw_mode(listed.st_mode) {
            FileType::RegularFile => self.listed_file(name),
            FileType::Symlink | FileType::Directory => Err(SkipReason::Replaced),
            _ => Err(SkipReason::NotAFile),
        }
    }

    /// What was a regular file a moment ago and may be anything by now.
    fn listed_file(&self, name: &OsStr) -> Result<Opened, SkipReason> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | NEVER_WAIT;
        let file = openat(&self.0, name, flags, Mode::empty()).map_err(refused)?;
        Opened::of(File::from(file))
    }
}

/// A link where there was none, or something else where there was a directory.
fn refused(error: Errno) -> SkipReason {
    match error {
        Errno::LOOP | Errno::NOTDIR | Errno::MLINK => SkipReason::Replaced,
        error => SkipReason::unreadable(io::Error::from(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use rustix::fs::mknodat;

    use super::*;

    #[test]
    fn what_changes_between_a_look_and_the_opening_is_not_followed_and_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        std::fs::write(path("secret"), "secret").unwrap();
        symlink(path("secret"), path("link")).unwrap();
        std::fs::create_dir(path("directory")).unwrap();
        let mode = Mode::from_raw_mode(0o644);
        mknodat(CWD, path("pipe"), FileType::Fifo, mode, 0).unwrap();
        let held = Held::open(directory.path()).unwrap();
        let refusal = |name| held.listed_file(OsStr::new(name)).unwrap_err();
        assert_eq!(refusal("link"), SkipReason::Replaced);
        assert_eq!(refusal("pipe"), SkipReason::NotAFile);
        assert_eq!(refusal("directory"), SkipReason::NotAFile);
        assert!(held.listed_file(OsStr::new("secret")).is_ok());
    }

    #[test]
    fn both_ways_down_lead_to_the_same_directories_and_through_no_link() {
        let top = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(top.path().join("a/b")).unwrap();
        std::fs::write(top.path().join("a/b/file"), "text").unwrap();
        symlink("b", top.path().join("a/link")).unwrap();
        symlink(top.path(), top.path().join("out")).unwrap();
        let held = Held::open(top.path()).unwrap();
        let inode = |directory: &Held| rustix::fs::fstat(&directory.0).unwrap().st_ino;
        for (way, leads) in [
            ("a", true),
            ("a/b", true),
            ("a/link", false),
            ("a/link/file", false),
            ("out/a", false),
            ("a/b/file", false),
            ("none", false),
        ] {
            let by_parts = held.below_by_parts(Path::new(way)).ok();
            let at_once = held.below_at_once(Path::new(way));
            assert_eq!(by_parts.is_some(), leads, "{way}");
            if let Some((one, other)) = at_once.as_ref().zip(by_parts.as_ref()) {
                assert_eq!(inode(one), inode(other), "{way}");
            }
            assert!(leads || at_once.is_none(), "{way}");
        }
    }
}
