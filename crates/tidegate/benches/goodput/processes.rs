//! Real time, real processes, a real provider: what stays of the grid's figures when workers share a store.
//!
//! `goodput processes SIMULATOR SCENE SEED`: starts that simulator and the workers of the scene, lets them go together, and
//! prints one JSON object.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Instant, sleep};

use crate::case::{self, Limited};
use crate::redis::Server;
use crate::worker::Told;

/// When something happens to a scene, and for how long a store is held still.
const MIDDLE: Duration = Duration::from_secs(4);
const STOPPED_FOR: Duration = Duration::from_secs(5);

/// Who shares what.
#[derive(Debug)]
struct Scene {
    provider: Limited,
    configured: &'static str,
    store: Store,
    workers: usize,
    middle: Middle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Store {
    Memory,
    Sqlite,
    Redis,
}

/// What happens in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Middle {
    Nothing,
    /// One of the workers is killed.
    Killed,
    /// The store is held still.
    Stopped,
}

impl Scene {
    /// `storm`, or what is known, the store and the number of workers, and what happens in the middle: `unknown-sqlite-4`,
    /// `unknown-sqlite-8-killed`.
    fn named(name: &str) -> Self {
        let mut words = name.split('-');
        let known = words.next().unwrap();
        let (provider, configured) = match known {
            "storm" => (case::storm(), ""),
            "configured" => (case::fifty_a_second(), "rpm = 3000"),
            "unknown" => (case::fifty_a_second(), ""),
            other => panic!("{other}?"),
        };
        Self {
            provider,
            configured,
            store: match words.next() {
                None | Some("memory") => Store::Memory,
                Some("sqlite") => Store::Sqlite,
                Some("redis") => Store::Redis,
                Some(other) => panic!("{other}?"),
            },
            workers: words.next().map_or(1, |count| count.parse().unwrap()),
            middle: match words.next() {
                None => Middle::Nothing,
                Some("killed") => Middle::Killed,
                Some("stopped") => Middle::Stopped,
                Some(other) => panic!("{other}?"),
            },
        }
    }
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn play(mut words: impl Iterator<Item = String>) -> Value {
    let simulator = words.next().unwrap();
    let scene = Scene::named(&words.next().unwrap());
    let seed = words.next().unwrap().parse().unwrap();
    let mut simulator = Spoken::start(Command::new(simulator).args(scene.provider.flags(seed)));
    let url = simulator.line().await;
    let url = url.split(' ').next_back().unwrap().to_owned();
    let directory = tempfile::tempdir().unwrap();
    let server = match scene.store {
        Store::Redis => Some(Server::start(directory.path()).await.expect("redis-server")),
        Store::Memory | Store::Sqlite => None,
    };
    let store = match (scene.store, &server) {
        (Store::Sqlite, _) => directory.path().join("queue.db").display().to_string(),
        (Store::Redis, Some(server)) => server.url(),
        _ => "memory".to_owned(),
    };
    let mut workers = Vec::new();
    for worker in 0..scene.workers {
        let runs = (worker..scene.provider.runs).step_by(scene.workers);
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["worker", &url, &store, scene.configured]);
        command.args(runs.map(|run| run.to_string()));
        workers.push(Spoken::start(&mut command));
    }
    for worker in &mut workers {
        assert_eq!(worker.line().await, "ready");
    }
    let start = Instant::now();
    for worker in &mut workers {
        worker.tell("go").await;
    }
    if scene.middle != Middle::Nothing {
        sleep(MIDDLE).await;
    }
    match (scene.middle, &server) {
        (Middle::Killed, _) => workers.pop().unwrap().kill().await,
        (Middle::Stopped, Some(server)) => server.stop_for(STOPPED_FOR).await,
        _ => {}
    }
    let mut all = Told::default();
    for worker in &mut workers {
        let told: Told = serde_json::from_str(&worker.line().await).unwrap();
        all.answered += told.answered;
        all.lost += told.lost;
        all.overtaken += told.overtaken;
    }
    let took = start.elapsed();
    let stats = reqwest::get(format!("{url}/stats")).await.unwrap();
    let stats: Value = serde_json::from_slice(&stats.bytes().await.unwrap()).unwrap();
    simulator.kill().await;
    let optimum = scene.provider.optimum(&scene.provider.prompts(seed), seed);
    let runs = all.answered + all.lost;
    json!({
        "seconds": took.as_secs_f64(),
        "time": took.as_secs_f64() / optimum.as_secs_f64(),
        "attempts": stats["requests"].as_f64().unwrap() / runs as f64,
        "answered": all.answered,
        "lost": all.lost,
        "overtaken": all.overtaken,
        "in_the_middle": in_the_middle(&stats),
    })
}

/// Requests that came while a store that is held still was.
fn in_the_middle(stats: &Value) -> usize {
    let seen = stats["seen"].as_array().unwrap();
    let arrivals = seen.iter().map(|seen| seen["at_us"].as_u64().unwrap());
    let arrivals: Vec<_> = arrivals.map(Duration::from_micros).collect();
    let begin = arrivals[0] + MIDDLE;
    let middle = begin..begin + STOPPED_FOR;
    arrivals.iter().filter(|at| middle.contains(at)).count()
}

/// A child that is spoken with by lines.
struct Spoken {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Spoken {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    async fn line(&mut self) -> String {
        self.lines.next_line().await.unwrap().unwrap()
    }

    async fn tell(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin
            .write_all(format!("{line}\n").as_bytes())
            .await
            .unwrap();
    }

    /// At once, without a word.
    async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}
