//! A line splits when an event takes some of its units: money exact on both parts, history and refunds follow, the remainder keeps the id.

use orderwright_core::decide::{Command, Event, EventItem, Outcome, RefundRequest, RefundRequestItem, Refusal};
use orderwright_core::workflow::Effect;
use proptest::prelude::*;

use crate::shop::{Line, Placement, all, bare, customer, full, line, merchant, operator, order_in, some};

fn named(event: &str, items: Vec<EventItem>) -> Command {
    Command::Fire(Event { items: Some(items), ..full(event) })
}

#[test]
fn the_remainder_keeps_the_id() {
    let mut shop = order_in("marketplace").lines(&[line(1, 3), line(2, 1)]).go();
    let (first, second) = (shop.id(0), shop.id(1));
    let part = shop.fire_some(&merchant(1), "acknowledge", 0, 2);
    assert_eq!((part, shop.order.items.len(), shop.id(0), shop.id(2)), (1, 3, first, second));
    assert_eq!((shop.order.items[0].quantity, shop.order.items[1].quantity), (1, 2));
    assert_eq!((shop.item_status(0), shop.item_status(1), shop.status()), ("pending", "processing", "pending"));
    let whole = shop.fire_some(&merchant(1), "acknowledge", 0, 1);
    assert_eq!((whole, shop.order.items.len()), (0, 3), "the whole line does not split");
}

#[test]
fn what_is_wrong_with_names() {
    let shop = order_in("marketplace").lines(&[line(1, 3), line(2, 1)]).go();
    let (mine, other) = (shop.id(0), shop.id(1));
    let some = |item, quantity| EventItem { item, quantity };
    let invalid = |items, at: &str| match shop.would(&operator(), named("acknowledge", items)) {
        Err(Refusal::Invalid { pointer, .. }) => assert_eq!(pointer, at),
        result => panic!("{result:?}"),
    };
    invalid(vec![], "/items");
    invalid(vec![some(mine, Some(0))], "/items/0/quantity");
    invalid(vec![some(mine, Some(4))], "/items/0/quantity");
    invalid(vec![some(mine, None), some(mine, Some(1))], "/items/1/itemId");
    for who in [operator(), merchant(1)] {
        let unknown = orderwright_core::id::ItemId(7);
        assert_eq!(
            shop.would(&who, named("acknowledge", vec![some(mine, None), some(unknown, None)])),
            Err(Refusal::UnknownItem)
        );
    }
    assert_eq!(
        shop.would(&merchant(1), named("acknowledge", vec![some(mine, None), some(other, None)])),
        Err(Refusal::UnknownItem)
    );
    assert_eq!(shop.would(&operator(), named("acknowledge", vec![some(other, None), some(mine, Some(2))])), Ok(()));
    assert!(matches!(
        shop.would(&operator(), Command::Fire(Event { items: Some(vec![some(mine, Some(1))]), ..bare("ship") })),
        Err(Refusal::NotPossible { .. })
    ));
}

#[test]
fn before_the_capture() {
    let mut shop = order_in("made-to-order").lines(&[line(1, 3)]).go();
    let part = shop.fire_some(&merchant(1), "confirm", 0, 2);
    assert_eq!(shop.order.captured(), 0, "a unit is undecided");
    shop.fire(&merchant(1), "refuse");
    assert_eq!((shop.item_status(0), shop.item_status(part)), ("cancelled", "confirmed"));
    assert_eq!(shop.order.captured(), shop.order.items[part].due());
}

#[test]
fn what_was_refunded_divides_with_the_line() {
    // 10.00 × 3, with amounts that round up on the smaller part: a full refund must stay a full refund of each part.
    for (gst, discount, shipping) in [(2, 0, 2), (1, 1, 1), (5, 2, 7), (0, 0, 1)] {
        let lines = [Line { price: 10, gst, discount, ..line(1, 3) }];
        for quantity in [1, 2] {
            let mut shop = Placement { shipping, rounding: 0, ..order_in("marketplace") }.lines(&lines).go();
            let left = shop.order.total - 1;
            shop.refund(some(left)).expect("all but one");
            shop.fire_some(&merchant(1), "acknowledge", 0, quantity);
            shop.refund(all()).expect("the last cent");
            assert_eq!(shop.status(), "refunded");
        }
    }
}

