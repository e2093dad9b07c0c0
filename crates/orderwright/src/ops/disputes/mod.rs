//! Disputes: found, listed, carried on; and what is gathered and sent to a bank.
//!
//! A dispute is part of its order: every command goes the way of the order's commands, within the actor's scope. `bundle` gathers evidence,
//! `pdf` prints it. What is not here: what a command does (`core::decide::dispute`).

pub mod bundle;
mod paper;
pub mod pdf;

use orderwright_core::actor::Role;
use orderwright_core::decide::{Command, DisputeCommand, DisputeNote, OpenDispute, sees};
use orderwright_core::dispute::Dispute;
use orderwright_core::id::{DisputeId, OrderId};
use orderwright_core::time::Timestamp;

use super::command::{Applied, Loaded, OrderRef, load, run};
use super::{Ctx, OpError, commit};
use crate::pay::port::Evidence;
use crate::store::{DisputeFilter, DisputeNoteRow, DisputeRow};

/// The longest summary that is sent to a provider: Razorpay takes no more.
pub const MAX_SUMMARY: usize = 1000;

/// A dispute with its order.
pub struct Found {
    /// The order.
    pub loaded: Loaded,
    /// Which of its disputes.
    pub id: DisputeId,
}

impl Found {
    /// The dispute.
    pub fn dispute(&self) -> Result<&Dispute, OpError> {
        self.loaded.order.dispute(self.id).ok_or(OpError::NotFound)
    }
}

/// A dispute by its id alone: staff's way.
pub async fn find(ctx: &Ctx, id: DisputeId) -> Result<Found, OpError> {
    let row = ctx.app.store.find_dispute(id.0).await?.ok_or(OpError::NotFound)?;
    in_order(ctx, OrderRef::Order(OrderId(row.order_id)), id).await
}

/// A dispute of an order, if the actor sees both.
pub async fn in_order(ctx: &Ctx, which: OrderRef, id: DisputeId) -> Result<Found, OpError> {
    let loaded = load(ctx, &ctx.scope(), which).await?;
    let found = loaded.order.dispute(id).filter(|d| sees(d, ctx.actor.role, ctx.actor.merchant));
    if found.is_none() {
        return Err(OpError::NotFound);
    }
    Ok(Found { loaded, id })
}

/// Disputes before an id, the newest first: of what the actor sees.
pub async fn list(ctx: &Ctx, filter: DisputeFilter, before: i64, limit: i64) -> Result<Vec<DisputeRow>, OpError> {
    let Some(filter) = within(ctx, filter) else { return Ok(Vec::new()) };
    Ok(ctx.app.store.list_disputes(&filter, before, limit).await?)
}

/// The filter, narrowed to what the actor sees; `None` when that is nothing.
fn within(ctx: &Ctx, mut filter: DisputeFilter) -> Option<DisputeFilter> {
    let claims = |filter: &mut DisputeFilter| {
        let other = filter.kind.as_deref().is_some_and(|k| k != "claim");
        filter.kind = Some("claim".to_owned());
        !other
    };
    match ctx.actor.role {
        Role::Admin | Role::Ops | Role::System => Some(filter),
        Role::Retailer => {
            let own = ctx.actor.channel.clone()?;
            if filter.channel.as_ref().is_some_and(|asked| *asked != own) {
                return None;
            }
            filter.channel = Some(own);
            Some(filter)
        }
        Role::Storefront => {
            filter.channel = Some(ctx.actor.channel.clone()?);
            claims(&mut filter).then_some(filter)
        }
        Role::Customer => {
            filter.customer_id = Some(ctx.actor.customer?.0);
            claims(&mut filter).then_some(filter)
        }
        Role::Merchant => {
            filter.merchant_id = Some(ctx.actor.merchant?.0);
            filter.routed = true;
            claims(&mut filter).then_some(filter)
        }
        Role::Brand => None,
    }
}

/// Disputes of one order, the newest first.
pub async fn list_of(ctx: &Ctx, which: OrderRef, before: i64, limit: i64) -> Result<Vec<DisputeRow>, OpError> {
    let loaded = load(ctx, &ctx.scope(), which).await?;
    let filter = DisputeFilter { order_id: Some(loaded.order.id.0), ..DisputeFilter::default() };
    list(ctx, filter, before, limit).await
}

