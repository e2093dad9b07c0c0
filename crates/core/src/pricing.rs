//! What lines cost: tax, discount, totals, and the snapshots that keep an order's price explicable for ever.
//!
//! Rules: api.md («item.total = …»). Tax is rounded half up for each line; a discount code takes a percentage off the goods, divided over
//! the lines by largest remainder. Exclusive: tax = round(net × rate). Inclusive: net = round(gross × 100 / (100 + rate)), tax = gross − net.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::catalog::{Channel, Offer, Wish};
use crate::decide::DraftItem;
use crate::money::{MAX_AMOUNT, allocate};
use crate::order::Share;
use crate::split::{self, Agreement};
use crate::time::Timestamp;

/// The version of these rules, as snapshots name it.
pub const ENGINE_VERSION: &str = "1";

/// A rate in percent with up to four decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(i64);

impl Rate {
    const SCALE: i128 = 10_000;

    /// Reads `"18"`, `"12.5"`: from 0 to 1000 percent, at most four decimals.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || whole.len() > 4 || fraction.len() > 4 || !digits(whole) || !digits(fraction) {
            return None;
        }
        let rate: i64 = format!("{whole}{fraction:0<4}").parse().ok()?;
        (rate <= 1000 * 10_000).then_some(Self(rate))
    }

    /// This part of an amount, rounded half up (away from zero for negative amounts).
    pub fn of(self, amount: i64) -> i64 {
        divide_half_up(i128::from(amount) * i128::from(self.0), 100 * Self::SCALE)
    }

    /// The tax inside a gross amount.
    pub fn inside(self, gross: i64) -> i64 {
        let hundred = 100 * Self::SCALE;
        gross - divide_half_up(i128::from(gross) * hundred, hundred + i128::from(self.0))
    }
}

fn divide_half_up(numerator: i128, denominator: i128) -> i64 {
    let half = denominator / 2;
    let rounded = if numerator >= 0 { (numerator + half) / denominator } else { (numerator - half) / denominator };
    rounded as i64
}

/// What lines cost together, and why.
#[derive(Clone, Debug)]
pub struct Priced {
    /// The lines.
    pub items: Vec<DraftItem>,
    /// The tax inside the channel's shipping cost.
    pub shipping_tax: i64,
    /// Frozen discount rules.
    pub discount_snapshot: Value,
    /// Frozen prices.
    pub pricing_snapshot: Value,
}

/// What is wrong with a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricingError {
    /// JSON Pointer into the request.
    pub pointer: String,
    /// What to do about it.
    pub message: String,
}

/// The most units that one line may have.
pub const MAX_QUANTITY: i64 = 1_000_000;
/// The most lines that one order may have.
pub const MAX_LINES: usize = 500;

/// Prices lines by the channel's terms. `offers` are those of the wishes, in the same order.
pub fn price(
    channel: &Channel,
    wishes: &[Wish],
    offers: &[&Offer],
    discount_code: Option<&str>,
    now: Timestamp,
) -> Result<Priced, PricingError> {
    let wrong = |pointer: String, message: &str| PricingError { pointer, message: message.to_owned() };
    if wishes.is_empty() {
        return Err(wrong("/items".to_owned(), "an order has at least one item"));
    }
    if wishes.len() > MAX_LINES {
        return Err(wrong("/items".to_owned(), &format!("an order has at most {MAX_LINES} items")));
    }
    let mut grosses = Vec::with_capacity(wishes.len());
    for (n, (wish, offer)) in wishes.iter().zip(offers).enumerate() {
        if !(1..=MAX_QUANTITY).contains(&wish.quantity) {
            return Err(wrong(format!("/items/{n}/quantity"), &format!("must be between 1 and {MAX_QUANTITY}")));
        }
        let gross = offer.price.checked_mul(wish.quantity).filter(|g| *g <= MAX_AMOUNT);
        grosses.push(gross.ok_or_else(|| wrong(format!("/items/{n}/quantity"), "the line's amount is too large"))?);
    }
    if grosses.iter().sum::<i64>() > MAX_AMOUNT {
        return Err(wrong("/items".to_owned(), "the order's amount is too large"));
    }
    let (discounts, discount_snapshot) = discount(channel, &grosses, discount_code, now)?;
    let mut items = Vec::with_capacity(wishes.len());
    for (n, ((wish, offer), (gross, discount_amount))) in
        wishes.iter().zip(offers).zip(grosses.iter().zip(discounts)).enumerate()
    {
        let rate = Rate::parse(&offer.gst_rate)
            .ok_or_else(|| wrong(format!("/items/{n}/sku"), "this offer's tax rate is not valid"))?;
        let net = gross - discount_amount;
        let (shares, agreement) = shares(channel, offer, wish.quantity);
        let gst_amount = if channel.prices_include_tax { rate.inside(net) } else { rate.of(net) };
        items.push(DraftItem {
            product_variant_id: offer.variant_id,
            sku: offer.sku.clone(),
            name: offer.name.clone(),
            merchant_id: offer.merchant_id,
            quantity: wish.quantity,
            price: offer.price,
            gst_rate: offer.gst_rate.clone(),
            gst_amount,
            discount_amount,
            total: net + if channel.prices_include_tax { 0 } else { gst_amount },
            metadata: wish.metadata.clone(),
            late_cancellation: offer.late_cancellation,
            shares,
            agreement,
            location: "default".to_owned(),
        });
    }
    let shipping_tax = Rate::parse(&channel.shipping_tax_rate).map_or(0, |r| r.inside(channel.shipping_cost));
    let mut pricing_snapshot = snapshot(channel, offers, now);
    pricing_snapshot["splitRuleHash"] = json!(split_hash(&items));
    Ok(Priced { items, shipping_tax, discount_snapshot, pricing_snapshot })
}

