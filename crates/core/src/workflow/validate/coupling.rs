//! The two machines of an item together: the order's and the merchant's, which send each other events.
//!
//! A merchant's workflow may serve several orders' workflows, so an event of its that one of them never sends is no mistake.

use std::collections::BTreeSet;

use super::graph::exits;
use super::{Code, Complaint, events, facts, on_key, untagged};
use crate::workflow::complaint::listed;
use crate::workflow::model::{Action, DISPUTE_EVENTS, Kind, Machine, Side, Workflow};

/// Checks a workflow against its partner, and against itself where it sends.
pub(super) fn partner(workflow: &Workflow, partner: Option<&Workflow>, out: &mut Vec<Complaint>) {
    directions(workflow, out);
    declared_twice(workflow, partner, out);
    match (workflow.kind, workflow.partner.as_deref(), partner) {
        (Kind::Dispute, _, _) => of_dispute(workflow, out),
        (Kind::Merchant, _, None) => {}
        (Kind::Merchant, _, Some(order)) => {
            let found = coupling(order, workflow);
            out.extend(found.into_iter().map(|(side, c)| if side == Side::Item { c.in_file(&order.name) } else { c }));
        }
        (Kind::Order, None, _) => unfired(workflow, None, out),
        (Kind::Order, Some(name), None) => {
            out.push(on_key(
                Code::WrongPartner,
                workflow,
                "partner",
                format!("there is no workflow `{name}`; load the merchant's workflow first"),
            ));
        }
        (Kind::Order, Some(name), Some(merchant)) if merchant.kind != Kind::Merchant => {
            let message = format!("`{name}` is an order's workflow; a partner says kind = \"merchant\"");
            out.push(on_key(Code::WrongPartner, workflow, "partner", message));
        }
        (Kind::Order, Some(_), Some(merchant)) => {
            let found = coupling(workflow, merchant);
            out.extend(
                found.into_iter().map(|(side, c)| if side == Side::Merchant { c.in_file(&merchant.name) } else { c }),
            );
        }
    }
}

/// What does not fit between an order's workflow and a merchant's, and in which of the two files it stands.
pub(in super::super) fn coupling(order: &Workflow, merchant: &Workflow) -> Vec<(Side, Complaint)> {
    let mut of_order = Vec::new();
    let mut of_merchant = Vec::new();
    unknown_events(&order.item, Side::Merchant, &merchant.item, &merchant.name, &mut of_order);
    unknown_events(&merchant.item, Side::Item, &order.item, &order.name, &mut of_merchant);
    unfired(order, Some(merchant), &mut of_order);
    // A merchant's guards ask about the order that its item is in.
    for (path, line, guard) in guards(&merchant.item) {
        for message in facts(guard).into_iter().filter_map(|fact| untagged(order, fact)) {
            of_merchant.push(Complaint::on_line(
                Code::FactNeverHolds,
                line,
                path.clone(),
                format!("with `{}`: {message}", order.name),
            ));
        }
    }
    if !order.item.states.iter().any(|s| s.entry.contains(&Action::SendToMerchant)) {
        let message =
            format!("no state has the entry action `merchant.send`, so `{}` would never start", merchant.name);
        of_order.push(on_key(Code::WrongPartner, order, "partner", message));
    }
    let of_order = of_order.into_iter().map(|c| (Side::Item, c));
    of_order.chain(of_merchant.into_iter().map(|c| (Side::Merchant, c))).collect()
}

/// Events of the payment that a party may fire at an item's machine, or at the merchant's, too: those are asked first, and always.
fn declared_twice(workflow: &Workflow, partner: Option<&Workflow>, out: &mut Vec<Complaint>) {
    let Some(payment) = &workflow.payment else { return };
    let items = [Some((&workflow.item, "an item's machine")), partner.map(|p| (&p.item, "the merchant's machine"))];
    for state in &payment.states {
        for exit in exits(state) {
            let Some(event) = exit.event else { continue };
            for (machine, whose) in items.into_iter().flatten() {
                let both: Vec<&str> =
                    exit.transition.by.iter().filter(|&&p| machine.lets(p, event)).map(|p| p.name()).collect();
                if !both.is_empty() {
                    let message = format!(
                        "{} can fire `{event}` at {whose} too, which always gets it instead; give one of the two another name",
                        both.join(", ")
                    );
                    let path = format!("payment.states.{}.{}", state.name, exit.path);
                    out.push(Complaint::on_line(Code::EventDeclaredTwice, exit.transition.line, path, message));
                }
            }
        }
    }
}

