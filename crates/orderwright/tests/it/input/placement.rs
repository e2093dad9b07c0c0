//! Placements that are wrong: each field is named, and no order is made.

use serde_json::{Value, json};

use crate::shop::json::with;
use crate::shop::{Json, Reply, Shop};

scenarios! {
    shared:
        an_unknown_sku_is_named,
        a_sku_of_another_channel_is_unknown_here,
        an_unknown_channel_is_named,
        a_quantity_must_be_one_or_more,
        a_huge_quantity_is_refused,
        every_bad_field_is_named_at_once,
        a_cart_without_items_is_refused,
        missing_fields_are_refused,
        fields_of_another_type_are_refused,
        a_list_is_no_object,
        unknown_fields_are_refused,
        an_unknown_payment_method_is_refused,
        a_country_must_be_a_country,
        a_checkout_refuses_the_same;
}

/// Sends a placement that must not become an order, and answers with the refusal.
#[track_caller]
fn refused(shop: &Shop, body: &Value) -> Reply {
    // Only these scenarios place as this customer, and none of them succeeds.
    let customer = shop.customer(2);
    let newest = |list: Value| list.list("data").first().map(|order| order.id().to_owned());
    let before = newest(customer.get("/storefront/orders?limit=1").expect(200));
    let reply = customer.post("/storefront/orders", body);
    assert_eq!(newest(customer.get("/storefront/orders?limit=1").expect(200)), before, "an order was made of {body:#}");
    reply
}

fn good(shop: &Shop) -> Value {
    shop.basket("retail", &[(0, 1), (1, 1)], "pm_card_visa")
}

fn with_item(shop: &Shop, n: usize, changes: Value) -> Value {
    let mut body = good(shop);
    body["items"][n] = with(body["items"][n].take(), &changes);
    body
}

fn an_unknown_sku_is_named(shop: &Shop) {
    refused(shop, &with_item(shop, 1, json!({ "sku": "NO-SUCH-THING" }))).wrong(&["/items/1/sku"]);
    refused(shop, &with_item(shop, 0, json!({ "sku": "" }))).wrong(&["/items/0/sku"]);
    refused(shop, &with_item(shop, 0, json!({ "sku": "x'; DROP TABLE orders; --" }))).wrong(&["/items/0/sku"]);
}

fn a_sku_of_another_channel_is_unknown_here(shop: &Shop) {
    refused(shop, &with_item(shop, 0, json!({ "sku": shop.sku("bazaar", 0) }))).wrong(&["/items/0/sku"]);
}

fn an_unknown_channel_is_named(shop: &Shop) {
    refused(shop, &with(good(shop), &json!({ "channel": "kiosk" }))).wrong(&["/channel"]);
}

fn a_quantity_must_be_one_or_more(shop: &Shop) {
    for quantity in [0, -1, i64::MIN] {
        refused(shop, &with_item(shop, 0, json!({ "quantity": quantity }))).wrong(&["/items/0/quantity"]);
    }
}

fn a_huge_quantity_is_refused(shop: &Shop) {
    // As a number it may be too large, as a wish it is more than there is: either refusal is right.
    for quantity in [1_000_000_000_i64, i64::from(i32::MAX) + 1, i64::MAX] {
        refused(shop, &with_item(shop, 0, json!({ "quantity": quantity }))).problem_of(&[409, 422]);
    }
    let text = good(shop).to_string().replace("\"quantity\":1", "\"quantity\":100000000000000000000000000");
    let reply = shop.customer(2).call("POST", "/storefront/orders").raw(&text).send();
    reply.problem_of(&[400, 422]);
}

fn every_bad_field_is_named_at_once(shop: &Shop) {
    let mut body = with_item(shop, 0, json!({ "sku": "NO-SUCH-THING" }));
    body["items"][1]["quantity"] = json!(0);
    refused(shop, &body).wrong(&["/items/0/sku", "/items/1/quantity"]);
}

fn a_cart_without_items_is_refused(shop: &Shop) {
    refused(shop, &with(good(shop), &json!({ "items": [] }))).wrong(&["/items"]);
}

