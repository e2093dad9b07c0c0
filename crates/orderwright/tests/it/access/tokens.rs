//! Nobody without a valid token gets in: no token, forged, cut, another scheme, expired, revoked.

use serde_json::{Value, json};

use crate::shop::{Json, PATIENCE, Shop, eventually};

scenarios! {
    shared:
        every_endpoint_refuses_nobody,
        a_forged_token_is_nobody,
        the_other_scheme_is_nobody,
        an_expired_token_is_nobody,
        a_revoked_token_is_nobody_at_once,
        a_refused_write_changes_nothing;
}

/// Makes a key by the command line: its id and the token.
fn make_key(shop: &Shop, more: &[&str]) -> (String, String) {
    let printed = shop.command(&[&["key", "create", "--role", "ops", "--label", "scenario", "--json"], more].concat());
    let key: Value = serde_json::from_str(printed.lines().last().unwrap_or_default()).expect("JSON");
    (key.s("id").to_owned(), key.s("token").to_owned())
}

fn an_expired_token_is_nobody(shop: &Shop) {
    let (_, token) = make_key(shop, &["--expires", "2s"]);
    let holder = shop.holder(&token, "/admin");
    let nobody = eventually("the token has expired", PATIENCE, || {
        let reply = holder.get("/admin/orders?limit=1");
        if reply.status == 401 { Ok(reply) } else { Err(reply.status.to_string()) }
    });
    let body = nobody.body.clone();
    nobody.problem(401);
    assert_eq!(body, shop.anyone().get("/admin/orders?limit=1").body, "as if there were no token");
}

fn a_revoked_token_is_nobody_at_once(shop: &Shop) {
    let (id, token) = make_key(shop, &[]);
    let holder = shop.holder(&token, "/admin");
    holder.get("/admin/orders?limit=1").expect(200);
    shop.command(&["key", "revoke", &id]);
    holder.get("/admin/orders?limit=1").problem(401);
}

/// Every endpoint that the scenarios use, with a body that would be good.
fn endpoints(id: &str) -> Vec<(&'static str, String, Value)> {
    let read = |path: String| ("GET", path, Value::Null);
    let write = |path: String, body: Value| ("POST", path, body);
    vec![
        read("/admin/orders".into()),
        read(format!("/admin/orders/{id}")),
        read(format!("/admin/orders/{id}/timeline")),
        read(format!("/admin/orders/{id}/actions")),
        ("PATCH", format!("/admin/orders/{id}/status"), json!({ "status": "processing" })),
        write(format!("/admin/orders/{id}/events"), json!({ "event": "processing" })),
        write(format!("/admin/orders/{id}/notes"), json!({ "note": "x", "isPublic": false })),
        write(format!("/admin/orders/{id}/refund"), json!({ "reason": "x", "initiatePaymentRefund": true })),
        write(format!("/admin/orders/{id}/cancel"), json!({})),
        write(format!("/admin/orders/{id}/shipments"), json!({ "carrier": "x", "trackingNumber": "y" })),
        read("/admin/stock/SKU".into()),
        ("PATCH", "/admin/stock/SKU".into(), json!({ "onHand": 1 })),
        ("PATCH", "/admin/settings".into(), json!({ "channel": "mall", "cancelWindow": "0m" })),
        write("/admin/sandbox/clock".into(), json!({ "advance": "1m" })),
        read("/merchant/orders".into()),
        read(format!("/merchant/orders/{id}")),
        write(format!("/merchant/orders/{id}/events"), json!({ "event": "ship" })),
        write(format!("/merchant/orders/{id}/shipments"), json!({ "carrier": "x", "trackingNumber": "y" })),
        read("/storefront/orders".into()),
        read(format!("/storefront/orders/{id}")),
        read(format!("/storefront/orders/{id}/timeline")),
        write("/storefront/orders".into(), json!({})),
        write("/storefront/checkouts".into(), json!({})),
        write(format!("/storefront/orders/{id}/events"), json!({ "event": "cancel" })),
        write(format!("/storefront/orders/{id}/cancel"), json!({})),
        write(format!("/storefront/orders/{id}/refund"), json!({ "reason": "x" })),
        write(format!("/storefront/orders/{id}/payment"), json!({ "paymentMethod": "pm_card_visa" })),
        read("/events".into()),
        read("/admin/orders.csv".into()),
        write("/admin/orders/bulk/status".into(), json!({ "orderIds": [id], "status": "processing" })),
        write(format!("/admin/orders/{id}/messages"), json!({ "message": "x" })),
        read(format!("/admin/orders/{id}/messages")),
        read("/admin/merchants".into()),
        read("/admin/variants".into()),
        read("/admin/stock".into()),
        read("/admin/jobs".into()),
        write("/admin/jobs/job_0000000000000/retry".into(), json!({})),
        read("/admin/customers/cus_0000000000000".into()),
        write("/admin/payments/import".into(), json!({})),
        read(format!("/merchant/orders/{id}/messages")),
        write(format!("/merchant/orders/{id}/messages"), json!({ "message": "x" })),
        write(format!("/merchant/orders/{id}/cancellation-request"), json!({ "reason": "x" })),
        write("/merchant/orders/import".into(), json!({})),
        read("/merchant/stock".into()),
        read("/merchant/statements.csv".into()),
        read("/brand/splits".into()),
        read("/brand/statements".into()),
        read("/brand/statements.csv".into()),
        read("/brand/payouts".into()),
        read("/brand/payouts/pyo_0000000000000".into()),
        read("/brand/payouts/pyo_0000000000000/lines".into()),
        read("/brand/payouts/pyo_0000000000000/statement.csv".into()),
        read("/brand/payouts/pyo_0000000000000/statement.html".into()),
        read(format!("/storefront/orders/{id}/messages")),
        write(format!("/storefront/orders/{id}/messages"), json!({ "message": "x" })),
    ]
}

