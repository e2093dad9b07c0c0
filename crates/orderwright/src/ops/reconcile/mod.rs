//! Reconciliation: every payment, refund and transfer of a time, held against the providers' own books; and what the providers have that
//! nobody here knows.
//!
//! A run is a row with a place that it has come to. Each step reads some orders, asks the provider of each payment, and commits what it
//! found together with its new place, so that a run that was killed goes on where it was and tells nothing twice. It changes no order,
//! unless it is told to settle what needs no decision: money that came too late goes back, and a refund that failed is reversed in the
//! books. What is not here: what differs ([`compare`]), and how a provider is asked (`pay`).

pub mod compare;
mod step;

use orderwright_core::id::ReconciliationId;
use orderwright_core::order::SANDBOX;
use orderwright_core::time::Timestamp;
use serde::{Deserialize, Serialize};

pub use compare::Difference;
pub use step::{run_job, step};

use super::{Ctx, OpError};
use crate::effects;
use crate::store::{Changeset, JobRow, ReconciliationRow};

/// What is to be compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// Orders placed at or after.
    pub from: Timestamp,
    /// Orders placed before.
    pub to: Timestamp,
    /// Only this channel.
    pub channel: Option<String>,
    /// Only this provider.
    pub provider: Option<String>,
    /// Whether to set right what needs no decision.
    pub settle: bool,
}

/// What was counted so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Orders read.
    pub orders: u64,
    /// Payments that were compared.
    pub payments: u64,
    /// Payments about which something is under way, so that they were not compared.
    pub under_way: u64,
    /// Payments of the providers' own lists that were looked for here.
    pub looked_for: u64,
    /// Differences found.
    pub differences: u64,
    /// Of those, set right by this run.
    pub settled: u64,
}

/// What a run keeps beside its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Body {
    pub request: Request,
    pub counts: Counts,
}

/// Where a run is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub(super) enum Place {
    /// After that order.
    Orders { after: i64 },
    /// In the list of that provider, at that page; `n` counts the steps, so that no two places are the same.
    Provider { name: String, page: Option<String>, n: u64 },
    /// At the end.
    End,
}

/// A run.
#[derive(Clone, Debug)]
pub struct Run {
    /// `rec_…`
    pub id: i64,
    /// running, done.
    pub state: String,
    /// What was asked for.
    pub request: Request,
    /// What was counted so far.
    pub counts: Counts,
    /// Who began it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was last heard of.
    pub updated_at: Timestamp,
}

pub(super) fn body(row: &ReconciliationRow) -> Result<Body, OpError> {
    serde_json::from_str(&row.body).map_err(|e| OpError::Internal(format!("reconciliation {}: {e}", row.id)))
}

pub(super) fn text(value: &impl Serialize) -> Result<String, OpError> {
    serde_json::to_string(value).map_err(|e| OpError::Internal(e.to_string()))
}

fn run(row: &ReconciliationRow) -> Result<Run, OpError> {
    let Body { request, counts } = body(row)?;
    Ok(Run {
        id: row.id,
        state: row.state.clone(),
        request,
        counts,
        created_by: row.created_by.clone(),
        created_at: Timestamp(row.created_at),
        updated_at: Timestamp(row.updated_at),
    })
}

/// Begins a run; with `job`, a job in the background does it step by step.
///
/// # Errors
/// [`OpError::Invalid`] for a channel or a provider that is not there, or a time that ends before it begins.
pub async fn begin(ctx: &mut Ctx, request: Request, job: bool) -> Result<Run, OpError> {
    if request.to <= request.from {
        return Err(OpError::field("/to", "must be after `from`"));
    }
    if let Some(channel) = request.channel.as_deref().filter(|c| ctx.app.channel(c).is_none()) {
        return Err(OpError::field("/channel", format!("no such channel: `{channel}`")));
    }
    if let Some(name) = request.provider.as_deref().filter(|p| ctx.app.pay.get(p).is_none()) {
        let names = ctx.app.pay.names().join(", ");
        return Err(OpError::field("/provider", format!("`{name}` is not set up here; must be one of {names}")));
    }
    let now = ctx.clock.now();
    let after = crate::kernel::ids::first_at(request.from) - 1;
    let row = ReconciliationRow {
        id: ctx.app.ids.next(now),
        state: "running".to_owned(),
        cursor: text(&Place::Orders { after })?,
        body: text(&Body { request, counts: Counts::default() })?,
        created_by: ctx.actor.id.clone(),
        created_at: now.0,
        updated_at: now.0,
    };
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    cs.insert_reconciliation(&row);
    if job {
        cs.insert_job(&next_job(ctx, row.id, now));
    }
    if let Some(key) = ctx.key.take() {
        key.start(&mut cs, None, now);
    }
    ctx.app.store.commit(cs).await?;
    ctx.app.wake.notify_one();
    run(&row)
}

/// The job that takes a run a step further.
pub(super) fn next_job(ctx: &Ctx, run: i64, now: Timestamp) -> JobRow {
    JobRow {
        id: ctx.app.ids.next(now),
        kind: effects::RECONCILIATION.to_owned(),
        order_id: None,
        state: "ready".to_owned(),
        run_at: now.0,
        lease_owner: 0,
        lease_until: 0,
        fence: 0,
        attempts: 0,
        payload: serde_json::json!({ "run": run }).to_string(),
        last_error: None,
        created_at: now.0,
    }
}

/// A run, as it stands.
pub async fn get(ctx: &Ctx, id: i64) -> Result<Run, OpError> {
    run(&ctx.app.store.find_reconciliation(id).await?.ok_or(OpError::NotFound)?)
}

/// The latest runs before one of them, the newest first.
pub async fn list(ctx: &Ctx, before: i64, limit: i64) -> Result<Vec<Run>, OpError> {
    ctx.app.store.list_reconciliations(before, limit).await?.iter().map(run).collect()
}

/// The differences of a run after one of them, with their places.
pub async fn differences(ctx: &Ctx, id: i64, after: i64, limit: i64) -> Result<Vec<(i64, Difference)>, OpError> {
    ctx.app.store.find_reconciliation(id).await?.ok_or(OpError::NotFound)?;
    let rows = ctx.app.store.reconciliation_differences(id, after, limit).await?;
    let read = |row: &crate::store::DifferenceRow| {
        let found = serde_json::from_str(&row.body);
        found.map(|d| (row.seq, d)).map_err(|e| OpError::Internal(format!("a difference of {id}: {e}")))
    };
    rows.iter().map(read).collect()
}

/// A run to its end, here and now; `told` hears how far it is.
pub async fn to_the_end(ctx: &Ctx, id: i64, mut told: impl FnMut(&Counts)) -> Result<Run, OpError> {
    loop {
        let now = get(ctx, id).await?;
        told(&now.counts);
        if now.state != "running" {
            return Ok(now);
        }
        step(ctx, id, None).await?;
    }
}

/// The text of a run's id.
pub fn id_text(id: i64) -> String {
    ReconciliationId(id).to_string()
}

/// The providers that a run asks for their own lists.
pub(super) fn lists(ctx: &Ctx, request: &Request) -> Vec<String> {
    let wanted = |name: &&str| *name != SANDBOX && request.provider.as_deref().is_none_or(|p| p == *name);
    ctx.app.pay.names().into_iter().filter(wanted).map(str::to_owned).collect()
}
