//! What a check found in a process: a code with a page in `docs/findings`, the place, and the way there.

use serde::Serialize;

/// Something in a process that its author cannot have meant, or should know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The code: the name of a page in `docs/findings`.
    pub code: &'static str,
    /// The state that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The event that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// What is wrong, and what would be right.
    pub message: String,
    /// For what is about behaviour: the shortest way from the first state, one step an entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<Vec<String>>,
}

impl Finding {
    /// A finding about the process as a whole.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, state: None, event: None, message: message.into(), trace: None }
    }

    /// The same, about a state.
    #[must_use]
    pub fn state(mut self, name: &str) -> Self {
        self.state = Some(name.to_owned());
        self
    }

    /// The same, about an event.
    #[must_use]
    pub fn event(mut self, name: &str) -> Self {
        self.event = Some(name.to_owned());
        self
    }

    /// The same, with the way there.
    #[must_use]
    pub fn trace(mut self, steps: Vec<String>) -> Self {
        self.trace = Some(steps);
        self
    }
}

/// The longest part of a foreign word that a message repeats, in characters.
const SHOWN: usize = 120;

/// A word of a file as messages show it: clipped and without control characters, so that a hostile file cannot flood or forge a log.
pub fn shown(word: &str) -> String {
    let mut out: String = word.chars().take(SHOWN).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if word.chars().nth(SHOWN).is_some() {
        out.push('…');
    }
    out
}

/// The most words that a message lists.
const LISTED: usize = 12;

/// Names as messages list them: quoted, clipped, not too many.
pub fn listed<'n>(names: impl IntoIterator<Item = &'n str>, between: &str) -> String {
    let mut names = names.into_iter();
    let mut out: Vec<String> = names.by_ref().take(LISTED).map(|name| format!("`{}`", shown(name))).collect();
    let more = names.count();
    if more > 0 {
        out.push(format!("{more} more"));
    }
    out.join(between)
}
