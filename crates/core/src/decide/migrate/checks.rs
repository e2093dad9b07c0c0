//! Whether an order that has its new states is whole there: goods, money, running effects, facts, and a way on.
//!
//! The order is checked as it is, not the map: a map that is right for every order of today may be wrong for one of tomorrow.

use super::super::run::{Run, Which};
use super::{Obstacle, Plan, machines, name, scope};
use crate::order::{ErrandKind, Order, Payment, Reservation};
use crate::workflow::joint::{Money, Units, ends};
use crate::workflow::{State, Transition};

/// What a state of an item says of the world.
const ITEM_FACTS: &[&str] = &["cancelled", "shipped", "delivered", "refunded"];
/// What a state of a payment says of the world.
const PAYMENT_FACTS: &[&str] = &["authorised", "captured"];

/// Everything that is wrong; `order` is as it was.
pub(super) fn all(run: &Run<'_, '_>, order: &Order, plan: &Plan<'_>, out: &mut Vec<Obstacle>) {
    for which in machines(order) {
        let Some((old, new)) = states(run, order, which, plan) else { continue };
        effect(order, which, old, new, out);
        facts(order, which, old, new, out);
        let machine = plan.to.machine(scope(which));
        if machine.is_some_and(|m| m.index.get(&new.name).is_some_and(|at| !ends(m).contains(at))) {
            out.push(Obstacle::NoWayOut { machine: name(order, which), state: new.name.clone() });
        }
        match which {
            Which::Payment => money(order, new, plan, out),
            Which::Item(i) => units(order, i, run, (old, new), plan, out),
            Which::Merchant(_) | Which::Dispute(_) => {}
        }
    }
    if !out.is_empty() {
        return;
    }
    match goes_on(run) {
        Some((which, from, to)) if !plan.map.go_on => {
            out.push(Obstacle::GoesOn { machine: name(order, which), from, to });
        }
        Some(_) => {}
        None => stuck(run, order, out),
    }
}

/// The first automatic step that is due: of which machine, from where to where.
pub(super) fn goes_on(run: &Run<'_, '_>) -> Option<(Which, String, String)> {
    machines(&run.order).into_iter().find_map(|which| {
        let state = run.state(which).ok().flatten().filter(|s| s.invoke.is_none())?;
        let transition = state.always.iter().find(|t| run.guard_holds(which, t))?;
        let to = run.machine(which)?.states[transition.target].name.clone();
        Some((which, state.name.clone(), to))
    })
}

fn states<'p>(run: &Run<'_, 'p>, order: &Order, which: Which, plan: &Plan<'p>) -> Option<(&'p State, &'p State)> {
    let scope = scope(which);
    let old = plan.from.machine(scope)?.state(&super::instance(order, which)?.state)?;
    Some((old, plan.to.machine(scope)?.state(&run.instance(which)?.state)?))
}

/// A running effect is left only by its outcome.
fn effect(order: &Order, which: Which, old: &State, new: &State, out: &mut Vec<Obstacle>) {
    let machine = || name(order, which);
    let waits = super::instance(order, which).is_some_and(|i| i.effect.is_some());
    let running = old.invoke.as_ref().filter(|_| waits).map(|i| i.effect);
    let wanted = new.invoke.as_ref().map(|i| i.effect);
    match (running, wanted) {
        (Some(running), wanted) if wanted != Some(running) => {
            out.push(Obstacle::EffectLost { machine: machine(), effect: running.name(), state: new.name.clone() });
        }
        (None, Some(wanted)) => {
            out.push(Obstacle::EffectMissing { machine: machine(), effect: wanted.name(), state: new.name.clone() });
        }
        (Some(_) | None, _) => {}
    }
}

fn facts(order: &Order, which: Which, old: &State, new: &State, out: &mut Vec<Obstacle>) {
    let known = match which {
        Which::Payment => PAYMENT_FACTS,
        Which::Item(_) => ITEM_FACTS,
        Which::Merchant(_) | Which::Dispute(_) => &[],
    };
    let said = |state: &State| -> Vec<&str> { known.iter().copied().filter(|tag| state.has(tag)).collect() };
    let (was, is) = (said(old), said(new));
    if was != is {
        let words = |tags: &[&str]| if tags.is_empty() { format!("not {}", known.join(", ")) } else { tags.join(", ") };
        out.push(Obstacle::Fact {
            machine: name(order, which),
            from: old.name.clone(),
            tag_from: words(&was),
            to: new.name.clone(),
            tag_to: words(&is),
        });
    }
}

