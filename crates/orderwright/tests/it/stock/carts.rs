//! Carts of several SKUs, in any order, at the same time: all finish, and the figures are exact.

use super::plain_skus;
use crate::shop::{Json, Shop, at_once};

scenarios! {
    quiet: carts_in_any_order_never_deadlock, carts_that_are_placed_and_cancelled_leave_nothing;
}

/// A shuffle that depends on nothing but its seed.
fn shuffled(lines: &[usize], seed: usize) -> Vec<usize> {
    let mut lines = lines.to_vec();
    let mut state = seed as u64 * 2 + 1;
    for i in (1..lines.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        lines.swap(i, (state >> 33) as usize % (i + 1));
    }
    lines
}

fn carts_in_any_order_never_deadlock(shop: &Shop) {
    let skus = plain_skus(shop, "retail", 6);
    let before: Vec<_> = skus.iter().map(|n| shop.stock(shop.sku("retail", *n))).collect();
    let carts = 120;
    at_once(24, carts, |seed| {
        let lines: Vec<(usize, i64)> = shuffled(&skus, seed).into_iter().map(|n| (n, 1)).collect();
        let body = shop.guest_basket("retail", &lines, "pm_card_visa");
        shop.storefront("retail").post("/storefront/orders", &body).expect(201);
    });
    for (n, before) in skus.iter().zip(before) {
        assert_eq!(shop.stock(shop.sku("retail", *n)), before.reserving(carts as i64));
    }
}

fn carts_that_are_placed_and_cancelled_leave_nothing(shop: &Shop) {
    let skus = plain_skus(shop, "bazaar", 4);
    let before: Vec<_> = skus.iter().map(|n| shop.stock(shop.sku("bazaar", *n))).collect();
    let ids = at_once(16, 48, |seed| {
        let lines: Vec<(usize, i64)> = shuffled(&skus, seed).into_iter().map(|n| (n, 2)).collect();
        let order = shop.place("bazaar", &lines, "pm_card_visa");
        // The operator's cancel may meet the running capture; it says so, and is tried again.
        crate::shop::eventually("the order is cancelled", crate::shop::PATIENCE, || {
            let reply = shop.admin().cancel(order.id());
            if reply.status == 409 { Err(reply.text) } else { Ok(reply.expect(200)) }
        });
        order.id().to_owned()
    });
    for id in &ids {
        shop.wait_payment(id, "refunded");
    }
    for (n, before) in skus.iter().zip(before) {
        assert_eq!(shop.stock(shop.sku("bazaar", *n)), before, "every unit came back, once");
    }
}
