//! Embeddings: `POST /embeddings`, spoken by the vendors that speak the dialect.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tidegate_core::{EmbedRequest, Embeddings, Failure, Target, Timestamp};

use super::body::Fields;
use super::usage::{self, TokenUsage};
use super::wire::Text;
use super::{Accent, JSON, NAME, post};
use crate::call::{Call, Reply};
use crate::classify::{self, ErrorBody};
use crate::provider::EncodeError;

/// What to send for vectors.
///
/// # Errors
/// [`EncodeError`] when there is nothing to embed, or the target has no base URL or a header that cannot be sent.
pub fn encode_embed(
    request: &EmbedRequest,
    target: &Target,
    accent: Accent,
) -> Result<Call, EncodeError> {
    if request.inputs.is_empty() {
        return Err(EncodeError::Unsupported {
            dialect: NAME,
            what: "embeddings of nothing".to_owned(),
        });
    }
    post(target, "/embeddings", JSON, || {
        write(&target.model, request, accent)
    })
}

fn write(model: &str, request: &EmbedRequest, accent: Accent) -> Vec<u8> {
    let room: usize = request.inputs.iter().map(|text| text.len() + 8).sum();
    let mut body = Vec::with_capacity(room + room / 8 + 256);
    let written = serde_json::to_writer(
        &mut body,
        &Body {
            model,
            request,
            accent,
        },
    );
    debug_assert!(written.is_ok(), "writing JSON into memory cannot fail");
    body
}

struct Body<'r> {
    model: &'r str,
    request: &'r EmbedRequest,
    accent: Accent,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = Fields::of(serializer, &self.request.extra)?;
        fields.add("model", self.model)?;
        fields.add("input", &self.request.inputs)?;
        fields.add_some("dimensions", self.request.dimensions)?;
        if self.accent.base64_vectors {
            fields.add("encoding_format", "base64")?;
        }
        fields.end()
    }
}

/// The vectors that came back, in the order of the texts.
///
/// # Errors
/// The [`Failure`] the reply amounts to.
pub fn decode_embed(target: &Target, reply: &Reply, now: Timestamp) -> Result<Embeddings, Failure> {
    if !reply.head.is_success() {
        return Err(classify::reply(target, reply, now));
    }
    let Ok(list) = serde_json::from_slice::<List<'_>>(&reply.body) else {
        return Err(classify::unreadable(target, reply, now));
    };
    if let (true, Some(error)) = (list.data.is_empty(), ErrorBody::read(&reply.body)) {
        return Err(classify::reported(target, &error));
    }
    Ok(Embeddings {
        model: list.model.map(Text::into_string),
        vectors: ordered(list.data).map_err(|what| classify::malformed(target, what))?,
        usage: list.usage.and_then(|usage| usage.counted()),
    })
}

/// Each vector at its place. A wrong vector is worse than none: it is stored, and found wrong months later.
fn ordered(items: Vec<Item>) -> Result<Vec<Vec<f32>>, &'static str> {
    let mut places: Vec<Option<Vec<f32>>> = Vec::new();
    places.resize_with(items.len(), || None);
    for (position, item) in items.into_iter().enumerate() {
        let index = item.index.unwrap_or(position);
        match places.get_mut(index) {
            Some(place @ None) => *place = Some(item.embedding.0),
            _ => return Err("the vectors are not numbered as the texts are"),
        }
    }
    let vectors: Vec<_> = places.into_iter().flatten().collect();
    let length = vectors.first().map_or(0, Vec::len);
    if length == 0 {
        return Err("the answer has no vectors");
    }
    if vectors.iter().any(|vector| vector.len() != length) {
        return Err("the vectors differ in length");
    }
    if vectors.iter().flatten().any(|number| !number.is_finite()) {
        return Err("a vector holds something that is no number");
    }
    Ok(vectors)
}

#[derive(Deserialize)]
struct List<'b> {
    #[serde(borrow, default)]
    model: Option<Text<'b>>,
    data: Vec<Item>,
    #[serde(default, deserialize_with = "usage::lenient")]
    usage: Option<Box<TokenUsage>>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    index: Option<usize>,
    embedding: Vector,
}

/// A vector, as numbers or as base64 of little-endian floats: some vendors send either, whatever was asked for.
struct Vector(Vec<f32>);

impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(VectorVisitor).map(Self)
    }
}

struct VectorVisitor;

impl<'de> Visitor<'de> for VectorVisitor {
    type Value = Vec<f32>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("numbers, or base64 of little-endian floats")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let bytes = STANDARD.decode(text).map_err(E::custom)?;
        let (numbers, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(E::custom("not a whole number of floats"));
        }
        Ok(numbers.iter().copied().map(f32::from_le_bytes).collect())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Self::Value, A::Error> {
        let mut vector = Vec::new();
        while let Some(number) = numbers.next_element()? {
            vector.push(number);
        }
        Ok(vector)
    }
}
