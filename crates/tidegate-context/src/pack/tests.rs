//! Kept packs: used while nothing changed, never afterwards, and never trusted for their name.

mod into;

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::pack_at;
use crate::cache::{CacheUsage, NoSuchPack, entry::Kept, is_unchanged, now};
use crate::directories::Directories;
use crate::options::{CacheOptions, PackOptions};
use crate::packed::Packed;
use crate::pattern::patterns;
use crate::text::Text;

const FILES: usize = 80;
const SECOND: u64 = 1_000_000_000;

struct Project {
    home: TempDir,
    options: PackOptions,
    /// Late enough that nothing written by now is in doubt.
    now: u64,
}

impl Project {
    /// Files that are worth keeping, and a cache that is not there yet.
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("app");
        for number in 0..FILES {
            let directory = root.join(format!("src/m{}", number % 4));
            fs::create_dir_all(&directory).unwrap();
            fs::write(
                directory.join(format!("f{number:03}.rs")),
                format!("fn f{number}() {{}}\n"),
            )
            .unwrap();
        }
        let mut options = PackOptions::new(&root);
        options.cache = Some(CacheOptions::new(home.path().join("kept/packs")));
        let now = now() + 60 * SECOND;
        Self { home, options, now }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.options.root.join(path)
    }

    fn pack(&self, prompt: &str) -> Packed {
        pack_at(self.now, &patterns(prompt), &self.options).unwrap()
    }

    /// Packs, changes something, and packs again: the second pack, which must be what packing afresh gives.
    fn after(change: impl FnOnce(&Self)) -> Packed {
        let project = Self::new();
        assert!(!project.pack("@src").is_kept());
        change(&project);
        let packed = project.pack("@src");
        let mut afresh = project.options.clone();
        afresh.cache = None;
        let afresh = pack_at(project.now, &patterns("@src"), &afresh).unwrap();
        assert_eq!(packed.render_before(""), afresh.render_before(""));
        assert_eq!(packed.skipped(), afresh.skipped());
        packed
    }

    fn cache(&self) -> &CacheOptions {
        self.options.cache.as_ref().unwrap()
    }

    fn cache_mut(&mut self) -> &mut CacheOptions {
        self.options.cache.as_mut().unwrap()
    }

    fn entry(&self) -> PathBuf {
        let mut entries = fs::read_dir(&self.cache().dir).unwrap();
        entries.next().unwrap().unwrap().path()
    }
}

#[test]
fn a_pack_is_used_again_while_nothing_changes() {
    assert!(Project::after(|_| ()).is_kept());
}

#[test]
fn whatever_a_pack_rests_on_makes_it_anew_when_it_changes() {
    type Change = fn(&Project);
    let changes: &[(&str, Change)] = &[
        ("a file is written", |p| {
            fs::write(p.path("src/m1/f001.rs"), "other\n").unwrap();
        }),
        ("a file is added", |p| {
            fs::write(p.path("src/m1/new.rs"), "new\n").unwrap();
        }),
        ("a file is deleted", |p| {
            fs::remove_file(p.path("src/m1/f001.rs")).unwrap();
        }),
        ("a file takes another's place", |p| {
            fs::rename(p.path("src/m2/f002.rs"), p.path("src/m1/f001.rs")).unwrap();
        }),
        ("a directory is added", |p| {
            fs::create_dir(p.path("src/m9")).unwrap();
        }),
        ("rules are added", |p| {
            fs::write(p.path("src/.gitignore"), "m1\n").unwrap();
        }),
        ("rules above are added", |p| {
            fs::write(p.path(".ignore"), "f001.rs\n").unwrap();
        }),
        ("a file becomes a link", |p| {
            fs::remove_file(p.path("src/m1/f001.rs")).unwrap();
            std::os::unix::fs::symlink("f005.rs", p.path("src/m1/f001.rs")).unwrap();
        }),
    ];
    for (what, change) in changes {
        assert!(!Project::after(change).is_kept(), "{what}");
    }
}

