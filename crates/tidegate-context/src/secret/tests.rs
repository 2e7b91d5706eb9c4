//! What is found, and what only looks like it. Keys are put together here, so that no scanner finds them in this file.

use super::{Secret, Words, find};

/// Drawn by lot once.
const DRAWN: &str = "q7Zt2LmX9vB4kRw8NcY5hJd3FgP6sTa1eUoHiQyKxWzV0MbC";
const HEX: &str = "9f3c71e8b2d64a05c8e1f7b3906d2a4e5b8c7f10d3e6a924";

fn drawn(length: usize) -> String {
    DRAWN.chars().cycle().take(length).collect()
}

fn hex(length: usize) -> String {
    HEX.chars().cycle().take(length).collect()
}

fn what(text: &str) -> Option<&'static str> {
    find("src/settings.py", text).map(|secret| secret.what)
}

fn in_env(text: &str) -> Option<&'static str> {
    find("deploy/.env.production", text).map(|secret| secret.what)
}

#[test]
fn the_words_make_an_automaton() {
    assert!(Words::new().is_some());
}

#[test]
fn a_secret_is_told_by_its_line_and_kind() {
    let text = format!("a = 1\r\nb = 2\nkey = \"ghp_{}\"\n", drawn(36));
    let secret = Secret {
        line: 3,
        what: "a GitHub token",
    };
    assert_eq!(find("a.toml", &text), Some(secret));
}

#[test]
fn tokens_are_found_by_the_prefix_of_their_issuer() {
    let rows = [
        ("an API key", format!("sk-{}", drawn(48))),
        (
            "an OpenAI key",
            format!("sk-proj-{}_{}-x", drawn(40), drawn(30)),
        ),
        ("an Anthropic key", format!("sk-ant-api03-{}", drawn(93))),
        ("an OpenRouter key", format!("sk-or-v1-{}", hex(64))),
        ("a Groq key", format!("gsk_{}", drawn(52))),
        ("a Google API key", format!("AIza{}", drawn(35))),
        ("an AWS access key", format!("AKIA{}", "Q3ZT7LMX9VB4KRW8")),
        (
            "a GitHub token",
            format!("github_pat_{}_{}", drawn(22), drawn(59)),
        ),
        ("a GitLab token", format!("glpat-{}", drawn(20))),
        (
            "a Slack token",
            format!("xoxb-2048{}-{}-{}", "51937264", "84620175", drawn(24)),
        ),
        (
            "a Slack address",
            format!(
                "https://hooks.slack.com/services/T0{}/B08/{}",
                "4X7Q2ZK",
                drawn(24)
            ),
        ),
        ("a Stripe key", format!("sk_live_{}", drawn(24))),
        ("a SendGrid key", format!("SG.{}.{}", drawn(22), drawn(43))),
        ("an npm token", format!("npm_{}", drawn(36))),
        ("a Databricks token", format!("dapi{}", hex(32))),
        (
            "an Azure storage key",
            format!("AccountKey={}==", drawn(86)),
        ),
        (
            "an age key",
            format!("AGE-SECRET-KEY-1{}", drawn(58).to_ascii_uppercase()),
        ),
        (
            "a JSON web token",
            format!("eyJ{}.eyJ{}.{}", drawn(30), drawn(60), drawn(43)),
        ),
        (
            "a password in an address",
            format!("postgres://app:{}@db1.corp.net/app", drawn(12)),
        ),
    ];
    for (kind, token) in rows {
        for text in [
            token.clone(),
            format!("x = \"{token}\"\n"),
            format!("curl -H 'X: {token}'"),
        ] {
            assert_eq!(what(&text), Some(kind), "{text}");
        }
    }
}

#[test]
fn private_keys_are_found_with_their_content() {
    for kind in ["RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", ""] {
        let key = format!("-----BEGIN {kind}PRIVATE KEY-----\n{}\n", drawn(64));
        assert_eq!(what(&key), Some("a private key"), "{key}");
    }
    let in_json = format!(
        "\"key\": \"-----BEGIN PRIVATE KEY-----\\n{}\\n\"",
        drawn(64)
    );
    assert_eq!(what(&in_json), Some("a private key"));
    let told = format!(
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{}\n",
        drawn(64)
    );
    assert_eq!(what(&told), Some("a private key"));
}

#[test]
fn drawn_values_are_found_by_the_name_beside_them() {
    let value = drawn(24);
    let rows = [
        format!("api_key = \"{value}\""),
        format!("\"client_secret\": \"{value}\","),
        format!("const dbPassword = '{value}';"),
        format!("  password: {value}"),
        format!("secret => '{value}'"),
        format!("auth.token={value}"),
        format!("apiKey: `{}`", hex(32)),
    ];
    for text in rows {
        assert_eq!(what(&text), Some("a secret value"), "{text}");
    }
}

