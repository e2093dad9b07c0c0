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

/// A page of shares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shares {
    /// The newest first.
    pub rows: Vec<OrderShare>,
    /// Behind which id to go on, when the search ended before the page was full.
    pub looked_to: Option<i64>,
}

/// Shares that one page looks at in search of those of a channel, which no index knows.
const LOOKED: usize = 1_000;
/// Shares that are read at once when the first ones did not fill the page.
const CHUNK: usize = 250;

/// The shares of a party, the newest first, before an id. A party that has none sees none. A page of a channel's may be short, or empty,
/// and say where to go on.
pub async fn shares(
    ctx: &Ctx,
    party: &PartyRef,
    wanted: SharesOf,
    mut before: Option<i64>,
    limit: usize,
) -> Result<Shares, OpError> {
    let filter = ShareFilter {
        account: party.account(),
        channel: wanted.channel,
        from: wanted.from.map(|t| t.0),
        to: wanted.to.map(|t| t.0),
    };
    let mut found = Shares::default();
    let mut looked = 0;
    loop {
        let chunk = if looked == 0 { limit } else { limit.max(CHUNK) };
        let rows = ctx.app.store.list_shares(&filter, before, chunk as i64).await?;
        looked += rows.len();
        before = rows.last().map(|(id, ..)| *id);
        let is_last = rows.len() < chunk;
        for (id, at, body) in rows {
            if let Some(body) = body {
                found.rows.push(share(party, id, at, &body)?);
            }
        }
        if found.rows.len() >= limit || is_last {
            found.rows.truncate(limit);
            return Ok(found);
        }
        if looked >= LOOKED {
            found.looked_to = before;
            return Ok(found);
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::App;
    use crate::store::{Changeset, LedgerRow, OrderRow, StoreConfig};
    use orderwright_core::actor::Actor;
    use orderwright_core::order::PartyKind;

    #[tokio::test]
    async fn a_search_for_a_channel_ends_and_goes_on() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = StoreConfig::Sqlite { dir: dir.path().to_owned(), exclusive: true, inline: true };
        let app = App::open(store, true).await.expect("opens");
        let ctx = Ctx::of(&app, Actor::system());
        let party = PartyRef { kind: PartyKind::Brand, id: "acme".to_owned() };
        let now = app.clock.now();
        let mut cs = Changeset::new(app.ids.next(now), now.0);
        // One page more than is looked at. What is of another channel is not even read, so it need not be an order.
        for _ in 0..=LOOKED + CHUNK {
            let id = app.ids.next(now);
            let order = OrderRow {
                id,
                number: format!("N-{id}"),
                channel: "elsewhere".to_owned(),
                customer_id: 1,
                status: String::new(),
                payment_status: String::new(),
                shipping_status: String::new(),
                total: 0,
                created_at: now.0,
                updated_at: now.0,
                delivered_at: None,
                due_at: None,
                item_name: String::new(),
                payment_reference: String::new(),
                in_flight: None,
                version: 1,
                body: "{}".to_owned(),
            };
            cs.insert_order(&order).insert_ledger_entry(&LedgerRow {
                id: app.ids.next(now),
                posting_id: id,
                order_id: Some(id),
                cause: "split".to_owned(),
                about: None,
                reverses: None,
                account: party.account(),
                currency: "EUR".to_owned(),
                amount: -1,
                at: now.0,
            });
        }
        app.store.commit(cs).await.expect("committed");
        let here = || SharesOf { channel: Some("here".to_owned()), ..SharesOf::default() };
        let first = shares(&ctx, &party, here(), None, 21).await.expect("looked");
        assert!(first.rows.is_empty() && first.looked_to.is_some(), "{first:?}");
        let rest = shares(&ctx, &party, here(), first.looked_to, 21).await.expect("looked");
        assert_eq!(rest, Shares::default());
        assert!(shares(&ctx, &party, SharesOf::default(), None, 21).await.is_err(), "these are no orders");
    }
}
