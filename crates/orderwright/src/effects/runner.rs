//! Runs jobs: asks the provider, and gives the outcome to the order, in one changeset with the end of the job.
//!
//! At least once, made once: the job's id is the idempotency key at the provider and exists before the first call; the outcome is applied
//! under the job's fence, and by the order only while it waits for this effect. After a lost answer the provider is asked what became of
//! the key, and nothing is repeated or undone on a guess.

use std::sync::Arc;

use orderwright_core::decide::{Command, Decision, EffectJob, Outcome, Refusal};
use orderwright_core::id::{JobId, OrderId};
use orderwright_core::order::SANDBOX;
use orderwright_core::time::{Span, Timestamp};
use orderwright_core::workflow::Effect;

use crate::app::App;
use crate::kernel::Clock;
use crate::kernel::clock::stopwatch;
use crate::ops::command::{Loaded, OrderRef, apply, apply_to};
use crate::ops::{Ctx, OpError, Wait};
use crate::pay::port::{Leg, Work};
use crate::pay::sandbox::Sandbox;
use crate::pay::{ACTION_WINDOW, Answer, Provider, ProviderError, Settled};
use crate::store::{Changeset, CommitError, Guard, JobRow, Scope};

/// Attempts after which somebody is told, a good hour after the first. The job goes on: an outage ends, and what it was to do with money
/// still has to be done.
pub const TOLD_AFTER: i64 = 12;

/// A job in hand: what to do, and under which fence.
struct Leased {
    job: EffectJob,
    fence: i64,
    attempts: i64,
    in_doubt: bool,
}

/// Runs effects that were just committed, leased to this node, and all that follows from their outcomes.
pub async fn run_new(ctx: Ctx, effects: Vec<EffectJob>) {
    run_from(ctx, effects, None).await;
}

/// The same, from the order as it was committed with them. The answer is the order as the last of the outcomes left it; `None` when that
/// is not known, because an effect has no outcome yet or somebody else had a hand in it.
pub async fn run_from(ctx: Ctx, effects: Vec<EffectJob>, mut order: Option<Loaded>) -> Option<Loaded> {
    let mut queue: Vec<Leased> =
        effects.into_iter().map(|job| Leased { job, fence: 1, attempts: 1, in_doubt: false }).collect();
    let system = Ctx { actor: orderwright_core::actor::Actor::system(), key: None, if_version: None, ..ctx };
    while !queue.is_empty() {
        let leased = queue.remove(0);
        let ran = Box::pin(run(&system, leased, order.take())).await;
        if let Some((decision, after)) = ran {
            queue.extend(decision.effects.into_iter().map(|job| Leased {
                job,
                fence: 1,
                attempts: 1,
                in_doubt: false,
            }));
            order = Some(after);
        }
    }
    order
}

/// Runs a job that was claimed from the store, and all that follows.
pub async fn run_claimed(app: Arc<App>, clock: Clock, row: JobRow) {
    let ctx = Ctx { wait: Wait::Full, ..Ctx::system(&app, &clock) };
    match row.kind.as_str() {
        super::SANDBOX_WEBHOOK => sandbox_webhook(&ctx, &row).await,
        super::RECONCILIATION => crate::ops::reconcile::run_job(&ctx, &row).await,
        super::PROVIDER_EVENT => super::provider_events::run(&ctx, &row).await,
        super::DISPUTE => super::disputes::run(&ctx, &row).await,
        super::PAYOUT => super::payouts::run(&ctx, &row).await,
        super::MAIL => super::mail::run(&ctx, &row).await,
        super::PAYMENT => match serde_json::from_str::<EffectJob>(&row.payload) {
            Ok(job) => {
                let leased = Leased {
                    job,
                    fence: row.fence,
                    attempts: row.attempts,
                    in_doubt: row.state == "in_doubt" || row.attempts > 1,
                };
                if let Some((decision, after)) = Box::pin(run(&ctx, leased, None)).await {
                    run_from(ctx, decision.effects, Some(after)).await;
                }
            }
            Err(error) => bury(&ctx, row.id, row.fence, &format!("the payload cannot be read: {error}")).await,
        },
        kind => bury(&ctx, row.id, row.fence, &format!("no such kind of job: {kind}")).await,
    }
}

