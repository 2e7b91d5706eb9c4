//! A small project in a directory of its own, and what packing it gives.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tidegate_context::{PackError, PackOptions, Packed, SkipReason, pack, patterns};

pub(crate) struct Tree {
    directory: TempDir,
    pub(crate) options: PackOptions,
}

impl Tree {
    /// A project `app` with these files, each holding its own name. What stands beside `app` is outside.
    pub(crate) fn new(files: &[&str]) -> Self {
        Self::in_directory(tempfile::tempdir().unwrap(), files)
    }

    /// One in memory, where the system has that: for so many files that making them would take longer than the test.
    #[cfg(target_os = "linux")]
    pub(crate) fn in_memory() -> Self {
        let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Self::in_directory(directory.unwrap(), &[])
    }

    fn in_directory(directory: TempDir, files: &[&str]) -> Self {
        let root = directory.path().join("app");
        fs::create_dir(&root).unwrap();
        let tree = Self {
            directory,
            options: PackOptions::new(root),
        };
        for file in files {
            tree.write(file, file);
        }
        tree
    }

    /// Adds a directory beside `app` to the include directories.
    pub(crate) fn include(mut self, name: &str) -> Self {
        let path = self.path(&format!("../{name}"));
        fs::create_dir_all(&path).unwrap();
        self.options.include_dirs.push(path);
        self
    }

    /// A path from the project's root.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        match path.strip_prefix("../") {
            Some(beside) => self.directory.path().join(beside),
            None => self.options.root.join(path),
        }
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    #[cfg(unix)]
    pub(crate) fn link(&self, target: impl AsRef<Path>, link: &str) {
        let link = self.path(link);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, link).unwrap();
    }

    pub(crate) fn pack(&self, prompt: &str) -> Result<Packed, PackError> {
        pack(&patterns(prompt), &self.options)
    }

    /// The names of the packed files.
    pub(crate) fn names(&self, prompt: &str) -> Vec<String> {
        names(&self.pack(prompt).unwrap())
    }

    /// The names and reasons of the skipped files.
    pub(crate) fn skipped(&self, prompt: &str) -> Vec<(String, SkipReason)> {
        let packed = self.pack(prompt).unwrap();
        packed
            .skipped()
            .iter()
            .map(|skipped| (skipped.path.clone(), skipped.reason.clone()))
            .collect()
    }

    /// The patterns that matched nothing.
    pub(crate) fn unmatched(&self, prompt: &str) -> Vec<String> {
        let packed = self.pack(prompt).unwrap();
        packed
            .unmatched()
            .iter()
            .map(|unmatched| unmatched.pattern.clone())
            .collect()
    }
}

pub(crate) fn names(packed: &Packed) -> Vec<String> {
    packed
        .files()
        .iter()
        .map(|file| file.path.clone())
        .collect()
}
