//! On hand and reserved at every step: placing reserves, cancelling releases, shipping lowers both.

use serde_json::json;

use crate::shop::orders::CHANNELS;
use crate::shop::{Json, Shop};

scenarios! {
    quiet:
        placing_reserves_in_every_channel,
        retail_confirmation_keeps_the_units_reserved_and_shipping_takes_them,
        retail_cancellation_releases,
        retail_pending_orders_hold_their_units,
        blinds_hold_until_dispatch,
        blinds_refusal_releases_only_the_refused,
        blinds_cancelled_by_a_failed_capture_release,
        blinds_cancelled_by_the_customer_release,
        a_declined_order_that_ends_releases,
        bazaar_shipping_takes_part_of_a_line,
        studio_declined_and_canceled_release,
        mall_merchants_ship_and_cancel_their_own_units;
    own:
        unpaid_orders_release_when_their_time_is_over;
}

fn placing_reserves_in_every_channel(shop: &Shop) {
    for channel in CHANNELS {
        let before = [0, 1].map(|n| shop.stock(shop.sku(channel, n)));
        shop.ready_with(channel, &[(0, 2), (1, 3)]);
        assert_eq!(shop.stock(shop.sku(channel, 0)), before[0].reserving(2), "{channel}");
        assert_eq!(shop.stock(shop.sku(channel, 1)), before[1].reserving(3), "{channel}");
    }
}

fn retail_confirmation_keeps_the_units_reserved_and_shipping_takes_them(shop: &Shop) {
    let sku = shop.sku("retail", 0);
    let before = shop.stock(sku);
    let id = shop.ready_with("retail", &[(0, 2)]);
    assert_eq!(shop.stock(sku), before.reserving(2), "a committed reservation still counts as reserved");
    shop.admin().set_status(&id, "processing").expect(200);
    assert_eq!(shop.stock(sku), before.reserving(2));
    shop.admin().set_status(&id, "shipped").expect(200);
    assert_eq!(shop.stock(sku), before.without(2), "shipping lowers both");
    shop.admin().set_status(&id, "delivered").expect(200);
    assert_eq!(shop.stock(sku), before.without(2));
}

fn retail_cancellation_releases(shop: &Shop) {
    let sku = shop.sku("retail", 0);
    let before = shop.stock(sku);
    for progress in ["confirmed", "processing"] {
        let id = shop.ready_with("retail", &[(0, 4)]);
        if progress == "processing" {
            shop.admin().set_status(&id, "processing").expect(200);
        }
        shop.customer(0).cancel(&id).expect(200);
        shop.wait_stock(sku, before);
        shop.wait_payment(&id, "refunded");
        assert_eq!(shop.stock(sku), before, "released once: {progress}");
    }
}

fn retail_pending_orders_hold_their_units(shop: &Shop) {
    let sku = shop.sku("retail", 1);
    let before = shop.stock(sku);
    let order = shop.place("retail", &[(1, 2)], "pm_card_chargeDeclined");
    shop.wait_payment(order.id(), "failed");
    assert_eq!(shop.stock(sku), before.reserving(2), "it can still be paid");
    shop.customer(0).pay(order.id(), "pm_card_visa").one_of(&[200, 201, 202]);
    shop.wait_status(order.id(), "confirmed");
    assert_eq!(shop.stock(sku), before.reserving(2), "reserved once, however often it was paid");
}

fn blinds_hold_until_dispatch(shop: &Shop) {
    let sku = shop.sku("blinds", 0);
    let before = shop.stock(sku);
    let id = shop.ready_with("blinds", &[(0, 2)]);
    shop.merchants_fire(&id, "confirm", &json!({}));
    shop.wait_status(&id, "confirmed");
    assert_eq!(shop.stock(sku), before.reserving(2));
    shop.merchants_fire(&id, "start_production", &json!({}));
    assert_eq!(shop.stock(sku), before.reserving(2));
    shop.merchants_fire(&id, "dispatch", &json!({ "trackingNumber": "BL-2" }));
    assert_eq!(shop.stock(sku), before.without(2));
}

fn blinds_refusal_releases_only_the_refused(shop: &Shop) {
    let (kept, refused) = (shop.sku("blinds", 0), shop.sku("blinds", 1));
    let before = (shop.stock(kept), shop.stock(refused));
    let id = shop.ready_with("blinds", &[(0, 2), (1, 3)]);
    let item = shop.view(&id)["items"][1].id().to_owned();
    let refusal = json!({ "items": [{ "itemId": item }], "reason": "no fabric" });
    shop.merchant_of("blinds", 1).fire(&id, "refuse", &refusal).expect(200);
    shop.merchant_of("blinds", 0).fire(&id, "confirm", &json!({})).expect(200);
    shop.wait_status(&id, "confirmed");
    shop.wait_stock(refused, before.1);
    assert_eq!(shop.stock(kept), before.0.reserving(2));
}

