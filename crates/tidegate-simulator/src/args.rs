//! The command line of the simulator, and what it means as [`Settings`].

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use tidegate_simulator::{
    Answer, ApiKey, Charging, HeaderLie, HeaderStyle, HeaderStyleError, Hint, Lie, Limit,
    LimitError, Service, Settings, duration, script,
};

use crate::Failure;

const SCRIPTS: &str = "\
Answers of a script:
  ok  ok=TEXT  empty  ok_error  redirect[=URL]  STATUS (429, 503, ...)
  hang  reset  close  endless_headers  garbage; over HTTP/2: goaway  refused_stream
  context_length_exceeded  content_policy_violation  prefill_unsupported  model_not_found  spend_limit
  rate_limit_exceeded  token_limit_exceeded  insufficient_quota  request_too_large  slow_down  ...

Options, after a comma:
  times=N  for=TIME     the same answer to N requests, or to all for that long from the first
  delay=TIME            before the headers
  first-token=TIME      before the first event of a stream; with opens-early before its first token;
                        token-delay=TIME before each further token
  tokens=N              length of the answer; model=NAME that it names; finish=stop|length|tools|refusal
  tool=NAME:JSON        calls a tool (more than one in parallel); reasoning=TEXT before the text;
                        cached=N  cache-written=N tokens of the prompt
  retry-after=VALUE     as it is; retry-after-ms=N; retry-after-date=TIME; header=NAME:VALUE
  cut=N  end=N  stall=N[:TIME]  malformed=N  error=N[:KIND]  goaway=N
                        after N tokens: break the connection, end early, fall silent (and go on after
                        TIME); make the Nth event bad JSON; send an error event; end the HTTP/2
                        connection
  ping=TIME             signs of life while a stream waits; no-done: leave out the end mark; hold:
                        never end
  body=TEXT             in place of the real body; content-type=VALUE
  size=SIZE             so many bytes of padding before the body (5GB); drip=TIME for each byte; gzip;
                        bad-gzip; length=+N|-N more or less than there is; header-size=N; close-after

A TEXT with commas or semicolons stands in double quotes: ok=\"Hello, world\".

Besides the providers' routes there are GET /stats, POST /stats/reset and POST /script (a JSON array of answers).
HTTP/1.1 and, with prior knowledge, HTTP/2 are served on the same port.";

/// A provider to test against: answers, limits and fails as scripted, on loopback only.
///
/// Speaks the wires of OpenAI (/v1/chat/completions, /v1/embeddings) and of Anthropic (/v1/messages), all at once. Prints `listening on http://ADDRESS` when ready; Ctrl-C or
/// SIGTERM stop it.
#[derive(Debug, Parser)]
#[command(version, after_help = SCRIPTS, max_term_width = 120)]
pub(crate) struct Args {
    /// The loopback address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,

    /// Answers to the first requests, separated by `;`: "503; 429,retry-after=1; ok=Hello".
    #[arg(long, value_name = "ANSWERS")]
    script: Option<String>,

    /// A file with more answers, after those of --script: compact or JSON, line by line.
    #[arg(long, value_name = "FILE")]
    script_file: Option<PathBuf>,

    /// The answer once the script is used up.
    #[arg(long, value_name = "ANSWER", default_value = "ok")]
    otherwise: Answer,

    /// The text of good answers [default: what was received].
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,

    /// The tokens of good answers: the text is repeated or shortened to that [default: the text as it is].
    #[arg(long, value_name = "N")]
    tokens: Option<u32>,

    /// The model that good answers name [default: the one that was asked for].
    #[arg(long, value_name = "MODEL")]
    served_model: Option<String>,

