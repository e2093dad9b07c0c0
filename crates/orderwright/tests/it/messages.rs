//! Messages between the people around an order, and merchants who ask to be let off.

use serde_json::{Value, json};

use crate::shop::lists::walk;
use crate::shop::{Actor, Json, Shop};

scenarios! {
    shared:
        everybody_reads_the_merchants_thread,
        a_merchant_reads_their_own_thread_only,
        the_operator_and_the_customer_have_one_more,
        a_message_is_on_the_timeline_without_its_text,
        a_message_has_its_limits,
        strangers_neither_read_nor_write,
        a_merchant_asks_to_be_let_off;
}

/// Writes a message; `to` is the merchant whose thread it is.
#[track_caller]
fn write(actor: &Actor, order: &str, message: &str, to: Option<&str>) -> Value {
    let mut body = json!({ "message": message });
    if let Some(merchant) = to {
        body["merchantId"] = json!(merchant);
    }
    actor.post(&actor.path(order, "/messages"), &body).expect(201)
}

/// The texts that somebody reads, oldest first.
fn read(actor: &Actor, order: &str, query: &str) -> Vec<String> {
    let rows = walk(actor, &actor.path(order, "/messages"), &format!("limit=2{query}"));
    rows.iter().map(|row| row.s("message").to_owned()).collect()
}

fn everybody_reads_the_merchants_thread(shop: &Shop) {
    let id = shop.ready("bazaar");
    let merchant = shop.offer("bazaar", 0).s("merchantId");
    let (customer, seller, admin) = (shop.customer(0), shop.merchant_of("bazaar", 0), shop.admin());
    let first = write(&customer, &id, "Is it blue?", Some(merchant));
    assert_eq!((first.s("merchantId"), first.s("from"), first.s("orderId")), (merchant, "customer", id.as_str()));
    assert!(first.id().starts_with("msg_") && first["createdBy"].is_string() && first["createdAt"].is_string());
    assert_eq!(write(&seller, &id, "It is.", None).s("from"), "merchant");
    assert_eq!(write(&admin, &id, "So all is well.", Some(merchant)).s("from"), "operator");
    for reader in [&customer, &seller, &admin, &shop.ops(), &shop.retailer("bazaar"), &shop.storefront("bazaar")] {
        assert_eq!(read(reader, &id, ""), ["Is it blue?", "It is.", "So all is well."]);
    }
    // The merchant order is the order to its merchant.
    let part = shop.view(&id)["merchantOrders"][0].id().to_owned();
    assert_eq!(read(&seller, &part, "").len(), 3);
    let second = seller.get(&format!("{}?limit=1&page=2", seller.path(&id, "/messages"))).expect(200);
    assert_eq!(second["data"][0].s("message"), "It is.");
}

fn a_merchant_reads_their_own_thread_only(shop: &Shop) {
    let id = shop.ready_with("mall", &[(0, 1), (1, 1)]);
    let (one, two) = (shop.offer("mall", 0).s("merchantId"), shop.offer("mall", 1).s("merchantId"));
    write(&shop.customer(0), &id, "to the first", Some(one));
    write(&shop.customer(0), &id, "to the second", Some(two));
    write(&shop.customer(0), &id, "to the operator", None);
    assert_eq!(read(&shop.merchant(one), &id, ""), ["to the first"]);
    assert_eq!(read(&shop.merchant(two), &id, ""), ["to the second"]);
    assert_eq!(read(&shop.admin(), &id, "").len(), 3);
    assert_eq!(read(&shop.admin(), &id, &format!("&merchantId={two}")), ["to the second"]);
    // Nobody else's thread is open to them, whatever they ask for.
    let first = shop.merchant(one);
    first.get(&format!("{}?merchantId={two}", first.path(&id, "/messages"))).wrong(&["merchantId"]);
    first.post(&first.path(&id, "/messages"), &json!({ "message": "x", "merchantId": two })).wrong(&["/merchantId"]);
    let entries = shop.timeline_as(&first, &id);
    assert_eq!(entries.iter().filter(|e| e.s("type") == "message_added").count(), 1, "{entries:#?}");
}

fn the_operator_and_the_customer_have_one_more(shop: &Shop) {
    let id = shop.ready("retail");
    let written = write(&shop.storefront("retail"), &id, "for a guest", None);
    assert_eq!((written.s("from"), &written["merchantId"]), ("customer", &Value::Null));
    write(&shop.retailer("retail"), &id, "from the owner", None);
    assert_eq!(read(&shop.customer(0), &id, ""), ["for a guest", "from the owner"]);
}

