//! The file's text as a document that remembers how it was written.
//!
//! A comment belongs to what it touches: a block right above a header goes with the table, and so does one right
//! below its last key, which is mostly a setting that is switched off. Everything else stays where it is, and for the
//! same reason a new table goes to the end: anywhere else it would come between a table and what is commented out in
//! it.

use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, TomlError, Value};

use super::entry::Keys;

const ENDPOINTS: &str = "endpoints";
const FALLBACKS: &str = "fallbacks";
const BOM: char = '\u{feff}';

/// A document being changed.
pub(super) struct Draft {
    document: DocumentMut,
    bom: bool,
    crlf: bool,
    begins_with_a_gap: bool,
}

impl Draft {
    pub(super) fn of(text: &str) -> Result<Self, TomlError> {
        let bare = text.strip_prefix(BOM).unwrap_or(text);
        let crlf = bare.contains("\r\n") && !bare.replace("\r\n", "").contains('\n');
        let plain = bare.replace("\r\n", "\n");
        Ok(Self {
            document: if crlf { &plain } else { bare }.parse()?,
            bom: bare.len() < text.len(),
            crlf,
            begins_with_a_gap: plain.starts_with('\n'),
        })
    }

    pub(super) fn into_text(self) -> String {
        let mut text = self.document.to_string();
        if !self.begins_with_a_gap {
            text = text.trim_start_matches('\n').to_owned();
        }
        if self.crlf {
            text = text.replace('\n', "\r\n");
        }
        if self.bom {
            text.insert(0, BOM);
        }
        text
    }

    pub(super) fn names(&self, section: &str) -> Vec<String> {
        let section = self.section(section).into_iter();
        section
            .flat_map(TableLike::iter)
            .map(|(name, _)| name.to_owned())
            .collect()
    }

    pub(super) fn has(&self, section: &str, name: &str) -> bool {
        self.section(section)
            .is_some_and(|section| section.contains_key(name))
    }

    /// Adds a table at the end.
    pub(super) fn append(&mut self, section: &str, name: &str, keys: Keys) {
        let root = self.document.as_table_mut();
        if !root.contains_key(section) {
            let mut implicit = Table::new();
            implicit.set_implicit(true);
            root.insert(section, implicit.into());
        }
        if let Some(Item::Value(Value::InlineTable(inline))) = root.get_mut(section) {
            inline.insert(name, keys.into_iter().collect::<InlineTable>().into());
            return;
        }
        let mut table: Table = keys.into_iter().collect();
        table.set_position(Some(last_position(root).saturating_add(1)));
        let before = self.document.trailing().as_str().unwrap_or_default();
        let empty = self.document.to_string().trim().is_empty();
        table.decor_mut().set_prefix(seam(before, empty));
        self.document.set_trailing("");
        if let Some(section) = self.section_mut(section) {
            section.insert(name, table.into());
        }
    }

    /// Gives a table these keys and no others. A key that stays keeps its place and its comments.
    pub(super) fn rewrite(&mut self, section: &str, name: &str, keys: Keys) {
        let Some(table) = self.table_mut(section, name) else {
            return;
        };
        let old: Vec<_> = table.iter().map(|(key, _)| key.to_owned()).collect();
        let gone = old
            .iter()
            .filter(|key| keys.iter().all(|(kept, _)| kept != key));
        let gone: Vec<_> = gone.filter_map(|key| table.remove(key)).collect();
        for (key, mut value) in keys {
            match table.get_mut(key).and_then(Item::as_value_mut) {
                Some(old) => {
                    *value.decor_mut() = old.decor().clone();
                    *old = value;
                }
                None => drop(table.insert(key, value.into())),
            }
        }
        for item in &gone {
            self.mend(item);
        }
    }

    pub(super) fn remove(&mut self, section: &str, name: &str) {
        let item = self
            .section_mut(section)
            .and_then(|section| section.remove(name));
        if let Some(item) = item {
            self.mend(&item);
        }
    }

    /// The endpoints that ask this provider.
    pub(super) fn endpoints_of(&self, provider: &str) -> Vec<String> {
        self.endpoints_that(|table| table.get("provider").and_then(Item::as_str) == Some(provider))
    }

    /// The endpoints that name this one among their fallbacks.
    pub(super) fn falling_back_to(&self, name: &str) -> Vec<String> {
        self.endpoints_that(|table| {
            let list = table.get(FALLBACKS).and_then(Item::as_array);
            list.is_some_and(|list| list.iter().any(|fallback| names(fallback, name)))
        })
    }

    /// Takes a name out of an endpoint's fallbacks, and the list with its last one.
    pub(super) fn drop_fallback(&mut self, endpoint: &str, name: &str) {
        let Some(table) = self.table_mut(ENDPOINTS, endpoint) else {
            return;
        };
        let Some(list) = table.get_mut(FALLBACKS).and_then(Item::as_array_mut) else {
            return;
        };
        list.retain(|fallback| !names(fallback, name));
        if list.is_empty() {
            table.remove(FALLBACKS);
        }
    }

