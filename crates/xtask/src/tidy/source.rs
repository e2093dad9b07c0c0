//! A Rust file as the rules see it: code without comments and literals, the string literals with their lines, and the
//! paths that are imported, one by one.
//!
//! This is not a parser. It knows just enough of the lexical grammar not to take a word in a comment for code.

/// A Rust file, taken apart.
pub struct Source {
    /// The code, line by line; comments and literals are blanks.
    code: Vec<String>,
    /// Every string literal and the line on which it begins, counted from 1.
    literals: Vec<(usize, String)>,
    /// The line on which the tests at the end of the file begin; one after the last without any.
    tests: usize,
}

impl Source {
    /// Takes a text apart.
    pub fn parse(text: &str) -> Source {
        let (code, literals) = lex(text);
        let code: Vec<String> = code.lines().map(str::to_owned).collect();
        let tests = code
            .windows(2)
            .position(|pair| pair[0].trim() == "#[cfg(test)]" && pair[1].trim_start().starts_with("mod "));
        let tests = tests.map_or(code.len() + 1, |index| index + 1);
        Source { code, literals, tests }
    }

    /// The lines of code with their numbers, tests included.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.iter().enumerate().map(|(index, line)| (index + 1, line.as_str()))
    }

    /// The lines of code that are not tests.
    pub fn production(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().take_while(|(line, _)| *line < self.tests)
    }

    /// The string literals that are not in tests.
    pub fn literals(&self) -> impl Iterator<Item = (usize, &str)> {
        self.literals.iter().filter(|(line, _)| *line < self.tests).map(|(line, text)| (*line, text.as_str()))
    }

    /// The lines on which a path is used outside of tests: written out, or imported, alone or from within braces.
    pub fn uses(&self, path: &str) -> Vec<usize> {
        let written = self.production().filter(|(_, code)| has(code, path)).map(|(line, _)| line);
        let inside = format!("{path}::");
        let imported =
            self.imports().into_iter().filter(|(_, p)| p == path || p.starts_with(&inside)).map(|(line, _)| line);
        written.chain(imported).collect()
    }

    /// Every imported path with the line of its `use`, braces resolved.
    fn imports(&self) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        let mut open: Option<(usize, String)> = None;
        for (number, line) in self.production() {
            let begins = line.trim_start().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
            let (start, mut statement) = match open.take() {
                Some(begun) => begun,
                None => match begins.strip_prefix("use ") {
                    Some(_) => (number, String::new()),
                    None => continue,
                },
            };
            statement.push_str(line);
            statement.push(' ');
            match statement.find(';') {
                Some(end) => {
                    let tree = &statement[statement.find("use ").map_or(0, |at| at + 4)..end];
                    let mut paths = Vec::new();
                    expand("", tree, &mut paths);
                    found.extend(paths.into_iter().map(|path| (start, path)));
                }
                None => open = Some((start, statement)),
            }
        }
        found
    }
}

/// Whether code holds these words where no longer word does.
pub fn has(code: &str, words: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    let open_start = words.starts_with(part_of_word);
    let open_end = words.ends_with(part_of_word);
    code.match_indices(words).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + words.len()..].chars().next();
        !(open_start && before.is_some_and(part_of_word) || open_end && after.is_some_and(part_of_word))
    })
}

/// `a::{b, c::{self, d}}` as `a::b`, `a::c`, `a::c::d`.
fn expand(prefix: &str, tree: &str, out: &mut Vec<String>) {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        let path = tree.split(" as ").next().unwrap_or(tree).trim();
        match path {
            "" => {}
            "self" => out.push(prefix.trim_end_matches("::").to_owned()),
            _ => out.push(format!("{prefix}{path}")),
        }
        return;
    };
    let prefix = format!("{prefix}{}", tree[..open].trim());
    let inner = tree[open + 1..].strip_suffix('}').unwrap_or_default();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                expand(&prefix, &inner[start..at], out);
                start = at + 1;
            }
            _ => {}
        }
    }
    expand(&prefix, &inner[start..], out);
}

