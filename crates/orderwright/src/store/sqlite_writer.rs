//! The one writer of a SQLite file, and its group commit.
//!
//! A batch is one transaction: the first task and whatever queued up meanwhile. Nearly always all of them succeed, so at first they run
//! as they come. When one is refused, the transaction is rolled back and the batch runs again, each task in a savepoint of its own, so
//! that one that is refused hurts no other. A savepoint keeps a copy of every page that is changed in it: it costs
//! as much as the changes themselves, and batches after a refusal have them at once for a while (a sale that is sold out). No timer is needed: the next batch forms while this one is flushed to disk. Nobody
//! is answered before COMMIT has returned. What is not here: connections for reading.

use std::time::Duration;

use rusqlite::{Connection, ErrorCode, ffi, params_from_iter};
use tokio::sync::{mpsc, oneshot};

use super::{
    changeset::{Changeset, Op},
    error::{CommitError, Guard},
    registry::Stmt,
    sqlite::collect,
    stats::Stats,
    value::{FromRow, Val},
};
use crate::kernel::clock::stopwatch;

/// Tasks in one transaction at most.
const BATCH: usize = 256;
/// Batches with savepoints, after several that had to be repeated.
const MOST_CAREFUL: u32 = 64;
/// How long nothing was to be written until the writer counts as idle. Under load the queue is empty now and then, for a moment: a checkpoint
/// there copies pages back that the next batches change again.
const IDLE: Duration = Duration::from_millis(20);
/// WAL pages after which an idle writer checkpoints.
const IDLE_PAGES: i64 = 1_000;
/// WAL pages after which a busy writer checkpoints as well.
const BUSY_PAGES: i64 = 10_000;

/// Something to write in a batch.
pub(super) trait Task: Send {
    /// Executes it; an error means that what it did is rolled back. Called again when it has to be repeated.
    fn run(&mut self, conn: &Connection) -> Result<(), CommitError>;
    /// Tells the one who waits; called once, after COMMIT or with the reason why there was none.
    fn answer(self: Box<Self>, result: Result<(), CommitError>);
}

/// What became of a changeset, and the changeset: its hundred values are freed by the thread that made them, which is cheaper for it and
/// leaves the writer its time.
pub(super) type Committed = (Result<u64, CommitError>, Changeset);

/// A changeset in a batch.
pub(super) struct Commit {
    changeset: Changeset,
    counted: u64,
    ack: oneshot::Sender<Committed>,
}

impl Commit {
    pub(super) fn new(changeset: Changeset, ack: oneshot::Sender<Committed>) -> Self {
        Commit { changeset, counted: 0, ack }
    }
}

impl Task for Commit {
    fn run(&mut self, conn: &Connection) -> Result<(), CommitError> {
        self.counted = 0;
        for op in self.changeset.ops() {
            let rows =
                execute(conn, &self.changeset, op).map_err(|e| commit_error(&e, || self.changeset.guard_of(op)))?;
            if op.expect.is_some_and(|expected| expected != rows) {
                return Err(CommitError::Conflict { what: self.changeset.guard_of(op) });
            }
            if op.counted {
                self.counted += rows;
            }
        }
        Ok(())
    }

    fn answer(self: Box<Self>, result: Result<(), CommitError>) {
        let Commit { changeset, counted, ack } = *self;
        // The one who asked may be gone; what was committed stays committed.
        let _ = ack.send((result.map(|()| counted), changeset));
    }
}

fn execute(conn: &Connection, changeset: &Changeset, op: &Op) -> rusqlite::Result<u64> {
    let mut statement = conn.prepare_cached(op.stmt.sqlite())?;
    Ok(statement.execute(params_from_iter(changeset.vals(op)))? as u64)
}

/// One writing statement that returns rows, in a batch.
pub(super) struct WriteRows<T> {
    stmt: Stmt,
    vals: Vec<Val>,
    rows: Vec<T>,
    ack: oneshot::Sender<Result<Vec<T>, CommitError>>,
}

impl<T> WriteRows<T> {
    pub(super) fn new(stmt: Stmt, vals: Vec<Val>, ack: oneshot::Sender<Result<Vec<T>, CommitError>>) -> Self {
        WriteRows { stmt, vals, rows: Vec::new(), ack }
    }
}

