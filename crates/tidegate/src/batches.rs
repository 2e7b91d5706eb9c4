//! Many texts as vectors: as many requests as that takes, answered in order.

use std::num::NonZeroUsize;

use futures_util::{Stream, StreamExt, stream};
use tidegate_core::{EmbedRequest, Embeddings};

use crate::executor::Executor;
use crate::outcome::Outcome;
use crate::run_request::EmbedRun;

/// The most bytes of text in one request. `OpenAI` takes 300,000 tokens at once, at least two bytes each in any script.
const MAX_BYTES: usize = 600_000;

/// Requests under way at once. The queue holds back what a limit does not allow.
const AT_ONCE: usize = 4;

/// The vectors of some neighbouring texts.
#[derive(Debug)]
pub struct EmbedBatch {
    /// The place of its first text among all.
    pub first: usize,
    /// How many texts were sent.
    pub texts: usize,
    /// What became of them.
    pub outcome: Outcome<Embeddings>,
}

impl Executor {
    /// Turns any number of texts into vectors, at most `most` texts a request, a few requests at once. The batches come
    /// in order. Dropping the stream stops what is under way.
    pub fn embed_all(
        &self,
        run: EmbedRun,
        most: NonZeroUsize,
    ) -> impl Stream<Item = EmbedBatch> + '_ {
        let EmbedRun { request, .. } = &run;
        let empty = EmbedRun {
            request: EmbedRequest {
                inputs: Vec::new(),
                ..request.clone()
            },
            ..run.clone()
        };
        let batches = batches(run.request.inputs, most.get());
        stream::iter(batches)
            .map(move |(first, inputs)| {
                let mut run = empty.clone();
                run.request.inputs = inputs;
                async move {
                    EmbedBatch {
                        first,
                        texts: run.request.inputs.len(),
                        outcome: self.embed(run).await,
                    }
                }
            })
            .buffered(AT_ONCE)
    }
}

/// Cuts texts into batches, each with the place of its first text.
fn batches(inputs: Vec<String>, most: usize) -> impl Iterator<Item = (usize, Vec<String>)> {
    let (mut inputs, mut first) = (inputs.into_iter().peekable(), 0);
    std::iter::from_fn(move || {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < most
            && let Some(text) =
                inputs.next_if(|text| batch.is_empty() || bytes + text.len() <= MAX_BYTES)
        {
            bytes += text.len();
            batch.push(text);
        }
        let start = first;
        first += batch.len();
        (!batch.is_empty()).then_some((start, batch))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_hold_every_text_once_in_order_within_both_bounds() {
        let long = "x".repeat(MAX_BYTES);
        let texts: Vec<String> = [long.as_str(), "a", "b", long.as_str(), "c", "d", "e"]
            .map(str::to_owned)
            .into();
        let cut: Vec<_> = batches(texts.clone(), 2).collect();
        assert_eq!(
            cut.iter()
                .map(|(first, batch)| (*first, batch.len()))
                .collect::<Vec<_>>(),
            [(0, 1), (1, 2), (3, 1), (4, 2), (6, 1)]
        );
        assert_eq!(
            cut.into_iter()
                .flat_map(|(_, batch)| batch)
                .collect::<Vec<_>>(),
            texts
        );
    }

    #[test]
    fn a_text_longer_than_the_bound_goes_alone() {
        let long = "x".repeat(MAX_BYTES + 1);
        let cut: Vec<_> = batches(vec![long.clone(), long], 8).collect();
        assert_eq!(
            cut.iter().map(|(first, _)| *first).collect::<Vec<_>>(),
            [0, 1]
        );
        assert_eq!(batches(Vec::new(), 8).count(), 0);
    }
}
