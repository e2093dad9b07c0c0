//! The role matrix: which role may use which endpoint, and which may fire which event.

use serde_json::{Value, json};

use super::one_of_each;
use crate::shop::{Actor, Json, Shop};

scenarios! {
    shared:
        only_staff_and_owners_use_the_admin_endpoints,
        only_merchants_use_the_merchant_endpoints,
        only_the_platform_moves_the_clock,
        a_merchant_places_no_orders,
        a_storefront_places_orders_for_guests_of_its_channel_only,
        the_customer_of_an_order_is_the_tokens,
        an_event_that_the_role_may_never_fire_is_forbidden,
        events_of_staff_are_open_to_admin_and_ops;
    clock:
        the_platform_settings_are_the_platforms;
}

/// Roles that are no staff of any channel.
fn outsiders(shop: &Shop) -> Vec<Actor> {
    vec![shop.customer(0), shop.merchant_of("retail", 0), shop.storefront("retail")]
}

fn only_staff_and_owners_use_the_admin_endpoints(shop: &Shop) {
    let id = shop.ready("retail");
    for staff in [shop.admin(), shop.ops(), shop.retailer("retail")] {
        staff.get("/admin/orders").expect(200);
        staff.get(&format!("/admin/orders/{id}")).expect(200);
        staff.get(&format!("/admin/orders/{id}/actions")).expect(200);
    }
    shop.unchanged(&id, || {
        for outsider in outsiders(shop) {
            let outsider = outsider.at("/admin");
            outsider.get("/admin/orders").problem(403);
            outsider.get("/events").problem(403);
            // On an order that exists, "you may not" and "there is nothing for you" are both right.
            let refused = [403, 404];
            outsider.get(&outsider.path(&id, "")).problem_of(&refused);
            outsider.get(&outsider.path(&id, "/timeline")).problem_of(&refused);
            outsider.get(&outsider.path(&id, "/actions")).problem_of(&refused);
            outsider.set_status(&id, "processing").problem_of(&refused);
            outsider.fire(&id, "processing", &json!({})).problem_of(&refused);
            outsider.cancel(&id).problem_of(&refused);
            let refund = json!({ "reason": "mine", "initiatePaymentRefund": true });
            outsider.refund(&id, &refund).problem_of(&refused);
            outsider
                .post(&outsider.path(&id, "/notes"), &json!({ "note": "x", "isPublic": true }))
                .problem_of(&refused);
            let shipment = json!({ "carrier": "x", "trackingNumber": "y" });
            outsider.post(&outsider.path(&id, "/shipments"), &shipment).problem_of(&refused);
        }
    });
}

fn only_merchants_use_the_merchant_endpoints(shop: &Shop) {
    let id = shop.ready("bazaar");
    shop.merchant_of("bazaar", 0).get("/merchant/orders").expect(200);
    shop.unchanged(&id, || {
        for other in [shop.customer(0), shop.storefront("bazaar")] {
            let other = other.at("/merchant");
            other.get("/merchant/orders").problem(403);
            other.get(&other.path(&id, "")).problem_of(&[403, 404]);
            other.fire(&id, "acknowledge", &json!({})).problem_of(&[403, 404]);
        }
    });
}

fn only_the_platform_moves_the_clock(shop: &Shop) {
    for other in outsiders(shop) {
        other.post("/admin/sandbox/clock", &json!({ "advance": "1m" })).problem(403);
    }
}

fn the_platform_settings_are_the_platforms(shop: &Shop) {
    let body = json!({ "channel": "mall", "cancelWindow": "0m" });
    shop.admin().patch("/admin/settings", &body).expect(200);
    for other in [shop.customer(0), shop.merchant_of("mall", 0), shop.storefront("mall")] {
        other.patch("/admin/settings", &body).problem(403);
    }
    // Another channel's owner: not theirs.
    shop.retailer("retail").patch("/admin/settings", &body).problem_of(&[403, 404]);
}

fn a_merchant_places_no_orders(shop: &Shop) {
    let body = shop.basket("retail", &[(0, 1)], "pm_card_visa");
    shop.merchant_of("retail", 0).post("/storefront/orders", &body).problem(403);
}

