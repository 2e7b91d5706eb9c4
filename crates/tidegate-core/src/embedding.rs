//! Texts as vectors, independent of any provider's wire format.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::usage::Usage;

/// Texts to be turned into vectors.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmbedRequest {
    /// The texts, one vector each.
    pub inputs: Vec<String>,
    /// How many numbers a vector has, where the model lets one choose.
    pub dimensions: Option<u32>,
    /// Parameters this vocabulary has no word for, passed through to the provider as they are.
    pub extra: Map<String, Value>,
}

impl EmbedRequest {
    /// A request for these texts.
    pub fn of<T: Into<String>>(inputs: impl IntoIterator<Item = T>) -> Self {
        Self {
            inputs: inputs.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }
}

/// Vectors, in the order of the texts they stand for, all of one length.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Embeddings {
    /// The model that served, as the provider names it.
    pub model: Option<String>,
    /// The vectors.
    pub vectors: Vec<Vec<f32>>,
    /// What they cost, where the provider says so.
    pub usage: Option<Usage>,
}
