//! Which file is read, and what is said of one that cannot be.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use tidegate::config::{Config, Environment, default_path, locate};

/// A directory with these files, and variables that name it.
struct Home(TempDir);

impl Home {
    fn with(files: &[(&str, &str)]) -> Self {
        let home = Self(TempDir::new().expect("a temporary directory"));
        for (name, text) in files {
            let path = home.0.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            fs::write(path, text).expect("a file");
        }
        home
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn variables(&self, names: &[(&str, &str)]) -> Environment {
        let owned: Vec<_> = names
            .iter()
            .map(|(name, path)| (*name, self.path(path)))
            .collect();
        Environment::of(owned.iter().map(|(name, path)| (*name, path.as_str())))
    }
}

const USERS: &str = ".config/tidegate/tidegate.toml";
const SEEDS: &str = "ccw/config/litellm-api-config.json";
const ALL: &[(&str, &str)] = &[
    ("HOME", "."),
    ("XDG_CONFIG_HOME", "xdg"),
    ("CCW_DATA_DIR", "ccw"),
    ("TIDEGATE_CONFIG", "mine.toml"),
];

#[test]
fn the_nearest_choice_of_a_file_wins() {
    let home = Home::with(&[
        (USERS, ""),
        ("xdg/tidegate/tidegate.toml", ""),
        (SEEDS, "{}"),
    ]);
    let found = |explicit: Option<&str>, without: &[&str]| {
        let variables: Vec<_> = ALL
            .iter()
            .copied()
            .filter(|(name, _)| !without.contains(name))
            .collect();
        locate(explicit.map(Path::new), &home.variables(&variables))
            .map(|path| path.display().to_string())
    };
    assert_eq!(found(Some("given.toml"), &[]).unwrap(), "given.toml");
    assert_eq!(found(None, &[]), Some(home.path("mine.toml")));
    let without = &["TIDEGATE_CONFIG"][..];
    assert_eq!(
        found(None, without),
        Some(home.path("xdg/tidegate/tidegate.toml"))
    );
    let without = &["TIDEGATE_CONFIG", "XDG_CONFIG_HOME"][..];
    assert_eq!(
        found(None, without),
        Some(home.path("./.config/tidegate/tidegate.toml"))
    );
    let without = &["TIDEGATE_CONFIG", "XDG_CONFIG_HOME", "HOME"][..];
    assert_eq!(found(None, without), Some(home.path(SEEDS)));
    let without = &["TIDEGATE_CONFIG", "XDG_CONFIG_HOME", "HOME", "CCW_DATA_DIR"][..];
    assert_eq!(found(None, without), None);
}

#[test]
fn the_users_own_file_goes_before_the_seeds_only_where_it_exists() {
    let home = Home::with(&[(SEEDS, "{}")]);
    let environment = home.variables(&[("HOME", "."), ("CCW_DATA_DIR", "ccw")]);
    assert_eq!(
        locate(None, &environment).unwrap(),
        Path::new(&home.path(SEEDS))
    );
    assert!(default_path(&environment).unwrap().ends_with(USERS));
}

#[test]
fn nothing_is_looked_for_under_the_working_directory() {
    let variables = [
        ("HOME", "."),
        ("XDG_CONFIG_HOME", "config"),
        ("CCW_DATA_DIR", "ccw"),
    ];
    let environment = Environment::of(variables);
    assert_eq!(default_path(&environment), None);
    assert_eq!(locate(None, &environment), None);
}

#[test]
fn without_a_file_there_is_an_empty_configuration() {
    let config = Config::load(None, Environment::of([("OPENAI_API_KEY", "k")])).unwrap();
    assert!(config.endpoints.is_empty());
    assert_eq!(config.environment.get("OPENAI_API_KEY"), Some("k"));
}

#[test]
fn a_file_is_read_as_what_its_name_says() {
    let home = Home::with(&[
        ("a.toml", "[defaults]\nmax_retries = 1"),
        ("b.json", r#"{"defaultEndpoint": "e"}"#),
    ]);
    let toml = Config::load(
        Some(Path::new(&home.path("a.toml"))),
        Environment::default(),
    )
    .unwrap();
    assert_eq!(toml.defaults.retry_policy().max_retries, 1);
    assert!(toml.path.unwrap().ends_with("a.toml"));
    let json = Config::load(
        Some(Path::new(&home.path("b.json"))),
        Environment::default(),
    )
    .unwrap();
    assert_eq!(json.default_endpoint.unwrap().value, "e");
}

#[test]
fn a_file_that_was_named_and_is_not_there_is_an_error_that_says_who_named_it() {
    let home = Home::with(&[]);
    let path = home.path("mine.toml");
    let given = Config::load(Some(Path::new(&path)), Environment::default()).unwrap_err();
    assert_eq!(given.to_string(), format!("{path}: there is no such file"));
    assert!(std::error::Error::source(&given).is_some());
    let environment = home.variables(&[("TIDEGATE_CONFIG", "mine.toml")]);
    let named = Config::load(None, environment).unwrap_err();
    assert_eq!(
        named.to_string(),
        format!("{path}: there is no such file, which $TIDEGATE_CONFIG names")
    );
    assert_eq!(named.place().path.as_ref(), Path::new(&path));
}

#[test]
fn a_file_that_is_no_text_is_an_error() {
    let home = Home::with(&[]);
    let path = home.path("a.toml");
    fs::write(&path, [0xff, 0xfe, 0x00]).unwrap();
    let error = Config::load(Some(Path::new(&path)), Environment::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{path}: the file is not UTF-8 text")
    );
}

#[cfg(unix)]
mod open_to_others {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn warnings(text: &str, mode: u32) -> Vec<String> {
        let home = Home::with(&[("a.toml", text)]);
        let path = home.path("a.toml");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode can be set");
        let config =
            Config::load(Some(Path::new(&path)), Environment::default()).expect("it loads");
        config
            .warnings
            .iter()
            .map(|warning| warning.replace(&path, "FILE"))
            .collect()
    }

    const ADVICE: &str = "in FILE can be read by other users of this machine: chmod 600 FILE";

    #[test]
    fn a_key_that_others_can_read_is_a_warning_with_the_mend() {
        let text = "[providers.openai]\napi_key = \"sk-live\"";
        assert_eq!(
            warnings(text, 0o644),
            [format!("`api_key` of provider `openai` {ADVICE}")]
        );
        assert_eq!(warnings(text, 0o600), [""; 0]);
        let text = "[providers.command]\nargv = [\"a\"]\nenv = { MY_TOKEN = \"x\", MODE = \"y\" }";
        assert_eq!(
            warnings(text, 0o640),
            [format!("`env.MY_TOKEN` of provider `command` {ADVICE}")]
        );
    }

    #[test]
    fn a_file_that_only_names_variables_may_be_read_by_all() {
        let text =
            "[providers.openai]\napi_key = \"${OPENAI_API_KEY}\"\nheaders = { X-Team = \"blue\" }";
        assert_eq!(warnings(text, 0o644), [""; 0]);
    }
}
