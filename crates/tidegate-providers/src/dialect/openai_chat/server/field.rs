//! Taking fields out of JSON, with the name of the field in every error.

use std::fmt;

use serde_json::{Map, Value};

use super::Refusal;

/// Where a value stands. Costs nothing until it is shown.
#[derive(Clone, Copy)]
pub(super) enum Path<'p> {
    Root,
    Key(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(Self::Root, key) => f.write_str(key),
            Self::Key(parent, key) => write!(f, "{parent}.{key}"),
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// An object under way, and where it stands.
pub(super) struct Fields<'p> {
    pub(super) at: &'p Path<'p>,
    map: Map<String, Value>,
}

impl<'p> Fields<'p> {
    pub(super) fn of(value: Value, at: &'p Path<'p>) -> Result<Self, Refusal> {
        match value {
            Value::Object(map) => Ok(Self { at, map }),
            other => Err(Refusal::wrong_type(at, "an object", kind(&other))),
        }
    }

    /// Takes a field out; null is as good as none.
    pub(super) fn take<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(Value, &Path<'_>) -> Result<T, Refusal>,
    ) -> Result<Option<T>, Refusal> {
        match self.map.remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(value, &Path::Key(self.at, key)).map(Some),
        }
    }

    /// Takes a field out that must be there.
    pub(super) fn need<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(Value, &Path<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        self.take(key, read)?
            .ok_or_else(|| Refusal::missing(&Path::Key(self.at, key)))
    }

    /// Takes the string out that says which kind of object it is.
    pub(super) fn kind(&mut self) -> Result<String, Refusal> {
        self.need("type", text)
    }

    /// What nobody took, without the nulls.
    pub(super) fn rest(mut self) -> Map<String, Value> {
        self.map.retain(|_, value| !value.is_null());
        self.map
    }
}

pub(super) fn text(value: Value, at: &Path<'_>) -> Result<String, Refusal> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(Refusal::wrong_type(at, "a string", kind(&other))),
    }
}

pub(super) fn list<T>(
    value: Value,
    at: &Path<'_>,
    mut read: impl FnMut(Value, &Path<'_>) -> Result<T, Refusal>,
) -> Result<Vec<T>, Refusal> {
    let Value::Array(items) = value else {
        return Err(Refusal::wrong_type(at, "an array", kind(&value)));
    };
    let items = items.into_iter().enumerate();
    items
        .map(|(index, item)| read(item, &Path::Index(at, index)))
        .collect()
}

#[expect(clippy::needless_pass_by_value, reason = "a reader takes its value")]
pub(super) fn flag(value: Value, at: &Path<'_>) -> Result<bool, Refusal> {
    value
        .as_bool()
        .ok_or_else(|| Refusal::wrong_type(at, "a boolean", kind(&value)))
}

#[expect(clippy::needless_pass_by_value, reason = "a reader takes its value")]
pub(super) fn number(value: Value, at: &Path<'_>) -> Result<f64, Refusal> {
    value
        .as_f64()
        .ok_or_else(|| Refusal::wrong_type(at, "a number", kind(&value)))
}

/// A whole number of whatever size is wanted.
#[expect(clippy::needless_pass_by_value, reason = "a reader takes its value")]
pub(super) fn whole<N: TryFrom<i64>>(value: Value, at: &Path<'_>) -> Result<N, Refusal> {
    if !value.is_number() {
        return Err(Refusal::wrong_type(at, "an integer", kind(&value)));
    }
    let number = value.as_i64().and_then(|number| N::try_from(number).ok());
    number.ok_or_else(|| Refusal::wrong_value(at, "an integer within bounds"))
}

/// What a value is, in the words of errors.
pub(super) const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
