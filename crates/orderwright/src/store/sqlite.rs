//! The SQLite driver: one file, one writer, readers that run where the caller is.
//!
//! Point reads run inline on a read-only connection of the calling thread (about 3 µs; a hop to another thread costs more
//! than the query). Lists go to a blocking thread, a few at a time. Writes go through `sqlite_writer`. What is not here:
//! how batches are formed, and any statement.

use std::{
    cell::RefCell,
    fs::File,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, params_from_iter};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::{
    changeset::Changeset,
    error::{CommitError, Result, StoreError},
    registry::{ALL, Stmt},
    sqlite_writer::{self, Commit, Task, WriteRows, Writer},
    stats::Stats,
    value::{FromRow, RowError, Val},
};

/// Lists that may run at the same time; each holds a thread and a connection.
const LISTS: usize = 8;
/// Writes that may wait for the writer; beyond it the callers wait.
const QUEUE: usize = 1024;
/// Statements that each connection keeps prepared.
const PREPARED: usize = 256;

/// One open database file.
pub(super) struct Sqlite {
    readers: Arc<Readers>,
    writer: Option<Route>,
    lists: Semaphore,
    /// Held, never read: its lock says that a server runs on this folder. Released after the writer has ended.
    _lock: Option<File>,
}

/// How writes reach the file.
enum Route {
    Thread(mpsc::Sender<Box<dyn Task>>, JoinHandle<()>),
    Inline(Box<Mutex<Writer>>),
}

/// What a reading thread needs to open its connection.
struct Readers {
    id: u64,
    path: PathBuf,
}

impl Sqlite {
    /// Opens or creates `dir/orderwright.db` and brings its schema up to date.
    pub(super) fn open(dir: &Path, exclusive: bool, inline: bool, stats: Stats) -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let unavailable = |what: &str, e: &dyn std::fmt::Display| StoreError::Unavailable(format!("{what}: {e}"));
        std::fs::create_dir_all(dir).map_err(|e| unavailable(&dir.display().to_string(), &e))?;
        let path = dir.join("orderwright.db");
        let lock = if exclusive { Some(lock(&path)?) } else { None };
        let mut conn = connect(&path, false).map_err(|e| unavailable(&path.display().to_string(), &e))?;
        migrate(&path, &mut conn)?;
        let writer = Writer::new(conn, stats);
        let writer = if inline {
            Route::Inline(Box::new(Mutex::new(writer)))
        } else {
            let (tx, rx) = mpsc::channel(QUEUE);
            let thread = std::thread::Builder::new()
                .name("store-writer".into())
                .spawn(move || sqlite_writer::run(writer, rx))
                .map_err(|e| unavailable("the writer's thread", &e))?;
            Route::Thread(tx, thread)
        };
        let readers = Arc::new(Readers { id: NEXT.fetch_add(1, Ordering::Relaxed), path });
        Ok(Sqlite { readers, writer: Some(writer), lists: Semaphore::new(LISTS), _lock: lock })
    }

    /// Commits a changeset; the answer comes after the COMMIT of its batch.
    pub(super) async fn commit(&self, changeset: Changeset) -> Result<u64, CommitError> {
        let (ack, answer) = oneshot::channel();
        self.submit(Box::new(Commit::new(changeset, ack))).await?;
        let (result, _changeset) = answer.await.map_err(|_| gone())?;
        result
    }

    /// Executes one writing statement that returns rows.
    pub(super) async fn write_rows<T: FromRow>(&self, stmt: Stmt, vals: Vec<Val>) -> Result<Vec<T>, CommitError> {
        let (ack, answer) = oneshot::channel();
        self.submit(Box::new(WriteRows::new(stmt, vals, ack))).await?;
        answer.await.map_err(|_| gone())?
    }

    async fn submit(&self, task: Box<dyn Task>) -> Result<(), CommitError> {
        match &self.writer {
            Some(Route::Thread(tx, _)) => tx.send(task).await.map_err(|_| gone()),
            Some(Route::Inline(writer)) => {
                // A panic in a task leaves the connection usable: the transaction is rolled back by the next BEGIN's check.
                let mut writer = writer.lock().unwrap_or_else(|e| e.into_inner());
                writer.batch(task, || None);
                writer.checkpoint(false);
                Ok(())
            }
            None => Err(gone()),
        }
    }

    /// Reads a few rows by an index, on the calling thread.
    pub(super) fn rows<T: FromRow>(&self, text: &str, vals: &[Val]) -> Result<Vec<T>> {
        self.readers.rows(text, vals)
    }

    /// Reads rows that may take a while to find.
    pub(super) async fn list<T: FromRow>(&self, text: String, vals: Vec<Val>) -> Result<Vec<T>> {
        if matches!(self.writer, Some(Route::Inline(_))) {
            return self.readers.rows(&text, &vals);
        }
        let _slot = self.lists.acquire().await.map_err(|_| StoreError::Unavailable("the store is closed".into()))?;
        let readers = self.readers.clone();
        tokio::task::spawn_blocking(move || readers.rows(&text, &vals))
            .await
            .map_err(|e| StoreError::Unavailable(format!("the reading thread failed: {e}")))?
    }

    /// Bytes of the file and of its write-ahead log.
    pub(super) fn sizes(&self) -> (u64, u64) {
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |m| m.len());
        (size(&self.readers.path), size(&self.readers.path.with_extension("db-wal")))
    }

    /// Prepares every statement of the registry.
    pub(super) fn prepare_all(&self) -> Result<()> {
        self.readers.with(|conn| {
            for stmt in ALL {
                conn.prepare_cached(stmt.sqlite()).map_err(|e| StoreError::Invalid(format!("{stmt:?}: {e}")))?;
            }
            Ok(())
        })
    }
}

