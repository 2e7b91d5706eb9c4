//! Taking fields out of JSON, with the name of the field in every error.
//!
//! A value is cut out of the body as text and read where it belongs, so that texts are copied once, and arguments of
//! tools and schemas stay as the client wrote them.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::Refusal;

/// Where in the body a value stands. It is written for errors alone: `messages.0.content`.
#[derive(Clone, Copy)]
pub(super) enum Path<'p> {
    Body,
    Field(&'p Path<'p>, &'p str),
    Item(&'p Path<'p>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parent, name): (_, &dyn fmt::Display) = match self {
            Self::Body => return Ok(()),
            Self::Field(parent, name) => (parent, name),
            Self::Item(parent, index) => (parent, index),
        };
        match parent {
            Self::Body => write!(f, "{name}"),
            _ => write!(f, "{parent}.{name}"),
        }
    }
}

/// The fields of an object that nobody took yet.
pub(super) struct Fields<'b, 'p> {
    fields: BTreeMap<String, &'b RawValue>,
    at: &'p Path<'p>,
}

impl<'b, 'p> Fields<'b, 'p> {
    pub(super) fn of(value: &'b RawValue, at: &'p Path<'p>) -> Result<Self, Refusal> {
        let fields = read(value).ok_or_else(|| Refusal::should_be(at, "an object"))?;
        Ok(Self { fields, at })
    }

    pub(super) fn of_body(body: &'b [u8]) -> Result<Self, Refusal> {
        Ok(Self {
            fields: serde_json::from_slice(body).map_err(|_| Refusal::not_json())?,
            at: &Path::Body,
        })
    }

    /// Takes a field out; null is as good as none.
    pub(super) fn take<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&'b RawValue, &Path<'_>) -> Result<T, Refusal>,
    ) -> Result<Option<T>, Refusal> {
        let value = self.fields.remove(name);
        let value = value.filter(|value| value.get() != "null");
        let at = Path::Field(self.at, name);
        value.map(|value| read(value, &at)).transpose()
    }

    /// Takes a field out that must be there.
    pub(super) fn need<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&'b RawValue, &Path<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let missing = || Refusal::missing(&Path::Field(self.at, name));
        self.take(name, read)?.ok_or_else(missing)
    }

    /// What nobody took, without the nulls.
    pub(super) fn rest(self) -> Result<Map<String, Value>, Refusal> {
        let given = self
            .fields
            .into_iter()
            .filter(|(_, raw)| raw.get() != "null");
        let value = |(name, raw): (String, &RawValue)| {
            let read = json(raw, &Path::Field(self.at, &name))?;
            Ok((name, read))
        };
        given.map(value).collect()
    }

    /// Refuses what nobody took, but for fields that change nothing of what is asked.
    pub(super) fn done(self, harmless: &[&str]) -> Result<(), Refusal> {
        let rest = self.fields.into_iter().find(|(name, value)| {
            !harmless.contains(&name.as_str()) && !["null", "false"].contains(&value.get())
        });
        match rest {
            Some((name, _)) => Err(Refusal::unsupported(&Path::Field(self.at, &name), "it")),
            None => Ok(()),
        }
    }
}

fn read<'b, T: Deserialize<'b>>(value: &'b RawValue) -> Option<T> {
    serde_json::from_str(value.get()).ok()
}

pub(super) fn text(value: &RawValue, at: &Path<'_>) -> Result<String, Refusal> {
    read(value).ok_or_else(|| Refusal::should_be(at, "a valid string"))
}

pub(super) fn flag(value: &RawValue, at: &Path<'_>) -> Result<bool, Refusal> {
    read(value).ok_or_else(|| Refusal::should_be(at, "a valid boolean"))
}

pub(super) fn number(value: &RawValue, at: &Path<'_>) -> Result<f64, Refusal> {
    read(value).ok_or_else(|| Refusal::should_be(at, "a valid number"))
}

/// A count that fits.
pub(super) fn whole(value: &RawValue, at: &Path<'_>) -> Result<u32, Refusal> {
    read(value).ok_or_else(|| Refusal::should_be(at, "a valid integer"))
}

pub(super) fn json(value: &RawValue, at: &Path<'_>) -> Result<Value, Refusal> {
    read(value).ok_or_else(|| Refusal::should_be(at, "valid JSON"))
}

pub(super) fn list<'b, T>(
    value: &'b RawValue,
    at: &Path<'_>,
    mut each: impl FnMut(&'b RawValue, &Path<'_>) -> Result<T, Refusal>,
) -> Result<Vec<T>, Refusal> {
    let items: Vec<&RawValue> =
        read(value).ok_or_else(|| Refusal::should_be(at, "a valid list"))?;
    let items = items.into_iter().enumerate();
    items
        .map(|(index, item)| each(item, &Path::Item(at, index)))
        .collect()
}

/// Whether a value is a string: most things that are lists may be one.
pub(super) fn is_text(value: &RawValue) -> bool {
    value.get().starts_with('"')
}
