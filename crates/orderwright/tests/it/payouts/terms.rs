//! Terms: schedules, the minimum, the reserve, approval; and what is refused.

use serde_json::{Value, json};

use super::{account_of, audited, balance, due, feed, get, one, run, say, settle_the_past, share, statement};
use crate::shop::{Json, PATIENCE, Shop, eventually};

scenarios! {
    own:
        less_than_the_minimum_waits,
        a_part_is_kept_back_and_released,
        a_schedule_pays_by_itself,
        an_account_that_the_seller_changed_cools_first;
    shared:
        what_is_refused,
        parties_that_are_not_there_are_refused,
        only_the_platform_pays;
}

fn terms(shop: &Shop, more: Value) -> Value {
    let body = crate::shop::json::with(json!({ "channel": "bazaar" }), &more);
    shop.admin().patch("/admin/payout-settings", &body).expect(200)
}

fn less_than_the_minimum_waits(shop: &mut Shop) {
    let seller = settle_the_past(shop);
    let first = share(shop, &due(shop, 1), &seller);
    terms(shop, json!({ "minimum": first + 1 }));
    let waits = run(shop, &seller, false);
    assert_eq!(
        (waits["waiting"][0].s("reason"), waits["waiting"][0].n("amount")),
        ("below_minimum", first),
        "{waits:#}"
    );
    let second = share(shop, &due(shop, 1), &seller);
    assert_eq!(one(shop, &seller).n("amount"), first + second);
    // An exception for the seller.
    let third = share(shop, &due(shop, 1), &seller);
    assert!(third <= first);
    let exception = terms(shop, json!({ "party": seller.party, "minimum": 0 }));
    assert_eq!((exception.n("minimum"), exception.s("party")), (0, seller.party.as_str()));
    assert_eq!(one(shop, &seller).n("amount"), third);
    let all = shop.admin().get("/admin/payout-settings?channel=bazaar").expect(200);
    assert_eq!(all.as_array().expect("a list").len(), 2, "{all:#}");
    audited(shop);
}

fn a_part_is_kept_back_and_released(shop: &mut Shop) {
    let seller = settle_the_past(shop);
    terms(shop, json!({ "reserveBasisPoints": 1000, "reserveDays": 90 }));
    let earned = share(shop, &due(shop, 3), &seller);
    let payout = one(shop, &seller);
    let held = earned / 10;
    assert_eq!((payout.n("reserveHeld"), payout.n("amount")), (held, earned - held), "{payout:#}");
    let reserve = account_of("reserve", &seller);
    assert_eq!(balance(shop, &reserve), -held);
    shop.advance("89d");
    assert_eq!(run(shop, &seller, false)["payouts"], json!([]), "not yet");
    shop.advance("1d");
    let released = one(shop, &seller);
    assert_eq!((released.n("reserveReleased"), released.n("amount")), (held, held), "{released:#}");
    assert_eq!(balance(shop, &reserve), 0);
    let rows = statement(&shop.merchant(&seller.id), "/merchant", released.id());
    assert_eq!(rows, [("reserve_released".to_owned(), held)]);
    audited(shop);
}

fn a_schedule_pays_by_itself(shop: &mut Shop) {
    let seller = settle_the_past(shop);
    terms(shop, json!({ "schedule": "daily", "approval": "automatic" }));
    let order = due(shop, 2);
    let earned = share(shop, &order, &seller);
    let own = shop.merchant(&seller.id);
    let made = || own.get("/merchant/payouts?status=approved&limit=5").expect(200);
    let found = eventually("the schedule's payout", PATIENCE, || {
        let list = made();
        let found = list.list("data").iter().find(|p| p.n("amount") == earned).cloned();
        found.ok_or_else(|| format!("{list:#}"))
    });
    let whole = get(shop, found.id());
    assert_eq!((whole.s("status"), whole.s("createdBy")), ("approved", "system"));
    shop.advance("1d");
    shop.advance("1d");
    let batch = shop.admin().get(&format!("/admin/payouts?batchId={}", whole.s("batchId"))).expect(200);
    assert!(batch.list("data").iter().any(|p| p.id() == whole.id()));
    let all = made();
    assert_eq!(all.list("data").iter().filter(|p| p.n("orders") == earned).count(), 1, "{all:#}");
    say(shop, whole.id(), "paid", &json!({}));
    audited(shop);
}