/// One attempt on an order that may be known. What follows from its outcome, if it had one that moved the order.
async fn run(ctx: &Ctx, leased: Leased, order: Option<Loaded>) -> Option<(Decision, Loaded)> {
    let Leased { job, fence, attempts, in_doubt } = leased;
    let (now, start) = (ctx.clock.now(), stopwatch());
    let answer = match job.effect.0 {
        Effect::CheckStock => check_stock(ctx, &job).await,
        _ => call(ctx, &job, in_doubt).await,
    };
    ctx.app.metrics.effect(job.effect.0, outcome_name(&answer), start);
    match answer {
        Ok(answer @ (Answer::Done(_) | Answer::Declined { .. })) => finish(ctx, &job, fence, answer, order).await,
        // The customer's browser goes on; a webhook tells, and until then we ask now and then, more and more rarely.
        Ok(Answer::ActionRequired { reference }) => {
            let _ = outcome(ctx, &job, Outcome::ActionRequired { reference }, order, &mut |_, _, _| {}).await;
            let over = crate::kernel::ids::made_at(job.id.0).plus(ACTION_WINDOW);
            let pause = Span::seconds(60 << attempts.clamp(1, 6));
            let next = if now < over { now.plus(pause).min(over) } else { now.plus(pause) };
            again(ctx, job.id, fence, attempts, "in_doubt", next, "the customer is to complete the payment").await;
            None
        }
        // The provider will send a webhook; should it not come, we ask.
        Ok(Answer::Processing) => {
            again(
                ctx,
                job.id,
                fence,
                attempts,
                "in_doubt",
                now.plus(orderwright_core::time::Span::seconds(60)),
                "answered by webhook",
            )
            .await;
            None
        }
        Err(ProviderError::Lost(why)) => {
            let _ = outcome(ctx, &job, Outcome::InDoubt, order, &mut |_, _, _| {}).await;
            again(ctx, job.id, fence, attempts, "in_doubt", backoff(now, attempts), &why).await;
            stuck(ctx, &job, attempts, &why).await;
            None
        }
        // Trying again would not make the books agree.
        Err(ProviderError::Mismatch(why)) => {
            let _ = outcome(ctx, &job, Outcome::InDoubt, order, &mut |_, _, _| {}).await;
            bury(ctx, job.id.0, fence, &why).await;
            let command = Command::Stuck { effect: job.id, why, goes_on: false };
            deliver(ctx, job.order, command, None).await;
            None
        }
        Err(ProviderError::Unavailable(why)) => {
            again(
                ctx,
                job.id,
                fence,
                attempts,
                if in_doubt { "in_doubt" } else { "ready" },
                backoff(now, attempts),
                &why,
            )
            .await;
            stuck(ctx, &job, attempts, &why).await;
            None
        }
    }
}

/// Tells the order, once, that its effect gets nowhere.
async fn stuck(ctx: &Ctx, job: &EffectJob, attempts: i64, why: &str) {
    if attempts == TOLD_AFTER {
        let command = Command::Stuck { effect: job.id, why: why.to_owned(), goes_on: true };
        deliver(ctx, job.order, command, None).await;
    }
}

/// The word by which an attempt is counted.
fn outcome_name(answer: &Result<Answer, ProviderError>) -> &'static str {
    match answer {
        Ok(Answer::Done(_)) => "done",
        Ok(Answer::Declined { .. }) => "declined",
        Ok(Answer::ActionRequired { .. }) => "action_required",
        Ok(Answer::Processing) => "processing",
        Err(ProviderError::Lost(_)) => "lost",
        Err(ProviderError::Unavailable(_)) => "unavailable",
        Err(ProviderError::Mismatch(_)) => "mismatch",
    }
}

/// Asks the provider that the payment is with. After a doubt: what became of the key? Only when the provider never saw it is the effect
/// tried again, with the same key.
async fn call(ctx: &Ctx, job: &EffectJob, in_doubt: bool) -> Result<Answer, ProviderError> {
    let provider = ctx.app.pay.door(&job.provider)?;
    let legs = legs(ctx, job).await?;
    let work = work(ctx, job, &legs);
    if in_doubt && let Some(answer) = provider.ask(&work).await? {
        return Ok(answer);
    }
    provider.execute(&work).await
}

