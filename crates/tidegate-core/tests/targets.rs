//! Targets: what may be shown of them, and what never.

use tidegate_core::{
    Command, GiveUp, LimitKey, Network, PromptBy, RetryPolicy, Secret, Target, Timeouts,
};

fn target(endpoint: &str) -> Target {
    Target {
        endpoint: endpoint.into(),
        account: "team".into(),
        provider: "openai".into(),
        model: "m".into(),
        base_url: Some("https://user:k3y@api.example/v1".into()),
        credential: Some(Secret::new("sk-credential")),
        headers: vec![("x-team".into(), Secret::new("in-a-header"))],
        network: Network::USUAL,
        command: Some(Command {
            argv: vec!["ask".into()],
            prompt: PromptBy::Stdin,
            env: vec![("KEY".into(), Secret::new("in-the-environment"))],
        }),
        limit_key: LimitKey::new("openai m"),
        timeouts: Timeouts::HTTP,
        retry: RetryPolicy::default(),
        limits: tidegate_core::quota::Limits::default(),
    }
}

#[test]
fn a_label_says_where_it_goes_once() {
    assert_eq!(target("fast").label(), "fast (team/m)");
    assert_eq!(target("team/m").label(), "team/m");
}

#[test]
fn every_place_a_credential_may_stand_in_is_among_the_secrets_and_in_no_debug() {
    let target = target("fast");
    let secrets: Vec<_> = target.secrets().map(Secret::expose).collect();
    assert_eq!(
        secrets,
        ["sk-credential", "in-a-header", "in-the-environment"]
    );
    let shown = format!("{target:?}");
    for secret in secrets.into_iter().chain(["k3y"]) {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains("api.example"), "{shown}");
}

#[test]
fn a_secret_hides_itself_and_knows_whether_it_is_one() {
    assert_eq!(
        format!("{:?}", Secret::new("sk-live-1")),
        "Secret([redacted])"
    );
    assert!(Secret::new("").is_empty());
    assert!(!Secret::from("x".to_owned()).is_empty());
    assert_eq!(
        Secret::new("sixsix").redact("a sixsix b"),
        "a [redacted] b",
        "the shortest that is searched for"
    );
    assert_eq!(Secret::new("fives").redact("a fives b"), "a fives b");
}

#[test]
fn every_reason_to_stop_has_words_of_its_own() {
    use GiveUp::{
        AttemptsExhausted, BudgetExhausted, DeadlineTooClose, OutputStarted, Permanent,
        ResendForbidden, ServerAskedTooLong,
    };
    let mut words = [
        AttemptsExhausted,
        BudgetExhausted,
        DeadlineTooClose,
        OutputStarted,
        Permanent,
        ResendForbidden,
        ServerAskedTooLong,
    ]
    .map(|why| why.to_string())
    .to_vec();
    assert!(words.iter().all(|words| words.len() > 8), "{words:?}");
    words.sort();
    words.dedup();
    assert_eq!(words.len(), 7);
}
