//! An order in flight goes on in another version of its workflow: a pure decision, like any other.
//!
//! A migration moves names, not facts. The map says where each state goes; reservations, money, parcels and running effects stay as they
//! are, no entry action is done again, and timers follow the map's policy. What the new version could not carry is an [`Obstacle`], with
//! the reason, and then nothing changes. [`undo`] puts an order back that has not moved since. What is not here: which orders, in which
//! batches, and how far a migration has come.

mod checks;
mod obstacle;
mod preview;
mod timers;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::recall::{Deed, Record};
use super::run::{Before, Run, Which};
use super::{Context, Decision, MerchantView};
use crate::actor::Actor;
use crate::id::{IdSource, ItemId};
use crate::order::{Instance, Order, SANDBOX};
use crate::status;
use crate::time::{Span, Timestamp};
use crate::workflow::{Joint, Scope, Sides, StateMap};

pub use obstacle::Obstacle;
pub use preview::{MachinePreview, Preview, preview};

/// A way from one version to another: made once, asked for every order.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// What the orders run now.
    pub from: Sides<'a>,
    /// What they are to run.
    pub to: Sides<'a>,
    /// Where the states go.
    pub map: &'a StateMap,
    /// Where an item and a payment of the new version can stand at all.
    joint: Joint,
}

impl<'a> Plan<'a> {
    /// A plan; whether the map fits the versions is [`StateMap::check`]'s to say.
    pub fn new(from: Sides<'a>, to: Sides<'a>, map: &'a StateMap) -> Self {
        Self { from, to, map, joint: Joint::of(to.workflow, to.partner) }
    }
}

/// What surrounds the decision.
pub struct Terms<'a> {
    /// Names the migration on the timeline.
    pub migration: &'a str,
    /// Who moves the order.
    pub actor: &'a Actor,
    /// The instant.
    pub now: Timestamp,
    /// How long a paid order of this channel rests before it goes to merchants.
    pub cancel_window: Span,
    /// New ids.
    pub ids: &'a mut dyn IdSource,
}

/// Where all machines of an order stand: what a migration moves, and what its undoing puts back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Places {
    /// Version of the workflow.
    pub workflow_version: String,
    /// Version of the merchant's side.
    pub partner_version: Option<String>,
    /// The payment machine.
    pub payment: Instance,
    /// The machines of each item.
    pub items: Vec<ItemPlace>,
}

/// Where one item stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemPlace {
    /// Which.
    pub item: ItemId,
    /// Its own machine.
    pub machine: Instance,
    /// The merchant's.
    pub merchant: Option<Instance>,
}

impl Places {
    /// Of an order as it is.
    pub fn of(order: &Order) -> Self {
        let place =
            |i: &crate::order::Item| ItemPlace { item: i.id, machine: i.machine.clone(), merchant: i.merchant.clone() };
        Self {
            workflow_version: order.workflow_version.clone(),
            partner_version: order.partner_version.clone(),
            payment: order.payment.clone(),
            items: order.items.iter().map(place).collect(),
        }
    }
}

/// Moves an order to the new version, or says everything that stands in the way.
pub fn migrate(order: &Order, plan: &Plan<'_>, terms: Terms<'_>) -> Result<Decision, Vec<Obstacle>> {
    with_run(order, plan, terms, |run, obstacles| {
        let machines = machines(order);
        let times: Vec<_> = machines.iter().map(|&which| timers::times(run, which, plan)).collect();
        for &which in &machines {
            relocate(run, which, plan, obstacles);
        }
        if obstacles.is_empty() {
            for (&which, times) in machines.iter().zip(&times) {
                timers::carry_over(run, which, order, times, plan, obstacles);
            }
        }
    })
}

/// Puts an order back to where it was before a migration. `plan` is the way back; the caller has seen that the order still stands where
/// the migration left it ([`Places`]).
pub fn undo(order: &Order, before: &Places, plan: &Plan<'_>, terms: Terms<'_>) -> Result<Decision, Vec<Obstacle>> {
    with_run(order, plan, terms, |run, obstacles| {
        run.order.payment = before.payment.clone();
        for item in &mut run.order.items {
            match before.items.iter().find(|p| p.item == item.id) {
                Some(place) => {
                    item.machine = place.machine.clone();
                    item.merchant.clone_from(&place.merchant);
                }
                None => obstacles.push(Obstacle::Moved { machine: format!("item {}", item.id) }),
            }
        }
    })
}

fn with_run(
    order: &Order,
    plan: &Plan<'_>,
    terms: Terms<'_>,
    place: impl FnOnce(&mut Run<'_, '_>, &mut Vec<Obstacle>),
) -> Result<Decision, Vec<Obstacle>> {
    let Terms { migration, actor, now, cancel_window, ids } = terms;
    let mut obstacles = foreign(order, plan);
    if !obstacles.is_empty() {
        return Err(obstacles);
    }
    let mut context =
        Context { workflow: plan.to.workflow, partner: plan.to.partner, now, provider: SANDBOX, cancel_window, ids };
    let mut run = Run::fresh(order.clone(), actor, &mut context);
    run.from_status = Some(status::order_status(order, plan.from.workflow).to_owned());
    run.from_payment_status = status::payment_status(order, plan.from.workflow);
    run.before = order.items.iter().filter_map(|i| before(&plan.from, i)).collect();
    run.record = Some(Record::new(Deed::Migrate, actor, now, cancel_window));
    place(&mut run, &mut obstacles);
    if !obstacles.is_empty() {
        return Err(obstacles);
    }
    run.order.workflow_version.clone_from(&plan.to.workflow.version);
    run.order.partner_version = plan.to.partner.map(|p| p.version.clone());
    checks::all(&run, order, plan, &mut obstacles);
    if !obstacles.is_empty() {
        return Err(obstacles);
    }
    run.still = !(plan.map.go_on && checks::goes_on(&run).is_some());
    log(&mut run, order, migration);
    run.finish().map_err(|refusal| vec![Obstacle::Refused(refusal)])
}

