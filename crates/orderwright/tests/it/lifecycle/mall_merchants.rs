//! One mall order, two merchants: each has a merchant order of their own, sees only what is theirs, and moves only that.

use serde_json::{Value, json};

use crate::shop::orders::{assert_sums, captured};
use crate::shop::{Actor, Json, Shop};

scenarios! {
    shared:
        the_order_is_split_into_one_merchant_order_each,
        a_merchant_sees_their_own_part_and_no_totals,
        a_merchant_order_id_works_as_well_for_its_merchant,
        the_order_is_as_far_as_its_least_advanced_item,
        one_merchant_cancels_and_the_other_delivers,
        both_merchants_cancel,
        two_merchants_ship_at_the_same_time,
        a_merchant_cannot_move_the_other_ones_item,
        the_split_of_money_follows_the_merchants;
}

/// A split order of both merchants: its id, and the two merchants in the order of its items.
fn split(shop: &Shop) -> (String, Actor, Actor) {
    let id = shop.ready_with("mall", &[(0, 2), (1, 1)]);
    (id, shop.merchant_of("mall", 0), shop.merchant_of("mall", 1))
}

fn shipping(tracking: &str) -> Value {
    json!({ "expectedBy": "2031-02-03", "trackingNumber": tracking })
}

fn the_order_is_split_into_one_merchant_order_each(shop: &Shop) {
    let (id, _, _) = split(shop);
    let order = shop.view(&id);
    let merchant_orders = order.list("merchantOrders");
    assert_eq!(merchant_orders.len(), 2, "{order:#}");
    for (n, item) in order.list("items").iter().enumerate() {
        assert_eq!(item.s("merchantId"), shop.offer("mall", n).s("merchantId"));
        let of_item: Vec<_> = merchant_orders.iter().filter(|one| one.list("itemIds").contains(&item["id"])).collect();
        assert_eq!(of_item.len(), 1);
        assert_eq!(of_item[0].s("merchantId"), item.s("merchantId"));
        assert_eq!(of_item[0].list("itemIds").len(), 1);
        assert_eq!(of_item[0].s("status"), "new");
    }
}

fn a_merchant_sees_their_own_part_and_no_totals(shop: &Shop) {
    let (id, first, second) = split(shop);
    first.fire(&id, "ship", &shipping("SECRET-OF-THE-FIRST")).expect(200);
    for (n, merchant) in [&first, &second].into_iter().enumerate() {
        let seen = merchant.view(&id);
        assert_eq!(seen.each("items", "sku"), [shop.sku("mall", n)], "own items only");
        assert_eq!(seen.each("merchantOrders", "merchantId"), [shop.offer("mall", n).s("merchantId")]);
        for total in ["total", "subtotal"] {
            assert!(seen[total].is_null(), "order totals are not theirs: {seen:#}");
        }
        for share in seen.list("splits") {
            assert_eq!(share["party"].s("id"), shop.offer("mall", n).s("merchantId"), "own shares only");
        }
    }
    let seen = second.view(&id);
    assert_eq!(seen.list("shipments").len(), 0, "{seen:#}");
    assert!(!seen.to_string().contains("SECRET-OF-THE-FIRST"), "{seen:#}");
}

fn a_merchant_order_id_works_as_well_for_its_merchant(shop: &Shop) {
    let (id, first, second) = split(shop);
    let own = first.view(&id)["merchantOrders"][0].id().to_owned();
    assert_eq!(first.view(&own).id(), id);
    second.get(&second.path(&own, "")).problem(404);
    shop.unchanged(&id, || drop(second.fire(&own, "ship", &shipping("T")).problem(404)));
    first.fire(&own, "ship", &shipping("T")).expect(200);
    assert_eq!(shop.view(&id)["items"][0].s("status"), "shipped_by_merchant");
}

