//! Tokens of a pack: the parts are the whole.

use tidegate_context::TokenCounter;

use crate::tree::Tree;

/// Ends that could run into the next header: none, white space, lines, marks that an encoding joins to a line's end.
const ENDS: &[&str] = &[
    "x", "x\n", "}\n\n\n", "  ", " \r\n\t", "///", "é", "\n", "===", "don'",
];

fn tree() -> Tree {
    let tree = Tree::new(&[]);
    for (number, end) in ENDS.iter().enumerate() {
        tree.write(
            &format!("{number}.txt"),
            format!("{end}fn main() {{ 12345 }} {end}"),
        );
    }
    tree
}

#[test]
fn the_counts_of_the_files_are_the_count_of_the_whole() {
    let packed = tree().pack("@*.txt").unwrap();
    let whole = packed.render_before("");
    let files = whole.strip_suffix("---\n").unwrap();
    for model in ["gpt-4o", "gpt-4"] {
        let counter = TokenCounter::for_model(model);
        let each = counter.count_each(&packed);
        assert_eq!(each.len(), ENDS.len());
        // An estimate rounds up for each file.
        let slack = if counter.is_exact() {
            0
        } else {
            each.len() as u64
        };
        let (sum, whole) = (each.iter().sum::<u64>(), counter.count(files));
        assert!(sum >= whole && sum - whole <= slack, "{sum} {whole}");
    }
}
