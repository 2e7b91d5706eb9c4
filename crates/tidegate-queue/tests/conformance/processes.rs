//! Real processes over one store: this test binary, started again.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use tidegate_core::quota::{Dimension, Limit, Limits, OpId};
use tidegate_core::{LimitKey, Timestamp};
use tidegate_queue::{QueueStore, Report, Turn};

use crate::desk::{Hand, ask, sized};

const TTL: Duration = Duration::from_secs(10);
const HOME: &str = "TIDEGATE_TEST_QUEUE_HOME";

/// A wait that a test does not sit out.
const LONG: Duration = Duration::from_secs(60);

fn key() -> LimitKey {
    LimitKey::new("k")
}

/// Attempts that may leave in all: the window outlasts every test.
fn in_all(units: u64) -> Limits {
    let hour = Duration::from_secs(3600);
    Limits::UNKNOWN.with(Dimension::Requests, Limit::window(units, hour))
}

/// As many, one every ten milliseconds.
fn paced(units: u64) -> Limits {
    let hour = Duration::from_secs(3600);
    in_all(units)
        .with(
            Dimension::Requests,
            Limit::bucket(100, Duration::from_secs(1), 1),
        )
        .with(Dimension::InputTokens, Limit::window(units, hour))
}

/// Jain's index: 1 where all have the same, 1/n where one has all.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn fairness(shares: &[u64]) -> f64 {
    let sum: u64 = shares.iter().sum();
    let squares: u64 = shares.iter().map(|share| share * share).sum();
    (sum * sum) as f64 / (shares.len() as u64 * squares) as f64
}

/// A process that asks when it is told to.
struct Other {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Other {
    fn start(home: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "processes::the_other_process", "--nocapture"])
            .env(HOME, home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut other = Self {
            child,
            orders,
            answers,
        };
        assert_eq!(other.answer(), "ready");
        other
    }

    fn order(&mut self, order: &str) {
        writeln!(self.orders, "{order}").unwrap();
    }

    /// The next line that is not the test harness's.
    fn answer(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert!(
                self.answers.read_line(&mut line).unwrap() > 0,
                "it has ended"
            );
            if let Some((_, answer)) = line.trim().split_once("answer: ") {
                return answer.to_owned();
            }
        }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The store at a path or an URL.
fn open(home: &str) -> Box<dyn QueueStore> {
    #[cfg(feature = "redis")]
    if home.starts_with("redis:") {
        let options = tidegate_queue::RedisOptions {
            ttl: TTL,
            ..tidegate_queue::RedisOptions::new(tidegate_core::Secret::new(home))
        };
        return Box::new(tidegate_queue::RedisStore::connect(&options).unwrap());
    }
    #[cfg(feature = "sqlite")]
    return Box::new(
        tidegate_queue::SqliteStore::open_with(home.as_ref(), tidegate_queue::BootClock, TTL)
            .unwrap(),
    );
    #[cfg(not(feature = "sqlite"))]
    panic!("no store for {home}")
}

/// What [`Other`] runs; without a home it has nothing to do. Told a limit, how many to ask for, whether to end them and whether they are paced, it
/// says how many left.
#[tokio::test]
#[expect(clippy::print_stdout, reason = "it answers on its standard output")]
#[expect(clippy::disallowed_methods, reason = "its parent tells it where")]
async fn the_other_process() {
    let Ok(home) = std::env::var(HOME) else {
        return;
    };
    let store = open(&home);
    println!("\nanswer: ready");
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let words: Vec<u64> = line.split(' ').map(|word| word.parse().unwrap()).collect();
        let [units, asks, ends, is_paced] = words[..] else {
            panic!("{line}")
        };
        let limits = if is_paced == 1 {
            paced(units)
        } else {
            in_all(units)
        };
        println!(
            "\nanswer: {}",
            leave(&*store, &limits, asks, ends == 1).await
        );
    }
}

/// Lets up to `asks` attempts leave, one after the other, until the limit is used up. Says how many did.
async fn leave(store: &dyn QueueStore, limits: &Limits, asks: u64, ends: bool) -> u64 {
    let key = key();
    for op in 0..asks {
        let asked = [sized(op, 1)];
        loop {
            let turn = store.ask(&key, &asked, limits, Timestamp::default());
            match turn.await.unwrap() {
                Turn::Go { .. } => break,
                Turn::Wait { after, .. } if after < LONG => tokio::time::sleep(after).await,
                _ => {
                    store.report_later(&key, OpId(op), Report::Left, limits, Timestamp::default());
                    return op;
                }
            }
        }
        if ends {
            store.report_later(&key, OpId(op), Report::Ended, limits, Timestamp::default());
        }
    }
    asks
}

