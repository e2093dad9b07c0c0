//! Reads the rows of named tables out of a dump: the statements that `pg_dump` writes (INSERT with literal values, COPY from stdin), and
//! nothing else. There is no SQL engine here: what is not such a row is skipped, what cannot be one ends with the line that is wrong.

use std::collections::HashMap;

use anyhow::{Context as _, bail};

/// A row: where it is, and its values in the order of the table's columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line where it begins.
    pub line: u64,
    values: Vec<Option<String>>,
}

/// A table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    columns: Vec<String>,
    /// Its rows, in the order of the file.
    pub rows: Vec<Row>,
}

impl Table {
    /// Where a column is; a missing one is an error.
    pub fn column(&self, table: &str, name: &str) -> anyhow::Result<usize> {
        let found = self.columns.iter().position(|c| c == name);
        found.with_context(|| {
            format!(
                "the table `{table}` has no column `{name}` (it has {}); is this the Northwind database?",
                self.columns.join(", ")
            )
        })
    }
}

impl Row {
    /// A value; `None` is NULL.
    pub fn get(&self, column: usize) -> Option<&str> {
        self.values.get(column)?.as_deref()
    }
}

/// Reads these tables.
pub fn read(text: &str, wanted: &[&str]) -> anyhow::Result<HashMap<String, Table>> {
    let mut reader = Reader { text, at: 0, line: 1, tables: HashMap::new() };
    let wanted = |name: &str| wanted.contains(&name);
    while let Some(token) = reader.token()? {
        match token {
            Token::Word(word) if word.eq_ignore_ascii_case("insert") => reader.insert(&wanted)?,
            Token::Word(word) if word.eq_ignore_ascii_case("copy") => reader.copy(&wanted)?,
            Token::Word(word) if word.eq_ignore_ascii_case("create") => reader.create(&wanted)?,
            Token::Sign(';') => {}
            _ => reader.skip()?,
        }
    }
    Ok(reader.tables)
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// A keyword, a name, a number.
    Word(String),
    /// A name in double quotes.
    Name(String),
    /// A string.
    Text(String),
    /// Anything else.
    Sign(char),
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    line: u64,
    tables: HashMap<String, Table>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn starts(&self, with: &str) -> bool {
        self.text[self.at..].starts_with(with)
    }

    fn step(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        self.line += u64::from(c == '\n');
        Some(c)
    }

    /// The next token, comments and lines of the client (`\connect`) left out.
    fn token(&mut self) -> anyhow::Result<Option<Token>> {
        loop {
            let Some(c) = self.peek() else { return Ok(None) };
            if c.is_whitespace() {
                self.step();
            } else if self.starts("--") || c == '\\' {
                while self.peek().is_some_and(|c| c != '\n') {
                    self.step();
                }
            } else if self.starts("/*") {
                let from = self.line;
                while !self.starts("*/") {
                    if self.step().is_none() {
                        bail!("line {from}: a comment that begins here does not end");
                    }
                }
                self.at += 2;
            } else {
                break;
            }
        }
        let from = self.line;
        let Some(c) = self.step() else { return Ok(None) };
        Ok(Some(match c {
            '\'' => Token::Text(self.quoted('\'', false, from)?),
            '"' => Token::Name(self.quoted('"', false, from)?),
            'e' | 'E' if self.peek() == Some('\'') => {
                self.step();
                Token::Text(self.quoted('\'', true, from)?)
            }
            '$' => bail!("line {from}: `$` is not something that a dump of this database has"),
            c if is_word(c) || (c == '-' && self.peek().is_some_and(|d| d.is_ascii_digit())) => {
                let mut word = c.to_string();
                while let Some(c) = self.peek().filter(|c| is_word(*c) || *c == '.' || *c == '+') {
                    // `public.orders` is one word, and so is 1.5e+3.
                    if c == '+' && !word.ends_with(['e', 'E']) {
                        break;
                    }
                    word.push(c);
                    self.step();
                }
                Token::Word(word)
            }
            other => Token::Sign(other),
        }))
    }

    /// What is between quotes; a doubled quote stands for one.
    fn quoted(&mut self, quote: char, escapes: bool, from: u64) -> anyhow::Result<String> {
        let mut text = String::new();
        loop {
            match self.step() {
                None => bail!("line {from}: a quote that begins here does not end; is the file complete?"),
                Some(c) if c == quote && self.peek() == Some(quote) => {
                    self.step();
                    text.push(quote);
                }
                Some(c) if c == quote => return Ok(text),
                Some('\\') if escapes => match self.step() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some(c @ ('\\' | '\'')) => text.push(c),
                    _ => bail!("line {}: an escape that this reader does not know", self.line),
                },
                Some(c) => text.push(c),
            }
        }
    }

    fn expect(&mut self, what: &str) -> anyhow::Result<Token> {
        let line = self.line;
        self.token()?.with_context(|| format!("line {line}: the file ends where {what} should be; is it complete?"))
    }

    fn sign(&mut self, wanted: char) -> anyhow::Result<()> {
        let line = self.line;
        match self.expect(&format!("`{wanted}`"))? {
            Token::Sign(c) if c == wanted => Ok(()),
            other => bail!("line {line}: `{wanted}` should be here, not {}", shown(&other)),
        }
    }

    /// A table's or column's name, without its schema, in lower case.
    fn name(&mut self) -> anyhow::Result<String> {
        let line = self.line;
        match self.expect("a name")? {
            Token::Word(word) => Ok(word.rsplit('.').next().unwrap_or_default().to_ascii_lowercase()),
            Token::Name(name) => Ok(name),
            other => bail!("line {line}: a name should be here, not {}", shown(&other)),
        }
    }

    /// Passes the rest of a statement by.
    fn skip(&mut self) -> anyhow::Result<()> {
        while !matches!(self.token()?, None | Some(Token::Sign(';'))) {}
        Ok(())
    }

    /// `CREATE TABLE name (column type …, …)`: the order of the columns.
    fn create(&mut self, wanted: &dyn Fn(&str) -> bool) -> anyhow::Result<()> {
        if !matches!(self.token()?, Some(Token::Word(word)) if word.eq_ignore_ascii_case("table")) {
            return self.skip();
        }
        let name = self.name()?;
        if !wanted(&name) {
            return self.skip();
        }
        self.sign('(')?;
        let (mut columns, mut depth, mut begins) = (Vec::new(), 1, true);
        while depth > 0 {
            match self.expect("the end of a table")? {
                Token::Sign('(') => depth += 1,
                Token::Sign(')') => depth -= 1,
                Token::Sign(',') if depth == 1 => begins = true,
                Token::Word(word) if begins => {
                    begins = false;
                    let key = ["constraint", "primary", "foreign", "unique", "check"];
                    if !key.iter().any(|k| word.eq_ignore_ascii_case(k)) {
                        columns.push(word.to_ascii_lowercase());
                    }
                }
                Token::Name(word) if begins => {
                    begins = false;
                    columns.push(word);
                }
                _ => begins = false,
            }
        }
        self.tables.entry(name).or_default().columns = columns;
        self.skip()
    }

    /// `(a, b, c)` after a table's name; none means the order of the table.
    fn columns(&mut self, name: &str) -> anyhow::Result<()> {
        self.sign('(')?;
        let mut columns = Vec::new();
        loop {
            columns.push(self.name()?);
            let line = self.line;
            match self.expect("`)`")? {
                Token::Sign(',') => {}
                Token::Sign(')') => break,
                other => bail!("line {line}: `,` or `)` should be here, not {}", shown(&other)),
            }
        }
        let line = self.line;
        let table = self.tables.entry(name.to_owned()).or_default();
        if !table.rows.is_empty() && table.columns != columns {
            bail!("line {line}: the rows of `{name}` have their columns in different orders");
        }
        table.columns = columns;
        Ok(())
    }

    /// `INSERT INTO name [(columns)] VALUES (…), (…);`
    fn insert(&mut self, wanted: &dyn Fn(&str) -> bool) -> anyhow::Result<()> {
        let line = self.line;
        if !matches!(self.expect("INTO")?, Token::Word(word) if word.eq_ignore_ascii_case("into")) {
            bail!("line {line}: INTO should follow INSERT");
        }
        let name = self.name()?;
        if !wanted(&name) {
            return self.skip();
        }
        let before = (self.at, self.line);
        if self.token()? == Some(Token::Sign('(')) {
            (self.at, self.line) = before;
            self.columns(&name)?;
        } else {
            (self.at, self.line) = before;
        }
        let line = self.line;
        if !matches!(self.expect("VALUES")?, Token::Word(word) if word.eq_ignore_ascii_case("values")) {
            bail!("line {line}: only rows of values can be read, and VALUES is not here");
        }
        loop {
            self.sign('(')?;
            let line = self.line;
            let values = self.values()?;
            self.add(&name, line, values)?;
            let line = self.line;
            match self.expect("`;`")? {
                Token::Sign(',') => {}
                Token::Sign(';') => return Ok(()),
                other => bail!("line {line}: `,` or `;` should follow a row, not {}", shown(&other)),
            }
        }
    }

    /// The values of a row, to its `)`.
    fn values(&mut self) -> anyhow::Result<Vec<Option<String>>> {
        let mut values = Vec::new();
        loop {
            let line = self.line;
            values.push(match self.expect("a value")? {
                Token::Text(text) => Some(text),
                Token::Word(word) if word.eq_ignore_ascii_case("null") => None,
                Token::Word(word) if word.starts_with(|c: char| c.is_ascii_digit() || c == '-') => Some(word),
                Token::Word(word) if ["true", "false"].iter().any(|b| word.eq_ignore_ascii_case(b)) => Some(word),
                other => bail!("line {line}: a string, a number or NULL should be here, not {}", shown(&other)),
            });
            loop {
                let line = self.line;
                match self.expect("`)`")? {
                    Token::Sign(',') => break,
                    Token::Sign(')') => return Ok(values),
                    // A cast changes nothing of a literal.
                    Token::Sign(':') => {
                        self.sign(':')?;
                        self.name()?;
                    }
                    other => bail!("line {line}: `,` or `)` should follow a value, not {}", shown(&other)),
                }
            }
        }
    }

    /// `COPY name (columns) FROM stdin;`, rows of tabs, and `\.`
    fn copy(&mut self, wanted: &dyn Fn(&str) -> bool) -> anyhow::Result<()> {
        let name = self.name()?;
        let wanted = wanted(&name);
        let before = (self.at, self.line);
        let has_columns = self.token()? == Some(Token::Sign('('));
        (self.at, self.line) = before;
        if has_columns && wanted {
            self.columns(&name)?;
        }
        self.skip()?;
        let from = self.line;
        while self.peek().is_some_and(|c| c != '\n') {
            self.step();
        }
        self.step();
        loop {
            if self.peek().is_none() {
                bail!("line {from}: the rows of `{name}` that begin here do not end with `\\.`; is the file complete?");
            }
            let line = self.line;
            let begin = self.at;
            while self.peek().is_some_and(|c| c != '\n') {
                self.step();
            }
            let row = self.text[begin..self.at].trim_end_matches('\r');
            self.step();
            if row == "\\." {
                return Ok(());
            }
            if wanted {
                let values = row.split('\t').map(|v| unescape(v, line)).collect::<anyhow::Result<_>>()?;
                self.add(&name, line, values)?;
            }
        }
    }

    fn add(&mut self, name: &str, line: u64, values: Vec<Option<String>>) -> anyhow::Result<()> {
        let table = self.tables.entry(name.to_owned()).or_default();
        if table.columns.len() != values.len() {
            bail!(
                "line {line}: this row of `{name}` has {} values, and the table {} columns",
                values.len(),
                table.columns.len()
            );
        }
        table.rows.push(Row { line, values });
        Ok(())
    }
}

