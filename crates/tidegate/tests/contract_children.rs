//! The contract over real child processes, in real time: all rows, ten times in a row, in one process.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot set up its case should fail the test"
)]

#[path = "contract/children.rs"]
mod children;
#[path = "contract/rows.rs"]
mod rows;

use children::Children;

#[tokio::test]
async fn the_rows_hold_ten_times_in_a_row() {
    let stage = Children::new();
    for first in 0..10 {
        rows::all_from(&stage, first).await;
    }
}
