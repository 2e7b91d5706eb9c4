//! Everything that says how patient a run is: retries, delays, time-outs.
//!
//! The same settings can be given for a run, an endpoint, a provider and as defaults, and the nearest wins. One list
//! makes the struct, its merging, its names and the keys of the file's tables, so that none of them can lag behind.

use std::time::Duration;

use tidegate_core::quota::{Dimension, Limit, Limits, Metering};
use tidegate_core::{Backoff, RetryPolicy, Timeouts};

use super::delivery::DeliveryMode;
use super::origin::{Origin, Sourced};
use super::time::Time;

/// Hands the list of all settings to a macro, after what is given for it.
macro_rules! every_setting {
    ($then:ident! $given:tt) => {
        $then! { $given {
            /// How often a failed attempt is repeated at the same target. 0 unless chosen.
            max_retries: u32,
            /// The delay before the first retry; it doubles with each. 1 s, with jitter, unless chosen.
            retry_base_delay: Time,
            /// The longest delay between two attempts. 60 s unless chosen.
            retry_max_delay: Time,
            /// The share of a delay left to chance, 0 to 1. 0 where a base delay was chosen, else 1.
            retry_jitter: f64,
            /// The longest wait a server may ask for and be obeyed. 5 min unless chosen.
            max_retry_after: Time,
            /// The longest wait a server may ask for while a fallback could answer. 5 s unless chosen.
            fallback_after: Time,
            /// Whether a request that may already have been served, and billed, is sent again. Yes unless chosen.
            resend_unknown: bool,
            /// Whether a streamed answer is handed over as it comes, or when it is whole. As it comes unless chosen.
            delivery: DeliveryMode,
            /// Until a connection stands. 10 s unless chosen.
            connect_timeout: Time,
            /// Until the first piece of output. 60 s over HTTP unless chosen.
            first_token_timeout: Time,
            /// Between two pieces of output. 60 s over HTTP unless chosen.
            idle_timeout: Time,
            /// For one attempt as a whole. 600 s over HTTP and 240 s for a command unless chosen.
            timeout: Time,
            /// For the run as a whole, waiting and retries included. 30 min unless chosen.
            deadline: Time,
            /// Requests a minute. What the provider tells, or what is found out, unless chosen.
            rpm: u32,
            /// Tokens a minute, read and written together. As above.
            tpm: u32,
            /// Tokens a minute, read. As above.
            input_tpm: u32,
            /// Tokens a minute, written. As above.
            output_tpm: u32,
            /// Requests that may leave at once. A second's worth of `rpm` unless chosen.
            burst: u32,
            /// Tokens that may leave at once. Ten seconds' worth of a limit unless chosen.
            token_burst: u32,
            /// How the limits of a minute are counted. Evenly, as by a bucket, unless chosen.
            metering: Metering,
            /// Attempts under way at once. No bound unless chosen.
            max_concurrency: u32,
            /// How much of the limits is ours, above 0 up to 1. All of it unless chosen.
            share: f64,
        } }
    };
}
pub(super) use every_setting;

