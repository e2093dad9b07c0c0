//! Reconciliation with Stripe: what agrees is not told, what was planted is found, and what needs no decision is set right.

use std::collections::BTreeSet;

use orderwright::pay::config::Verification;
use orderwright_core::decide::EffectJob;
use orderwright_core::id::{OrderId, PaymentId};
use orderwright_core::workflow::Effect;
use serde_json::{Value, json};

use super::adapters::{job, stripe, work};
use super::house::{House, runtime};
use crate::shop::{Json, PATIENCE, eventually};

provider_scenarios! {
    planted_differences_are_found_and_some_set_right,
}

/// Runs a reconciliation of Stripe to its end; the run, and its differences.
fn reconcile(house: &House, from: &str, settle: bool) -> (Value, Vec<Value>) {
    reconcile_with(house, "stripe", from, settle)
}

/// The same of a provider.
pub fn reconcile_with(house: &House, provider: &str, from: &str, settle: bool) -> (Value, Vec<Value>) {
    let body = json!({ "from": from, "to": "2100-01-01", "provider": provider, "settle": settle });
    let begun = house.shop.admin().post("/admin/reconciliation-runs", &body).expect(201);
    let done = eventually("the run ends", PATIENCE, || {
        let run = house.shop.admin().get(&format!("/admin/reconciliation-runs/{}", begun.id())).expect(200);
        if run["state"] == "done" { Ok(run) } else { Err(format!("{run:#}")) }
    });
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("/admin/reconciliation-runs/{}/differences?limit=2{after}", begun.id());
        let page = house.shop.admin().get(&path).expect(200);
        found.extend(page.list("data").to_vec());
        match page["nextCursor"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(found.len() as i64, done.n("differences"), "{done:#}");
    (done, found)
}

/// Kinds of differences of an order.
pub fn kinds(found: &[Value], order: &str) -> BTreeSet<String> {
    found.iter().filter(|d| d["orderId"] == order).map(|d| d.s("kind").to_owned()).collect()
}

/// A refund of so much at Stripe that nobody here asked for.
fn refund_in_the_dashboard(house: &House, order: &Value, amount: i64) {
    let refund = EffectJob {
        order: OrderId::parse(order.id()).expect("an id"),
        payment: PaymentId::parse(order["payments"][0].id()).expect("an id"),
        ..job(901, Effect::Refund, amount, order.s("currency"), order["payments"][0]["reference"].as_str())
    };
    runtime().block_on(async {
        stripe(&house.stripe, Verification::SetupIntent).execute(&work(&refund, &[])).await.expect("refunded")
    });
}

fn planted_differences_are_found_and_some_set_right(house: &House) {
    let paid = || {
        let order = house.shop.place("bazaar", &[(0, 1)], "pm_card_visa");
        house.shop.wait_payment(order.id(), "captured")
    };
    let (good, taken, refunded, failed) = (paid(), paid(), paid(), paid());
    // The house's shop is days ahead of the provider's clock, which stands by what the provider lists.
    let from = "2020-01-01".to_owned();
    for order in [&good, &failed] {
        let body = json!({ "amount": 40, "reason": "late", "initiatePaymentRefund": true });
        house.shop.admin().refund(order.id(), &body).expect(201);
        house.shop.wait_refunded(order.id(), 40);
    }
    let (run, found) = reconcile(house, &from, false);
    assert!(run.n("payments") >= 4, "{run:#}");
    for order in [&good, &taken, &refunded, &failed] {
        assert!(kinds(&found, order.id()).is_empty(), "nothing differs: {found:#?}");
    }
    // Planted, without a webhook.
    house.stripe.books(|books| {
        let intent = taken["payments"][0].s("reference");
        books.change(intent, json!({ "amount_received": taken.n("total") - 3 }));
    });
    refund_in_the_dashboard(house, &refunded, 55);
    let refund = house.at_stripe("refund", failed.id()).remove(0);
    house.stripe.books(|books| {
        books.change(refund.id(), json!({ "status": "failed", "failure_reason": "lost_or_stolen_card" }))
    });
    let foreign = EffectJob { order: OrderId(7), ..job(902, Effect::Charge, 1234, "USD", None) };
    let foreign = runtime().block_on(async {
        stripe(&house.stripe, Verification::SetupIntent).execute(&work(&foreign, &[])).await.expect("charged")
    });
    let (_, found) = reconcile(house, &from, false);
    let one = |kind: &str| BTreeSet::from([kind.to_owned()]);
    assert_eq!(kinds(&found, good.id()), BTreeSet::new());
    assert_eq!(kinds(&found, taken.id()), one("taken"));
    assert_eq!(kinds(&found, refunded.id()), one("refund_unknown"));
    assert_eq!(kinds(&found, failed.id()), one("refund_failed"));
    assert!(found.iter().all(|d| d.s("whatToDo").ends_with('.') && !d.s("message").is_empty()), "{found:#?}");
    let orderwright::pay::Answer::Done(settled) = foreign else { panic!("{foreign:?}") };
    let unknown = found.iter().find(|d| d["reference"] == settled.reference.as_deref().expect("an id"));
    assert_eq!(unknown.map(|d| d.s("kind")), Some("payment_unknown"), "{found:#?}");
    // The same beside the running shop, by the command line.
    let words = ["reconcile", "--from", &from, "--to", "2100-01-01", "--provider", "stripe", "--json"];
    let keys = ["--stripe-secret-key", "sk_test_1", "--stripe-api-base", &house.stripe.url];
    let (good_end, printed, errors) = house.shop.try_command(&[words.as_slice(), keys.as_slice()].concat());
    assert!(!good_end, "what differs is an exit code: {printed}{errors}");
    let said: Value = serde_json::from_str(&printed).unwrap_or_else(|e| panic!("{e}: {printed}{errors}"));
    assert_eq!(said.list("differences").len(), found.len(), "{said:#}");
    // What needs no decision is set right, once.
    let (run, found) = reconcile(house, &from, true);
    assert!(run.n("settled") >= 1, "{run:#} {found:#?}");
    let order = house.shop.wait_refunded(failed.id(), 0);
    assert_eq!(order["refunds"][0]["status"], "failed", "{order:#}");
    let (_, found) = reconcile(house, &from, true);
    assert!(kinds(&found, failed.id()).is_empty(), "{found:#?}");
    assert_eq!(kinds(&found, taken.id()), one("taken"), "nothing is guessed");
    // Undone, so that the house is in order again.
    house.stripe.books(|books| {
        let intent = taken["payments"][0].s("reference");
        books.change(intent, json!({ "amount_received": taken.n("total") }));
    });
}
