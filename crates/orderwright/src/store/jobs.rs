//! Jobs: durable effects that are claimed by lease and fence.
//!
//! `run_at` follows the movable clock, leases follow real time. What is not here: what a job does.

use super::{Changeset, Driver, Result, Store, changeset::Label, registry::Stmt, value::row};

row! {
    /// One job.
    pub struct JobRow {
        /// Its id, and the idempotency key of its effect.
        id: i64,
        /// What it does.
        kind: String,
        /// The order that waits for it.
        order_id: Option<i64>,
        /// ready, in_doubt or dead.
        state: String,
        /// When it may run.
        run_at: i64,
        /// The node that runs it; 0 for none.
        lease_owner: i64,
        /// Until when that node has it, in real time.
        lease_until: i64,
        /// Grows with every lease; an outcome counts only with the fence that it was leased with.
        fence: i64,
        /// How often it was claimed.
        attempts: i64,
        /// What it needs (JSON).
        payload: String,
        /// Why the last attempt failed.
        last_error: Option<String>,
        /// When it was made.
        created_at: i64,
    }
}

impl Store {
    /// Leases jobs that are due and that nobody has, the longest due first. Their fence and attempts have grown by one.
    pub async fn claim_jobs(
        &self,
        owner: i64,
        now: i64,
        real_now: i64,
        lease_until: i64,
        limit: i64,
    ) -> Result<Vec<JobRow>> {
        let vals = vec![owner.into(), now.into(), real_now.into(), lease_until.into(), limit.into()];
        let mut jobs: Vec<JobRow> = self.inner.write_rows(Stmt::JobClaim, vals).await?;
        jobs.sort_by_key(|job| (job.run_at, job.id));
        Ok(jobs)
    }

    /// Frees what an earlier run of this server had leased when it died; how many those were. On PostgreSQL other owners
    /// may be alive: there the leases run out by themselves, and this does nothing.
    pub async fn release_leases_of_other_owners(&self) -> Result<usize> {
        match self.inner.driver {
            Driver::Sqlite(_) => {
                Ok(self.inner.write_rows::<i64>(Stmt::JobReleaseOthers, vec![self.node_id().into()]).await?.len())
            }
            Driver::Postgres(_) => Ok(0),
        }
    }

    /// When the next job that nobody has may run.
    pub async fn next_job_run_at(&self, real_now: i64) -> Result<Option<i64>> {
        Ok(self.inner.row::<Option<i64>>(Stmt::JobNextRunAt, &[real_now.into()]).await?.flatten())
    }

    /// The job with this id.
    pub async fn find_job(&self, id: i64) -> Result<Option<JobRow>> {
        self.inner.row(Stmt::JobFind, &[id.into()]).await
    }

    /// Jobs after an id, in the order of their ids.
    pub async fn list_jobs(
        &self,
        state: Option<&str>,
        kind: Option<&str>,
        after: i64,
        limit: i64,
    ) -> Result<Vec<JobRow>> {
        self.inner.list_stmt(Stmt::JobList, vec![state.into(), kind.into(), after.into(), limit.into()]).await
    }

    /// How many jobs are in each state.
    pub async fn count_jobs_by_state(&self) -> Result<Vec<(String, i64)>> {
        self.inner.list_stmt(Stmt::JobCount, vec![]).await
    }
}

impl Changeset {
    /// Adds a job; it may be leased already to the node that adds it.
    pub fn insert_job(&mut self, job: &JobRow) -> &mut Self {
        self.push(Stmt::JobInsert, Label::Job, job.vals())
    }

    /// Ends a job whatever its fence: its outcome came another way (a provider's webhook), and the order takes it once.
    pub fn delete_job(&mut self, id: i64) -> &mut Self {
        self.push(Stmt::JobDelete, Label::Job, [id.into()])
    }

    /// The job is done: it goes, if the lease with this fence is still the last one.
    pub fn finish_job(&mut self, id: i64, fence: i64) -> &mut Self {
        self.guard(Stmt::JobFinish, Label::Job, [id.into(), fence.into()])
    }

    /// The attempt failed: the job waits until `run_at` in this state, if the lease with this fence is still the last one.
    pub fn retry_job(&mut self, id: i64, fence: i64, run_at: i64, state: &str, last_error: Option<&str>) -> &mut Self {
        let vals = [id.into(), fence.into(), run_at.into(), state.into(), last_error.into()];
        self.guard(Stmt::JobRetry, Label::Job, vals)
    }

    /// A dead job is to run again.
    pub fn revive_job(&mut self, id: i64, run_at: i64) -> &mut Self {
        self.guard(Stmt::JobRevive, Label::Job, [id.into(), run_at.into()])
    }
}
