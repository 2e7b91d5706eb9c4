//! What a request asked, apart from the wire format it came in.
//!
//! The answer, the statistics and the limits need only this much. A dialect adds the messages one by one; nothing of a
//! prompt is kept but its length, a hash and the beginning of the last user message.

use std::fmt::Write;

use crate::limits::Cost;
use crate::vectors::Vectors;

/// Characters of the last user message that are kept.
const EXCERPT: usize = 80;
/// What a provider expects of an answer whose length nobody limited.
const EXPECTED_TOKENS: u32 = 16;
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

/// What a request asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prompt {
    pub(crate) model: String,
    pub(crate) streamed: bool,
    /// The stream shall tell its usage.
    pub(crate) wants_usage: bool,
    pub(crate) max_tokens: Option<u32>,
    pub(crate) messages: usize,
    /// Characters of all messages.
    pub(crate) chars: usize,
    /// FNV-1a of the text of all messages, in order.
    pub(crate) hash: u64,
    /// The beginning of the last user message.
    pub(crate) last_user: String,
    /// The conversation ends with words put into the assistant's mouth.
    pub(crate) ends_with_assistant: bool,
    pub(crate) wants: Wants,
}

/// What an answer consists of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Wants {
    /// Words of any kind.
    #[default]
    Words,
    /// JSON such as this.
    Json(String),
    /// Embeddings.
    Vectors(Vectors),
}

impl Prompt {
    pub(crate) fn new(model: String) -> Self {
        Self {
            model,
            streamed: false,
            wants_usage: false,
            max_tokens: None,
            messages: 0,
            chars: 0,
            hash: FNV_OFFSET,
            last_user: String::new(),
            ends_with_assistant: false,
            wants: Wants::default(),
        }
    }

    /// Adds instructions that are no message on this wire.
    pub(crate) fn add_to_system<'a>(&mut self, pieces: impl Iterator<Item = &'a str>) {
        pieces.for_each(|piece| self.count(piece));
    }

    /// Adds a message that consists of these pieces of text.
    pub(crate) fn add<'a>(&mut self, role: &str, pieces: impl Iterator<Item = &'a str> + Clone) {
        self.messages += 1;
        self.ends_with_assistant = role == "assistant";
        pieces.clone().for_each(|piece| self.count(piece));
        if role == "user" {
            self.last_user = pieces.flat_map(str::chars).take(EXCERPT).collect();
        }
    }

    fn count(&mut self, piece: &str) {
        self.chars += piece.chars().count();
        self.hash = fnv(self.hash, piece.as_bytes());
    }

    /// What is kept of it: examples and lists of inputs may be long.
    pub(crate) fn for_the_record(&self) -> Self {
        Self {
            model: self.model.clone(),
            last_user: self.last_user.clone(),
            wants: Wants::Words,
            ..*self
        }
    }

    /// About what a tokenizer would count: a token is four characters of English.
    pub(crate) fn tokens(&self) -> usize {
        self.chars.div_ceil(4) + 3 * self.messages
    }

    /// What it costs at admission: an answer is as long as it may be.
    pub(crate) fn cost(&self) -> Cost {
        let input = u64::try_from(self.tokens()).unwrap_or(u64::MAX);
        let output = match self.wants {
            Wants::Vectors(_) => 0,
            Wants::Words | Wants::Json(_) => self.max_tokens.unwrap_or(EXPECTED_TOKENS),
        };
        Cost::of(input, output.into())
    }

    /// The answer when nobody wrote one: an example of what was asked for, or what was received, in a sentence or two.
    pub(crate) fn describe(&self) -> String {
        if let Wants::Json(example) = &self.wants {
            return example.clone();
        }
        let mut text = format!(
            "This is a simulated answer in place of {}: no model was called. ",
            self.model
        );
        let (messages, chars) = (
            plural(self.messages, "message"),
            plural(self.chars, "character"),
        );
        // Writing to a String cannot fail.
        let _ = write!(text, "I received {messages} with {chars} of text.");
        text
    }
}

