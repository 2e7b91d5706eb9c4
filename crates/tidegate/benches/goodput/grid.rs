//! Every case in virtual time, with every seed: Tidegate's runs, and the rivals' on the same draws.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::{Map, Value, json};

use crate::case::{self, Case, Limited};
use crate::executor;
use crate::provider::Provider;
use crate::rivals::{self, Rival};
use crate::watch::Played;

/// What of the grid is played.
#[derive(Debug)]
pub(crate) struct Wanted {
    seeds: u64,
    only: Option<String>,
    rivals: bool,
}

impl Wanted {
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Self {
        let mut wanted = Self {
            seeds: 20,
            only: None,
            rivals: true,
        };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--seeds" => wanted.seeds = words.next().unwrap().parse().unwrap(),
                "--only" => wanted.only = words.next(),
                "--no-rivals" => wanted.rivals = false,
                other => panic!("{other}?"),
            }
        }
        wanted
    }
}

/// Who plays.
#[derive(Debug, Clone, Copy)]
enum Player {
    Tidegate,
    Rival(Rival),
}

/// Figures by case and player, as one JSON object.
pub(crate) fn play(wanted: &Wanted) -> Value {
    let cases: Vec<Case> = case::all()
        .into_iter()
        .filter(|case| {
            wanted
                .only
                .as_ref()
                .is_none_or(|only| case.name.contains(only))
        })
        .collect();
    let plays = plays(&cases, wanted.rivals);
    let all: Vec<_> = plays
        .iter()
        .flat_map(|(case, _, player)| (0..wanted.seeds).map(move |seed| (*case, *player, seed)))
        .collect();
    let figures = on_all_cores(all.len(), |index| {
        let (case, player, seed) = all[index];
        Figures::of(case, player, seed)
    });
    let mut rows = Map::new();
    for ((case, name, _), seeds) in plays
        .iter()
        .zip(figures.chunks(usize::try_from(wanted.seeds).unwrap()))
    {
        let row = rows.entry(case.name).or_insert_with(|| json!({}));
        row[*name] = summary(seeds);
    }
    json!({ "seeds": wanted.seeds, "runs": case::RUNS, "cases": rows })
}

/// Each case with each player. A rival knows nothing of what is configured, so it plays each provider once.
fn plays(cases: &[Case], rivals: bool) -> Vec<(&Case, &'static str, Player)> {
    let mut plays = Vec::new();
    let mut seen: Vec<&Limited> = Vec::new();
    for case in cases {
        plays.push((case, "tidegate", Player::Tidegate));
        if rivals && !seen.contains(&&case.provider) {
            seen.push(&case.provider);
            plays.extend(rivals::ALL.map(|(name, rival)| (case, name, Player::Rival(rival))));
        }
    }
    plays
}

/// What one play came to.
#[derive(Debug, Clone, Copy)]
struct Figures {
    /// Makespan in parts of the best.
    time: f64,
    /// Attempts per run.
    attempts: f64,
    lost: usize,
    overtaken: u64,
}

impl Figures {
    fn of(case: &Case, player: Player, seed: u64) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let prompts = case.provider.prompts(seed);
        let optimum = case.provider.optimum(&prompts, seed);
        let outcome: Played = runtime.block_on(async {
            let (provider, prompts) = (Provider::open(&case.provider, seed), prompts);
            match player {
                Player::Tidegate => executor::play(case, provider.clone(), prompts).await,
                Player::Rival(rival) => rivals::play(rival, provider.clone(), prompts, seed).await,
            }
            provider.played()
        });
        let runs = case.provider.runs;
        Self {
            time: outcome.makespan.as_secs_f64() / optimum.as_secs_f64(),
            attempts: outcome.attempts as f64 / runs as f64,
            lost: runs - outcome.answered,
            overtaken: outcome.overtaken,
        }
    }
}

fn summary(seeds: &[Figures]) -> Value {
    let spread = |figure: fn(&Figures) -> f64| {
        let all = seeds.iter().map(figure);
        let mean = all.clone().sum::<f64>() / seeds.len() as f64;
        json!({ "mean": mean, "worst": all.fold(0.0, f64::max) })
    };
    json!({
        "time": spread(|figures| figures.time),
        "attempts": spread(|figures| figures.attempts),
        "lost": spread(|figures| figures.lost as f64),
        "overtaken": spread(|figures| figures.overtaken as f64),
    })
}

/// What `play` makes of each number below `count`, in their order.
fn on_all_cores<T: Send>(count: usize, play: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        return;
                    }
                    let played = play(index);
                    done.lock().unwrap().push((index, played));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, played)| played).collect()
}
