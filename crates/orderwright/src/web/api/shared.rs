//! What the same endpoint of several areas shares: reading, listing, commanding, and how an order is answered.

use orderwright_core::actor::Role;
use orderwright_core::decide::Command;
use orderwright_core::id::{MerchantId, MessageId, OrderId};
use orderwright_core::time::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::order_query;
use crate::ops::command::{Applied, Loaded, OrderRef, load, run};
use crate::ops::orders::{Explained, Running};
use crate::ops::payouts::{self, Payout};
use crate::ops::people::Contacts;
use crate::ops::{Ctx, OpError, messages, orders, stock};
use crate::store::{Scope, SortKey};
use crate::web::problem::Problem;
use crate::web::request::Answer;
use crate::web::view;
use crate::web::view::event::{CancelBody, EventBody, ShipmentBody};
use crate::web::view::message::cancellation_request;
use crate::web::view::order::OrderView;
use crate::web::view::page::{List, Params};

/// Parameters of a query, as axum reads them.
pub type Query = axum::extract::Query<Vec<(String, String)>>;

/// An entry of a timeline.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TimelineEntry)]
pub struct EntryView {
    /// `evn_…`
    pub id: String,
    /// `ord_…`
    pub order_id: String,
    /// created, status_changed, payment_received, shipped, delivered, cancelled, refunded, note_added, and further ones.
    #[serde(rename = "type")]
    pub kind: String,
    /// A sentence for people.
    pub message: String,
    /// Facts for programs.
    pub metadata: Value,
    /// Who did it.
    pub created_by: Option<String>,
    /// RFC 3339.
    pub created_at: String,
}

/// Shows an order that was loaded.
pub async fn show(ctx: &Ctx, loaded: &Loaded) -> Result<OrderView, Problem> {
    let contacts = Contacts::of(ctx, std::iter::once(&loaded.order)).await?;
    Ok(view::order::order(loaded, &contacts, ctx))
}

/// One order.
pub async fn get(ctx: &Ctx, which: OrderRef) -> Result<Answer, Problem> {
    let (loaded, contacts) = orders::get(ctx, which).await?;
    Ok(Answer::ok(&view::order::order(&loaded, &contacts, ctx)).version(loaded.order.version))
}

/// A page of orders.
pub async fn list(ctx: &Ctx, query: Query) -> Result<Answer, Problem> {
    let mut params = Params::new(query.0);
    let filter = order_query::filter(&mut params, &ctx.app);
    let (sort, page) = params.page();
    if sort.key == SortKey::TransactionId && ctx.actor.role == Role::Merchant {
        // They do not see the payment, so neither in what order, nor in a cursor.
        params.complain("sort", "merchants do not see payments");
    }
    params.finish()?;
    let found = orders::list(ctx, &filter, sort, page).await?;
    let data: Vec<OrderView> = found.orders.iter().map(|l| view::order::order(l, &found.contacts, ctx)).collect();
    Ok(Answer::ok(&List { data, next_cursor: found.next.map(|c| c.to_string()), total: found.total }))
}

