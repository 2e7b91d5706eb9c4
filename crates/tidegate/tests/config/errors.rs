//! One line that says where, what, and what would be right.

use crate::error;

/// Text of a file, and what is said of it.
type Table = &'static [(&'static str, &'static str)];

fn assert_all(table: Table) {
    for (text, wanted) in table {
        assert_eq!(error(text), *wanted, "\n{text}");
    }
}

#[test]
fn an_unknown_key_is_named_with_its_table_and_what_was_probably_meant() {
    assert_all(&[
        (
            "[endpoints.fast]\nprovider = \"openai\"\nmodel = \"m\"\n\nmax_retry = 3",
            "tidegate.toml:5: unknown key `max_retry` in [endpoints.fast], did you mean `max_retries`?",
        ),
        (
            "[defaults]\nretries = 3",
            "tidegate.toml:2: unknown key `retries` in [defaults], did you mean `max_retries`?",
        ),
        (
            "[providers.openai]\napikey = \"x\"",
            "tidegate.toml:2: unknown key `apikey` in [providers.openai], did you mean `api_key`?",
        ),
        (
            "[provider.openai]",
            "tidegate.toml:1: unknown table or key `provider`, did you mean `providers`?",
        ),
        (
            "colour = 1",
            "tidegate.toml:1: unknown table or key `colour`; a file has `providers`, `endpoints`, `defaults`, `queue`, `context`, `cache`",
        ),
        (
            "[queue]\nsize = 3",
            "tidegate.toml:2: unknown key `size` in [queue]; it takes `pacing`, `max_wait`, `store`, `path`, `url`, `prefix`, `hash_key`",
        ),
        (
            "[context]\nmax_file = 3",
            "tidegate.toml:2: unknown key `max_file` in [context], did you mean `max_files`?",
        ),
        (
            "[endpoints]\n\"my one\" = { modle = 1 }",
            "tidegate.toml:2: unknown key `modle` in [endpoints.\"my one\"], did you mean `model`?",
        ),
    ]);
}

#[test]
fn a_wrong_value_is_told_with_what_would_be_right() {
    assert_all(&[
        (
            "[defaults]\nmax_retries = \"three\"",
            "tidegate.toml:2: `max_retries` in [defaults] must be a whole number, found the text \"three\"",
        ),
        (
            "[defaults]\nmax_retries = 1.5",
            "tidegate.toml:2: `max_retries` in [defaults] must be a whole number, found the number 1.5",
        ),
        (
            "[defaults]\nmax_retries = -1",
            "tidegate.toml:2: `max_retries` in [defaults] must be a whole number, found the number -1",
        ),
        (
            "[defaults]\nretry_jitter = \"much\"",
            "tidegate.toml:2: `retry_jitter` in [defaults] must be a number, found the text \"much\"",
        ),
        (
            "[defaults]\nresend_unknown = 1",
            "tidegate.toml:2: `resend_unknown` in [defaults] must be true or false, found the number 1",
        ),
        (
            "[defaults]\ntimeout = true",
            "tidegate.toml:2: `timeout` in [defaults] must be a time such as \"500ms\" or \"2m 30s\", found true",
        ),
        (
            "[defaults]\ntimeout = []",
            "tidegate.toml:2: `timeout` in [defaults] must be a time such as \"500ms\" or \"2m 30s\", found a list",
        ),
        (
            "[defaults]\ntimeout = 2026-11-23",
            "tidegate.toml:2: `timeout` in [defaults] must be a time such as \"500ms\" or \"2m 30s\", found a table or a date",
        ),
        (
            "[defaults]\nendpoint = 3",
            "tidegate.toml:2: `endpoint` in [defaults] must be text in quotes, found the number 3",
        ),
        (
            "defaults = 3",
            "tidegate.toml:1: `defaults` must be a table",
        ),
        (
            "[endpoints]\nfast = \"gpt-4o\"",
            "tidegate.toml:2: `fast` in [endpoints] must be a table",
        ),
        (
            "[[endpoints]]\nmodel = \"gpt-4o\"",
            "tidegate.toml:1: `endpoints` must be a table",
        ),
        (
            "[context]\ninclude_dirs = \"src\"",
            "tidegate.toml:2: `include_dirs` in [context] must be a list",
        ),
        (
            "[context]\ninclude_dirs = [\n  \"src\",\n  3,\n]",
            "tidegate.toml:4: `include_dirs` in [context] must be text in quotes, found a number",
        ),
        (
            "[providers.command]\nprompt = \"file\"",
            "tidegate.toml:2: `prompt` in [providers.command] must be \"argument\" or \"stdin\", found the text \"file\"",
        ),
        (
            "[queue]\npacing = \"fast\"",
            "tidegate.toml:2: `pacing` in [queue] must be \"adaptive\" or \"spaced\", found the text \"fast\"",
        ),
        (
            "[defaults]\nrpm = 0",
            "tidegate.toml:2: `rpm` in [defaults] must be at least 1: nothing could ever be sent",
        ),
        (
            "[defaults]\nshare = 1.5",
            "tidegate.toml:2: `share` in [defaults] must be from 0.001 to 1, found 1.5",
        ),
        (
            "[defaults]\nmetering = \"minute\"",
            "tidegate.toml:2: `metering` in [defaults] must be \"bucket\" or \"window\", found the text \"minute\"",
        ),
    ]);
}

