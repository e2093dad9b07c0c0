//! What would become of an order, for people to look at before anything changes.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::run::{Run, Which};
use super::{Plan, machines, scope};
use crate::actor::Actor;
use crate::decide::{Context, Decision};
use crate::id::IdSource;
use crate::order::{Item, Order, SANDBOX};
use crate::status;
use crate::workflow::{Audience, State};

/// An order before and after.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// The public status, before and after.
    pub status: [String; 2],
    /// The payment status, before and after.
    pub payment_status: [String; 2],
    /// Each machine.
    pub machines: Vec<MachinePreview>,
}

/// A machine before and after.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MachinePreview {
    /// item, payment, merchant
    pub machine: &'static str,
    /// `itm_…`; null for the payment.
    pub item_id: Option<String>,
    /// The state, before and after.
    pub state: [String; 2],
    /// The public status, before and after; empty for the payment.
    pub status: [String; 2],
    /// What each audience reads, before and after, where that changes.
    pub labels: BTreeMap<&'static str, [String; 2]>,
    /// When its timer is over, before and after (RFC 3339).
    pub timer: [Option<String>; 2],
    /// The effect whose outcome it goes on waiting for.
    pub waits_for: Option<&'static str>,
    /// What may be fired then, by party.
    pub events: BTreeMap<&'static str, Vec<String>>,
}

/// Shows what a decision of [`super::migrate`] does to the order.
pub fn preview(order: &Order, decision: &Decision, plan: &Plan<'_>, ids: &mut dyn IdSource) -> Preview {
    let after = &decision.order;
    let actor = Actor::system();
    let mut context = Context {
        workflow: plan.to.workflow,
        partner: plan.to.partner,
        now: after.updated_at,
        provider: SANDBOX,
        cancel_window: crate::time::Span::ZERO,
        ids,
    };
    let run = Run::fresh(after.clone(), &actor, &mut context);
    let machines = machines(order).into_iter().filter_map(|which| machine(order, &run, which, plan)).collect();
    Preview {
        status: [
            status::order_status(order, plan.from.workflow).to_owned(),
            status::order_status(after, plan.to.workflow).to_owned(),
        ],
        payment_status: [
            status::payment_status(order, plan.from.workflow).to_owned(),
            status::payment_status(after, plan.to.workflow).to_owned(),
        ],
        machines,
    }
}

fn machine(order: &Order, run: &Run<'_, '_>, which: Which, plan: &Plan<'_>) -> Option<MachinePreview> {
    let scope = scope(which);
    let (was, is) = (super::instance(order, which)?, run.instance(which)?);
    let old = plan.from.machine(scope)?.state(&was.state)?;
    let new = plan.to.machine(scope)?.state(&is.state)?;
    let index = match which {
        Which::Payment | Which::Dispute(_) => None,
        Which::Item(i) | Which::Merchant(i) => Some(i),
    };
    let mut events: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for (event, transitions) in &new.on {
        for party in transitions.iter().filter(|t| run.guard_holds(which, t)).flat_map(|t| &t.by) {
            let names = events.entry(party.name()).or_default();
            if names.last() != Some(event) {
                names.push(event.clone());
            }
        }
    }
    let label = |state: &State, audience, item: Option<&Item>| match item {
        Some(item) => status::label(state, audience, &plan.to.workflow.locale, item),
        None => state.labels.get(&audience).cloned().unwrap_or_default(),
    };
    let labels = Audience::ALL.iter().filter_map(|(name, audience)| {
        let item = index.map(|i| &order.items[i]);
        let pair = [label(old, *audience, item), label(new, *audience, item)];
        (pair[0] != pair[1]).then_some((*name, pair))
    });
    Some(MachinePreview {
        machine: scope.name(),
        item_id: index.map(|i| order.items[i].id.to_string()),
        state: [was.state.clone(), is.state.clone()],
        status: [old.status.clone(), new.status.clone()],
        labels: labels.collect(),
        timer: [was.due.map(|t| t.to_string()), is.due.map(|t| t.to_string())],
        waits_for: new.invoke.as_ref().map(|i| i.effect.name()),
        events,
    })
}
