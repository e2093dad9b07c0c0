//! The same key with the same body: the stored answer again. With another body: refused.

use serde_json::json;

use crate::shop::{Json, Reply, Shop};

scenarios! {
    shared:
        the_same_placement_is_answered_again,
        another_body_is_refused_and_does_nothing,
        without_a_key_the_same_body_is_two_orders,
        an_event_is_fired_once,
        a_status_is_set_once,
        a_note_is_added_once,
        a_refund_is_made_once,
        a_cancel_is_answered_again,
        the_answer_is_the_stored_one_after_the_order_moved_on;
}

/// The second answer is the first one, marked.
#[track_caller]
fn assert_replay(first: &Reply, second: &Reply) {
    assert!(!first.replayed(), "the first answer is no replay");
    assert!(second.replayed(), "`Idempotency-Replayed: true` is missing: {second:#?}");
    assert_eq!((second.status, &second.body), (first.status, &first.body));
}

fn the_same_placement_is_answered_again(shop: &Shop) {
    let body = shop.guest_basket("retail", &[(0, 1)], "pm_card_visa");
    let key = shop.unique("place");
    let send = || shop.storefront("retail").call("POST", "/storefront/orders").key(&key).json(&body).send();
    let (first, second, third) = (send(), send(), send());
    assert_eq!(first.status, 201);
    assert_replay(&first, &second);
    assert_replay(&first, &third);
    assert_eq!(shop.orders_of_customer(&first.body), 1);
}

fn another_body_is_refused_and_does_nothing(shop: &Shop) {
    let body = shop.guest_basket("retail", &[(0, 1)], "pm_card_visa");
    let mut other = body.clone();
    other["items"][0]["quantity"] = json!(2);
    let key = shop.unique("other-body");
    let send = |body| shop.storefront("retail").call("POST", "/storefront/orders").key(&key).json(body).send();
    let first = send(&body);
    assert_eq!(first.status, 201);
    send(&other).problem(422);
    assert_eq!(shop.orders_of_customer(&first.body), 1);
    assert_replay(&first, &send(&body));
}

fn without_a_key_the_same_body_is_two_orders(shop: &Shop) {
    let body = shop.guest_basket("retail", &[(0, 1)], "pm_card_visa");
    let first = shop.storefront("retail").post("/storefront/orders", &body).expect(201);
    let second = shop.storefront("retail").post("/storefront/orders", &body).expect(201);
    assert_ne!(first.id(), second.id());
    assert_ne!(first.s("orderNumber"), second.s("orderNumber"));
    assert_eq!(shop.orders_of_customer(&first), 2);
}

fn an_event_is_fired_once(shop: &Shop) {
    let id = shop.ready("bazaar");
    let seller = shop.merchant_of("bazaar", 0);
    let key = shop.unique("acknowledge");
    let path = seller.path(&id, "/events");
    let send = || seller.call("POST", &path).key(&key).json(&json!({ "event": "acknowledge" })).send();
    let first = send();
    assert_eq!(first.status, 200);
    let entries = shop.timeline_as(&shop.admin(), &id).len();
    // Fired again it would be a 409.
    assert_replay(&first, &send());
    assert_eq!(shop.timeline_as(&shop.admin(), &id).len(), entries);
}

fn a_status_is_set_once(shop: &Shop) {
    let id = shop.ready("retail");
    let key = shop.unique("status");
    let path = format!("/admin/orders/{id}/status");
    let send = || shop.admin().call("PATCH", &path).key(&key).json(&json!({ "status": "processing" })).send();
    let first = send();
    assert_eq!(first.status, 200);
    assert_replay(&first, &send());
}

fn a_note_is_added_once(shop: &Shop) {
    let id = shop.ready("retail");
    let key = shop.unique("note");
    let path = format!("/admin/orders/{id}/notes");
    let note = json!({ "note": "call before delivery", "isPublic": false });
    let send = || shop.admin().call("POST", &path).key(&key).json(&note).send();
    let first = send();
    assert_eq!(first.status, 201);
    assert_replay(&first, &send());
    assert_eq!(shop.view(&id).list("notes").len(), 1);
}

fn a_refund_is_made_once(shop: &Shop) {
    let id = shop.ready("retail");
    let key = shop.unique("refund");
    let path = format!("/admin/orders/{id}/refund");
    let refund = json!({ "amount": 10, "reason": "late", "initiatePaymentRefund": true });
    let send = || shop.admin().call("POST", &path).key(&key).json(&refund).send();
    let first = send();
    assert_eq!(first.status, 201);
    assert_replay(&first, &send());
    let order = shop.wait_refunded(&id, 10);
    assert_eq!(order.list("refunds").len(), 1);
    let more = json!({ "amount": 11, "reason": "late", "initiatePaymentRefund": true });
    shop.unchanged(&id, || drop(shop.admin().call("POST", &path).key(&key).json(&more).send().problem(422)));
}

fn a_cancel_is_answered_again(shop: &Shop) {
    let id = shop.ready("retail");
    let key = shop.unique("cancel");
    let path = format!("/storefront/orders/{id}/cancel");
    let send = || shop.customer(0).call("POST", &path).key(&key).json(&json!({})).send();
    let first = send();
    assert_eq!(first.status, 200);
    assert_replay(&first, &send());
    shop.wait_payment(&id, "refunded");
    assert_eq!(shop.view(&id).list("refunds").len(), 1);
}

fn the_answer_is_the_stored_one_after_the_order_moved_on(shop: &Shop) {
    let id = shop.ready("retail");
    let key = shop.unique("moved");
    let path = format!("/admin/orders/{id}/status");
    let send = || shop.admin().call("PATCH", &path).key(&key).json(&json!({ "status": "processing" })).send();
    let first = send();
    shop.admin().set_status(&id, "shipped").expect(200);
    let again = send();
    assert_replay(&first, &again);
    assert_eq!(again.body.s("status"), "processing", "as it was answered then");
    assert_eq!(shop.view(&id).s("status"), "shipped", "and nothing went back");
}
