//! The built-in endpoint `demo`.
//!
//! Someone without a key should see the engine work: the simulator runs inside this process, on loopback, and fails
//! twice on the way. Everything else is what a real endpoint gets: HTTP, queue, classification, retries.

use std::io;
use std::time::Duration;

use tidegate::config::{
    Config, EndpointConfig, Origin, ProviderConfig, Settings, Sourced, Template, Time,
};
use tidegate_simulator::{Running, Simulator};

/// Its name.
pub(crate) const NAME: &str = "demo";

/// An outage, then a rate limit, then the answer.
const SCRIPT: &str = "503; 429,retry-after=1";
/// Enough for it.
pub(crate) const MAX_RETRIES: u32 = 3;
const BASE_DELAY: Duration = Duration::from_millis(250);

/// Starts the demo if it is asked for and the configuration has no endpoint of that name.
pub(crate) async fn if_wanted(
    config: &mut Config,
    endpoint: Option<&str>,
) -> io::Result<Option<Running>> {
    let default = config
        .default_endpoint
        .as_ref()
        .map(|name| name.value.as_str());
    if endpoint.or(default) != Some(NAME) || config.endpoints.contains_key(NAME) {
        return Ok(None);
    }
    let settings = tidegate_simulator::Settings::scripted(SCRIPT).map_err(io::Error::other)?;
    let running = Simulator::start(settings).await?;
    add(config, &running.url()).map_err(io::Error::other)?;
    Ok(Some(running))
}

fn add(config: &mut Config, url: &str) -> Result<(), tidegate::config::TemplateError> {
    let mut provider = ProviderConfig::built_in(NAME);
    provider.kind = built_in("openai-compatible".to_owned());
    provider.base_url = Some(built_in(Template::parse(&format!("{url}/v1"))?));
    config.insert_provider(provider);
    config.insert_endpoint(EndpointConfig {
        settings: Settings {
            max_retries: Some(built_in(MAX_RETRIES)),
            retry_base_delay: Some(built_in(Time(BASE_DELAY))),
            ..Settings::default()
        },
        ..EndpointConfig::new(
            NAME,
            built_in(NAME.to_owned()),
            built_in("simulator".to_owned()),
        )
    });
    Ok(())
}

const fn built_in<T>(value: T) -> Sourced<T> {
    Sourced {
        value,
        origin: Origin::BuiltIn("the built-in demo"),
    }
}
