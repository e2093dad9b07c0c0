//! Refunds beyond an amount: shipping, fees, goodwill, units that come back, several payments, second persons, policies, the bank.

use orderwright_core::actor::{Actor, Role};
use orderwright_core::decide::{Command, MoneyFromOutside, Outcome, RefundRequest, RefundRequestItem, Refusal};
use orderwright_core::id::PaymentId;
use orderwright_core::order::{PartyKind, PartyRef, RefundItem, RefundState};
use orderwright_core::refunds::{Back, RefundMethod, RefundPolicy, RefundTerms, RestockingFee, ShippingRule};
use orderwright_core::workflow::Effect;
use proptest::prelude::*;

use crate::shop::{
    Line, Placement, Shop, actor, all, customer, importing, line, merchant_id, operator, order_in, some, span,
};

/// Lines of 10.00 a unit without tax or discount.
fn sold(lines: &[(i64, i64)], shipping: i64) -> Shop {
    let lines: Vec<Line> = lines.iter().map(|&(m, q)| Line { gst: 0, discount: 0, ..line(m, q) }).collect();
    let mut shop = Placement { shipping, rounding: 0, ..order_in("marketplace") }.lines(&lines).go();
    shop.fire(&operator(), "acknowledge");
    shop
}

fn units(shop: &Shop, wanted: &[(usize, i64)], terms: RefundTerms) -> RefundRequest {
    let wish = |&(item, quantity): &(usize, i64)| RefundRequestItem {
        item: shop.id(item),
        quantity: Some(quantity),
        amount: None,
    };
    RefundRequest { items: Some(wanted.iter().map(wish).collect()), terms, ..all() }
}

fn seller(n: i64) -> PartyRef {
    PartyRef { kind: PartyKind::Merchant, id: merchant_id(n).to_string() }
}

fn platform() -> PartyRef {
    PartyRef { kind: PartyKind::Platform, id: "platform".to_owned() }
}

fn refunded(shop: &Shop, party: &PartyRef) -> i64 {
    shop.order.splits.iter().find(|s| s.party == *party).map_or(0, |s| s.refunded)
}

fn at_zero(shop: &Shop) {
    assert!(shop.order.splits.iter().all(|s| s.refunded == s.amount), "{:?}", shop.order.splits);
    assert_eq!(shop.order.refunded(), shop.order.captured());
}

fn pointer(result: Result<impl std::fmt::Debug, Refusal>) -> String {
    match result {
        Err(Refusal::Invalid { pointer, .. }) => pointer,
        other => panic!("not invalid: {other:?}"),
    }
}

fn last(shop: &Shop) -> i64 {
    shop.order.refunds.last().expect("a refund").amount
}

#[test]
fn shipping_goes_back_by_the_rule() {
    let terms = |rule| RefundTerms { shipping: Some(rule), ..RefundTerms::default() };
    let shop = sold(&[(1, 2), (2, 1)], 300);
    let after = |rule, wanted: &[(usize, i64)]| {
        let mut shop = shop.clone();
        let mut amounts = Vec::new();
        for one in wanted {
            shop.refund(units(&shop, &[*one], terms(rule))).expect("left");
            amounts.push(last(&shop));
        }
        (amounts, shop)
    };
    let each = [(0, 1), (0, 1), (1, 1)];
    assert_eq!(after(ShippingRule::Always, &each).0, [1_100, 1_100, 1_100], "its part with each unit");
    assert_eq!(after(ShippingRule::LastUnit, &each).0, [1_000, 1_000, 1_300], "all with the last unit of the order");
    let (amounts, mut kept) = after(ShippingRule::Never, &each);
    assert_eq!(amounts, [1_000, 1_000, 1_000]);
    assert_eq!(kept.payment_status(), "partially_refunded");
    kept.refund(all()).expect("the shipping is left");
    at_zero(&kept);
    assert_eq!(last(&kept), 300);
    // The shop's rule, where the refund says nothing.
    let policy = RefundPolicy { shipping: ShippingRule::Never, ..RefundPolicy::default() };
    let mut shop = shop.clone();
    shop.refund(units(&shop, &[(0, 2)], RefundTerms { policy, ..RefundTerms::default() })).expect("left");
    assert_eq!(last(&shop), 2_000);
}

