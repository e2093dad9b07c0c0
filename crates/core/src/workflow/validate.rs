//! The checks of a whole workflow: what no single key shows. They run when a file is loaded, so that no order meets what they find.
//!
//! Here: statuses, events and the walk through each machine. `automatic` looks for rounds that would never end, `choice` at which of
//! several transitions is taken, `fields` at what events carry and labels show, `tags` at what states say of themselves, `coupling` at the two machines of an item together. What
//! only shows when machines run together is not here: `explore` walks them.

mod automatic;
mod choice;
mod coupling;
mod fields;
pub(super) mod graph;
mod tags;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::code::Code;
use super::complaint::{Complaint, listed};
use super::guard::{Fact, Guard};
use super::model::{Action, Kind, Machine, State, Transition, Workflow};
use graph::{Cause, exits};

pub(super) use coupling::coupling;

/// Checks the workflow with the one that it is coupled to: for an order's workflow the merchant's that it names as its partner, for a
/// merchant's an order's that names it, or `None` to check it alone. Complaints about the other file say so in their path.
pub fn validate(workflow: &Workflow, partner: Option<&Workflow>) -> Vec<Complaint> {
    let mut out = Vec::new();
    statuses(workflow, &mut out);
    tags::rules(workflow, &mut out);
    named_events(workflow, &mut out);
    for (scope, machine) in machines(workflow) {
        let check = Check { workflow, scope, machine };
        check.states(&mut out);
        automatic::rounds(&check, &mut out);
        fields::required(&check, &mut out);
    }
    coupling::partner(workflow, partner, &mut out);
    fields::shown(workflow, partner, &mut out);
    out.sort();
    out.dedup();
    out
}

/// The machines of a workflow, by the keys that they stand under.
fn machines(workflow: &Workflow) -> impl Iterator<Item = (&'static str, &Machine)> {
    let own = if workflow.kind == Kind::Dispute { "dispute" } else { "item" };
    std::iter::once((own, &workflow.item)).chain(workflow.payment.as_ref().map(|p| ("payment", p)))
}

fn statuses(workflow: &Workflow, out: &mut Vec<Complaint>) {
    for status in &workflow.statuses {
        if !workflow.item.states.iter().any(|s| s.status == *status) {
            out.push(on_key(
                Code::UnusedStatus,
                workflow,
                "statuses",
                format!("no state shows the status `{status}`; leave it out or give it to a state"),
            ));
        }
    }
}

fn named_events(workflow: &Workflow, out: &mut Vec<Complaint>) {
    for (key, event) in [("cancel_event", &workflow.cancel_event), ("ship_event", &workflow.ship_event)] {
        if let Some(event) = event
            && !workflow.item.knows_event(event)
        {
            let message =
                format!("no state of an item knows the event `{event}`; known: {}", listed(&events(&workflow.item)));
            out.push(on_key(Code::UnknownEvent, workflow, key, message));
        }
    }
}

/// A complaint about a key at the top of the file.
fn on_key(code: Code, workflow: &Workflow, key: &str, message: String) -> Complaint {
    Complaint::on_line(code, workflow.lines.get(key).copied().unwrap_or(1), key, message)
}

/// Every event of the machine once, in the order of the alphabet.
fn events(machine: &Machine) -> Vec<&str> {
    let mut out: Vec<&str> = machine.states.iter().flat_map(|s| s.on.keys().map(String::as_str)).collect();
    out.sort_unstable();
    out.dedup();
    out
}

/// Every fact that the guard asks about.
pub(super) fn facts(guard: &Guard) -> Vec<&Fact> {
    match guard {
        Guard::Fact(fact) => vec![fact],
        Guard::Not(a) => facts(a),
        Guard::And(a, b) | Guard::Or(a, b) => [facts(a), facts(b)].concat(),
    }
}

/// One machine under its checks.
struct Check<'w> {
    workflow: &'w Workflow,
    scope: &'static str,
    machine: &'w Machine,
}

