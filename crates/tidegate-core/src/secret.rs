//! Credentials that cannot be shown by accident.
//!
//! A key reaches logs through `Debug` of a struct three levels up, or through a provider's error text that echoes
//! it. So a [`Secret`] has no `Display`, no `Serialize` and a `Debug` that hides it, and knows how to take itself
//! out of other people's text.

use std::borrow::Cow;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// What stands in place of a secret wherever text is shown.
pub const REDACTED: &str = "[redacted]";

/// Shorter values are not searched for in text: redacting every `a` hides nothing and ruins the message.
const SHORTEST_SEARCHED: usize = 6;

/// A credential. Wiped from memory on drop; shown only through [`Secret::expose`].
///
/// # Examples
/// ```
/// # use tidegate_core::Secret;
/// let key = Secret::new("sk-live-123456");
/// assert_eq!(format!("{key:?}"), "Secret([redacted])");
/// assert_eq!(key.redact("bad key sk-live-123456"), "bad key [redacted]");
/// ```
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a credential.
    pub fn new(value: impl Into<String>) -> Self {
        Self(SecretString::from(value.into()))
    }

    /// The credential itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether there is nothing in it, which a provider would refuse.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }

    /// `text` without this secret. Borrowed when it does not occur.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let value = self.expose();
        if value.len() < SHORTEST_SEARCHED || !text.contains(value) {
            return Cow::Borrowed(text);
        }
        Cow::Owned(text.replace(value, REDACTED))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({REDACTED})")
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_anything_that_holds_a_secret_hides_it() {
        let held = Some(vec![Secret::new("sk-live-123456")]);
        assert!(!format!("{held:#?}").contains("sk-live"));
    }

    #[test]
    fn a_short_secret_does_not_tear_holes_into_text() {
        assert_eq!(Secret::new("a").redact("banana"), "banana");
    }
}
