//! What happens at the provider without us: refunds in its dashboard, chargebacks that no webhook told, webhooks that are days late.

use orderwright::fakes::Fake;
use orderwright::pay::signature::hmac_hex;
use orderwright_core::decide::EffectJob;
use orderwright_core::id::{OrderId, PaymentId};
use orderwright_core::workflow::Effect;
use serde_json::{Value, json};

use super::adapters::job;
use super::house::{House, RAZORPAY_SECRET};
use super::reconciliation::{kinds, reconcile_with};
use super::webhooks::{seen, send_signed};
use crate::shop::lists::walk;
use crate::shop::orders::assert_sums;
use crate::shop::{Json, PATIENCE, eventually};

provider_scenarios! {
    a_refund_in_the_dashboard_is_the_orders_refund,
    more_than_is_left_is_parked_with_its_order,
    a_refund_that_meets_the_dashboards_says_where_to_look,
    reconciliation_takes_in_what_no_webhook_told,
    a_webhook_three_days_late_is_acted_on_by_fetching,
    wrong_sums_are_told_in_whole_units,
}

/// An order that was paid, its payment at the provider, and the provider.
fn paid<'a>(house: &'a House, provider: &str) -> (String, String, &'a Fake) {
    match provider {
        "razorpay" => {
            let (id, payment) = house.place_and_pay(&[(0, 1)]);
            house.shop.wait_payment(&id, "captured");
            (id, payment.id().to_owned(), &house.razorpay)
        }
        _ => {
            let order = house.shop.place("mall", &[(0, 1)], "pm_card_visa");
            let order = house.shop.wait_payment(order.id(), "captured");
            (order.id().to_owned(), order["payments"][0].s("reference").to_owned(), &house.stripe)
        }
    }
}

fn timeline(house: &House, id: &str, kind: &str) -> Vec<Value> {
    house.shop.timeline_as(&house.shop.admin(), id).into_iter().filter(|e| e["type"] == kind).collect()
}

fn chargeback(house: &House, order: &str) -> Option<Value> {
    let all = walk(&house.shop.admin(), "/admin/disputes", "limit=100&kind=chargeback");
    all.into_iter().find(|d| d.s("orderId") == order)
}

fn a_refund_in_the_dashboard_is_the_orders_refund(house: &House) {
    for provider in ["stripe", "razorpay"] {
        let (id, payment, fake) = paid(house, provider);
        let (made, _) = house.act_with(fake, &payment, "refund", &json!({ "amount": 1000 }), false);
        let order = house.shop.wait_refunded(&id, 1000);
        let refund = &order["refunds"][0];
        assert_eq!((refund.s("createdBy"), refund.s("reference")), (provider, made.id()), "{refund:#}");
        assert_eq!((refund.s("status"), refund.n("amount")), ("succeeded", 1000), "{refund:#}");
        assert_eq!(order.sum("splits", "refunded"), 1000, "every share follows: {order:#}");
        assert_eq!(order.s("paymentStatus"), "partially_refunded");
        assert!(timeline(house, &id, "refund_seen")[0].s("message").contains(made.id()));
        // Told again, and by a reconciliation as well: it is the same refund.
        orderwright::fakes::webhooks::replay(&fake.state, 3, 0xbe51de);
        house.quiet(fake, "everything was told again");
        let (_, found) = reconcile_with(house, provider, "2020-01-01", true);
        assert!(kinds(&found, &id).is_empty(), "{found:#?}");
        assert_eq!(house.shop.view(&id), order, "the same order, to its version");
        // The rest goes back through us, to the cent.
        let all = json!({ "reason": "returned", "initiatePaymentRefund": true });
        house.shop.admin().refund(&id, &all).expect(201);
        let order = house.shop.wait_refunded(&id, order.n("total"));
        assert_sums(&order);
        // A refund of the dashboard can fail as any other.
        house.act(fake, made.id(), "fail");
        house.shop.wait_refunded(&id, order.n("total") - 1000);
    }
}