fn before(from: &Sides<'_>, item: &crate::order::Item) -> Option<Before> {
    let state = from.workflow.item.state(&item.machine.state)?;
    let (status, tags) = (state.status.clone(), state.tags.clone());
    Some(Before { item: item.id, state: item.machine.state.clone(), status, tags })
}

/// Every machine of the order that its workflow describes; disputes have lifecycles of their own.
fn machines(order: &Order) -> Vec<Which> {
    let of_item = |i: usize| {
        let merchant = order.items[i].merchant.is_some().then_some(Which::Merchant(i));
        std::iter::once(Which::Item(i)).chain(merchant)
    };
    std::iter::once(Which::Payment).chain((0..order.items.len()).flat_map(of_item)).collect()
}

fn scope(which: Which) -> Scope {
    match which {
        Which::Payment => Scope::Payment,
        // None of a migration's: a dispute has a lifecycle of its own.
        Which::Item(_) | Which::Dispute(_) => Scope::Item,
        Which::Merchant(_) => Scope::Merchant,
    }
}

/// How messages call a machine.
fn name(order: &Order, which: Which) -> String {
    match which {
        Which::Payment => "payment".to_owned(),
        Which::Item(i) => format!("item {}", order.items[i].id),
        Which::Merchant(i) => format!("merchant's side of item {}", order.items[i].id),
        Which::Dispute(i) => format!("dispute {}", order.disputes[i].id),
    }
}

fn instance(order: &Order, which: Which) -> Option<&Instance> {
    match which {
        Which::Payment => Some(&order.payment),
        Which::Item(i) => Some(&order.items[i].machine),
        Which::Merchant(i) => order.items[i].merchant.as_ref(),
        Which::Dispute(i) => order.disputes.get(i).map(|d| &d.machine),
    }
}

/// An order that does not run what the plan is from, or stands where its own version has no state.
fn foreign(order: &Order, plan: &Plan<'_>) -> Vec<Obstacle> {
    let partner = plan.from.partner.map(|p| p.version.as_str());
    if order.workflow_version != plan.from.workflow.version || order.partner_version.as_deref() != partner {
        return vec![Obstacle::OtherVersion { version: order.workflow_version.clone() }];
    }
    let unknown = |&which: &Which| {
        let state = &instance(order, which)?.state;
        let known = plan.from.machine(scope(which)).is_some_and(|m| m.state(state).is_some());
        (!known).then(|| Obstacle::UnknownState { machine: name(order, which), state: state.clone() })
    };
    // An order's workflow without a payment machine leaves that instance without a state.
    let runs = |which: &Which| *which != Which::Payment || plan.from.workflow.payment.is_some();
    machines(order).iter().filter(|w| runs(w)).filter_map(unknown).collect()
}

/// Gives a machine the name of its state in the new version; everything else of it stays.
fn relocate(run: &mut Run<'_, '_>, which: Which, plan: &Plan<'_>, obstacles: &mut Vec<Obstacle>) {
    let scope = scope(which);
    let Some(old) = run.instance(which).cloned() else { return };
    let Some(machine) = plan.to.machine(scope) else {
        if plan.from.machine(scope).is_some() {
            obstacles.push(Obstacle::MachineGone { machine: name(&run.order, which) });
        }
        return;
    };
    let target = plan.map.target(scope, &old.state);
    let Some(state) = machine.state(target) else {
        obstacles.push(Obstacle::Unmapped { machine: name(&run.order, which), state: old.state });
        return;
    };
    let mut first = std::collections::BTreeMap::new();
    for (name, at) in old.first {
        let at = first.get(plan.map.target(scope, &name)).map_or(at, |other: &Timestamp| at.min(*other));
        first.insert(plan.map.target(scope, &name).to_owned(), at);
    }
    if !state.after.is_empty() {
        first.entry(state.name.clone()).or_insert(old.since);
    }
    if let Some(instance) = run.instance_mut(which) {
        instance.state.clone_from(&state.name);
        instance.first = first;
    }
}

/// The entry on the timeline, and the event of the feed.
fn log(run: &mut Run<'_, '_>, order: &Order, migration: &str) {
    let mut states: Vec<serde_json::Value> = Vec::new();
    for which in machines(order) {
        let (Some(old), Some(new)) = (instance(order, which), run.instance(which)) else { continue };
        if old.state == new.state {
            continue;
        }
        let item = match which {
            Which::Payment | Which::Dispute(_) => None,
            Which::Item(i) | Which::Merchant(i) => Some(order.items[i].id.to_string()),
        };
        states.push(json!({ "machine": scope(which).name(), "itemId": item, "from": old.state, "to": new.state }));
    }
    let (from, to) = (order.workflow_version.clone(), run.order.workflow_version.clone());
    let facts = json!({
        "migrationId": migration,
        "workflow": order.workflow,
        "from": from,
        "to": to,
        "partnerFrom": order.partner_version,
        "partnerTo": run.order.partner_version,
        "states": states,
    });
    let message = if from == to {
        "Moved to another version of the merchant's workflow".to_owned()
    } else {
        format!("Moved from version {from} of the workflow to {to}")
    };
    run.log("workflow_migrated", message, facts.clone(), false, MerchantView::Nobody);
    run.emit("order.workflow_migrated", facts);
}
