use super::*;

fn resolve(text: &str) -> String {
    let environment = Environment::of([("KEY", "sk-live"), ("NOTHING", "")]);
    match Template::parse(text) {
        Ok(template) => template
            .resolve(&environment)
            .unwrap_or_else(|missing| format!("missing {}", missing.name)),
        Err(error) => error.to_string(),
    }
}

#[test]
fn puts_variables_and_defaults_in_their_places() {
    for (text, wanted) in [
        ("", ""),
        ("plain $5 {text}", "plain $5 {text}"),
        ("${KEY}", "sk-live"),
        ("a ${KEY} b ${KEY}", "a sk-live b sk-live"),
        ("${NONE:-default}", "default"),
        ("${NONE:-}", ""),
        (
            "${NOTHING:-set to nothing is not set}",
            "set to nothing is not set",
        ),
        ("${KEY:-default}", "sk-live"),
        ("${NONE:-a:-b $c}", "a:-b $c"),
        ("$${KEY}", "${KEY}"),
        ("$$${KEY}", "$${KEY}"),
        ("$${", "${"),
        ("é$${KEY} ${KEY}", "é${KEY} sk-live"),
        ("$", "$"),
        ("${NONE}", "missing NONE"),
    ] {
        assert_eq!(resolve(text), wanted, "{text}");
    }
}

#[test]
fn a_slip_is_told_by_its_place_and_never_by_its_text() {
    for (text, at) in [("sk-é ${KEY", 6), ("${A}${", 5), ("${A} $${ ${", 10)] {
        assert_eq!(
            Template::parse(text),
            Err(TemplateError::Unclosed { at }),
            "{text}"
        );
    }
    for (text, at) in [
        ("${}", 1),
        ("ab${1KEY}", 3),
        ("${A B}", 1),
        ("${A-b}", 1),
        ("${:-x}", 1),
    ] {
        assert_eq!(
            Template::parse(text),
            Err(TemplateError::BadName { at }),
            "{text}"
        );
    }
    assert!(!resolve("sk-live-123 ${KEY").contains("sk-live"));
}

#[test]
fn a_default_cannot_be_a_variable_itself() {
    assert_eq!(
        Template::parse("x${A:-${B}}"),
        Err(TemplateError::Nested { at: 2 })
    );
}

#[test]
fn a_secret_is_shown_only_where_it_is_nothing_but_references() {
    for (text, wanted) in [
        ("${KEY}", "${KEY}"),
        ("${A}${B}", "${A}${B}"),
        ("${KEY:-}", "${KEY:-}"),
        ("sk-live", REDACTED),
        ("Bearer ${KEY}", REDACTED),
        ("${KEY:-sk-live}", REDACTED),
        ("$${KEY}", REDACTED),
    ] {
        let template = Template::parse(text).unwrap();
        assert_eq!(template.shown(true), wanted, "{text}");
        assert_eq!(template.shown(false), text);
        assert_eq!(format!("{template:?}"), format!("Template({wanted})"));
    }
}
