//! Processes that send runs through one state to one server, in virtual time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use tidegate_core::quota::{Answer, Ask, Lease, Limits, OpId, Priority, QuotaState, Refusal};
use tidegate_core::{Cost, ObservedLimits, Timestamp};

use super::server::Server;

/// A refusal comes back after this.
const REFUSED_AFTER: u64 = 150_000;
pub(crate) const START: u64 = 60_000_000_000;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    pub(crate) cost: Cost,
    pub(crate) takes: u64,
}

#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) makespan: u64,
    pub(crate) attempts: u64,
    pub(crate) done: usize,
    /// Departures of first attempts that went before an earlier one of the same process.
    pub(crate) out_of_order: usize,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Ask {
        process: usize,
        turn: u64,
    },
    Refused {
        process: usize,
        op: u64,
        after: Option<u64>,
    },
    Answered {
        process: usize,
        op: u64,
    },
}

#[derive(Debug, Default)]
struct Process {
    /// Waiting runs by their place: an earlier one that was refused comes back before later ones.
    waiting: BTreeMap<usize, Option<u64>>,
    turn: u64,
    by_size: bool,
    op: HashMap<usize, u64>,
}

pub(crate) struct World<'w> {
    runs: &'w [Run],
    limits: Limits,
    server: Server,
    state: QuotaState,
    processes: Vec<Process>,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    order: u64,
    leases: HashMap<u64, (usize, Lease, ObservedLimits)>,
    next_op: u64,
    outcome: Outcome,
    latest: Vec<Option<usize>>,
    tried: Vec<bool>,
}

impl<'w> World<'w> {
    pub(crate) fn new(runs: &'w [Run], processes: usize, limits: Limits, server: Server) -> Self {
        let mut all: Vec<Process> = (0..processes).map(|_| Process::default()).collect();
        for run in 0..runs.len() {
            all[run % processes].waiting.insert(run, None);
        }
        Self {
            runs,
            limits,
            server,
            state: QuotaState::default(),
            latest: vec![None; processes],
            processes: all,
            events: BinaryHeap::new(),
            order: 0,
            leases: HashMap::new(),
            next_op: 0,
            outcome: Outcome {
                makespan: 0,
                attempts: 0,
                done: 0,
                out_of_order: 0,
            },
            tried: vec![false; runs.len()],
        }
    }

    pub(crate) fn play(mut self) -> Outcome {
        for process in 0..self.processes.len() {
            self.at(START, Event::Ask { process, turn: 0 });
        }
        while let Some(Reverse((now, _, event))) = self.events.pop() {
            if now > START + 3_600_000_000 || self.outcome.done == self.runs.len() {
                break;
            }
            match event {
                Event::Ask { process, turn } => {
                    if self.processes[process].turn == turn {
                        self.dispatch(process, now);
                    }
                }
                Event::Refused { process, op, after } => {
                    let (run, lease, _) = self.leases.remove(&op).unwrap();
                    let refusal = Refusal::RateLimited { after };
                    self.state
                        .penalise(&lease, refusal, &self.limits, Timestamp::from_micros(now));
                    self.processes[process].waiting.insert(run, Some(lease.seq));
                    self.dispatch(process, now);
                }
                Event::Answered { process, op } => {
                    let (run, lease, seen) = self.leases.remove(&op).unwrap();
                    let at = Timestamp::from_micros(now);
                    self.state.observe(&lease, &seen, &self.limits, at);
                    self.state.settle(&lease, self.runs[run].cost, &self.limits);
                    self.outcome.done += 1;
                    self.outcome.makespan = now - START;
                    self.dispatch(process, now);
                }
            }
        }
        self.outcome
    }

    fn at(&mut self, at: u64, event: Event) {
        self.order += 1;
        self.events.push(Reverse((at, self.order, event)));
    }

    fn ask_of(&mut self, process: usize, run: usize, seq: Option<u64>) -> Ask {
        let next = &mut self.next_op;
        let op = *self.processes[process].op.entry(run).or_insert_with(|| {
            *next += 1;
            *next
        });
        Ask {
            op: OpId(op),
            cost: self.runs[run].cost,
            priority: Priority::Batch,
            seq,
            deadline: None,
        }
    }

    fn dispatch(&mut self, process: usize, now: u64) {
        self.processes[process].turn += 1;
        loop {
            let many = if self.processes[process].by_size {
                33
            } else {
                1
            };
            let heads: Vec<_> = self.processes[process]
                .waiting
                .iter()
                .map(|(run, seq)| (*run, *seq))
                .take(many)
                .collect();
            if heads.is_empty() {
                return;
            }
            let asks: Vec<_> = heads
                .iter()
                .map(|(run, seq)| self.ask_of(process, *run, *seq))
                .collect();
            let answer = self
                .state
                .ask(&asks, &self.limits, Timestamp::from_micros(now));
            match answer {
                Answer::Go { index, lease } => self.send(process, heads[index].0, lease, now),
                Answer::Wait {
                    until,
                    why,
                    by_size,
                    ..
                } => {
                    assert!(until > now, "told to ask again at once: {why:?}");
                    let first = by_size && !self.processes[process].by_size;
                    self.processes[process].by_size = by_size;
                    if first {
                        continue;
                    }
                    let turn = self.processes[process].turn;
                    self.at(until, Event::Ask { process, turn });
                    return;
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn send(&mut self, process: usize, run: usize, lease: Lease, now: u64) {
        let op = lease.op.0;
        self.processes[process].waiting.remove(&run);
        self.processes[process].op.remove(&run);
        self.outcome.attempts += 1;
        if !self.tried[run] {
            self.outcome.out_of_order +=
                usize::from(self.latest[process].is_some_and(|last| last > run));
            self.latest[process] = self.latest[process].max(Some(run));
            self.tried[run] = true;
        }
        match self.server.admit(self.runs[run].cost, now) {
            Ok(seen) => {
                self.leases.insert(op, (run, lease, seen));
                self.at(now + self.runs[run].takes, Event::Answered { process, op });
            }
            Err(after) => {
                self.leases
                    .insert(op, (run, lease, ObservedLimits::default()));
                self.at(now + REFUSED_AFTER, Event::Refused { process, op, after });
            }
        }
    }
}
