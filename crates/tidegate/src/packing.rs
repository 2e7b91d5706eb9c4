//! How the files that a prompt names are packed: as configured, for one endpoint, and as the caller asks himself.
//!
//! A run packs like this, and so does whoever wants to see beforehand what a run would bring along.

use std::borrow::Cow;

use tidegate_context::{Layout, PackOptions, Packed, Secrets, TokenCounter};
use tidegate_core::{Part, Request};

use crate::config::{Config, ContextConfig};
use crate::error::Error;
use crate::plan::{self, Plan, PlanError};
use crate::run_request::Context;

/// What [`tidegate_context::pack`] is asked with, and how its result is written.
#[derive(Debug, Clone)]
pub struct Packing {
    /// Where files may come from, how much of them, how they are counted and where packs are kept.
    pub options: PackOptions,
    /// How they are written.
    pub layout: Layout,
}

impl Packing {
    /// As a run at this endpoint would pack; without one, and without a default, as `[context]` says. Nobody is asked
    /// anything, so no credential is needed.
    ///
    /// `own` goes before what is configured. Of `context`, `named_in` does not matter here.
    ///
    /// # Errors
    /// [`PlanError`] where there is no such endpoint.
    pub fn of(
        config: &Config,
        endpoint: Option<&str>,
        model: Option<&str>,
        own: ContextConfig,
        context: Context,
    ) -> Result<Self, PlanError> {
        let endpoint = match plan::find_endpoint(config, &plan::built_in, endpoint) {
            Ok(endpoint) => Some(endpoint),
            Err(PlanError::NoEndpoint { .. }) => None,
            Err(error) => return Err(error),
        };
        let configured = endpoint.as_ref().map_or_else(
            || config.context.clone(),
            |endpoint| endpoint.context.clone().or(&config.context),
        );
        let model = model.or_else(|| Some(&*endpoint.as_ref()?.model.value));
        Ok(Self::new(config, own.or(&configured), model, context))
    }

    pub(crate) fn new(
        config: &Config,
        chosen: ContextConfig,
        model: Option<&str>,
        context: Context,
    ) -> Self {
        let layout = Layout::from(&chosen);
        let cache = config.cache.options(&chosen, &config.environment);
        let mut options = chosen.into_options(PackOptions::new(context.root));
        options.cache = cache;
        options.progress = context.progress;
        options.strict |= context.strict;
        options.include_dirs.splice(0..0, context.include_dirs);
        if context.allow_secrets {
            options.secrets = Secrets::Allow;
        }
        if let Some(model) = model {
            options.counter = TokenCounter::for_model(model);
        }
        Self { options, layout }
    }
}

/// The fewest bytes that a provider is told to keep: about 1,024 tokens, the least that any of them keeps.
const WORTH_KEEPING: usize = 4_096;

/// Packs the files that the prompt names before its last turn.
pub(crate) async fn pack(
    config: &Config,
    plan: &Plan,
    context: Context,
    request: &mut Request,
) -> Result<Packed, Error> {
    let last = request
        .messages
        .last_mut()
        .and_then(|message| message.parts.last_mut());
    let Some(Part::Text { text }) = last else {
        return Ok(Packed::default());
    };
    let typed = context.named_in.as_deref();
    let patterns = tidegate_context::patterns(typed.unwrap_or(text));
    if let Some(sent) = without_escapes(text, typed) {
        *text = sent;
    }
    if patterns.is_empty() {
        return Ok(Packed::default());
    }
    let model = plan.targets.first().map(|first| &*first.target.model);
    let Packing { options, layout } = Packing::new(config, plan.context.clone(), model, context);
    let packing = tokio::task::spawn_blocking(move || tidegate_context::pack(&patterns, &options));
    let packed = packing
        .await
        .map_err(|error| Error::internal(error.to_string()))??;
    if !packed.is_empty() {
        let prompt = text.len();
        *text = packed.render_before_as(text, layout);
        let files = text.len() - prompt;
        if plan.context.prompt_cache() && files >= WORTH_KEEPING {
            request.shared_prefix = files;
        }
    }
    Ok(packed)
}

/// `text` as it is sent, if that differs: without the backslashes that keep an at sign from naming a file, where it was
/// typed.
fn without_escapes(text: &str, typed: Option<&str>) -> Option<String> {
    let typed = typed.unwrap_or(text);
    match tidegate_context::unescaped(typed) {
        Cow::Borrowed(_) => None,
        Cow::Owned(sent) => Some(text.replacen(typed, &sent, 1)),
    }
}
