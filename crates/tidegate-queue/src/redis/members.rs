//! The limits this process uses: what they are called on the server, and what it holds of them.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use redis::Cmd;
use tidegate_core::quota::{Limits, OpId};
use tidegate_core::{LimitKey, Timestamp};
use tokio::time::Instant;

use super::RedisOptions;
use super::scripts::Operation;
use super::wire;

/// How long a process belongs to those who share a limit after it last asked: longer than anybody sleeps between two
/// questions.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Members {
    prefix: String,
    /// Of 32 bytes.
    hash_key: Option<[u8; 32]>,
    /// This process's number among all that share the server, and what it is called.
    owner: String,
    label: String,
    ttl: Duration,
    limits: HashMap<LimitKey, Member>,
    renewed: Instant,
}

/// What a script is told beside the limit and the process.
#[derive(Debug)]
pub(super) struct Setting<'a> {
    pub(super) limits: &'a Limits,
    pub(super) with_outlook: bool,
    /// The time, by a clock that is not the server's.
    pub(super) at: Option<Timestamp>,
}

impl Setting<'_> {
    /// For operations that need no more.
    pub(super) const fn plain(at: Option<Timestamp>) -> Self {
        Self {
            limits: &Limits::UNKNOWN,
            with_outlook: false,
            at,
        }
    }
}

/// One limit.
#[derive(Debug)]
pub(super) struct Member {
    name: String,
    keys: [String; 2],
    /// Attempts under way here.
    pub(super) held: HashSet<OpId>,
    used: Instant,
}

impl Members {
    pub(super) fn new(options: &RedisOptions) -> Self {
        let derive = |key: &tidegate_core::Secret| {
            blake3::derive_key("tidegate queue: names of limits", key.expose().as_bytes())
        };
        Self {
            prefix: options.prefix.clone(),
            hash_key: options.hash_key.as_ref().map(derive),
            owner: wire::random_number(),
            label: wire::label(),
            ttl: options.ttl,
            limits: HashMap::new(),
            renewed: Instant::now(),
        }
    }

    /// Processes number their attempts each for itself.
    pub(super) fn op(&self, op: OpId) -> String {
        format!("{}:{}", self.owner, op.0)
    }

    /// A run of a script for a limit, up to what is the operation's own.
    pub(super) fn command(
        &self,
        operation: Operation,
        key: &LimitKey,
        setting: &Setting<'_>,
    ) -> Cmd {
        match self.limits.get(key) {
            Some(member) => self.command_of(operation, member, setting),
            None => self.command_named(operation, &self.name(key), setting),
        }
    }

    pub(super) fn command_named(
        &self,
        operation: Operation,
        name: &str,
        setting: &Setting<'_>,
    ) -> Cmd {
        self.run(operation, name, &self.keys(name), setting)
    }

    pub(super) fn command_of(
        &self,
        operation: Operation,
        member: &Member,
        setting: &Setting<'_>,
    ) -> Cmd {
        self.run(operation, &member.name, &member.keys, setting)
    }

    fn run(
        &self,
        operation: Operation,
        name: &str,
        keys: &[String; 2],
        setting: &Setting<'_>,
    ) -> Cmd {
        let mut command = Cmd::new();
        command
            .arg("EVALSHA")
            .arg(&operation.script().hash)
            .arg(keys.len())
            .arg(keys)
            .arg(&self.owner)
            .arg(name)
            .arg(&self.label);
        let mut numbers = wire::Numbers::default();
        numbers
            .put_some(setting.at.map(Timestamp::as_micros))
            .put(wire::micros(self.ttl));
        wire::put_limits(&mut numbers, setting.limits, setting.with_outlook);
        numbers.tell(&mut command);
        command
    }

    fn name(&self, key: &LimitKey) -> String {
        match &self.hash_key {
            Some(hash_key) => {
                let hash = blake3::keyed_hash(hash_key, key.as_str().as_bytes());
                format!("#{}", &hash.to_hex()[..32])
            }
            None => key.as_str().to_owned(),
        }
    }

    fn keys(&self, name: &str) -> [String; 2] {
        [format!("{}limit:{name}", self.prefix), self.index()]
    }

    /// The key under which all limits are named.
    pub(super) fn index(&self) -> String {
        format!("{}limits", self.prefix)
    }

    /// What a limit of that name is called here.
    pub(super) fn called(&self, name: &str) -> String {
        let known = self.limits.iter().find(|(_, member)| member.name == name);
        known.map_or_else(|| name.to_owned(), |(key, _)| key.as_str().to_owned())
    }

    /// A limit that is used.
    pub(super) fn join(&mut self, key: &LimitKey) -> &mut Member {
        if !self.limits.contains_key(key) {
            let name = self.name(key);
            let member = Member {
                keys: self.keys(&name),
                name,
                held: HashSet::new(),
                used: Instant::now(),
            };
            self.limits.insert(key.clone(), member);
        }
        let member = self.limits.get_mut(key);
        #[expect(clippy::unwrap_used, reason = "it was put there above")]
        let member = member.unwrap();
        member.used = Instant::now();
        member
    }

    pub(super) fn release(&mut self, key: &LimitKey, op: OpId) {
        if let Some(member) = self.limits.get_mut(key) {
            member.held.remove(&op);
        }
    }

    /// Whether there is something to keep alive.
    pub(super) fn is_alive(&self) -> bool {
        !self.limits.is_empty()
    }

    /// Whether it is time to renew them. Those that are not used any more are left.
    pub(super) fn is_due(&mut self) -> bool {
        let now = Instant::now();
        if now.duration_since(self.renewed) < self.ttl / 3 {
            return false;
        }
        self.renewed = now;
        self.limits.retain(|_, member| {
            !member.held.is_empty() || now.duration_since(member.used) < LONGEST_PAUSE
        });
        true
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&LimitKey, &Member)> {
        self.limits.iter()
    }
}
