//! The text that goes out.

use crate::tree::Tree;

#[test]
fn files_stand_under_headers_before_the_prompt() {
    let tree = Tree::new(&[]);
    tree.write("src/a.rs", "fn a() {}\n");
    tree.write("b.txt", "no line end");
    tree.write("empty.txt", "");
    let prompt = "see @src @*.txt \n";
    assert_eq!(
        tree.pack(prompt).unwrap().render_before(prompt),
        "=== FILE: b.txt ===\nno line end\n\
         === FILE: empty.txt ===\n\
         === FILE: src/a.rs ===\nfn a() {}\n\
         ---\n\
         see @src @*.txt \n"
    );
}

#[test]
fn without_files_the_prompt_is_the_text_byte_for_byte() {
    let tree = Tree::new(&["a.rs"]);
    for prompt in ["", "plain", "ask @alice", "---\n"] {
        assert_eq!(tree.pack(prompt).unwrap().render_before(prompt), prompt);
    }
}

#[test]
fn a_byte_order_mark_is_not_packed() {
    let tree = Tree::new(&[]);
    tree.write("a.txt", "\u{feff}hello");
    let packed = tree.pack("@a.txt").unwrap();
    assert_eq!((packed.bytes(), packed.files()[0].text()), (5, "hello"));
}

#[test]
fn the_text_of_a_file_does_not_reach_debug_output() {
    let tree = Tree::new(&[]);
    tree.write("a.txt", "confidential");
    let shown = format!("{:?}", tree.pack("@a.txt").unwrap());
    assert!(
        shown.contains("a.txt") && !shown.contains("confidential"),
        "{shown}"
    );
}
