//! Webhooks of Razorpay: believed by signature, told apart by the id in their header, read only for what they are about.

use orderwright_core::time::Timestamp;
use serde_json::Value;

use super::{Razorpay, text};
use crate::pay::port::{Notice, ObjectKind, ObjectRef};
use crate::pay::signature::{self, Forged};

impl Razorpay {
    /// Checks the signature and says what the event is about.
    pub fn verify_webhook(
        &self,
        signature: Option<&str>,
        event_id: Option<&str>,
        body: &[u8],
    ) -> Result<Notice, Forged> {
        signature::razorpay(signature, body, &self.config.webhook_secrets)?;
        let event: Value = serde_json::from_slice(body).map_err(|_| Forged::NoEvent)?;
        let kind = text(&event, "event");
        if kind.is_empty() {
            return Err(Forged::NoEvent);
        }
        // Without an id the body is its own: the same body twice is the same event.
        let event_id = match event_id.map(str::trim).filter(|id| (1..=255).contains(&id.len())) {
            Some(id) => id.to_owned(),
            None => format!("body_{:016x}", crate::kernel::digest::id(&[body])),
        };
        Ok(Notice {
            event_id,
            kind: kind.to_owned(),
            object: object(kind, &event["payload"]),
            kept: crate::pay::port::kept(&event),
            created_at: Timestamp(event["created_at"].as_i64().unwrap_or(0) * 1_000_000),
        })
    }
}

/// What an event is about. `transfers.failed` is how one page of the documentation spells `transfer.failed`.
fn object(kind: &str, payload: &Value) -> ObjectRef {
    let id = |entity: &str| payload[entity]["entity"]["id"].as_str();
    let (kind, id) = if kind.starts_with("payment.dispute.") {
        (ObjectKind::Dispute, id("dispute"))
    } else if kind.starts_with("payment.downtime.") {
        (ObjectKind::Other, id("payment.downtime"))
    } else if kind.starts_with("payment.") || kind.starts_with("order.") {
        (ObjectKind::Payment, id("payment").or_else(|| id("order")))
    } else if kind.starts_with("refund.") {
        (ObjectKind::Refund, id("refund"))
    } else if kind.starts_with("transfer.") || kind.starts_with("transfers.") {
        (ObjectKind::Transfer, id("transfer"))
    } else {
        (ObjectKind::Other, None)
    };
    ObjectRef { kind: if id.is_some() { kind } else { ObjectKind::Other }, id: id.unwrap_or_default().to_owned() }
}
