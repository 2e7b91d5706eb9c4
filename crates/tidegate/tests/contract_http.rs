//! The contract over real HTTP, in real time: all rows, ten times in a row, in one process.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot set up its case should fail the test"
)]

#[path = "contract/http.rs"]
mod http;
#[path = "contract/rows.rs"]
mod rows;

use http::Http;

#[tokio::test]
async fn the_rows_hold_ten_times_in_a_row() {
    let stage = Http::new();
    for first in 0..10 {
        rows::all_from(&stage, first).await;
    }
}
