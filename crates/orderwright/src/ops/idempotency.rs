//! Idempotency keys: the same request twice is done once.
//!
//! The key's row is inserted by the request's own changeset, so the key is taken exactly if the work is done, whatever is killed when. The
//! answer is added afterwards. Scope: actor, method, path (api.md). Final 2xx and 409 are kept, for 24 hours of the shop's clock.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use orderwright_core::time::{Span, Timestamp};

use super::{Ctx, OpError};
use crate::kernel::digest;
use crate::store::{Changeset, CommitError, Guard, IdempotencyRow};

/// How long answers are kept.
pub const KEPT: Span = Span::seconds(24 * 3600);
/// How long a node may be silent about a key before another one believes that it died over it.
const PATIENCE: Span = Span::seconds(30);

/// The key of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    digest: [u8; 32],
    request: [u8; 32],
}

impl Key {
    /// The key as the client gave it, bound to the actor and the route; `body` as it came.
    pub fn new(actor: &str, method: &str, path: &str, key: &str, body: &[u8]) -> Self {
        let parts = [actor.as_bytes(), method.as_bytes(), path.as_bytes(), key.as_bytes()];
        Self { digest: digest::of(&parts), request: digest::of(&[body]) }
    }

    /// Takes the key as part of a changeset.
    pub fn start(&self, cs: &mut Changeset, order_id: Option<i64>, now: Timestamp) {
        cs.insert_idempotency(&self.row(order_id, None, None, now));
    }

    fn row(
        &self,
        order_id: Option<i64>,
        status: Option<i64>,
        response: Option<String>,
        now: Timestamp,
    ) -> IdempotencyRow {
        IdempotencyRow {
            digest: self.digest.to_vec(),
            request: self.request.to_vec(),
            order_id,
            status,
            response,
            created_at: now.0,
        }
    }
}

/// Keys whose request is running on this node.
#[derive(Clone, Debug, Default)]
pub struct InFlight(Arc<Mutex<HashSet<[u8; 32]>>>);

/// A running request; the key is free again when it is dropped.
#[derive(Debug)]
pub struct Running {
    all: InFlight,
    digest: [u8; 32],
}

impl Drop for Running {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.digest);
    }
}

/// What a key says about a request.
#[derive(Debug)]
pub enum Begin {
    /// Nobody used it: go on, and keep the guard until the answer is kept.
    New(Running),
    /// The answer of the first request.
    Replay {
        /// HTTP status.
        status: u16,
        /// JSON, without people's data.
        body: String,
        /// The order that the answer is about.
        order_id: Option<i64>,
    },
    /// The first request was done, and its node died before it could keep the answer: make it again from the order.
    Recover {
        /// The order that it touched.
        order_id: Option<i64>,
        /// Keeps the key.
        running: Running,
    },
    /// The key was used with another body.
    OtherBody,
    /// The first request is still running.
    InUse,
}

/// Looks a key up before a request is done.
pub async fn begin(ctx: &Ctx, key: &Key) -> Result<Begin, OpError> {
    let all = ctx.app.in_flight.clone();
    let free = all.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.digest);
    if !free {
        return Ok(Begin::InUse);
    }
    let running = Running { all, digest: key.digest };
    let now = ctx.clock.now();
    let Some(row) = ctx.app.store.find_idempotency(&key.digest).await? else { return Ok(Begin::New(running)) };
    if row.created_at + KEPT.0 <= now.0 {
        ctx.app.store.delete_idempotency(&key.digest).await?;
        return Ok(Begin::New(running));
    }
    if row.request != key.request {
        return Ok(Begin::OtherBody);
    }
    Ok(match (row.status, row.response) {
        (Some(status), Some(body)) => {
            Begin::Replay { status: u16::try_from(status).unwrap_or(500), body, order_id: row.order_id }
        }
        _ if ctx.app.store.is_shared() && row.created_at + PATIENCE.0 > now.0 => Begin::InUse,
        _ => Begin::Recover { order_id: row.order_id, running },
    })
}

/// Takes the request's key by itself, for work that is many changesets: it is done once, although not all or nothing. Whoever calls this
/// answers with success from here on.
pub async fn claim(ctx: &mut Ctx) -> Result<(), OpError> {
    let Some(key) = ctx.key.take() else { return Ok(()) };
    let now = ctx.clock.now();
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    key.start(&mut cs, None, now);
    Ok(ctx.app.store.commit(cs).await?)
}

/// Keeps the final answer of a request.
pub async fn keep(ctx: &Ctx, key: &Key, status: u16, body: &str) -> Result<(), OpError> {
    if ctx.app.store.complete_idempotency(&key.digest, i64::from(status), body).await? {
        return Ok(());
    }
    // A refusal: nothing was committed that could have taken the key.
    let now = ctx.clock.now();
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    cs.insert_idempotency(&key.row(None, Some(i64::from(status)), Some(body.to_owned()), now));
    match ctx.app.store.commit(cs).await {
        Ok(()) | Err(CommitError::Duplicate { what: Guard::IdempotencyKey }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
