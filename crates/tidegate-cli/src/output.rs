//! What people and programs read.

pub(crate) mod advice;
pub(crate) mod destination;
pub(crate) mod explained;
pub(crate) mod json;
pub(crate) mod kept;
pub(crate) mod packed;
pub(crate) mod preview;
pub(crate) mod queue;
pub(crate) mod spinner;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod tree;
pub(crate) mod vectors;
