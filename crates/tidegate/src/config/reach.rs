//! What a configuration points to on this machine.
//!
//! Reading a configuration is pure, and a run finds out by itself what is not there. Who asks beforehand whether all is
//! well wants to know of it, too.

use std::fs::{self, File};
use std::path::Path;

use super::environment::Environment;
use super::provider::ProviderConfig;

impl ProviderConfig {
    /// What it needs of this machine and is not there, with the place it is configured at: files of certificates that
    /// cannot be read, a program that is not found. Looks at the file system.
    pub fn out_of_reach(&self, environment: &Environment) -> Option<String> {
        self.unreadable().or_else(|| self.no_program(environment))
    }

    fn unreadable(&self) -> Option<String> {
        let files = [
            ("ca_file", &self.ca_file),
            ("client_cert_file", &self.client_cert_file),
            ("client_key_file", &self.client_key_file),
        ];
        files.into_iter().find_map(|(key, path)| {
            let path = path.as_ref()?;
            let error = File::open(&path.value).err()?;
            let (name, origin, path) = (&self.name, &path.origin, path.value.display());
            Some(format!(
                "`{key}` of provider `{name}` ({origin}): {path} cannot be read: {error}"
            ))
        })
    }

    fn no_program(&self, environment: &Environment) -> Option<String> {
        let argv = self.argv.as_ref()?;
        let program = argv.value.first()?;
        let searched = !program.contains('/');
        // What a `PATH` of its own will be is known when the command is started.
        if !cfg!(unix) || program.contains('{') || searched && self.env.contains_key("PATH") {
            return None;
        }
        let found = if searched {
            let path = environment.get("PATH")?;
            std::env::split_paths(path).any(|directory| runs(&directory.join(program)))
        } else {
            runs(Path::new(program))
        };
        let at = if searched { "in PATH" } else { "there" };
        (!found).then(|| {
            let (name, origin) = (&self.name, &argv.origin);
            format!(
                "`argv` of provider `{name}` ({origin}): no program `{program}` {at} that may be run"
            )
        })
    }
}

#[cfg(unix)]
fn runs(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn runs(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file())
}
