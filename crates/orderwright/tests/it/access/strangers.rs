//! What is somebody else's is answered exactly like what does not exist, at every nested place.

use serde_json::{Value, json};

use crate::shop::{Actor, Json, Reply, Shop};

scenarios! {
    shared:
        another_customers_order_does_not_exist,
        another_merchants_order_does_not_exist,
        another_channels_order_does_not_exist_for_its_owner,
        another_channels_order_does_not_exist_for_its_storefront,
        another_orders_items_do_not_exist,
        another_customers_orders_are_in_no_list,
        another_channels_orders_are_in_no_list_of_its_owner,
        filters_do_not_open_what_is_not_yours,
        another_customers_checkout_does_not_exist;
}

/// An id of the same shape that nobody has.
fn nonexistent(id: &str) -> String {
    let (head, tail) = id.split_at(id.len() - 4);
    let turned: String = tail
        .chars()
        .map(|c| match c {
            '0'..='8' => char::from(c as u8 + 1),
            '9' => '0',
            'a'..='y' | 'A'..='Y' => char::from(c as u8 + 1),
            'z' => 'a',
            'Z' => 'A',
            other => other,
        })
        .collect();
    format!("{head}{turned}")
}

/// Asks for somebody else's and for nobody's, and compares the two answers, apart from the id that was asked for.
#[track_caller]
fn as_if_nothing_there(id: &str, ask: impl Fn(&str) -> Reply) {
    let nobody = nonexistent(id);
    let others = ask(id);
    let nothing = ask(&nobody);
    assert_eq!(others.header("content-type"), nothing.header("content-type"));
    assert_eq!(others.text.replace(id, "ID"), nothing.text.replace(&nobody, "ID"), "the bodies give it away");
    others.problem(404);
    nothing.problem(404);
    ask("ord_nothing").problem(404);
}

