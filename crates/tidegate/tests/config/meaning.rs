//! What a file that is understood means.

use std::path::Path;
use std::time::Duration;

use tidegate::config::{Origin, Pacing, Sourced};
use tidegate_context::{Format, Layout, PackOptions};
use tidegate_core::PromptBy;

use crate::{config, with};

const FULL: &str = r#"
    [defaults]
    endpoint = "fast"
    max_retries = 2

    [providers.groq]
    type = "openai-compatible"
    base_url = "https://api.groq.com/openai/v1"
    api_key = "${GROQ_API_KEY}"
    account = "team"
    limit_group = "all"
    headers = { X-Team = "blue" }
    retry_base_delay = "1.5s"

    [providers.script]
    type = "command"
    preset = "ccw-litellm"
    prompt = "stdin"
    [providers.script.env]
    KEY = "${KEY:-none}"

    [endpoints.fast]
    provider = "groq"
    model = "${MODEL:-llama-3.3}"
    system = "Be ${kind}."
    timeout = "2m 30s"
    max_files = 3

    [endpoints.local]
    provider = "script"
    model = "m"
    enabled = false

    [queue]
    pacing = "spaced"
"#;

fn value<T>(sourced: Option<&Sourced<T>>) -> Option<&T> {
    sourced.map(|sourced| &sourced.value)
}

fn origin(line: usize) -> Origin {
    Origin::File {
        path: Path::new("tidegate.toml").into(),
        line: Some(line),
    }
}

#[test]
fn an_empty_file_is_an_empty_configuration() {
    let config = config("");
    assert!(
        config.providers.is_empty() && config.endpoints.is_empty() && config.warnings.is_empty()
    );
    assert_eq!(config.path, None);
}

#[test]
fn a_provider_means_what_its_table_says() {
    let config = with(FULL, &[("GROQ_API_KEY", "gsk-1")]);
    let groq = &config.providers["groq"];
    assert_eq!(
        groq.kind,
        Sourced::new("openai-compatible".to_owned(), origin(7))
    );
    let key = groq.api_key.as_ref().unwrap();
    assert_eq!(key.value.resolve(&config.environment).unwrap(), "gsk-1");
    assert_eq!(key.origin, origin(9));
    assert_eq!(value(groq.account.as_ref()).unwrap(), "team");
    assert_eq!(value(groq.limit_group.as_ref()).unwrap(), "all");
    assert_eq!(groq.headers["X-Team"].origin, origin(12));
    let delay = value(groq.settings.retry_base_delay.as_ref()).unwrap();
    assert_eq!(delay.0, Duration::from_millis(1500));
}

#[test]
fn a_preset_is_its_argument_list() {
    let script = &config(FULL).providers["script"];
    let argv = script.argv.as_ref().unwrap();
    assert_eq!(argv.value[..4], ["python", "-m", "ccw_litellm.cli", "chat"]);
    assert_eq!(argv.origin, origin(17));
    assert_eq!(value(script.prompt.as_ref()), Some(&PromptBy::Stdin));
    assert!(script.env.contains_key("KEY"));
}

#[test]
fn an_endpoint_means_what_its_table_says() {
    let config = with(FULL, &[("MODEL", "other")]);
    let fast = &config.endpoints["fast"];
    assert_eq!(fast.provider, Sourced::new("groq".to_owned(), origin(23)));
    assert_eq!(fast.model, Sourced::new("other".to_owned(), origin(24)));
    assert_eq!(value(fast.system.as_ref()).unwrap(), "Be ${kind}.");
    assert_eq!(value(fast.context.max_files.as_ref()), Some(&3));
    assert!(fast.enabled && !config.endpoints["local"].enabled);
    assert_eq!(
        config.default_endpoint,
        Some(Sourced::new("fast".to_owned(), origin(3)))
    );
    assert_eq!(value(config.queue.pacing.as_ref()), Some(&Pacing::Spaced));
}

#[test]
fn a_model_nobody_named_is_its_default() {
    assert_eq!(config(FULL).endpoints["fast"].model.value, "llama-3.3");
}

#[test]
fn a_name_that_is_a_type_needs_no_type() {
    let config = config("\n[providers.openai]\napi_key = \"k\"");
    assert_eq!(
        config.providers["openai"].kind,
        Sourced::new("openai".to_owned(), origin(2))
    );
}