fn the_order_is_as_far_as_its_least_advanced_item(shop: &Shop) {
    let (id, first, second) = split(shop);
    first.fire(&id, "ship", &shipping("A")).expect(200);
    let order = shop.view(&id);
    assert_eq!(order.s("status"), "sent_to_merchant");
    assert_eq!(order.s("shippingStatus"), "partially_shipped");
    first.fire(&id, "deliver", &json!({})).expect(200);
    assert_eq!(shop.view(&id).s("status"), "sent_to_merchant");
    second.fire(&id, "ship", &shipping("B")).expect(200);
    let order = shop.view(&id);
    assert_eq!(order.s("status"), "shipped_by_merchant");
    assert_eq!(order.s("shippingStatus"), "partially_delivered");
    second.fire(&id, "deliver", &json!({})).expect(200);
    let order = shop.view(&id);
    assert_eq!((order.s("status"), order.s("shippingStatus")), ("delivered", "delivered"));
}

fn one_merchant_cancels_and_the_other_delivers(shop: &Shop) {
    let (id, first, second) = split(shop);
    first.fire(&id, "cancel", &json!({})).expect(200);
    let order = shop.view(&id);
    assert_eq!(order["items"][0].s("status"), "canceled_by_merchant");
    assert_eq!(order.s("status"), "sent_to_merchant", "a cancelled item holds nothing back");
    second.fire(&id, "ship", &shipping("B")).expect(200);
    second.fire(&id, "deliver", &json!({})).expect(200);
    let order = shop.view(&id);
    assert_eq!(order.s("status"), "delivered");
    assert_eq!(order["items"][0].s("merchantStatus"), "canceled_by_merchant");
    assert_sums(&order);
}

fn both_merchants_cancel(shop: &Shop) {
    let (id, first, second) = split(shop);
    first.fire(&id, "cancel", &json!({})).expect(200);
    second.fire(&id, "cancel", &json!({})).expect(200);
    shop.wait_status(&id, "canceled_by_merchant");
}

fn two_merchants_ship_at_the_same_time(shop: &Shop) {
    for _ in 0..5 {
        let (id, first, second) = split(shop);
        let answers = crate::shop::at_once(2, 2, |n| [&first, &second][n].fire(&id, "ship", &shipping("T")).status);
        assert_eq!(answers, [200, 200], "neither loses against the other");
        let order = shop.view(&id);
        assert_eq!(order.s("status"), "shipped_by_merchant", "derived from both: {order:#}");
        assert_eq!(order.s("shippingStatus"), "shipped");
    }
}

fn a_merchant_cannot_move_the_other_ones_item(shop: &Shop) {
    let (id, first, second) = split(shop);
    let order = shop.view(&id);
    let of_first = json!([{ "itemId": order["items"][0].id() }]);
    let of_both = json!([{ "itemId": order["items"][0].id() }, { "itemId": order["items"][1].id() }]);
    shop.unchanged(&id, || {
        for items in [&of_first, &of_both] {
            let body = crate::shop::json::with(shipping("T"), &json!({ "items": items }));
            second.fire(&id, "ship", &body).problem(404);
        }
    });
    let body = crate::shop::json::with(shipping("T"), &json!({ "items": of_first }));
    first.fire(&id, "ship", &body).expect(200);
}

fn the_split_of_money_follows_the_merchants(shop: &Shop) {
    let (id, _, _) = split(shop);
    let order = shop.view(&id);
    assert_eq!(captured(&order), order.n("total"));
    for n in 0..2 {
        let merchant = shop.offer("mall", n).s("merchantId");
        let share: i64 = order
            .list("splits")
            .iter()
            .filter(|share| share["party"]["id"] == merchant)
            .map(|share| share.n("amount"))
            .sum();
        // What the platform keeps of it is the channel's business; a share beyond the own items and shipping is not.
        let most = order["items"][n].n("total") + order.n("shippingCost");
        assert!(0 < share && share <= most, "{merchant} has {share} of {order:#}");
    }
}
