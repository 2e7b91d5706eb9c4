//! Packed files: in every format, read by its documented rule, just the files that went in, and the prompt.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_context::{Format, Packed, PackedFile};

#[path = "../../crates/tidegate-context/tests/context/reader.rs"]
mod reader;

/// Separates names, contents and the prompt; no UTF-8 has it.
const SEPARATOR: u8 = 0xfe;

fuzz_target!(|data: &[u8]| {
    let mut parts = data
        .split(|byte| *byte == SEPARATOR)
        .map(String::from_utf8_lossy);
    let Some(prompt) = parts.next() else { return };
    let mut files = Vec::new();
    while let (Some(name), Some(content)) = (parts.next(), parts.next()) {
        if !name.is_empty() {
            files.push(PackedFile::new(&name, content));
        }
    }
    if files.is_empty() {
        return;
    }
    let packed: Packed = files.into_iter().collect();
    for format in Format::ALL {
        let text = packed.render_before_as(&prompt, format.into());
        let (files, rest) = reader::read(format, &text).expect("the rules of the format");
        assert_eq!(files.len(), packed.files().len());
        for ((name, content), file) in files.into_iter().zip(packed.files()) {
            assert_eq!(name, file.path);
            assert_eq!(content.strip_prefix(file.text()), Some(end_of(file.text())));
        }
        assert_eq!(rest, prompt);
    }
});

/// What is put behind a content.
fn end_of(text: &str) -> &'static str {
    if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    }
}
