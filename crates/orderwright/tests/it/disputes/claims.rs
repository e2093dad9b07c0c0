//! Claims: who raises, answers, reads and decides; deadlines; what goes back; who sees nothing.

use serde_json::{Value, json};

use crate::shop::lists::walk;
use crate::shop::{Actor, Json, Shop};

scenarios! {
    shared:
        a_customer_raises_it_the_merchant_answers_the_operator_refunds,
        a_part_goes_back_within_what_is_left,
        a_merchant_raises_one_and_the_customer_withdraws_nothing,
        a_replacement_is_sent_by_the_merchant,
        evidence_is_words_and_links_and_read_by_whom_it_is_for,
        strangers_see_no_dispute,
        wrong_fields_are_named,
        lists_filter_and_go_on,
        an_answer_is_given_once_for_each_key,
        a_lifecycle_of_disputes_is_not_published;
    clock:
        a_silent_merchant_is_passed_over,
        a_merchant_who_has_not_seen_the_order_is_not_asked;
    own:
        a_claim_is_refunded_when_the_money_went_back_and_not_before;
}

fn claim(shop: &Shop, order: &str, item: usize, more: Value) -> Value {
    let item = shop.view(order)["items"][item].id().to_owned();
    let body = json!({
        "reason": "damaged_goods", "description": "it arrived in pieces", "wants": "refund",
        "items": [{ "itemId": item }],
    });
    crate::shop::json::with(body, &more)
}

#[track_caller]
fn raise(shop: &Shop, actor: &Actor, order: &str) -> Value {
    actor.post(&actor.path(order, "/disputes"), &claim(shop, order, 0, json!({}))).expect(201)
}

fn own(actor: &Actor, order: &str, dispute: &str, rest: &str) -> String {
    actor.path(order, &format!("/disputes/{dispute}{rest}"))
}

fn at(dispute: &str, rest: &str) -> String {
    format!("/admin/disputes/{dispute}{rest}")
}

fn status(shop: &Shop, dispute: &str) -> String {
    shop.admin().get(&at(dispute, "")).expect(200).s("status").to_owned()
}

fn kinds(shop: &Shop, actor: &Actor, order: &str) -> Vec<String> {
    shop.timeline_as(actor, order).iter().map(|e| e.s("type").to_owned()).collect()
}

fn a_customer_raises_it_the_merchant_answers_the_operator_refunds(shop: &Shop) {
    let order = shop.ready_with("bazaar", &[(0, 2)]);
    let (customer, seller, admin) = (shop.customer(0), shop.merchant_of("bazaar", 0), shop.admin());
    let made = raise(shop, &customer, &order);
    let id = made.id().to_owned();
    assert!(id.starts_with("dsp_"));
    assert_eq!((made.s("kind"), made.s("status"), made.s("raisedBy")), ("claim", "awaiting_merchant", "customer"));
    assert!(made["respondBy"].is_string() && made["chargeback"].is_null() && made["decision"].is_null(), "{made:#}");
    assert_eq!(made.s("displayStatus"), "The merchant is asked");
    let theirs = seller.get(&own(&seller, &order, &id, "")).expect(200);
    assert_eq!(theirs.s("displayStatus"), "Please answer");
    let said = seller.post(&own(&seller, &order, &id, "/messages"), &json!({ "message": "Sorry!" })).expect(201);
    assert_eq!((said.s("from"), said.s("readers")), ("merchant", "all"));
    assert_eq!(status(shop, &id), "awaiting_operator");
    let texts: Vec<String> = walk(&customer, &own(&customer, &order, &id, "/messages"), "limit=1")
        .iter()
        .map(|m| m.s("message").to_owned())
        .collect();
    assert_eq!(texts, ["it arrived in pieces", "Sorry!"]);
    let body = json!({ "outcome": "refund", "reason": "we have seen the photos" });
    let decided = admin.post(&at(&id, "/decide"), &body).expect(200);
    assert!(["refunding", "refunded"].contains(&decided.s("status")), "as soon as the provider answers: {decided:#}");
    let total = shop.view(&order).n("total");
    let seen = shop.wait_refunded(&order, total);
    let over = admin.get(&at(&id, "")).expect(200);
    assert_eq!((over.s("status"), over["undecided"].as_bool()), ("refunded", Some(false)));
    assert_eq!(decided["decision"].s("refundId"), seen.list("refunds")[0].id());
    assert_eq!((decided["decision"].n("amount"), seen.s("paymentStatus")), (total, "refunded"));
    for actor in [&customer, &seller] {
        let kinds = kinds(shop, actor, &order);
        for kind in ["dispute_opened", "dispute_message_added", "dispute_closed"] {
            assert!(kinds.iter().any(|k| k == kind), "{kind} in {kinds:?}");
        }
    }
    assert!(!shop.timeline_as(&admin, &order).iter().any(|e| e.to_string().contains("Sorry!")), "no text on it");
    let again = admin.post(&at(&id, "/decide"), &body).problem(409);
    assert!(again.s("detail").contains("`refund` is not possible now"), "what is refused is the decision: {again:#}");
    seller.post(&own(&seller, &order, &id, "/messages"), &json!({ "message": "too late" })).problem(409);
}

