//! The mall: two machines for each item, coupled; the nine tables of the seed; windows for cancelling, paying, returning and closing.

use orderwright_core::decide::{Command, Refusal};
use orderwright_core::workflow::{Audience, Effect};

use crate::shop::{Shop, all, bare, customer, full, importing, line, merchant, operator, order_in, some};

const NAME: &str = "marketplace-split";

/// What the three portals show for a line.
fn table(shop: &Shop, item: usize) -> [String; 3] {
    [Audience::Operator, Audience::Merchant, Audience::Customer].map(|a| shop.label(item, a))
}

#[test]
fn the_nine_tables() {
    let mut shop = order_in(NAME).method("pm_offline").cancel_window("2h").go();
    assert_eq!(table(&shop, 0), ["New", "N/A", "Confirmed / Accepted"]);
    shop.fire(&operator(), "pay");
    assert_eq!(table(&shop, 0), ["Paid", "N/A", "In Progress"]);
    assert_eq!((shop.status(), shop.merchant_status(0)), ("paid", ""));
    let mut canceled = shop.clone();
    canceled.act(&customer(), Command::Fire(full("cancel"))).expect("in the window");
    assert_eq!(table(&canceled, 0), ["Canceled", "N/A", "Canceled"]);
    canceled.run();
    assert_eq!(table(&canceled, 0), ["Refunded", "N/A", "Refunded"]);
    canceled.wait("14d");
    assert_eq!(
        (canceled.status(), table(&canceled, 0)),
        ("closed", ["Refunded", "N/A", "Refunded"].map(str::to_owned))
    );

    assert!(shop.order.merchant_orders.is_empty());
    shop.wait("2h");
    assert_eq!(table(&shop, 0), ["Sent to Merchant", "New", "In Progress"]);
    assert_eq!(shop.order.merchant_orders.len(), 1);
    let mut canceled = shop.clone();
    canceled.fire(&merchant(1), "cancel");
    assert_eq!(table(&canceled, 0), ["Canceled", "Canceled by Merchant", "Canceled"]);
    assert_eq!((canceled.status(), canceled.merchant_status(0)), ("canceled_by_merchant", "canceled_by_merchant"));
    assert_eq!(canceled.payment_status(), "refunded");

    shop.fire(&merchant(1), "ship");
    assert_eq!(table(&shop, 0), ["Shipped by Merchant", "Shipped", "Shipped Expected by 2026-03-10"]);
    shop.wait("5d").fire(&merchant(1), "deliver");
    assert_eq!(table(&shop, 0), ["Delivered", "Delivered", "Delivered on 2026-03-06"]);
    shop.wait("29d");
    assert_eq!((shop.status(), shop.merchant_status(0)), ("delivered", "delivered"));
    shop.wait("1d");
    assert_eq!((shop.status(), shop.merchant_status(0)), ("closed", "closed"));
    assert_eq!(table(&shop, 0), ["Delivered", "Delivered", "Delivered on 2026-03-06"]);
    assert_eq!(shop.emitted("order.completed"), 1);
}

#[test]
fn without_a_window_the_split_follows_at_once() {
    let shop = order_in(NAME).lines(&[line(1, 1), line(2, 1), line(1, 1)]).go();
    assert_eq!((shop.status(), shop.payment_status()), ("sent_to_merchant", "captured"));
    assert_eq!(shop.order.merchant_orders.len(), 2);
    assert!((0..3).all(|i| shop.merchant_status(i) == "new"));
}

#[test]
fn a_window_is_read_when_it_begins() {
    let mut shop = order_in(NAME).cancel_window("2h").go();
    shop.cancel_window = crate::shop::span("5h");
    shop.wait("2h");
    assert_eq!(shop.status(), "sent_to_merchant");
}

#[test]
fn merchants_move_their_own_lines() {
    let mut shop = order_in(NAME).lines(&[line(1, 1), line(2, 1)]).go();
    shop.fire(&merchant(1), "ship");
    assert_eq!(
        (shop.item_status(0), shop.item_status(1), shop.status()),
        ("shipped_by_merchant", "sent_to_merchant", "sent_to_merchant")
    );
    shop.fire(&importing(operator()), "ship");
    assert_eq!(shop.status(), "shipped_by_merchant");
    assert!(matches!(shop.would(&operator(), Command::Fire(full("deliver"))), Err(Refusal::NotAllowed { .. })));
    shop.fire(&importing(merchant(2)), "deliver");
    assert_eq!((shop.item_status(0), shop.item_status(1)), ("shipped_by_merchant", "delivered"));
}

#[test]
fn a_part_of_a_line_is_cancelled_by_its_merchant() {
    let mut shop = order_in(NAME).lines(&[line(1, 3), line(2, 1)]).go();
    let part = shop.fire_some(&merchant(1), "cancel", 0, 1);
    assert_eq!((shop.item_status(part), shop.merchant_status(part)), ("canceled_by_merchant", "canceled_by_merchant"));
    assert_eq!((shop.item_status(0), shop.merchant_status(0)), ("sent_to_merchant", "new"));
    assert_eq!(shop.order.refunded(), shop.order.items[part].due());
    assert_eq!((shop.status(), shop.payment_status()), ("sent_to_merchant", "partially_refunded"));
}

