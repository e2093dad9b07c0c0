//! A party's shares, order by order: what it got of what was taken, what refunds took back, and what it bears of fees.
//!
//! Which orders these are is read off the party's own account in the book, how much it is off the order. Not here: chargebacks, goodwill
//! and payouts, which are on the statement.

use orderwright_core::id::OrderId;
use orderwright_core::order::{Order, PartyRef};
use orderwright_core::time::Timestamp;

use crate::ops::{Ctx, OpError};
use crate::store::ShareFilter;

/// A party's share of an order. Minor units of the order's currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderShare {
    /// Its id, along which pages go.
    pub id: i64,
    /// When the first of it was booked.
    pub at: Timestamp,
    /// The order.
    pub order: OrderId,
    /// The number that people use.
    pub number: String,
    /// The order's channel.
    pub channel: String,
    /// ISO 4217.
    pub currency: String,
    /// Of what was captured; never changes.
    pub amount: i64,
    /// Taken back by refunds.
    pub refunded: i64,
    /// What the party bears of the payment provider's fees.
    pub fees_borne: i64,
}

/// Which shares are wanted; what is None does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharesOf {
    /// Of orders of this channel.
    pub channel: Option<String>,
    /// Booked at or after.
    pub from: Option<Timestamp>,
    /// Booked before.
    pub to: Option<Timestamp>,
}

/// The shares of a party, the newest first, before an id. A party that has none sees none.
pub async fn shares(
    ctx: &Ctx,
    party: &PartyRef,
    wanted: SharesOf,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<OrderShare>, OpError> {
    let filter = ShareFilter {
        account: party.account(),
        channel: wanted.channel,
        from: wanted.from.map(|t| t.0),
        to: wanted.to.map(|t| t.0),
    };
    let rows = ctx.app.store.list_shares(&filter, before, limit).await?;
    rows.into_iter().map(|(id, at, body)| share(party, id, at, &body)).collect()
}

fn share(party: &PartyRef, id: i64, at: i64, body: &str) -> Result<OrderShare, OpError> {
    let order: Order = serde_json::from_str(body)
        .map_err(|e| OpError::Internal(format!("the order of line {id} cannot be read: {e}")))?;
    let split = order.splits.iter().find(|split| split.party == *party);
    Ok(OrderShare {
        id,
        at: Timestamp(at),
        order: order.id,
        currency: order.currency.code().to_owned(),
        amount: split.map_or(0, |split| split.amount),
        refunded: split.map_or(0, |split| split.refunded),
        fees_borne: order.fees_borne(party),
        number: order.number,
        channel: order.channel,
    })
}
