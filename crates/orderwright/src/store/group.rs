//! Group commit on PostgreSQL: changesets that wait at the same moment become one statement, and so one transaction, one flight and
//! one flush.
//!
//! The rows of all of them arrive as one array a column; every table is written by one part of the statement, and the guards of all of
//! them must hold, or nothing happens. Then nobody is refused yet: each changeset flies alone (`flight`), which finds out whose guard it
//! was and what it says, as if there had never been a group. So a group is an optimism that can only cost time, and after a
//! group that failed some rounds fly alone, since a sale that is sold out refuses many.
//!
//! No timer is needed: while a group is flushed to the disk, the next one forms. What cannot be said in one statement (a row that is
//! made and changed at once, the store's own upkeep) flies alone.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::BytesMut;
use deadpool::managed::Object;
use futures_util::future::join_all;
use tokio::sync::oneshot;
use tokio_postgres::types as pg;

use super::{
    changeset::{Changeset, Label, Op},
    error::CommitError,
    flight,
    postgres::{Conn, Postgres, Verdict, checkout, reason},
    registry::Stmt,
    value::Val,
};
use crate::kernel::clock::stopwatch;

/// Groups that are on their way at the same time. More of them only wait for each other's stock rows.
pub(super) const LEADERS: usize = 3;
/// Changesets in a group at most.
const MOST: usize = 32;
/// Rounds without a group, after several failed one after the other.
const MOST_ALONE: u32 = 64;

/// What every group writes: one text for nearly all groups, since the server keeps a plan for each. A part without rows costs little.
const USUAL: &[Stmt] = &[
    Stmt::OutboxInsert,
    Stmt::OrderInsert,
    Stmt::TimelineInsert,
    Stmt::OrderItemInsert,
    Stmt::MerchantOrderInsert,
    Stmt::LedgerInsert,
    Stmt::JobInsert,
    Stmt::StockMovementInsert,
    Stmt::SandboxOperationInsert,
    Stmt::OrderUpdate,
    Stmt::JobFinish,
    Stmt::StockReserve,
];

/// The changesets that wait for a group.
#[derive(Default)]
pub(super) struct Gate(Mutex<State>);

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    leaders: usize,
    /// Rounds that still fly alone.
    alone: u32,
    /// How many they were last time.
    were_alone: u32,
}

struct Waiting {
    changeset: Changeset,
    answer: oneshot::Sender<Result<u64, CommitError>>,
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// Commits a changeset, together with whatever else waits. It does so in a task of its own: a caller that goes away can't leave half a
/// transaction on a pooled connection.
pub(super) async fn commit(db: &Arc<Postgres>, changeset: Changeset) -> Result<u64, CommitError> {
    let (answer, answered) = oneshot::channel();
    let leads = {
        let mut state = db.gate.lock();
        state.waiting.push_back(Waiting { changeset, answer });
        let leads = state.leaders < LEADERS;
        state.leaders += usize::from(leads);
        leads
    };
    if leads {
        tokio::spawn(lead(Leader { db: db.clone(), leads: true }));
    }
    answered.await.map_err(|_| CommitError::Unknown("the committing task failed".into()))?
}

/// One of [`LEADERS`]; gives its place back, even when it panics.
struct Leader {
    db: Arc<Postgres>,
    leads: bool,
}

impl Drop for Leader {
    fn drop(&mut self) {
        if self.leads {
            self.db.gate.lock().leaders -= 1;
        }
    }
}

async fn lead(mut leader: Leader) {
    let db = &leader.db.clone();
    loop {
        let (group, alone) = {
            let mut state = db.gate.lock();
            let group = state.next();
            if group.is_empty() {
                // Under the same lock, so that nobody leaves a changeset to a leader who is going.
                state.leaders -= 1;
                leader.leads = false;
                break;
            }
            (group, state.alone > 0)
        };
        if alone || group.len() == 1 {
            fly_alone(db, group, false).await;
        } else {
            fly_together(db, group).await;
        }
    }
}

impl State {
    /// Takes what flies next: the first that waits and those behind it that fit in.
    fn next(&mut self) -> Vec<Waiting> {
        self.alone = self.alone.saturating_sub(1);
        let mut group = Vec::new();
        let mut touched: BTreeMap<(String, String), Stmt> = BTreeMap::new();
        while group.len() < MOST
            && let Some(next) = self.waiting.front()
        {
            let fits = fits(&next.changeset, &mut touched);
            if !fits && !group.is_empty() {
                break;
            }
            group.extend(self.waiting.pop_front());
            if !fits {
                break;
            }
        }
        group
    }

