//! The same files give the same bytes.

use proptest::prelude::*;

use crate::tree::Tree;

const PATTERNS: [&str; 6] = [
    "@b.md",
    "@**/*.rs",
    "@src",
    "@\"a b.txt\"",
    "@src/../b.md",
    "@*",
];

#[test]
fn files_are_sorted_by_the_bytes_of_their_names() {
    let tree = Tree::new(&["b", "a/z", "a.b", "B", "é"]);
    assert_eq!(tree.names("@**"), ["B", "a.b", "a/z", "b", "é"]);
}

#[test]
fn the_text_does_not_depend_on_where_the_tree_lies() {
    let render = || {
        Tree::new(&["src/a.rs", "b.md"])
            .pack("@**")
            .unwrap()
            .render_before("")
    };
    assert_eq!(render(), render());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn the_text_does_not_depend_on_the_order_of_the_patterns(order in Just(PATTERNS.to_vec()).prop_shuffle()) {
        let tree = Tree::new(&["b.md", "a b.txt", "src/a.rs", "src/deep/c.rs", "src/d.bin", "z.rs"]);
        tree.write("src/d.bin", b"\0");
        #[cfg(unix)]
        tree.link("b.md", "c.md");
        let [typed, shuffled] = [PATTERNS.join(" "), order.join(" ")].map(|prompt| tree.pack(&prompt).unwrap());
        prop_assert_eq!(typed.files().len(), 5);
        prop_assert_eq!(typed.render_before("p"), shuffled.render_before("p"));
        prop_assert_eq!(typed.skipped(), shuffled.skipped());
    }
}
