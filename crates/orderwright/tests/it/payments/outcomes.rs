//! What becomes of payments, in plain words: declines with a next step, reminders, holds that end; and the proof that nothing was changed
//! afterwards.

use serde_json::{Value, json};

use crate::shop::{Json, PATIENCE, Shop, eventually};

scenarios! {
    shared:
        a_decline_says_why_and_what_to_do,
        a_closed_order_does_not_ask_to_be_paid,
        history_and_money_are_proved,
        the_sandboxs_books_are_ours;
    clock:
        reminders_are_told_on_their_days,
        a_hold_is_made_anew_before_it_ends,
        a_hold_that_is_lost_waits_for_the_customer;
}

fn a_decline_says_why_and_what_to_do(shop: &Shop) {
    for (method, word) in [
        ("pm_card_chargeDeclinedExpiredCard", "expired"),
        ("pm_card_chargeDeclinedInsufficientFunds", "enough"),
        ("pm_card_chargeDeclined", "bank"),
    ] {
        let order = shop.place("mall", &[(0, 1)], method);
        shop.wait_payment(order.id(), "failed");
        let seen = shop.customer(0).view(order.id());
        let payment = &seen["payments"][0];
        assert!(payment.s("nextStep").contains(word) && payment.s("nextStep").contains("Pay"), "{payment:#}");
        assert!(payment.s("summary").ends_with("Nothing was taken."), "{payment:#}");
        let link = shop.customer(0).get(&format!("/storefront/orders/{}/payment", order.id())).expect(200);
        assert_eq!(link["nextStep"], payment["nextStep"], "the same words");
        let event = event_of(shop, order.id(), "payment.failed");
        assert!(event["data"].s("nextStep").starts_with("Pay"), "{event:#}");
        shop.customer(0).pay(order.id(), "pm_card_visa").expect(200);
        let paid = shop.wait_payment(order.id(), "captured");
        assert!(paid["payments"][0]["nextStep"].is_null(), "history asks for nothing: {paid:#}");
        assert!(paid["payments"][1].s("summary").contains("were taken"), "{paid:#}");
    }
}

fn a_closed_order_does_not_ask_to_be_paid(shop: &Shop) {
    let order = shop.place("blinds", &[(0, 1)], "pm_card_chargeDeclined");
    shop.wait_status(order.id(), "cancelled");
    let payment = shop.customer(0).view(order.id())["payments"][0].clone();
    assert!(
        payment.s("nextStep").contains("Order again") && !payment.s("nextStep").contains("Pay with"),
        "{payment:#}"
    );
}

/// The newest event of that kind about an order.
#[track_caller]
fn event_of(shop: &Shop, order: &str, kind: &str) -> Value {
    eventually(&format!("{kind} of {order}"), PATIENCE, || {
        let mut after = "0".to_owned();
        let mut found = None;
        loop {
            let page = shop.admin().get(&format!("/events?after={after}&limit=200")).expect(200);
            let of = |e: &&Value| e["type"] == kind && e["data"]["orderId"] == order;
            found = page.list("data").iter().rfind(of).cloned().or(found);
            match page["nextCursor"].as_str().filter(|next| *next != after && !page.list("data").is_empty()) {
                Some(next) => after = next.to_owned(),
                None => return found.ok_or_else(|| "no such event".to_owned()),
            }
        }
    })
}

fn history_and_money_are_proved(shop: &Shop) {
    let id = shop.ready("bazaar");
    let path = format!("/admin/audit/verify?orderId={id}");
    let proved = shop.admin().get(&path).expect(200);
    assert!(proved["holds"] == true && proved.n("entries") > 1 && proved.n("orders") == 1, "{proved:#}");
    shop.admin().get("/admin/audit/verify?orderId=ord_0000000000001").problem(404);
    shop.admin().get("/admin/audit/verify?orderId=x").wrong(&["orderId"]);
    shop.merchant_of("bazaar", 0).get(&path).problem(403);
}

fn the_sandboxs_books_are_ours(shop: &Shop) {
    let id = shop.ready("bazaar");
    shop.admin().refund(&id, &json!({ "amount": 25, "reason": "late", "initiatePaymentRefund": true })).expect(201);
    shop.wait_refunded(&id, 25);
    let from = shop.view(&id).s("createdAt").to_owned();
    let body = json!({ "from": from, "to": "2100-01-01", "channel": "bazaar", "provider": "sandbox" });
    let begun = shop.admin().post("/admin/reconciliation-runs", &body).expect(201);
    let done = eventually("the run ends", PATIENCE, || {
        let run = shop.admin().get(&format!("/admin/reconciliation-runs/{}", begun.id())).expect(200);
        if run["state"] == "done" { Ok(run) } else { Err(format!("{run:#}")) }
    });
    let found = shop.admin().get(&format!("/admin/reconciliation-runs/{}/differences", begun.id())).expect(200);
    let ours: Vec<&Value> = found.list("data").iter().filter(|d| d["orderId"] == id.as_str()).collect();
    assert!(done.n("payments") >= 1 && ours.is_empty(), "{done:#} {ours:#?}");
    let listed = shop.admin().get("/admin/reconciliation-runs?limit=200").expect(200);
    assert!(listed.list("data").iter().any(|run| run["id"] == begun["id"]));
    for (body, field) in [
        (json!({ "channel": "nowhere" }), "/channel"),
        (json!({ "provider": "stripe" }), "/provider"),
        (json!({ "from": "2026-02-01", "to": "2026-01-01" }), "/to"),
        (json!({ "from": "yesterday" }), "/from"),
    ] {
        shop.admin().post("/admin/reconciliation-runs", &body).wrong(&[field]);
    }
    shop.admin().get("/admin/reconciliation-runs/rec_0000000000001").problem(404);
}