#[test]
fn a_time_without_its_unit_is_refused_with_both_offers() {
    assert_all(&[
        (
            "[defaults]\ntimeout = 100",
            "tidegate.toml:2: `timeout` in [defaults] must be a time with its unit: `100` has no unit: say 100ms or 100s",
        ),
        (
            "[defaults]\ntimeout = \"100\"",
            "tidegate.toml:2: `timeout` in [defaults] must be a time with its unit: `100` has no unit: say 100ms or 100s",
        ),
        (
            "[defaults]\ntimeout = 1.5",
            "tidegate.toml:2: `timeout` in [defaults] must be a time with its unit: `1.5` has no unit: say 1.5ms or 1.5s",
        ),
    ]);
}

#[test]
fn what_is_no_toml_is_told_with_its_line() {
    assert_all(&[
        (
            "[defaults]\nmax_retries =",
            "tidegate.toml:2: not TOML: string values must be quoted, expected literal string",
        ),
        (
            "[defaults\nmax_retries = 3",
            "tidegate.toml:1: not TOML: unclosed table, expected `]`",
        ),
        (
            "[defaults]\nmax_retries = 3\nmax_retries = 4",
            "tidegate.toml:3: `max_retries` is set twice: keep one",
        ),
    ]);
}

#[test]
fn values_outside_their_bounds_are_refused() {
    assert_all(&[
        (
            "[defaults]\nretry_jitter = 1.5",
            "tidegate.toml:2: `retry_jitter` in [defaults] must be from 0 to 1, found 1.5",
        ),
        (
            "[defaults]\nretry_jitter = nan",
            "tidegate.toml:2: `retry_jitter` in [defaults] must be from 0 to 1, found NaN",
        ),
        (
            "[defaults]\ndeadline = \"0s\"",
            "tidegate.toml:2: `deadline` in [defaults] must be longer than zero: nothing can be done in no time",
        ),
        (
            "[providers.openai]\nidle_timeout = \"0ms\"",
            "tidegate.toml:2: `idle_timeout` in [providers.openai] must be longer than zero: nothing can be done in no time",
        ),
        (
            "[providers.openai]\nbase_url = \"api.openai.com\"",
            "tidegate.toml:2: `base_url` in [providers.openai] must begin with https:// or http://",
        ),
        (
            "[providers.command]\nargv = []",
            "tidegate.toml:2: `argv` in [providers.command] must begin with a program, such as [\"python\", \"ask.py\"]",
        ),
        (
            "[endpoints.a]\nprovider = \"openai\"\nmodel = \"\"",
            "tidegate.toml:3: `model` in [endpoints.a] cannot be empty",
        ),
        (
            "[endpoints.a]\nprovider = \"openai\"\nmodel = \"m\"\ninput_price = -1",
            "tidegate.toml:4: `input_price` in [endpoints.a] must be US dollars for a million tokens: a number from 0, \
             found the number -1",
        ),
        (
            "[providers.\"\"]\ntype = \"openai\"",
            "tidegate.toml:2: a provider's name cannot be empty",
        ),
    ]);
}

