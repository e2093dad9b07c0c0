//! What states say of themselves by their status and their tags, held against where they stand in the machine.

use super::graph::{exits, ways};
use super::{Code, Complaint, on_key};
use crate::workflow::model::{Machine, Party, State, Workflow};

/// The event by which a customer pays again.
const RETRY: &str = "retry";

/// Complains about statuses and tags.
pub(super) fn rules(workflow: &Workflow, out: &mut Vec<Complaint>) {
    order_of_statuses(workflow, out);
    payable(workflow, out);
    delivered(&workflow.item, out);
}

/// An order shows the least advanced status of its items, so the list says which that is. Where items come from one to another and never
/// back, it must agree.
fn order_of_statuses(workflow: &Workflow, out: &mut Vec<Complaint>) {
    let machine = &workflow.item;
    let ways = ways(machine);
    let of = |status: &str| -> Vec<usize> {
        (0..machine.states.len()).filter(|&n| machine.states[n].status == status).collect()
    };
    // Items that are off the order are compared with each other only.
    let alike = |a: usize, b: usize| machine.states[a].has("cancelled") == machine.states[b].has("cancelled");
    let leads = |from: &[usize], to: &[usize]| from.iter().any(|&a| to.iter().any(|&b| alike(a, b) && ways[a][b]));
    for (n, later) in workflow.statuses.iter().enumerate() {
        let later_states = of(later);
        for earlier in &workflow.statuses[..n] {
            let earlier_states = of(earlier);
            if leads(&later_states, &earlier_states) && !leads(&earlier_states, &later_states) {
                let message = format!(
                    "`{earlier}` stands before `{later}`, and items go from `{later}` to `{earlier}` and never back: an order shows its least advanced item, so list the statuses as items go through them"
                );
                out.push(on_key(Code::StatusOrder, workflow, "statuses", message));
            }
        }
    }
}

/// A customer who may pay again is told so by the tag.
fn payable(workflow: &Workflow, out: &mut Vec<Complaint>) {
    let again = |s: &&State| s.on.get(RETRY).into_iter().flatten().any(|t| t.by.contains(&Party::Customer));
    let states = workflow.payment.iter().flat_map(|machine| &machine.states);
    for state in states.filter(again).filter(|s| !s.has("payable")) {
        let message = format!("the customer may fire `{RETRY}` here: say so by the tag `payable`");
        out.push(Complaint::on_line(
            Code::MissingTag,
            state.line,
            format!("payment.states.{}.tags", state.name),
            message,
        ));
    }
}

/// What was delivered stays so: an end that is only reached from delivered states is one, unless the item is off the order.
fn delivered(machine: &Machine, out: &mut Vec<Complaint>) {
    for (n, state) in machine.states.iter().enumerate() {
        let before = || machine.states.iter().filter(|s| exits(s).any(|exit| exit.transition.target == n));
        let off = state.has("cancelled") || state.has("refunded");
        let ends = state.is_final && !off && !state.has("delivered") && n != machine.initial;
        if ends && before().next().is_some() && before().all(|s| s.has("delivered")) {
            let message = "items only come here from states with the tag `delivered`: carry it on, so that the order counts as delivered".to_owned();
            out.push(Complaint::on_line(
                Code::MissingTag,
                state.line,
                format!("item.states.{}.tags", state.name),
                message,
            ));
        }
    }
}
