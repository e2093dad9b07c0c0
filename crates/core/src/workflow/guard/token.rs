//! Takes a guard's text apart: words, quoted words, operators and brackets.

/// A piece of a guard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A word, a number, an operator or a bracket, as it stands.
    Plain(String),
    /// What stood between quotes.
    Quoted(String),
}

impl Token {
    /// What it says.
    pub fn text(&self) -> &str {
        match self {
            Self::Plain(text) | Self::Quoted(text) => text,
        }
    }

    /// Whether it stood between quotes, so that it is no word of the language.
    pub fn is_quoted(&self) -> bool {
        matches!(self, Self::Quoted(_))
    }
}

/// Brackets and commas stand alone, whatever is beside them.
const MARKS: &[char] = &['(', ')', '[', ']', ','];
/// Characters that operators are made of.
const OPERATORS: &[char] = &['=', '!', '<', '>'];

/// The pieces of the text.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first == '"' {
            let Some(end) = rest[1..].find('"') else { return Err("a `\"` is never closed".to_owned()) };
            out.push(Token::Quoted(rest[1..=end].to_owned()));
            rest = rest[end + 2..].trim_start();
            continue;
        } else if MARKS.contains(&first) {
            first.len_utf8()
        } else if OPERATORS.contains(&first) {
            rest.find(|c| !OPERATORS.contains(&c)).unwrap_or(rest.len())
        } else {
            let ends = |c: char| c.is_whitespace() || c == '"' || MARKS.contains(&c) || OPERATORS.contains(&c);
            rest.find(ends).unwrap_or(rest.len())
        };
        out.push(Token::Plain(rest[..length].to_owned()));
        rest = rest[length..].trim_start();
    }
    Ok(out)
}
