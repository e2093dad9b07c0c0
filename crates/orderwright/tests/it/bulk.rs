//! One status for many orders: an outcome for each, in the order of the request; one that fails changes only itself.

use serde_json::{Value, json};

use crate::shop::{Actor, Json, Shop};

scenarios! {
    shared:
        one_that_fails_changes_only_itself,
        outcomes_are_in_the_order_of_the_request,
        an_owner_changes_their_channel_only,
        what_makes_no_sense_is_refused_whole,
        a_key_answers_once;
}

fn bulk(actor: &Actor, ids: &[&str], status: &str) -> Value {
    let body = json!({ "orderIds": ids, "status": status, "note": "all at once" });
    actor.post("/admin/orders/bulk/status", &body).expect(200)
}

fn one_that_fails_changes_only_itself(shop: &Shop) {
    let (ready, delivered, unpaid) =
        (shop.ready("retail"), shop.ready("retail"), shop.place("retail", &[(0, 1)], "pm_offline"));
    for status in ["processing", "shipped", "delivered"] {
        shop.admin().set_status(&delivered, status).expect(200);
    }
    let blinds = shop.ready("blinds");
    let mut answer = Value::Null;
    let before = shop.snapshot(unpaid.id());
    shop.unchanged(&delivered, || {
        let ids = [ready.as_str(), &delivered, unpaid.id(), "ord_0000000000000", "nonsense", &blinds];
        answer = bulk(&shop.admin(), &ids, "processing");
    });
    let outcomes = answer.list("outcomes");
    let codes: Vec<&str> = outcomes.iter().map(|o| o["problem"]["code"].as_str().unwrap_or("")).collect();
    assert_eq!(codes, ["", "not_possible_now", "not_possible_now", "not_found", "not_found", "unknown_status"]);
    assert_eq!(
        (&outcomes[0]["ok"], outcomes[0].s("status"), &outcomes[0]["problem"]),
        (&json!(true), "processing", &Value::Null)
    );
    assert_eq!((&outcomes[1]["ok"], &outcomes[1]["status"]), (&json!(false), &Value::Null));
    assert_eq!(outcomes[1]["problem"].n("status"), 409);
    assert_eq!(shop.view(&ready).s("status"), "processing");
    assert_eq!(shop.snapshot(unpaid.id()), before);
    let entries = shop.timeline_as(&shop.admin(), &ready);
    assert!(entries.iter().any(|e| e["metadata"]["note"] == "all at once"), "{entries:#?}");
}

fn outcomes_are_in_the_order_of_the_request(shop: &Shop) {
    let ids: Vec<String> = (0..20).map(|_| shop.ready("retail")).collect();
    let mut asked: Vec<&str> = ids.iter().map(String::as_str).rev().collect();
    asked.swap(3, 11);
    let answer = bulk(&shop.ops(), &asked, "processing");
    assert_eq!(answer.each("outcomes", "orderId"), asked);
    assert!(answer.list("outcomes").iter().all(|o| o["ok"] == true), "{answer:#}");
}

fn an_owner_changes_their_channel_only(shop: &Shop) {
    let (own, others) = (shop.ready("retail"), shop.ready("bazaar"));
    shop.unchanged(&others, || {
        let answer = bulk(&shop.retailer("retail"), &[&others, &own], "processing");
        assert_eq!(answer["outcomes"][0]["problem"].s("code"), "not_found");
        assert_eq!(answer["outcomes"][1]["ok"], true);
    });
    for other in [shop.customer(0), shop.merchant_of("retail", 0), shop.storefront("retail")] {
        other.post("/admin/orders/bulk/status", &json!({ "orderIds": [own], "status": "shipped" })).problem(403);
    }
}

fn what_makes_no_sense_is_refused_whole(shop: &Shop) {
    let id = shop.ready("retail");
    let post = |body: Value| shop.admin().post("/admin/orders/bulk/status", &body);
    let many: Vec<String> = (0..501).map(|n| format!("ord_{n}")).collect();
    shop.unchanged(&id, || {
        post(json!({ "orderIds": [], "status": "processing" })).wrong(&["/orderIds"]);
        post(json!({ "orderIds": many, "status": "processing" })).wrong(&["/orderIds"]);
        post(json!({ "orderIds": [id, "x", id], "status": "processing" })).wrong(&["/orderIds/2"]);
        post(json!({ "orderIds": [id], "status": " " })).wrong(&["/status"]);
        post(json!({ "orderIds": [id], "status": "processing", "note": "x".repeat(4001) })).wrong(&["/note"]);
        post(json!({ "orderIds": [id], "status": "processing", "why": "x" })).wrong(&["/why"]);
        post(json!({ "orderIds": id, "status": "processing" })).wrong(&["/orderIds"]);
    });
    let outcomes = post(json!({ "orderIds": many[..500], "status": "processing" })).expect(200);
    assert_eq!(outcomes.list("outcomes").len(), 500);
}

fn a_key_answers_once(shop: &Shop) {
    let id = shop.ready("retail");
    let key = shop.unique("bulk");
    let body = json!({ "orderIds": [id], "status": "processing" });
    let send = || shop.admin().call("POST", "/admin/orders/bulk/status").key(&key).json(&body).send();
    let first = send().expect(200);
    assert_eq!(first["outcomes"][0]["ok"], true);
    let again = send();
    assert!(again.replayed());
    assert_eq!(again.expect(200), first);
}
