//! The sample that `tidegate config init` writes.

use tidegate::config::{self, Settings};

use crate::config;

/// The sample with everything in it switched on.
fn switched_on() -> String {
    let on = |line: &str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => {
            rest.to_owned()
        }
        _ => line.to_owned(),
    };
    config::sample()
        .lines()
        .map(on)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_sample_loads_without_a_word() {
    let config = config(config::sample());
    assert_eq!(config.warnings, [""; 0]);
    assert_eq!(
        config.endpoints.keys().collect::<Vec<_>>(),
        ["careful", "fast"]
    );
}

#[test]
fn everything_switched_off_in_the_sample_can_be_switched_on() {
    let config = config(&switched_on());
    assert_eq!(config.warnings, [""; 0]);
    assert_eq!(
        config.providers.keys().collect::<Vec<_>>(),
        ["anthropic", "local", "openai", "script"]
    );
    assert!(config.endpoints.contains_key("offline"));
}

#[test]
fn the_sample_names_every_setting() {
    let on = switched_on();
    let missing: Vec<_> = Settings::NAMES
        .iter()
        .filter(|name| !on.contains(&format!("\n{name} = ")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_reference_names_every_setting() {
    let reference = include_str!("../../../../docs/reference/configuration.md");
    let missing: Vec<_> = Settings::NAMES
        .iter()
        .filter(|name| !reference.contains(&format!("`{name}`")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
