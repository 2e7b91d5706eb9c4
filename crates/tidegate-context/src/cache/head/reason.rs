//! Why a file was left out, as numbers.

use crate::cache::codec::{Reader, Writer};
use crate::skip::SkipReason;

/// The reasons an entry can tell; others hold no longer than the moment.
fn number(reason: &SkipReason) -> Option<u64> {
    Some(match reason {
        SkipReason::Binary => 0,
        SkipReason::TooLarge { .. } => 1,
        SkipReason::TotalExceeded { .. } => 2,
        SkipReason::TooManyFiles { .. } => 3,
        SkipReason::NotAFile => 4,
        SkipReason::Generated => 5,
        SkipReason::TokensExceeded { .. } => 6,
        _ => return None,
    })
}

/// `None`: that one cannot be told.
pub(super) fn write(head: &mut Writer, reason: &SkipReason) -> Option<()> {
    let (bytes, limit) = match reason {
        SkipReason::TooLarge { bytes, limit } | SkipReason::TotalExceeded { bytes, limit } => {
            (*bytes, *limit)
        }
        SkipReason::TokensExceeded { tokens, limit } => (*tokens, *limit),
        SkipReason::TooManyFiles { limit } => (0, *limit as u64),
        _ => (0, 0),
    };
    head.number(number(reason)?);
    head.number(bytes);
    head.number(limit);
    Some(())
}

pub(super) fn read(head: &mut Reader<'_>) -> Option<SkipReason> {
    let (number, bytes, limit) = (head.number()?, head.number()?, head.number()?);
    Some(match number {
        0 => SkipReason::Binary,
        1 => SkipReason::TooLarge { bytes, limit },
        2 => SkipReason::TotalExceeded { bytes, limit },
        3 => SkipReason::TooManyFiles {
            limit: limit.try_into().ok()?,
        },
        4 => SkipReason::NotAFile,
        5 => SkipReason::Generated,
        6 => SkipReason::TokensExceeded {
            tokens: bytes,
            limit,
        },
        _ => return None,
    })
}
