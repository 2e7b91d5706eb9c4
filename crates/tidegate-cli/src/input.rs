//! Where the prompt comes from.

pub(crate) mod content;

use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

/// The longest prompt read from standard input, in bytes.
const MAX_PROMPT: u64 = 64 * 1_024 * 1_024;

/// The prompt from the arguments, with standard input where `-` stands; from a pipe when there are no arguments.
///
/// A prompt without `-` never touches standard input, so that nothing hangs on one that is open and idle.
pub(crate) fn prompt(words: &[String]) -> Result<String, String> {
    if words.is_empty() && io::stdin().is_terminal() {
        return Err("no prompt: give one, `-` for standard input, or a pipe".to_owned());
    }
    if words.iter().filter(|word| *word == "-").count() > 1 {
        return Err("`-` stands for standard input and can be given once".to_owned());
    }
    let from_pipe = ["-".to_owned()];
    let words = if words.is_empty() {
        &from_pipe[..]
    } else {
        words
    };
    let parts: Result<Vec<_>, _> = words
        .iter()
        .map(|word| {
            if word == "-" {
                stdin()
            } else {
                Ok(word.clone())
            }
        })
        .collect();
    let prompt = parts?.join("\n\n");
    if prompt.trim().is_empty() {
        return Err("the prompt is empty: give one, or let one come through the pipe".to_owned());
    }
    Ok(prompt)
}

/// The words of the prompt that were typed, without what came from standard input.
pub(crate) fn typed(words: &[String]) -> String {
    let typed = words.iter().map(String::as_str).filter(|word| *word != "-");
    typed.collect::<Vec<_>>().join("\n\n")
}

/// The texts of the arguments; else every line of a file, or of standard input.
pub(crate) fn texts(words: &[String], lines: Option<&Path>) -> Result<Vec<String>, String> {
    if !words.is_empty() {
        return Ok(words.to_vec());
    }
    if lines.is_none() && io::stdin().is_terminal() {
        return Err("no texts: give some, a file of lines with --lines, or a pipe".to_owned());
    }
    let text = match lines.filter(|path| path.as_os_str() != "-") {
        Some(path) => fs::read_to_string(path)
            .map_err(|error| format!("--lines {} cannot be read: {error}", path.display()))?,
        None => stdin()?,
    };
    let texts: Vec<_> = text.lines().map(str::to_owned).collect();
    match texts.iter().position(|text| text.trim().is_empty()) {
        _ if texts.is_empty() => {
            Err("there are no texts: give some, a file of lines with --lines, or a pipe".to_owned())
        }
        Some(empty) => Err(format!("line {} is empty: every line is a text", empty + 1)),
        None => Ok(texts),
    }
}

fn stdin() -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = io::stdin()
        .lock()
        .take(MAX_PROMPT + 1)
        .read_to_end(&mut bytes);
    let length = read.map_err(|error| format!("standard input cannot be read: {error}"))?;
    if length as u64 > MAX_PROMPT {
        return Err(format!("standard input has more than {MAX_PROMPT} bytes"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("standard input is not UTF-8 text (first wrong byte at offset {at})")
    })
}