fn a_part_goes_back_within_what_is_left(shop: &Shop) {
    let order = shop.ready_with("retail", &[(0, 1)]);
    let id = raise(shop, &shop.customer(0), &order).id().to_owned();
    let admin = shop.admin();
    for (body, field) in [
        (json!({ "outcome": "partial" }), "/amount"),
        (json!({ "outcome": "refund", "amount": 5 }), "/amount"),
        (json!({ "outcome": "reject" }), "/reason"),
        (json!({ "outcome": "burn" }), "/outcome"),
        (json!({ "outcome": "refund", "method": "cash" }), "/method"),
        (json!({ "outcome": "partial", "amount": 0 }), "/amount"),
    ] {
        shop.unchanged(&order, || admin.post(&at(&id, "/decide"), &body).wrong(&[field]));
    }
    let much = json!({ "outcome": "partial", "amount": shop.view(&order).n("total") + 1 });
    shop.unchanged(&order, || drop(admin.post(&at(&id, "/decide"), &much).problem(409)));
    let part = json!({ "outcome": "partial", "amount": 7, "reason": "for the scratch" });
    let decided = shop.retailer("retail").post(&at(&id, "/decide"), &part).expect(200);
    assert_eq!(decided["decision"].n("amount"), 7);
    assert_eq!(shop.wait_refunded(&order, 7).s("paymentStatus"), "partially_refunded");
    assert_eq!(status(shop, &id), "partially_refunded");
}

fn a_merchant_raises_one_and_the_customer_withdraws_nothing(shop: &Shop) {
    let order = shop.ready("bazaar");
    let (customer, seller) = (shop.customer(0), shop.merchant_of("bazaar", 0));
    let made = raise(shop, &seller, &order);
    assert_eq!((made.s("raisedBy"), made.s("status")), ("merchant", "awaiting_customer"));
    customer.post(&own(&customer, &order, made.id(), "/withdraw"), &json!({})).problem(403);
    customer.post(&own(&customer, &order, made.id(), "/messages"), &json!({ "message": "no" })).expect(201);
    assert_eq!(status(shop, made.id()), "awaiting_operator");
    let back = seller.post(&own(&seller, &order, made.id(), "/withdraw"), &json!({})).expect(200);
    assert_eq!(back.s("status"), "withdrawn");
    raise(shop, &seller, &order);
}

fn a_replacement_is_sent_by_the_merchant(shop: &Shop) {
    let order = shop.ready("bazaar");
    let (customer, seller) = (shop.customer(0), shop.merchant_of("bazaar", 0));
    shop.merchants_fire(&order, "acknowledge", &json!({}));
    shop.merchants_fire(&order, "ship", &json!({ "trackingNumber": "T-1" }));
    let id = raise(shop, &customer, &order).id().to_owned();
    let parcel = json!({ "carrier": "DHL", "trackingNumber": "R-1" });
    seller.post(&own(&seller, &order, &id, "/replacement"), &parcel).problem(409);
    shop.admin().post(&at(&id, "/decide"), &json!({ "outcome": "replace" })).expect(200);
    let sent = seller.post(&own(&seller, &order, &id, "/replacement"), &parcel).expect(200);
    assert_eq!(sent.s("status"), "replaced");
    let order = shop.view(&order);
    let parcels: Vec<&str> = order.list("shipments").iter().map(|s| s.id()).collect();
    assert_eq!(sent["replacementShipmentIds"][0], *parcels.last().expect("a parcel"));
    assert_eq!(order.n("refundedTotal"), 0);
}