    fn endpoints_that(&self, is: impl Fn(&dyn TableLike) -> bool) -> Vec<String> {
        let section = self.section(ENDPOINTS).into_iter();
        section
            .flat_map(TableLike::iter)
            .filter(|(_, endpoint)| endpoint.as_table_like().is_some_and(&is))
            .map(|(name, _)| name.to_owned())
            .collect()
    }

    fn section(&self, section: &str) -> Option<&dyn TableLike> {
        self.document.get(section)?.as_table_like()
    }

    fn section_mut(&mut self, section: &str) -> Option<&mut dyn TableLike> {
        self.document.get_mut(section)?.as_table_like_mut()
    }

    fn table_mut(&mut self, section: &str, name: &str) -> Option<&mut dyn TableLike> {
        self.section_mut(section)?
            .get_mut(name)?
            .as_table_like_mut()
    }

    /// Hands the comments round tables that were taken out to what follows them now, but for those that touch them.
    fn mend(&mut self, removed: &Item) {
        let mut headers = Vec::new();
        if let Item::Table(table) = removed {
            visit(table, &mut |table| {
                let prefix = table.decor().prefix().and_then(|prefix| prefix.as_str());
                let place = table
                    .position()
                    .map(|at| (at, prefix.unwrap_or_default().to_owned()));
                headers.extend(place);
            });
        }
        headers.sort_unstable_by_key(|(position, _)| std::cmp::Reverse(*position));
        for (position, prefix) in headers {
            self.mend_after(position, &prefix);
        }
    }

    fn mend_after(&mut self, position: isize, prefix: &str) {
        let root = self.document.as_table_mut();
        if let Some(next) = next_header(root, position) {
            let after = next.decor().prefix().and_then(|prefix| prefix.as_str());
            let mended = joined(prefix, after.unwrap_or_default(), false);
            next.decor_mut().set_prefix(mended);
        } else {
            let after = self.document.trailing().as_str().unwrap_or_default();
            let mended = joined(prefix, after, true);
            self.document.set_trailing(mended);
        }
    }
}

/// Whether an entry of a list of fallbacks means this endpoint: its name, or a table that says it.
fn names(fallback: &Value, endpoint: &str) -> bool {
    let table = fallback.as_inline_table();
    let said = table.and_then(|table| table.get("endpoint")?.as_str());
    fallback.as_str().or(said) == Some(endpoint)
}

/// What stands between the end of a file and a table added there: what stood there before, and an empty line.
fn seam(before: &str, empty: bool) -> String {
    if empty && before.is_empty() {
        return String::new();
    }
    let end = match before {
        text if text.is_empty() || text.ends_with("\n\n") || text == "\n" => "",
        text if text.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    let end = if before.is_empty() { "\n" } else { end };
    format!("{before}{end}")
}

/// What stands where a table stood: what was above it and below it, without the blocks that touched it.
fn joined(above: &str, below: &str, at_the_end: bool) -> String {
    let above = above.rfind("\n\n").map_or("", |at| &above[..=at]);
    let is_blank = |line: &&str| line.trim().is_empty();
    let lines: Vec<_> = below.split_inclusive('\n').collect();
    let touching = lines.iter().take_while(|line| !is_blank(line)).count();
    let below = if touching < lines.len() || at_the_end {
        lines[touching..].concat()
    } else {
        format!("\n{below}")
    };
    format!("{above}{below}")
}

/// Walks over a table and those in it.
fn visit<'t>(table: &'t Table, each: &mut impl FnMut(&'t Table)) {
    each(table);
    let inner = table.iter().filter_map(|(_, item)| item.as_table());
    inner.for_each(|table| visit(table, each));
}

fn last_position(root: &Table) -> isize {
    let mut last = 0;
    visit(root, &mut |table| {
        last = last.max(table.position().unwrap_or(0));
    });
    last
}

/// The table whose header is the first one after `position`.
fn next_header(root: &mut Table, position: isize) -> Option<&mut Table> {
    let mut next = None;
    visit(root, &mut |table| {
        let later = table.position().filter(|at| *at > position);
        next = match (next, later) {
            (Some(next), Some(later)) => Some(isize::min(next, later)),
            (next, later) => next.or(later),
        };
    });
    at(root, next?)
}

fn at(table: &mut Table, position: isize) -> Option<&mut Table> {
    if table.position() == Some(position) {
        return Some(table);
    }
    let inner = table.iter_mut().filter_map(|(_, item)| item.as_table_mut());
    inner.into_iter().find_map(|table| at(table, position))
}
