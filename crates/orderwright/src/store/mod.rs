//! The store: the only place with SQL, one behaviour on SQLite and PostgreSQL.
//!
//! Writes are data: a [`Changeset`] is filled by typed methods (one file a noun) and committed whole or not at all by
//! [`Store::commit`]; its guards are checked by the database. Reads are async functions on [`Store`]; whatever finds an
//! order takes a [`Scope`]. Documents are opaque JSON text here, ids are plain numbers, instants are microseconds.
//! What is not here: what any of it means, who may do it, and clocks.

mod catalog;
mod changeset;
mod checkouts;
mod disputes;
mod error;
mod flight;
mod group;
mod idempotency;
mod jobs;
mod ledger;
mod messages;
mod migrate;
mod nodes;
mod number_part;
mod order_bodies;
mod order_list;
mod orders;
mod page;
mod payouts;
mod people;
mod postgres;
mod providers;
mod reconciliation;
mod refs;
mod registry;
mod sandbox;
mod schema;
mod sequencer;
mod sqlite;
mod sqlite_writer;
mod stats;
mod stock;
mod timeline;
mod tokens;
mod value;
mod workflow_migrations;
mod workflows;

pub use catalog::{ChannelRow, MerchantRow, OfferRow};
pub use changeset::Changeset;
pub use checkouts::CheckoutRow;
pub use disputes::{DisputeFilter, DisputeNoteRow, DisputeRow};
pub use error::{CommitError, Guard, Result, StoreError};
pub use idempotency::IdempotencyRow;
pub use jobs::JobRow;
pub use ledger::{LedgerFilter, LedgerRow, ShareFilter};
pub use messages::MessageRow;
pub use order_list::{NumberFilter, OrderFilter, OrderPage};
pub use orders::{OrderRow, Scope};
pub use page::{Cursor, CursorError, Page, Sort, SortKey};
pub use payouts::{
    BankAccountRow, PayoutBatchRow, PayoutDueRow, PayoutFilter, PayoutLineRow, PayoutReserveRow, PayoutRow,
    PayoutTermsRow, WatchRow,
};
pub use people::{ContactRow, CustomerRow};
pub use providers::{ProviderAccountRow, ProviderEventRow};
pub use reconciliation::{DifferenceRow, ReconciliationRow};
pub use refs::ExternalRefRow;
pub use sandbox::SandboxFaultRow;
pub use schema::{SchemaColumn, SchemaIndex};
pub use sequencer::EventRow;
pub use stats::{Load, OUTCOMES as COMMIT_OUTCOMES, Stats};
pub use stock::{StockAdjustment, StockMovementRow, StockRow};
pub use timeline::TimelineRow;
pub use tokens::TokenRow;
pub use value::{FromRow, Row, RowError, Val};
pub use workflow_migrations::{MigrationOrderRow, MigrationRow};
pub use workflows::{PublicationRow, WorkflowRow};

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::kernel::clock::stopwatch;
use postgres::{Postgres, Read};
use registry::Stmt;
use sqlite::Sqlite;

/// Where the data is.
#[derive(Clone, Debug)]
pub enum StoreConfig {
    /// A file `orderwright.db` in a folder of this machine.
    Sqlite {
        /// The folder; made when it is not there.
        dir: PathBuf,
        /// A server takes the folder for itself; a command line tool may look in beside it.
        exclusive: bool,
        /// Commits run on the caller's thread, one by one: for simulations, where nothing may run by itself.
        inline: bool,
    },
    /// A PostgreSQL database, shared by any number of nodes.
    Postgres {
        /// Its URL, `postgres://user:password@host/database`.
        url: String,
    },
}

/// The store: cheap to clone, shared by everything.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    driver: Driver,
    node_id: i64,
    /// How often each statement was asked for.
    uses: Box<[AtomicU64]>,
    stats: Stats,
}

enum Driver {
    Sqlite(Box<Sqlite>),
    Postgres(Arc<Postgres>),
}

impl Store {
    /// Opens the store, brings its schema up to date and takes the next node id.
    pub async fn open(config: StoreConfig) -> Result<Store> {
        let stats = Stats::default();
        let driver = match config {
            StoreConfig::Sqlite { dir, exclusive, inline } => {
                let counted = stats.clone();
                let open = move || Sqlite::open(&dir, exclusive, inline, counted);
                let sqlite = if inline {
                    open()?
                } else {
                    tokio::task::spawn_blocking(open)
                        .await
                        .map_err(|e| StoreError::Unavailable(format!("opening failed: {e}")))??
                };
                Driver::Sqlite(Box::new(sqlite))
            }
            StoreConfig::Postgres { url } => Driver::Postgres(Arc::new(Postgres::open(&url, stats.clone()).await?)),
        };
        let uses = registry::ALL.iter().map(|_| AtomicU64::new(0)).collect();
        let mut inner = Inner { driver, node_id: 0, uses, stats };
        inner.node_id = nodes::next_node_id(&inner).await?;
        Ok(Store { inner: Arc::new(inner) })
    }

