//! The formats read back by their documented rules, and by nothing else. The fuzz targets read with this file too.

use tidegate_context::Format;

/// Names and contents, and what stands behind the end; `None` if the text breaks the rules.
pub(crate) type Read<'t> = Option<(Vec<(String, &'t str)>, &'t str)>;

pub(crate) fn read(format: Format, text: &str) -> Read<'_> {
    match format {
        Format::Plain => plain(text),
        Format::Xml => xml(text),
        Format::Markdown => markdown(text),
        _ => None,
    }
}

/// The lines of `text` with their line ends, and where they begin.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        start += line.len();
        (start - line.len(), line)
    })
}

fn plain(text: &str) -> Read<'_> {
    let rule = text.bytes().take_while(|byte| *byte == b'=').count();
    let (before, after) = (
        format!("{} FILE: ", "=".repeat(rule)),
        format!(" {}\n", "=".repeat(rule)),
    );
    let end = format!("{}\n", "-".repeat(rule));
    let mut files = Vec::new();
    let mut open: Option<(String, usize)> = None;
    for (start, line) in lines(text) {
        let name = line
            .strip_prefix(&before)
            .and_then(|rest| rest.strip_suffix(&after));
        if name.is_none() && line != end {
            open.as_ref()?;
            continue;
        }
        if let Some((name, from)) = open.take() {
            files.push((name, &text[from..start]));
        }
        match name {
            Some(name) => open = Some((name.to_owned(), start + line.len())),
            None => return Some((files, &text[start + line.len()..])),
        }
    }
    None
}

fn xml(text: &str) -> Read<'_> {
    let first = text.lines().next()?;
    let number = first.strip_prefix("<files")?.strip_suffix('>')?;
    let close = format!("</file{number}>\n");
    let end = format!("</files{number}>\n");
    let mut rest = text.strip_prefix(first)?.strip_prefix('\n')?;
    let mut files = Vec::new();
    loop {
        if let Some(prompt) = rest.strip_prefix(&end) {
            return Some((files, prompt));
        }
        let (name, body) = rest
            .strip_prefix(&format!("<file{number} path=\""))?
            .split_once("\">\n")?;
        let (content, after) = body.split_once(&close)?;
        files.push((unescaped(name), content));
        rest = after;
    }
}

fn unescaped(name: &str) -> String {
    name.replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

fn markdown(text: &str) -> Read<'_> {
    let mut files = Vec::new();
    let mut lines = lines(text);
    loop {
        let (start, line) = lines.next()?;
        if line == "---\n" && lines.next()?.1 == "\n" {
            return Some((files, &text[start + "---\n\n".len()..]));
        }
        let name = code_span(line.strip_prefix("## ")?.strip_suffix('\n')?)?;
        if lines.next()?.1 != "\n" {
            return None;
        }
        let (start, opening) = lines.next()?;
        let sign = opening
            .chars()
            .next()
            .filter(|sign| matches!(sign, '`' | '~'))?;
        let length = opening.chars().take_while(|other| *other == sign).count();
        let from = start + opening.len();
        let (to, _) = lines.find(|(_, line)| closes(line, sign, length))?;
        if lines.next()?.1 != "\n" {
            return None;
        }
        files.push((name, &text[from..to]));
    }
}

/// As `CommonMark` has it: at most three spaces, at least as many signs, nothing but white space behind them.
fn closes(line: &str, sign: char, length: usize) -> bool {
    let signs = line.trim_start_matches(' ');
    let rest = signs.trim_start_matches(sign);
    line.len() - signs.len() <= 3 && signs.len() - rest.len() >= length && rest.trim().is_empty()
}

fn code_span(text: &str) -> Option<String> {
    let ticks = text.bytes().take_while(|byte| *byte == b'`').count();
    let inner = text.get(ticks..text.len().checked_sub(ticks)?)?;
    if ticks == 0 || text[ticks + inner.len()..] != text[..ticks] {
        return None;
    }
    let runs = inner.split(|character| character != '`').map(str::len);
    let padded =
        inner.starts_with(' ') && inner.ends_with(' ') && !inner.trim_matches(' ').is_empty();
    let name = if padded {
        &inner[1..inner.len() - 1]
    } else {
        inner
    };
    (!runs.into_iter().any(|run| run == ticks)).then(|| name.to_owned())
}
