//! A cursor over the parsed document that knows where every key stands, and the notes that are taken on the way.
//!
//! Nothing here knows what a workflow is; it knows strings, lists and tables, and how to complain about them.

use std::ops::Range;

use toml_edit::{Item, TableLike, Value};

use crate::workflow::code::Code;
use crate::workflow::complaint::{Complaint, not_allowed, shown};

/// The most complaints that one file gets; more would help nobody.
const MAX_COMPLAINTS: usize = 100;
/// The longest name of a state, event, status or reason.
const MAX_NAME: usize = 64;

/// Where something stands: its keys from the top, and its first byte.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub path: String,
    pub offset: usize,
}

impl Place {
    /// The file as a whole.
    pub fn file() -> Self {
        Self { path: String::new(), offset: 0 }
    }

    /// A key under this place. A key without a span of its own stands where its table does.
    fn key(&self, key: &str, span: Option<Range<usize>>) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        Self { path: format!("{}{dot}{}", self.path, shown(key)), offset: span.map_or(self.offset, |s| s.start) }
    }

    /// An element of the list at this place, from 0.
    fn element(&self, index: usize, span: Option<Range<usize>>) -> Self {
        Self { path: format!("{}[{index}]", self.path), offset: span.map_or(self.offset, |s| s.start) }
    }
}

/// A value and the place of its key.
#[derive(Clone)]
pub(super) struct Field<'d> {
    pub item: &'d Item,
    pub place: Place,
}

/// A table and its place.
#[derive(Clone)]
pub(super) struct Fields<'d> {
    pub table: &'d dyn TableLike,
    pub place: Place,
}

impl<'d> Fields<'d> {
    /// The field of that key.
    pub fn get(&self, key: &str) -> Option<Field<'d>> {
        let (found, item) = self.table.get_key_value(key)?;
        Some(Field { item, place: self.place.key(key, found.span().or_else(|| item.span())) })
    }

    /// Every field, in the order of the file, with its key.
    pub fn all(&self) -> impl Iterator<Item = (&'d str, Field<'d>)> {
        self.table.iter().filter_map(|(key, _)| self.get(key).map(|field| (key, field)))
    }
}

/// A word and its place.
pub(super) type Word<'d> = (&'d str, Place);

/// Complaints as they are found, with the starts of the lines that give them their numbers.
pub(super) struct Notes<'t> {
    text: &'t str,
    starts: Vec<usize>,
    complaints: Vec<Complaint>,
    left_out: usize,
}

impl<'t> Notes<'t> {
    pub fn new(text: &'t str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts, complaints: Vec::new(), left_out: 0 }
    }

