//! What a change does to the file on disk.

#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use tidegate::Secret;
use tidegate::config::Environment;
use tidegate::config::edit::{Change, EditError, edit, start};

use super::edit::{Desk, provider};

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

fn with_a_key(name: &str) -> Change {
    let mut change = provider(name);
    if let Change::AddProvider { new, .. } = &mut change {
        new.api_key = Some(Secret::new("sk-literal"));
    }
    change
}

#[test]
fn a_new_file_and_its_directory_are_for_their_owner_alone() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("config/tidegate/tidegate.toml");
    edit(&path, &Environment::default(), &provider("example")).unwrap();
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&home.path().join("config")), 0o700);
}

#[test]
fn a_file_keeps_its_mode_until_a_secret_stands_in_it() {
    let desk = Desk::with("");
    for given in [0o644, 0o640, 0o600] {
        fs::set_permissions(desk.path(), Permissions::from_mode(given)).unwrap();
        let edited = desk.done(&provider(&format!("p{given}")));
        assert_eq!((mode(&desk.path()), edited.closed), (given, false));
    }
    fs::set_permissions(desk.path(), Permissions::from_mode(0o644)).unwrap();
    let edited = desk.done(&with_a_key("open"));
    assert_eq!((mode(&desk.path()), edited.closed), (0o600, true));
}

#[test]
fn a_symbolic_link_is_followed_and_stays_one() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("dotfiles")).unwrap();
    let (real, link) = (
        home.path().join("dotfiles/t.toml"),
        home.path().join("tidegate.toml"),
    );
    fs::write(&real, "# mine\n").unwrap();
    symlink(&real, &link).unwrap();
    let edited = edit(&link, &Environment::default(), &provider("example")).unwrap();
    assert!(link.is_symlink());
    assert_eq!(edited.path, link, "named as it was given");
    assert!(
        fs::read_to_string(&real)
            .unwrap()
            .contains("[providers.example]")
    );
    fs::remove_file(&real).unwrap();
    let error = edit(&link, &Environment::default(), &provider("example")).unwrap_err();
    assert!(error.to_string().contains("followed"), "{error}");
}

#[test]
fn a_change_that_is_refused_leaves_not_even_a_directory() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("config/tidegate.toml");
    let mut change = provider("example");
    if let Change::AddProvider { new, .. } = &mut change {
        new.kind = Some("opnai".into());
    }
    edit(&path, &Environment::default(), &change).unwrap_err();
    assert_eq!(home.path().read_dir().unwrap().count(), 0);
}

#[test]
fn the_seeds_file_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("litellm-api-config.json");
    fs::write(&path, "{}").unwrap();
    let error = edit(&path, &Environment::default(), &provider("example")).unwrap_err();
    assert!(matches!(error, EditError::OfAnother { .. }), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "{}");
}

#[test]
fn nothing_but_the_file_and_its_lock_is_left_beside_it() {
    let desk = Desk::empty();
    desk.done(&provider("example"));
    let mut names: Vec<_> = fs::read_dir(desk.path().parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, [".tidegate.toml.lock", "tidegate.toml"]);
}

#[test]
fn changes_made_at_once_all_survive() {
    let desk = Desk::with("# ours\n");
    std::thread::scope(|scope| {
        for number in 0..8 {
            let desk = &desk;
            scope.spawn(move || desk.done(&provider(&format!("p{number}"))));
        }
    });
    let text = desk.text();
    for number in 0..8 {
        assert!(text.contains(&format!("[providers.p{number}]\n")), "{text}");
    }
}

#[test]
fn a_file_is_started_only_where_there_is_none() {
    let desk = Desk::empty();
    start(&desk.path(), "# new\n").unwrap();
    assert_eq!(
        (desk.text().as_str(), mode(&desk.path())),
        ("# new\n", 0o600)
    );
    let error = start(&desk.path(), "# other\n").unwrap_err();
    assert!(error.is_already_there(), "{error}");
    assert_eq!(desk.text(), "# new\n");
}
