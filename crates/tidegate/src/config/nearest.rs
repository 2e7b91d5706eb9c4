//! "Did you mean": the known name that a mistyped one is nearest to.

/// A name that nothing of its sort has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} `{name}`{hint}")]
pub struct UnknownName {
    what: &'static str,
    name: String,
    hint: String,
}

impl UnknownName {
    /// `known`: the names there are, of which the nearest is told.
    pub fn new<'n>(
        what: &'static str,
        name: &str,
        known: impl IntoIterator<Item = &'n str> + Clone,
    ) -> Self {
        let hint = hint(name, known, "there are");
        let name = name.to_owned();
        Self { what, name, hint }
    }
}

/// Below this likeness two names have nothing to do with each other.
const ALIKE: f64 = 0.8;
/// Shorter pieces are part of every other name.
const SHORTEST_PIECE: usize = 4;

/// The name most like `name`: one keystroke away, or one that it is a piece of.
pub(super) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let likeness = |other: &str| strsim::jaro_winkler(name, other);
    let piece = |other: &str| name.len() >= SHORTEST_PIECE && other.contains(name);
    known
        .into_iter()
        .filter(|other| likeness(other) >= ALIKE || piece(other))
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
}

/// What follows "unknown ...": the nearest name, or all of them, each once.
pub(super) fn hint<'n>(
    name: &str,
    known: impl IntoIterator<Item = &'n str> + Clone,
    all: &str,
) -> String {
    if let Some(near) = nearest(name, known.clone()) {
        return format!(", did you mean `{near}`?");
    }
    let mut names: Vec<String> = Vec::new();
    for name in known.into_iter().map(|name| format!("`{name}`")) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    match names.as_slice() {
        [] => String::new(),
        names => format!("; {all} {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_pieces_but_no_strangers() {
        let known = ["max_retries", "retry_base_delay", "timeout"];
        for (typed, meant) in [
            ("max_retry", Some("max_retries")),
            ("retries", Some("max_retries")),
            ("delay", Some("retry_base_delay")),
            ("time_out", Some("timeout")),
            ("colour", None),
        ] {
            assert_eq!(nearest(typed, known), meant, "{typed}");
        }
    }

    #[test]
    fn lists_all_names_when_none_is_near() {
        assert_eq!(
            hint("x", ["one", "two"], "there are"),
            "; there are `one`, `two`"
        );
        assert_eq!(
            hint("x", ["one", "two", "one"], "there are"),
            "; there are `one`, `two`"
        );
        assert_eq!(hint("x", [], "there are"), "");
    }
}
