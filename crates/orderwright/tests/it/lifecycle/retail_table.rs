//! Retail's published transition table, to the letter: every pair of statuses, tried by `PATCH status` as staff.

use serde_json::json;

use crate::shop::{Json, Shop};

scenarios! {
    shared: the_table_allows_exactly_these_transitions, refused_transitions_change_nothing;
}

const STATUSES: [&str; 7] = ["pending", "confirmed", "processing", "shipped", "delivered", "cancelled", "refunded"];

/// The table as it is published; delivered, cancelled and refunded are terminal.
fn allowed(from: &str) -> &'static [&'static str] {
    match from {
        "pending" => &["confirmed", "cancelled"],
        "confirmed" => &["processing", "cancelled"],
        "processing" => &["shipped", "cancelled"],
        "shipped" => &["delivered", "cancelled"],
        _ => &[],
    }
}

/// An order that rests in this status.
fn order_in(shop: &Shop, status: &str) -> String {
    if status == "pending" {
        return shop.place("retail", &[(0, 1)], "pm_offline").id().to_owned();
    }
    let id = shop.ready("retail");
    let steps: &[&str] = match status {
        "confirmed" | "refunded" => &[],
        "processing" => &["processing"],
        "shipped" => &["processing", "shipped"],
        "delivered" => &["processing", "shipped", "delivered"],
        "cancelled" => &["cancelled"],
        other => panic!("no status {other}"),
    };
    for step in steps {
        shop.admin().set_status(&id, step).expect(200);
    }
    if status == "refunded" {
        shop.admin().refund(&id, &json!({ "reason": "all of it", "initiatePaymentRefund": true })).expect(201);
    }
    if ["cancelled", "refunded"].contains(&status) {
        // The money's way back must be over, or it would change the order under the comparison.
        shop.wait_payment(&id, "refunded");
    }
    shop.wait_status(&id, status);
    id
}

fn the_table_allows_exactly_these_transitions(shop: &Shop) {
    for from in STATUSES {
        for to in allowed(from) {
            let id = order_in(shop, from);
            let order = shop.admin().set_status(&id, to).expect(200);
            assert_eq!(order.s("status"), *to, "from {from}");
        }
    }
}

fn refused_transitions_change_nothing(shop: &Shop) {
    for from in STATUSES {
        let id = order_in(shop, from);
        for to in STATUSES.iter().filter(|to| !allowed(from).contains(to)) {
            shop.unchanged(&id, || drop(shop.admin().set_status(&id, to).problem(409)));
        }
    }
}
