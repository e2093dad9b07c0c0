//! The rules of reading, each with the smallest file that shows it.

mod behaviour;
mod hostile;
mod reading;
mod stepping;

use super::finding::Finding;
use super::import::{Found, Import, Missing, Options, import};
use super::model::Engine;
use super::xml;

/// A file of one main process with these children.
pub(super) fn main(name: &str, inner: &str) -> String {
    machine(&format!("<process name=\"{name}\" main=\"true\">{inner}</process>"))
}

pub(super) fn machine(inner: &str) -> String {
    format!("<?xml version=\"1.0\"?>\n<statemachine xmlns=\"spryker:oms-01\">{inner}</statemachine>")
}

/// `a b!` → states a and b, b reserved.
pub(super) fn states(names: &str) -> String {
    let state = |name: &str| match name.strip_suffix('!') {
        Some(name) => format!("<state name=\"{name}\" reserved=\"true\"/>"),
        None => format!("<state name=\"{name}\"/>"),
    };
    format!("<states>{}</states>", names.split(' ').map(state).collect::<String>())
}

/// `a b go` → from a to b by go; `a b go ?X/Y` with a condition, `a b - ?X/Y` without an event.
pub(super) fn transitions(lines: &[&str]) -> String {
    let transition = |line: &&str| {
        let words: Vec<&str> = line.split(' ').collect();
        let condition = words.iter().find_map(|w| w.strip_prefix('?'));
        let condition = condition.map_or(String::new(), |c| format!(" condition=\"{c}\""));
        let event = words
            .get(2)
            .filter(|e| **e != "-" && !e.starts_with('?'))
            .map_or(String::new(), |e| format!("<event>{e}</event>"));
        format!("<transition{condition}><source>{}</source><target>{}</target>{event}</transition>", words[0], words[1])
    };
    format!("<transitions>{}</transitions>", lines.iter().map(transition).collect::<String>())
}

/// `go manual="true"` → an event with these attributes.
pub(super) fn events(lines: &[&str]) -> String {
    let event = |line: &&str| {
        let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
        format!("<event name=\"{name}\" {rest}/>")
    };
    format!("<events>{}</events>", lines.iter().map(event).collect::<String>())
}

/// Reads a file with these others to look up by the text of their references.
pub(super) fn read_with(engine: Engine, text: &str, others: &[(&str, &str)]) -> Import {
    let options = Options { engine, file: "main.xml", initial: None };
    let found = |file: &str, text: &str| match xml::read(text.as_bytes()) {
        Ok(root) => Ok(Found { file: file.to_owned(), root: root.into() }),
        Err(why) => Err(Missing::Unreadable(why)),
    };
    let root = xml::read(text.as_bytes());
    import(&options, root.as_ref().map_err(String::as_str), &mut |reference| match others
        .iter()
        .find(|(name, _)| *name == reference)
    {
        Some((name, text)) => found(name, text),
        None if reference == "main.xml" => found("main.xml", text),
        None => Err(Missing::None("there is no such file".to_owned())),
    })
}

pub(super) fn read(text: &str) -> Import {
    read_with(Engine::Oms, text, &[])
}

/// Reads what has no mistake in it.
#[track_caller]
pub(super) fn fine(engine: Engine, text: &str) -> super::model::Process {
    let out = read_with(engine, text, &[]);
    assert_eq!(out.errors, [""; 0]);
    out.process
}

/// `code state event` of each finding.
pub(super) fn codes(findings: &[Finding]) -> Vec<String> {
    let mut out: Vec<String> = findings
        .iter()
        .map(|f| format!("{} {} {}", f.code, f.state.as_deref().unwrap_or("-"), f.event.as_deref().unwrap_or("-")))
        .collect();
    out.dedup();
    out
}
