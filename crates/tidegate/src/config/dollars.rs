//! A price as vendors' lists have it.

/// US dollars for a million tokens: finite, and not below zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dollars(f64);

impl Dollars {
    /// `None` for what is no price.
    pub fn new(dollars: f64) -> Option<Self> {
        (dollars.is_finite() && dollars >= 0.0).then_some(Self(dollars))
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }
}