#[test]
fn a_restocking_fee_stays_with_who_is_named() {
    let fee = |basis_points, amount, party| RefundTerms {
        fee: Some(RestockingFee { basis_points, amount, party }),
        ..RefundTerms::default()
    };
    let shop = sold(&[(1, 2), (1, 1)], 0);
    // 10 % of 20.00 stays with the merchant; the others give their whole part back.
    let mut one = shop.clone();
    one.refund(units(&shop, &[(0, 2)], fee(Some(1_000), None, None))).expect("left");
    assert_eq!((last(&one), one.order.refunds[0].items[0].kept), (1_800, 200));
    assert_eq!((refunded(&one, &seller(1)), refunded(&one, &platform())), (1_333 - 200, 200));
    assert_eq!(one.order.items[0].refunded, one.order.items[0].captured, "the line is through");
    assert!(matches!(one.refund(units(&shop, &[(0, 1)], RefundTerms::default())), Err(Refusal::RefundTooLarge { .. })));
    // The next line's refund is not touched by it.
    one.refund(units(&shop, &[(1, 1)], RefundTerms::default())).expect("left");
    assert_eq!(refunded(&one, &seller(1)), 2_000 - 200);
    // It is waived at last: everybody is at zero.
    one.refund(all()).expect("the fee is left");
    assert_eq!(last(&one), 200);
    at_zero(&one);
    // A fixed fee that the platform keeps.
    let mut two = shop.clone();
    two.refund(units(&shop, &[(0, 1), (1, 1)], fee(None, Some(301), Some(platform())))).expect("left");
    assert_eq!((last(&two), refunded(&two, &platform())), (1_699, 200 - 301));
    for (terms, place) in [
        (fee(Some(10_001), None, None), "/restockingFee/basisPoints"),
        (fee(None, Some(2_001), None), "/restockingFee/amount"),
        (fee(None, None, None), "/restockingFee"),
        (fee(Some(1), Some(1), None), "/restockingFee"),
        (fee(Some(1), None, Some(seller(7))), "/restockingFee/party"),
    ] {
        assert_eq!(pointer(shop.clone().refund(units(&shop, &[(0, 2)], terms))), place);
    }
    let without = RefundRequest { terms: fee(Some(1), None, None), ..some(5) };
    assert_eq!(pointer(shop.clone().refund(without)), "/restockingFee");
}

#[test]
fn the_shops_fee_is_for_goods_that_were_sent() {
    let policy = RefundPolicy { restocking_fee: Some(1_500), ..RefundPolicy::default() };
    let terms = RefundTerms { policy, ..RefundTerms::default() };
    let mut shop = sold(&[(1, 2)], 0);
    shop.refund(units(&shop, &[(0, 1)], terms.clone())).expect("left");
    assert_eq!(last(&shop), 1_000, "not sent");
    shop.fire(&operator(), "ship");
    shop.refund(units(&shop, &[(0, 1)], terms)).expect("left");
    assert_eq!(last(&shop), 850);
}

#[test]
fn goodwill_is_borne_by_who_is_named_and_ends_at_zero() {
    let goodwill = |amount, by: PartyRef| RefundRequest {
        terms: RefundTerms { goodwill: Some(by), ..RefundTerms::default() },
        ..some(amount)
    };
    let mut shop = sold(&[(1, 2), (2, 1)], 0);
    shop.refund(goodwill(250, platform())).expect("left");
    assert_eq!((refunded(&shop, &platform()), refunded(&shop, &seller(1))), (250, 0));
    assert!(shop.order.refunds[0].items.is_empty() && shop.order.items.iter().all(|i| i.refunded == 0));
    shop.refund(goodwill(50, seller(2))).expect("left");
    assert_eq!(refunded(&shop, &seller(2)), 50);
    assert_eq!(pointer(shop.refund(goodwill(5, seller(9)))), "/borneBy");
    assert!(matches!(shop.refund(goodwill(2_701, platform())), Err(Refusal::RefundTooLarge { .. })));
    let with_items = RefundRequest { amount: Some(5), ..units(&shop, &[(0, 1)], goodwill(5, platform()).terms) };
    assert_eq!(pointer(shop.refund(with_items)), "/items");
    assert_eq!(pointer(shop.refund(RefundRequest { amount: None, ..goodwill(5, platform()) })), "/amount");
    // The goods come back as well: what was given before is part of it.
    shop.refund(units(&shop, &[(0, 2)], RefundTerms::default())).expect("left");
    assert_eq!(last(&shop), 2_000);
    shop.refund(units(&shop, &[(1, 1)], RefundTerms::default())).expect("left");
    assert_eq!(last(&shop), 700, "3.00 went back before");
    at_zero(&shop);
    assert_eq!(shop.status(), "refunded");
}

