//! The demo shop as it is promised, and the endpoints for those who run the server.

use std::collections::HashSet;

use serde_json::Value;

use crate::shop::lists::walk;
use crate::shop::orders::{CHANNELS, assert_sums};
use crate::shop::{Json, Shop};

scenarios! {
    shared:
        every_role_has_a_token_that_works,
        every_customer_can_order_in_all_channels,
        health_and_readiness_are_open,
        metrics_are_in_the_text_format,
        the_interface_describes_itself,
        ids_have_their_prefixes;
    own:
        the_first_two_skus_of_each_channel_are_full_and_untouched,
        there_are_a_few_hundred_orders_of_sixty_days,
        generated_orders_hold_what_every_order_holds;
}

fn the_first_two_skus_of_each_channel_are_full_and_untouched(shop: &mut Shop) {
    for channel in CHANNELS {
        for n in 0..2 {
            let stock = shop.stock(shop.sku(channel, n));
            assert_eq!((stock.on_hand, stock.reserved), (100_000, 0), "{channel} {n}");
            let orders = shop.admin().get(&format!("/admin/orders?sku={}", shop.sku(channel, n))).expect(200);
            assert_eq!(orders.list("data").len(), 0, "no generated order touches it");
        }
    }
    assert_ne!(shop.offer("mall", 0).s("merchantId"), shop.offer("mall", 1).s("merchantId"));
    let currencies: Vec<&str> = CHANNELS.iter().map(|channel| shop.demo()["channels"][channel].s("currency")).collect();
    assert_eq!(currencies, ["GBP", "INR", "USD", "USD", "EUR"]);
}

fn there_are_a_few_hundred_orders_of_sixty_days(shop: &mut Shop) {
    let now: jiff::Timestamp = shop.advance("1m").parse().expect("an instant");
    let mut count = 0;
    for channel in CHANNELS {
        let orders = orders_of(shop, channel);
        assert!(orders.len() >= 20, "{channel} has {}", orders.len());
        let statuses: HashSet<&str> = orders.iter().map(|order| order.s("status")).collect();
        assert!(statuses.len() >= 3, "{channel}: orders of every age are in different states: {statuses:?}");
        for order in &orders {
            let created: jiff::Timestamp = order.s("createdAt").parse().expect("an instant");
            let days = now.duration_since(created).as_hours() / 24;
            assert!((0..=61).contains(&days), "{days} days old");
        }
        count += orders.len();
    }
    assert!((200..1500).contains(&count), "{count}");
}

fn orders_of(shop: &Shop, channel: &str) -> Vec<Value> {
    walk(&shop.admin(), "/admin/orders", &format!("limit=200&channel={channel}"))
}

fn generated_orders_hold_what_every_order_holds(shop: &mut Shop) {
    for channel in CHANNELS {
        for order in orders_of(shop, channel) {
            assert_sums(&order);
            assert!(!order.list("items").is_empty());
        }
    }
}

fn every_role_has_a_token_that_works(shop: &Shop) {
    shop.admin().get("/admin/orders?limit=1").expect(200);
    shop.ops().get("/admin/orders?limit=1").expect(200);
    for channel in CHANNELS {
        shop.retailer(channel).get("/admin/orders?limit=1").expect(200);
        let body = shop.guest_basket(channel, &[(0, 1)], "pm_card_visa");
        shop.storefront(channel).post("/storefront/orders", &body).expect(201);
        for offer in shop.demo()["channels"][channel].list("items") {
            assert!(offer.n("price") > 0);
            shop.merchant(offer.s("merchantId")).get("/merchant/orders?limit=1").expect(200);
        }
    }
    assert!(shop.demo()["logins"].is_object());
}

fn every_customer_can_order_in_all_channels(shop: &Shop) {
    for n in [0, 1, 2] {
        for channel in CHANNELS {
            shop.place_as(&shop.customer(if n == 2 { 3 } else { n }), channel, &[(1, 1)], "pm_card_visa").expect(201);
        }
    }
}

fn health_and_readiness_are_open(shop: &Shop) {
    shop.anyone().get("/healthz").expect(200);
    shop.anyone().get("/readyz").expect(200);
}

fn metrics_are_in_the_text_format(shop: &Shop) {
    let reply = shop.admin().get("/metrics");
    assert_eq!(reply.status, 200);
    assert!(reply.text.lines().any(|line| line.starts_with("# TYPE ")), "{}", reply.text);
}

fn the_interface_describes_itself(shop: &Shop) {
    let document = shop.anyone().get("/openapi.json").expect(200);
    assert!(document.s("openapi").starts_with("3.1"), "{}", document["openapi"]);
    let paths: Vec<String> = document["paths"].as_object().expect("paths").keys().map(|p| anonymous(p)).collect();
    for path in [
        "/storefront/orders",
        "/storefront/orders/{}",
        "/storefront/orders/{}/timeline",
        "/storefront/orders/{}/events",
        "/storefront/orders/{}/cancel",
        "/storefront/orders/{}/refund",
        "/storefront/orders/{}/payment",
        "/storefront/checkouts",
        "/storefront/checkouts/{}/complete",
        "/admin/orders",
        "/admin/orders/{}",
        "/admin/orders/{}/timeline",
        "/admin/orders/{}/actions",
        "/admin/orders/{}/status",
        "/admin/orders/{}/events",
        "/admin/orders/{}/notes",
        "/admin/orders/{}/refund",
        "/admin/orders/{}/cancel",
        "/admin/orders/{}/shipments",
        "/admin/stock/{}",
        "/admin/settings",
        "/admin/sandbox/clock",
        "/merchant/orders",
        "/merchant/orders/{}",
        "/merchant/orders/{}/events",
        "/merchant/orders/{}/shipments",
        "/events",
    ] {
        assert!(paths.iter().any(|p| p == path), "{path} is not among {paths:?}");
    }
}

/// The path with its parameters unnamed.
fn anonymous(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect::<Vec<_>>().join("/")
}

fn ids_have_their_prefixes(shop: &Shop) {
    let order = shop.view(&shop.ready("mall"));
    for (id, prefix) in [
        (order.id(), "ord_"),
        (order["items"][0].id(), "itm_"),
        (order["merchantOrders"][0].id(), "mor_"),
        (order["items"][0].s("merchantId"), "mer_"),
        (order["payments"][0].id(), "pay_"),
    ] {
        assert!(id.starts_with(prefix), "{id} is no {prefix}");
    }
    let later = shop.place("retail", &[(0, 1)], "pm_card_visa");
    assert!(later.id() > order.id(), "creation order is the ids' sort order");
}
