//! The rate limiter of AWS's `adaptive` retry mode, after botocore's `retries/{adaptive,bucket,throttling}.py`.
//!
//! Off until the first refusal; then one bucket for all calls of the client, whose rate CUBIC moves. Whoever finds no token
//! sleeps until one should be there, and looks again.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::{Instant, sleep};

const BETA: f64 = 0.7;
const SCALE: f64 = 0.4;
const SMOOTH: f64 = 0.8;
/// Seconds over which the own rate is measured.
const MEASURED_OVER: f64 = 0.5;
const SLOWEST: f64 = 0.5;
/// What a timer can tell from nothing.
const SHORTEST_SLEEP: Duration = Duration::from_millis(1);

#[derive(Debug)]
pub(super) struct Cubic {
    start: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    on: bool,
    rate: f64,
    tokens: f64,
    filled_at: f64,
    most: f64,
    throttled_at: f64,
    measured: f64,
    counted: f64,
    counted_until: f64,
}

impl Default for Cubic {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            state: Mutex::default(),
        }
    }
}

impl Cubic {
    pub(super) async fn acquire(&self) {
        loop {
            let wait = self.state.lock().unwrap().take(self.now());
            let Some(wait) = wait else { return };
            sleep(wait).await;
        }
    }

    pub(super) fn learn(&self, throttled: bool) {
        self.state.lock().unwrap().learn(throttled, self.now());
    }

    fn now(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }
}

impl State {
    /// Takes a token, or says how long it will be until one is there.
    fn take(&mut self, now: f64) -> Option<Duration> {
        if !self.on {
            return None;
        }
        self.fill(now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return None;
        }
        let wait = Duration::from_secs_f64((1.0 - self.tokens) / self.rate);
        Some(wait.max(SHORTEST_SLEEP))
    }

    fn fill(&mut self, now: f64) {
        let most = self.rate.max(1.0);
        self.tokens = (self.tokens + (now - self.filled_at) * self.rate).min(most);
        self.filled_at = now;
    }

    fn learn(&mut self, throttled: bool, now: f64) {
        self.measure(now);
        let wanted = if throttled {
            self.most = if self.on {
                self.measured.min(self.rate)
            } else {
                self.measured
            };
            self.throttled_at = now;
            self.on = true;
            BETA * self.most
        } else {
            let plateau = (self.most * (1.0 - BETA) / SCALE).cbrt();
            SCALE * (now - self.throttled_at - plateau).powi(3) + self.most
        };
        if self.on {
            self.fill(now);
            self.rate = wanted.min(2.0 * self.measured).max(SLOWEST);
        }
    }

    fn measure(&mut self, now: f64) {
        let slot = (now / MEASURED_OVER).floor() * MEASURED_OVER;
        self.counted += 1.0;
        if slot > self.counted_until {
            let rate = self.counted / (slot - self.counted_until);
            self.measured = rate * SMOOTH + self.measured * (1.0 - SMOOTH);
            self.counted = 0.0;
            self.counted_until = slot;
        }
    }
}
