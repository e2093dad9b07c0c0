//! Refunds: bounds, sequences that end exactly at the shares, units, requests that staff decides, what the provider says.

use orderwright_core::decide::{Command, Outcome, RefundRequest, RefundRequestItem, Refusal};
use orderwright_core::money::{allocate, allocate_refund};
use orderwright_core::order::RefundState;
use orderwright_core::workflow::Effect;
use proptest::prelude::*;

use crate::shop::{Line, Shop, all, customer, done, line, merchant, operator, order_in, some};

fn paid(lines: &[Line]) -> Shop {
    let mut shop = order_in("marketplace").lines(lines).go();
    shop.fire(&operator(), "acknowledge");
    shop
}

fn of(shop: &Shop, item: usize, quantity: Option<i64>, amount: Option<i64>) -> RefundRequest {
    RefundRequest { items: Some(vec![RefundRequestItem { item: shop.id(item), quantity, amount }]), ..all() }
}

fn pointer(result: Result<impl std::fmt::Debug, Refusal>) -> String {
    match result {
        Err(Refusal::Invalid { pointer, .. }) => pointer,
        other => panic!("not invalid: {other:?}"),
    }
}

#[test]
fn bounds() {
    let mut shop = paid(&[line(1, 2), line(2, 1)]);
    let total = shop.order.total;
    let too_large = |result: Result<_, Refusal>| matches!(result, Err(Refusal::RefundTooLarge { .. }));
    assert!(too_large(shop.refund(some(total + 1))));
    assert!(too_large(shop.refund(some(i64::MAX))));
    for amount in [0, -1, i64::MIN] {
        assert_eq!(pointer(shop.refund(some(amount))), "/amount");
        let wish = of(&shop, 0, None, Some(amount));
        assert_eq!(pointer(shop.refund(wish)), "/items/0/amount");
    }
    for quantity in [0, -1, 3] {
        let wish = of(&shop, 0, Some(quantity), None);
        assert_eq!(pointer(shop.refund(wish)), "/items/0/quantity");
    }
    let due = shop.order.items[0].due();
    let wish = of(&shop, 0, None, Some(due + 1));
    assert!(too_large(shop.refund(wish)), "a line gives back no other line's money");
    let two = RefundRequestItem { item: shop.id(0), quantity: None, amount: Some(1) };
    assert_eq!(pointer(shop.refund(RefundRequest { items: Some(vec![two, two]), ..all() })), "/items/1/itemId");
    assert_eq!(pointer(shop.refund(RefundRequest { items: Some(vec![]), ..all() })), "/items");
    assert_eq!(pointer(shop.refund(RefundRequest { items: Some(vec![two]), ..some(2) })), "/amount");
    let foreign = RefundRequestItem { item: orderwright_core::id::ItemId(1), ..two };
    assert_eq!(shop.refund(RefundRequest { items: Some(vec![foreign]), ..all() }), Err(Refusal::UnknownItem));
    shop.refund(some(total - 1)).expect("all but one");
    assert!(too_large(shop.refund(some(2))));
    shop.refund(all()).expect("the last one");
    assert!(too_large(shop.refund(all())));
    assert!(too_large(shop.refund(some(1))));
}

#[test]
fn what_is_on_its_way_back_counts() {
    let mut shop = paid(&[line(1, 2)]);
    let total = shop.order.total;
    shop.act(&operator(), Command::Refund(some(total - 10))).expect("left");
    assert_eq!((shop.status(), shop.payment_status()), ("processing", "captured"), "the provider has not answered");
    assert!(matches!(shop.would(&operator(), Command::Refund(some(11))), Err(Refusal::RefundTooLarge { .. })));
    let job = shop.job(Effect::Refund);
    assert_eq!(job.amount, total - 10);
    assert_eq!(job.reference.as_deref(), Some("provider-1"));
    shop.outcome(job.id, Outcome::InDoubt).expect("known");
    assert!(
        matches!(shop.would(&operator(), Command::Refund(some(11))), Err(Refusal::RefundTooLarge { .. })),
        "in doubt is not free"
    );
    shop.outcome(job.id, Outcome::Declined { code: "expired_card".to_owned() }).expect("known at last");
    assert_eq!((shop.order.refunds[0].state, shop.order.refunding()), (RefundState::Failed, 0));
    assert_eq!(shop.outcome(job.id, done()), Err(Refusal::StaleOutcome));
    shop.refund(all()).expect("all is left again");
}

#[test]
fn made_outside() {
    let mut shop = paid(&[line(1, 2)]);
    shop.act(&operator(), Command::Refund(RefundRequest { initiate_payment_refund: false, ..some(100) }))
        .expect("left");
    assert!(shop.jobs.is_empty(), "the provider is not told");
    assert_eq!((shop.order.refunded(), shop.payment_status()), (100, "partially_refunded"));
}

#[test]
fn unit_by_unit_ends_exactly() {
    let mut shop = paid(&[Line { gst: 601, ..line(1, 3) }, line(2, 1)]);
    let captured = shop.order.items[0].captured;
    assert_ne!(captured % 3, 0, "the units do not divide evenly");
    for _ in 0..3 {
        let wish = of(&shop, 0, Some(1), None);
        shop.refund(wish).expect("a unit is left");
    }
    assert_eq!(shop.order.items[0].refunded, captured);
    let wish = of(&shop, 0, Some(1), None);
    assert!(matches!(shop.refund(wish), Err(Refusal::RefundTooLarge { .. })));
    let mut shop = paid(&[line(1, 3)]);
    let wish = of(&shop, 0, Some(2), None);
    shop.refund(wish).expect("two of three");
    let wish = of(&shop, 0, Some(2), None);
    assert!(matches!(shop.refund(wish), Err(Refusal::RefundTooLarge { .. })), "one unit is left");
}

