//! Keeps what orders are worth to their parties: orders that something happened to, and those whose time to return is over.
//!
//! Which orders those are is read off the feed, which has every changeset once and in order; so nothing that orders do costs more for payouts.

use std::collections::BTreeSet;

use orderwright_core::order::Order;
use orderwright_core::payout::{OrderLine, next_look, standings};
use orderwright_core::time::Timestamp;

use super::{Turn, overtaken, renew};
use crate::ops::{Ctx, OpError};
use crate::store::{Changeset, PayoutDueRow, Scope};

/// Changes that are read off the feed at once.
const FEED: i64 = 1_000;
/// Orders that are looked at in one changeset.
const ORDERS: i64 = 50;

/// Brings what is due up to date: everything that is committed by now, and due by `as_of`.
pub(super) async fn catch_up(ctx: &Ctx, turn: &Turn<'_>, as_of: Timestamp) -> Result<(), OpError> {
    follow(ctx, turn).await?;
    loop {
        let orders = ctx.app.store.payout_watch(as_of.0, ORDERS).await?;
        if orders.is_empty() {
            return Ok(());
        }
        renew(ctx).await?;
        let now = ctx.clock.now();
        let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
        cs.hold_payout_head(turn.fence);
        for watch in orders {
            look(ctx, &mut cs, watch.order_id, as_of).await?;
        }
        ctx.app.store.commit(cs).await.map_err(overtaken)?;
    }
}

/// Notes every order that something happened to since the last time.
async fn follow(ctx: &Ctx, turn: &Turn<'_>) -> Result<(), OpError> {
    let store = &ctx.app.store;
    // What was committed a moment ago has no place in the feed yet.
    while store.sequence(FEED).await? >= FEED as usize {}
    let (mut position, _) = store.payout_head().await?;
    loop {
        let changes = store.order_changes_after(position, FEED).await?;
        let Some((last, _)) = changes.last() else { return Ok(()) };
        position = *last;
        let orders: BTreeSet<i64> = changes.iter().map(|(_, order)| *order).collect();
        let now = ctx.clock.now();
        let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
        cs.advance_payout_head(turn.fence, position);
        for order in orders {
            cs.watch_for_payout(order, 0);
        }
        store.commit(cs).await.map_err(overtaken)?;
        renew(ctx).await?;
    }
}

/// Looks at one order: what it is worth to each party by now, and when to look again.
async fn look(ctx: &Ctx, cs: &mut Changeset, id: i64, as_of: Timestamp) -> Result<(), OpError> {
    let Some(row) = ctx.app.store.find_order(&Scope::All, id).await? else {
        cs.unwatch_for_payout(id);
        return Ok(());
    };
    let order: Order = serde_json::from_str(&row.body)
        .map_err(|e| OpError::Internal(format!("the order {id} cannot be read: {e}")))?;
    let booked = ctx.app.store.ledger_of_order(id).await?;
    let lines: Vec<OrderLine<'_>> =
        booked.iter().map(|l| OrderLine { account: &l.account, cause: &l.cause, amount: l.amount }).collect();
    for standing in standings(&order, &lines, as_of) {
        let due = standing.due;
        let sum = due.sum();
        let row = PayoutDueRow {
            party: standing.party.account(),
            order_id: id,
            channel: order.channel.clone(),
            currency: order.currency.code().to_owned(),
            number: order.number.clone(),
            share: due.share,
            refund: due.refund,
            fee: due.fee,
            other: due.other,
            paid_share: 0,
            paid_refund: 0,
            paid_fee: 0,
            paid_other: 0,
            open: sum < 0 || (sum > 0 && !standing.is_held),
        };
        cs.put_payout_due(&row, standing.is_held);
    }
    match next_look(&order, as_of) {
        Some(at) => cs.watch_for_payout(id, at.0),
        None => cs.unwatch_for_payout(id),
    };
    Ok(())
}
