//! One changeset, one flight: BEGIN, every operation and COMMIT leave in one write, before the first answer is awaited.
//!
//! Nobody can look at a row count in between, so guarded statements fail by themselves and the server rolls back. The
//! COMMIT of a transaction that failed answers ROLLBACK and is no error: success means that every operation succeeded.
//! When the connection breaks in flight, the outcome is settled here: the old server process is ended, then the outbox is
//! asked for the changeset's id. What is not here: connections and pools (`postgres`).

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use deadpool::managed::Object;
use futures_util::task::noop_waker_ref;
use tokio_postgres::{Error, Statement};

use crate::kernel::clock::stopwatch;

use super::{
    changeset::{Changeset, Op},
    error::{CommitError, Guard},
    postgres::{Conn, Postgres, Verdict, checkout, pause, reason},
    registry::Stmt,
    value::Val,
};

/// Attempts after deadlocks.
const ATTEMPTS: u32 = 10;
/// How long an unknown outcome is looked for.
pub(super) const SETTLE: Duration = Duration::from_secs(30);

/// Commits the changeset; what the operations that count changed is the answer. `in_doubt` says that an earlier flight of it may still
/// land.
pub(super) async fn commit(db: &Arc<Postgres>, changeset: &Changeset, mut in_doubt: bool) -> Result<u64, CommitError> {
    let started = stopwatch();
    let mut attempt = 0;
    loop {
        attempt += 1;
        if attempt > 1 {
            db.stats.retries.inc();
        }
        let conn = match checkout(&db.commits).await {
            Ok(conn) => conn,
            Err(_) if in_doubt && started.elapsed() < SETTLE => {
                tokio::time::sleep(pause(attempt, changeset.id())).await;
                continue;
            }
            Err(e) if in_doubt => return Err(CommitError::Unknown(e.to_string())),
            Err(e) => return Err(CommitError::Unavailable(e.to_string())),
        };
        match fly(&conn, changeset).await {
            Ok(counted) => return Ok(counted),
            Err(Failed { verdict: Verdict::Duplicate, op: Some(op), .. })
                if in_doubt && changeset.guard_of(op) == Guard::ChangeId =>
            {
                return Ok(0);
            }
            Err(Failed { verdict: Verdict::Conflict, op: Some(op), .. }) => {
                return Err(CommitError::Conflict { what: changeset.guard_of(op) });
            }
            Err(Failed { verdict: Verdict::Duplicate, op: Some(op), .. }) => {
                return Err(CommitError::Duplicate { what: changeset.guard_of(op) });
            }
            Err(Failed { verdict: Verdict::Again, error, .. }) => {
                if attempt >= ATTEMPTS {
                    return Err(CommitError::Unavailable(error));
                }
                drop(conn);
                tokio::time::sleep(pause(attempt, changeset.id())).await;
            }
            Err(Failed { verdict: Verdict::Lost, sent, error, .. }) => {
                // A broken connection must not go back into the pool.
                let backend = Object::take(conn).backend.clone();
                if sent {
                    tracing::warn!(changeset = changeset.id(), %error, "the connection broke in flight; settling");
                    match settle(db, &backend, changeset.id(), started + SETTLE).await? {
                        Settled { committed: true, .. } => return Ok(0),
                        Settled { gone, .. } => in_doubt |= !gone,
                    }
                }
                if attempt >= ATTEMPTS {
                    return Err(if in_doubt { CommitError::Unknown(error) } else { CommitError::Unavailable(error) });
                }
                tokio::time::sleep(pause(attempt, changeset.id())).await;
            }
            Err(Failed { verdict: Verdict::Unavailable, error, .. }) => return Err(CommitError::Unavailable(error)),
            Err(Failed { error, .. }) => return Err(CommitError::Invalid(error)),
        }
    }
}

/// Why a flight did not commit.
struct Failed<'a> {
    verdict: Verdict,
    /// The operation that failed; None for BEGIN, COMMIT and preparation.
    op: Option<&'a Op>,
    /// Whether COMMIT was sent.
    sent: bool,
    error: String,
}

