//! The one writer of a SQLite file, and its group commit.
//!
//! A batch is one transaction: the first task and whatever queued up meanwhile, each in a savepoint of its own, so that
//! one that is refused hurts no other. No timer is needed: the next batch forms while this one is flushed to disk. Nobody
//! is answered before COMMIT has returned. What is not here: connections for reading.

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

/// Tasks in one transaction at most.
const BATCH: usize = 256;
/// WAL pages after which an idle writer checkpoints.
const IDLE_PAGES: i64 = 1_000;
/// WAL pages after which a busy writer checkpoints as well.
const BUSY_PAGES: i64 = 10_000;

/// Something to write in a batch.
pub(super) trait Task: Send {
    /// Executes it inside a savepoint; an error rolls the savepoint back. Called once.
    fn run(&mut self, conn: &Connection) -> Result<(), CommitError>;
    /// Tells the one who waits; called once, after COMMIT or with the reason why there was none.
    fn answer(self: Box<Self>, result: Result<(), CommitError>);
}

/// A changeset in a batch.
pub(super) struct Commit {
    changeset: Changeset,
    counted: u64,
    ack: oneshot::Sender<Result<u64, CommitError>>,
}

impl Commit {
    pub(super) fn new(changeset: Changeset, ack: oneshot::Sender<Result<u64, CommitError>>) -> Self {
        Commit { changeset, counted: 0, ack }
    }
}

impl Task for Commit {
    fn run(&mut self, conn: &Connection) -> Result<(), CommitError> {
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
        // The one who asked may be gone; what was committed stays committed.
        let _ = self.ack.send(result.map(|()| self.counted));
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
    stats: Stats,
}

impl Writer {
    pub(super) fn new(conn: Connection, stats: Stats) -> Self {
        Writer { conn, done: Vec::with_capacity(BATCH), batches: 0, stats }
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
        let mut task = Some(first);
        while let Some(mut current) = task.take() {
            let result = exec(&self.conn, "SAVEPOINT task")
                .map_err(|e| CommitError::Unavailable(e.to_string()))
                .and_then(|()| current.run(&self.conn));
            let failed = result.is_err();
            let message = result.as_ref().err().map(ToString::to_string);
            self.done.push((current, result));
            // After a disk error SQLite may have rolled everything back by itself: then nothing of the batch is left.
            if self.conn.is_autocommit() {
                return Some(message.unwrap_or_else(|| "the transaction was rolled back".into()));
            }
            if failed && let Err(e) = exec(&self.conn, "ROLLBACK TO task") {
                return Some(e.to_string());
            }
            if let Err(e) = exec(&self.conn, "RELEASE task") {
                return Some(e.to_string());
            }
            if self.done.len() < BATCH {
                task = next();
            }
        }
        None
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
    while let Some(first) = queue.blocking_recv() {
        writer.batch(first, || queue.try_recv().ok());
        writer.checkpoint(queue.is_empty());
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