#[test]
fn a_request_is_decided_by_staff() {
    let mut shop = paid(&[line(1, 3), line(2, 1)]);
    shop.act(&customer(), Command::RequestRefund(of(&shop, 0, Some(1), None))).expect("asked");
    let asked = shop.last.refund.expect("a request");
    let amount = shop.order.refunds[0].amount;
    assert_eq!((shop.order.refunds[0].state, shop.order.refunding()), (RefundState::Requested, 0));
    assert_eq!(amount, allocate(shop.order.items[0].captured, &[1, 2])[0]);
    let decide = |approve| Command::DecideRefund { refund: asked, approve };
    let mut rejected = shop.clone();
    rejected.act(&operator(), decide(false)).expect("undecided");
    assert_eq!(rejected.order.refunded(), 0);
    assert_eq!(rejected.act(&operator(), decide(true)), Err(Refusal::RefundDecided));
    shop.act(&operator(), decide(true)).expect("undecided");
    shop.run();
    assert_eq!((shop.order.refunds.len(), shop.order.refunds[0].id, shop.order.refunded()), (1, asked, amount));
    assert_eq!(
        (shop.order.refunds[0].created_by.as_str(), shop.order.refunds[0].items[0].quantity),
        ("customer", Some(1))
    );
    assert_eq!(shop.act(&operator(), decide(true)), Err(Refusal::RefundDecided));
    let unknown = Command::DecideRefund { refund: orderwright_core::id::RefundId(1), approve: true };
    assert_eq!(shop.act(&operator(), unknown), Err(Refusal::UnknownRefund));
    // The bound is checked when it is granted.
    shop.act(&customer(), Command::RequestRefund(all())).expect("asked");
    let late = shop.last.refund.expect("a request");
    shop.refund(some(1)).expect("left");
    assert!(matches!(
        shop.act(&operator(), Command::DecideRefund { refund: late, approve: true }),
        Err(Refusal::RefundTooLarge { .. })
    ));
}

#[test]
fn refunds_stay_in_the_order_of_their_making() {
    let mut shop = paid(&[line(1, 3)]);
    shop.act(&customer(), Command::RequestRefund(some(50))).expect("asked");
    let asked = shop.last.refund.expect("a request");
    shop.refund(some(70)).expect("left");
    shop.act(&operator(), Command::DecideRefund { refund: asked, approve: true }).expect("left");
    assert!(shop.order.refunds.is_sorted_by_key(|r| r.id));
}

#[test]
fn a_cancel_gives_back_what_is_left_of_the_line() {
    let mut shop = paid(&[line(1, 2), line(2, 1)]);
    let (due, other) = (shop.order.items[0].due(), shop.order.items[1].due());
    let wish = of(&shop, 0, None, Some(100));
    shop.refund(wish).expect("left");
    shop.fire(&merchant(1), "cancel");
    assert_eq!(shop.order.refunds[1].amount, due - 100);
    assert_eq!((shop.order.refunded(), shop.order.captured() - shop.order.refunded()), (due, other));
}

#[test]
fn a_line_for_nothing() {
    let free = Line { price: 0, gst: 0, discount: 0, ..line(1, 2) };
    let mut shop = crate::shop::Placement { shipping: 0, rounding: 0, ..order_in("marketplace") }.lines(&[free]).go();
    assert_eq!((shop.order.total, shop.status()), (0, "pending"));
    assert!(matches!(shop.refund(all()), Err(Refusal::RefundTooLarge { .. })));
    shop.fire(&operator(), "acknowledge").fire(&operator(), "cancel");
    assert_eq!(shop.status(), "cancelled");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_ends_exactly_at_the_shares(
        lines in prop::collection::vec((1i64..4, 1i64..5, 1i64..3000), 1..4),
        cuts in prop::collection::vec((0usize..8, 1i64..900), 1..12),
    ) {
        let lines: Vec<Line> = lines.into_iter().map(|(m, quantity, price)| Line { price, gst: price / 3, discount: 0, ..line(m, quantity) }).collect();
        let mut shop = paid(&lines);
        for (item, cut) in cuts {
            let wish = match shop.order.items.get(item) {
                Some(i) => of(&shop, item, None, Some(cut.min(i.captured - i.refunding))),
                None => some(cut.min(shop.order.captured() - shop.order.refunding())),
            };
            let asked = wish.amount.or(wish.items.as_ref().and_then(|i| i[0].amount)).expect("an amount");
            let before = shop.order.refunded();
            let result = shop.refund(wish);
            prop_assert_eq!(result.is_ok(), asked > 0, "{:?}", result);
            prop_assert_eq!(shop.order.refunded(), before + asked.max(0));
        }
        if shop.order.refunded() < shop.order.captured() {
            shop.refund(all()).expect("left");
        }
        prop_assert!(shop.order.splits.iter().all(|s| s.refunded == s.amount), "{:?}", shop.order.splits);
        prop_assert!(shop.order.items.iter().all(|i| i.refunded == i.captured));
        prop_assert_eq!(shop.status(), "refunded");
    }

    #[test]
    fn what_is_taken_back_is_within_the_shares(shares in prop::collection::vec(0i64..50, 1..6), cuts in prop::collection::vec(0i64..9, 1..40)) {
        let mut taken = vec![0; shares.len()];
        for cut in cuts {
            let left = shares.iter().sum::<i64>() - taken.iter().sum::<i64>();
            let parts = allocate_refund(cut.min(left), &shares, &taken);
            for ((taken, part), share) in taken.iter_mut().zip(parts).zip(&shares) {
                prop_assert!(part >= 0 && *taken + part <= *share);
                *taken += part;
            }
        }
    }
}
