//! How a node knows what is published: from the store when it starts, and from then on by looking whether the history has grown.
//!
//! Another node, or the command line beside a server, publishes by writing to the history; nobody is told. A node looks often enough that
//! new orders take a new version within a second, and at once when it meets an order of a version that it does not know.

use orderwright_core::workflow::{Complaint, WorkflowSet};

use super::digest;
use crate::app::App;
use crate::store::{Changeset, CommitError, Guard, PublicationRow, StoreError, WorkflowRow};

/// Who publishes what comes with the program.
pub const SHIPPED: &str = "orderwright";
/// How long a node goes without looking.
const EVERY_US: i64 = 200_000;
/// How often the start is tried again because another node published at the same moment.
const ATTEMPTS: u32 = 20;

/// Publishes the shipped workflows that are new, and takes everything that was ever published. A shipped text becomes current once: a
/// workflow of that name that somebody published here stays, and so does an undone upgrade.
pub async fn open(app: &App) -> anyhow::Result<()> {
    for _ in 0..ATTEMPTS {
        let stored = app.store.workflows().await?;
        let history = app.store.publications_after(0).await?;
        let new = shipped(app, &history)?;
        if new.is_empty() {
            let mut set = WorkflowSet::new();
            let wrong = |name: &str, version: &str, found: Vec<Complaint>| {
                anyhow::anyhow!("stored workflow {name} {version}: {found:?}")
            };
            for row in &stored {
                set.keep(&row.body).map_err(|found| wrong(&row.name, &row.version, found))?;
            }
            for row in &history {
                set.adopt(&row.body).map_err(|found| wrong(&row.name, &row.version, found))?;
            }
            app.set_workflows(set, history.last().map_or(0, |row| row.seq));
            return Ok(());
        }
        let now = app.clock.now();
        let mut cs = Changeset::new(app.ids.next(now), now.0);
        new.iter().for_each(|row| add(&mut cs, row));
        match app.store.commit(cs).await {
            Ok(()) | Err(CommitError::Duplicate { what: Guard::Publication }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    anyhow::bail!("the published workflows keep changing; start again")
}

/// Adds an act of publishing to a changeset.
pub(super) fn add(cs: &mut Changeset, row: &PublicationRow) {
    cs.insert_workflow(&WorkflowRow {
        version: row.version.clone(),
        name: row.name.clone(),
        body: row.body.clone(),
        created_at: row.at,
    });
    cs.insert_publication(row);
}

/// What comes with the program and was never published here, unless somebody's own is current.
fn shipped(app: &App, history: &[PublicationRow]) -> anyhow::Result<Vec<PublicationRow>> {
    let set = WorkflowSet::shipped().map_err(|found| anyhow::anyhow!("a shipped workflow is wrong: {found:?}"))?;
    let mut seq = history.last().map_or(0, |row| row.seq);
    let mut new = Vec::new();
    for (workflow, text) in set.texts() {
        let digest = digest(text);
        let of_name = || history.iter().filter(|row| row.name == workflow.name);
        if of_name().any(|row| row.digest == digest) {
            continue;
        }
        if of_name().next_back().is_some_and(|row| row.published_by != SHIPPED) {
            tracing::info!(workflow = workflow.name, "a newer shipped version is not published: this shop has its own");
            continue;
        }
        seq += 1;
        new.push(PublicationRow {
            seq,
            version: workflow.version.clone(),
            name: workflow.name.clone(),
            digest,
            body: text.to_owned(),
            published_by: SHIPPED.to_owned(),
            note: None,
            at: app.clock.now().0,
        });
    }
    Ok(new)
}

/// Takes what was published since this node last looked. Says whether there was anything.
pub async fn follow(app: &App) -> Result<bool, StoreError> {
    let (set, seq) = app.workflows_at();
    if app.store.publication_head().await? <= seq {
        return Ok(false);
    }
    let rows = app.store.publications_after(seq).await?;
    let Some(last) = rows.last().map(|row| row.seq) else { return Ok(false) };
    let mut set = (*set).clone();
    for row in rows {
        match set.adopt(&row.body) {
            Ok(_) => tracing::info!(workflow = row.name, version = row.version, "a workflow was published"),
            // A newer program may have published what this one cannot read: its orders are for nodes of that program.
            Err(found) => {
                tracing::error!(
                    workflow = row.name,
                    version = row.version,
                    ?found,
                    "a published workflow cannot be read"
                )
            }
        }
    }
    app.set_workflows(set, last);
    Ok(true)
}

/// The same, but not more often than new versions are waited for.
pub async fn look(app: &App) -> Result<(), StoreError> {
    if app.is_time_to_look(app.clock.real_now(), EVERY_US) {
        follow(app).await?;
    }
    Ok(())
}
