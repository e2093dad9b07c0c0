//! Which answers are stored: final 2xx and 409. 400, 401 and 422 are not: the request can be mended and sent again.

use serde_json::json;

use crate::shop::{Json, Shop};

scenarios! {
    shared:
        a_refusal_for_the_state_is_stored,
        a_malformed_request_is_not_stored,
        a_wrong_request_is_not_stored,
        a_request_without_a_token_is_not_stored,
        a_key_of_any_length_is_kept_or_refused;
    quiet:
        a_refusal_for_lack_of_stock_is_stored;
}

fn a_refusal_for_the_state_is_stored(shop: &Shop) {
    let order = shop.place("retail", &[(0, 1)], "pm_offline");
    let path = format!("/admin/orders/{}/status", order.id());
    let key = shop.unique("refused");
    let send = || shop.admin().call("PATCH", &path).key(&key).json(&json!({ "status": "processing" })).send();
    let first = send();
    assert!(!first.replayed());
    let first = first.problem(409);
    shop.admin().set_status(order.id(), "confirmed").expect(200);
    // Now it would be possible; this key's answer stays what it was.
    let again = send();
    assert!(again.replayed(), "{again:#?}");
    assert_eq!(again.problem(409), first);
    assert_eq!(shop.view(order.id()).s("status"), "confirmed");
    shop.admin().set_status(order.id(), "processing").expect(200);
}

fn a_refusal_for_lack_of_stock_is_stored(shop: &Shop) {
    let sku = shop.sku("retail", 1);
    let plenty = shop.stock(sku);
    let path = format!("/admin/stock/{sku}");
    shop.admin().patch(&path, &json!({ "onHand": plenty.reserved })).expect(200);
    let body = shop.guest_basket("retail", &[(1, 1)], "pm_card_visa");
    let key = shop.unique("short");
    let send = || shop.storefront("retail").call("POST", "/storefront/orders").key(&key).json(&body).send();
    send().problem(409);
    shop.admin().patch(&path, &json!({ "onHand": plenty.on_hand })).expect(200);
    let again = send();
    assert!(again.replayed());
    again.problem(409);
    assert_eq!(shop.stock(sku), plenty);
    shop.storefront("retail").post("/storefront/orders", &body).expect(201);
}

fn a_malformed_request_is_not_stored(shop: &Shop) {
    let body = shop.guest_basket("retail", &[(0, 1)], "pm_card_visa");
    let key = shop.unique("malformed");
    let call = || shop.storefront("retail").call("POST", "/storefront/orders").key(&key);
    call().raw("{\"channel\": \"retail\",").send().problem(400);
    let made = call().json(&body).send();
    assert!(!made.replayed());
    assert_eq!(shop.orders_of_customer(&made.expect(201)), 1);
}

fn a_wrong_request_is_not_stored(shop: &Shop) {
    let good = shop.guest_basket("retail", &[(0, 1)], "pm_card_visa");
    let mut wrong = good.clone();
    wrong["items"][0]["quantity"] = json!(0);
    let key = shop.unique("wrong");
    let call = |body| shop.storefront("retail").call("POST", "/storefront/orders").key(&key).json(body).send();
    call(&wrong).problem(422);
    let made = call(&good);
    assert!(!made.replayed());
    assert_eq!(shop.orders_of_customer(&made.expect(201)), 1);
}

fn a_request_without_a_token_is_not_stored(shop: &Shop) {
    let body = shop.guest_basket("retail", &[(0, 1)], "pm_card_visa");
    let key = shop.unique("nobody");
    for _ in 0..2 {
        let reply = shop.anyone().call("POST", "/storefront/orders").key(&key).json(&body).send();
        assert!(!reply.replayed());
        reply.problem(401);
    }
    shop.storefront("retail").call("POST", "/storefront/orders").key(&key).json(&body).send().expect(201);
}

/// How long a key may be is open; one that is not taken must be refused, never silently ignored.
fn a_key_of_any_length_is_kept_or_refused(shop: &Shop) {
    let key = "k".repeat(5000);
    let body = shop.guest_basket("retail", &[(0, 1)], "pm_card_visa");
    let send = || shop.storefront("retail").call("POST", "/storefront/orders").key(&key).json(&body).send();
    let first = send();
    if first.status == 201 {
        assert!(send().replayed(), "the key is taken and ignored");
    } else {
        // 431: header fields too large, said before the request is read.
        first.one_of(&[400, 422, 431]);
    }
}