/// Everything a role can do with an order by its id, each asked for the other's.
#[track_caller]
fn no_way_in(shop: &Shop, stranger: &Actor, id: &str, writes: &[(&'static str, &str, Value)], reads: &[&str]) {
    shop.unchanged(id, || {
        for read in reads {
            as_if_nothing_there(id, |id| stranger.get(&stranger.path(id, read)));
        }
        for (method, rest, body) in writes {
            as_if_nothing_there(id, |id| stranger.call(method, &stranger.path(id, rest)).json(body).send());
        }
    });
}

fn another_customers_order_does_not_exist(shop: &Shop) {
    for channel in ["retail", "blinds", "mall", "studio"] {
        let id = shop.ready(channel);
        let writes = [
            ("POST", "/cancel", json!({})),
            ("POST", "/events", json!({ "event": if channel == "retail" { "cancelled" } else { "cancel" } })),
            ("POST", "/refund", json!({ "amount": 1, "reason": "mine" })),
            ("POST", "/payment", json!({ "paymentMethod": "pm_card_visa" })),
            ("POST", "/messages", json!({ "message": "x" })),
        ];
        no_way_in(shop, &shop.customer(1), &id, &writes, &["", "/timeline", "/messages"]);
    }
}

fn another_merchants_order_does_not_exist(shop: &Shop) {
    let id = shop.ready_with("mall", &[(0, 1)]);
    let writes = [
        ("POST", "/events", json!({ "event": "ship", "expectedBy": "2031-02-03" })),
        ("POST", "/events", json!({ "event": "cancel" })),
        ("POST", "/shipments", json!({ "carrier": "x", "trackingNumber": "y", "expectedBy": "2031-02-03" })),
        ("POST", "/messages", json!({ "message": "x" })),
        ("POST", "/cancellation-request", json!({ "reason": "x" })),
    ];
    let stranger = shop.merchant_of("mall", 1);
    no_way_in(shop, &stranger, &id, &writes, &["", "/messages"]);
    let merchant_order = shop.view(&id)["merchantOrders"][0].id().to_owned();
    as_if_nothing_there(&merchant_order, |id| stranger.get(&stranger.path(id, "")));
    let ship = json!({ "event": "ship", "expectedBy": "2031-02-03" });
    as_if_nothing_there(&merchant_order, |id| stranger.post(&stranger.path(id, "/events"), &ship));
}

fn another_channels_order_does_not_exist_for_its_owner(shop: &Shop) {
    let id = shop.ready("retail");
    let writes = [
        ("PATCH", "/status", json!({ "status": "processing" })),
        ("POST", "/events", json!({ "event": "processing" })),
        ("POST", "/notes", json!({ "note": "x", "isPublic": true })),
        ("POST", "/refund", json!({ "reason": "x", "initiatePaymentRefund": true })),
        ("POST", "/cancel", json!({})),
        ("POST", "/shipments", json!({ "carrier": "x", "trackingNumber": "y" })),
    ];
    no_way_in(shop, &shop.retailer("bazaar"), &id, &writes, &["", "/timeline", "/actions", "/messages"]);
}

fn another_channels_order_does_not_exist_for_its_storefront(shop: &Shop) {
    let id = shop.ready("retail");
    let writes = [
        ("POST", "/cancel", json!({})),
        ("POST", "/refund", json!({ "amount": 1, "reason": "x" })),
        ("POST", "/payment", json!({ "paymentMethod": "pm_card_visa" })),
    ];
    no_way_in(shop, &shop.storefront("bazaar"), &id, &writes, &["", "/timeline"]);
}

fn another_orders_items_do_not_exist(shop: &Shop) {
    let (own, other) = (shop.ready("bazaar"), shop.ready("bazaar"));
    let seller = shop.merchant_of("bazaar", 0);
    let of_other = shop.view(&other)["items"][0].id().to_owned();
    let items = |id: &str| json!([{ "itemId": id }]);
    let snapshot = shop.snapshot(&other);
    shop.unchanged(&own, || {
        as_if_nothing_there(&of_other, |item| seller.fire(&own, "acknowledge", &json!({ "items": items(item) })));
        as_if_nothing_there(&of_other, |item| {
            shop.admin().post(&format!("/admin/orders/{own}/cancel"), &json!({ "items": items(item) }))
        });
        as_if_nothing_there(&of_other, |item| {
            let refund = json!({ "items": items(item), "reason": "x", "initiatePaymentRefund": true });
            shop.admin().refund(&own, &refund)
        });
        as_if_nothing_there(&of_other, |item| {
            let shipment = json!({ "items": items(item), "carrier": "x", "trackingNumber": "y" });
            seller.post(&seller.path(&own, "/shipments"), &shipment)
        });
    });
    assert_eq!(shop.snapshot(&other), snapshot);
}

fn another_customers_orders_are_in_no_list(shop: &Shop) {
    let id = shop.ready("retail");
    let seen = shop.customer(1).get("/storefront/orders?limit=200").expect(200);
    assert!(seen.list("data").iter().all(|order| order.id() != id));
    let own = shop.customer(0).get("/storefront/orders?limit=200").expect(200);
    let customer = shop.view(&id).s("customerId").to_owned();
    assert!(own.list("data").iter().any(|order| order.id() == id));
    assert!(own.list("data").iter().all(|order| order.s("customerId") == customer), "own orders only");
}

fn another_channels_orders_are_in_no_list_of_its_owner(shop: &Shop) {
    shop.ready("retail");
    for channel in crate::shop::orders::CHANNELS {
        let seen = shop.retailer(channel).get("/admin/orders?limit=200").expect(200);
        assert!(!seen.list("data").is_empty());
        assert!(seen.list("data").iter().all(|order| order.s("channel") == channel), "{channel} sees others'");
    }
}

fn filters_do_not_open_what_is_not_yours(shop: &Shop) {
    let id = shop.ready("retail");
    let order = shop.view(&id);
    let filters = [
        format!("customerId={}", order.s("customerId")),
        format!("orderNumber={}", order.s("orderNumber")),
        "channel=retail".to_owned(),
        format!("q={}", order.s("orderNumber")),
    ];
    for filter in filters {
        for (stranger, list) in [
            (shop.customer(1), "/storefront/orders"),
            (shop.merchant_of("mall", 0), "/merchant/orders"),
            (shop.retailer("bazaar"), "/admin/orders"),
        ] {
            let reply = stranger.get(&format!("{list}?limit=200&{filter}"));
            // A filter that makes no sense within one's own may be refused; what it may not do is open others'.
            if reply.status == 200 {
                assert!(reply.body.list("data").iter().all(|seen| seen.id() != id), "{list}?{filter}");
            } else {
                reply.problem_of(&[403, 404, 422]);
            }
        }
    }
}

fn another_customers_checkout_does_not_exist(shop: &Shop) {
    let cart =
        crate::shop::json::with(shop.basket("retail", &[(0, 1)], "pm_card_visa"), &json!({ "paymentMethod": null }));
    let checkout = shop.customer(0).post("/storefront/checkouts", &cart).expect(201);
    as_if_nothing_there(checkout.id(), |id| {
        let path = format!("/storefront/checkouts/{id}/complete");
        shop.customer(1).post(&path, &json!({ "paymentMethod": "pm_card_visa" }))
    });
    let path = format!("/storefront/checkouts/{}/complete", checkout.id());
    shop.customer(0).post(&path, &json!({ "paymentMethod": "pm_card_visa" })).expect(201);
}
