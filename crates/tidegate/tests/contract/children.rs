//! The contract's provider as a shell script: for each prompt it plays its answers from the beginning.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidegate::Executor;
use tidegate::config::{Config, Environment};
use tidegate_queue::{Clock, MemoryStore, Queue};

use crate::rows::{Answer, Heard, Stage};

pub(crate) struct Children {
    queue: Queue,
    home: tempfile::TempDir,
    sets: Mutex<usize>,
}

impl Children {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        Self {
            queue: Queue::new(Arc::new(MemoryStore::default()), Clock::system()),
            home,
            sets: Mutex::new(0),
        }
    }

    fn next_set(&self) -> PathBuf {
        let mut sets = self.sets.lock().unwrap();
        *sets += 1;
        let directory = self.home.path().join(format!("set-{sets}"));
        fs::create_dir(&directory).unwrap();
        directory
    }

    fn last_set(&self) -> PathBuf {
        self.home
            .path()
            .join(format!("set-{}", self.sets.lock().unwrap()))
    }
}

/// Which answer it is for this prompt is settled by who makes the next directory.
fn script(directory: &Path, answers: &[Answer]) -> PathBuf {
    let mut text = format!("#!/bin/sh\nhome={}\nprompt=$1\nn=1\n", directory.display());
    text.push_str(
        "until mkdir \"$home/$prompt-$n\" 2>/dev/null; do n=$((n+1)); done\ncase $n in\n",
    );
    for (number, answer) in (1..).zip(answers) {
        let act = match answer {
            Answer::Ok => "echo OK".to_owned(),
            Answer::Status(status) => format!("echo 'HTTP {status}' >&2; exit 1"),
            Answer::Broken => "echo 'Error: socket hang up' >&2; exit 1".to_owned(),
            Answer::Hang => {
                // On a busy machine the time-out may come before the trap: such a child cannot tell.
                "trap 'mkdir \"$home/stopped-$n\"; exit 143' TERM; mkdir \"$home/listening-$n\"; sleep 60 & wait".to_owned()
            }
        };
        writeln!(text, "{number}) {act};;").unwrap();
    }
    text.push_str("*) echo 'the script has ended' >&2; exit 9;;\nesac\n");
    let path = directory.join("answer.sh");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

impl Stage for Children {
    async fn set(&self, _: usize, answers: &[Answer], heard: Heard) -> Executor {
        let script = script(&self.next_set(), answers);
        let text = format!(
            "[queue]\npacing = \"spaced\"\n[providers.child]\ntype = \"command\"\nargv = [\"sh\", '{}', \"{{prompt}}\"]\n\
             [endpoints.ep-1]\nprovider = \"child\"\nmodel = \"gpt-4o\"\n",
            script.display()
        );
        let config = Config::from_toml(&text, None, Environment::of([])).unwrap();
        Executor::builder(config)
            .queue(self.queue.clone())
            .event_sink(heard.sink())
            .build()
    }

    fn hang_timeout(&self) -> (Option<Duration>, Duration) {
        let limit = Duration::from_millis(200);
        (Some(limit), limit)
    }

    async fn stopped(&self) -> Option<(usize, usize)> {
        let entries: Vec<_> = fs::read_dir(self.last_set()).unwrap().collect();
        let name = |entry: &std::io::Result<fs::DirEntry>| entry.as_ref().unwrap().file_name();
        let count = |start| {
            let names = entries.iter().map(name);
            names
                .filter(|name| name.to_string_lossy().starts_with(start))
                .count()
        };
        Some((count("listening-"), count("stopped-")))
    }
}