fn missing_fields_are_refused(shop: &Shop) {
    for field in ["channel", "customer", "items", "paymentMethod"] {
        refused(shop, &with(good(shop), &json!({ field: null }))).problem(422);
    }
    for field in ["sku", "quantity"] {
        refused(shop, &with_item(shop, 0, json!({ field: null }))).problem(422);
    }
    for field in ["email", "name"] {
        let mut body = good(shop);
        body["customer"] = with(body["customer"].take(), &json!({ field: null }));
        refused(shop, &body).problem(422);
    }
}

fn fields_of_another_type_are_refused(shop: &Shop) {
    for quantity in [json!("2"), json!(1.5), json!(true), json!([1]), json!({})] {
        refused(shop, &with_item(shop, 0, json!({ "quantity": quantity }))).problem(422);
    }
    for items in [json!({}), json!("x"), json!([1]), json!([[]])] {
        refused(shop, &with(good(shop), &json!({ "items": items }))).problem(422);
    }
    for channel in [json!(1), json!([]), json!(false)] {
        refused(shop, &with(good(shop), &json!({ "channel": channel }))).problem(422);
    }
    for body in [json!([]), json!("order"), json!(1), Value::Null] {
        refused(shop, &body).problem(422);
    }
}

/// The values of the fields in their order are not the object, however deep it is.
fn a_list_is_no_object(shop: &Shop) {
    let values = |object: &Value| Value::Array(object.as_object().expect("an object").values().cloned().collect());
    for field in ["customer", "shippingAddress"] {
        let mut body = good(shop);
        body[field] = values(&body[field]);
        refused(shop, &body).wrong(&[&format!("/{field}")]);
    }
    let mut body = good(shop);
    body["items"][1] = json!([body["items"][1]["sku"], 1]);
    refused(shop, &body).wrong(&["/items/1"]);
}

fn unknown_fields_are_refused(shop: &Shop) {
    for (field, value) in [("total", json!(1)), ("status", json!("delivered")), ("customerId", json!("cus_1"))] {
        refused(shop, &with(good(shop), &json!({ field: value }))).problem(422);
    }
    refused(shop, &with_item(shop, 0, json!({ "price": 1 }))).problem(422);
    refused(shop, &with_item(shop, 0, json!({ "merchantId": shop.offer("mall", 0).s("merchantId") }))).problem(422);
    let mut body = good(shop);
    body["shippingAddress"]["planet"] = json!("Mars");
    refused(shop, &body).problem(422);
}

fn an_unknown_payment_method_is_refused(shop: &Shop) {
    for method in ["pm_card_unheard_of", "", "4242424242424242"] {
        refused(shop, &with(good(shop), &json!({ "paymentMethod": method }))).wrong(&["/paymentMethod"]);
    }
}

fn a_country_must_be_a_country(shop: &Shop) {
    for country in ["", "Germany", "XX1", "de "] {
        let mut body = good(shop);
        body["shippingAddress"]["country"] = json!(country);
        refused(shop, &body).wrong(&["/shippingAddress/country"]);
    }
}

fn a_checkout_refuses_the_same(shop: &Shop) {
    let cart = |body: Value| with(body, &json!({ "paymentMethod": null }));
    let send = |body: &Value| shop.customer(2).post("/storefront/checkouts", body);
    send(&cart(with_item(shop, 1, json!({ "sku": "NO-SUCH-THING" })))).wrong(&["/items/1/sku"]);
    send(&cart(with_item(shop, 0, json!({ "quantity": 0 })))).wrong(&["/items/0/quantity"]);
    send(&cart(with(good(shop), &json!({ "items": [] })))).wrong(&["/items"]);
    send(&good(shop)).problem(422);
    let checkout = send(&cart(good(shop))).expect(201);
    let complete = format!("/storefront/checkouts/{}/complete", checkout.id());
    shop.customer(2).post(&complete, &json!({ "paymentMethod": "pm_card_unheard_of" })).wrong(&["/paymentMethod"]);
    shop.customer(2).post(&complete, &json!({})).problem(422);
}
