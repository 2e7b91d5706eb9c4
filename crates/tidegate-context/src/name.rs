//! File names on one line.
//!
//! A name can hold line breaks, escape sequences of a terminal, characters that reverse the text around them, and bytes
//! that are no text at all. In a header it must do no more than name the file, and two files must not look alike: what
//! cannot be shown is spelled out, and so is the backslash that spells it.

use std::ffi::OsStr;
use std::fmt::Write as _;

/// The name with everything spelled out that is not plainly visible: `two\nlines`, `\xff`, `\u{202e}`.
pub(crate) fn spell(name: &OsStr) -> String {
    let mut spelled = String::with_capacity(name.len());
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        for character in chunk.valid().chars() {
            push(&mut spelled, character);
        }
        for byte in chunk.invalid() {
            let _ = write!(spelled, "\\x{byte:02x}");
        }
    }
    spelled
}

fn push(spelled: &mut String, character: char) {
    match character {
        '\\' => spelled.push_str("\\\\"),
        '\n' => spelled.push_str("\\n"),
        '\r' => spelled.push_str("\\r"),
        '\t' => spelled.push_str("\\t"),
        unseen if is_unseen(unseen) => {
            let _ = write!(spelled, "\\u{{{:x}}}", u32::from(unseen));
        }
        seen => spelled.push(seen),
    }
}

/// Controls, other line ends, and what is invisible or changes the direction of text.
fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_name_is_itself() {
        for name in ["a.rs", "é—中 (1).txt", "[id]", "日本"] {
            assert_eq!(spell(OsStr::new(name)), name);
        }
    }

    #[test]
    fn what_cannot_be_seen_is_spelled_out() {
        assert_eq!(spell(OsStr::new("a\n\r\t\u{1b}[31m")), r"a\n\r\t\u{1b}[31m");
        assert_eq!(spell(OsStr::new("\u{202e}txt.exe")), r"\u{202e}txt.exe");
        assert_eq!(spell(OsStr::new("a\u{2028}b")), r"a\u{2028}b");
    }

    #[test]
    fn names_that_differ_are_spelled_differently() {
        assert_ne!(spell(OsStr::new("a\nb")), spell(OsStr::new(r"a\nb")));
        assert_eq!(spell(OsStr::new(r"a\nb")), r"a\\nb");
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_are_spelled_out() {
        use std::os::unix::ffi::OsStrExt;
        assert_eq!(spell(OsStr::from_bytes(b"caf\xe9.txt")), r"caf\xe9.txt");
    }
}