fn a_message_is_on_the_timeline_without_its_text(shop: &Shop) {
    let id = shop.ready("bazaar");
    let text = shop.unique("my number is");
    let written = write(&shop.customer(0), &id, &text, None);
    let timeline = shop.admin().get(&shop.admin().path(&id, "/timeline?limit=200")).expect(200);
    let entry = timeline.list("data").iter().find(|e| e.s("type") == "message_added").expect("an entry");
    assert_eq!(entry["metadata"].s("messageId"), written.id());
    assert!(!timeline.to_string().contains(&text));
    assert!(!shop.view(&id).to_string().contains(&text));
}

fn a_message_has_its_limits(shop: &Shop) {
    let id = shop.ready("bazaar");
    let customer = shop.customer(0);
    let path = customer.path(&id, "/messages");
    shop.unchanged(&id, || {
        customer.post(&path, &json!({})).wrong(&["/message"]);
        customer.post(&path, &json!({ "message": " " })).wrong(&["/message"]);
        customer.post(&path, &json!({ "message": "x".repeat(4001) })).wrong(&["/message"]);
        customer.post(&path, &json!({ "message": "a\u{0}b" })).wrong(&["/message"]);
        customer.post(&path, &json!({ "message": "x", "merchantId": "acme" })).wrong(&["/merchantId"]);
        let other = shop.offer("mall", 0).s("merchantId");
        customer.post(&path, &json!({ "message": "x", "merchantId": other })).wrong(&["/merchantId"]);
        customer.get(&format!("{path}?after=nonsense")).wrong(&["after"]);
    });
    let longest = "ü".repeat(4000);
    write(&customer, &id, &longest, None);
    assert_eq!(read(&customer, &id, ""), [longest]);
    let key = shop.unique("message");
    let send = || customer.call("POST", &path).key(&key).json(&json!({ "message": "once" })).send();
    let first = send().expect(201);
    let again = send();
    assert!(again.replayed());
    assert_eq!(again.expect(201), first);
    assert_eq!(read(&customer, &id, "").len(), 2);
}

fn strangers_neither_read_nor_write(shop: &Shop) {
    let id = shop.ready("bazaar");
    write(&shop.customer(0), &id, "secret", None);
    shop.unchanged(&id, || {
        for stranger in
            [shop.customer(1), shop.merchant_of("mall", 0), shop.retailer("retail"), shop.storefront("retail")]
        {
            let path = stranger.path(&id, "/messages");
            stranger.get(&path).problem(404);
            stranger.post(&path, &json!({ "message": "let me in" })).problem(404);
        }
        let stranger = shop.merchant_of("mall", 0);
        stranger.post(&stranger.path(&id, "/cancellation-request"), &json!({ "reason": "x" })).problem(404);
    });
}

fn a_merchant_asks_to_be_let_off(shop: &Shop) {
    let id = shop.ready("mall");
    let seller = shop.merchant_of("mall", 0);
    let path = seller.path(&id, "/cancellation-request");
    seller.post(&path, &json!({ "reason": "" })).wrong(&["/reason"]);
    shop.customer(0).post(&path, &json!({ "reason": "x" })).problem(403);
    let asked = seller.post(&path, &json!({ "reason": "the loom broke" })).expect(201);
    assert_eq!((asked.s("reason"), asked.s("orderId")), ("the loom broke", id.as_str()));
    assert_eq!(asked["itemIds"], json!([shop.view(&id)["items"][0].id()]));
    assert_eq!(seller.post(&path, &json!({ "reason": "still" })).problem(409).s("code"), "cancellation_requested");
    let admin = shop.admin();
    let open = || admin.get(&admin.path(&id, "/actions")).expect(200)["cancellationRequests"].clone();
    assert_eq!(open(), json!([asked]));
    let entries = shop.timeline_as(&admin, &id);
    let entry = entries.iter().find(|e| e.s("type") == "cancellation_requested").expect("an entry");
    assert_eq!(entry["metadata"].s("reason"), "the loom broke");
    let customer_reads = shop.customer(0).get(&shop.customer(0).path(&id, "/timeline?limit=200")).text;
    assert!(!customer_reads.contains("loom"), "the customer is told by what the operator does");
    assert_eq!(shop.view(&id).s("status"), "sent_to_merchant", "nothing moves by itself");
    admin.cancel(&id).expect(200);
    assert_eq!(open(), json!([]), "that was the answer");
    assert_eq!(seller.post(&path, &json!({ "reason": "again" })).problem(409).s("code"), "not_possible_now");
}
