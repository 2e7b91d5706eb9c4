//! `tidegate config` and `tidegate endpoint`.

use std::os::unix::fs::PermissionsExt;

use crate::stage::Stage;

const FAST: &str = "\
[defaults]
endpoint = \"fast\"
max_retries = 2

[providers.openai]
api_key = \"${MY_KEY}\"

[endpoints.fast]
provider = \"openai\"
model = \"gpt-4o\"
timeout = \"30s\"
";

#[test]
fn init_writes_a_file_that_check_accepts_and_leaves_one_that_is_there() {
    let stage = Stage::new();
    let ran = stage.run(&["config", "init"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let path = stage.home().join(".config/tidegate/tidegate.toml");
    assert_eq!(ran.stdout.trim(), path.to_str().unwrap());
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    stage
        .run(&["config", "check"])
        .failed(5, &["OPENAI_API_KEY"]);
    let stage = stage.variable("OPENAI_API_KEY", "sk-test");
    let ran = stage.run(&["config", "check"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    stage
        .run(&["config", "init"])
        .failed(3, &["exists already"]);
}

#[test]
fn a_file_that_cannot_be_seen_is_an_error_and_not_the_same_as_none() {
    let stage = Stage::new();
    let config = stage.home().join(".config");
    std::fs::create_dir(&config).unwrap();
    // A link to itself: what is behind it cannot be looked at, not even by root.
    std::os::unix::fs::symlink("tidegate", config.join("tidegate")).unwrap();
    for args in [
        &["config", "check"][..],
        &["endpoint", "list"],
        &["run", "-e", "demo", "hi"],
    ] {
        let says = [".config/tidegate/tidegate.toml", "cannot be read"];
        stage.run(args).failed(3, &says);
    }
}

/// An endpoint whose provider is set up like this.
fn with_provider(settings: &str) -> String {
    format!("[providers.mine]\n{settings}\n[endpoints.e]\nprovider = \"mine\"\nmodel = \"m\"\n")
}

#[test]
fn check_finds_what_is_not_on_this_machine_before_a_run_does() {
    const HTTP: &str = "type = \"openai-compatible\"\nbase_url = \"https://127.0.0.1:1\"\n";
    const COMMAND: &str = "type = \"command\"\nargv = ";
    let stage = Stage::new();
    let plain = stage.file("plain", "not to be run");
    for (settings, says) in [
        (
            format!("{HTTP}ca_file = \"none.pem\""),
            "none.pem cannot be read",
        ),
        (
            format!("{HTTP}client_cert_file = \"none.pem\""),
            "`client_cert_file` of provider `mine`",
        ),
        (
            format!("{COMMAND}[\"no-such-program\"]"),
            "no program `no-such-program` in PATH",
        ),
        (
            format!("{COMMAND}['{}']", plain.display()),
            "there that may be run",
        ),
    ] {
        stage.config(&with_provider(&settings));
        let ran = stage.run(&["config", "check"]);
        ran.failed(3, &["tidegate.toml:", says]);
        assert!(ran.stdout.contains("0 ready"), "{ran:?}");
    }
    stage.config(&with_provider(&format!("{COMMAND}[\"sh\"]")));
    let ran = stage.run(&["config", "check"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
}

#[test]
fn check_tells_what_in_the_queue_has_no_effect() {
    let stage = Stage::new();
    stage.config("[queue]\nurl = \"${REDIS}\"\n");
    let ran = stage.run(&["config", "check"]);
    let says = "tidegate.toml:2: `url` in [queue] does nothing without `store = \"redis\"`";
    assert!(ran.code == Some(0) && ran.stderr.contains(says), "{ran:?}");
    for quiet in ["path = \"q.db\"", "store = \"redis\"\nurl = \"${REDIS}\""] {
        stage.config(&format!("[queue]\n{quiet}\n"));
        let ran = stage.run(&["config", "check"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    }
}

#[test]
fn path_tells_which_file_is_read() {
    let stage = Stage::new();
    let there = stage.home().join(".config/tidegate/tidegate.toml");
    let ran = stage.run(&["config", "path"]);
    assert_eq!(
        (ran.code, ran.stdout.trim()),
        (Some(0), there.to_str().unwrap())
    );
    assert!(ran.stderr.contains("no file yet"), "{ran:?}");
    let other = stage.file("other.toml", FAST);
    let other = other.to_str().unwrap();
    assert_eq!(
        stage
            .run(&["config", "path", "--config", other])
            .stdout
            .trim(),
        other
    );
}

#[test]
fn a_file_in_the_working_directory_is_never_read_by_itself() {
    let stage = Stage::new();
    stage.file("tidegate.toml", FAST);
    let ran = stage.run(&["endpoint", "list"]);
    assert!(!ran.stdout.contains("fast"), "{ran:?}");
}

#[test]
fn an_unknown_key_is_named_with_its_place_and_the_right_one() {
    let stage = Stage::new();
    stage.config(&FAST.replace("max_retries", "max_retry"));
    let ran = stage.run(&["config", "check"]);
    ran.failed(3, &["tidegate.toml:3", "`max_retry`", "`max_retries`"]);
}

#[test]
fn show_tells_where_each_value_comes_from_and_no_secret() {
    let stage = Stage::new().variable("MY_KEY", "sk-secret-42");
    stage.config(FAST);
    let ran = stage.run(&["config", "show", "--origin"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let line = ran
        .stdout
        .lines()
        .find(|line| line.contains("30s"))
        .unwrap_or_else(|| panic!("{ran:?}"));
    assert!(line.contains("tidegate.toml:11"), "{line}");
    assert!(
        ran.stdout.contains("${MY_KEY}") && !ran.stdout.contains("sk-secret-42"),
        "{ran:?}"
    );
}

#[test]
fn show_tells_where_lines_and_packs_are_kept_though_nobody_chose_it() {
    let stage = Stage::new();
    let home = stage.home().display();
    let ran = stage.run(&["config", "show", "--origin"]);
    for line in [
        "store = \"sqlite\"  # default".to_owned(),
        format!("path = \"{home}/.local/state/tidegate/queue.db\"  # default"),
        format!("dir = \"{home}/.cache/tidegate\"  # default"),
        "cache_ttl = \"24h\"  # default".to_owned(),
    ] {
        assert!(
            ran.stdout.lines().any(|shown| shown == line),
            "{line}: {ran:?}"
        );
    }
}

#[test]
fn endpoints_are_listed_with_what_they_lack() {
    let stage = Stage::new();
    stage.config(FAST);
    let ran = stage.run(&["endpoint", "list"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let fast = ran
        .stdout
        .lines()
        .find(|line| line.starts_with("fast"))
        .unwrap();
    assert!(
        fast.contains("(default)") && fast.contains("gpt-4o") && fast.contains("MY_KEY"),
        "{fast}"
    );
    assert!(
        ran.stdout.lines().any(|line| line.starts_with("demo")),
        "{ran:?}"
    );
}

#[test]
fn the_seeds_file_is_read_as_it_is() {
    let stage = Stage::new();
    stage.file(
        "ccw/config/litellm-api-config.json",
        r#"{"version": 1,
            "providers": [{"id": "prov-1", "name": "Provider 1", "type": "openai", "apiKey": "sk-test", "enabled": true}],
            "endpoints": [{"id": "ep-1", "name": "Endpoint 1", "providerId": "prov-1", "model": "gpt-4o",
                           "cacheStrategy": {"enabled": false, "ttlMinutes": 60, "maxSizeKB": 8, "filePatterns": []},
                           "enabled": true}],
            "globalCacheSettings": {"enabled": true, "cacheDir": "~/.ccw/cache/context", "maxTotalSizeMB": 100}}"#,
    );
    let home = stage.home().join("ccw").to_str().unwrap().to_owned();
    let ran = stage
        .variable("CCW_DATA_DIR", &home)
        .run(&["endpoint", "list"]);
    let endpoint = ran
        .stdout
        .lines()
        .find(|line| line.starts_with("ep-1"))
        .unwrap_or_else(|| panic!("{ran:?}"));
    assert!(
        endpoint.contains("prov-1") && endpoint.contains("gpt-4o") && endpoint.contains("ready"),
        "{endpoint}"
    );
}

#[test]
fn init_writes_where_the_variable_says_and_no_json() {
    let stage = Stage::new();
    let there = stage.home().join("elsewhere.toml");
    let stage = stage.variable("TIDEGATE_CONFIG", there.to_str().unwrap());
    assert_eq!(
        stage.run(&["config", "init"]).stdout.trim(),
        there.to_str().unwrap()
    );
    stage
        .run(&["config", "init", "--config", "x.json"])
        .failed(2, &["x.json"]);
}
