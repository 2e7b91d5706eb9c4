//! Secrets that stand in a file as they are, which nobody but its owner should be able to read then.

use super::Config;
use super::origin::Sourced;
use super::template::Template;

/// The first secret that stands in the file itself, by the key it is under.
pub(super) fn secret(config: &Config) -> Option<String> {
    of_providers(config).or_else(|| of_queue(config))
}

fn of_queue(config: &Config) -> Option<String> {
    let named = [
        ("url", &config.queue.url),
        ("hash_key", &config.queue.hash_key),
    ];
    let literal = |value: &Option<Sourced<Template>>| {
        value
            .as_ref()
            .is_some_and(|value| value.value.has_literal())
    };
    // An address without a password is none.
    let bears = |name: &str, value: &Option<Sourced<Template>>| {
        name != "url"
            || value
                .as_ref()
                .is_some_and(|url| url.value.raw().contains('@'))
    };
    let (name, _) = named
        .into_iter()
        .find(|(name, value)| literal(value) && bears(name, value))?;
    Some(format!("`{name}` in [queue]"))
}

fn of_providers(config: &Config) -> Option<String> {
    config.providers.values().find_map(|provider| {
        let key = provider
            .api_key
            .iter()
            .map(|key| ("api_key".to_owned(), key));
        let headers = provider
            .headers
            .iter()
            .map(|(name, value)| (format!("headers.{name}"), value));
        let env = provider
            .env
            .iter()
            .map(|(name, value)| (format!("env.{name}"), value));
        let named = headers.chain(env).filter(|(name, _)| names_secret(name));
        let (name, _) = key
            .chain(named)
            .find(|(_, value)| value.value.has_literal())?;
        Some(format!("`{name}` of provider `{}`", provider.name))
    })
}

fn names_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["key", "token", "secret", "password", "authorization"]
        .iter()
        .any(|word| name.contains(word))
}
