//! `tidegate context`: packing without sending, and what is kept.

use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use crate::stage::{Ran, Stage, credential};

fn context(stage: &Stage, args: &[&str]) -> Ran {
    stage.run(&[&["context"], args].concat())
}

fn project() -> Stage {
    let stage = Stage::new();
    stage.file("src/main.rs", "fn main() {}\n");
    stage.file("src/deep/lib.rs", "pub fn lib() {}\n");
    stage.file("notes.md", "a note\n");
    stage
}

/// Runs among this project's own sources: many enough that their pack is kept, and written long enough ago that nothing
/// about them is in doubt.
fn among_sources(stage: &Stage, args: &[&str]) -> Ran {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut command = stage.command(args);
    Ran::of(command.current_dir(crates).output().unwrap())
}

#[test]
fn what_would_stand_before_the_prompt_is_printed_and_nothing_else() {
    let ran = context(&project(), &["pack", "src", "@notes.md"]);
    let text = "=== FILE: notes.md ===\na note\n=== FILE: src/deep/lib.rs ===\npub fn lib() {}\n\
                === FILE: src/main.rs ===\nfn main() {}\n---\n";
    assert_eq!((ran.code, &*ran.stdout), (Some(0), text), "{ran:?}");
    assert_eq!(ran.stderr, "packed 3 files (36 bytes)\n");
}

#[test]
fn a_prompt_names_files_like_arguments_do() {
    let stage = project();
    let named = context(&stage, &["pack", "src/main.rs", "notes.md"]);
    let prompt = context(
        &stage,
        &[
            "pack",
            "Compare @src/main.rs, bob@example.com and @notes.md.",
        ],
    );
    assert_eq!(named.stdout, prompt.stdout, "{prompt:?}");
}

#[test]
fn the_format_is_the_flags_before_the_endpoints_before_the_files() {
    let stage = project();
    stage.config("[context]\nformat = \"markdown\"\n");
    let configured = context(&stage, &["pack", "notes.md"]);
    assert!(
        configured.stdout.starts_with("## `notes.md`"),
        "{configured:?}"
    );
    let asked = context(&stage, &["pack", "notes.md", "--format", "xml"]);
    assert!(asked.stdout.starts_with("<files>"), "{asked:?}");
    context(&stage, &["pack", "notes.md", "--format", "html"])
        .failed(2, &["plain, xml and markdown"]);
}

#[test]
fn a_tree_sums_up_what_directories_hold_and_prints_no_text() {
    let ran = context(&project(), &["pack", ".", "--tree"]);
    let tree = "\
bytes
   36  .
    7  ├── notes.md
   29  └── src/
   16      ├── deep/
   16      │   └── lib.rs
   13      └── main.rs
";
    assert_eq!(ran.stdout, tree, "{ran:?}");
}

#[test]
fn a_tree_has_the_tokens_of_a_model_where_they_are_asked_for() {
    let ran = context(
        &project(),
        &["pack", ".", "--tree", "--tokens", "-m", "gpt-4o"],
    );
    let rows = ran.stdout.lines().skip(1);
    let tokens = |row: &str| row.split_whitespace().nth(1)?.parse::<u64>().ok();
    let tokens: Vec<_> = rows.filter_map(tokens).collect();
    let [all, notes, src, deep, lib, main] = tokens[..] else {
        panic!("{ran:?}")
    };
    assert_eq!((all, src, deep), (notes + src, deep + main, lib), "{ran:?}");
    let summary = format!("(36 bytes, {all} tokens)");
    assert!(ran.stderr.contains(&summary), "{ran:?}");
}

#[test]
fn tokens_of_a_model_that_keeps_its_encoding_are_told_as_an_estimate() {
    let ran = context(
        &project(),
        &[
            "pack",
            "notes.md",
            "--tokens",
            "-m",
            "claude-sonnet-4-5",
            "--json",
        ],
    );
    assert_eq!(ran.json()["tokens"]["exact"], false, "{ran:?}");
    assert!(ran.stderr.contains("about"), "{ran:?}");
}

#[test]
fn one_object_lists_what_is_packed_and_what_is_left_out() {
    let stage = project();
    std::fs::write(stage.home().join("src/data"), b"\0\0").unwrap();
    let said = context(&stage, &["pack", "src", "mian.rs", "--json"]).json();
    assert_eq!(said["files"][0]["path"], "src/deep/lib.rs");
    assert_eq!(said["files"].as_array().unwrap().len(), 2);
    assert_eq!(said["skipped"][0]["reason"], "binary");
    assert_eq!(said["unmatched"][0], "@\"mian.rs\"");
    assert_eq!((&said["bytes"], &said["kept"]), (&29.into(), &false.into()));
}

#[test]
fn a_file_gets_the_texts_whole_and_standard_output_the_report() {
    let stage = project();
    let ran = context(&stage, &["pack", "src", "--to", "pack.txt", "--json"]);
    assert_eq!(ran.json()["to"], "pack.txt");
    let text = std::fs::read_to_string(stage.home().join("pack.txt")).unwrap();
    assert_eq!(text, context(&stage, &["pack", "src"]).stdout);
}

