//! How many tokens a text is.
//!
//! Limits, prices and context windows are in tokens, and a text's bytes tell them only roughly. `OpenAI` publishes its
//! encodings, so for its models the count is exact, with the feature `exact-tokens`. Others keep theirs to themselves:
//! there, and without the feature, four bytes are taken for a token, which was 2.4 % too high over 12 MB of mixed source
//! code and is too low for writing that is not Latin.
//!
//! The tables of an encoding are part of the program, as the build script lays them out from `bpe-openai`, which is
//! linear in the length of any text but takes 80 ms and 60 MB to load. Here nothing is loaded, and source code is
//! counted several times as fast.

#[cfg(feature = "exact-tokens")]
mod hash;
#[cfg(feature = "exact-tokens")]
mod pieces;
#[cfg(feature = "exact-tokens")]
#[expect(dead_code, reason = "slots are made by the build script")]
mod slot;
#[cfg(feature = "exact-tokens")]
mod vocabulary;

#[cfg(feature = "exact-tokens")]
use self::pieces::{Cut, pieces};
#[cfg(feature = "exact-tokens")]
use self::vocabulary::Joining;
use crate::packed::Packed;
use crate::parallel;
use crate::render::{self, Section};

/// Bytes taken for a token where no encoding is known.
const BYTES_PER_TOKEN: u64 = 4;

/// Counts tokens as one model does, or about so.
///
/// ```
/// use tidegate_context::TokenCounter;
///
/// let counter = TokenCounter::for_model("claude-sonnet-4-5");
/// assert!(!counter.is_exact());
/// assert_eq!(counter.count("Hello there"), 3);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenCounter {
    encoding: Option<Encoding>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Encoding {
    O200k,
    Cl100k,
}

/// Models by their names, alone or with more behind a hyphen or a full stop; the first that fits counts.
const ENCODINGS: &[(&str, Encoding)] = &[
    ("gpt-3.5", Encoding::Cl100k),
    ("gpt-35", Encoding::Cl100k),
    ("text-embedding-3", Encoding::Cl100k),
    ("text-embedding-ada-002", Encoding::Cl100k),
    ("gpt-4o", Encoding::O200k),
    ("gpt-4.1", Encoding::O200k),
    ("gpt-4.5", Encoding::O200k),
    ("gpt-4", Encoding::Cl100k),
    ("gpt-5", Encoding::O200k),
    ("gpt-oss", Encoding::O200k),
    ("chatgpt-4o", Encoding::O200k),
    ("codex-mini", Encoding::O200k),
    ("o1", Encoding::O200k),
    ("o3", Encoding::O200k),
    ("o4", Encoding::O200k),
];

impl TokenCounter {
    /// Four bytes to a token.
    pub const ESTIMATE: Self = Self { encoding: None };

    /// As `model` counts, where that is known; a provider's name before a slash does not matter.
    pub fn for_model(model: &str) -> Self {
        if !cfg!(feature = "exact-tokens") {
            return Self::ESTIMATE;
        }
        let name = model.rsplit('/').next().unwrap_or(model);
        let name = name.strip_prefix("ft:").unwrap_or(name);
        let fits = |known: &str| {
            let rest = name.strip_prefix(known);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.', ':', '@']))
        };
        let known = ENCODINGS.iter().find(|(known, _)| fits(known));
        Self {
            encoding: known.map(|(_, encoding)| *encoding),
        }
    }

    /// What it is called, where it is told from others.
    pub(crate) const fn number(self) -> u64 {
        match self.encoding {
            None => 0,
            Some(Encoding::O200k) => 1,
            Some(Encoding::Cl100k) => 2,
        }
    }

    /// Whether counts are the model's own, not estimates.
    pub const fn is_exact(self) -> bool {
        self.encoding.is_some()
    }

    /// The tokens of `text`.
    pub fn count(self, text: &str) -> u64 {
        match self.encoding {
            #[cfg(feature = "exact-tokens")]
            Some(encoding) => encoding.count(text),
            _ => (text.len() as u64).div_ceil(BYTES_PER_TOKEN),
        }
    }

    /// The tokens of every packed file with its header in the plain format, in the order of [`Packed::files`], counted on all processors.
    ///
    /// A header begins on a new line with a character no encoding joins to what is before it: the sum is the count of the
    /// whole.
    pub fn count_each(self, packed: &Packed) -> Vec<u64> {
        let files = packed.files();
        parallel::each(files.len(), 2, String::new, |section, number| {
            self.count_section(&Section::of(&files[number]), section)
        })
    }

    /// Those of all, where somebody asks.
    pub(crate) fn total(counting: Option<Self>, packed: &Packed) -> Option<u64> {
        counting.map(|counter| counter.count_each(packed).iter().sum())
    }

    /// The tokens of one file with its header in the plain format; `section` is room to put it into.
    pub(crate) fn count_section(self, file: &Section<'_>, section: &mut String) -> u64 {
        section.clear();
        render::section(section, file);
        self.count(section)
    }
}

#[cfg(feature = "exact-tokens")]
impl Encoding {
    fn count(self, text: &str) -> u64 {
        let (cut, vocabulary) = match self {
            Self::O200k => (Cut::O200k, &vocabulary::O200K),
            Self::Cl100k => (Cut::Cl100k, &vocabulary::CL100K),
        };
        let mut joining = Joining::default();
        let counts =
            pieces(cut, text).map(|piece| vocabulary.count(piece.as_bytes(), &mut joining));
        counts.sum::<usize>() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::TokenCounter;

    #[test]
    fn an_estimate_takes_four_bytes_for_a_token_and_rounds_up() {
        for (text, tokens) in [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2)] {
            assert_eq!(TokenCounter::ESTIMATE.count(text), tokens, "{text}");
        }
    }

    #[test]
    fn models_that_keep_their_encoding_to_themselves_are_estimated() {
        for model in [
            "claude-opus-4-1",
            "gemini-2.5-pro",
            "llama-3.3-70b",
            "o1x",
            "",
        ] {
            assert!(!TokenCounter::for_model(model).is_exact(), "{model}");
        }
    }

    #[cfg(feature = "exact-tokens")]
    mod exact {
        use super::super::{Encoding, TokenCounter};

        #[test]
        fn a_model_is_known_by_the_beginning_of_its_name() {
            let rows = [
                ("gpt-4", Encoding::Cl100k),
                ("gpt-4-turbo", Encoding::Cl100k),
                ("gpt-3.5-turbo", Encoding::Cl100k),
                ("gpt-4o-mini", Encoding::O200k),
                ("gpt-4.1", Encoding::O200k),
                ("openai/gpt-5", Encoding::O200k),
                ("ft:gpt-4o:team::id", Encoding::O200k),
                ("o3-mini", Encoding::O200k),
                ("text-embedding-3-small", Encoding::Cl100k),
            ];
            for (model, encoding) in rows {
                assert_eq!(
                    TokenCounter::for_model(model).encoding,
                    Some(encoding),
                    "{model}"
                );
            }
        }

        #[test]
        fn counts_are_those_the_vendor_publishes() {
            let o200k = TokenCounter::for_model("gpt-4o");
            let cl100k = TokenCounter::for_model("gpt-4");
            assert_eq!(cl100k.count("tiktoken is great!"), 6);
            assert_eq!(o200k.count("tiktoken is great!"), 6);
            assert_eq!(cl100k.count("お誕生日おめでとう"), 9);
            assert_eq!(o200k.count("お誕生日おめでとう"), 8);
        }
    }
}
