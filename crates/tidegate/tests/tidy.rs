//! The structure of the house, held by a test.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot read the workspace should fail the test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What a crate's manifest must not name, and why.
const FENCES: &[(&str, &[&str], &str)] = &[
    (
        "tidegate-core",
        &["tokio", "reqwest", "http", "fastrand", "rand"],
        "words and decisions: no clock, network or dice",
    ),
    (
        "tidegate-providers",
        &["tokio", "reqwest", "hyper"],
        "it says what to send, and never sends",
    ),
    (
        "tidegate-context",
        &["tokio", "reqwest", "tidegate-core"],
        "synchronous, without network",
    ),
    (
        "tidegate-queue",
        &["reqwest", "http", "tidegate-providers"],
        "it knows no vendor and no HTTP",
    ),
    (
        "tidegate",
        &["axum", "clap", "anstream", "tidegate-simulator"],
        "no server, no printing",
    ),
    (
        "tidegate-node",
        &["reqwest", "tidegate-queue", "axum", "clap"],
        "it reads, calls and tells; the engine decides",
    ),
    (
        "tidegate-simulator",
        &[
            "tidegate",
            "tidegate-core",
            "tidegate-providers",
            "tidegate-queue",
            "tidegate-context",
        ],
        "a mistake on both sides would cancel out",
    ),
];

/// What may be said all the same: in which file, which word, and why.
const EXCEPT: &[(&str, &str, &str)] = &[
    (
        "tidegate-node/src/idle.rs",
        "sleep(",
        "it waits for nothing to be under way, and no run waits for it",
    ),
    (
        "tidegate-node/src/runtime.rs",
        "block_on",
        "on the engine's own thread, which is there for it",
    ),
];

/// Words a crate's sources must not contain outside comments, and why.
const WORDS: &[(&str, &[&str], &str)] = &[
    (
        "tidegate-core",
        &[
            "std::fs",
            "std::net",
            "std::env",
            "Instant",
            "SystemTime",
            "async fn",
        ],
        "pure",
    ),
    (
        "tidegate-providers",
        &[
            "std::fs",
            "std::net",
            "std::env",
            "std::process",
            "async fn",
        ],
        "bytes in, bytes out",
    ),
    (
        "tidegate-context",
        &["std::net", "async fn"],
        "synchronous, without network",
    ),
    (
        "tidegate-queue",
        &["openai", "anthropic", "gemini", "reqwest"],
        "it knows no vendor",
    ),
    (
        "tidegate",
        &["println!", "eprintln!", "std::process::exit"],
        "no printing, no exit codes",
    ),
    (
        "tidegate-node",
        &[
            "std::env", "std::fs", "sleep(", "block_on", "retry::", "Backoff",
        ],
        "a binding: it blocks on nothing, waits for nothing and decides nothing",
    ),
];

const MAX_LINES: usize = 400;
const VAGUE: &[&str] = &[
    "utils", "util", "common", "helpers", "helper", "types", "misc", "manager", "mod",
];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn crate_of(name: &str) -> PathBuf {
    workspace().join("crates").join(name)
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn every_source() -> Vec<PathBuf> {
    fs::read_dir(workspace().join("crates"))
        .unwrap()
        .flat_map(|entry| sources(&entry.unwrap().path()))
        .collect()
}

/// The code of a file: no comments, no doc comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The names under `[dependencies]` and its targets, dev-dependencies left out.
fn dependencies(name: &str) -> BTreeSet<String> {
    let manifest = fs::read_to_string(crate_of(name).join("Cargo.toml")).unwrap();
    let (mut inside, mut names) = (false, BTreeSet::new());
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]") && !line.contains("dev-dependencies");
        } else if inside {
            names.extend(
                line.split(['.', ' ', '='])
                    .next()
                    .filter(|name| !name.is_empty())
                    .map(str::to_owned),
            );
        }
    }
    names
}

#[test]
fn no_crate_depends_on_what_it_must_not_contain() {
    for (name, banned, why) in FENCES {
        let has = dependencies(name);
        assert!(!has.is_empty(), "{name}: no dependencies were read");
        let broken: Vec<_> = banned
            .iter()
            .filter(|banned| has.contains(**banned))
            .collect();
        assert!(broken.is_empty(), "{name} depends on {broken:?}: {why}");
    }
}

#[test]
fn no_source_speaks_of_what_its_crate_must_not_contain() {
    for (name, words, why) in WORDS {
        for path in sources(&crate_of(name).join("src")) {
            let code = code(&path);
            let may = |word: &str| {
                let mut except = EXCEPT.iter();
                except.any(|(file, excepted, _)| path.ends_with(file) && word == *excepted)
            };
            let said = words.iter().filter(|word| code.contains(**word));
            let found: Vec<_> = said.filter(|word| !may(word)).collect();
            assert!(
                found.is_empty(),
                "{} says {found:?}: {name} is {why}",
                path.display()
            );
        }
    }
}

