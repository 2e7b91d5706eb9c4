//! Streamed answers: pieces become events.

use serde::Serialize;
use tidegate_core::{Delta, Timestamp, ToolCallDelta, Usage};

use super::write::{Counts, reason, seconds};

/// Writes the events of one streamed answer.
///
/// # Examples
/// ```
/// use tidegate_core::{Delta, FinishReason, Timestamp};
/// use tidegate_providers::dialect::openai_chat::server::StreamWriter;
///
/// let mut writer = StreamWriter::new(Timestamp::from_secs(1_795_435_200), false);
/// let mut bytes = Vec::new();
/// writer.push(&Delta::Text("Hello.".into()), &mut bytes);
/// writer.push(&Delta::Finished(FinishReason::Stop), &mut bytes);
/// writer.finish(&mut bytes);
/// assert!(bytes.ends_with(b"data: [DONE]\n\n"));
/// ```
#[derive(Debug)]
pub struct StreamWriter {
    id: Option<String>,
    model: Option<String>,
    created: u64,
    /// Whether the client asked what it cost.
    include_usage: bool,
    usage: Option<Usage>,
    begun: bool,
}

impl StreamWriter {
    /// A writer for an answer that begins now; who answers comes with [`Delta::Started`].
    pub const fn new(created: Timestamp, include_usage: bool) -> Self {
        Self {
            id: None,
            model: None,
            created: seconds(created),
            include_usage,
            usage: None,
            begun: false,
        }
    }

    /// Appends the events a piece becomes.
    pub fn push(&mut self, delta: &Delta, out: &mut Vec<u8>) {
        if let Delta::Started { id, model } = delta {
            self.id.clone_from(id);
            self.model.clone_from(model);
        }
        self.begin(out);
        let mut said = Said::default();
        match delta {
            Delta::Text(text) => said.content = Some(text),
            Delta::Reasoning(text) => said.reasoning_content = Some(text),
            Delta::ToolCall(piece) => said.tool_calls = Some([Call::of(piece)]),
            Delta::Finished(why) => return self.choice(said, Some(reason(why)), out),
            Delta::Usage(usage) => {
                self.usage = Some(*usage);
                return;
            }
            // Who answers stands in every event, and a signature has no place in the dialect.
            _ => return,
        }
        self.choice(said, None, out);
    }

    /// Appends the proper end. An answer that broke off has none: see [`super::ErrorReply::event`].
    pub fn finish(mut self, out: &mut Vec<u8>) {
        self.begin(out);
        if let Some(usage) = self.usage.as_ref().filter(|_| self.include_usage) {
            self.event(&[], Some(Counts::of(usage)), out);
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    /// The first event says whose turn it is.
    fn begin(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        let said = Said {
            role: Some("assistant"),
            content: Some(""),
            ..Said::default()
        };
        self.choice(said, None, out);
    }

    fn choice(&self, delta: Said<'_>, finish_reason: Option<&str>, out: &mut Vec<u8>) {
        let choice = Choice {
            index: 0,
            delta,
            finish_reason,
        };
        self.event(&[choice], None, out);
    }

    fn event(&self, choices: &[Choice<'_>], usage: Option<Counts>, out: &mut Vec<u8>) {
        let chunk = Chunk {
            id: self.id.as_deref(),
            object: "chat.completion.chunk",
            created: self.created,
            model: self.model.as_deref(),
            choices,
            usage,
        };
        out.extend_from_slice(b"data: ");
        let written = serde_json::to_writer(&mut *out, &chunk);
        debug_assert!(written.is_ok(), "writing JSON into memory cannot fail");
        out.extend_from_slice(b"\n\n");
    }
}

#[derive(Serialize)]
struct Chunk<'d> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'d str>,
    object: &'static str,
    created: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'d str>,
    choices: &'d [Choice<'d>],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Counts>,
}

#[derive(Serialize)]
struct Choice<'d> {
    index: u8,
    delta: Said<'d>,
    finish_reason: Option<&'d str>,
}

#[derive(Default, Serialize)]
struct Said<'d> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<[Call<'d>; 1]>,
}

#[derive(Serialize)]
struct Call<'d> {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'d str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    function: Function<'d>,
}

#[derive(Serialize)]
struct Function<'d> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'d str>,
    arguments: &'d str,
}

impl<'d> Call<'d> {
    fn of(piece: &'d ToolCallDelta) -> Self {
        Self {
            index: piece.index,
            id: piece.id.as_deref(),
            kind: piece.id.is_some().then_some("function"),
            function: Function {
                name: piece.name.as_deref(),
                arguments: &piece.arguments,
            },
        }
    }
}
