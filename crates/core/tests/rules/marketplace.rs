//! Bazaar: paid at once, then each seller acknowledges, ships and completes.

use orderwright_core::decide::{Command, Refusal};

use crate::shop::{all, customer, full, line, merchant, operator, order_in};

const NAME: &str = "marketplace";

#[test]
fn from_placement_to_completion() {
    let mut shop = order_in(NAME).lines(&[line(1, 2), line(2, 1)]).go();
    assert_eq!((shop.status(), shop.payment_status(), shop.order.merchant_orders.len()), ("pending", "captured", 2));
    shop.fire(&merchant(1), "acknowledge");
    assert_eq!((shop.item_status(0), shop.item_status(1), shop.status()), ("processing", "pending", "pending"));
    shop.fire(&merchant(1), "ship").fire(&merchant(2), "acknowledge");
    assert_eq!((shop.status(), shop.shipping_status()), ("processing", "partially_shipped"));
    shop.fire(&merchant(2), "ship").fire(&merchant(1), "complete");
    assert_eq!((shop.status(), shop.shipping_status()), ("shipped", "partially_delivered"));
    shop.fire(&customer(), "complete");
    assert_eq!((shop.status(), shop.shipping_status(), shop.emitted("order.completed")), ("completed", "delivered", 1));
}

#[test]
fn declined_ends_in_cancelled() {
    let shop = order_in(NAME).method("pm_card_chargeDeclined").go();
    assert_eq!((shop.status(), shop.payment_status()), ("cancelled", "failed"));
    assert_eq!(shop.reason_of("cancelled").as_deref(), Some("card_declined"));
    let result = shop.would(&customer(), Command::Pay { method: "pm_card_visa".to_owned() });
    assert!(matches!(result, Err(Refusal::NotPossible { .. })), "{result:?}");
}

#[test]
fn offline_waits_for_money() {
    let mut shop = order_in(NAME).method("pm_offline").go();
    assert!(matches!(shop.would(&merchant(1), Command::Fire(full("acknowledge"))), Err(Refusal::NotPossible { .. })));
    shop.wait("3d");
    assert_eq!(shop.status(), "cancelled");
    let mut shop = order_in(NAME).method("pm_offline").lines(&[line(1, 1), line(2, 1)]).go();
    shop.fire_some(&customer(), "cancel", 0, 1);
    shop.fire(&crate::shop::importing(operator()), "paid_outside");
    assert_eq!(shop.order.captured(), shop.order.items[1].due(), "only what is still wanted is owed");
    shop.fire(&merchant(2), "acknowledge");
}

#[test]
fn cancelled_by_each_until_shipping_then_by_operators() {
    for who in [customer(), merchant(1), operator()] {
        for acknowledged in [false, true] {
            let mut shop = order_in(NAME).go();
            if acknowledged {
                shop.fire(&merchant(1), "acknowledge");
            }
            shop.fire(&who, "cancel");
            assert_eq!((shop.status(), shop.payment_status()), ("cancelled", "refunded"));
        }
        let mut shop = order_in(NAME).go();
        shop.fire(&merchant(1), "acknowledge").fire(&merchant(1), "ship");
        assert_eq!(shop.act(&who, Command::Fire(full("cancel"))).is_ok(), who.id == "admin", "{}", who.id);
    }
}

#[test]
fn refunded_from_every_paid_state() {
    for events in [&[][..], &["acknowledge"], &["acknowledge", "ship"], &["acknowledge", "ship", "complete"]] {
        let mut shop = order_in(NAME).go();
        events.iter().for_each(|e| {
            shop.fire(&operator(), e);
        });
        shop.refund(all()).expect("left");
        assert_eq!((shop.status(), shop.payment_status()), ("refunded", "refunded"), "{events:?}");
    }
}

#[test]
fn what_was_cancelled_stays_when_the_rest_is_refunded() {
    let mut shop = order_in(NAME).lines(&[line(1, 1), line(2, 1)]).go();
    shop.fire(&merchant(2), "cancel").fire(&merchant(1), "acknowledge");
    shop.refund(all()).expect("left");
    assert_eq!((shop.item_status(0), shop.item_status(1), shop.status()), ("refunded", "cancelled", "refunded"));
}

#[test]
fn the_parties_of_other_lines_pay_nothing() {
    let mut shop = order_in(NAME).lines(&[line(1, 2), line(2, 3)]).go();
    shop.fire(&merchant(1), "cancel");
    let left = |n: i64| {
        let split =
            shop.order.splits.iter().find(|s| s.party.id == crate::shop::merchant_id(n).to_string()).expect("a share");
        (split.refunded, split.amount - split.refunded)
    };
    assert_eq!(left(1).1, 0, "the seller who cancelled gets nothing");
    assert_eq!(left(2).0, 0, "the other one gets everything");
}
