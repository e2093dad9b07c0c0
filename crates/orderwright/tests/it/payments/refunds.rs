//! Refunds: the whole, an amount, an item, part of an item, booked outside; never more than is left.

use serde_json::{Value, json};

use crate::shop::orders::assert_sums;
use crate::shop::{Json, Shop};

scenarios! {
    shared:
        all_that_is_left_without_amount_or_items,
        an_amount_leaves_the_status_alone,
        two_partial_refunds_make_a_whole_one,
        more_than_is_left_is_refused,
        an_item_gives_back_its_exact_money,
        part_of_an_items_quantity,
        an_amount_for_an_item,
        the_same_item_is_not_refunded_twice,
        a_refund_made_outside_is_booked,
        an_unpaid_order_has_nothing_to_refund,
        a_refund_has_every_field,
        a_customer_asks_for_a_refund,
        a_customer_cannot_ask_for_more_than_was_paid;
}

fn refund(more: Value) -> Value {
    crate::shop::json::with(json!({ "reason": "Size mismatch", "initiatePaymentRefund": true }), &more)
}

/// The most that an item's refund can be: its own total and its part of the order-level amounts.
fn most_of(order: &Value, item: usize) -> i64 {
    order["items"][item].n("total") + order.n("shippingCost") + order.n("roundingAmount").abs()
}

fn all_that_is_left_without_amount_or_items(shop: &Shop) {
    let id = shop.ready_with("retail", &[(0, 2)]);
    let total = shop.view(&id).n("total");
    shop.admin().refund(&id, &refund(json!({ "amount": 1 }))).expect(201);
    shop.wait_refunded(&id, 1);
    let rest = shop.admin().refund(&id, &refund(json!({}))).expect(201);
    assert_eq!(rest.n("amount"), total - 1);
    let order = shop.wait_status(&id, "refunded");
    assert_eq!((order.n("refundedTotal"), order.s("paymentStatus")), (total, "refunded"));
    assert_sums(&order);
}

fn an_amount_leaves_the_status_alone(shop: &Shop) {
    let id = shop.ready("retail");
    shop.admin().refund(&id, &refund(json!({ "amount": 10 }))).expect(201);
    let order = shop.wait_refunded(&id, 10);
    assert_eq!((order.s("status"), order.s("paymentStatus")), ("confirmed", "partially_refunded"));
    assert_sums(&order);
    // And the order still goes its way.
    shop.admin().set_status(&id, "processing").expect(200);
}

fn two_partial_refunds_make_a_whole_one(shop: &Shop) {
    let id = shop.ready("retail");
    let total = shop.view(&id).n("total");
    for (part, so_far) in [(total / 3, total / 3), (total - total / 3, total)] {
        shop.admin().refund(&id, &refund(json!({ "amount": part }))).expect(201);
        shop.wait_refunded(&id, so_far);
    }
    let order = shop.wait_status(&id, "refunded");
    assert_eq!(order.list("refunds").len(), 2);
    assert_eq!(order.sum("refunds", "amount"), total);
}

fn more_than_is_left_is_refused(shop: &Shop) {
    let id = shop.ready("retail");
    let total = shop.view(&id).n("total");
    shop.unchanged(&id, || drop(shop.admin().refund(&id, &refund(json!({ "amount": total + 1 }))).problem(409)));
    shop.admin().refund(&id, &refund(json!({ "amount": 5 }))).expect(201);
    shop.wait_refunded(&id, 5);
    shop.unchanged(&id, || drop(shop.admin().refund(&id, &refund(json!({ "amount": total - 4 }))).problem(409)));
    shop.admin().refund(&id, &refund(json!({}))).expect(201);
    shop.wait_status(&id, "refunded");
    shop.unchanged(&id, || {
        shop.admin().refund(&id, &refund(json!({}))).problem(409);
        shop.admin().refund(&id, &refund(json!({ "amount": 1 }))).problem(409);
    });
}

fn an_item_gives_back_its_exact_money(shop: &Shop) {
    let id = shop.ready_with("retail", &[(0, 2), (1, 1)]);
    let order = shop.view(&id);
    let items = json!([{ "itemId": order["items"][0].id() }]);
    let made = shop.admin().refund(&id, &refund(json!({ "items": items }))).expect(201);
    let amount = made.n("amount");
    assert!((order["items"][0].n("total")..=most_of(&order, 0)).contains(&amount), "{made:#} of {order:#}");
    shop.wait_refunded(&id, amount);
    // The other item's is exactly what is left: nothing is lost between them.
    let items = json!([{ "itemId": order["items"][1].id() }]);
    let made = shop.admin().refund(&id, &refund(json!({ "items": items }))).expect(201);
    assert_eq!(made.n("amount"), order.n("total") - amount);
    shop.wait_status(&id, "refunded");
}

