//! Killed while orders come in.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::all_orders;
use crate::shop::orders::{assert_sums, captured};
use crate::shop::{Json, PATIENCE, Shop, at_once, eventually};

scenarios! {
    own:
        killed_while_placing_nothing_is_lost_doubled_or_stuck,
        restarted_it_goes_on_with_the_same_data_and_tokens;
}

/// One placement that was tried: its key, its body, and the order that was acknowledged, if one was.
struct Attempt {
    key: String,
    body: Value,
    acknowledged: Option<Value>,
}

const METHODS: [&str; 5] =
    ["pm_card_visa", "pm_sandbox_timeout", "pm_card_visa", "pm_sandbox_slow", "pm_card_chargeDeclined"];
/// A job of a killed process is taken up within half a minute; everything rests within a minute.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);

/// Tells the workers to stop, also when the scenario fails while they work: its thread waits for them.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Places orders from several threads, kills the server in the middle, and answers with all that was tried.
fn place_until_killed(shop: &mut Shop, round: usize, acknowledged_first: usize) -> Vec<Attempt> {
    let attempts = Mutex::new(Vec::new());
    let (acknowledged, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let storefront = shop.storefront("retail");
    let baskets: Vec<Value> = METHODS.iter().map(|method| shop.guest_basket("retail", &[(0, 2)], method)).collect();
    std::thread::scope(|scope| {
        let (attempts, acknowledged, stop, baskets) = (&attempts, &acknowledged, &stop, &baskets);
        for worker in 0..12 {
            let storefront = storefront.clone();
            scope.spawn(move || {
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let key = format!("crash-{round}-{worker}-{n}");
                    let mut body = baskets[n % baskets.len()].clone();
                    body["customer"]["email"] = Value::from(format!("{key}@example.org"));
                    let sent = storefront.call("POST", "/storefront/orders").key(&key).json(&body).try_send();
                    let order = sent.ok().map(|reply| reply.expect(201));
                    acknowledged.fetch_add(usize::from(order.is_some()), Ordering::Relaxed);
                    attempts.lock().expect("no worker panics with it").push(Attempt { key, body, acknowledged: order });
                }
            });
        }
        let _stop = Stop(stop);
        eventually("enough orders are acknowledged", PATIENCE, || {
            let so_far = acknowledged.load(Ordering::Relaxed);
            if so_far >= acknowledged_first { Ok(()) } else { Err(so_far.to_string()) }
        });
        shop.kill();
    });
    attempts.into_inner().expect("no worker panicked with it")
}

/// Where the order must come to rest.
fn rests(order: &Value, method: &str) -> bool {
    if method == "pm_card_chargeDeclined" {
        order.s("status") == "pending" && order.s("paymentStatus") == "failed"
    } else {
        order.s("status") == "confirmed"
            && order.s("paymentStatus") == "captured"
            && captured(order) == order.n("total")
    }
}

fn killed_while_placing_nothing_is_lost_doubled_or_stuck(shop: &mut Shop) {
    let sku = shop.sku("retail", 0).to_owned();
    let before = shop.stock(&sku);
    let mut attempts = Vec::new();
    for round in 0..2 {
        attempts.extend(place_until_killed(shop, round, 60));
        shop.restart();
    }
    let shop = &*shop;
    assert!(attempts.iter().any(|attempt| attempt.acknowledged.is_none()), "it was killed in the middle");

    // What was acknowledged is there, under its number.
    for order in attempts.iter().filter_map(|attempt| attempt.acknowledged.as_ref()) {
        assert_eq!(shop.view(order.id()).s("orderNumber"), order.s("orderNumber"));
    }

    // Every key, sent again, leads to one order: the acknowledged one, if there was one.
    let storefront = shop.storefront("retail");
    let orders = at_once(8, attempts.len(), |n| {
        let attempt = &attempts[n];
        let order = eventually("the same key is answered", SETTLED_WITHIN, || {
            let reply = storefront.call("POST", "/storefront/orders").key(&attempt.key).json(&attempt.body).send();
            // The key of a request that died with its process may count as running until that is known.
            if reply.status == 409 { Err(reply.text) } else { Ok(reply.expect(201)) }
        });
        if let Some(acknowledged) = &attempt.acknowledged {
            assert_eq!(order.id(), acknowledged.id(), "{} was acknowledged before", attempt.key);
        }
        assert_eq!(shop.orders_of_customer(&order), 1, "{} made two orders", attempt.key);
        order.id().to_owned()
    });

    // All of them settle, and what is reserved is what they hold.
    let methods: HashMap<&str, &str> =
        orders.iter().zip(&attempts).map(|(id, attempt)| (&**id, attempt.body.s("paymentMethod"))).collect();
    assert_eq!(methods.len(), orders.len(), "one order for each key");
    eventually("every order comes to rest", SETTLED_WITHIN, || {
        let all = all_orders(shop, "retail");
        let restless: Vec<String> = all
            .iter()
            .filter(|order| methods.get(order.id()).is_some_and(|method| !rests(order, method)))
            .map(|order| format!("{} {} {}", order.s("orderNumber"), order.s("status"), order.s("paymentStatus")))
            .collect();
        if restless.is_empty() { Ok(()) } else { Err(restless.join(", ")) }
    });
    for order in all_orders(shop, "retail").iter().filter(|order| methods.contains_key(order.id())) {
        assert_sums(order);
    }
    shop.wait_stock(&sku, before.reserving(2 * orders.len() as i64));
}

fn restarted_it_goes_on_with_the_same_data_and_tokens(shop: &mut Shop) {
    let id = shop.ready("retail");
    let order = shop.view(&id);
    let tokens = shop.demo()["tokens"].clone();
    let logins = shop.demo()["logins"].clone();
    let token = shop.admin().token().to_owned();
    for _ in 0..2 {
        shop.restart();
        assert_eq!(shop.demo()["tokens"], tokens);
        assert_eq!(shop.demo()["logins"], logins);
        let seen = shop.holder(&token, "/admin").view(&id);
        assert_eq!(seen, order);
    }
    let next = shop.view(&shop.ready("retail"));
    assert_ne!(next.s("orderNumber"), order.s("orderNumber"));
    assert!(next.id() > order.id(), "creation order is the ids' sort order, across restarts");
}