/// What became of an effect that is under way, for somebody who heard that it may have its answer.
pub(super) async fn look(ctx: &Ctx, provider: &Provider, job: &EffectJob) -> Result<Option<Answer>, ProviderError> {
    let legs = legs(ctx, job).await?;
    provider.ask(&work(ctx, job, &legs)).await
}

fn work<'a>(ctx: &Ctx, job: &'a EffectJob, legs: &'a [Leg]) -> Work<'a> {
    let now = ctx.clock.now();
    Work { job, legs, now, give_up: crate::kernel::ids::made_at(job.id.0).plus(ACTION_WINDOW) <= now }
}

/// The parties of a transfer that have an account with the provider which takes money. The others are paid another way.
pub(super) async fn legs(ctx: &Ctx, job: &EffectJob) -> Result<Vec<Leg>, ProviderError> {
    let mut legs = Vec::new();
    if job.provider == SANDBOX {
        return Ok(legs);
    }
    for (number, (party, amount)) in job.transfers.iter().enumerate() {
        let found = ctx.app.store.find_provider_account(party, &job.provider).await;
        let found = found.map_err(|e| ProviderError::Unavailable(e.to_string()))?;
        let Some(row) = found else { continue };
        let open = serde_json::from_str::<crate::pay::port::AccountState>(&row.state).is_ok_and(|s| s.can_receive);
        if open {
            legs.push(Leg { number, party: party.clone(), account: row.account, amount: *amount });
        }
    }
    Ok(legs)
}

/// Whether the reserved units are really there: stock that was written off may have been reserved.
async fn check_stock(ctx: &Ctx, job: &EffectJob) -> Result<Answer, ProviderError> {
    let mut missing = Vec::new();
    for (sku, location, _) in &job.stock {
        let rows = ctx.app.store.stock(sku).await.map_err(|e| ProviderError::Unavailable(e.to_string()))?;
        let there = rows.iter().any(|r| &r.location == location && r.on_hand >= r.reserved);
        if !there && !missing.contains(sku) {
            missing.push(sku.clone());
        }
    }
    Ok(if missing.is_empty() { Answer::Done(Settled::default()) } else { Answer::Declined { code: missing.join(",") } })
}

/// Gives the outcome to the order and ends the job, in one changeset.
async fn finish(
    ctx: &Ctx,
    job: &EffectJob,
    fence: i64,
    answer: Answer,
    order: Option<Loaded>,
) -> Option<(Decision, Loaded)> {
    let id = job.id.0;
    let result = final_outcome(&answer)?;
    let mut extra = |cs: &mut Changeset, _: &orderwright_core::order::Order, _: Timestamp| {
        cs.finish_job(id, fence);
        if job.effect.0 != Effect::CheckStock && job.provider == SANDBOX {
            Sandbox::record(cs, job, &answer);
        }
    };
    match outcome(ctx, job, result, order, &mut extra).await {
        Ok(applied) => Some(applied),
        // Somebody else applied it, or holds the job now.
        Err(OpError::Refused(Refusal::StaleOutcome)) => {
            end(ctx, id, fence).await;
            None
        }
        Err(OpError::Internal(why)) if why.contains("Job") => {
            ctx.app.metrics.leases_lost.inc();
            None
        }
        Err(OpError::Busy(why)) => {
            // The job stays; its lease runs out and it is taken up again.
            tracing::warn!(job = %job.id, why, "the outcome could not be committed yet");
            None
        }
        Err(error) => {
            bury(ctx, id, fence, &error.to_string()).await;
            None
        }
    }
}

/// An answer that ends an effect, as the outcome that the order takes.
pub(super) fn final_outcome(answer: &Answer) -> Option<Outcome> {
    match answer {
        Answer::Declined { code } => Some(Outcome::Declined { code: code.clone() }),
        Answer::Done(settled) => Some(Outcome::Done {
            reference: settled.reference.clone(),
            capture_before: settled.capture_before,
            fee: settled.fee,
            moved: settled.moved,
            transfers: settled.transfers.clone(),
        }),
        Answer::ActionRequired { .. } | Answer::Processing => None,
    }
}

async fn outcome(
    ctx: &Ctx,
    job: &EffectJob,
    outcome: Outcome,
    order: Option<Loaded>,
    extra: &mut (dyn FnMut(&mut Changeset, &orderwright_core::order::Order, Timestamp) + Send),
) -> Result<(Decision, Loaded), OpError> {
    let command = Command::Outcome { effect: job.id, outcome };
    Box::pin(apply_to(ctx, &Scope::All, OrderRef::Order(job.order), order, &command, extra)).await
}

