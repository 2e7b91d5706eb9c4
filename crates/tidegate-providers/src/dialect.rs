//! Wire formats. A dialect is shared by every vendor that speaks it; what differs between them is in `providers/`.

pub mod anthropic_messages;
mod arguments;
mod events;
mod fields;
mod headers;
pub mod openai_chat;
