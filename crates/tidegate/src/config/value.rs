//! Single values of a file, and what to say of a wrong one.
//!
//! Serde's own words for a wrong value ("invalid type: string, expected u32") are those of a program, and they quote
//! what was found, which may be a key. Every value therefore says itself what would be right, and one that may be
//! secret never repeats what was written.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use tidegate_context::Format;
use tidegate_core::PromptBy;
use tidegate_core::quota::Metering;

use super::delivery::DeliveryMode;
use super::dollars::Dollars;
use super::queue::{Pacing, StoreKind};
use super::template::Template;
use super::time::Time;

/// How every complaint about a value begins. The key is put before it where it is known.
pub(super) const MUST_BE: &str = "must be ";

/// Texts longer than this are cut where they are quoted.
const LONGEST_QUOTED: usize = 40;

/// One value of a file.
#[derive(Debug)]
pub(super) struct Value<T>(pub(super) T);

/// What came of reading: nothing when the kind of value is wrong, or a complaint that begins with [`MUST_BE`] or is a
/// sentence of its own.
type Reading<T> = Option<Result<T, String>>;

/// What a value can be read from.
pub(super) trait Leaf: Sized {
    /// What would be right, after "must be".
    const RIGHT: &'static str;
    /// Whether what was found may be repeated.
    const SECRET: bool = false;

    fn text(_: &str) -> Reading<Self> {
        None
    }

    fn whole(_: i64) -> Reading<Self> {
        None
    }

    fn fraction(_: f64) -> Reading<Self> {
        None
    }

    fn flag(_: bool) -> Reading<Self> {
        None
    }
}

impl<'de, T: Leaf> Deserialize<'de> for Value<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(PhantomData)).map(Self)
    }
}

struct Any<T>(PhantomData<T>);

impl<T: Leaf> Any<T> {
    fn judge<E: de::Error>(reading: Reading<T>, kind: &str, found: &str) -> Result<T, E> {
        let found = if T::SECRET { "" } else { found };
        let gap = if found.is_empty() { "" } else { " " };
        let wrong = || format!("{MUST_BE}{}, found {kind}{gap}{found}", T::RIGHT);
        reading.unwrap_or_else(|| Err(wrong())).map_err(E::custom)
    }
}

impl<'de, T: Leaf> Visitor<'de> for Any<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::RIGHT)
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<T, E> {
        let kind = if T::SECRET { "text" } else { "the text" };
        Self::judge(T::text(value), kind, &quoted(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<T, E> {
        Self::judge(T::whole(value), number(T::SECRET), &value.to_string())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<T, E> {
        let reading = i64::try_from(value).ok().and_then(T::whole);
        Self::judge(reading, number(T::SECRET), &value.to_string())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<T, E> {
        Self::judge(T::fraction(value), number(T::SECRET), &value.to_string())
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<T, E> {
        Self::judge(T::flag(value), if value { "true" } else { "false" }, "")
    }

    fn visit_unit<E: de::Error>(self) -> Result<T, E> {
        Self::judge(None, "nothing", "")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<T, A::Error> {
        Self::judge(None, "a list", "")
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<T, A::Error> {
        Self::judge(None, "a table or a date", "")
    }
}

const fn number(secret: bool) -> &'static str {
    if secret { "a number" } else { "the number" }
}

/// A text as it is quoted in a message: on one line, and cut where it is long.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(LONGEST_QUOTED) {
        Some((at, _)) => format!("{:?}...", &text[..at]),
        None => format!("{text:?}"),
    }
}

impl Leaf for String {
    const RIGHT: &'static str = "text in quotes";

    fn text(value: &str) -> Reading<Self> {
        Some(Ok(value.to_owned()))
    }
}

impl Leaf for Dollars {
    const RIGHT: &'static str = "US dollars for a million tokens: a number from 0";

    fn whole(value: i64) -> Reading<Self> {
        Self::fraction(i32::try_from(value).ok()?.into())
    }

    fn fraction(value: f64) -> Reading<Self> {
        Self::new(value).map(Ok)
    }
}

impl Leaf for Template {
    const RIGHT: &'static str = "text in quotes";
    const SECRET: bool = true;

    fn text(value: &str) -> Reading<Self> {
        Some(Self::parse(value).map_err(|error| format!("cannot be read: {error}")))
    }
}

impl Leaf for bool {
    const RIGHT: &'static str = "true or false";

    fn flag(value: bool) -> Reading<Self> {
        Some(Ok(value))
    }
}

macro_rules! whole {
    ($($type:ty),*) => {
        $(impl Leaf for $type {
            const RIGHT: &'static str = "a whole number";

            fn whole(value: i64) -> Reading<Self> {
                Self::try_from(value).ok().map(Ok)
            }
        })*
    };
}
whole!(u32, u64, usize);

impl Leaf for f64 {
    const RIGHT: &'static str = "a number";

    fn whole(value: i64) -> Reading<Self> {
        i32::try_from(value).ok().map(|value| Ok(value.into()))
    }

    fn fraction(value: f64) -> Reading<Self> {
        Some(Ok(value))
    }
}

impl Leaf for Time {
    const RIGHT: &'static str = "a time such as \"500ms\" or \"2m 30s\"";

    fn text(value: &str) -> Reading<Self> {
        Some(
            value
                .parse()
                .map_err(|error| format!("{MUST_BE}a time with its unit: {error}")),
        )
    }

    fn whole(value: i64) -> Reading<Self> {
        Self::text(&value.to_string())
    }

    fn fraction(value: f64) -> Reading<Self> {
        Self::text(&value.to_string())
    }
}

impl Leaf for PromptBy {
    const RIGHT: &'static str = "\"argument\" or \"stdin\"";

    fn text(value: &str) -> Reading<Self> {
        match value {
            "argument" => Some(Ok(Self::Argument)),
            "stdin" => Some(Ok(Self::Stdin)),
            _ => None,
        }
    }
}

impl Leaf for DeliveryMode {
    const RIGHT: &'static str = "\"live\" or \"whole\"";

    fn text(value: &str) -> Reading<Self> {
        match value {
            "live" => Some(Ok(Self::Live)),
            "whole" => Some(Ok(Self::Whole)),
            _ => None,
        }
    }
}

impl Leaf for StoreKind {
    const RIGHT: &'static str = "\"memory\", \"sqlite\" or \"redis\"";

    fn text(value: &str) -> Reading<Self> {
        let all = [Self::Memory, Self::Sqlite, Self::Redis];
        let known = all.into_iter().find(|kind| kind.to_string() == value);
        known.map(Ok)
    }
}

impl Leaf for Metering {
    const RIGHT: &'static str = "\"bucket\" or \"window\"";

    fn text(value: &str) -> Reading<Self> {
        match value {
            "bucket" => Some(Ok(Self::Bucket)),
            "window" => Some(Ok(Self::Window)),
            _ => None,
        }
    }
}

impl Leaf for Format {
    const RIGHT: &'static str = "\"plain\", \"xml\" or \"markdown\"";

    fn text(value: &str) -> Reading<Self> {
        value.parse().ok().map(Ok)
    }
}

impl Leaf for Pacing {
    const RIGHT: &'static str = "\"adaptive\" or \"spaced\"";

    fn text(value: &str) -> Reading<Self> {
        match value {
            "adaptive" => Some(Ok(Self::Adaptive)),
            "spaced" => Some(Ok(Self::Spaced)),
            _ => None,
        }
    }
}
