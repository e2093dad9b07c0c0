//! Derived axes: the order's status, its payment status and its shipping status. Nothing here is stored as a second truth.
//!
//! Rules: api.md («How the seeds are read», «`paymentStatus` … are axes of their own, derived»).

use crate::order::{Instance, Item, Order, PaymentState};
use crate::workflow::{Audience, Machine, State, Workflow};

/// The public status of an instance of that machine; empty when the state is unknown to it (a foreign document).
pub fn status_of<'a>(machine: &'a Machine, instance: &Instance) -> &'a str {
    machine.state(&instance.state).map_or("", |s| s.status.as_str())
}

fn rank(workflow: &Workflow, status: &str) -> usize {
    workflow.statuses.iter().position(|s| s == status).unwrap_or(usize::MAX)
}

/// The least advanced of the given items that are not cancelled; when all are, the least advanced of them all.
fn least_advanced<'a>(workflow: &'a Workflow, states: impl Iterator<Item = &'a State> + Clone) -> Option<&'a State> {
    let live = states.clone().filter(|s| !s.has("cancelled")).min_by_key(|s| rank(workflow, &s.status));
    live.or_else(|| states.min_by_key(|s| rank(workflow, &s.status)))
}

fn item_state<'a>(workflow: &'a Workflow, item: &Item) -> Option<&'a State> {
    workflow.item.state(&item.machine.state)
}

/// The item that stands for the whole order: the least advanced that counts.
pub fn leading_item<'a>(order: &'a Order, workflow: &Workflow) -> Option<&'a Item> {
    let pick = |live_only: bool| {
        order
            .items
            .iter()
            .filter_map(|i| item_state(workflow, i).map(|s| (i, s)))
            .filter(|(_, s)| !live_only || !s.has("cancelled"))
            .min_by_key(|(_, s)| rank(workflow, &s.status))
            .map(|(i, _)| i)
    };
    pick(true).or_else(|| pick(false))
}

/// The order's status.
pub fn order_status<'a>(order: &Order, workflow: &'a Workflow) -> &'a str {
    least_advanced(workflow, order.items.iter().filter_map(|i| item_state(workflow, i)))
        .map_or("", |s| s.status.as_str())
}

/// The state that stands for a merchant's part: of the merchant's machine where the workflow has one, else of the item's.
pub fn merchant_state<'a>(items: &[&Item], workflow: &'a Workflow, partner: Option<&'a Workflow>) -> Option<&'a State> {
    match partner {
        Some(partner) => {
            let states = items.iter().filter_map(|i| partner.item.state(&i.merchant.as_ref()?.state));
            least_advanced(partner, states.collect::<Vec<_>>().into_iter())
        }
        None => least_advanced(
            workflow,
            items.iter().filter_map(|i| item_state(workflow, i)).collect::<Vec<_>>().into_iter(),
        ),
    }
}

/// The label of a state for an audience in a language of the workflow ([`Workflow::locale_for`]), with the item's dates in it
/// (`YYYY-MM-DD`; how a reader writes dates is the page's).
pub fn label(state: &State, audience: Audience, locale: &str, item: &Item) -> String {
    let words = state.locales.get(locale).unwrap_or(&state.labels);
    let Some(text) = words.get(&audience) else { return String::new() };
    if !text.contains('{') {
        return text.clone();
    }
    let expected = item.expected_by.clone().unwrap_or_default();
    let delivered = item.delivered_at.map(|t| t.date()).unwrap_or_default();
    text.replace("{expected_by}", &expected).replace("{delivered_on}", &delivered).trim_end().to_owned()
}

/// Says how the money of the order stands.
pub fn payment_status(order: &Order, workflow: &Workflow) -> &'static str {
    if order.payments.iter().any(|p| p.disputed) {
        return "disputed";
    }
    let captured = order.captured();
    if captured > 0 {
        return match order.refunded() {
            0 => "captured",
            refunded if refunded >= captured => "refunded",
            _ => "partially_refunded",
        };
    }
    match order.current_payment().map(|p| p.state) {
        None => "pending",
        Some(PaymentState::InDoubt) => "in_doubt",
        Some(PaymentState::Authorised) => "authorised",
        Some(PaymentState::Captured) => "captured",
        Some(PaymentState::Failed) => "failed",
        Some(PaymentState::Voided) => "voided",
        Some(PaymentState::Pending) => {
            let off = |i: &Item| item_state(workflow, i).is_some_and(|s| s.has("cancelled"));
            if order.payment.effect.is_none() && order.items.iter().all(off) { "voided" } else { "pending" }
        }
    }
}

/// Says how the goods of the order stand.
pub fn shipping_status(order: &Order, workflow: &Workflow) -> &'static str {
    let states: Vec<&State> =
        order.items.iter().filter_map(|i| item_state(workflow, i)).filter(|s| !s.has("cancelled")).collect();
    let (mut delivered, mut shipped, mut waiting) = (0, 0, 0);
    for (item, state) in
        order.items.iter().filter_map(|i| item_state(workflow, i).map(|s| (i, s))).filter(|(_, s)| !s.has("cancelled"))
    {
        if state.has("delivered") || item.delivered_at.is_some() {
            delivered += 1;
        } else if state.has("shipped") || order.shipments.iter().any(|s| s.items.iter().any(|u| u.item_id == item.id)) {
            shipped += 1;
        } else if state.has("to_ship") {
            waiting += 1;
        }
    }
    match (delivered, shipped, waiting) {
        (d, _, _) if d > 0 && d == states.len() => "delivered",
        (d, _, _) if d > 0 => "partially_delivered",
        (_, s, _) if s > 0 && s == states.len() => "shipped",
        (_, s, _) if s > 0 => "partially_shipped",
        (_, _, w) if w > 0 => "pending",
        _ => "none",
    }
}
