//! The marketplace that splits orders among merchants: payment, the cancel window, the split, shipping, delivery, and
//! closing by timer on both sides. Labels are in `mall_labels`, several merchants in `mall_merchants`.

use serde_json::{Value, json};

use crate::shop::orders::{assert_sums, captured};
use crate::shop::{Json, Shop};

scenarios! {
    shared:
        a_paid_order_is_sent_to_its_merchant,
        an_offline_order_waits_as_new_until_it_is_paid,
        an_unpaid_order_is_not_shown_to_merchants,
        the_administrator_cancels_an_unpaid_order,
        the_merchant_ships_and_delivers,
        the_merchant_cancels,
        the_customer_cannot_cancel_after_the_split,
        a_refund_of_a_delivered_order_leaves_it_delivered,
        a_declined_order_stays_new_and_is_paid_again;
    clock:
        a_timer_fires_within_a_second,
        the_customer_cancels_in_the_window_then_refunded_then_closed,
        the_administrator_cancels_in_the_window,
        the_window_ends_and_the_order_is_split,
        a_delivered_order_closes_on_both_sides,
        a_declined_order_is_canceled_when_the_payment_window_ends;
}

fn a_timer_fires_within_a_second(shop: &Shop) {
    let _window = CancelWindow::of(shop, "1s");
    let id = shop.place("mall", &[(0, 1)], "pm_card_visa").id().to_owned();
    shop.wait_status(&id, "sent_to_merchant");
    let timeline = shop.timeline_as(&shop.admin(), &id);
    let at = |status: &str| {
        let entry = timeline.iter().find(|e| e.s("type") == "status_changed" && e["metadata"]["to"] == status);
        let instant = entry.expect("a change of status").s("createdAt").parse::<jiff::Timestamp>().expect("an instant");
        instant.as_millisecond()
    };
    let rested_ms = at("sent_to_merchant") - at("paid");
    assert!((1000..2000).contains(&rested_ms), "a window of 1000 ms took {rested_ms} ms");
}

/// A cancel window for as long as this lives; without one again afterwards, also when the scenario fails.
pub struct CancelWindow<'s>(&'s Shop);

impl<'s> CancelWindow<'s> {
    pub fn of(shop: &'s Shop, length: &str) -> CancelWindow<'s> {
        set_window(shop, length).expect(200);
        CancelWindow(shop)
    }
}

impl Drop for CancelWindow<'_> {
    fn drop(&mut self) {
        set_window(self.0, "0m");
    }
}

fn set_window(shop: &Shop, length: &str) -> crate::shop::Reply {
    shop.admin().patch("/admin/settings", &json!({ "channel": "mall", "cancelWindow": length }))
}

/// Makes sure that the whole captured sum goes back. Whether a cancel starts the refund by itself or leaves it to the
/// administrator is open, so a refund with nothing left to refund is as good.
pub fn refund_what_is_left(shop: &Shop, id: &str) {
    let refund = json!({ "reason": "canceled", "initiatePaymentRefund": true });
    shop.admin().refund(id, &refund).one_of(&[201, 409]);
}

fn shipping() -> Value {
    json!({ "expectedBy": "2030-05-17", "trackingNumber": "M-1", "carrier": "dhl" })
}

/// An order that its merchant shipped and delivered.
fn delivered(shop: &Shop) -> String {
    let id = shop.ready("mall");
    let merchant = shop.merchant_of("mall", 0);
    merchant.fire(&id, "ship", &shipping()).expect(200);
    merchant.fire(&id, "deliver", &json!({})).expect(200);
    shop.wait_status(&id, "delivered");
    id
}

fn a_paid_order_is_sent_to_its_merchant(shop: &Shop) {
    let order = shop.view(&shop.ready("mall"));
    assert_eq!(order.s("currency"), "EUR");
    assert_eq!(order["items"][0].s("status"), "sent_to_merchant");
    assert_eq!(order["items"][0].s("merchantStatus"), "new");
    let merchant_orders = order.list("merchantOrders");
    assert_eq!(merchant_orders.len(), 1);
    assert_eq!(merchant_orders[0].s("status"), "new");
    assert_eq!(merchant_orders[0].s("orderId"), order.id());
    assert_eq!(captured(&order), order.n("total"));
    assert_sums(&order);
}

