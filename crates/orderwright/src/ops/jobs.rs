//! Jobs that gave up, tried again by somebody.

use orderwright_core::id::JobId;

use super::idempotency::Key;
use super::{Ctx, OpError};
use crate::app::App;
use crate::store::{Changeset, CommitError, Guard, JobRow};

/// The states of jobs; those that are done are gone.
pub const STATES: &[&str] = &["ready", "in_doubt", "dead"];
/// The kinds of jobs.
pub const KINDS: &[&str] = &[
    crate::effects::PAYMENT,
    crate::effects::PAYOUT,
    crate::effects::SANDBOX_WEBHOOK,
    crate::effects::PROVIDER_EVENT,
    crate::effects::RECONCILIATION,
    crate::effects::DISPUTE,
    crate::effects::MAIL,
];

/// Jobs after an id, at most `limit`, in one state or of one kind if asked so.
pub async fn list(
    ctx: &Ctx,
    state: Option<&str>,
    kind: Option<&str>,
    after: i64,
    limit: i64,
) -> Result<Vec<JobRow>, OpError> {
    Ok(ctx.app.store.list_jobs(state, kind, after, limit).await?)
}

/// Lets a job run again that gave up, and answers with it; the request's key is taken with it.
pub async fn retry(app: &App, id: JobId, key: Option<&Key>) -> Result<JobRow, OpError> {
    let row = app.store.find_job(id.0).await?.ok_or(OpError::NotFound)?;
    let not_dead = |state: &str| {
        OpError::Conflict("job_not_dead", format!("{id} is {state}: only a job that gave up can be tried again"))
    };
    if row.state != "dead" {
        return Err(not_dead(&row.state));
    }
    let now = app.clock.now();
    let mut cs = Changeset::new(app.ids.next(now), now.0);
    cs.revive_job(id.0, now.0);
    if let Some(key) = key {
        key.start(&mut cs, None, now);
    }
    match app.store.commit(cs).await {
        Ok(()) => {
            app.wake.notify_one();
            Ok(JobRow { state: "ready".to_owned(), run_at: now.0, lease_owner: 0, lease_until: 0, ..row })
        }
        // Somebody else was quicker.
        Err(CommitError::Conflict { what: Guard::Job }) => Err(not_dead("running again")),
        Err(error) => Err(error.into()),
    }
}
