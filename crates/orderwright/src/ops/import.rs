//! What moving in needs beside the ordinary operations: a channel, merchants and offers that are known by outside ids.
//!
//! Everything here can be done again: what is there already is left as it is, and whoever comes second makes nothing.
//! What is not here: orders (`place::place_imported`, then `command::run` like everybody else's).

use std::collections::HashMap;

use orderwright_core::catalog::{Channel, Offer};
use orderwright_core::id::{MerchantId, OrderId};

use super::{Ctx, OpError, catalog};
use crate::store::{Changeset, CommitError, Guard, StockAdjustment, StockMovementRow};

/// A merchant as its source knows it.
#[derive(Clone, Debug)]
pub struct NewMerchant {
    /// Its id there.
    pub external_id: String,
    /// Its id here.
    pub id: MerchantId,
    /// For people.
    pub name: String,
}

/// An offer as its source knows it.
#[derive(Clone, Debug)]
pub struct NewOffer {
    /// Its id there.
    pub external_id: String,
    /// The offer.
    pub offer: Offer,
    /// Its place in the channel's list.
    pub rank: i64,
    /// Units that are on hand when it is made.
    pub on_hand: i64,
}

/// Rows of one changeset: few enough for one flight, many enough to be quick.
const CHUNK: usize = 100;
/// Outside ids that are read at once.
const PAGE: i64 = 2000;

/// Everything that a source's outside ids stand for here.
pub async fn known(ctx: &Ctx, source: &str) -> Result<HashMap<String, i64>, OpError> {
    let mut known = HashMap::new();
    let mut after = String::new();
    loop {
        let rows = ctx.app.store.list_external_refs(source, &after, PAGE).await?;
        let Some(last) = rows.last() else { return Ok(known) };
        after.clone_from(&last.external_id);
        known.extend(rows.into_iter().map(|r| (r.external_id, r.id)));
    }
}

/// Makes the channel, unless there is one of that name: then its owner's settings stay, if orders in that currency fit into it.
pub async fn open_channel(ctx: &Ctx, channel: &Channel) -> Result<(), OpError> {
    if let Some(here) = ctx.app.channel(&channel.name) {
        if (&here.workflow, here.currency) == (&channel.workflow, channel.currency) && here.accepts_offline_payment {
            return Ok(());
        }
        let why = format!(
            "there is a channel `{}` already, and it is not one of workflow {} in {} that takes payments from outside; import into another store",
            channel.name, channel.workflow, channel.currency
        );
        return Err(OpError::Conflict("channel_exists", why));
    }
    let now = ctx.clock.now();
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    catalog::put_channel(&mut cs, channel)?;
    ctx.app.store.commit(cs).await?;
    Ok(ctx.app.reload_channels().await?)
}

/// Makes the merchants that are not known yet.
pub async fn open_merchants(ctx: &Ctx, source: &str, merchants: &[NewMerchant]) -> Result<(), OpError> {
    let known = known(ctx, source).await?;
    let new: Vec<&NewMerchant> = merchants.iter().filter(|m| !known.contains_key(&m.external_id)).collect();
    for chunk in new.chunks(CHUNK) {
        let mut cs = start(ctx);
        for merchant in chunk {
            cs.insert_external_ref(source, &merchant.external_id, merchant.id.0);
            catalog::put_merchant(&mut cs, merchant.id, &merchant.name);
        }
        commit(ctx, cs).await?;
    }
    Ok(())
}

/// Makes the offers that are not known yet, each with its first units on hand.
pub async fn open_offers(ctx: &Ctx, source: &str, offers: &[NewOffer]) -> Result<(), OpError> {
    let known = known(ctx, source).await?;
    let new: Vec<&NewOffer> = offers.iter().filter(|o| !known.contains_key(&o.external_id)).collect();
    for chunk in new.chunks(CHUNK) {
        let mut cs = start(ctx);
        let now = ctx.clock.now();
        for new in chunk {
            cs.insert_external_ref(source, &new.external_id, new.offer.variant_id.0);
            catalog::put_offer(&mut cs, &new.offer, new.rank)?;
            cs.adjust(&new.offer.sku, "default", StockAdjustment::Add(new.on_hand), false);
            if new.on_hand == 0 {
                continue;
            }
            cs.insert_stock_movement(&StockMovementRow {
                id: ctx.app.ids.next(now),
                sku: new.offer.sku.clone(),
                location: "default".to_owned(),
                kind: "receive".to_owned(),
                quantity: new.on_hand,
                order_id: None,
                reason: Some("opening stock of an import".to_owned()),
                at: now.0,
            });
        }
        commit(ctx, cs).await?;
    }
    Ok(())
}

/// Notes that everything a source says of an order is done, so that the next run passes it by. Noted before is fine.
pub async fn note_done(ctx: &Ctx, source: &str, key: &str, order: OrderId) -> Result<(), OpError> {
    let mut cs = start(ctx);
    cs.insert_external_ref(source, key, order.0);
    match ctx.app.store.commit(cs).await {
        Ok(()) | Err(CommitError::Duplicate { what: Guard::ExternalRef }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Takes out again the units that came with a sale and did not leave with it, because it was cancelled: they are in today's count.
/// Once for each sale; units that are gone meanwhile are left out.
pub async fn take_back_units(
    ctx: &Ctx,
    source: &str,
    key: &str,
    order: OrderId,
    units: &[(String, String, i64)],
) -> Result<(), OpError> {
    let mut cs = start(ctx);
    let now = ctx.clock.now();
    cs.insert_external_ref(source, key, order.0);
    for (sku, location, quantity) in units {
        cs.adjust(sku, location, StockAdjustment::Add(-quantity), true);
        cs.insert_stock_movement(&StockMovementRow {
            id: ctx.app.ids.next(now),
            sku: sku.clone(),
            location: location.clone(),
            kind: "adjust".to_owned(),
            quantity: -quantity,
            order_id: Some(order.0),
            reason: Some("cancelled before the shop moved in".to_owned()),
            at: now.0,
        });
    }
    match ctx.app.store.commit(cs).await {
        Ok(()) | Err(CommitError::Duplicate { what: Guard::ExternalRef } | CommitError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Ids of one millisecond are few, so a clock that stands still goes on by one for each changeset.
fn start(ctx: &Ctx) -> Changeset {
    ctx.clock.set(orderwright_core::time::Timestamp(ctx.clock.now().0 + 1000));
    let now = ctx.clock.now();
    Changeset::new(ctx.app.ids.next(now), now.0)
}

async fn commit(ctx: &Ctx, cs: Changeset) -> Result<(), OpError> {
    match ctx.app.store.commit(cs).await {
        Ok(()) => Ok(()),
        Err(CommitError::Duplicate { what: Guard::ExternalRef }) => {
            let why = "another import of the same source is running; wait until it has ended, then start again";
            Err(OpError::Conflict("import_running", why.to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}
