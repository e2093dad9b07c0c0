//! Messages of an order, and merchants' wishes to be let off.

use orderwright_core::id::{MerchantId, MessageId, OrderId};
use orderwright_core::order::{CancellationRequest, Order};
use orderwright_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::event::required_text;
use crate::ops::FieldError;
use crate::store::MessageRow;
use crate::web::problem::Problem;

/// A message.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Message)]
pub struct MessageView {
    /// `msg_…`
    pub id: String,
    /// `ord_…`
    pub order_id: String,
    /// Whose thread: the merchant, the customer and the operator read it. Null is between the customer and the operator alone.
    pub merchant_id: Option<String>,
    /// customer, merchant, operator.
    pub from: String,
    /// The text.
    pub message: String,
    /// Who wrote it.
    pub created_by: String,
    /// RFC 3339.
    pub created_at: String,
}

/// Shows a message.
pub fn message(row: MessageRow) -> MessageView {
    MessageView {
        id: MessageId(row.id).to_string(),
        order_id: OrderId(row.order_id).to_string(),
        merchant_id: row.merchant_id.map(|m| MerchantId(m).to_string()),
        from: row.side,
        message: row.message,
        created_by: row.created_by,
        created_at: Timestamp(row.at).to_string(),
    }
}

/// A message to write.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewMessage {
    /// The text, at most 4000 characters.
    pub message: String,
    /// Into which merchant's thread; left out, it is between the customer and the operator.
    #[serde(default)]
    pub merchant_id: Option<String>,
}

impl NewMessage {
    /// Checked: thread and text.
    pub fn read(self) -> Result<(Option<MerchantId>, String), Problem> {
        let mut wrong = Vec::new();
        required_text(&mut wrong, "/message", &self.message);
        let merchant = self.merchant_id.as_deref().map(MerchantId::parse);
        if merchant == Some(None) {
            let detail = "must be a merchant's id, mer_…".to_owned();
            wrong.push(FieldError { pointer: "/merchantId".to_owned(), detail });
        }
        if wrong.is_empty() { Ok((merchant.flatten(), self.message)) } else { Err(Problem::fields(wrong)) }
    }
}

/// A merchant's message to write, into their own thread.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewMerchantMessage {
    /// The text, at most 4000 characters.
    pub message: String,
}

/// A merchant's wish that their part of an order be cancelled.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CancellationRequest)]
pub struct CancellationRequestView {
    /// `cnr_…`
    pub id: String,
    /// `ord_…`
    pub order_id: String,
    /// `mer_…`
    pub merchant_id: String,
    /// Why.
    pub reason: String,
    /// What could still be cancelled when it was asked for.
    pub item_ids: Vec<String>,
    /// Who asked.
    pub created_by: String,
    /// RFC 3339.
    pub created_at: String,
}

/// Shows such a wish.
pub fn cancellation_request(request: &CancellationRequest, order: &Order) -> CancellationRequestView {
    CancellationRequestView {
        id: request.id.to_string(),
        order_id: order.id.to_string(),
        merchant_id: request.merchant_id.to_string(),
        reason: request.reason.clone(),
        item_ids: request.items.iter().map(ToString::to_string).collect(),
        created_by: request.created_by.clone(),
        created_at: request.created_at.to_string(),
    }
}
