//! Split rules through the API: put, refused field by field, frozen on orders, and exact through every refund.

use serde_json::{Value, json};

use crate::shop::orders::{assert_sums, captured};
use crate::shop::{Json, Shop};

scenarios! {
    own:
        rules_are_frozen_on_the_order_and_end_exactly_at_zero,
        rules_are_refused_field_by_field;
}

fn four(more: &Value) -> Value {
    crate::shop::json::with(
        json!({ "shares": [
            { "party": "supplier", "basisPoints": 6000 },
            { "party": "retailer", "basisPoints": 2500 },
            { "party": "brand", "basisPoints": 1000 },
            { "party": "platform", "basisPoints": 500 },
        ] }),
        more,
    )
}

fn put(shop: &Shop, body: &Value) -> crate::shop::Reply {
    shop.admin().call("PUT", "/admin/split-rules").json(body).send()
}

fn of<'a>(order: &'a Value, kind: &str) -> &'a Value {
    order.list("splits").iter().find(|s| s["party"].s("type") == kind).unwrap_or_else(|| panic!("{kind}: {order:#}"))
}

fn rules_are_frozen_on_the_order_and_end_exactly_at_zero(shop: &mut Shop) {
    let sku = shop.sku("blinds", 0).to_owned();
    let rule = four(&json!({
        "sku": sku, "minimumCommission": 3000, "commissionVatRate": "20", "shippingTo": { "party": "supplier" },
        "feesBorneBy": { "party": "retailer" },
        "fixed": [{ "party": "brand", "amount": 50, "per": "unit" }],
    }));
    let rules = put(shop, &json!({ "channel": "blinds", "rules": [rule] })).expect(200);
    assert_eq!(rules["rules"][0].s("sku"), sku);
    assert_eq!(rules["rules"][0]["fixed"][0].s("per"), "unit");
    let read = shop.admin().get("/admin/split-rules?channel=blinds").expect(200);
    assert_eq!(read[0], rules);
    let other = shop.sku("blinds", 1).to_owned();
    let order = shop.place("blinds", &[(0, 2), (1, 1)], "pm_card_visa");
    let id = order.id().to_owned();
    shop.wait_status(&id, "payment_authorised");
    // The rule goes away; the order keeps what it agreed on.
    put(shop, &json!({ "channel": "blinds", "rules": [] })).expect(200);
    let order = shop.view(&id);
    let line = order.list("items").iter().find(|i| i.s("sku") == sku).expect("a line");
    assert_eq!(line["split"].s("rule"), format!("SKU {sku}"));
    let words = line["split"]["terms"].to_string();
    for said in [
        "60 % to supplier",
        "GBP 1.00 to brand",
        "at least GBP 30.00 to the platform",
        "20 % tax",
        "shipping goes to supplier",
    ] {
        assert!(words.contains(said), "`{said}` in {words}");
    }
    let plain = order.list("items").iter().find(|i| i.s("sku") == other).expect("a line");
    assert_eq!(plain["split"].s("rule"), "the channel's own split");
    assert!(order["pricingSnapshot"].s("splitRuleHash").len() >= 8);
    assert!(shop.customer(0).view(&id)["items"][0]["split"].is_null(), "a customer reads nothing of shares");
    shop.merchants_fire(&id, "confirm", &json!({}));
    let order = shop.wait_payment(&id, "captured");
    assert_eq!(captured(&order), order.n("total"));
    assert!(of(&order, "platform").n("amount") >= 3_600, "the minimum and its tax: {order:#}");
    assert_sums(&order);
    // Parts, a line, and the rest: every party ends exactly at zero.
    let line = order["items"][0].id().to_owned();
    let mut back = 0;
    for more in [
        json!({ "amount": 1 }),
        json!({ "amount": 777 }),
        json!({ "items": [{ "itemId": line, "quantity": 1 }] }),
        json!({}),
    ] {
        let body = crate::shop::json::with(json!({ "reason": "in parts", "initiatePaymentRefund": true }), &more);
        let before = shop.view(&id);
        back += shop.admin().refund(&id, &body).expect(201).n("amount");
        let after = shop.wait_refunded(&id, back);
        assert_sums(&after);
        for (was, is) in before.list("splits").iter().zip(after.list("splits")) {
            assert_eq!(was.n("amount"), is.n("amount"), "an amount never changes");
            assert!(was.n("refunded") <= is.n("refunded"), "{was:#} {is:#}");
        }
    }
    let order = shop.view(&id);
    assert!(order.list("splits").iter().all(|s| s.n("refunded") == s.n("amount")), "{order:#}");
    let lines = crate::shop::lists::walk(&shop.admin(), "/admin/ledger", &format!("orderId={id}"));
    assert!(lines.iter().any(|l| l.s("account") == "platform/tax" && l.n("amount") < 0), "{lines:#?}");
    let tax: i64 = lines.iter().filter(|l| l.s("account") == "platform/tax").map(|l| l.n("amount")).sum();
    assert_eq!(tax, 0, "the tax on what went back is owed no more");
    let audit: Value = serde_json::from_str(&shop.command(&["audit", "ledger", "--json"])).expect("JSON");
    assert_eq!(audit["findings"], json!([]), "{audit:#}");
}

