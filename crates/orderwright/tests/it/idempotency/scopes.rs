//! A key belongs to actor, method and path, and is kept for twenty-four hours.

use serde_json::json;

use crate::shop::{Json, Shop};

scenarios! {
    shared:
        another_actors_key_is_another_key,
        the_same_key_on_another_path_is_another_key,
        the_same_key_with_another_method_is_another_key;
    clock:
        a_key_is_kept_for_a_day,
        a_key_is_forgotten_after_a_day;
}

fn another_actors_key_is_another_key(shop: &Shop) {
    let body = shop.basket("retail", &[(0, 1)], "pm_card_visa");
    let key = shop.unique("shared");
    let replies = [0, 1].map(|n| shop.customer(n).call("POST", "/storefront/orders").key(&key).json(&body).send());
    assert!(!replies[1].replayed());
    let [first, second] = replies.map(|reply| reply.expect(201));
    assert_ne!(first.id(), second.id());
    assert_ne!(first.s("customerId"), second.s("customerId"));
}

fn the_same_key_on_another_path_is_another_key(shop: &Shop) {
    let (one, other) = (shop.ready("retail"), shop.ready("retail"));
    let key = shop.unique("path");
    for id in [&one, &other] {
        let path = format!("/admin/orders/{id}/notes");
        let note = json!({ "note": "same text", "isPublic": true });
        let reply = shop.admin().call("POST", &path).key(&key).json(&note).send();
        assert!(!reply.replayed());
        reply.expect(201);
        assert_eq!(shop.view(id).list("notes").len(), 1);
    }
    // Another path under the same order, another body: no clash with the note's.
    let path = format!("/admin/orders/{one}/events");
    shop.admin().call("POST", &path).key(&key).json(&json!({ "event": "processing" })).send().expect(200);
}

fn the_same_key_with_another_method_is_another_key(shop: &Shop) {
    let id = shop.ready("retail");
    let key = shop.unique("method");
    let body = json!({ "status": "processing" });
    shop.admin().call("PATCH", &format!("/admin/orders/{id}/status")).key(&key).json(&body).send().expect(200);
    // A key on a GET means nothing.
    let read = shop.admin().call("GET", &format!("/admin/orders/{id}")).key(&key).send();
    assert!(!read.replayed());
    assert_eq!(read.expect(200).s("status"), "processing");
}

fn a_key_is_kept_for_a_day(shop: &Shop) {
    let body = shop.guest_basket("retail", &[(0, 1)], "pm_card_visa");
    let key = shop.unique("kept");
    let send = || shop.storefront("retail").call("POST", "/storefront/orders").key(&key).json(&body).send();
    let first = send().expect(201);
    shop.advance("23h");
    let again = send();
    assert!(again.replayed());
    assert_eq!(again.expect(201).id(), first.id());
    assert_eq!(shop.orders_of_customer(&first), 1);
}

fn a_key_is_forgotten_after_a_day(shop: &Shop) {
    let body = shop.guest_basket("retail", &[(0, 1)], "pm_card_visa");
    let mut other = body.clone();
    other["items"][0]["quantity"] = json!(2);
    let key = shop.unique("forgotten");
    let send = |body| shop.storefront("retail").call("POST", "/storefront/orders").key(&key).json(body).send();
    let first = send(&body).expect(201);
    shop.advance("24h");
    shop.advance("1m");
    let again = send(&body);
    assert!(!again.replayed());
    let again = again.expect(201);
    assert_ne!(again.id(), first.id(), "a new order");
    shop.advance("24h");
    shop.advance("1m");
    // And a forgotten key binds no body.
    assert_eq!(send(&other).expect(201)["items"][0].n("quantity"), 2);
    assert_eq!(shop.orders_of_customer(&first), 3);
}