#[test]
fn a_refund_on_its_way_follows_the_units() {
    for outcome in [crate::shop::done(), Outcome::Declined { code: "expired_card".to_owned() }] {
        let mut shop = order_in("marketplace").lines(&[line(1, 3)]).go();
        shop.refund(some(301)).expect("left");
        shop.act(&operator(), Command::Refund(some(2000))).expect("left");
        shop.act(
            &customer(),
            Command::RequestRefund(RefundRequest {
                items: Some(vec![RefundRequestItem { item: shop.id(0), quantity: Some(1), amount: Some(500) }]),
                ..all()
            }),
        )
        .expect("asked");
        let asked = shop.last.refund.expect("a request");
        let job = shop.job(Effect::Refund);
        // The line splits, twice, while the provider is at it.
        for quantity in [2, 1] {
            let item = shop.order.items.iter().position(|i| i.quantity > quantity).expect("units");
            shop.fire_some(&merchant(1), "acknowledge", item, quantity);
            if quantity == 2 {
                shop.fire_some(&merchant(1), "ship", 1, 1);
            }
            if shop.order.items.iter().all(|i| i.quantity == 1) {
                break;
            }
        }
        let done = outcome == crate::shop::done();
        shop.outcome(job.id, outcome).expect("waited for");
        assert_eq!(shop.order.refunded(), if done { 2301 } else { 301 });
        shop.act(&operator(), Command::DecideRefund { refund: asked, approve: true }).expect("500 are left");
        shop.run();
        shop.refund(all()).expect("left");
        assert_eq!(shop.status(), "refunded");
    }
}

#[test]
fn a_parcel_follows_the_units() {
    let mut shop = order_in("marketplace").lines(&[line(1, 3)]).go();
    shop.fire(&merchant(1), "acknowledge").fire(&merchant(1), "ship");
    let part = shop.fire_some(&customer(), "complete", 0, 1);
    let units: Vec<_> = shop.order.shipments[0].items.iter().map(|u| (u.item_id, u.quantity)).collect();
    assert_eq!(units, [(shop.id(0), 2), (shop.id(part), 1)]);
    assert_eq!(shop.shipping_status(), "partially_delivered");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every audit of every decision is in this: sums of lines, shares, stock.
    #[test]
    fn money_is_exact_on_both_parts(
        price in 0i64..500, quantity in 2i64..9, gst in 0i64..90, discount in 0i64..40, shipping in 0i64..30, rounding in -5i64..5,
        inclusive in any::<bool>(), refund in 0i64..400, cuts in prop::collection::vec((0usize..4, 1i64..5), 1..5),
    ) {
        let discount = discount.min(price * quantity);
        let lines = [Line { price, gst, discount, ..line(1, quantity) }];
        prop_assume!(price * quantity - discount + shipping + rounding >= 0 && (shipping + rounding >= 0 || price * quantity - discount >= 5));
        let mut shop = Placement { shipping, rounding, inclusive, ..order_in("marketplace") }.lines(&lines).go();
        let refund = refund.min(shop.order.captured());
        if refund > 0 && refund < shop.order.captured() {
            shop.refund(some(refund)).expect("left");
        }
        for (n, cut) in cuts {
            let open: Vec<usize> = (0..shop.order.items.len()).filter(|&i| shop.item_status(i) == "pending").collect();
            let Some(&at) = open.get(n % open.len().max(1)) else { break };
            let cut = cut.min(shop.order.items[at].quantity);
            shop.fire_some(&merchant(1), "acknowledge", at, cut);
        }
        if shop.order.captured() > shop.order.refunded() {
            shop.refund(all()).expect("left");
            prop_assert_eq!(shop.status(), "refunded");
        }
    }
}
