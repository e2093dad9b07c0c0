//! The marketplace of sellers: pending when paid, acknowledged, shipped with a tracking number, completed.

use serde_json::json;

use crate::shop::orders::{assert_sums, captured};
use crate::shop::{Json, Shop};

scenarios! {
    shared:
        a_paid_order_waits_for_its_seller,
        labels_are_in_the_readers_language,
        the_seller_takes_it_to_completed,
        the_buyer_may_complete,
        the_marketplace_owner_may_do_every_step,
        the_buyer_cancels_before_shipping,
        the_seller_cancels_before_shipping,
        buyer_and_seller_cannot_cancel_after_shipping,
        a_declined_order_is_cancelled,
        a_whole_refund_of_a_completed_order_is_refunded,
        a_partial_refund_leaves_it_completed,
        a_shipment_of_the_seller_ships_the_order;
}

/// An order that its seller has acknowledged and shipped.
fn shipped(shop: &Shop) -> String {
    let id = shop.ready("bazaar");
    let seller = shop.merchant_of("bazaar", 0);
    assert_eq!(seller.fire(&id, "acknowledge", &json!({})).expect(200).s("status"), "processing");
    let tracking = json!({ "trackingNumber": "UPS-9", "carrier": "ups", "trackingUrl": "https://example.org/UPS-9" });
    assert_eq!(seller.fire(&id, "ship", &tracking).expect(200).s("status"), "shipped");
    id
}

fn a_paid_order_waits_for_its_seller(shop: &Shop) {
    let id = shop.ready("bazaar");
    let order = shop.view(&id);
    assert_eq!((order.s("status"), order.s("paymentStatus")), ("pending", "captured"));
    assert_eq!(captured(&order), order.n("total"));
    assert_eq!(order.s("currency"), "USD");
    let seen = shop.merchant_of("bazaar", 0).view(&id);
    assert_eq!(seen.list("items").len(), 1);
    assert_sums(&order);
}

fn the_seller_takes_it_to_completed(shop: &Shop) {
    let id = shipped(shop);
    let order = shop.view(&id);
    assert_eq!(order.s("shippingStatus"), "shipped");
    assert!(order.list("shipments").iter().any(|shipment| shipment.to_string().contains("UPS-9")), "{order:#}");
    let order = shop.merchant_of("bazaar", 0).fire(&id, "complete", &json!({})).expect(200);
    assert_eq!(order.s("status"), "completed");
}

fn the_buyer_may_complete(shop: &Shop) {
    let id = shipped(shop);
    assert_eq!(shop.customer(0).fire(&id, "complete", &json!({})).expect(200).s("status"), "completed");
}

fn the_marketplace_owner_may_do_every_step(shop: &Shop) {
    let id = shop.ready("bazaar");
    let admin = shop.admin();
    admin.fire(&id, "acknowledge", &json!({})).expect(200);
    admin.fire(&id, "ship", &json!({ "trackingNumber": "X-1" })).expect(200);
    assert_eq!(admin.fire(&id, "complete", &json!({})).expect(200).s("status"), "completed");
}

fn the_buyer_cancels_before_shipping(shop: &Shop) {
    for acknowledged in [false, true] {
        let id = shop.ready("bazaar");
        if acknowledged {
            shop.merchants_fire(&id, "acknowledge", &json!({}));
        }
        let total = shop.view(&id).n("total");
        assert_eq!(shop.customer(0).cancel(&id).expect(200).s("status"), "cancelled");
        let order = shop.wait_refunded(&id, total);
        assert_eq!(order.s("status"), "cancelled", "a refund caused by a cancel leaves it cancelled");
        assert_sums(&order);
    }
}

fn the_seller_cancels_before_shipping(shop: &Shop) {
    let id = shop.ready("bazaar");
    let total = shop.view(&id).n("total");
    shop.merchant_of("bazaar", 0).fire(&id, "cancel", &json!({})).expect(200);
    let order = shop.wait_refunded(&id, total);
    assert_eq!(order.s("status"), "cancelled");
}

