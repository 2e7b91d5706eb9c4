//! What a run would send, and to whom, without sending it.
//!
//! Before files go to a stranger's machine and tokens are paid for, someone may want to look. The functions that a run
//! asks are asked here too, so that what is shown is what would be sent.

use tidegate_context::{Packed, TokenCounter};
use tidegate_core::{Price, Request, Target};
use tidegate_providers::{Call, EncodeError};

use crate::engine::Engine;
use crate::error::Error;
use crate::packing;
use crate::plan;
use crate::run_request::RunRequest;

/// What a run would send, and to whom.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The endpoint, as it was asked for.
    pub endpoint: String,
    /// The request as it would be sent, files packed before the prompt.
    pub request: Request,
    /// The files packed before the prompt, and those left out.
    pub packed: Packed,
    /// Where it would go: first there, then to the next if that fails. Never empty.
    pub ways: Vec<Way>,
}

/// One target that the request may go to.
#[derive(Debug, Clone)]
pub struct Way {
    /// The target.
    pub target: Target,
    /// What would be sent there, or why it cannot be said there.
    pub call: Result<Call, EncodeError>,
    /// How many tokens its texts are there. What vendors add to a turn, and images, are not counted.
    pub tokens: u64,
    /// Whether the model's own encoding counted them, or four bytes were taken for a token.
    pub exact: bool,
    /// What a million tokens cost there, as far as that is known.
    pub price: Price,
}

pub(crate) async fn preview(engine: &Engine, asked: RunRequest) -> Result<Preview, Error> {
    let plan = plan::plan(&engine.config, |name| engine.provider(name), &asked)?;
    let RunRequest {
        mut request,
        context,
        ..
    } = asked;
    request.system = request.system.or_else(|| plan.system.clone());
    let packed = match context {
        Some(context) => packing::pack(&engine.config, &plan, context, &mut request).await?,
        None => Packed::default(),
    };
    let counting = move || {
        let ways = plan.targets.into_iter();
        let counted = ways.map(|choice| {
            let counter = TokenCounter::for_model(&choice.target.model);
            let tokens = request.texts().map(|text| counter.count(text)).sum();
            (choice, tokens, counter.is_exact())
        });
        (counted.collect::<Vec<_>>(), request)
    };
    // A megabyte takes some fifty milliseconds.
    let counted = tokio::task::spawn_blocking(counting).await;
    let (counted, request) = counted.map_err(|error| Error::internal(error.to_string()))?;
    let ways = counted.into_iter().map(|(choice, tokens, exact)| {
        let provider = engine.provider(&choice.target.provider);
        let provider = provider.ok_or_else(|| Error::internal("a planned provider is gone"))?;
        Ok(Way {
            call: provider.encode(&request, &choice.target),
            target: choice.target,
            tokens,
            exact,
            price: choice.price,
        })
    });
    Ok(Preview {
        endpoint: plan.endpoint,
        ways: ways.collect::<Result<_, Error>>()?,
        request,
        packed,
    })
}
