//! Events that are unknown, impossible now, or lack what the workflow requires.

use serde_json::{Value, json};

use crate::shop::{Actor, Json, Shop};

scenarios! {
    shared:
        an_unknown_event_is_refused_in_every_channel,
        an_event_that_cannot_happen_now_is_a_conflict,
        a_conflict_says_what_is_possible_now,
        what_the_workflow_requires_must_be_there,
        a_date_must_be_a_date,
        items_must_be_items_of_the_order,
        an_event_is_all_or_nothing,
        unknown_fields_and_types_are_refused,
        a_status_must_be_one_of_the_workflow;
}

/// Who moves the items of a channel.
fn mover(shop: &Shop, channel: &str) -> Actor {
    if channel == "retail" { shop.admin() } else { shop.merchant_of(channel, 0) }
}

fn an_unknown_event_is_refused_in_every_channel(shop: &Shop) {
    for channel in crate::shop::orders::CHANNELS {
        let id = shop.ready(channel);
        shop.unchanged(&id, || {
            for event in ["explode", "", "CONFIRM", "capturing", "done"] {
                mover(shop, channel).fire(&id, event, &json!({})).problem(422);
                shop.customer(0).fire(&id, event, &json!({})).problem(422);
            }
        });
    }
}

/// channel, what cannot happen yet, with what it requires
const TOO_EARLY: [(&str, &str, &str); 10] = [
    ("blinds", "start_production", "{}"),
    ("blinds", "dispatch", r#"{"trackingNumber":"x"}"#),
    ("blinds", "deliver", "{}"),
    ("retail", "shipped", "{}"),
    ("retail", "delivered", "{}"),
    ("retail", "confirmed", "{}"),
    ("bazaar", "ship", r#"{"trackingNumber":"x"}"#),
    ("bazaar", "complete", "{}"),
    ("studio", "complete", "{}"),
    ("mall", "deliver", "{}"),
];

fn an_event_that_cannot_happen_now_is_a_conflict(shop: &Shop) {
    for channel in crate::shop::orders::CHANNELS {
        let id = shop.ready(channel);
        shop.unchanged(&id, || {
            for (_, event, more) in TOO_EARLY.iter().filter(|(of, ..)| *of == channel) {
                let more: Value = serde_json::from_str(more).expect("a table of JSON");
                mover(shop, channel).fire(&id, event, &more).problem(409);
            }
        });
    }
}

/// Where the refusal says it is not fixed; the word must be there.
fn a_conflict_says_what_is_possible_now(shop: &Shop) {
    let id = shop.ready("bazaar");
    let refused = shop.merchant_of("bazaar", 0).fire(&id, "complete", &json!({})).problem(409);
    let words = crate::shop::json::texts(&refused);
    assert!(words.iter().any(|word| word == "acknowledge"), "{refused:#}");
}

fn what_the_workflow_requires_must_be_there(shop: &Shop) {
    let blinds = shop.ready("blinds");
    let maker = shop.merchant_of("blinds", 0);
    shop.unchanged(&blinds, || maker.fire(&blinds, "refuse", &json!({})).wrong(&["/reason"]));
    maker.fire(&blinds, "confirm", &json!({})).expect(200);
    shop.wait_status(&blinds, "confirmed");
    shop.wait_payment(&blinds, "captured");
    maker.fire(&blinds, "start_production", &json!({})).expect(200);
    shop.unchanged(&blinds, || {
        maker.fire(&blinds, "dispatch", &json!({})).wrong(&["/trackingNumber"]);
        maker.fire(&blinds, "dispatch", &json!({ "carrier": "x" })).wrong(&["/trackingNumber"]);
        maker.fire(&blinds, "dispatch", &json!({ "trackingNumber": "" })).wrong(&["/trackingNumber"]);
    });

    let bazaar = shop.ready("bazaar");
    let seller = shop.merchant_of("bazaar", 0);
    seller.fire(&bazaar, "acknowledge", &json!({})).expect(200);
    shop.unchanged(&bazaar, || seller.fire(&bazaar, "ship", &json!({})).wrong(&["/trackingNumber"]));

    let studio = shop.ready("studio");
    shop.unchanged(&studio, || {
        shop.merchant_of("studio", 0).fire(&studio, "decline", &json!({})).wrong(&["/reason"]);
    });

    let mall = shop.ready("mall");
    shop.unchanged(&mall, || {
        shop.merchant_of("mall", 0).fire(&mall, "ship", &json!({ "trackingNumber": "x" })).wrong(&["/expectedBy"]);
    });
}

fn a_date_must_be_a_date(shop: &Shop) {
    let id = shop.ready("mall");
    shop.unchanged(&id, || {
        for date in [json!("tomorrow"), json!("2031-02-30"), json!("03/02/2031"), json!(""), json!(20_310_203)] {
            let reply = shop.merchant_of("mall", 0).fire(&id, "ship", &json!({ "expectedBy": date }));
            reply.problem(422);
        }
    });
}

fn items_must_be_items_of_the_order(shop: &Shop) {
    let id = shop.ready_with("bazaar", &[(0, 2)]);
    let item = shop.view(&id)["items"][0].id().to_owned();
    let seller = shop.merchant_of("bazaar", 0);
    shop.unchanged(&id, || {
        let fire = |items: Value| seller.fire(&id, "acknowledge", &json!({ "items": items }));
        fire(json!([{ "itemId": "itm_nothing" }])).problem(404);
        fire(json!([{ "itemId": item, "quantity": 0 }])).problem(422);
        fire(json!([{ "itemId": item, "quantity": -2 }])).problem(422);
        fire(json!([{ "itemId": item, "quantity": 3 }])).problem_of(&[409, 422]);
        fire(json!([{ "itemId": item, "quantity": 1.5 }])).problem(422);
        fire(json!([{ "quantity": 1 }])).problem(422);
        fire(json!([item])).problem(422);
        // Twice the same line: 1 + 2 is more than there is.
        fire(json!([{ "itemId": item, "quantity": 1 }, { "itemId": item, "quantity": 2 }])).problem_of(&[409, 422]);
    });
}

fn an_event_is_all_or_nothing(shop: &Shop) {
    let id = shop.ready_with("bazaar", &[(0, 2)]);
    let item = shop.view(&id)["items"][0].id().to_owned();
    let seller = shop.merchant_of("bazaar", 0);
    seller.fire(&id, "acknowledge", &json!({ "items": [{ "itemId": item, "quantity": 1 }] })).expect(200);
    let both: Vec<Value> = shop.view(&id).list("items").iter().map(|item| json!({ "itemId": item.id() })).collect();
    assert_eq!(both.len(), 2);
    // One of the two has been acknowledged already.
    shop.unchanged(&id, || drop(seller.fire(&id, "acknowledge", &json!({ "items": both })).problem(409)));
    // Without items it means those that can: the other one.
    seller.fire(&id, "acknowledge", &json!({})).expect(200);
    assert_eq!(shop.view(&id).s("status"), "processing");
    shop.unchanged(&id, || drop(seller.fire(&id, "acknowledge", &json!({})).problem(409)));
}

fn unknown_fields_and_types_are_refused(shop: &Shop) {
    let id = shop.ready("bazaar");
    let seller = shop.merchant_of("bazaar", 0);
    shop.unchanged(&id, || {
        for body in [
            json!({ "event": "acknowledge", "status": "completed" }),
            json!({ "event": "acknowledge", "tracking_number": "x" }),
            json!({ "event": 1 }),
            json!({ "event": ["acknowledge"] }),
            json!({ "event": "acknowledge", "note": 1 }),
            json!({ "event": "acknowledge", "items": {} }),
            json!({ "event": "acknowledge", "items": "all" }),
            json!({}),
            json!([]),
        ] {
            seller.post(&seller.path(&id, "/events"), &body).problem(422);
        }
    });
}

fn a_status_must_be_one_of_the_workflow(shop: &Shop) {
    let id = shop.ready("retail");
    let path = format!("/admin/orders/{id}/status");
    shop.unchanged(&id, || {
        // Of other channels, of nobody, internal, misspelt.
        for status in ["completed", "in_production", "lost", "capturing", "Processing", "canceled", ""] {
            shop.admin().set_status(&id, status).problem(422);
        }
        shop.admin().patch(&path, &json!({})).problem(422);
        shop.admin().patch(&path, &json!({ "status": 3 })).problem(422);
        shop.admin().patch(&path, &json!({ "status": "processing", "force": true })).problem(422);
    });
}
