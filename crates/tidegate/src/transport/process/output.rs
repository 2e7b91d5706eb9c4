//! What a child writes, bounded.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use tidegate_providers::TransportError;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes read at a time.
const CHUNK: usize = 16 * 1_024;

/// Standard output: the answer, kept whole. More than the bound is an error, for half an answer is none.
#[derive(Debug)]
pub(super) struct Whole {
    bytes: BytesMut,
    limit: usize,
}

impl Whole {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            bytes: BytesMut::new(),
            limit,
        }
    }

    pub(super) async fn read<R: AsyncRead + Unpin>(
        &mut self,
        from: Option<&mut R>,
    ) -> Result<(), TransportError> {
        let Some(from) = from else { return Ok(()) };
        loop {
            self.bytes.reserve(CHUNK);
            match from.read_buf(&mut self.bytes).await {
                Ok(0) | Err(_) => return Ok(()),
                Ok(_) if self.bytes.len() > self.limit => {
                    return Err(TransportError::TooLarge { limit: self.limit });
                }
                Ok(_) => {}
            }
        }
    }

    pub(super) fn into_bytes(self) -> Bytes {
        self.bytes.freeze()
    }
}

/// Standard error: its beginning and its end, which is where errors stand. What lies between is counted and let go.
#[derive(Debug, Default)]
pub(super) struct Ends {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: u64,
}

impl Ends {
    const HEAD: usize = 8 * 1_024;
    const TAIL: usize = 56 * 1_024;

    pub(super) async fn read<R: AsyncRead + Unpin>(
        &mut self,
        from: Option<&mut R>,
    ) -> Result<(), TransportError> {
        let Some(from) = from else { return Ok(()) };
        let mut chunk = vec![0; CHUNK];
        while let Ok(length @ 1..) = from.read(&mut chunk).await {
            self.add(&chunk[..length]);
        }
        Ok(())
    }

    fn add(&mut self, bytes: &[u8]) {
        let (head, tail) = bytes.split_at(bytes.len().min(Self::HEAD - self.head.len()));
        self.head.extend_from_slice(head);
        self.tail.extend(tail);
        let over = self.tail.len().saturating_sub(Self::TAIL);
        self.tail.drain(..over);
        self.left_out += over as u64;
    }

    pub(super) fn into_bytes(mut self) -> Bytes {
        if self.left_out > 0 {
            self.head
                .extend_from_slice(format!("\n[{} bytes left out]\n", self.left_out).as_bytes());
        }
        self.head.extend(self.tail);
        self.head.into()
    }
}

/// Reads until everybody who could write has closed the pipe.
pub(super) async fn discard<R: AsyncRead + Unpin>(from: Option<R>) {
    let Some(mut from) = from else { return };
    let mut chunk = vec![0; CHUNK];
    while let Ok(1..) = from.read(&mut chunk).await {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn keeps_both_ends_of_a_flood_and_says_how_much_it_left_out() {
        let mut ends = Ends::default();
        let flood = [
            vec![b'a'; 20_000],
            vec![b'b'; 200_000],
            b"the error".to_vec(),
        ]
        .concat();
        ends.read(Some(&mut flood.as_slice())).await.unwrap();
        let text = String::from_utf8(ends.into_bytes().to_vec()).unwrap();
        assert!(
            text.starts_with("aaa") && text.ends_with("the error"),
            "{}",
            text.len()
        );
        assert!(text.contains("bytes left out]"));
        assert!(text.len() < Ends::HEAD + Ends::TAIL + 64);
    }

    #[tokio::test]
    async fn an_answer_past_the_bound_is_refused_and_not_cut() {
        let mut whole = Whole::new(10);
        assert!(whole.read(Some(&mut &b"ten bytes."[..])).await.is_ok());
        assert_eq!(
            whole.read(Some(&mut &b"!"[..])).await,
            Err(TransportError::TooLarge { limit: 10 })
        );
    }
}
