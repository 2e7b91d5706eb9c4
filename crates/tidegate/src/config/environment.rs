//! The environment, read once.
//!
//! Variables read wherever they are needed make a function's result depend on something its caller cannot see, and
//! tests that set them race. So the process's variables are taken once, here, and travel as a value.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Environment variables, as they were at one moment. `Debug` names them and hides their values.
#[derive(Clone, Default)]
pub struct Environment(Arc<BTreeMap<String, String>>);

impl Environment {
    /// The variables of this process. Those that are not UTF-8 are left out: no setting could use them.
    pub fn from_process() -> Self {
        let readable = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the place the others are sent to"
        )]
        let variables = std::env::vars_os();
        Self(Arc::new(variables.filter_map(readable).collect()))
    }

    /// These variables and no others.
    ///
    /// # Examples
    /// ```
    /// # use tidegate::config::Environment;
    /// let environment = Environment::of([("HOME", "/home/ada"), ("EMPTY", "")]);
    /// assert_eq!(environment.get("HOME"), Some("/home/ada"));
    /// assert_eq!(environment.get("EMPTY"), None);
    /// ```
    pub fn of<'v>(variables: impl IntoIterator<Item = (&'v str, &'v str)>) -> Self {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self(Arc::new(variables.into_iter().map(owned).collect()))
    }

    /// A variable's value. One that is set to nothing counts as not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")?;
        f.debug_set().entries(self.0.keys()).finish()
    }
}