fn discount(
    channel: &Channel,
    grosses: &[i64],
    code: Option<&str>,
    now: Timestamp,
) -> Result<(Vec<i64>, Value), PricingError> {
    let unknown = || PricingError {
        pointer: "/discountCode".to_owned(),
        message: "this code is not known in this channel".to_owned(),
    };
    let found = match code {
        None => None,
        Some(code) => {
            Some(channel.discounts.iter().find(|d| d.code.eq_ignore_ascii_case(code.trim())).ok_or_else(unknown)?)
        }
    };
    let total: i64 = grosses.iter().sum();
    let amount = found.map_or(0, |d| Rate::parse(&d.percent).map_or(0, |r| r.of(total)).min(total));
    let parts = allocate(amount, grosses);
    let rules: Vec<Value> =
        found.iter().map(|d| json!({ "code": d.code, "type": "percentage", "percent": d.percent })).collect();
    let applied: Vec<Value> = found.iter().map(|d| json!({ "code": d.code, "amount": amount })).collect();
    let snapshot = json!({
        "engineVersion": ENGINE_VERSION,
        "timestamp": now.to_string(),
        "rules": rules,
        "ruleHash": digest(&json!(rules)),
        "appliedDiscounts": applied,
    });
    Ok((parts, snapshot))
}

fn snapshot(channel: &Channel, offers: &[&Offer], now: Timestamp) -> Value {
    let mut variants = serde_json::Map::new();
    for offer in offers {
        let price = json!({ "sku": offer.sku, "price": offer.price, "gstRate": offer.gst_rate, "currency": channel.currency.code() });
        // Two merchants' offers of one variant on one order: the second is told apart by its SKU.
        let key = offer.variant_id.to_string();
        let key = if variants.contains_key(&key) { format!("{key}/{}", offer.sku) } else { key };
        variants.insert(key, price);
    }
    let rules = json!({ "pricesIncludeTax": channel.prices_include_tax, "rounding": "half-up, each line", "variants": variants });
    json!({ "engineVersion": ENGINE_VERSION, "timestamp": now.to_string(), "ruleHash": digest(&rules), "variants": variants })
}

/// What the lines agreed on about splits, as one word: it tells whether two orders were placed under the same rules, and nothing of them.
fn split_hash(items: &[DraftItem]) -> String {
    let rules = items.iter().map(|i| json!([i.sku, i.shares, i.agreement.as_ref().map(|a| &a.rule_hash)]));
    digest(&Value::Array(rules.collect()))
}

pub(crate) fn digest(value: &Value) -> String {
    Sha256::digest(value.to_string().as_bytes()).iter().take(8).map(|b| format!("{b:02x}")).collect()
}

/// The parties of a line of so many units, by the most specific rule, or by the channel's own split. A party that the offer does not have
/// (no brand) leaves its share to the platform.
fn shares(channel: &Channel, offer: &Offer, quantity: i64) -> (Vec<Share>, Option<Agreement>) {
    if let Some(terms) = split::choose(&channel.split_rules, offer) {
        let (shares, agreement) = split::agree(channel, offer, terms, quantity);
        return (shares, Some(agreement));
    }
    let mut shares: Vec<Share> = Vec::new();
    for rule in &channel.split {
        let party = split::party(channel, offer, rule.party, None);
        match shares.iter_mut().find(|s| s.party == party) {
            Some(share) => share.basis_points += rule.basis_points,
            None => shares.push(Share { party, basis_points: rule.basis_points }),
        }
    }
    (shares, None)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rates() {
        for (text, amount, on_top, inside) in
            [("18", 1000, 180, 153), ("12.5", 999, 125, 111), ("0", 5, 0, 0), ("20", 120, 24, 20), ("5", 10, 1, 0)]
        {
            let rate = Rate::parse(text).expect("valid");
            assert_eq!((rate.of(amount), rate.inside(amount)), (on_top, inside), "{text}");
        }
        for text in ["", "-1", "1e2", "18%", "1001", "1.00001", "١٨"] {
            assert_eq!(Rate::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn tax_inside_and_on_top_agree(net in 0i64..1_000_000_000, rate in 0i64..4000) {
            let rate = Rate(rate * 100);
            let gross = net + rate.of(net);
            prop_assert!((rate.inside(gross) - rate.of(net)).abs() <= 1);
        }
    }
}
