//! A real server that goes away while four processes' worth of queues wait for one limit, and comes back.

use std::sync::Arc;
use std::time::Duration;

use tidegate_core::quota::{Dimension, Limit, Limits};
use tidegate_core::{Cost, LimitKey};
use tidegate_queue::{
    Admission, Clock, Guarded, Pacing, Queue, QueueStore, RedisOptions, RedisStore, Wanted,
};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::server::Server;

const SHARERS: usize = 4;
const RUNS: usize = 120;
/// Departures a second, of all.
const RATE: u16 = 200;

const PATIENCE: Duration = Duration::from_secs(1);

/// When the runs of each queue left.
type Left = Vec<Vec<Instant>>;

struct Crowd {
    stores: Vec<Guarded>,
    runs: JoinSet<()>,
    left: watch::Receiver<Left>,
}

impl Crowd {
    /// Each queue has a store of its own, as those of different processes have.
    async fn enter(server: &Server) -> Self {
        let options = RedisOptions {
            timeout: PATIENCE,
            ..server.options()
        };
        let (tell, left) = watch::channel(vec![Vec::new(); SHARERS]);
        let tell = Arc::new(tell);
        let (mut stores, mut runs) = (Vec::new(), JoinSet::new());
        for sharer in 0..SHARERS {
            let redis = Arc::new(RedisStore::connect(&options).unwrap());
            let store = Guarded::with_patience(redis, PATIENCE);
            let queue = Queue::new(Arc::new(store.clone()), Clock::system());
            stores.push(store);
            for _ in 0..RUNS {
                let mut place = queue.enter(&key(), wanted());
                place.step_up().await.unwrap();
                let tell = Arc::clone(&tell);
                runs.spawn(async move {
                    let permit = place.permit().await.unwrap();
                    tell.send_modify(|left| left[sharer].push(Instant::now()));
                    permit.settle(one()).await.unwrap();
                });
            }
        }
        Self { stores, runs, left }
    }

    async fn until(&mut self, left: usize) {
        let sum = |all: &Left| all.iter().map(Vec::len).sum::<usize>() >= left;
        self.left.wait_for(sum).await.unwrap();
    }

    async fn until_all_are(&self, apart: bool) {
        while self.stores.iter().any(|store| store.is_apart() != apart) {
            tokio::task::yield_now().await;
        }
    }

    /// Waits for all runs; says when they left.
    async fn end(self) -> Left {
        let ended = self.runs.join_all().await;
        assert_eq!(ended.len(), SHARERS * RUNS, "nothing is lost");
        self.left.borrow().clone()
    }
}

fn key() -> LimitKey {
    LimitKey::new("k")
}

fn one() -> Cost {
    Cost {
        requests: 1,
        ..Cost::default()
    }
}

fn wanted() -> Wanted {
    let limit = Limit::bucket(u64::from(RATE), Duration::from_secs(1), 1);
    Wanted {
        cost: one(),
        pacing: Pacing::Adaptive(Admission {
            limits: Limits::UNKNOWN.with(Dimension::Requests, limit),
            ..Admission::default()
        }),
        ..Wanted::default()
    }
}

/// Everybody leaves, nobody takes more than his share meanwhile, and all are back in the end.
async fn survives(mut server: Server, away: fn(&mut Server), back: fn(&mut Server)) {
    let mut crowd = Crowd::enter(&server).await;
    crowd.until(100).await;
    away(&mut server);
    crowd.until_all_are(true).await;
    let (begin, before) = (Instant::now(), crowd.left.borrow().clone());
    let gone: usize = before.iter().map(Vec::len).sum();
    crowd.until(gone + 100).await;
    let end = Instant::now();
    back(&mut server);
    crowd.until_all_are(false).await;
    let stores = crowd.stores.clone();
    let left = crowd.end().await;

    let share = f64::from(RATE) / 4.0 * (end - begin).as_secs_f64();
    for all in left {
        let alone = all.iter().filter(|at| (begin..end).contains(at)).count();
        let alone = f64::from(u32::try_from(alone).unwrap());
        assert!(
            alone <= share + 2.0,
            "{alone} left, and its share was {share}"
        );
    }
    for store in &stores {
        store.reach().await.unwrap();
    }
    let rows = stores[0].status(&|_| Limits::UNKNOWN, Clock::system().now());
    let standing = rows.await.unwrap()[0].standing;
    assert_eq!((standing.in_flight, standing.waiting), (0, 0));
}

#[tokio::test]
async fn a_server_that_hangs_in_the_middle_loses_nothing() {
    let server = Server::start();
    survives(server, |server| server.hold(), |server| server.go_on()).await;
}

#[tokio::test]
async fn a_server_that_ends_in_the_middle_and_forgets_all_loses_nothing() {
    survives(Server::start(), Server::kill, Server::restart).await;
}
