//! Double quotes in the compact form: they protect the separators in a value.

use super::error::AnswerError;

/// Splits at a separator outside of quoted values. A quote opens only right after a `=`.
pub(super) fn split(text: &str, separator: char) -> Result<Vec<&str>, AnswerError> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped, mut last) = (false, false, ' ');
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if quoted => quoted = false,
            '"' if last == '=' => quoted = true,
            c if c == separator && !quoted => {
                parts.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
        last = c;
    }
    parts.push(&text[start..]);
    if quoted {
        Err(AnswerError::OpenQuote(text.into()))
    } else {
        Ok(parts)
    }
}

/// What stands in the quotes, with `\"`, `\\` and `\n` resolved; a value without quotes as it is.
pub(super) fn unquote(value: &str) -> String {
    let inside = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let Some(inside) = inside else {
        return value.to_owned();
    };
    let (mut text, mut chars) = (String::with_capacity(inside.len()), inside.chars());
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.extend(chars.next().map(|c| if c == 'n' { '\n' } else { c })),
            c => text.push(c),
        }
    }
    text
}
