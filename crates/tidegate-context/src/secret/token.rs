//! Tokens that their issuers made to be found.
//!
//! The table holds what issuers publish of their formats: what a token begins with, which characters follow and how many
//! at least. The same facts are collected, with many more, in the rules of gitleaks; see `docs/decisions`.

use std::ops::Range;

use super::randomness::{entropy, has_letter_and_digit, is_placeholder};

/// A kind of token.
pub(super) struct Token {
    pub(super) what: &'static str,
    pub(super) prefix: &'static str,
    follows: Alphabet,
    least: usize,
}

/// The characters of a token's body.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    Hex,
    /// Capitals and digits.
    Capital,
    /// Letters and digits.
    Plain,
    /// With hyphens and underscores.
    Word,
    /// With full stops too.
    Dotted,
    /// Base64 with its padding.
    Base64,
}
use Alphabet::{Base64, Capital, Dotted, Hex, Plain, Word};

/// Bits for a character below which a body was written, not drawn: even the shortest alphabet and length here have more.
const DRAWN: f64 = 2.8;

pub(super) const TOKENS: &[Token] = &[
    // Models.
    token("an API key", "sk-", Plain, 32),
    token("an OpenAI key", "sk-proj-", Word, 40),
    token("an OpenAI key", "sk-svcacct-", Word, 40),
    token("an OpenAI key", "sk-admin-", Word, 40),
    token("an Anthropic key", "sk-ant-", Word, 60),
    token("an OpenRouter key", "sk-or-v1-", Hex, 64),
    token("a Langfuse key", "sk-lf-", Word, 36),
    token("a Groq key", "gsk_", Plain, 40),
    token("an xAI key", "xai-", Plain, 60),
    token("a Perplexity key", "pplx-", Plain, 40),
    token("a Replicate token", "r8_", Plain, 37),
    token("a Hugging Face token", "hf_", Plain, 34),
    token("an NVIDIA key", "nvapi-", Word, 60),
    token("a Cerebras key", "csk-", Plain, 40),
    token("a Pinecone key", "pcsk_", Word, 50),
    token("a Tavily key", "tvly-", Word, 30),
    token("a LangSmith key", "lsv2_pt_", Word, 40),
    token("a LangSmith key", "lsv2_sk_", Word, 40),
    token("an ElevenLabs key", "sk_", Hex, 48),
    // Clouds.
    token("an AWS access key", "AKIA", Capital, 16),
    token("an AWS access key", "ASIA", Capital, 16),
    token("a Google API key", "AIza", Word, 35),
    token("a Google OAuth token", "ya29.", Word, 40),
    token("a Google client secret", "GOCSPX-", Word, 28),
    token("an Azure storage key", "AccountKey=", Base64, 86),
    token("a DigitalOcean token", "dop_v1_", Hex, 64),
    token("a DigitalOcean token", "doo_v1_", Hex, 64),
    token("a DigitalOcean token", "dor_v1_", Hex, 64),
    token("a Databricks token", "dapi", Hex, 32),
    token("a Vault token", "hvs.", Word, 24),
    token("a Vault token", "hvb.", Word, 24),
    token("a Doppler token", "dp.pt.", Plain, 40),
    token("a Heroku key", "HRKU-AA", Word, 50),
    token("a Fly.io token", "fo1_", Word, 40),
    token("a Netlify token", "nfp_", Plain, 36),
    token("a Pulumi token", "pul-", Hex, 40),
    token("a PlanetScale token", "pscale_tkn_", Dotted, 32),
    token("a PlanetScale password", "pscale_pw_", Dotted, 32),
    token("a Supabase token", "sbp_", Hex, 40),
    token("an Alibaba access key", "LTAI", Plain, 20),
    // Code and packages.
    token("a GitHub token", "ghp_", Plain, 36),
    token("a GitHub token", "gho_", Plain, 36),
    token("a GitHub token", "ghu_", Plain, 36),
    token("a GitHub token", "ghs_", Plain, 36),
    token("a GitHub token", "ghr_", Plain, 36),
    token("a GitHub token", "github_pat_", Word, 82),
    token("a GitLab token", "glpat-", Word, 20),
    token("a GitLab token", "gldt-", Word, 20),
    token("a GitLab token", "glrt-", Word, 20),
    token("a GitLab token", "glptt-", Hex, 40),
    token("an npm token", "npm_", Plain, 36),
    token("a PyPI token", "pypi-AgEIcHlwaS5vcmc", Word, 50),
    token("a RubyGems token", "rubygems_", Hex, 48),
    token("a Docker token", "dckr_pat_", Word, 27),
    token("a Clojars token", "CLOJARS_", Hex, 60),
    token("an Atlassian token", "ATATT3", Word, 150),
    token("a Buildkite token", "bkua_", Hex, 40),
    token("a CircleCI token", "CCIPAT_", Word, 60),
    token("a Postman key", "PMAK-", Word, 59),
    // Services.
    token("a Slack token", "xoxb-", Word, 40),
    token("a Slack token", "xoxp-", Word, 40),
    token("a Slack token", "xoxa-", Word, 40),
    token("a Slack token", "xoxs-", Word, 40),
    token("a Slack token", "xapp-", Word, 40),
    token("a Slack address", "hooks.slack.com/services/T", Word, 8),
    token("a Discord address", "discord.com/api/webhooks/", Word, 17),
    token("a Stripe key", "sk_live_", Plain, 24),
    token("a Stripe key", "rk_live_", Plain, 24),
    token("a webhook secret", "whsec_", Base64, 32),
    token("a SendGrid key", "SG.", Dotted, 60),
    token("a Mailgun key", "key-", Hex, 32),
    token("a Brevo key", "xkeysib-", Word, 64),
    token("a Shopify token", "shpat_", Hex, 32),
    token("a Shopify token", "shpca_", Hex, 32),
    token("a Shopify token", "shppa_", Hex, 32),
    token("a Shopify secret", "shpss_", Hex, 32),
    token("a Square token", "sq0atp-", Word, 22),
    token("a Square secret", "sq0csp-", Word, 43),
    token("a Linear key", "lin_api_", Plain, 40),
    token("a Notion token", "ntn_", Plain, 40),
    token("a Figma token", "figd_", Word, 40),
    token("a Mapbox token", "sk.eyJ", Dotted, 60),
    token("a New Relic key", "NRAK-", Capital, 27),
    token("a Grafana token", "glsa_", Word, 41),
    token("a Grafana token", "glc_", Base64, 32),
    token("a Sentry token", "sntrys_", Base64, 60),
    token("a Sentry token", "sntryu_", Hex, 64),
    token("a Dynatrace token", "dt0c01.", Dotted, 80),
    token("a PostHog key", "phx_", Plain, 43),
    token("a Contentful token", "CFPAT-", Word, 43),
    token("a 1Password token", "ops_eyJ", Base64, 200),
    token("an age key", "AGE-SECRET-KEY-1", Capital, 58),
    token("a JSON web token", "eyJ", Dotted, 100),
];

