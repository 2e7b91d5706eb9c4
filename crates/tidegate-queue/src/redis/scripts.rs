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

/// Texts that one script is made of, in order.
macro_rules! script {
    ($($part:literal),*) => {
        LazyLock::new(|| {
            let text = concat!($(include_str!($part)),*);
            let hash = redis::Script::new(text).get_hash().to_owned();
            Script { text, hash }
        })
    };
}

// A script's functions are made anew in each run, so each has those alone that it needs, and deals first with what needs
// few.
static ASK: LazyLock<Script> = script!(
    "limits.lua",
    "shelf.lua",
    "meters.lua",
    "quick.lua",
    "pace.lua",
    "flow.lua",
    "go.lua",
    "members.lua",
    "outlook.lua",
    "ask.lua",
    "line.lua",
    "turn.lua"
);
static REPORT: LazyLock<Script> = script!(
    "limits.lua",
    "shelf.lua",
    "settle.lua",
    "report.lua",
    "meters.lua",
    "convert.lua",
    "pace.lua",
    "flow.lua",
    "members.lua",
    "outlook.lua",
    "learned.lua",
    "feedback.lua",
    "lesson.lua"
);
static RENEW: LazyLock<Script> = script!("limits.lua", "shelf.lua", "members.lua", "renew.lua");
static RETIRE: LazyLock<Script> = script!("limits.lua", "shelf.lua", "members.lua", "retire.lua");
static RESET: LazyLock<Script> = script!("limits.lua", "shelf.lua", "members.lua", "reset.lua");
static STATUS: LazyLock<Script> = script!("limits.lua", "shelf.lua", "status.lua");

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