async fn fly<'a>(conn: &Conn, changeset: &'a Changeset) -> Result<u64, Failed<'a>> {
    let groups = groups(changeset.ops());
    let mut statements: Vec<Statement> = Vec::with_capacity(groups.len());
    for group in &groups {
        let op = &group[0];
        let statement =
            if op.expect.is_some() { conn.guarded(op.stmt).await } else { conn.rows(op.stmt, group.len()).await };
        statements.push(statement.map_err(|e| failed(&e, Some(op), false))?);
    }

    let client = &conn.client;
    let mut requests: Vec<Request<'_>> = Vec::with_capacity(groups.len() + 1);
    requests.push(Box::pin(async move { client.batch_execute("BEGIN").await.map(|()| 0) }));
    for (group, statement) in groups.iter().zip(&statements) {
        let vals: Vec<&Val> = group.iter().flat_map(|op| changeset.vals_and_expect(op)).collect();
        requests.push(Box::pin(client.execute_raw(statement, vals)));
    }

    // The first poll writes a request into the connection's queue, whole and in order. One that fails at once never left:
    // its values did not fit. Then COMMIT must not leave either, or the rest would be committed without it.
    let mut answers: Vec<Option<Result<u64, Error>>> = Vec::with_capacity(requests.len());
    for request in &mut requests {
        match send(request) {
            Poll::Ready(Err(e)) => {
                let op = op_of(&groups, answers.len());
                drop(requests);
                // If even this fails, the connection is closed, and the server rolls back by itself.
                let _ = client.batch_execute("ROLLBACK").await;
                return Err(failed(&e, op, false));
            }
            Poll::Ready(Ok(rows)) => answers.push(Some(Ok(rows))),
            Poll::Pending => answers.push(None),
        }
    }
    let mut end: Request<'_> = Box::pin(async move { client.batch_execute("COMMIT").await.map(|()| 0) });
    let ended = send(&mut end);

    // The first failure is the cause: what follows it only says that the transaction is aborted.
    let mut cause: Option<Failed<'a>> = None;
    let mut counted = 0;
    for (at, (request, answer)) in requests.into_iter().zip(answers).enumerate() {
        let op = op_of(&groups, at);
        let answer = match answer {
            Some(answer) => answer,
            None => request.await,
        };
        match answer {
            Ok(rows) if op.is_some_and(|op| op.counted) => counted += rows,
            Ok(_) => {}
            Err(e) if cause.is_none() => cause = Some(failed(&e, op, true)),
            Err(_) => {}
        }
    }
    let ended = match ended {
        Poll::Ready(result) => result,
        Poll::Pending => end.await,
    };
    match (cause, ended) {
        (Some(cause), _) => Err(cause),
        (None, Err(e)) => Err(failed(&e, None, true)),
        (None, Ok(_)) => Ok(counted),
    }
}

/// A statement on its way.
type Request<'f> = Pin<Box<dyn Future<Output = Result<u64, Error>> + Send + 'f>>;

/// The first poll of a request: it goes into the connection's queue. Who polls it again brings their own waker.
fn send(request: &mut Request<'_>) -> Poll<Result<u64, Error>> {
    request.as_mut().poll(&mut Context::from_waker(noop_waker_ref()))
}

/// The most rows of one insert.
const MOST_ROWS: usize = 16;

/// What is sent as one statement: neighbouring rows of one table together, everything else alone.
fn groups(ops: &[Op]) -> Vec<&[Op]> {
    let row = |op: &Op| op.expect.is_none() && !op.counted && op.stmt.inserts_rows();
    ops.chunk_by(|a, b| a.stmt == b.stmt && row(a) && row(b)).flat_map(|run| run.chunks(MOST_ROWS)).collect()
}

/// The first operation of a request; the first request is BEGIN.
fn op_of<'a>(groups: &[&'a [Op]], request: usize) -> Option<&'a Op> {
    request.checked_sub(1).and_then(|at| groups.get(at)).and_then(|group| group.first())
}

fn failed<'a>(e: &Error, op: Option<&'a Op>, sent: bool) -> Failed<'a> {
    let error = match op {
        Some(op) => format!("{:?}: {}", op.stmt, reason(e)),
        None => reason(e),
    };
    Failed { verdict: Verdict::of(e), op, sent, error }
}

/// What became of a flight whose connection broke.
pub(super) struct Settled {
    pub committed: bool,
    /// Whether the process that had the lost flight is certainly gone, so that the flight can't land any more.
    pub gone: bool,
}

/// Finds out what became of a flight whose connection broke. The old process may still be working on it, so it is ended
/// first; only then does an absent outbox row mean that nothing was committed.
pub(super) async fn settle(
    db: &Arc<Postgres>,
    backend: &(i64, String),
    id: i64,
    until: Instant,
) -> Result<Settled, CommitError> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        match look(db, backend, id).await {
            Ok(settled) => return Ok(settled),
            Err(e) if stopwatch() >= until => return Err(CommitError::Unknown(reason(&e))),
            Err(_) => tokio::time::sleep(pause(attempt, id)).await,
        }
    }
}

async fn look(db: &Arc<Postgres>, (pid, started): &(i64, String), id: i64) -> Result<Settled, Error> {
    // Not from the pool: its connections may have broken at the same moment.
    let conn = db.connector.connect().await?;
    let ended = conn
        .client
        .query(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid = ($1::int8)::int4 AND backend_start::text = $2",
            &[pid, started],
        )
        .await?;
    let gone = ended.iter().all(|row| row.try_get(0).unwrap_or(false));
    let found = conn.client.query_opt(&conn.statement(Stmt::OutboxHas).await?, &[&id]).await?;
    Ok(Settled { committed: found.is_some(), gone })
}
