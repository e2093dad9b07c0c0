//! The same seed gives the same report; what is certain in a scenario is certain in its report; every shipped lifecycle comes through with its books in order.

use super::*;
use crate::time::Span;
use crate::workflow::WorkflowSet;

const SHIPPED: [&str; 5] = ["made-to-order", "retail", "marketplace", "store-request", "marketplace-split"];

fn run(name: &str, scenario: &Scenario) -> Report {
    let set = WorkflowSet::shipped().expect("free of complaints");
    let workflow = set.get(name).expect("shipped");
    simulate(workflow, set.partner_of(workflow).map(|p| &**p), scenario, |_| {}).expect("a scenario that fits")
}

fn scenario(orders: u64) -> Scenario {
    Scenario { orders, ..Scenario::default() }
}

/// Nothing goes wrong and nobody changes their mind.
fn smooth(orders: u64) -> Scenario {
    Scenario { decline: 0.0, no_show: 0.0, cancel: 0.0, refund: 0.0, ..scenario(orders) }
}

fn end<'r>(report: &'r Report, state: &str) -> Option<&'r End> {
    report.ends.iter().find(|e| e.state == state)
}

fn flow(report: &Report, machine: &str, from: &str, to: &str) -> u64 {
    let of = |f: &&Flow| f.machine == machine && f.from == from && f.to == to;
    report.flows.iter().filter(of).map(|f| f.count).sum()
}

fn stay<'r>(report: &'r Report, machine: &str, state: &str) -> &'r Stay {
    report.states.iter().find(|s| s.machine == machine && s.state == state).expect("a state")
}

#[test]
fn all_goes_well() {
    for (name, last) in SHIPPED.iter().zip(["delivered", "delivered", "completed", "completed", "closed"]) {
        let report = run(name, &smooth(20));
        assert_eq!(report.ends.len(), 1, "{name}: {:?}", report.ends);
        assert_eq!(end(&report, last).map(|e| (e.items, e.percent)), Some((report.items, 100.0)), "{name}");
        assert_eq!(report.money.captured, report.money.ordered, "{name}");
        assert_eq!((report.money.refunded, report.money.still_held), (0, 0), "{name}");
        assert!(report.refused.is_empty(), "{name}: {:?}", report.refused);
    }
}

#[test]
fn what_happens_is_counted_once() {
    for name in SHIPPED {
        let busy = Scenario { offline: 0.2, doubt: 0.2, decline: 0.2, cancel: 0.2, refund: 0.2, ..scenario(60) };
        let report = run(name, &busy);
        assert_eq!(report.audit, Audit::default(), "{name}");
        assert_eq!((report.orders, report.ends.iter().map(|e| e.items).sum::<u64>()), (60, report.items));
        // What came into a state of the items went out of it, or is there.
        for state in report.states.iter().filter(|s| s.machine == "item") {
            let sum = |pick: fn(&Flow) -> &str| -> u64 {
                let flows = report.flows.iter().filter(|f| f.machine == "item" && pick(f) == state.state);
                flows.map(|f| f.count).sum()
            };
            let first = if state.state == report.flows[0].from { report.items } else { 0 };
            assert_eq!(sum(|f| &f.to) + first, sum(|f| &f.from) + state.left, "{name}: {state:?}");
            assert!(state.peak >= state.left, "{name}: {state:?}");
        }
        assert!(report.money.refunded > 0 && report.money.refunded <= report.money.captured, "{name}");
    }
}

#[test]
fn the_seed_decides() {
    let report = run("marketplace-split", &scenario(30));
    assert_eq!(report, run("marketplace-split", &scenario(30)));
    assert_ne!(report.flows, run("marketplace-split", &Scenario { seed: 2, ..scenario(30) }).flows);
    // An order's luck is its own: more orders leave the earlier ones as they were.
    let (few, more) = (run("retail", &smooth(10)), run("retail", &smooth(20)));
    assert!(more.items > few.items && more.decisions > few.decisions);
}

