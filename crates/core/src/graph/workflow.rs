//! From a lifecycle to its picture: the item's machine, the payment's, and the merchant's where there is one.

use super::{Edge, Graph, Machine, Node, Trigger};
use crate::workflow::{self, Audience, Delay, Policy, Side, State, Transition, Workflow};

/// Which machines are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machines {
    /// Every one.
    All,
    /// Each item's.
    Item,
    /// The order's payment.
    Payment,
    /// The merchant's side.
    Merchant,
}

/// Draws a workflow with its partner, in the words of an audience; where a state has none for it, in any other's.
pub fn of_workflow(of: &Workflow, partner: Option<&Workflow>, machines: Machines, audience: Audience) -> Graph {
    let wanted = |m: Machines| machines == Machines::All || machines == m;
    let is_merchant = of.kind == workflow::Kind::Merchant;
    let mut drawn = Vec::new();
    let own = if is_merchant { Machines::Merchant } else { Machines::Item };
    if wanted(own) {
        let (name, title) = match of.kind {
            workflow::Kind::Merchant => ("merchant", "The merchant's side"),
            workflow::Kind::Dispute => ("dispute", "Each dispute"),
            workflow::Kind::Order => ("item", "Each item"),
        };
        drawn.push(machine(name, title, &of.item, audience));
    }
    if let Some(payment) = of.payment.as_ref().filter(|_| wanted(Machines::Payment)) {
        drawn.push(machine("payment", "The order's payment", payment, Audience::Operator));
    }
    if let Some(partner) = partner.filter(|_| wanted(Machines::Merchant)) {
        drawn.push(machine("merchant", "The merchant's side of an item", &partner.item, Audience::Merchant));
    }
    if let Some(partner) = partner {
        let (item, merchant) = (&of.item, &partner.item);
        for machine in &mut drawn {
            match machine.name.as_str() {
                "item" => told_by(machine, merchant, Side::Item, "← merchant"),
                "merchant" => told_by(machine, item, Side::Merchant, "← item"),
                _ => {}
            }
        }
    }
    let short: String = of.version.chars().take(12).collect();
    Graph { title: of.title.clone(), subtitle: format!("{} · version {short}", of.name), machines: drawn }
}

fn machine(name: &str, title: &str, of: &workflow::Machine, audience: Audience) -> Machine {
    let mut drawn = Machine::new(name, title);
    drawn.nodes = of.states.iter().enumerate().map(|(n, s)| node(s, n == of.initial, audience)).collect();
    drawn.edges = transitions(of).into_iter().map(|(edge, _)| edge).collect();
    drawn.mark_happy_path();
    drawn
}

/// Says of events that nobody fires which machine sends them.
fn told_by(drawn: &mut Machine, other: &workflow::Machine, side: Side, words: &str) {
    let always = other.states.iter().flat_map(|s| s.always.iter().chain(s.after.iter().map(|a| &a.transition)));
    let on = other.states.iter().flat_map(|s| s.on.values().flatten());
    let sent: Vec<&str> =
        always.chain(on).flat_map(|t| &t.send).filter(|s| s.to == side).map(|s| s.event.as_str()).collect();
    for edge in &mut drawn.edges {
        if edge.by.is_empty() && edge.event.as_deref().is_some_and(|e| sent.contains(&e)) {
            edge.does.insert(0, words.to_owned());
        }
    }
}

fn node(state: &State, initial: bool, audience: Audience) -> Node {
    let unhappy = ["cancelled", "refunded", "failed", "expired"].iter().any(|t| state.has(t));
    // Payment states have no labels: their names, spelt out, must do.
    let label = state.labels.get(&audience).filter(|l| *l != "N/A").or_else(|| state.labels.values().next());
    Node {
        name: state.name.clone(),
        label: label.cloned().unwrap_or_else(|| spelt_out(&state.name)),
        shows_as: (!state.status.is_empty() && state.status != state.name).then(|| state.status.clone()),
        tags: state.tags.clone(),
        initial,
        is_final: state.is_final,
        unhappy,
        happy: false,
        invoke: state.invoke.as_ref().map(|i| i.effect.name().to_owned()),
        entry: state.entry.iter().map(action_name).collect(),
        live: None,
    }
}

fn action_name(action: &workflow::Action) -> String {
    workflow::Action::ALL.iter().find(|(_, a)| a == action).map_or("", |(n, _)| n).to_owned()
}

/// `checking_stock` → `Checking stock`.
fn spelt_out(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The transitions of a machine, each with how it is drawn.
pub(crate) fn transitions(of: &workflow::Machine) -> Vec<(Edge, &Transition)> {
    of.states.iter().enumerate().flat_map(|(from, state)| leaving(from, state)).collect()
}

fn leaving(from: usize, state: &State) -> Vec<(Edge, &Transition)> {
    let drawn = |t, trigger, event: Option<&String>| (Edge { event: event.cloned(), ..edge(from, t, trigger) }, t);
    let mut edges: Vec<(Edge, &Transition)> = Vec::new();
    if let Some(invoke) = &state.invoke {
        edges.push(drawn(&invoke.done, Trigger::Done, None));
        edges.push(drawn(&invoke.error, Trigger::Error, None));
    }
    edges.extend(state.always.iter().map(|t| drawn(t, Trigger::Always, None)));
    for (event, transitions) in &state.on {
        edges.extend(transitions.iter().map(|t| drawn(t, Trigger::Event, Some(event))));
    }
    edges.extend(state.after.iter().map(|a| drawn(&a.transition, Trigger::After(delay(a.delay)), None)));
    edges
}

fn delay(delay: Delay) -> String {
    match delay {
        Delay::Fixed(span) => span.to_string(),
        Delay::BusinessDays(1) => "1 business day".to_owned(),
        Delay::BusinessDays(days) => format!("{days} business days"),
        Delay::Policy(policy) => {
            Policy::ALL.iter().find(|(_, p)| *p == policy).map_or(String::new(), |(n, _)| n.replace('_', " "))
        }
    }
}

fn edge(from: usize, transition: &Transition, trigger: Trigger) -> Edge {
    let does = transition.send.iter().map(|send| {
        let to = match send.to {
            Side::Item => "item",
            Side::Merchant => "merchant",
        };
        format!("→ {to}.{}{}", send.event, if send.optional { "?" } else { "" })
    });
    Edge {
        from,
        to: transition.target,
        trigger,
        event: None,
        by: transition.by.iter().map(|p| p.name().to_owned()).collect(),
        guard: transition.guard.as_ref().map(ToString::to_string).map(|g| outer(&g)),
        requires: transition.requires.iter().map(|f| f.name().to_owned()).collect(),
        does: does.collect(),
        happy: false,
    }
}

/// Without the parentheses around the whole.
fn outer(guard: &str) -> String {
    let Some(inner) = guard.strip_prefix('(').and_then(|g| g.strip_suffix(')')) else { return guard.to_owned() };
    let mut depth = 0_i32;
    for c in inner.chars() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth < 0 {
            return guard.to_owned();
        }
    }
    inner.to_owned()
}
