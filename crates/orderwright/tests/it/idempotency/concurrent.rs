//! The same key, while the first is still running: refused for the moment, and carried out once.

use serde_json::json;

use crate::shop::{Json, Shop, at_once};

scenarios! {
    shared:
        thirty_two_at_once_make_exactly_one_order,
        thirty_two_refunds_at_once_make_exactly_one_refund,
        a_slow_placement_is_in_flight_for_the_second;
}

fn thirty_two_at_once_make_exactly_one_order(shop: &Shop) {
    for method in ["pm_card_visa", "pm_sandbox_timeout"] {
        let body = shop.guest_basket("retail", &[(0, 1)], method);
        let key = shop.unique("burst");
        let replies = at_once(32, 32, |_| {
            shop.storefront("retail").call("POST", "/storefront/orders").key(&key).json(&body).send()
        });
        assert!(replies.iter().all(|reply| [201, 409].contains(&reply.status)), "{replies:#?}");
        let made: Vec<_> = replies.iter().filter(|reply| reply.status == 201).collect();
        assert_eq!(made.iter().filter(|reply| !reply.replayed()).count(), 1, "one of them placed it: {made:#?}");
        assert!(made.iter().all(|reply| reply.body.id() == made[0].body.id()));
        assert_eq!(shop.orders_of_customer(&made[0].body), 1);
        // Those who were told to wait get the answer when they ask again: a 409 for being early is not stored.
        let later = shop.storefront("retail").call("POST", "/storefront/orders").key(&key).json(&body).send();
        assert!(later.replayed());
        assert_eq!(later.expect(201).id(), made[0].body.id());
    }
}

fn thirty_two_refunds_at_once_make_exactly_one_refund(shop: &Shop) {
    let id = shop.ready_with("retail", &[(0, 3)]);
    let key = shop.unique("refund-burst");
    let path = format!("/admin/orders/{id}/refund");
    let body = json!({ "amount": 3, "reason": "late", "initiatePaymentRefund": true });
    let statuses = at_once(32, 32, |_| shop.admin().call("POST", &path).key(&key).json(&body).send().status);
    assert!(statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
    assert!(statuses.contains(&201));
    let order = shop.wait_refunded(&id, 3);
    assert_eq!(order.list("refunds").len(), 1);
}

/// A placement whose outcome is not known for up to two seconds keeps its key busy; the second is never a second order.
fn a_slow_placement_is_in_flight_for_the_second(shop: &Shop) {
    let body = shop.guest_basket("retail", &[(0, 1)], "pm_sandbox_slow");
    let key = shop.unique("slow");
    let replies =
        at_once(4, 4, |_| shop.storefront("retail").call("POST", "/storefront/orders").key(&key).json(&body).send());
    assert!(replies.iter().all(|reply| [201, 409].contains(&reply.status)), "{replies:#?}");
    let first = replies.iter().find(|reply| reply.status == 201).expect("one is answered");
    assert_eq!(shop.orders_of_customer(&first.body), 1);
    shop.wait_status(first.body.id(), "confirmed");
}
