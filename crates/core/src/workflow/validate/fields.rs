//! Fields that events carry and labels show: each can be supplied by somebody.

use super::graph::{exits, ways};
use super::{Check, Code, Complaint};
use crate::workflow::model::{Audience, Field, Machine, Party, State, Workflow};

/// What the columns of a merchant's CSV file carry. (A payment's carries money, and no field of an event.)
const IMPORTED: &[Field] = &[Field::TrackingNumber, Field::Carrier, Field::ExpectedBy];

/// Complains about required fields that nobody who may fire the event can give.
pub(super) fn required(check: &Check<'_>, out: &mut Vec<Complaint>) {
    for state in &check.machine.states {
        for exit in exits(state) {
            let t = exit.transition;
            let path = format!("{}.{}.requires", check.path(state), exit.path);
            let mut say = |message: String| {
                out.push(Complaint::on_line(Code::FieldNeverAvailable, t.line, path.clone(), message))
            };
            if t.requires.is_empty() {
                continue;
            }
            if t.by.is_empty() {
                say("nobody is asked for a field here: only another machine takes this transition; require it of the event that sends it".to_owned());
                continue;
            }
            if t.by.iter().any(|party| *party != Party::Import) {
                continue;
            }
            for field in t.requires.iter().filter(|field| check.is_payment() || !IMPORTED.contains(field)) {
                say(format!("only an import fires this, and its files have no column for `{}`", field.name()));
            }
        }
    }
}

/// Complains about labels that show a field which no way to their state supplies.
pub(super) fn shown(workflow: &Workflow, partner: Option<&Workflow>, out: &mut Vec<Complaint>) {
    let machine = &workflow.item;
    let ways = ways(machine);
    let leads = |from: usize, to: usize| from == to || ways[from][to];
    let delivers = |to: usize| (0..machine.states.len()).any(|n| machine.states[n].has("delivered") && leads(n, to));
    let asked = |to: usize| {
        machine
            .states
            .iter()
            .flat_map(exits)
            .any(|exit| asks(&exit.transition.requires) && leads(exit.transition.target, to))
    };
    // The partner's events carry it over; which of them leads where is not followed.
    let by_partner = partner.is_some_and(|p| requires_anywhere(&p.item));
    for (n, state) in machine.states.iter().enumerate() {
        for (audience, label) in labels(state) {
            let mut say = |placeholder: &str, why: &str| {
                let path = format!("item.states.{}.labels.{}", state.name, audience.name());
                let message = format!("shows `{placeholder}`, {why}");
                out.push(Complaint::on_line(Code::FieldNeverAvailable, state.line, path, message));
            };
            if label.contains("{delivered_on}") && !delivers(n) {
                say("{delivered_on}", "and no way leads here through a state with the tag `delivered`");
            }
            if label.contains("{expected_by}") && !asked(n) && !by_partner {
                say("{expected_by}", "and no event on any way here requires `expectedBy`");
            }
        }
    }
}

fn asks(fields: &[Field]) -> bool {
    fields.contains(&Field::ExpectedBy)
}

fn requires_anywhere(machine: &Machine) -> bool {
    machine.states.iter().flat_map(exits).any(|exit| asks(&exit.transition.requires))
}

fn labels(state: &State) -> impl Iterator<Item = (Audience, &str)> {
    state.labels.iter().map(|(audience, text)| (*audience, text.as_str()))
}