    /// The number of this opening, never given twice; ids are made with it (modulo 1024).
    pub fn node_id(&self) -> i64 {
        self.inner.node_id
    }

    /// Whether other nodes may serve the same data.
    pub fn is_shared(&self) -> bool {
        matches!(self.inner.driver, Driver::Postgres(_))
    }

    /// Commits a changeset, whole or not at all. What this answers with `Ok` survives a crash.
    pub async fn commit(&self, changeset: Changeset) -> Result<(), CommitError> {
        self.inner.commit(changeset).await.map(|_| ())
    }

    /// Prepares every statement of the registry on the engine: the check that the texts and the schema agree.
    pub async fn check_statements(&self) -> Result<()> {
        match &self.inner.driver {
            Driver::Sqlite(db) => db.prepare_all(),
            Driver::Postgres(db) => db.prepare_all().await,
        }
    }

    /// How often each statement was asked for since the store was opened, by name.
    pub fn statement_uses(&self) -> Vec<(&'static str, u64)> {
        registry::TEXTS.iter().zip(&self.inner.uses).map(|(t, uses)| (t.name, uses.load(Ordering::Relaxed))).collect()
    }
}

impl Inner {
    fn count(&self, stmt: Stmt) {
        self.uses[stmt.index()].fetch_add(1, Ordering::Relaxed);
    }

    /// Commits; the answer is the number of rows that the counting operations changed.
    async fn commit(&self, mut changeset: Changeset) -> Result<u64, CommitError> {
        changeset.arrange();
        for op in changeset.ops() {
            self.count(op.stmt);
        }
        let (start, waiting) = (stopwatch(), Waiting::new(&self.stats));
        let result = match &self.driver {
            Driver::Sqlite(db) => db.commit(changeset).await,
            Driver::Postgres(db) => db.commit(changeset).await,
        };
        drop(waiting);
        self.stats.commit_time.observe_since(start);
        self.stats.count(&result);
        result
    }

    /// Reads rows that an index finds quickly: run where the caller is.
    async fn rows<T: FromRow>(&self, stmt: Stmt, vals: &[Val]) -> Result<Vec<T>> {
        self.count(stmt);
        match &self.driver {
            Driver::Sqlite(db) => db.rows(stmt.sqlite(), vals),
            Driver::Postgres(db) => db.rows(Read::Stmt(stmt), vals).await,
        }
    }

    /// Reads at most one row.
    async fn row<T: FromRow>(&self, stmt: Stmt, vals: &[Val]) -> Result<Option<T>> {
        Ok(self.rows(stmt, vals).await?.pop())
    }

    /// Reads rows by a text with as many parameters as there are values to look up, by an index.
    async fn rows_of<T: FromRow>(&self, text: &str, vals: &[Val]) -> Result<Vec<T>> {
        match &self.driver {
            Driver::Sqlite(db) => db.rows(text, vals),
            Driver::Postgres(db) => db.rows(Read::Text(text), vals).await,
        }
    }

    /// Reads rows that may take a while: away from the caller's thread and from the lanes.
    async fn list<T: FromRow>(&self, text: String, vals: Vec<Val>) -> Result<Vec<T>> {
        match &self.driver {
            Driver::Sqlite(db) => db.list(text, vals).await,
            Driver::Postgres(db) => db.list(&text, &vals).await,
        }
    }

    /// The same with a statement of the registry.
    async fn list_stmt<T: FromRow>(&self, stmt: Stmt, vals: Vec<Val>) -> Result<Vec<T>> {
        self.count(stmt);
        match &self.driver {
            Driver::Sqlite(db) => db.list(stmt.sqlite().to_owned(), vals).await,
            Driver::Postgres(db) => db.list(stmt.postgres(), &vals).await,
        }
    }

    /// Executes one writing statement that returns rows, durably, outside of any changeset; it must bear repetition.
    async fn write_rows<T: FromRow>(&self, stmt: Stmt, vals: Vec<Val>) -> Result<Vec<T>, CommitError> {
        self.count(stmt);
        match &self.driver {
            Driver::Sqlite(db) => db.write_rows(stmt, vals).await,
            Driver::Postgres(db) => db.write_rows(stmt, &vals).await,
        }
    }
}

/// A changeset that waits for its answer; the caller may go away before it comes.
struct Waiting<'s>(&'s Stats);

impl<'s> Waiting<'s> {
    fn new(stats: &'s Stats) -> Self {
        stats.committing.inc();
        Self(stats)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.committing.dec();
    }
}

/// `(?3, ?4, ?5)`: as many parameters as there are values, which are appended.
fn in_list(vals: &mut Vec<Val>, items: impl IntoIterator<Item = Val>) -> String {
    use std::fmt::Write as _;
    let mut text = String::from("(");
    for (n, item) in items.into_iter().enumerate() {
        vals.push(item);
        let _ = write!(text, "{}?{}", if n == 0 { "" } else { ", " }, vals.len());
    }
    text.push(')');
    text
}
