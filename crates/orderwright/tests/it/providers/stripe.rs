//! Orders paid through Stripe: what the sandbox's cards do there, and what is lost on the way.

use orderwright::fakes::faults::Kind;
use serde_json::json;

use super::house::House;
use crate::shop::orders::rests_at;
use crate::shop::{Json, PATIENCE, eventually};

provider_scenarios! {
    a_good_card_rests_where_the_sandbox_rests,
    a_declined_card_is_a_failed_payment,
    whatever_is_lost_the_card_is_charged_once,
    a_lost_capture_is_captured_once,
    a_bank_that_wants_confirmation_is_waited_for,
    a_refund_that_fails_later_is_owed_again,
    a_dispute_is_opened_and_closed,
    an_inquiry_becomes_a_dispute_whatever_order_events_come_in,
    a_verified_card_is_charged_without_its_holder,
    a_payment_that_nobody_finishes_is_given_up,
    a_payment_stays_with_its_provider,
    shares_go_to_the_parties_accounts,
    a_decline_says_what_to_do_next,
}

fn a_good_card_rests_where_the_sandbox_rests(house: &House) {
    for channel in ["blinds", "bazaar", "studio", "mall"] {
        let order = house.shop.place(channel, &[(0, 1)], "pm_card_visa");
        let (status, payment) = rests_at(channel);
        house.shop.wait_status(order.id(), status);
        house.shop.wait_payment(order.id(), payment);
        house.assert_books_agree(order.id());
    }
}

fn a_declined_card_is_a_failed_payment(house: &House) {
    for (channel, status) in [("blinds", "cancelled"), ("mall", "new")] {
        let order = house.shop.place(channel, &[(0, 1)], "pm_card_chargeDeclinedInsufficientFunds");
        house.shop.wait_status(order.id(), status);
        let order = house.shop.wait_payment(order.id(), "failed");
        assert_eq!(order["payments"][0]["failureCode"], "insufficient_funds", "{order:#}");
        house.assert_books_agree(order.id());
    }
}

fn whatever_is_lost_the_card_is_charged_once(house: &House) {
    for kind in [Kind::Lost, Kind::ErrorAfter, Kind::Error, Kind::RateLimited, Kind::TimeoutAfter, Kind::Timeout] {
        // Twice, so that the retry within the call does not hide it.
        house.stripe.fault("POST /v1/payment_intents", kind, 2);
        let order = house.shop.place("bazaar", &[(0, 1)], "pm_card_visa");
        let order = house.shop.wait_payment(order.id(), "captured");
        let intents = house.at_stripe("payment_intent", order.id());
        assert_eq!(intents.len(), 1, "{kind:?}: one payment: {intents:#?}");
        house.assert_books_agree(order.id());
    }
}

fn a_lost_capture_is_captured_once(house: &House) {
    for kind in [Kind::Lost, Kind::ErrorAfter, Kind::Error] {
        let order = house.shop.place("blinds", &[(0, 2)], "pm_card_visa");
        house.shop.wait_status(order.id(), "payment_authorised");
        let before = house.shop.view(order.id());
        assert!(before["payments"][0]["captureBefore"].is_string(), "Stripe says until when: {before:#}");
        house.stripe.fault("/capture", kind, 2);
        house.shop.merchants_fire(order.id(), "confirm", &json!({}));
        house.shop.wait_status(order.id(), "confirmed");
        house.shop.wait_payment(order.id(), "captured");
        house.assert_books_agree(order.id());
    }
}

fn a_bank_that_wants_confirmation_is_waited_for(house: &House) {
    for (act, payment) in [("authenticate", "captured"), ("fail_authentication", "failed")] {
        let order = house.shop.place("bazaar", &[(0, 1)], "pm_card_authenticationRequired");
        let waiting =
            house.shop.wait(order.id(), "waits for its customer", |o| o["payments"][0]["awaitsCustomer"] == true);
        assert_eq!(waiting.s("paymentStatus"), "pending", "{waiting:#}");
        let intent = house.at_stripe("payment_intent", order.id()).remove(0);
        house.act(&house.stripe, intent.id(), act);
        house.shop.wait_payment(order.id(), payment);
        house.assert_books_agree(order.id());
    }
}

