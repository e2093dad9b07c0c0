//! What people tell each other about an order: messages, and a merchant's wish to be let off.
//!
//! Each merchant of an order has a thread with the customer and the operator; one more is between the customer and the operator alone.
//! The text is kept beside the order and not on the timeline, which says only that something was written. What is not here: who is told.

use serde_json::json;

use super::run::{Run, Which};
use super::{MerchantView, Message, Refusal};
use crate::actor::Role;
use crate::id::{CancellationRequestId, ItemId, MerchantId, MessageId};
use crate::order::CancellationRequest;

/// Writes a message into a merchant's thread, or into the one between the customer and the operator.
pub(super) fn add(run: &mut Run<'_, '_>, merchant: Option<MerchantId>, text: &str) -> Result<(), Refusal> {
    let from = run.actor.role.audience();
    let merchant = if run.actor.role == Role::Merchant { run.actor.merchant } else { merchant };
    if merchant.is_some_and(|m| !run.order.items.iter().any(|i| i.merchant_id == m)) {
        return Err(Refusal::Invalid {
            pointer: "/merchantId".to_owned(),
            message: "no item of this order is of that merchant".to_owned(),
        });
    }
    let id = MessageId(run.next_id());
    let side = from.name();
    let facts = json!({ "messageId": id.to_string(), "merchantId": merchant.map(|m| m.to_string()), "from": side });
    let view = merchant.map_or(MerchantView::Nobody, MerchantView::Only);
    run.log("message_added", format!("A message from the {side} was added"), facts.clone(), true, view);
    run.emit("message.added", facts);
    let created_by = run.actor.id.clone();
    run.message = Some(Message { id, merchant, from, message: text.to_owned(), created_by });
    Ok(())
}

/// Writes down that a merchant asks to be let off. Nothing moves: the operator decides, and cancels or answers.
pub(super) fn request_cancellation(run: &mut Run<'_, '_>, reason: &str) -> Result<(), Refusal> {
    let merchant_id = run.actor.merchant.ok_or(Refusal::NoMerchant)?;
    let items = cancellable(run, merchant_id)?;
    if items.is_empty() {
        return Err(super::fire::not_possible(run, "cancellation_request"));
    }
    let asked = run.order.cancellation_requests.iter().filter(|r| r.merchant_id == merchant_id);
    if asked.flat_map(|r| &r.items).any(|id| items.contains(id)) {
        return Err(Refusal::CancellationRequested);
    }
    let id = CancellationRequestId(run.next_id());
    let metadata = json!({
        "cancellationRequestId": id.to_string(),
        "merchantId": merchant_id.to_string(),
        "itemIds": items.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "reason": reason,
    });
    run.order.cancellation_requests.push(CancellationRequest {
        id,
        merchant_id,
        reason: reason.to_owned(),
        items,
        created_by: run.actor.id.clone(),
        created_at: run.now,
    });
    let message = format!("The merchant asks to cancel: {reason}");
    run.log("cancellation_requested", message, metadata.clone(), false, MerchantView::Only(merchant_id));
    run.emit("cancellation.requested", metadata);
    Ok(())
}

/// The merchant's lines that are neither off the order nor done with.
fn cancellable(run: &Run<'_, '_>, merchant: MerchantId) -> Result<Vec<ItemId>, Refusal> {
    let mut items = Vec::new();
    for i in 0..run.order.items.len() {
        let open = run
            .state(Which::Item(i))?
            .is_some_and(|s| !["cancelled", "refunded", "delivered"].iter().any(|t| s.has(t)));
        if open && run.order.items[i].merchant_id == merchant {
            items.push(run.order.items[i].id);
        }
    }
    Ok(items)
}

/// The wishes to be let off that still wait for an answer, as far as the actor sees them.
pub(super) fn open_requests(run: &Run<'_, '_>) -> Vec<CancellationRequest> {
    let open = |r: &&CancellationRequest| {
        let left = cancellable(run, r.merchant_id).unwrap_or_default();
        super::owns(run.actor, r.merchant_id) && r.items.iter().any(|id| left.contains(id))
    };
    run.order.cancellation_requests.iter().filter(open).cloned().collect()
}
