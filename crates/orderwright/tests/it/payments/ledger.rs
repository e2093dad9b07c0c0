//! The book: every cent of an order is in it, balances are kept, statements agree with splits, and the audit finds nothing.

use serde_json::{Value, json};

use crate::shop::lists::walk;
use crate::shop::orders::captured;
use crate::shop::{Json, Shop};

scenarios! {
    shared:
        an_orders_lines_tell_its_whole_money,
        a_trial_balance_sums_to_zero_at_any_instant,
        a_statement_is_the_merchants_own,
        lines_are_filtered_and_paged,
        a_file_for_accounting,
        only_the_platform_reads_the_book;
    own:
        the_audit_proves_the_book;
}

fn lines_of(shop: &Shop, id: &str) -> Vec<Value> {
    walk(&shop.admin(), "/admin/ledger", &format!("orderId={id}"))
}

fn balance(lines: &[Value], account: &str) -> i64 {
    lines.iter().filter(|l| l.s("account").starts_with(account)).map(|l| l.n("amount")).sum()
}

fn an_orders_lines_tell_its_whole_money(shop: &Shop) {
    let id = shop.ready_with("mall", &[(0, 2), (1, 1)]);
    let order = shop.view(&id);
    let whole = captured(&order);
    let lines = lines_of(shop, &id);
    assert_eq!(balance(&lines, ""), 0, "{lines:#?}");
    assert_eq!(balance(&lines, "provider/clearing"), whole);
    assert_eq!(balance(&lines, "party/"), -whole);
    for split in order.list("splits") {
        let party = &split["party"];
        let account = format!("party/{}/{}", party.s("type"), party.s("id"));
        assert_eq!(balance(&lines, &account), -split.n("amount"), "{account}");
    }
    shop.admin().refund(&id, &json!({ "amount": 7, "reason": "late", "initiatePaymentRefund": true })).expect(201);
    let order = shop.wait_refunded(&id, 7);
    let lines = lines_of(shop, &id);
    assert_eq!((balance(&lines, ""), balance(&lines, "provider/clearing")), (0, whole - 7));
    let refund = order.list("refunds")[0].s("id").to_owned();
    let about: Vec<_> = lines.iter().filter(|l| l.s("cause") == "refund").collect();
    assert!(about.len() >= 2 && about.iter().all(|l| l.s("about") == refund), "{about:#?}");
}

fn sums_are_zero(balances: &Value) -> bool {
    balances.list("sums").iter().all(|s| s.n("sum") == 0)
}

fn a_trial_balance_sums_to_zero_at_any_instant(shop: &Shop) {
    shop.ready("bazaar");
    let admin = shop.admin();
    let all = |at: &str| admin.get(&format!("/admin/ledger/balances{at}")).expect(200);
    let now = all("");
    assert!(!now.list("data").is_empty() && sums_are_zero(&now), "{now:#}");
    assert!(now.list("data").iter().all(|b| b["class"].is_string()), "every account is in the chart: {now:#}");
    assert!(sums_are_zero(&all("?at=2020-01-01")));
    assert!(all("?at=2020-01-01").list("data").is_empty(), "before the shop began");
    // At each of the instants of some lines: what is kept and what was booked that day come to the lines up to there.
    let lines = walk(&admin, "/admin/ledger", "limit=200");
    for line in lines.iter().step_by(lines.len() / 5 + 1) {
        let at = line.s("createdAt");
        let kept = all(&format!("?at={at}"));
        assert!(sums_are_zero(&kept), "{at}: {kept:#}");
        let account = line.s("account");
        let upto: i64 = lines
            .iter()
            .filter(|l| l.s("account") == account && l.s("currency") == line.s("currency") && l.s("createdAt") <= at)
            .map(|l| l.n("amount"))
            .sum();
        let found = kept.list("data");
        let of = found.iter().find(|b| b.s("account") == account && b.s("currency") == line.s("currency"));
        assert_eq!(of.map_or(0, |b| b.n("balance")), upto, "{account} at {at}");
    }
    admin.get("/admin/ledger/balances?at=yesterday").wrong(&["at"]);
}

fn a_statement_is_the_merchants_own(shop: &Shop) {
    let id = shop.ready("bazaar");
    let order = shop.view(&id);
    let merchant = order["items"][0].s("merchantId").to_owned();
    let seller = shop.merchant(&merchant);
    let lines = walk(&seller, "/merchant/statements", "limit=50");
    let own: Vec<_> = lines.iter().filter(|l| l["orderId"] == json!(id)).collect();
    let share: i64 =
        order.list("splits").iter().filter(|s| s["party"].s("id") == merchant).map(|s| s.n("amount")).sum();
    assert_eq!(own.iter().map(|l| l.n("amount")).sum::<i64>(), share, "{own:#?}");
    assert!(own.iter().all(|l| l.s("description").contains(order.s("orderNumber"))), "{own:#?}");
    let page = seller.get("/merchant/statements?limit=1").expect(200);
    assert_eq!(page["opening"], json!({}));
    // Opening and closing of a period meet.
    let middle = lines[lines.len() / 2].s("createdAt");
    let before = seller.get(&format!("/merchant/statements?to={middle}&limit=1")).expect(200);
    let after = seller.get(&format!("/merchant/statements?from={middle}&limit=1")).expect(200);
    assert_eq!(before["closing"], after["opening"]);
    let currency = order.s("currency");
    let past = lines.iter().filter(|l| l.s("currency") == currency && l.s("createdAt") < middle);
    assert_eq!(before["closing"].n(currency), past.map(|l| l.n("amount")).sum::<i64>(), "the sum of its lines");
    shop.admin().get("/merchant/statements").problem(403);
}

