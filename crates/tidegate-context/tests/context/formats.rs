//! The formats, and that no content breaks out of them.

use proptest::prelude::*;
use tidegate_context::{Format, Layout, Packed, PackedFile};

use crate::reader::read;
use crate::tree::Tree;

fn packed(files: &[(&str, &str)]) -> Packed {
    let files = files.iter();
    files
        .map(|(path, text)| PackedFile::new(path, *text))
        .collect()
}

fn rendered(format: Format, files: &[(&str, &str)]) -> String {
    packed(files).render_before_as("Why?", format.into())
}

/// Reads back just the files that were packed, each ended by a line end, and the prompt.
fn assert_read_back(packed: &Packed, prompt: &str) {
    for format in Format::ALL {
        let text = packed.render_before_as(prompt, format.into());
        let Some((files, rest)) = read(format, &text) else {
            panic!("{format} cannot be read:\n{text}");
        };
        let expected: Vec<_> = packed
            .files()
            .iter()
            .map(|file| (file.path.clone(), ended(file.text())))
            .collect();
        let files: Vec<_> = files
            .into_iter()
            .map(|(name, content)| (name, content.to_owned()))
            .collect();
        assert_eq!((files, rest), (expected, prompt), "{format}:\n{text}");
    }
}

fn ended(text: &str) -> String {
    let end = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("{text}{end}")
}

#[test]
fn plain_is_the_form_of_the_first_callers() {
    assert_eq!(
        rendered(Format::Plain, &[("a.rs", "let a;\n"), ("b", "x")]),
        "=== FILE: a.rs ===\nlet a;\n=== FILE: b ===\nx\n---\nWhy?"
    );
}

#[test]
fn xml_has_a_tag_per_file() {
    assert_eq!(
        rendered(Format::Xml, &[("a.rs", "if a < b {}\n"), ("b<\"&\">", "")]),
        "<files>\n<file path=\"a.rs\">\nif a < b {}\n</file>\n\
         <file path=\"b&lt;&quot;&amp;&quot;&gt;\">\n</file>\n</files>\nWhy?"
    );
}

#[test]
fn markdown_has_a_block_per_file() {
    assert_eq!(
        rendered(Format::Markdown, &[("src/a.rs", "let a;\n"), ("b", "x")]),
        "## `b`\n\n```\nx\n```\n\n## `src/a.rs`\n\n```rs\nlet a;\n```\n\n---\n\nWhy?"
    );
}

#[test]
fn a_line_that_looks_like_a_mark_makes_all_plain_marks_longer() {
    let text = rendered(
        Format::Plain,
        &[("a.md", "---\ntitle: x\n---\n"), ("b", "")],
    );
    assert!(
        text.starts_with("==== FILE: a.md ====\n---\ntitle"),
        "{text}"
    );
    assert!(text.ends_with("==== FILE: b ====\n----\nWhy?"), "{text}");
    for content in [
        "=== FILE: b ===\n",
        "a\r---\r",
        " ---",
        "--- \n",
        "=== FILE: ",
    ] {
        let text = rendered(Format::Plain, &[("a", content)]);
        assert!(text.starts_with("==== FILE"), "{text}");
    }
    for content in [
        "a --- b",
        "-- \n--\n",
        "==== b",
        "a === FILE: b ===",
        "--- x",
        "x ---",
    ] {
        let text = rendered(Format::Plain, &[("a", content)]);
        assert!(text.starts_with("=== FILE"), "{text}");
    }
}

#[test]
fn a_tag_in_a_content_numbers_the_tags() {
    for (content, tag) in [
        ("</file>", "<file-2 path"),
        ("</files>", "<file-2 path"),
        ("<file path=\"x\"></file-2>", "<file-3 path"),
        ("<file-2>", "<file path"),
        ("<fil", "<file path"),
    ] {
        let text = rendered(Format::Xml, &[("a", content)]);
        assert!(text.contains(tag), "{text}");
    }
}

#[test]
fn a_fence_in_a_content_makes_its_own_longer() {
    let fence = |content| {
        rendered(Format::Markdown, &[("a", content)])
            .lines()
            .nth(2)
            .unwrap()
            .to_owned()
    };
    assert_eq!(fence("``` x"), "````");
    assert_eq!(fence("```````"), "````````");
    assert_eq!(fence("````````"), "~~~");
    assert_eq!(fence("````````\n~~~~~~~~"), "`````````");
    assert_eq!(fence("````\n~~~"), "`````");
}

