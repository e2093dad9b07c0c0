//! Refunds by the shop's rules: second persons, policies, fees, units that come back, goodwill, and a card that is gone.

use serde_json::{Value, json};

use crate::shop::orders::assert_sums;
use crate::shop::{Json, Shop, at_once};

scenarios! {
    shared:
        thirty_two_refunds_of_sixty_percent_leave_exactly_one,
        goodwill_is_borne_and_no_item_is_touched,
        a_refund_that_makes_no_sense_is_refused_by_its_field;
    own:
        beyond_the_limit_somebody_else_approves,
        policy_grants_what_customers_ask_for_or_staff_does,
        goods_that_come_back_cost_a_fee_and_are_on_the_shelf_again,
        a_card_that_is_gone_is_refunded_by_bank_transfer;
}

fn refund(more: Value) -> Value {
    crate::shop::json::with(json!({ "reason": "Size mismatch", "initiatePaymentRefund": true }), &more)
}

fn set(shop: &Shop, channel: &str, more: &Value) -> Value {
    // A null is sent: it takes a limit away.
    let mut body = more.clone();
    body["channel"] = json!(channel);
    shop.admin().patch("/admin/settings", &body).expect(200)
}

fn thirty_two_refunds_of_sixty_percent_leave_exactly_one(shop: &Shop) {
    let id = shop.ready_with("retail", &[(0, 2)]);
    let part = shop.view(&id).n("total") * 6 / 10;
    let body = refund(json!({ "amount": part }));
    let statuses = at_once(32, 32, |_| {
        let reply = shop.admin().refund(&id, &body);
        let status = reply.status;
        reply.one_of(&[201, 409]);
        status
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    let order = shop.wait_refunded(&id, part);
    assert_eq!((order.list("refunds").len(), order.sum("refunds", "amount")), (1, part));
    assert_sums(&order);
}

fn goodwill_is_borne_and_no_item_is_touched(shop: &Shop) {
    let id = shop.ready_with("bazaar", &[(0, 1), (1, 1)]);
    let made = shop.admin().refund(&id, &refund(json!({ "amount": 150, "goodwill": true }))).expect(201);
    assert_eq!((made["goodwill"].clone(), made.list("items").len()), (json!(true), 0));
    let order = shop.wait_refunded(&id, 150);
    for split in order.list("splits") {
        let borne = if split["party"].s("type") == "platform" { 150 } else { 0 };
        assert_eq!(split.n("refunded"), borne, "{split:#}");
    }
    assert!(shop.customer(0).view(&id)["refunds"][0].list("adjustments").is_empty());
    let seller = json!({ "type": "merchant", "id": order["items"][0].s("merchantId") });
    shop.admin().refund(&id, &refund(json!({ "amount": 20, "goodwill": true, "borneBy": seller }))).expect(201);
    shop.wait_refunded(&id, 170);
    // The rest goes back: everybody is at zero.
    shop.admin().refund(&id, &refund(json!({}))).expect(201);
    let order = shop.wait_status(&id, "refunded");
    assert!(order.list("splits").iter().all(|s| s.n("refunded") == s.n("amount")), "{order:#}");
    assert_sums(&order);
}

fn a_refund_that_makes_no_sense_is_refused_by_its_field(shop: &Shop) {
    let id = shop.ready("retail");
    let item = shop.view(&id)["items"][0].id().to_owned();
    let nobody = json!({ "type": "merchant", "id": "mer_0000000000001" });
    shop.unchanged(&id, || {
        for (body, pointer) in [
            (json!({ "goodwill": true }), "/amount"),
            (json!({ "amount": 5, "goodwill": true, "items": [{ "itemId": item, "amount": 5 }] }), "/items"),
            (json!({ "amount": 5, "goodwill": true, "borneBy": nobody }), "/borneBy"),
            (json!({ "amount": 5, "borneBy": nobody }), "/borneBy"),
            (json!({ "amount": 5, "goodwill": true, "borneBy": { "type": "thief", "id": "x" } }), "/borneBy/type"),
            (json!({ "amount": 5, "restockingFee": { "basisPoints": 100 } }), "/restockingFee"),
            (json!({ "items": [{ "itemId": item }], "restockingFee": {} }), "/restockingFee"),
            (
                json!({ "items": [{ "itemId": item }], "restockingFee": { "basisPoints": 10001 } }),
                "/restockingFee/basisPoints",
            ),
            (json!({ "items": [{ "itemId": item, "restock": "restock" }] }), "/items/0/restock"),
            (json!({ "items": [{ "itemId": item, "restock": "burn" }] }), "/items/0/restock"),
            (json!({ "amount": 5, "method": "cash" }), "/method"),
            (json!({ "amount": 5, "shipping": "sometimes" }), "/shipping"),
            (json!({ "amount": 5, "reference": "SEPA-1" }), "/reference"),
        ] {
            shop.admin().refund(&id, &refund(body)).wrong(&[pointer]);
        }
    });
}

fn beyond_the_limit_somebody_else_approves(shop: &mut Shop) {
    let limited = set(shop, "retail", &json!({ "refundApprovalLimit": 1000, "refundApproval": "enforce" }));
    assert_eq!((limited.n("refundApprovalLimit"), limited.s("refundApproval")), (1000, "enforce"));
    let id = shop.ready("retail");
    shop.admin().refund(&id, &refund(json!({ "amount": 600 }))).expect(201);
    shop.wait_refunded(&id, 600);
    // Together they are beyond it.
    let asked = shop.admin().refund(&id, &refund(json!({ "amount": 700 }))).expect(201);
    assert_eq!((asked["awaitsDecision"].clone(), asked.n("approvalsNeeded")), (json!(true), 2));
    let path = |word: &str| format!("/admin/orders/{id}/refunds/{}/{word}", asked.id());
    let own = shop.admin().post(&path("approve"), &json!({})).problem(403);
    assert_eq!(own.s("code"), "second_person_required");
    shop.customer(0).post(&path("approve"), &json!({})).problem(403);
    assert_eq!(shop.view(&id).n("refundedTotal"), 600);
    let done = shop.ops().post(&path("approve"), &json!({})).expect(201);
    assert_eq!((done.id(), done.list("approvals").len()), (asked.id(), 2));
    shop.wait_refunded(&id, 1_300);
    shop.ops().post(&path("approve"), &json!({})).problem(409);
    // Whoever asked may take it back, and then the money is free again.
    let asked = shop.ops().refund(&id, &refund(json!({}))).expect(201);
    let path = format!("/admin/orders/{id}/refunds/{}/reject", asked.id());
    assert_eq!(shop.ops().post(&path, &json!({})).expect(201).s("status"), "failed");
    // A limit that only reports lets it through, and says so.
    set(shop, "retail", &json!({ "refundApproval": "report" }));
    shop.admin().refund(&id, &refund(json!({}))).expect(201);
    shop.wait_status(&id, "refunded");
    let told = shop.admin().get(&shop.admin().path(&id, "/timeline?limit=200")).expect(200);
    assert!(told.each("data", "type").contains(&"refund_over_limit"), "{told:#}");
    let without = set(shop, "retail", &json!({ "refundApprovalLimit": null }));
    assert!(without["refundApprovalLimit"].is_null());
    let wrong = json!({ "channel": "retail", "refundApprovalLimit": -1, "refundRestockingFee": 10001 });
    shop.admin().patch("/admin/settings", &wrong).wrong(&["/refundApprovalLimit", "/refundRestockingFee"]);
}

fn policy_grants_what_customers_ask_for_or_staff_does(shop: &mut Shop) {
    set(shop, "retail", &json!({ "refundAutoApproveUpTo": 500, "refundAutoApproveWithin": "14d" }));
    let id = shop.ready("retail");
    let asked = shop.customer(0).refund(&id, &json!({ "amount": 500, "reason": "Damaged product" })).expect(201);
    assert_eq!(asked["awaitsDecision"], json!(false), "{asked:#}");
    shop.wait_refunded(&id, 500);
    let asked = shop.customer(0).refund(&id, &json!({ "amount": 501, "reason": "Damaged product" })).expect(201);
    assert_eq!(asked["awaitsDecision"], json!(true), "staff decides beyond it");
    assert!(asked.list("approvals").is_empty());
    let path = format!("/admin/orders/{id}/refunds/{}/approve", asked.id());
    shop.ops().post(&path, &json!({})).expect(201);
    shop.wait_refunded(&id, 1_001);
    let wrong = json!({ "channel": "retail", "refundAutoApproveWithin": "soon", "refundShipping": "x" });
    shop.admin().patch("/admin/settings", &wrong).wrong(&["/refundAutoApproveWithin", "/refundShipping"]);
}

fn goods_that_come_back_cost_a_fee_and_are_on_the_shelf_again(shop: &mut Shop) {
    set(shop, "retail", &json!({ "refundRestockingFee": 1000, "refundShipping": "never" }));
    let id = shop.ready_with("retail", &[(0, 2)]);
    for status in ["processing", "shipped", "delivered"] {
        shop.admin().set_status(&id, status).expect(200);
    }
    let order = shop.view(&id);
    let item = &order["items"][0];
    let stock = shop.admin().get(&format!("/admin/stock/{}", item.s("sku"))).expect(200);
    let one = json!({ "items": [{ "itemId": item.id(), "quantity": 1, "restock": "restock" }] });
    let made = shop.admin().refund(&id, &refund(one.clone())).expect(201);
    let half = item.n("total") / 2;
    assert!((made.n("amount") - half * 9 / 10).abs() <= 1, "half of the goods less a tenth: {made:#}");
    assert!((made.n("kept") - half / 10).abs() <= 1, "{made:#}");
    shop.wait_refunded(&id, made.n("amount"));
    let after = shop.admin().get(&format!("/admin/stock/{}", item.s("sku"))).expect(200);
    assert_eq!(after.n("onHand"), stock.n("onHand") + 1);
    let broken = json!({ "items": [{ "itemId": item.id(), "quantity": 1, "restock": "writeOff" }],
        "restockingFee": { "amount": 0 } });
    let second = shop.admin().refund(&id, &refund(broken)).expect(201);
    assert!((second.n("amount") - half).abs() <= 1, "no fee: {second:#}");
    let order = shop.wait_refunded(&id, made.n("amount") + second.n("amount"));
    assert_eq!((order["items"][0].n("restocked"), order["items"][0].n("writtenOff")), (1, 1));
    shop.unchanged(&id, || drop(shop.admin().refund(&id, &refund(one)).problem_of(&[409, 422])));
    // Fee and shipping are left, and go back at last.
    shop.admin().refund(&id, &refund(json!({}))).expect(201);
    let order = shop.wait_refunded(&id, order.n("total"));
    assert!(order.list("splits").iter().all(|s| s.n("refunded") == s.n("amount")), "{order:#}");
    let audit: Value = serde_json::from_str(&shop.command(&["audit", "ledger", "--json"])).expect("JSON");
    assert_eq!(audit["findings"], json!([]), "{audit:#}");
}

fn a_card_that_is_gone_is_refunded_by_bank_transfer(shop: &mut Shop) {
    let id = shop.ready("retail");
    let fault = json!({ "operation": "payment.refund", "outcome": "expired_or_canceled_card", "times": 1 });
    shop.admin().post("/admin/sandbox/faults", &fault).expect(201);
    shop.admin().refund(&id, &refund(json!({ "amount": 300 }))).expect(201);
    let order = shop.wait(&id, "has a refund that failed", |o| o["refunds"][0].s("status") == "failed");
    let failure = &order["refunds"][0]["failure"];
    assert_eq!(failure.s("code"), "expired_or_canceled_card");
    assert!(failure.s("message").contains("expired") && failure.s("nextStep").contains("bank"), "{failure:#}");
    assert!(shop.customer(0).view(&id)["refunds"][0]["failure"]["nextStep"].is_null());
    assert_eq!(order.n("refundedTotal"), 0);
    let bank = json!({ "amount": 300, "method": "bank", "reference": "SEPA-4711" });
    let made = shop.admin().refund(&id, &refund(bank)).expect(201);
    assert_eq!((made.s("status"), made.s("method"), made.s("reference")), ("succeeded", "bank", "SEPA-4711"));
    let order = shop.wait_refunded(&id, 300);
    assert_eq!(order["payments"][0].n("refunded"), 0, "the card's payment gave nothing back");
    assert_sums(&order);
    let lines = crate::shop::lists::walk(&shop.admin(), "/admin/ledger", &format!("orderId={id}&account=bank"));
    assert_eq!(lines.iter().map(|l| l.n("amount")).sum::<i64>(), -300, "{lines:#?}");
    shop.admin().refund(&id, &refund(json!({}))).expect(201);
    shop.wait_status(&id, "refunded");
    let audit: Value = serde_json::from_str(&shop.command(&["audit", "ledger", "--json"])).expect("JSON");
    assert_eq!(audit["findings"], json!([]), "{audit:#}");
}