fn evidence_is_words_and_links_and_read_by_whom_it_is_for(shop: &Shop) {
    let order = shop.ready("bazaar");
    let (customer, seller, admin) = (shop.customer(0), shop.merchant_of("bazaar", 0), shop.admin());
    let id = raise(shop, &customer, &order).id().to_owned();
    let photo = json!({ "kind": "photo", "text": "the box", "links": ["https://photos.example.com/1.jpg"] });
    let made = customer.post(&own(&customer, &order, &id, "/evidence"), &photo).expect(201);
    assert!(made.id().starts_with("evd_"));
    assert_eq!((made.s("from"), made["links"][0].as_str()), ("customer", Some("https://photos.example.com/1.jpg")));
    let secret = json!({ "kind": "document", "text": "for you alone", "readers": "operator" });
    customer.post(&own(&customer, &order, &id, "/evidence"), &secret).expect(201);
    admin.post(&at(&id, "/messages"), &json!({ "message": "to the seller", "readers": "merchant" })).expect(201);
    let count = |actor: &Actor, path: String| walk(actor, &path, "limit=5").len();
    assert_eq!(count(&admin, at(&id, "/evidence")), 2);
    assert_eq!(count(&seller, own(&seller, &order, &id, "/evidence")), 1, "only what is for all");
    assert_eq!(count(&customer, own(&customer, &order, &id, "/messages")), 1, "the merchant's is not shown");
    assert_eq!(count(&seller, own(&seller, &order, &id, "/messages")), 2);
    let path = own(&customer, &order, &id, "/evidence");
    for (change, field) in [
        (json!({ "kind": "smell" }), "/kind"),
        (json!({ "text": " " }), "/text"),
        (json!({ "links": ["ftp://files"] }), "/links/0"),
        (json!({ "readers": "merchant" }), "/readers"),
        (json!({ "readers": "everybody" }), "/readers"),
    ] {
        customer.post(&path, &crate::shop::json::with(photo.clone(), &change)).wrong(&[field]);
    }
}

fn strangers_see_no_dispute(shop: &Shop) {
    let order = shop.ready_with("mall", &[(0, 1), (1, 1)]);
    let (one, two) = (shop.offer("mall", 0).s("merchantId"), shop.offer("mall", 1).s("merchantId"));
    let id = raise(shop, &shop.customer(0), &order).id().to_owned();
    let (first, second, other) = (shop.merchant(one), shop.merchant(two), shop.customer(1));
    first.get(&own(&first, &order, &id, "")).expect(200);
    for stranger in [&second, &other] {
        stranger.get(&own(stranger, &order, &id, "")).problem(404);
        stranger.post(&own(stranger, &order, &id, "/messages"), &json!({ "message": "let me in" })).problem(404);
        stranger.post(&own(stranger, &order, &id, "/withdraw"), &json!({})).problem(404);
    }
    assert!(!kinds(shop, &second, &order).iter().any(|k| k.starts_with("dispute")), "nothing of it on the timeline");
    shop.retailer("retail").get(&at(&id, "")).problem(404);
    shop.retailer("retail").post(&at(&id, "/decide"), &json!({ "outcome": "replace" })).problem(404);
    shop.admin().get(&at("dsp_0000000000000", "")).problem(404);
    shop.admin().get(&at("nonsense", "")).problem(404);
    first.get(&at(&id, "")).problem(403);
}

fn wrong_fields_are_named(shop: &Shop) {
    let order = shop.ready_with("mall", &[(0, 1), (1, 1)]);
    let customer = shop.customer(0);
    let path = customer.path(&order, "/disputes");
    let whole = claim(shop, &order, 0, json!({}));
    for (change, field) in [
        (json!({ "reason": "bank" }), "/reason"),
        (json!({ "wants": "revenge" }), "/wants"),
        (json!({ "description": "" }), "/description"),
        (json!({ "amount": 0 }), "/amount"),
        (json!({ "amount": 1_000_000_000 }), "/amount"),
        (json!({ "items": null }), "/items"),
        (json!({ "items": [] }), "/items"),
    ] {
        let body = crate::shop::json::with(whole.clone(), &change);
        shop.unchanged(&order, || customer.post(&path, &body).wrong(&[field]));
    }
    let unpaid = shop.place("retail", &[(0, 1)], "pm_offline");
    let early = claim(shop, unpaid.id(), 0, json!({}));
    let refused = customer.post(&customer.path(unpaid.id(), "/disputes"), &early).problem(409);
    assert_eq!(refused.s("code"), "not_disputable");
    raise(shop, &customer, &order);
    assert_eq!(customer.post(&path, &whole).problem(409).s("code"), "not_disputable", "once for each item");
}

