//! What shops sell: channels, merchants and offers.

use std::collections::HashMap;

use orderwright_core::catalog::{Channel, Offer};
use orderwright_core::id::MerchantId;

use super::{Ctx, OpError};
use crate::store::{Changeset, ChannelRow, MerchantRow, OfferRow};

/// The offers of these SKUs, by SKU.
pub async fn offers(ctx: &Ctx, skus: impl Iterator<Item = &str>) -> Result<HashMap<String, Offer>, OpError> {
    // No SKU has a NUL, and one of the stores cannot even be asked for it.
    let mut skus: Vec<&str> = skus.filter(|sku| !sku.contains('\0')).collect();
    skus.sort_unstable();
    skus.dedup();
    let rows = ctx.app.store.find_offers(&skus).await?;
    rows.into_iter()
        .map(|row| {
            let offer: Offer =
                serde_json::from_str(&row.body).map_err(|e| OpError::Internal(format!("offer {}: {e}", row.sku)))?;
            Ok((row.sku, offer))
        })
        .collect()
}

/// Merchants after an id, at most `limit`; the owner of a channel sees those who offer something there.
pub async fn merchants(ctx: &Ctx, after: i64, limit: i64) -> Result<Vec<MerchantRow>, OpError> {
    Ok(ctx.app.store.list_merchants(after, limit, ctx.actor.channel.as_deref()).await?)
}

/// Offers after a SKU, at most `limit`, of one merchant or in one channel if asked so; the owner of a channel sees those of it.
pub async fn list_offers(
    ctx: &Ctx,
    after: &str,
    limit: i64,
    merchant: Option<MerchantId>,
    channel: Option<&str>,
) -> Result<Vec<Offer>, OpError> {
    let own = ctx.actor.channel.as_deref();
    if own.is_some() && channel.is_some() && own != channel {
        return Ok(Vec::new());
    }
    let rows = ctx.app.store.list_offers(after, limit, merchant.map(|m| m.0), own.or(channel)).await?;
    let read = |row: OfferRow| {
        serde_json::from_str(&row.body).map_err(|e| OpError::Internal(format!("offer {}: {e}", row.sku)))
    };
    rows.into_iter().map(read).collect()
}

/// Sorts an offer into a category, or out of any: rules of splits may be for one. Orders that were placed keep theirs.
pub async fn set_category(ctx: &mut Ctx, sku: &str, category: Option<String>) -> Result<Offer, OpError> {
    let row = match sku.contains('\0') {
        true => None,
        false => ctx.app.store.find_offers(&[sku]).await?.pop(),
    };
    let row =
        row.filter(|r| ctx.actor.channel.as_ref().is_none_or(|own| *own == r.channel)).ok_or(OpError::NotFound)?;
    let mut offer: Offer =
        serde_json::from_str(&row.body).map_err(|e| OpError::Internal(format!("offer {}: {e}", row.sku)))?;
    offer.category = category;
    let now = ctx.clock.now();
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    put_offer(&mut cs, &offer, row.rank)?;
    if let Some(key) = ctx.key.take() {
        key.start(&mut cs, None, now);
    }
    ctx.app.store.commit(cs).await?;
    Ok(offer)
}

/// Adds a channel to a changeset.
pub fn put_channel(cs: &mut Changeset, channel: &Channel) -> Result<(), OpError> {
    let body = serde_json::to_string(channel).map_err(|e| OpError::Internal(e.to_string()))?;
    cs.put_channel(&ChannelRow { name: channel.name.clone(), body });
    Ok(())
}

/// Adds a merchant to a changeset.
pub fn put_merchant(cs: &mut Changeset, id: MerchantId, name: &str) {
    cs.put_merchant(&MerchantRow { id: id.0, name: name.to_owned(), body: "{}".to_owned() });
}

/// Adds an offer to a changeset; `rank` is its place in the channel's list.
pub fn put_offer(cs: &mut Changeset, offer: &Offer, rank: i64) -> Result<(), OpError> {
    let body = serde_json::to_string(offer).map_err(|e| OpError::Internal(e.to_string()))?;
    cs.put_offer(&OfferRow {
        sku: offer.sku.clone(),
        channel: offer.channel.clone(),
        merchant_id: offer.merchant_id.0,
        rank,
        body,
    });
    Ok(())
}
