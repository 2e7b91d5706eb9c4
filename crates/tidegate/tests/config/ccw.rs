//! The seed's file, read as it is.

use std::time::Duration;

use tidegate::config::{Config, Environment, Origin};

/// What the seed's own suite writes, word for word.
const SEED: &str = r#"{
  "version": 1,
  "providers": [
    {
      "id": "prov-1",
      "name": "Provider 1",
      "type": "openai",
      "apiKey": "sk-test",
      "enabled": true,
      "createdAt": "1970-01-01T00:00:00.000Z",
      "updatedAt": "1970-01-01T00:00:00.000Z"
    }
  ],
  "endpoints": [
    {
      "id": "ep-1",
      "name": "Endpoint 1",
      "providerId": "prov-1",
      "model": "gpt-4o",
      "cacheStrategy": {
        "enabled": false,
        "ttlMinutes": 60,
        "maxSizeKB": 8,
        "filePatterns": []
      },
      "enabled": true,
      "createdAt": "1970-01-01T00:00:00.000Z",
      "updatedAt": "1970-01-01T00:00:00.000Z"
    }
  ],
  "globalCacheSettings": {
    "enabled": true,
    "cacheDir": "~/.ccw/cache/context",
    "maxTotalSizeMB": 100
  }
}"#;

fn read(text: &str) -> Config {
    let environment = Environment::of([("HOME", "/home/ada"), ("KEY", "sk-env")]);
    Config::from_ccw_json(text, None, environment).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn error(text: &str) -> String {
    match Config::from_ccw_json(text, None, Environment::default()) {
        Ok(_) => format!("no error: {text}"),
        Err(error) => error.to_string(),
    }
}

/// One provider `p` with these fields, and what it was read as.
fn provider(fields: &str) -> Config {
    read(&format!(r#"{{"providers": [{{"id": "p", {fields}}}]}}"#))
}

fn base_url(config: &Config) -> Option<String> {
    let url = config.providers["p"].base_url.as_ref()?;
    url.value.resolve(&config.environment).ok()
}

fn key(config: &Config, provider: &str) -> Option<String> {
    let key = config.providers[provider].api_key.as_ref()?;
    key.value.resolve(&config.environment).ok()
}

#[test]
fn the_seeds_own_file_means_the_same() {
    let config = read(SEED);
    assert_eq!(config.warnings, [""; 0]);
    let provider = &config.providers["prov-1"];
    assert_eq!(provider.kind.value, "openai");
    assert_eq!(provider.kind.origin.to_string(), "litellm-api-config.json");
    assert_eq!(key(&config, "prov-1").unwrap(), "sk-test");
    let endpoint = &config.endpoints["ep-1"];
    assert_eq!(
        (
            endpoint.provider.value.as_str(),
            endpoint.model.value.as_str()
        ),
        ("prov-1", "gpt-4o")
    );
    assert_eq!(endpoint.settings.retry_policy().max_retries, 0);
    assert_eq!(endpoint.context.max_file_bytes, None);
    assert_eq!(
        endpoint.context.cache_ttl.as_ref().unwrap().value.0,
        Duration::from_secs(3600)
    );
    assert_eq!(
        config.cache.max_total_bytes.unwrap().value,
        100 * 1024 * 1024
    );
    assert_eq!(
        config.cache.dir.unwrap().value.to_str().unwrap(),
        "/home/ada/.ccw/cache/context"
    );
}

#[test]
fn an_empty_file_and_one_of_another_time_are_read() {
    assert!(read("{}").providers.is_empty());
    let config = read(
        r#"{"providers": null, "endpoints": [], "version": 7, "embeddingPoolConfig": {"x": [1]}}"#,
    );
    assert!(config.endpoints.is_empty());
}

#[test]
fn each_type_speaks_what_it_speaks_there() {
    for (kind, wanted, url) in [
        ("openai", "openai", None),
        (
            "deepseek",
            "openai-compatible",
            Some("https://api.deepseek.com/v1"),
        ),
        (
            "mistral",
            "openai-compatible",
            Some("https://api.mistral.ai/v1"),
        ),
        (
            "ollama",
            "openai-compatible",
            Some("http://localhost:11434/v1"),
        ),
    ] {
        let config = provider(&format!(r#""type": "{kind}""#));
        assert_eq!(config.providers["p"].kind.value, wanted);
        assert_eq!(base_url(&config).as_deref(), url, "{kind}");
        assert_eq!(config.warnings, [""; 0]);
        let config = provider(&format!(r#""type": "{kind}", "apiBase": "https://own/v1""#));
        assert_eq!(base_url(&config).unwrap(), "https://own/v1");
    }
    let config = provider(r#""type": "custom", "apiBase": "http://lan:4000/v1""#);
    assert_eq!(config.providers["p"].kind.value, "openai-compatible");
}

#[test]
fn a_base_url_nobody_chose_is_a_default() {
    let config = provider(r#""type": "deepseek", "apiBase": """#);
    assert_eq!(
        config.providers["p"].base_url.as_ref().unwrap().origin,
        Origin::Default
    );
}

#[test]
fn a_type_this_version_does_not_speak_is_kept_with_a_warning() {
    for kind in ["anthropic", "azure", "google", "bedrock"] {
        let config = provider(&format!(r#""type": "{kind}""#));
        assert_eq!(config.providers["p"].kind.value, kind);
        let warning = format!(
            "litellm-api-config.json: provider `p` has the type `{kind}`, which this version does not speak"
        );
        assert_eq!(config.warnings, [warning]);
        let config = provider(&format!(r#""type": "{kind}", "enabled": false"#));
        assert_eq!(config.warnings, [""; 0]);
    }
}

#[test]
fn the_first_enabled_key_of_the_list_goes_before_the_single_one() {
    let keys = r#""type": "openai", "apiKey": "single", "apiKeys": "#;
    let config = provider(&format!(
        r#"{keys}[{{"key": "a", "enabled": false}}, {{"key": "${{KEY}}", "weight": 2}}]"#
    ));
    assert_eq!(key(&config, "p").unwrap(), "sk-env");
    assert_eq!(config.warnings, [""; 0]);
    let config = provider(&format!(r"{keys}[]"));
    assert_eq!(key(&config, "p").unwrap(), "single");
    let config = provider(&format!(r#"{keys}[{{"key": "a"}}, {{"key": "b"}}]"#));
    assert_eq!(key(&config, "p").unwrap(), "a");
    assert_eq!(
        config.warnings,
        ["litellm-api-config.json: provider `p` has 2 keys: this version uses the first alone"]
    );
}

#[test]
fn advanced_settings_are_used_or_said_not_to_be() {
    let config = provider(
        r#""type": "openai", "advancedSettings": {"timeout": 90.5, "maxRetries": 4, "organization": "org-1",
           "customHeaders": {"X-A": "${KEY}", "X-B": null}, "rpm": 60, "proxy": "http://p"}"#,
    );
    let provider = &config.providers["p"];
    assert_eq!(
        provider.settings.timeout.as_ref().unwrap().value.0,
        Duration::from_millis(90_500)
    );
    assert_eq!(provider.settings.retry_policy().max_retries, 4);
    assert_eq!(
        provider.headers.keys().collect::<Vec<_>>(),
        ["OpenAI-Organization", "X-A"]
    );
    let proxy = provider
        .proxy
        .as_ref()
        .unwrap()
        .value
        .resolve(&config.environment);
    assert_eq!(proxy.unwrap(), "http://p");
    assert_eq!(
        config.warnings,
        ["litellm-api-config.json: `rpm` of provider `p` is not used yet"]
    );
}

#[test]
fn an_enabled_cache_strategy_bounds_what_is_packed() {
    let config = read(
        r#"{"providers": [{"id": "p", "type": "openai"}], "endpoints": [{"id": "e", "providerId": "p", "model": "m",
           "cacheStrategy": {"enabled": true, "ttlMinutes": 5, "maxSizeKB": 512, "filePatterns": ["*.md"]}}]}"#,
    );
    let context = &config.endpoints["e"].context;
    assert_eq!(context.max_file_bytes.as_ref().unwrap().value, 512 * 1024);
    assert_eq!(context.max_total_bytes.as_ref().unwrap().value, 512 * 1024);
    assert_eq!(context.file_patterns.as_ref().unwrap().value, ["*.md"]);
}

#[test]
fn disabled_entries_are_kept_and_the_first_of_two_wins() {
    let config = read(
        r#"{"providers": [{"id": "p", "type": "openai", "enabled": false}, {"id": "p", "type": "custom", "apiBase": "http://x"}],
            "endpoints": [{"id": "e", "providerId": "gone", "model": "m", "enabled": false}]}"#,
    );
    assert!(!config.providers["p"].enabled && !config.endpoints["e"].enabled);
    assert_eq!(config.providers["p"].kind.value, "openai");
    assert_eq!(
        config.warnings,
        ["litellm-api-config.json: provider `p` is there twice: the first one is used"]
    );
}

#[test]
fn mistakes_are_told_with_their_place_and_what_to_do() {
    for (text, wanted) in [
        (
            "{\"providers\": [",
            ":1:15: the file ends too early: it was probably cut off while it was written; save it again",
        ),
        (
            "",
            ":1: the file ends too early: it was probably cut off while it was written; save it again",
        ),
        (
            "{\n  \"version\": 1,\n}",
            ":3:1: not JSON: trailing comma; mend it here, or save it again from the program that writes it",
        ),
        (
            "{\"providers\": [{\"id\": \"p\",\n \"type\": \"openai\",\n \"advancedSettings\": {\"maxRetries\": \"three\"}}]}",
            ":3:43: `maxRetries` must be a whole number, found the text \"three\"",
        ),
        ("{\"providers\": {}}", ":1:14: `providers` must be a list"),
        (
            "{\"providers\": [3]}",
            ":1:16: `providers` must be an object",
        ),
        ("[]", ":1:2: this value must be an object"),
        (
            "{\"providers\": [{\"type\": \"openai\"}]}",
            ": providers[0] has no `id`: endpoints need one to name it by",
        ),
        (
            "{\"providers\": [{\"id\": \"p\"}]}",
            ": provider `p` has no `type`, such as \"openai\"",
        ),
        (
            "{\"providers\": [{\"id\": \"p\", \"type\": \"custom\"}]}",
            ": provider `p` has the type `custom` and needs an `apiBase`",
        ),
        (
            "{\"providers\": [{\"id\": \"p\", \"type\": \"openai\", \"apiBase\": \"lan:4000\"}]}",
            ": `apiBase` in provider `p` must begin with https:// or http://",
        ),
        (
            "{\"providers\": [{\"id\": \"p\", \"type\": \"openai\", \"advancedSettings\": {\"timeout\": -1}}]}",
            ": `timeout` of provider `p` must be a number of seconds, found -1",
        ),
        (
            "{\"providers\": [{\"id\": \"prov-1\", \"type\": \"openai\"}], \"endpoints\": [{\"id\": \"e\", \"providerId\": \
             \"prov1\", \"model\": \"m\"}]}",
            ": unknown provider `prov1` in endpoint `e`, did you mean `prov-1`?",
        ),
        (
            "{\"endpoints\": [{\"id\": \"e\"}]}",
            ": endpoint `e` has no `providerId`",
        ),
    ] {
        assert_eq!(
            error(text),
            format!("litellm-api-config.json{wanted}"),
            "\n{text}"
        );
    }
}

#[test]
fn no_error_repeats_what_may_be_a_key() {
    for text in [
        r#"{"providers": [{"id": "p", "apiKey": 123456789}]}"#,
        r#"{"providers": [{"id": "p", "apiKey": "sk-123456789${"}]}"#,
        r#"{"providers": "sk-123456789"}"#,
        r#"{"providers": [{"apiKeys": ["sk-123456789"]}]}"#,
        r#"{"providers": [{"apiKey": sk-123456789}]}"#,
    ] {
        assert!(!error(text).contains("123456789"), "{}", error(text));
    }
}
