//! What a command's words say of its failure, read through `Command::decode` as the executor does.

#[path = "command/child.rs"]
mod child;

use std::time::Duration;

use child::{KEY, target};
use proptest::prelude::*;
use tidegate_core::{Delivery, Excerpt, Failure, FailureKind, PromptBy, Status, Timestamp};
use tidegate_providers::providers::command::Command;
use tidegate_providers::{Provider, Reply, ReplyHead};

fn ended(ended: Status, stdout: &[u8], stderr: &[u8]) -> Failure {
    let stderr = stderr.to_vec().into();
    let reply = Reply {
        head: ReplyHead::Process { ended, stderr },
        body: stdout.to_vec().into(),
    };
    let target = target(&["llm"], PromptBy::Argument);
    match Command.decode(&target, &reply, Timestamp::default()) {
        Err(failure) => failure,
        Ok(response) => panic!("read as an answer: {response:?}"),
    }
}

/// The failure of a command that ended with exit code 1 and these words.
fn said(stderr: &str) -> Failure {
    ended(Status::Exit(1), b"", stderr.as_bytes())
}

/// Rows of `words => kind status`, or `words => kind` where the words name no status. `⏎` ends a line of the words.
fn check(table: &str) {
    for row in table.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let (words, expected) = row.rsplit_once(" => ").expect("a row has an arrow");
        let failure = said(&words.replace('⏎', "\n"));
        let kind = serde_json::to_value(failure.kind).expect("a kind has a name");
        let kind = kind.as_str().expect("a kind is a word");
        let is = match failure.status {
            Some(Status::Http(status)) => format!("{kind} {status}"),
            _ => kind.to_owned(),
        };
        assert_eq!(is, expected, "{words}");
    }
}

#[test]
fn a_number_is_a_status_where_it_is_called_one() {
    check(
        "
        HTTP 429 Too Many Requests => rate_limited 429
        HTTP 429 => rate_limited 429
        http 429 => rate_limited 429
        HTTP/1.1 503 => server_error 503
        HTTP/1.0 503 => server_error 503
        < HTTP/2 503 => server_error 503
        HTTP/3 429 => rate_limited 429
        status_code=503 => server_error 503
        statusCode: 503, => server_error 503
        status: 529 => overloaded 529
        failed with status code 502 => server_error 502
        Error code: 429 => rate_limited 429
        Error code:⏎429 => rate_limited 429
        Error 500 => server_error 500
        [error] code=404 => not_found 404
        503 Service Unavailable => server_error 503
        Client error '429 Too Many Requests' for url 'https://llm.example' => rate_limited 429
        401 Unauthorized => auth_failed 401
        curl: (22) The requested URL returned error: 429 => rate_limited 429
        HTTP 400 => invalid_request 400
        HTTP 402 => quota_exhausted 402
        HTTP 403 => permission_denied 403
        HTTP 413 => request_too_large 413
        ",
    );
}

#[test]
fn a_number_within_something_else_is_no_status() {
    check(
        "
        took 4290 ms => command_failed
        took 429 ms => command_failed
        port 5030 => command_failed
        listening on port 503 => command_failed
        error on line 429 of main.py => command_failed
        HTTP 4290 => command_failed
        HTTP 0429 => command_failed
        HTTP v429 => command_failed
        HTTP_429 => command_failed
        xhttp 429 => command_failed
        code429 => command_failed
        HTTP 200 => command_failed
        HTTP 302 => command_failed
        HTTP 600 => command_failed
        503 files => command_failed
        503 Service => command_failed
        the year 500 => command_failed
        sha 4294967295 id 503-429 => command_failed
        ",
    );
}