fn part_of_an_items_quantity(shop: &Shop) {
    let id = shop.ready_with("retail", &[(0, 3)]);
    let order = shop.view(&id);
    let one = refund(json!({ "items": [{ "itemId": order["items"][0].id(), "quantity": 1 }] }));
    let mut back = 0;
    for _ in 0..3 {
        let amount = shop.admin().refund(&id, &one).expect(201).n("amount");
        let third = order.n("total") as f64 / 3.0;
        assert!((amount as f64 - third).abs() <= 1.0, "a third, up to rounding: {amount} of {order:#}");
        back += amount;
        shop.wait_refunded(&id, back);
    }
    assert_eq!(back, order.n("total"), "three thirds are the whole");
    shop.unchanged(&id, || drop(shop.admin().refund(&id, &one).problem(409)));
}

fn an_amount_for_an_item(shop: &Shop) {
    let id = shop.ready_with("retail", &[(0, 1), (1, 1)]);
    let item = shop.view(&id)["items"][1].id().to_owned();
    let made = refund(json!({ "items": [{ "itemId": item, "amount": 3 }] }));
    assert_eq!(shop.admin().refund(&id, &made).expect(201).n("amount"), 3);
    let order = shop.wait_refunded(&id, 3);
    let beyond = refund(json!({ "items": [{ "itemId": item, "amount": most_of(&order, 1) }] }));
    shop.unchanged(&id, || drop(shop.admin().refund(&id, &beyond).problem(409)));
}

fn the_same_item_is_not_refunded_twice(shop: &Shop) {
    let id = shop.ready_with("retail", &[(0, 1), (1, 1)]);
    let item = shop.view(&id)["items"][0].id().to_owned();
    let made = refund(json!({ "items": [{ "itemId": item }] }));
    let amount = shop.admin().refund(&id, &made).expect(201).n("amount");
    shop.wait_refunded(&id, amount);
    shop.unchanged(&id, || drop(shop.admin().refund(&id, &made).problem(409)));
}

fn a_refund_made_outside_is_booked(shop: &Shop) {
    let id = shop.ready("retail");
    let outside = json!({ "reason": "cash at the counter", "initiatePaymentRefund": false });
    let made = shop.admin().refund(&id, &outside).expect(201);
    assert_eq!(made["initiatePaymentRefund"], false);
    let order = shop.wait_status(&id, "refunded");
    assert_eq!((order.n("refundedTotal"), order.s("paymentStatus")), (order.n("total"), "refunded"));
    assert_sums(&order);
}

fn an_unpaid_order_has_nothing_to_refund(shop: &Shop) {
    for (channel, method) in [("retail", "pm_offline"), ("blinds", "pm_card_visa"), ("studio", "pm_card_visa")] {
        let order = shop.place(channel, &[(0, 1)], method);
        if method == "pm_card_visa" {
            shop.wait_status(order.id(), crate::shop::orders::rests_at(channel).0);
        }
        shop.unchanged(order.id(), || {
            shop.admin().refund(order.id(), &refund(json!({}))).problem(409);
            shop.admin().refund(order.id(), &refund(json!({ "amount": 1 }))).problem(409);
        });
    }
}

fn a_refund_has_every_field(shop: &Shop) {
    let id = shop.ready("retail");
    let made = shop.admin().refund(&id, &refund(json!({ "amount": 7 }))).expect(201);
    let order = shop.wait_refunded(&id, 7);
    for refund in [&made, &order["refunds"][0]] {
        for field in [
            "id",
            "orderId",
            "amount",
            "currency",
            "reason",
            "status",
            "items",
            "initiatePaymentRefund",
            "createdBy",
            "createdAt",
        ] {
            assert!(refund.as_object().expect("an object").contains_key(field), "`{field}` in {refund:#}");
        }
        assert_eq!((refund.s("orderId"), refund.s("currency")), (&*id, "INR"));
        assert_eq!((refund.n("amount"), refund.s("reason")), (7, "Size mismatch"));
    }
    assert_eq!(order["refunds"][0].s("status"), "succeeded");
    assert_eq!(order["refunds"][0].id(), made.id());
}

/// A request that staff or policy decides: which of both, and when, is the shop's; the money is bounded either way.
fn a_customer_asks_for_a_refund(shop: &Shop) {
    let id = shop.ready("retail");
    let request = json!({ "amount": 20, "reason": "Damaged product" });
    let made = shop.customer(0).refund(&id, &request).expect(201);
    assert_eq!((made.n("amount"), made.s("reason")), (20, "Damaged product"));
    assert!(["pending", "succeeded"].contains(&made.s("status")), "{made:#}");
    assert!(shop.view(&id).list("refunds").iter().any(|refund| refund.id() == made.id()));
}

fn a_customer_cannot_ask_for_more_than_was_paid(shop: &Shop) {
    let id = shop.ready("retail");
    let request = json!({ "amount": shop.view(&id).n("total") + 1, "reason": "Damaged product" });
    shop.unchanged(&id, || drop(shop.customer(0).refund(&id, &request).problem(409)));
}
