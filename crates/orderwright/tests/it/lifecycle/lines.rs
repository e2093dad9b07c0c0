//! A line splits when an event takes part of it: the remainder keeps the id, and no money appears or goes.

use serde_json::{Value, json};

use crate::shop::orders::{assert_sums, captured};
use crate::shop::{Json, Shop};

scenarios! {
    shared:
        shipping_one_of_three_splits_the_line,
        the_whole_quantity_splits_nothing,
        part_of_a_line_is_accepted_and_the_rest_refused,
        a_split_line_is_shipped_to_its_end,
        more_than_the_line_has_is_refused;
}

/// An order of three units that its seller has acknowledged.
fn three_acknowledged(shop: &Shop) -> String {
    let id = shop.ready_with("bazaar", &[(0, 3)]);
    shop.merchants_fire(&id, "acknowledge", &json!({}));
    id
}

fn line<'a>(order: &'a Value, id: &str) -> &'a Value {
    order.list("items").iter().find(|item| item.id() == id).unwrap_or_else(|| panic!("no line {id} in {order:#}"))
}

fn shipping_one_of_three_splits_the_line(shop: &Shop) {
    let id = three_acknowledged(shop);
    let before = shop.view(&id);
    let original = before["items"][0].id();
    let one = json!({ "items": [{ "itemId": original, "quantity": 1 }], "trackingNumber": "T-1" });
    shop.merchant_of("bazaar", 0).fire(&id, "ship", &one).expect(200);
    let order = shop.view(&id);
    assert_eq!(order.list("items").len(), 2, "{order:#}");
    let rest = line(&order, original);
    assert_eq!((rest.n("quantity"), rest.s("status")), (2, "processing"), "the remainder keeps the id");
    let part = order.list("items").iter().find(|item| item.id() != original).expect("the part");
    assert_eq!((part.n("quantity"), part.s("status")), (1, "shipped"));
    assert_eq!(order.s("status"), "processing", "the least advanced item's");
    assert_eq!(order.s("shippingStatus"), "partially_shipped");
    for sum in ["total", "subtotal", "gstAmount", "discountAmount"] {
        assert_eq!(order.n(sum), before.n(sum), "{sum}");
    }
    assert_eq!(order.sum("items", "total"), before.sum("items", "total"));
    assert_sums(&order);
}

fn the_whole_quantity_splits_nothing(shop: &Shop) {
    let id = three_acknowledged(shop);
    let original = shop.view(&id)["items"][0].id().to_owned();
    let all = json!({ "items": [{ "itemId": original, "quantity": 3 }], "trackingNumber": "T-2" });
    shop.merchant_of("bazaar", 0).fire(&id, "ship", &all).expect(200);
    let order = shop.view(&id);
    assert_eq!(order.each("items", "id"), [original]);
    assert_eq!(order.s("status"), "shipped");
}

fn part_of_a_line_is_accepted_and_the_rest_refused(shop: &Shop) {
    let id = shop.ready_with("blinds", &[(0, 3)]);
    let before = shop.view(&id);
    let original = before["items"][0].id();
    let merchant = shop.merchant_of("blinds", 0);
    let one = json!({ "items": [{ "itemId": original, "quantity": 1 }], "reason": "one roll short" });
    merchant.fire(&id, "refuse", &one).expect(200);
    merchant.fire(&id, "confirm", &json!({})).expect(200);
    let order = shop.wait_status(&id, "confirmed");
    let order = if captured(&order) > 0 { order } else { shop.wait_payment(&id, "captured") };
    assert_eq!((line(&order, original).n("quantity"), line(&order, original).s("status")), (2, "confirmed"));
    assert_eq!(order.sum("items", "quantity"), 3);
    assert_eq!(order.sum("items", "total"), before.sum("items", "total"));
    let (accepted, around) = (line(&order, original).n("total"), order.n("shippingCost"));
    assert!((accepted..=accepted + around).contains(&captured(&order)), "{order:#}");
    assert_sums(&order);
}

fn a_split_line_is_shipped_to_its_end(shop: &Shop) {
    let id = three_acknowledged(shop);
    let original = shop.view(&id)["items"][0].id().to_owned();
    let merchant = shop.merchant_of("bazaar", 0);
    for n in 1..=2 {
        let one = json!({ "items": [{ "itemId": original, "quantity": 1 }], "trackingNumber": format!("T-{n}") });
        merchant.fire(&id, "ship", &one).expect(200);
    }
    assert_eq!(shop.view(&id).list("items").len(), 3);
    merchant.fire(&id, "ship", &json!({ "trackingNumber": "T-3" })).expect(200);
    let order = shop.view(&id);
    assert_eq!(order.s("status"), "shipped");
    assert_eq!(order.s("shippingStatus"), "shipped");
    assert!(order.list("items").iter().all(|item| item.n("quantity") == 1 && item.s("status") == "shipped"));
    shop.customer(0).fire(&id, "complete", &json!({})).expect(200);
    shop.wait_status(&id, "completed");
}

fn more_than_the_line_has_is_refused(shop: &Shop) {
    let id = three_acknowledged(shop);
    let original = shop.view(&id)["items"][0].id().to_owned();
    shop.unchanged(&id, || {
        for quantity in [0, -1, 4] {
            let body = json!({ "items": [{ "itemId": original, "quantity": quantity }], "trackingNumber": "T-4" });
            let reply = shop.merchant_of("bazaar", 0).fire(&id, "ship", &body);
            // Too many is wrong in itself or in this state; both readings refuse.
            reply.problem_of(if quantity == 4 { &[409, 422] } else { &[422] });
        }
    });
}
