//! The wires there are: whoever adds one adds it here.

use axum::http::HeaderMap;

use crate::anthropic::Anthropic;
use crate::openai::OpenAi;
use crate::wire::Wire;

/// Every wire. The first one answers where a request does not show which it is meant for.
pub(crate) const WIRES: [&dyn Wire; 2] = [&OpenAi, &Anthropic];

/// The wire that a request to a shared URL is meant for.
pub(crate) fn of(headers: &HeaderMap) -> &'static dyn Wire {
    let claiming = WIRES.into_iter().find(|wire| wire.claims(headers));
    claiming.unwrap_or(WIRES[0])
}