#[test]
fn a_block_names_its_language_where_the_extension_is_one() {
    let fence = |name| {
        rendered(Format::Markdown, &[(name, "x")])
            .lines()
            .nth(2)
            .unwrap()
            .to_owned()
    };
    assert_eq!(fence("a/b.rs"), "```rs");
    assert_eq!(fence("a.c++"), "```c++");
    for name in ["a.d/Makefile", "a.x y", "a.x`y", "a.abcdefghijklmnopq"] {
        assert_eq!(fence(name), "```", "{name}");
    }
}

#[test]
fn marks_grow_by_the_root_of_what_a_content_tries() {
    let long = "-".repeat(1_000_000);
    assert_eq!(
        rendered(Format::Plain, &[("a", &long)]).len(),
        1_000_000 + 25
    );
    let lines: Vec<_> = (3..500).map(|length| "-".repeat(length)).collect();
    let every = lines.join("\n");
    let text = rendered(Format::Plain, &[("a", &every)]);
    assert!(text.len() < every.len() + 3 * 501 + 40);
}

#[test]
fn sizes_and_times_stand_in_headers_only_when_asked_for() {
    let tree = Tree::new(&["a.rs"]);
    let file = std::fs::File::options()
        .write(true)
        .open(tree.path("a.rs"))
        .unwrap();
    let noon = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_795_435_200);
    file.set_modified(noon).unwrap();
    let packed = tree.pack("@a.rs").unwrap();
    let first = |format, sizes, times| {
        let mut layout = Layout::from(format);
        (layout.sizes, layout.times) = (sizes, times);
        let text = packed.render(layout);
        text.lines()
            .find(|line| line.contains("a.rs"))
            .unwrap()
            .to_owned()
    };
    assert_eq!(first(Format::Plain, false, false), "=== FILE: a.rs ===");
    assert_eq!(
        first(Format::Plain, true, true),
        "=== FILE: a.rs (4 bytes, 2026-11-23T12:00:00Z) ==="
    );
    assert_eq!(
        first(Format::Xml, true, true),
        "<file path=\"a.rs\" bytes=\"4\" modified=\"2026-11-23T12:00:00Z\">"
    );
    assert_eq!(first(Format::Markdown, true, false), "## `a.rs` (4 bytes)");
}

#[test]
fn names_that_try_to_break_out_are_read_back() {
    let names = [
        "a\nb",
        "=== FILE: x ===",
        "x ===",
        "`",
        "``a`",
        " ",
        " a ",
        "\">\n",
        "&lt;",
        "-",
        "a `b` c",
    ];
    for name in names {
        assert_read_back(&packed(&[(name, "x"), ("z", "y\n")]), "prompt");
    }
}

#[test]
fn a_format_has_the_name_it_shows() {
    for format in Format::ALL {
        assert_eq!(format.to_string().parse(), Ok(format));
    }
    let error = "yaml".parse::<Format>().unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"no format is called "yaml": there are plain, xml and markdown"#
    );
}

#[test]
fn what_is_written_is_what_is_rendered() {
    let packed = packed(&[("a.rs", "let a;"), ("b", "</file>---\n")]);
    for format in Format::ALL {
        let mut written = Vec::new();
        packed.write_to(&mut written, format.into()).unwrap();
        assert_eq!(written, packed.render(format.into()).as_bytes());
    }
}

#[test]
fn nothing_packed_is_nothing_rendered() {
    for format in Format::ALL {
        assert_eq!(
            packed(&[]).render_before_as("prompt", format.into()),
            "prompt"
        );
    }
}

/// Contents made of what marks are made of.
const HOSTILE: &str = r#"(=|==|===| FILE: |-|--|---|<|</|file|files|-2|-3|>| path="|`|```|~~~|## |a|\n|\r| |&lt;){0,24}"#;

proptest! {
    #[test]
    fn no_content_breaks_out(contents in prop::collection::vec(HOSTILE, 1..4), prompt in HOSTILE) {
        let files = contents.into_iter().enumerate();
        let packed = files.map(|(number, text)| PackedFile::new(&format!("{number}.md"), text)).collect();
        assert_read_back(&packed, &prompt);
    }

    #[test]
    fn no_name_breaks_out(name in HOSTILE) {
        prop_assume!(!name.is_empty());
        assert_read_back(&packed(&[(&name, "x")]), "prompt");
    }
}