    fn failed(&mut self) {
        self.were_alone = (self.were_alone * 2 + 1).min(MOST_ALONE);
        self.alone = self.were_alone;
    }
}

/// Whether a changeset can be a part of a group that touches these stock rows already.
fn fits(changeset: &Changeset, touched: &mut BTreeMap<(String, String), Stmt>) -> bool {
    // The store's own upkeep counts, and has no outcome key.
    if changeset.id() == 0 || !changeset.ops().iter().all(is_groupable) {
        return false;
    }
    // One statement can change a row once only: the pieces of all are added up, which two kinds of movements can't be.
    for op in changeset.ops().iter().filter(|op| op.label == Label::Stock) {
        let [Val::T(sku), Val::T(location), _] = changeset.vals(op) else { return false };
        let key = (sku.clone(), location.clone());
        if *touched.entry(key).or_insert(op.stmt) != op.stmt {
            return false;
        }
    }
    true
}

/// Rows of their own, and changes of exactly one row that is there.
fn is_groupable(op: &Op) -> bool {
    if op.counted {
        return false;
    }
    match op.label {
        Label::Stock => matches!(op.stmt, Stmt::StockReserve | Stmt::StockRelease | Stmt::StockShip),
        _ if op.expect.is_none() => op.stmt.inserts_rows(),
        _ => op.expect == Some(1) && op.stmt.changes_rows(),
    }
}

async fn fly_alone(db: &Arc<Postgres>, group: Vec<Waiting>, in_doubt: bool) {
    join_all(group.into_iter().map(|Waiting { changeset, answer }| async move {
        // The one who asked may be gone; what was committed stays committed.
        let _ = answer.send(flight::commit(db, &changeset, in_doubt).await);
    }))
    .await;
}

async fn fly_together(db: &Arc<Postgres>, group: Vec<Waiting>) {
    let started = stopwatch();
    let Ok(conn) = checkout(&db.groups).await else { return fly_alone(db, group, false).await };
    let changesets: Vec<&Changeset> = group.iter().map(|waiting| &waiting.changeset).collect();
    let failed = match fly(&conn, &changesets).await {
        Ok(()) => {
            db.gate.lock().were_alone = 0;
            for waiting in group {
                let _ = waiting.answer.send(Ok(0));
            }
            return;
        }
        Err(failed) => failed,
    };
    if Verdict::of(&failed.error) != Verdict::Lost {
        // The server says that nothing of it happened.
        db.gate.lock().failed();
        drop(conn);
        return fly_alone(db, group, false).await;
    }
    // A broken connection must not go back into the pool.
    let backend = Object::take(conn).backend.clone();
    if !failed.sent {
        return fly_alone(db, group, false).await;
    }
    tracing::warn!(changesets = group.len(), error = %reason(&failed.error), "the connection broke in flight; settling");
    // They were one transaction: what became of one of them became of all.
    match flight::settle(db, &backend, group[0].changeset.id(), started + flight::SETTLE).await {
        Ok(settled) if settled.committed => {
            for waiting in group {
                let _ = waiting.answer.send(Ok(0));
            }
        }
        Ok(settled) => fly_alone(db, group, !settled.gone).await,
        Err(error) => {
            for waiting in group {
                let _ = waiting.answer.send(Err(error.clone()));
            }
        }
    }
}

struct Failed {
    error: tokio_postgres::Error,
    /// Whether the statement may have reached the server.
    sent: bool,
}

async fn fly(conn: &Conn, changesets: &[&Changeset]) -> Result<(), Failed> {
    let unsent = |error| Failed { error, sent: false };
    let mut parts: BTreeMap<(u8, usize), Part<'_>> = BTreeMap::new();
    for &stmt in USUAL {
        parts.insert(Part::place(stmt), Part::new(stmt));
    }
    for changeset in changesets {
        for op in changeset.ops() {
            let part = parts.entry(Part::place(op.stmt)).or_insert_with(|| Part::new(op.stmt));
            part.add(changeset.vals(op));
        }
    }
    let parts: Vec<Part<'_>> = parts.into_values().collect();
    let stmts: Vec<Stmt> = parts.iter().map(|part| part.stmt).collect();
    let mut types = Vec::with_capacity(parts.len());
    for &stmt in &stmts {
        types.push(conn.statement(stmt).await.map_err(unsent)?.params().to_vec());
    }
    let statement = conn.grouped(&stmts, || text(&stmts, &types)).await.map_err(unsent)?;
    let mut params: Vec<Param<'_>> = Vec::with_capacity(statement.params().len());
    for (part, types) in parts.into_iter().zip(&types) {
        part.params(types, &mut params);
    }
    conn.client.execute_raw(&statement, params).await.map(|_| ()).map_err(|error| Failed { error, sent: true })
}

/// The text that does these statements for any number of rows each. The parts are executed in the order of their counts: the main query
/// asks for one after the other.
fn text(stmts: &[Stmt], types: &[Vec<pg::Type>]) -> String {
    let (mut with, mut hold, mut next) = (Vec::new(), Vec::new(), 1);
    for (n, (stmt, types)) in stmts.iter().zip(types).enumerate() {
        with.push(format!("w{n} AS ({})", stmt.postgres_arrays(types, next)));
        next += types.len();
        if stmt.inserts_rows() {
            hold.push(format!("(SELECT count(*) FROM w{n}) >= 0"));
        } else {
            hold.push(format!("(SELECT count(*) FROM w{n}) = ${next}::int8"));
            next += 1;
        }
    }
    format!("WITH {} SELECT 1 / (CASE WHEN {} THEN 1 ELSE 0 END)", with.join(", "), hold.join(" AND "))
}

/// One statement with its rows.
struct Part<'a> {
    stmt: Stmt,
    rows: Vec<&'a [Val]>,
}