fn blinds_cancelled_by_a_failed_capture_release(shop: &Shop) {
    let sku = shop.sku("blinds", 0);
    let before = shop.stock(sku);
    let order = shop.place("blinds", &[(0, 2)], "pm_card_chargeCustomerFail");
    shop.wait_status(order.id(), "payment_authorised");
    shop.merchants_fire(order.id(), "confirm", &json!({}));
    shop.wait_status(order.id(), "cancelled");
    shop.wait_stock(sku, before);
}

fn blinds_cancelled_by_the_customer_release(shop: &Shop) {
    let sku = shop.sku("blinds", 0);
    let before = shop.stock(sku);
    let authorised = shop.ready_with("blinds", &[(0, 2)]);
    shop.customer(0).cancel(&authorised).expect(200);
    shop.wait_stock(sku, before);
    let confirmed = shop.ready_with("blinds", &[(0, 2)]);
    shop.merchants_fire(&confirmed, "confirm", &json!({}));
    shop.wait_status(&confirmed, "confirmed");
    shop.customer(0).cancel(&confirmed).expect(200);
    shop.wait_stock(sku, before);
    shop.wait_payment(&confirmed, "refunded");
    assert_eq!(shop.stock(sku), before, "released once");
}

fn a_declined_order_that_ends_releases(shop: &Shop) {
    for channel in ["blinds", "bazaar", "studio"] {
        let sku = shop.sku(channel, 0);
        let before = shop.stock(sku);
        let order = shop.place(channel, &[(0, 2)], "pm_card_chargeDeclined");
        shop.wait_payment(order.id(), "failed");
        shop.wait_stock(sku, before);
    }
}

fn bazaar_shipping_takes_part_of_a_line(shop: &Shop) {
    let sku = shop.sku("bazaar", 0);
    let before = shop.stock(sku);
    let id = shop.ready_with("bazaar", &[(0, 3)]);
    shop.merchants_fire(&id, "acknowledge", &json!({}));
    let item = shop.view(&id)["items"][0].id().to_owned();
    let one = json!({ "items": [{ "itemId": item, "quantity": 1 }], "trackingNumber": "T" });
    shop.merchant_of("bazaar", 0).fire(&id, "ship", &one).expect(200);
    assert_eq!(shop.stock(sku), before.without(1).reserving(2));
    shop.merchant_of("bazaar", 0).fire(&id, "ship", &json!({ "trackingNumber": "U" })).expect(200);
    assert_eq!(shop.stock(sku), before.without(3));
}

fn studio_declined_and_canceled_release(shop: &Shop) {
    let sku = shop.sku("studio", 0);
    let before = shop.stock(sku);
    let declined = shop.ready_with("studio", &[(0, 2)]);
    shop.merchants_fire(&declined, "decline", &json!({ "reason": "booked" }));
    shop.wait_stock(sku, before);
    let canceled = shop.ready_with("studio", &[(0, 2)]);
    shop.customer(0).cancel(&canceled).expect(200);
    shop.wait_stock(sku, before);
}

fn mall_merchants_ship_and_cancel_their_own_units(shop: &Shop) {
    let (first, second) = (shop.sku("mall", 0), shop.sku("mall", 1));
    let before = (shop.stock(first), shop.stock(second));
    let id = shop.ready_with("mall", &[(0, 2), (1, 3)]);
    shop.merchant_of("mall", 0).fire(&id, "ship", &json!({ "expectedBy": "2031-02-03" })).expect(200);
    assert_eq!(shop.stock(first), before.0.without(2));
    assert_eq!(shop.stock(second), before.1.reserving(3));
    shop.merchant_of("mall", 1).fire(&id, "cancel", &json!({})).expect(200);
    shop.wait_stock(second, before.1);
}

fn unpaid_orders_release_when_their_time_is_over(shop: &mut Shop) {
    let skus = ["retail", "mall", "studio"].map(|channel| shop.sku(channel, 0).to_owned());
    let before = skus.each_ref().map(|sku| shop.stock(sku));
    for channel in ["retail", "mall"] {
        let order = shop.place(channel, &[(0, 2)], "pm_card_chargeDeclined");
        shop.wait_payment(order.id(), "failed");
    }
    let request = shop.place("studio", &[(0, 2)], "pm_card_chargeCustomerFail");
    shop.wait_status(request.id(), "received");
    shop.merchants_fire(request.id(), "accept", &json!({}));
    shop.wait_status(request.id(), "pending_payment");
    for (sku, before) in skus.iter().zip(before) {
        assert_eq!(shop.stock(sku), before.reserving(2), "still payable, still held");
    }
    shop.advance("90d");
    for (sku, before) in skus.iter().zip(before) {
        shop.wait_stock(sku, before);
    }
    assert_eq!(shop.view(request.id()).s("status"), "expired");
}
