//! One file a provider: where it lives, how it wants its credential, what it does differently within its dialect.

pub mod anthropic;
pub mod command;
pub mod openai;
pub mod openai_compatible;
