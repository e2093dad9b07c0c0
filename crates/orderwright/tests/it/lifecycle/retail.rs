//! Retail: a paid order is confirmed by itself, staff record its progress, customers may cancel before shipping, a
//! declined payment can be repeated until the payment window ends.

use serde_json::json;

use crate::shop::orders::{assert_sums, captured};
use crate::shop::{Json, Shop};

scenarios! {
    shared:
        a_paid_order_is_confirmed_by_itself,
        staff_take_an_order_to_delivered,
        the_owner_of_the_channel_records_progress_too,
        the_target_status_is_the_event,
        the_customer_cancels_before_shipping_and_gets_everything_back,
        the_customer_cannot_cancel_after_shipping,
        a_whole_refund_of_a_delivered_order_is_refunded,
        a_shipment_ships_the_order,
        an_unpaid_order_stays_pending,
        a_declined_order_stays_pending_and_is_paid_again,
        a_second_decline_leaves_it_payable,
        a_confirmed_order_cannot_be_paid_again;
    clock:
        a_declined_order_is_cancelled_when_the_payment_window_ends;
}

fn a_paid_order_is_confirmed_by_itself(shop: &Shop) {
    let id = shop.ready("retail");
    let order = shop.view(&id);
    assert_eq!(captured(&order), order.n("total"));
    assert_eq!(order.s("currency"), "INR");
    assert_sums(&order);
}

fn staff_take_an_order_to_delivered(shop: &Shop) {
    let id = shop.ready("retail");
    for status in ["processing", "shipped", "delivered"] {
        let order = shop.ops().set_status(&id, status).expect(200);
        assert_eq!(order.s("status"), status, "the order as committed");
        assert!(order.list("items").iter().all(|item| item.s("status") == status), "{order:#}");
    }
    let order = shop.view(&id);
    assert_eq!(order.s("shippingStatus"), "delivered");
    assert!(order["items"][0]["deliveredAt"].is_string());
    assert_eq!(order.s("paymentStatus"), "captured");
}

fn the_owner_of_the_channel_records_progress_too(shop: &Shop) {
    let id = shop.ready("retail");
    shop.retailer("retail").set_status(&id, "processing").expect(200);
    let noted = json!({ "status": "shipped", "note": "Order shipped via BlueDart" });
    shop.retailer("retail").patch(&format!("/admin/orders/{id}/status"), &noted).expect(200);
    let timeline = serde_json::to_string(&shop.timeline_as(&shop.admin(), &id)).expect("JSON");
    assert!(timeline.contains("Order shipped via BlueDart"), "the note is kept: {timeline}");
}

fn the_target_status_is_the_event(shop: &Shop) {
    let id = shop.ready("retail");
    for status in ["processing", "shipped", "delivered"] {
        let order = shop.admin().fire(&id, status, &json!({})).expect(200);
        assert_eq!(order.s("status"), status);
    }
}

fn the_customer_cancels_before_shipping_and_gets_everything_back(shop: &Shop) {
    for progress in ["confirmed", "processing"] {
        let id = shop.ready("retail");
        if progress == "processing" {
            shop.admin().set_status(&id, progress).expect(200);
        }
        let total = shop.view(&id).n("total");
        assert_eq!(shop.customer(0).cancel(&id).expect(200).s("status"), "cancelled");
        let order = shop.wait_refunded(&id, total);
        assert_eq!(order.s("status"), "cancelled");
        assert_eq!(order.s("paymentStatus"), "refunded");
        assert_sums(&order);
    }
}

fn the_customer_cannot_cancel_after_shipping(shop: &Shop) {
    let id = shop.ready("retail");
    for status in ["processing", "shipped", "delivered"] {
        shop.admin().set_status(&id, status).expect(200);
        if status != "processing" {
            shop.unchanged(&id, || drop(shop.customer(0).cancel(&id).problem(409)));
        }
    }
}

