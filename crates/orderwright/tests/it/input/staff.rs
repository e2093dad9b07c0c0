//! Notes, shipments, stock, settings and the clock, asked for in a wrong way.

use serde_json::json;

use crate::shop::{Json, Shop};

scenarios! {
    shared:
        a_note_must_say_something,
        a_shipment_must_be_of_the_order,
        stock_must_be_a_number_of_a_known_sku,
        the_clock_goes_forward_only,
        settings_must_be_of_a_channel;
}

fn a_note_must_say_something(shop: &Shop) {
    let id = shop.ready("retail");
    let path = format!("/admin/orders/{id}/notes");
    shop.unchanged(&id, || {
        for body in [
            json!({ "isPublic": true }),
            json!({ "note": "", "isPublic": true }),
            json!({ "note": 1, "isPublic": true }),
            json!({ "note": "x", "isPublic": "yes" }),
            json!({ "note": "x", "isPublic": true, "createdBy": "somebody else" }),
        ] {
            shop.admin().post(&path, &body).problem(422);
        }
        shop.admin().post("/admin/orders/ord_nothing/notes", &json!({ "note": "x", "isPublic": true })).problem(404);
    });
}

fn a_shipment_must_be_of_the_order(shop: &Shop) {
    let id = shop.ready("bazaar");
    let seller = shop.merchant_of("bazaar", 0);
    seller.fire(&id, "acknowledge", &json!({})).expect(200);
    let item = shop.view(&id)["items"][0].id().to_owned();
    let path = seller.path(&id, "/shipments");
    shop.unchanged(&id, || {
        let nothing = json!({ "carrier": "x", "trackingNumber": "y", "items": [{ "itemId": "itm_nothing" }] });
        seller.post(&path, &nothing).problem(404);
        for body in [
            json!({ "trackingNumber": "y" }),
            json!({ "carrier": "x" }),
            json!({ "carrier": "x", "trackingNumber": 1 }),
            json!({ "carrier": "x", "trackingNumber": "y", "weight": 1 }),
            json!({ "carrier": "x", "trackingNumber": "y", "items": [{ "itemId": item, "quantity": 0 }] }),
        ] {
            seller.post(&path, &body).problem(422);
        }
    });
}

fn stock_must_be_a_number_of_a_known_sku(shop: &Shop) {
    let admin = shop.admin();
    admin.get("/admin/stock/NO-SUCH-THING").problem(404);
    admin.patch("/admin/stock/NO-SUCH-THING", &json!({ "onHand": 1 })).problem(404);
    // A SKU that no scenario on this server moves while this one looks: beyond those with plenty.
    let path = format!("/admin/stock/{}", shop.sku("studio", 1));
    let on_hand = || admin.get(&path).expect(200).n("onHand");
    let before = on_hand();
    for body in [
        json!({ "onHand": -1 }),
        json!({ "onHand": "5" }),
        json!({ "onHand": 1.5 }),
        json!({ "adjust": "1" }),
        json!({ "onHand": 5, "adjust": 1 }),
        json!({ "reserved": 0 }),
        json!({ "onHand": 5, "available": 5 }),
        json!({}),
        json!([]),
    ] {
        admin.patch(&path, &body).problem(422);
    }
    assert_eq!(on_hand(), before);
}

fn the_clock_goes_forward_only(shop: &Shop) {
    for advance in [json!("-1d"), json!("banana"), json!(""), json!(7), json!("1"), json!("d")] {
        shop.admin().post("/admin/sandbox/clock", &json!({ "advance": advance })).problem(422);
    }
    shop.admin().post("/admin/sandbox/clock", &json!({})).problem(422);
    shop.admin().post("/admin/sandbox/clock", &json!({ "advance": "0m", "to": "2031-01-01" })).problem(422);
}

fn settings_must_be_of_a_channel(shop: &Shop) {
    let patch = |body| shop.admin().patch("/admin/settings", &body);
    patch(json!({ "channel": "kiosk", "cancelWindow": "2h" })).problem_of(&[404, 422]);
    for window in [json!("banana"), json!(2), json!("-2h"), json!("")] {
        patch(json!({ "channel": "mall", "cancelWindow": window })).problem(422);
    }
    patch(json!({ "channel": "mall", "cancelWindows": "2h" })).problem(422);
    patch(json!({ "channel": "mall" })).wrong(&["/cancelWindow"]);
    patch(json!({ "channel": "mall", "timeZone": "Berlin" })).wrong(&["/timeZone"]);
    let days = json!(["2026-12-25", "25.12.2026"]);
    patch(json!({ "channel": "mall", "timeZone": "Moon", "holidays": days })).wrong(&["/timeZone", "/holidays/1"]);
    let days = json!(["2026-12-26", "2026-12-25"]);
    let now = patch(json!({ "channel": "mall", "timeZone": "Europe/Berlin", "holidays": days })).expect(200);
    assert_eq!((now.s("timeZone"), &now["holidays"]), ("Europe/Berlin", &json!(["2026-12-25", "2026-12-26"])));
    assert_eq!(now.s("cancelWindow"), "0m", "what is left out stays");
}
