//! A Redis of the measurement's own, and the bare round trip beside it.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{SyncSender, sync_channel};

use serde_json::json;
use tidegate_core::Secret;
use tidegate_queue::{RedisOptions, RedisStore};
use tokio::sync::oneshot;

use crate::{AT_ONCE, block_on, crowd, pair, plenty, quietest};

/// One after the other, and many at once; `null` where there is no server to be started.
pub(crate) fn measure(rounds: u32, place: &Path) -> serde_json::Value {
    let Some(server) = Server::start(place) else {
        return serde_json::Value::Null;
    };
    let limits = plenty();
    let options = RedisOptions::new(Secret::new(server.url()));
    let store = RedisStore::connect(&options).unwrap();
    let bare = Threaded::connect(&server.url());
    json!({
        "store": quietest(rounds, 2_000, |ops| block_on(async {
            for op in ops {
                pair(&store, &limits, op).await;
            }
        })),
        "bare": quietest(rounds, 2_000, |ops| block_on(async {
            for _ in ops {
                bare.pair().await;
            }
        })),
        "store_64": quietest(rounds, AT_ONCE * 50, |ops| {
            block_on(crowd::by(AT_ONCE, ops, async |op| pair(&store, &limits, op + 1_000_000).await));
        }),
        "bare_64": quietest(rounds, AT_ONCE * 50, |ops| {
            block_on(crowd::by(AT_ONCE, ops, async |_| bare.pair().await));
        }),
    })
}

/// Round trips on a thread of its own, as whoever waits for them in a task must have them.
struct Threaded(SyncSender<oneshot::Sender<()>>);

impl Threaded {
    fn connect(url: &str) -> Self {
        let client = redis::Client::open(url).unwrap();
        let mut connection = client.get_connection().unwrap();
        let (orders, received) = sync_channel::<oneshot::Sender<()>>(1024);
        std::thread::spawn(move || {
            let ping = redis::cmd("PING");
            for done in received {
                let _: String = ping.query(&mut connection).unwrap();
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
