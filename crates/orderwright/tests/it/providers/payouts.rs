//! Payouts through Stripe: once although an answer is lost, never what was passed on at the capture already, and back when it is reversed.

use orderwright::fakes::faults::Kind;
use serde_json::{Value, json};

use super::house::House;
use crate::shop::{Json, PATIENCE, Store, eventually};

mod sqlite {
    #[test]
    fn stripe_pays_once_and_only_what_it_has_not_passed_on() {
        super::play(crate::shop::Store::Sqlite);
    }
}

mod postgres {
    #[test]
    fn stripe_pays_once_and_only_what_it_has_not_passed_on() {
        super::play(crate::shop::Store::Postgres);
    }
}

fn play(store: Store) {
    // A house of its own: the clock is moved, and the other scenarios' keys would be forgotten.
    let house = House::start(store).unwrap_or_else(|why| panic!("{why}"));
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| pays_once(&house)));
    if outcome.is_err() {
        panic!("the scenario failed, see above\n{}", house.shop.log_tail());
    }
}

/// An order of the blinds that was delivered.
fn delivered(house: &House) -> Value {
    let shop = &house.shop;
    let order = shop.place("blinds", &[(0, 1)], "pm_card_visa");
    shop.wait_status(order.id(), "payment_authorised");
    shop.merchants_fire(order.id(), "confirm", &json!({}));
    shop.wait_status(order.id(), "confirmed");
    shop.merchants_fire(order.id(), "start_production", &json!({}));
    shop.merchants_fire(order.id(), "dispatch", &json!({ "trackingNumber": "BL-1" }));
    shop.customer(0).fire(order.id(), "deliver", &json!({})).expect(200);
    shop.view(order.id())
}

fn share(order: &Value, party: &Value) -> i64 {
    order.list("splits").iter().filter(|s| s["party"] == *party).map(|s| s.n("amount")).sum()
}

/// Stripe's transfers of a payout.
fn transfers(house: &House, payout: &str) -> Vec<Value> {
    house.stripe.books(|books| {
        let all = books.list("object", "transfer").into_iter();
        all.filter(|t| t["metadata"]["orderwright_payout"] == payout).cloned().collect()
    })
}

fn pays_once(house: &House) {
    let (shop, admin) = (&house.shop, house.shop.admin());
    let before = delivered(house);
    let party =
        before.list("splits").iter().find(|s| s["party"]["type"] == "supplier").expect("a maker")["party"].clone();
    let account = format!("party/{}/{}", party.s("type"), party.id());
    let body =
        json!({ "party": account, "provider": "stripe", "country": "GB", "returnUrl": "https://shop.example/back" });
    let opened = admin.post("/admin/payment-accounts", &body).expect(201);
    house.act(&house.stripe, opened.s("account"), "activate");
    eventually("the account can receive", PATIENCE, || {
        let list = admin.get("/admin/payment-accounts").expect(200);
        let open = list.list("data").iter().any(|a| a["account"] == opened["account"] && a["canReceive"] == true);
        if open { Ok(()) } else { Err(format!("{list:#}")) }
    });
    // This one's share is passed on as it is captured.
    let after = delivered(house);
    let passed_on = share(&after, &party);
    let lines = crate::shop::lists::walk(&admin, "/admin/ledger", &format!("orderId={}&cause=transfer", after.id()));
    let to_party: i64 = lines.iter().filter(|l| l.s("account") == account).map(|l| l.n("amount")).sum();
    assert_eq!(to_party, passed_on, "{lines:#?}");

    shop.advance("61d");
    let run = json!({ "channel": "blinds", "party": account });
    let made = admin.post("/admin/payouts", &run).expect(200);
    let payout = made["payouts"][0].clone();
    let lines = crate::shop::lists::walk(&admin, &format!("/admin/payouts/{}/lines", payout.id()), "limit=200");
    let of = |order: &Value| lines.iter().filter(|l| l["orderId"] == order["id"]).map(|l| l.n("amount")).sum::<i64>();
    assert_eq!(
        (of(&before), of(&after)),
        (share(&before, &party), 0),
        "what was passed on is not paid again: {lines:#?}"
    );

    // What the generated past brings is more than the fake's Stripe has: it got no money for that.
    let currency = payout.s("currency").to_lowercase();
    house.stripe.books(|books| books.pay("platform", &currency, payout.n("amount")));
    house.stripe.fault("POST /v1/transfers", Kind::Lost, 1);
    admin.post(&format!("/admin/payouts/{}/approve", payout.id()), &json!({})).expect(200);
    let wait = |status: &str| {
        eventually(&format!("the payout becomes {status}"), PATIENCE, || {
            let seen = admin.get(&format!("/admin/payouts/{}", payout.id())).expect(200);
            if seen.s("status") == status { Ok(seen) } else { Err(format!("{seen:#}")) }
        })
    };
    wait("paid");
    let there = transfers(house, payout.id());
    assert_eq!(there.iter().map(|t| t.n("amount")).collect::<Vec<_>>(), [payout.n("amount")], "once");
    assert_eq!(there[0]["destination"], opened["account"]);

    // A refund of what was passed on takes it back at Stripe: the party owes nothing, and nothing is to be paid.
    let back = json!({ "reason": "broken", "initiatePaymentRefund": true });
    admin.refund(after.id(), &back).expect(201);
    shop.wait_refunded(after.id(), after.n("total"));
    eventually("the transfer came back", PATIENCE, || {
        let back = crate::shop::lists::walk(
            &admin,
            "/admin/ledger",
            &format!("orderId={}&cause=transfer_reversed", after.id()),
        );
        let of_party: i64 = back.iter().filter(|l| l.s("account") == account).map(|l| l.n("amount")).sum();
        if of_party == -passed_on { Ok(()) } else { Err(format!("{back:#?}")) }
    });
    let made = admin.post("/admin/payouts", &run).expect(200);
    assert_eq!(made["payouts"], json!([]), "{made:#}");
    let audit: Value = serde_json::from_str(&shop.try_command(&["audit", "ledger", "--json"]).1).expect("JSON");
    assert_eq!(audit["findings"], json!([]));
    // Nothing that Stripe told of the payout needs anybody.
    let parked = admin.get("/admin/provider-events?state=parked").expect(200);
    assert!(!parked.to_string().contains("transfer."), "{parked:#}");
}
