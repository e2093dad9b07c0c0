//! Reading what was published: a version with its text, and the history of a name.

use std::sync::Arc;

use orderwright_core::workflow::{Workflow, WorkflowSet};

use super::follow;
use crate::app::App;
use crate::ops::OpError;
use crate::store::PublicationRow;

/// The history of a name, newest first.
///
/// # Errors
/// [`OpError::NotFound`]: nothing of that name was ever published.
pub async fn history(app: &App, name: &str) -> Result<Vec<PublicationRow>, OpError> {
    let mut rows = app.store.publications_after(0).await?;
    rows.retain(|row| row.name == name);
    rows.reverse();
    if rows.is_empty() { Err(OpError::NotFound) } else { Ok(rows) }
}

/// A version of a name with the text that gives its words now.
///
/// # Errors
/// [`OpError::NotFound`]: that name has no such version.
pub async fn version(app: &App, name: &str, version: &str) -> Result<(Arc<Workflow>, String), OpError> {
    let set = fresh(app).await?;
    let found = set.by_version(version).filter(|w| w.name == name).ok_or(OpError::NotFound)?;
    let text = set.text(version).ok_or(OpError::NotFound)?.to_owned();
    Ok((found.clone(), text))
}

/// What is published at this moment.
pub async fn fresh(app: &App) -> Result<Arc<WorkflowSet>, OpError> {
    follow::follow(app).await?;
    Ok(app.workflows())
}

/// The version that a word means: a whole version, the beginning of one, or `current`.
///
/// # Errors
/// [`OpError::Invalid`] that names `pointer`, with the versions that there are.
pub fn named(set: &WorkflowSet, name: &str, word: &str, pointer: &str) -> Result<Arc<Workflow>, OpError> {
    if word == "current"
        && let Some(workflow) = set.get(name)
    {
        return Ok(workflow.clone());
    }
    let of_name: Vec<&Arc<Workflow>> = set.texts().map(|(w, _)| w).filter(|w| w.name == name).collect();
    if of_name.is_empty() {
        let known: Vec<&str> = set.iter().map(|w| w.name.as_str()).collect();
        return Err(OpError::field(pointer, format!("there is no workflow `{name}`; there are {}", known.join(", "))));
    }
    let mut found = of_name.iter().filter(|w| w.version.starts_with(word) && word.len() >= 4);
    match (found.next(), found.next()) {
        (Some(workflow), None) => Ok(Arc::clone(workflow)),
        _ => {
            let known: Vec<&str> = of_name.iter().map(|w| w.version.as_str()).collect();
            let detail = format!("must be one of the versions of {name}, or `current`: {}", known.join(", "));
            Err(OpError::field(pointer, detail))
        }
    }
}
