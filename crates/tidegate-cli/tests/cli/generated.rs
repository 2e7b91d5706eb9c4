//! `tidegate completions` and `tidegate man`.

use std::process::Command;

use crate::stage::Stage;

const COMMANDS: [&str; 14] = [
    "run",
    "config path",
    "config show",
    "config check",
    "config init",
    "endpoint list",
    "endpoint add",
    "endpoint remove",
    "endpoint test",
    "provider add",
    "provider test",
    "explain",
    "completions",
    "man",
];

#[test]
fn bash_reads_its_completions_and_completes_with_them() {
    let stage = Stage::new();
    let script = stage.run(&["completions", "bash"]).stdout;
    let path = stage.file("tidegate.bash", &script);
    let check = Command::new("bash").arg("-n").arg(&path).output().unwrap();
    assert!(
        check.status.success() && check.stderr.is_empty(),
        "{check:?}"
    );
    let complete = format!(
        "source '{}'; COMP_WORDS=(tidegate provider re); COMP_CWORD=2; _tidegate tidegate re provider; \
         echo \"${{COMPREPLY[@]}}\"",
        path.display()
    );
    let completed = Command::new("bash")
        .args(["-c", &complete])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&completed.stdout),
        "remove\n",
        "{completed:?}"
    );
}

#[test]
fn every_shell_has_completions_that_know_the_commands() {
    let stage = Stage::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = stage.run(&["completions", shell]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{shell}");
        assert!(
            ran.stdout.contains("max-retries"),
            "{shell}: {}",
            ran.stdout
        );
    }
    stage
        .run(&["completions", "cmd"])
        .failed(2, &["bash", "fish"]);
}

#[test]
fn the_manual_is_one_page_with_a_chapter_for_every_command() {
    let page = Stage::new().run(&["man"]).stdout;
    assert_eq!(
        page.lines().filter(|line| line.starts_with(".TH ")).count(),
        1,
        "{page}"
    );
    for command in COMMANDS {
        let chapter = format!("\n.SH \"{}\"\n", command.to_uppercase());
        assert_eq!(page.matches(&chapter).count(), 1, "{command}");
    }
    assert!(page.contains("Exit codes:"), "{page}");
    let strange: Vec<_> = page
        .lines()
        .filter(|line| line.starts_with('.'))
        .filter(|line| {
            ![
                ".ie", ".el", ".TH", ".SH", ".SS", ".TP", ".IP", ".RS", ".RE", ".br", ".sp", ".PP",
                ".nf", ".fi",
            ]
            .contains(&line.split(' ').next().unwrap())
        })
        .collect();
    assert!(
        strange.is_empty(),
        "text that roff would take for a request: {strange:?}"
    );
}

#[test]
fn each_command_can_have_a_page_of_its_own() {
    let stage = Stage::new();
    let ran = stage.run(&["man", "--dir", "share/man1"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "share/man1\n"),
        "{ran:?}"
    );
    for command in COMMANDS {
        let name = format!("share/man1/tidegate-{}.1", command.replace(' ', "-"));
        let page = std::fs::read_to_string(stage.home().join(&name)).expect(&name);
        assert!(
            page.contains("\n.TH ") && page.contains("NAME"),
            "{name}: {page}"
        );
    }
}
