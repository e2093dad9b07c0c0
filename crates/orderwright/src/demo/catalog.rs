//! The demo's channels with their terms, and its shop as a whole.

use orderwright_core::catalog::{Channel, Discount, Offer, SplitRule};
use orderwright_core::id::{CustomerId, MerchantId, VariantId};
use orderwright_core::money::Currency;
use orderwright_core::order::{PartyKind, Policies};
use orderwright_core::refunds::RefundPolicy;
use orderwright_core::time::{Span, Timestamp};

use super::people;
use super::products::{BAZAAR, BLINDS, MALL, Product, RETAIL, STUDIO};
use crate::app::App;
use crate::ops::setup::Shop;

/// Stands for all channels where a customer's channel is named: these buy everywhere.
pub const EVERYWHERE: &str = "*";
/// The discount code, and what it takes off.
pub const WELCOME: &str = "WELCOME10";

const DAY_S: i64 = 86_400;

/// A channel's terms.
struct Terms {
    name: &'static str,
    workflow: &'static str,
    currency: &'static str,
    prefix: &'static str,
    prices_include_tax: bool,
    shipping: (i64, &'static str, Option<&'static str>),
    retailer: &'static str,
    split: &'static [(PartyKind, i64)],
    welcome: bool,
    gateway_order: bool,
    offline: bool,
    products: &'static [Product],
}

const CHANNELS: &[Terms] = &[
    Terms {
        name: "blinds",
        workflow: "made-to-order",
        currency: "GBP",
        prefix: "BLD",
        prices_include_tax: true,
        shipping: (995, "20", Some("DPD")),
        retailer: "loft-and-lane",
        split: &[
            (PartyKind::Supplier, 6_000),
            (PartyKind::Retailer, 2_500),
            (PartyKind::Brand, 1_000),
            (PartyKind::Platform, 500),
        ],
        welcome: false,
        gateway_order: false,
        offline: false,
        products: BLINDS,
    },
    Terms {
        name: "retail",
        workflow: "retail",
        currency: "INR",
        prefix: "ORD",
        prices_include_tax: false,
        shipping: (9_900, "18", Some("Delhivery")),
        retailer: "ghar-and-co",
        split: &[(PartyKind::Merchant, 7_500), (PartyKind::Retailer, 2_000), (PartyKind::Platform, 500)],
        welcome: true,
        gateway_order: true,
        offline: true,
        products: RETAIL,
    },
    Terms {
        name: "bazaar",
        workflow: "marketplace",
        currency: "USD",
        prefix: "BZR",
        prices_include_tax: false,
        shipping: (595, "0", Some("USPS")),
        retailer: "the-bazaar",
        split: &[(PartyKind::Merchant, 9_000), (PartyKind::Platform, 1_000)],
        welcome: true,
        gateway_order: false,
        offline: true,
        products: BAZAAR,
    },
    Terms {
        name: "studio",
        workflow: "store-request",
        currency: "USD",
        prefix: "STD",
        prices_include_tax: false,
        shipping: (0, "0", None),
        retailer: "the-studio",
        split: &[(PartyKind::Merchant, 8_500), (PartyKind::Platform, 1_500)],
        welcome: false,
        gateway_order: false,
        offline: false,
        products: STUDIO,
    },
    Terms {
        name: "mall",
        workflow: "marketplace-split",
        currency: "EUR",
        prefix: "MAL",
        prices_include_tax: true,
        shipping: (490, "19", Some("DHL")),
        retailer: "the-mall",
        split: &[(PartyKind::Merchant, 8_800), (PartyKind::Platform, 1_200)],
        welcome: false,
        gateway_order: false,
        offline: true,
        products: MALL,
    },
];

/// The whole shop, with fresh ids, as it was some time before `anchor`.
pub fn shop(app: &App, anchor: Timestamp) -> Shop {
    // Older than every generated order.
    let opened = anchor.plus(Span(-90 * DAY_S * 1_000_000));
    let mut shop = Shop::default();
    for terms in CHANNELS {
        let mut merchants: Vec<(&str, MerchantId)> = Vec::new();
        for product in terms.products {
            let known = merchants.iter().find(|(name, _)| *name == product.merchant).map(|(_, id)| *id);
            let merchant_id = known.unwrap_or_else(|| {
                let id = MerchantId(app.ids.next(opened));
                merchants.push((product.merchant, id));
                id
            });
            shop.offers.push((offer(terms, product, VariantId(app.ids.next(opened)), merchant_id), product.on_hand));
        }
        shop.merchants.extend(merchants.into_iter().map(|(name, id)| (id, name.to_owned())));
        shop.channels.push(channel(terms));
    }
    let customers = people::regulars().iter().map(|person| {
        let id = CustomerId(app.ids.next(opened));
        (id, EVERYWHERE.to_owned(), person.contact())
    });
    shop.customers = customers.collect();
    shop
}