#[test]
fn goodwill_before_a_cancel_does_not_go_back_twice() {
    let mut shop = sold(&[(1, 2)], 0);
    let terms = RefundTerms { goodwill: Some(platform()), ..RefundTerms::default() };
    shop.refund(RefundRequest { terms, ..some(1_999) }).expect("left");
    shop.fire(&operator(), "cancel");
    assert_eq!((shop.status(), shop.order.refunded(), last(&shop)), ("cancelled", 2_000, 1));
    at_zero(&shop);
}

#[test]
fn units_come_back_once_and_only_when_they_were_sent() {
    let mut shop = sold(&[(1, 3)], 0);
    let back = |shop: &Shop, quantity, back| {
        let terms = RefundTerms { back: vec![(shop.id(0), back)], ..RefundTerms::default() };
        units(shop, &[(0, quantity)], terms)
    };
    let wish = back(&shop, 1, Back::Restock);
    assert_eq!(pointer(shop.refund(wish)), "/items/0/restock", "nothing was sent");
    shop.fire(&operator(), "ship");
    let wish = back(&shop, 1, Back::Restock);
    shop.refund(wish).expect("left");
    let wish = back(&shop, 1, Back::WriteOff);
    shop.refund(wish).expect("left");
    assert_eq!((shop.order.items[0].restocked, shop.order.items[0].written_off), (1, 1));
    assert_eq!(shop.kinds().iter().filter(|k| **k == "returned_to_stock").count(), 2);
    let item = shop.id(0);
    let terms = RefundTerms { back: vec![(item, Back::Restock)], ..RefundTerms::default() };
    let wish = RefundRequestItem { item, quantity: Some(3), amount: Some(1) };
    let wish = RefundRequest { items: Some(vec![wish]), terms, ..all() };
    assert_eq!(pointer(shop.refund(wish)), "/items/0/restock", "one is out");
}

#[test]
fn a_unit_that_costs_more_than_the_goods_have_left_takes_shipping_once() {
    let mut shop = sold(&[(1, 3)], 29);
    shop.refund(some(2001)).expect("amounts, of no unit");
    let last_unit = RefundTerms { shipping: Some(ShippingRule::LastUnit), ..RefundTerms::default() };
    shop.refund(units(&shop, &[(0, 1)], last_unit)).expect("1028 of its 1000 and the shipping are left");
    assert_eq!(last(&shop), 1028);
    at_zero(&shop);
}

fn staff(name: &str) -> Actor {
    Actor { id: name.to_owned(), ..actor(Role::Ops) }
}

fn limited(limit: i64, request: RefundRequest) -> RefundRequest {
    let policy = RefundPolicy { approval_limit: Some(limit), ..RefundPolicy::default() };
    RefundRequest { terms: RefundTerms { policy, ..request.terms }, ..request }
}

#[test]
fn beyond_the_limit_a_second_person_approves() {
    let mut shop = sold(&[(1, 3)], 0);
    let (ann, bob) = (staff("ann"), staff("bob"));
    shop.act(&ann, Command::Refund(limited(1_000, some(600)))).expect("below");
    assert_eq!(shop.order.refunds[0].state, RefundState::Pending);
    shop.run();
    // Two halves are as much as the whole.
    shop.act(&ann, Command::Refund(limited(1_000, some(600)))).expect("asked");
    let asked = shop.last.refund.expect("a refund");
    assert_eq!((shop.order.refunds[1].state, shop.order.refunding()), (RefundState::Requested, 600));
    assert!(shop.jobs.is_empty(), "the provider is not told");
    let decide = |approve| Command::DecideRefund { refund: asked, approve };
    assert_eq!(shop.act(&ann, decide(true)), Err(Refusal::SecondPerson));
    shop.act(&bob, decide(true)).expect("somebody else");
    shop.run();
    assert_eq!((shop.order.refunds[1].id, shop.order.refunded()), (asked, 1_200));
    assert_eq!(shop.order.refunds[1].approvals, ["ann", "bob"]);
    assert_eq!(shop.order.refunds[1].created_by, "ann");
    // Whoever asked may take it back.
    shop.act(&ann, Command::Refund(limited(1_000, some(1_100)))).expect("asked");
    let refund = shop.last.refund.expect("a refund");
    shop.act(&ann, Command::DecideRefund { refund, approve: false }).expect("taken back");
    assert_eq!(shop.order.refunds[2].failure_code.as_deref(), Some("not_granted"));
}

