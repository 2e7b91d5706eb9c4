//! What a person has of a failure, as the reply it was: a body, a response as `curl -i` prints it, a command's words.

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use tidegate_core::Status;
use tidegate_providers::{Reply, ReplyHead};

/// Why something is no evidence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadEvidence {
    /// No HTTP status.
    #[error("{0} is no HTTP status: they go from 100 to 599")]
    Status(u16),
    /// No header.
    #[error("`{0}` is no header: write `name: value`")]
    Header(String),
}

/// What a command left: its words, and the code it ended with.
pub fn command_reply(words: Vec<u8>, exit: i32) -> Reply {
    Reply {
        head: ReplyHead::Process {
            ended: Status::Exit(exit),
            stderr: words.into(),
        },
        body: Bytes::new(),
    }
}

/// A response: its body alone, or with status line and headers before it. `status` and `headers` are said beside it and
/// win. Where nothing says a status it is 200, as for an error that came as an answer.
///
/// # Errors
/// [`BadEvidence`]
pub fn http_reply(
    text: &[u8],
    status: Option<u16>,
    headers: &[String],
) -> Result<Reply, BadEvidence> {
    let (own, mut all, body) = split(text);
    for header in headers {
        let (name, value) = header_of(header).ok_or_else(|| BadEvidence::Header(header.clone()))?;
        all.insert(name, value);
    }
    if ["data:", "event:"]
        .iter()
        .any(|start| body.starts_with(start.as_bytes()))
    {
        let stream = HeaderValue::from_static("text/event-stream");
        all.entry(CONTENT_TYPE).or_insert(stream);
    }
    let status = status
        .map(|status| match status {
            100..600 => StatusCode::from_u16(status).map_err(|_| BadEvidence::Status(status)),
            _ => Err(BadEvidence::Status(status)),
        })
        .transpose()?;
    Ok(Reply {
        head: ReplyHead::Http {
            status: status.or(own).unwrap_or(StatusCode::OK),
            headers: all,
        },
        body: Bytes::copy_from_slice(body),
    })
}

/// Status and headers before a body, if there are any. Of several heads the last counts: those before it are of a
/// proxy, or say `100 Continue`.
fn split(mut text: &[u8]) -> (Option<StatusCode>, HeaderMap, &[u8]) {
    let (mut status, mut headers) = (None, HeaderMap::new());
    while text.starts_with(b"HTTP/") {
        let (head, body) = head_and_body(text);
        let head = String::from_utf8_lossy(head);
        let mut lines = head.lines();
        let number = lines.next().and_then(|line| line.split(' ').nth(1));
        let Some(read) = number.and_then(|number| number.parse().ok()) else {
            break;
        };
        status = Some(read);
        headers = lines
            .filter_map(header_of)
            .fold(HeaderMap::new(), |mut all, (name, value)| {
                all.append(name, value);
                all
            });
        text = body;
    }
    (status, headers, text)
}

/// Parts at the first empty line.
fn head_and_body(text: &[u8]) -> (&[u8], &[u8]) {
    let at = |mark: &[u8]| {
        let place = text.windows(mark.len()).position(|window| window == mark)?;
        Some((place, place + mark.len()))
    };
    let ends = [at(b"\r\n\r\n"), at(b"\n\n")];
    let end = ends.into_iter().flatten().min();
    let (head, body) = end.unwrap_or((text.len(), text.len()));
    (&text[..head], &text[body..])
}

fn header_of(line: impl AsRef<str>) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.as_ref().split_once(':')?;
    let name = name.trim().parse().ok()?;
    Some((name, value.trim().parse().ok()?))
}
