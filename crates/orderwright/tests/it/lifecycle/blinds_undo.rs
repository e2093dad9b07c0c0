//! Made to order, undone: refusals, a capture that fails, cancellations before and after production starts. What the
//! stock does meanwhile is in `stock::figures`.

use serde_json::json;

use crate::shop::orders::{assert_sums, captured};
use crate::shop::{Json, Shop};

scenarios! {
    shared:
        refusing_one_of_two_items_captures_the_accepted_one_and_voids_the_rest,
        refusing_every_item_cancels_and_voids,
        a_card_that_fails_when_charged_cancels_the_order,
        a_declined_card_cancels_the_order_at_placement,
        the_customer_cancels_before_acceptance_and_the_funds_are_released,
        the_customer_cancels_before_production_and_gets_everything_back,
        the_customer_cannot_cancel_in_production,
        the_suppliers_policy_says_whether_work_that_began_is_cancelled,
        the_shop_owner_may_cancel_before_production,
        a_cancelled_order_takes_no_further_event;
    quiet:
        units_that_are_gone_when_everything_is_accepted_cancel_the_order,
        a_split_that_fails_gives_everything_back,
        a_capture_whose_answer_is_lost_is_captured_once;
}

/// The next call of an operation at the sandbox comes to that outcome.
fn script(shop: &Shop, operation: &str, outcome: &str) {
    let fault = json!({ "operation": operation, "outcome": outcome, "times": 1 });
    shop.admin().post("/admin/sandbox/faults", &fault).expect(201);
}

fn units_that_are_gone_when_everything_is_accepted_cancel_the_order(shop: &Shop) {
    let sku = shop.sku("blinds", 3).to_owned();
    let before = shop.stock(&sku);
    let id = shop.ready_with("blinds", &[(3, 1)]);
    let path = format!("/admin/stock/{sku}");
    shop.admin().patch(&path, &json!({ "onHand": 0 })).problem(409);
    shop.admin().patch(&path, &json!({ "onHand": 0, "reason": "water damage" })).expect(200);
    shop.merchants_fire(&id, "confirm", &json!({}));
    shop.wait_status(&id, "cancelled");
    let order = shop.wait_payment(&id, "voided");
    assert_eq!(captured(&order), 0);
    let told = serde_json::to_string(&shop.timeline_as(&shop.customer(0), &id)).expect("JSON");
    assert!(told.contains("out_of_stock"), "the reason is on the timeline: {told}");
    shop.admin().patch(&path, &json!({ "onHand": before.on_hand })).expect(200);
    assert_eq!(shop.stock(&sku), before, "nothing stays reserved");
}

fn a_split_that_fails_gives_everything_back(shop: &Shop) {
    let id = shop.ready("blinds");
    script(shop, "payment.transfer", "declined");
    shop.merchants_fire(&id, "confirm", &json!({}));
    shop.wait_status(&id, "cancelled");
    let order = shop.wait_payment(&id, "refunded");
    assert_eq!(order.n("refundedTotal"), order.n("total"));
    assert_sums(&order);
    let told = serde_json::to_string(&shop.timeline_as(&shop.customer(0), &id)).expect("JSON");
    assert!(told.contains("split_failed"), "the reason is on the timeline: {told}");
}

fn a_capture_whose_answer_is_lost_is_captured_once(shop: &Shop) {
    let id = shop.ready("blinds");
    script(shop, "payment.capture", "lost");
    shop.merchants_fire(&id, "confirm", &json!({}));
    shop.wait_payment(&id, "in_doubt");
    shop.customer(0).cancel(&id).problem(409);
    shop.wait_status(&id, "confirmed");
    let order = shop.wait_payment(&id, "captured");
    assert_eq!(captured(&order), order.n("total"));
    assert_sums(&order);
}

fn refusing_one_of_two_items_captures_the_accepted_one_and_voids_the_rest(shop: &Shop) {
    let id = shop.ready_with("blinds", &[(0, 2), (1, 1)]);
    let order = shop.view(&id);
    let (kept, refused) = (&order["items"][0], &order["items"][1]);
    let refusal = json!({ "items": [{ "itemId": refused.id() }], "reason": "fabric is gone" });
    shop.merchant(refused.s("merchantId")).fire(&id, "refuse", &refusal).expect(200);
    let waiting = shop.view(&id);
    assert_eq!(captured(&waiting), 0, "nothing is captured before every item is decided");
    shop.merchant(kept.s("merchantId")).fire(&id, "confirm", &json!({})).expect(200);

    shop.wait_status(&id, "confirmed");
    let order = shop.wait(&id, "is captured", |order| captured(order) > 0);
    assert_eq!(order["items"][0].s("status"), "confirmed");
    assert_eq!(order["items"][1].s("status"), "cancelled", "{order:#}");
    // The accepted item carries its own part of the order-level amounts, which only the house can tell exactly.
    let around = order.n("shippingCost") + order.n("roundingAmount").abs();
    let accepted = order["items"][0].n("total");
    assert!((accepted - around..=accepted + around).contains(&captured(&order)), "{order:#}");
    assert_eq!(order.n("refundedTotal"), 0, "the rest was voided, not refunded");
    assert_eq!(order.s("paymentStatus"), "captured");
    assert_sums(&order);
}