#[test]
fn a_limit_may_only_report() {
    let mut shop = sold(&[(1, 3)], 0);
    let mut wish = limited(100, some(600));
    wish.terms.policy.report_only = true;
    shop.refund(wish).expect("it goes through");
    assert_eq!(shop.order.refunded(), 600);
    assert!(shop.kinds().contains(&"refund_over_limit"));
}

#[test]
fn what_lines_were_asked_for_is_what_is_approved() {
    let mut shop = sold(&[(1, 3), (2, 1)], 0);
    let fee = RestockingFee { basis_points: Some(1_000), amount: None, party: None };
    shop.fire(&operator(), "ship");
    let terms = RefundTerms { fee: Some(fee), back: vec![(shop.id(0), Back::Restock)], ..RefundTerms::default() };
    let wish = limited(10, units(&shop, &[(0, 2)], terms));
    shop.act(&staff("ann"), Command::Refund(wish)).expect("asked");
    let refund = shop.last.refund.expect("a refund");
    assert_eq!(shop.order.items[0].restocked, 0, "not yet");
    shop.act(&staff("bob"), Command::DecideRefund { refund, approve: true }).expect("approved");
    shop.run();
    assert_eq!((last(&shop), shop.order.items[0].restocked), (1_800, 2));
    assert_eq!(shop.order.refunds[0].items[0].kept, 200);
}

#[test]
fn a_customers_request_is_granted_by_policy_or_by_staff() {
    let ask = |shop: &mut Shop, amount, policy: RefundPolicy| {
        let terms = RefundTerms { policy, ..RefundTerms::default() };
        shop.act(&customer(), Command::RequestRefund(RefundRequest { terms, ..some(amount) })).expect("asked");
        shop.order.refunds.last().expect("a request").state
    };
    let small = RefundPolicy { auto_up_to: Some(500), ..RefundPolicy::default() };
    let soon = RefundPolicy { auto_within: Some(span("14d")), ..RefundPolicy::default() };
    let shop = sold(&[(1, 3)], 0);
    assert_eq!(ask(&mut shop.clone(), 500, RefundPolicy::default()), RefundState::Requested, "staff decides");
    assert_eq!(ask(&mut shop.clone(), 500, small.clone()), RefundState::Pending);
    assert_eq!(ask(&mut shop.clone(), 501, small.clone()), RefundState::Requested);
    let mut late = shop.clone();
    late.fire(&operator(), "ship").fire(&customer(), "complete");
    assert_eq!(ask(&mut late.clone(), 900, soon.clone()), RefundState::Pending);
    let both = RefundPolicy { auto_up_to: Some(500), ..soon.clone() };
    assert_eq!(ask(&mut late.clone(), 900, both), RefundState::Requested, "soon enough, and too much");
    late.wait("15d");
    assert_eq!(ask(&mut late, 900, soon), RefundState::Requested);
    // Beyond the limit of one person policy grants nothing, and two of staff must agree.
    let mut shop = shop;
    let limit = RefundPolicy { approval_limit: Some(100), ..small };
    assert_eq!(ask(&mut shop, 400, limit), RefundState::Requested);
    let refund = shop.last.refund.expect("a request");
    let approve = Command::DecideRefund { refund, approve: true };
    shop.act(&staff("ann"), approve.clone()).expect("the first");
    assert_eq!(shop.order.refunds[0].state, RefundState::Requested);
    assert_eq!(shop.act(&staff("ann"), approve.clone()), Err(Refusal::SecondPerson));
    shop.act(&staff("bob"), approve).expect("the second");
    shop.run();
    assert_eq!((shop.order.refunded(), shop.order.refunds[0].created_by.as_str()), (400, "customer"));
}

