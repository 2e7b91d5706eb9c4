//! A Redis of the measurement's own, and bare round trips beside the store's.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{SyncSender, sync_channel};

use redis::{Cmd, Connection};
use serde_json::json;
use tidegate_core::Secret;
use tidegate_queue::{RedisOptions, RedisStore};
use tokio::sync::oneshot;

use crate::{AT_ONCE, block_on, crowd, pair, plenty, quietest};

/// Reads a row of as many bytes as a state has, and writes it and another of as many as a lease has.
const ROW: &str = "local row = redis.call('HGET', KEYS[1], 'state')
    redis.call('HSET', KEYS[1], 'state', row, 'lease', ARGV[1])
    return 1";
const STATE_BYTES: usize = 296;
const LEASE_BYTES: usize = 96;

/// One after the other, and many at once; `null` where there is no server to be started. Rounds of each take turns, since
/// what else the machine does weighs on two processes more than on one.
pub(crate) fn measure(rounds: u32, place: &Path) -> serde_json::Value {
    let Some(server) = Server::start(place) else {
        return serde_json::Value::Null;
    };
    let limits = plenty();
    let options = RedisOptions::new(Secret::new(server.url()));
    let store = RedisStore::connect(&options).unwrap();
    let row = Threaded::connect(&server.url(), row);
    let ping = Threaded::connect(&server.url(), |_| redis::cmd("PING"));
    let mut best = Best::default();
    for round in 0..rounds {
        let first = 1_000_000 * u64::from(round);
        best.take(
            "store",
            one_by_one(first, async |op| pair(&store, &limits, op).await),
        );
        best.take("bare", one_by_one(first, async |_| row.pair().await));
        best.take("ping", one_by_one(first, async |_| ping.pair().await));
        best.take(
            "store_64",
            at_once(first, async |op| pair(&store, &limits, op).await),
        );
        best.take("bare_64", at_once(first, async |_| row.pair().await));
    }
    json!(best.0)
}

/// The quietest round of each.
#[derive(Default)]
struct Best(BTreeMap<&'static str, serde_json::Value>);

impl Best {
    fn take(&mut self, name: &'static str, round: serde_json::Value) {
        let us = |round: &serde_json::Value| round["us"].as_f64().unwrap();
        match self.0.get(name) {
            Some(before) if us(before) <= us(&round) => {}
            _ => drop(self.0.insert(name, round)),
        }
    }
}

fn one_by_one(first: u64, each: impl AsyncFn(u64)) -> serde_json::Value {
    quietest(1, 1_000, |ops| {
        block_on(async {
            for op in ops {
                each(first + op).await;
            }
        });
    })
}

fn at_once(first: u64, each: impl AsyncFn(u64)) -> serde_json::Value {
    quietest(1, AT_ONCE * 50, |ops| {
        block_on(crowd::by(AT_ONCE, ops, async |op| {
            each(first + 500_000 + op).await;
        }));
    })
}

fn row(connection: &mut Connection) -> Cmd {
    let state = vec![b'x'; STATE_BYTES];
    let set = redis::cmd("HSET")
        .arg("bare")
        .arg("state")
        .arg(state)
        .to_owned();
    set.exec(connection).unwrap();
    let mut load = redis::cmd("SCRIPT");
    let hash: String = load.arg("LOAD").arg(ROW).query(connection).unwrap();
    let mut row = redis::cmd("EVALSHA");
    row.arg(hash)
        .arg(1)
        .arg("bare")
        .arg(vec![b'x'; LEASE_BYTES]);
    row
}

/// Round trips on a thread of its own, as whoever waits for them in a task must have them.
struct Threaded(SyncSender<oneshot::Sender<()>>);

impl Threaded {
    fn connect(url: &str, command: fn(&mut Connection) -> Cmd) -> Self {
        let client = redis::Client::open(url).unwrap();
        let mut connection = client.get_connection().unwrap();
        let command = command(&mut connection);
        let (orders, received) = sync_channel::<oneshot::Sender<()>>(1024);
        std::thread::spawn(move || {
            for done in received {
                command.exec(&mut connection).unwrap();
                done.send(()).unwrap();
            }
        });
        Self(orders)
    }

    /// Two round trips: a reservation and a settlement.
    async fn pair(&self) {
        for _ in 0..2 {
            let (done, awaited) = oneshot::channel();
            self.0.try_send(done).unwrap();
            awaited.await.unwrap();
        }
    }
}

struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(place: &Path) -> Option<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        #[expect(
            clippy::disallowed_methods,
            reason = "where a server is, this machine knows"
        )]
        let named = std::env::var_os("REDIS_SERVER");
        let mut child = Command::new(named.unwrap_or_else(|| OsString::from("redis-server")))
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(place)
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut lines = lines.map_while(Result::ok);
        lines.find(|line| line.contains("Ready to accept connections"))?;
        Some(Self { child, port })
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