fn a_storefront_places_orders_for_guests_of_its_channel_only(shop: &Shop) {
    let body = shop.guest_basket("retail", &[(0, 1)], "pm_card_visa");
    shop.storefront("retail").post("/storefront/orders", &body).expect(201);
    // Another channel's key cannot know this channel; which of the three refusals says so is open.
    shop.storefront("bazaar").post("/storefront/orders", &body).problem_of(&[403, 404, 422]);
}

fn the_customer_of_an_order_is_the_tokens(shop: &Shop) {
    let mut body = shop.basket("retail", &[(0, 1)], "pm_card_visa");
    body["customer"] = json!({ "email": "someone.else@example.org", "name": "Someone Else" });
    let order = shop.customer(1).post("/storefront/orders", &body).expect(201);
    let customers = shop.demo()["tokens"]["customers"].as_object().expect("customers");
    let (id, _) = customers.iter().nth(1).expect("a second customer");
    assert_eq!(order.s("customerId"), id, "the token decides");
    assert_eq!(order["customer"].s("email"), "someone.else@example.org", "the body is contact only");
    assert_eq!(shop.customer(1).view(order.id()).id(), order.id());
    shop.customer(0).get(&format!("/storefront/orders/{}", order.id())).problem(404);
}

/// channel, event, what the event requires, who may never fire it
const NEVER: [(&str, &str, &str, &[&str]); 22] = [
    ("blinds", "confirm", "{}", &["customer", "retailer"]),
    ("blinds", "refuse", r#"{"reason":"x"}"#, &["customer", "retailer"]),
    ("blinds", "start_production", "{}", &["customer", "retailer"]),
    ("blinds", "dispatch", r#"{"trackingNumber":"x"}"#, &["customer", "retailer"]),
    ("blinds", "deliver", "{}", &["retailer"]),
    ("retail", "confirmed", "{}", &["customer", "merchant"]),
    ("retail", "processing", "{}", &["customer", "merchant"]),
    ("retail", "shipped", "{}", &["customer", "merchant"]),
    ("retail", "delivered", "{}", &["customer", "merchant"]),
    ("retail", "cancelled", "{}", &["merchant"]),
    ("bazaar", "acknowledge", "{}", &["customer", "retailer"]),
    ("bazaar", "ship", r#"{"trackingNumber":"x"}"#, &["customer", "retailer"]),
    ("bazaar", "complete", "{}", &["retailer"]),
    ("bazaar", "cancel", "{}", &["retailer"]),
    ("studio", "accept", "{}", &["customer", "retailer"]),
    ("studio", "decline", r#"{"reason":"x"}"#, &["customer", "retailer"]),
    ("studio", "complete", "{}", &["customer", "retailer"]),
    ("studio", "cancel", "{}", &["merchant", "retailer"]),
    ("studio", "pay", "{}", &["merchant", "retailer"]),
    ("mall", "pay", "{}", &["customer", "retailer"]),
    ("mall", "ship", r#"{"expectedBy":"2031-02-03"}"#, &["customer", "retailer"]),
    ("mall", "deliver", "{}", &["customer", "retailer"]),
];

fn an_event_that_the_role_may_never_fire_is_forbidden(shop: &Shop) {
    for (channel, id) in one_of_each(shop) {
        shop.unchanged(&id, || {
            for (_, event, more, roles) in NEVER.iter().filter(|(of, ..)| *of == channel) {
                let more: Value = serde_json::from_str(more).expect("a table of JSON");
                for role in *roles {
                    let actor = match *role {
                        "customer" => shop.customer(0),
                        "retailer" => shop.retailer(channel),
                        "merchant" => shop.merchant_of(channel, 0),
                        other => panic!("no role {other}"),
                    };
                    let reply = actor.fire(&id, event, &more);
                    // A retail seller may not even see the order: then it does not exist for them.
                    reply.problem_of(if *role == "merchant" { &[403, 404] } else { &[403] });
                }
            }
        });
    }
}

fn events_of_staff_are_open_to_admin_and_ops(shop: &Shop) {
    for staff in [shop.admin(), shop.ops()] {
        let id = shop.ready("bazaar");
        staff.fire(&id, "acknowledge", &json!({})).expect(200);
        staff.fire(&id, "cancel", &json!({})).expect(200);
    }
}
