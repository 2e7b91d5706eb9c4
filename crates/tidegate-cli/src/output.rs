//! What people and programs read.

pub(crate) mod json;
pub(crate) mod text;
