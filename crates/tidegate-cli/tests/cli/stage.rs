//! A place to run the built command in: a home of its own, nothing inherited, a provider to talk to.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tidegate_simulator::{Running, Settings, Simulator};
use tokio::runtime::Runtime;

pub(crate) struct Stage {
    home: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            environment: Vec::new(),
        }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes a file under the home.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Writes the configuration where it is found by itself.
    pub(crate) fn config(&self, text: &str) -> PathBuf {
        self.file(".config/tidegate/tidegate.toml", text)
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        command
            .args(args)
            .env_clear()
            .env("HOME", self.home())
            .env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.home()).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args).output().unwrap())
    }

    pub(crate) fn run_with_input(&self, args: &[&str], input: &[u8]) -> Ran {
        let mut command = self.command(args);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that has seen enough of its arguments does not read on.
        drop(child.stdin.take().unwrap().write_all(input));
        Ran::of(child.wait_with_output().unwrap())
    }
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn failed(&self, code: i32, says: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        for words in says {
            assert!(self.stderr.contains(words), "{words:?} is not in {self:?}");
        }
    }
}

/// A provider on loopback.
pub(crate) struct Provider {
    runtime: Runtime,
    running: Option<Running>,
}

impl Provider {
    pub(crate) fn scripted(script: &str) -> Self {
        Self::with(Settings::scripted(script).unwrap())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let running = runtime.block_on(Simulator::start(settings)).unwrap();
        Self {
            runtime,
            running: Some(running),
        }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("{}/v1", self.running.as_ref().unwrap().url())
    }

    pub(crate) fn requests(&self) -> u64 {
        self.running.as_ref().unwrap().simulator().stats().requests
    }

    /// A stage on which `-e openai/...` reaches this provider with a key.
    pub(crate) fn stage(&self) -> Stage {
        Stage::new()
            .variable("OPENAI_API_KEY", "sk-secret-42")
            .variable("OPENAI_BASE_URL", &self.base_url())
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _inside = self.runtime.enter();
        drop(self.running.take());
    }
}

/// Starts a command and waits until its stderr says `words`.
pub(crate) fn started(
    mut command: Command,
    words: &str,
) -> (Child, BufReader<std::process::ChildStderr>) {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains(words) {
        line.clear();
        assert_ne!(
            stderr.read_line(&mut line).unwrap(),
            0,
            "it ended without saying {words:?}"
        );
    }
    (child, stderr)
}

/// A credential as its issuer makes them, of nobody.
pub(crate) fn credential() -> String {
    let letters = b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut seed = 7_usize;
    let drawn = std::iter::repeat_with(|| {
        seed = (seed * 1_103 + 12_345) % 65_537;
        char::from(letters[seed % letters.len()])
    });
    format!("sk-ant-api03-{}AA", drawn.take(93).collect::<String>())
}