/// Separates code from comments and literals.
fn lex(text: &str) -> (String, Vec<(usize, String)>) {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut literals = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        let after_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
        let end = match rest {
            ['/', '/', ..] => at + rest.iter().position(|c| *c == '\n').unwrap_or(rest.len()),
            ['/', '*', ..] => at + block_comment(rest),
            ['"', ..] => {
                let len = quoted(rest);
                literals.push((line_of(&code), inside(&rest[..len], 1, 1)));
                at + len
            }
            ['r', '"' | '#', ..] | ['b' | 'c', 'r', '"' | '#', ..] if !after_word => match raw(rest) {
                Some((open, close, len)) => {
                    literals.push((line_of(&code), inside(&rest[..len], open, close)));
                    at + len
                }
                None => at,
            },
            ['\'', '\\', ..] => at + 3 + rest.iter().skip(3).position(|c| *c == '\'').map_or(0, |p| p + 1),
            ['\'', _, '\'', ..] => at + 3,
            _ => at,
        };
        let end = end.min(chars.len());
        if end == at {
            code.push(chars[at]);
            at += 1;
        } else {
            code.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    (code, literals)
}

fn line_of(code: &str) -> usize {
    code.bytes().filter(|b| *b == b'\n').count() + 1
}

fn inside(literal: &[char], open: usize, close: usize) -> String {
    literal[open..literal.len().saturating_sub(close).max(open)].iter().collect()
}

/// The length of a block comment; they nest.
fn block_comment(rest: &[char]) -> usize {
    let (mut at, mut depth) = (2, 1);
    while depth > 0 && at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (at, depth) = (at + 2, depth + 1),
            ['*', '/', ..] => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
    }
    at
}

/// The length of a `"…"` literal.
fn quoted(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// A raw literal: the lengths of its opening, its closing and the whole. `None` for a raw identifier (`r#type`).
fn raw(rest: &[char]) -> Option<(usize, usize, usize)> {
    let letters = rest.iter().take_while(|c| c.is_alphabetic()).count();
    let hashes = rest[letters..].iter().take_while(|c| **c == '#').count();
    let open = letters + hashes + 1;
    if rest.get(open - 1) != Some(&'"') {
        return None;
    }
    let closes = |at: &usize| rest[*at] == '"' && rest[at + 1..].iter().take_while(|c| **c == '#').count() >= hashes;
    let end = (open..rest.len()).find(closes).unwrap_or(rest.len() - 1);
    Some((open, hashes + 1, (end + 1 + hashes).min(rest.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_not_code() {
        let source = Source::parse(
            "// one\nlet a = \"two \\\" \"; /* three /* four */ five */ let b = r#\"six \" seven\"#;\nlet c = '\"'; fn d<'e>() {}\nlet f = br\"eight\";\nlet r#type = '\\'';g",
        );
        let code = source.code.join("\n");
        for word in ["one", "two", "three", "four", "five", "six", "seven", "eight"] {
            assert!(!code.contains(word), "{word} in {code}");
        }
        for word in ["let a", "let b", "let c", "fn d<'e>", "let f", "r#type", ";g"] {
            assert!(code.contains(word), "{word} not in {code}");
        }
        let literals: Vec<_> = source.literals().collect();
        assert_eq!(literals, [(2, "two \\\" "), (2, "six \" seven"), (4, "eight")]);
    }

    #[test]
    fn imports_are_taken_out_of_their_braces() {
        let source = Source::parse(
            "use std::{fs, io::{self, Read as R}};\nuse a::b;\npub use c::{\n    d,\n    e::{f, g},\n};\n",
        );
        let imports: Vec<_> = source.imports();
        let imports: Vec<_> = imports.iter().map(|(line, path)| (*line, path.as_str())).collect();
        let expected = [
            (1, "std::fs"),
            (1, "std::io"),
            (1, "std::io::Read"),
            (2, "a::b"),
            (3, "c::d"),
            (3, "c::e::f"),
            (3, "c::e::g"),
        ];
        assert_eq!(imports, expected);
        assert_eq!(source.uses("std::io"), [1, 1]);
        assert_eq!(source.uses("c::e"), [3, 3]);
    }

    #[test]
    fn words_are_whole_words() {
        assert!(has("use tokio::fs;", "tokio"));
        assert!(!has("use tokio_util::x;", "tokio"));
        assert!(has("self.store.commit(x)", ".commit("));
        assert!(!has("self.store.commit_all(x)", ".commit("));
    }

    #[test]
    fn tests_at_the_end_are_known() {
        let source = Source::parse("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { \"c\"; }\n}\n");
        assert_eq!(source.production().count(), 1);
        assert_eq!(source.literals().count(), 0);
        assert_eq!(source.lines().count(), 5);
    }
}