#[test]
fn the_last_status_decides_since_earlier_tries_stand_above_it() {
    check(
        "
        HTTP 429⏎retrying⏎HTTP 503 => server_error 503
        HTTP 503⏎retrying⏎HTTP 429 => rate_limited 429
        try 1: HTTP 429 rate_limit_exceeded⏎try 2: HTTP 503 => server_error 503
        try 1: HTTP 429 insufficient_quota⏎try 2: HTTP 500 => server_error 500
        try 1: HTTP 503 currently overloaded⏎try 2: HTTP 429 => rate_limited 429
        HTTP 401⏎HTTP 503 => server_error 503
        HTTP 503⏎HTTP 401 => auth_failed 401
        HTTP 429, then took 5030 ms => rate_limited 429
        ",
    );
}

#[test]
fn a_vendors_code_beside_the_status_is_judged_before_it() {
    check(
        "
        Error code: 429 - {'error': {'type': 'insufficient_quota', 'code': 'insufficient_quota'}} => quota_exhausted 429
        Error code: 429 - {'error': {'message': 'You exceeded your current quota'}} => quota_exhausted 429
        insufficient_quota (HTTP 429) => quota_exhausted 429
        HTTP 429 insufficient_quota⏎HTTP 429 => quota_exhausted 429
        Error code: 400 - {'code': 'context_length_exceeded'} => context_too_long 400
        Error code: 400 - {'code': 'content_policy_violation'} => content_filtered 400
        Error code: 404 - {'code': 'model_not_found'} => not_found 404
        Error code: 503 - {'code': 'slow_down'} => rate_limited 503
        Error code: 429 - Request too large for gpt-4o: Limit 30000, Requested 34472 => request_too_large 429
        Error code: 400 - This model's maximum context length is 8192 tokens => context_too_long 400
        Error code: 429 - Service tier capacity exceeded for this model. => overloaded 429
        Error code: 400 - no such role: 'the engine is currently overloaded' => invalid_request 400
        {'code': 'rate_limit_exceeded'} => rate_limited
        invalid_api_key => auth_failed
        grpc: PERMISSION_DENIED => permission_denied
        ",
    );
}

#[test]
fn a_code_that_is_an_ordinary_word_counts_for_nothing() {
    check(
        "
        refusal timeout unavailable => command_failed
        a timeout of 5 s is configured => command_failed
        my_rate_limit_exceeded_handler => command_failed
        ",
    );
}

#[test]
fn a_refused_credential_stays_refused_whatever_else_is_said() {
    check(
        "
        HTTP 401 rate_limit_exceeded, try again in 2s => auth_failed 401
        HTTP 401: the engine is currently overloaded => auth_failed 401
        Error code: 403 - {'code': 'slow_down'} => permission_denied 403
        HTTP 403 insufficient_quota => permission_denied 403
        socket hang up after HTTP 401 => auth_failed 401
        AuthenticationError: the engine is currently overloaded => auth_failed
        ",
    );
}

#[test]
fn the_exceptions_of_common_clients_are_known_by_name() {
    check(
        "
        litellm.RateLimitError: RateLimitError: OpenAIException - Rate limit reached => rate_limited
        litellm.RateLimitError: OpenAIException - You exceeded your current quota => quota_exhausted
        litellm.AuthenticationError: AuthenticationError: OpenAIException - no => auth_failed
        litellm.BadRequestError: litellm.ContextWindowExceededError: too long => context_too_long
        litellm.BadRequestError: This model's maximum context length is 8192 tokens => context_too_long
        litellm.BadRequestError: no such role: 'currently overloaded' => invalid_request
        litellm.ContentPolicyViolationError: declined => content_filtered
        litellm.ServiceUnavailableError: gone => server_error
        litellm.InternalServerError: OpenAIException - Connection error. => server_error
        litellm.NotFoundError: no such model => not_found
        litellm.BudgetExceededError: Budget has been exceeded! => quota_exhausted
        anthropic.OverloadedError: Overloaded => overloaded
        anthropic.PermissionDeniedError: no => permission_denied
        litellm.Timeout: APITimeoutError - Request timed out. => attempt_timeout
        ModuleNotFoundError: No module named 'litellm' => command_failed
        FileNotFoundError: [Errno 2] No such file or directory: 'prompt.txt' => command_failed
        RateLimitError⏎During handling, another exception occurred:⏎AuthenticationError => auth_failed
        ",
    );
}