impl<T: FromRow> Task for WriteRows<T> {
    fn run(&mut self, conn: &Connection) -> Result<(), CommitError> {
        let failed = |e: rusqlite::Error| commit_error(&e, || Guard::Other("row"));
        let mut statement = conn.prepare_cached(self.stmt.sqlite()).map_err(failed)?;
        let rows = statement.query(params_from_iter(&self.vals)).map_err(failed)?;
        self.rows = collect(rows, failed, |e| CommitError::Invalid(format!("{e} of {:?}", self.stmt)))?;
        Ok(())
    }

    fn answer(self: Box<Self>, result: Result<(), CommitError>) {
        let WriteRows { rows, ack, .. } = *self;
        let _ = ack.send(result.map(|()| rows));
    }
}

/// The writing connection.
pub(super) struct Writer {
    conn: Connection,
    done: Vec<(Box<dyn Task>, Result<(), CommitError>)>,
    batches: u32,
    /// Batches that still begin with savepoints.
    careful: u32,
    /// How many they were after the last refusal.
    were_careful: u32,
    stats: Stats,
}

impl Writer {
    pub(super) fn new(conn: Connection, stats: Stats) -> Self {
        Writer { conn, done: Vec::with_capacity(BATCH), batches: 0, careful: 0, were_careful: 0, stats }
    }

    /// Commits `first` and what `next` still brings, in one transaction, and answers them all.
    pub(super) fn batch(&mut self, first: Box<dyn Task>, next: impl FnMut() -> Option<Box<dyn Task>>) {
        // Only a task that panicked (inline mode) can have left a transaction behind.
        if !self.conn.is_autocommit() {
            let _ = self.conn.execute_batch("ROLLBACK");
        }
        if let Err(e) = exec(&self.conn, "BEGIN IMMEDIATE") {
            first.answer(Err(CommitError::Unavailable(e.to_string())));
            return;
        }
        let voided = match self.fill(first, next) {
            Some(e) => Some(CommitError::Unavailable(e)),
            // If COMMIT itself fails, the frames may or may not be on disk after the next start.
            None => exec(&self.conn, "COMMIT").err().map(|e| CommitError::Unknown(e.to_string())),
        };
        if voided.is_some() && !self.conn.is_autocommit() {
            let _ = self.conn.execute_batch("ROLLBACK");
        }
        self.stats.batch_size.observe_count(self.done.len());
        for (task, result) in self.done.drain(..) {
            // A refusal stands whatever became of the batch, since nothing of it was to be kept.
            task.answer(match &voided {
                Some(e) if result.is_ok() => Err(e.clone()),
                _ => result,
            });
        }
    }

    /// Runs tasks until there are no more or the batch is full; Some means that SQLite voided the whole transaction.
    fn fill(&mut self, first: Box<dyn Task>, mut next: impl FnMut() -> Option<Box<dyn Task>>) -> Option<String> {
        let mut careful = self.careful > 0;
        self.careful = self.careful.saturating_sub(1);
        let mut task = Some(first);
        while let Some(mut current) = task.take() {
            if careful {
                if let Some(voided) = self.run_apart(current) {
                    return Some(voided);
                }
            } else {
                let result = current.run(&self.conn);
                if result.is_ok() {
                    self.done.push((current, result));
                } else if self.done.is_empty() {
                    // Nothing went before it: its refusal is its own, and nothing has to be repeated.
                    self.done.push((current, result));
                    if let Some(voided) = self.begin_again() {
                        return Some(voided);
                    }
                } else {
                    // It may be refused for what another one has done that is now undone: it says so when it runs again.
                    self.done.push((current, Ok(())));
                    careful = true;
                    self.were_careful = (self.were_careful * 2 + 1).min(MOST_CAREFUL);
                    self.careful = self.were_careful;
                    if let Some(voided) = self.repeat() {
                        return Some(voided);
                    }
                }
            }
            if self.done.len() < BATCH {
                task = next();
            }
        }
        if !careful {
            self.were_careful = 0;
        }
        None
    }

    /// Rolls back and begins again; an error of the disk may have rolled everything back already.
    fn begin_again(&self) -> Option<String> {
        if !self.conn.is_autocommit()
            && let Err(e) = exec(&self.conn, "ROLLBACK")
        {
            return Some(e.to_string());
        }
        exec(&self.conn, "BEGIN IMMEDIATE").err().map(|e| e.to_string())
    }