/// Seed 4: «given 7 days to resolve», and reminded in between.
fn reminders_are_told_on_their_days(shop: &Shop) {
    let order = shop.place("studio", &[(0, 1)], "pm_card_chargeCustomerFail");
    shop.wait_status(order.id(), "received");
    shop.merchants_fire(order.id(), "accept", &json!({}));
    shop.wait_status(order.id(), "pending_payment");
    let told = |shop: &Shop| {
        let entries = shop.timeline_as(&shop.customer(0), order.id());
        entries.into_iter().filter(|e| e["type"] == "payment_reminder").collect::<Vec<_>>()
    };
    assert!(told(shop).is_empty());
    for days in ["3d", "3d"] {
        let before = told(shop).len();
        shop.advance(days);
        eventually("the customer is reminded", PATIENCE, || match told(shop).len() {
            n if n == before + 1 => Ok(()),
            n => Err(format!("{n} reminders")),
        });
        assert_eq!(shop.view(order.id()).s("status"), "pending_payment");
    }
    let event = event_of(shop, order.id(), "payment.reminder");
    assert!(event["data"].n("amount") > 0 && event["data"]["until"].is_string(), "{event:#}");
    shop.advance("1d");
    shop.wait_status(order.id(), "expired");
    assert_eq!(told(shop).len(), 2);
}

fn a_hold_is_made_anew_before_it_ends(shop: &Shop) {
    let life = |text: &str| shop.admin().post("/admin/sandbox/authorisations", &json!({ "life": text }));
    life("30m").wrong(&["/life"]);
    life("91d").wrong(&["/life"]);
    life("soon").wrong(&["/life"]);
    life("8h").expect(200);
    let order = shop.place("blinds", &[(0, 1)], "pm_card_visa");
    let order = shop.wait_status(order.id(), "payment_authorised");
    let first = order["payments"][0].s("captureBefore").to_owned();
    // Three quarters of eight hours.
    shop.advance("6h");
    let order = shop.wait(order.id(), "is held anew", |o| {
        o.list("payments").len() == 2 && o["payments"][0]["status"] == "voided" && o["paymentStatus"] == "authorised"
    });
    assert!(order["payments"][1].s("captureBefore") > first.as_str(), "{order:#}");
    assert!(order.list("errands").is_empty(), "{order:#}");
    shop.advance("5h");
    shop.merchants_fire(order.id(), "confirm", &json!({}));
    let order = shop.wait_status(order.id(), "confirmed");
    assert_eq!(order.sum("payments", "captured"), order.n("total"), "{order:#}");
    crate::shop::orders::assert_sums(&order);
    life("7d").expect(200);
}

fn a_hold_that_is_lost_waits_for_the_customer(shop: &Shop) {
    let order = shop.place("blinds", &[(0, 1)], "pm_card_visa");
    shop.wait_status(order.id(), "payment_authorised");
    // Orders of the demo have holds that end then, too.
    let fault = json!({ "operation": "payment.reauthorise", "outcome": "declined", "times": 50 });
    shop.admin().post("/admin/sandbox/faults", &fault).expect(201);
    shop.advance("6d");
    let lost = shop.wait_status(order.id(), "pending");
    assert_eq!(lost.s("paymentStatus"), "failed", "{lost:#}");
    assert!(shop.customer(0).view(order.id()).s("displayStatus").contains("pay again"), "the customer is told");
    let told = shop.timeline_as(&shop.admin(), order.id());
    assert!(told.iter().any(|e| e["type"] == "needs_attention"), "staff is told: {told:#?}");
    let event = event_of(shop, order.id(), "payment.failed");
    assert_eq!(event["data"]["renewal"], true, "{event:#}");
    shop.merchant_of("blinds", 0).fire(order.id(), "confirm", &json!({})).problem(409);
    shop.customer(0).pay(order.id(), "pm_card_visa").expect(200);
    shop.wait_status(order.id(), "payment_authorised");
    shop.merchants_fire(order.id(), "confirm", &json!({}));
    let order = shop.wait_status(order.id(), "confirmed");
    assert_eq!(order.sum("payments", "captured"), order.n("total"), "{order:#}");
    let held: i64 = order.list("payments").iter().map(|p| p.n("authorised") - p.n("captured") - p.n("voided")).sum();
    assert_eq!(held, 0, "no hold is left: {order:#}");
}
