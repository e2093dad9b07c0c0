//! Stock as the operator sees and corrects it.
//!
//! Fewer on hand than reserved breaks a promise to a customer, so a correction below the reservations is refused, unless a reason is given:
//! then it is a loss that happened (breakage, theft), the shortage is on record, and the stock check of a made-to-order order will find it.

use orderwright_core::id::MerchantId;

use super::{Ctx, OpError};
use crate::store::{Changeset, CommitError, Guard, StockAdjustment, StockMovementRow, StockRow};

/// A correction.
#[derive(Clone, Debug, Default)]
pub struct Correction {
    /// So many were counted.
    pub on_hand: Option<i64>,
    /// So many more, or fewer.
    pub adjust: Option<i64>,
    /// Where; `default` unless said.
    pub location: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// The most units that a location can have.
pub const MAX_UNITS: i64 = 1_000_000_000_000;

/// The longest name of a location.
pub const MAX_LOCATION: usize = 64;

/// The figures of a SKU by location.
pub async fn get(ctx: &Ctx, sku: &str) -> Result<Vec<StockRow>, OpError> {
    let offers = super::catalog::offers(ctx, std::iter::once(sku)).await?;
    let offer = offers.get(sku).ok_or(OpError::NotFound)?;
    let own = match (&ctx.actor.channel, ctx.actor.merchant) {
        (_, Some(merchant)) => offer.merchant_id == merchant,
        (Some(channel), None) => &offer.channel == channel,
        (None, None) => true,
    };
    if !own {
        return Err(OpError::NotFound);
    }
    Ok(ctx.app.store.stock(sku).await?)
}

/// The figures of SKUs after one, by SKU and location, at most `limit` SKUs: for merchants of their own offers, for the owner of a channel
/// of its offers, for the platform of any merchant or channel that is asked for.
pub async fn list(
    ctx: &Ctx,
    after: &str,
    limit: usize,
    merchant: Option<MerchantId>,
    channel: Option<&str>,
) -> Result<Vec<(String, Vec<StockRow>)>, OpError> {
    let own = ctx.actor.channel.as_deref();
    let merchant = ctx.actor.merchant.or(merchant).map(|m| m.0);
    if own.is_some() && channel.is_some() && own != channel {
        return Ok(Vec::new());
    }
    // Behind every location of the SKU: no name of a location sorts after this one.
    let mut from = (after.to_owned(), if after.is_empty() { String::new() } else { "\u{10FFFF}".to_owned() });
    let mut skus: Vec<(String, Vec<StockRow>)> = Vec::new();
    let batch = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    loop {
        let rows = ctx.app.store.list_stock((&from.0, &from.1), batch, merchant, own.or(channel)).await?;
        let more = rows.len() as i64 == batch;
        for row in rows {
            from = (row.sku.clone(), row.location.clone());
            let enough = skus.len() == limit;
            match skus.last_mut() {
                Some((sku, rows)) if *sku == row.sku => rows.push(row),
                _ if enough => return Ok(skus),
                _ => skus.push((row.sku.clone(), vec![row])),
            }
        }
        if !more {
            return Ok(skus);
        }
    }
}

/// Corrects a SKU's stock and answers with the figures after it.
pub async fn correct(ctx: &mut Ctx, sku: &str, correction: &Correction) -> Result<Vec<StockRow>, OpError> {
    get(ctx, sku).await?;
    let location = correction.location.as_deref().unwrap_or("default");
    if !(1..=MAX_LOCATION).contains(&location.chars().count()) || location.contains(char::is_control) {
        let detail = format!("must have between 1 and {MAX_LOCATION} characters, no control characters");
        return Err(OpError::field("/location", detail));
    }
    let (adjustment, quantity) = match (correction.on_hand, correction.adjust) {
        (Some(n), None) if (0..=MAX_UNITS).contains(&n) => (StockAdjustment::Set(n), n),
        (Some(_), None) => return Err(OpError::field("/onHand", format!("must be between 0 and {MAX_UNITS}"))),
        (None, Some(n)) if (-MAX_UNITS..=MAX_UNITS).contains(&n) => (StockAdjustment::Add(n), n),
        (None, Some(_)) => {
            return Err(OpError::field("/adjust", format!("must be between -{MAX_UNITS} and {MAX_UNITS}")));
        }
        _ => return Err(OpError::field("/onHand", "give either onHand or adjust")),
    };
    let reason = correction.reason.as_deref().map(str::trim).filter(|r| !r.is_empty());
    let now = ctx.clock.now();
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    cs.adjust(sku, location, adjustment, reason.is_some());
    cs.insert_stock_movement(&StockMovementRow {
        id: ctx.app.ids.next(now),
        sku: sku.to_owned(),
        location: location.to_owned(),
        kind: if correction.on_hand.is_some() { "count" } else { "adjust" }.to_owned(),
        quantity,
        order_id: None,
        reason: reason.map(str::to_owned),
        at: now.0,
    });
    let event = serde_json::json!([{ "type": "stock.adjusted", "data": { "sku": sku, "location": location } }]);
    cs.outbox(None, None, None, None, None, &event.to_string());
    if let Some(key) = ctx.key.take() {
        key.start(&mut cs, None, now);
    }
    match ctx.app.store.commit(cs).await {
        Ok(()) => Ok(ctx.app.store.stock(sku).await?),
        Err(CommitError::Conflict { what: Guard::Stock { .. } }) => {
            let here = ctx.app.store.stock(sku).await?;
            let reserved = here.iter().find(|r| r.location == location).map_or(0, |r| r.reserved);
            let why = format!(
                "reserved for orders: {reserved}, and there cannot be fewer on hand. Cancel orders first, or give a `reason` to record the loss; less than nothing is never on hand"
            );
            Err(OpError::Conflict("stock_below_reserved", why))
        }
        Err(error) => Err(error.into()),
    }
}
