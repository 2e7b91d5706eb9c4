//! What in a prompt names a file.
//!
//! Prompts are prose and code: they hold e-mail addresses, decorators, package scopes and people's names, all with an
//! at sign. A grammar that is too eager swallows them and fails the prompt; one that is too shy sends it without its
//! file, and the answer is wrong. So [`patterns`] only finds the candidates, by position alone, and each [`Pattern`]
//! knows how sure it is: whether it [looks like a path](Pattern::looks_like_path) or is a mere word.

mod fence;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// The longest word taken for a pattern, in bytes: Linux's limit for a path. A longer one can name no file.
const LONGEST: usize = 4096;

/// What may stand right before the at sign, besides white space.
const OPENERS: &[char] = &[
    '(', '[', '{', '"', '\'', '（', '【', '「', '『', '《', '“', '‘',
];

/// Punctuation that ends a sentence or a quotation, and so no unquoted pattern.
const TRAILERS: &[char] = &[
    '.', ',', ';', ':', '!', '?', '\'', '"', '，', '。', '、', '；', '：', '！', '？', '）', '】',
    '」', '』', '》', '”', '’',
];

/// Closing brackets, which belong to the pattern where it also opens them: `@src/*.{rs,toml}`.
const BRACKETS: [(char, char); 3] = [('(', ')'), ('[', ']'), ('{', '}')];

/// One `@pattern` of a prompt: a file, a directory or a glob, not yet looked up.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    text: String,
    quoted: bool,
}

impl Pattern {
    /// A name or glob that stands in no prompt: an argument of a command. `None`: it names nothing.
    ///
    /// ```
    /// use tidegate_context::Pattern;
    ///
    /// assert_eq!(Pattern::named("src/**/*.rs").unwrap().text(), "src/**/*.rs");
    /// assert!(Pattern::named("").is_none());
    /// ```
    pub fn named(text: &str) -> Option<Self> {
        pattern(text, true)
    }

    /// The name or glob, without the at sign and without quotes.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it was written `@"like this"`.
    pub fn is_quoted(&self) -> bool {
        self.quoted
    }

    /// Whether it can be read as a glob: it holds `*`, `?`, `[..]` or `{..}`. A file of exactly this name still wins.
    pub fn is_glob(&self) -> bool {
        let holds = |open, close| {
            self.text
                .split_once(open)
                .is_some_and(|(_, rest)| rest.contains(close))
        };
        self.text.contains(['*', '?']) || holds('[', ']') || holds('{', '}')
    }

    /// Whether it was probably meant as a file, so that a missing match is worth a word to the user: `@notes.md` is,
    /// `@alice` is not.
    pub fn looks_like_path(&self) -> bool {
        self.quoted || self.is_glob() || self.text.contains(['/', '\\', '.'])
    }
}

/// As it stands in the prompt, at sign and quotes included.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.quoted {
            write!(f, "@\"{}\"", self.text)
        } else {
            write!(f, "@{}", self.text)
        }
    }
}

/// The `@patterns` of `prompt`, in the order they are written.
///
/// A pattern starts with an at sign at the beginning of the prompt, after white space or after an opening bracket or
/// quote, and ends at white space; punctuation after it is not part of it. `@"a b.txt"` takes everything between the
/// quotes, on one line. `\@` and an at sign inside a word (`bob@example.com`) or inside a fenced block of code are text,
/// and so is a word of more than 4096 bytes.
///
/// ```
/// let found = tidegate_context::patterns(r#"Compare @src/main.rs with @"old copy.rs", bob@example.com"#);
/// assert_eq!(found[0].text(), "src/main.rs");
/// assert_eq!(found[1].text(), "old copy.rs");
/// assert_eq!(found.len(), 2);
/// ```
pub fn patterns(prompt: &str) -> Vec<Pattern> {
    let mentions = Mentions::of(prompt);
    mentions
        .filter_map(|mention| match mention {
            Mention::Pattern(pattern) => Some(pattern),
            Mention::Escape(_) => None,
        })
        .collect()
}

