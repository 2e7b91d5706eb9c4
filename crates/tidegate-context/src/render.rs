//! How files and prompt become one text.
//!
//! Files first and the question last: models answer a question better when it stands after what it is about, and a
//! provider's prompt cache hits as long as the beginning of the text stays the same.

use crate::pack::{Packed, PackedFile};

const BEFORE_NAME: &str = "=== FILE: ";
const AFTER_NAME: &str = " ===\n";
const BEFORE_PROMPT: &str = "---\n";

impl Packed {
    /// The files, each under its header, then a line `---`, then `prompt` exactly as it is. Without files, `prompt`
    /// alone, byte for byte.
    pub fn render_before(&self, prompt: &str) -> String {
        if self.is_empty() {
            return prompt.to_owned();
        }
        let mut text = String::with_capacity(length(self.files(), prompt));
        for file in self.files() {
            push(&mut text, file);
        }
        text.push_str(BEFORE_PROMPT);
        text.push_str(prompt);
        text
    }
}

pub(crate) fn push(text: &mut String, file: &PackedFile) {
    text.push_str(BEFORE_NAME);
    text.push_str(&file.path);
    text.push_str(AFTER_NAME);
    text.push_str(file.text());
    if !text.ends_with('\n') {
        text.push('\n');
    }
}

/// An upper bound, at most one byte a file too high.
fn length(files: &[PackedFile], prompt: &str) -> usize {
    let header = BEFORE_NAME.len() + AFTER_NAME.len();
    let bodies: usize = files
        .iter()
        .map(|file| header + file.path.len() + file.text().len() + 1)
        .sum();
    bodies + BEFORE_PROMPT.len() + prompt.len()
}
