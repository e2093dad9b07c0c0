//! Webhooks of Stripe: believed by signature and time, read only for what they are about.

use orderwright_core::time::Timestamp;
use serde_json::Value;

use super::{Stripe, id_in, text};
use crate::pay::port::{Notice, ObjectKind, ObjectRef};
use crate::pay::signature::{self, Forged};

impl Stripe {
    /// Checks the signature and says what the event is about.
    pub fn verify_webhook(&self, signature: Option<&str>, body: &[u8], now: Timestamp) -> Result<Notice, Forged> {
        signature::stripe(signature, body, &self.config.webhook_secrets, now)?;
        let event: Value = serde_json::from_slice(body).map_err(|_| Forged::NoEvent)?;
        let (id, kind) = (text(&event, "id"), text(&event, "type"));
        if id.is_empty() || kind.is_empty() || !id.is_ascii() || id.len() > 255 {
            return Err(Forged::NoEvent);
        }
        Ok(Notice {
            event_id: id.to_owned(),
            kind: kind.to_owned(),
            object: object(&event["data"]["object"]),
            kept: crate::pay::port::kept(&event),
            created_at: Timestamp(event["created"].as_i64().unwrap_or(0) * 1_000_000),
        })
    }
}

/// What an event's object stands for. A charge is its payment; what we have no use for is kept and not acted on.
fn object(object: &Value) -> ObjectRef {
    let id = text(object, "id");
    let (kind, id) = match text(object, "object") {
        "payment_intent" | "setup_intent" => (ObjectKind::Payment, Some(id)),
        "charge" => match id_in(&object["payment_intent"]) {
            Some(intent) => (ObjectKind::Payment, Some(intent)),
            None => (ObjectKind::Other, Some(id)),
        },
        "refund" => (ObjectKind::Refund, Some(id)),
        "dispute" => (ObjectKind::Dispute, Some(id)),
        "transfer" => (ObjectKind::Transfer, Some(id)),
        "account" => (ObjectKind::Account, Some(id)),
        _ => (ObjectKind::Other, Some(id)),
    };
    ObjectRef { kind, id: id.unwrap_or_default().to_owned() }
}