fn money(order: &Order, state: &State, plan: &Plan<'_>, out: &mut Vec<Obstacle>) {
    let Some(&at) = plan.to.workflow.payment.as_ref().and_then(|m| m.index.get(&state.name)) else { return };
    // A hold that is being released beside the machine is none of its business.
    let is_released = |p: &Payment| order.errands.iter().any(|e| e.kind == ErrandKind::Release && e.payment_id == p.id);
    let held: i64 = order.payments.iter().filter(|p| !is_released(p)).map(Payment::held).sum();
    let (money, amount, was) = match (order.captured(), held) {
        (0, held) if held > 0 => (Money::Held, held, "is held"),
        (0, _) => (Money::Nothing, 0, "was taken"),
        (captured, _) if order.refunded() >= captured => (Money::Returned, captured, "was taken and given back"),
        (captured, _) => (Money::Taken, captured, "was taken"),
    };
    if !plan.joint.money(at).contains(&money) {
        out.push(Obstacle::Money {
            machine: "payment".to_owned(),
            amount: order.currency.show(amount),
            was,
            state: state.name.clone(),
        });
    }
}

/// Where the item's units and its merchant's side are must be a place that the new version knows.
fn units(
    order: &Order,
    index: usize,
    run: &Run<'_, '_>,
    (old, new): (&State, &State),
    plan: &Plan<'_>,
    out: &mut Vec<Obstacle>,
) {
    let item = &order.items[index];
    let (units, are, harm) = match item.reservation {
        Reservation::Held | Reservation::Committed => (Units::Reserved, "are reserved", "be lost"),
        Reservation::Shipped => (Units::Shipped, "have left", "be counted once more"),
        Reservation::Released => (Units::Released, "are free", "be promised without being held"),
    };
    // What rests for good and holds nothing has nothing to lose.
    let rests = old.is_final && new.is_final && old.tags == new.tags && units != Units::Reserved;
    let Some(&at) = plan.to.workflow.item.index.get(&new.name).filter(|_| !rests) else { return };
    let merchant = run.order.items[index].merchant.as_ref();
    let place = merchant.and_then(|m| plan.to.partner?.item.index.get(&m.state).copied());
    if plan.joint.has(at, place, units) {
        return;
    }
    let machine = name(order, Which::Item(index));
    let state = new.name.clone();
    out.push(if plan.joint.units(at).contains(&units) {
        let merchant = merchant.map_or("has not begun".to_owned(), |m| format!("is in `{}`", m.state));
        Obstacle::Apart { machine, state, merchant }
    } else {
        Obstacle::Reservation { machine, sku: item.sku.clone(), quantity: item.quantity, are, state, harm }
    });
}

/// A machine that may not rest where it is must be moved by somebody, by an effect or by the clock; or wait for one that can be.
fn stuck(run: &Run<'_, '_>, order: &Order, out: &mut Vec<Obstacle>) {
    let open: Vec<(Which, &State)> = machines(&run.order)
        .into_iter()
        .filter(|w| !matches!(w, Which::Merchant(_)))
        .filter_map(|w| run.state(w).ok().flatten().map(|s| (w, s)))
        .filter(|(_, s)| !s.is_final)
        .collect();
    let moves = |which: Which| {
        let fired = |t: &Transition| !t.by.is_empty() && run.guard_holds(which, t);
        let state = run.state(which).ok().flatten();
        let event = state.is_some_and(|s| s.on.values().flatten().any(fired));
        event || run.instance(which).is_some_and(|i| i.due.is_some() || i.effect.is_some())
    };
    let moves_item = |which: Which| match which {
        Which::Item(i) => moves(which) || moves(Which::Merchant(i)),
        Which::Payment | Which::Merchant(_) | Which::Dispute(_) => moves(which),
    };
    let any = moves(Which::Payment) || open.iter().any(|(w, _)| moves_item(*w));
    for (which, state) in open {
        let waits = state.always.iter().chain(state.after.iter().map(|a| &a.transition)).any(|t| t.guard.is_some());
        let goes_on = moves_item(which) || (waits && any);
        if !goes_on {
            out.push(Obstacle::Stuck { machine: name(order, which), state: state.name.clone() });
        }
    }
}
