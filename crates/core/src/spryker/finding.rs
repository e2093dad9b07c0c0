//! What a check found in a process: a code with a page in `docs/findings`, the place, and the way there.

use serde::Serialize;

/// Every code that a process can be told: those of the checker of workflow files, which mean the same there, and those of Spryker alone.
pub const CODES: &[&str] = &[
    "ambiguous-transition",
    "competing-triggers",
    "endless-cycle",
    "event-declared-twice",
    "event-never-fires",
    "final-state-reserves-stock",
    "guard-without-else",
    "reservation-gap",
    "shadowed-transition",
    "trap",
    "unreachable-state",
    "spryker-ambiguous-file",
    "spryker-attribute-ignored",
    "spryker-duplicate-transition",
    "spryker-file-circle",
    "spryker-invalid-timeout",
    "spryker-missing-file",
    "spryker-nested-subprocess",
    "spryker-no-initial-state",
    "spryker-no-main-process",
    "spryker-repeated-element",
    "spryker-second-block-ignored",
    "spryker-second-on-enter",
    "spryker-self-loop",
    "spryker-several-main-processes",
    "spryker-several-targets",
    "spryker-several-timeouts",
    "spryker-state-declared-twice",
    "spryker-subprocess-not-listed",
    "spryker-target-not-listed",
    "spryker-timeout-not-set",
    "spryker-too-large",
    "spryker-undeclared-event",
    "spryker-unknown-state",
    "spryker-unknown-subprocess",
    "spryker-unreadable-file",
];

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
        debug_assert!(CODES.contains(&code), "{code} has no page");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_spryker_alone_has_its_page() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/findings");
        for code in CODES.iter().filter(|code| code.starts_with("spryker-")) {
            let page = std::fs::read_to_string(folder.join(format!("{code}.md"))).expect(code);
            assert!(page.starts_with(&format!("# {code}\n")) && page.contains("## What to do"), "{code}");
        }
        let pages = std::fs::read_dir(folder)
            .expect("the folder")
            .map(|e| e.expect("a file").file_name().into_string().expect("text"));
        let of_spryker = pages.filter(|name| name.starts_with("spryker-")).count();
        assert_eq!(
            of_spryker,
            CODES.iter().filter(|code| code.starts_with("spryker-")).count(),
            "no page without a code"
        );
    }

    #[test]
    fn foreign_words_are_shown_with_care() {
        assert_eq!(shown("a\u{1b}[2Jb"), "a\u{fffd}[2Jb");
        assert_eq!(shown(&"x".repeat(1_000)).chars().count(), SHOWN + 1);
        assert_eq!(listed(["a", "b"], ", "), "`a`, `b`");
        assert!(listed(std::iter::repeat_n("a", 100), ", ").ends_with("`a`, 88 more"));
    }
}
