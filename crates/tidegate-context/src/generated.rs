//! Directories that a project did not write.
//!
//! Forty thousand files of dependencies under `@src/**` are never what was meant, and not every project has rules
//! against them: some are unpacked from an archive, some were never in git. A directory is passed over where its name
//! can mean nothing else, or where what lies beside or in it says so; it is listed, and naming it packs it.

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;

use crate::open;

/// Names that mean nothing else.
const NAMES: &[&str] = &[
    "node_modules",
    "bower_components",
    "jspm_packages",
    "__pycache__",
    "site-packages",
];

/// Names that mean it beside one of these files.
const BESIDE: &[(&str, &[&str])] = &[
    ("target", &["Cargo.toml", "pom.xml", "build.sbt"]),
    (
        "vendor",
        &["Cargo.toml", "go.mod", "composer.json", "Gemfile"],
    ),
    (
        "build",
        &[
            "build.gradle",
            "build.gradle.kts",
            "CMakeLists.txt",
            "package.json",
            "pyproject.toml",
            "setup.py",
        ],
    ),
    ("dist", &["package.json", "pyproject.toml", "setup.py"]),
    ("deps", &["mix.exs"]),
    ("Pods", &["Podfile"]),
];

/// What caches say of themselves in their `CACHEDIR.TAG`.
const TAG: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";

/// Whether `directory` holds dependencies or what was built.
pub(crate) fn is_generated(directory: &Path) -> bool {
    let name = directory.file_name().and_then(OsStr::to_str);
    name.is_some_and(|name| is_by_name(name, directory.parent()))
        || is_file(&directory.join("pyvenv.cfg"))
        || is_tagged(&directory.join("CACHEDIR.TAG"))
}

fn is_by_name(name: &str, parent: Option<&Path>) -> bool {
    let beside = || BESIDE.iter().find(|(known, _)| *known == name);
    NAMES.contains(&name)
        || beside().is_some_and(|(_, files)| {
            parent.is_some_and(|parent| files.iter().any(|file| is_file(&parent.join(file))))
        })
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file())
}

fn is_tagged(tag: &Path) -> bool {
    let mut start = [0; TAG.len()];
    open::regular(tag).is_ok_and(|mut file| file.read_exact(&mut start).is_ok() && start == *TAG)
}