fn lines_are_filtered_and_paged(shop: &Shop) {
    let id = shop.ready("bazaar");
    let admin = shop.admin();
    let some = |query: &str| walk(&admin, "/admin/ledger", query);
    let own = some(&format!("orderId={id}&limit=1"));
    assert_eq!(own, some(&format!("orderId={id}&limit=200")), "page by page");
    let mut back = some(&format!("orderId={id}&limit=2&sort=-createdAt"));
    back.reverse();
    assert_eq!(own, back);
    let splits = some(&format!("orderId={id}&cause=split"));
    assert!(!splits.is_empty() && splits.iter().all(|l| l.s("cause") == "split"));
    let parties = some(&format!("orderId={id}&account=party/*"));
    assert!(!parties.is_empty() && parties.iter().all(|l| l.s("account").starts_with("party/")));
    let clearing = some(&format!("orderId={id}&account=provider/clearing&currency=USD"));
    assert_eq!(clearing.len(), 1);
    assert!(some(&format!("orderId={id}&currency=EUR")).is_empty());
    assert!(some(&format!("orderId={id}&to=2020-01-01")).is_empty());
    for (query, field) in [
        ("account=pocket", "account"),
        ("orderId=7", "orderId"),
        ("currency=COINS", "currency"),
        ("from=soon", "from"),
        ("sort=amount", "sort"),
        ("colour=red", "colour"),
        ("after=x", "after"),
    ] {
        admin.get(&format!("/admin/ledger?{query}")).wrong(&[field]);
    }
    let chart = admin.get("/admin/ledger/accounts").expect(200);
    assert!(chart.list("data").iter().any(|a| a.s("account") == "provider/clearing"), "{chart:#}");
}

fn a_file_for_accounting(shop: &Shop) {
    let id = shop.ready("bazaar");
    let reply = shop.admin().get(&format!("/admin/ledger.csv?orderId={id}"));
    assert_eq!(reply.status, 200);
    let mut reader = csv::Reader::from_reader(reply.text.as_bytes());
    let header: Vec<String> = reader.headers().expect("a header").iter().map(str::to_owned).collect();
    let amount = header.iter().position(|c| c == "amount").expect("a column");
    let amounts: Vec<i64> =
        reader.records().map(|r| r.expect("a row")[amount].parse().expect("a number, negative ones too")).collect();
    assert_eq!(amounts.len(), lines_of(shop, &id).len());
    assert!(amounts.iter().any(|a| *a < 0) && amounts.iter().sum::<i64>() == 0, "{amounts:?}");
}

fn only_the_platform_reads_the_book(shop: &Shop) {
    for path in ["/admin/ledger", "/admin/ledger.csv", "/admin/ledger/balances", "/admin/ledger/accounts"] {
        shop.ops().get(path);
        for actor in [shop.retailer("bazaar"), shop.merchant_of("bazaar", 0), shop.customer(0), shop.storefront("mall")]
        {
            actor.get(path).problem(403);
        }
        shop.anyone().get(path).problem(401);
    }
}

fn the_audit_proves_the_book(shop: &mut Shop) {
    let id = shop.ready("blinds");
    shop.merchants_fire(&id, "confirm", &json!({}));
    shop.wait_payment(&id, "captured");
    shop.admin().refund(&id, &json!({ "amount": 5, "reason": "x", "initiatePaymentRefund": true })).expect(201);
    shop.wait_refunded(&id, 5);
    let audit: Value = serde_json::from_str(&shop.command(&["audit", "ledger", "--json"])).expect("JSON");
    assert_eq!(audit["findings"], json!([]), "{audit:#}");
    assert!(audit.n("lines") > 100 && audit.n("orders") > 100, "{audit:#}");
    assert!(audit["sums"].as_object().expect("sums").values().all(|sum| *sum == json!(0)), "{audit:#}");
    // The kept balances are those of the proof.
    let kept = shop.admin().get("/admin/ledger/balances").expect(200);
    let pairs = |list: Vec<Value>| -> Vec<(String, String, i64)> {
        let mut all: Vec<_> =
            list.iter().map(|b| (b.s("account").to_owned(), b.s("currency").to_owned(), b.n("balance"))).collect();
        all.sort();
        all
    };
    assert_eq!(pairs(kept.list("data").to_vec()), pairs(audit.list("balances").to_vec()));
}