fn a_refund_that_fails_later_is_owed_again(house: &House) {
    let order = house.shop.place("bazaar", &[(0, 1)], "pm_card_visa");
    house.shop.wait_payment(order.id(), "captured");
    let body = json!({ "amount": 100, "reason": "late", "initiatePaymentRefund": true });
    house.shop.admin().refund(order.id(), &body).expect(201);
    house.shop.wait_refunded(order.id(), 100);
    let refund = house.at_stripe("refund", order.id()).remove(0);
    house.act(&house.stripe, refund.id(), "fail");
    house.shop.wait_refunded(order.id(), 0);
    let order = house.shop.view(order.id());
    assert_eq!(order["refunds"][0]["status"], "failed", "{order:#}");
    assert_eq!(order.s("paymentStatus"), "captured");
    house.assert_books_agree(order.id());
    // What is owed can be refunded again.
    house.shop.admin().refund(order.id(), &body).expect(201);
    house.shop.wait_refunded(order.id(), 100);
    house.assert_books_agree(order.id());
}

fn a_dispute_is_opened_and_closed(house: &House) {
    let order = house.shop.place("bazaar", &[(0, 1)], "pm_card_createDispute");
    house.shop.wait_payment(order.id(), "disputed");
    let intent = house.at_stripe("payment_intent", order.id()).remove(0);
    let dispute = house.stripe.books(|books| {
        let mut all = books.list("object", "dispute").into_iter();
        all.find(|d| d["payment_intent"] == intent["id"]).cloned().expect("a dispute")
    });
    let ours = chargeback(house, order.id());
    let total = order.n("total");
    assert_eq!((ours.s("status"), ours["chargeback"].s("reference")), ("needs_response", dispute.id()));
    assert_eq!((ours["chargeback"].n("withdrawn"), ours["chargeback"].n("fee")), (total, 1500));
    assert_eq!(ours["chargeback"].s("reasonCode"), "fraudulent");
    let path = format!("/admin/disputes/{}", ours.id());
    let words = json!({ "summary": "The customer signed for it." });
    house.shop.admin().post(&format!("{path}/submit"), &words).expect(200);
    wait(house, ours.id(), "under_review");
    let there = house.stripe.books(|books| books.get(dispute.id()).cloned()).expect("there");
    let begins = format!("The customer signed for it.\nOrder {} of ", order.s("orderNumber"));
    assert!(there["evidence"].s("uncategorized_text").starts_with(&begins), "{there:#}");
    assert_eq!(there["evidence_details"].n("submission_count"), 1, "once");
    house.act(&house.stripe, dispute.id(), "win");
    house.shop.wait_payment(order.id(), "captured");
    let won = wait(house, ours.id(), "won");
    assert_eq!((won["chargeback"].n("withdrawn"), won["chargeback"].n("lost")), (0, 0));
}

/// Our chargeback of an order.
fn chargeback(house: &House, order: &str) -> serde_json::Value {
    let all = crate::shop::lists::walk(&house.shop.admin(), "/admin/disputes", "limit=100&kind=chargeback");
    all.into_iter().find(|d| d.s("orderId") == order).expect("a chargeback")
}

fn wait(house: &House, dispute: &str, status: &str) -> serde_json::Value {
    eventually(&format!("the dispute is {status}"), std::time::Duration::from_secs(60), || {
        let now = house.shop.admin().get(&format!("/admin/disputes/{dispute}")).expect(200);
        if now.s("status") == status { Ok(now) } else { Err(format!("{now:#}")) }
    })
}