fn plural(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// FNV-1a of a text.
pub(crate) fn hash(text: &str) -> u64 {
    fnv(FNV_OFFSET, text.as_bytes())
}

fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME)
    })
}

/// The tokens of an answer: the words of a text, each with the space before it, repeated or shortened to a count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tokens {
    words: Vec<String>,
    count: usize,
    /// There were more, and the request did not want them.
    pub(crate) shortened: bool,
}

impl Tokens {
    pub(crate) fn new(text: &str, wanted: Option<u32>, max: Option<u32>) -> Self {
        let words = words(text);
        let size = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        let all = wanted.map_or(words.len(), size);
        let all = if words.is_empty() { 0 } else { all };
        let count = max.map_or(all, |max| all.min(size(max)));
        Self {
            words,
            count,
            shortened: count < all,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The token at an index, with a space between one round of the text and the next.
    pub(crate) fn get(&self, index: usize) -> String {
        let word = &self.words[index % self.words.len()];
        let first_of_later_round = index > 0 && index.is_multiple_of(self.words.len());
        if first_of_later_round {
            format!(" {word}")
        } else {
            word.clone()
        }
    }

    pub(crate) fn text(&self) -> String {
        (0..self.count).map(|index| self.get(index)).collect()
    }
}

/// Words with the whitespace before them; whitespace at the end stays with the last.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let mut inside = false;
    for c in text.chars() {
        if c.is_whitespace() && inside {
            words.push(std::mem::take(&mut word));
            inside = false;
        }
        inside |= !c.is_whitespace();
        word.push(c);
    }
    match words.last_mut() {
        Some(last) if !inside => last.push_str(&word),
        _ if word.is_empty() => {}
        _ => words.push(word),
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_words_and_add_up_to_the_text() {
        for text in ["", "one", "one two", "  one\n two ", " ", "a  b c\n"] {
            assert_eq!(Tokens::new(text, None, None).text(), text, "{text:?}");
        }
        assert_eq!(words("  one\n two "), ["  one", "\n two "]);
    }

    #[test]
    fn a_text_is_repeated_or_shortened_to_the_number_of_tokens() {
        assert_eq!(Tokens::new("a b", Some(5), None).text(), "a b a b a");
        assert_eq!(Tokens::new("a b c", Some(2), None).text(), "a b");
        assert_eq!(Tokens::new("", Some(5), None).len(), 0);
        let short = Tokens::new("a b c", None, Some(2));
        assert!((short.text(), short.shortened) == ("a b".into(), true));
        assert!(!Tokens::new("a b c", None, Some(3)).shortened);
    }

    #[test]
    fn keeps_the_beginning_of_the_last_user_message_only() {
        let mut prompt = Prompt::new("m".into());
        prompt.add("system", ["be brief"].into_iter());
        prompt.add(
            "user",
            ["ä".repeat(50).as_str(), "b".repeat(50).as_str()].into_iter(),
        );
        assert!(!prompt.ends_with_assistant);
        prompt.add("assistant", ["Sure"].into_iter());
        assert!(prompt.ends_with_assistant);
        assert_eq!(
            prompt.last_user,
            format!("{}{}", "ä".repeat(50), "b".repeat(30))
        );
        assert_eq!((prompt.messages, prompt.chars), (3, 112));
        assert_eq!(prompt.tokens(), 37);
    }

    #[test]
    fn the_hash_is_fnv_1a_of_the_text() {
        let mut prompt = Prompt::new("m".into());
        prompt.add("user", ["foo", "bar"].into_iter());
        assert_eq!(prompt.hash, 0x8594_4171_f739_67e8);
    }

    #[test]
    fn the_description_counts_what_was_received() {
        let mut prompt = Prompt::new("gpt-4o".into());
        prompt.add("user", ["Hi"].into_iter());
        let want = "This is a simulated answer in place of gpt-4o: no model was called. \
            I received 1 message with 2 characters of text.";
        assert_eq!(prompt.describe(), want);
    }
}
