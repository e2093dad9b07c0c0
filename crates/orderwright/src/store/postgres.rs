//! The PostgreSQL driver: lanes for point reads, a pool for lists, a pool for commits.
//!
//! A lane is a connection that all tasks share: requests are pipelined, nobody checks it out. Lists and commits have
//! connections of their own, so that a slow query never stands in front of a point read. How a changeset is sent and its
//! outcome settled is in `flight`, how several become one in `group`. What is not here: any statement.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use deadpool::managed::{self, Metrics, Object, Pool, RecycleError, RecycleResult, Timeouts};
use futures_util::{TryStreamExt, pin_mut};
use tokio_postgres::{Client, Config, NoTls, Statement};

use super::{
    changeset::Changeset,
    error::{CommitError, Result, StoreError},
    group::{Gate, LEADERS},
    registry::{ALL, Stmt, to_postgres},
    stats::Stats,
    value::{FromRow, Val},
};

const COMMITS: usize = 12;
const LISTS: usize = 6;
const LANES: usize = 2;
/// Texts of filtered lists that one connection keeps prepared.
const LIST_TEXTS: usize = 128;
/// Texts of groups that one connection keeps prepared.
const GROUP_TEXTS: usize = 64;
/// How long a request may wait for a free connection.
const WAIT: Duration = Duration::from_secs(10);
/// Attempts after a deadlock or a broken connection.
const ATTEMPTS: u32 = 8;

/// One database.
pub(super) struct Postgres {
    pub(super) connector: Connector,
    pub(super) commits: Pool<Connector>,
    /// Connections of groups of changesets.
    pub(super) groups: Pool<Connector>,
    pub(super) gate: Gate,
    lists: Pool<Connector>,
    lanes: [tokio::sync::Mutex<Option<Arc<Conn>>>; LANES],
    turn: AtomicUsize,
    pub(super) stats: Stats,
}

/// Makes connections; also the pools' manager.
#[derive(Clone)]
pub(super) struct Connector {
    config: Config,
}

/// One connection, with the statements that were prepared on it so far.
pub(super) struct Conn {
    pub(super) client: Client,
    /// The process that serves it, told apart from a later one of the same number by when it began.
    pub(super) backend: (i64, String),
    plain: Box<[OnceLock<Statement>]>,
    guarded: Box<[OnceLock<Statement>]>,
    /// Inserts of several rows, by statement and number of rows.
    rows: Mutex<HashMap<(usize, usize), Statement>>,
    /// Statements of groups, by what they are made of.
    groups: Mutex<HashMap<Vec<Stmt>, Statement>>,
    texts: Mutex<HashMap<String, Statement>>,
}

impl Connector {
    /// A new connection.
    pub(super) async fn connect(&self) -> Result<Conn, tokio_postgres::Error> {
        let client = connect(&self.config).await?;
        let row = client
            .query_one("SELECT pid::int8, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()", &[])
            .await?;
        let cells = || ALL.iter().map(|_| OnceLock::new()).collect();
        Ok(Conn {
            client,
            backend: (row.try_get(0)?, row.try_get(1)?),
            plain: cells(),
            guarded: cells(),
            rows: Mutex::default(),
            groups: Mutex::default(),
            texts: Mutex::default(),
        })
    }
}

async fn connect(config: &Config) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move {
        if let Err(e) = connection.await {
            tracing::warn!(error = %reason(&e), "a database connection ended");
        }
    });
    Ok(client)
}

impl managed::Manager for Connector {
    type Type = Conn;
    type Error = tokio_postgres::Error;

    async fn create(&self) -> Result<Conn, tokio_postgres::Error> {
        self.connect().await
    }

    /// No ping: a connection that died unnoticed is found out by its first use, and that is settled there.
    async fn recycle(&self, conn: &mut Conn, _: &Metrics) -> RecycleResult<tokio_postgres::Error> {
        if conn.client.is_closed() { Err(RecycleError::message("closed")) } else { Ok(()) }
    }
}

