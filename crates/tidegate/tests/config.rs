//! What a configuration file means, and what is said of one that means nothing.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot set up its case should fail the test"
)]

#[path = "config/ccw.rs"]
mod ccw;
#[path = "config/edit.rs"]
mod edit;
#[path = "config/edit_place.rs"]
mod edit_place;
#[path = "config/errors.rs"]
mod errors;
#[path = "config/load.rs"]
mod load;
#[path = "config/meaning.rs"]
mod meaning;
#[path = "config/sample.rs"]
mod sample;
#[path = "config/show.rs"]
mod show;

use tidegate::config::{Config, Environment};

/// The configuration a text means, without any variables.
fn config(text: &str) -> Config {
    with(text, &[])
}

/// The configuration a text means, with these variables.
fn with(text: &str, variables: &[(&str, &str)]) -> Config {
    let environment = Environment::of(variables.iter().copied());
    Config::from_toml(text, None, environment).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// What is said of a text that means nothing.
fn error(text: &str) -> String {
    match Config::from_toml(text, None, Environment::default()) {
        Ok(_) => format!("no error: {text}"),
        Err(error) => error.to_string(),
    }
}