#[test]
fn rules_that_change_make_a_pack_anew() {
    let project = Project::new();
    fs::write(project.path(".gitignore"), "/other\n").unwrap();
    assert!(!project.pack("@src").is_kept());
    assert!(project.pack("@src").is_kept());
    fs::write(project.path(".gitignore"), "m1/\n").unwrap();
    let packed = project.pack("@src");
    assert_eq!(
        (packed.is_kept(), packed.files().len()),
        (false, FILES - FILES / 4)
    );
}

#[test]
fn a_second_write_within_one_tick_of_the_clock_is_seen() {
    let mut project = Project::new();
    // As if everything had been written at the moment it was packed, and one file once more, without a trace.
    let late = project.now;
    project.now = now();
    assert!(!project.pack("@src").is_kept());
    assert!(
        !project.pack("@src").is_kept(),
        "lists of directories in doubt are read again"
    );
    project.now = late;
    assert!(!project.pack("@src").is_kept());
    assert!(project.pack("@src").is_kept());
}

#[test]
fn a_text_in_doubt_is_compared_and_not_believed() {
    let file = Path::new("src/m1/f001.rs");
    for (content, same) in [("fn f1() {}\n", true), ("fn f7() {}\n", false)] {
        let project = Project::new();
        fs::write(project.path("").join(file), content).unwrap();
        let packed = project.pack("@src");
        let texts = packed.files().iter().map(|file| file.text().to_owned());
        let texts: Vec<_> = texts.map(Text::from).collect();
        let kept = Kept::at(&project.entry()).unwrap();
        let mut head = kept.head().unwrap();
        head.taken = 0;
        let directories = Directories::open(&project.options.root, &[]).unwrap();
        fs::write(project.path("").join(file), "fn f1() {}\n").unwrap();
        assert_eq!(
            is_unchanged(&head, &texts, &directories, &project.options),
            same
        );
    }
}

#[test]
fn a_damaged_entry_is_no_entry() {
    let damages: &[fn(&mut Vec<u8>)] = &[
        |bytes| bytes.truncate(bytes.len() / 2),
        |bytes| bytes.truncate(7),
        Vec::clear,
        |bytes| *bytes.last_mut().unwrap() ^= 1,
        |bytes| bytes[8] ^= 0xff,
        |bytes| bytes[15] = 0xff,
        |bytes| bytes[200] ^= 1,
        |bytes| bytes.extend_from_slice(b"more"),
    ];
    for (number, damage) in damages.iter().enumerate() {
        let project = Project::new();
        let first = project.pack("@src");
        let mut bytes = fs::read(project.entry()).unwrap();
        damage(&mut bytes);
        fs::write(project.entry(), bytes).unwrap();
        let second = project.pack("@src");
        assert!(!second.is_kept(), "damage {number}");
        assert_eq!(first.render_before(""), second.render_before(""));
        assert!(project.pack("@src").is_kept(), "damage {number} is mended");
    }
}

#[test]
fn what_is_kept_is_the_owners_alone() {
    let project = Project::new();
    fs::create_dir_all(&project.cache().dir).unwrap();
    fs::set_permissions(&project.cache().dir, fs::Permissions::from_mode(0o777)).unwrap();
    project.pack("@src");
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(&project.cache().dir), mode(&project.entry())),
        (0o700, 0o600)
    );
}

#[test]
fn an_entry_past_its_time_is_not_used() {
    let mut project = Project::new();
    project.cache_mut().ttl = Duration::from_secs(600);
    project.pack("@src");
    project.now += 600 * SECOND;
    assert!(project.pack("@src").is_kept());
    project.now += 1;
    assert!(!project.pack("@src").is_kept());
}

#[test]
fn what_was_not_used_for_longest_goes_when_there_is_too_much() {
    let mut project = Project::new();
    project.pack("@src");
    let (first, one) = (project.entry(), project.cache().usage().bytes);
    project.cache_mut().max_total_bytes = one * 5 / 2;
    project.pack("@src/");
    File::open(&first)
        .unwrap()
        .set_modified(a_while_ago())
        .unwrap();
    assert!(
        project.pack("@src").is_kept(),
        "which makes it the last one used"
    );
    let second = others(&project, &first).pop().unwrap();
    File::open(&second)
        .unwrap()
        .set_modified(a_while_ago())
        .unwrap();
    project.pack("@./src");
    assert_eq!((first.exists(), second.exists()), (true, false));
    assert!(project.cache().usage().bytes <= one * 5 / 2);
}