impl Conn {
    /// The prepared form of a statement.
    pub(super) async fn statement(&self, stmt: Stmt) -> Result<Statement, tokio_postgres::Error> {
        let cell = &self.plain[stmt.index()];
        match cell.get() {
            Some(statement) => Ok(statement.clone()),
            None => Ok(cell.get_or_init_with(self.client.prepare(stmt.postgres()).await?)),
        }
    }

    /// The prepared form of a statement that the server counts the rows of.
    pub(super) async fn guarded(&self, stmt: Stmt) -> Result<Statement, tokio_postgres::Error> {
        let cell = &self.guarded[stmt.index()];
        match cell.get() {
            Some(statement) => Ok(statement.clone()),
            None => Ok(cell.get_or_init_with(self.client.prepare(&stmt.postgres_guarded()).await?)),
        }
    }

    /// The prepared form of an insert of so many rows.
    pub(super) async fn rows(&self, stmt: Stmt, rows: usize) -> Result<Statement, tokio_postgres::Error> {
        if rows == 1 {
            return self.statement(stmt).await;
        }
        let lock = || self.rows.lock().unwrap_or_else(|e| e.into_inner());
        let key = (stmt.index(), rows);
        if let Some(statement) = lock().get(&key) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(&stmt.postgres_rows(rows)).await?;
        lock().insert(key, statement.clone());
        Ok(statement)
    }

    /// The prepared form of the statement that does these for a group.
    pub(super) async fn grouped(
        &self,
        stmts: &[Stmt],
        text: impl FnOnce() -> String,
    ) -> Result<Statement, tokio_postgres::Error> {
        let lock = || self.groups.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(statement) = lock().get(stmts) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(&text()).await?;
        let mut groups = lock();
        if groups.len() >= GROUP_TEXTS {
            groups.clear();
        }
        groups.insert(stmts.to_vec(), statement.clone());
        Ok(statement)
    }

    /// The prepared form of a list's text.
    async fn text(&self, text: &str) -> Result<Statement, tokio_postgres::Error> {
        let lock = || self.texts.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(statement) = lock().get(text) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(&to_postgres(text)).await?;
        let mut texts = lock();
        if texts.len() >= LIST_TEXTS {
            texts.clear();
        }
        texts.insert(text.to_owned(), statement.clone());
        Ok(statement)
    }

    async fn query<T: FromRow>(&self, statement: &Statement, vals: &[Val]) -> Result<Vec<T>, Failure> {
        let rows = self.client.query_raw(statement, vals).await?;
        pin_mut!(rows);
        let mut all = Vec::new();
        while let Some(row) = rows.try_next().await? {
            all.push(T::from_row(&row).map_err(|e| Failure::Row(e.to_string()))?);
        }
        Ok(all)
    }
}

/// Two tasks may prepare the same statement at once; the first one stays.
trait GetOrInitWith {
    fn get_or_init_with(&self, statement: Statement) -> Statement;
}
impl GetOrInitWith for OnceLock<Statement> {
    fn get_or_init_with(&self, statement: Statement) -> Statement {
        self.get_or_init(|| statement).clone()
    }
}

enum Failure {
    Server(tokio_postgres::Error),
    Row(String),
}
impl From<tokio_postgres::Error> for Failure {
    fn from(e: tokio_postgres::Error) -> Self {
        Failure::Server(e)
    }
}

/// What is to be read.
#[derive(Clone, Copy)]
pub(super) enum Read<'a> {
    /// A statement of the registry.
    Stmt(Stmt),
    /// A text with `?N` parameters.
    Text(&'a str),
}

