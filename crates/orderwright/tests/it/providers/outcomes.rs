//! Outcomes at Stripe: holds that end, shares that come back, money that comes too late, cancels that meet captures.

use orderwright::fakes::faults::Kind;
use serde_json::{Value, json};

use super::house::{House, taken_after_release};
use crate::shop::orders::assert_sums;
use crate::shop::{Json, PATIENCE, at_once, eventually};

provider_scenarios! {
    a_refund_takes_transfers_back_once,
    a_party_with_nothing_left_owes_it,
    money_that_comes_too_late_goes_back,
    cancel_against_capture_is_never_both,
    a_hold_is_renewed_without_the_customer,
    a_renewal_that_the_bank_wants_confirmed_asks_the_customer,
}

/// An order in `blinds` whose parties have open accounts at Stripe, paid and confirmed.
fn shared_out(house: &House) -> Value {
    let probe = house.shop.place("blinds", &[(0, 1)], "pm_card_visa");
    house.shop.wait_status(probe.id(), "payment_authorised");
    house.shop.merchants_fire(probe.id(), "confirm", &json!({}));
    let paid = house.shop.wait_status(probe.id(), "confirmed");
    for split in paid.list("splits").iter().filter(|s| s["party"]["type"] != "platform") {
        let party = format!("party/{}/{}", split["party"].s("type"), split["party"].id());
        let body = json!({ "party": party, "provider": "stripe", "country": "GB" });
        let account = house.shop.admin().post("/admin/payment-accounts", &body).expect(201);
        if account["canReceive"] == false {
            house.act(&house.stripe, account.s("account"), "activate");
        }
        eventually("the account can receive", PATIENCE, || {
            let list = house.shop.admin().get("/admin/payment-accounts?limit=200").expect(200);
            let open = list.list("data").iter().any(|a| a["account"] == account["account"] && a["canReceive"] == true);
            if open { Ok(()) } else { Err(format!("{list:#}")) }
        });
    }
    let order = house.shop.place("blinds", &[(0, 2)], "pm_card_visa");
    house.shop.wait_status(order.id(), "payment_authorised");
    house.shop.merchants_fire(order.id(), "confirm", &json!({}));
    house.shop.wait_status(order.id(), "confirmed")
}

/// The order, when nothing is under way beside it any more.
fn rested(house: &House, id: &str) -> Value {
    house.shop.wait(id, "has no errand under way", |o| o.list("errands").iter().all(|e| e["status"] != "under_way"))
}

/// What the lines of an account about an order come to.
fn booked(house: &House, id: &str, account: &str) -> i64 {
    let lines = house.shop.admin().get(&format!("/admin/ledger?orderId={id}&limit=200")).expect(200);
    lines.list("data").iter().filter(|l| l["account"] == account).map(|l| l.n("amount")).sum()
}

/// Every transfer of an order in both books, and what each party keeps.
#[track_caller]
fn assert_transfers_agree(house: &House, order: &Value) {
    let there = house.at_stripe("transfer", order.id());
    assert_eq!(there.len(), order.list("transfers").len(), "{order:#}");
    for ours in order.list("transfers") {
        let theirs = there.iter().find(|t| t["id"] == ours["reference"]).expect("at Stripe, too");
        assert_eq!((ours.n("amount"), ours.n("reversed")), (theirs.n("amount"), theirs.n("amount_reversed")));
        let split = order
            .list("splits")
            .iter()
            .find(|s| ours.s("party") == format!("party/{}/{}", s["party"].s("type"), s["party"].id()));
        let split = split.expect("a share");
        let keeps = ours.n("amount") - ours.n("reversed") - ours.n("owed");
        assert_eq!(keeps, split.n("amount") - split.n("refunded"), "{ours:#} {split:#}");
    }
    house.assert_books_agree(order.id());
}

