//! Bodies that are not JSON, on every endpoint that takes one.

use serde_json::json;

use crate::shop::{Json, Shop};

scenarios! {
    shared:
        a_malformed_body_is_400_everywhere,
        a_body_of_megabytes_is_refused,
        an_unknown_path_is_404;
}

fn a_malformed_body_is_400_everywhere(shop: &Shop) {
    let id = shop.ready("retail");
    let sku = shop.sku("retail", 0);
    let admin = [
        ("PATCH", format!("/admin/orders/{id}/status")),
        ("POST", format!("/admin/orders/{id}/events")),
        ("POST", format!("/admin/orders/{id}/notes")),
        ("POST", format!("/admin/orders/{id}/refund")),
        ("POST", format!("/admin/orders/{id}/cancel")),
        ("POST", format!("/admin/orders/{id}/shipments")),
        ("PATCH", format!("/admin/stock/{sku}")),
        ("PATCH", "/admin/settings".to_owned()),
        ("POST", "/admin/sandbox/clock".to_owned()),
    ];
    let customer = [
        ("POST", "/storefront/orders".to_owned()),
        ("POST", "/storefront/checkouts".to_owned()),
        ("POST", format!("/storefront/orders/{id}/events")),
        ("POST", format!("/storefront/orders/{id}/cancel")),
        ("POST", format!("/storefront/orders/{id}/refund")),
        ("POST", format!("/storefront/orders/{id}/payment")),
    ];
    shop.unchanged(&id, || {
        for text in ["{", "{\"a\":1,}", "not json", "{\"note\": \"\u{1}\"}", "{} {}"] {
            for (actor, endpoints) in [(shop.admin(), &admin[..]), (shop.customer(0), &customer[..])] {
                for (method, path) in endpoints {
                    actor.call(method, path).raw(text).send().problem(400);
                }
            }
        }
    });
}

fn a_body_of_megabytes_is_refused(shop: &Shop) {
    let id = shop.ready("retail");
    let note = json!({ "note": "x".repeat(20 << 20), "isPublic": false });
    shop.unchanged(&id, || {
        let call = shop.admin().call("POST", &format!("/admin/orders/{id}/notes")).json(&note);
        // The server may stop reading and hang up before the whole body is sent.
        if let Ok(reply) = call.try_send() {
            reply.one_of(&[400, 413, 422]);
        }
    });
}

fn an_unknown_path_is_404(shop: &Shop) {
    for path in ["/admin/nothing", "/storefront/nothing", "/nothing"] {
        shop.admin().get(path).one_of(&[404]);
    }
    let order = shop.ready("retail");
    let reply = shop.admin().call("DELETE", &format!("/admin/orders/{order}")).send();
    reply.one_of(&[404, 405]);
    assert_eq!(shop.view(&order).id(), order);
}
