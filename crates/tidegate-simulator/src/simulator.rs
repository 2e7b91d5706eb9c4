//! One simulator: what happens to a request, in order.
//!
//! Key, reading, limits, script, answer: the order of a real provider, so that a request over the limit is refused
//! before anything else is known about it, and takes nothing from the script.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::response::Response;
use tokio::time::sleep;

use crate::clock::Clock;
use crate::fault::{ErrorKind, Fault, Pacing, Steps};
use crate::limits::{Hint, Meter, Refused, Standing};
use crate::line::{Ending, Line};
use crate::openai::refusal::{self, Refusal};
use crate::openai::{self, Completion};
use crate::prompt::{Prompt, Tokens};
use crate::respond::Responder;
use crate::script::{Answer, Reply, Script};
use crate::settings::Settings;
use crate::stats::{Outcome, Stats, Tally, Visit};

/// The largest request that is read; longer ones are refused with 413.
const LONGEST_REQUEST: usize = 256 << 20;

/// A provider to test against. Clones share one state.
#[derive(Clone)]
pub struct Simulator {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    clock: Clock,
    meter: Mutex<Meter>,
    script: Mutex<Script>,
    tally: Tally,
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.inner.settings;
        f.debug_struct("Simulator")
            .field("settings", settings)
            .finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Simulator {
    /// A simulator whose time and limits begin now.
    pub fn new(settings: Settings) -> Self {
        let answers = settings.script.iter().cloned();
        let script = Script::new(answers, settings.script_per_prompt);
        let meter = Meter::new(&settings.limits, settings.rejects_cost);
        Self {
            inner: Arc::new(Inner {
                settings,
                clock: Clock::start(),
                meter: Mutex::new(meter),
                script: Mutex::new(script),
                tally: Tally::default(),
            }),
        }
    }

    /// What it saw so far.
    pub fn stats(&self) -> Stats {
        let remaining = lock(&self.inner.script).remaining();
        self.inner.tally.stats(remaining)
    }

    /// Forgets what it saw, except what is in flight. The script and the limits stay as they are.
    pub fn reset_stats(&self) {
        self.inner.tally.reset();
    }

    /// Appends answers to the script; returns how many requests it will answer now.
    pub fn extend_script(&self, answers: impl IntoIterator<Item = Answer>) -> u64 {
        let mut script = lock(&self.inner.script);
        script.extend(answers);
        script.remaining()
    }

    pub(crate) fn models(&self, parts: &Parts) -> Result<String, Refusal> {
        self.check_key(parts)?;
        let created = self.inner.clock.unix().as_secs();
        Ok(openai::models(&self.inner.settings.models, created))
    }

    /// Answers one chat request.
    pub(crate) async fn chat(&self, request: Request) -> Response {
        let arrival = self.inner.clock.now();
        let (parts, body) = request.into_parts();
        let authorized = parts.headers.contains_key(AUTHORIZATION);
        let visit = self.inner.tally.arrive(arrival, authorized);
        let prompt = match self.check_key(&parts) {
            Ok(()) => read(body, &visit).await,
            Err(refusal) => Err(refusal),
        };
        let responder = Responder::new(self.inner.clock, arrival, visit);
        let line = parts.extensions.get::<Line>();
        match prompt {
            Err(refusal) => self.refuse(&refusal, responder).await,
            Ok(prompt) => self.admit(prompt, line, responder).await,
        }
    }

    fn check_key(&self, parts: &Parts) -> Result<(), Refusal> {
        let Some(key) = &self.inner.settings.api_key else {
            return Ok(());
        };
        match parts.headers.get(AUTHORIZATION) {
            Some(header) if key.opens(header.as_bytes()) => Ok(()),
            _ => Err(refusal::of_kind(ErrorKind::InvalidApiKey, "")),
        }
    }

    /// Meters a request that was read, and answers it.
    async fn admit(
        &self,
        prompt: Prompt,
        line: Option<&Line>,
        mut responder: Responder,
    ) -> Response {
        let settings = &self.inner.settings;
        let (admitted, standing) = self.meter();
        responder.standing = standing.filter(|_| settings.ratelimit_headers);
        if let Err(refused) = admitted {
            return self.limit(&prompt, refused, responder).await;
        }
        if settings.rejects_prefill && prompt.ends_with_assistant {
            let refusal = refusal::of_kind(ErrorKind::Prefill, &prompt.model);
            return self.refuse(&refusal, responder).await;
        }
        let next = lock(&self.inner.script).next(prompt.hash);
        let answer = next.unwrap_or_else(|| settings.otherwise.clone());
        self.answer(answer, prompt, line, responder).await
    }

    fn meter(&self) -> (Result<(), Refused>, Option<Standing>) {
        let mut meter = lock(&self.inner.meter);
        // Read under the lock: the meter must see time in the order in which it is asked.
        let now = self.inner.clock.now();
        (meter.take(now), meter.standing(now))
    }

    async fn limit(&self, prompt: &Prompt, refused: Refused, mut responder: Responder) -> Response {
        self.inner.tally.limited();
        let hint = self.inner.settings.hint;
        responder.hint(hint, refused.wait);
        let wait = (hint != Hint::None).then_some(refused.wait);
        let refusal = refusal::limited(&prompt.model, refused.standing, wait);
        self.refuse(&refusal, responder).await
    }

    async fn refuse(&self, refusal: &Refusal, responder: Responder) -> Response {
        pause(self.inner.settings.latency).await;
        responder.refuse(refusal)
    }

    /// Performs an answer.
    async fn answer(
        &self,
        mut answer: Answer,
        prompt: Prompt,
        line: Option<&Line>,
        mut responder: Responder,
    ) -> Response {
        pause(self.inner.settings.latency.saturating_add(answer.delay)).await;
        responder.customise(&answer);
        let body = answer.body.take();
        let refusal = match answer.reply {
            Reply::Hang => return responder.hang().await,
            Reply::Reset => return break_off(line, Ending::Reset, responder).await,
            Reply::Close => return break_off(line, Ending::Close, responder).await,
            Reply::Ok if body.is_none() => return self.complete(&answer, &prompt, responder).await,
            Reply::Ok => refusal::plain(200),
            Reply::Empty => refusal::plain(200).with_body(String::new()),
            Reply::OkError => Refusal {
                status: 200,
                ..refusal::of_kind(ErrorKind::ServerError, &prompt.model)
            },
            Reply::Error(kind) => refusal::of_kind(kind, &prompt.model),
            Reply::Status(status) => refusal::plain(status),
        };
        responder.refuse(&match body {
            Some(body) => refusal.with_body(body),
            None => refusal,
        })
    }

    async fn complete(&self, answer: &Answer, prompt: &Prompt, responder: Responder) -> Response {
        let completion = self.completion(answer, prompt, responder.number());
        let fault = answer.fault.map(|fault| (fault, error_of(fault, prompt)));
        if prompt.streamed {
            let pacing = Pacing {
                first_token: answer.first_token,
                token_delay: answer.token_delay,
                no_done: answer.no_done,
                hold: answer.hold,
                fault: fault.map(|(fault, error)| (fault, format!("data: {error}\n\n").into())),
            };
            let events = completion.events(prompt.wants_usage);
            return responder.stream(Steps::new(events, pacing), answer.ping);
        }
        let tokens = u32::try_from(completion.tokens.len()).unwrap_or(u32::MAX);
        let later = answer.token_delay.saturating_mul(tokens.saturating_sub(1));
        pause(answer.first_token.saturating_add(later)).await;
        let fault = fault.map(|(fault, error)| (fault, error.into()));
        responder.whole(&completion.whole(), fault.as_ref())
    }

    fn completion(&self, answer: &Answer, prompt: &Prompt, number: u64) -> Completion {
        let settings = &self.inner.settings;
        let text = answer.text.as_ref().or(settings.text.as_ref());
        let text = text.cloned().unwrap_or_else(|| prompt.describe());
        let tokens = answer.tokens.or(settings.tokens);
        Completion {
            id: format!("chatcmpl-{number:012}"),
            created: self.inner.clock.unix().as_secs(),
            model: prompt.model.clone(),
            prompt_tokens: prompt.tokens(),
            tokens: Tokens::new(&text, tokens, prompt.max_tokens),
        }
    }
}

async fn read(body: Body, visit: &Visit) -> Result<Prompt, Refusal> {
    let body = to_bytes(body, LONGEST_REQUEST).await;
    let body = body.map_err(|_| refusal::too_long())?;
    let prompt = openai::read(&body)?;
    visit.asked(&prompt);
    Ok(prompt)
}

/// A zero sleep would still wait for the next tick of the timer.
async fn pause(duration: Duration) {
    if !duration.is_zero() {
        sleep(duration).await;
    }
}

/// Breaks the connection; whoever called in process is told that there is none.
async fn break_off(line: Option<&Line>, ending: Ending, mut responder: Responder) -> Response {
    let Some(line) = line else {
        return responder.refuse(&refusal::no_socket());
    };
    responder.visit.answered(match ending {
        Ending::Reset => Outcome::Reset,
        Ending::Close => Outcome::Closed,
    });
    line.end(ending);
    std::future::pending().await
}

fn error_of(fault: Fault, prompt: &Prompt) -> String {
    match fault {
        Fault::Error(_, kind) => refusal::of_kind(kind, &prompt.model).body,
        Fault::Cut(_) | Fault::End(_) | Fault::Stall(_) | Fault::Malformed(_) => String::new(),
    }
}
