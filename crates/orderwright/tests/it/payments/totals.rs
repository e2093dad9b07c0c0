//! The identities of an order's money hold at every step, in every channel.

use serde_json::json;

use crate::shop::orders::{CHANNELS, assert_sums, captured};
use crate::shop::{Json, Shop};

scenarios! {
    shared:
        sums_agree_in_every_channel_for_every_cart,
        the_unit_price_is_the_offers,
        shares_add_up_to_what_was_captured_and_what_went_back,
        a_checkout_shows_the_totals_that_the_order_has;
}

fn sums_agree_in_every_channel_for_every_cart(shop: &Shop) {
    for channel in CHANNELS {
        for lines in [&[(0, 1)][..], &[(0, 7)], &[(1, 3)], &[(0, 1), (1, 1)], &[(1, 5), (0, 2)]] {
            let placed = shop.place(channel, lines, "pm_card_visa");
            assert_sums(&placed);
            assert_eq!(placed.list("items").len(), lines.len());
            for (item, (n, quantity)) in placed.list("items").iter().zip(lines) {
                assert_eq!((item.s("sku"), item.n("quantity")), (shop.sku(channel, *n), *quantity));
            }
        }
    }
}

fn the_unit_price_is_the_offers(shop: &Shop) {
    for channel in CHANNELS {
        let order = shop.place(channel, &[(0, 2), (1, 1)], "pm_card_visa");
        assert_eq!(order.s("currency"), shop.demo()["channels"][channel].s("currency"));
        for (n, item) in order.list("items").iter().enumerate() {
            assert_eq!(item.n("price"), shop.offer(channel, n).n("price"));
        }
    }
}

fn shares_add_up_to_what_was_captured_and_what_went_back(shop: &Shop) {
    for channel in ["retail", "bazaar", "mall"] {
        let id = shop.ready_with(channel, &[(0, 3), (1, 2)]);
        let total = shop.view(&id).n("total");
        assert_eq!(captured(&shop.view(&id)), total);
        let shares: Vec<i64> = shop.view(&id).list("splits").iter().map(|share| share.n("amount")).collect();
        let mut back = 0;
        // Amounts that do not divide, so that rounding has to be somebody's.
        for part in [1, total / 7, total / 3] {
            shop.admin()
                .refund(&id, &json!({ "amount": part, "reason": "x", "initiatePaymentRefund": true }))
                .expect(201);
            back += part;
            let order = shop.wait_refunded(&id, back);
            assert_sums(&order);
            let now: Vec<i64> = order.list("splits").iter().map(|share| share.n("amount")).collect();
            assert_eq!(now, shares, "an amount never changes");
            for share in order.list("splits") {
                assert!((0..=share.n("amount")).contains(&share.n("refunded")), "{order:#}");
            }
        }
        shop.admin().refund(&id, &json!({ "reason": "the rest", "initiatePaymentRefund": true })).expect(201);
        let order = shop.wait_refunded(&id, total);
        assert_sums(&order);
        for share in order.list("splits") {
            assert_eq!(share.n("refunded"), share.n("amount"), "every party gave back all it had: {order:#}");
        }
    }
}

fn a_checkout_shows_the_totals_that_the_order_has(shop: &Shop) {
    let basket = shop.basket("retail", &[(0, 3), (1, 1)], "pm_card_visa");
    let checkout = crate::shop::json::with(basket, &json!({ "paymentMethod": null }));
    let checkout = shop.customer(0).post("/storefront/checkouts", &checkout).expect(201);
    let complete = format!("/storefront/checkouts/{}/complete", checkout.id());
    let order = shop.customer(0).post(&complete, &json!({ "paymentMethod": "pm_card_visa" })).expect(201);
    assert_sums(&order);
    for sum in ["total", "subtotal"] {
        assert_eq!(checkout.n(sum), order.n(sum), "{sum}");
    }
}
