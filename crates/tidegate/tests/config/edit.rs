//! What a change makes of the text.

use std::path::PathBuf;

use tidegate::Secret;
use tidegate::config::edit::{Change, EditError, Edited, NewEndpoint, NewProvider, edit};
use tidegate::config::{Environment, sample};

/// A file being changed.
pub(crate) struct Desk {
    directory: tempfile::TempDir,
}

impl Desk {
    pub(crate) fn with(text: &str) -> Self {
        let desk = Self::empty();
        std::fs::write(desk.path(), text).unwrap();
        desk
    }

    pub(crate) fn empty() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { directory }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("tidegate.toml")
    }

    pub(crate) fn text(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }

    pub(crate) fn edit(&self, change: &Change) -> Result<Edited, EditError> {
        edit(&self.path(), &Environment::default(), change)
    }

    pub(crate) fn done(&self, change: &Change) -> Edited {
        self.edit(change).unwrap_or_else(|error| panic!("{error}"))
    }

    #[track_caller]
    fn refused(&self, change: &Change, says: &[&str]) {
        let before = self.text();
        let error = self.edit(change).unwrap_err().to_string();
        for words in says {
            assert!(error.contains(words), "{words:?} is not in {error:?}");
        }
        assert_eq!(self.text(), before, "nothing is written");
    }
}

pub(crate) fn provider(name: &str) -> Change {
    Change::AddProvider {
        new: NewProvider {
            name: name.into(),
            kind: Some("openai-compatible".into()),
            base_url: Some("https://api.example/v1".into()),
            api_key: Some(Secret::new("${EXAMPLE_KEY}")),
            ..NewProvider::default()
        },
        replace: false,
    }
}

fn endpoint(name: &str, provider: &str) -> Change {
    Change::AddEndpoint {
        new: NewEndpoint {
            name: name.into(),
            provider: provider.into(),
            model: "m-1".into(),
            max_retries: Some(3),
            timeout: Some("1m 30s".parse().unwrap()),
            ..NewEndpoint::default()
        },
        replace: false,
    }
}

fn remove_provider(name: &str, force: bool) -> Change {
    let name = name.into();
    Change::RemoveProvider { name, force }
}

fn remove_endpoint(name: &str) -> Change {
    Change::RemoveEndpoint {
        name: name.into(),
        force: false,
    }
}

#[test]
fn what_is_added_goes_to_the_end_and_every_other_byte_stays() {
    let desk = Desk::with(sample());
    desk.done(&provider("example"));
    let edited = desk.done(&endpoint("mine", "example"));
    assert_eq!(edited.written, ["endpoints.mine"]);
    let added = "\n[providers.example]\ntype = \"openai-compatible\"\nbase_url = \"https://api.example/v1\"\n\
                 api_key = \"${EXAMPLE_KEY}\"\n\n[endpoints.mine]\nprovider = \"example\"\nmodel = \"m-1\"\n\
                 max_retries = 3\ntimeout = \"90s\"\n";
    assert_eq!(desk.text(), format!("{}{added}", sample()));
    assert_eq!(edited.config.endpoints["mine"].provider.value, "example");
}

#[test]
fn what_is_added_and_removed_again_leaves_no_trace() {
    for text in [
        "",
        sample(),
        "# nothing here\n",
        "[providers.openai]\n# last words\n\n# of the file\n",
        "\u{feff}[defaults]\r\n# why\r\nmax_retries = 1\r\n",
        "providers.openai.account = \"a\"\n",
        "[providers]\nopenai = {} # all of it\n",
        "providers = { openai = { api_key = \"${K}\" } } # short\n",
    ] {
        let desk = Desk::with(text);
        desk.done(&provider("example"));
        assert!(
            desk.text()
                .starts_with(text.trim_end_matches(" } # short\n")),
            "{}",
            desk.text()
        );
        desk.done(&remove_provider("example", false));
        assert_eq!(desk.text(), text);
    }
}