fn more_than_is_left_is_parked_with_its_order(house: &House) {
    let (id, payment, fake) = paid(house, "stripe");
    let total = house.shop.view(&id).n("total");
    let by_bank =
        json!({ "amount": total - 100, "reason": "the card is gone", "method": "bank", "initiatePaymentRefund": true });
    house.shop.admin().refund(&id, &by_bank).expect(201);
    let before = house.shop.wait_refunded(&id, total - 100);
    let (made, told) = house.act_with(fake, &payment, "refund", &json!({ "amount": 500 }), true);
    for body in &told {
        send_signed(house, body).expect(200);
    }
    let event = told.iter().find(|e| e["type"] == "refund.created").expect("it is told");
    let parked = seen(house, event.id(), "parked");
    assert_eq!(parked["orderId"], id.as_str(), "{parked:#}");
    assert!(parked.s("note").contains(made.id()), "{parked:#}");
    let order = house.shop.view(&id);
    assert_eq!((&order["refunds"], &order["splits"]), (&before["refunds"], &before["splits"]), "nothing was booked");
    let told =
        || timeline(house, &id, "needs_attention").into_iter().filter(|e| e.s("message").contains(made.id())).count();
    assert_eq!(told(), 1);
    // A reconciliation says the same, guesses nothing, and tells nobody again.
    for _ in 0..2 {
        let (_, found) = reconcile_with(house, "stripe", "2020-01-01", true);
        let own =
            found.iter().find(|d| d["orderId"] == id.as_str() && d["kind"] == "refund_unknown").expect("it differs");
        assert_eq!((own["reference"].as_str(), &own["settled"]), (Some(made.id()), &json!(false)), "{own:#}");
    }
    assert_eq!(told(), 1, "told once");
    // The dashboard's refund comes back: nothing is left to do.
    house.act(fake, made.id(), "fail");
    eventually("the books agree", PATIENCE, || {
        let (_, found) = reconcile_with(house, "stripe", "2020-01-01", false);
        if kinds(&found, &id).is_empty() { Ok(()) } else { Err(format!("{found:#?}")) }
    });
}

fn a_refund_that_meets_the_dashboards_says_where_to_look(house: &House) {
    let (id, payment, fake) = paid(house, "stripe");
    house.act_with(fake, &payment, "refund", &json!({ "amount": 1000 }), true);
    let all = json!({ "reason": "returned", "initiatePaymentRefund": true });
    house.shop.admin().refund(&id, &all).expect(201);
    let failed = eventually("the refund failed", PATIENCE, || {
        timeline(house, &id, "refund_failed").pop().ok_or_else(|| "not yet".to_owned())
    });
    let said = failed.s("message");
    assert!(said.contains("reconciliation") && said.contains("Do not pay by bank before"), "{said}");
    // Who does what it says pays once.
    let (_, found) = reconcile_with(house, "stripe", "2020-01-01", true);
    assert!(found.iter().any(|d| d["orderId"] == id.as_str() && d["settled"] == true), "{found:#?}");
    let order = house.shop.wait_refunded(&id, 1000);
    house.shop.admin().refund(&id, &all).expect(201);
    house.shop.wait_refunded(&id, order.n("total"));
    let back: i64 = fake.books(|books| {
        let all = books.list("object", "refund").into_iter().filter(|r| r["payment_intent"] == payment.as_str());
        all.map(|r| r.n("amount")).sum()
    });
    assert_eq!(back, order.n("total"), "once");
}

fn reconciliation_takes_in_what_no_webhook_told(house: &House) {
    let from = "2020-01-01";
    for (provider, taken, fee) in [("stripe", true, 1500), ("razorpay", false, 0)] {
        let (refunded, payment, fake) = paid(house, provider);
        let (disputed, charged, _) = paid(house, provider);
        let total = house.shop.view(&disputed).n("total");
        house.act_with(fake, &payment, "refund", &json!({ "amount": 700 }), true);
        house.act_with(fake, &payment, "refund", &json!({ "amount": 300 }), true);
        let (dispute, _) = house.act_with(fake, &charged, "dispute", &json!({}), true);
        let (_, found) = reconcile_with(house, provider, from, false);
        let own = |found: &[Value], kind: &str| -> Vec<Value> {
            let of =
                |d: &&Value| d["kind"] == kind && [&refunded, &disputed].iter().any(|id| d["orderId"] == id.as_str());
            found.iter().filter(of).cloned().collect()
        };
        let mut sums: Vec<i64> = own(&found, "refund_unknown").iter().map(|d| d.n("theirs")).collect();
        sums.sort_unstable();
        assert_eq!(sums, [300, 700], "{provider}: {found:#?}");
        let unknown = own(&found, "dispute_unknown");
        let wish = if taken { total + fee } else { 0 };
        assert_eq!(
            (unknown[0].n("theirs"), unknown[0]["reference"].as_str()),
            (wish, Some(dispute.id())),
            "{found:#?}"
        );
        assert!(chargeback(house, &disputed).is_none(), "it was only told");
        // Taken in as their webhooks would have been, once.
        let (_, found) = reconcile_with(house, provider, from, true);
        assert!(
            own(&found, "refund_unknown").iter().chain(&own(&found, "dispute_unknown")).all(|d| d["settled"] == true)
        );
        let order = house.shop.wait_refunded(&refunded, 1000);
        assert_eq!(order.list("refunds").len(), 2, "{order:#}");
        house.shop.wait_payment(&disputed, "disputed");
        let ours = chargeback(house, &disputed).expect("taken in");
        assert_eq!(ours["chargeback"].n("withdrawn"), if taken { total } else { 0 }, "{ours:#}");
        let (_, found) = reconcile_with(house, provider, from, true);
        assert!(kinds(&found, &refunded).is_empty() && kinds(&found, &disputed).is_empty(), "{found:#?}");
        // The bank decides, and again no webhook arrives.
        house.act_with(fake, dispute.id(), "lose", &json!({}), true);
        let (_, found) = reconcile_with(house, provider, from, true);
        let moved = own(&found, if taken { "dispute_status" } else { "dispute_amount" });
        assert_eq!(moved.iter().filter(|d| d["settled"] == true).count(), 1, "{provider}: {found:#?}");
        let lost = chargeback(house, &disputed).expect("there");
        assert_eq!((lost.s("status"), lost["chargeback"].n("lost")), ("lost", total), "{lost:#}");
        let (_, found) = reconcile_with(house, provider, from, false);
        assert!(kinds(&found, &disputed).is_empty(), "{found:#?}");
        // One that the provider does not have is told, and nothing is guessed.
        let hidden = fake.books(|books| {
            let field = if provider == "stripe" { "payment_intent" } else { "payment_id" };
            let known = books.get(dispute.id()).cloned().expect("there");
            books.change(dispute.id(), json!({ field: "pay_elsewhere" }));
            json!({ field: known[field] })
        });
        let (_, found) = reconcile_with(house, provider, from, true);
        let missing = own(&found, "dispute_missing");
        assert_eq!((missing.len(), &missing[0]["settled"]), (1, &json!(false)), "{found:#?}");
        fake.books(|books| books.change(dispute.id(), hidden.clone()));
    }
}

