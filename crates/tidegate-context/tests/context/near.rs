//! What to say of a name that matches nothing.

use crate::tree::Tree;

fn near(tree: &Tree, prompt: &str) -> Vec<String> {
    tree.pack(prompt).unwrap().unmatched()[0].near.clone()
}

fn project() -> Tree {
    let tree = Tree::new(&[
        "README.md",
        "src/main.rs",
        "src/context/pattern.rs",
        "tests/main.rs",
        ".env.local",
        "out/mian.rs",
    ]);
    tree.write(".gitignore", "out/\n");
    tree
}

#[test]
fn a_file_of_this_name_elsewhere_is_near() {
    assert_eq!(
        near(&project(), "@main.rs"),
        ["src/main.rs", "tests/main.rs"]
    );
    assert_eq!(
        near(&project(), "@context/pattern.rs"),
        ["src/context/pattern.rs"]
    );
}

#[test]
fn a_name_with_a_slip_is_near_whatever_its_case() {
    assert_eq!(near(&project(), "@readme.md"), ["README.md"]);
    assert_eq!(
        near(&project(), "@src/mian.rs"),
        ["src/main.rs", "tests/main.rs"]
    );
    assert_eq!(
        near(&project(), "@src/context/patern.rs"),
        ["src/context/pattern.rs"]
    );
}

#[test]
fn of_a_glob_the_directory_is_compared() {
    assert_eq!(near(&project(), "@scr/**/*.rs"), ["src"]);
    assert!(
        near(&project(), "@src/**/*.py")
            .iter()
            .all(|name| name != "src/main.rs")
    );
    assert!(near(&project(), "@*.py").is_empty());
}

#[test]
fn hidden_and_ignored_files_are_not_offered_and_nothing_from_outside() {
    let tree = project();
    tree.write("../secrets.rs", "");
    assert!(near(&tree, "@env.local").is_empty());
    assert!(near(&tree, "@secret.rs").is_empty());
}

#[test]
fn a_warning_is_one_line_with_the_names() {
    let warning = |prompt| project().pack(prompt).unwrap().unmatched()[0].to_string();
    assert_eq!(warning("@*.py"), "@*.py matches no file");
    assert_eq!(
        warning("@readme.md"),
        "@readme.md matches no file (did you mean README.md?)"
    );
    assert_eq!(
        warning("@main.rs"),
        "@main.rs matches no file (did you mean one of src/main.rs, tests/main.rs?)"
    );
}

#[test]
fn a_pasted_list_of_packages_is_not_looked_up_name_by_name() {
    let names: Vec<_> = (0..100).map(|number| format!("@types/n{number}")).collect();
    let packed = project().pack(&(names.join(" ") + " @readme.md")).unwrap();
    assert_eq!(packed.unmatched().len(), 101);
    assert!(packed.unmatched()[100].near.is_empty());
}
