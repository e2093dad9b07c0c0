//! The shop that orders of the format are for: their channel, merchants and offers, found or made.
//!
//! What is not here: what an order says of itself (`check`), and making anything (the run does, for orders that are not refused).

use std::collections::{BTreeMap, HashMap};

use orderwright_core::catalog::{Channel, Offer, SplitRule};
use orderwright_core::id::{MerchantId, VariantId};
use orderwright_core::money::{Currency, MAX_AMOUNT};
use orderwright_core::order::{PartyKind, Policies};
use orderwright_core::pricing::Rate;
use orderwright_core::refunds::RefundPolicy;
use orderwright_core::time::{Span, Timestamp};

use super::check::wrong_text;
use super::raw::{Located, RawLine};
use crate::import::plan::{Fault, Plan};
use crate::kernel::digest;
use crate::ops::import::{NewMerchant, NewOffer};

/// Whose outside ids merchants and offers of this format have.
pub const ORDERS: &str = "orders";
/// Where offers that imports make come in a channel's list: after its own.
pub const RANK: i64 = 1_000_000;
const DAY_S: i64 = 86_400;

/// What is there already.
pub struct Known {
    /// Channels by name.
    pub channels: HashMap<String, Channel>,
    /// Offers by SKU.
    pub offers: HashMap<String, Offer>,
    /// Merchants that exist, of those that the file names by id.
    pub merchants: HashMap<String, MerchantId>,
    /// The workflow of channels that are to be made; `None` makes none.
    pub new_channels: Option<String>,
    /// When the import runs.
    pub now: Timestamp,
}

/// What there is and what is going to be: of the store, of the orders before, and of this one.
pub struct Shop<'a> {
    /// Of the store.
    pub known: &'a Known,
    /// Of the orders before.
    pub plan: &'a Plan,
    /// Of this one: dropped when it is refused.
    pub added: Plan,
}

/// Whose outside ids a channel's orders have: two shops may both have an order 1001.
pub fn source(channel: &str) -> String {
    format!("{ORDERS}/{channel}")
}

/// The channel of an order: the store's, or one that the import makes.
pub fn channel(located: &Located, shop: &mut Shop<'_>, currency: Currency, faults: &mut Vec<Fault>) -> Option<Channel> {
    let raw = &located.order;
    let found =
        shop.known.channels.get(&raw.channel).or_else(|| shop.added.channels.iter().find(|c| c.name == raw.channel));
    let channel = match (found, &shop.known.new_channels) {
        (Some(channel), _) => channel.clone(),
        (None, Some(workflow)) => {
            let named = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            if raw.channel.is_empty() || raw.channel.len() > 40 || !raw.channel.bytes().all(named) {
                let what = "a channel's name has 1 to 40 small letters, digits and hyphens";
                faults.push(located.fault("channel", "channel", what));
                return None;
            }
            let channel = new_channel(&raw.channel, workflow, currency, raw.prices_include_tax.unwrap_or(false));
            shop.added.channels.push(channel.clone());
            channel
        }
        (None, None) => {
            let mut names: Vec<&str> = shop.known.channels.keys().map(String::as_str).collect();
            names.sort_unstable();
            let there =
                if names.is_empty() { "there is none".to_owned() } else { format!("there are {}", names.join(", ")) };
            let what = format!("there is no such channel ({there}); name one of them, or let --create-channel make it");
            faults.push(located.fault("channel", "channel", what));
            return None;
        }
    };
    if channel.currency != currency {
        let what = format!(
            "the channel `{}` sells in {}; orders in {currency} need another channel",
            channel.name, channel.currency
        );
        faults.push(located.fault("currency", "currency", what));
        return None;
    }
    Some(channel)
}

/// A channel for orders that have none: its owner sets its terms afterwards. Merchants get all that is paid.
pub fn new_channel(name: &str, workflow: &str, currency: Currency, prices_include_tax: bool) -> Channel {
    let prefix: String = name.chars().filter(char::is_ascii_alphabetic).take(4).collect();
    Channel {
        name: name.to_owned(),
        workflow: workflow.to_owned(),
        currency,
        number_prefix: if prefix.is_empty() { "ORD".to_owned() } else { prefix.to_ascii_uppercase() },
        prices_include_tax,
        shipping_cost: 0,
        shipping_tax_rate: "0".to_owned(),
        shipping_provider: None,
        retailer: name.to_owned(),
        split: vec![SplitRule { party: PartyKind::Merchant, basis_points: 10_000 }],
        split_rules: Vec::new(),
        refunds: RefundPolicy::default(),
        discounts: Vec::new(),
        gateway_order: false,
        payment_provider: orderwright_core::order::SANDBOX.to_owned(),
        accepts_offline_payment: true,
        checkout_window: Span::seconds(15 * 60),
        cancel_window: Span::ZERO,
        policies: Policies {
            payment_window: Span::seconds(7 * DAY_S),
            return_window: Span::seconds(14 * DAY_S),
            refund_close_window: Span::seconds(7 * DAY_S),
        },
        calendar: Default::default(),
        disputes: Default::default(),
        customer_mail: true,
    }
}