#[test]
fn network_failures_are_known_by_the_words_of_their_runtimes() {
    check(
        "
        Error: socket hang up => disconnected
        read ECONNRESET => disconnected
        ConnectionResetError: [Errno 104] Connection reset by peer => disconnected
        http.client.RemoteDisconnected: Remote end closed connection => disconnected
        httpx.RemoteProtocolError: Server disconnected without sending a response. => disconnected
        BrokenPipeError: [Errno 32] Broken pipe => disconnected
        write EPIPE => disconnected
        connect ECONNREFUSED 127.0.0.1:4000 => unreachable
        [Errno 111] Connection refused => unreachable
        getaddrinfo ENOTFOUND llm.example => unreachable
        getaddrinfo EAI_AGAIN llm.example => unreachable
        Name or service not known => unreachable
        OSError: [Errno 101] Network is unreachable => unreachable
        connect ETIMEDOUT 192.0.2.1:443 => attempt_timeout
        asyncio.exceptions.TimeoutError => attempt_timeout
        Read timed out. (read timeout=600) => attempt_timeout
        httpx.ReadTimeout => attempt_timeout
        HTTP 503⏎socket hang up => server_error 503
        TextToImagePipeline failed => command_failed
        MyTimeoutErrors => command_failed
        no such pipe: homepipe => command_failed
        ",
    );
}

#[test]
fn how_far_the_request_got_follows_from_what_went_wrong() {
    for (stderr, delivery) in [
        ("ECONNREFUSED", Delivery::NotSent),
        ("sh: llm: not found", Delivery::Answered),
        ("socket hang up", Delivery::Unknown),
        ("ETIMEDOUT", Delivery::Unknown),
        ("HTTP 503", Delivery::Answered),
        ("HTTP 429", Delivery::Answered),
    ] {
        assert_eq!(said(stderr).delivery, delivery, "{stderr}");
    }
}

#[test]
fn without_words_the_way_it_ended_decides() {
    let failed = (FailureKind::CommandFailed, Delivery::Answered);
    let not_run = (FailureKind::CommandNotFound, Delivery::NotSent);
    let killed = (FailureKind::ServerError, Delivery::Unknown);
    for (status, expected) in [
        (Status::Exit(1), failed),
        (Status::Exit(-1), failed),
        (Status::Exit(123), failed),
        (
            Status::Exit(124),
            (FailureKind::AttemptTimeout, Delivery::Unknown),
        ),
        (Status::Exit(125), failed),
        (Status::Exit(126), not_run),
        (Status::Exit(127), not_run),
        (Status::Exit(128), failed),
        (Status::Exit(129), killed),
        (Status::Exit(137), killed),
        (Status::Exit(159), killed),
        (Status::Exit(160), failed),
        (Status::Exit(429), failed),
        (Status::Signal(9), killed),
        (Status::Signal(15), killed),
    ] {
        for stderr in ["", " \n\t", "something went wrong"] {
            let failure = ended(status, b"", stderr.as_bytes());
            assert_eq!((failure.kind, failure.delivery), expected, "{status}");
            assert_eq!(failure.status, Some(status));
        }
    }
}

#[test]
fn words_are_judged_before_the_way_it_ended() {
    for status in [124, 127, 137].map(Status::Exit) {
        let failure = ended(status, b"", b"HTTP 429");
        assert_eq!(failure.kind, FailureKind::RateLimited, "{status}");
        assert_eq!(failure.delivery, Delivery::Answered, "{status}");
    }
}