/// What each of `count` processes got of a limit that they use up together.
fn shares(home: &str, count: usize, units: u64, is_paced: bool) -> Vec<u64> {
    let mut others: Vec<_> = (0..count).map(|_| Other::start(home)).collect();
    for other in &mut others {
        other.order(&format!("{units} {units} 1 {}", u8::from(is_paced)));
    }
    let shares = others
        .iter_mut()
        .map(|other| other.answer().parse().unwrap())
        .collect();
    for other in others {
        other.kill();
    }
    shares
}

fn together_they_never_exceed_the_limit(home: &str) {
    let shares = shares(home, 4, 300, false);
    assert_eq!(shares.iter().sum::<u64>(), 300, "{shares:?}");
}

fn those_who_wait_together_leave_in_turn(home: &str) {
    let shares = shares(home, 2, 100, true);
    assert_eq!(shares.iter().sum::<u64>(), 100, "{shares:?}");
    assert!(fairness(&shares) >= 0.98, "{shares:?}");
}

/// `open` opens the store by a clock that stands where the store's own stands, at first.
async fn what_a_killed_process_held_comes_back(
    home: &str,
    open: impl FnOnce(Hand) -> Box<dyn QueueStore>,
    now: Timestamp,
) {
    let mut other = Other::start(home);
    other.order("100 3 0 0");
    assert_eq!(other.answer(), "3");
    other.kill();

    let hand = Hand::new();
    hand.pass(now.saturating_since(hand.now()) + TTL / 2);
    let store = open(hand.clone());
    let limits = Limits {
        max_concurrency: Some(3),
        ..in_all(100)
    };
    let (key, asked) = (key(), [ask(7)]);
    let turn = async || {
        let turn = store.ask(&key, &asked, &limits, Timestamp::default());
        turn.await.unwrap()
    };
    let before = turn().await;
    assert!(
        !matches!(before, Turn::Go { .. }),
        "three are under way: {before:?}"
    );
    hand.pass(TTL);
    let after = turn().await;
    assert!(matches!(after, Turn::Go { .. }), "{after:?}");
}

#[cfg(feature = "sqlite")]
mod over_a_file {
    use tidegate_queue::{BootClock, HostClock, SqliteStore};

    use super::*;

    fn home() -> (tempfile::TempDir, String) {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("queue.db");
        (place, file.to_str().unwrap().to_owned())
    }

    #[test]
    fn together_they_never_exceed_the_limit() {
        let (_place, file) = home();
        super::together_they_never_exceed_the_limit(&file);
    }

    #[test]
    fn those_who_wait_together_leave_in_turn() {
        let (_place, file) = home();
        super::those_who_wait_together_leave_in_turn(&file);
    }

    #[tokio::test]
    async fn what_a_killed_process_held_comes_back_within_a_lease() {
        let (_place, file) = home();
        let open = |hand| {
            let store = SqliteStore::open_with(file.as_ref(), Rejoined(hand), TTL).unwrap();
            Box::new(store) as Box<dyn QueueStore>
        };
        what_a_killed_process_held_comes_back(&file, open, BootClock.now()).await;
    }

    /// The test's clock, on the host it runs on.
    #[derive(Debug)]
    struct Rejoined(Hand);

    impl HostClock for Rejoined {
        fn now(&self) -> Timestamp {
            self.0.now()
        }

        fn boot(&self) -> String {
            BootClock.boot()
        }
    }
}

#[cfg(feature = "redis")]
mod over_a_server {
    use tidegate_queue::{Clock, RedisOptions, RedisStore};

    use super::*;
    use crate::server::Server;

    #[test]
    fn together_they_never_exceed_the_limit() {
        let server = Server::start();
        super::together_they_never_exceed_the_limit(server.url().expose());
    }

    #[test]
    fn those_who_wait_together_leave_in_turn() {
        let server = Server::start();
        super::those_who_wait_together_leave_in_turn(server.url().expose());
    }

    #[tokio::test]
    async fn what_a_killed_process_held_comes_back_within_a_lease() {
        let server = Server::start();
        let options = RedisOptions {
            ttl: TTL,
            ..server.options()
        };
        let open = |hand: Hand| {
            let store = RedisStore::connect_by(&options, move || hand.now()).unwrap();
            Box::new(store) as Box<dyn QueueStore>
        };
        let now = Clock::system().now();
        what_a_killed_process_held_comes_back(server.url().expose(), open, now).await;
    }
}
