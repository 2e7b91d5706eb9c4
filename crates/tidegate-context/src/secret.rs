//! Credentials in files that are about to be sent elsewhere.
//!
//! A key in a packed file is a key given away, and nobody packs one on purpose. What is found here is certain enough to
//! leave a whole file out for it: private keys by their armour, tokens by the prefix their issuer gave them so that they
//! can be found, each with as many characters behind it as a real one has.

/// A kind of token: what it is called, what it begins with, and the fewest characters that follow.
struct Token {
    what: &'static str,
    prefix: &'static str,
    least: usize,
}

const TOKENS: &[Token] = &[
    token("an API key", "sk-", 32),
    token("an API key", "gsk_", 32),
    token("a GitHub token", "ghp_", 36),
    token("a GitHub token", "gho_", 36),
    token("a GitHub token", "ghs_", 36),
    token("a GitHub token", "github_pat_", 36),
    token("a GitLab token", "glpat-", 20),
    token("an AWS access key", "AKIA", 16),
    token("a Google API key", "AIza", 35),
    token("a Slack token", "xoxb-", 20),
    token("a Slack token", "xoxp-", 20),
    token("a Hugging Face token", "hf_", 34),
];

const fn token(what: &'static str, prefix: &'static str, least: usize) -> Token {
    Token {
        what,
        prefix,
        least,
    }
}

/// The first line of `text` that holds a credential, counted from 1, and what it is.
pub(crate) fn find(text: &str) -> Option<(usize, &'static str)> {
    let mut lines = text.lines().enumerate();
    lines.find_map(|(number, line)| Some((number + 1, in_line(line)?)))
}

fn in_line(line: &str) -> Option<&'static str> {
    if line.contains("-----BEGIN ") && line.contains("PRIVATE KEY-----") {
        return Some("a private key");
    }
    let tokens = TOKENS.iter();
    tokens
        .filter(|token| holds(line, token))
        .map(|token| token.what)
        .next()
}

fn holds(line: &str, token: &Token) -> bool {
    line.match_indices(token.prefix).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + token.prefix.len()..].chars();
        before.is_none_or(|before| !is_of_token(before))
            && after.take_while(|&after| is_of_token(after)).count() >= token.least
    })
}

const fn is_of_token(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_')
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn a_token_is_found_by_its_prefix_and_its_length_and_named_by_its_line() {
        let key = format!("a = 1\nKEY=\"sk-{}\"\n", "x1".repeat(16));
        assert_eq!(find(&key), Some((2, "an API key")));
        let key = format!("AKIA{}", "A".repeat(16));
        assert_eq!(find(&key), Some((1, "an AWS access key")));
        assert_eq!(
            find("-----BEGIN RSA PRIVATE KEY-----"),
            Some((1, "a private key"))
        );
    }

    #[test]
    fn what_only_looks_like_a_token_is_text() {
        let inside = format!("risk-{}", "x".repeat(40));
        for text in ["sk-test", "the prefix AKIA", "task-list", &inside] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