impl Postgres {
    /// Connects and brings the schema up to date.
    pub(super) async fn open(url: &str, stats: Stats) -> Result<Self> {
        let mut config: Config =
            url.parse().map_err(|e| StoreError::Invalid(format!("the database URL: {}", reason(&e))))?;
        let failed = |e: tokio_postgres::Error| StoreError::Unavailable(reason(&e));
        config.application_name("orderwright").keepalives_idle(Duration::from_secs(30));
        config.connect_timeout(Duration::from_secs(10));
        super::migrate::postgres(&mut connect(&config).await.map_err(failed)?).await?;

        let options = config.get_options().unwrap_or_default();
        let options = format!(
            "{options} -c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"
        );
        config.options(&options);
        // A group's statement looks up each row of its arrays by an index, in their order, whatever the planner believes about sizes.
        let mut of_groups = config.clone();
        of_groups.options(format!(
            "{options} -c plan_cache_mode=force_generic_plan -c jit=off -c enable_hashjoin=off -c enable_mergejoin=off \
             -c enable_seqscan=off -c enable_material=off -c enable_memoize=off -c enable_bitmapscan=off"
        ));
        let connector = Connector { config };
        let pool = |connector: &Connector, size| {
            Pool::builder(connector.clone())
                .max_size(size)
                .runtime(deadpool::Runtime::Tokio1)
                .timeouts(Timeouts { wait: Some(WAIT), create: Some(WAIT), recycle: Some(WAIT) })
                .build()
                .map_err(|e| StoreError::Invalid(e.to_string()))
        };
        Ok(Postgres {
            commits: pool(&connector, COMMITS)?,
            groups: pool(&Connector { config: of_groups }, LEADERS)?,
            gate: Gate::default(),
            lists: pool(&connector, LISTS)?,
            lanes: Default::default(),
            turn: AtomicUsize::new(0),
            connector,
            stats,
        })
    }

    /// Open connections, idle ones, and tasks that wait for one: of the pool for commits and of that for lists.
    pub(super) fn pools(&self) -> ((usize, usize, usize), (usize, usize, usize)) {
        let of = |pool: &Pool<Connector>| {
            let status = pool.status();
            (status.size, status.available, status.waiting)
        };
        (of(&self.commits), of(&self.lists))
    }

    /// Commits a changeset, in a group if others wait too.
    pub(super) async fn commit(self: &Arc<Self>, changeset: Changeset) -> Result<u64, CommitError> {
        super::group::commit(self, changeset).await
    }

    /// The next lane; a broken one is made again.
    async fn lane(&self) -> Result<Arc<Conn>, tokio_postgres::Error> {
        let at = self.turn.fetch_add(1, Ordering::Relaxed) % LANES;
        let mut lane = self.lanes[at].lock().await;
        match &*lane {
            Some(conn) if !conn.client.is_closed() => Ok(conn.clone()),
            _ => Ok(lane.insert(Arc::new(self.connector.connect().await?)).clone()),
        }
    }

    /// Reads a few rows by an index.
    pub(super) async fn rows<T: FromRow>(&self, read: Read<'_>, vals: &[Val]) -> Result<Vec<T>> {
        let mut attempt = 0;
        loop {
            let result = async {
                let lane = self.lane().await?;
                let statement = match read {
                    Read::Stmt(stmt) => lane.statement(stmt).await?,
                    Read::Text(text) => lane.text(text).await?,
                };
                lane.query(&statement, vals).await
            };
            match result.await {
                Ok(rows) => return Ok(rows),
                Err(failure) => again(failure, &mut attempt).await?,
            }
        }
    }

    /// Reads rows that may take a while to find.
    pub(super) async fn list<T: FromRow>(&self, text: &str, vals: &[Val]) -> Result<Vec<T>> {
        let mut attempt = 0;
        loop {
            let conn = checkout(&self.lists).await?;
            let result = async { conn.query(&conn.text(text).await?, vals).await };
            match result.await {
                Ok(rows) => return Ok(rows),
                Err(failure) => again(failure, &mut attempt).await?,
            }
        }
    }

