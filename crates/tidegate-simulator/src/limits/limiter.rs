//! All limits of a provider at once: a request must pass every one of them.

use std::time::Duration;

use super::counter::Counter;
use super::{Cost, Limit, Metered, Standing, Wait, nanos};

/// When the tokens of an answer are charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Charging {
    /// The most there may be at admission, for good: the prompt and `max_tokens`, as OpenAI does.
    #[default]
    Estimate,
    /// The same at admission, and what was not used is given back at the end, as Anthropic does.
    Corrected,
    /// The prompt at admission, the answer at its end, even if that is more than there was left.
    Used,
}

/// The limits of a provider and what is used up of them: a pure state machine, `now` an argument.
///
/// # Examples
/// ```
/// # use std::time::Duration;
/// # use tidegate_simulator::{Cost, Limit, Limiter, Verdict, Wait};
/// let mut limiter = Limiter::new(&[Limit::per_second(10, 1)]);
/// let now = Duration::ZERO;
/// assert!(limiter.admit(now, Cost::REQUEST).is_admitted());
/// let Verdict::Refused(refused) = limiter.admit(now, Cost::REQUEST) else { panic!() };
/// assert_eq!(refused.wait, Wait::Exactly(Duration::from_millis(100)));
/// assert!(limiter.admit(now + Duration::from_millis(100), Cost::REQUEST).is_admitted());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Limiter {
    counted: Vec<(Limit, Counter)>,
    rejects_cost: bool,
    charging: Charging,
    admitted: u64,
}

/// Whether a request may come in.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "an admitted request is in flight until `Limiter::finish`"]
pub enum Verdict {
    /// It may.
    Admitted(Ticket),
    /// It may not.
    Refused(Refused),
}

impl Verdict {
    /// Whether it may.
    pub fn is_admitted(&self) -> bool {
        matches!(self, Self::Admitted(_))
    }

    /// The refusal, if it is one.
    pub fn refused(&self) -> Option<Refused> {
        match self {
            Self::Admitted(_) => None,
            Self::Refused(refused) => Some(*refused),
        }
    }
}

/// An admitted request, to be given back at its end.
#[derive(Debug, PartialEq, Eq)]
pub struct Ticket {
    number: u64,
    at: u64,
    charged: Cost,
}

impl Ticket {
    /// How many were admitted before it: the order of admissions.
    pub fn number(&self) -> u64 {
        self.number
    }
}

/// A refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// The limit with the longest wait, as an index into the limits.
    pub limit: usize,
    /// How long until all limits would let the request in.
    pub wait: Wait,
    /// How that limit stands.
    pub standing: Standing,
    /// What the request would have cost at that limit.
    pub cost: u64,
}

impl Limiter {
    /// Untouched limits.
    pub fn new(limits: &[Limit]) -> Self {
        let counted = limits.iter().map(|&limit| (limit, Counter::new(limit)));
        Self {
            counted: counted.collect(),
            rejects_cost: false,
            charging: Charging::default(),
            admitted: 0,
        }
    }

    /// Whether a refused request is charged, too. In a bucket that is a debt of up to its burst; a window forgets it at
    /// its end, a log after its length. Default: false.
    #[must_use]
    pub fn rejects_cost(mut self, rejects_cost: bool) -> Self {
        self.rejects_cost = rejects_cost;
        self
    }

    /// When the tokens of an answer are charged.
    #[must_use]
    pub fn charging(mut self, charging: Charging) -> Self {
        self.charging = charging;
        self
    }

    /// Lets one request in, charging it, or says how long it would have to wait. A refusal charges no limit, unless
    /// refusals cost; then the wait counts this one, so that whoever obeys is not too early by his own doing.
    ///
    /// Time must not go back from call to call.
    pub fn admit(&mut self, now: Duration, cost: Cost) -> Verdict {
        let now = nanos(now);
        let charged = self.charged(cost);
        let Some(refused) = self.refusal(now, cost) else {
            for (limit, counter) in &mut self.counted {
                counter.get_mut().charge(now, limit.metered.of(charged));
            }
            let number = self.admitted;
            self.admitted += 1;
            return Verdict::Admitted(Ticket {
                number,
                at: now,
                charged,
            });
        };
        if !self.rejects_cost {
            return Verdict::Refused(refused);
        }
        for (limit, counter) in &mut self.counted {
            counter.get_mut().punish(now, limit.metered.of(charged));
        }
        Verdict::Refused(self.refusal(now, cost).unwrap_or(refused))
    }

    /// Ends an admitted request, which really cost that much.
    #[expect(clippy::needless_pass_by_value, reason = "a ticket is given back once")]
    pub fn finish(&mut self, now: Duration, ticket: Ticket, used: Cost) {
        let Ticket { at, charged, .. } = ticket;
        for (limit, counter) in &mut self.counted {
            let counter = counter.get_mut();
            counter.finish();
            if self.charging == Charging::Estimate || limit.metered == Metered::InFlight {
                continue;
            }
            let (charged, used) = (limit.metered.of(charged), limit.metered.of(used));
            if used < charged {
                counter.refund(nanos(now), at, charged - used);
            } else {
                counter.charge(nanos(now), used - charged);
            }
        }
    }

    /// Requests that were admitted so far.
    pub fn admitted(&self) -> u64 {
        self.admitted
    }

    /// How each limit stands, in their order.
    pub fn standings(&self, now: Duration) -> impl Iterator<Item = Standing> {
        let now = nanos(now);
        let counted = self.counted.iter();
        counted.map(move |(limit, counter)| standing(*limit, counter, now))
    }

    /// What is charged at admission.
    fn charged(&self, cost: Cost) -> Cost {
        match self.charging {
            Charging::Estimate | Charging::Corrected => cost,
            Charging::Used => Cost {
                output_tokens: 0,
                ..cost
            },
        }
    }

    /// The limit with the longest wait, unless none has any. A limit that the request does not touch has none, whatever
    /// its debt; one that is charged later has, as long as it is in debt.
    fn refusal(&self, now: u64, cost: Cost) -> Option<Refused> {
        let charged = self.charged(cost);
        let limits = self.counted.iter().enumerate();
        let costing = limits.filter(|(_, (limit, _))| limit.metered.of(cost) > 0);
        let waits = costing.map(|(index, (limit, counter))| {
            (counter.get().wait(now, limit.metered.of(charged)), index)
        });
        let (wait, index) = waits
            .filter(|(wait, _)| *wait != Wait::NONE)
            .max_by_key(|(wait, _)| *wait)?;
        let (longest, counter) = &self.counted[index];
        Some(Refused {
            limit: index,
            wait,
            standing: standing(*longest, counter, now),
            cost: longest.metered.of(charged),
        })
    }
}

fn standing(limit: Limit, counter: &Counter, now: u64) -> Standing {
    let (remaining, reset) = counter.get().left(now);
    Standing {
        metered: limit.metered,
        limit: limit.told.unwrap_or(limit.largest()),
        remaining,
        reset: Duration::from_nanos(reset),
    }
}

#[cfg(test)]
impl Limiter {
    pub(super) fn counter(&self, index: usize) -> &Counter {
        &self.counted[index].1
    }
}
