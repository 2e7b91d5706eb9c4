//! One change to the file, from text to text.

use super::EditError;
use super::draft::Draft;
use super::entry::{Keys, NewEndpoint, NewProvider};
use crate::config::explain::dotted;
use crate::config::nearest::UnknownName;

/// The tables of the file that hold one table per name.
const PROVIDERS: &str = "providers";
const ENDPOINTS: &str = "endpoints";

/// One change to the file.
#[derive(Debug, Clone)]
pub enum Change {
    /// A provider more.
    AddProvider {
        /// The provider.
        new: NewProvider,
        /// Whether one of that name is written anew instead of refused.
        replace: bool,
    },
    /// A provider less.
    RemoveProvider {
        /// Its name.
        name: String,
        /// Whether the endpoints that use it go too.
        force: bool,
    },
    /// An endpoint more.
    AddEndpoint {
        /// The endpoint.
        new: NewEndpoint,
        /// Whether one of that name is written anew instead of refused.
        replace: bool,
    },
    /// An endpoint less.
    RemoveEndpoint {
        /// Its name.
        name: String,
        /// Whether it is taken out of the fallbacks of others too.
        force: bool,
    },
}

/// What a change makes of a text.
#[derive(Debug)]
pub(super) struct Revised {
    pub(super) text: String,
    pub(super) written: Vec<String>,
    pub(super) removed: Vec<String>,
}

impl Change {
    /// What this change makes of a text that can be read.
    pub(super) fn apply(&self, text: &str) -> Result<Revised, EditError> {
        let mut revision = Revision {
            draft: Draft::of(text).map_err(|error| EditError::Unwritable(error.to_string()))?,
            written: Vec::new(),
            removed: Vec::new(),
        };
        match self {
            Self::AddProvider { new, replace } => {
                revision.add(PROVIDERS, &new.name, new.keys(), *replace)?;
            }
            Self::AddEndpoint { new, replace } => {
                revision.add(ENDPOINTS, &new.name, new.keys(), *replace)?;
            }
            Self::RemoveProvider { name, force } => revision.remove_provider(name, *force)?,
            Self::RemoveEndpoint { name, force } => revision.remove_endpoint(name, *force)?,
        }
        Ok(Revised {
            text: revision.draft.into_text(),
            written: revision.written,
            removed: revision.removed,
        })
    }
}

struct Revision {
    draft: Draft,
    written: Vec<String>,
    removed: Vec<String>,
}

impl Revision {
    fn add(
        &mut self,
        section: &str,
        name: &str,
        keys: Keys,
        replace: bool,
    ) -> Result<(), EditError> {
        let table = dotted(&[section, name]);
        if self.draft.has(section, name) {
            if !replace {
                return Err(EditError::Exists { table });
            }
            self.draft.rewrite(section, name, keys);
        } else {
            self.draft.append(section, name, keys);
        }
        self.written.push(table);
        Ok(())
    }

    fn remove_provider(&mut self, name: &str, force: bool) -> Result<(), EditError> {
        self.known("provider", PROVIDERS, name)?;
        let users = self.draft.endpoints_of(name);
        if !users.is_empty() && !force {
            return Err(EditError::InUse {
                what: "provider",
                name: name.to_owned(),
                needed_by: users.iter().map(|user| endpoint(user)).collect(),
                forced: "remove them too",
            });
        }
        self.remove(PROVIDERS, name);
        for user in &users {
            self.remove(ENDPOINTS, user);
        }
        for user in &users {
            self.drop_fallbacks_to(user);
        }
        Ok(())
    }

    fn remove_endpoint(&mut self, name: &str, force: bool) -> Result<(), EditError> {
        self.known("endpoint", ENDPOINTS, name)?;
        let mut users = self.draft.falling_back_to(name);
        users.retain(|user| user != name);
        if !users.is_empty() && !force {
            return Err(EditError::InUse {
                what: "endpoint",
                name: name.to_owned(),
                needed_by: users
                    .iter()
                    .map(|user| format!("the fallbacks of {}", endpoint(user)))
                    .collect(),
                forced: "take it out of them",
            });
        }
        self.remove(ENDPOINTS, name);
        self.drop_fallbacks_to(name);
        Ok(())
    }

    /// Takes an endpoint that is gone out of the fallbacks of others.
    fn drop_fallbacks_to(&mut self, name: &str) {
        for user in self.draft.falling_back_to(name) {
            self.draft.drop_fallback(&user, name);
            let list = dotted(&[ENDPOINTS, &user]);
            self.removed
                .push(format!("`{name}` in the fallbacks of [{list}]"));
        }
    }

    fn remove(&mut self, section: &str, name: &str) {
        self.draft.remove(section, name);
        self.removed.push(format!("[{}]", dotted(&[section, name])));
    }

    fn known(&self, what: &'static str, section: &str, name: &str) -> Result<(), EditError> {
        if self.draft.has(section, name) {
            return Ok(());
        }
        let names = self.draft.names(section);
        let names = names.iter().map(String::as_str);
        Err(UnknownName::new(what, name, names).into())
    }
}

fn endpoint(name: &str) -> String {
    format!("[{}]", dotted(&[ENDPOINTS, name]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
[endpoints.big]
provider = \"p\"
fallbacks = [\"small\", { endpoint = \"other\", on = [\"context_too_long\"] }]
[endpoints.lone]
fallbacks = [\"other\"] # only one
[endpoints.other]
[endpoints.small]
";

    fn remove(force: bool) -> Result<Revised, EditError> {
        let name = "other".to_owned();
        Change::RemoveEndpoint { name, force }.apply(TEXT)
    }

    #[test]
    fn an_endpoint_that_others_fall_back_to_stays_unless_forced() {
        let error = remove(false).unwrap_err().to_string();
        for words in [
            "the fallbacks of [endpoints.big]",
            "[endpoints.lone]",
            "--force",
        ] {
            assert!(error.contains(words), "{error}");
        }
        let revised = remove(true).unwrap();
        assert_eq!(
            revised.text,
            "[endpoints.big]\nprovider = \"p\"\nfallbacks = [\"small\"]\n[endpoints.lone]\n\n[endpoints.small]\n"
        );
        assert_eq!(revised.removed.len(), 3, "{:?}", revised.removed);
    }

    #[test]
    fn fallbacks_are_written_in_their_order() {
        let new = NewEndpoint {
            name: "new".to_owned(),
            fallbacks: vec!["small".to_owned(), "big".to_owned()],
            ..NewEndpoint::default()
        };
        let revised = Change::AddEndpoint {
            new,
            replace: false,
        }
        .apply(TEXT)
        .unwrap();
        assert!(
            revised.text.ends_with("fallbacks = [\"small\", \"big\"]\n"),
            "{}",
            revised.text
        );
    }
}