impl Check<'_> {
    fn is_payment(&self) -> bool {
        self.scope == "payment"
    }

    /// `item.states.paid`.
    fn path(&self, state: &State) -> String {
        format!("{}.states.{}", self.scope, state.name)
    }

    fn states(&self, out: &mut Vec<Complaint>) {
        let reached = graph::reached(self.machine);
        let ending = graph::ending(self.machine);
        if !self.machine.states.iter().any(|s| s.is_final) {
            let line = self.workflow.lines.get(self.scope).copied().unwrap_or(1);
            out.push(Complaint::on_line(
                Code::Trap,
                line,
                self.scope,
                "no state is `final`, so nothing could ever be over",
            ));
        }
        for (i, state) in self.machine.states.iter().enumerate() {
            let mut say =
                |code, message: String| out.push(Complaint::on_line(code, state.line, self.path(state), message));
            if !reached[i] {
                let first = &self.machine.states[self.machine.initial].name;
                say(Code::UnreachableState, format!("nothing leads here from the first state `{first}`"));
            }
            if !state.is_final && exits(state).next().is_none() {
                say(Code::Trap, "there is no way out; add one, or say `final = true`".to_owned());
            } else if !ending[i] && self.machine.states.iter().any(|s| s.is_final) {
                say(Code::Trap, "no final state can be reached from here".to_owned());
            }
            if state.invoke.is_some() && exits(state).any(|exit| exit.cause != Cause::Outcome) {
                say(Code::CompetingTriggers, "a state is left only by the outcome of its `invoke`, so any other exit would never be taken; move it to the states that `on.done` and `on.error` lead to".to_owned());
            }
            self.entry(state, out);
            choice::rules(self, state, out);
            for exit in exits(state) {
                let path = format!("{}.{}", self.path(state), exit.path);
                self.transition(exit.transition, &path, out);
            }
        }
    }

    fn entry(&self, state: &State, out: &mut Vec<Complaint>) {
        let mut say = |message: &str| {
            out.push(Complaint::on_line(Code::WrongAction, state.line, format!("{}.entry", self.path(state)), message))
        };
        for action in &state.entry {
            if self.workflow.kind == Kind::Dispute {
                say("a dispute moves no stock, money or item by itself: its decisions do, within their bounds");
                continue;
            }
            let of_payment = *action == Action::RecordPayment;
            if of_payment != self.is_payment() {
                say(if of_payment {
                    "`payment.record` stands in the payment's machine; an item takes no money"
                } else {
                    "only `payment.record` stands in the payment's machine; the other actions are an item's"
                });
            } else if *action == Action::SendToMerchant && self.workflow.partner.is_none() {
                say("`merchant.send` starts the partner's machine, and this workflow names no `partner`");
            }
        }
    }

    fn transition(&self, t: &Transition, path: &str, out: &mut Vec<Complaint>) {
        for fact in t.guard.iter().flat_map(|g| facts(g)) {
            if self.workflow.kind == Kind::Dispute && !matches!(fact, Fact::Compare(c) if c.subject.of_order()) {
                let message = format!("`{fact}` asks about a payment or an item, and a dispute is of neither");
                out.push(Complaint::on_line(Code::FactNeverHolds, t.line, format!("{path}.guard"), message));
                continue;
            }
            if let Some(message) = self.fact(fact) {
                out.push(Complaint::on_line(Code::FactNeverHolds, t.line, format!("{path}.guard"), message));
            }
        }
    }

    /// What is wrong with asking for this fact here. A merchant's workflow asks about machines of the order's, and `coupling` looks there.
    fn fact(&self, fact: &Fact) -> Option<String> {
        match fact {
            Fact::ItemFullyRefunded | Fact::LateCancellation if self.is_payment() => {
                Some(format!("`{fact}` is about one item, and the payment is of the whole order"))
            }
            _ if self.workflow.kind == Kind::Merchant => None,
            _ => untagged(self.workflow, fact),
        }
    }
}

/// What is wrong with a fact about a tag that no state of that machine carries.
fn untagged(workflow: &Workflow, fact: &Fact) -> Option<String> {
    let (machine, whose, tag) = match fact {
        Fact::Payment(tag) => (workflow.payment.as_ref()?, "the payment", tag),
        Fact::AllItems(tag) | Fact::AnyItem(tag) => (&workflow.item, "an item", tag),
        _ => return None,
    };
    if machine.states.iter().any(|s| s.has(tag)) {
        return None;
    }
    let carried: BTreeSet<&str> = machine.states.iter().flat_map(|s| s.tags.iter().map(String::as_str)).collect();
    let carried: Vec<&str> = carried.into_iter().collect();
    Some(format!("`{fact}` never holds: no state of {whose} carries `{tag}`; carried: {}", listed(&carried)))
}
