//! Which lifecycle a command means: a file, or the name of one that comes with the program; and its partner.
//!
//! A partner is looked for among the other files that are named, then among the workflows that come with the program, as `workflow check` does.
//! The files are read, not checked: a lifecycle with faults can be looked at too.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use orderwright_core::workflow::{Complaint, Workflow, WorkflowSet, read};

/// A lifecycle and its partner.
pub struct Source {
    /// The first that was named.
    pub workflow: Arc<Workflow>,
    /// The merchant's side of it, if it names one.
    pub partner: Option<Arc<Workflow>>,
}

/// Finds the lifecycle that the first of the words means.
pub fn find(words: &[String]) -> anyhow::Result<Source> {
    let shipped = WorkflowSet::shipped().map_err(|found| anyhow::anyhow!("a shipped workflow is wrong: {found:?}"))?;
    let mut given: Vec<Arc<Workflow>> = Vec::new();
    for word in words {
        given.push(one(word, &shipped)?);
    }
    let Some(workflow) = given.first().cloned() else { bail!("name a workflow or its file") };
    let partner = match &workflow.partner {
        None => None,
        Some(name) => {
            let among = given[1..].iter().find(|w| w.name == *name).cloned();
            let found = among.or_else(|| shipped.get(name).cloned());
            let missing =
                || format!("`{}` names `{name}` as its partner; give that workflow's file as well", workflow.name);
            Some(found.with_context(missing)?)
        }
    };
    Ok(Source { workflow, partner })
}

fn one(word: &str, shipped: &WorkflowSet) -> anyhow::Result<Arc<Workflow>> {
    if !Path::new(word).is_file() {
        if let Some(workflow) = shipped.get(word) {
            return Ok(workflow.clone());
        }
        let names: Vec<&str> = shipped.iter().map(|w| w.name.as_str()).collect();
        bail!("`{word}` is neither a file nor a workflow that comes with the program ({})", names.join(", "));
    }
    let bytes = std::fs::read(word).with_context(|| format!("cannot read {word}"))?;
    let text = String::from_utf8(bytes).with_context(|| format!("{word} is not UTF-8 text"))?;
    read(&text).map(Arc::new).map_err(|complaints| {
        let lines: Vec<String> = complaints.iter().map(|c| told(word, c)).collect();
        anyhow::anyhow!("{word} cannot be read:\n{}", lines.join("\n"))
    })
}

/// `file:line:col: path: message`, as editors read it.
fn told(file: &str, complaint: &Complaint) -> String {
    let path = if complaint.path.is_empty() { String::new() } else { format!("{}: ", complaint.path) };
    format!("{file}:{}:{}: {path}{}", complaint.line, complaint.column, complaint.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_files() {
        let split = find(&["marketplace-split".to_owned()]).expect("shipped");
        assert_eq!(split.partner.expect("has one").name, "merchant");
        assert!(find(&["retail".to_owned()]).expect("shipped").partner.is_none());
        let error = find(&["nothing".to_owned()]).err().expect("unknown").to_string();
        assert!(error.contains("`nothing` is neither a file nor") && error.contains("made-to-order"), "{error}");
    }

    #[test]
    fn a_partner_is_looked_for_among_the_files_first() {
        let dir = tempfile::tempdir().expect("a folder");
        let text = include_str!("../../../../../workflows/merchant.toml");
        let own = dir.path().join("own.toml");
        std::fs::write(&own, text.replace("title = \"Merchant\"", "title = \"Ours\"")).expect("written");
        let own = own.display().to_string();
        let split = find(&["marketplace-split".to_owned(), own.clone()]).expect("read");
        assert_eq!(split.partner.expect("has one").title, "Ours");
        std::fs::write(&own, text.replace("kind = \"merchant\"", "kind = \"mer")).expect("written");
        let error = find(std::slice::from_ref(&own)).err().expect("broken").to_string();
        assert!(error.contains(&format!("{own}:")), "{error}");
    }
}
