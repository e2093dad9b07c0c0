//! What a workflow may say that the shipped ones do not: several timers, guarded timers, machines that never rest.

use std::sync::Arc;

use orderwright_core::workflow::{Workflow, read};

use crate::shop::{Shop, order_in};

/// A workflow whose one interesting state says `lines`; the payment is there at once.
fn shop(lines: &str) -> Shop {
    let text = format!(
        r#"
name = "own"
title = "Own"
statuses = ["waiting", "told", "over", "cancelled"]
[item]
initial = "waiting"
[item.states.waiting]
status = "waiting"
labels = {{ operator = "w", merchant = "w", customer = "w" }}
{lines}
[item.states.told]
status = "told"
labels = {{ operator = "t", merchant = "t", customer = "t" }}
on.back = {{ target = "waiting", by = ["operator"] }}
on.end = {{ target = "over", by = ["operator"] }}
[item.states.over]
status = "over"
tags = ["shipped"]
entry = ["stock.ship"]
labels = {{ operator = "o", merchant = "o", customer = "o" }}
final = true
[payment]
initial = "start"
[payment.states.start]
tags = ["awaiting"]
on.pay = {{ target = "received", by = ["operator"] }}
final = true
[payment.states.received]
tags = ["captured"]
entry = ["payment.record"]
final = true
"#
    );
    let workflow: Arc<Workflow> = Arc::new(read(&text).unwrap_or_else(|c| panic!("{c:?}")));
    order_in("retail").method("pm_offline").place_in(workflow, None)
}

#[test]
fn each_timer_at_its_own_time() {
    let mut shop = shop("after.\"2d\" = { target = \"over\" }\nafter.\"1d\" = { target = \"told\" }");
    shop.wait("23h");
    assert_eq!(shop.status(), "waiting");
    shop.wait("1h");
    assert_eq!(shop.status(), "told", "the one that is due, not the one that is written first");
    shop.wait("12h");
    shop.fire(&crate::shop::operator(), "back");
    // The first timer was over at once: it counts from the first entry.
    assert_eq!(shop.status(), "told");
}

#[test]
fn a_timer_whose_guard_does_not_hold_waits_for_it() {
    let mut shop = shop(
        "after.\"1d\" = { target = \"told\", guard = \"payment.captured\" }\non.end = { target = \"over\", by = [\"operator\"] }",
    );
    shop.wait("1d");
    assert_eq!((shop.status(), shop.order.due_at()), ("waiting", None), "nothing is due: nobody need look again");
    shop.fire(&crate::shop::operator(), "pay");
    assert_eq!(shop.status(), "told", "as soon as it holds");
}

#[test]
fn a_blocked_timer_does_not_hide_a_later_one() {
    let mut shop = shop(
        "after.\"1d\" = { target = \"told\", guard = \"payment.captured\" }\nafter.\"2d\" = { target = \"over\" }",
    );
    shop.wait("1d");
    assert_eq!(
        (shop.status(), shop.order.due_at()),
        ("waiting", Some(shop.order.created_at.plus(crate::shop::span("2d"))))
    );
    let said = shop.explain(&crate::shop::operator()).items[0].timer.clone();
    assert_eq!(said, Some((shop.order.created_at.plus(crate::shop::span("2d")), "over".to_owned())));
    shop.wait("1d");
    assert_eq!(shop.status(), "over");
}
