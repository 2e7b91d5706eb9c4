//! Two processes that wait for one limit over one file, each with a queue of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tidegate_core::quota::{Dimension, Limit, Limits};
use tidegate_queue::{Admission, Clock, Pacing, Queue, SqliteStore, Wanted};

use crate::{ONE, block_on, key};

const LASTS: Duration = Duration::from_secs(3);

/// How many attempts each of two let leave in the same time.
pub(crate) fn shares(file: &Path) -> Vec<u64> {
    let mut peers: Vec<_> = (0..2).map(|_| start(file)).collect();
    for peer in &mut peers {
        writeln!(peer.stdin.take().unwrap(), "go").unwrap();
    }
    peers.into_iter().map(count).collect()
}

fn start(file: &Path) -> Child {
    let mut peer = Command::new(std::env::current_exe().unwrap())
        .arg("peer")
        .arg(file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = [0; 1];
    peer.stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut ready)
        .unwrap();
    peer
}

fn count(mut peer: Child) -> u64 {
    let mut line = String::new();
    let told = peer.stdout.take().unwrap();
    BufReader::new(told).read_line(&mut line).unwrap();
    peer.wait().unwrap();
    line.trim().parse().unwrap()
}

/// The other end: ready when it says so, then as many as it gets of two hundred a second.
pub(crate) fn serve(file: &Path) {
    block_on(async {
        let queue = Queue::new(Arc::new(SqliteStore::open(file).unwrap()), Clock::system());
        let limit = Limit::bucket(200, Duration::from_secs(1), 1);
        let wanted = Wanted {
            cost: ONE,
            pacing: Pacing::Adaptive(Admission {
                limits: Limits::UNKNOWN.with(Dimension::Requests, limit),
                ..Admission::default()
            }),
            ..Wanted::default()
        };
        print!(".");
        std::io::stdout().flush().unwrap();
        std::io::stdin().lines().next().unwrap().unwrap();
        let end = queue.clock().now().saturating_add(LASTS);
        let mut gone = 0_u64;
        while queue.clock().now() < end {
            let permit = queue.enter(&key(), wanted).permit().await.unwrap();
            gone += 1;
            permit.settle(ONE).await.unwrap();
        }
        println!("{gone}");
    });
}
