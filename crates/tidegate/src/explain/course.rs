//! What a run does if its attempts go on failing in the same way.

use std::time::Duration;

use tidegate_core::retry::decide;
use tidegate_core::{Decision, Failure, RetryPolicy, Situation};

/// More repetitions say nothing new.
const MOST: usize = 100;

/// What a run does at one target if every attempt fails in the same way: the waits, and how it ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// The wait before each retry, at its longest where chance has a share in it.
    pub waits: Vec<Duration>,
    /// Whether the waits are spent in the queue, in line with others of the same limit.
    pub queued: bool,
    /// What follows the last of them; `None` where it goes on for longer than is worth telling.
    pub end: Option<Decision>,
}

impl Course {
    pub(super) fn of(
        policy: &RetryPolicy,
        failure: &Failure,
        targets_left: u32,
        deadline: Duration,
        queued: bool,
    ) -> Self {
        let mut course = Self {
            waits: Vec::new(),
            queued: false,
            end: None,
        };
        let mut time_left = deadline;
        while course.waits.len() < MOST {
            let situation = Situation {
                retries: u32::try_from(course.waits.len()).unwrap_or(u32::MAX),
                targets_left,
                repeated: !course.waits.is_empty(),
                queued,
                ..Situation::first(time_left)
            };
            let after = match decide(policy, &situation, failure) {
                Decision::Retry { after } => after,
                Decision::Requeue { after, .. } if !queued => {
                    course.queued = true;
                    after
                }
                end => {
                    course.queued |= matches!(end, Decision::Requeue { .. });
                    course.end = Some(end);
                    break;
                }
            };
            course.waits.push(after);
            time_left = time_left.saturating_sub(after);
        }
        course
    }
}
