//! `tidegate provider add|remove|list` and `tidegate endpoint add|remove|list`: the file, changed by commands.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use crate::stage::{Ran, Stage};

const FILE: &str = ".config/tidegate/tidegate.toml";
const GROQ: [&str; 7] = [
    "provider",
    "add",
    "groq",
    "--type",
    "openai-compatible",
    "--base-url",
    "https://api.groq.com/openai/v1",
];

fn text(stage: &Stage) -> String {
    std::fs::read_to_string(stage.home().join(FILE)).unwrap()
}

#[track_caller]
fn done(ran: &Ran) {
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn a_provider_and_an_endpoint_are_added_listed_and_removed() {
    let stage = Stage::new().variable("GROQ_API_KEY", "sk-secret-42");
    let ran = stage.run(
        &[
            &GROQ[..],
            &["--api-key", "${GROQ_API_KEY}", "--account", "team"],
        ]
        .concat(),
    );
    done(&ran);
    let path = stage.home().join(FILE);
    let path = path.to_str().unwrap();
    assert_eq!(ran.stdout, format!("wrote [providers.groq] to {path}\n"));
    assert_eq!(ran.stderr, "", "nothing is missing");
    done(&stage.run(&[
        "endpoint",
        "add",
        "fast",
        "--provider",
        "groq",
        "--model",
        "llama-3",
        "--system",
        "Be brief.",
        "--max-retries",
        "3",
        "--timeout",
        "90s",
    ]));
    let listed = stage.run(&["endpoint", "list", "--json"]).json();
    let fast = &listed["endpoints"][0];
    assert_eq!(
        (
            &fast["name"],
            &fast["provider"],
            &fast["model"],
            &fast["ready"]
        ),
        (
            &"fast".into(),
            &"groq".into(),
            &"llama-3".into(),
            &true.into()
        )
    );
    let listed = stage.run(&["provider", "list", "--json"]).json();
    let groq = &listed["providers"][0];
    assert_eq!(
        (&groq["name"], &groq["place"], &groq["endpoints"][0]),
        (&"groq".into(), &"api.groq.com".into(), &"fast".into())
    );
    stage
        .run(&["provider", "remove", "groq"])
        .failed(3, &["needed by [endpoints.fast]", "--force"]);
    let ran = stage.run(&["provider", "remove", "groq", "--force"]);
    done(&ran);
    assert_eq!(
        ran.stdout,
        format!("removed [providers.groq] from {path}\nremoved [endpoints.fast] from {path}\n")
    );
    assert_eq!(text(&stage), "");
}

#[test]
fn fallbacks_are_added_in_their_order_and_keep_what_they_name() {
    let stage = Stage::new();
    done(&stage.run(&GROQ));
    let with = |more: &[&'static str]| {
        let args = [
            &["endpoint", "add"],
            more,
            &["--provider", "groq", "-m", "x"],
        ]
        .concat();
        stage.run(&args)
    };
    with(&["fast", "--fallback", "big"]).failed(3, &["nothing was changed", "`big`"]);
    done(&with(&["big"]));
    done(&with(&["huge"]));
    done(&with(&["fast", "--fallback", "huge", "--fallback", "big"]));
    assert!(
        text(&stage).contains("fallbacks = [\"huge\", \"big\"]"),
        "{}",
        text(&stage)
    );
    stage.run(&["endpoint", "remove", "big"]).failed(
        3,
        &["needed by the fallbacks of [endpoints.fast]", "--force"],
    );
    done(&stage.run(&["endpoint", "remove", "big", "--force"]));
    assert!(
        text(&stage).contains("fallbacks = [\"huge\"]"),
        "{}",
        text(&stage)
    );
}

#[test]
fn what_is_still_missing_is_told_at_once() {
    let stage = Stage::new();
    let ran = stage.run(&[&GROQ[..], &["--api-key-env", "GROQ_API_KEY"]].concat());
    done(&ran);
    assert!(
        ran.stderr.contains("not ready yet") && ran.stderr.contains("GROQ_API_KEY"),
        "{ran:?}"
    );
    let ran = stage.run(&[
        "endpoint",
        "add",
        "-q",
        "fast",
        "--provider",
        "groq",
        "-m",
        "x",
    ]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
}

#[test]
fn a_key_on_the_command_line_is_refused_and_not_repeated() {
    let stage = Stage::new();
    for key in [
        "sk-secret-42",
        "${K:-sk-secret-42}",
        "${sk-secret-42}",
        "${sk-secret-42",
    ] {
        let ran = stage.run(&[&GROQ[..], &["--api-key", key]].concat());
        ran.failed(2, &["key"]);
        assert!(!ran.stderr.contains("secret-42"), "{ran:?}");
    }
    assert!(!stage.home().join(FILE).exists());
    let ran = stage.run(&[&GROQ[..], &["--api-key", "${K}", "--api-key-stdin"]].concat());
    ran.failed(2, &["cannot be used with"]);
}

#[test]
fn a_key_from_a_pipe_is_written_as_it_is_and_shown_nowhere() {
    let stage = Stage::new();
    stage.config("# mine\n");
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(stage.home().join(FILE), open).unwrap();
    let args = [&GROQ[..], &["--api-key-stdin"]].concat();
    let ran = stage.run_with_input(&args, b"sk-secret-42$${x}\n");
    done(&ran);
    assert!(ran.stderr.contains("the key is written into"), "{ran:?}");
    assert!(!format!("{ran:?}").contains("secret-42"), "{ran:?}");
    assert!(
        text(&stage).contains("api_key = \"sk-secret-42$$${x}\""),
        "{}",
        text(&stage)
    );
    let mode = stage
        .home()
        .join(FILE)
        .metadata()
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let listed = stage.run(&["provider", "list"]);
    assert!(listed.stdout.contains("ready"), "{listed:?}");
    stage
        .run_with_input(&[&GROQ[..], &["--api-key-stdin"]].concat(), b"\n")
        .failed(2, &["no key on standard input"]);
}

#[test]
fn a_command_is_a_provider_too() {
    let stage = Stage::new();
    done(&stage.run(&[
        "provider", "add", "mine", "--type", "command", "--", "my-model", "--ask", "{prompt}",
    ]));
    assert!(
        text(&stage).contains("argv = [\"my-model\", \"--ask\", \"{prompt}\"]"),
        "{}",
        text(&stage)
    );
    stage
        .run(&[
            "provider",
            "add",
            "other",
            "--type",
            "command",
            "--api-key-env",
            "K",
            "--",
            "x",
        ])
        .failed(3, &["nothing was changed", "`api_key`", "`env`"]);
}

#[test]
fn a_name_that_is_there_is_kept_unless_it_is_to_be_replaced() {
    let stage = Stage::new();
    done(&stage.run(&GROQ));
    stage
        .run(&GROQ)
        .failed(3, &["[providers.groq] is there already", "--replace"]);
    done(&stage.run(&[&GROQ[..], &["--account", "team", "--replace"]].concat()));
    assert_eq!(text(&stage).matches("[providers.groq]").count(), 1);
    assert!(text(&stage).contains("account = \"team\""));
}

#[test]
fn unknown_names_name_their_neighbours() {
    let stage = Stage::new();
    done(&stage.run(&GROQ));
    stage
        .run(&["provider", "remove", "grok"])
        .failed(3, &["unknown provider `grok`, did you mean `groq`?"]);
    stage
        .run(&["provider", "test", "grok"])
        .failed(3, &["unknown provider `grok`, did you mean `groq`?"]);
    stage
        .run(&[
            "endpoint",
            "add",
            "fast",
            "--provider",
            "grok",
            "--model",
            "x",
        ])
        .failed(
            3,
            &["nothing was changed", "unknown provider `grok`", "`groq`"],
        );
    stage
        .run(&["endpoint", "remove", "fast"])
        .failed(3, &["unknown endpoint `fast`"]);
}

#[test]
fn processes_that_add_at_once_all_see_their_provider_survive() {
    let stage = Stage::new();
    stage.config("# by hand\n[defaults]\nmax_retries = 2 # enough\n");
    let names: Vec<_> = (0..8).map(|number| format!("p{number}")).collect();
    let children: Vec<_> = names
        .iter()
        .map(|name| {
            let args = ["provider", "add", name, "--type", "openai"];
            stage
                .command(&args)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let text = text(&stage);
    assert!(
        text.starts_with("# by hand\n[defaults]\nmax_retries = 2 # enough\n"),
        "{text}"
    );
    for name in names {
        assert!(text.contains(&format!("[providers.{name}]\n")), "{text}");
    }
}

#[test]
fn the_seeds_file_is_not_changed() {
    let stage = Stage::new();
    let file = stage.file("ccw/config/litellm-api-config.json", "{}");
    let home = stage.home().join("ccw").to_str().unwrap().to_owned();
    let stage = stage.variable("CCW_DATA_DIR", &home);
    stage.run(&GROQ).failed(
        3,
        &[
            "litellm-api-config.json",
            "another program",
            "tidegate config init",
        ],
    );
    assert_eq!(std::fs::read_to_string(file).unwrap(), "{}");
}