/// Asks every endpoint with this `Authorization`, and takes nothing but 401.
#[track_caller]
fn all_refuse(shop: &Shop, id: &str, authorization: Option<&str>) {
    for (method, path, body) in endpoints(id) {
        let mut call = shop.anyone().call(method, &path);
        if let Some(value) = authorization {
            call = call.header("authorization", value);
        }
        if method != "GET" {
            call = call.json(&body);
        }
        call.send().problem(401);
    }
}

fn every_endpoint_refuses_nobody(shop: &Shop) {
    let id = shop.ready("retail");
    shop.unchanged(&id, || all_refuse(shop, &id, None));
}

fn a_forged_token_is_nobody(shop: &Shop) {
    let id = shop.ready("retail");
    let real = shop.admin().token().to_owned();
    let last = real.chars().next_back().expect("a token is not empty");
    let cut = &real[..real.len() - last.len_utf8()];
    let forged = [
        format!("{cut}{}", if last == 'A' { 'B' } else { 'A' }),
        cut.to_owned(),
        format!("{real}A"),
        "admin".to_owned(),
        real.chars().rev().collect(),
    ];
    for token in forged {
        shop.anyone()
            .call("GET", "/admin/orders")
            .header("authorization", &format!("Bearer {token}"))
            .send()
            .problem(401);
    }
    all_refuse(shop, &id, Some(&format!("Bearer {cut}")));
}

fn the_other_scheme_is_nobody(shop: &Shop) {
    let real = shop.admin().token().to_owned();
    for value in [format!("Basic {real}"), real.clone(), "Bearer".to_owned(), "Bearer  ".to_owned()] {
        shop.anyone().call("GET", "/admin/orders").header("authorization", &value).send().problem(401);
    }
    // A token in the address is not a token: addresses end up in logs.
    shop.anyone().get(&format!("/admin/orders?token={real}&access_token={real}")).one_of(&[400, 401, 422]);
}

fn a_refused_write_changes_nothing(shop: &Shop) {
    let body = shop.guest_basket("retail", &[(0, 1)], "pm_card_visa");
    shop.anyone().post("/storefront/orders", &body).problem(401);
    let made = shop.storefront("retail").post("/storefront/orders", &body).expect(201);
    assert_eq!(shop.orders_of_customer(&made), 1);
    assert!(!made.s("orderNumber").is_empty());
}
