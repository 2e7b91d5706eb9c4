//! A file's text, wherever it lies.
//!
//! A pack that comes from the cache is one piece of memory with thousands of texts in it. They are not cut out: each
//! knows its part of the whole, and a text that was read from its file is the whole of its own.

use std::io;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// A part of a text that others may share.
#[derive(Clone)]
pub(crate) struct Text {
    whole: Arc<String>,
    part: Range<usize>,
}

impl Text {
    /// The part `part` of `whole`; `None` if it is none.
    pub(crate) fn within(whole: &Arc<String>, part: Range<usize>) -> Option<Self> {
        whole.get(part.clone())?;
        let whole = Arc::clone(whole);
        Some(Self { whole, part })
    }

    /// Its length in bytes, without a look at it: that would fetch it from memory.
    pub(crate) const fn len(&self) -> usize {
        self.part.end - self.part.start
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        let part = 0..text.len();
        Self {
            whole: Arc::new(text),
            part,
        }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.whole[self.part.clone()]
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Text {}

/// The texts of a pack, wherever they lie.
pub(crate) trait Texts: Sync {
    /// Has those in `range` `put`, in their order; `room` is there to fetch them into.
    fn each(
        &self,
        range: Range<usize>,
        room: &mut Vec<u8>,
        put: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()>;
}
