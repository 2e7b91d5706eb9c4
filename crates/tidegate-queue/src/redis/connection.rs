//! One connection to the server, made when it is needed, and what is sent over it in one round trip.

use std::time::Duration;

use redis::io::tcp::TcpSettings;
use redis::{
    Client, Cmd, ConnectionInfo, IntoConnectionInfo as _, Pipeline, RedisResult, ServerErrorKind,
    TlsCertificates, Value,
};

use super::scripts::Operation;
use super::{RedisError, RedisOptions};

/// Runs of scripts that go together.
#[derive(Default)]
pub(super) struct Batch {
    pipeline: Pipeline,
    operations: Vec<Operation>,
}

impl Batch {
    pub(super) fn push(&mut self, operation: Operation, command: Cmd) {
        self.pipeline.add_command(command);
        self.operations.push(operation);
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// A run of a script, before its arguments are told.
    pub(super) fn command(operation: Operation, keys: &[String; 2]) -> Cmd {
        let mut command = Cmd::new();
        command.arg("EVALSHA").arg(&operation.script().hash);
        command.arg(keys.len()).arg(keys);
        command
    }
}

/// Why there was no answer.
#[derive(Debug)]
pub(super) struct Silence {
    pub(super) reason: String,
    /// The server may have done what it was asked.
    pub(super) was_sent: bool,
}

/// One connection, anew after each failure.
pub(super) struct Connection {
    client: Client,
    timeout: Duration,
    open: Option<redis::Connection>,
}

impl std::fmt::Debug for Connection {
    /// Without the client, which knows the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("is_open", &self.open.is_some())
            .finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) fn new(options: &RedisOptions) -> Result<Self, RedisError> {
        let open = |address: ConnectionInfo| match &options.authority {
            Some(authority) => {
                let certificates = TlsCertificates {
                    client_tls: None,
                    root_cert: Some(authority.clone()),
                };
                Client::build_with_tls(address, certificates)
            }
            None => Client::open(address),
        };
        let address = options.url.expose().into_connection_info();
        // Questions are small, and wait for nothing that would be sent with them.
        let at_once = TcpSettings::default().set_nodelay(true);
        let client = address.and_then(|address| open(address.set_tcp_settings(at_once)));
        let client = client.map_err(|error| RedisError::Options {
            reason: options.url.redact(&error.to_string()).into_owned(),
        })?;
        Ok(Self {
            client,
            timeout: options.timeout,
            open: None,
        })
    }

    /// Sends all, and returns an answer for each. A connection that turns out to be dead, as idle ones do, is made anew
    /// once: every operation may be repeated.
    pub(super) fn send(&mut self, mut batch: Batch) -> Result<Vec<RedisResult<Value>>, Silence> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        batch.pipeline.ignore_errors();
        let was_open = self.open.is_some();
        match self.exchange(&batch) {
            Err(failed) if was_open && !failed.was_in_vain => {
                self.exchange(&batch).map_err(Failed::into_silence)
            }
            outcome => outcome.map_err(Failed::into_silence),
        }
    }

    /// One command that is no script.
    pub(super) fn command(&mut self, command: &Cmd) -> Result<Value, Silence> {
        let mut pipeline = Pipeline::new();
        pipeline.add_command(command.clone());
        let answers = self.query(&pipeline).map_err(Failed::into_silence)?;
        let answer = answers.into_iter().next().unwrap_or(Ok(Value::Nil));
        answer.map_err(|error| Silence {
            reason: error.to_string(),
            was_sent: true,
        })
    }

    fn exchange(&mut self, batch: &Batch) -> Result<Vec<RedisResult<Value>>, Failed> {
        let mut answers = self.query(&batch.pipeline)?;
        if !answers.iter().any(is_unknown_script) {
            return Ok(answers);
        }
        // A new server, or one that was told to forget its scripts.
        let unknown: Vec<usize> = (0..)
            .zip(&answers)
            .filter_map(|(index, answer)| is_unknown_script(answer).then_some(index))
            .collect();
        let (mut load, mut again) = (Pipeline::new(), Pipeline::new());
        again.ignore_errors();
        for index in &unknown {
            let script = batch.operations[*index].script();
            load.cmd("SCRIPT").arg("LOAD").arg(script.text);
            if let Some(command) = batch.pipeline.cmd_iter().nth(*index) {
                again.add_command(command.clone());
            }
        }
        self.query(&load)?;
        for (index, answer) in unknown.into_iter().zip(self.query(&again)?) {
            answers[index] = answer;
        }
        Ok(answers)
    }

    fn query(&mut self, pipeline: &Pipeline) -> Result<Vec<RedisResult<Value>>, Failed> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.connect().map_err(|error| Failed::new(&error, false))?,
        };
        let answers = pipeline.query(&mut open);
        // Kept only where every answer was read: what comes late must not be taken for the next one's.
        let answers = answers.map_err(|error| Failed::new(&error, true))?;
        self.open = Some(open);
        Ok(answers)
    }

    fn connect(&self) -> RedisResult<redis::Connection> {
        install_cryptography();
        let open = self.client.get_connection_with_timeout(self.timeout)?;
        open.set_read_timeout(Some(self.timeout))?;
        open.set_write_timeout(Some(self.timeout))?;
        Ok(open)
    }
}

/// TLS takes its cryptography from the process, which may have none or several to choose from.
fn install_cryptography() {
    use rustls::crypto::{CryptoProvider, aws_lc_rs};
    if CryptoProvider::get_default().is_none() {
        // Whoever was faster is as good.
        drop(aws_lc_rs::default_provider().install_default());
    }
}

fn is_unknown_script(answer: &RedisResult<Value>) -> bool {
    let error = answer.as_ref().err();
    error.is_some_and(|error| error.kind() == redis::ErrorKind::Server(ServerErrorKind::NoScript))
}

struct Failed {
    reason: String,
    was_sent: bool,
    /// Nothing would change if it were tried again at once.
    was_in_vain: bool,
}

impl Failed {
    fn new(error: &redis::RedisError, was_sent: bool) -> Self {
        Self {
            reason: error.to_string(),
            was_sent,
            was_in_vain: !was_sent || error.is_timeout() || !error.is_io_error(),
        }
    }

    fn into_silence(self) -> Silence {
        Silence {
            reason: self.reason,
            was_sent: self.was_sent,
        }
    }
}
