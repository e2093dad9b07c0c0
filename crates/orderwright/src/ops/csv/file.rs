//! A CSV file, read line by line: RFC 4180 as spreadsheets write it, with every deviation told by line and column.
//!
//! Taken as they are: a byte order mark, CRLF, LF or CR, quotes, blank lines, spaces around fields, columns in any order. Refused as a
//! whole, because no line of it could be trusted: a file that is not in UTF-8 at all, and a header with unknown, repeated or missing
//! columns. Everything else is the matter of one line. What is not here: what the fields mean.

use csv::{ByteRecord, ReaderBuilder};

use super::LineError;
use crate::ops::{FieldError, OpError};

/// The largest file.
pub const MAX_FILE: usize = 10 * 1024 * 1024;

/// A line below the header.
#[derive(Debug)]
pub struct Line {
    /// Its number in the file, from 1.
    pub number: u64,
    /// Its fields, or what is wrong with them.
    pub fields: Result<Fields, LineError>,
}

/// The fields of a line, by column.
#[derive(Clone, Debug, Default)]
pub struct Fields(Vec<(&'static str, String)>);

impl Fields {
    /// The field of that column; empty when the file has no such column.
    pub fn get(&self, column: &str) -> &str {
        self.0.iter().find(|(name, _)| *name == column).map_or("", |(_, value)| value)
    }

    /// The field of that column, if there is something in it.
    pub fn some(&self, column: &str) -> Option<String> {
        Some(self.get(column)).filter(|v| !v.is_empty()).map(str::to_owned)
    }
}

/// Reads a file with these columns, of which some must be there.
pub fn read(bytes: &[u8], columns: &[&'static str], required: &[&'static str]) -> Result<Vec<Line>, OpError> {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(OpError::field("/1", "line 1: the file is in UTF-16; save it as CSV in UTF-8"));
    }
    let bytes = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut numbers = LineNumbers { bytes, at: 0, line: 1 };
    let mut record = ByteRecord::new();
    let mut header: Option<Vec<&'static str>> = None;
    let mut lines = Vec::new();
    loop {
        // A slice never fails to be read, and bytes are not asked to be text here.
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Err(OpError::Internal(format!("a CSV file: {error}"))),
        }
        let from = record.position().map_or(0, |p| p.byte());
        let number = numbers.of(usize::try_from(from).unwrap_or(usize::MAX));
        if record.iter().all(|f| f.trim_ascii().is_empty()) {
            continue;
        }
        match &header {
            None => header = Some(read_header(&record, number, columns, required)?),
            Some(header) => lines.push(Line { number, fields: read_line(&record, header) }),
        }
    }
    if header.is_none() {
        let detail = format!("line 1: the file is empty; its first line must name the columns {}", columns.join(","));
        return Err(OpError::field("/1", detail));
    }
    Ok(lines)
}