/// What was written in a dispute after an id, oldest first: messages, or evidence.
pub async fn notes(
    ctx: &Ctx,
    found: &Found,
    evidence: bool,
    after: i64,
    limit: i64,
) -> Result<Vec<DisputeNoteRow>, OpError> {
    let reader = match ctx.actor.role {
        Role::Customer | Role::Storefront => Some("customer"),
        Role::Merchant => Some("merchant"),
        Role::Admin | Role::Ops | Role::Retailer | Role::Brand | Role::System => None,
    };
    Ok(ctx.app.store.list_dispute_notes(found.id.0, after, limit, Some(evidence), reader).await?)
}

/// Raises a claim; the time to answer is the channel's.
pub async fn open(ctx: &mut Ctx, which: OrderRef, mut request: OpenDispute) -> Result<Found, OpError> {
    let loaded = load(ctx, &ctx.scope(), which).await?;
    if let Some(channel) = ctx.app.channel(&loaded.order.channel) {
        request.respond_within = channel.disputes.respond_within;
    }
    let applied = command(ctx, which, DisputeCommand::Open(request)).await?;
    found(applied)
}

/// Carries a command on a dispute out.
pub async fn command(ctx: &mut Ctx, which: OrderRef, command: DisputeCommand) -> Result<Applied, OpError> {
    run(ctx, which, &Command::Dispute(command)).await
}

/// The same, and the dispute as it then is.
pub async fn carry_on(ctx: &mut Ctx, which: OrderRef, command: DisputeCommand) -> Result<Found, OpError> {
    found(self::command(ctx, which, command).await?)
}

/// The dispute that a command was about.
fn found(applied: Applied) -> Result<Found, OpError> {
    let id = applied.dispute.ok_or_else(|| OpError::Internal("a dispute is missing".to_owned()))?;
    Ok(Found { loaded: applied.loaded, id })
}

/// Writes a note, and gives its row.
pub async fn write(ctx: &mut Ctx, which: OrderRef, command: DisputeCommand) -> Result<DisputeNoteRow, OpError> {
    let applied = self::command(ctx, which, command).await?;
    let note: DisputeNote = applied.note.ok_or_else(|| OpError::Internal("a note is missing".to_owned()))?;
    Ok(commit::note_row(&applied.loaded.order, &note, applied.at))
}

/// Sends evidence to the bank: what was gathered, with the operator's own words before it.
pub async fn submit(ctx: &mut Ctx, id: DisputeId, words: Option<&str>) -> Result<Found, OpError> {
    let found = find(ctx, id).await?;
    let evidence = evidence(&found, words)?;
    let evidence = serde_json::to_value(&evidence).map_err(|e| OpError::Internal(e.to_string()))?;
    let order = OrderRef::Order(found.loaded.order.id);
    carry_on(ctx, order, DisputeCommand::Submit { dispute: id, evidence }).await
}

/// What the payment port is given: what was sold, how it was sent, when it arrived, and a summary. No more of the customer than that.
fn evidence(found: &Found, words: Option<&str>) -> Result<Evidence, OpError> {
    let order = &found.loaded.order;
    let dispute = found.dispute()?;
    let sold: Vec<String> = order.items.iter().map(|i| format!("{} × {}", i.quantity, i.name)).collect();
    let parcel = order.shipments.iter().rev().find(|s| s.tracking_number.is_some()).or(order.shipments.last());
    let delivered = order.delivered_at().map(Timestamp::date);
    let mut facts = vec![format!("Order {} of {}", order.number, order.created_at.date())];
    facts.extend(parcel.map(|s| {
        let carrier = s.carrier.as_deref().unwrap_or("a carrier");
        let number = s.tracking_number.as_deref().map(|n| format!(", {n}")).unwrap_or_default();
        format!("sent on {} with {carrier}{number}", s.created_at.date())
    }));
    facts.extend(delivered.as_ref().map(|day| format!("delivered on {day}")));
    if order.refunded() > 0 {
        facts.push(format!("{} refunded before", order.currency.show(order.refunded())));
    }
    facts.push(format!("case {}", dispute.id));
    let facts = format!("{}.", facts.join("; "));
    let words = words.map(str::trim).filter(|w| !w.is_empty());
    let summary = words.map_or_else(|| facts.clone(), |words| format!("{words}\n{facts}"));
    Ok(Evidence {
        summary: Some(summary.chars().take(MAX_SUMMARY).collect()),
        product: Some(sold.join(", ").chars().take(MAX_SUMMARY).collect()),
        carrier: parcel.and_then(|s| s.carrier.clone()),
        tracking_number: parcel.and_then(|s| s.tracking_number.clone()),
        delivered_on: delivered,
        files: Vec::new(),
    })
}
