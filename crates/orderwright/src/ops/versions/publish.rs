//! Publishing: a proved text becomes the current version of its name, for new orders; orders in flight keep theirs.
//!
//! Nothing that was published changes or goes away. To undo, publish the earlier text again.

use orderwright_core::actor::Role;
use orderwright_core::workflow::WorkflowSet;

use super::prove::{File, Finding, Proved, prove};
use super::{digest, follow};
use crate::ops::{Ctx, OpError};
use crate::store::{Changeset, CommitError, Guard, PublicationRow};

/// How often publishing is tried again because somebody else published meanwhile.
const ATTEMPTS: u32 = 20;
/// The longest note.
pub const MAX_NOTE: usize = 1000;

/// What publishing a text came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A version that was not there before.
    New,
    /// The version that is current, in other words: orders in flight show them at once.
    Words,
    /// A version that was published before is current again.
    Again,
    /// The text is current already; nothing was written.
    Unchanged,
}

impl Outcome {
    /// The name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "published",
            Self::Words => "words_changed",
            Self::Again => "published_again",
            Self::Unchanged => "unchanged",
        }
    }
}

/// A workflow as it was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its name.
    pub name: String,
    /// The version that is current now.
    pub version: String,
    /// The version that was current before, if it is another one.
    pub replaces: Option<String>,
    /// What was done.
    pub outcome: Outcome,
}

/// Publishes texts together, in one changeset.
///
/// # Errors
/// [`OpError::Forbidden`] unless the actor is an administrator; [`OpError::Findings`] when the proof fails: nothing was published.
pub async fn publish(ctx: &mut Ctx, files: &[File], note: Option<&str>) -> Result<Vec<Published>, OpError> {
    if ctx.actor.role != Role::Admin {
        return Err(OpError::Forbidden("only an administrator publishes workflows".to_owned()));
    }
    if note.is_some_and(|n| n.chars().count() > MAX_NOTE) {
        return Err(OpError::field("/note", format!("must have at most {MAX_NOTE} characters")));
    }
    for _ in 0..ATTEMPTS {
        follow::follow(&ctx.app).await?;
        let (set, seq) = ctx.app.workflows_at();
        // It walks through everything that an order can do: meanwhile others are answered.
        let (proving, given) = (set.clone(), files.to_vec());
        let proved = tokio::task::spawn_blocking(move || prove(&proving, &given)).await;
        let proved = proved.map_err(|e| OpError::Internal(e.to_string()))?.map_err(OpError::Findings)?;
        let now = ctx.clock.now();
        let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
        let mut next = seq;
        let mut published = Vec::new();
        for Proved { file: n, workflow, text } in proved {
            let text = &text;
            let outcome = outcome(&set, &workflow.name, &workflow.version, text);
            let current = set.get(&workflow.name).map(|w| w.version.clone());
            published.push((
                n,
                Published {
                    name: workflow.name.clone(),
                    version: workflow.version.clone(),
                    replaces: current.filter(|v| *v != workflow.version),
                    outcome,
                },
            ));
            if outcome == Outcome::Unchanged {
                continue;
            }
            next += 1;
            follow::add(
                &mut cs,
                &PublicationRow {
                    seq: next,
                    version: workflow.version.clone(),
                    name: workflow.name.clone(),
                    digest: digest(text),
                    body: text.clone(),
                    published_by: ctx.actor.id.clone(),
                    note: note.map(str::to_owned),
                    at: now.0,
                },
            );
        }
        if let Some(key) = &ctx.key {
            key.start(&mut cs, None, now);
        }
        published.sort_by_key(|(n, _)| *n);
        let published = published.into_iter().map(|(_, p)| p).collect();
        if next == seq && ctx.key.is_none() {
            return Ok(published);
        }
        match ctx.app.store.commit(cs).await {
            Ok(()) => {
                ctx.key = None;
                follow::follow(&ctx.app).await?;
                return Ok(published);
            }
            Err(CommitError::Duplicate { what: Guard::Publication }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(OpError::Busy("workflows keep being published".to_owned()))
}

fn outcome(set: &WorkflowSet, name: &str, version: &str, text: &str) -> Outcome {
    let is_current = set.get(name).is_some_and(|w| w.version == version);
    match (is_current, set.text(version)) {
        (true, Some(now)) if now == text => Outcome::Unchanged,
        (true, _) => Outcome::Words,
        (false, Some(_)) => Outcome::Again,
        (false, None) => Outcome::New,
    }
}

/// The lines of findings, as editors read them: `file:line:col: path: message`.
pub fn lines(findings: &[Finding]) -> Vec<String> {
    let line = |f: &Finding| {
        let c = &f.complaint;
        let path = if c.path.is_empty() { String::new() } else { format!("{}: ", c.path) };
        format!("{}:{}:{}: {path}{}", f.file, c.line, c.column, c.message)
    };
    findings.iter().map(line).collect()
}
