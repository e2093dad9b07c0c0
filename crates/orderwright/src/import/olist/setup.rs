//! The shop that the orders belong to: channel, sellers as merchants, offers with their opening stock.

use std::sync::Arc;

use orderwright_core::actor::{Actor, Role};
use orderwright_core::catalog::{Channel, Offer, SplitRule};
use orderwright_core::id::{MerchantId, VariantId};
use orderwright_core::money::Currency;
use orderwright_core::order::{PartyKind, Policies};
use orderwright_core::refunds::RefundPolicy;
use orderwright_core::time::{Span, Timestamp};

use super::plan::Plan;
use super::{CHANNEL, OFFERS, SELLERS};
use crate::app::App;
use crate::kernel::{Clock, digest};
use crate::ops::import::{NewMerchant, NewOffer, open_channel, open_merchants, open_offers};
use crate::ops::{Ctx, OpError, Wait};

/// Units of each offer when it is made. The files know no stock, so there is more than they sell.
const OPENING_STOCK: i64 = 100_000;

/// Makes what is not there yet.
pub async fn setup(app: &Arc<App>, plan: &Plan) -> Result<(), OpError> {
    let Some(first) = plan.orders.first() else { return Ok(()) };
    // Before the first order, so that nothing was sold before it was received.
    let clock = Clock::manual(Timestamp(first.placed.0 - Span::seconds(3600).0));
    let ctx = Ctx { wait: Wait::Full, ..Ctx::of(app, actor(Role::Admin)) };
    let ctx = Ctx { clock, ..ctx };
    open_channel(&ctx, &channel()?).await?;
    let merchants: Vec<NewMerchant> = plan
        .sellers
        .iter()
        .map(|(id, seller)| {
            let place: Vec<&str> =
                [seller.city.as_str(), seller.state.as_str()].into_iter().filter(|p| !p.is_empty()).collect();
            let name = format!("Seller {} {}", super::short(id), place.join(", "));
            NewMerchant { external_id: id.clone(), id: merchant_id(id), name: name.trim_end().to_owned() }
        })
        .collect();
    open_merchants(&ctx, SELLERS, &merchants).await?;
    let offers: Vec<NewOffer> = (1..)
        .zip(&plan.offers)
        .map(|(rank, ((product, seller), planned))| NewOffer {
            external_id: format!("{product}/{seller}"),
            offer: Offer {
                sku: planned.sku.clone(),
                channel: CHANNEL.to_owned(),
                variant_id: VariantId(digest::id(&[b"olist", b"product", product.as_bytes()])),
                merchant_id: merchant_id(seller),
                brand: None,
                category: Some(planned.category.clone()).filter(|c| !c.is_empty()),
                name: if planned.category.is_empty() {
                    format!("product {}", super::short(product))
                } else {
                    format!("{} {}", planned.category, super::short(product))
                },
                price: planned.price,
                gst_rate: "0".to_owned(),
                late_cancellation: false,
            },
            rank,
            on_hand: OPENING_STOCK,
        })
        .collect();
    open_offers(&ctx, OFFERS, &offers).await
}

/// The import, in a role: history and timelines name it.
pub fn actor(role: Role) -> Actor {
    let channel = (role == Role::Storefront).then(|| CHANNEL.to_owned());
    Actor { role, merchant: None, customer: None, party: None, channel, id: super::ACTOR.to_owned(), import: true }
}

/// The merchant that a seller is, for good.
pub fn merchant_id(seller: &str) -> MerchantId {
    MerchantId(digest::id(&[b"olist", b"seller", seller.as_bytes()]))
}

/// Sellers get all that is paid: the files know nothing of the marketplace's commission.
fn channel() -> Result<Channel, OpError> {
    let currency = Currency::parse("BRL").ok_or_else(|| OpError::Internal("BRL is not known".to_owned()))?;
    Ok(Channel {
        name: CHANNEL.to_owned(),
        workflow: "marketplace".to_owned(),
        currency,
        number_prefix: "OLIST".to_owned(),
        prices_include_tax: true,
        shipping_cost: 0,
        shipping_tax_rate: "0".to_owned(),
        shipping_provider: None,
        retailer: CHANNEL.to_owned(),
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
            // These orders are years old: no timer of a running shop may end them while they are being replayed.
            payment_window: Span::MAX,
            return_window: Span::seconds(7 * 86_400),
            refund_close_window: Span::seconds(7 * 86_400),
        },
        calendar: Default::default(),
        disputes: Default::default(),
        customer_mail: true,
    })
}
