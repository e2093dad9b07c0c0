//! What each of the three portals shows of a mall item in each of its nine statuses, exactly as the tables say.

use serde_json::{Value, json};

use super::mall::{CancelWindow, refund_what_is_left};
use crate::shop::{Json, Shop};

scenarios! {
    shared:
        new,
        sent_to_merchant,
        canceled_by_merchant,
        shipped_by_merchant,
        delivered;
    clock:
        paid,
        canceled_by_the_customer,
        canceled_by_the_administrator,
        refunded,
        closed_after_delivery,
        closed_after_a_refund;
}

/// One table: what the back office, the merchant portal and the storefront show.
struct Labels<'l> {
    administrator: &'l str,
    merchant: &'l str,
    customer: &'l str,
}

/// The merchant does not see the order at all.
const UNSEEN: &str = "N/A";

const NEW: Labels = Labels { administrator: "New", merchant: UNSEEN, customer: "Confirmed / Accepted" };
const PAID: Labels = Labels { administrator: "Paid", merchant: UNSEEN, customer: "In Progress" };
const CANCELED: Labels = Labels { administrator: "Canceled", merchant: UNSEEN, customer: "Canceled" };
const REFUNDED: Labels = Labels { administrator: "Refunded", merchant: UNSEEN, customer: "Refunded" };
const SENT: Labels = Labels { administrator: "Sent to Merchant", merchant: "New", customer: "In Progress" };
const CANCELED_BY_MERCHANT: Labels =
    Labels { administrator: "Canceled", merchant: "Canceled by Merchant", customer: "Canceled" };
const SHIPPED: Labels =
    Labels { administrator: "Shipped by Merchant", merchant: "Shipped", customer: "Shipped Expected by 2031-02-03" };

fn delivered_on(date: &str) -> String {
    format!("Delivered on {date}")
}

/// The order of one item, and the item, show this label to whoever asked.
#[track_caller]
fn shows(order: &Value, label: &str) {
    assert_eq!(order["items"][0].s("displayStatus"), label, "the item: {order:#}");
    assert_eq!(order.s("displayStatus"), label, "the order: {order:#}");
}

/// Compares the three portals with a table.
#[track_caller]
fn check(shop: &Shop, id: &str, labels: &Labels) {
    let order = shop.view(id);
    shows(&order, labels.administrator);
    // Staff see the merchant's side of the item beside their own.
    assert_eq!(order["items"][0].s("merchantDisplayStatus"), labels.merchant, "{order:#}");
    shows(&shop.customer(0).view(id), labels.customer);
    let merchant = shop.merchant_of("mall", 0);
    if labels.merchant == UNSEEN {
        merchant.get(&merchant.path(id, "")).problem(404);
    } else {
        let seen = merchant.view(id);
        shows(&seen, labels.merchant);
        assert_eq!(seen["merchantOrders"][0].s("displayStatus"), labels.merchant, "{seen:#}");
    }
}

/// A paid order in a cancel window.
fn paid_order(shop: &Shop) -> String {
    let order = shop.place("mall", &[(0, 1)], "pm_card_visa");
    shop.wait_status(order.id(), "paid");
    shop.wait_payment(order.id(), "captured");
    order.id().to_owned()
}

fn ship(shop: &Shop) -> String {
    let id = shop.ready("mall");
    shop.merchant_of("mall", 0).fire(&id, "ship", &json!({ "expectedBy": "2031-02-03" })).expect(200);
    shop.wait_status(&id, "shipped_by_merchant");
    id
}

/// A delivered order and the date of its delivery.
fn deliver(shop: &Shop) -> (String, String) {
    let id = ship(shop);
    shop.merchant_of("mall", 0).fire(&id, "deliver", &json!({})).expect(200);
    let order = shop.wait_status(&id, "delivered");
    let date = order["items"][0].s("deliveredAt")[..10].to_owned();
    (id, date)
}

fn new(shop: &Shop) {
    let order = shop.place("mall", &[(0, 1)], "pm_offline");
    assert_eq!(order.s("displayStatus"), NEW.customer, "also in the answer to the placement");
    check(shop, order.id(), &NEW);
}

fn paid(shop: &Shop) {
    let _window = CancelWindow::of(shop, "2h");
    check(shop, &paid_order(shop), &PAID);
}

/// The refund may follow at once, so the answer to the cancellation is what shows the status.
fn canceled_by_the_customer(shop: &Shop) {
    let _window = CancelWindow::of(shop, "2h");
    let id = paid_order(shop);
    let order = shop.customer(0).cancel(&id).expect(200);
    shows(&order, CANCELED.customer);
    let merchant = shop.merchant_of("mall", 0);
    merchant.get(&merchant.path(&id, "")).problem(404);
}

fn canceled_by_the_administrator(shop: &Shop) {
    let _window = CancelWindow::of(shop, "2h");
    let order = shop.admin().cancel(&paid_order(shop)).expect(200);
    shows(&order, CANCELED.administrator);
    assert_eq!(order["items"][0].s("merchantDisplayStatus"), CANCELED.merchant);
    // Without money to give back, a canceled order stays what it is, and all three can look at it.
    let unpaid = shop.place("mall", &[(0, 1)], "pm_offline");
    shop.admin().cancel(unpaid.id()).expect(200);
    check(shop, unpaid.id(), &CANCELED);
}

fn canceled_and_refunded(shop: &Shop) -> String {
    let id = paid_order(shop);
    shop.customer(0).cancel(&id).expect(200);
    refund_what_is_left(shop, &id);
    shop.wait_status(&id, "refunded");
    id
}

fn refunded(shop: &Shop) {
    let _window = CancelWindow::of(shop, "2h");
    check(shop, &canceled_and_refunded(shop), &REFUNDED);
}

fn sent_to_merchant(shop: &Shop) {
    check(shop, &shop.ready("mall"), &SENT);
}

fn canceled_by_merchant(shop: &Shop) {
    let id = shop.ready("mall");
    let order = shop.merchant_of("mall", 0).fire(&id, "cancel", &json!({})).expect(200);
    shows(&order, CANCELED_BY_MERCHANT.merchant);
    check(shop, &id, &CANCELED_BY_MERCHANT);
}

fn shipped_by_merchant(shop: &Shop) {
    check(shop, &ship(shop), &SHIPPED);
}

fn delivered(shop: &Shop) {
    let (id, date) = deliver(shop);
    let customer = delivered_on(&date);
    check(shop, &id, &Labels { administrator: "Delivered", merchant: "Delivered", customer: &customer });
}

fn closed_after_delivery(shop: &Shop) {
    let (id, date) = deliver(shop);
    shop.advance("61d");
    shop.wait_status(&id, "closed");
    shop.wait(&id, "is closed for the merchant", |order| order["items"][0].s("merchantStatus") == "closed");
    let customer = delivered_on(&date);
    check(shop, &id, &Labels { administrator: "Delivered", merchant: "Delivered", customer: &customer });
}

fn closed_after_a_refund(shop: &Shop) {
    let id = {
        let _window = CancelWindow::of(shop, "2h");
        canceled_and_refunded(shop)
    };
    shop.advance("90d");
    shop.wait_status(&id, "closed");
    check(shop, &id, &REFUNDED);
}
