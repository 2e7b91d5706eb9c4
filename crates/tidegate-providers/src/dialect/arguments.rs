//! Arguments of tools come in pieces, and what follows depends on whether they are all there.

/// How far a text of JSON has come, without keeping it.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    depth: usize,
    begun: bool,
    in_string: bool,
    escaped: bool,
}

impl Arguments {
    pub(super) fn read(&mut self, text: &str) {
        for byte in text.bytes() {
            self.byte(byte);
        }
    }

    fn byte(&mut self, byte: u8) {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.in_string => self.escaped = true,
            b'"' => self.in_string = !self.in_string,
            _ if self.in_string => {}
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.begun |= !byte.is_ascii_whitespace();
    }

    pub(super) const fn has_begun(&self) -> bool {
        self.begun
    }

    pub(super) const fn is_open(&self) -> bool {
        self.depth > 0 || self.in_string
    }

    pub(super) const fn is_complete(&self) -> bool {
        self.begun && !self.is_open()
    }
}