    /// The line of a byte, from 1.
    pub fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|&start| start <= offset).max(1)
    }

    /// Takes a note that no code of its own names.
    pub fn complain(&mut self, place: &Place, message: impl Into<String>) {
        self.complain_as(Code::WrongValue, place, message);
    }

    /// Takes a note.
    pub fn complain_as(&mut self, code: Code, place: &Place, message: impl Into<String>) {
        if self.full() {
            self.left_out += 1;
            return;
        }
        let line = self.line(place.offset);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let column = self.text.get(start..place.offset).map_or(1, |before| before.chars().count() + 1);
        self.complaints.push(Complaint { column, ..Complaint::on_line(code, line, place.path.clone(), message) });
    }

    /// Whether further complaints are only counted; then the costly part of making them can be left out.
    fn full(&self) -> bool {
        self.complaints.len() >= MAX_COMPLAINTS
    }

    /// Whether there was nothing to complain about.
    pub fn is_empty(&self) -> bool {
        self.complaints.is_empty()
    }

    /// The complaints, first line first.
    pub fn into_complaints(mut self) -> Vec<Complaint> {
        self.complaints.sort();
        if self.left_out > 0 {
            let last = self.complaints.last().map_or(1, |c| c.line);
            let more = format!("and {} more complaints; mend these first", self.left_out);
            self.complaints.push(Complaint::on_line(Code::TooLarge, last, "", more));
        }
        self.complaints
    }

    /// Complains about a word that is not one of `allowed`; `what` reads "a status".
    pub fn unknown(&mut self, place: &Place, word: &str, what: &str, allowed: &[&str]) {
        self.unknown_as(Code::UnknownWord, place, word, what, allowed);
    }

    /// The same under a code of the caller's.
    pub fn unknown_as(&mut self, code: Code, place: &Place, word: &str, what: &str, allowed: &[&str]) {
        let message = if self.full() { String::new() } else { not_allowed(word, what, allowed) };
        self.complain_as(code, place, message);
    }

    /// Complains about every key that is not one of `allowed`.
    pub fn only_keys(&mut self, fields: &Fields<'_>, what: &str, allowed: &[&str]) {
        self.only_keys_as(Code::UnknownKey, fields, what, allowed);
    }

    /// The same under a code of the caller's.
    pub fn only_keys_as(&mut self, code: Code, fields: &Fields<'_>, what: &str, allowed: &[&str]) {
        for (key, field) in fields.all() {
            if !allowed.contains(&key) {
                self.unknown_as(code, &field.place, key, &format!("a key of {what}"), allowed);
            }
        }
    }

    /// The value as a table.
    pub fn table<'d>(&mut self, field: &Field<'d>) -> Option<Fields<'d>> {
        let table = field.item.as_table_like();
        if table.is_none() {
            self.complain_as(Code::WrongType, &field.place, format!("must be a table, not {}", kind_of(field.item)));
        }
        Some(Fields { table: table?, place: field.place.clone() })
    }

    /// The value as one table or a list of tables.
    pub fn tables<'d>(&mut self, field: &Field<'d>) -> Vec<Fields<'d>> {
        let place = &field.place;
        if let Some(table) = field.item.as_table_like() {
            return vec![Fields { table, place: place.clone() }];
        }
        let mut out = Vec::new();
        if let Some(tables) = field.item.as_array_of_tables() {
            for (i, table) in tables.iter().enumerate() {
                out.push(Fields { table, place: place.element(i, table.span()) });
            }
        } else if let Some(values) = field.item.as_array() {
            if values.is_empty() {
                self.complain(place, "the list is empty; leave the key out");
            }
            for (i, value) in values.iter().enumerate() {
                let place = place.element(i, value.span());
                match value.as_inline_table() {
                    Some(table) => out.push(Fields { table, place }),
                    None => {
                        self.complain_as(Code::WrongType, &place, format!("must be a table, not {}", value_kind(value)))
                    }
                }
            }
        } else {
            self.complain_as(
                Code::WrongType,
                place,
                format!("must be a table or a list of tables, not {}", kind_of(field.item)),
            );
        }
        out
    }

    /// The value as a string.
    pub fn string<'d>(&mut self, field: &Field<'d>) -> Option<Word<'d>> {
        let text = field.item.as_str();
        if text.is_none() {
            self.complain_as(Code::WrongType, &field.place, format!("must be a string, not {}", kind_of(field.item)));
        }
        Some((text?, field.place.clone()))
    }

    /// The value as true or false.
    pub fn boolean(&mut self, field: &Field<'_>) -> bool {
        field.item.as_bool().unwrap_or_else(|| {
            self.complain_as(
                Code::WrongType,
                &field.place,
                format!("must be true or false, not {}", kind_of(field.item)),
            );
            false
        })
    }

    /// The value as a list of strings, each once.
    pub fn strings<'d>(&mut self, field: &Field<'d>) -> Vec<Word<'d>> {
        let Some(values) = field.item.as_array() else {
            let hint = field.item.as_str().map_or(String::new(), |word| format!(": write [\"{}\"]", shown(word)));
            self.complain_as(
                Code::WrongType,
                &field.place,
                format!("must be a list of strings, not {}{hint}", kind_of(field.item)),
            );
            return Vec::new();
        };
        let mut seen = std::collections::BTreeSet::new();
        let mut out = Vec::new();
        for (i, value) in values.iter().enumerate() {
            let place = field.place.element(i, value.span());
            match value.as_str() {
                None => {
                    self.complain_as(Code::WrongType, &place, format!("must be a string, not {}", value_kind(value)))
                }
                Some(word) if !seen.insert(word) => {
                    self.complain_as(Code::ListedTwice, &place, format!("`{}` stands here twice", shown(word)))
                }
                Some(word) => out.push((word, place)),
            }
        }
        out
    }

    /// The words of a list as what they name.
    pub fn named<T: Copy>(&mut self, field: &Field<'_>, what: &str, all: &[(&str, T)]) -> Vec<T> {
        let words = self.strings(field);
        words.into_iter().filter_map(|(word, place)| self.name_of(word, &place, what, all)).collect()
    }

    /// The word as what it names.
    pub fn name_of<T: Copy>(&mut self, word: &str, place: &Place, what: &str, all: &[(&str, T)]) -> Option<T> {
        let found = all.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
            self.unknown(place, word, what, &names);
        }
        found
    }

    /// Whether the word has the shape of a name; complains if not.
    pub fn shape(&mut self, word: &str, place: &Place, what: &str, dash: bool) -> bool {
        let fits = word.len() <= MAX_NAME
            && word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_') || dash && b == b'-');
        if !fits {
            let also = if dash { ", `_` and `-`" } else { " and `_`" };
            self.complain_as(
                Code::WrongName,
                place,
                format!(
                    "`{}` cannot be {what}; names have at most {MAX_NAME} characters: small letters, digits{also}, a letter first",
                    shown(word)
                ),
            );
        }
        fits
    }

    /// Complains that a key is missing.
    pub fn missing(&mut self, place: &Place, key: &str, why: &str) {
        self.missing_as(Code::MissingKey, place, key, why);
    }

    /// The same under a code of the caller's.
    pub fn missing_as(&mut self, code: Code, place: &Place, key: &str, why: &str) {
        self.complain_as(code, place, format!("`{key}` is missing: {why}"));
    }
}

fn kind_of(item: &Item) -> &'static str {
    match item {
        Item::None => "nothing",
        Item::Value(value) => value_kind(value),
        Item::Table(_) => "a table",
        Item::ArrayOfTables(_) => "a list of tables",
    }
}

fn value_kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a string",
        Value::Integer(_) | Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::InlineTable(_) => "a table",
    }
}
