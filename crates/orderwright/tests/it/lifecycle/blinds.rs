//! Made to order: authorise, route to the supplier, accept, capture, split four ways, make, send, deliver, refund.
//! What undoes an order is in `blinds_undo`.

use serde_json::json;

use crate::shop::orders::{assert_sums, captured};
use crate::shop::{Json, Shop};

scenarios! {
    shared:
        placement_authorises_and_captures_nothing,
        an_order_is_routed_to_the_supplier_of_each_item,
        acceptance_by_the_supplier_captures_and_confirms,
        the_captured_money_is_split_to_brand_supplier_retailer_and_platform,
        the_platform_may_accept_for_the_supplier,
        an_order_is_made_sent_and_confirmed_as_delivered_by_the_customer,
        a_delivered_order_refunded_in_full_is_refunded,
        a_partial_refund_takes_from_each_party_in_proportion,
        the_shop_owner_sees_the_full_breakdown;
}

/// An order that its suppliers accepted and that is captured.
fn confirmed(shop: &Shop, lines: &[(usize, i64)]) -> String {
    let id = shop.ready_with("blinds", lines);
    shop.merchants_fire(&id, "confirm", &json!({}));
    shop.wait_status(&id, "confirmed");
    shop.wait_payment(&id, "captured");
    id
}

/// The same, made and sent.
fn dispatched(shop: &Shop) -> String {
    let id = confirmed(shop, &[(0, 1)]);
    shop.merchants_fire(&id, "start_production", &json!({}));
    shop.wait_status(&id, "in_production");
    shop.merchants_fire(&id, "dispatch", &json!({ "trackingNumber": "BL-1", "carrier": "royal-mail" }));
    shop.wait_status(&id, "dispatched");
    id
}

fn placement_authorises_and_captures_nothing(shop: &Shop) {
    let id = shop.ready("blinds");
    let order = shop.view(&id);
    assert_eq!(order.s("status"), "payment_authorised");
    assert_eq!(order.s("paymentStatus"), "authorised", "funds are held, not captured");
    assert_eq!(captured(&order), 0, "{order:#}");
    assert_eq!(order.s("currency"), "GBP");
    assert_sums(&order);
}

fn an_order_is_routed_to_the_supplier_of_each_item(shop: &Shop) {
    let id = shop.ready_with("blinds", &[(0, 1), (1, 1)]);
    let order = shop.view(&id);
    for (n, item) in order.list("items").iter().enumerate() {
        assert_eq!(item.s("merchantId"), shop.offer("blinds", n).s("merchantId"), "the product's origin");
        let of_supplier: Vec<_> = order
            .list("merchantOrders")
            .iter()
            .filter(|merchant_order| merchant_order.list("itemIds").contains(&item["id"]))
            .collect();
        assert_eq!(of_supplier.len(), 1, "one supplier makes it: {order:#}");
        assert_eq!(of_supplier[0].s("merchantId"), item.s("merchantId"));
        // Nobody had to route it by hand: the supplier finds it among their orders.
        let seen = shop.merchant(item.s("merchantId")).view(&id);
        assert!(seen.each("items", "id").contains(&item.id()), "{seen:#}");
    }
}

fn acceptance_by_the_supplier_captures_and_confirms(shop: &Shop) {
    let id = confirmed(shop, &[(0, 2)]);
    let order = shop.view(&id);
    assert_eq!(captured(&order), order.n("total"), "{order:#}");
    assert_eq!(order.n("refundedTotal"), 0);
    assert_sums(&order);
}

fn the_captured_money_is_split_to_brand_supplier_retailer_and_platform(shop: &Shop) {
    let order = shop.view(&confirmed(shop, &[(0, 3)]));
    let mut parties: Vec<&str> = order.list("splits").iter().map(|split| split["party"].s("type")).collect();
    parties.sort_unstable();
    parties.dedup();
    assert_eq!(parties, ["brand", "platform", "retailer", "supplier"], "{order:#}");
    assert!(order.list("splits").iter().all(|split| split.n("amount") > 0), "each party has its part: {order:#}");
    assert_eq!(captured(&order), order.n("total"));
}

fn the_platform_may_accept_for_the_supplier(shop: &Shop) {
    let id = shop.ready("blinds");
    shop.ops().fire(&id, "confirm", &json!({})).expect(200);
    shop.wait_status(&id, "confirmed");
}

fn an_order_is_made_sent_and_confirmed_as_delivered_by_the_customer(shop: &Shop) {
    let id = dispatched(shop);
    let sent = shop.view(&id);
    assert_eq!(sent.s("shippingStatus"), "shipped");
    assert!(sent["items"][0]["deliveredAt"].is_null(), "{sent:#}");
    let delivered = shop.customer(0).fire(&id, "deliver", &json!({})).expect(200);
    assert_eq!(delivered.s("status"), "delivered");
    let delivered = shop.view(&id);
    assert_eq!(delivered.s("shippingStatus"), "delivered");
    assert!(delivered["items"][0]["deliveredAt"].is_string(), "{delivered:#}");
    assert_eq!(delivered.s("paymentStatus"), "captured", "delivery moves no money");
}

fn a_delivered_order_refunded_in_full_is_refunded(shop: &Shop) {
    let id = dispatched(shop);
    shop.customer(0).fire(&id, "deliver", &json!({})).expect(200);
    let total = shop.view(&id).n("total");
    let refund = json!({ "reason": "wrong width", "initiatePaymentRefund": true });
    let refund = shop.admin().refund(&id, &refund).expect(201);
    assert_eq!(refund.n("amount"), total, "neither amount nor items: all that is left");
    let order = shop.wait_status(&id, "refunded");
    assert_eq!(order.s("paymentStatus"), "refunded");
    assert_eq!(order.n("refundedTotal"), total);
    assert_sums(&order);
}

fn a_partial_refund_takes_from_each_party_in_proportion(shop: &Shop) {
    let id = confirmed(shop, &[(0, 3)]);
    let before = shop.view(&id);
    let total = before.n("total");
    let amount = total / 3;
    let refund = json!({ "amount": amount, "reason": "scratched", "initiatePaymentRefund": true });
    shop.admin().refund(&id, &refund).expect(201);
    let order = shop.wait_refunded(&id, amount);
    assert_eq!(order.s("status"), "confirmed", "a partial refund leaves the status alone");
    assert_eq!(order.s("paymentStatus"), "partially_refunded");
    for (split, was) in order.list("splits").iter().zip(before.list("splits")) {
        assert_eq!(split.n("amount"), was.n("amount"), "an amount never changes");
        let exact = split.n("amount") as f64 * amount as f64 / total as f64;
        assert!((split.n("refunded") as f64 - exact).abs() <= 1.0, "in proportion, up to rounding: {order:#}");
    }
    assert_sums(&order);
}

fn the_shop_owner_sees_the_full_breakdown(shop: &Shop) {
    let id = confirmed(shop, &[(0, 1)]);
    let order = shop.retailer("blinds").view(&id);
    assert!(order["customer"].s("email").contains('@'), "customer info: {order:#}");
    assert_eq!(order.list("items").len(), 1, "line items");
    assert!(!order.list("splits").is_empty(), "pricing split");
    assert_eq!(order.s("status"), "confirmed", "fulfilment status");
}