/// A page of a timeline, oldest first.
pub async fn timeline(ctx: &Ctx, which: OrderRef, query: Query) -> Result<Answer, Problem> {
    let mut params = Params::new(query.0);
    let limit = i64::from(params.limit());
    let after = params.parsed("after", "a nextCursor of the same list", |v| v.parse::<i64>().ok().filter(|n| *n >= 0));
    let number = params.number("page", "a number from 1", |v| v.parse::<i64>().ok().filter(|n| *n >= 1));
    if number.is_some_and(|n| n.saturating_mul(limit) > view::page::MAX_DEPTH) {
        params.complain("page", format!("page × limit is at most {}; go on with after", view::page::MAX_DEPTH));
    }
    if after.is_some() && number.is_some() {
        params.complain("page", "give either page or after");
    }
    params.finish()?;
    // Pages of a timeline that somebody sees whole are its positions; of one seen in part they are found by reading on.
    let mut rows_after = after.unwrap_or(0);
    let mut skip = number.map_or(0, |n| (n - 1) * limit);
    loop {
        let (rows, length) = orders::timeline(ctx, which, rows_after, limit + 1).await?;
        let more = rows.len() as i64 > limit;
        let page: Vec<_> = rows.into_iter().take(limit as usize).collect();
        let last = page.last().map(|r| r.seq);
        if skip > 0 && more {
            skip -= limit;
            rows_after = last.unwrap_or(rows_after);
            continue;
        }
        let page = if skip > 0 { Vec::new() } else { page };
        let staff = ctx.actor.role.audience() == orderwright_core::workflow::Audience::Operator;
        let total = staff.then_some(length);
        let next_cursor = last.filter(|_| more).map(|seq| seq.to_string());
        return Ok(Answer::ok(&List { data: page.into_iter().map(entry).collect(), next_cursor, total }));
    }
}

fn entry(row: crate::store::TimelineRow) -> EntryView {
    let mut metadata = row.metadata.and_then(|m| serde_json::from_str(&m).ok()).unwrap_or_else(|| json!({}));
    // For the replay of history, not for readers.
    if let Some(facts) = metadata.as_object_mut() {
        facts.remove(orderwright_core::decide::recall::KEY);
    }
    EntryView {
        id: orderwright_core::id::EntryId(row.id).to_string(),
        order_id: orderwright_core::id::OrderId(row.order_id).to_string(),
        kind: row.kind,
        message: row.message,
        metadata,
        created_by: row.created_by,
        created_at: orderwright_core::time::Timestamp(row.at).to_string(),
    }
}

/// What may be done now, by whom, and why not. Merchants are told nothing of the payment's steps.
pub async fn actions(ctx: &Ctx, which: OrderRef) -> Result<Answer, Problem> {
    let Explained { loaded, actions, jobs } = orders::actions(ctx, which).await?;
    let order = &loaded.order;
    let staff = ctx.actor.role.audience() == orderwright_core::workflow::Audience::Operator;
    let fact =
        |f: &orderwright_core::workflow::guard::Answer| json!({ "fact": f.fact, "value": f.value, "holds": f.holds });
    let waiting = |w: &orderwright_core::decide::Waiting| json!({ "guard": w.guard, "to": w.to, "facts": w.facts.iter().map(fact).collect::<Vec<_>>() });
    let timer = |timer: &Option<(Timestamp, String)>| {
        timer.as_ref().map(|(due, to)| json!({ "dueAt": due.to_string(), "to": to }))
    };
    let machine = |a: &orderwright_core::decide::ItemActions| {
        let events = a.events.iter().map(|p| {
            json!({
                "event": p.event,
                "by": p.by.iter().map(|b| b.name()).collect::<Vec<_>>(),
                "requires": p.requires.iter().map(|f| f.name()).collect::<Vec<_>>(),
                "allowed": p.allowed,
                "whyNot": p.why_not,
                "facts": p.facts.iter().map(fact).collect::<Vec<_>>(),
            })
        });
        json!({
            "itemId": a.item.map(|i| i.to_string()),
            "state": a.state,
            "status": (!a.status.is_empty()).then_some(&a.status),
            "since": a.since.to_string(),
            "final": a.is_final,
            "summary": a.summary,
            "events": events.collect::<Vec<_>>(),
            "waitsForEffect": a.waits_for_effect,
            "alertAt": a.alert.map(|at| at.to_string()),
            "waitsFor": a.waits_for.iter().map(|w| &w.guard).collect::<Vec<_>>(),
            "waiting": a.waits_for.iter().map(waiting).collect::<Vec<_>>(),
            "timer": timer(&a.timer),
            "merchant": a.merchant.as_ref().map(|m| json!({
                "state": m.state,
                "status": m.status,
                "since": m.since.to_string(),
                "final": m.is_final,
                "waiting": m.waits_for.iter().map(waiting).collect::<Vec<_>>(),
                "timer": timer(&m.timer),
            })),
        })
    };
    let mut events: Vec<&str> = actions
        .items
        .iter()
        .chain([&actions.payment])
        .flat_map(|a| &a.events)
        .filter(|p| p.allowed)
        .map(|p| p.event.as_str())
        .collect();
    events.sort_unstable();
    events.dedup();
    let asked = actions.cancellation_requests.iter().map(|r| cancellation_request(r, order));
    Ok(Answer::ok(&json!({
        "orderId": order.id.to_string(),
        "events": events,
        "cancellationRequests": asked.collect::<Vec<_>>(),
        "items": actions.items.iter().map(machine).collect::<Vec<_>>(),
        "payment": staff.then(|| machine(&actions.payment)),
        "effects": jobs.iter().map(effect).collect::<Vec<_>>(),
    })))
}