fn read_header(
    record: &ByteRecord,
    number: u64,
    columns: &[&'static str],
    required: &[&'static str],
) -> Result<Vec<&'static str>, OpError> {
    let mut wrong = Vec::new();
    let mut complain = |name: &str, detail: String| {
        wrong.push(FieldError {
            pointer: format!("/{number}/{}", name.replace('~', "~0").replace('/', "~1")),
            detail: format!("line {number}: {detail}"),
        });
    };
    let all = columns.join(",");
    let names: Vec<String> = record.iter().map(|f| String::from_utf8_lossy(f).trim().to_owned()).collect();
    let mut header: Vec<&'static str> = Vec::new();
    match names.as_slice() {
        [only] if only.contains([';', '\t']) => complain("", "the columns must be separated by commas".to_owned()),
        _ => {
            for name in &names {
                match columns.iter().find(|c| *c == name) {
                    None => {
                        let shown: String = name.chars().take(60).collect();
                        complain(&shown, format!("there is no column `{shown}`; the columns are {all}"));
                    }
                    Some(column) if header.contains(column) => complain(column, format!("`{column}` is there twice")),
                    Some(column) => header.push(column),
                }
            }
            for column in required.iter().filter(|c| !names.iter().any(|n| n == **c)) {
                complain(column, format!("the column `{column}` is missing; the columns are {all}"));
            }
        }
    }
    if wrong.is_empty() { Ok(header) } else { Err(OpError::Invalid(wrong)) }
}

fn read_line(record: &ByteRecord, header: &[&'static str]) -> Result<Fields, LineError> {
    let mut fields = Vec::with_capacity(header.len());
    for (name, field) in header.iter().zip(record) {
        let Ok(text) = std::str::from_utf8(field) else {
            return Err(LineError::field(name, "is not in UTF-8; save the file as CSV in UTF-8"));
        };
        let text = text.trim();
        if text.contains(['\n', '\r']) {
            return Err(LineError::field(name, "contains a line break; perhaps a quote is not closed"));
        }
        if text.contains(char::is_control) {
            return Err(LineError::field(name, "contains a control character"));
        }
        fields.push((*name, text.to_owned()));
    }
    if record.len() != header.len() {
        let detail = format!("the line has {} fields, the header has {}", record.len(), header.len());
        return Err(LineError { column: None, error: OpError::field("", detail) });
    }
    Ok(Fields(fields))
}

/// Counts lines by the breaks between records: a record may follow blank lines, and may hold line breaks itself.
struct LineNumbers<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl LineNumbers<'_> {
    /// The number of the line that the record begins on that is read from there; places never go back.
    fn of(&mut self, from: usize) -> u64 {
        while let Some(&byte) = self.bytes.get(self.at) {
            let is_break = matches!(byte, b'\n' | b'\r');
            if self.at >= from && !is_break {
                break;
            }
            // A carriage return before a line feed is one break with it.
            if byte == b'\n' || byte == b'\r' && self.bytes.get(self.at + 1) != Some(&b'\n') {
                self.line += 1;
            }
            self.at += 1;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: impl AsRef<[u8]>) -> Vec<(u64, Result<String, String>)> {
        let read = read(text.as_ref(), &["a", "b", "c"], &["a"]).expect("a header");
        read.into_iter()
            .map(|l| (l.number, l.fields.map(|f| [f.get("a"), f.get("b")].join("|")).map_err(|e| e.error_text())))
            .collect()
    }

    impl LineError {
        fn error_text(&self) -> String {
            match &self.error {
                OpError::Invalid(fields) => format!("{}: {}", fields[0].pointer, fields[0].detail),
                other => other.to_string(),
            }
        }
    }

    fn good(number: u64, text: &str) -> (u64, Result<String, String>) {
        (number, Ok(text.to_owned()))
    }

    #[test]
    fn what_spreadsheets_write_is_taken() {
        let expected = vec![good(2, "1|x, \"y\""), good(4, "2|")];
        for text in [
            "a,b\n1,\"x, \"\"y\"\"\"\n\n2,\n",
            "\u{FEFF}a,b\r\n1,\"x, \"\"y\"\"\"\r\n\r\n2,",
            "a,b\r1,\"x, \"\"y\"\"\"\r\r2,\r\r",
            " a , b \n 1 , \"x, \"\"y\"\"\" \n , \n2, ",
        ] {
            let expected = if text.starts_with(' ') {
                // A quote after a space is a character like any other.
                vec![(2, Err(": the line has 3 fields, the header has 2".to_owned())), good(4, "2|")]
            } else {
                expected.clone()
            };
            assert_eq!(lines(text), expected, "{text:?}");
        }
        assert_eq!(lines("b,a\n1,2"), [good(2, "2|1")], "columns in any order");
    }

    #[test]
    fn numbers_count_blank_lines_and_breaks_inside_quotes() {
        let found = lines("\n\na,b\n\n\n\"x\ny\",1\n2,3\r\n\r\n4,5");
        assert_eq!(found.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [6, 8, 10]);
        assert!(found[0].1.as_ref().is_err_and(|e| e.starts_with("/a: contains a line break")), "{found:?}");
    }

    #[test]
    fn a_wrong_line_says_what_is_wrong() {
        let odd = [&b"a,b\n1\n1,2,3\n\xFF,2\n1,caf\xE9\n\0,2\n1,2\n"[..]].concat();
        let found: Vec<_> = lines(odd).into_iter().map(|(n, r)| (n, r.unwrap_or_else(|e| e))).collect();
        let texts: Vec<&str> = found.iter().map(|(_, t)| t.as_str()).collect();
        assert_eq!(
            texts,
            [
                ": the line has 1 fields, the header has 2",
                ": the line has 3 fields, the header has 2",
                "/a: is not in UTF-8; save the file as CSV in UTF-8",
                "/b: is not in UTF-8; save the file as CSV in UTF-8",
                "/a: contains a control character",
                "1|2"
            ]
        );
        assert_eq!(lines("a,b\n1,\"open\n2,3\n").len(), 1, "an open quote takes the rest with it");
    }

    #[test]
    fn a_wrong_file_is_refused_whole() {
        for (text, pointers) in [
            (&b""[..], &["/1"][..]),
            (b"\n \n", &["/1"]),
            (b"\xFF\xFEa\0,\0b\0", &["/1"]),
            (b"a;b;c\n1;2;3", &["/1/"]),
            (b"b,d/e\n1,2", &["/1/d~1e", "/1/a"]),
            (b"\na,b,a\n1,2,3", &["/2/a"]),
        ] {
            let Err(OpError::Invalid(fields)) = read(text, &["a", "b", "c"], &["a"]) else { panic!("{text:?}") };
            assert_eq!(fields.iter().map(|f| f.pointer.as_str()).collect::<Vec<_>>(), pointers);
        }
    }
}
