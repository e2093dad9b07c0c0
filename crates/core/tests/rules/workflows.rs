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

#[test]
fn guards_ask_amounts_units_and_words() {
    let big = "on.back = { target = \"waiting\", by = [\"operator\"] }\non.big = { target = \"told\", by = [\"operator\"], guard = 'order.total >= 20.00 EUR and item.quantity == 2 and shipping.country in [\"DE\", \"AT\"]' }";
    let operator = crate::shop::operator();
    let mut shop = shop(big);
    shop.fire(&operator, "big");
    assert_eq!(shop.status(), "told");
}

#[test]
fn a_guard_that_does_not_hold_says_on_what_facts() {
    let shop = shop(
        "always = { target = \"over\", guard = \"payment.captured\" }\non.big = { target = \"told\", by = [\"operator\"], guard = 'order.total >= 500.00 EUR and order.channel == \"test\"' }",
    );
    let said = shop.explain(&crate::shop::operator()).items.remove(0);
    let told: Vec<String> =
        said.events[0].facts.iter().map(|a| format!("{}: {}, {}", a.fact, a.value, a.holds)).collect();
    assert_eq!(told, ["order.total >= 500.00 EUR: 28.88 EUR, false", "order.channel == \"test\": test, true"]);
    assert_eq!(
        said.events[0].why_not.as_deref(),
        Some("(order.total >= 500.00 EUR and order.channel == \"test\") does not hold")
    );
    let waiting = &said.waits_for[0];
    assert_eq!((waiting.guard.as_str(), waiting.to.as_str()), ("payment.captured", "over"));
    assert_eq!((waiting.facts[0].value.as_str(), waiting.facts[0].holds), ("no", false));
}

#[test]
fn business_days_leave_out_weekends() {
    // The shop opens on a Sunday at noon: two business days are over on Tuesday at noon.
    let mut shop = shop("after.\"2bd\" = { target = \"over\", reason = \"nobody_came\" }");
    assert_eq!(shop.order.due_at().map(|due| due.to_string()).as_deref(), Some("2026-03-03T12:00:00Z"));
    assert!(shop.order.calendar.is_some(), "frozen where it counts");
    shop.wait("47h");
    assert_eq!(shop.status(), "waiting");
    shop.wait("1h");
    assert_eq!(shop.status(), "over");
    assert!(order_in("retail").go().order.calendar.is_none());
}

#[test]
fn a_timeout_tells_and_leaves_the_state_to_the_outcome() {
    let text = include_str!("../../../../workflows/retail.toml").replacen(
        "invoke = \"payment.charge\"",
        "invoke = \"payment.charge\"\ntimeout = \"30m\"",
        1,
    );
    let workflow: Arc<Workflow> = Arc::new(read(&text).unwrap_or_else(|c| panic!("{c:?}")));
    let tick = || (orderwright_core::actor::Actor::system(), orderwright_core::decide::Command::Tick);
    let mut shop = order_in("retail").place_in(workflow, None);
    assert_eq!(shop.explain(&crate::shop::operator()).payment.alert, shop.order.due_at());
    for minutes in [29, 1, 60] {
        shop.now = shop.now.plus(crate::shop::span(&format!("{minutes}m")));
        let (system, tick) = tick();
        shop.act(&system, tick).expect("timers never refuse");
        let told = usize::from(minutes != 29);
        assert_eq!((shop.emitted("payment.overdue"), shop.order.payment.state.as_str()), (told, "charging"));
        assert_eq!(shop.payment_status(), if told == 0 { "pending" } else { "in_doubt" });
    }
    assert_eq!(shop.order.due_at(), None, "told once");
    shop.run();
    assert_eq!(
        (shop.status(), shop.payment_status()),
        ("confirmed", "captured"),
        "the outcome counts whenever it comes"
    );
}
