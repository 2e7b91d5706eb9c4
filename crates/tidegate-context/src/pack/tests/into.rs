//! Packs written at once: the bytes are those of any other pack, wherever they come from.

use std::fs::{self, File};
use std::io::{Read, Seek};
use std::time::{Duration, UNIX_EPOCH};

use super::{CacheOptions, Project, SECOND};
use crate::pack::pack_into_at;
use crate::packed::{WriteError, Written};
use crate::pattern::patterns;
use crate::render::{Format, Layout};

impl Project {
    /// What `@src` tells, and what it writes.
    fn write(&self, layout: Layout) -> (Written, String) {
        let mut file = tempfile::tempfile().unwrap();
        let asked = (&*patterns("@src"), &self.options);
        let written = pack_into_at(self.now, &mut file, layout, asked).unwrap();
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        (written, text)
    }
}

fn layouts() -> impl Iterator<Item = Layout> {
    let layout = |format| {
        [true, false].map(|more| Layout {
            format,
            sizes: more,
            times: more,
        })
    };
    Format::ALL.into_iter().flat_map(layout)
}

#[test]
fn a_kept_pack_is_written_as_any_other() {
    let project = Project::new();
    let contents = [
        "",
        "no line end",
        "=== FILE: x ===\n---\n",
        "<file path=\"x\"></file>\n</file-2>\n",
        "```` and ~~~\n",
        &"é long\n".repeat(50_000),
    ];
    for (number, content) in contents.iter().enumerate() {
        fs::write(project.path(&format!("src/m1/a{number}.rs")), content).unwrap();
    }
    fs::write(project.path("src/m2/binary"), "\0").unwrap();
    let packed = project.pack("@src");
    for layout in layouts() {
        let (written, text) = project.write(layout);
        assert!(
            written.is_kept && text == packed.render(layout),
            "{layout:?}"
        );
        assert_eq!(written.files, packed.files().len());
        assert_eq!(written.bytes, packed.bytes());
        assert_eq!(written.skipped, packed.skipped());
    }
}

#[test]
fn a_pack_that_is_not_kept_yet_is_written_and_kept() {
    let project = Project::new();
    let (first, text) = project.write(Layout::default());
    let packed = project.pack("@src");
    assert_eq!((first.is_kept, packed.is_kept()), (false, true));
    assert_eq!(text, packed.render_before(""));
}

#[test]
fn a_pack_is_written_as_it_is_read_whatever_marks_its_contents_take() {
    let hard = [
        "=== FILE: x ===\n---\n",
        "==== FILE: x ====\n-----\n",
        "<file path=\"x\">\n</file-2>\n",
        "<file-3>\n```` and ~~~",
    ];
    for hard_ones in 0..=hard.len() {
        let mut project = Project::new();
        for (number, content) in hard[..hard_ones].iter().enumerate() {
            fs::write(project.path(&format!("src/m{number}/a.rs")), content).unwrap();
        }
        // Some that are moved at once, one larger than those, an empty one, and one at the end.
        for (name, text) in [
            ("m0/f000", "é long\n".repeat(50_000)),
            ("m2/f002", String::new()),
            ("m3/last", "no line end".into()),
            ("m3/long", "long\n".repeat(12_000)),
        ] {
            fs::write(project.path(&format!("src/{name}.rs")), text).unwrap();
        }
        for layout in layouts() {
            project.options.cache = None;
            let (written, text) = project.write(layout);
            let packed = project.pack("@src");
            assert!(text == packed.render(layout), "{hard_ones} {layout:?}");
            assert_eq!(written.bytes, packed.bytes());
            // And what is kept of it is what lies in the file.
            let kept = project.home.path().join(format!("{layout:?}"));
            project.options.cache = Some(CacheOptions::new(kept));
            assert!(!project.write(layout).0.is_kept);
            let again = project.pack("@src");
            assert!(again.is_kept() && again.render(layout) == text);
        }
    }
}

#[test]
fn tokens_are_counted_wherever_the_texts_come_from() {
    let mut project = Project::new();
    let layout = Layout::default();
    assert_eq!(project.write(layout).0.tokens, None);
    project.options.count_tokens = true;
    let kept = project.write(layout).0;
    assert!(kept.is_kept, "counting asks no other question");
    project.options.cache = None;
    let counter = project.options.counter;
    let tokens = counter.count_each(&project.pack("@src")).iter().sum();
    let new = project.write(layout).0;
    assert_eq!((kept.tokens, new.tokens), (Some(tokens), Some(tokens)));
}

#[test]
fn nothing_of_a_damaged_entry_is_left_in_the_file() {
    let project = Project::new();
    // More than one block, of which the last is damaged.
    for number in 0..3 {
        let path = project.path(&format!("src/m0/long{number}.rs"));
        fs::write(path, "a long line\n".repeat(30_000)).unwrap();
    }
    let whole = project.pack("@src").render_before("");
    let mut bytes = fs::read(project.entry()).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(project.entry(), bytes).unwrap();
    let (written, text) = project.write(Layout::default());
    assert!(!written.is_kept && text == whole);
    assert!(project.write(Layout::default()).0.is_kept, "it is mended");
}

#[test]
fn a_kept_pack_with_a_text_in_doubt_is_written_after_a_comparison() {
    let project = Project::new();
    let file = File::options()
        .write(true)
        .open(project.path("src/m1/f001.rs"));
    let late = UNIX_EPOCH + Duration::from_nanos(project.now - SECOND);
    file.unwrap().set_modified(late).unwrap();
    let packed = project.pack("@src");
    let (written, text) = project.write(Layout::default());
    assert!(written.is_kept && text == packed.render_before(""));
}

#[test]
fn a_change_makes_what_is_written_anew() {
    let project = Project::new();
    project.pack("@src");
    fs::write(project.path("src/m1/f001.rs"), "other\n").unwrap();
    let (written, text) = project.write(Layout::default());
    assert!(!written.is_kept && text.contains("other\n"));
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_whether_the_pack_is_kept_or_not() {
    let project = Project::new();
    let fail = || {
        let mut file = File::open(project.path("src/m1/f001.rs")).unwrap();
        let asked = (&*patterns("@src"), &project.options);
        let said = pack_into_at(project.now, &mut file, Layout::default(), asked);
        assert!(matches!(said, Err(WriteError::Io(_))), "{said:?}");
    };
    fail();
    assert!(!project.pack("@src").is_kept());
    fail();
    assert!(
        project.pack("@src").is_kept(),
        "a failed copy costs no entry"
    );
}
