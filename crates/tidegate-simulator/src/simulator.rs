//! One simulator: what happens to a request, in order.
//!
//! Key, reading, limits, script, answer: the order of a real provider, so that a request over the limit is refused
//! before anything else is known about it, and takes nothing from the script.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::response::Response;
use tokio::time::sleep;

use crate::admission::Admission;
use crate::clock::Clock;
use crate::completion::{Call, Completion, Finish, Input};
use crate::fault::{ErrorKind, Fault, Pacing, Steps};
use crate::headers::{Teller, Told};
use crate::limits::{Hint, Limiter, Refused, Verdict};
use crate::line::Line;
use crate::prompt::{Prompt, Tokens, Wants};
use crate::refusal::{JSON, Refusal, Why};
use crate::respond::Responder;
use crate::script::{Answer, Reply, Script};
use crate::settings::Settings;
use crate::stats::{Arrival, Stats, Tally, Visit};
use crate::wire::{Route, Wire};

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
    limiter: Arc<Mutex<Limiter>>,
    teller: Mutex<Teller>,
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
        let limiter = Limiter::new(&settings.limits)
            .rejects_cost(settings.rejects_cost)
            .charging(settings.charging);
        Self {
            inner: Arc::new(Inner {
                settings,
                clock: Clock::start(),
                limiter: Arc::new(Mutex::new(limiter)),
                teller: Mutex::default(),
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

    pub(crate) fn models(&self, wire: &dyn Wire, parts: &Parts) -> Result<String, Refusal> {
        self.check_key(wire, parts)?;
        let created = self.inner.clock.unix().as_secs();
        Ok(wire.models(&self.inner.settings.models, created))
    }

    /// Answers one request to a wire.
    pub(crate) async fn visit(
        &self,
        wire: &'static dyn Wire,
        route: Route,
        request: Request,
    ) -> Response {
        let (parts, body) = request.into_parts();
        let arrival = Arrival {
            at: self.inner.clock.now(),
            authorized: wire.key(&parts.headers).is_some(),
            wire: wire.name(),
            route: route.path,
        };
        let visit = self.inner.tally.arrive(arrival);
        let prompt = match self.check_key(wire, &parts) {
            Ok(()) => read(wire, route, &parts, body, &visit).await,
            Err(refusal) => Err(refusal),
        };
        let line = parts.extensions.get::<Line>().cloned();
        let responder = Responder::new(wire, line, self.inner.clock, arrival.at, visit);
        match prompt {
            Err(refusal) => self.refuse(refusal, responder).await,
            Ok(prompt) => self.admit(prompt, responder).await,
        }
    }

    fn check_key(&self, wire: &dyn Wire, parts: &Parts) -> Result<(), Refusal> {
        let Some(key) = &self.inner.settings.api_key else {
            return Ok(());
        };
        match wire.key(&parts.headers) {
            Some(given) if key.is(given) => Ok(()),
            _ => Err(wire.refusal(Why::Kind(ErrorKind::InvalidApiKey), "")),
        }
    }

    /// Meters a request that was read, and answers it.
    async fn admit(&self, prompt: Prompt, mut responder: Responder) -> Response {
        let settings = &self.inner.settings;
        let (admitted, told) = self.meter(&prompt, &mut responder.visit);
        let by_resets = settings.hint == Hint::Resets && admitted.is_err();
        responder.told = Some(told).filter(|_| settings.ratelimit_headers || by_resets);
        let number = match admitted {
            Ok(number) => number,
            Err(refused) => return self.limit(&prompt, refused, responder).await,
        };
        if settings.rejects_prefill && prompt.ends_with_assistant {
            let why = Why::Kind(ErrorKind::Prefill);
            let refusal = responder.wire.refusal(why, &prompt.model);
            return self.refuse(refusal, responder).await;
        }
        let next = lock(&self.inner.script).next(prompt.hash, self.inner.clock.now());
        let mut answer = next.unwrap_or_else(|| settings.otherwise.clone());
        if answer.reply == Reply::Ok {
            let service = settings.service.draw(settings.seed, number);
            answer.delay = answer.delay.saturating_add(service);
        }
        self.answer(answer, prompt, responder).await
    }

    /// The number of the admission, or why there is none; and what headers tell.
    fn meter(&self, prompt: &Prompt, visit: &mut Visit) -> (Result<u64, Refused>, Told) {
        let (inner, cost) = (&self.inner, prompt.cost());
        let mut limiter = lock(&inner.limiter);
        // Read and noted under the lock: limits and statistics must see one order.
        let now = inner.clock.now();
        let admitted = match limiter.admit(now, cost) {
            Verdict::Refused(refused) => Err(refused),
            Verdict::Admitted(ticket) => {
                let number = ticket.number();
                let limiter = Arc::clone(&inner.limiter);
                let admission = Admission::new(limiter, inner.clock, ticket, cost.input_tokens);
                visit.admitted(now, admission, prompt);
                Ok(number)
            }
        };
        let truth = limiter.standings(now).collect();
        let told = Told {
            standings: lock(&inner.teller).tell(inner.settings.header_lie, now, truth),
            admitted: limiter.admitted(),
            tokens: cost.input_tokens.saturating_add(cost.output_tokens),
            style: inner.settings.header_style,
        };
        (admitted, told)
    }

    async fn limit(&self, prompt: &Prompt, refused: Refused, mut responder: Responder) -> Response {
        let settings = &self.inner.settings;
        if let Some(limit) = settings.limits.get(refused.limit) {
            self.inner.tally.limited(*limit);
        }
        let wait = settings.hint.says(refused.wait, settings.hint_lie);
        if let Some(wait) = wait {
            responder.hint(settings.hint, wait);
        }
        let refusal = responder
            .wire
            .refusal(Why::Limit(refused, wait), &prompt.model);
        self.refuse(refusal, responder).await
    }

    async fn refuse(&self, refusal: Refusal, responder: Responder) -> Response {
        pause(self.inner.settings.latency).await;
        responder.refuse(refusal).await
    }

    /// Performs an answer.
    async fn answer(
        &self,
        mut answer: Answer,
        prompt: Prompt,
        mut responder: Responder,
    ) -> Response {
        pause(self.inner.settings.latency.saturating_add(answer.delay)).await;
        responder.customise(&answer);
        let body = answer.body.take();
        let refuse = |why| responder.wire.refusal(why, &prompt.model);
        let refusal = match answer.reply {
            Reply::Hang => return responder.hang().await,
            Reply::Reset => return responder.reset().await,
            Reply::Close => return responder.close().await,
            Reply::GoAway => return responder.go_away().await,
            Reply::RefusedStream => return responder.refuse_stream().await,
            Reply::EndlessHeaders => return responder.endless_headers().await,
            Reply::Garbage => return responder.garbage().await,
            Reply::Ok if body.is_none() => return self.complete(&answer, &prompt, responder).await,
            Reply::Ok | Reply::Empty => Refusal::raw(200, ""),
            Reply::Redirect => Refusal::page(307, "307 Temporary Redirect"),
            Reply::OkError => Refusal {
                status: 200,
                ..refuse(Why::Kind(ErrorKind::ServerError))
            },
            Reply::Error(kind) => refuse(Why::Kind(kind)),
            Reply::Status(status) => refuse(Why::Status(status)),
        };
        let refusal = match body {
            Some(body) => Refusal::raw(refusal.status, body),
            None => refusal,
        };
        responder.refuse(refusal).await
    }

    async fn complete(
        &self,
        answer: &Answer,
        prompt: &Prompt,
        mut responder: Responder,
    ) -> Response {
        let wire = responder.wire;
        let completion = self.completion(answer, prompt, responder.number());
        responder.visit.wrote(completion.tokens());
        let error = error_of(answer.fault, prompt, &responder);
        if prompt.streamed {
            let error = wire.error_event(&error);
            let pacing = Pacing {
                first_token: answer.first_token,
                opens_early: answer.opens_early,
                token_delay: answer.token_delay,
                no_done: answer.no_done,
                hold: answer.hold,
                fault: answer.fault.map(|fault| (fault, error)),
            };
            let events = wire.events(completion, prompt);
            return responder.stream(Steps::new(events, pacing), answer.ping);
        }
        let tokens = u32::try_from(completion.tokens()).unwrap_or(u32::MAX);
        let later = answer.token_delay.saturating_mul(tokens.saturating_sub(1));
        pause(answer.first_token.saturating_add(later)).await;
        let fault = answer.fault.map(|fault| (fault, error.into()));
        let body = wire.whole(&completion);
        responder.whole(200, JSON, &body, fault.as_ref()).await
    }

    fn completion(&self, answer: &Answer, prompt: &Prompt, number: u64) -> Completion {
        let settings = &self.inner.settings;
        let tokens = answer.tokens.or(settings.tokens);
        let text = Tokens::new(&self.text(answer, prompt), tokens, prompt.max_tokens);
        let reasoning = answer.reasoning.as_deref().unwrap_or_default();
        let finish = match answer.tools.as_slice() {
            _ if text.shortened => Finish::Length,
            [] => Finish::Stop,
            _ => Finish::Tools,
        };
        let served = answer.model.as_ref().or(settings.served_model.as_ref());
        Completion {
            number,
            created: self.inner.clock.unix().as_secs(),
            model: served.unwrap_or(&prompt.model).clone(),
            input: Input::new(prompt.tokens(), answer.cached, answer.cache_written),
            reasoning: Tokens::new(reasoning, None, None),
            text,
            calls: answer.tools.iter().map(Call::new).collect(),
            vectors: match &prompt.wants {
                Wants::Vectors(vectors) => Some(vectors.clone()),
                Wants::Words | Wants::Json(_) => None,
            },
            finish: answer.finish.unwrap_or(finish),
        }
    }

    fn text(&self, answer: &Answer, prompt: &Prompt) -> String {
        let text = answer.text.as_ref();
        if text.is_none() && !answer.tools.is_empty() {
            return String::new();
        }
        let text = text.or(self.inner.settings.text.as_ref());
        text.cloned().unwrap_or_else(|| prompt.describe())
    }
}

async fn read(
    wire: &dyn Wire,
    route: Route,
    parts: &Parts,
    body: Body,
    visit: &Visit,
) -> Result<Prompt, Refusal> {
    let body = to_bytes(body, LONGEST_REQUEST).await;
    let body = body.map_err(|_| wire.refusal(Why::Kind(ErrorKind::PayloadTooLarge), ""))?;
    let prompt = wire.read(route, parts, &body)?;
    visit.asked(&prompt);
    Ok(prompt)
}

/// A zero sleep would still wait for the next tick of the timer.
async fn pause(duration: Duration) {
    if !duration.is_zero() {
        sleep(duration).await;
    }
}

/// What a fault says in the middle of an answer, if it says anything.
fn error_of(fault: Option<Fault>, prompt: &Prompt, responder: &Responder) -> String {
    let Some(Fault::Error(_, kind)) = fault else {
        return String::new();
    };
    let refusal = responder.wire.refusal(Why::Kind(kind), &prompt.model);
    responder.worded(refusal).1
}
