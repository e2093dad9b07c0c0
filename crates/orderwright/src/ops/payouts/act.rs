//! What is said of payouts after they were made: approved, sent, paid, failed, returned.
//!
//! A payout that fails or comes back is undone by reversals of the postings that sent it, in the same changeset; its money is the party's again
//! and waits for the next run.

use orderwright_core::id::{BatchId, PayoutId};
use orderwright_core::ledger::Account;
use orderwright_core::payout::{Act, Method, PayoutState};
use orderwright_core::time::Timestamp;

use super::{Payout, party, post};
use crate::effects::PAYOUT;
use crate::ops::{Ctx, OpError, idempotency};
use crate::store::{Changeset, CommitError, Guard, JobRow};

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It may leave.
    Approved,
    /// The bank has it.
    Sent,
    /// It arrived; the bank's word for it.
    Paid(Option<String>),
    /// It did not leave, or was refused.
    Failed(Why),
    /// It came back.
    Returned(Why),
}

/// Why a payout failed or came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// For people.
    pub reason: String,
    /// Whether the party's account is to blame: then nothing goes there until another is given.
    pub needs_details: bool,
}

impl Said {
    fn act(&self) -> Act {
        match self {
            Self::Approved => Act::Approve,
            Self::Sent => Act::Send,
            Self::Paid(_) => Act::Pay,
            Self::Failed(_) => Act::Fail,
            Self::Returned(_) => Act::Return,
        }
    }
}

/// A payout that changed meanwhile is read again this often.
const ATTEMPTS: u32 = 5;