fn a_refund_takes_transfers_back_once(house: &House) {
    let order = shared_out(house);
    assert!(order.list("transfers").len() >= 3, "{order:#}");
    assert_transfers_agree(house, &order);
    for (kind, amount) in [(Kind::Lost, 101), (Kind::ErrorAfter, 37), (Kind::Error, 1)] {
        // Twice, so that the retry within the call does not hide it.
        house.stripe.fault("/reversals", kind, 2);
        let before = order.n("total") - house.shop.view(order.id()).n("refundedTotal");
        let body = json!({ "amount": amount, "reason": "late", "initiatePaymentRefund": true });
        house.shop.admin().refund(order.id(), &body).expect(201);
        house.shop.wait_refunded(order.id(), order.n("total") - before + amount);
        let now = rested(house, order.id());
        assert_transfers_agree(house, &now);
    }
    let rest = json!({ "reason": "all of it", "initiatePaymentRefund": true });
    house.shop.admin().refund(order.id(), &rest).expect(201);
    house.shop.wait_refunded(order.id(), order.n("total"));
    let now = rested(house, order.id());
    assert_transfers_agree(house, &now);
    assert!(now.list("transfers").iter().all(|t| t["reversed"] == t["amount"]), "all of it came back: {now:#}");
    let fees = booked(house, order.id(), "platform/fees");
    assert_eq!(booked(house, order.id(), "provider/clearing"), -fees, "the fee is what is left of the sale");
    assert!(fees > 0, "Stripe told its fee");
}

fn a_party_with_nothing_left_owes_it(house: &House) {
    let order = shared_out(house);
    let currency = order.s("currency").to_lowercase();
    // Every party has taken its money out.
    let accounts: Vec<String> =
        house.at_stripe("transfer", order.id()).iter().map(|t| t.s("destination").to_owned()).collect();
    let kept: Vec<(String, i64)> = house.stripe.books(|books| {
        let kept = accounts.iter().map(|a| (a.clone(), books.balance(a, &currency))).collect::<Vec<_>>();
        kept.iter().for_each(|(account, balance)| books.pay(account, &currency, -balance));
        kept
    });
    let body = json!({ "amount": 500, "reason": "late", "initiatePaymentRefund": true });
    house.shop.admin().refund(order.id(), &body).expect(201);
    house.shop.wait_refunded(order.id(), 500);
    let now = rested(house, order.id());
    for transfer in now.list("transfers") {
        assert!(transfer.n("owed") > 0 && transfer.n("reversed") == 0, "{transfer:#}");
        let owes = transfer.s("party").replacen("party/", "receivable/", 1);
        assert_eq!(booked(house, order.id(), &owes), transfer.n("owed"));
    }
    assert!(now.list("errands").iter().all(|e| e["refused"] == "balance_insufficient"), "{now:#}");
    let told = house.shop.timeline_as(&house.shop.admin(), order.id());
    assert!(told.iter().any(|e| e["type"] == "needs_attention"), "{told:#?}");
    assert_transfers_agree(house, &now);
    house.stripe.books(|books| kept.iter().for_each(|(account, balance)| books.pay(account, &currency, *balance)));
}

fn money_that_comes_too_late_goes_back(house: &House) {
    let order = house.shop.place("blinds", &[(0, 1)], "pm_card_visa");
    house.shop.wait_status(order.id(), "payment_authorised");
    house.shop.customer(0).cancel(order.id()).expect(200);
    let cancelled = house.shop.wait_payment(order.id(), "voided");
    let taken = taken_after_release(&house.stripe, &cancelled);
    let order = house.shop.wait(order.id(), "has given it back", |o| {
        o["payments"][0].n("late") > 0 && o["payments"][0]["late"] == o["payments"][0]["lateRefunded"]
    });
    assert_eq!((order.s("status"), order.s("paymentStatus")), ("cancelled", "voided"), "{order:#}");
    assert_eq!(order["payments"][0].n("late"), taken);
    let refunds = house.at_stripe("refund", order.id());
    assert_eq!(refunds.iter().map(|r| r.n("amount")).collect::<Vec<_>>(), [taken], "once");
    let told = house.shop.timeline_as(&house.shop.customer(0), order.id());
    for kind in ["late_payment", "late_payment_refunded"] {
        assert!(told.iter().any(|e| e["type"] == kind), "the customer reads {kind}: {told:#?}");
    }
    assert_eq!(booked(house, order.id(), "orders/unsettled"), 0);
    assert!(booked(house, order.id(), "provider/clearing") == 0, "all of it is gone again");
}

