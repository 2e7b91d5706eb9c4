//! Values that name environment variables: `${VAR}`, `${VAR:-default}`.
//!
//! A key belongs in the environment or in a secret store, not in a file that is copied about. A template is read when
//! the file is, so that a slip in it has a line, and resolved when its value is used, so that the key of a provider
//! nobody asks for need not be there.

use std::fmt;
use std::str::FromStr;

use tidegate_core::secret::REDACTED;

use super::environment::Environment;

/// A text in which `${VAR}` stands for a variable's value, `${VAR:-default}` for that or `default`, and `$${` for `${`.
///
/// # Examples
/// ```
/// # use tidegate::config::{Environment, Template};
/// let template: Template = "https://${HOST:-localhost}/v1".parse().unwrap();
/// assert_eq!(template.resolve(&Environment::of([])).unwrap(), "https://localhost/v1");
/// assert_eq!(template.resolve(&Environment::of([("HOST", "here")])).unwrap(), "https://here/v1");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    raw: String,
    parts: Vec<Part>,
}

#[derive(Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable {
        name: String,
        default: Option<String>,
    },
}

/// Why a text is not a template. Positions count characters from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A `${` that nothing closes.
    #[error(
        "the `${{` at character {at} has no closing `}}`; write `$${{` for a `${{` that is text"
    )]
    Unclosed {
        /// Where it begins.
        at: usize,
    },
    /// A default that names a variable itself.
    #[error(
        "the `${{` at character {at} has a default with a variable in it, which is not possible"
    )]
    Nested {
        /// Where it begins.
        at: usize,
    },
    /// What stands in the braces cannot be a variable's name.
    #[error(
        "the `${{` at character {at} does not name a variable: letters, digits and `_`, as in `${{API_KEY}}` or \
         `${{API_KEY:-default}}`; write `$${{` for a `${{` that is text"
    )]
    BadName {
        /// Where it begins.
        at: usize,
    },
}

/// A variable that a template needs and that is not set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {name} is not set")]
pub struct MissingVariable {
    /// The variable.
    pub name: String,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// [`TemplateError`], which tells the place and never the text.
    pub fn parse(raw: &str) -> Result<Self, TemplateError> {
        let (mut parts, mut text, mut rest) = (Vec::new(), String::new(), raw);
        while let Some(at) = rest.find("${") {
            let before = &rest[..at];
            if let Some(before) = before.strip_suffix('$') {
                text.push_str(before);
                text.push_str("${");
                rest = &rest[at + 2..];
                continue;
            }
            text.push_str(before);
            push_text(&mut parts, &mut text);
            let place = raw[..raw.len() - rest.len() + at].chars().count() + 1;
            let (variable, after) = variable(&rest[at + 2..], place)?;
            parts.push(variable);
            rest = after;
        }
        text.push_str(rest);
        push_text(&mut parts, &mut text);
        Ok(Self {
            raw: raw.to_owned(),
            parts,
        })
    }

    /// The text with every variable in its place.
    ///
    /// # Errors
    /// [`MissingVariable`] for the first that is neither set nor has a default.
    pub fn resolve(&self, environment: &Environment) -> Result<String, MissingVariable> {
        self.parts
            .iter()
            .map(|part| part.resolve(environment))
            .collect()
    }

    /// A text as a template that stands for nothing but itself.
    pub fn escaped(text: &str) -> String {
        text.replace("${", "$${")
    }

    /// What may be shown: all of it, or for a secret only what is nothing but references.
    pub fn shown(&self, secret: bool) -> &str {
        if secret && self.has_literal() {
            REDACTED
        } else {
            &self.raw
        }
    }

    /// As it was written.
    pub(super) fn raw(&self) -> &str {
        &self.raw
    }

    /// Whether any of its text stands in the file itself: beside the references, or as a default.
    pub fn has_literal(&self) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Text(text) => !text.is_empty(),
            Part::Variable { default, .. } => default.as_ref().is_some_and(|text| !text.is_empty()),
        })
    }
}

impl Part {
    fn resolve<'p>(&'p self, environment: &'p Environment) -> Result<&'p str, MissingVariable> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Variable { name, default } => environment
                .get(name)
                .or(default.as_deref())
                .ok_or_else(|| MissingVariable { name: name.clone() }),
        }
    }
}

fn push_text(parts: &mut Vec<Part>, text: &mut String) {
    if !text.is_empty() {
        parts.push(Part::Text(std::mem::take(text)));
    }
}

/// The variable whose `${` stands at character `at`, and the text after its brace.
fn variable(inside: &str, at: usize) -> Result<(Part, &str), TemplateError> {
    let (inside, after) = inside
        .split_once('}')
        .ok_or(TemplateError::Unclosed { at })?;
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default.to_owned())),
        None => (inside, None),
    };
    if default
        .as_ref()
        .is_some_and(|default| default.contains("${"))
    {
        return Err(TemplateError::Nested { at });
    }
    if !is_name(name) {
        return Err(TemplateError::BadName { at });
    }
    let name = name.to_owned();
    Ok((Part::Variable { name, default }, after))
}

fn is_name(name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(word) && name.starts_with(|c: char| !c.is_ascii_digit())
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(raw: &str) -> Result<Self, TemplateError> {
        Self::parse(raw)
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({})", self.shown(true))
    }
}

#[cfg(test)]
mod tests;