/// `prompt` as it is sent: the backslash is gone where it stood before an at sign that [`patterns`] would have taken
/// for the start of a pattern. Anywhere else (`user\@host`, a fenced block, `` `\@array` ``) it is the prompt's own.
///
/// ```
/// let sent = tidegate_context::unescaped(r"ask \@alice about al\@example.com");
/// assert_eq!(sent, r"ask @alice about al\@example.com");
/// ```
pub fn unescaped(prompt: &str) -> Cow<'_, str> {
    let mut sent = Cow::Borrowed("");
    let mut from = 0;
    for mention in Mentions::of(prompt) {
        if let Mention::Escape(at) = mention {
            sent += &prompt[from..at];
            from = at + 1;
        }
    }
    sent += &prompt[from..];
    sent
}

/// An at sign that means something.
enum Mention {
    Pattern(Pattern),
    /// Where the backslash stands that makes it text.
    Escape(usize),
}

/// The at signs of a prompt that mean something, in order.
struct Mentions<'p> {
    prompt: &'p str,
    from: usize,
    blocks: std::iter::Peekable<std::vec::IntoIter<Range<usize>>>,
}

impl<'p> Mentions<'p> {
    fn of(prompt: &'p str) -> Self {
        let blocks = if prompt.contains('@') {
            fence::blocks(prompt)
        } else {
            Vec::new()
        };
        Self {
            prompt,
            from: 0,
            blocks: blocks.into_iter().peekable(),
        }
    }

    /// The next at sign that stands in no block of code.
    fn next_at(&mut self) -> Option<usize> {
        loop {
            let at = self.from + self.prompt[self.from..].find('@')?;
            while self.blocks.next_if(|block| block.end <= at).is_some() {}
            match self.blocks.next_if(|block| block.start <= at) {
                Some(block) => self.from = block.end,
                None => return Some(at),
            }
        }
    }
}

impl Iterator for Mentions<'_> {
    type Item = Mention;

    fn next(&mut self) -> Option<Mention> {
        loop {
            let at = self.next_at()?;
            self.from = at + 1;
            let before = &self.prompt[..at];
            if ends_where_one_may_start(before) {
                let (pattern, length) = read(&self.prompt[self.from..]);
                self.from += length;
                if let Some(pattern) = pattern {
                    return Some(Mention::Pattern(pattern));
                }
            } else if before
                .strip_suffix('\\')
                .is_some_and(ends_where_one_may_start)
            {
                return Some(Mention::Escape(at - 1));
            }
        }
    }
}

fn ends_where_one_may_start(before: &str) -> bool {
    let last = before.chars().next_back();
    last.is_none_or(|c| c.is_whitespace() || OPENERS.contains(&c))
}

/// Reads what follows an at sign: the pattern, if it is one, and how many bytes are used up.
fn read(rest: &str) -> (Option<Pattern>, usize) {
    match quoted(rest) {
        Some(text) => (pattern(text, true), text.len() + 2),
        None => bare(rest),
    }
}

fn quoted(rest: &str) -> Option<&str> {
    let inside = rest.strip_prefix('"')?;
    let end = inside.find(['"', '\n'])?;
    inside[end..].starts_with('"').then(|| &inside[..end])
}

fn bare(rest: &str) -> (Option<Pattern>, usize) {
    let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let word = &rest[..length];
    if length > LONGEST {
        (None, length)
    } else {
        (pattern(without_trailers(word), false), length)
    }
}

fn pattern(text: &str, quoted: bool) -> Option<Pattern> {
    let names_something = text.chars().any(|c| c != '/') && text.len() <= LONGEST;
    names_something.then(|| Pattern {
        text: text.to_owned(),
        quoted,
    })
}

fn without_trailers(word: &str) -> &str {
    let mut surplus =
        BRACKETS.map(|(open, close)| (close, count(word, close).saturating_sub(count(word, open))));
    let mut closes_too_much = |c: char| {
        let Some((_, left)) = surplus
            .iter_mut()
            .find(|(close, left)| *close == c && *left > 0)
        else {
            return false;
        };
        *left -= 1;
        true
    };
    word.trim_end_matches(|c| TRAILERS.contains(&c) || closes_too_much(c))
}

fn count(word: &str, wanted: char) -> usize {
    word.chars().filter(|&c| c == wanted).count()
}
