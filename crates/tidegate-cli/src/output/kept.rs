//! The packs that are kept.

use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use tidegate::context::{CacheOptions, CacheUsage, KeptPack};
use tidegate::{Spell, Timestamp};

use crate::output::{json, table, text};

/// As many digits of a name as tell packs apart on sight.
const DIGITS: usize = 12;

/// Prints the packs: as rows, or as one object.
pub(crate) fn list(packs: &[KeptPack], now: Timestamp, as_json: bool) -> io::Result<()> {
    if as_json {
        return list_json(packs);
    }
    if packs.is_empty() {
        text::note("no packs are kept");
        return Ok(());
    }
    let head = ["ID", "FILES", "BYTES", "USED", "STATE", "ROOT", "PATTERNS"];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(packs.iter().map(|pack| {
        [
            pack.id[..DIGITS].to_owned(),
            pack.files.to_string(),
            pack.text_bytes.to_string(),
            format!("{} ago", Spell(since(pack.used, now))),
            state(pack).to_owned(),
            pack.root.display().to_string(),
            pack.patterns.join(" "),
        ]
    }));
    table::print(&rows)
}

/// In one line: `@src (12 files, 34567 bytes, packed 3m ago in /home/me/project; stale)`.
pub(crate) fn title(pack: &KeptPack, now: Timestamp) -> String {
    format!(
        "{} ({} files, {} bytes, packed {} ago in {}; {})",
        pack.patterns.join(" "),
        pack.files,
        pack.text_bytes,
        Spell(since(pack.packed, now)),
        pack.root.display(),
        state(pack),
    )
}

const fn state(pack: &KeptPack) -> &'static str {
    if pack.is_fresh { "fresh" } else { "stale" }
}

fn since(then: SystemTime, now: Timestamp) -> Duration {
    let now = SystemTime::UNIX_EPOCH + Duration::from_micros(now.as_micros());
    let seconds = now.duration_since(then).unwrap_or_default().as_secs();
    Duration::from_secs(seconds)
}

fn list_json(packs: &[KeptPack]) -> io::Result<()> {
    let packs = packs.iter().map(|pack| Row {
        id: &pack.id,
        root: pack.root.display().to_string(),
        patterns: &pack.patterns,
        packed: seconds(pack.packed),
        used: seconds(pack.used),
        files: pack.files,
        text_bytes: pack.text_bytes,
        bytes: pack.bytes,
        fresh: pack.is_fresh,
    });
    json::write(&Packs {
        packs: packs.collect(),
    })
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

#[derive(Serialize)]
struct Packs<'k> {
    packs: Vec<Row<'k>>,
}

#[derive(Serialize)]
struct Row<'k> {
    id: &'k str,
    root: String,
    patterns: &'k [String],
    /// Seconds since 1970.
    packed: u64,
    used: u64,
    files: usize,
    text_bytes: u64,
    bytes: u64,
    fresh: bool,
}

/// Prints how much is kept: as lines, or as one object.
pub(crate) fn stats(cache: &CacheOptions, enabled: bool, as_json: bool) -> io::Result<()> {
    if as_json {
        return stats_json(cache, enabled);
    }
    let usage = cache.usage();
    let packs = cache.packs();
    let fresh = packs.iter().filter(|pack| pack.is_fresh).count();
    let mut out = io::stdout().lock();
    writeln!(out, "directory  {}", cache.dir.display())?;
    writeln!(out, "packs      {}, {fresh} of them fresh", usage.entries)?;
    writeln!(
        out,
        "bytes      {} of {}",
        usage.bytes, cache.max_total_bytes
    )?;
    writeln!(out, "kept for   {}", Spell(cache.ttl))?;
    if !enabled {
        writeln!(
            out,
            "switched off: `enabled` in [cache], or `cache_enabled` in [context], is false"
        )?;
    }
    out.flush()
}

fn stats_json(cache: &CacheOptions, enabled: bool) -> io::Result<()> {
    #[derive(Serialize)]
    struct Stats {
        enabled: bool,
        dir: String,
        packs: usize,
        fresh: usize,
        bytes: u64,
        max_total_bytes: u64,
        ttl_s: u64,
    }
    let usage = cache.usage();
    let packs = cache.packs();
    json::write(&Stats {
        enabled,
        dir: cache.dir.display().to_string(),
        packs: usage.entries,
        fresh: packs.iter().filter(|pack| pack.is_fresh).count(),
        bytes: usage.bytes,
        max_total_bytes: cache.max_total_bytes,
        ttl_s: cache.ttl.as_secs(),
    })
}

/// Prints how much was deleted: as a line, or as one object.
pub(crate) fn cleared(gone: CacheUsage, as_json: bool) -> io::Result<()> {
    #[derive(Serialize)]
    struct Cleared {
        packs: usize,
        bytes: u64,
    }
    let (packs, bytes) = (gone.entries, gone.bytes);
    if as_json {
        return json::write(&Cleared { packs, bytes });
    }
    let noun = if packs == 1 { "pack" } else { "packs" };
    writeln!(io::stdout(), "deleted {packs} {noun} ({bytes} bytes)")
}
