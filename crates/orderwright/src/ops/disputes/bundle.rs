//! The evidence bundle of a dispute, gathered by itself: the order, what was sent and delivered, what was said, the policy, the history.
//!
//! It is for the bank and for whoever decides, so it has the customer's name and addresses, which no other document of ours repeats; it is
//! made when it is asked for and kept nowhere. What is not here: how it is printed (`pdf`), and what a provider's own form takes (`evidence`).

use orderwright_core::id::{EvidenceId, MessageId};
use orderwright_core::order::{Order, RefundState};
use orderwright_core::time::Timestamp;
use serde_json::{Value, json};

use super::Found;
use crate::ops::people::Contacts;
use crate::ops::{Ctx, OpError};

/// The most entries of each list; the bundle says so when there are more.
const MOST: i64 = 500;

/// Gathers everything.
pub async fn gather(ctx: &Ctx, found: &Found) -> Result<Value, OpError> {
    let (order, dispute) = (&found.loaded.order, found.dispute()?);
    let contacts = Contacts::of(ctx, std::iter::once(order)).await?;
    let store = &ctx.app.store;
    let notes = store.list_dispute_notes(dispute.id.0, 0, MOST + 1, None, None).await?;
    let messages = store.list_messages(order.id.0, 0, MOST + 1, dispute.merchant_id.map(|m| m.0)).await?;
    let timeline = store.list_timeline(order.id.0, 0, MOST + 1, false, None).await?;
    let truncated = [notes.len(), messages.len(), timeline.len()].iter().any(|n| *n as i64 > MOST);
    let policy = ctx.app.channel(&order.channel).and_then(|c| c.disputes.refund_policy.clone());
    let most = MOST as usize;
    let (evidence, said): (Vec<_>, Vec<_>) = notes.into_iter().take(most).partition(|n| n.evidence.is_some());
    let customer = contacts.contact(order.contact_id);
    let address = |id: Option<_>| id.and_then(|id| contacts.address(id));
    Ok(json!({
        "generatedAt": ctx.clock.now().to_string(),
        "truncated": truncated,
        "dispute": {
            "id": dispute.id.to_string(),
            "kind": dispute.kind.name(),
            "status": dispute.status(),
            "raisedBy": dispute.raised_by.name(),
            "reason": dispute.reason.name(),
            "wants": dispute.wants.map(|w| w.name()),
            "respondBy": dispute.respond_by.map(|t| t.to_string()),
            "createdAt": dispute.created_at.to_string(),
            "chargeback": dispute.chargeback.as_ref().map(|c| json!({
                "provider": c.provider,
                "reference": c.reference,
                "status": c.status,
                "reasonCode": c.reason_code,
                "amount": c.amount,
                "amountShown": order.currency.show(c.amount),
            })),
        },
        "order": order_facts(order),
        "customer": customer.map(|c| json!({ "name": c.name, "email": c.email, "phone": c.phone })),
        "shippingAddress": address(order.shipping_address_id),
        "billingAddress": address(order.billing_address_id),
        "delivery": delivery(order),
        "refunds": order.refunds.iter().filter(|r| r.state == RefundState::Succeeded).map(|r| json!({
            "id": r.id.to_string(),
            "amount": r.amount,
            "amountShown": order.currency.show(r.amount),
            "reason": r.reason,
            "at": r.created_at.to_string(),
        })).collect::<Vec<_>>(),
        "refundPolicy": {
            "text": policy,
            "returnWindow": order.policies.return_window.to_string(),
        },
        "messages": messages.into_iter().take(most).map(|m| json!({
            "id": MessageId(m.id).to_string(),
            "from": m.side,
            "message": m.message,
            "at": Timestamp(m.at).to_string(),
        })).collect::<Vec<_>>(),
        "disputeMessages": said.into_iter().map(|n| json!({
            "id": MessageId(n.id).to_string(),
            "from": n.side,
            "message": n.text,
            "at": Timestamp(n.at).to_string(),
        })).collect::<Vec<_>>(),
        "evidence": evidence.into_iter().map(|n| json!({
            "id": EvidenceId(n.id).to_string(),
            "kind": n.evidence,
            "from": n.side,
            "text": n.text,
            "links": serde_json::from_str::<Value>(&n.links).unwrap_or_else(|_| json!([])),
            "at": Timestamp(n.at).to_string(),
        })).collect::<Vec<_>>(),
        "timeline": timeline.into_iter().take(most).map(|e| json!({
            "type": e.kind,
            "message": e.message,
            "at": Timestamp(e.at).to_string(),
        })).collect::<Vec<_>>(),
    }))
}

fn order_facts(order: &Order) -> Value {
    let show = |amount: i64| order.currency.show(amount);
    json!({
        "id": order.id.to_string(),
        "number": order.number,
        "channel": order.channel,
        "placedAt": order.created_at.to_string(),
        "currency": order.currency.code(),
        "items": order.items.iter().map(|i| json!({
            "id": i.id.to_string(),
            "name": i.name,
            "sku": i.sku,
            "merchantId": i.merchant_id.to_string(),
            "quantity": i.quantity,
            "price": i.price,
            "total": i.total,
            "totalShown": show(i.total),
            "deliveredAt": i.delivered_at.map(|t| t.to_string()),
        })).collect::<Vec<_>>(),
        "shippingCost": order.shipping_cost,
        "total": order.total,
        "totalShown": show(order.total),
        "captured": order.captured(),
        "capturedShown": show(order.captured()),
        "refunded": order.refunded(),
        "payments": order.payments.iter().map(|p| json!({
            "id": p.id.to_string(),
            "provider": p.provider,
            "reference": p.reference,
            "captured": p.captured,
            "at": p.created_at.to_string(),
        })).collect::<Vec<_>>(),
    })
}

fn delivery(order: &Order) -> Value {
    json!({
        "deliveredAt": order.delivered_at().map(|t| t.to_string()),
        "shipments": order.shipments.iter().map(|s| json!({
            "id": s.id.to_string(),
            "carrier": s.carrier,
            "trackingNumber": s.tracking_number,
            "trackingUrl": s.tracking_url,
            "expectedBy": s.expected_by,
            "sentAt": s.created_at.to_string(),
            "items": s.items.iter().map(|u| json!({
                "itemId": u.item_id.to_string(),
                "quantity": u.quantity,
                "name": order.item(u.item_id).map(|i| i.name.as_str()),
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}