/// Each side sends to the other, and only if there is another. (Payments cannot send at all; the reader sees to that.)
fn directions(workflow: &Workflow, out: &mut Vec<Complaint>) {
    for state in &workflow.item.states {
        for exit in exits(state) {
            for send in &exit.transition.send {
                let message = match (workflow.kind, send.to) {
                    (Kind::Dispute, _) => "a dispute is coupled to no other machine".to_owned(),
                    (Kind::Order, Side::Merchant) if workflow.partner.is_some() => continue,
                    (Kind::Merchant, Side::Item) => continue,
                    (Kind::Order, Side::Merchant) => {
                        format!("`merchant.{}` has no machine to go to: this workflow names no `partner`", send.event)
                    }
                    (Kind::Order, Side::Item) => {
                        format!("`item.{}` would go to the machine that sends it; send to merchant.<event>", send.event)
                    }
                    (Kind::Merchant, Side::Merchant) => {
                        format!("`merchant.{}` would go to the machine that sends it; send to item.<event>", send.event)
                    }
                };
                out.push(Complaint::on_line(
                    Code::WrongSend,
                    exit.transition.line,
                    format!("item.states.{}.{}.send", state.name, exit.path),
                    message,
                ));
            }
        }
    }
}

/// A dispute's events without a party are the engine's, and it knows its own only.
fn of_dispute(workflow: &Workflow, out: &mut Vec<Complaint>) {
    for state in &workflow.item.states {
        for exit in exits(state) {
            let Some(event) = exit.event else { continue };
            let engine = DISPUTE_EVENTS.iter().any(|(name, _)| *name == event);
            if exit.transition.by.is_empty() && !engine {
                let known: Vec<&str> = DISPUTE_EVENTS.iter().map(|(name, _)| *name).collect();
                let message =
                    format!("nobody can fire `{event}`: say who may in `by`; the engine fires {}", listed(&known));
                let path = format!("dispute.states.{}.{}", state.name, exit.path);
                out.push(Complaint::on_line(Code::EventNeverFires, exit.transition.line, path, message));
            }
        }
    }
}

/// Events that `from` sends and `to` knows in no state.
fn unknown_events(from: &Machine, side: Side, to: &Machine, name: &str, out: &mut Vec<Complaint>) {
    let known = listed(&events(to));
    for state in &from.states {
        for exit in exits(state) {
            for send in exit.transition.send.iter().filter(|s| s.to == side && !to.knows_event(&s.event)) {
                let message = format!("no state of `{name}` knows the event `{}`; known: {known}", send.event);
                out.push(Complaint::on_line(
                    Code::UnknownEvent,
                    exit.transition.line,
                    format!("item.states.{}.{}.send", state.name, exit.path),
                    message,
                ));
            }
        }
    }
}

/// Events of an order's workflow that no party may fire and that the partner does not send.
fn unfired(order: &Workflow, merchant: Option<&Workflow>, out: &mut Vec<Complaint>) {
    let sent: BTreeSet<&str> = merchant.map_or(BTreeSet::new(), |merchant| {
        let exits = merchant.item.states.iter().flat_map(exits);
        exits.flat_map(|exit| &exit.transition.send).filter(|s| s.to == Side::Item).map(|s| s.event.as_str()).collect()
    });
    for (scope, machine) in super::machines(order) {
        for state in &machine.states {
            for exit in exits(state) {
                let Some(event) = exit.event else { continue };
                if exit.transition.by.is_empty() && (scope == "payment" || !sent.contains(event)) {
                    let message = format!("nobody can fire `{event}`: say who may in `by`; no other machine sends it");
                    out.push(Complaint::on_line(
                        Code::EventNeverFires,
                        exit.transition.line,
                        format!("{scope}.states.{}.{}", state.name, exit.path),
                        message,
                    ));
                }
            }
        }
    }
}

/// Every guard of the machine, with its path and line.
fn guards(machine: &Machine) -> impl Iterator<Item = (String, usize, &crate::workflow::guard::Guard)> {
    machine.states.iter().flat_map(|state| {
        exits(state).filter_map(move |exit| {
            let guard = exit.transition.guard.as_ref()?;
            Some((format!("item.states.{}.{}.guard", state.name, exit.path), exit.transition.line, guard))
        })
    })
}