#[test]
fn a_card_that_is_gone_is_refunded_by_the_bank() {
    let mut shop = sold(&[(1, 3)], 0);
    shop.act(&operator(), Command::Refund(some(700))).expect("left");
    let job = shop.job(Effect::Refund);
    shop.outcome(job.id, Outcome::Declined { code: "expired_or_canceled_card".to_owned() }).expect("waited for");
    let failed = &shop.order.refunds[0];
    assert_eq!((failed.state, failed.failure_code.as_deref()), (RefundState::Failed, Some("expired_or_canceled_card")));
    let told = shop.books.timeline.iter().rev().find(|e| e.kind == "refund_failed").expect("told").message.clone();
    assert!(told.contains("has expired or was cancelled") && told.contains("\"method\": \"bank\""), "{told}");
    let terms =
        RefundTerms { method: RefundMethod::Bank, reference: Some("SEPA-77".to_owned()), ..RefundTerms::default() };
    shop.act(&operator(), Command::Refund(RefundRequest { terms, ..some(700) })).expect("left");
    assert!(shop.jobs.is_empty(), "no provider is asked");
    let posting = shop.last.postings.iter().find(|p| p.cause == "refund").expect("booked");
    assert_eq!(posting.lines[0], ("bank".to_owned(), -700));
    assert_eq!((shop.order.refunded(), shop.order.payments[0].refunded), (700, 0));
    assert_eq!(shop.order.refunds[1].reference.as_deref(), Some("SEPA-77"));
    shop.refund(all()).expect("left");
    at_zero(&shop);
}

#[test]
fn money_that_came_by_bank_goes_back_from_the_bank() {
    let lines = [Line { gst: 0, discount: 0, ..line(1, 1) }];
    let mut shop =
        Placement { shipping: 0, rounding: 0, ..order_in("marketplace") }.lines(&lines).method("pm_offline").go();
    let money = MoneyFromOutside {
        amount: shop.order.total,
        currency: shop.order.currency,
        paid_at: shop.now,
        reference: "SEPA-1".to_owned(),
    };
    shop.act(&importing(operator()), Command::BookPayment(money)).expect("it is owed");
    let posting = shop.last.postings.iter().find(|p| p.cause == "capture").expect("booked");
    assert_eq!(posting.lines[0], ("bank".to_owned(), 1_000));
    shop.refund(some(400)).expect("left");
    let posting = shop.last.postings.iter().find(|p| p.cause == "refund").expect("booked");
    assert_eq!(posting.lines[0], ("bank".to_owned(), -400));
}

/// The same order as if it had been paid in parts: 10.00 by card first, then by bank transfer, then by another card.
fn paid_in_parts(mut shop: Shop, parts: &[i64]) -> Shop {
    let first = shop.order.payments[0].clone();
    let mut left = first.captured;
    shop.order.payments.clear();
    for (n, part) in parts.iter().chain([&i64::MAX]).enumerate() {
        let captured = left.min(*part);
        left -= captured;
        if captured > 0 {
            let mut payment = first.clone();
            payment.id = PaymentId(first.id.0 + n as i64);
            payment.reference = Some(format!("provider-{n}"));
            (payment.amount, payment.captured) = (captured, captured);
            (payment.authorised, payment.voided) = (0, 0);
            shop.order.payments.push(payment);
        }
    }
    shop
}

#[test]
fn the_newest_payment_gives_back_first() {
    let mut shop = paid_in_parts(sold(&[(1, 3)], 0), &[1_000, 1_500]);
    shop.act(&operator(), Command::Refund(some(1_700))).expect("left");
    let asked: Vec<_> = shop.jobs.iter().map(|j| (j.reference.clone().unwrap_or_default(), j.amount)).collect();
    assert_eq!(asked, [("provider-2".to_owned(), 500), ("provider-1".to_owned(), 1_200)]);
    let (first, second) = (&shop.order.refunds[0], &shop.order.refunds[1]);
    assert_eq!((first.together, second.together), (Some(first.id), Some(first.id)));
    // Each part has its own answer.
    let jobs = std::mem::take(&mut shop.jobs);
    shop.outcome(jobs[0].id, crate::shop::done()).expect("waited for");
    shop.outcome(jobs[1].id, Outcome::Declined { code: "expired_or_canceled_card".to_owned() }).expect("waited for");
    assert_eq!((shop.order.refunded(), shop.order.refunding()), (500, 500));
    shop.refund(all()).expect("left");
    at_zero(&shop);
}

