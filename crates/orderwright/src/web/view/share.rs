//! A party's share of an order as the party sees it: nothing of the customer, of the goods, or of other parties.

use serde::Serialize;
use utoipa::ToSchema;

use crate::ops::ledger::OrderShare;

/// Your share of an order. Minor units of its currency.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderShare)]
pub struct ShareView {
    /// `ord_…`
    pub order_id: String,
    /// The number that people use.
    pub order_number: String,
    /// The order's channel.
    pub channel: String,
    /// ISO 4217.
    pub currency: String,
    /// Of what was captured; never changes.
    pub amount: i64,
    /// Taken back by refunds.
    pub refunded: i64,
    /// What you bear of the payment provider's fees.
    pub fees_borne: i64,
    /// When the first of it was booked, RFC 3339.
    pub created_at: String,
}

/// Shows a share.
pub fn share(share: OrderShare) -> ShareView {
    ShareView {
        order_id: share.order.to_string(),
        order_number: share.number,
        channel: share.channel,
        currency: share.currency,
        amount: share.amount,
        refunded: share.refunded,
        fees_borne: share.fees_borne,
        created_at: share.at.to_string(),
    }
}