#[test]
fn no_file_is_longer_than_four_hundred_lines() {
    let long: Vec<_> = every_source()
        .into_iter()
        .map(|path| (fs::read_to_string(&path).unwrap().lines().count(), path))
        .filter(|(lines, _)| *lines > MAX_LINES)
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn no_file_has_a_vague_name() {
    let vague: Vec<_> = every_source()
        .into_iter()
        .filter(|path| VAGUE.contains(&path.file_stem().unwrap().to_string_lossy().as_ref()))
        .collect();
    assert!(vague.is_empty(), "{vague:#?}");
}

/// The module a file is, as a path: `retry`, `dialect::openai_chat::wire`; empty for the crate's root.
fn module(root: &Path, file: &Path) -> String {
    let path = file.strip_prefix(root).unwrap().with_extension("");
    let path = path.to_string_lossy().replace('/', "::");
    if path == "lib" || path == "main" {
        String::new()
    } else {
        path
    }
}

/// The modules of the crate that each module names in its `use` lines.
fn arrows(root: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let files: Vec<_> = sources(root);
    let modules: BTreeSet<_> = files
        .iter()
        .map(|file| module(root, file))
        .filter(|name| !name.is_empty())
        .collect();
    let mut arrows = BTreeMap::new();
    for file in &files {
        let from = module(root, file);
        let uses = used(&code(file), &from);
        let to = uses
            .iter()
            .filter_map(|path| target(path, &modules))
            .filter(|to| *to != from)
            .collect();
        arrows.insert(from, to);
    }
    arrows.remove("");
    arrows
}

/// Paths from the crate's root that a file's `use` lines name.
fn used(code: &str, from: &str) -> Vec<String> {
    let parent = from.rsplit_once("::").map_or("", |(parent, _)| parent);
    let mut paths = Vec::new();
    for statement in code.split(';').map(str::trim) {
        let Some(at) = statement.find("use ") else {
            continue;
        };
        let path = statement[at + 4..].trim();
        let base = if let Some(rest) = path.strip_prefix("crate::") {
            rest.to_owned()
        } else if let Some(rest) = path.strip_prefix("super::") {
            join(parent, rest)
        } else if let Some(rest) = path.strip_prefix("self::") {
            join(from, rest)
        } else {
            continue;
        };
        match base.split_once('{') {
            Some((stem, list)) => {
                let names = list
                    .trim_end_matches('}')
                    .split(',')
                    .map(str::trim)
                    .filter(|name| !name.is_empty());
                paths.extend(names.map(|name| format!("{stem}{name}")));
            }
            None => paths.push(base),
        }
    }
    paths
}

fn join(base: &str, rest: &str) -> String {
    if base.is_empty() {
        rest.to_owned()
    } else {
        format!("{base}::{rest}")
    }
}

/// The module a path leads into: the longest module that is a prefix of it.
fn target(path: &str, modules: &BTreeSet<String>) -> Option<String> {
    let parts: Vec<_> = path.split("::").collect();
    (1..=parts.len())
        .rev()
        .map(|length| parts[..length].join("::"))
        .find(|prefix| modules.contains(prefix))
}

/// A parent may know its children and a child what its parent owns: that is one place, told in several files. A
/// circle is two places that cannot be understood without each other.
fn place(module: &str) -> &str {
    module.split("::").next().unwrap_or(module)
}

#[test]
fn no_modules_form_a_circle() {
    for entry in fs::read_dir(workspace().join("crates")).unwrap() {
        let root = entry.unwrap().path().join("src");
        let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (from, to) in arrows(&root) {
            let to = to
                .iter()
                .map(|to| place(to).to_owned())
                .filter(|to| to != place(&from));
            places
                .entry(place(&from).to_owned())
                .or_default()
                .extend(to);
        }
        let circle = places.keys().find_map(|start| circle_from(start, &places));
        assert!(
            circle.is_none(),
            "{}: {}",
            root.display(),
            circle.unwrap().join(" -> ")
        );
    }
}

fn circle_from(start: &str, arrows: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    let mut ways = vec![vec![start.to_owned()]];
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop() {
        for next in arrows.get(way.last()?).into_iter().flatten() {
            let longer = [way.clone(), vec![next.clone()]].concat();
            if next == start {
                return Some(longer);
            }
            if seen.insert(next.clone()) {
                ways.push(longer);
            }
        }
    }
    None
}