fn a_webhook_three_days_late_is_acted_on_by_fetching(house: &House) {
    for provider in ["stripe", "razorpay"] {
        let (disputed, payment, fake) = paid(house, provider);
        let (refunded, other, _) = paid(house, provider);
        let (dispute, told) = house.act_with(fake, &payment, "dispute", &json!({}), true);
        house.act_with(fake, dispute.id(), "lose", &json!({}), true);
        let (made, of_refund) = house.act_with(fake, &other, "refund", &json!({ "amount": 250 }), true);
        house.act_with(fake, made.id(), "fail", &json!({}), true);
        house.shop.advance("3d");
        let before = house.shop.view(&refunded);
        // What it says is of three days ago: open, and gone back.
        for body in told.iter().chain(&of_refund) {
            let text = body.to_string();
            match provider {
                "stripe" => drop(send_signed(house, body).expect(200)),
                _ => {
                    let call = house.shop.anyone().call("POST", "/webhooks/razorpay");
                    let call = call.header("x-razorpay-event-id", &house.shop.unique("late"));
                    let signature = hmac_hex(RAZORPAY_SECRET, &[text.as_bytes()]);
                    call.header("x-razorpay-signature", &signature).raw(&text).send().expect(200);
                }
            }
        }
        house.quiet(fake, "what was late is acted on");
        let lost = chargeback(house, &disputed).expect("it was told");
        assert_eq!(
            (lost.s("status"), lost["chargeback"].s("reference")),
            ("lost", dispute.id()),
            "{provider}: {lost:#}"
        );
        let after = house.shop.view(&refunded);
        assert_eq!((&after["refunds"], after.n("refundedTotal")), (&before["refunds"], 0), "it failed there long ago");
        assert_sums(&house.shop.view(&disputed));
    }
}

fn wrong_sums_are_told_in_whole_units(house: &House) {
    // Taken in another currency than was asked for.
    let order = house.shop.place("bazaar", &[(0, 1)], "pm_card_visa");
    let order = house.shop.wait_payment(order.id(), "captured");
    let capture = EffectJob {
        order: OrderId::parse(order.id()).expect("an id"),
        payment: PaymentId::parse(order["payments"][0].id()).expect("an id"),
        ..job(903, Effect::Capture, 5, "EUR", order["payments"][0]["reference"].as_str())
    };
    let stripe = super::adapters::stripe(&house.stripe, orderwright::pay::config::Verification::SetupIntent);
    let answer =
        super::house::runtime().block_on(async { stripe.execute(&super::adapters::work(&capture, &[])).await });
    let said = answer.expect_err("another currency was taken").to_string();
    let total = order.n("total");
    assert!(said.contains(&format!("USD {}.{:02} were taken instead of EUR 0.05", total / 100, total % 100)), "{said}");
}
