//! Once: however many run at the same moment, on however many nodes, and whatever is killed when.

use serde_json::{Value, json};

use super::{audited, due, settle_the_past, share};
use crate::shop::lists::walk;
use crate::shop::{Json, PATIENCE, Shop, at_once, eventually};

scenarios! {
    own:
        several_nodes_at_once_pay_once,
        killed_in_a_run_each_order_is_paid_once;
}

/// Σ of what payouts have of the seller's orders, and how many times each order is in one.
fn paid(shop: &Shop, party: &str) -> (i64, Vec<String>) {
    let mut orders = Vec::new();
    let mut sum = 0;
    for payout in walk(&shop.admin(), "/admin/payouts", &format!("limit=200&party={}", party.replace('/', "%2F"))) {
        for line in walk(&shop.admin(), &format!("/admin/payouts/{}/lines", payout.id()), "limit=200") {
            sum += line.n("amount");
            orders.push(line.s("orderId").to_owned());
        }
    }
    orders.sort();
    (sum, orders)
}

fn several_nodes_at_once_pay_once(shop: &mut Shop) {
    let seller = settle_the_past(shop);
    let (before, _) = paid(shop, &seller.party);
    let earned: i64 = (0..3).map(|n| share(shop, &due(shop, n + 1), &seller)).sum();
    // The command line is a node of its own, and there are four requests at the server beside it.
    let shop: &Shop = shop;
    let body = json!({ "channel": "bazaar", "party": seller.party });
    at_once(6, 6, |n| match n {
        0 | 1 => {
            let words = ["payouts", "run", "--channel", "bazaar", "--party", &seller.party, "--json"];
            // Another node may have the turn: it says so, and changes nothing.
            let (good, printed, errors) = shop.try_command(&words);
            assert!(good || errors.contains("busy"), "{printed}{errors}");
        }
        _ => drop(shop.admin().post("/admin/payouts", &body).one_of(&[200, 503])),
    });
    eventually("a run finds nothing more", PATIENCE, || {
        let reply = shop.admin().post("/admin/payouts", &body);
        match reply.status {
            200 if reply.body["payouts"] == json!([]) => Ok(()),
            _ => Err(reply.text),
        }
    });
    let (after, orders) = paid(shop, &seller.party);
    assert_eq!(after - before, earned);
    let mut once = orders.clone();
    once.dedup();
    assert_eq!(once, orders, "no order is in two payouts");
    audited(shop);
}

fn killed_in_a_run_each_order_is_paid_once(shop: &mut Shop) {
    let seller = settle_the_past(shop);
    let (before, _) = paid(shop, &seller.party);
    let earned = share(shop, &due(shop, 2), &seller);
    let body = json!({ "channel": "bazaar" });
    for round in 0..3 {
        let admin = shop.admin();
        std::thread::scope(|scope| {
            let sent = scope.spawn(|| admin.call("POST", "/admin/payouts").json(&body).try_send().map(|r| r.status));
            // Each time a little later.
            for _ in 0..round * 8 {
                let _ = shop.admin().call("GET", "/healthz").try_send();
            }
            shop.kill();
            let _ = sent.join().expect("no panic");
        });
        shop.restart();
    }
    let one = json!({ "channel": "bazaar", "party": seller.party });
    eventually("a run finds nothing more", std::time::Duration::from_secs(90), || {
        let reply = shop.admin().post("/admin/payouts", &one);
        match reply.status {
            200 if reply.body["payouts"] == json!([]) => Ok(()),
            _ => Err(reply.text),
        }
    });
    let (after, orders) = paid(shop, &seller.party);
    assert_eq!(after - before, earned, "once");
    let mut once: Vec<String> = orders.clone();
    once.dedup();
    assert_eq!(once, orders, "no order is in two payouts");
    let empty: Value = json!([]);
    assert_eq!(shop.admin().post("/admin/payouts", &one).expect(200)["payouts"], empty);
    audited(shop);
}
