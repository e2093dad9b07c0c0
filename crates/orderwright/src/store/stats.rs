//! What the store counts about itself: commits and their outcomes, batches of the SQLite writer, checkpoints, further flights.
//!
//! The numbers are atomics that the drivers add to; reading them costs a commit nothing. What is not here: how they are called outside
//! (`web/metrics`), and what has to be asked of the database first ([`Store::load`]).

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

use super::error::CommitError;
use super::{Driver, Result, Store};
use crate::kernel::meter::{Histogram, LATENCIES_US, SIZES};

/// What became of changesets, as a label's words.
pub const OUTCOMES: [&str; 6] = ["committed", "conflict", "duplicate", "unavailable", "unknown", "invalid"];

/// Numbers of one store; clones share them.
#[derive(Clone, Debug)]
pub struct Stats {
    /// Changesets by what became of them, in the order of [`OUTCOMES`].
    pub commits: Arc<[Counter; 6]>,
    /// From the call to the answer, whatever it was.
    pub commit_time: Histogram,
    /// Changesets and other writes that wait for their answer.
    pub committing: Gauge<i64, AtomicI64>,
    /// Writes in one transaction of the SQLite writer.
    pub batch_size: Histogram,
    /// Checkpoints of the write-ahead log.
    pub checkpoints: Counter,
    /// Flights to PostgreSQL beyond the first of a changeset: deadlocks and broken connections.
    pub retries: Counter,
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            commits: Arc::default(),
            commit_time: Histogram::new(LATENCIES_US),
            committing: Gauge::default(),
            batch_size: Histogram::new(SIZES),
            checkpoints: Counter::default(),
            retries: Counter::default(),
        }
    }
}

impl Stats {
    pub(super) fn count<T>(&self, result: &Result<T, CommitError>) {
        let at = match result {
            Ok(_) => 0,
            Err(CommitError::Conflict { .. }) => 1,
            Err(CommitError::Duplicate { .. }) => 2,
            Err(CommitError::Unavailable(_)) => 3,
            Err(CommitError::Unknown(_)) => 4,
            Err(CommitError::Invalid(_)) => 5,
        };
        self.commits[at].inc();
    }
}

/// How full the store is at this moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    /// Bytes of the database file (SQLite).
    pub file_bytes: u64,
    /// Bytes of the write-ahead log (SQLite).
    pub wal_bytes: u64,
    /// Connections for commits: open, idle, and tasks that wait for one (PostgreSQL).
    pub commit_pool: (usize, usize, usize),
    /// The same for lists.
    pub list_pool: (usize, usize, usize),
}

impl Store {
    /// What the store counts about itself.
    pub fn stats(&self) -> &Stats {
        &self.inner.stats
    }

    /// How full it is.
    pub fn load(&self) -> Load {
        match &self.inner.driver {
            Driver::Sqlite(db) => {
                let (file_bytes, wal_bytes) = db.sizes();
                Load { file_bytes, wal_bytes, ..Load::default() }
            }
            Driver::Postgres(db) => {
                let (commit_pool, list_pool) = db.pools();
                Load { commit_pool, list_pool, ..Load::default() }
            }
        }
    }
}