    /// Executes one writing statement that returns rows. After a lost connection it is executed again, so the statement
    /// must bear that (a lease that runs out, a gap in numbers).
    pub(super) async fn write_rows<T: FromRow>(&self, stmt: Stmt, vals: &[Val]) -> Result<Vec<T>, CommitError> {
        let mut attempt = 0;
        loop {
            let conn = checkout(&self.commits).await.map_err(|e| CommitError::Unavailable(e.to_string()))?;
            let result = async { conn.query(&conn.statement(stmt).await?, vals).await };
            match result.await {
                Ok(rows) => return Ok(rows),
                Err(Failure::Server(e)) if e.code() == Some(&tokio_postgres::error::SqlState::UNIQUE_VIOLATION) => {
                    return Err(CommitError::Duplicate { what: super::Guard::Other("row") });
                }
                Err(failure) => again(failure, &mut attempt).await.map_err(|e| match e {
                    StoreError::Unavailable(m) => CommitError::Unavailable(m),
                    other => CommitError::Invalid(other.to_string()),
                })?,
            }
        }
    }

    /// Prepares every statement of the registry.
    pub(super) async fn prepare_all(&self) -> Result<()> {
        let lane = self.lane().await.map_err(|e| StoreError::Unavailable(reason(&e)))?;
        for &stmt in ALL {
            lane.statement(stmt).await.map_err(|e| StoreError::Invalid(format!("{stmt:?}: {}", reason(&e))))?;
        }
        Ok(())
    }
}

/// A connection of a pool.
pub(super) async fn checkout(pool: &Pool<Connector>) -> Result<Object<Connector>> {
    pool.get().await.map_err(|e| {
        StoreError::Unavailable(match e {
            managed::PoolError::Backend(e) => reason(&e),
            other => other.to_string(),
        })
    })
}

/// Waits before the next attempt, or gives the error back when another attempt would not help.
async fn again(failure: Failure, attempt: &mut u32) -> Result<()> {
    let e = match failure {
        Failure::Row(m) => return Err(StoreError::Invalid(m)),
        Failure::Server(e) => e,
    };
    *attempt += 1;
    match Verdict::of(&e) {
        Verdict::Again | Verdict::Lost if *attempt < ATTEMPTS => {
            tokio::time::sleep(pause(*attempt, 0)).await;
            Ok(())
        }
        Verdict::Wrong => Err(StoreError::Invalid(reason(&e))),
        _ => Err(StoreError::Unavailable(reason(&e))),
    }
}

/// The pause before an attempt: growing, and spread by `seed` so that those who met do not meet again.
pub(super) fn pause(attempt: u32, seed: i64) -> Duration {
    let now = crate::kernel::clock::machine_now().0;
    let spread = (now.cast_unsigned() ^ seed.cast_unsigned()).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48;
    let most = 2_000u64 << attempt.min(7);
    Duration::from_micros(most / 2 + spread % (most / 2))
}

/// What an error of the server means for what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A guard did not hold.
    Conflict,
    /// The key is taken.
    Duplicate,
    /// A deadlock or serialization failure: nothing happened, the same may work at once.
    Again,
    /// The connection ended: what was sent may or may not have been done.
    Lost,
    /// Nothing happened, and it won't work at once (a timeout, no room).
    Unavailable,
    /// The statement is wrong.
    Wrong,
}

impl Verdict {
    pub(super) fn of(e: &tokio_postgres::Error) -> Verdict {
        use std::error::Error as _;
        let Some(code) = e.code() else {
            // Either the connection broke, or a value could not be written for the server's type.
            let io = e.source().is_some_and(|s| s.is::<std::io::Error>());
            return if e.is_closed() || io || e.source().is_none() { Verdict::Lost } else { Verdict::Wrong };
        };
        let code = code.code();
        match code {
            // division_by_zero is how a guard speaks, check_violation how the table does.
            "22012" | "23514" => Verdict::Conflict,
            "23505" => Verdict::Duplicate,
            "40001" | "40P01" => Verdict::Again,
            "55P03" | "57014" | "25P03" => Verdict::Unavailable,
            _ => match &code[..2] {
                "08" | "57" | "58" => Verdict::Lost,
                "53" | "54" => Verdict::Unavailable,
                _ => Verdict::Wrong,
            },
        }
    }
}

/// The whole message of an error; the driver's own text hides what the server said.
pub(super) fn reason(e: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    let mut text = e.to_string();
    let mut source = e.source();
    while let Some(e) = source {
        text.push_str(": ");
        text.push_str(&e.to_string());
        source = e.source();
    }
    text
}
