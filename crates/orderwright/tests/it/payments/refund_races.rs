//! Refunds of one order at the same time: whatever the interleaving, never more goes back than was paid.

use serde_json::json;

use crate::shop::orders::assert_sums;
use crate::shop::{Json, Shop, at_once};

scenarios! {
    shared:
        concurrent_refunds_never_exceed_what_was_paid,
        concurrent_whole_refunds_are_one,
        a_cancel_and_a_refund_give_back_once,
        a_shipping_and_a_cancel_do_not_both_win;
}

fn concurrent_refunds_never_exceed_what_was_paid(shop: &Shop) {
    let id = shop.ready_with("retail", &[(0, 4)]);
    let total = shop.view(&id).n("total");
    let part = total / 3;
    let body = json!({ "amount": part, "reason": "race", "initiatePaymentRefund": true });
    let taken = at_once(8, 16, |_| {
        let reply = shop.admin().refund(&id, &body);
        let status = reply.status;
        reply.one_of(&[201, 409]);
        status
    });
    let taken = taken.iter().filter(|status| **status == 201).count() as i64;
    assert!((1..=3).contains(&taken), "{taken} refunds of {part} were taken from {total}");
    let order = shop.wait_refunded(&id, taken * part);
    assert_eq!(order.sum("refunds", "amount"), taken * part, "{order:#}");
    assert_sums(&order);
}

fn concurrent_whole_refunds_are_one(shop: &Shop) {
    let id = shop.ready("retail");
    let total = shop.view(&id).n("total");
    let body = json!({ "reason": "race", "initiatePaymentRefund": true });
    let statuses = at_once(16, 16, |_| shop.admin().refund(&id, &body).status);
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
    let order = shop.wait_refunded(&id, total);
    assert_eq!(order.list("refunds").len(), 1);
    assert_sums(&order);
}

fn a_cancel_and_a_refund_give_back_once(shop: &Shop) {
    for _ in 0..5 {
        let id = shop.ready("retail");
        let total = shop.view(&id).n("total");
        let body = json!({ "reason": "race", "initiatePaymentRefund": true });
        let statuses = at_once(2, 2, |n| {
            if n == 0 { shop.customer(0).cancel(&id).status } else { shop.admin().refund(&id, &body).status }
        });
        assert!(statuses.iter().all(|status| [200, 201, 409].contains(status)), "{statuses:?}");
        let order = shop.wait_refunded(&id, total);
        assert!(["cancelled", "refunded"].contains(&order.s("status")), "{order:#}");
        assert_sums(&order);
    }
}

fn a_shipping_and_a_cancel_do_not_both_win(shop: &Shop) {
    for _ in 0..5 {
        let id = shop.ready("bazaar");
        shop.merchants_fire(&id, "acknowledge", &json!({}));
        let total = shop.view(&id).n("total");
        let seller = shop.merchant_of("bazaar", 0);
        let statuses = at_once(2, 2, |n| {
            if n == 0 {
                shop.customer(0).cancel(&id).status
            } else {
                seller.fire(&id, "ship", &json!({ "trackingNumber": "T" })).status
            }
        });
        let mut sorted = statuses.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [200, 409], "one of both: {statuses:?}");
        if statuses[0] == 200 {
            assert_eq!(shop.wait_refunded(&id, total).s("status"), "cancelled");
        } else {
            let order = shop.view(&id);
            assert_eq!((order.s("status"), order.n("refundedTotal")), ("shipped", 0));
        }
    }
}