#[test]
fn what_is_no_file_is_written_and_not_replaced() {
    let stage = project();
    let pipe = stage.home().join("pipe");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .unwrap();
    assert!(made.success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read_to_string(pipe).unwrap()
    });
    let ran = context(&stage, &["pack", "notes.md", "--to", "pipe"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(reader.join().unwrap().contains("a note"));
    assert!(std::fs::metadata(pipe).unwrap().file_type().is_fifo());
}

#[test]
fn a_place_that_cannot_be_written_is_told_before_anything_is_packed() {
    let ran = context(&project(), &["pack", "src", "--to", "no/such/place"]);
    ran.failed(1, &["no/such/place cannot be written"]);
    assert!(!ran.stderr.contains("packed"), "{ran:?}");
}

#[test]
fn what_matches_nothing_is_a_warning_and_nothing_at_all_is_an_error() {
    let stage = project();
    let ran = context(&stage, &["pack", "notes.md", "src/mian.rs"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("did you mean src/main.rs?"), "{ran:?}");
    let none = "nothing was packed: nothing that was named matches a file";
    context(&stage, &["pack", "mian.rs"]).failed(4, &[none]);
    let all = "nothing was packed: all that was named is left out";
    context(&stage, &["pack", "src", "--max-file-bytes", "1"]).failed(4, &["limit", all]);
    context(
        &stage,
        &["pack", "notes.md", "src/mian.rs", "--strict-context"],
    )
    .failed(4, &["did you mean src/main.rs?"]);
    context(&stage, &["pack", ""]).failed(2, &["names no file"]);
}

#[test]
fn a_credential_stops_it_and_is_allowed_by_a_flag_or_a_setting() {
    let key = credential();
    let stage = project();
    stage.file("src/key.rs", &format!("const KEY: &str = \"{key}\";\n"));
    let ran = context(&stage, &["pack", "src"]);
    ran.failed(4, &["src/key.rs holds", "in line 1"]);
    assert!(!format!("{ran:?}").contains(&key), "{ran:?}");
    let allowed = context(&stage, &["pack", "src", "--allow-secrets"]);
    assert!(allowed.stdout.contains(&key), "{allowed:?}");
    stage.config("[context]\nallow_secrets = true\n");
    assert!(context(&stage, &["pack", "src"]).stdout.contains(&key));
}

#[test]
fn limits_of_the_command_line_leave_out_what_does_not_fit_and_say_so() {
    let stage = project();
    for (flag, limit) in [
        ("--max-files", "1"),
        ("--max-total-bytes", "20"),
        ("--max-tokens", "15"),
    ] {
        let said = context(&stage, &["pack", "src", flag, limit, "--json"]).json();
        assert_eq!(said["files"].as_array().unwrap().len(), 1, "{flag}: {said}");
        let reason = said["skipped"][0]["reason"].as_str().unwrap();
        assert!(reason.contains(limit), "{flag}: {reason}");
    }
}

#[test]
fn an_unknown_endpoint_is_told_and_a_missing_key_does_not_matter() {
    let stage = project();
    context(&stage, &["pack", "src", "-e", "nobody"]).failed(3, &["nobody"]);
    let ran = context(
        &stage,
        &["pack", "notes.md", "-e", "openai/gpt-4o", "--tokens"],
    );
    assert!(
        ran.code == Some(0) && !ran.stderr.contains("about"),
        "{ran:?}"
    );
}

#[test]
fn a_kept_pack_is_used_by_runs_listed_shown_and_cleared() {
    let stage = Stage::new();
    stage.config(
        "[providers.none]\ntype = \"command\"\nargv = [\"cat\"]\nprompt = \"stdin\"\n\
         [endpoints.none]\nprovider = \"none\"\nmodel = \"none\"\n",
    );
    let run = |prompt| among_sources(&stage, &["run", "-e", "none", "--json", prompt]).json();
    let first = run("count @tidegate/src");
    assert_eq!(first["context"]["kept"], false, "{}", first["context"]);
    let second = run("count @tidegate/src again");
    assert_eq!(second["context"]["kept"], true, "{}", second["context"]);

    let listed = context(&stage, &["list", "--json"]).json();
    let pack = &listed["packs"][0];
    let files = first["context"]["files"].as_array().unwrap().len();
    assert_eq!(
        (&pack["patterns"][0], &pack["files"], &pack["fresh"]),
        (&"@tidegate/src".into(), &files.into(), &true.into())
    );
    let id = pack["id"].as_str().unwrap();
    let table = context(&stage, &["list"]);
    let told = table.stdout.contains(&id[..12]) && table.stdout.contains("@tidegate/src");
    assert!(told, "{table:?}");
    let shown = context(&stage, &["show", &id[..6]]);
    let packed = among_sources(&stage, &["context", "pack", "@tidegate/src"]);
    assert_eq!(shown.stdout, packed.stdout);
    assert!(packed.stderr.contains("unchanged"), "{}", packed.stderr);
    assert!(shown.stderr.contains("fresh"), "{}", shown.stderr);

    let cleared = context(&stage, &["clear"]);
    assert!(
        cleared.stdout.starts_with("deleted 1 pack ("),
        "{cleared:?}"
    );
    assert_eq!(context(&stage, &["stats", "--json"]).json()["packs"], 0);
    context(&stage, &["show", id]).failed(2, &["no pack is kept", "context list"]);
}

#[test]
fn nothing_is_kept_where_it_is_switched_off_and_what_was_kept_is_still_told() {
    let stage = Stage::new();
    let pack = ["context", "pack", "tidegate/src", "--json"];
    let uncached = among_sources(&stage, &[&pack[..], &["--no-cache"]].concat());
    assert_eq!(uncached.code, Some(0), "{uncached:?}");
    assert_eq!(context(&stage, &["stats", "--json"]).json()["packs"], 0);
    among_sources(&stage, &pack);
    stage.config("[cache]\nenabled = false\n");
    assert_eq!(among_sources(&stage, &pack).json()["kept"], false);
    let stats = context(&stage, &["stats"]);
    assert!(
        stats.stdout.contains("packs      1, 1 of them fresh"),
        "{stats:?}"
    );
    assert!(stats.stdout.contains("switched off"), "{stats:?}");
}
