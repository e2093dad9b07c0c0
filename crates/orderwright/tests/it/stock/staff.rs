//! Staff set and adjust stock, and cannot take away what is promised.

use serde_json::json;

use crate::shop::{Json, Shop};

scenarios! {
    quiet:
        staff_set_and_adjust_what_is_on_hand,
        what_is_reserved_cannot_be_taken_away,
        adjustments_at_the_same_time_all_count;
}

fn staff_set_and_adjust_what_is_on_hand(shop: &Shop) {
    let sku = shop.sku("retail", 1);
    let path = format!("/admin/stock/{sku}");
    let before = shop.stock(sku);
    let body = shop.admin().patch(&path, &json!({ "adjust": 7, "reason": "found behind the shelf" })).expect(200);
    assert_eq!((body.n("onHand"), body.n("reserved")), (before.on_hand + 7, before.reserved));
    assert_eq!(body.n("available"), before.on_hand + 7 - before.reserved);
    shop.ops().patch(&path, &json!({ "adjust": -7 })).expect(200);
    assert_eq!(shop.stock(sku), before);
    shop.admin().patch(&path, &json!({ "onHand": before.on_hand + 1 })).expect(200);
    assert_eq!(shop.stock(sku), before.without(-1));
    shop.admin().patch(&path, &json!({ "onHand": before.on_hand })).expect(200);
}

fn what_is_reserved_cannot_be_taken_away(shop: &Shop) {
    let sku = shop.sku("bazaar", 0);
    shop.ready("bazaar");
    let before = shop.stock(sku);
    assert!(before.reserved > 0);
    for body in [json!({ "onHand": before.reserved - 1 }), json!({ "adjust": before.reserved - before.on_hand - 1 })] {
        // Wrong in itself or in this state: either way it does not happen.
        shop.admin().patch(&format!("/admin/stock/{sku}"), &body).problem_of(&[409, 422]);
    }
    assert_eq!(shop.stock(sku), before);
}

fn adjustments_at_the_same_time_all_count(shop: &Shop) {
    let sku = shop.sku("retail", 1);
    let before = shop.stock(sku);
    crate::shop::at_once(8, 40, |n| {
        let adjust = if n % 2 == 0 { 3 } else { -2 };
        shop.admin().patch(&format!("/admin/stock/{sku}"), &json!({ "adjust": adjust })).expect(200);
    });
    assert_eq!(shop.stock(sku), before.without(-20));
    shop.admin().patch(&format!("/admin/stock/{sku}"), &json!({ "onHand": before.on_hand })).expect(200);
}
