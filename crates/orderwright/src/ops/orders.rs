//! Reading orders: one, a list, a timeline, what may be done.

use orderwright_core::decide::{self, Actions, Context};
use orderwright_core::order::SANDBOX;

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
    let orders = found.rows.into_iter().map(|row| loaded(ctx, row)).collect::<Result<Vec<_>, _>>()?;
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

/// What may be done with an order now, by whom, and why not.
pub async fn actions(ctx: &Ctx, which: OrderRef) -> Result<(Loaded, Actions), OpError> {
    let loaded = load(ctx, &ctx.scope(), which).await?;
    let now = ctx.clock.now();
    let mut ids = ctx.app.ids.at(now);
    let cancel_window = orderwright_core::time::Span::ZERO;
    let mut context = Context {
        workflow: &loaded.workflow,
        partner: loaded.partner.as_deref(),
        now,
        provider: SANDBOX,
        cancel_window,
        ids: &mut ids,
    };
    let actions = decide::explain(&loaded.order, &ctx.actor, &mut context);
    Ok((loaded, actions))
}
