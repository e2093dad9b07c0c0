//! Splits by rules: whatever a line agreed on, what was taken is shared exactly, and refunds in any order end exactly at zero.

use orderwright_core::decide::{Command, Outcome, RefundRequest, RefundRequestItem};
use orderwright_core::order::{PartyKind, PartyRef};
use orderwright_core::split::Agreement;
use orderwright_core::workflow::Effect;
use proptest::prelude::*;

use crate::shop::{Line, Placement, Shop, all, line, merchant, merchant_id, operator, order_in, some};

/// The four shares of the harness: brand, merchant, retailer, platform.
fn plain() -> Agreement {
    Agreement {
        rule: "the whole channel".to_owned(),
        rule_hash: "0".to_owned(),
        fixed: vec![0; 4],
        minimum: 0,
        vat_rate: None,
        shipping_to: None,
        discount_by: None,
        fees_by: None,
    }
}

fn seller() -> PartyRef {
    PartyRef { kind: PartyKind::Merchant, id: merchant_id(1).to_string() }
}

fn platform() -> PartyRef {
    PartyRef { kind: PartyKind::Platform, id: "platform".to_owned() }
}

fn retailer() -> PartyRef {
    PartyRef { kind: PartyKind::Retailer, id: "shop".to_owned() }
}

pub fn sold(agreement: Agreement, lines: &[Line], shipping: i64) -> Shop {
    let placement = Placement { shipping, rounding: 0, agreement: Some(agreement), ..order_in("marketplace") };
    let mut shop = placement.lines(lines).go();
    shop.fire(&operator(), "acknowledge");
    shop
}

fn amount(shop: &Shop, party: &PartyRef) -> (i64, i64) {
    let found = shop.order.splits.iter().find(|s| s.party == *party);
    found.map_or((0, 0), |s| (s.amount, s.refunded))
}

fn one(shop: &Shop, item: usize, quantity: i64) -> RefundRequest {
    let wish = RefundRequestItem { item: shop.id(item), quantity: Some(quantity), amount: None };
    RefundRequest { items: Some(vec![wish]), ..all() }
}

/// 40.00 of goods and 5.00 of shipping; the goods' refund leaves what was paid for shipping with who sent them.
#[test]
fn shipping_is_given_back_by_who_was_given_it() {
    let agreement = Agreement { shipping_to: Some(seller()), ..plain() };
    let goods = Line { gst: 0, discount: 0, ..line(1, 4) };
    let mut shop = sold(agreement, &[goods], 500);
    let before = amount(&shop, &seller()).0;
    assert_eq!(before, 2_667 + 500, "66.67 % of the goods, and all of the shipping");
    let mut wish = one(&shop, 0, 4);
    wish.terms.shipping = Some(orderwright_core::refunds::ShippingRule::Never);
    shop.refund(wish).expect("left");
    assert_eq!(shop.order.refunded(), 4_000);
    assert_eq!(amount(&shop, &seller()), (before, 2_667), "the shipping stays");
    shop.refund(all()).expect("the shipping is left");
    assert!(shop.order.splits.iter().all(|s| s.refunded == s.amount), "{:?}", shop.order.splits);
}

#[test]
fn tax_on_the_commission_is_the_states() {
    let agreement = Agreement { vat_rate: Some("20".to_owned()), ..plain() };
    let mut shop = sold(agreement, &[Line { gst: 0, discount: 0, ..line(1, 1) }], 0);
    let split = shop.order.splits.iter().find(|s| s.party == platform()).expect("a share").amount;
    assert_eq!(split, 100 + 20, "10 % of 10.00 and 20 % of that");
    shop.refund(some(500)).expect("left");
    assert_eq!(amount(&shop, &platform()), (120, 60));
    shop.refund(all()).expect("left");
    assert_eq!(amount(&shop, &platform()), (120, 120));
}

/// The platform gives a discount larger than its commission: the others get what the full price gives them.
#[test]
fn a_discount_that_the_platform_bears_costs_nobody_else() {
    let goods = Line { gst: 0, discount: 0, ..line(1, 1) };
    let full = sold(plain(), &[goods], 0);
    let borne = Agreement { discount_by: Some(platform()), ..plain() };
    let mut shop = sold(borne, &[Line { discount: 300, ..goods }], 0);
    assert_eq!(shop.order.captured(), 700);
    assert_eq!(amount(&shop, &seller()), amount(&full, &seller()));
    assert_eq!(amount(&shop, &platform()).0, 100 - 300, "the platform pays 3.00 and gets 1.00");
    for part in [1, 350, 348] {
        shop.refund(some(part)).expect("left");
    }
    shop.refund(all()).expect("the last cent");
    assert!(shop.order.splits.iter().all(|s| s.refunded == s.amount), "{:?}", shop.order.splits);
}

#[test]
fn the_providers_fee_is_borne_by_who_is_named() {
    for by in [None, Some(seller())] {
        let agreement = Agreement { fees_by: by.clone(), ..plain() };
        let placement = Placement { agreement: Some(agreement), ..order_in("made-to-order") };
        let mut shop = placement.lines(&[line(1, 2)]).place();
        while let Some(job) = shop.jobs.first().map(|j| (j.id, j.effect.0)) {
            shop.jobs.remove(0);
            let fee = (job.1 == Effect::Capture).then_some(59);
            shop.outcome(
                job.0,
                Outcome::Done { reference: None, capture_before: None, fee, moved: None, transfers: Vec::new() },
            )
            .expect("waited for");
            if shop.jobs.is_empty() && shop.status() == "payment_authorised" {
                shop.act(&operator(), Command::Fire(crate::shop::full("confirm"))).expect("possible");
            }
        }
        let borne: i64 = shop.order.fees.iter().map(|(_, fee)| fee).sum();
        assert_eq!((shop.status(), borne), ("confirmed", if by.is_some() { 59 } else { 0 }));
        shop.refund(all()).expect("left");
        assert!(shop.order.splits.iter().all(|s| s.refunded == s.amount), "a fee is not given back");
    }
}