impl<'a> Part<'a> {
    fn new(stmt: Stmt) -> Self {
        Part { stmt, rows: Vec::new() }
    }

    /// Where a statement is done: new rows first, then changes, stock last, because its rows are the hot ones.
    fn place(stmt: Stmt) -> (u8, usize) {
        let turn = match stmt {
            Stmt::StockReserve | Stmt::StockRelease | Stmt::StockShip => 2,
            _ if stmt.inserts_rows() => 0,
            _ => 1,
        };
        (turn, stmt.index())
    }

    fn add(&mut self, vals: &'a [Val]) {
        self.rows.push(vals);
    }

    /// Its parameters: a column after the other, and how many rows it must change.
    fn params(mut self, types: &[pg::Type], params: &mut Vec<Param<'a>>) {
        let (turn, _) = Self::place(self.stmt);
        if turn == 2 {
            // Pieces of one row are added up. Rows are locked in the order of the array: by SKU and location, as everywhere.
            let mut rows: BTreeMap<(&str, &str), i64> = BTreeMap::new();
            for row in self.rows {
                if let [Val::T(sku), Val::T(location), Val::I(quantity)] = row {
                    let sum = rows.entry((sku, location)).or_default();
                    *sum = sum.saturating_add(*quantity);
                }
            }
            let count = rows.len();
            params.push(Param::Texts(rows.keys().map(|(sku, _)| Some(*sku)).collect()));
            params.push(Param::Texts(rows.keys().map(|(_, location)| Some(*location)).collect()));
            params.push(Param::Numbers(rows.into_values().map(Some).collect()));
            params.push(Param::Count(count as i64));
            return;
        }
        if turn == 1 {
            self.rows.sort_by_key(|row| match row.first() {
                Some(Val::I(id)) => *id,
                _ => 0,
            });
        }
        for (at, ty) in types.iter().enumerate() {
            let column = self.rows.iter().map(|row| &row[at]);
            params.push(match *ty {
                pg::Type::INT8 => {
                    Param::Numbers(column.map(|v| if let Val::I(i) = v { Some(*i) } else { None }).collect())
                }
                pg::Type::BYTEA => {
                    Param::Bytes(column.map(|v| if let Val::B(b) = v { Some(b.as_slice()) } else { None }).collect())
                }
                _ => Param::Texts(column.map(|v| if let Val::T(t) = v { Some(t.as_str()) } else { None }).collect()),
            });
        }
        if turn == 1 {
            params.push(Param::Count(self.rows.len() as i64));
        }
    }
}

/// A parameter of a group's statement.
#[derive(Debug)]
enum Param<'a> {
    Numbers(Vec<Option<i64>>),
    Texts(Vec<Option<&'a str>>),
    Bytes(Vec<Option<&'a [u8]>>),
    Count(i64),
}

impl pg::ToSql for Param<'_> {
    fn to_sql(
        &self,
        ty: &pg::Type,
        out: &mut BytesMut,
    ) -> Result<pg::IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Param::Numbers(column) => column.to_sql(ty, out),
            Param::Texts(column) => column.to_sql(ty, out),
            Param::Bytes(column) => column.to_sql(ty, out),
            Param::Count(rows) => rows.to_sql(ty, out),
        }
    }

    // The text casts every parameter to the type of its column.
    fn accepts(_: &pg::Type) -> bool {
        true
    }

    pg::to_sql_checked!();
}