fn refusing_every_item_cancels_and_voids(shop: &Shop) {
    let id = shop.ready_with("blinds", &[(0, 1), (1, 1)]);
    shop.merchants_fire(&id, "refuse", &json!({ "reason": "closed for summer" }));
    shop.wait_status(&id, "cancelled");
    let order = shop.wait_payment(&id, "voided");
    assert_eq!(captured(&order), 0);
    let timeline = shop.timeline_as(&shop.admin(), &id);
    let told = serde_json::to_string(&timeline).expect("a timeline is JSON");
    assert!(told.contains("closed for summer"), "the reason is on the timeline: {told}");
}

fn a_card_that_fails_when_charged_cancels_the_order(shop: &Shop) {
    let order = shop.place("blinds", &[(0, 1)], "pm_card_chargeCustomerFail");
    let id = order.id();
    shop.wait_status(id, "payment_authorised");
    shop.merchants_fire(id, "confirm", &json!({}));
    let order = shop.wait_status(id, "cancelled");
    // A capture that fails leaves an authorisation to void; which of the two words stays is the derivation's choice.
    let order = if ["voided", "failed"].contains(&order.s("paymentStatus")) {
        order
    } else {
        shop.wait(id, "has its payment undone", |order| ["voided", "failed"].contains(&order.s("paymentStatus")))
    };
    assert_eq!(captured(&order), 0);
    assert_eq!(order.n("refundedTotal"), 0);
}

fn a_declined_card_cancels_the_order_at_placement(shop: &Shop) {
    let order = shop.place("blinds", &[(0, 1)], "pm_card_chargeDeclined");
    let order = shop.wait_status(order.id(), "cancelled");
    assert_eq!(order.s("paymentStatus"), "failed");
}

fn the_customer_cancels_before_acceptance_and_the_funds_are_released(shop: &Shop) {
    let id = shop.ready("blinds");
    let order = shop.customer(0).cancel(&id).expect(200);
    assert_eq!(order.s("status"), "cancelled");
    let order = shop.wait_payment(&id, "voided");
    assert_eq!(captured(&order), 0);
}

fn the_customer_cancels_before_production_and_gets_everything_back(shop: &Shop) {
    let id = shop.ready("blinds");
    shop.merchants_fire(&id, "confirm", &json!({}));
    shop.wait_status(&id, "confirmed");
    let total = shop.view(&id).n("total");
    shop.customer(0).cancel(&id).expect(200);
    let order = shop.wait_refunded(&id, total);
    assert_eq!(order.s("status"), "cancelled", "a refund caused by a cancel leaves it cancelled");
    assert_eq!(order.s("paymentStatus"), "refunded");
    assert_sums(&order);
}

fn the_customer_cannot_cancel_in_production(shop: &Shop) {
    let id = shop.ready("blinds");
    shop.merchants_fire(&id, "confirm", &json!({}));
    shop.wait_status(&id, "confirmed");
    shop.merchants_fire(&id, "start_production", &json!({}));
    shop.wait_status(&id, "in_production");
    shop.unchanged(&id, || {
        shop.customer(0).cancel(&id).problem(409);
        shop.customer(0).fire(&id, "cancel", &json!({})).problem(409);
        shop.retailer("blinds").cancel(&id).problem(409);
    });
}

fn the_suppliers_policy_says_whether_work_that_began_is_cancelled(shop: &Shop) {
    let variants = crate::shop::lists::walk(&shop.admin(), "/admin/variants", "limit=200&channel=blinds");
    let by_policy = |late: bool| {
        let items = shop.demo()["channels"]["blinds"].list("items");
        let of = |sku: &str| variants.iter().any(|v| v.s("sku") == sku && v["lateCancellation"] == late);
        items.iter().position(|item| of(item.s("sku"))).expect("the demo has suppliers of both kinds")
    };
    for late in [true, false] {
        let id = shop.ready_with("blinds", &[(by_policy(late), 1)]);
        shop.merchants_fire(&id, "confirm", &json!({}));
        shop.wait_status(&id, "confirmed");
        shop.merchants_fire(&id, "start_production", &json!({}));
        shop.wait_status(&id, "in_production");
        shop.unchanged(&id, || drop(shop.customer(0).cancel(&id).problem(409)));
        let order = shop.view(&id);
        let maker = shop.merchant(order["items"][0].s("merchantId"));
        if !late {
            shop.unchanged(&id, || {
                maker.fire(&id, "cancel", &json!({})).problem(409);
                shop.admin().cancel(&id).problem(409);
            });
            continue;
        }
        maker.fire(&id, "cancel", &json!({ "reason": "nothing was cut yet" })).expect(200);
        let order = shop.wait_refunded(&id, order.n("total"));
        assert_eq!((order.s("status"), order.s("paymentStatus")), ("cancelled", "refunded"));
        assert_sums(&order);
    }
}

fn the_shop_owner_may_cancel_before_production(shop: &Shop) {
    let id = shop.ready("blinds");
    let order = shop.retailer("blinds").cancel(&id).expect(200);
    assert_eq!(order.s("status"), "cancelled");
    shop.wait_payment(&id, "voided");
}

fn a_cancelled_order_takes_no_further_event(shop: &Shop) {
    let id = shop.ready("blinds");
    shop.customer(0).cancel(&id).expect(200);
    shop.wait_payment(&id, "voided");
    shop.unchanged(&id, || {
        shop.merchant_of("blinds", 0).fire(&id, "confirm", &json!({})).problem(409);
        shop.customer(0).cancel(&id).problem(409);
        let refund = json!({ "reason": "again", "initiatePaymentRefund": true });
        shop.admin().refund(&id, &refund).problem(409);
    });
}
