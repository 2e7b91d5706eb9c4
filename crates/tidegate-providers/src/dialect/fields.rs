//! The fields of a body, written as they come.
//!
//! Every dialect owes its callers the same two things: a parameter Tidegate has no word for passes through, and what the
//! caller wrote himself wins over what was derived. They are kept here, once.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// Derived fields first, each unless the caller gives it himself; then what he gives, unless it is `null`.
pub(super) struct Fields<'r, M> {
    map: M,
    extra: &'r Map<String, Value>,
    merged: Option<&'static str>,
}

impl<'r, M: SerializeMap> Fields<'r, M> {
    pub(super) fn of<S>(serializer: S, extra: &'r Map<String, Value>) -> Result<Self, S::Error>
    where
        S: Serializer<SerializeMap = M>,
    {
        let map = serializer.serialize_map(None)?;
        Ok(Self {
            map,
            extra,
            merged: None,
        })
    }

    pub(super) fn add<T: Serialize + ?Sized>(
        &mut self,
        name: &str,
        value: &T,
    ) -> Result<(), M::Error> {
        if self.extra.contains_key(name) {
            return Ok(());
        }
        self.map.serialize_entry(name, value)
    }

    pub(super) fn add_some<T: Serialize>(
        &mut self,
        name: &str,
        value: Option<T>,
    ) -> Result<(), M::Error> {
        value.map_or(Ok(()), |value| self.add(name, &value))
    }

    /// Adds a field that already holds what the caller wrote under that name.
    pub(super) fn add_merged<T: Serialize>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), M::Error> {
        self.merged = Some(name);
        self.map.serialize_entry(name, value)
    }

    pub(super) fn end(mut self) -> Result<M::Ok, M::Error> {
        let merged = self.merged;
        let given =
            |(name, value): &(&String, &Value)| !value.is_null() && Some(name.as_str()) != merged;
        for (name, value) in self.extra.iter().filter(given) {
            self.map.serialize_entry(name, value)?;
        }
        self.map.end()
    }
}