fn an_offline_order_waits_as_new_until_it_is_paid(shop: &Shop) {
    let order = shop.place("mall", &[(0, 1)], "pm_offline");
    let id = order.id();
    assert_eq!((order.s("status"), order.s("paymentStatus")), ("new", "pending"));
    shop.ops().fire(id, "pay", &json!({})).expect(200);
    shop.wait_status(id, "sent_to_merchant");
    let order = shop.wait_payment(id, "captured");
    assert_eq!(captured(&order), order.n("total"));
    shop.unchanged(id, || drop(shop.ops().fire(id, "pay", &json!({})).problem(409)));
}

fn an_unpaid_order_is_not_shown_to_merchants(shop: &Shop) {
    let order = shop.place("mall", &[(0, 1)], "pm_offline");
    assert_eq!(order.list("merchantOrders").len(), 0, "no split before the payment: {order:#}");
    let merchant = shop.merchant_of("mall", 0);
    merchant.get(&merchant.path(order.id(), "")).problem(404);
    let first = merchant.get("/merchant/orders?limit=200").expect(200);
    assert!(first.list("data").iter().all(|seen| seen.id() != order.id()), "nor in the list");
    shop.unchanged(order.id(), || drop(merchant.fire(order.id(), "ship", &shipping()).problem(404)));
}

fn the_administrator_cancels_an_unpaid_order(shop: &Shop) {
    let order = shop.place("mall", &[(0, 1)], "pm_offline");
    let order = shop.admin().cancel(order.id()).expect(200);
    assert_eq!(order.s("status"), "canceled");
    assert_eq!(order.n("refundedTotal"), 0);
    shop.admin().fire(order.id(), "pay", &json!({})).problem(409);
}

fn the_merchant_ships_and_delivers(shop: &Shop) {
    let id = shop.ready("mall");
    let merchant = shop.merchant_of("mall", 0);
    shop.unchanged(&id, || merchant.fire(&id, "ship", &json!({ "carrier": "dhl" })).wrong(&["/expectedBy"]));
    merchant.fire(&id, "ship", &shipping()).expect(200);
    let order = shop.wait_status(&id, "shipped_by_merchant");
    assert_eq!(order["items"][0].s("merchantStatus"), "shipped");
    assert_eq!(order["items"][0].s("expectedBy"), "2030-05-17");
    assert_eq!(order["merchantOrders"][0].s("status"), "shipped");
    assert_eq!(order.s("shippingStatus"), "shipped");
    merchant.fire(&id, "deliver", &json!({})).expect(200);
    let order = shop.wait_status(&id, "delivered");
    assert_eq!(order["items"][0].s("merchantStatus"), "delivered");
    assert_eq!(order["merchantOrders"][0].s("status"), "delivered");
    assert!(order["items"][0]["deliveredAt"].is_string());
    assert_eq!(order.s("shippingStatus"), "delivered");
}

fn the_merchant_cancels(shop: &Shop) {
    let id = shop.ready("mall");
    shop.merchant_of("mall", 0).fire(&id, "cancel", &json!({})).expect(200);
    let order = shop.wait_status(&id, "canceled_by_merchant");
    assert_eq!(order["items"][0].s("merchantStatus"), "canceled_by_merchant");
    assert_eq!(order["merchantOrders"][0].s("status"), "canceled_by_merchant");
    shop.merchant_of("mall", 0).fire(&id, "ship", &shipping()).problem(409);
}

fn the_customer_cannot_cancel_after_the_split(shop: &Shop) {
    let id = shop.ready("mall");
    shop.unchanged(&id, || drop(shop.customer(0).cancel(&id).problem(409)));
}

