//! The scripts, as the server knows them: by the hash of their text.

use std::sync::LazyLock;

/// One per operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Ask,
    Report,
    Renew,
    Retire,
    Reset,
    Status,
}

pub(super) struct Script {
    pub(super) text: &'static str,
    pub(super) hash: String,
}

/// An operation's own text behind what all of them share.
macro_rules! script {
    ($own:literal) => {
        LazyLock::new(|| {
            let text = concat!(
                include_str!("limits.lua"),
                include_str!("pace.lua"),
                include_str!("learned.lua"),
                include_str!("state.lua"),
                include_str!("feedback.lua"),
                include_str!("shelf.lua"),
                include_str!($own),
            );
            let hash = redis::Script::new(text).get_hash().to_owned();
            Script { text, hash }
        })
    };
}

static ASK: LazyLock<Script> = script!("ask.lua");
static REPORT: LazyLock<Script> = script!("report.lua");
static RENEW: LazyLock<Script> = script!("renew.lua");
static RETIRE: LazyLock<Script> = script!("retire.lua");
static RESET: LazyLock<Script> = script!("reset.lua");
static STATUS: LazyLock<Script> = script!("status.lua");

impl Operation {
    pub(super) fn script(self) -> &'static Script {
        match self {
            Self::Ask => &ASK,
            Self::Report => &REPORT,
            Self::Renew => &RENEW,
            Self::Retire => &RETIRE,
            Self::Reset => &RESET,
            Self::Status => &STATUS,
        }
    }
}
