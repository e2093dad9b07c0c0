//! CSV as we write it: RFC 4180, and no cell that a spreadsheet would take for a formula.
//!
//! Text is quoted, also where a comma is not the separator; one that begins like a formula gets a single quote in front. Numbers
//! are written as they are, negative ones too, so that they stay numbers.

use csv::{QuoteStyle, Terminator, Writer, WriterBuilder};

/// A field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Text of anybody's.
    Text(String),
    /// A number.
    Number(i64),
    /// Nothing.
    Empty,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<&Option<String>> for Cell {
    fn from(text: &Option<String>) -> Self {
        text.as_ref().map_or(Self::Empty, Self::from)
    }
}

impl From<&Option<i64>> for Cell {
    fn from(number: &Option<i64>) -> Self {
        number.map_or(Self::Empty, Self::Number)
    }
}

/// With what a spreadsheet begins a formula, and what it leaves out before one; the wide forms are the same to it.
const DANGEROUS: &[char] = &['=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠'];

impl Cell {
    fn written(&self) -> String {
        match self {
            Self::Text(text) if text.starts_with(DANGEROUS) => format!("'{text}"),
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Empty => String::new(),
        }
    }
}

/// Rows on their way out.
pub struct Rows(Writer<Vec<u8>>);

impl Default for Rows {
    fn default() -> Self {
        let builder = &mut WriterBuilder::new();
        let builder = builder.terminator(Terminator::CRLF).quote_style(QuoteStyle::NonNumeric).flexible(true);
        Self(builder.from_writer(Vec::new()))
    }
}

impl Rows {
    /// Adds a row.
    pub fn push(&mut self, cells: &[Cell]) {
        // Writing into memory cannot fail.
        let _ = self.0.write_record(cells.iter().map(Cell::written));
    }

    /// The rows as text.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(cells: &[Cell]) -> String {
        let mut rows = Rows::default();
        rows.push(cells);
        String::from_utf8(rows.into_bytes()).expect("text")
    }

    #[test]
    fn no_text_begins_like_a_formula() {
        for text in ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\0=1", "＝1", "＋1", "－1", "＠x"] {
            let line = written(&[text.into()]);
            assert!(line.starts_with("\"'"), "{line:?}");
        }
        assert_eq!(written(&["a=1".into(), "".into(), Cell::Empty]), "\"a=1\",\"\",\"\"\r\n");
    }

    #[test]
    fn numbers_stay_numbers() {
        assert_eq!(written(&[(-5_000).into(), 0.into(), i64::MAX.into()]), "-5000,0,9223372036854775807\r\n");
    }

    #[test]
    fn whatever_is_written_is_read_again() {
        let odd = ["a,b", "a;b", "\"x\"", "two\nlines", "ü 😀", " a ", "'a"];
        let text = written(&odd.map(Cell::from));
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let record = reader.records().next().expect("a row").expect("readable");
        assert_eq!(record.iter().collect::<Vec<_>>(), odd);
    }
}