const fn token(what: &'static str, prefix: &'static str, follows: Alphabet, least: usize) -> Token {
    Token {
        what,
        prefix,
        follows,
        least,
    }
}

impl Token {
    /// Whether what stands at `word`, where the prefix was found whatever its case, is such a token.
    pub(super) fn stands_at(&self, text: &str, word: Range<usize>) -> bool {
        text[word.clone()] == *self.prefix
            && self.begins_a_word(&text[..word.start])
            && self.is_body(&text[word.end..])
    }

    fn begins_a_word(&self, before: &str) -> bool {
        // An address goes on from its own scheme.
        self.prefix.contains('/')
            || !before.ends_with(|c: char| {
                c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '+')
            })
    }

    fn is_body(&self, after: &str) -> bool {
        let end = after.bytes().position(|byte| !self.follows.holds(byte));
        let body = &after[..end.unwrap_or(after.len())];
        body.len() >= self.least
            && self.fits(body)
            && !is_placeholder(body)
            && entropy(body) > self.drawn()
    }

    /// What an alphabet and a length do not tell.
    fn fits(&self, body: &str) -> bool {
        match self.prefix {
            // Ten digits among many letters are drawn; words joined by hyphens have none.
            _ if self.follows == Capital && self.least == 16 => body.len() == self.least,
            "AIza" => body.len() == self.least,
            "eyJ" => is_signed(body),
            _ => {
                !matches!(self.follows, Word | Dotted)
                    || has_letter_and_digit(body)
                    || self.prefix.contains('/')
            }
        }
    }

    /// An address's body is short, or a number.
    fn drawn(&self) -> f64 {
        if self.prefix.contains('/') {
            1.5
        } else {
            DRAWN
        }
    }
}

/// Three parts, the last as long as a signature. A token without one is worth nothing.
fn is_signed(body: &str) -> bool {
    let parts: Vec<_> = body.split('.').collect();
    matches!(parts[..], [_, claims, signature] if claims.starts_with("eyJ") && signature.len() >= 40)
        && !body.contains(EXAMPLE_CLAIMS)
}

/// The claims of the token that explains tokens everywhere: its subject is 1234567890.
const EXAMPLE_CLAIMS: &str = "eyJzdWIiOiIxMjM0NTY3ODkwI";

impl Alphabet {
    const fn holds(self, byte: u8) -> bool {
        match self {
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::Capital => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Plain => byte.is_ascii_alphanumeric(),
            Self::Word => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
            Self::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'),
            Self::Base64 => {
                byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_')
            }
        }
    }
}
