//! Stock: figures at every step of an order, no oversell whatever the concurrency, carts that never deadlock, checkouts
//! that expire. These scenarios have their server to themselves, because they count.

mod carts;
mod checkouts;
mod figures;
mod oversell;
mod staff;

use serde_json::json;

use crate::shop::Shop;

/// Sets what is on hand so that exactly `available` units can be sold now.
fn make_scarce(shop: &Shop, sku: &str, available: i64) {
    let on_hand = shop.stock(sku).reserved + available;
    shop.admin().patch(&format!("/admin/stock/{sku}"), &json!({ "onHand": on_hand })).expect(200);
    assert_eq!(shop.stock(sku).on_hand - shop.stock(sku).reserved, available);
}

/// SKUs of a channel that a plain cart may hold: the first two by promise, others when a checkout takes them. Enough of
/// each is put on hand.
fn plain_skus(shop: &Shop, channel: &str, most: usize) -> Vec<usize> {
    let mut plain = vec![0, 1];
    for n in 2..shop.demo()["channels"][channel]["items"].as_array().map_or(0, Vec::len) {
        if plain.len() == most {
            break;
        }
        make_scarce(shop, shop.sku(channel, n), 100_000);
        let cart = crate::shop::json::with(
            shop.guest_basket(channel, &[(n, 1)], "pm_card_visa"),
            &json!({ "paymentMethod": null }),
        );
        if shop.storefront(channel).post("/storefront/checkouts", &cart).status == 201 {
            plain.push(n);
        }
    }
    plain
}
