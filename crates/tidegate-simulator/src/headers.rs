//! The headers that tell how the limits stand.
//!
//! Providers use the same names for different things, round as they like, and send numbers that mean nothing; a client
//! that learns its pace from them must survive all of that. The style is independent of the wire: many vendors speak
//! the wire of OpenAI and tell their limits in their own way.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::clock::rfc3339;
use crate::duration::{ceil_seconds, go};
use crate::limits::{Metered, Standing};

mod lie;

pub(crate) use lie::Teller;
pub use lie::{HeaderLie, HeaderLieError};

/// Whose headers tell how the limits stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeaderStyle {
    /// Those of the wire: of OpenAI or of Anthropic.
    #[default]
    Native,
    /// `x-ratelimit-limit-requests` and the like; resets as Go spells durations: `6m0s`.
    OpenAi,
    /// `anthropic-ratelimit-requests-limit` and the like; resets as times. What has no limit is told, too: untouched.
    Anthropic,
    /// OpenAI's, with resets in whole seconds.
    Azure,
    /// OpenAI's names with -1, -1 and 0: Azure, when it does not know.
    Sentinels,
    /// OpenAI's names, but requests are counted per day (14,400) and only tokens by the limits.
    Groq,
    /// `x-ratelimit-limit-req-minute` and the like, without resets.
    Mistral,
}

const WORDS: [(HeaderStyle, &str); 7] = [
    (HeaderStyle::Native, "native"),
    (HeaderStyle::OpenAi, "openai"),
    (HeaderStyle::Anthropic, "anthropic"),
    (HeaderStyle::Azure, "azure"),
    (HeaderStyle::Sentinels, "sentinels"),
    (HeaderStyle::Groq, "groq"),
    (HeaderStyle::Mistral, "mistral"),
];

/// What Anthropic's headers tell where the simulator has no limit: untouched.
const UNTOUCHED: [(&str, u64); 4] = [
    ("requests", 50_000),
    ("tokens", 10_000_000),
    ("input-tokens", 8_000_000),
    ("output-tokens", 2_000_000),
];

/// Requests a day, as Groq tells them. One grows back in six seconds.
const GROQ_DAY: u64 = 14_400;
const GROQ_PERIOD: Duration = Duration::from_secs(6);

/// What the headers of one response tell.
#[derive(Debug)]
pub(crate) struct Told {
    /// How each limit stands.
    pub(crate) standings: Vec<Standing>,
    /// Requests that were admitted so far.
    pub(crate) admitted: u64,
    /// What this request costs in tokens.
    pub(crate) tokens: u64,
    pub(crate) style: HeaderStyle,
}

impl Told {
    /// Adds the headers, in this style. Where there are no limits but on concurrency, nothing is told.
    pub(crate) fn write(&self, headers: &mut HeaderMap, style: HeaderStyle, unix: Duration) {
        if self.nearest(&|_| true).is_none() {
            return;
        }
        match style {
            HeaderStyle::Native | HeaderStyle::OpenAi => self.openai(headers, &go),
            HeaderStyle::Azure => self.openai(headers, &|reset| ceil_seconds(reset).to_string()),
            HeaderStyle::Sentinels => sentinels(headers),
            HeaderStyle::Groq => self.groq(headers),
            HeaderStyle::Mistral => self.mistral(headers),
            HeaderStyle::Anthropic => self.anthropic(headers, unix),
        }
    }

    /// The limit that is nearest to refusing, of those that meter such things.
    fn nearest(&self, metering: &dyn Fn(Metered) -> bool) -> Option<&Standing> {
        let told = self
            .standings
            .iter()
            .filter(|standing| standing.metered != Metered::InFlight && metering(standing.metered));
        told.min_by_key(|standing| standing.remaining)
    }

    fn requests(&self) -> Option<&Standing> {
        self.nearest(&|metered| metered == Metered::Requests)
    }

    fn tokens(&self) -> Option<&Standing> {
        self.nearest(&|metered| metered != Metered::Requests)
    }

    fn openai(&self, headers: &mut HeaderMap, reset: &dyn Fn(Duration) -> String) {
        for (metered, standing) in [("requests", self.requests()), ("tokens", self.tokens())] {
            if let Some(told) = standing {
                let reset = reset(told.reset);
                openai(headers, metered, [&told.limit, &told.remaining, &reset]);
            }
        }
    }

    fn groq(&self, headers: &mut HeaderMap) {
        let used = self.admitted.min(GROQ_DAY);
        let reset = GROQ_PERIOD.saturating_mul(u32::try_from(used).unwrap_or(u32::MAX));
        let remaining = GROQ_DAY - used;
        openai(headers, "requests", [&GROQ_DAY, &remaining, &go(reset)]);
        if let Some(told) = self.tokens() {
            let reset = go(told.reset);
            openai(headers, "tokens", [&told.limit, &told.remaining, &reset]);
        }
    }

    fn mistral(&self, headers: &mut HeaderMap) {
        for (metered, standing) in [("req", self.requests()), ("tokens", self.tokens())] {
            if let Some(told) = standing {
                let name = |field| format!("x-ratelimit-{field}-{metered}-minute");
                set(headers, &name("limit"), &told.limit);
                set(headers, &name("remaining"), &told.remaining);
            }
        }
        set(headers, "x-ratelimit-tokens-query-cost", &self.tokens);
    }

    fn anthropic(&self, headers: &mut HeaderMap, unix: Duration) {
        for (word, untouched) in UNTOUCHED {
            let standing = match word {
                "tokens" => self.tokens(),
                _ => self.nearest(&|metered| metered.word() == word),
            };
            // Rounded up: whoever obeys is never too early.
            let (limit, remaining, reset) = match standing {
                Some(told) => (
                    told.limit,
                    told.remaining,
                    ceil_seconds(unix.saturating_add(told.reset)),
                ),
                None => (untouched, untouched, unix.as_secs()),
            };
            let name = |field| format!("anthropic-ratelimit-{word}-{field}");
            set(headers, &name("limit"), &limit);
            set(headers, &name("remaining"), &remaining);
            set(headers, &name("reset"), &rfc3339(reset));
        }
    }
}

fn sentinels(headers: &mut HeaderMap) {
    for metered in ["requests", "tokens"] {
        openai(headers, metered, [&-1, &-1, &0]);
    }
}

/// Limit, rest and reset under OpenAI's names.
fn openai(headers: &mut HeaderMap, metered: &str, values: [&dyn fmt::Display; 3]) {
    for (field, value) in ["limit", "remaining", "reset"].into_iter().zip(values) {
        set(headers, &format!("x-ratelimit-{field}-{metered}"), value);
    }
}

/// Names and values are of our own letters and digits: there is no other that is left out.
fn set(headers: &mut HeaderMap, name: &str, value: &dyn fmt::Display) {
    let value = HeaderValue::try_from(value.to_string());
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), value) {
        headers.insert(name, value);
    }
}

/// A text that names no style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderStyleError {
    text: String,
}

impl fmt::Display for HeaderStyleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = WORDS.map(|(_, word)| word).join(", ");
        write!(f, "`{}` is no style of headers: {words}", self.text)
    }
}

impl std::error::Error for HeaderStyleError {}

impl FromStr for HeaderStyle {
    type Err = HeaderStyleError;

    fn from_str(text: &str) -> Result<Self, HeaderStyleError> {
        let row = WORDS.iter().find(|(_, word)| *word == text);
        row.map(|(style, _)| *style)
            .ok_or_else(|| HeaderStyleError { text: text.into() })
    }
}
