//! The happy paths of the shipped lifecycles, and that hostile names stay text in every form.

use super::*;
use crate::workflow::{Audience, WorkflowSet};

fn drawn(name: &str) -> Graph {
    let set = WorkflowSet::shipped().expect("free of complaints");
    let workflow = set.get(name).expect("shipped");
    of_workflow(workflow, set.partner_of(workflow).map(|p| &**p), Machines::All, Audience::Operator)
}

fn happy(machine: &Machine) -> Vec<&str> {
    machine.nodes.iter().filter(|n| n.happy).map(|n| n.name.as_str()).collect()
}

#[test]
fn happy_paths() {
    let made = drawn("made-to-order");
    let item = ["pending", "payment_authorised", "accepted", "confirmed", "in_production", "dispatched", "delivered"];
    assert_eq!(happy(&made.machines[0]), item);
    let payment = ["authorising", "authorised", "checking_stock", "capturing", "transferring", "captured"];
    assert_eq!(happy(&made.machines[1]), payment);
    let split = drawn("marketplace-split");
    assert_eq!(split.machines.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["item", "payment", "merchant"]);
    let item = ["new", "paid", "sent_to_merchant", "shipped_by_merchant", "delivered", "closed"];
    assert_eq!(happy(&split.machines[0]), item);
    assert_eq!(happy(&split.machines[2]), ["new", "shipped", "delivered", "closed"]);
    assert_eq!(happy(&drawn("retail").machines[1]), ["start", "charging", "captured"]);
    assert_eq!(happy(&drawn("store-request").machines[0]), ["received", "accepting", "accepted", "completed"]);
}

#[test]
fn marked_transitions_are_the_happy_path() {
    let mut machine = Machine::new("item", "Each item");
    let (a, b, c) = (machine.state("a"), machine.state("b"), machine.state("c"));
    machine.nodes[c].is_final = true;
    let edge = |from, to, happy| Edge { from, to, happy, ..Edge::default() };
    machine.edges = vec![edge(a, c, false), edge(a, b, true), edge(b, c, true)];
    machine.mark_happy_path();
    assert_eq!(happy(&machine), ["a", "b", "c"]);
    machine.edges.iter_mut().for_each(|e| e.happy = false);
    machine.mark_happy_path();
    assert_eq!(happy(&machine), ["a", "c"]);
}

#[test]
fn coupled_machines_say_who_tells_whom() {
    let split = drawn("marketplace-split");
    let text = |machine: usize, event: &str| {
        let edges = &split.machines[machine].edges;
        edges.iter().find(|e| e.event.as_deref() == Some(event)).expect("declared").text()
    };
    assert_eq!(text(0, "ship"), "ship, ← merchant");
    assert_eq!(text(2, "ship"), "ship (merchant, import) with expectedBy, → item.ship");
    assert_eq!(text(2, "withdraw"), "withdraw, ← item");
}

#[test]
fn every_state_and_event_is_in_every_form() {
    for name in ["made-to-order", "retail", "marketplace", "store-request", "marketplace-split", "merchant"] {
        let graph = drawn(name);
        let (svg, mermaid, dot) = (svg(&graph), mermaid(&graph), dot(&graph));
        for machine in &graph.machines {
            for node in &machine.nodes {
                for word in node.label.split([' ', '{', '}', ',']).filter(|w| w.chars().all(char::is_alphanumeric)) {
                    assert!(svg.contains(word) && mermaid.contains(word) && dot.contains(word), "{name}: {word}");
                }
            }
            for event in machine.edges.iter().filter_map(|e| e.event.as_deref()) {
                assert!(svg.contains(event) && mermaid.contains(event) && dot.contains(event), "{name}: {event}");
            }
        }
    }
}

#[test]
fn one_machine_alone() {
    let set = WorkflowSet::shipped().expect("free of complaints");
    let split = set.get("marketplace-split").expect("shipped");
    for (machines, name) in [(Machines::Item, "item"), (Machines::Payment, "payment"), (Machines::Merchant, "merchant")]
    {
        let graph = of_workflow(split, set.partner_of(split).map(|p| &**p), machines, Audience::Operator);
        assert_eq!(graph.machines.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), [name]);
    }
}

#[test]
fn hostile_names_stay_text() {
    let hostile = "</text><script>alert(\"1\")</script> --> [*] %%{init} \\\" ; : \u{0}";
    let mut machine = Machine::new("item", hostile);
    let a = machine.state(hostile);
    let b = machine.state("");
    let event = Some(hostile.to_owned());
    machine.edges.push(Edge { from: a, to: b, event: event.clone(), by: vec![hostile.to_owned()], ..Edge::default() });
    machine.edges.push(Edge { from: a, to: a, event, guard: Some(hostile.to_owned()), ..Edge::default() });
    // An edge into nothing is left out.
    machine.edges.push(Edge { from: a, to: 99, ..Edge::default() });
    machine.mark_happy_path();
    let graph = Graph { title: hostile.to_owned(), subtitle: hostile.to_owned(), machines: vec![machine] };
    let svg = svg(&graph);
    assert!(!svg.contains("<script") && !svg.contains('\0') && !svg.contains("</text><s"), "{svg}");
    let mermaid = mermaid(&graph);
    let statements = mermaid.lines().skip(3).filter(|l| l.contains("-->")).count();
    assert_eq!(statements, 2, "{mermaid}");
    assert!(!mermaid.lines().skip(3).any(|l| l.contains("%%")), "{mermaid}");
    let dot = dot(&graph);
    assert_eq!(dot.lines().filter(|l| l.contains(" -> ")).count(), 2, "{dot}");
}

#[test]
fn ages_are_summed_up() {
    let live = Live::of([5, 1, 9].map(|d| Span::seconds(d * 86_400)).to_vec());
    assert_eq!((live.count, live.oldest.to_string(), live.median.to_string()), (3, "9d".to_owned(), "5d".to_owned()));
    assert_eq!(Live::of(Vec::new()), Live { count: 0, oldest: Span::ZERO, median: Span::ZERO });
}
