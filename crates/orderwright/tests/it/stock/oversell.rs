//! No oversell: more buyers than units, all at once; and an order that cannot be filled leaves nothing behind.

use serde_json::json;

use super::make_scarce;
use crate::shop::{Json, Shop, at_once};

scenarios! {
    quiet:
        three_hundred_buyers_of_a_hundred_units,
        the_last_unit_is_sold_once,
        short_stock_names_the_sku_and_makes_no_order,
        a_cart_with_one_short_sku_reserves_nothing,
        cancelled_units_are_sold_again;
}

fn sold_to(shop: &Shop, channel: &str, buyers: usize, threads: usize) -> usize {
    let statuses = at_once(threads, buyers, |n| {
        let method = if n % 5 == 0 { "pm_sandbox_timeout" } else { "pm_card_visa" };
        let body = shop.guest_basket(channel, &[(0, 1)], method);
        let reply = shop.storefront(channel).post("/storefront/orders", &body);
        let status = reply.status;
        reply.one_of(&[201, 409]);
        status
    });
    statuses.iter().filter(|status| **status == 201).count()
}

fn three_hundred_buyers_of_a_hundred_units(shop: &Shop) {
    let sku = shop.sku("retail", 0);
    make_scarce(shop, sku, 100);
    let before = shop.stock(sku);
    assert_eq!(sold_to(shop, "retail", 300, 64), 100, "exactly the hundred units are sold");
    assert_eq!(shop.stock(sku), before.reserving(100));
    make_scarce(shop, sku, 100_000);
}

fn the_last_unit_is_sold_once(shop: &Shop) {
    let sku = shop.sku("bazaar", 0);
    for _ in 0..5 {
        make_scarce(shop, sku, 1);
        assert_eq!(sold_to(shop, "bazaar", 16, 16), 1);
    }
    make_scarce(shop, sku, 100_000);
}

fn short_stock_names_the_sku_and_makes_no_order(shop: &Shop) {
    let sku = shop.sku("retail", 0);
    make_scarce(shop, sku, 3);
    let before = shop.stock(sku);
    let newest = || shop.admin().get("/admin/orders?limit=1").expect(200).list("data")[0].id().to_owned();
    let newest_before = newest();
    let refused = shop.place_as(&shop.customer(0), "retail", &[(0, 4)], "pm_card_visa").problem(409);
    assert!(refused.to_string().contains(sku), "the short SKU is named: {refused:#}");
    assert_eq!(shop.stock(sku), before);
    assert_eq!(newest(), newest_before, "no order was made");
    make_scarce(shop, sku, 100_000);
}

fn a_cart_with_one_short_sku_reserves_nothing(shop: &Shop) {
    let (plenty, short) = (shop.sku("retail", 0), shop.sku("retail", 1));
    make_scarce(shop, short, 1);
    let before = (shop.stock(plenty), shop.stock(short));
    for lines in [[(0, 5), (1, 2)], [(1, 2), (0, 5)]] {
        let refused = shop.place_as(&shop.customer(0), "retail", &lines, "pm_card_visa").problem(409);
        assert!(refused.to_string().contains(short), "{refused:#}");
    }
    assert_eq!((shop.stock(plenty), shop.stock(short)), before, "all or nothing");
    make_scarce(shop, short, 100_000);
}

fn cancelled_units_are_sold_again(shop: &Shop) {
    let sku = shop.sku("bazaar", 1);
    make_scarce(shop, sku, 1);
    let id = shop.ready_with("bazaar", &[(1, 1)]);
    shop.place_as(&shop.customer(0), "bazaar", &[(1, 1)], "pm_card_visa").problem(409);
    shop.customer(0).fire(&id, "cancel", &json!({})).expect(200);
    shop.wait_payment(&id, "refunded");
    shop.ready_with("bazaar", &[(1, 1)]);
    make_scarce(shop, sku, 100_000);
}