fn a_refund_of_a_delivered_order_leaves_it_delivered(shop: &Shop) {
    let id = delivered(shop);
    refund_what_is_left(shop, &id);
    let order = shop.wait_payment(&id, "refunded");
    assert_eq!(order.s("status"), "delivered", "refunded follows only canceled here");
    assert_eq!(order.n("refundedTotal"), order.n("total"));
    assert_sums(&order);
}

fn a_declined_order_stays_new_and_is_paid_again(shop: &Shop) {
    let order = shop.place("mall", &[(0, 1)], "pm_card_chargeDeclined");
    let id = order.id();
    assert_eq!(shop.wait_payment(id, "failed").s("status"), "new");
    shop.customer(0).pay(id, "pm_card_visa").one_of(&[200, 201, 202]);
    shop.wait_status(id, "sent_to_merchant");
    let order = shop.wait_payment(id, "captured");
    assert_eq!(captured(&order), order.n("total"));
}

fn the_customer_cancels_in_the_window_then_refunded_then_closed(shop: &Shop) {
    let _window = CancelWindow::of(shop, "2h");
    let order = shop.place("mall", &[(0, 1)], "pm_card_visa");
    let id = order.id();
    shop.wait_status(id, "paid");
    let total = shop.wait_payment(id, "captured").n("total");
    shop.advance("1h");
    assert_eq!(shop.customer(0).cancel(id).expect(200).s("status"), "canceled");
    refund_what_is_left(shop, id);
    let order = shop.wait_status(id, "refunded");
    assert_eq!((order.n("refundedTotal"), order.s("paymentStatus")), (total, "refunded"));
    assert_sums(&order);
    shop.advance("90d");
    let order = shop.wait_status(id, "closed");
    assert_eq!(order["items"][0].s("status"), "closed");
    assert_eq!(order.list("merchantOrders").len(), 0, "no merchant was ever involved: {order:#}");
}

fn the_administrator_cancels_in_the_window(shop: &Shop) {
    let _window = CancelWindow::of(shop, "2h");
    let order = shop.place("mall", &[(0, 1)], "pm_card_visa");
    shop.wait_status(order.id(), "paid");
    shop.wait_payment(order.id(), "captured");
    assert_eq!(shop.admin().cancel(order.id()).expect(200).s("status"), "canceled");
    refund_what_is_left(shop, order.id());
    shop.wait_status(order.id(), "refunded");
}

fn the_window_ends_and_the_order_is_split(shop: &Shop) {
    let _window = CancelWindow::of(shop, "2h");
    let order = shop.place("mall", &[(0, 1), (1, 1)], "pm_card_visa");
    shop.wait_status(order.id(), "paid");
    shop.advance("1h");
    assert_eq!(shop.view(order.id()).s("status"), "paid");
    shop.advance("61m");
    let order = shop.wait_status(order.id(), "sent_to_merchant");
    assert_eq!(order.list("merchantOrders").len(), 2);
    shop.customer(0).cancel(order.id()).problem(409);
}

fn a_delivered_order_closes_on_both_sides(shop: &Shop) {
    let id = delivered(shop);
    // Return windows are at most 60 days.
    shop.advance("61d");
    let order = shop.wait_status(&id, "closed");
    assert_eq!(order["items"][0].s("status"), "closed");
    let order =
        shop.wait(&id, "is closed for the merchant", |order| order["merchantOrders"][0].s("status") == "closed");
    assert_eq!(order["items"][0].s("merchantStatus"), "closed");
    assert_eq!(order.s("shippingStatus"), "delivered");
    assert_eq!(order.s("paymentStatus"), "captured");
    shop.unchanged(&id, || drop(shop.merchant_of("mall", 0).fire(&id, "deliver", &json!({})).problem(409)));
}

fn a_declined_order_is_canceled_when_the_payment_window_ends(shop: &Shop) {
    let order = shop.place("mall", &[(0, 1)], "pm_card_chargeDeclined");
    shop.wait_payment(order.id(), "failed");
    shop.advance("90d");
    // A canceled order that was never paid may also have closed by then.
    let order = shop.wait(order.id(), "ends", |order| ["canceled", "closed"].contains(&order.s("status")));
    assert_eq!(captured(&order), 0);
}
