//! Razorpay's Route in a shop: each party's share goes to its linked account when the order is paid, and comes back as far as a refund makes it
//! less. No channel of the demo splits in rupees at the provider, so `retail` is given a step for it, and gets its own again afterwards.

use orderwright::fakes::faults::Kind;
use serde_json::{Value, json};

use super::house::House;
use super::reconciliation::{kinds, reconcile_with};
use crate::shop::Json;
use crate::shop::orders::assert_sums;

provider_scenarios! {
    shares_go_by_route_and_come_back_with_refunds,
    a_dispute_is_won,
}

const RETAIL: &str = include_str!("../../../../../workflows/retail.toml");

/// Retail, with the shares paid on at the provider.
fn with_transfers() -> String {
    let from = "invoke = \"payment.charge\"\non.done = { target = \"captured\" }";
    let to = "invoke = \"payment.charge\"\non.done = { target = \"transferring\" }";
    assert!(RETAIL.contains(from));
    let step = "\n[payment.states.transferring]\ninvoke = \"payment.transfer\"\non.done = { target = \"captured\" }\n\
                on.error = { target = \"captured\" }\n";
    format!("{}{step}", RETAIL.replacen(from, to, 1))
}

fn transfers(house: &House, payment: &str) -> Vec<Value> {
    house.razorpay.books(|books| {
        books.list("entity", "transfer").into_iter().filter(|t| t["source"] == payment).cloned().collect()
    })
}

fn shares_go_by_route_and_come_back_with_refunds(house: &House) {
    let shop = &house.shop;
    let (probe, _) = house.place_and_pay(&[(0, 1)]);
    let probe = shop.wait_payment(&probe, "captured");
    let parties = probe.list("splits").iter().filter(|s| s["party"]["type"] != "platform");
    for (n, split) in parties.enumerate() {
        let account = format!("{}{n}", shop.unique("acc_Route").replace('-', ""));
        house.act(&house.razorpay, &account, "open_account");
        let party = format!("party/{}/{}", split["party"].s("type"), split["party"].id());
        let body = json!({ "party": party, "provider": "razorpay", "account": account });
        shop.admin().post("/admin/payment-accounts", &body).expect(201);
    }
    shop.admin().post("/admin/workflows", &json!({ "text": with_transfers() })).expect(201);
    // Both answers are lost once; there is no key, so they are looked for.
    house.razorpay.fault("/transfers", Kind::Lost, 1);
    let (id, payment) = house.place_and_pay(&[(0, 2)]);
    let order = shop.wait(&id, "is paid and split", |o| o["paymentStatus"] == "captured" && o["status"] == "confirmed");
    let made = transfers(house, payment.id());
    let shares: Vec<&Value> = order.list("splits").iter().filter(|s| s["party"]["type"] != "platform").collect();
    assert!(!shares.is_empty() && made.len() == shares.len(), "once each: {made:#?}");
    for share in &shares {
        let there = made.iter().filter(|t| t.n("amount") == share.n("amount")).count();
        assert_eq!(there, 1, "{share:#} of {made:#?}");
    }
    // What a refund takes of a share comes back from the account, in any number of steps.
    house.razorpay.fault("/reversals", Kind::Lost, 1);
    for (amount, so_far) in [(333, 333), (4_567, 4_900)] {
        let body = json!({ "amount": amount, "reason": "late", "initiatePaymentRefund": true });
        shop.admin().refund(&id, &body).expect(201);
        shop.wait_refunded(&id, so_far);
        let agrees = |o: &Value| {
            let there: i64 = transfers(house, payment.id()).iter().map(|t| t.n("amount_reversed")).sum();
            let shares: i64 =
                o.list("splits").iter().filter(|s| s["party"]["type"] != "platform").map(|s| s.n("refunded")).sum();
            there == shares && o.sum("transfers", "reversed") == shares
        };
        shop.wait(&id, "has its shares back", agrees);
    }
    // One that was made in the dashboard does the same.
    house.act_with(&house.razorpay, payment.id(), "refund", &json!({ "amount": 100 }), false);
    shop.wait_refunded(&id, 5_000);
    let rest = json!({ "reason": "returned", "initiatePaymentRefund": true });
    shop.admin().refund(&id, &rest).expect(201);
    shop.wait_refunded(&id, order.n("total"));
    let empty = |o: &Value| o.list("transfers").iter().all(|t| t.n("reversed") == t.n("amount"));
    let end = shop.wait(&id, "has everything back", empty);
    assert!(transfers(house, payment.id()).iter().all(|t| t.s("status") == "reversed"));
    assert_sums(&end);
    // Everything again, shuffled: the same order, to its version, and nothing more at the provider.
    let there = transfers(house, payment.id());
    orderwright::fakes::webhooks::replay(&house.razorpay.state, 20, 0x707e);
    house.quiet(&house.razorpay, "everything was told again");
    assert_eq!(shop.view(&id), end);
    assert_eq!(transfers(house, payment.id()), there);
    let (_, found) = reconcile_with(house, "razorpay", "2020-01-01", false);
    assert!(kinds(&found, &id).is_empty(), "{found:#?}");
    shop.admin().post("/admin/workflows", &json!({ "text": RETAIL })).expect(201);
}

fn a_dispute_is_won(house: &House) {
    let (id, payment) = house.place_and_pay(&[(0, 1)]);
    house.shop.wait_payment(&id, "captured");
    let before = house.shop.view(&id);
    let dispute = house.act(&house.razorpay, payment.id(), "dispute");
    house.shop.wait_payment(&id, "disputed");
    let ours = || {
        let all = crate::shop::lists::walk(&house.shop.admin(), "/admin/disputes", "limit=100&kind=chargeback");
        all.into_iter().find(|d| d["chargeback"]["reference"] == dispute.id()).expect("a chargeback")
    };
    let words = json!({ "summary": "Signed for at the door." });
    house.shop.admin().post(&format!("/admin/disputes/{}/submit", ours().id()), &words).expect(200);
    let wait = |status: &str| {
        crate::shop::eventually(&format!("the dispute is {status}"), std::time::Duration::from_secs(60), || {
            let now = ours();
            if now.s("status") == status { Ok(now) } else { Err(format!("{now:#}")) }
        })
    };
    wait("under_review");
    house.act(&house.razorpay, dispute.id(), "win");
    let won = wait("won");
    assert_eq!((won["chargeback"].n("withdrawn"), won["chargeback"].n("lost"), won["chargeback"].n("fee")), (0, 0, 0));
    let after = house.shop.wait_payment(&id, "captured");
    assert_eq!((&after["splits"], after.n("refundedTotal")), (&before["splits"], 0), "nobody bears anything");
    assert_sums(&after);
    // It can be refunded again.
    let body = json!({ "amount": 100, "reason": "kindness", "initiatePaymentRefund": true });
    house.shop.admin().refund(&id, &body).expect(201);
    house.shop.wait_refunded(&id, 100);
}
