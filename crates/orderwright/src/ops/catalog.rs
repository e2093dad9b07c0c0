//! What shops sell: channels, merchants, offers, and the workflows that come with the program.

use std::collections::HashMap;

use orderwright_core::catalog::{Channel, Offer};
use orderwright_core::id::MerchantId;

use super::{Ctx, OpError};
use crate::app::App;
use crate::store::{Changeset, ChannelRow, MerchantRow, OfferRow, WorkflowRow};

/// The offers of these SKUs, by SKU.
pub async fn offers(ctx: &Ctx, skus: impl Iterator<Item = &str>) -> Result<HashMap<String, Offer>, OpError> {
    let mut skus: Vec<&str> = skus.collect();
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

/// Stores the shipped workflows' versions, and takes back the versions that orders may still carry.
pub async fn publish_shipped_workflows(app: &App) -> anyhow::Result<()> {
    let mut set = (*app.workflows()).clone();
    let stored = app.store.workflows().await?;
    let now = app.clock.now();
    let mut cs = Changeset::new(app.ids.next(now), now.0);
    let mut new = false;
    for (workflow, text) in app.workflows().texts() {
        if !stored.iter().any(|row| row.version == workflow.version) {
            new = true;
            cs.insert_workflow(&WorkflowRow {
                version: workflow.version.clone(),
                name: workflow.name.clone(),
                body: text.to_owned(),
                created_at: now.0,
            });
        }
    }
    if new {
        app.store.commit(cs).await?;
    }
    for row in stored {
        set.keep(&row.body)
            .map_err(|complaints| anyhow::anyhow!("stored workflow {} {}: {complaints:?}", row.name, row.version))?;
    }
    app.set_workflows(set);
    Ok(())
}
