//! The files of a process as one list of processes: references followed, names prefixed.

use super::super::finding::{Finding, shown};
use super::super::model::Engine;
use super::super::xml::Element;
use super::{Found, Import, Missing, Options};

/// Between a prefix and a name.
const DELIMITER: &str = " - ";
/// The most files of one process; a real one has a dozen.
const MAX_FILES: usize = 500;
/// The most elements of one process with all its files.
const MAX_ELEMENTS: usize = 400_000;

/// A process of the merged file.
#[derive(Debug)]
pub(super) struct Part {
    /// The element.
    pub element: Element,
    /// The file that it stands in.
    pub file: String,
    /// The files that led to it, itself last, as indices into all files read. A file that leads to itself never ends.
    path: Vec<usize>,
}

/// Follows every reference. What cannot be followed is told and left out.
pub(super) fn merge(
    options: &Options<'_>,
    root: &Element,
    lookup: &mut dyn FnMut(&str) -> Result<Found, Missing>,
    out: &mut Import,
) -> Vec<Part> {
    let mut elements = root.size();
    let mut files = vec![options.file.to_owned()];
    let mut parts: Vec<Part> = root
        .children
        .iter()
        .cloned()
        .map(|element| Part { element, file: options.file.to_owned(), path: vec![0] })
        .collect();
    let mut at = 0;
    while at < parts.len() {
        let part = &parts[at];
        at += 1;
        let Some(reference) = part.element.get("file").map(|file| file.replace(' ', "_")) else { continue };
        let (line, from) = (part.element.line, part.file.clone());
        let told = format!("{from}:{line}: `{}`", shown(&reference));
        if files.len() > MAX_FILES {
            out.fail(Finding::new(
                "spryker-too-large",
                format!("the process has more than {MAX_FILES} files; the rest is not read"),
            ));
            break;
        }
        let found = match lookup(&reference) {
            Ok(found) => found,
            Err(missing) => {
                let (code, why) = match missing {
                    Missing::None(why) => ("spryker-missing-file", why),
                    Missing::Several(why) => ("spryker-ambiguous-file", why),
                    Missing::Unreadable(why) => ("spryker-unreadable-file", why),
                };
                out.fail(Finding::new(code, format!("{told}: {why}")));
                continue;
            }
        };
        if let Some(start) = part.path.iter().position(|&file| files[file] == found.file) {
            let circle: Vec<&str> =
                part.path[start..].iter().map(|&f| files[f].as_str()).chain([found.file.as_str()]).collect();
            let message = format!(
                "{told}: the files lead in a circle, which the engine would never leave: {}",
                circle.join(" → ")
            );
            out.fail(Finding::new("spryker-file-circle", message));
            continue;
        }
        let sub = &found.root;
        elements += sub.size();
        if elements > MAX_ELEMENTS {
            out.fail(Finding::new(
                "spryker-too-large",
                format!("the process has more than {MAX_ELEMENTS} elements; the rest is not read"),
            ));
            break;
        }
        let mut children = sub.children.clone();
        match (children.iter_mut().find(|c| c.name == "process"), part.element.get("name")) {
            (Some(first), Some(name)) => first.set("name", name.to_owned()),
            (Some(_), None) => {}
            (None, _) => {
                out.fail(Finding::new("spryker-missing-file", format!("{told}: {} has no process in it", found.file)));
            }
        }
        if let Some(prefix) = part.element.get("prefix") {
            children.iter_mut().for_each(|child| rename(child, &format!("{prefix}{DELIMITER}")));
        }
        let mut path = part.path.clone();
        path.push(files.len());
        files.push(found.file.clone());
        parts.extend(children.into_iter().map(|element| Part {
            element,
            file: found.file.clone(),
            path: path.clone(),
        }));
    }
    if options.engine == Engine::StateMachine {
        for part in &parts {
            ignored_by_state_machine(part, out);
        }
    }
    parts
}

/// Puts the prefix before every name that states and events have or are referred to by. Depth is bounded by `read`.
fn rename(element: &mut Element, prefix: &str) {
    if matches!(element.name.as_str(), "state" | "event") {
        let name = element.get("name").unwrap_or_default().to_owned();
        element.set("name", format!("{prefix}{name}"));
    }
    if matches!(element.name.as_str(), "source" | "target" | "event") {
        element.text.insert_str(0, prefix);
    }
    element.children.iter_mut().for_each(|child| rename(child, prefix));
}

/// What only the OMS engine knows, and an author of a merchant's process may count on.
fn ignored_by_state_machine(part: &Part, out: &mut Import) {
    let of = |block: &str| part.element.first(block).into_iter().flat_map(|b| &b.children);
    for state in of("states").filter(|s| s.is("reserved")) {
        let name = state.get("name").unwrap_or_default();
        let message = format!("`reserved` of `{}` has no effect: only the OMS engine reserves stock", shown(name));
        out.findings.push(Finding::new("spryker-attribute-ignored", message).state(name));
    }
    for event in of("events").filter(|e| e.get("timeoutProcessor").is_some()) {
        let name = event.get("name").unwrap_or_default();
        let message = format!("`timeoutProcessor` of `{}` has no effect: only the OMS engine knows it", shown(name));
        out.findings.push(Finding::new("spryker-attribute-ignored", message).event(name));
    }
}
