//! What others do, as tasks that call by hand: written here for comparison and used nowhere else.

mod aws;

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::provider::Provider;
use aws::Cubic;

/// Nobody waits longer than that.
const HORIZON: Duration = Duration::from_secs(1_800);

/// A policy of another client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rival {
    /// The SDKs of OpenAI, Anthropic and others: so many retries, 0.5 s doubling to 8 s, up to a quarter less by chance,
    /// or what `Retry-After` says when that is at most a minute.
    Sdk { retries: u32 },
    /// Full jitter without end, up to 60 s, on top of what `Retry-After` says.
    FullJitter,
    /// The `adaptive` mode of AWS's SDKs without end: one bucket for all, its rate found by CUBIC.
    AwsAdaptive,
}

/// Each, with its name in the table.
pub(crate) const ALL: [(&str, Rival); 4] = [
    ("SDK, 2 retries", Rival::Sdk { retries: 2 }),
    ("SDK, 10 retries", Rival::Sdk { retries: 10 }),
    ("full jitter", Rival::FullJitter),
    ("AWS adaptive", Rival::AwsAdaptive),
];

/// All runs at once, each in a task of its own, until the horizon.
pub(crate) async fn play(rival: Rival, provider: Provider, prompts: Vec<String>, seed: u64) {
    let cubic = Arc::new(Cubic::default());
    let mut runs = JoinSet::new();
    for (run, prompt) in prompts.into_iter().enumerate() {
        let (provider, cubic) = (provider.clone(), Arc::clone(&cubic));
        let mut dice = fastrand::Rng::with_seed(seed << 32 | run as u64);
        runs.spawn(async move {
            for refusals in 0.. {
                if rival == Rival::AwsAdaptive {
                    cubic.acquire().await;
                }
                let (status, headers) = provider.attempt(run, &prompt).await;
                if rival == Rival::AwsAdaptive {
                    cubic.learn(status == StatusCode::TOO_MANY_REQUESTS);
                }
                if status == StatusCode::OK {
                    return;
                }
                match rival.wait(refusals, told(&headers), dice.f64()) {
                    Some(wait) => sleep(wait).await,
                    None => return,
                }
            }
        });
    }
    // Who is still at it then is dropped with the set.
    drop(timeout(HORIZON, async { while runs.join_next().await.is_some() {} }).await);
}

impl Rival {
    /// How long to wait after so many refusals before this one; `None`: it gives up.
    fn wait(self, refusals: u32, told: Option<Duration>, roll: f64) -> Option<Duration> {
        let doubled =
            |first: f64, most: f64| (first * 2_f64.powi(refusals.min(30).cast_signed())).min(most);
        match self {
            Self::Sdk { retries } if refusals >= retries => None,
            Self::Sdk { .. } => Some(
                told.filter(|told| !told.is_zero() && *told <= Duration::from_secs(60))
                    .unwrap_or(Duration::from_secs_f64(
                        doubled(0.5, 8.0) * (1.0 - 0.25 * roll),
                    )),
            ),
            Self::FullJitter => {
                let jitter = Duration::from_secs_f64(doubled(0.5, 60.0) * roll);
                Some(told.unwrap_or_default() + jitter)
            }
            Self::AwsAdaptive => Some(Duration::from_secs_f64(doubled(1.0, 20.0) * roll)),
        }
    }
}

fn told(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get("retry-after")?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs_f64(seconds))
}
