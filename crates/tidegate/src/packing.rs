//! How the files that a prompt names are packed: as configured, for one endpoint, and as the caller asks himself.
//!
//! A run packs like this, and so does whoever wants to see beforehand what a run would bring along.

use tidegate_context::{Layout, PackOptions, Secrets, TokenCounter};

use crate::config::{Config, ContextConfig};
use crate::plan::{self, PlanError};
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
