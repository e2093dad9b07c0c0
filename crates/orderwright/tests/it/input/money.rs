//! Refund requests and payments that are wrong.

use serde_json::{Value, json};

use crate::shop::json::with;
use crate::shop::{Json, Shop};

scenarios! {
    shared:
        a_refund_must_be_of_something,
        a_refund_needs_a_reason,
        a_refund_takes_whole_minor_units,
        a_refund_refuses_unknown_fields,
        a_customers_request_refuses_the_same,
        a_payment_must_name_a_method;
}

fn refund(changes: Value) -> Value {
    with(json!({ "amount": 10, "reason": "late", "initiatePaymentRefund": true }), &changes)
}

#[track_caller]
fn all_wrong(shop: &Shop, bodies: &[Value]) {
    let id = shop.ready("retail");
    shop.unchanged(&id, || {
        for body in bodies {
            shop.admin().refund(&id, body).problem(422);
        }
    });
}

fn a_refund_must_be_of_something(shop: &Shop) {
    all_wrong(shop, &[refund(json!({ "amount": 0 })), refund(json!({ "amount": -1 }))]);
    let id = shop.ready("retail");
    let item = shop.view(&id)["items"][0].id().to_owned();
    shop.unchanged(&id, || {
        for line in
            [json!({ "quantity": 0 }), json!({ "quantity": -1 }), json!({ "amount": 0 }), json!({ "amount": -5 })]
        {
            let line = with(json!({ "itemId": item }), &line);
            let body = json!({ "items": [line], "reason": "late", "initiatePaymentRefund": true });
            shop.admin().refund(&id, &body).problem(422);
        }
        let beyond = json!([{ "itemId": item, "quantity": 2 }]);
        let body = json!({ "items": beyond, "reason": "late", "initiatePaymentRefund": true });
        shop.admin().refund(&id, &body).problem_of(&[409, 422]);
        let nothing = json!([{ "itemId": "itm_nothing" }]);
        let body = json!({ "items": nothing, "reason": "late", "initiatePaymentRefund": true });
        shop.admin().refund(&id, &body).problem(404);
    });
}

fn a_refund_needs_a_reason(shop: &Shop) {
    all_wrong(shop, &[refund(json!({ "reason": null })), json!({}), refund(json!({ "reason": 3 }))]);
}

fn a_refund_takes_whole_minor_units(shop: &Shop) {
    let amounts = [json!("10"), json!(1.5), json!(true), json!([10]), json!(1e30)];
    let bodies: Vec<Value> = amounts.into_iter().map(|amount| refund(json!({ "amount": amount }))).collect();
    all_wrong(shop, &bodies);
}

fn a_refund_refuses_unknown_fields(shop: &Shop) {
    all_wrong(
        shop,
        &[
            refund(json!({ "status": "succeeded" })),
            refund(json!({ "currency": "USD" })),
            refund(json!({ "initiatePaymentRefund": "yes" })),
            refund(json!({ "items": {} })),
        ],
    );
}

fn a_customers_request_refuses_the_same(shop: &Shop) {
    let id = shop.ready("retail");
    shop.unchanged(&id, || {
        for body in [
            json!({ "amount": 0, "reason": "x" }),
            json!({ "amount": -1, "reason": "x" }),
            json!({ "amount": 1 }),
            json!({ "amount": 1, "reason": "x", "initiatePaymentRefund": true }),
            json!({ "amount": "1", "reason": "x" }),
        ] {
            shop.customer(0).refund(&id, &body).problem(422);
        }
    });
}

fn a_payment_must_name_a_method(shop: &Shop) {
    let order = shop.place("retail", &[(0, 1)], "pm_card_chargeDeclined");
    let id = order.id();
    shop.wait_payment(id, "failed");
    let path = format!("/storefront/orders/{id}/payment");
    shop.unchanged(id, || {
        shop.customer(0).pay(id, "pm_card_unheard_of").wrong(&["/paymentMethod"]);
        for body in [json!({}), json!({ "paymentMethod": 1 }), json!({ "paymentMethod": "pm_card_visa", "amount": 1 })]
        {
            shop.customer(0).post(&path, &body).problem(422);
        }
    });
}