fn lists_filter_and_go_on(shop: &Shop) {
    let (customer, seller, admin) = (shop.customer(1), shop.merchant_of("bazaar", 0), shop.admin());
    let mut made = Vec::new();
    for _ in 0..3 {
        let order = shop.place_as(&customer, "bazaar", &[(0, 1)], "pm_card_visa").expect(201).id().to_owned();
        shop.wait_payment(&order, "captured");
        made.push(raise(shop, &customer, &order).id().to_owned());
    }
    made.reverse();
    let ids = |actor: &Actor, path: &str, query: &str| -> Vec<String> {
        let rows = walk(actor, path, query);
        rows.iter().map(|d| d.id().to_owned()).filter(|id| made.contains(id)).collect()
    };
    for (actor, path) in [
        (&customer, "/storefront/disputes"),
        (&seller, "/merchant/disputes"),
        (&admin, "/admin/disputes"),
        (&shop.retailer("bazaar"), "/admin/disputes"),
    ] {
        assert_eq!(ids(actor, path, "limit=2"), made, "newest first, {path}");
        assert_eq!(ids(actor, path, "limit=50&state=awaiting_merchant&kind=claim&undecided=true"), made);
        assert_eq!(ids(actor, path, "limit=50&respondBy=2000-01-01"), [""; 0]);
        assert_eq!(ids(actor, path, "limit=50&kind=chargeback"), [""; 0]);
        actor.get(&format!("{path}?state=lost_in_space")).wrong(&["state"]);
    }
    assert_eq!(ids(&shop.retailer("retail"), "/admin/disputes", "limit=50"), [""; 0], "another channel's");
    shop.retailer("retail").get("/admin/disputes?channel=bazaar").expect(200);
    assert_eq!(ids(&admin, "/admin/disputes", "limit=50&channel=retail"), [""; 0]);
}

fn an_answer_is_given_once_for_each_key(shop: &Shop) {
    let order = shop.ready("bazaar");
    let customer = shop.customer(0);
    let (path, body) = (customer.path(&order, "/disputes"), claim(shop, &order, 0, json!({})));
    let key = shop.unique("dispute");
    let first = customer.call("POST", &path).key(&key).json(&body).send();
    let again = customer.call("POST", &path).key(&key).json(&body).send();
    assert!(again.replayed());
    assert_eq!(first.expect(201), again.expect(201));
    assert_eq!(walk(&customer, &path, "limit=5").len(), 1);
}

fn a_silent_merchant_is_passed_over(shop: &Shop) {
    let admin = shop.admin();
    let set = |window: &str| {
        admin.patch("/admin/settings", &json!({ "channel": "bazaar", "disputeWindow": window })).expect(200)
    };
    assert_eq!(set("5d").s("disputeWindow"), "5d");
    let order = shop.ready("bazaar");
    let id = raise(shop, &shop.customer(0), &order).id().to_owned();
    shop.advance("4d");
    assert_eq!(status(shop, &id), "awaiting_merchant");
    shop.advance("25h");
    crate::shop::eventually("it is the operator's", std::time::Duration::from_secs(30), || match status(shop, &id) {
        now if now == "awaiting_operator" => Ok(()),
        now => Err(now),
    });
    set("3d");
    admin.patch("/admin/settings", &json!({ "channel": "bazaar", "disputeWindow": "soon" })).wrong(&["/disputeWindow"]);
    admin
        .patch("/admin/settings", &json!({ "channel": "bazaar", "chargebackBearer": "nobody" }))
        .wrong(&["/chargebackBearer"]);
}

fn a_merchant_who_has_not_seen_the_order_is_not_asked(shop: &Shop) {
    let rests = |window: &str| {
        shop.admin().patch("/admin/settings", &json!({ "channel": "mall", "cancelWindow": window })).expect(200);
    };
    rests("2h");
    let order = shop.place("mall", &[(0, 1)], "pm_card_visa").id().to_owned();
    shop.wait_status(&order, "paid");
    let made = raise(shop, &shop.customer(0), &order);
    assert_eq!((made.s("status"), &made["respondBy"]), ("awaiting_operator", &Value::Null));
    let seller = shop.merchant_of("mall", 0);
    let seen = || walk(&seller, "/merchant/disputes", "limit=100").iter().any(|d| d.id() == made.id());
    assert!(!seen(), "the order is not theirs yet");
    seller.get(&own(&seller, &order, made.id(), "")).problem(404);
    shop.advance("3h");
    shop.wait_status(&order, "sent_to_merchant");
    assert!(seen());
    rests("0m");
}

