//! Numbers and texts as bytes and back.
//!
//! What is read may be anything: a torn write, another version, another program's file. Every step says `None` rather
//! than trust a length.

/// What a byte holds of a number.
const LOW_BITS: u64 = 0x7f;

/// Set in every byte of a number but its last.
const MORE: u8 = 0x80;

/// Puts values behind one another.
#[derive(Debug, Default)]
pub(super) struct Writer {
    pub(super) bytes: Vec<u8>,
}

impl Writer {
    /// Seven bits to a byte, the lowest first: most numbers are small, and there are many.
    pub(super) fn number(&mut self, number: u64) {
        let mut rest = number;
        while rest > LOW_BITS {
            self.bytes.push(lowest(rest) | MORE);
            rest >>= 7;
        }
        self.bytes.push(lowest(rest));
    }

    pub(super) fn size(&mut self, size: usize) {
        self.number(size as u64);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.size(text.len());
        self.bytes.extend_from_slice(text.as_bytes());
    }
}

const fn lowest(number: u64) -> u8 {
    number.to_le_bytes()[0]
}

/// Takes them out again, in the same order.
#[derive(Debug)]
pub(super) struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    pub(super) const fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let [byte] = self.bytes()?;
            number |= (u64::from(byte) & LOW_BITS) << shift;
            if byte & MORE == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn size(&mut self) -> Option<usize> {
        self.number()?.try_into().ok()
    }

    pub(super) fn text(&mut self) -> Option<&'b str> {
        let length = self.size()?;
        let (text, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        std::str::from_utf8(text).ok()
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*bytes)
    }

    /// As many as the next number says.
    pub(super) fn list<T>(
        &mut self,
        mut one: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let count = self.size()?;
        // Each takes a byte at least: a count that is a lie reserves nothing.
        let mut all = Vec::with_capacity(count.min(self.rest.len()));
        for _ in 0..count {
            all.push(one(self)?);
        }
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::{Reader, Writer};

    #[test]
    fn numbers_of_all_lengths_come_back() {
        let powers = (0..u64::BITS).map(|bit| 1_u64 << bit);
        let numbers = powers.flat_map(|power| [power - 1, power, power | 1]);
        let numbers: Vec<_> = numbers.chain([u64::MAX]).collect();
        let mut writer = Writer::default();
        for number in &numbers {
            writer.number(*number);
        }
        let mut reader = Reader::new(&writer.bytes);
        assert!(
            numbers
                .iter()
                .all(|number| reader.number() == Some(*number))
        );
        assert_eq!(reader.number(), None);
    }

    #[test]
    fn a_number_without_an_end_is_none() {
        assert_eq!(Reader::new(&[0x80; 20]).number(), None);
        assert_eq!(Reader::new(&[0x80; 3]).number(), None);
    }
}
