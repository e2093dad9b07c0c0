//! A checkout reserves its units until it expires or becomes an order.

use serde_json::{Value, json};

use crate::shop::{Json, Reply, Shop};

scenarios! {
    quiet:
        a_checkout_reserves_and_its_order_reserves_no_more,
        a_checkout_becomes_one_order,
        a_short_checkout_is_refused;
    clock:
        an_expired_checkout_releases_its_units;
}

fn cart(shop: &Shop, quantity: i64) -> Value {
    crate::shop::json::with(shop.basket("retail", &[(0, quantity)], "pm_card_visa"), &json!({ "paymentMethod": null }))
}

fn complete(shop: &Shop, checkout: &Value) -> Reply {
    let path = format!("/storefront/checkouts/{}/complete", checkout.id());
    shop.customer(0).post(&path, &json!({ "paymentMethod": "pm_card_visa" }))
}

fn a_checkout_reserves_and_its_order_reserves_no_more(shop: &Shop) {
    let sku = shop.sku("retail", 0);
    let before = shop.stock(sku);
    let checkout = shop.customer(0).post("/storefront/checkouts", &cart(shop, 3)).expect(201);
    assert!(checkout["expiresAt"].is_string(), "{checkout:#}");
    assert_eq!(shop.stock(sku), before.reserving(3));
    let order = complete(shop, &checkout).expect(201);
    shop.wait_status(order.id(), "confirmed");
    assert_eq!(shop.stock(sku), before.reserving(3));
}

fn a_checkout_becomes_one_order(shop: &Shop) {
    let sku = shop.sku("retail", 0);
    let before = shop.stock(sku);
    let checkout = shop.customer(0).post("/storefront/checkouts", &cart(shop, 1)).expect(201);
    let answers = crate::shop::at_once(8, 8, |_| complete(shop, &checkout));
    let mut orders: Vec<String> =
        answers.iter().filter(|reply| reply.status == 201).map(|reply| reply.body.id().to_owned()).collect();
    assert!(answers.iter().all(|reply| [201, 409].contains(&reply.status)), "{answers:#?}");
    orders.sort_unstable();
    orders.dedup();
    assert_eq!(orders.len(), 1, "one order, however often it was asked for");
    assert_eq!(shop.stock(sku), before.reserving(1));
}

fn a_short_checkout_is_refused(shop: &Shop) {
    let sku = shop.sku("retail", 0);
    let before = shop.stock(sku);
    let refused = shop.customer(0).post("/storefront/checkouts", &cart(shop, before.on_hand + 1)).problem(409);
    assert!(refused.to_string().contains(sku), "{refused:#}");
    assert_eq!(shop.stock(sku), before);
}

fn an_expired_checkout_releases_its_units(shop: &Shop) {
    let sku = shop.sku("retail", 0);
    let checkout = shop.customer(0).post("/storefront/checkouts", &cart(shop, 3)).expect(201);
    let held = shop.stock(sku);
    shop.advance("2d");
    // Orders of earlier scenarios may release theirs as well: at least these three units come back.
    crate::shop::eventually("the units are released", crate::shop::PATIENCE, || {
        let now = shop.stock(sku);
        if now.reserved <= held.reserved - 3 { Ok(()) } else { Err(format!("{now:?}, was {held:?}")) }
    });
    complete(shop, &checkout).problem(409);
}