fn a_lifecycle_of_disputes_is_not_published(shop: &Shop) {
    let text = include_str!("../../../../../workflows/dispute.toml");
    let refused = shop.admin().post("/admin/workflows", &json!({ "text": text })).problem(422);
    assert_eq!(refused.s("code"), "workflow_refused");
    assert!(refused.to_string().contains("come with the program"), "{refused:#}");
}

fn a_claim_is_refunded_when_the_money_went_back_and_not_before(shop: &mut Shop) {
    let (admin, customer) = (shop.admin(), shop.customer(0));
    let limit = json!({ "channel": "mall", "refundApprovalLimit": 1000, "refundApproval": "enforce" });
    admin.patch("/admin/settings", &limit).expect(200);
    let order = shop.ready_with("mall", &[(0, 1)]);
    let id = raise(shop, &customer, &order).id().to_owned();
    let kinds_of = |actor: &Actor| kinds(shop, actor, &order);
    let first = |kind: &str| kinds_of(&customer).iter().position(|k| k == kind).expect("on the timeline");
    assert!(first("dispute_opened") < first("dispute_message_added"), "{:?}", kinds_of(&customer));

    // Beyond the limit a second person has to approve the refund, and rejects it.
    let body = json!({ "outcome": "refund", "reason": "we have seen the photos" });
    let decided = admin.post(&at(&id, "/decide"), &body).expect(200);
    assert_eq!((decided.s("status"), decided["undecided"].as_bool()), ("refunding", Some(true)), "{decided:#}");
    let seen = customer.get(&own(&customer, &order, &id, "")).expect(200);
    assert_eq!(seen.s("displayStatus"), "Decided: your refund is under way");
    let again = admin.post(&at(&id, "/decide"), &body).problem(409);
    let said = again.s("detail");
    assert!(said.contains("`refund` is not possible now") && said.contains("refunding"), "{again:#}");
    assert!(!kinds_of(&customer).iter().any(|k| k == "dispute_closed"), "nothing went back");
    let reject = |refund: &str| format!("/admin/orders/{order}/refunds/{refund}/reject");
    shop.ops().post(&reject(decided["decision"].s("refundId")), &json!({})).expect(201);
    let back = admin.get(&at(&id, "")).expect(200);
    assert_eq!((back.s("status"), back["decision"]["refundFailure"].s("code")), ("awaiting_operator", "not_granted"));
    let told = kinds_of(&admin);
    assert!(told.iter().any(|k| k == "needs_attention"), "{told:?}");

    // The card is gone: the provider refuses.
    admin.patch("/admin/settings", &json!({ "channel": "mall", "refundApproval": "report" })).expect(200);
    let fault = json!({ "operation": "payment.refund", "outcome": "expired_or_canceled_card", "times": 1 });
    admin.post("/admin/sandbox/faults", &fault).expect(201);
    admin.post(&at(&id, "/decide"), &body).expect(200);
    let patience = std::time::Duration::from_secs(30);
    let back = crate::shop::eventually("the claim is the operator's again", patience, || {
        let seen = admin.get(&at(&id, "")).expect(200);
        let failed = seen["decision"]["refundFailure"]["code"] == "expired_or_canceled_card";
        if failed && seen.s("status") == "awaiting_operator" { Ok(seen) } else { Err(format!("{seen:#}")) }
    });
    assert!(back["decision"]["refundFailure"].s("nextStep").contains("bank"), "{back:#}");
    let theirs = customer.get(&own(&customer, &order, &id, "")).expect(200);
    assert!(theirs["decision"]["refundFailure"]["nextStep"].is_null(), "what staff can do is staff's: {theirs:#}");
    let view = shop.view(&order);
    assert_eq!((view.n("refundedTotal"), view.s("paymentStatus")), (0, "captured"));

    // Decided again, by bank transfer.
    let body = json!({ "outcome": "refund", "method": "bank", "reason": "by bank transfer then" });
    let decided = admin.post(&at(&id, "/decide"), &body).expect(200);
    assert_eq!((decided.s("status"), &decided["decision"]["refundFailure"]), ("refunded", &Value::Null));
    let view = shop.view(&order);
    let (total, payment) = (view.n("total"), &view["payments"][0]);
    assert_eq!((view.n("refundedTotal"), payment.n("refunded"), payment.n("refundedByBank")), (total, 0, total));
    assert!(payment.s("summary").ends_with("were taken and went back by bank transfer."), "{payment:#}");
    assert_eq!(kinds_of(&customer).iter().filter(|k| *k == "dispute_closed").count(), 1);
}
