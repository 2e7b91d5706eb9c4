//! Packs what patterns name into a file: `pack --to FILE [--allow-secrets] [--tokens] [--cache DIR] PATTERN...`
//!
//! The smallest program around [`pack()`](tidegate_context::pack()), and what `scripts/bench pack` measures. Limits are
//! off; what was packed is told on standard output.

use std::error::Error;
use std::fs::File;
use std::io::{self, Write};

use tidegate_context::{CacheOptions, Layout, PackOptions, Secrets, TokenCounter, pack, patterns};

fn main() -> Result<(), Box<dyn Error>> {
    let mut options = PackOptions::new(".");
    (options.max_files, options.max_total_bytes) = (usize::MAX, u64::MAX);
    let (mut to, mut prompt, mut counter) = (None, String::new(), None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--to" => to = arguments.next(),
            "--allow-secrets" => options.secrets = Secrets::Allow,
            "--tokens" => counter = Some(TokenCounter::for_model("gpt-4o")),
            "--cache" => options.cache = arguments.next().map(CacheOptions::new),
            pattern => prompt.extend(["@", pattern, " "]),
        }
    }
    let packed = pack(&patterns(&prompt), &options)?;
    let mut out = File::create(to.ok_or("--to FILE is missing")?)?;
    packed.write_to(&mut out, Layout::default())?;
    let tokens = counter.map(|counter| counter.count_each(&packed).iter().sum::<u64>());
    writeln!(
        io::stdout(),
        r#"{{"files": {}, "kept": {}, "tokens": {}, "exact": {}}}"#,
        packed.files().len(),
        packed.is_kept(),
        tokens.unwrap_or_default(),
        counter.is_some_and(TokenCounter::is_exact),
    )?;
    Ok(())
}