fn a_whole_refund_of_a_delivered_order_is_refunded(shop: &Shop) {
    let id = shop.ready("retail");
    for status in ["processing", "shipped", "delivered"] {
        shop.admin().set_status(&id, status).expect(200);
    }
    shop.admin().refund(&id, &json!({ "reason": "damaged", "initiatePaymentRefund": true })).expect(201);
    let order = shop.wait_status(&id, "refunded");
    assert_eq!(order.s("paymentStatus"), "refunded");
    assert_eq!(order.n("refundedTotal"), order.n("total"));
}

fn a_shipment_ships_the_order(shop: &Shop) {
    let id = shop.ready("retail");
    shop.admin().set_status(&id, "processing").expect(200);
    let shipment = json!({ "carrier": "bluedart", "trackingNumber": "BD-77" });
    shop.admin().post(&format!("/admin/orders/{id}/shipments"), &shipment).expect(201);
    let order = shop.wait_status(&id, "shipped");
    assert_eq!(order.list("shipments").len(), 1, "{order:#}");
    assert!(order["shipments"][0].to_string().contains("BD-77"), "{order:#}");
    assert_eq!(order.s("shippingStatus"), "shipped");
}

fn an_unpaid_order_stays_pending(shop: &Shop) {
    let order = shop.place("retail", &[(0, 1)], "pm_offline");
    assert_eq!(order.s("status"), "pending");
    assert_eq!(order.s("paymentStatus"), "pending");
    assert_eq!(captured(&order), 0);
}

fn a_declined_order_stays_pending_and_is_paid_again(shop: &Shop) {
    let order = shop.place("retail", &[(0, 1)], "pm_card_chargeDeclined");
    let id = order.id();
    assert_eq!(shop.wait_payment(id, "failed").s("status"), "pending");
    // Which 2xx a repeated payment answers with is left open.
    shop.customer(0).pay(id, "pm_card_visa").one_of(&[200, 201, 202]);
    let order = shop.wait_status(id, "confirmed");
    let order = if captured(&order) > 0 { order } else { shop.wait_payment(id, "captured") };
    assert_eq!(captured(&order), order.n("total"), "paid once: {order:#}");
}

fn a_second_decline_leaves_it_payable(shop: &Shop) {
    let order = shop.place("retail", &[(0, 1)], "pm_card_chargeDeclinedExpiredCard");
    let id = order.id();
    shop.wait_payment(id, "failed");
    shop.customer(0).pay(id, "pm_card_chargeDeclinedInsufficientFunds").one_of(&[200, 201, 202]);
    let order = shop.wait_payment(id, "failed");
    assert_eq!(order.s("status"), "pending");
    // The second attempt may still be under way when the first one's outcome is seen; then paying is refused for a moment.
    crate::shop::eventually("a third payment is taken", crate::shop::PATIENCE, || {
        let reply = shop.customer(0).pay(id, "pm_card_visa");
        if reply.status < 300 { Ok(()) } else { Err(reply.text) }
    });
    let order = shop.wait_status(id, "confirmed");
    assert_eq!(captured(&order), order.n("total"));
}

fn a_confirmed_order_cannot_be_paid_again(shop: &Shop) {
    let id = shop.ready("retail");
    shop.unchanged(&id, || drop(shop.customer(0).pay(&id, "pm_card_visa").problem(409)));
}

fn a_declined_order_is_cancelled_when_the_payment_window_ends(shop: &Shop) {
    let order = shop.place("retail", &[(0, 1)], "pm_card_chargeDeclined");
    shop.wait_payment(order.id(), "failed");
    // How long the window is, the channel decides; nobody waits for a quarter of a year.
    shop.advance("90d");
    let order = shop.wait_status(order.id(), "cancelled");
    assert_eq!(captured(&order), 0);
    shop.customer(0).pay(order.id(), "pm_card_visa").problem(409);
}