    /// Begins again, each task apart.
    fn repeat(&mut self) -> Option<String> {
        let mut voided = self.begin_again();
        for (task, _) in std::mem::take(&mut self.done) {
            match &voided {
                None => voided = self.run_apart(task),
                Some(why) => self.done.push((task, Err(CommitError::Unavailable(why.clone())))),
            }
        }
        voided
    }

    /// Runs a task in a savepoint of its own; Some means that SQLite voided the whole transaction.
    fn run_apart(&mut self, mut task: Box<dyn Task>) -> Option<String> {
        let result = exec(&self.conn, "SAVEPOINT task")
            .map_err(|e| CommitError::Unavailable(e.to_string()))
            .and_then(|()| task.run(&self.conn));
        let failed = result.is_err();
        let message = result.as_ref().err().map(ToString::to_string);
        self.done.push((task, result));
        // After a disk error SQLite may have rolled everything back by itself: then nothing of the batch is left.
        if self.conn.is_autocommit() {
            return Some(message.unwrap_or_else(|| "the transaction was rolled back".into()));
        }
        if failed && let Err(e) = exec(&self.conn, "ROLLBACK TO task") {
            return Some(e.to_string());
        }
        exec(&self.conn, "RELEASE task").err().map(|e| e.to_string())
    }

    /// Copies WAL pages back into the file when there are enough of them; never waits for readers.
    pub(super) fn checkpoint(&mut self, idle: bool) {
        self.batches = self.batches.wrapping_add(1);
        // Asking costs a little: a busy writer asks now and then.
        if !idle && !self.batches.is_multiple_of(16) {
            return;
        }
        let limit = if idle { IDLE_PAGES } else { BUSY_PAGES };
        let run = |mode: &str| {
            self.conn
                .prepare_cached(&format!("PRAGMA wal_checkpoint({mode})"))
                .and_then(|mut s| s.query_row([], |r| Ok(r.get::<_, i64>(1)? - r.get::<_, i64>(2)?)))
        };
        match run("NOOP") {
            Ok(pages) if pages >= limit => {
                self.stats.checkpoints.inc();
                if let Err(e) = run("PASSIVE") {
                    tracing::warn!(error = %e, "checkpoint failed; it is tried again later");
                }
            }
            Ok(_) => {}
            Err(e) => tracing::warn!(error = %e, "the size of the WAL is not known"),
        }
    }
}

/// The writer's thread: ends when the last sender is gone and the queue is empty.
pub(super) fn run(mut writer: Writer, mut queue: mpsc::Receiver<Box<dyn Task>>) {
    let _guard = AbortOnPanic;
    let mut waits_since = stopwatch();
    while let Some(first) = queue.blocking_recv() {
        let idle = waits_since.elapsed() >= IDLE;
        writer.batch(first, || queue.try_recv().ok());
        writer.checkpoint(idle);
        waits_since = stopwatch();
    }
}

/// A writer that panicked could leave everyone waiting on a half-known state; the WAL recovers from an abort.
struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("the store's writer panicked; aborting, the journal recovers on the next start");
            std::process::abort();
        }
    }
}

fn exec(conn: &Connection, text: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(text)?.execute([]).map(|_| ())
}

/// What an error of SQLite means for a changeset.
pub(super) fn commit_error(e: &rusqlite::Error, what: impl FnOnce() -> Guard) -> CommitError {
    let rusqlite::Error::SqliteFailure(code, _) = e else {
        return CommitError::Invalid(e.to_string());
    };
    match code.extended_code {
        ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_ROWID => {
            CommitError::Duplicate { what: what() }
        }
        ffi::SQLITE_CONSTRAINT_CHECK => CommitError::Conflict { what: what() },
        _ => match code.code {
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::OutOfMemory
            | ErrorCode::ReadOnly
            | ErrorCode::OperationInterrupted
            | ErrorCode::SystemIoFailure
            | ErrorCode::DiskFull
            | ErrorCode::CannotOpen
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::SchemaChanged => CommitError::Unavailable(e.to_string()),
            _ => CommitError::Invalid(e.to_string()),
        },
    }
}