macro_rules! settings {
    ({} { $($(#[$doc:meta])* $name:ident: $type:ty,)* }) => {
        /// How patient a run is. What is `None` was not chosen here.
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct Settings {
            $($(#[$doc])* pub $name: Option<Sourced<$type>>,)*
        }

        impl Settings {
            /// The names of all settings.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];

            /// These settings, and those of `lower` where these are silent.
            #[must_use]
            pub fn or(self, lower: &Self) -> Self {
                Self { $($name: self.$name.or_else(|| lower.$name.clone()),)* }
            }

            /// Hands every setting that was chosen to `each`, as it would be written in a file.
            pub(super) fn spell(&self, mut each: impl FnMut(&'static str, String, &Origin)) {
                $(if let Some(setting) = &self.$name {
                    each(stringify!($name), Spelled::spelled(&setting.value), &setting.origin);
                })*
            }
        }
    };
}
every_setting!(settings! {});

/// A value as it would be written in a file.
trait Spelled {
    fn spelled(&self) -> String;
}

impl Spelled for Time {
    fn spelled(&self) -> String {
        format!("\"{self}\"")
    }
}

macro_rules! spelled {
    ($($type:ty),*) => {
        $(impl Spelled for $type {
            fn spelled(&self) -> String {
                self.to_string()
            }
        })*
    };
}
spelled!(u32, f64, bool);

impl Spelled for DeliveryMode {
    fn spelled(&self) -> String {
        format!("\"{self}\"")
    }
}

impl Spelled for Metering {
    fn spelled(&self) -> String {
        let name = match self {
            Self::Bucket => "bucket",
            Self::Window => "window",
        };
        format!("\"{name}\"")
    }
}

impl Settings {
    /// The run deadline nobody chose: longer than any single answer takes, shorter than anyone waits for one.
    pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(30 * 60);

    /// When an attempt is repeated. A base delay that somebody chose comes without jitter, so that delays are what
    /// was asked for, and is never cut by a longest delay that nobody chose.
    pub fn retry_policy(&self) -> RetryPolicy {
        let defaults = RetryPolicy::default();
        RetryPolicy {
            max_retries: value(self.max_retries.as_ref(), defaults.max_retries),
            backoff: self.backoff(),
            max_retry_after: duration(self.max_retry_after.as_ref(), defaults.max_retry_after),
            fallback_after: duration(self.fallback_after.as_ref(), defaults.fallback_after),
            resend_unknown: value(self.resend_unknown.as_ref(), defaults.resend_unknown),
        }
    }

    fn backoff(&self) -> Backoff {
        let base = duration(self.retry_base_delay.as_ref(), Backoff::DEFAULT_BASE);
        let jitter = if self.retry_base_delay.is_some() {
            0.0
        } else {
            Backoff::DEFAULT_JITTER
        };
        Backoff {
            base,
            cap: duration(
                self.retry_max_delay.as_ref(),
                Backoff::DEFAULT_CAP.max(base),
            ),
            jitter: value(self.retry_jitter.as_ref(), jitter),
        }
    }

    /// The clocks of an attempt, with these defaults. A clock whose default is that of the whole attempt, as those of a
    /// command are, times nothing of its own and follows the attempt.
    pub fn timeouts(&self, defaults: Timeouts) -> Timeouts {
        let attempt = duration(self.timeout.as_ref(), defaults.attempt);
        let unchosen = |default| {
            if default == defaults.attempt {
                attempt
            } else {
                default
            }
        };
        Timeouts {
            connect: duration(self.connect_timeout.as_ref(), defaults.connect),
            first_token: duration(
                self.first_token_timeout.as_ref(),
                unchosen(defaults.first_token),
            ),
            idle: duration(self.idle_timeout.as_ref(), unchosen(defaults.idle)),
            attempt,
        }
    }

    /// What is configured of the limits that apply.
    pub fn limits(&self) -> Limits {
        let minute = Duration::from_secs(60);
        let metering = value(self.metering.as_ref(), Metering::Bucket);
        let limit = |units: Option<&Sourced<u32>>, burst: Option<&Sourced<u32>>, usual: u64| {
            let units = u64::from(units?.value);
            let burst = burst.map_or(units / usual, |burst| u64::from(burst.value));
            Some(match metering {
                Metering::Bucket => Limit::bucket(units, minute, burst),
                Metering::Window => Limit::window(units, minute),
            })
        };
        let tokens = |units| limit(units, self.token_burst.as_ref(), Limit::TOKENS_AT_ONCE);
        let mut limits = Limits::UNKNOWN;
        limits.dimensions[Dimension::Requests.index()] = limit(
            self.rpm.as_ref(),
            self.burst.as_ref(),
            Limit::REQUESTS_AT_ONCE,
        );
        limits.dimensions[Dimension::Tokens.index()] = tokens(self.tpm.as_ref());
        limits.dimensions[Dimension::InputTokens.index()] = tokens(self.input_tpm.as_ref());
        limits.dimensions[Dimension::OutputTokens.index()] = tokens(self.output_tpm.as_ref());
        limits.max_concurrency = self.max_concurrency.as_ref().map(|most| most.value);
        limits.share = thousandths(value(self.share.as_ref(), 1.0));
        limits
    }

    /// When a streamed answer is handed over.
    pub fn delivery(&self) -> DeliveryMode {
        value(self.delivery.as_ref(), DeliveryMode::default())
    }

    /// Time for the run as a whole.
    pub fn deadline(&self) -> Duration {
        duration(self.deadline.as_ref(), Self::DEFAULT_DEADLINE)
    }

    /// Everything chosen: what nobody chose has its default.
    #[must_use]
    pub(super) fn complete(self, defaults: Timeouts) -> Self {
        let clocks = self.timeouts(defaults);
        let attempt = self.timeout.as_ref();
        let attempt = attempt.map_or(Origin::Default, |timeout| timeout.origin.clone());
        let following = |clock, default| {
            if default == defaults.attempt {
                Some(Sourced::new(Time(clock), attempt.clone()))
            } else {
                Some(unchosen(clock))
            }
        };
        let unchosen = Self {
            connect_timeout: Some(unchosen(clocks.connect)),
            first_token_timeout: following(clocks.first_token, defaults.first_token),
            idle_timeout: following(clocks.idle, defaults.idle),
            timeout: Some(unchosen(clocks.attempt)),
            ..Self::default()
        };
        self.or(&unchosen).complete_but_clocks()
    }

    /// As [`complete`](Self::complete), without the clocks of an attempt: their defaults depend on the provider.
    #[must_use]
    pub(super) fn complete_but_clocks(self) -> Self {
        let policy = self.retry_policy();
        let unchosen = Self {
            max_retries: Some(Sourced::default_of(policy.max_retries)),
            retry_base_delay: Some(unchosen(policy.backoff.base)),
            retry_max_delay: Some(unchosen(policy.backoff.cap)),
            retry_jitter: Some(Sourced::default_of(policy.backoff.jitter)),
            max_retry_after: Some(unchosen(policy.max_retry_after)),
            fallback_after: Some(unchosen(policy.fallback_after)),
            resend_unknown: Some(Sourced::default_of(policy.resend_unknown)),
            delivery: Some(Sourced::default_of(self.delivery())),
            deadline: Some(unchosen(self.deadline())),
            ..Self::default()
        };
        self.or(&unchosen)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share was checked to lie between 0 and 1"
)]
fn thousandths(share: f64) -> u32 {
    (share * 1000.0).round() as u32
}

const fn unchosen(value: Duration) -> Sourced<Time> {
    Sourced::default_of(Time(value))
}

fn value<T: Copy>(chosen: Option<&Sourced<T>>, default: T) -> T {
    chosen.map_or(default, |chosen| chosen.value)
}

fn duration(chosen: Option<&Sourced<Time>>, default: Duration) -> Duration {
    value(chosen, Time(default)).0
}

#[cfg(test)]
mod tests;