#[test]
fn in_environment_files_the_name_alone_tells() {
    for line in [
        "DB_PASSWORD=hunter22",
        "export API_KEY='k-4711-x'",
        "SESSION_SECRET=\"correct horse battery\"",
    ] {
        assert_eq!(
            in_env(&format!("# a\n{line}\n")),
            Some("a secret of an environment file"),
            "{line}"
        );
    }
    for line in [
        "DB_PASSWORD=",
        "DB_PASSWORD=changeme",
        "API_KEY=your-key-here",
        "API_KEY=${OTHER}",
        "MAX_TOKENS=4096",
        "PRIVATE_KEY=/run/keys/a.pem",
        "#DB_PASSWORD=hunter22",
        "DB_HOST=db1.corp.net",
        "KEY=<put it here>",
        "TOKEN=abc",
        "SENTRY_DSN=https://sentry.corp.net/4",
    ] {
        assert_eq!(in_env(line), None, "{line}");
    }
    for name in [
        ".env.example",
        "a/.env.sample",
        "environment.rs",
        "env",
        "src/env/key.rs",
    ] {
        assert_eq!(find(name, "DB_PASSWORD=hunter22"), None, "{name}");
    }
    for name in [".env", ".env.local", "prod.env", ".envrc", "a/b/.env"] {
        assert!(find(name, "DB_PASSWORD=hunter22").is_some(), "{name}");
    }
}

#[test]
fn what_only_looks_like_a_secret_is_text() {
    let rows = [
        // Examples, as issuers print them.
        "AKIAIOSFODNN7EXAMPLE",
        "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "ghp_0000000000000000000000000000000000000",
        "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
        "AIzaSyXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
        "sk-ant-api03-...",
        "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
        // Prefixes alone, and inside words.
        "sk-test",
        "the prefix AKIA",
        "task-list",
        "risk-q7Zt2LmX9vB4kRw8NcY5hJd3FgP6sTa1eUoHiQyK",
        "class=\"sk-fading-circle\"",
        // Programs that handle secrets.
        "let token = request.headers.get(\"authorization\");",
        "password: String,",
        "api_key = os.environ[\"OPENAI_API_KEY\"]",
        "token = \"${GITHUB_TOKEN}\"",
        "secret: projects/42/secrets/db-password/versions/3",
        "password = \"correct horse battery staple 12\"",
        "if line.contains(\"-----BEGIN RSA PRIVATE KEY-----\") {",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE...\n-----END RSA PRIVATE KEY-----",
        "const TOKEN: &str = \"integration-test-token-for-2024\";",
        "tokenizer = \"q7Zt2LmX9vB4kRw8NcY5hJd3\"",
        "password = \"$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW\"",
        "PublicKeyToken=b77a5c561934e089",
        "\"nextPageToken\": \"q7Zt2LmX9vB4kRw8NcY5hJd3\"",
        // Hashes, identifiers, lock files.
        "checksum = \"9f3c71e8b2d64a05c8e1f7b3906d2a4e5b8c7f10d3e6a9240f1e2d3c4b5a6978\"",
        "\"integrity\": \"sha512-q7Zt2LmX9vB4kRw8NcY5hJd3FgP6sTa1eUoHiQyKxWzV0MbC==\"",
        "commit 9f3c71e8b2d64a05c8e1f7b3906d2a4e5b8c7f10",
        "token = \"123e4567-e89b-12d3-a456-426614174000\"",
        "id: 550e8400-e29b-41d4-a716-446655440000",
        // Addresses.
        "postgres://postgres:postgres@localhost:5432/app",
        "https://user:password@example.com",
        "redis://:${REDIS_PASSWORD}@cache:6379",
        "see https://docs.rs/x@1.2.3:4",
        "http://a:b@c",
    ];
    for text in rows {
        assert_eq!(what(text), None, "{text}");
    }
}

#[test]
fn a_line_that_allows_it_is_passed_over_and_the_next_is_not() {
    let token = format!("glpat-{}", drawn(20));
    assert_eq!(what(&format!("{token} # gitleaks:allow")), None);
    let both = format!("{token} # gitleaks:allow\n{token}\n");
    assert_eq!(find("a", &both).map(|secret| secret.line), Some(2));
}

#[test]
fn words_beside_letters_of_several_bytes_are_looked_at() {
    let text = format!("{}密码 token：\"é\" glpat-{} é", "é".repeat(900), drawn(20));
    assert_eq!(what(&text), Some("a GitLab token"));
}
