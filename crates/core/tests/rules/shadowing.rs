//! History played once more: in its own version it leads to where the order stands, whatever was done; in another version it shows the first
//! point at which the two part.

use orderwright_core::decide::recall::{self, Record};
use orderwright_core::decide::replay::{Difference, Verdict, shadow};
use orderwright_core::workflow::{Effect, Sides, StateMap, Workflow, WorkflowSet, read, read_map};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::shop::{Shop, customer, held_until, line, merchant, operator, order_in, span};
use crate::walks::{METHODS, WORKFLOWS, step};

const RETAIL: &str = include_str!("../../../../workflows/retail.toml");
const MADE: &str = include_str!("../../../../workflows/made-to-order.toml");

/// What the timeline and the order recorded.
fn records(shop: &Shop) -> Vec<Record> {
    let told = shop.books.timeline.iter().map(|e| e.metadata.clone()).collect::<Vec<_>>();
    let mut records: Vec<Record> = told.iter().flat_map(|m| Record::of_entry(m).expect("readable")).collect();
    let waiting = Value::Array(shop.order.unrecorded.clone());
    records.extend(Vec::<Record>::deserialize(&waiting).expect("readable"));
    records
}

fn play(shop: &Shop, other: &Workflow, map: &str) -> Verdict {
    let own = Sides { workflow: &shop.workflow, partner: shop.partner.as_deref() };
    let set = WorkflowSet::shipped().expect("shipped");
    let other = Sides { workflow: other, partner: set.partner_of(other).map(std::sync::Arc::as_ref) };
    shadow(&shop.order, &records(shop), own, other, &read_map(map).expect("reads"))
}

fn edited(text: &str, from: &str, to: &str) -> Workflow {
    assert!(text.contains(from), "{from}");
    read(&text.replace(from, to)).expect("reads")
}

fn parted(verdict: Verdict) -> Difference {
    match verdict {
        Verdict::Other(difference) => difference,
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_history_leads_to_where_the_order_stands(
        workflow in 0usize..5, method in 0usize..5, window in any::<bool>(), reserved in any::<bool>(),
        lines in prop::collection::vec((1i64..3, 1i64..4), 1..4),
        steps in prop::collection::vec((any::<u8>(), 0usize..64, 0usize..64, 0i64..600), 1..40),
    ) {
        let lines: Vec<_> = lines.into_iter().map(|(m, q)| line(m, q)).collect();
        let placement = order_in(WORKFLOWS[workflow]).lines(&lines).method(METHODS[method]);
        let mut shop = crate::shop::Placement { reserved, ..placement }.cancel_window(if window { "2h" } else { "0m" }).place();
        if steps.len() % 5 > 0 {
            shop.run();
        }
        for s in steps {
            step(&mut shop, s);
        }
        let records = records(&shop);
        let own = Sides { workflow: &shop.workflow, partner: shop.partner.as_deref() };
        let verdict = shadow(&shop.order, &records, own, own, &StateMap::default());
        prop_assert_eq!(verdict, Verdict::Same { commands: records.len() });
    }
}

#[test]
fn records_hold_nothing_about_people() {
    let mut shop = order_in("made-to-order").go();
    shop.fire(&merchant(1), "confirm").fire(&merchant(1), "start_production").fire(&merchant(1), "dispatch");
    let text = serde_json::to_string(&records(&shop)).expect("JSON");
    for word in ["pm_card", "because", "T-1", "pigeon", "provider-1"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    assert!(text.contains("trackingNumber"), "{text}");
    assert!(shop.books.timeline.iter().all(|e| e.metadata.get(recall::KEY).is_none_or(Value::is_array)));
}

#[test]
fn a_hold_ends_when_the_provider_said() {
    for (lasts, waited) in [("2d", "36h"), ("20d", "10d")] {
        let mut shop = order_in("made-to-order").place();
        let end = shop.now.plus(span(lasts));
        shop.answer(Effect::Authorise, held_until(end));
        shop.wait(waited).fire(&merchant(1), "confirm");
        let verdict = play(&shop, &shop.workflow, "");
        assert_eq!(verdict, Verdict::Same { commands: records(&shop).len() }, "a hold of {lasts}");
    }
    let usual = order_in("made-to-order").go();
    let text = serde_json::to_string(&records(&usual)).expect("JSON");
    assert!(!text.contains("capture_before"), "nothing is kept of what was not said: {text}");
}

#[test]
fn a_version_that_forbids_it_is_told_at_the_event() {
    let mut shop = order_in("made-to-order").go();
    shop.fire(&merchant(1), "confirm").fire(&merchant(1), "start_production");
    let other = edited(
        MADE,
        "on.start_production = { target = \"in_production\", by = [\"merchant\", \"operator\"] }",
        "on.start_production = { target = \"in_production\", by = [\"operator\"] }",
    );
    let found = parted(play(&shop, &other, ""));
    assert_eq!(found.what, "`start_production` by merchant");
    assert_eq!((found.old.as_str(), found.new.as_str()), ("in_production", "confirmed"));
    assert!(found.refused.is_some_and(|why| why.contains("merchant may not do")));
}

#[test]
fn a_version_that_goes_elsewhere_is_told_where() {
    let mut shop = order_in("made-to-order").go();
    shop.wait("132h").fire(&merchant(1), "confirm");
    let other = edited(MADE, "after.\"30d\"", "after.\"5d\"");
    let found = parted(play(&shop, &other, ""));
    assert_eq!(found.what, "`confirm` by merchant", "{found:?}");
    assert_eq!((found.old.as_str(), found.new.as_str()), ("checking_stock", "voiding"), "its time was over");
    let mut cancelled = order_in("retail").go();
    cancelled
        .act(&customer(), orderwright_core::decide::Command::Fire(crate::shop::bare("cancelled")))
        .expect("possible");
    cancelled.run();
    let other = edited(
        RETAIL,
        "on.cancelled = { target = \"cancelled\", by = [\"customer\", \"operator\", \"retailer\"] }\nalways",
        "on.cancelled = { target = \"processing\", by = [\"customer\", \"operator\", \"retailer\"] }\nalways",
    );
    let found = parted(play(&cancelled, &other, ""));
    assert_eq!((found.old.as_str(), found.new.as_str(), found.refused), ("cancelled", "processing", None));
}

#[test]
fn other_names_are_the_same_way() {
    let mut shop = order_in("retail").go();
    shop.set_status(&operator(), "processing").expect("possible");
    let text = RETAIL
        .replace("item.states.processing", "item.states.picking")
        .replace("target = \"processing\"", "target = \"picking\"");
    let other = read(&text).expect("reads");
    assert_eq!(parted(play(&shop, &other, "")).new, "picking");
    let same = play(&shop, &other, "[item]\nprocessing = \"picking\"");
    assert_eq!(same, Verdict::Same { commands: records(&shop).len() });
}

#[test]
fn a_history_with_a_gap_is_not_guessed() {
    let mut shop = order_in("retail").go();
    shop.set_status(&operator(), "processing").expect("possible");
    shop.books.timeline.remove(0);
    let verdict = play(&shop.clone(), &shop.workflow.clone(), "");
    assert!(matches!(&verdict, Verdict::Unknown(why) if why.contains("before commands were recorded")), "{verdict:?}");
    let mut shop = order_in("retail").go();
    shop.set_status(&operator(), "processing").expect("possible");
    shop.books.timeline.pop();
    let verdict = play(&shop.clone(), &shop.workflow.clone(), "");
    assert!(matches!(&verdict, Verdict::Unknown(why) if why.contains("where the order stands")), "{verdict:?}");
}
