//! The contract's provider over real HTTP: the simulator, on loopback.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidegate::Executor;
use tidegate::config::{Config, Environment};
use tidegate_queue::{Clock, MemoryStore, Queue};
use tidegate_simulator::{Running, Settings, Simulator};

use crate::rows::{Answer, Heard, Stage};

pub(crate) struct Http {
    queue: Queue,
    running: Mutex<Vec<Running>>,
}

impl Http {
    pub(crate) fn new() -> Self {
        Self {
            queue: Queue::new(Arc::new(MemoryStore::default()), Clock::system()),
            running: Mutex::default(),
        }
    }
}

fn scripted(answer: Answer) -> String {
    match answer {
        Answer::Ok => "ok=OK".to_owned(),
        Answer::Status(status) => status.to_string(),
        Answer::Broken => "reset".to_owned(),
        Answer::Hang => "hang".to_owned(),
    }
}

impl Stage for Http {
    async fn set(&self, _: usize, answers: &[Answer], heard: Heard) -> Executor {
        let script = answers
            .iter()
            .copied()
            .map(scripted)
            .collect::<Vec<_>>()
            .join("; ");
        let settings = Settings {
            script_per_prompt: true,
            ..Settings::scripted(&script).unwrap()
        };
        let running = Simulator::start(settings).await.unwrap();
        let text = format!(
            "[queue]\npacing = \"spaced\"\n[providers.sim]\ntype = \"openai-compatible\"\nbase_url = \"{}/v1\"\napi_key = \"sk-test\"\n\
             account = \"shared\"\nlimit_group = \"all\"\n\
             [endpoints.ep-1]\nprovider = \"sim\"\nmodel = \"gpt-4o\"\n",
            running.url()
        );
        self.running.lock().unwrap().push(running);
        let config = Config::from_toml(&text, None, Environment::of([])).unwrap();
        Executor::builder(config)
            .queue(self.queue.clone())
            .event_sink(heard.sink())
            .build()
    }

    fn hang_timeout(&self) -> (Option<Duration>, Duration) {
        let limit = Duration::from_millis(200);
        (Some(limit), limit)
    }

    async fn stopped(&self) -> Option<(usize, usize)> {
        None
    }
}
