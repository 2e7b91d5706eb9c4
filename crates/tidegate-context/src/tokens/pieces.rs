//! A text, cut into the pieces that an encoding looks at one by one.
//!
//! Each encoding has a regular expression for them, over all letters and digits of Unicode. Source code is ASCII for the
//! most part, and there the same cuts are made by hand, several times sooner. A piece that holds or meets anything else
//! is left to the expression; both are compared in the tests.

use std::sync::LazyLock;

use regex_automata::meta::Regex;
use regex_automata::{Anchored, Input};

/// Of the expressions of an encoding, the one that takes a character more than its piece: the look-ahead `(?!\S)` of the
/// published ones, which an automaton does not have.
const LOOKS_AHEAD: usize = 1;

static O200K: LazyLock<Option<Regex>> = LazyLock::new(|| {
    expression(&[
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+$",
    ])
});

static CL100K: LazyLock<Option<Regex>> = LazyLock::new(|| {
    expression(&[
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)",
        r"[^\r\n\p{L}\p{N}]?\p{L}+",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n]*",
        r"\s*[\r\n]+",
        r"\s+$",
    ])
});

/// `None` if they are no expressions, which a test rules out.
fn expression(alternatives: &[&str]) -> Option<Regex> {
    Regex::new_many(&[&alternatives.join("|"), r"\s+\s", r"\s+"]).ok()
}

/// How an encoding cuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    O200k,
    Cl100k,
}

/// The pieces of `text`, whole and in order.
pub(crate) fn pieces(cut: Cut, text: &str) -> impl Iterator<Item = &str> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &text[at..];
        let length = match cut.ascii(rest.as_bytes()) {
            _ if rest.is_empty() => return None,
            Some(length) => length,
            None => cut.any(rest),
        };
        at += length;
        Some(&rest[..length])
    })
}

/// What kind of character a byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Upper,
    Lower,
    Digit,
    /// White space that ends no line.
    Space,
    LineEnd,
    /// Everything else.
    Mark,
    /// Not ASCII.
    Beyond,
    /// The end of the text.
    End,
}

const KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Beyond; 256];
    let mut byte = 0;
    while byte < 128 {
        kinds[byte as usize] = match byte {
            b'A'..=b'Z' => Kind::Upper,
            b'a'..=b'z' => Kind::Lower,
            b'0'..=b'9' => Kind::Digit,
            b'\r' | b'\n' => Kind::LineEnd,
            b' ' | b'\t' | 0x0b | 0x0c => Kind::Space,
            _ => Kind::Mark,
        };
        byte += 1;
    }
    kinds
};

fn kind(text: &[u8], at: usize) -> Kind {
    text.get(at)
        .map_or(Kind::End, |byte| KINDS[usize::from(*byte)])
}

/// Where a run of `kinds` that begins at `start` ends.
fn run(text: &[u8], start: usize, kinds: &[Kind]) -> usize {
    let mut end = start;
    while kinds.contains(&kind(text, end)) {
        end += 1;
    }
    end
}

/// The same, if it is known to end there: what is not ASCII may be more of it.
fn whole_run(text: &[u8], start: usize, kinds: &[Kind]) -> Option<usize> {
    let end = run(text, start, kinds);
    (kind(text, end) != Kind::Beyond).then_some(end)
}

impl Cut {
    /// The length of the first piece of `text`, if ASCII alone decides it.
    fn ascii(self, text: &[u8]) -> Option<usize> {
        use Kind::{Beyond, Digit, End, LineEnd, Lower, Mark, Space, Upper};
        let (first, second) = (kind(text, 0), kind(text, 1));
        match first {
            Beyond | End => None,
            Upper | Lower => self.word(text, 0),
            Digit => digits(text),
            _ if second == Beyond => None,
            Mark if self == Self::Cl100k && contraction(text, 0)? > 0 => contraction(text, 0),
            Space | Mark if matches!(second, Upper | Lower) => self.word(text, 1),
            Mark => self.marks(text, 0),
            Space if text[0] == b' ' && second == Mark => self.marks(text, 1),
            Space | LineEnd => white_space(text),
        }
    }

    /// A word from `start` on, where a letter is.
    fn word(self, text: &[u8], start: usize) -> Option<usize> {
        if self == Self::Cl100k {
            return whole_run(text, start, &[Kind::Upper, Kind::Lower]);
        }
        let upper = whole_run(text, start, &[Kind::Upper])?;
        let end = whole_run(text, upper, &[Kind::Lower])?;
        Some(end + contraction(text, end)?)
    }

