//! What `tidegate config show --origin` prints.

use std::fmt::Write;

use tidegate::config::{Config, Environment};

use crate::with;

fn shown(config: &Config) -> String {
    let mut text = String::new();
    for row in config.rows() {
        let (table, key, value, origin) = (row.table, row.key, row.value, row.origin);
        writeln!(text, "{table}: {key} = {value}  # {origin}").expect("a string takes any text");
    }
    text
}

const FILE: &str = r#"
    [defaults]
    endpoint = "fast"
    max_retries = 2

    [providers.openai]
    headers = { OpenAI-Organization = "org-1", X-Trace = "${TRACE}" }

    [providers.proxy]
    type = "openai-compatible"
    base_url = "https://user:pass@proxy.example/v1?key=sk-live-1"
    api_key = "sk-live-2"
    account = "team"

    [providers."my script"]
    type = "command"
    argv = ["sh", "-c", "echo \"$1\""]
    prompt = "stdin"
    env = { KEY = "sk-live-3" }
    enabled = false
    timeout = "5m"

    [endpoints.fast]
    provider = "openai"
    model = "gpt-4o-mini"
    retry_base_delay = "250ms"

    [endpoints.slow]
    provider = "my script"
    model = "m"
    max_files = 4
"#;

#[test]
fn every_value_that_applies_has_its_origin_and_no_secret_is_shown() {
    let config = with(
        FILE,
        &[("OPENAI_API_KEY", "sk-live-4"), ("TRACE", "sk-live-5")],
    );
    let shown = shown(&config);
    assert!(
        !shown.contains("sk-live") && !shown.contains("pass"),
        "{shown}"
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn what_the_environment_says_has_the_variable_as_its_origin() {
    let file = "[providers.openai]";
    let config = with(
        file,
        &[
            ("OPENAI_API_KEY", "k"),
            ("OPENAI_BASE_URL", "http://u:p@here/v1"),
        ],
    );
    let shown = shown(&config);
    assert!(
        shown.contains("api_key = \"[redacted]\"  # $OPENAI_API_KEY"),
        "{shown}"
    );
    assert!(
        shown.contains("base_url = \"http://[redacted]@here/v1\"  # $OPENAI_BASE_URL"),
        "{shown}"
    );
}

#[test]
fn nothing_configured_shows_the_defaults() {
    let config = Config::load(None, Environment::default()).unwrap();
    insta::assert_snapshot!(shown(&config));
}

#[test]
fn what_is_shown_can_be_read_back() {
    use std::collections::BTreeMap;

    let config = with(FILE, &[]);
    let mut tables: BTreeMap<String, String> = BTreeMap::new();
    for row in config.rows() {
        let line = format!("{} = {}\n", row.key, row.value);
        tables.entry(row.table).or_default().push_str(&line);
    }
    let mut text = String::new();
    for (table, lines) in &tables {
        writeln!(text, "[{table}]\n{lines}").unwrap();
    }
    let again = with(&text, &[]);
    assert_eq!(again.endpoints.len(), config.endpoints.len());
}
