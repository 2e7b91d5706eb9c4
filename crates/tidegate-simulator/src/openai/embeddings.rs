//! `POST /v1/embeddings`: requests read, answers written.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::refusal;
use crate::completion::Completion;
use crate::prompt::{Prompt, Wants, hash};
use crate::refusal::Refusal;
use crate::vectors::{DIMENSIONS, Vectors, base64, vector};
use crate::wire::json;

/// Longer vectors than any model's.
const LONGEST: usize = 8_192;

#[derive(Debug, Deserialize)]
struct EmbeddingRequest {
    model: Option<String>,
    input: Option<Input>,
    dimensions: Option<usize>,
    encoding_format: Option<String>,
}

/// Texts, or what a tokenizer made of them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Input {
    Text(String),
    Texts(Vec<String>),
    Tokens(Vec<u32>),
    ManyTokens(Vec<Vec<u32>>),
}

impl Input {
    fn texts(self) -> Vec<String> {
        match self {
            Self::Text(text) => vec![text],
            Self::Texts(texts) => texts,
            Self::Tokens(tokens) => vec![json(&tokens)],
            Self::ManyTokens(many) => many.iter().map(json).collect(),
        }
    }
}

pub(super) fn read(body: &[u8]) -> Result<Prompt, Refusal> {
    let request: EmbeddingRequest = match serde_json::from_slice(body) {
        Ok(request) => request,
        Err(error) if error.is_data() => {
            return Err(refusal::wrong_type("input", "a string or an array"));
        }
        Err(_) => return Err(refusal::bad_json()),
    };
    let model = request.model.filter(|model| !model.is_empty());
    let mut prompt = Prompt::new(model.ok_or_else(refusal::no_model)?);
    let input = request.input.ok_or_else(|| refusal::missing("input"))?;
    let texts = input.texts();
    if texts.is_empty() {
        return Err(refusal::empty("input"));
    }
    let dimensions = request.dimensions.unwrap_or(DIMENSIONS);
    if !(1..=LONGEST).contains(&dimensions) {
        return Err(refusal::wrong_type(
            "dimensions",
            "an integer from 1 to 8192",
        ));
    }
    for text in &texts {
        prompt.add("user", std::iter::once(text.as_str()));
    }
    prompt.wants = Wants::Vectors(Vectors {
        inputs: texts.iter().map(|text| hash(text)).collect(),
        dimensions,
        base64: request.encoding_format.as_deref() == Some("base64"),
    });
    Ok(prompt)
}

#[derive(Debug, Serialize)]
struct Embeddings<'a> {
    object: &'static str,
    data: Vec<Entry>,
    model: &'a str,
    usage: Usage,
}

#[derive(Debug, Serialize)]
struct Entry {
    object: &'static str,
    index: usize,
    embedding: Numbers,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Numbers {
    Plain(Vec<f32>),
    Base64(String),
}

#[derive(Debug, Serialize)]
struct Usage {
    prompt_tokens: usize,
    total_tokens: usize,
}

pub(super) fn write(completion: &Completion, vectors: &Vectors) -> Bytes {
    let inputs = vectors.inputs.iter().enumerate();
    let data = inputs.map(|(index, input)| {
        let vector = vector(*input, vectors.dimensions);
        Entry {
            object: "embedding",
            index,
            embedding: if vectors.base64 {
                Numbers::Base64(base64(&vector))
            } else {
                Numbers::Plain(vector)
            },
        }
    });
    let tokens = completion.input.tokens;
    json(&Embeddings {
        object: "list",
        data: data.collect(),
        model: &completion.model,
        usage: Usage {
            prompt_tokens: tokens,
            total_tokens: tokens,
        },
    })
    .into()
}