    /// Marks from `start` on, and what goes with them.
    fn marks(self, text: &[u8], start: usize) -> Option<usize> {
        let mut end = whole_run(text, start, &[Kind::Mark])?;
        let goes_along =
            |byte: &u8| matches!(byte, b'\r' | b'\n') || self == Self::O200k && *byte == b'/';
        while text.get(end).is_some_and(goes_along) {
            end += 1;
        }
        Some(end)
    }

    /// The length of the first piece of `text`, whatever it holds.
    fn any(self, text: &str) -> usize {
        let expression = match self {
            Self::O200k => &O200K,
            Self::Cl100k => &CL100K,
        };
        let input = Input::new(text).anchored(Anchored::Yes);
        let Some(found) = expression.as_ref().and_then(|regex| regex.find(input)) else {
            return text.len();
        };
        let length = found.end();
        if found.pattern().as_usize() != LOOKS_AHEAD {
            return length;
        }
        let ahead = text[..length].chars().next_back();
        length - ahead.map_or(0, char::len_utf8)
    }
}

fn digits(text: &[u8]) -> Option<usize> {
    let end = run(text, 0, &[Kind::Digit]).min(3);
    (end == 3 || kind(text, end) != Kind::Beyond).then_some(end)
}

/// The length of `'s`, `'ll` and the like at `at`; 0 if there is none.
fn contraction(text: &[u8], at: usize) -> Option<usize> {
    if text.get(at) != Some(&b'\'') {
        return Some(0);
    }
    // A long s is an s for the expression, whose letters have no case.
    if kind(text, at + 1) == Kind::Beyond {
        return None;
    }
    let lower = |at: usize| text.get(at).map(u8::to_ascii_lowercase);
    Some(match (lower(at + 1), lower(at + 2)) {
        (Some(b's' | b't' | b'm' | b'd'), _) => 2,
        (Some(b'r' | b'v'), Some(b'e')) | (Some(b'l'), Some(b'l')) => 3,
        _ => 0,
    })
}

/// White space up to its last line end; without one, all but the last sign of it, which goes with what follows.
fn white_space(text: &[u8]) -> Option<usize> {
    let end = whole_run(text, 0, &[Kind::Space, Kind::LineEnd])?;
    let line_end = memchr::memrchr2(b'\r', b'\n', &text[..end]);
    Some(match line_end {
        Some(at) => at + 1,
        None if end == text.len() || end == 1 => end,
        None => end - 1,
    })
}

#[cfg(test)]
mod tests {
    use bpe_openai::{Tokenizer, cl100k_base, o200k_base};
    use proptest::prelude::*;

    use super::*;

    fn cuts() -> [(Cut, &'static Tokenizer); 2] {
        [(Cut::O200k, o200k_base()), (Cut::Cl100k, cl100k_base())]
    }

    fn assert_cut_as_published(text: &str) {
        for (cut, published) in cuts() {
            let ours: Vec<_> = pieces(cut, text).collect();
            let theirs: Vec<_> = published.split(text).collect();
            assert_eq!(ours, theirs, "{cut:?}");
        }
    }

    #[test]
    fn pieces_are_cut_as_published() {
        for text in [
            "",
            "fn main() { println!(\"it's {}\", 12345 + x); }\n\n\n    // THE End'll come\r\n\t\tx  ",
            "I'M HERE'RE you've 'tis don'T 'D'd 'll'LL ''s '' a' b'\u{17f} 'X",
            "/path//to/\n/file ///\n\n//x ==\r\n/ =5 -a _b __c\u{b}\u{c} \u{1c}z",
            "1 22 333 4444 55555\u{661} 6\u{b2}7",
            "Äpfel é\u{301}e\u{301}a fooßbar XÉ Xé \u{1c5}a 日本 語\u{3000}x \u{a0} \u{85}\n ",
            "   \u{2003}a \n \n  b",
        ] {
            assert_cut_as_published(text);
        }
    }

    #[test]
    fn ascii_alone_is_cut_by_hand() {
        let text = "let x = y.to_string(); // It's 5'000\n\n  \t\treturn";
        let (mut at, end) = (0, text.len());
        while at < end {
            at += Cut::O200k.ascii(&text.as_bytes()[at..]).unwrap();
        }
        assert_eq!(at, end);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn any_text_is_cut_as_published(text in any::<String>()) {
            assert_cut_as_published(&text);
        }

        #[test]
        fn what_looks_like_code_is_cut_as_published(
            text in r"([a-z]{1,3}|[A-Z]{1,3}|[0-9]{1,4}|'(s|T|re|LL|d|x)|[ \t\r\n]{1,3}|[/=_'.(-]{1,3}|é|É|ſ|\u{301}|中|²|\u{a0}|\u{2028}|—|😀){0,24}",
        ) {
            assert_cut_as_published(&text);
        }
    }
}
