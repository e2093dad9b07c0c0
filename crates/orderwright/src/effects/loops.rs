//! The loops that keep a node going: due timers, due jobs, the sequencer, checkouts and kept answers that ran out.
//!
//! Each is a `step` that a scheduler calls with the time; the scheduler here calls them as soon as there may be work, and looks at least
//! every [`TICK`]. Nothing depends on being woken: waking only makes it quick.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use orderwright_core::decide::{Command, Refusal};
use orderwright_core::id::OrderId;
use orderwright_core::time::{Span, Timestamp};

use super::runner;
use crate::app::App;
use crate::kernel::Clock;
use crate::ops::command::{OrderRef, apply};
use crate::ops::{Ctx, OpError, Wait};
use crate::store::{Scope, StoreError};

/// The longest that a loop sleeps.
pub const TICK: Duration = Duration::from_millis(200);
/// The pause between two steps while there is work: what piles up meanwhile is numbered and folded by the same statements.
pub const PACE: Duration = Duration::from_millis(20);
/// How often answers that were kept long enough are thrown away, on the shop's clock.
const SWEEP: Span = Span::seconds(60);
/// Work taken at once by one step.
const BATCH: i64 = 64;
/// Changesets that get their place in the feed in one transaction: enough that they do not pile up, few enough that no order waits long.
const NUMBERED: i64 = 1_024;

/// Starts the loops of a node. They end with the runtime.
pub fn start(app: &Arc<App>) {
    start_payouts(app);
    let node = app.clone();
    tokio::spawn(async move {
        loop {
            let busy = match step(&node).await {
                Ok(busy) => busy,
                Err(error) => {
                    tracing::warn!(%error, "background work could not be done; it will be tried again");
                    false
                }
            };
            if !busy {
                let _ = tokio::time::timeout(TICK, node.wake.notified()).await;
                tokio::time::sleep(PACE).await;
            }
        }
    });
}

/// Starts the loop of scheduled payouts. It is one of its own, because a run takes as long as it takes.
fn start_payouts(app: &Arc<App>) {
    let node = app.clone();
    tokio::spawn(async move {
        loop {
            match crate::ops::payouts::schedule::step(&node).await {
                Ok(_) => {}
                // Another node is at it, or the store is.
                Err(OpError::Busy(why)) => tracing::debug!(why, "scheduled payouts wait"),
                Err(error) => tracing::error!(%error, "scheduled payouts could not be made; it will be tried again"),
            }
            tokio::time::sleep(TICK).await;
        }
    });
}

/// One round of everything that is due now. Says whether more may be due already.
pub async fn step(app: &Arc<App>) -> Result<bool, StoreError> {
    follow_clock(app).await?;
    crate::ops::versions::follow::look(app).await?;
    let numbered = app.store.sequence(NUMBERED).await?;
    if numbered > 0 {
        app.metrics.feed_numbered.inc_by(numbered as u64);
        app.feed.send_replace(());
    }
    let timers = timers(app).await?;
    let jobs = jobs(app).await?;
    let now = app.clock.now();
    let expired = crate::ops::place::expire_checkouts(app, now, BATCH).await?;
    let swept = sweep(app, now).await?;
    Ok(i64::try_from(numbered).is_ok_and(|n| n >= NUMBERED)
        || [timers, jobs, expired, swept].contains(&(BATCH as usize)))
}

/// Throws away answers that were kept long enough. That is a write, and nobody waits for it.
async fn sweep(app: &Arc<App>, now: Timestamp) -> Result<usize, StoreError> {
    if (now.0 - app.swept_at.load(Ordering::Relaxed)).abs() < SWEEP.0 {
        return Ok(0);
    }
    let swept = app.store.expire_idempotency(now.0 - Span::seconds(86_400).0, BATCH).await?;
    if swept < BATCH as usize {
        app.swept_at.store(now.0, Ordering::Relaxed);
    }
    Ok(swept)
}

/// Another node may have moved the clock, or scripted a fault.
async fn follow_clock(app: &Arc<App>) -> Result<(), StoreError> {
    if app.sandbox_mode
        && let Some(offset) = app.store.setting(crate::app::CLOCK_OFFSET).await?.and_then(|v| v.parse().ok())
    {
        app.clock.set_offset(Span(offset));
    }
    app.pay.sandbox.look_for_faults().await
}

/// Orders whose timer is due. The order's version guards each, so nodes that see the same timer cannot fire it twice.
async fn timers(app: &Arc<App>) -> Result<usize, StoreError> {
    let due = app.store.due_orders(app.clock.now().0, BATCH).await?;
    let count = due.len();
    let mut set = tokio::task::JoinSet::new();
    for id in due {
        let (app, clock) = (app.clone(), app.clock.clone());
        set.spawn(async move { tick(&Ctx { wait: Wait::Full, ..Ctx::system(&app, &clock) }, OrderId(id)).await });
    }
    set.join_all().await;
    Ok(count)
}

/// Fires what is due on one order, and runs what follows.
pub async fn tick(ctx: &Ctx, order: OrderId) {
    match apply(ctx, &Scope::All, OrderRef::Order(order), &Command::Tick, &mut |_, _, _| {}).await {
        Ok((decision, _)) => {
            ctx.app.metrics.timers_fired.inc();
            tokio::spawn(runner::run_new(ctx.clone(), decision.effects));
        }
        Err(OpError::Refused(Refusal::Endless)) => {
            tracing::error!(%order, "the workflow of this order does not come to rest")
        }
        Err(error) => tracing::warn!(%order, %error, "a timer could not be fired; it will be tried again"),
    }
}

/// Jobs that are due and that nobody holds: retries, and those of nodes that died.
async fn jobs(app: &Arc<App>) -> Result<usize, StoreError> {
    let (now, real_now) = (app.clock.now(), app.clock.real_now());
    // Asking is a read; claiming is a write, and most of the time there is nothing to claim.
    if app.store.next_job_run_at(real_now.0).await?.is_none_or(|at| at > now.0) {
        return Ok(0);
    }
    let until = real_now.plus(Span::seconds(crate::ops::commit::LEASE_S));
    let claimed = app.store.claim_jobs(app.node, now.0, real_now.0, until.0, BATCH).await?;
    let count = claimed.len();
    for row in claimed {
        let clock: Clock = app.clock.clone();
        tokio::spawn(runner::run_claimed(app.clone(), clock, row));
    }
    Ok(count)
}
