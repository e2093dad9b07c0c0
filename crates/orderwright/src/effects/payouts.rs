//! Has a provider pay a party: asks, and gives the answer to the payout, in one changeset with the end of the job.
//!
//! The payout's id is the idempotency key and exists before the first call. After a lost answer the same key is used again, or the provider is
//! asked where it forgets keys: the adapters know which.

use orderwright_core::id::PayoutId;
use orderwright_core::money::Currency;
use orderwright_core::payout::PayoutState;
use orderwright_core::time::Timestamp;
use serde_json::Value;

use super::runner;
use crate::ops::payouts::act::{self, Answered, Said, Why};
use crate::ops::payouts::{self, Payout};
use crate::ops::{Ctx, OpError};
use crate::pay::port::PayOut;
use crate::pay::{Answer, ProviderError};
use crate::store::JobRow;

/// Runs a job that was claimed.
pub(super) async fn run(ctx: &Ctx, row: &JobRow) {
    let named = serde_json::from_str::<Value>(&row.payload).ok();
    let Some(id) = named.as_ref().and_then(|p| p["payout"].as_str()).and_then(PayoutId::parse) else {
        return runner::bury(ctx, row.id, row.fence, "the payload names no payout").await;
    };
    let payout = match payouts::find(ctx, &id.to_string(), &[]).await {
        Ok(payout) => payout,
        Err(OpError::NotFound) => return runner::bury(ctx, row.id, row.fence, "there is no such payout").await,
        Err(error) => return later(ctx, row, "ready", &error.to_string()).await,
    };
    if !payout.state().is_ok_and(|s| s == PayoutState::Sent) {
        return runner::end(ctx, row.id, row.fence).await;
    }
    let answered = match call(ctx, &payout).await {
        Ok(Answer::Done(settled)) => Answered::Paid(settled.reference),
        Ok(Answer::Declined { code }) => Answered::Refused(code),
        Ok(Answer::ActionRequired { .. } | Answer::Processing) => {
            return later(ctx, row, "in_doubt", "the provider has not answered for good").await;
        }
        Err(ProviderError::Lost(why)) => return later(ctx, row, "in_doubt", &why).await,
        Err(ProviderError::Unavailable(why)) => return later(ctx, row, &row.state, &why).await,
        Err(ProviderError::Mismatch(why)) => return runner::bury(ctx, row.id, row.fence, &why).await,
    };
    let (job, fence) = (row.id, row.fence);
    let ended = act::answer(ctx, id, &answered, &|cs| _ = cs.finish_job(job, fence)).await;
    if let Err(error) = ended {
        // The job stays; its lease runs out, and the provider gives the same answer again.
        tracing::warn!(%id, %error, "the answer to a payout could not be written");
    }
}

async fn call(ctx: &Ctx, payout: &Payout) -> Result<Answer, ProviderError> {
    let currency = Currency::parse(&payout.row.currency)
        .ok_or_else(|| ProviderError::Mismatch(format!("no currency {}", payout.row.currency)))?;
    let key = payout.id().to_string();
    let what = PayOut {
        key: &key,
        account: &payout.row.destination,
        party: &payout.row.party,
        amount: payout.row.amount,
        currency,
        // What was asked before its approval was asked for was not asked.
        since: Timestamp(payout.row.updated_at),
        now: ctx.clock.now(),
    };
    ctx.app.pay.door(&payout.row.method)?.pay_out(&what).await
}

/// What follows from a transfer of which a provider told.
pub(super) enum Told {
    /// The payout knows it, or does now.
    Done,
    /// There is no such payout here.
    Unknown,
    /// It contradicts our books.
    Refused(String),
}

/// Holds a payout against the provider's transfer: one that was reversed came back.
pub(super) async fn told(ctx: &Ctx, id: PayoutId, amount: i64, reversed: i64) -> Result<Told, OpError> {
    let payout = match payouts::find(ctx, &id.to_string(), &[]).await {
        Ok(payout) => payout,
        Err(OpError::NotFound) => return Ok(Told::Unknown),
        Err(error) => return Err(error),
    };
    if amount != payout.row.amount {
        return Ok(Told::Refused(format!(
            "{id} is {}, the provider's transfer {amount} (minor units)",
            payout.row.amount
        )));
    }
    if reversed == 0 || payout.state()? == PayoutState::Returned {
        return Ok(Told::Done);
    }
    if reversed < amount {
        let why =
            format!("{reversed} of the {amount} of {id} were reversed: a payout comes back as a whole or not at all");
        return Ok(Told::Refused(why));
    }
    let why = Why { reason: "the provider's transfer was reversed".to_owned(), needs_details: true };
    let mut ctx = Ctx { key: None, ..ctx.clone() };
    match act::say(&mut ctx, &id.to_string(), &Said::Returned(why)).await {
        Ok(_) => Ok(Told::Done),
        // Its own answer is still on its way: the event is looked at again.
        Err(OpError::Conflict(_, why)) => Err(OpError::Busy(why)),
        Err(error) => Err(error),
    }
}

async fn later(ctx: &Ctx, row: &JobRow, state: &str, why: &str) {
    let next = runner::backoff(ctx.clock.now(), row.attempts);
    runner::again(ctx, orderwright_core::id::JobId(row.id), row.fence, row.attempts, state, next, why).await;
}
