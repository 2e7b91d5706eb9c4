//! Files named by `@patterns` in a prompt, packed in a stable order before it.
//!
//! People point at files instead of pasting them: `explain @src/main.rs`, `review @src/**/*.rs`,
//! `summarize @"meeting notes.md"`. This crate finds the patterns, reads the files and puts them before the prompt,
//! under the rules that make it safe to do so without looking: nothing from outside the allowed directories, nothing
//! ignored or hidden unless named itself, nothing left out in silence, nothing unbounded, and the same bytes for the
//! same files.
//!
//! It is synchronous and knows no network: call [`pack()`] where blocking is allowed. Without an at sign in the prompt
//! nothing is done at all.
//!
//! ```
//! use tidegate_context::{PackOptions, pack, patterns};
//!
//! # let project = tempfile::tempdir()?;
//! std::fs::write(project.path().join("hello.rs"), "fn main() {}\n")?;
//!
//! let prompt = "What does @hello.rs do? Tell bob@example.com.";
//! let packed = pack(&patterns(prompt), &PackOptions::new(project.path()))?;
//!
//! assert_eq!(
//!     packed.render_before(prompt),
//!     "=== FILE: hello.rs ===\n\
//!      fn main() {}\n\
//!      ---\n\
//!      What does @hello.rs do? Tell bob@example.com.",
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod area;
mod cache;
mod directories;
mod fill;
mod find;
mod generated;
mod laid;
mod marks;
mod name;
mod open;
mod opener;
mod options;
mod pack;
mod packed;
mod parallel;
mod pattern;
mod positioned;
mod progress;
mod read;
mod render;
mod rules;
mod secret;
mod select;
mod skip;
mod text;
mod tokens;
mod trail;
mod unmatched;
mod walk;

pub use cache::{CacheUsage, KeptPack, NoSuchPack};
pub use options::{CacheOptions, PackOptions, Secrets};
pub use pack::{pack, pack_into};
pub use packed::{PackError, Packed, PackedFile, SecretFound, WriteError, Written};
pub use pattern::{Pattern, patterns, unescaped};
pub use progress::Progress;
pub use render::{Format, Layout, UnknownFormat};
pub use skip::{SkipReason, Skipped};
pub use tokens::TokenCounter;
pub use unmatched::Unmatched;
