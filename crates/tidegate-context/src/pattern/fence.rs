//! Code blocks of a prompt: what stands in them is code.
//!
//! `@property` begins a line of Python, `@media` one of CSS and `@Override` one of Java; a file of that name must not go
//! out for it. So nothing between a fence and the fence that closes it names a file. A fence that nobody closes hides
//! nothing: it is more likely a slip than a prompt that is code to its end.

use std::ops::Range;

/// A line that can open or close a block.
struct Fence {
    line: Range<usize>,
    mark: u8,
    run: usize,
    /// Nothing follows, so that it can close a block.
    bare: bool,
    /// What follows can stand behind an opening fence.
    opens: bool,
}

impl Fence {
    fn read(line: &str, start: usize) -> Option<Self> {
        let text = line.trim_start();
        let mark = *text
            .as_bytes()
            .first()
            .filter(|mark| matches!(mark, b'`' | b'~'))?;
        let run = text.bytes().take_while(|byte| *byte == mark).count();
        let rest = &text[run..];
        (run >= 3).then(|| Self {
            line: start..start + line.len(),
            mark,
            run,
            bare: rest.trim().is_empty(),
            opens: mark == b'~' || !rest.contains('`'),
        })
    }

    fn is_closed_by(&self, other: &Self) -> bool {
        other.bare && other.mark == self.mark && other.run >= self.run
    }
}

/// The closed blocks of `prompt`, fences included, in order. Takes time in proportion to its length.
pub(super) fn blocks(prompt: &str) -> Vec<Range<usize>> {
    let fences = fences(prompt);
    let closing = longest_to_come(&fences);
    let mut blocks = Vec::new();
    let mut at = 0;
    while let Some(open) = fences.get(at) {
        let closes = open.opens && closing[at][usize::from(open.mark == b'~')] >= open.run;
        let close = closes
            .then(|| (at + 1..fences.len()).find(|&next| open.is_closed_by(&fences[next])))
            .flatten();
        if let Some(close) = close {
            blocks.push(open.line.start..fences[close].line.end);
            at = close;
        }
        at += 1;
    }
    blocks
}

fn fences(prompt: &str) -> Vec<Fence> {
    if !prompt.contains("```") && !prompt.contains("~~~") {
        return Vec::new();
    }
    let mut start = 0;
    let mut fences = Vec::new();
    for line in prompt.split_inclusive('\n') {
        fences.extend(Fence::read(line, start));
        start += line.len();
    }
    fences
}

/// For each fence the longest that could close it and comes after it, of backticks and of tildes: without it, a prompt
/// of fences that nobody closes would be searched to its end for each of them.
fn longest_to_come(fences: &[Fence]) -> Vec<[usize; 2]> {
    let mut longest = [0; 2];
    let mut all = vec![longest; fences.len()];
    for (fence, slot) in fences.iter().zip(&mut all).rev() {
        *slot = longest;
        if fence.bare {
            let kind = &mut longest[usize::from(fence.mark == b'~')];
            *kind = fence.run.max(*kind);
        }
    }
    all
}