/// An effect that runs, and how far it is.
fn effect(running: &Running) -> Value {
    json!({
        "jobId": running.job.to_string(),
        "effect": running.effect,
        "refundId": running.refund.map(|r| r.to_string()),
        "since": running.since.to_string(),
        "state": running.state,
        "attempts": running.attempts,
        "nextAttemptAt": running.next_attempt.map(|t| t.to_string()),
        "lastError": running.last_error,
        "summary": running.summary(),
    })
}

/// Carries a command out and answers with the order, 200.
pub async fn command(mut ctx: Ctx, which: OrderRef, command: Command) -> Result<Answer, Problem> {
    let Applied { loaded, .. } = run(&mut ctx, which, &command).await?;
    Ok(Answer::ok(&show(&ctx, &loaded).await?).version(loaded.order.version))
}

/// Fires an event.
pub async fn fire(ctx: Ctx, which: OrderRef, body: EventBody) -> Result<Answer, Problem> {
    let event = body.into_event()?;
    command(ctx, which, Command::Fire(event)).await
}

/// Cancels: fires the workflow's cancelling event.
pub async fn cancel(ctx: Ctx, which: OrderRef, body: CancelBody) -> Result<Answer, Problem> {
    let loaded = load(&ctx, &ctx.scope(), which).await?;
    let event = body.into_event(loaded.workflow.cancel_event.as_deref().unwrap_or("cancel"))?;
    command(ctx, which, Command::Fire(event)).await
}

/// Records a parcel, 201 with it.
pub async fn ship(mut ctx: Ctx, which: OrderRef, body: ShipmentBody) -> Result<Answer, Problem> {
    let event = body.into_event()?;
    let Applied { loaded, .. } = run(&mut ctx, which, &Command::AddShipment(event)).await?;
    let shipment =
        loaded.order.shipments.last().ok_or_else(|| OpError::Internal("a shipment is missing".to_owned()))?;
    Ok(Answer::created(&view::order::shipment(shipment, &loaded.order)))
}

/// A page of an order's messages, oldest first; staff and customers may ask for one merchant's thread.
pub async fn messages(ctx: &Ctx, which: OrderRef, query: Query) -> Result<Answer, Problem> {
    let mut params = Params::new(query.0);
    let window = params.window(|v| MessageId::parse(v).map(|m| m.0));
    let thread = match ctx.actor.role {
        Role::Merchant => None,
        _ => params.parsed("merchantId", "a merchant's id, mer_…", MerchantId::parse),
    };
    params.finish()?;
    let rows = messages::list(ctx, which, window.after.unwrap_or(0), window.rows() as i64, thread).await?;
    Ok(Answer::ok(&window.list(rows, |row| MessageId(row.id).to_string(), view::message::message)))
}

