//! Messages between the people around an order, and merchants who ask to be let off.
//!
//! A merchant reads and writes their own thread; the customer and staff read all of them.

use orderwright_core::decide::Command;
use orderwright_core::id::MerchantId;
use orderwright_core::order::CancellationRequest;

use super::command::{Applied, OrderRef, load, run};
use super::{Ctx, OpError};
use crate::store::MessageRow;

/// Messages of an order after an id, oldest first, at most `limit`; of one thread only, if asked so.
pub async fn list(
    ctx: &Ctx,
    which: OrderRef,
    after: i64,
    limit: i64,
    thread: Option<MerchantId>,
) -> Result<Vec<MessageRow>, OpError> {
    let loaded = load(ctx, &ctx.scope(), which).await?;
    let thread = ctx.actor.merchant.or(thread).map(|m| m.0);
    Ok(ctx.app.store.list_messages(loaded.order.id.0, after, limit, thread).await?)
}

/// Writes a message, in one changeset with its entry on the timeline.
pub async fn add(
    ctx: &mut Ctx,
    which: OrderRef,
    merchant: Option<MerchantId>,
    message: String,
) -> Result<MessageRow, OpError> {
    let Applied { loaded, message, at, .. } = run(ctx, which, &Command::AddMessage { merchant, message }).await?;
    let message = message.ok_or_else(|| OpError::Internal("a message is missing".to_owned()))?;
    Ok(MessageRow {
        id: message.id.0,
        order_id: loaded.order.id.0,
        merchant_id: message.merchant.map(|m| m.0),
        side: message.from.name().to_owned(),
        message: message.message,
        created_by: message.created_by,
        at: at.0,
    })
}

/// Writes down that the merchant asks to be let off; the operator decides.
pub async fn request_cancellation(
    ctx: &mut Ctx,
    which: OrderRef,
    reason: String,
) -> Result<(Applied, CancellationRequest), OpError> {
    let applied = run(ctx, which, &Command::RequestCancellation { reason }).await?;
    let made =
        applied.loaded.order.cancellation_requests.iter().rev().find(|r| Some(r.merchant_id) == ctx.actor.merchant);
    let made = made.cloned().ok_or_else(|| OpError::Internal("a cancellation request is missing".to_owned()))?;
    Ok((applied, made))
}
