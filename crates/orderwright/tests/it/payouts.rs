//! Payouts: delivered, held until the time to return is over, paid, failed, returned, netted; once, whatever is killed and whoever else runs.

mod brands;
mod crash;
mod terms;
mod walk;

use serde_json::{Value, json};

use crate::shop::{Actor, Json, PATIENCE, Shop, eventually};

/// Of SWIFT's registry.
const IBAN: &str = "DE89 3704 0044 0532 0130 00";
const OTHER_IBAN: &str = "GB29 NWBK 6016 1331 9268 19";

/// The ledger account of the bazaar's first seller: one that none of the generated orders is of.
struct Seller {
    id: String,
    party: String,
}

fn seller(shop: &Shop) -> Seller {
    let id = shop.offer("bazaar", 0).s("merchantId").to_owned();
    Seller { party: format!("party/merchant/{id}"), id }
}

/// The generated past is paid first, so that what a scenario sees is its own.
fn settle_the_past(shop: &Shop) -> Seller {
    let seller = seller(shop);
    let admin = shop.admin();
    account(&admin, &seller.party, IBAN);
    debtor(shop, "bazaar");
    shop.advance("61d");
    for made in run(shop, &seller, false).list("payouts") {
        if made.n("amount") > 0 {
            admin.post(&format!("/admin/payouts/{}/approve", made.id()), &json!({})).expect(200);
        }
    }
    seller
}

fn account(admin: &Actor, party: &str, iban: &str) -> Value {
    let body = json!({ "party": party, "holder": "Seller Ltd", "iban": iban });
    admin.call("PUT", "/admin/payout-accounts").json(&body).send().expect(200)
}

fn debtor(shop: &Shop, channel: &str) {
    let debtor = json!({ "name": "The Mall", "iban": IBAN, "bic": "COBADEFF" });
    shop.admin().patch("/admin/payout-settings", &json!({ "channel": channel, "debtor": debtor })).expect(200);
}

/// An order of the bazaar's first seller that was delivered now.
fn delivered(shop: &Shop, quantity: i64) -> String {
    let id = shop.ready_with("bazaar", &[(0, quantity)]);
    let seller = shop.merchant_of("bazaar", 0);
    seller.fire(&id, "acknowledge", &json!({})).expect(200);
    seller.fire(&id, "ship", &json!({ "trackingNumber": "T-1" })).expect(200);
    seller.fire(&id, "complete", &json!({})).expect(200);
    id
}

/// One whose time to return is over.
fn due(shop: &Shop, quantity: i64) -> String {
    let id = delivered(shop, quantity);
    shop.advance("61d");
    id
}

/// The seller's share of an order.
fn share(shop: &Shop, order: &str, seller: &Seller) -> i64 {
    let order = shop.view(order);
    order
        .list("splits")
        .iter()
        .filter(|s| s["party"].s("id") == seller.id)
        .map(|s| s.n("amount") - s.n("refunded"))
        .sum()
}

fn run(shop: &Shop, seller: &Seller, dry_run: bool) -> Value {
    let body = json!({ "channel": "bazaar", "party": seller.party, "dryRun": dry_run });
    shop.admin().post("/admin/payouts", &body).expect(200)
}

/// Makes a run that must come to one payout, and answers with it.
#[track_caller]
fn one(shop: &Shop, seller: &Seller) -> Value {
    let made = run(shop, seller, false);
    assert_eq!((made.list("payouts").len(), made.list("waiting").len()), (1, 0), "{made:#}");
    get(shop, made.list("payouts")[0].id())
}

#[track_caller]
fn get(shop: &Shop, id: &str) -> Value {
    shop.admin().get(&format!("/admin/payouts/{id}")).expect(200)
}

/// Says something of a payout, and answers with it.
#[track_caller]
fn say(shop: &Shop, id: &str, what: &str, body: &Value) -> Value {
    let changed = shop.admin().post(&format!("/admin/payouts/{id}/{what}"), body).expect(200);
    changed.list("data")[0].clone()
}

/// The balance of an account in the bazaar's currency; what is owed to somebody is negative.
fn balance(shop: &Shop, account: &str) -> i64 {
    let all = shop.admin().get("/admin/ledger/balances").expect(200);
    let found =
        all.list("data").iter().find(|b| b.s("account") == account && b.s("currency") == "USD").map(|b| b.n("balance"));
    found.unwrap_or(0)
}

/// The events of the feed that are wanted, oldest first.
fn feed(shop: &Shop, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
    let (mut after, mut found) = ("0".to_owned(), Vec::new());
    loop {
        let page = shop.admin().get(&format!("/events?limit=200&after={after}")).expect(200);
        found.extend(page.list("data").iter().filter(|e| wanted(e)).cloned());
        if page.list("data").len() < 200 {
            return found;
        }
        page.s("nextCursor").clone_into(&mut after);
    }
}

fn account_of(kind: &str, seller: &Seller) -> String {
    seller.party.replacen("party", kind, 1)
}

/// The whole book, from scratch.
#[track_caller]
fn audited(shop: &Shop) {
    eventually("the audit finds nothing", PATIENCE, || {
        let (_, printed, errors) = shop.try_command(&["audit", "ledger", "--json"]);
        let audit: Value = serde_json::from_str(&printed).map_err(|e| format!("{e}: {printed}{errors}"))?;
        if audit["findings"] == json!([]) { Ok(()) } else { Err(format!("{:#}", audit["findings"])) }
    });
}

/// The rows of a statement as CSV: type and amount.
fn statement(actor: &Actor, home: &str, id: &str) -> Vec<(String, i64)> {
    let reply = actor.get(&format!("{home}/payouts/{id}/statement.csv"));
    assert_eq!(reply.status, 200, "{}", reply.text);
    let mut reader = csv::Reader::from_reader(reply.text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let at = |name: &str| header.iter().position(|c| c == name).expect("a column");
    let (kind, amount) = (at("type"), at("amount"));
    reader
        .records()
        .map(|r| r.expect("a row"))
        .map(|r| (r[kind].to_owned(), r[amount].parse().expect("a number")))
        .collect()
}
