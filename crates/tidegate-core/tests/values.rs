//! Small values that everything is built from.

use tidegate_core::network::host;
use tidegate_core::{
    Condition, Conditions, Cost, FailureKind, LimitKey, Network, Proxy, Request, Usage,
};

#[test]
fn of_a_url_the_host_and_port_alone_may_be_shown() {
    for (url, shown) in [
        (
            "https://user:key@proxy.example:8443/v1/token?k=v",
            "proxy.example:8443",
        ),
        ("https://api.example?key=s3cret", "api.example"),
        ("https://api.example#part", "api.example"),
        ("proxy.example:80", "proxy.example:80"),
        ("", ""),
    ] {
        assert_eq!(host(url), shown, "{url}");
    }
}

#[test]
fn a_proxys_credential_is_not_in_its_debug() {
    let proxy = Proxy::Url("http://user:s3cret@proxy.example:3128".into());
    assert_eq!(format!("{proxy:?}"), "Url(proxy.example:3128)");
    assert_eq!(format!("{:?}", Proxy::Direct), "Direct");
    assert_eq!(format!("{:?}", Network::USUAL.proxy), "Environment");
    assert_eq!(Network::USUAL, Network::default());
}

#[test]
fn a_limit_key_is_shown_as_it_is() {
    let key = LimitKey::new("openai gpt-4o");
    assert_eq!(key.as_str(), "openai gpt-4o");
    assert_eq!(key.to_string(), "openai gpt-4o");
    assert_eq!(format!("{key:?}"), "LimitKey(openai gpt-4o)");
}

#[test]
fn what_was_used_is_one_request_and_its_tokens() {
    let usage = Usage {
        input_tokens: 7,
        output_tokens: 9,
        ..Usage::default()
    };
    let cost = Cost {
        requests: 1,
        input_tokens: 7,
        output_tokens: 9,
    };
    assert_eq!(Cost::from(usage), cost);
}

#[test]
fn a_request_is_put_together_of_what_was_said() {
    let request = Request::prompt("hello").with_system("brief").streamed();
    assert_eq!(request.messages.len(), 1);
    assert_eq!(request.messages[0].texts().collect::<Vec<_>>(), ["hello"]);
    assert_eq!(
        (request.system.as_deref(), request.stream),
        (Some("brief"), true)
    );
}

#[test]
fn a_condition_named_twice_is_in_the_set() {
    let twice: Conditions = [Condition::Outage, Condition::Timeout, Condition::Outage]
        .into_iter()
        .collect();
    assert!(twice.take(FailureKind::ServerError) && twice.take(FailureKind::IdleTimeout));
    assert!(!twice.take(FailureKind::Overloaded));
    assert_eq!(
        serde_json::to_string(&twice).unwrap_or_default(),
        r#"["outage","timeout"]"#
    );
}