#[test]
fn a_command_that_says_nothing_is_described_by_how_it_ended() {
    for (status, words) in [
        (Status::Exit(3), "exit code 3"),
        (Status::Signal(9), "signal 9"),
    ] {
        let expected = format!("the command ended with {words} and said nothing");
        assert_eq!(ended(status, b"", b"").detail.as_str(), expected);
    }
}

#[test]
fn standard_output_is_read_only_where_standard_error_is_blank() {
    let alone = ended(Status::Exit(1), b"HTTP 429", b" \n");
    assert_eq!(alone.kind, FailureKind::RateLimited);
    assert_eq!(alone.detail.as_str(), "HTTP 429");
    let beside = ended(Status::Exit(1), b"How to handle HTTP 429?", b"HTTP 500");
    assert_eq!(beside.kind, FailureKind::ServerError);
    assert_eq!(beside.detail.as_str(), "HTTP 500");
}

#[test]
fn the_wait_of_the_last_try_is_taken_from_its_words() {
    for (stderr, wait) in [
        ("HTTP 429. Please try again in 1.5s.", Some(1_500)),
        (
            "429 - {'message': 'Please try again in 11.05s.'}",
            Some(11_050),
        ),
        (
            "HTTP 429, try again in 20s\nHTTP 429, try again in 2s",
            Some(2_000),
        ),
        ("HTTP 429", None),
        ("HTTP 429. Please try again later.", None),
    ] {
        let expected = wait.map(Duration::from_millis);
        assert_eq!(said(stderr).retry_after, expected, "{stderr:?}");
    }
}

#[test]
fn a_secret_in_the_words_is_not_shown_wherever_they_are_cut() {
    let shown = said(&format!("HTTP 401: key {KEY} refused")).detail;
    assert_eq!(shown.as_str(), "HTTP 401: key [redacted] refused");
    // The end of long words is kept: the cut moves over the key, one byte at a time.
    for behind in Excerpt::MAX - KEY.len() - 2..=Excerpt::MAX + 2 {
        let failure = said(&format!("HTTP 401 {KEY}{}", "x".repeat(behind)));
        let shown = failure.detail.as_str();
        let leaked = (6..KEY.len()).any(|end| shown.contains(&KEY[end - 6..end]));
        assert!(!leaked, "with {behind} bytes behind it: {}", &shown[..60]);
    }
}

#[test]
fn the_end_of_long_words_is_what_is_shown() {
    let failure = said(&format!("{}\nHTTP 429 at the end", "ü".repeat(10_000)));
    let shown = failure.detail.as_str();
    assert!(shown.ends_with("HTTP 429 at the end"), "{shown}");
    assert!(shown.len() <= Excerpt::MAX, "{} bytes", shown.len());
    assert_eq!(failure.kind, FailureKind::RateLimited);
}

#[test]
fn words_that_are_no_utf_8_are_read_all_the_same() {
    let failure = ended(Status::Exit(1), b"", b"\xff\xfe HTTP 429 \xff");
    assert_eq!(failure.kind, FailureKind::RateLimited);
}

proptest! {
    #[test]
    fn whatever_a_command_writes_reading_it_does_not_panic(stderr in prop::collection::vec(any::<u8>(), 0..200)) {
        let failure = ended(Status::Exit(1), b"", &stderr);
        prop_assert!(failure.detail.as_str().len() <= Excerpt::MAX + '…'.len_utf8());
    }

    #[test]
    fn a_number_that_nothing_calls_a_status_is_none(before in "[a-z ]{0,12}", number in "[0-9]{1,6}", after in "( [a-z ]{0,12})?") {
        let last = before.split(' ').rfind(|word| !word.is_empty());
        prop_assume!(!last.is_some_and(|word| ["http", "status", "statuscode", "code", "error"].contains(&word)));
        let failure = said(&format!("{before} {number}{after}"));
        prop_assert_eq!(failure.status, Some(Status::Exit(1)));
    }
}
