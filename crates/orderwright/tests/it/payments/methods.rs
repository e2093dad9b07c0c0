//! Each sandbox payment method at placement, on each channel where it makes sense.

use serde_json::Value;

use crate::shop::orders::{CHANNELS, captured, rests_at};
use crate::shop::{Json, Shop};

scenarios! {
    shared:
        a_good_card_rests_where_its_workflow_says,
        a_declined_card_is_a_placed_order_with_a_failed_payment,
        a_lost_answer_is_settled_and_charged_once,
        a_late_and_doubled_webhook_is_settled_and_charged_once,
        a_lost_answer_is_captured_once_when_accepted,
        a_disputed_payment_is_captured_and_then_disputed,
        money_from_outside_is_waited_for,
        a_payment_of_an_order_is_listed_with_it;
}

/// Where a payment that is declined at authorisation leaves the order.
fn declined_at(channel: &str) -> &'static str {
    match channel {
        "blinds" | "bazaar" => "cancelled",
        "studio" => "canceled",
        "retail" => "pending",
        "mall" => "new",
        other => panic!("no channel {other}"),
    }
}

/// What was captured by the time the order rests.
#[track_caller]
fn assert_captured_once(order: &Value) {
    let due = if order.s("paymentStatus") == "captured" { order.n("total") } else { 0 };
    assert_eq!(captured(order), due, "captured once: {order:#}");
    assert_eq!(order.n("refundedTotal"), 0, "{order:#}");
}

fn settles(shop: &Shop, method: &str) {
    for channel in CHANNELS {
        let order = shop.place(channel, &[(0, 1)], method);
        let (status, payment) = rests_at(channel);
        shop.wait_status(order.id(), status);
        assert_captured_once(&shop.wait_payment(order.id(), payment));
    }
}

fn a_good_card_rests_where_its_workflow_says(shop: &Shop) {
    settles(shop, "pm_card_visa");
}

fn a_declined_card_is_a_placed_order_with_a_failed_payment(shop: &Shop) {
    for channel in CHANNELS {
        for method in
            ["pm_card_chargeDeclined", "pm_card_chargeDeclinedInsufficientFunds", "pm_card_chargeDeclinedExpiredCard"]
        {
            let order = shop.place(channel, &[(0, 1)], method);
            shop.wait_status(order.id(), declined_at(channel));
            let order = shop.wait_payment(order.id(), "failed");
            assert_eq!(order.s("status"), declined_at(channel));
            assert_captured_once(&order);
        }
    }
}

/// The answer is lost, the outcome in doubt; the provider is asked, and nothing is undone on a guess.
fn a_lost_answer_is_settled_and_charged_once(shop: &Shop) {
    settles(shop, "pm_sandbox_timeout");
}

/// The outcome comes by webhook only, late and twice.
fn a_late_and_doubled_webhook_is_settled_and_charged_once(shop: &Shop) {
    settles(shop, "pm_sandbox_slow");
}

fn a_lost_answer_is_captured_once_when_accepted(shop: &Shop) {
    for method in ["pm_sandbox_timeout", "pm_sandbox_slow"] {
        let order = shop.place("blinds", &[(0, 2)], method);
        shop.wait_status(order.id(), "payment_authorised");
        shop.merchants_fire(order.id(), "confirm", &serde_json::json!({}));
        shop.wait_status(order.id(), "confirmed");
        assert_captured_once(&shop.wait_payment(order.id(), "captured"));
    }
}

fn a_disputed_payment_is_captured_and_then_disputed(shop: &Shop) {
    let order = shop.place("retail", &[(0, 1)], "pm_card_createDispute");
    shop.wait_status(order.id(), "confirmed");
    let order = shop.wait_payment(order.id(), "disputed");
    assert_eq!(order.s("status"), "confirmed", "an axis of its own, never mixed into the status");
}

fn money_from_outside_is_waited_for(shop: &Shop) {
    for (channel, status) in [("retail", "pending"), ("mall", "new")] {
        let order = shop.place(channel, &[(0, 1)], "pm_offline");
        assert_eq!((order.s("status"), order.s("paymentStatus")), (status, "pending"));
        assert_captured_once(&order);
    }
}

fn a_payment_of_an_order_is_listed_with_it(shop: &Shop) {
    let order = shop.view(&shop.ready("retail"));
    assert!(!order.list("payments").is_empty(), "{order:#}");
    assert!(order["payments"][0].id().starts_with("pay_"), "{order:#}");
}