#[test]
fn a_table_goes_with_the_comments_that_touch_it_and_no_others() {
    let desk = Desk::with(
        "# The file of the team.\n\n# Ours.\n[providers.openai] # since May\napi_key = \"${A}\" # rotated\n\
         # switched off\n#account = \"team\"\n\n# What follows is mine.\n\n# Mine.\n[endpoints.mine]\n\
         provider = \"openai\"\nmodel = \"m\"\n",
    );
    let edited = desk.done(&remove_provider("openai", true));
    assert_eq!(edited.removed, ["[providers.openai]", "[endpoints.mine]"]);
    assert_eq!(
        desk.text(),
        "# The file of the team.\n\n# What follows is mine.\n"
    );
    let desk = Desk::with(
        "[providers.a]\ntype = \"openai\"\n# About b.\n[providers.b]\ntype = \"openai\"\n",
    );
    desk.done(&remove_provider("a", false));
    assert_eq!(
        desk.text(),
        "# About b.\n[providers.b]\ntype = \"openai\"\n"
    );
}

#[test]
fn a_table_written_anew_keeps_its_place_and_the_comments_of_the_keys_that_stay() {
    let desk = Desk::with(
        "# Ours.\n[providers.example]\n# the old one\naccount = \"x\"\n# by hand\ntype = \"openai\" # yes\n\
         [providers.example.headers]\nA = \"b\"\n\n# Last.\n[defaults]\nmax_retries = 1\n",
    );
    desk.refused(
        &provider("example"),
        &["[providers.example] is there already", "--replace"],
    );
    let Change::AddProvider { new, .. } = provider("example") else {
        unreachable!()
    };
    desk.done(&Change::AddProvider { new, replace: true });
    assert_eq!(
        desk.text(),
        "# Ours.\n[providers.example]\n# by hand\ntype = \"openai-compatible\" # yes\n\
         base_url = \"https://api.example/v1\"\napi_key = \"${EXAMPLE_KEY}\"\n\n# Last.\n[defaults]\nmax_retries = 1\n"
    );
}

#[test]
fn a_provider_that_endpoints_use_stays_unless_forced_and_then_they_go_too() {
    let desk = Desk::with(sample());
    desk.refused(
        &remove_provider("openai", false),
        &[
            "`openai` is needed by [endpoints.fast], [endpoints.careful]",
            "--force",
        ],
    );
    let edited = desk.done(&remove_provider("openai", true));
    let gone = [
        "[providers.openai]",
        "[endpoints.fast]",
        "[endpoints.careful]",
    ];
    assert_eq!(edited.removed, gone);
    assert!(edited.config.warnings[0].contains("default endpoint `fast`"));
    for comment in [
        "#[providers.local]",
        "#[endpoints.offline]",
        "#pacing = \"spaced\"",
    ] {
        assert!(desk.text().contains(comment), "{comment} is gone");
    }
}

#[test]
fn a_change_that_would_make_the_file_wrong_is_refused_with_the_line() {
    let desk = Desk::with("[providers.openai]\n");
    desk.refused(
        &endpoint("mine", "opnai"),
        &[
            "tidegate.toml:4",
            "unknown provider `opnai`",
            "did you mean `openai`",
        ],
    );
    let mut change = provider("local");
    if let Change::AddProvider { new, .. } = &mut change {
        new.base_url = Some("localhost:8080".into());
    }
    desk.refused(&change, &["tidegate.toml:5", "`base_url`", "https://"]);
}

#[test]
fn a_file_that_is_wrong_already_is_left_alone_and_its_own_line_is_told() {
    let desk = Desk::with("[defaults]\nmax_retry = 1\n");
    desk.refused(&provider("example"), &["tidegate.toml:2", "`max_retry`"]);
    let error = desk.edit(&provider("example")).unwrap_err();
    assert!(
        matches!(error, EditError::Unreadable(_)),
        "not the change's fault: {error}"
    );
}

#[test]
fn an_unknown_name_names_the_nearest() {
    let desk = Desk::with(sample());
    desk.refused(
        &remove_endpoint("fats"),
        &["unknown endpoint `fats`, did you mean `fast`?"],
    );
    desk.refused(
        &remove_provider("groq", false),
        &["unknown provider `groq`; there are `openai`"],
    );
}

#[test]
fn a_name_that_must_be_quoted_is() {
    let desk = Desk::empty();
    let edited = desk.done(&provider("my own/one"));
    assert_eq!(edited.written, ["providers.\"my own/one\""]);
    assert!(
        desk.text().starts_with("[providers.\"my own/one\"]\n"),
        "{}",
        desk.text()
    );
    desk.done(&remove_provider("my own/one", false));
    assert_eq!(desk.text(), "");
}