/// Ends a job that has nothing left to do.
pub(crate) async fn end(ctx: &Ctx, id: i64, fence: i64) {
    let now = ctx.clock.now();
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    cs.finish_job(id, fence);
    commit_quietly(ctx, cs).await;
}

/// Tries a job again later, after an attempt that came to nothing. One that gets nowhere is told of, once.
pub(crate) async fn again(ctx: &Ctx, id: JobId, fence: i64, attempts: i64, state: &str, run_at: Timestamp, why: &str) {
    if attempts == TOLD_AFTER {
        tracing::error!(job = %id, attempts, why, "a job gets nowhere; it is tried again every hour");
    }
    ctx.app.metrics.effect_retries.inc();
    put_off(ctx, id, fence, state, run_at, why).await;
}

/// Puts a job off that merely waits: for its turn, or for somebody who was asked. Nothing went wrong, however often that happens.
pub(super) async fn put_off(ctx: &Ctx, id: JobId, fence: i64, state: &str, run_at: Timestamp, why: &str) {
    let now = ctx.clock.now();
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    cs.retry_job(id.0, fence, run_at.0, state, Some(why));
    commit_quietly(ctx, cs).await;
    ctx.app.wake.notify_one();
}

/// Puts a job before somebody: it is not tried again until it is revived.
pub(super) async fn bury(ctx: &Ctx, id: i64, fence: i64, why: &str) {
    tracing::error!(job = %JobId(id), why, "a job needs attention");
    ctx.app.metrics.dead_jobs.inc();
    let now = ctx.clock.now();
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    cs.retry_job(id, fence, now.0, "dead", Some(why));
    commit_quietly(ctx, cs).await;
}

/// Commits housekeeping of a job: a lost fence means that another node has it, and that is fine.
async fn commit_quietly(ctx: &Ctx, cs: Changeset) {
    match ctx.app.store.commit(cs).await {
        Ok(_) => {}
        Err(CommitError::Conflict { what: Guard::Job }) => _ = ctx.app.metrics.leases_lost.inc(),
        Err(error) => tracing::warn!(%error, "a job's row could not be written; its lease will run out"),
    }
}

/// 2 s, 4 s, 8 s, … at most an hour.
pub(crate) fn backoff(now: Timestamp, attempts: i64) -> Timestamp {
    now.plus(orderwright_core::time::Span::seconds((1i64 << attempts.clamp(1, 12)).min(3600)))
}

/// The sandbox tells us what became of an effect or a payment, as a provider's webhook does: we act on it by asking.
async fn sandbox_webhook(ctx: &Ctx, row: &JobRow) {
    match crate::pay::sandbox::webhook(&row.payload) {
        Some(crate::pay::sandbox::Webhook::Effect { order, effect }) => {
            let answered = ctx.app.pay.sandbox.settle(effect).await;
            if let Some(result) = answered.ok().flatten().as_ref().and_then(final_outcome) {
                let command = Command::Outcome { effect, outcome: result };
                deliver(ctx, order, command, Some(effect)).await;
            }
        }
        Some(crate::pay::sandbox::Webhook::Dispute { order, payment, says }) => {
            super::disputes::sandbox_bank(ctx, order, payment, says).await;
        }
        None => return bury(ctx, row.id, row.fence, "the webhook cannot be read").await,
    }
    end(ctx, row.id, row.fence).await;
}

/// Applies what a webhook said; a second one finds nothing to do.
pub(super) async fn deliver(ctx: &Ctx, order: OrderId, command: Command, ends: Option<JobId>) {
    let mut extra = |cs: &mut Changeset, _: &orderwright_core::order::Order, _: Timestamp| {
        if let Some(job) = ends {
            cs.delete_job(job.0);
        }
    };
    match apply(ctx, &Scope::All, OrderRef::Order(order), &command, &mut extra).await {
        Ok((decision, _)) => Box::pin(run_new(ctx.clone(), decision.effects)).await,
        Err(OpError::Refused(Refusal::StaleOutcome)) => {}
        Err(error) => tracing::warn!(%order, %error, "a webhook could not be applied"),
    }
}