#[test]
fn what_does_not_fit_together_is_refused_where_it_stands() {
    assert_all(&[
        (
            "[endpoints.a]\nmodel = \"m\"",
            "tidegate.toml:1: [endpoints.a] needs a `provider`",
        ),
        (
            "\n[endpoints.a]\nprovider = \"openai\"",
            "tidegate.toml:2: [endpoints.a] needs a `model`",
        ),
        (
            "[providers.groq]\ntype = \"openai-compatible\"\n[endpoints.a]\nmodel = \"m\"\nprovider = \"grok\"",
            "tidegate.toml:5: unknown provider `grok` in [endpoints.a], did you mean `groq`?",
        ),
        (
            "[endpoints.a]\nmodel = \"m\"\nprovider = \"x\"",
            "tidegate.toml:3: unknown provider `x` in [endpoints.a]; there are `openai`, `anthropic`",
        ),
        (
            "[providers.a]\ntype = \"gemini\"",
            "tidegate.toml:2: unknown provider type `gemini` in [providers.a]; this version knows `openai`, \
             `openai-compatible`, `anthropic`, `command`",
        ),
        (
            "[providers.a]\ntype = \"open-ai\"",
            "tidegate.toml:2: unknown provider type `open-ai` in [providers.a], did you mean `openai`?",
        ),
        (
            "[providers.groq]\n",
            "tidegate.toml:1: [providers.groq] needs a `type`: \"openai\", \"openai-compatible\", \"anthropic\", \"command\"",
        ),
        (
            "[providers.command]\npreset = \"ccw\"",
            "tidegate.toml:2: unknown preset `ccw` in [providers.command], did you mean `ccw-litellm`?",
        ),
        (
            "[providers.command]\nargv = [\"a\"]\npreset = \"ccw-litellm\"",
            "tidegate.toml:3: [providers.command] has both `preset` and `argv`: keep one",
        ),
        (
            "[providers.command]\nargv = [\"a\"]\napi_key = \"x\"",
            "tidegate.toml:3: `api_key` in [providers.command] would not reach the command: put it into \
             its `env` under the name that the command reads",
        ),
        (
            "[providers.openai]\nargv = [\"a\"]",
            "tidegate.toml:2: `argv` in [providers.openai] means nothing to `openai`: remove it or change `type`",
        ),
        (
            "[providers.command]\nargv = [\"a\"]\nbase_url = \"http://x\"",
            "tidegate.toml:3: `base_url` in [providers.command] means nothing to a command: remove it or change `type`",
        ),
    ]);
}

#[test]
fn what_could_never_be_sent_is_told_before_it_is() {
    assert_all(&[
        (
            "[providers.openai]\nheaders = { \"a b\" = \"x\" }",
            "tidegate.toml:2: the header `a b` of [providers.openai] has a name that HTTP does not allow: letters, digits \
             and `-`",
        ),
        (
            "[providers.openai]\nheaders = { x = \"a\\nb\" }",
            "tidegate.toml:2: the header `x` of [providers.openai] has a value that HTTP does not allow: it must be on one \
             line",
        ),
        (
            "[providers.openai]\nclient_key_file = \"key.pem\"",
            "tidegate.toml:2: `client_key_file` in [providers.openai] is shown to nobody without the `client_cert_file` \
             it belongs to",
        ),
        (
            "[queue]\nstore = \"redis\"\nurl = \"http://127.0.0.1\"",
            "tidegate.toml:3: `url` in [queue] must begin with redis:// or rediss://",
        ),
    ]);
}

#[test]
fn a_slip_in_a_reference_has_its_place() {
    assert_all(&[
        (
            "[providers.openai]\napi_key = \"${OPENAI_API_KEY\"",
            "tidegate.toml:2: `api_key` in [providers.openai] cannot be read: the `${` at character 1 has no closing `}`; \
             write `$${` for a `${` that is text",
        ),
        (
            "[providers.openai]\nheaders = { X = \"a${}\" }",
            "tidegate.toml:2: `X` in [providers.openai.headers] cannot be read: the `${` at character 2 does not name a \
             variable: letters, digits and `_`, as in `${API_KEY}` or `${API_KEY:-default}`; write `$${` for a `${` that \
             is text",
        ),
        (
            "[endpoints.a]\nprovider = \"openai\"\nmodel = \"${MODEL}\"",
            "tidegate.toml:3: `model`: the environment variable MODEL is not set; set it, or write `${MODEL:-...}`",
        ),
    ]);
}

#[test]
fn no_error_repeats_what_may_be_a_key() {
    for text in [
        "[providers.openai]\napi_key = 123456789",
        "[providers.openai]\nheaders = \"sk-live-123456789\"",
        "[providers]\nopenai = \"sk-live-123456789\"",
        "[providers.openai]\napi_key = \"sk-live-123456789${\"",
        "[providers.openai]\napi_key = [\"sk-live-123456789\"]",
        "[providers.openai]\napi_key = sk-live-123456789",
        "[providers.openai.headers]\nx = 123456789",
    ] {
        let error = error(text);
        assert!(!error.contains("123456789"), "{error}");
        assert!(error.starts_with("tidegate.toml:"), "{error}");
    }
}
