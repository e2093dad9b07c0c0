//! Merges the files of a process as `Builder` of its engine does, and says what that engine would stumble over.
//!
//! The order matters, because the last one read wins: the main file in document order, then each referenced file, appended where the
//! reference is met, references in appended files included. An engine stops at its first error; here reading goes on, so that one run
//! shows all of them, and what could be read is still counted.
//!
//! Where a file is, is the caller's business: `merge` asks its lookup. What only shows when items move is in `lint`.

mod build;
mod merge;

use std::sync::Arc;

use super::finding::Finding;
use super::model::{Engine, Process};
use super::xml::Element;

/// A file that was looked up.
#[derive(Clone, Debug)]
pub struct Found {
    /// What it is known by; two references to one file have the same, so that a circle is seen.
    pub file: String,
    /// Its root element; many processes share a file, so it is read once.
    pub root: Arc<Element>,
}

/// Why a file could not be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// There is none; says where it was looked for.
    None(String),
    /// There are several, and the engine does not choose.
    Several(String),
    /// It is there and cannot be read, or must not be.
    Unreadable(String),
}

/// What came of reading a process.
#[derive(Clone, Debug, Default)]
pub struct Import {
    /// The process, as far as it could be read.
    pub process: Process,
    /// What is wrong with how it is written; what is wrong with how it behaves is for `lint`.
    pub findings: Vec<Finding>,
    /// Why its engine would not run it; empty when it would.
    pub errors: Vec<String>,
}

impl Import {
    /// All errors in one line, not too many.
    pub fn error(&self) -> Option<String> {
        /// The most errors that one line tells.
        const TOLD: usize = 5;
        if self.errors.is_empty() {
            return None;
        }
        let mut out = self.errors.iter().take(TOLD).cloned().collect::<Vec<_>>().join("; ");
        if self.errors.len() > TOLD {
            out.push_str(&format!("; and {} more", self.errors.len() - TOLD));
        }
        Some(out)
    }

    /// Whether all of the process was read, so that its behaviour can be told. A timeout that can't be read does not hinder that.
    pub fn is_whole(&self) -> bool {
        let timeouts = self.findings.iter().filter(|f| f.code == "spryker-invalid-timeout").count();
        self.errors.len() <= timeouts
    }

    fn fail(&mut self, finding: Finding) {
        self.errors.push(finding.message.clone());
        self.findings.push(finding);
    }
}

/// How a process is read.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// By whose rules.
    pub engine: Engine,
    /// What the main file is known by.
    pub file: &'a str,
    /// The first state, when it is none of the usual ones.
    pub initial: Option<&'a str>,
}

/// Whether the file has a main process, so that it is a process of its own and not only a part of others. `None`: it is another kind of
/// XML file.
pub fn has_main(root: &Element) -> Option<bool> {
    (root.name == "statemachine").then(|| root.children.iter().any(|process| process.is("main")))
}

/// Reads a process from the root element of its file, or the sentence why that can't be read. `lookup` is asked for each file that it
/// references, by the text of the reference with blanks turned into `_`.
pub fn import(
    options: &Options<'_>,
    root: Result<&Element, &str>,
    lookup: &mut dyn FnMut(&str) -> Result<Found, Missing>,
) -> Import {
    let mut out = Import::default();
    match root {
        Ok(root) => {
            let merged = merge::merge(options, root, lookup, &mut out);
            build::build(options, &merged, &mut out);
        }
        Err(error) => out.fail(Finding::new("spryker-unreadable-file", format!("{}: {error}", options.file))),
    }
    let mut told = std::collections::BTreeSet::new();
    out.errors.retain(|error| told.insert(error.clone()));
    out.findings.sort();
    out.findings.dedup();
    out
}
