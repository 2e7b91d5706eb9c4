//! One connection to the server, made when it is needed, and what is sent over it in one round trip.

use std::time::Duration;

use redis::io::tcp::TcpSettings;
use redis::{
    Client, Cmd, ConnectionInfo, ConnectionLike as _, IntoConnectionInfo as _, RedisResult,
    ServerErrorKind, TlsCertificates, Value,
};

use super::scripts::Operation;
use super::{RedisError, RedisOptions};

/// Runs of scripts that go together.
#[derive(Default)]
pub(super) struct Batch {
    runs: Vec<(Operation, Cmd)>,
}

impl Batch {
    pub(super) fn push(&mut self, operation: Operation, command: Cmd) {
        self.runs.push((operation, command));
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
    /// Why the server was away when it was last spoken to.
    away: Option<String>,
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
        let client = address.and_then(|address| {
            // Nor for the answer to who is asking: a server that hangs would be waited for twice.
            let plain = address.redis_settings().clone().set_skip_set_lib_name();
            open(address.set_redis_settings(plain).set_tcp_settings(at_once))
        });
        let client = client.map_err(|error| RedisError::Options {
            reason: options.url.redact(&error.to_string()).into_owned(),
        })?;
        Ok(Self {
            client,
            timeout: options.timeout,
            open: None,
            away: None,
        })
    }

    /// Sends all, and returns an answer for each. A connection that turns out to be dead, as idle ones do, is made anew
    /// once: every operation may be repeated.
    pub(super) fn send(&mut self, batch: &Batch) -> Result<Vec<RedisResult<Value>>, Silence> {
        if batch.runs.is_empty() {
            return Ok(Vec::new());
        }
        let was_open = self.open.is_some();
        match self.exchange(batch) {
            Err(failed) if was_open && !failed.was_in_vain => {
                self.exchange(batch).map_err(Failed::into_silence)
            }
            outcome => outcome.map_err(Failed::into_silence),
        }
    }

    /// That the server was away when it was last spoken to, for those who do not even try.
    pub(super) fn silence(&self) -> Option<Silence> {
        let reason = self.away.clone()?;
        Some(Silence {
            reason,
            was_sent: false,
        })
    }

    /// One command that is no script.
    pub(super) fn command(&mut self, command: &Cmd) -> Result<Value, Silence> {
        let answers = self.query([command]).map_err(Failed::into_silence)?;
        let answer = answers.into_iter().next().unwrap_or(Ok(Value::Nil));
        answer.map_err(|error| Silence {
            reason: error.to_string(),
            was_sent: true,
        })
    }

    fn exchange(&mut self, batch: &Batch) -> Result<Vec<RedisResult<Value>>, Failed> {
        let mut answers = self.query(batch.runs.iter().map(|(_, command)| command))?;
        let Some(first) = answers.iter().position(is_unknown_script) else {
            return Ok(answers);
        };
        // A new server, or one that was told to forget its scripts. What came after is repeated, to keep the order.
        let again = || batch.runs[first..].iter();
        let mut operations: Vec<Operation> = again().map(|(operation, _)| *operation).collect();
        operations.dedup();
        let load: Vec<Cmd> = operations.into_iter().map(load).collect();
        self.query(&load)?;
        answers.truncate(first);
        answers.extend(self.query(again().map(|(_, command)| command))?);
        Ok(answers)
    }

    fn query<'a>(
        &mut self,
        commands: impl IntoIterator<Item = &'a Cmd>,
    ) -> Result<Vec<RedisResult<Value>>, Failed> {
        let answers = self.query_once(commands);
        self.away = answers.as_ref().err().map(|failed| failed.reason.clone());
        answers
    }

    fn query_once<'a>(
        &mut self,
        commands: impl IntoIterator<Item = &'a Cmd>,
    ) -> Result<Vec<RedisResult<Value>>, Failed> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.connect().map_err(|error| Failed::new(&error, false))?,
        };
        let (mut packed, mut count) = (Vec::new(), 0);
        for command in commands {
            command.write_packed_command(&mut packed);
            count += 1;
        }
        let answers = open.req_packed_commands(&packed, 0, count);
        // Kept only where every answer was read: what comes late must not be taken for the next one's.
        let answers = answers.map_err(|error| Failed::new(&error, true))?;
        self.open = Some(open);
        Ok(answers.into_iter().map(or_error).collect())
    }

    fn connect(&self) -> RedisResult<redis::Connection> {
        install_cryptography();
        let open = self.client.get_connection_with_timeout(self.timeout)?;
        open.set_read_timeout(Some(self.timeout))?;
        open.set_write_timeout(Some(self.timeout))?;
        Ok(open)
    }
}

fn load(operation: Operation) -> Cmd {
    let mut load = Cmd::new();
    load.arg("SCRIPT").arg("LOAD").arg(operation.script().text);
    load
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

fn or_error(answer: Value) -> RedisResult<Value> {
    match answer {
        Value::ServerError(error) => Err(error.into()),
        answer => Ok(answer),
    }
}