/// A value of COPY's text format.
fn unescape(value: &str, line: u64) -> anyhow::Result<Option<String>> {
    if value == "\\N" {
        return Ok(None);
    }
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('r') => text.push('\r'),
                Some('\\') => text.push('\\'),
                _ => bail!("line {line}: an escape that this reader does not know"),
            },
            c => text.push(c),
        }
    }
    Ok(Some(text))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn shown(token: &Token) -> String {
    let text = match token {
        Token::Word(text) | Token::Name(text) => text.clone(),
        Token::Text(text) => format!("'{text}'"),
        Token::Sign(c) => c.to_string(),
    };
    format!("`{}`", text.chars().take(40).filter(|c| !c.is_control()).collect::<String>())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_text_breaks_it(words in prop::collection::vec(prop::sample::select(&["INSERT", "INTO", "COPY", "CREATE", "TABLE", "t", "(", ")", ",", ";", "'", "\"", "E'", "\\", "--", "/*", "*/", "$$", "::", "NULL", "VALUES", "-1.5", "FROM stdin;", "\\.", "\n", "\t", "\u{e9}", " "][..]), 0..60)) {
            let text = format!("{HEAD}{}", words.join(" "));
            if let Err(error) = read(&text, &["t"]) {
                prop_assert!(error.to_string().starts_with("line "), "{error}");
            }
        }
    }

    fn one(text: &str) -> anyhow::Result<Vec<Vec<Option<String>>>> {
        let tables = read(text, &["t"])?;
        Ok(tables.get("t").map(|t| t.rows.iter().map(|r| r.values.clone()).collect()).unwrap_or_default())
    }

    fn values(row: &[&str]) -> Vec<Option<String>> {
        row.iter().map(|v| (*v != "NULL").then(|| (*v).to_owned())).collect()
    }

    const HEAD: &str = "-- a dump\nSET x = on;\nCREATE TABLE t (a integer NOT NULL, \"b\" character varying(5), CONSTRAINT k PRIMARY KEY (a));\n";

    #[test]
    fn rows_of_every_shape_are_read() {
        for (text, rows) in [
            ("INSERT INTO t VALUES (1, 'x');", vec![["1", "x"]]),
            (
                "insert into public.t values (-1.5e+3, NULL), (2, 'it''s; -- no comment');",
                vec![["-1.5e+3", "NULL"], ["2", "it's; -- no comment"]],
            ),
            ("INSERT INTO t (b, a) VALUES (E'\\\\x\\n'::bytea, 3);", vec![["\\x\n", "3"]]),
            (
                "/* x */ COPY public.t (a, b) FROM stdin;\n1\t\\N\n2\tx\\ty\n\\.\nINSERT INTO t VALUES (3, 'z');",
                vec![["1", "NULL"], ["2", "x\ty"], ["3", "z"]],
            ),
            ("INSERT INTO other VALUES (now());\\connect x\nDROP TABLE t;", vec![]),
        ] {
            let read = one(&format!("{HEAD}{text}")).unwrap_or_else(|e| panic!("{text}: {e:#}"));
            let expected: Vec<_> = rows.iter().map(|r| values(r)).collect();
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, line, what) in [
            ("INSERT INTO t VALUES (1);", 4, "1 values"),
            ("\nINSERT INTO t VALUES (1, 'x", 5, "does not end"),
            ("INSERT INTO t VALUES (1, now());", 4, "`now`"),
            ("INSERT INTO t VALUES (1, 'x')", 4, "file ends"),
            ("INSERT INTO t SELECT 1;", 4, "VALUES"),
            ("INSERT t VALUES (1, 2);", 4, "INTO"),
            ("COPY t (a, b) FROM stdin;\n1\tx\n", 4, "do not end"),
            ("COPY t (a, b) FROM stdin;\n1\n\\.\n", 5, "1 values"),
            ("/* for ever", 4, "does not end"),
            ("INSERT INTO t VALUES (1, $$x$$);", 4, "`$`"),
        ] {
            let error = format!("{:#}", one(&format!("{HEAD}{text}")).expect_err(text));
            assert!(error.contains(&format!("line {line}:")) && error.contains(what), "{text}: {error}");
        }
    }
}