#[test]
fn a_card_refund_that_waits_holds_its_payment() {
    let mut shop = paid_in_parts(sold(&[(1, 2)], 0), &[1_200]);
    shop.act(&operator(), Command::Refund(some(800))).expect("left");
    shop.act(&operator(), Command::Refund(some(500))).expect("left");
    let asked: Vec<_> = shop.jobs.iter().map(|j| (j.reference.clone().unwrap_or_default(), j.amount)).collect();
    assert_eq!(asked, [("provider-1".to_owned(), 800), ("provider-0".to_owned(), 500)], "not twice from the newest");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    /// Goodwill, fees, units, amounts, banks and failures in any order, over several payments: never more than was taken, and what is left
    /// at last ends every party at zero.
    #[test]
    fn any_mixture_ends_at_zero(
        lines in prop::collection::vec((1i64..3, 1i64..4), 1..4), shipping in 0i64..700, parts in prop::collection::vec(1i64..1500, 0..3),
        acts in prop::collection::vec((0u8..7, 0usize..4, 1i64..900, 0u8..4), 1..16),
    ) {
        let mut shop = paid_in_parts(sold(&lines, shipping), &parts);
        for (kind, at, cut, by) in acts {
            let at = at % shop.order.items.len();
            let party = if by % 2 == 0 { platform() } else { seller(lines[at % lines.len()].0) };
            let rule = [None, Some(ShippingRule::Always), Some(ShippingRule::LastUnit), Some(ShippingRule::Never)][usize::from(by)];
            let terms = RefundTerms { shipping: rule, ..RefundTerms::default() };
            let wish = match kind {
                // What goes back as goodwill altogether leaves the lines with their parties: that end is not zero, on purpose.
                0 if shop.order.captured() - shop.order.refunding() > cut => {
                    RefundRequest { terms: RefundTerms { goodwill: Some(party), ..terms }, ..some(cut) }
                }
                0 => continue,
                1 => some(cut),
                2 => {
                    let fee = RestockingFee { basis_points: Some(cut * 10), amount: None, party: Some(party) };
                    units(&shop, &[(at, 1)], RefundTerms { fee: Some(fee), ..terms })
                }
                3 => units(&shop, &[(at, 1)], terms),
                4 => RefundRequest { terms: RefundTerms { method: RefundMethod::Bank, ..terms }, ..some(cut) },
                5 => {
                    let last = shop.order.refunds.iter().rev().find(|r| r.state == RefundState::Succeeded).map(|r| r.id);
                    if let Some(refund) = last {
                        let code = "declined".to_owned();
                        shop.act(&Actor::system(), Command::RefundFailed { refund, code }).expect("it had gone through");
                    }
                    continue;
                }
                _ => RefundRequest { initiate_payment_refund: false, ..some(cut) },
            };
            let left = shop.order.captured() - shop.order.refunding();
            let before = shop.order.refunding();
            if shop.refund(wish).is_ok() {
                prop_assert!(shop.order.refunding() - before <= left);
            }
        }
        if shop.order.refunding() < shop.order.captured() {
            shop.refund(all()).expect("left");
        }
        // Goodwill may have given the money of lines that nobody gave up: those stay sold.
        if shop.order.items.iter().any(|i| i.refunding < i.captured) {
            return Ok(());
        }
        prop_assert!(shop.order.splits.iter().all(|s| s.refunded == s.amount), "{:?} {:?}", shop.order.splits, shop.order.refunds);
        let value = |part: &RefundItem| part.amount + part.kept;
        for item in &shop.order.items {
            let sum: i64 = shop.order.refunds.iter().filter(|r| r.state == RefundState::Succeeded).flat_map(|r| &r.items)
                .filter(|p| p.item_id == item.id).map(value).sum();
            prop_assert_eq!(sum, item.captured);
        }
    }
}
