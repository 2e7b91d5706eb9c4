//! What tokens cost.
//!
//! Vendors change their prices and nobody is told, so there is no table of them here: a price is known where somebody
//! wrote it down.

/// A model's price in US dollars for a million tokens, as vendors' lists have it. What is not known is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Price {
    /// Of tokens that are read.
    pub input: Option<f64>,
    /// Of tokens that are written.
    pub output: Option<f64>,
}

impl Price {
    /// What reading so many tokens costs in US dollars.
    pub fn of_input(self, tokens: u64) -> Option<f64> {
        Some(cost(self.input?, tokens))
    }

    /// What writing so many tokens costs in US dollars.
    pub fn of_output(self, tokens: u64) -> Option<f64> {
        Some(cost(self.output?, tokens))
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a count of tokens is far below the 53 bits that are exact"
)]
fn cost(per_million: f64, tokens: u64) -> f64 {
    per_million * tokens as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::Price;

    #[test]
    fn a_price_is_for_a_million_tokens_and_unknown_where_nobody_said() {
        let price = Price {
            input: Some(2.5),
            output: None,
        };
        assert_eq!(price.of_input(2_000_000), Some(5.0));
        assert_eq!(price.of_input(0), Some(0.0));
        assert_eq!(price.of_output(1), None);
        let output = Some(10.0);
        assert_eq!(Price { output, ..price }.of_output(500_000), Some(5.0));
    }
}