fn a_while_ago() -> std::time::SystemTime {
    std::time::UNIX_EPOCH + Duration::from_nanos(now() - 60 * SECOND)
}

fn others(project: &Project, first: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(&project.cache().dir).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path != first);
    paths
}

#[test]
fn small_packs_and_those_outside_the_chosen_files_are_not_kept() {
    let mut project = Project::new();
    project.pack("@src/m1");
    assert_eq!(project.cache().usage().entries, 0);
    project.cache_mut().file_patterns = vec!["*.md".to_owned()];
    project.pack("@src");
    assert_eq!(project.cache().usage().entries, 0);
    project.cache_mut().file_patterns.push("*.rs".to_owned());
    project.pack("@src");
    assert_eq!(project.cache().usage().entries, 1);
}

#[test]
fn another_question_has_another_answer() {
    let mut project = Project::new();
    project.pack("@src");
    project.options.max_files = FILES - 1;
    let packed = project.pack("@src");
    assert_eq!((packed.is_kept(), packed.files().len()), (false, FILES - 1));
    assert!(project.pack("@src").is_kept());
}

#[test]
fn what_is_cleared_is_told_and_gone() {
    let project = Project::new();
    project.pack("@src");
    assert_eq!(project.cache().clear().entries, 1);
    assert_eq!(
        project.cache().usage(),
        CacheUsage {
            entries: 0,
            bytes: 0
        }
    );
    assert!(!project.pack("@src").is_kept());
}

#[test]
fn a_cache_that_cannot_be_written_costs_nothing_but_its_use() {
    let mut project = Project::new();
    let in_the_way = project.home.path().join("file");
    fs::write(&in_the_way, "").unwrap();
    project.cache_mut().dir = in_the_way.join("packs");
    assert_eq!(project.pack("@src").files().len(), FILES);
}

#[test]
fn many_at_once_get_the_same() {
    let project = Project::new();
    let first = project.pack("@src").render_before("");
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let (project, first) = (&project, &first);
            scope.spawn(move || {
                for round in 0..20 {
                    if (worker + round) % 5 == 0 {
                        project.cache().clear();
                    }
                    assert_eq!(project.pack("@src").render_before(""), *first);
                }
            });
        }
    });
}

#[test]
fn what_is_kept_is_listed_with_what_it_answers_and_whether_it_still_does() {
    let project = Project::new();
    let packed = project.pack("@src and @src/m1");
    let listed = project.cache().packs();
    let [kept] = listed.as_slice() else {
        panic!("{listed:?}")
    };
    assert_eq!(kept.patterns, ["@src", "@src/m1"]);
    assert_eq!(kept.root, project.options.root);
    assert_eq!((kept.files, kept.text_bytes), (FILES, packed.bytes()));
    assert!(kept.is_fresh);
    fs::write(project.path("src/m1/new.rs"), "new\n").unwrap();
    assert!(!project.cache().packs()[0].is_fresh);
}

#[test]
fn a_kept_pack_is_shown_by_the_beginning_of_its_name() {
    let project = Project::new();
    let packed = project.pack("@src");
    project.pack("@src/");
    let id = project.cache().packs().pop().unwrap().id;
    let (kept, shown) = project.cache().pack(&id[..8]).unwrap();
    assert_eq!(kept.id, id);
    assert_eq!(shown.render_before(""), packed.render_before(""));
    for unknown in [&id[..3], "", "zzzz", "/etc"] {
        let said = project.cache().pack(unknown).unwrap_err();
        assert_eq!(said, NoSuchPack::Unknown(unknown.to_owned()));
    }
}

#[test]
fn a_damaged_pack_is_not_shown_and_is_gone() {
    let project = Project::new();
    project.pack("@src");
    let id = project.cache().packs().pop().unwrap().id;
    let mut bytes = fs::read(project.entry()).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(project.entry(), bytes).unwrap();
    let said = project.cache().pack(&id).unwrap_err();
    assert_eq!(said, NoSuchPack::Damaged(id));
    assert_eq!(project.cache().usage().entries, 0);
}