impl Drop for Sqlite {
    /// Waits for the writer: what it accepted is committed and the file is closed before the lock is released.
    fn drop(&mut self) {
        if let Some(Route::Thread(tx, thread)) = self.writer.take() {
            drop(tx);
            if thread.join().is_err() {
                tracing::error!("the store's writer had failed");
            }
        }
    }
}

impl Readers {
    fn rows<T: FromRow>(self: &Arc<Self>, text: &str, vals: &[Val]) -> Result<Vec<T>> {
        self.with(|conn| {
            let mut statement = conn.prepare_cached(text).map_err(|e| read_error(text, &e))?;
            let rows = statement.query(params_from_iter(vals)).map_err(|e| read_error(text, &e))?;
            collect(rows, |e| read_error(text, &e), |e| StoreError::Invalid(format!("{e} of {text}")))
        })
    }

    /// Runs `f` on this thread's read-only connection.
    fn with<T>(self: &Arc<Self>, f: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        type Open = RefCell<Vec<(u64, Weak<Readers>, Connection)>>;
        thread_local! { static OPEN: Open = const { RefCell::new(Vec::new()) } }
        OPEN.with(|open| {
            let mut open = open.borrow_mut();
            let at = match open.iter().position(|(id, ..)| *id == self.id) {
                Some(at) => at,
                None => {
                    // Threads outlive stores: connections of closed ones go when another is opened.
                    open.retain(|(_, readers, _)| readers.strong_count() > 0);
                    let conn = connect(&self.path, true)
                        .map_err(|e| StoreError::Unavailable(format!("{}: {e}", self.path.display())))?;
                    open.push((self.id, Arc::downgrade(self), conn));
                    open.len() - 1
                }
            };
            f(&open[at].2)
        })
    }
}

/// Decodes all rows of a result.
pub(super) fn collect<T: FromRow, E>(
    mut rows: rusqlite::Rows<'_>,
    failed: impl Fn(rusqlite::Error) -> E,
    undecoded: impl Fn(RowError) -> E,
) -> Result<Vec<T>, E> {
    let mut all = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        all.push(T::from_row(row).map_err(&undecoded)?);
    }
    Ok(all)
}

fn read_error(text: &str, e: &rusqlite::Error) -> StoreError {
    match sqlite_writer::commit_error(e, || super::Guard::Other("")) {
        CommitError::Unavailable(m) => StoreError::Unavailable(m),
        _ => StoreError::Invalid(format!("{e} in {text}")),
    }
}

fn gone() -> CommitError {
    CommitError::Unavailable("the store's writer has ended".into())
}

/// Takes the lock that a server holds on its data folder.
fn lock(path: &Path) -> Result<File> {
    let path = path.with_extension("db.lock");
    let unavailable = |e: &dyn std::fmt::Display| StoreError::Unavailable(format!("{}: {e}", path.display()));
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(|e| unavailable(&e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => {
            Err(StoreError::Locked(path.parent().unwrap_or(&path).display().to_string()))
        }
        Err(e) => Err(unavailable(&e)),
    }
}

/// Opens a connection with the settings that everything relies on.
fn connect(path: &Path, read_only: bool) -> rusqlite::Result<Connection> {
    let mode = if read_only {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
    };
    let conn = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(Duration::from_secs(5))?;
    conn.set_prepared_statement_cache_capacity(PREPARED);
    if read_only {
        conn.execute_batch("PRAGMA query_only = 1; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4000")?;
    } else {
        // The writer checkpoints itself, when it is idle; the WAL is cut back to 64 MB afterwards.
        conn.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; \
             PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16000",
        )?;
    }
    Ok(conn)
}

/// Migrates under a lock of its own, since a command line may open the file at the same moment.
fn migrate(path: &Path, conn: &mut Connection) -> Result<()> {
    let path = path.with_extension("db.migrate.lock");
    let unavailable = |e: std::io::Error| StoreError::Unavailable(format!("{}: {e}", path.display()));
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(unavailable)?;
    file.lock().map_err(unavailable)?;
    super::migrate::sqlite(conn)
}
