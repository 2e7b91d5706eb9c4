//! Credentials stop a pack, by place and kind and never by value.

use tidegate_context::{PackError, Secrets, SkipReason};

use crate::tree::{Tree, names};

fn key() -> String {
    format!("ghp_{}", "q7Zt2LmX9vB4kRw8NcY5hJd3FgP6sTa1eUoH")
}

fn tree() -> Tree {
    let tree = Tree::new(&["a.rs", "z.rs"]);
    tree.write(
        "b.rs",
        format!("// one\nconst KEY: &str = \"{}\";\n", key()),
    );
    tree.write("c/d.rs", format!("{}\n", key()));
    tree
}

#[test]
fn a_pack_with_credentials_fails_and_names_file_line_and_kind_but_not_the_value() {
    let error = tree().pack("@./").unwrap_err();
    let told = error.to_string();
    assert!(
        told.contains("b.rs holds a GitHub token in line 2"),
        "{told}"
    );
    assert!(
        told.contains("c/d.rs holds a GitHub token in line 1"),
        "{told}"
    );
    assert!(
        !told.contains("ghp_") && !format!("{error:?}").contains("ghp_"),
        "{told}"
    );
    assert!(matches!(error, PackError::Secrets { found } if found.len() == 2));
}

#[test]
fn files_with_credentials_are_left_out_and_listed_for_those_who_ask() {
    let mut tree = tree();
    tree.options.secrets = Secrets::LeaveOut;
    let packed = tree.pack("@./ @b.rs").unwrap();
    assert_eq!(names(&packed), ["a.rs", "z.rs"]);
    let skipped: Vec<_> = packed
        .skipped()
        .iter()
        .map(|skipped| skipped.path.as_str())
        .collect();
    assert_eq!(skipped, ["b.rs", "c/d.rs"]);
    assert!(matches!(
        packed.skipped()[0].reason,
        SkipReason::Secret { line: 2, .. }
    ));
}

#[test]
fn credentials_that_are_allowed_are_text() {
    let mut tree = tree();
    tree.options.secrets = Secrets::Allow;
    assert_eq!(tree.names("@./"), ["a.rs", "b.rs", "c/d.rs", "z.rs"]);
}

#[test]
fn an_environment_file_that_is_named_is_searched() {
    let tree = Tree::new(&[]);
    tree.write(".env", "PORT=80\nDB_PASSWORD=hunter22\n");
    let told = tree.pack("@.env").unwrap_err().to_string();
    assert!(
        told.contains(".env holds a secret of an environment file in line 2"),
        "{told}"
    );
}