#[test]
fn the_operator_takes_an_item_back() {
    let mut shop = order_in(NAME).go();
    assert!(
        matches!(shop.would(&customer(), Command::Fire(full("cancel"))), Err(Refusal::NotPossible { .. })),
        "the window is over"
    );
    shop.fire(&operator(), "cancel");
    assert_eq!((shop.status(), shop.payment_status()), ("refunded", "refunded"));
    assert!(matches!(shop.would(&merchant(1), Command::Fire(full("ship"))), Err(Refusal::NotPossible { .. })));
    shop.wait("14d");
    assert_eq!((shop.status(), shop.merchant_status(0)), ("closed", "closed"));
    assert_eq!(table(&shop, 0), ["Refunded", "Refunded", "Refunded"]);
    let mut shop = order_in(NAME).go();
    shop.fire(&merchant(1), "ship");
    assert!(matches!(shop.would(&operator(), Command::Fire(full("cancel"))), Err(Refusal::NotPossible { .. })));
}

#[test]
fn canceled_before_payment_has_nothing_to_refund() {
    for who in [customer(), operator()] {
        let mut shop = order_in(NAME).method("pm_offline").lines(&[line(1, 1), line(2, 1)]).go();
        shop.fire_some(&who, "cancel", 0, 1);
        shop.fire(&who, "cancel");
        assert_eq!((shop.status(), shop.order.refunds.len()), ("canceled", 0));
        assert!(
            matches!(shop.would(&operator(), Command::Fire(full("pay"))), Err(Refusal::NotPossible { .. })),
            "the payment is closed"
        );
    }
}

#[test]
fn refunds_only_count_after_a_cancel() {
    let mut shop = order_in(NAME).cancel_window("2h").go();
    shop.refund(some(100)).expect("part");
    shop.refund(all()).expect("rest");
    assert_eq!((shop.status(), shop.payment_status()), ("paid", "refunded"));
    shop.fire(&customer(), "cancel");
    assert_eq!(shop.status(), "refunded", "the money is back already");
    let mut shop = order_in(NAME).go();
    shop.fire(&merchant(1), "ship").fire(&merchant(1), "deliver");
    shop.refund(all()).expect("left");
    assert_eq!((shop.status(), shop.payment_status()), ("delivered", "refunded"));
    shop.wait("30d");
    assert_eq!(shop.status(), "closed");
}

#[test]
fn a_refund_that_fails_leaves_canceled_until_it_succeeds() {
    let mut shop = order_in(NAME).cancel_window("2h").declining(&[Effect::Refund]).go();
    shop.fire(&customer(), "cancel");
    assert_eq!((shop.status(), shop.payment_status()), ("canceled", "captured"));
    shop.declines.clear();
    let part = shop.order.total / 2;
    shop.refund(some(part)).expect("part");
    assert_eq!(shop.status(), "canceled");
    shop.refund(all()).expect("the rest");
    assert_eq!(shop.status(), "refunded");
}

#[test]
fn declined_stays_new_and_payable_until_the_window_ends() {
    let mut shop = order_in(NAME).method("pm_card_chargeDeclined").go();
    assert_eq!((shop.status(), shop.payment_status()), ("new", "failed"));
    let mut paid = shop.clone();
    paid.act(&customer(), Command::Pay { method: "pm_card_visa".to_owned() }).expect("payable");
    paid.run();
    assert_eq!((paid.status(), paid.payment_status()), ("sent_to_merchant", "captured"));
    let mut paid = shop.clone();
    paid.act(&customer(), Command::Pay { method: "pm_offline".to_owned() }).expect("payable");
    paid.fire(&operator(), "pay");
    assert_eq!((paid.status(), paid.payment_status()), ("sent_to_merchant", "captured"));
    shop.wait("3d");
    assert_eq!(shop.status(), "canceled");
    assert_eq!(shop.reason_of("canceled").as_deref(), Some("payment_window_ended"));
}

#[test]
fn who_says_that_money_arrived() {
    let shop = order_in(NAME).method("pm_offline").go();
    for who in [customer(), merchant(1), importing(merchant(1)), crate::shop::retailer()] {
        assert!(matches!(shop.would(&who, Command::Fire(bare("pay"))), Err(Refusal::NotAllowed { .. })), "{who:?}");
    }
    for who in [operator(), importing(operator()), importing(crate::shop::retailer())] {
        assert_eq!(shop.would(&who, Command::Fire(bare("pay"))), Ok(()), "{who:?}");
    }
}

#[test]
fn what_machines_send_each_other_nobody_fires() {
    let shop = order_in(NAME).go();
    for event in ["merchant_cancel", "withdraw", "close"] {
        for who in [operator(), merchant(1), customer(), importing(operator())] {
            assert!(matches!(shop.would(&who, Command::Fire(full(event))), Err(Refusal::NotAllowed { .. })), "{event}");
        }
    }
    for event in ["done", "error", "late"] {
        assert!(
            matches!(shop.would(&operator(), Command::Fire(full(event))), Err(Refusal::UnknownEvent { .. })),
            "{event}"
        );
    }
}
