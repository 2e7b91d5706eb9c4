//! The list of an endpoint's fallbacks: names, and tables where a name is not enough.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use tidegate_core::{Condition, Conditions};

use super::super::nearest::hint;
use super::super::value::MUST_BE;

/// What an entry may be.
const RIGHT: &str = "an endpoint's name or { endpoint = \"name\", on = [\"context_too_long\"] }";

/// One entry of `fallbacks`.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) endpoint: String,
    pub(super) on: Option<Conditions>,
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl Any {
    fn wrong<T, E: de::Error>(found: impl fmt::Display) -> Result<T, E> {
        Err(E::custom(format!(
            "{MUST_BE}a list of {RIGHT}, found {found}"
        )))
    }
}

impl<'de> Visitor<'de> for Any {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(RIGHT)
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Entry, E> {
        Ok(Entry {
            endpoint: name.to_owned(),
            on: None,
        })
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Entry, E> {
        Self::wrong(format_args!("the number {value}"))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Entry, E> {
        Self::wrong(format_args!("the number {value}"))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Entry, E> {
        Self::wrong(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Entry, A::Error> {
        Self::wrong("a list in the list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
        let (mut endpoint, mut on) = (None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "endpoint" => endpoint = Some(map.next_value::<String>()?),
                "on" => on = Some(conditions(&map.next_value::<Vec<String>>()?)?),
                other => return Self::wrong(format_args!("the key `{other}`")),
            }
        }
        match endpoint {
            Some(endpoint) => Ok(Entry { endpoint, on }),
            None => Self::wrong("a table without `endpoint`"),
        }
    }
}

fn conditions<E: de::Error>(words: &[String]) -> Result<Conditions, E> {
    if words.is_empty() {
        return Err(E::custom(
            "has an `on` without a condition: name one, or leave `on` out for all but `content_filtered`",
        ));
    }
    let known = || Condition::ALL.iter().map(|(_, word)| *word);
    let read = |word: &String| {
        word.parse::<Condition>().map_err(|_| {
            let hint = hint(word, known(), "there are");
            E::custom(format!(
                "has an `on` with the unknown condition `{word}`{hint}"
            ))
        })
    };
    words.iter().map(read).collect()
}
