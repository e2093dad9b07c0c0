//! Setting up a shop: channels, merchants, offers with their first stock, and customers, in one changeset.

use orderwright_core::catalog::{Channel, Offer};
use orderwright_core::id::{CustomerId, MerchantId};

use super::people::{Contact, Person, email_digest};
use super::{Ctx, OpError, catalog};
use crate::store::{Changeset, CustomerRow, StockAdjustment, StockMovementRow};

/// What a shop begins with.
#[derive(Clone, Debug, Default)]
pub struct Shop {
    /// Its channels.
    pub channels: Vec<Channel>,
    /// Who sells.
    pub merchants: Vec<(MerchantId, String)>,
    /// What is sold, in the order of each channel's list, and how many units are on hand.
    pub offers: Vec<(Offer, i64)>,
    /// Who buys; the word is the channel that they belong to, or one that stands for all of them.
    pub customers: Vec<(CustomerId, String, Contact)>,
    /// Settings that are true from then on.
    pub settings: Vec<(String, String)>,
}

/// Puts a shop into the store, whole or not at all.
pub async fn put(ctx: &Ctx, shop: &Shop) -> Result<(), OpError> {
    let now = ctx.clock.now();
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    for channel in &shop.channels {
        catalog::put_channel(&mut cs, channel)?;
    }
    for (id, name) in &shop.merchants {
        catalog::put_merchant(&mut cs, *id, name);
    }
    for (rank, (offer, on_hand)) in shop.offers.iter().enumerate() {
        catalog::put_offer(&mut cs, offer, rank as i64)?;
        cs.adjust(&offer.sku, "default", StockAdjustment::Set(*on_hand), false);
        cs.insert_stock_movement(&StockMovementRow {
            id: ctx.app.ids.next(now),
            sku: offer.sku.clone(),
            location: "default".to_owned(),
            kind: "receive".to_owned(),
            quantity: *on_hand,
            order_id: None,
            reason: Some("opening stock".to_owned()),
            at: now.0,
        });
    }
    for (id, channel, contact) in &shop.customers {
        cs.insert_customer(&CustomerRow {
            id: id.0,
            channel: channel.clone(),
            email_digest: email_digest(&contact.email),
            created_at: now.0,
        });
        Person::of(*id).insert(&mut cs, contact, None, None);
    }
    for (key, value) in &shop.settings {
        cs.put_setting(key, value);
    }
    ctx.app.store.commit(cs).await?;
    Ok(ctx.app.reload_channels().await?)
}

/// Writes a setting down.
pub async fn put_setting(ctx: &Ctx, key: &str, value: &str) -> Result<(), OpError> {
    let now = ctx.clock.now();
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    cs.put_setting(key, value);
    Ok(ctx.app.store.commit(cs).await?)
}