fn what_is_refused(shop: &Shop) {
    let admin = shop.admin();
    let settings = |body: Value| admin.patch("/admin/payout-settings", &body);
    settings(json!({ "channel": "nowhere", "minimum": 1 })).wrong(&["/channel"]);
    settings(json!({ "channel": "retail" })).wrong(&["/schedule"]);
    settings(json!({ "channel": "retail", "schedule": "hourly" })).wrong(&["/schedule"]);
    settings(json!({ "channel": "retail", "minimum": -1, "reserveBasisPoints": 10_001, "reserveDays": 9999, "accountCoolingHours": 721 }))
        .wrong(&["/minimum", "/reserveBasisPoints", "/reserveDays", "/accountCoolingHours"]);
    settings(json!({ "channel": "retail", "party": "merchant", "minimum": 1 })).wrong(&["/party"]);
    let debtor = json!({ "name": "", "iban": "DE00", "bic": "X" });
    settings(json!({ "channel": "retail", "debtor": debtor })).wrong(&["/debtor/name", "/debtor/iban", "/debtor/bic"]);
    let put = |body: Value| admin.call("PUT", "/admin/payout-accounts").json(&body).send();
    let party = super::seller(shop).party;
    put(json!({ "party": party, "holder": "A" })).wrong(&["/iban"]);
    put(json!({ "party": "me", "holder": "A", "iban": super::IBAN })).wrong(&["/party"]);
    let typo = put(json!({ "party": party, "holder": "A", "iban": "DE89370400440532013001" }));
    assert!(!typo.text.contains("DE89"), "no message repeats a number");
    typo.wrong(&["/iban"]);
    put(json!({ "party": party, "holder": "A", "accountNumber": "1" })).wrong(&["/bankCode"]);
    admin.post("/admin/payouts", &json!({ "channel": "nowhere" })).wrong(&["/channel"]);
    admin.post("/admin/payouts", &json!({ "party": "me" })).wrong(&["/party"]);
    for id in ["pyo_0000000000001", "pob_0000000000001", "ord_0000000000001", "x"] {
        admin.post(&format!("/admin/payouts/{id}/approve"), &json!({})).problem(404);
        admin.get(&format!("/admin/payouts/{id}")).problem(404);
        admin.get(&format!("/admin/payouts/{id}/file.xml")).problem(404);
    }
    for (query, field) in
        [("status=gone", "status"), ("party=me", "party"), ("batchId=7", "batchId"), ("after=x", "after")]
    {
        admin.get(&format!("/admin/payouts?{query}")).wrong(&[field]);
    }
}

fn parties_that_are_not_there_are_refused(shop: &Shop) {
    let admin = shop.admin();
    let unknown = [
        ("party/banana/1", "of type brand, supplier, retailer or merchant"),
        ("party/platform/platform", "keeps its own share"),
        ("party/merchant/nope", "GET /admin/merchants"),
        ("party/supplier/mer_0000000000001", "GET /admin/merchants"),
        ("party/brand/no such brand", "known are: "),
        ("party/retailer/nobody", "known are: "),
    ];
    let bank = |party: &str| {
        let body = json!({ "party": party, "holder": "A", "iban": super::IBAN });
        admin.call("PUT", "/admin/payout-accounts").json(&body).send()
    };
    let open = |party: &str| admin.post("/admin/payment-accounts", &json!({ "party": party, "provider": "sandbox" }));
    let terms = |party: &str| {
        admin.patch("/admin/payout-settings", &json!({ "channel": "retail", "party": party, "minimum": 1 }))
    };
    let pay = |party: &str| admin.post("/admin/payouts", &json!({ "party": party, "dryRun": true }));
    for (party, remedy) in unknown {
        for reply in [bank(party), open(party), terms(party), pay(party)] {
            assert!(reply.text.contains(remedy), "{party}: {}", reply.text);
            reply.wrong(&["/party"]);
        }
    }
    // Brands of offers and owners of channels have no order yet and are known all the same.
    let variants = crate::shop::lists::walk(&admin, "/admin/variants", "limit=200&channel=blinds");
    let brand = variants.iter().find_map(|v| v["brand"].as_str()).expect("a brand").to_owned();
    pay(&format!("party/brand/{brand}")).expect(200);
    let order = shop.ready("blinds");
    shop.merchants_fire(&order, "confirm", &json!({}));
    let order = shop.wait(&order, "is shared out", |o| !o.list("splits").is_empty());
    for split in order.list("splits").iter().filter(|s| s["party"].s("type") != "platform") {
        pay(&format!("party/{}/{}", split["party"].s("type"), split["party"].id())).expect(200);
    }
}