fn rules_are_refused_field_by_field(shop: &mut Shop) {
    let good = json!({ "channel": "mall", "rules": [four(&json!({}))] });
    let before = put(shop, &good).expect(200);
    let wrong = json!({ "channel": "mall", "default": [{ "party": "merchant", "basisPoints": 9999 }], "rules": [
        { "sku": "NO-SUCH", "shares": [{ "party": "merchant", "basisPoints": 9000 }] },
        { "merchantId": "mer_0000000000000", "shares": [{ "party": "merchant", "basisPoints": 10000 }] },
        { "category": "x", "shares": [{ "party": "merchant", "id": "mer_0000000000001", "basisPoints": 10000 }],
          "shippingTo": { "party": "retailer" } },
    ] });
    put(shop, &wrong).wrong(&[
        "/default",
        "/rules/0/sku",
        "/rules/0/shares",
        "/rules/1/merchantId",
        "/rules/2/shares/0/id",
        "/rules/2/shippingTo",
    ]);
    let nobody = json!({ "channel": "mall", "rules": [{ "shares": [{ "party": "thief", "basisPoints": 10000 }] }] });
    put(shop, &nobody).wrong(&["/rules/0/shares/0/party"]);
    put(shop, &json!({ "channel": "nowhere", "rules": [] })).problem(404);
    let read = shop.admin().get("/admin/split-rules?channel=mall").expect(200);
    assert_eq!(read[0], before, "nothing was changed");
    // A channel's owner reads its rules; the platform writes them.
    assert_eq!(shop.retailer("mall").get("/admin/split-rules").expect(200).as_array().map(Vec::len), Some(1));
    shop.retailer("mall").call("PUT", "/admin/split-rules").json(&good).send().problem(403);
    // A rule for a category follows the category of the offer.
    let sku = shop.sku("mall", 0).to_owned();
    let shoes = json!({ "category": "shoes" });
    assert_eq!(shop.admin().patch(&format!("/admin/variants/{sku}"), &shoes).expect(200).s("category"), "shoes");
    shop.admin().patch(&format!("/admin/variants/{sku}"), &json!({ "category": " " })).wrong(&["/category"]);
    shop.admin().patch("/admin/variants/NO-SUCH", &shoes).problem(404);
    let rule = json!({ "category": "shoes", "shares": [
        { "party": "merchant", "basisPoints": 7000 }, { "party": "platform", "basisPoints": 3000 },
    ] });
    put(shop, &json!({ "channel": "mall", "rules": [rule] })).expect(200);
    let order = shop.view(&shop.ready_with("mall", &[(0, 1), (1, 1)]));
    let rules: Vec<&str> = order.list("items").iter().map(|i| i["split"].s("rule")).collect();
    assert!(rules.contains(&"category shoes") && rules.contains(&"the channel's own split"), "{rules:?}");
}