/// The offer of a line: the channel's, or one that the import makes.
pub fn offer(
    located: &Located,
    shop: &mut Shop<'_>,
    channel: &Channel,
    n: usize,
    line: &RawLine,
    faults: &mut Vec<Fault>,
) -> Option<Offer> {
    if let Some(what) = wrong_text(&line.sku) {
        faults.push(located.line_fault(n, "sku", what));
        return None;
    }
    let planned =
        || [&shop.plan.offers, &shop.added.offers].into_iter().find_map(|o| o.get(&line.sku)).map(|o| &o.offer);
    let there = shop.known.offers.get(&line.sku).or_else(planned).cloned();
    let merchant = match &line.merchant {
        None => None,
        Some(key) => {
            if let Some(what) = wrong_text(key) {
                faults.push(located.line_fault(n, "merchant", what));
                return None;
            }
            Some(
                merchant(shop.known, key)
                    .ok_or_else(|| {
                        faults.push(located.line_fault(
                            n,
                            "merchant",
                            "there is no merchant of that id; name them as you like to make a new one",
                        ))
                    })
                    .ok()?,
            )
        }
    };
    if let Some(offer) = there {
        if offer.channel != channel.name {
            let what = format!(
                "this SKU is sold in the channel `{}`, and a SKU names one offer; give it another",
                offer.channel
            );
            faults.push(located.line_fault(n, "sku", what));
            return None;
        }
        if merchant.is_some_and(|m| m != offer.merchant_id) {
            let what =
                "this SKU is another merchant's, and a SKU names one offer; correct it, or give the offer another SKU";
            faults.push(located.line_fault(n, "merchant", what));
            return None;
        }
        return Some(offer);
    }
    let (Some(merchant_id), Some(key)) = (merchant, &line.merchant) else {
        faults.push(located.line_fault(n, "merchant", "this SKU is new here: say whose it is"));
        return None;
    };
    let name = line.name.clone().unwrap_or_else(|| line.sku.clone());
    if let Some(what) = wrong_text(&name) {
        faults.push(located.line_fault(n, "name", what));
        return None;
    }
    let offer = Offer {
        sku: line.sku.clone(),
        channel: channel.name.clone(),
        variant_id: VariantId(digest::id(&[b"orders", b"variant", line.sku.as_bytes()])),
        merchant_id,
        brand: None,
        category: None,
        name,
        price: line.unit_price.clamp(0, MAX_AMOUNT),
        gst_rate: line.tax_rate.clone().filter(|r| Rate::parse(r).is_some()).unwrap_or_else(|| "0".to_owned()),
        late_cancellation: false,
    };
    if MerchantId::parse(key).is_none() {
        let new = NewMerchant { external_id: key.clone(), id: merchant_id, name: key.clone() };
        shop.added.merchants.entry(key.clone()).or_insert(new);
    }
    let rank = RANK + (shop.plan.offers.len() + shop.added.offers.len()) as i64;
    let new = NewOffer { external_id: line.sku.clone(), offer: offer.clone(), rank, on_hand: 0 };
    shop.added.offers.insert(line.sku.clone(), new);
    Some(offer)
}

/// The merchant of that id, if there is one, or the one that has this name at the source, for good.
fn merchant(known: &Known, key: &str) -> Option<MerchantId> {
    match (MerchantId::parse(key), known.merchants.get(key)) {
        (_, Some(id)) => Some(*id),
        (Some(_), None) => None,
        (None, None) => Some(MerchantId(digest::id(&[b"orders", b"merchant", key.as_bytes()]))),
    }
}

/// The SKUs and merchants that an order names.
pub fn names<'a>(orders: impl Iterator<Item = &'a Located>) -> (Vec<&'a str>, Vec<&'a str>) {
    let mut skus = BTreeMap::new();
    let mut merchants = BTreeMap::new();
    for line in orders.flat_map(|o| &o.order.lines) {
        skus.insert(line.sku.as_str(), ());
        if let Some(merchant) = &line.merchant {
            merchants.insert(merchant.as_str(), ());
        }
    }
    (skus.into_keys().collect(), merchants.into_keys().collect())
}