/// Writes a message, 201 with it.
pub async fn add_message(
    mut ctx: Ctx,
    which: OrderRef,
    merchant: Option<MerchantId>,
    message: String,
) -> Result<Answer, Problem> {
    let row = messages::add(&mut ctx, which, merchant, message).await?;
    Ok(Answer::created(&view::message::message(row)))
}

/// A page of stock, by SKU; `any` says whether the caller may ask for a merchant's or a channel's.
pub async fn stock_list(ctx: &Ctx, query: Query, any: bool) -> Result<Answer, Problem> {
    let mut params = Params::new(query.0);
    let window = params.window(view::page::read_text_cursor);
    let (mut merchant, mut channel) = (None, None);
    if any {
        merchant = params.parsed("merchantId", "a merchant's id, mer_…", MerchantId::parse);
        channel = params.take("channel");
    }
    params.finish()?;
    let after = window.after.as_deref().unwrap_or("");
    let rows = stock::list(ctx, after, window.rows(), merchant, channel.as_deref()).await?;
    let list =
        window.list(rows, |(sku, _)| view::page::text_cursor(sku), |(sku, rows)| view::stock::stock(&sku, &rows));
    Ok(Answer::ok(&list))
}

/// A refund that a command made, 201.
pub fn refund(applied: &Applied, staff: bool) -> Result<Answer, Problem> {
    let order = &applied.loaded.order;
    let made = order.refunds.iter().find(|r| Some(r.id) == applied.refund);
    let made = made.ok_or_else(|| OpError::Internal("a refund is missing".to_owned()))?;
    Ok(Answer::created(&view::money::refund(made, order, staff)))
}

/// The order again, for an answer that was lost in a crash: 200.
pub fn again_order(ctx: Ctx, order: i64) -> std::pin::Pin<Box<dyn Future<Output = Result<Answer, Problem>> + Send>> {
    Box::pin(async move {
        let loaded = load(&ctx, &Scope::All, OrderRef::Order(orderwright_core::id::OrderId(order))).await?;
        Ok(Answer::ok(&show(&ctx, &loaded).await?).version(loaded.order.version))
    })
}

/// The new order again: 201.
pub fn again_placed(ctx: Ctx, order: i64) -> std::pin::Pin<Box<dyn Future<Output = Result<Answer, Problem>> + Send>> {
    Box::pin(async move {
        let loaded = load(&ctx, &Scope::All, OrderRef::Order(orderwright_core::id::OrderId(order))).await?;
        Ok(Answer::created(&show(&ctx, &loaded).await?).version(loaded.order.version))
    })
}

/// The last refund by this actor again: 201.
pub fn again_refund(ctx: Ctx, order: i64) -> std::pin::Pin<Box<dyn Future<Output = Result<Answer, Problem>> + Send>> {
    Box::pin(async move {
        let loaded = load(&ctx, &Scope::All, OrderRef::Order(orderwright_core::id::OrderId(order))).await?;
        let refund = loaded.order.refunds.iter().rev().find(|r| r.created_by == ctx.actor.id);
        let refund = refund.ok_or_else(|| OpError::Internal("a refund is missing".to_owned()))?;
        let staff = ctx.actor.role.audience() == orderwright_core::workflow::Audience::Operator;
        Ok(Answer::created(&view::money::refund(refund, &loaded.order, staff)))
    })
}

/// What a payout has of which order: a page, by order. Whose payouts are looked among, the caller says with `payout`, which is asked once
/// the parameters are read.
pub async fn payout_lines(
    ctx: &Ctx,
    payout: impl Future<Output = Result<Payout, OpError>>,
    query: Query,
) -> Result<Answer, Problem> {
    let mut params = Params::new(query.0);
    let window = params.window(|v| OrderId::parse(v).map(|o| o.0));
    params.finish()?;
    let rows = payouts::lines(ctx, &payout.await?, window.after.unwrap_or(0), window.rows() as i64).await?;
    Ok(Answer::ok(&window.list(rows, |row| OrderId(row.order_id).to_string(), view::payout::line)))
}
