//! `ETag` and `If-Match`: a write on what has changed meanwhile is refused.

use serde_json::json;

use crate::shop::{Json, Shop};

scenarios! {
    shared:
        an_order_has_an_etag_that_changes_with_it,
        a_write_on_an_older_order_is_refused,
        a_write_on_the_current_order_is_taken;
}

fn etag(shop: &Shop, id: &str) -> String {
    let reply = shop.admin().get(&format!("/admin/orders/{id}"));
    reply.header("etag").unwrap_or_else(|| panic!("no ETag: {reply:#?}")).to_owned()
}

fn an_order_has_an_etag_that_changes_with_it(shop: &Shop) {
    let id = shop.ready("retail");
    let first = etag(shop, &id);
    assert_eq!(etag(shop, &id), first, "reading changes nothing");
    shop.admin().set_status(&id, "processing").expect(200);
    assert_ne!(etag(shop, &id), first);
}

fn a_write_on_an_older_order_is_refused(shop: &Shop) {
    let id = shop.ready("retail");
    let old = etag(shop, &id);
    shop.admin().set_status(&id, "processing").expect(200);
    shop.unchanged(&id, || {
        for tag in [old.as_str(), "\"never\""] {
            let body = json!({ "status": "shipped" });
            let path = format!("/admin/orders/{id}/status");
            shop.admin().call("PATCH", &path).header("if-match", tag).json(&body).send().problem(412);
            let note = json!({ "event": "shipped" });
            let path = format!("/admin/orders/{id}/events");
            shop.admin().call("POST", &path).header("if-match", tag).json(&note).send().problem(412);
        }
    });
}

fn a_write_on_the_current_order_is_taken(shop: &Shop) {
    let id = shop.ready("retail");
    let body = json!({ "status": "processing" });
    let call = shop.admin().call("PATCH", &format!("/admin/orders/{id}/status"));
    let order = call.header("if-match", &etag(shop, &id)).json(&body).send().expect(200);
    assert_eq!(order.s("status"), "processing");
}