    /// Wait before every answer, such as 20ms.
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = duration::parse)]
    latency: Duration,

    /// The time of a good answer besides: 2s, or lognormal:2s:0.5 (median and sigma).
    #[arg(long, value_name = "TIME", default_value = "0")]
    service: Service,

    /// What the times of --service depend on, besides the number of the admission.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Limit to so many requests a minute, as a token bucket.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rpm: Option<u32>,

    /// Requests that the bucket of --rpm lets in at once.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        requires = "rpm",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    burst: u32,

    /// Limit to so many requests in each fixed window, such as 10/1s.
    #[arg(long, value_name = "N/TIME", value_parser = window)]
    window: Option<Limit>,

    /// A limit; each that is given must let a request in: bucket=300/1m,burst=10 or window=10/1s or
    /// window=600/1m,every=1s or log=300/1m or concurrency=32; then of=tokens|input-tokens|output-tokens
    /// and told=N, the limit that headers name.
    #[arg(long = "limit", value_name = "LIMIT")]
    limits: Vec<Limit>,

    /// When the tokens of an answer are charged: estimate (all there may be at admission, for good), corrected
    /// (the same, and given back at the end) or used (at the end).
    #[arg(long, value_name = "WHEN", default_value = "estimate")]
    charging: Charging,

    /// What a refusal by a limit tells: none, seconds, exact (fractional seconds), ms, date or resets
    /// (only the reset of the headers).
    #[arg(long, value_name = "HINT", default_value = "seconds")]
    hint: Hint,

    /// How the hint is not true: 0.5x or 2x of the true wait, or always the same, such as 1s or 0.
    #[arg(long, value_name = "LIE")]
    hint_lie: Option<Lie>,

    /// Whose headers tell how the limits stand: native (those of the wire), openai, anthropic, azure,
    /// sentinels, groq, mistral, or none.
    #[arg(long, value_name = "STYLE", default_value = "native", value_parser = headers)]
    headers: Headers,

    /// How these headers are not true: 0.5x or 2x of what is true, or stale:2s.
    #[arg(long, value_name = "LIE")]
    header_lie: Option<HeaderLie>,

    /// Requests that a limit refuses are charged, too.
    #[arg(long)]
    rejects_cost: bool,

    /// The key that requests must carry; no other is known.
    #[arg(long, value_name = "KEY")]
    api_key: Option<String>,

    /// Refuse conversations that end with an assistant message.
    #[arg(long)]
    rejects_prefill: bool,
    /// Play the script to every distinct prompt from its beginning, instead of once to all
    #[arg(long)]
    script_per_prompt: bool,
}

impl Args {
    pub(crate) fn settings(self) -> Result<Settings, Failure> {
        let mut answers = script::parse(self.script.as_deref().unwrap_or_default())?;
        if let Some(file) = &self.script_file {
            answers.extend(read_script(file)?);
        }
        let bucket = self.rpm.map(|rpm| Limit::per_minute(rpm, self.burst));
        let limits = bucket.into_iter().chain(self.window);
        let limits = limits.chain(self.limits).collect();
        Ok(Settings {
            script: answers,
            otherwise: self.otherwise,
            text: self.text,
            tokens: self.tokens,
            served_model: self.served_model,
            api_key: self.api_key.map(ApiKey::new),
            limits,
            rejects_cost: self.rejects_cost,
            charging: self.charging,
            hint: self.hint,
            hint_lie: self.hint_lie,
            ratelimit_headers: self.headers.is_some(),
            header_style: self.headers.unwrap_or_default(),
            header_lie: self.header_lie,
            latency: self.latency,
            service: self.service,
            seed: self.seed,
            rejects_prefill: self.rejects_prefill,
            script_per_prompt: self.script_per_prompt,
            ..Settings::default()
        })
    }
}

/// A style, or none. A name of its own, since clap would take an `Option` for a flag that may be missing.
type Headers = Option<HeaderStyle>;

fn headers(text: &str) -> Result<Headers, HeaderStyleError> {
    if text == "none" {
        return Ok(None);
    }
    text.parse().map(Some)
}

/// `10/1s`, and no other form: those are for --limit.
fn window(text: &str) -> Result<Limit, LimitError> {
    format!("window={text}").parse()
}

fn read_script(file: &PathBuf) -> Result<Vec<Answer>, Failure> {
    let name = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    let answers = script::parse_lines(&text).map_err(|error| format!("{name}: {error}"))?;
    Ok(answers)
}
