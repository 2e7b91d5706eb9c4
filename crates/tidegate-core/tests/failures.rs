//! What is kept of a failure, and what can be said of it.

use std::time::Duration;

use tidegate_core::{Delivery, EmbedRequest, Excerpt, Failure, FailureKind, Secret, Status};

#[test]
fn an_excerpt_is_the_beginning_of_the_words_on_one_line() {
    let excerpt = Excerpt::of("  the model\n\tis   gone ", []);
    assert_eq!(excerpt.as_str(), "the model is gone");
    assert!(!excerpt.is_empty());
    assert!(Excerpt::of(" \n", []).is_empty());
    assert_eq!(
        format!("{excerpt:?}"),
        "Excerpt(17 bytes)",
        "never the words"
    );
}

#[test]
fn an_excerpt_is_cut_between_characters_and_says_so() {
    let exactly = "x".repeat(Excerpt::MAX);
    assert_eq!(
        Excerpt::of(&exactly, []).as_str(),
        exactly,
        "what fits is whole"
    );
    let more = format!("{}ü", "x".repeat(Excerpt::MAX - 1));
    let cut = Excerpt::of(&more, []);
    assert_eq!(cut.as_str(), format!("{}…", "x".repeat(Excerpt::MAX - 1)));
}

#[test]
fn white_space_does_not_push_words_out_of_an_excerpt() {
    let text = format!("{}end", " ".repeat(Excerpt::MAX * 3));
    assert_eq!(Excerpt::of(&text, []).as_str(), "end");
}

#[test]
fn an_excerpt_is_free_of_every_secret() {
    let secrets = [Secret::new("sk-first-1"), Secret::new("sk-second-2")];
    let excerpt = Excerpt::of("keys sk-first-1 and sk-second-2", &secrets);
    assert_eq!(excerpt.as_str(), "keys [redacted] and [redacted]");
}

#[test]
fn of_all_time_outs_only_a_connection_that_never_stood_is_known_not_to_have_been_sent() {
    use FailureKind::{AttemptTimeout, ConnectTimeout, FirstTokenTimeout, IdleTimeout, RunTimeout};
    let limit = Duration::from_secs(3);
    for kind in [
        ConnectTimeout,
        FirstTokenTimeout,
        IdleTimeout,
        AttemptTimeout,
        RunTimeout,
    ] {
        let failure = Failure::timeout(kind, limit);
        let sent = if kind == ConnectTimeout {
            Delivery::NotSent
        } else {
            Delivery::Unknown
        };
        assert_eq!(
            (failure.kind, failure.delivery, failure.limit),
            (kind, sent, Some(limit))
        );
    }
}

#[test]
fn a_failure_is_one_line_with_all_that_is_known() {
    let mut failure = Failure::new(FailureKind::Overloaded, Delivery::Answered);
    assert_eq!(failure.to_string(), "overloaded");
    failure.code = Some("busy".into());
    assert_eq!(failure.to_string(), "overloaded (busy)");
    for (status, words) in [
        (Status::Http(529), "overloaded (HTTP 529, busy)"),
        (Status::Exit(3), "overloaded (exit code 3, busy)"),
        (Status::Signal(9), "overloaded (signal 9, busy)"),
    ] {
        assert_eq!(failure.clone().with_status(status).to_string(), words);
    }
    let after = Some(Duration::from_secs(2));
    assert_eq!(failure.clone().with_retry_after(after).retry_after, after);
    let detail = Excerpt::of("busy now", []);
    assert_eq!(failure.with_detail(detail.clone()).detail, detail);
}

#[test]
fn every_kind_has_words_of_its_own() {
    let mut words: Vec<_> = FailureKind::ALL.map(FailureKind::words).into();
    words.sort_unstable();
    let all = words.len();
    words.dedup();
    assert_eq!(words.len(), all);
    assert!(words.iter().all(|words| words.len() > 3));
}

#[test]
fn a_request_for_vectors_holds_its_texts_in_order() {
    assert_eq!(EmbedRequest::of(["one", "two"]).inputs, ["one", "two"]);
}
