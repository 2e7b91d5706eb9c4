//! A child process as a provider: any program that takes a prompt and prints an answer.
//!
//! The credential reaches it through its own environment, never through an argument, which every user of the machine
//! can read. A prompt that begins with `-` is preceded by `--`, so that it is not taken for an option.

use std::borrow::Cow;

use bytes::Bytes;
use tidegate_core::{Failure, Message, Part, PromptBy, Request, Response, Role, Target, Timestamp};

use crate::call::{Call, ProcessCall, Reply};
use crate::classify;
use crate::provider::{EncodeError, Provider};

/// The longest single argument Linux accepts: 32 pages less the closing NUL (`MAX_ARG_STRLEN`).
pub const MAX_ARGUMENT: usize = 131_071;

/// Placeholders an `argv` may hold.
const PROMPT: &str = "{prompt}";
const MODEL: &str = "{model}";
const SYSTEM: &str = "{system}";

/// The preset `ccw-litellm`: `LiteLLM` behind the command line it was first called through.
pub const CCW_LITELLM: &[&str] = &[
    "python",
    "-m",
    "ccw_litellm.cli",
    "chat",
    "--model",
    MODEL,
    PROMPT,
];

/// The argument list of a preset, by its name.
pub fn preset(name: &str) -> Option<&'static [&'static str]> {
    (name == "ccw-litellm").then_some(CCW_LITELLM)
}

/// Names of all presets.
pub const PRESETS: &[&str] = &["ccw-litellm"];

/// The provider `command`.
#[derive(Debug)]
pub struct Command;

impl Provider for Command {
    fn name(&self) -> &'static str {
        "command"
    }

    fn is_command(&self) -> bool {
        true
    }

    fn encode(&self, request: &Request, target: &Target) -> Result<Call, EncodeError> {
        expressible(request)?;
        let command = target.command.as_ref().ok_or(EncodeError::NoCommand)?;
        let (program, templates) = command.argv.split_first().ok_or(EncodeError::NoCommand)?;
        let system = request.system.as_deref().unwrap_or_default();
        let takes_system = templates.iter().any(|template| template.contains(SYSTEM));
        let prompt = prompt(request, if takes_system { "" } else { system });
        let fill = |text: &str| text.replace(MODEL, &target.model).replace(SYSTEM, system);
        let mut args = Vec::with_capacity(templates.len() + 2);
        match command.prompt {
            PromptBy::Stdin => args.extend(
                templates
                    .iter()
                    .filter(|template| !template.contains(PROMPT))
                    .map(|t| fill(t)),
            ),
            PromptBy::Argument => arguments(&mut args, templates, &prompt, fill),
        }
        args.iter().try_for_each(|argument| check(argument))?;
        Ok(Call::Process(ProcessCall {
            program: program.clone(),
            args,
            env: command.env.clone(),
            stdin: (command.prompt == PromptBy::Stdin).then(|| Bytes::from(prompt.into_owned())),
        }))
    }

    fn decode(&self, target: &Target, reply: &Reply, now: Timestamp) -> Result<Response, Failure> {
        if !reply.head.is_success() {
            return Err(classify::reply(target, reply, now));
        }
        let text = String::from_utf8_lossy(&reply.body).trim().to_owned();
        Ok(Response {
            text,
            model: Some(target.model.clone()),
            ..Response::default()
        })
    }
}

/// A command takes texts. Thoughts of earlier turns are left out; anything else is refused by name, because without
/// it the request would be another one.
fn expressible(request: &Request) -> Result<(), EncodeError> {
    let given = [
        ("max_tokens", request.max_tokens.is_some()),
        ("temperature", request.temperature.is_some()),
        ("top_p", request.top_p.is_some()),
        ("top_k", request.top_k.is_some()),
        ("seed", request.seed.is_some()),
        ("frequency_penalty", request.frequency_penalty.is_some()),
        ("presence_penalty", request.presence_penalty.is_some()),
        ("stop", !request.stop.is_empty()),
        ("tools", !request.tools.is_empty()),
        ("tool_choice", request.tool_choice.is_some()),
        ("parallel_tool_calls", request.parallel_tool_calls.is_some()),
        ("output", request.output.is_some()),
    ];
    let extra = (request.extra.iter()).map(|(name, value)| (name.as_str(), !value.is_null()));
    if let Some((name, _)) = given.into_iter().chain(extra).find(|(_, given)| *given) {
        return Err(unsupported(format!("`{name}`")));
    }
    let mut parts = request.messages.iter().flat_map(|message| &message.parts);
    parts.try_for_each(|part| match part {
        Part::Text { .. } | Part::Reasoning(_) => Ok(()),
        Part::Image(_) => Err(unsupported("an image")),
        Part::ToolCall(_) => Err(unsupported("a tool call")),
        Part::ToolResult(_) => Err(unsupported("a tool result")),
        other => Err(unsupported(other.name())),
    })
}

fn unsupported(what: impl Into<String>) -> EncodeError {
    EncodeError::Unsupported {
        dialect: "command",
        what: what.into(),
    }
}

/// The arguments with the prompt where a template wants it, alone or inside (`--prompt={prompt}`), or last.
fn arguments(
    args: &mut Vec<String>,
    templates: &[String],
    prompt: &str,
    fill: impl Fn(&str) -> String,
) {
    for template in templates {
        if template == PROMPT {
            push_prompt(args, prompt);
        } else {
            // Filled around the prompt, never inside it: a prompt may speak of `{model}`.
            let around: Vec<_> = template.split(PROMPT).map(&fill).collect();
            args.push(around.join(prompt));
        }
    }
    if !templates.iter().any(|template| template.contains(PROMPT)) {
        push_prompt(args, prompt);
    }
}

fn push_prompt(args: &mut Vec<String>, prompt: &str) {
    if prompt.starts_with('-') && args.last().is_none_or(|last| last != "--") {
        args.push("--".to_owned());
    }
    args.push(prompt.to_owned());
}

fn check(argument: &str) -> Result<(), EncodeError> {
    if argument.len() > MAX_ARGUMENT {
        return Err(EncodeError::PromptTooLong {
            bytes: argument.len(),
            max: MAX_ARGUMENT,
        });
    }
    if argument.contains('\0') {
        return Err(EncodeError::NulInPrompt);
    }
    Ok(())
}

/// The conversation as one text: the turn alone where there is one, turns by name where there are several.
fn prompt<'r>(request: &'r Request, system: &str) -> Cow<'r, str> {
    if let ([message], true) = (request.messages.as_slice(), system.is_empty()) {
        return join(message);
    }
    let turn = |message: &Message| match (message.role, request.messages.len()) {
        (_, 1) => join(message).into_owned(),
        (Role::User, _) => format!("User: {}", join(message)),
        (Role::Assistant, _) => format!("Assistant: {}", join(message)),
    };
    let system = (!system.is_empty()).then(|| system.to_owned());
    system
        .into_iter()
        .chain(request.messages.iter().map(turn))
        .collect::<Vec<_>>()
        .join("\n\n")
        .into()
}

fn join(message: &Message) -> Cow<'_, str> {
    let mut texts = message.texts();
    match (texts.next(), texts.next()) {
        (Some(only), None) => only.into(),
        _ => message.texts().collect::<String>().into(),
    }
}