/// Says something of a payout, or of all of a batch to which it can happen now.
///
/// # Errors
/// [`OpError::Conflict`] when it cannot happen now: to the payout, or to any of the batch.
pub async fn say(ctx: &mut Ctx, id: &str, said: &Said) -> Result<Vec<Payout>, OpError> {
    if let Some(id) = PayoutId::parse(id) {
        return Ok(vec![one(ctx, id, said).await?]);
    }
    let batch = BatchId::parse(id).ok_or(OpError::NotFound)?;
    ctx.app.store.find_payout_batch(batch.0).await?.ok_or(OpError::NotFound)?;
    let mut ids = Vec::new();
    for row in ctx.app.store.payouts_of_batch(batch.0).await? {
        let payout = Payout::of(row)?;
        if payout.state()?.after(said.act(), payout.method()?).is_ok() {
            ids.push(payout.id());
        }
    }
    if ids.is_empty() {
        let why = "none of the batch's payouts is in a state in which that can happen".to_owned();
        return Err(OpError::Conflict("payout_state", why));
    }
    idempotency::claim(ctx).await?;
    let mut done = Vec::with_capacity(ids.len());
    for id in ids {
        match one(ctx, id, said).await {
            Ok(payout) => done.push(payout),
            // Somebody else was quicker with this one.
            Err(OpError::Conflict(..)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

async fn one(ctx: &mut Ctx, id: PayoutId, said: &Said) -> Result<Payout, OpError> {
    for _ in 0..ATTEMPTS {
        let mut payout = load(ctx, id).await?;
        let state = payout
            .state()?
            .after(said.act(), payout.method()?)
            .map_err(|why| OpError::Conflict("payout_state", why))?;
        let (now, expected) = (ctx.clock.now(), payout.row.version);
        let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
        match said {
            Said::Approved => approved(ctx, &mut cs, &mut payout, state, now),
            Said::Sent => {}
            Said::Paid(reference) => arrived(ctx, &mut cs, &mut payout, reference.clone(), now),
            Said::Failed(why) | Said::Returned(why) => undone(ctx, &mut cs, &mut payout, state, why, now),
        }
        if let Some(key) = &ctx.key {
            key.start(&mut cs, None, now);
        }
        match commit(ctx, cs, payout, state, expected, now).await {
            Ok(payout) => {
                ctx.key = None;
                ctx.app.wake.notify_one();
                return Ok(payout);
            }
            Err(CommitError::Conflict { what: Guard::Other("payout") }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(OpError::Busy(format!("{id} keeps changing")))
}

/// What a provider answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It paid; its id of the transfer.
    Paid(Option<String>),
    /// It refused for good; its code.
    Refused(String),
}

/// Codes that say something of the platform's own balance or of the moment, not of the party's account.
const OURS: &[&str] = &["balance_insufficient", "insufficient_balance", "currency_not_supported", "scripted_fault"];

/// Takes a provider's answer and ends the job, in one changeset. `extra` adds what must be committed with it. A payout that has had its
/// answer only ends the job.
pub async fn answer(
    ctx: &Ctx,
    id: PayoutId,
    answered: &Answered,
    extra: &(dyn Fn(&mut Changeset) + Sync),
) -> Result<(), OpError> {
    for _ in 0..ATTEMPTS {
        let mut payout = load(ctx, id).await?;
        let (now, expected) = (ctx.clock.now(), payout.row.version);
        let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
        extra(&mut cs);
        let act = Act::Answer(matches!(answered, Answered::Paid(_)));
        let Ok(state) = payout.state()?.after(act, payout.method()?) else {
            return Ok(ctx.app.store.commit(cs).await?);
        };
        match answered {
            Answered::Paid(reference) => arrived(ctx, &mut cs, &mut payout, reference.clone(), now),
            Answered::Refused(code) => {
                let why = Why { reason: code.replace('_', " "), needs_details: !OURS.contains(&code.as_str()) };
                undone(ctx, &mut cs, &mut payout, state, &why, now);
            }
        }
        match commit(ctx, cs, payout, state, expected, now).await {
            Ok(_) => return Ok(()),
            Err(CommitError::Conflict { what: Guard::Other("payout") }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(OpError::Busy(format!("{id} keeps changing")))
}

/// Lets the money of a payout that failed or came back go out again, to the same account.
///
/// # Errors
/// [`OpError::Conflict`] when its money waits for nothing.
pub async fn retry(ctx: &mut Ctx, id: &str) -> Result<Payout, OpError> {
    let id = PayoutId::parse(id).ok_or(OpError::NotFound)?;
    for _ in 0..ATTEMPTS {
        let mut payout = load(ctx, id).await?;
        if !payout.row.parked {
            let why = format!("the payout is {}: no money of it waits", payout.row.state);
            return Err(OpError::Conflict("payout_state", why));
        }
        let (now, expected, state) = (ctx.clock.now(), payout.row.version, payout.state()?);
        payout.body.needs_details = false;
        let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
        if let Some(key) = &ctx.key {
            key.start(&mut cs, None, now);
        }
        match write(ctx, cs, payout, state, expected, now).await {
            Ok(payout) => {
                ctx.key = None;
                return Ok(payout);
            }
            Err(CommitError::Conflict { what: Guard::Other("payout") }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(OpError::Busy(format!("{id} keeps changing")))
}

async fn load(ctx: &Ctx, id: PayoutId) -> Result<Payout, OpError> {
    Payout::of(ctx.app.store.find_payout(id.0).await?.ok_or(OpError::NotFound)?)
}

/// Commits what was said, and tells the feed.
async fn commit(
    ctx: &Ctx,
    mut cs: Changeset,
    mut payout: Payout,
    state: PayoutState,
    expected: i64,
    now: Timestamp,
) -> Result<Payout, CommitError> {
    state.name().clone_into(&mut payout.row.state);
    let event = match state {
        PayoutState::Paid => Some("payout.paid"),
        PayoutState::Failed => Some("payout.failed"),
        PayoutState::Returned => Some("payout.returned"),
        PayoutState::Sent => Some("payout.sent"),
        PayoutState::Pending | PayoutState::Approved | PayoutState::Settled => None,
    };
    if let Some(event) = event {
        let events = payout.event(event);
        cs.outbox(None, None, None, None, None, &events);
    }
    write(ctx, cs, payout, state, expected, now).await
}

async fn write(
    ctx: &Ctx,
    mut cs: Changeset,
    mut payout: Payout,
    state: PayoutState,
    expected: i64,
    now: Timestamp,
) -> Result<Payout, CommitError> {
    state.name().clone_into(&mut payout.row.state);
    (payout.row.version, payout.row.updated_at) = (expected + 1, now.0);
    payout.row = payout.written().map_err(|e| CommitError::Invalid(e.to_string()))?;
    cs.update_payout(&payout.row, expected);
    ctx.app.store.commit(cs).await?;
    Ok(payout)
}

/// Somebody approved it, or the terms did. What a provider pays leaves with it, as a job.
pub(super) fn approved(ctx: &Ctx, cs: &mut Changeset, payout: &mut Payout, state: PayoutState, now: Timestamp) {
    state.name().clone_into(&mut payout.row.state);
    payout.body.approved_by = Some(ctx.actor.id.clone());
    if state == PayoutState::Sent {
        cs.insert_job(&JobRow {
            id: ctx.app.ids.next(now),
            kind: PAYOUT.to_owned(),
            order_id: None,
            state: "ready".to_owned(),
            run_at: now.0,
            lease_owner: 0,
            lease_until: 0,
            fence: 0,
            attempts: 0,
            payload: serde_json::json!({
                "payout": payout.id().to_string(),
                "amount": payout.row.amount,
                "currency": payout.row.currency,
            })
            .to_string(),
            last_error: None,
            created_at: now.0,
        });
    }
}

/// It arrived: out of transit, off the account that it was paid from.
fn arrived(ctx: &Ctx, cs: &mut Changeset, payout: &mut Payout, reference: Option<String>, now: Timestamp) {
    let from = match payout.method() {
        Ok(Method::Bank) => Account::Bank,
        _ => Account::Clearing,
    };
    let amount = payout.row.amount;
    let lines = [(Account::PayoutsInTransit, amount), (from, -amount)];
    payout.body.arrival = Some(post(ctx, cs, &payout.row, "payout_paid", None, &lines, now));
    payout.body.reference = reference.or(payout.body.reference.take());
}

/// It failed or came back: what was posted is reversed, and the money waits.
fn undone(ctx: &Ctx, cs: &mut Changeset, payout: &mut Payout, state: PayoutState, why: &Why, now: Timestamp) {
    let cause = if state == PayoutState::Returned { "payout_returned" } else { "payout_failed" };
    let amount = payout.row.amount;
    if let Some(arrival) = payout.body.arrival {
        let from = match payout.method() {
            Ok(Method::Bank) => Account::Bank,
            _ => Account::Clearing,
        };
        let lines = [(Account::PayoutsInTransit, -amount), (from, amount)];
        let reversal = post(ctx, cs, &payout.row, cause, Some(arrival), &lines, now);
        payout.body.reversals.push(reversal);
    }
    if let (Some(paying), Some(party)) = (payout.body.paying, party(&payout.row.party)) {
        let lines = [(Account::Party(party), -amount), (Account::PayoutsInTransit, amount)];
        let reversal = post(ctx, cs, &payout.row, cause, Some(paying), &lines, now);
        payout.body.reversals.push(reversal);
    }
    payout.row.parked = true;
    payout.body.reason = Some(why.reason.clone());
    payout.body.needs_details = why.needs_details;
}
