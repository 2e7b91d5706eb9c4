//! Credentials in files that are about to be sent elsewhere.
//!
//! A key in a packed file is a key given away, and nobody packs one on purpose. What is found here stops a whole run, so
//! it has to be certain enough: private keys with their content behind the armour, tokens by the prefix their issuer gave
//! them so that they can be found, values that a name beside them calls a secret and that look drawn by lot. Examples,
//! placeholders, hashes and identifiers are text.
//!
//! Every byte of a pack passes here. One automaton looks for all words at once; only what it points at is looked at
//! closely.

mod armour;
mod assignment;
mod environment;
mod randomness;
mod token;
mod url;

use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use self::token::{TOKENS, Token};

/// A line that says a finding in it is none, for people who know better. Other tools know the same word.
const ALLOWED_HERE: &str = "gitleaks:allow";

/// A credential, by its place. Its value is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Secret {
    /// The line, from 1.
    pub(crate) line: usize,
    /// `an AWS access key`.
    pub(crate) what: &'static str,
}

/// The first credential in `text`, the content of the file called `name`.
pub(crate) fn find(name: &str, text: &str) -> Option<Secret> {
    let words = Words::get()?;
    let found = words.find(text);
    let (at, what) = if environment::is(name) {
        earlier(found, environment::find(text))
    } else {
        found
    }?;
    let line = text[..at].bytes().filter(|&byte| byte == b'\n').count() + 1;
    Some(Secret { line, what })
}

type Place = (usize, &'static str);

fn earlier(one: Option<Place>, other: Option<Place>) -> Option<Place> {
    [one, other].into_iter().flatten().min_by_key(|(at, _)| *at)
}

/// What a word points at.
enum Lead {
    Token(&'static Token),
    Armour,
    Name,
    Url,
}

struct Words {
    automaton: AhoCorasick,
    leads: Vec<Lead>,
}

impl Words {
    /// `None` if they make no automaton, which a test rules out.
    fn get() -> Option<&'static Self> {
        static WORDS: OnceLock<Option<Words>> = OnceLock::new();
        WORDS.get_or_init(Self::new).as_ref()
    }

    fn new() -> Option<Self> {
        let tokens = TOKENS
            .iter()
            .map(|token| (token.prefix, Lead::Token(token)));
        let armour = armour::WORDS.iter().map(|word| (*word, Lead::Armour));
        let names = assignment::WORDS.iter().map(|word| (*word, Lead::Name));
        let urls = url::WORDS.iter().map(|word| (*word, Lead::Url));
        let (words, leads): (Vec<_>, _) = tokens.chain(armour).chain(names).chain(urls).unzip();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .kind(Some(AhoCorasickKind::DFA))
            .ascii_case_insensitive(true)
            .build(words);
        let automaton = automaton.ok()?;
        Some(Self { automaton, leads })
    }

    fn find(&self, text: &str) -> Option<Place> {
        let mut hits = self.automaton.find_iter(text);
        hits.find_map(|hit| {
            let what = self.leads[hit.pattern()].follow(text, hit.range())?;
            (!line_around(text, hit.start()).contains(ALLOWED_HERE)).then_some((hit.start(), what))
        })
    }
}

impl Lead {
    fn follow(&self, text: &str, word: Range<usize>) -> Option<&'static str> {
        match self {
            Self::Token(token) => token.stands_at(text, word).then_some(token.what),
            Self::Armour => armour::is_private_key(text, word).then_some("a private key"),
            Self::Name => assignment::assigns_secret(text, word).then_some("a secret value"),
            Self::Url => url::holds_password(text, word).then_some("a password in an address"),
        }
    }
}

/// How far around a word is looked, in bytes: minified files are one line of megabytes, with a word every few bytes.
const NEAR: usize = 1024;

fn line_around(text: &str, at: usize) -> &str {
    let before = before(text, at, NEAR);
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    line_from(text, at - before.len() + start)
}

/// The rest of the line, as far as it is near.
fn line_from(text: &str, at: usize) -> &str {
    let rest = after(text, at, NEAR);
    rest.find('\n').map_or(rest, |end| &rest[..end])
}

/// At most `most` bytes that end at `at`.
fn before(text: &str, at: usize, most: usize) -> &str {
    &text[text.ceil_char_boundary(at.saturating_sub(most))..at]
}

/// At most `most` bytes that begin at `at`.
fn after(text: &str, at: usize, most: usize) -> &str {
    &text[at..text.floor_char_boundary(at.saturating_add(most))]
}

#[cfg(test)]
mod tests;