fn an_inquiry_becomes_a_dispute_whatever_order_events_come_in(house: &House) {
    let order = house.shop.place("bazaar", &[(0, 1)], "pm_card_visa");
    house.shop.wait_payment(order.id(), "captured");
    let intent = house.at_stripe("payment_intent", order.id()).remove(0);
    let dispute = house.act(&house.stripe, intent.id(), "inquiry");
    house.shop.wait_payment(order.id(), "disputed");
    let ours = chargeback(house, order.id());
    assert_eq!((ours.s("status"), ours["chargeback"].n("withdrawn")), ("inquiry", 0));
    // Meanwhile a refund may still prevent the dispute.
    let little = json!({ "amount": 1, "reason": "kindness", "initiatePaymentRefund": true });
    house.shop.admin().refund(order.id(), &little).expect(201);
    house.shop.wait_refunded(order.id(), 1);
    house.act(&house.stripe, dispute.id(), "escalate");
    wait(house, ours.id(), "needs_response");
    house.act(&house.stripe, dispute.id(), "lose");
    let lost = wait(house, ours.id(), "lost");
    let total = order.n("total");
    // The bank took the whole, and a cent had gone back before: that one is the platform's.
    let bank = &lost["chargeback"];
    assert_eq!((bank.n("lost"), bank.n("borneByParties"), bank.n("borneByPlatform")), (total, total - 1, 1));
    let before = house.shop.view(order.id());
    orderwright::fakes::webhooks::replay(&house.stripe.state, 20, 0xd15b);
    eventually("everything was told again", std::time::Duration::from_secs(120), || {
        let idle = house.stripe.state.sent.lock().expect("not poisoned").is_idle();
        let waiting = house.shop.ops().get("/admin/provider-events?state=received").expect(200);
        if idle && waiting.list("data").is_empty() { Ok(()) } else { Err("not yet".to_owned()) }
    });
    assert_eq!(house.shop.view(order.id()), before, "the same order, to its version");
    assert_eq!(house.shop.admin().get(&format!("/admin/disputes/{}", ours.id())).expect(200), lost);
}

fn a_verified_card_is_charged_without_its_holder(house: &House) {
    for (method, status) in [("pm_card_visa", "completed"), ("pm_card_chargeCustomerFail", "pending_payment")] {
        let order = house.shop.place("studio", &[(0, 1)], method);
        house.shop.wait_status(order.id(), "received");
        assert_eq!(house.at_stripe("setup_intent", order.id()).len(), 1);
        assert!(house.at_stripe("payment_intent", order.id()).is_empty(), "nothing is taken before it is accepted");
        house.shop.merchants_fire(order.id(), "accept", &json!({}));
        match status {
            "completed" => drop(house.shop.wait_payment(order.id(), "captured")),
            other => drop(house.shop.wait_status(order.id(), other)),
        }
        house.assert_books_agree(order.id());
    }
}

fn a_payment_that_nobody_finishes_is_given_up(house: &House) {
    let order = house.shop.place("mall", &[(0, 1)], "checkout");
    house.shop.wait(order.id(), "waits for its customer", |o| o["payments"][0]["awaitsCustomer"] == true);
    // The shop's clock runs on; Stripe's does not, and need not.
    house.shop.advance("61m");
    let order = house.shop.wait_payment(order.id(), "failed");
    assert_eq!(order["payments"][0]["failureCode"], "abandoned", "{order:#}");
    let intent = house.at_stripe("payment_intent", order.id()).remove(0);
    assert_eq!((intent.s("status"), intent.s("cancellation_reason")), ("canceled", "abandoned"));
    // And can be paid again.
    house.shop.customer(0).pay(order.id(), "pm_card_visa").expect(200);
    house.shop.wait_payment(order.id(), "captured");
    house.assert_books_agree(order.id());
}

