//! What is wrong with a workflow file, where, and what would be right.
//!
//! The reader and the checks both speak in complaints, so that a shop owner gets one list. How a complaint is shown (terminal,
//! problem+json, page) is the caller's.

use std::fmt;

use serde::Serialize;

use super::code::Code;

/// Something in a workflow file that cannot stay as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Complaint {
    /// Line in the file, from 1.
    pub line: usize,
    /// Column in characters, from 1; also 1 where only the line is known.
    pub column: usize,
    /// Keys from the top: `item.states.accepted.on.confirm`. Empty for the file as a whole; `merchant: item.states.…` in another file.
    pub path: String,
    /// What is wrong, and what is allowed.
    pub message: String,
    /// Which rule it breaks.
    pub code: Code,
    /// Where it is about behaviour: the fewest steps from placement that show it, in words. Else empty.
    pub trace: Vec<String>,
}

impl Complaint {
    /// A complaint of which only the line is known.
    pub fn on_line(code: Code, line: usize, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { line, column: 1, path: path.into(), code, message: message.into(), trace: Vec::new() }
    }

    /// The same complaint with the steps that show it.
    #[must_use]
    pub fn shown_by(mut self, trace: Vec<String>) -> Self {
        self.trace = trace;
        self
    }

    /// The same complaint, said to be about another file than the one at hand.
    #[must_use]
    pub fn in_file(mut self, workflow: &str) -> Self {
        self.path = format!("{workflow}: {}", self.path);
        self
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Complaint {}

/// The longest part of a foreign word that a message repeats.
const SHOWN: usize = 64;
/// The most allowed words that a message lists.
const LISTED: usize = 40;

/// A word as messages show it: clipped, without control characters, so that a hostile file cannot flood or forge a log.
pub(super) fn shown(word: &str) -> String {
    let mut out: String = word.chars().take(SHOWN).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if word.chars().nth(SHOWN).is_some() {
        out.push('…');
    }
    out
}

/// "`sipped` is not a status; did you mean `shipped`? Allowed: new, paid, shipped".
pub(super) fn not_allowed(word: &str, what: &str, allowed: &[&str]) -> String {
    let mut out = format!("`{}` is not {what}", shown(word));
    match nearest(word, allowed) {
        Some(near) => out.push_str(&format!("; did you mean `{near}`? Allowed: ")),
        None => out.push_str("; allowed: "),
    }
    out + &listed(allowed)
}

/// The words with commas between them, not too many.
pub(super) fn listed(words: &[&str]) -> String {
    match words {
        [] => "none".to_owned(),
        _ if words.len() > LISTED => format!("{} and {} more", words[..LISTED].join(", "), words.len() - LISTED),
        _ => words.join(", "),
    }
}

/// The allowed word that was probably meant: at most a third of its letters are wrong, and never more than three.
fn nearest<'a>(word: &str, allowed: &[&'a str]) -> Option<&'a str> {
    let length = word.chars().take(SHOWN + 1).count();
    if length > SHOWN {
        return None;
    }
    let bound = (length / 3).clamp(1, 3);
    allowed
        .iter()
        .map(|&candidate| (strsim::osa_distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= bound)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_and_suggests() {
        let complaint = Complaint::on_line(
            Code::UnknownWord,
            12,
            "item.states.paid.status",
            not_allowed("piad", "a status", &["new", "paid"]),
        );
        assert_eq!(
            complaint.to_string(),
            "line 12: item.states.paid.status: `piad` is not a status; did you mean `paid`? Allowed: new, paid"
        );
        assert_eq!(not_allowed("sent", "a status", &["new"]), "`sent` is not a status; allowed: new");
        assert_eq!(not_allowed("sent", "a status", &[]), "`sent` is not a status; allowed: none");
        assert_eq!(Complaint::on_line(Code::TooLarge, 1, "", "too long").to_string(), "line 1: too long");
    }

    #[test]
    fn shows_foreign_words_with_care() {
        assert_eq!(shown("a\u{1b}[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
        assert_eq!(shown(&"x".repeat(300_000)).chars().count(), SHOWN + 1);
        assert_eq!(nearest(&"x".repeat(300_000), &["new"]), None);
        let many: Vec<&str> = std::iter::repeat_n("state", 100).collect();
        assert!(listed(&many).ends_with("state and 60 more"));
    }
}