pub fn agreements() -> impl Strategy<Value = Agreement> {
    let party = prop::sample::select(vec![None, Some(seller()), Some(platform()), Some(retailer())]);
    let fixed = prop::collection::vec(0i64..300, 4);
    (fixed, 0i64..900, prop::option::of(0i64..40), party.clone(), party.clone(), party).prop_map(
        |(fixed, minimum, vat, shipping_to, discount_by, fees_by)| Agreement {
            fixed,
            minimum,
            vat_rate: vat.map(|v| v.to_string()),
            shipping_to,
            discount_by,
            fees_by,
            ..plain()
        },
    )
}

/// What each pool gives in a refund is at least nothing and at most what it has left.
fn within(before: &Shop, after: &Shop) -> Result<(), TestCaseError> {
    for (was, is) in before.order.pools.iter().zip(&after.order.pools) {
        for ((was, is), amount) in was.refunded.iter().zip(&is.refunded).zip(&is.amounts) {
            prop_assert!(was <= is && is <= amount, "{was} → {is} of {amount}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    /// Contracts, «Refund path rule»: random rules, random refunds by amount, by line and by unit, some of which fail later or are split with
    /// their line; after each the books and every share agree (the shop's audit), and at the end every party is at zero.
    #[test]
    fn any_rules_and_any_refunds_end_exactly_at_zero(
        agreement in agreements(), lines in prop::collection::vec((1i64..3, 1i64..5, 1i64..3000, 0i64..200), 1..4), shipping in 0i64..900,
        cuts in prop::collection::vec((0usize..6, 0usize..4, 1i64..1500, any::<bool>()), 1..14),
    ) {
        let lines: Vec<Line> = lines
            .into_iter()
            .map(|(m, quantity, price, discount)| {
                Line { price, gst: price / 5, discount: discount.min(price * quantity), ..line(m, quantity) }
            })
            .collect();
        let mut shop = sold(agreement, &lines, shipping);
        prop_assume!(shop.order.captured() > 0);
        for (kind, at, cut, again) in cuts {
            let at = at % shop.order.items.len();
            let before = shop.clone();
            let left = shop.order.captured() - shop.order.refunding();
            let result = match kind {
                0 | 1 => shop.refund(some(cut.min(left).max(1))),
                2 => shop.refund(one(&shop, at, 1)),
                3 => {
                    let amount = Some(cut.min(shop.order.items[at].captured - shop.order.items[at].refunding).max(1));
                    let wish = RefundRequestItem { item: shop.id(at), quantity: None, amount };
                    shop.refund(RefundRequest { items: Some(vec![wish]), ..all() })
                }
                4 => {
                    let m = lines_merchant(&shop, at);
                    if shop.item_status(at) == "processing" && shop.order.items[at].quantity > 1 {
                        shop.fire_some(&merchant(m), "ship", at, 1);
                    }
                    continue;
                }
                _ => {
                    let id = shop.order.refunds.iter().rev().find(|r| r.state == orderwright_core::order::RefundState::Succeeded).map(|r| r.id);
                    if let Some(refund) = id.filter(|_| again) {
                        let code = "expired_or_canceled_card".to_owned();
                        shop.act(&orderwright_core::actor::Actor::system(), Command::RefundFailed { refund, code }).expect("it had gone through");
                    }
                    continue;
                }
            };
            if result.is_ok() {
                within(&before, &shop)?;
            }
        }
        if shop.order.refunding() < shop.order.captured() {
            shop.refund(all()).expect("left");
        }
        prop_assert!(shop.order.splits.iter().all(|s| s.refunded == s.amount), "{:?}", shop.order.splits);
        prop_assert!(shop.order.pools.iter().all(|p| p.refunded == p.amounts && p.subsidy == p.subsidy_back));
        prop_assert!(shop.order.items.iter().all(|i| i.refunded == i.captured));
    }
}

#[test]
fn goods_that_cost_the_customer_nothing_go_back_with_the_last_of_the_order() {
    let agreement = Agreement { discount_by: Some(platform()), shipping_to: Some(seller()), ..plain() };
    let free = Line { price: 500, gst: 0, discount: 500, ..line(1, 1) };
    let mut shop = sold(agreement, &[free], 100);
    let stands = |shop: &Shop| shop.order.pools.iter().any(|p| p.subsidy == 500 && p.subsidy_back == 0);
    let is_over = |shop: &Shop| shop.order.splits.iter().all(|s| s.refunded == s.amount);
    shop.refund(some(1)).expect("left");
    assert!(stands(&shop), "the platform has paid for it, and it was not given up yet");
    let refund = shop.refund(all()).expect("left");
    assert!(is_over(&shop), "{:?}", shop.order.splits);
    let failed = Command::RefundFailed { refund, code: "expired_or_canceled_card".to_owned() };
    shop.act(&orderwright_core::actor::Actor::system(), failed).expect("it had gone through");
    assert!(stands(&shop), "as it was before");
    shop.refund(all()).expect("left again");
    assert!(is_over(&shop), "{:?}", shop.order.splits);
}

fn lines_merchant(shop: &Shop, item: usize) -> i64 {
    shop.order.items[item].merchant_id.0 - merchant_id(0).0
}