#[test]
fn what_is_certain_happens() {
    let declined = run("made-to-order", &Scenario { decline: 1.0, ..smooth(20) });
    assert_eq!(flow(&declined, "payment", "authorising", "failed"), 20);
    assert_eq!(end(&declined, "cancelled").map(|e| e.percent), Some(100.0));
    assert_eq!(declined.money.captured, 0);

    let nobody = run("marketplace-split", &Scenario { no_show: 1.0, ..smooth(20) });
    let left = end(&nobody, "sent_to_merchant").expect("left behind");
    assert!(!left.is_final && left.items == nobody.items);
    assert_eq!(nobody.money.kept_unshipped, nobody.money.captured);

    let merchants = [("merchant".to_owned(), 1.0)].into();
    let idle = run("marketplace", &Scenario { no_shows: merchants, ..smooth(20) });
    assert_eq!(stay(&idle, "item", "pending").left, idle.items);

    let refuse = Scenario { rates: [("refuse".to_owned(), 1.0)].into(), ..smooth(20) };
    assert_eq!(end(&run("made-to-order", &refuse), "cancelled").map(|e| e.percent), Some(100.0));

    let lost = run("retail", &Scenario { doubt: 1.0, ..smooth(20) });
    assert_eq!(end(&lost, "delivered").map(|e| e.percent), Some(100.0));

    let refunded = run("retail", &Scenario { refund: 1.0, ..smooth(40) });
    assert!(refunded.money.refunded > 0 && end(&refunded, "refunded").is_some());
}

#[test]
fn delays_are_what_was_asked_for() {
    let days = |d: i64| Span::seconds(d * 86_400);
    let delays =
        [("shipped".to_owned(), Delay::Between(days(2), days(5))), ("delivered".to_owned(), Delay::Fixed(days(1)))];
    let report = run("retail", &Scenario { delays: delays.into(), ..smooth(200) });
    let processing = stay(&report, "item", "processing");
    let (least, most) = (processing.median_seconds.expect("stays"), processing.max_seconds.expect("stays"));
    assert!(2 * 86_400 <= least && most <= 5 * 86_400, "{processing:?}");
    assert!((3 * 86_400..4 * 86_400).contains(&least), "the median is near the middle: {processing:?}");
    let shipped = stay(&report, "item", "shipped");
    assert_eq!((shipped.median_seconds, shipped.max_seconds), (Some(86_400), Some(86_400)));
    let timer = run("marketplace-split", &smooth(5));
    assert_eq!(stay(&timer, "item", "delivered").median_seconds, Some(30 * 86_400), "the return window");
}

#[test]
fn an_end_leaves_orders_where_they_are() {
    let report = run(
        "retail",
        &Scenario { until: Some(Span::seconds(10 * 86_400)), over: Span::seconds(9 * 86_400), ..smooth(50) },
    );
    assert!(report.lasted_seconds <= 10 * 86_400);
    assert!(report.ends.iter().any(|e| !e.is_final), "{:?}", report.ends);
}

#[test]
fn names_that_do_not_exist_are_told() {
    let set = WorkflowSet::shipped().expect("free of complaints");
    let retail = set.get("retail").expect("shipped");
    let told = |scenario: Scenario| simulate(retail, None, &scenario, |_| {}).expect_err("wrong").to_string();
    let rates = [("shiped".to_owned(), 0.1)].into();
    assert!(
        told(Scenario { rates, ..scenario(1) }).contains("no event that somebody fires `shiped`; it has cancelled, ")
    );
    let declines = [("payment.capture".to_owned(), 0.1)].into();
    assert!(
        told(Scenario { declines, ..scenario(1) }).contains("decline: the workflow has no effect `payment.capture`")
    );
    let delays = [("confirm".to_owned(), Delay::Fixed(Span::ZERO))].into();
    assert!(told(Scenario { delays, ..scenario(1) }).starts_with("delay: "));
    assert_eq!(told(Scenario { cancel: 1.5, ..scenario(1) }), "cancel must be between 0% and 100%");
    assert_eq!(told(scenario(0)), "orders must be at least 1");
    let merchant = set.get("merchant").expect("shipped");
    assert!(matches!(simulate(merchant, None, &scenario(1), |_| {}), Err(Fault::MerchantSide(_))));
}

#[test]
fn delays_read_and_write() {
    for text in ["2d", "2d..5d", "~36h"] {
        assert_eq!(Delay::parse(text).map(|d| d.to_string()).as_deref(), Some(text));
    }
    for text in ["", "5d..2d", "2", "~", "d..2d", "2d.."] {
        assert_eq!(Delay::parse(text), None, "{text}");
    }
}