fn a_payment_stays_with_its_provider(house: &House) {
    let order = house.shop.place("bazaar", &[(0, 1)], "pm_card_visa");
    house.shop.wait_payment(order.id(), "captured");
    let set = |provider: &str| {
        let body = json!({ "channel": "bazaar", "paymentProvider": provider });
        house.shop.admin().patch("/admin/settings", &body)
    };
    set("sandbox").expect(200);
    let body = json!({ "amount": 70, "reason": "goodwill", "initiatePaymentRefund": true });
    house.shop.admin().refund(order.id(), &body).expect(201);
    house.shop.wait_refunded(order.id(), 70);
    assert_eq!(house.at_stripe("refund", order.id()).len(), 1, "the refund went where the payment was made");
    set("stripe").expect(200);
    set("paypal").wrong(&["/paymentProvider"]);
    house.assert_books_agree(order.id());
}

fn shares_go_to_the_parties_accounts(house: &House) {
    let probe = house.shop.place("blinds", &[(0, 1)], "pm_card_visa");
    house.shop.wait_status(probe.id(), "payment_authorised");
    house.shop.merchants_fire(probe.id(), "confirm", &json!({}));
    let paid = house.shop.wait_payment(probe.id(), "captured");
    let split = paid.list("splits").iter().find(|s| s["party"]["type"] != "platform").expect("a party").clone();
    let party = format!("party/{}/{}", split["party"].s("type"), split["party"].id());
    let body =
        json!({ "party": party, "provider": "stripe", "country": "GB", "returnUrl": "https://shop.example/back" });
    let account = house.shop.admin().post("/admin/payment-accounts", &body).expect(201);
    // Another scenario may have had it opened: Stripe closes it again.
    let closed = json!({
        "capabilities": { "transfers": "inactive" }, "payouts_enabled": false, "details_submitted": false,
        "requirements": { "currently_due": ["tos_acceptance.date"], "disabled_reason": "requirements.past_due" },
    });
    house.stripe.books(|books| drop(books.change(account.s("account"), closed)));
    let account = house.shop.admin().post("/admin/payment-accounts", &body).expect(201);
    assert!(account["onboardingUrl"].is_string() && account["canReceive"] == false, "{account:#}");
    assert!(!account.list("missing").is_empty(), "{account:#}");
    let again = house.shop.admin().post("/admin/payment-accounts", &body).expect(201);
    assert_eq!(again.s("account"), account.s("account"), "one account a party");
    // The party tells Stripe what it wants to know; the webhook tells us.
    house.act(&house.stripe, account.s("account"), "activate");
    eventually("the account can receive", PATIENCE, || {
        let list = house.shop.admin().get("/admin/payment-accounts").expect(200);
        let open = list.list("data").iter().any(|a| a["account"] == account["account"] && a["canReceive"] == true);
        if open { Ok(()) } else { Err(format!("{list:#}")) }
    });
    let order = house.shop.place("blinds", &[(0, 1)], "pm_card_visa");
    house.shop.wait_status(order.id(), "payment_authorised");
    house.stripe.fault("POST /v1/transfers", Kind::Lost, 2);
    house.shop.merchants_fire(order.id(), "confirm", &json!({}));
    let order = house.shop.wait_status(order.id(), "confirmed");
    let mut transfers = house.at_stripe("transfer", order.id());
    transfers.retain(|t| t["destination"] == account["account"]);
    let share = order.list("splits").iter().find(|s| s["party"] == split["party"]).expect("its share").n("amount");
    assert_eq!(
        transfers.iter().map(|t| t.n("amount")).collect::<Vec<_>>(),
        [share],
        "once, although the answer was lost"
    );
    house.assert_books_agree(order.id());
}

fn a_decline_says_what_to_do_next(house: &House) {
    let order = house.shop.place("mall", &[(0, 1)], "pm_card_chargeDeclinedExpiredCard");
    house.shop.wait_payment(order.id(), "failed");
    let link = house.shop.customer(0).get(&format!("/storefront/orders/{}/payment", order.id())).expect(200);
    assert!(link.s("nextStep").contains("expired"), "{link:#}");
}