fn buyer_and_seller_cannot_cancel_after_shipping(shop: &Shop) {
    let id = shipped(shop);
    shop.unchanged(&id, || {
        shop.customer(0).cancel(&id).problem(409);
        shop.merchant_of("bazaar", 0).fire(&id, "cancel", &json!({})).problem(409);
    });
}

fn a_declined_order_is_cancelled(shop: &Shop) {
    let order = shop.place("bazaar", &[(0, 1)], "pm_card_chargeDeclinedInsufficientFunds");
    let order = shop.wait_status(order.id(), "cancelled");
    assert_eq!(order.s("paymentStatus"), "failed");
    assert_eq!(captured(&order), 0);
}

fn a_whole_refund_of_a_completed_order_is_refunded(shop: &Shop) {
    let id = shipped(shop);
    shop.customer(0).fire(&id, "complete", &json!({})).expect(200);
    shop.ops().refund(&id, &json!({ "reason": "lost in transit", "initiatePaymentRefund": true })).expect(201);
    let order = shop.wait_status(&id, "refunded");
    assert_eq!(order.s("paymentStatus"), "refunded");
    assert_sums(&order);
}

fn a_partial_refund_leaves_it_completed(shop: &Shop) {
    let id = shipped(shop);
    shop.customer(0).fire(&id, "complete", &json!({})).expect(200);
    let refund = json!({ "amount": 1, "reason": "scratch", "initiatePaymentRefund": true });
    shop.admin().refund(&id, &refund).expect(201);
    let order = shop.wait_refunded(&id, 1);
    assert_eq!((order.s("status"), order.s("paymentStatus")), ("completed", "partially_refunded"));
}

fn a_shipment_of_the_seller_ships_the_order(shop: &Shop) {
    let id = shop.ready("bazaar");
    let seller = shop.merchant_of("bazaar", 0);
    seller.fire(&id, "acknowledge", &json!({})).expect(200);
    let shipment = json!({ "carrier": "ups", "trackingNumber": "UPS-10" });
    seller.post(&format!("/merchant/orders/{id}/shipments"), &shipment).expect(201);
    let order = shop.wait_status(&id, "shipped");
    assert_eq!(order.list("shipments").len(), 1, "{order:#}");
}

fn labels_are_in_the_readers_language(shop: &Shop) {
    let id = shop.ready("bazaar");
    let read = |languages: &str| {
        let (customer, path) = (shop.customer(0), format!("/storefront/orders/{id}"));
        let reply = customer.call("GET", &path).header("accept-language", languages).send();
        let told = (reply.header("content-language").map(str::to_owned), reply.header("vary").map(str::to_owned));
        let order = reply.expect(200);
        assert_eq!(order["items"][0]["displayStatus"], order["displayStatus"]);
        (order.s("displayStatus").to_owned(), told)
    };
    let vary = Some("Accept-Language".to_owned());
    for (languages, expected, tag) in [
        ("de", "Bestellung eingegangen", "de"),
        ("de-CH, en;q=0.5", "Bestellung eingegangen", "de"),
        ("en, de;q=0.9", "Order received", "en"),
        ("fr", "Order received", "en"),
        ("de;q=0, *", "Order received", "en"),
        (";;;", "Order received", "en"),
    ] {
        assert_eq!(read(languages), (expected.to_owned(), (Some(tag.to_owned()), vary.clone())), "{languages}");
    }
    let list = shop.admin().call("GET", "/admin/orders?channel=bazaar,retail").header("accept-language", "de").send();
    assert!(
        list.header("content-language").is_some_and(|l| l == "de, en" || l == "de" || l == "en"),
        "both kinds of orders"
    );
    let problem = shop.anyone().call("GET", "/admin/orders").header("accept-language", "de").send();
    assert_eq!((problem.status, problem.header("content-language")), (401, None), "nothing to read");
}
