//! Reading orders: one, a list, a timeline, what may be done.

use orderwright_core::decide::{self, Actions, Context};
use orderwright_core::id::{JobId, RefundId};
use orderwright_core::order::SANDBOX;
use orderwright_core::time::{Span, Timestamp};
use orderwright_core::workflow::{Audience, Effect};

use super::command::{Loaded, OrderRef, load, loaded};
use super::people::Contacts;
use super::{Ctx, OpError};
use crate::store::{Cursor, OrderFilter, Page, Sort, TimelineRow};

/// One order with its people.
pub async fn get(ctx: &Ctx, which: OrderRef) -> Result<(Loaded, Contacts), OpError> {
    let loaded = load(ctx, &ctx.scope(), which).await?;
    let contacts = Contacts::of(ctx, std::iter::once(&loaded.order)).await?;
    Ok((loaded, contacts))
}

/// A page of orders.
pub struct Listed {
    /// The orders.
    pub orders: Vec<Loaded>,
    /// Their people.
    pub contacts: Contacts,
    /// Where the next page begins.
    pub next: Option<Cursor>,
    /// How many there are in all, where a counter is kept.
    pub total: Option<i64>,
}

/// A page of the orders that the actor may see.
pub async fn list(ctx: &Ctx, filter: &OrderFilter, sort: Sort, page: Page) -> Result<Listed, OpError> {
    let scope = ctx.scope();
    let total = total(ctx, filter).await?;
    let found = ctx.app.store.list_orders(&scope, filter, sort, page).await?;
    let mut orders = Vec::with_capacity(found.rows.len());
    for row in found.rows {
        orders.push(loaded(ctx, row).await?);
    }
    let contacts = Contacts::of(ctx, orders.iter().map(|l| &l.order)).await?;
    Ok(Listed { orders, contacts, next: found.next, total })
}

/// Counters are kept by channel and status: they answer for filters on these two, and for those who see whole channels.
async fn total(ctx: &Ctx, filter: &OrderFilter) -> Result<Option<i64>, OpError> {
    let counted =
        OrderFilter { status: filter.status.clone(), channel: filter.channel.clone(), ..OrderFilter::default() };
    if *filter != counted {
        return Ok(None);
    }
    let mut channels: Vec<&str> = filter.channel.iter().map(String::as_str).collect();
    match ctx.scope() {
        crate::store::Scope::All => {}
        crate::store::Scope::Channel(own) => {
            if !channels.is_empty() && !channels.contains(&own.as_str()) {
                return Ok(Some(0));
            }
            let own = own.clone();
            let statuses: Vec<&str> = filter.status.iter().map(String::as_str).collect();
            return Ok(Some(ctx.app.store.count_orders(&[own.as_str()], &statuses).await?));
        }
        _ => return Ok(None),
    }
    channels.dedup();
    let statuses: Vec<&str> = filter.status.iter().map(String::as_str).collect();
    Ok(Some(ctx.app.store.count_orders(&channels, &statuses).await?))
}

/// A part of an order's timeline, oldest first: entries after `after`, at most `limit`.
pub async fn timeline(ctx: &Ctx, which: OrderRef, after: i64, limit: i64) -> Result<(Vec<TimelineRow>, i64), OpError> {
    use orderwright_core::actor::Role;
    let loaded = load(ctx, &ctx.scope(), which).await?;
    let public_only = matches!(ctx.actor.role, Role::Customer | Role::Storefront);
    let merchant = ctx.actor.merchant.map(|m| m.0);
    let rows = ctx.app.store.list_timeline(loaded.order.id.0, after, limit, public_only, merchant).await?;
    Ok((rows, loaded.order.timeline_length))
}

/// An order, what may be done with it, and what runs for it.
pub struct Explained {
    /// The order.
    pub loaded: Loaded,
    /// What may be done now, by whom, and why not.
    pub actions: Actions,
    /// The effects that run; none for those who are not staff, who see nothing of the provider.
    pub jobs: Vec<Running>,
}

/// An effect of an order that runs.
#[derive(Clone, Debug)]
pub struct Running {
    /// Its job.
    pub job: JobId,
    /// `payment.charge` and the like.
    pub effect: String,
    /// The refund that it is for; none for a step of the payment.
    pub refund: Option<RefundId>,
    /// When it was asked for.
    pub since: Timestamp,
    /// ready, in_doubt, dead; `done` when its outcome is on its way into the order.
    pub state: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried again; none when it gave up.
    pub next_attempt: Option<Timestamp>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

impl Running {
    /// In a sentence.
    pub fn summary(&self) -> String {
        let Running { effect, attempts, .. } = self;
        let error = self.last_error.as_ref().map(|e| format!(" ({e})")).unwrap_or_default();
        let next = self.next_attempt.map(|t| format!(", next at {t}")).unwrap_or_default();
        match self.state.as_str() {
            "dead" => format!("{effect} gave up after {attempts} attempts{error}: somebody must retry {}.", self.job),
            "in_doubt" => format!("The answer of {effect} was lost: the provider is being asked{next}{error}."),
            "done" => format!("{effect} is answered; the order is about to hear of it."),
            _ if *attempts > 0 => format!("{effect} runs since {}, attempt {attempts}{next}{error}.", self.since),
            _ => format!("{effect} is about to run."),
        }
    }
}

/// What may be done with an order now, by whom, and why not; what it waits for. Reads the order and the jobs that it names, and changes nothing.
pub async fn actions(ctx: &Ctx, which: OrderRef) -> Result<Explained, OpError> {
    let loaded = load(ctx, &ctx.scope(), which).await?;
    let now = ctx.clock.now();
    let actions = {
        let (mut ids, cancel_window) = (ctx.app.ids.at(now), Span::ZERO);
        let (workflow, partner) = (&*loaded.workflow, loaded.partner.as_deref());
        let mut context = Context { workflow, partner, now, provider: SANDBOX, cancel_window, ids: &mut ids };
        decide::explain(&loaded.order, &ctx.actor, &mut context)
    };
    let mut jobs = Vec::new();
    if ctx.actor.role.audience() == Audience::Operator {
        let step = actions.payment.job.zip(actions.payment.waits_for_effect.clone());
        let step = step.map(|(job, effect)| (job, effect, None, actions.payment.since));
        let refunds = loaded
            .order
            .refunds
            .iter()
            .filter_map(|r| Some((r.effect?, Effect::Refund.name().to_owned(), Some(r.id), r.created_at)));
        let errands = (loaded.order.errands.iter())
            .filter_map(|e| Some((e.effect?, e.kind.effect().name().to_owned(), None, e.created_at)));
        for (job, effect, refund, since) in step.into_iter().chain(refunds).chain(errands) {
            jobs.push(running(ctx, job, effect, refund, since).await?);
        }
    }
    Ok(Explained { loaded, actions, jobs })
}

async fn running(
    ctx: &Ctx,
    job: JobId,
    effect: String,
    refund: Option<RefundId>,
    since: Timestamp,
) -> Result<Running, OpError> {
    let row = ctx.app.store.find_job(job.0).await?;
    let (state, attempts, next, last_error) = match row {
        Some(row) => {
            let next = (row.state != "dead").then_some(Timestamp(row.run_at));
            (row.state, row.attempts, next, row.last_error)
        }
        None => ("done".to_owned(), 0, None, None),
    };
    Ok(Running { job, effect, refund, since, state, attempts, next_attempt: next, last_error })
}
