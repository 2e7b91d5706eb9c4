//! What a run would send: `--dry-run`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::value::RawValue;
use tidegate::network::without_secrets;
use tidegate::secret::REDACTED;
use tidegate::{Call, ImageSource, Part, Preview, Request, Role, Way};

use crate::exit::Exit;
use crate::output::{json, text};

/// Prints the request as a person reads it: the system prompt, then the turns.
pub(crate) fn print(request: &Request) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let mut gap = "";
    if let Some(system) = &request.system {
        write!(out, "[system]\n{}", ended(system))?;
        gap = "\n";
    }
    for message in &request.messages {
        let role = match message.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        writeln!(out, "{gap}[{role}]")?;
        for part in &message.parts {
            out.write_all(ended(&shown(part)?).as_bytes())?;
        }
        gap = "\n";
    }
    out.flush()
}

/// Texts as they are, images by their size, the rest as JSON.
fn shown(part: &Part) -> io::Result<Cow<'_, str>> {
    Ok(match part {
        Part::Text { text } => text.into(),
        Part::Image(image) => match &image.source {
            ImageSource::Url(url) => format!("(image at {})", without_secrets(url)).into(),
            ImageSource::Data { media_type, base64 } => {
                format!("({media_type}, {} bytes of base64)", base64.len()).into()
            }
        },
        other => serde_json::to_string(other)?.into(),
    })
}

fn ended(text: &str) -> Cow<'_, str> {
    if text.is_empty() || text.ends_with('\n') {
        text.into()
    } else {
        format!("{text}\n").into()
    }
}

/// Tells what was packed, and of every way where it leads and what it costs.
pub(crate) fn tell(preview: &Preview) {
    let packed = &preview.packed;
    text::left_out(packed.skipped());
    for unmatched in packed.unmatched() {
        text::warning(&format!("{unmatched}; it would be sent as text"));
    }
    if !packed.is_empty() {
        text::note(&format!(
            "would pack {}",
            text::amount(packed.files().len(), packed.bytes())
        ));
    }
    for (number, way) in preview.ways.iter().enumerate() {
        let word = if number == 0 { "would go" } else { "else" };
        match &way.call {
            Ok(call) => text::note(&format!(
                "{word} to {}, {}: {}",
                way.target.label(),
                place(call),
                amount(way, preview.request.max_tokens)
            )),
            Err(problem) => text::warning(&format!(
                "{word} to {}, but cannot: {problem}",
                way.target.label()
            )),
        }
    }
}

/// Where a call leads, without what may be secret.
fn place(call: &Call) -> String {
    match call {
        Call::Http(call) => format!("POST {}", without_secrets(&call.url)),
        Call::Process(call) => format!("`{}`", call.program),
        _ => "another transport".to_owned(),
    }
}

/// `8621 tokens in ($0.0216), 4096 out at most ($0.0410)`.
fn amount(way: &Way, most: Option<u32>) -> String {
    let about = if way.exact { "" } else { "about " };
    let input = format!(
        "{about}{} tokens in{}",
        way.tokens,
        dollars(way.price.of_input(way.tokens))
    );
    match most.map(u64::from) {
        Some(most) => format!(
            "{input}, {most} out at most{}",
            dollars(way.price.of_output(most))
        ),
        None => input,
    }
}

fn dollars(price: Option<f64>) -> String {
    price.map_or_else(String::new, |price| format!(" (${price:.4})"))
}

/// Prints everything as one object.
pub(crate) fn print_json(preview: &Preview) -> io::Result<()> {
    let most = preview.request.max_tokens.map(u64::from);
    json::write(&Document {
        ok: true,
        dry_run: true,
        endpoint: &preview.endpoint,
        ways: preview
            .ways
            .iter()
            .map(|way| Shown::of(way, most))
            .collect(),
        context: json::context(&preview.packed),
        exit_code: Exit::Done.code(),
    })
}

#[derive(Serialize)]
struct Document<'p> {
    ok: bool,
    dry_run: bool,
    endpoint: &'p str,
    ways: Vec<Shown<'p>>,
    context: json::Context<'p>,
    exit_code: u8,
}

/// One way.
#[derive(Serialize)]
struct Shown<'p> {
    target: String,
    model: &'p str,
    limit_key: String,
    call: Option<Sent<'p>>,
    /// Why it cannot be sent there.
    error: Option<String>,
    input_tokens: u64,
    exact: bool,
    max_output_tokens: Option<u64>,
    input_usd: Option<f64>,
    max_output_usd: Option<f64>,
}

impl<'p> Shown<'p> {
    fn of(way: &'p Way, most: Option<u64>) -> Self {
        Self {
            target: way.target.label(),
            model: &way.target.model,
            limit_key: way.target.limit_key.to_string(),
            call: way.call.as_ref().ok().and_then(Sent::of),
            error: way.call.as_ref().err().map(ToString::to_string),
            input_tokens: way.tokens,
            exact: way.exact,
            max_output_tokens: most,
            input_usd: way.price.of_input(way.tokens),
            max_output_usd: most.and_then(|most| way.price.of_output(most)),
        }
    }
}

/// What would be sent, without what is secret.
#[derive(Serialize)]
#[serde(untagged)]
enum Sent<'p> {
    Http {
        method: &'static str,
        url: String,
        headers: BTreeMap<&'p str, &'p str>,
        /// As it would be sent, byte for byte.
        body: Option<&'p RawValue>,
    },
    Process {
        argv: Vec<&'p str>,
        env: Vec<&'p str>,
        stdin: Option<Cow<'p, str>>,
    },
}

impl<'p> Sent<'p> {
    fn of(call: &'p Call) -> Option<Self> {
        Some(match call {
            Call::Http(call) => Self::Http {
                method: "POST",
                url: without_secrets(&call.url),
                headers: call
                    .headers
                    .iter()
                    .map(|(name, value)| {
                        let shown = value.to_str().ok().filter(|_| !value.is_sensitive());
                        (name.as_str(), shown.unwrap_or(REDACTED))
                    })
                    .collect(),
                body: serde_json::from_slice(&call.body).ok(),
            },
            Call::Process(call) => {
                let program = std::iter::once(call.program.as_str());
                Self::Process {
                    argv: program
                        .chain(call.args.iter().map(String::as_str))
                        .collect(),
                    env: call.env.iter().map(|(name, _)| name.as_str()).collect(),
                    stdin: call.stdin.as_deref().map(String::from_utf8_lossy),
                }
            }
            _ => return None,
        })
    }
}
