//! Refusals: one cut, one barrier, one sent ahead.