fn an_account_that_the_seller_changed_cools_first(shop: &mut Shop) {
    let seller = settle_the_past(shop);
    let own = shop.merchant(&seller.id);
    let first = share(shop, &due(shop, 1), &seller);
    let change = || {
        let body = json!({ "holder": "Me", "iban": super::OTHER_IBAN });
        own.call("PUT", "/merchant/payout-account").json(&body).send().expect(200)
    };
    change();
    let accounts = crate::shop::lists::walk(&shop.admin(), "/admin/payout-accounts", "limit=200");
    let changed = accounts.iter().find(|a| a.s("party") == seller.party).expect("the account that counts");
    // The feed says that it changed, by ids alone.
    let told = eventually("the event comes", PATIENCE, || {
        let of = |e: &Value| e.s("type") == "payout_account.changed" && e["data"]["bankAccountId"] == changed["id"];
        feed(shop, of).pop().ok_or_else(|| "not yet".to_owned())
    });
    assert_eq!((told["data"].s("party"), told["data"].s("createdBy")), (seller.party.as_str(), seller.id.as_str()));
    assert!(!told.to_string().contains("9268"), "no number: {told:#}");

    shop.advance("23h");
    let waits = run(shop, &seller, false);
    assert_eq!(waits["payouts"], json!([]), "{waits:#}");
    assert_eq!((waits["waiting"][0].s("reason"), waits["waiting"][0].n("amount")), ("account_changed", first));
    shop.advance("1h");
    assert_eq!(one(shop, &seller).n("amount"), first);

    // Staff confirms it: nothing waits any more.
    let second = share(shop, &due(shop, 1), &seller);
    change();
    assert_eq!(run(shop, &seller, true)["waiting"][0].s("reason"), "account_changed");
    let terms = terms(shop, json!({ "party": seller.party, "accountCoolingHours": 0 }));
    assert_eq!(terms.n("accountCoolingHours"), 0);
    assert_eq!(one(shop, &seller).n("amount"), second);
    audited(shop);
}

fn only_the_platform_pays(shop: &Shop) {
    for actor in [shop.retailer("bazaar"), shop.merchant_of("bazaar", 0), shop.customer(0), shop.storefront("mall")] {
        actor.get("/admin/payouts").problem(403);
        actor.post("/admin/payouts", &json!({ "dryRun": true })).problem(403);
        actor.get("/admin/payout-settings").problem(403);
        actor.get("/admin/payout-accounts").problem(403);
    }
    shop.ops().get("/admin/payouts").expect(200);
    shop.anyone().get("/admin/payouts").problem(401);
    // A merchant gives their own account, and reads its end.
    let own = shop.merchant_of("bazaar", 1);
    let body = json!({ "holder": "Me", "iban": super::IBAN });
    let put = own.call("PUT", "/merchant/payout-account").json(&body).send().expect(200);
    assert_eq!(put.s("account"), "DE•• •••• 3000");
    assert_eq!(own.get("/merchant/payout-account").expect(200).s("account"), "DE•• •••• 3000");
}