fn offer(terms: &Terms, product: &Product, variant_id: VariantId, merchant_id: MerchantId) -> Offer {
    Offer {
        sku: product.sku.to_owned(),
        channel: terms.name.to_owned(),
        variant_id,
        merchant_id,
        brand: product.brand.map(str::to_owned),
        category: None,
        name: product.name.to_owned(),
        price: product.price,
        gst_rate: product.tax.to_owned(),
        late_cancellation: product.late,
    }
}

fn channel(terms: &Terms) -> Channel {
    let (shipping_cost, shipping_tax_rate, provider) = terms.shipping;
    Channel {
        name: terms.name.to_owned(),
        workflow: terms.workflow.to_owned(),
        currency: Currency::parse(terms.currency).expect("a currency of ISO 4217"),
        number_prefix: terms.prefix.to_owned(),
        prices_include_tax: terms.prices_include_tax,
        shipping_cost,
        shipping_tax_rate: shipping_tax_rate.to_owned(),
        shipping_provider: provider.map(str::to_owned),
        retailer: terms.retailer.to_owned(),
        split: terms.split.iter().map(|&(party, basis_points)| SplitRule { party, basis_points }).collect(),
        split_rules: Vec::new(),
        // A limit that somebody sets is only reported, as long as nobody says that it is to be enforced.
        refunds: RefundPolicy { report_only: true, ..RefundPolicy::default() },
        discounts: if terms.welcome {
            vec![Discount { code: WELCOME.to_owned(), percent: "10".to_owned() }]
        } else {
            Vec::new()
        },
        gateway_order: terms.gateway_order,
        payment_provider: orderwright_core::order::SANDBOX.to_owned(),
        accepts_offline_payment: terms.offline,
        checkout_window: Span::seconds(30 * 60),
        cancel_window: Span::ZERO,
        policies: Policies {
            payment_window: Span::seconds(7 * DAY_S),
            return_window: Span::seconds(30 * DAY_S),
            refund_close_window: Span::seconds(14 * DAY_S),
        },
        calendar: Default::default(),
        disputes: Default::default(),
        customer_mail: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::products::PLENTY;

    #[test]
    fn terms_and_price_lists_hold_what_the_contract_says() {
        let mut skus: Vec<&str> = Vec::new();
        for terms in CHANNELS {
            let name = terms.name;
            assert_eq!(terms.split.iter().map(|(_, bp)| bp).sum::<i64>(), 10_000, "{name}");
            assert!(terms.products.len() >= 8, "{name}");
            let mut merchants: Vec<_> = terms.products.iter().map(|p| p.merchant).collect();
            merchants.sort_unstable();
            merchants.dedup();
            let expected = if ["bazaar", "mall"].contains(&name) { 4 } else { 2 };
            assert_eq!(merchants.len(), expected, "{name}");
            let plenty: Vec<bool> = terms.products.iter().map(|p| p.on_hand == PLENTY).collect();
            assert!(plenty[..2].iter().all(|p| *p) && !plenty[2..].contains(&true), "{name}");
            let rates: &[&str] = match name {
                "blinds" => &["20"],
                "retail" => &["18", "12", "5"],
                "mall" => &["19"],
                _ => &["0"],
            };
            assert!(terms.products.iter().all(|p| rates.contains(&p.tax) && p.price > 0), "{name}");
            let rest = &terms.products[2..];
            assert!(rest.iter().any(|p| p.merchant != rest[0].merchant), "{name}: orders of several merchants");
            skus.extend(terms.products.iter().map(|p| p.sku));
        }
        assert_ne!(MALL[0].merchant, MALL[1].merchant);
        assert!(BLINDS.iter().skip(2).any(|p| p.late) && BLINDS.iter().all(|p| p.brand.is_some()));
        let count = skus.len();
        skus.sort_unstable();
        skus.dedup();
        assert_eq!(skus.len(), count, "a SKU names one offer");
        assert!(skus.iter().all(|s| s.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-')));
    }

    #[test]
    fn channels_are_named_as_in_the_contract() {
        let found: Vec<_> =
            CHANNELS.iter().map(|t| (t.name, t.workflow, t.currency, t.offline, t.gateway_order)).collect();
        assert_eq!(
            found,
            [
                ("blinds", "made-to-order", "GBP", false, false),
                ("retail", "retail", "INR", true, true),
                ("bazaar", "marketplace", "USD", true, false),
                ("studio", "store-request", "USD", false, false),
                ("mall", "marketplace-split", "EUR", true, false),
            ]
        );
        for terms in CHANNELS {
            let channel = channel(terms);
            assert_eq!(channel.cancel_window, Span::ZERO);
            assert!(channel.policies.return_window <= Span::seconds(60 * DAY_S));
            let text = serde_json::to_string(&channel).expect("JSON");
            assert_eq!(serde_json::from_str::<Channel>(&text).expect("reads back"), channel);
        }
    }
}
