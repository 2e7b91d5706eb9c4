//! A pack is kept, and used again while nothing has changed.

use std::path::Path;

use tidegate_context::{CacheOptions, PackOptions, Secrets, pack, patterns};

#[test]
fn a_pack_of_files_that_were_there_before_is_used_again() {
    // This crate's own files: what was written a moment ago would be in doubt, and these were compiled first.
    let home = tempfile::tempdir().unwrap();
    let mut options = PackOptions::new(Path::new(env!("CARGO_MANIFEST_DIR")));
    options.secrets = Secrets::Allow;
    options.cache = Some(CacheOptions::new(home.path().join("packs")));
    let asked = patterns("@src @tests/**/*.rs");
    let first = pack(&asked, &options).unwrap();
    let second = pack(&asked, &options).unwrap();
    assert_eq!((first.is_kept(), second.is_kept()), (false, true));
    assert_eq!(first.files(), second.files());
    assert_eq!(first.skipped(), second.skipped());
    assert_eq!(options.cache.unwrap().usage().entries, 1);
}
