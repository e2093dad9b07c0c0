//! CSV as people save it: a header whose columns are found by name, rows with the line where they are, and what is wrong with them.
//!
//! A file that cannot be trusted as a whole (not UTF-8, an open quote, a missing column) is an error; a row that is wrong for itself keeps
//! its line and is told of.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};

/// The longest field: longer ones are most likely a quote that is not closed.
const MAX_FIELD: usize = 10_000;
/// The largest file that is read.
pub const MAX_BYTES: u64 = 512 * 1024 * 1024;

/// A file.
#[derive(Debug)]
pub struct CsvFile {
    columns: BTreeMap<String, usize>,
    /// Its rows.
    pub rows: Vec<CsvRow>,
}

/// A row.
#[derive(Clone, Debug)]
pub struct CsvRow {
    /// The line where it begins, from 1.
    pub line: u64,
    cells: Vec<String>,
    /// Why none of its fields can be trusted.
    pub wrong: Option<String>,
}

impl CsvFile {
    /// Reads a file. `required` columns must be there; with `known`, others than these are errors, because a misspelt column would be lost.
    pub fn read(bytes: &[u8], required: &[&str], known: Option<&[&str]>) -> anyhow::Result<Self> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            bail!("line 1: this is UTF-16; save the file as CSV in UTF-8");
        }
        if let Err(error) = std::str::from_utf8(bytes) {
            let line = 1 + bytes[..error.valid_up_to()].iter().filter(|b| **b == b'\n').count();
            bail!("line {line}: this is not UTF-8; save the file as CSV in UTF-8");
        }
        let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(bytes);
        let mut records = reader.records();
        let header = records.next().context("line 1: the file is empty; its first line names the columns")??;
        let columns = columns(&header, required, known)?;
        let mut rows = Vec::new();
        let (mut counted, mut line) = (0, 1);
        for record in records {
            let record = record?;
            // The reader's own count is one short after CR LF, and blank lines before a record are not part of it.
            let begin = record.position().and_then(|p| usize::try_from(p.byte()).ok()).unwrap_or(counted);
            let blank = bytes[begin..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
            line += bytes[counted..begin + blank].iter().filter(|b| **b == b'\n').count() as u64;
            counted = begin + blank;
            // A line with nothing in any field is what spreadsheets leave behind.
            if record.iter().all(|f| f.trim().is_empty()) {
                continue;
            }
            let wrong = if record.len() != header.len() {
                let (has, should) = (record.len(), header.len());
                Some(format!(
                    "has {has} fields, and the header {should}: a comma or quote in a field must be inside quotes"
                ))
            } else if record.iter().any(|f| f.len() > MAX_FIELD) {
                Some("has a field of more than 10,000 characters: look for a quote that is not closed".to_owned())
            } else {
                None
            };
            rows.push(CsvRow { line, cells: record.iter().map(|f| f.trim().to_owned()).collect(), wrong });
        }
        if bytes.iter().filter(|b| **b == b'"').count() % 2 == 1 {
            let line = rows.last().map_or(1, |r| r.line);
            bail!(
                "line {line}: a quote at or before this line is not closed; write a quote inside a field twice, and close the field"
            );
        }
        Ok(Self { columns, rows })
    }

    /// The field of a column; empty when the row or the file does not have it.
    pub fn get<'a>(&self, row: &'a CsvRow, column: &str) -> &'a str {
        self.columns.get(column).and_then(|at| row.cells.get(*at)).map_or("", String::as_str)
    }

    /// Whether the file has that column.
    pub fn has(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }
}

fn columns(
    header: &csv::StringRecord,
    required: &[&str],
    known: Option<&[&str]>,
) -> anyhow::Result<BTreeMap<String, usize>> {
    if header.len() == 1 && header.iter().any(|f| f.contains([';', '\t'])) {
        bail!("line 1: there is one column only; save the file with commas between the fields");
    }
    let mut columns = BTreeMap::new();
    for (at, name) in header.iter().map(str::trim).enumerate() {
        if known.is_some_and(|known| !known.contains(&name)) {
            let close = known.unwrap_or_default().iter().find(|k| k.eq_ignore_ascii_case(name));
            let hint = close.map_or_else(String::new, |k| format!("; is it `{k}`?"));
            let name: String = name.chars().take(60).filter(|c| !c.is_control()).collect();
            bail!("line 1, column {}: `{name}` is not a column of this format{hint}", at + 1);
        }
        if columns.insert(name.to_owned(), at).is_some() && known.is_some() {
            bail!("line 1, column {}: `{name}` is there twice; leave one of them out", at + 1);
        }
    }
    let missing: Vec<&str> = required.iter().filter(|r| !columns.contains_key(**r)).copied().collect();
    if !missing.is_empty() {
        bail!("line 1: there is no column {}", missing.join(", "));
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_bytes_break_it_and_lines_grow(bytes in prop::collection::vec(prop::sample::select(&b"ab,\"\n\r;\xff \t"[..]), 0..200)) {
            let text = [&b"a,b\n"[..], &bytes].concat();
            for bytes in [&bytes, &text] {
                if let Ok(file) = CsvFile::read(bytes, &["a"], None) {
                    prop_assert!(file.rows.windows(2).all(|w| w[0].line <= w[1].line));
                    let lines = 1 + bytes.iter().filter(|b| **b == b'\n').count() as u64;
                    prop_assert!(file.rows.iter().all(|r| r.line <= lines));
                }
            }
        }
    }

    #[test]
    fn a_file_that_cannot_be_trusted_says_where_and_what_to_do() {
        for (bytes, expected) in [
            (&b""[..], "line 1: the file is empty"),
            (b"a;b\n1;2\n", "with commas"),
            (b"a\n1\n", "no column b"),
            (b"a,b,x\n", "column 3: `x` is not a column"),
            (b"a,B\n", "is it `b`?"),
            (b"a,b,a\n", "there twice"),
            (b"a,b\n1,2\n3,\xff\n", "line 3: this is not UTF-8"),
            (b"\xff\xfea\0,\0b\0", "UTF-16"),
            (b"a,b\n1,2\n3,\"4\n5,6\n", "line 3: a quote"),
        ] {
            let error = CsvFile::read(bytes, &["a", "b"], Some(&["a", "b"])).expect_err("wrong").to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn rows_keep_their_lines() {
        let text = b"\xef\xbb\xbfb,a\r\n1,\"x\ny\"\r\n\r\n,\r\n2\r\n3,4\r\n";
        let file = CsvFile::read(text, &["a", "b"], None).expect("readable");
        let rows: Vec<_> =
            file.rows.iter().map(|r| (r.line, file.get(r, "b"), file.get(r, "a"), r.wrong.is_some())).collect();
        assert_eq!(rows, [(2, "1", "x\ny", false), (6, "2", "", true), (7, "3", "4", false)]);
    }
}