#[test]
fn an_endpoint_may_ask_a_provider_that_works_unconfigured() {
    let config = config("[endpoints.a]\nprovider = \"openai\"\nmodel = \"gpt-4o\"");
    assert!(config.endpoints.contains_key("a"));
}

#[test]
fn a_disabled_endpoint_may_name_a_provider_that_is_gone() {
    let config = config("[endpoints.a]\nprovider = \"gone\"\nmodel = \"m\"\nenabled = false");
    assert!(!config.endpoints["a"].enabled);
}

#[test]
fn zero_delays_and_whole_jitter_are_fine() {
    let config = config("[defaults]\nretry_base_delay = \"0s\"\nretry_jitter = 1");
    let backoff = config.defaults.retry_policy().backoff;
    assert_eq!(backoff.delay(4, 0.0), Duration::ZERO);
}

#[test]
fn directories_are_meant_from_home_and_from_the_file() {
    use tidegate::config::{Config, Environment};

    let text =
        "[context]\ninclude_dirs = [\"~/notes\", \"shared\", \"/srv\", \"${EXTRA}/x\", \"~other\"]";
    let environment = Environment::of([("HOME", "/home/ada"), ("EXTRA", "/extra")]);
    let config =
        Config::from_toml(text, Some(Path::new("/etc/tidegate/t.toml")), environment).unwrap();
    let options = config.context.into_options(PackOptions::new("."));
    let wanted = [
        "/home/ada/notes",
        "/etc/tidegate/shared",
        "/srv",
        "/extra/x",
        "/etc/tidegate/~other",
    ];
    assert_eq!(
        options.include_dirs,
        wanted.map(Into::<std::path::PathBuf>::into)
    );
    assert_eq!(options.max_files, PackOptions::DEFAULT_MAX_FILES);
}

#[test]
fn an_endpoints_context_goes_before_that_of_all() {
    let config = config(
        "[context]\nmax_files = 9\nmax_file_bytes = 5\n[endpoints.a]\nprovider = \"openai\"\nmodel = \"m\"\nmax_files = 1",
    );
    let context = config.endpoints["a"].context.clone().or(&config.context);
    let options = context.into_options(PackOptions::new("."));
    assert_eq!((options.max_files, options.max_file_bytes), (1, 5));
}

#[test]
fn how_packed_files_are_written_is_a_setting() {
    let config = config("[context]\nformat = \"xml\"\nsizes = true\nstrict = true");
    let layout = Layout::from(&config.context);
    assert_eq!(
        (layout.format, layout.sizes, layout.times),
        (Format::Xml, true, false)
    );
    assert!(config.context.into_options(PackOptions::new(".")).strict);
}

#[test]
fn what_is_probably_not_meant_is_a_warning() {
    let text = "[defaults]\nendpoint = \"fst\"\n[providers.a]\ntype = \"openai-compatible\"\nbase_url = \
                \"https://x/v1/chat/completions\"\n[endpoints.fast]\nprovider = \"a\"\nmodel = \"m\"";
    assert_eq!(
        config(text).warnings,
        [
            "tidegate.toml:5: `base_url` in [providers.a] should end before /chat/completions, which is added to it",
            "tidegate.toml:2: the default endpoint `fst` is not configured, did you mean `fast`?",
        ]
    );
    for endpoint in ["demo", "openai/gpt-4o"] {
        assert_eq!(
            config(&format!("[defaults]\nendpoint = \"{endpoint}\"")).warnings,
            [""; 0]
        );
    }
}

#[test]
fn a_file_from_an_editor_that_marks_its_beginning_is_read() {
    let config = config("\u{feff}[defaults]\r\nmax_retries = 3\r\n");
    assert_eq!(
        config.defaults.max_retries,
        Some(Sourced::new(3, origin(2)))
    );
}

#[test]
fn debug_of_a_configuration_hides_what_is_secret() {
    let text = "[providers.openai]\napi_key = \"sk-live-1\"\nheaders = { A = \"sk-live-2\" }\n[providers.command]\nargv = \
                [\"a\"]\nenv = { K = \"${K:-sk-live-3}\" }";
    let shown = format!("{:#?}", with(text, &[("OPENAI_API_KEY", "sk-live-4")]));
    assert!(!shown.contains("sk-live"), "{shown}");
    assert!(shown.contains("OPENAI_API_KEY"));
}
