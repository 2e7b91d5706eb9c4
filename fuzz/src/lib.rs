//! What the targets share: how an input says where to cut, and somebody to ask.

use http::{HeaderMap, HeaderValue, StatusCode};
use tidegate_core::{LimitKey, Network, RetryPolicy, Secret, Target, Timeouts, Timestamp};
use tidegate_providers::ReplyHead;

/// The moment every reply comes in.
pub const NOW: Timestamp = Timestamp::from_secs(1_795_435_200);

/// Bytes, and where the network cuts them: the first byte says how many cuts, the next ones where.
#[derive(Debug, Clone, Copy)]
pub struct Cut<'d> {
    cuts: &'d [u8],
    /// What is sent.
    pub bytes: &'d [u8],
}

impl<'d> Cut<'d> {
    /// Splits an input; none when it is too short.
    #[must_use]
    pub fn of(data: &'d [u8]) -> Option<Self> {
        let (&count, rest) = data.split_first()?;
        let (cuts, bytes) = rest.split_at_checked(usize::from(count % 8))?;
        Some(Self { cuts, bytes })
    }

    /// The bytes in chunks, each as long as its cut says; what is left comes last.
    pub fn chunks(self) -> impl Iterator<Item = &'d [u8]> {
        let mut rest = self.bytes;
        let mut cuts = self.cuts.iter();
        let mut ended = false;
        std::iter::from_fn(move || {
            if ended {
                return None;
            }
            let Some(&cut) = cuts.next() else {
                ended = true;
                return Some(rest);
            };
            let (chunk, more) = rest.split_at(usize::from(cut).min(rest.len()));
            rest = more;
            Some(chunk)
        })
    }
}

/// A target with a credential, which no failure may show.
#[must_use]
pub fn target(provider: &str) -> Target {
    Target {
        endpoint: "fuzz".into(),
        account: "fuzz".into(),
        provider: provider.into(),
        model: "some-model".into(),
        base_url: Some("https://llm.example/v1".into()),
        credential: Some(Secret::new(KEY.to_owned())),
        headers: Vec::new(),
        network: Network::default(),
        command: None,
        limit_key: LimitKey::new("fuzz"),
        timeouts: Timeouts::HTTP,
        retry: RetryPolicy::default(),
        limits: tidegate_core::quota::Limits::default(),
    }
}

/// The credential of [`target`].
pub const KEY: &str = "sk-fuzz-0123";

/// The head of a reply of this kind.
#[must_use]
pub fn head(status: StatusCode, kind: &'static str) -> ReplyHead {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static(kind));
    ReplyHead::Http { status, headers }
}
