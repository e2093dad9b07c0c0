//! Jobs that gave up, tried again by somebody.

use orderwright_core::id::JobId;

use super::OpError;
use crate::app::App;
use crate::store::{Changeset, CommitError, Guard};

/// Lets a job run again that gave up.
pub async fn retry(app: &App, id: JobId) -> Result<(), OpError> {
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
    match app.store.commit(cs).await {
        Ok(()) => {
            app.wake.notify_one();
            Ok(())
        }
        // Somebody else was quicker.
        Err(CommitError::Conflict { what: Guard::Job }) => Err(not_dead("running again")),
        Err(error) => Err(error.into()),
    }
}