/// Some hundreds of the ten thousand of the core's simulation, through the real runner and a provider that loses answers.
fn cancel_against_capture_is_never_both(house: &House) {
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for round in 0..60 {
        let order = house.shop.place("blinds", &[(0, 1)], "pm_card_visa");
        house.shop.wait_status(order.id(), "payment_authorised");
        match round % 4 {
            0 => house.stripe.fault("/capture", Kind::Lost, 1),
            1 => house.stripe.fault("/cancel", Kind::Lost, 1),
            _ => {}
        }
        let maker = house.shop.merchant_of("blinds", 0);
        let statuses = at_once(4, 4, |n| match n {
            0 => maker.fire(order.id(), "confirm", &json!({})).status,
            _ => house.shop.customer(0).cancel(order.id()).status,
        });
        assert!(statuses.iter().all(|s| [200, 409].contains(s)), "{statuses:?}");
        let order = house.shop.wait(order.id(), "rests", |o| {
            let rests = ["cancelled", "confirmed"].contains(&o.s("status"));
            let money = ["voided", "captured", "refunded"].contains(&o.s("paymentStatus"));
            rests && money && o.list("refunds").iter().all(|r| r["status"] == "succeeded")
        });
        let intent = house.at_stripe("payment_intent", order.id()).remove(0);
        let back: i64 = house.at_stripe("refund", order.id()).iter().map(|r| r.n("amount")).sum();
        let kept = intent.n("amount_received") - back;
        match order.s("status") {
            "cancelled" => assert_eq!((kept, intent.n("amount_capturable")), (0, 0), "cancelled and paid: {order:#}"),
            _ => assert_eq!(kept, order.n("total"), "confirmed and not paid: {order:#}"),
        }
        assert_sums(&order);
        *seen.entry(order.s("status").to_owned()).or_default() += 1;
    }
    assert!(!seen.is_empty(), "{seen:?}");
}

fn a_hold_is_renewed_without_the_customer(house: &House) {
    let order = house.shop.place("blinds", &[(0, 1)], "pm_card_visa");
    let order = house.shop.wait_status(order.id(), "payment_authorised");
    assert!(order["payments"][0]["captureBefore"].is_string(), "{order:#}");
    // The answers to the renewal and to the release are lost, too.
    house.stripe.fault("POST /v1/payment_intents", Kind::Lost, 2);
    house.shop.advance("7d");
    let order = house.shop.wait(order.id(), "is held anew", |o| {
        o.list("payments").len() == 2 && o["payments"][0]["status"] == "voided" && o["paymentStatus"] == "authorised"
    });
    let intents = house.at_stripe("payment_intent", order.id());
    let mut states: Vec<&str> = intents.iter().map(|i| i.s("status")).collect();
    states.sort_unstable();
    assert_eq!(states, ["canceled", "requires_capture"], "one hold, once: {intents:#?}");
    house.shop.merchants_fire(order.id(), "confirm", &json!({}));
    house.shop.wait_status(order.id(), "confirmed");
    house.assert_books_agree(order.id());
}

fn a_renewal_that_the_bank_wants_confirmed_asks_the_customer(house: &House) {
    let order = house.shop.place("blinds", &[(0, 1)], "pm_card_authenticationRequired");
    house.shop.wait(order.id(), "waits for its customer", |o| o["payments"][0]["awaitsCustomer"] == true);
    let intent = house.at_stripe("payment_intent", order.id()).remove(0);
    house.act(&house.stripe, intent.id(), "authenticate");
    house.shop.wait_status(order.id(), "payment_authorised");
    house.shop.advance("7d");
    let lost = house.shop.wait_status(order.id(), "pending");
    assert_eq!(lost["payments"][1]["failureCode"], "authentication_required", "{lost:#}");
    assert!(lost["payments"][1].s("nextStep").contains("confirm"), "{lost:#}");
    house.shop.customer(0).pay(order.id(), "pm_card_visa").expect(200);
    house.shop.wait_status(order.id(), "payment_authorised");
    house.shop.merchants_fire(order.id(), "confirm", &json!({}));
    let order = house.shop.wait_status(order.id(), "confirmed");
    rested(house, order.id());
    let open = house.at_stripe("payment_intent", order.id());
    assert!(open.iter().all(|i| i["status"] != "requires_capture"), "no hold is left: {open:#?}");
    house.assert_books_agree(order.id());
}
