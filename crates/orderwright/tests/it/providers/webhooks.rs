//! Webhooks: believed only when signed, kept once, acted on by asking; what cannot be placed is told to somebody.

use orderwright::pay::signature::{hmac_hex, stripe_header};
use serde_json::{Value, json};

use super::house::{House, RAZORPAY_SECRET, STRIPE_SECRET};
use crate::shop::orders::assert_sums;
use crate::shop::{Json, PATIENCE, Reply, eventually};

provider_scenarios! {
    forged_webhooks_change_nothing,
    an_event_is_kept_once_and_without_people,
    unknown_objects_are_parked_and_listed,
    wrong_sums_and_currencies_are_refused,
    ten_thousand_shuffled_events_end_in_the_same_books,
    card_numbers_are_refused_in_free_text,
}

fn now_s() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn send(house: &House, body: &str, header: &str) -> Reply {
    house.shop.anyone().call("POST", "/webhooks/stripe").header("stripe-signature", header).raw(body).send()
}

pub fn send_signed(house: &House, body: &Value) -> Reply {
    let text = body.to_string();
    let header = stripe_header(STRIPE_SECRET, text.as_bytes(), now_s());
    send(house, &text, &header)
}

/// The event as operators see it.
#[track_caller]
pub fn seen(house: &House, event_id: &str, state: &str) -> Value {
    eventually(&format!("{event_id} is {state}"), PATIENCE, || {
        let list = house.shop.ops().get(&format!("/admin/provider-events?limit=200&state={state}")).expect(200);
        let found = list.list("data").iter().find(|e| e["eventId"] == event_id).cloned();
        found.ok_or_else(|| format!("{list:#}"))
    })
}

fn event(id: &str, kind: &str, object: Value) -> Value {
    json!({ "id": id, "object": "event", "type": kind, "created": now_s(), "data": { "object": object } })
}

fn forged_webhooks_change_nothing(house: &House) {
    let id = house.shop.unique("evt_forged");
    let body = event(&id, "payment_intent.succeeded", json!({ "id": "pi_1", "object": "payment_intent" })).to_string();
    let good = stripe_header(STRIPE_SECRET, body.as_bytes(), now_s());
    for header in [
        String::new(),
        "t=1,v1=00".to_owned(),
        stripe_header("whsec_stranger", body.as_bytes(), now_s()),
        stripe_header(STRIPE_SECRET, body.as_bytes(), now_s() - 301 - 5),
        stripe_header(STRIPE_SECRET, body.as_bytes(), now_s() + 4000),
        good.replace("v1=", "v0="),
    ] {
        let problem = send(house, &body, &header).problem(400);
        assert_eq!(problem.s("code"), "webhook_not_believed", "{header}");
    }
    send(house, &format!("{body} "), &good).problem(400);
    let listed = house.shop.ops().get("/admin/provider-events?limit=200").expect(200);
    assert!(listed.list("data").iter().all(|e| e["eventId"] != id.as_str()), "nothing of it was kept");
    // The older of two secrets, as while one is being changed.
    send(house, &body, &stripe_header("whsec_older", body.as_bytes(), now_s())).expect(200);
    let razor = house.shop.anyone().call("POST", "/webhooks/razorpay").raw("{\"event\":\"payment.captured\"}");
    razor.header("x-razorpay-signature", &hmac_hex("other", &[b"{}"])).send().problem(400);
}

fn an_event_is_kept_once_and_without_people(house: &House) {
    let id = house.shop.unique("evt_once");
    let object = json!({ "id": "po_1", "object": "payout", "billing_details": { "email": "canary@example.org" }, "description": "for Canary" });
    let body = event(&id, "payout.paid", object);
    assert_eq!(send_signed(house, &body).expect(200)["new"], true);
    for _ in 0..3 {
        assert_eq!(send_signed(house, &body).expect(200)["new"], false, "known already");
    }
    seen(house, &id, "ignored");
    let razorpay = json!({
        "entity": "event", "event": "payment.captured", "contains": ["payment"], "created_at": now_s(),
        "payload": { "payment": { "entity": { "id": "pay_Elsewhere00001", "email": "canary@example.org", "contact": "+919900000000" } } },
    })
    .to_string();
    let hook = || {
        let call =
            house.shop.anyone().call("POST", "/webhooks/razorpay").header("x-razorpay-event-id", &format!("{id}-r"));
        call.header("x-razorpay-signature", &hmac_hex(RAZORPAY_SECRET, &[razorpay.as_bytes()]))
            .raw(&razorpay)
            .send()
            .expect(200)
    };
    assert_eq!((hook()["new"].clone(), hook()["new"].clone()), (json!(true), json!(false)));
    let parked = seen(house, &format!("{id}-r"), "parked");
    assert!(!parked.to_string().contains("canary"), "{parked:#}");
}

fn unknown_objects_are_parked_and_listed(house: &House) {
    let id = house.shop.unique("evt_unknown");
    send_signed(
        house,
        &event(&id, "payment_intent.succeeded", json!({ "id": "pi_elsewhere", "object": "payment_intent" })),
    )
    .expect(200);
    let parked = seen(house, &id, "parked");
    assert!(parked.s("note").contains("pi_elsewhere"), "{parked:#}");
    let path = format!("/admin/provider-events/{}/retry", parked.id());
    house.shop.ops().post(&path, &json!({})).expect(200);
    seen(house, &id, "parked");
    let metrics = house.shop.anyone().get("/metrics").text;
    let line = metrics.lines().find(|l| l.starts_with("orderwright_provider_events_refused_total")).expect("a metric");
    assert!(!line.ends_with(" 0"), "{line}");
}

fn wrong_sums_and_currencies_are_refused(house: &House) {
    for (change, word) in [(json!({ "amount_received": 1 }), "were taken"), (json!({ "currency": "jpy" }), "JPY")] {
        let order = house.shop.place("bazaar", &[(0, 1)], "pm_card_visa");
        house.shop.wait_payment(order.id(), "captured");
        let intent = house.at_stripe("payment_intent", order.id()).remove(0);
        house.stripe.books(|books| books.change(intent.id(), change.clone()));
        let id = house.shop.unique("evt_wrong");
        house.shop.unchanged(order.id(), || {
            let object = json!({ "id": intent.id(), "object": "payment_intent" });
            send_signed(house, &event(&id, "payment_intent.succeeded", object)).expect(200);
            let refused = seen(house, &id, "refused");
            assert!(refused.s("note").contains(word) && refused["orderId"] == order["id"], "{refused:#}");
        });
    }
    // Before the outcome is known, too: nothing is applied, and the job is put before somebody.
    let order = house.shop.place("bazaar", &[(0, 1)], "pm_card_authenticationRequired");
    house.shop.wait(order.id(), "waits for its customer", |o| o["payments"][0]["awaitsCustomer"] == true);
    let intent = house.at_stripe("payment_intent", order.id()).remove(0);
    house.stripe.books(|books| books.change(intent.id(), json!({ "amount": 1 })));
    house.act(&house.stripe, intent.id(), "authenticate");
    eventually("the event is refused", PATIENCE, || {
        let list = house.shop.ops().get("/admin/provider-events?limit=200&state=refused").expect(200);
        let found = list.list("data").iter().any(|e| e["orderId"] == order["id"]);
        if found { Ok(()) } else { Err(format!("{list:#}")) }
    });
    assert_eq!(house.shop.view(order.id()).sum("payments", "captured"), 0, "nothing was applied");
}

/// Everything that happened is told again, dozens of times, in any order: the orders end where one clean telling left them.
fn ten_thousand_shuffled_events_end_in_the_same_books(house: &House) {
    let mut ids = Vec::new();
    for (channel, method) in [
        ("bazaar", "pm_card_visa"),
        ("mall", "pm_card_visa"),
        ("bazaar", "pm_card_createDispute"),
        ("mall", "pm_card_chargeDeclined"),
    ] {
        ids.push(house.shop.place(channel, &[(0, 1)], method).id().to_owned());
    }
    house.shop.wait_payment(&ids[0], "captured");
    house.shop.wait_payment(&ids[1], "captured");
    house.shop.wait_payment(&ids[2], "disputed");
    house.shop.wait_payment(&ids[3], "failed");
    let body = json!({ "amount": 30, "reason": "late", "initiatePaymentRefund": true });
    house.shop.admin().refund(&ids[0], &body).expect(201);
    house.shop.wait_refunded(&ids[0], 30);
    let idle = |what: &str| {
        eventually(what, std::time::Duration::from_secs(240), || {
            let idle = house.stripe.state.sent.lock().expect("not poisoned").is_idle();
            let waiting = house.shop.ops().get("/admin/provider-events?state=received").expect(200);
            if idle && waiting.list("data").is_empty() {
                Ok(())
            } else {
                Err(format!("idle {idle}; {}", waiting.list("data").len()))
            }
        });
    };
    idle("the clean telling is through");
    let clean: Vec<Value> = ids.iter().map(|id| house.shop.view(id)).collect();
    let events = house.stripe.books(|books| books.events.len());
    let times = 10_000usize.div_ceil(events.max(1));
    let queued = orderwright::fakes::webhooks::replay(&house.stripe.state, times, 0x5eed);
    assert!(queued >= 10_000, "{queued}");
    idle("the storm is through");
    for (id, clean) in ids.iter().zip(clean) {
        let order = house.shop.view(id);
        assert_eq!(order, clean, "the same order, to its version");
        assert_sums(&order);
        house.assert_books_agree(id);
    }
}

fn card_numbers_are_refused_in_free_text(house: &House) {
    let order = house.shop.place("bazaar", &[(0, 1)], "pm_card_visa");
    house.shop.wait_payment(order.id(), "captured");
    house.shop.unchanged(order.id(), || {
        let note = json!({ "note": "card 4242 4242 4242 4242", "isPublic": false });
        let reply = house.shop.admin().post(&format!("/admin/orders/{}/notes", order.id()), &note);
        assert!(!reply.text.contains("4242"), "{}", reply.text);
        reply.wrong(&["/note"]);
        let message = json!({ "message": "pay with 378282246310005" });
        house
            .shop
            .customer(0)
            .post(&format!("/storefront/orders/{}/messages", order.id()), &message)
            .wrong(&["/message"]);
    });
    let mut basket = house.shop.basket("bazaar", &[(0, 1)], "pm_card_visa");
    basket["items"][0]["metadata"] = json!({ "engraving": "5555555555554444" });
    house.shop.customer(0).post("/storefront/orders", &basket).wrong(&["/items/0/metadata/engraving"]);
}
