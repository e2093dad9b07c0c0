//! Events that people fire: which machine takes them, on which lines, and why not.
//!
//! A word that the workflow does not know, an event that the role may never fire, and an event that cannot happen now are three
//! different refusals (api.md). A merchant's event goes to the merchant's machine where there is one, because there the `by` lists merchants.

use super::attempts::is_offline;
use super::run::{Cause, Run, Which};
use super::{Event, EventItem, MoneyFromOutside, Refusal, explain, owns, record};
use crate::actor::Role;
use crate::id::ItemId;
use crate::order::{Payment, PaymentState, SANDBOX, ShipmentItem};
use crate::workflow::{Action, State, Transition};

/// Fires an event of the workflow; the shipping event also records the parcel.
pub(super) fn event(run: &mut Run<'_, '_>, event: &Event) -> Result<(), Refusal> {
    let taken = fire(run, event)?;
    if run.workflow.ship_event.as_ref() == Some(&event.event) {
        let units = taken
            .iter()
            .filter_map(|&id| run.order.item(id))
            .map(|i| ShipmentItem { item_id: i.id, quantity: i.quantity })
            .collect();
        record::add(run, event, units);
    }
    Ok(())
}

/// Fires an event and says which lines took it; none when it was the payment's.
pub(super) fn fire(run: &mut Run<'_, '_>, event: &Event) -> Result<Vec<ItemId>, Refusal> {
    know(run, &event.event)?;
    run.cause = Cause { event: Some(event.event.clone()), reason: event.reason.clone(), note: event.note.clone() };
    if lets(run, Which::Payment, &event.event) && !item_machines_let(run, &event.event) {
        let transition =
            candidate(run, Which::Payment, &event.event)?.ok_or_else(|| not_possible(run, &event.event))?;
        require(transition, event)?;
        run.take(Which::Payment, transition)?;
        return Ok(Vec::new());
    }
    if !item_machines_let(run, &event.event) {
        return Err(not_allowed(run, &event.event));
    }
    let chosen = choose(run, event)?;
    let mut taken = Vec::new();
    for which in chosen {
        let transition = candidate(run, which, &event.event)?.ok_or_else(|| not_possible(run, &event.event))?;
        require(transition, event)?;
        not_while_paying(run, which, transition)?;
        if let Which::Item(i) | Which::Merchant(i) = which {
            taken.push(run.order.items[i].id);
            if event.expected_by.is_some() {
                run.order.items[i].expected_by.clone_from(&event.expected_by);
            }
        }
        run.take(which, transition)?;
    }
    Ok(taken)
}

/// Sets the public status: takes, on each line that can, the transition that leads there. Staff records a fact, so no field is required.
///
/// It is the order's status that is set: a line that is ahead of the others does not carry the order along.
pub(super) fn set_status(
    run: &mut Run<'_, '_>,
    status: &str,
    note: Option<&str>,
    reason: Option<&str>,
) -> Result<(), Refusal> {
    if !run.workflow.statuses.iter().any(|s| s == status) {
        return Err(Refusal::UnknownStatus { status: status.to_owned(), known: run.workflow.statuses.clone() });
    }
    let parties = run.actor.parties();
    run.cause = Cause { event: None, reason: reason.map(str::to_owned), note: note.map(str::to_owned) };
    let states = run.workflow.item.states.iter().filter(|s| s.status != status);
    let all = || states.clone().flat_map(|s| s.on.values().flatten().map(move |t| (s, t)));
    let leading = || all().filter(|(s, t)| leads(run, s, t, status).is_some());
    let mine = leading().any(|(_, t)| t.by.iter().any(|p| parties.contains(p)));
    if !mine && leading().any(|(_, t)| !t.by.is_empty()) {
        return Err(not_allowed(run, status));
    }
    let current = crate::status::order_status(&run.order, run.workflow).to_owned();
    let mut taken = Vec::new();
    let mut moves_the_order = false;
    for i in 0..run.order.items.len() {
        let Some(state) = run.state(Which::Item(i))? else { continue };
        if state.status == status || !owns(run.actor, run.order.items[i].merchant_id) {
            continue;
        }
        let found = state
            .on
            .iter()
            .flat_map(|(event, ts)| ts.iter().map(move |t| (event, t)))
            .filter(|(_, t)| t.by.iter().any(|p| parties.contains(p)) && run.guard_holds(Which::Item(i), t))
            .filter_map(|(event, t)| leads(run, state, t, status).map(|steps| (steps, event, t)))
            .min_by_key(|(steps, ..)| *steps);
        if let Some((_, event, transition)) = found {
            moves_the_order |= state.status == current;
            taken.push((i, event.clone(), transition));
        }
    }
    if !moves_the_order {
        let cancels = leading().any(|(_, t)| run.workflow.item.states[t.target].has("cancelled"));
        let busy = cancels && run.is_paying()?;
        return Err(if busy { Refusal::PaymentInProgress } else { not_possible(run, status) });
    }
    for (i, event, transition) in taken {
        not_while_paying(run, Which::Item(i), transition)?;
        run.cause.event = Some(event);
        run.take(Which::Item(i), transition)?;
    }
    Ok(())
}

/// In how many steps the transition leads to the status: at once, or through an internal state that clients do not see and that, when
/// all goes well, goes on there by itself (accepted, and confirmed as soon as the money is taken).
fn leads(run: &Run<'_, '_>, from: &State, transition: &Transition, status: &str) -> Option<u8> {
    let states = &run.workflow.item.states;
    let target = &states[transition.target];
    if target.status == status {
        return Some(1);
    }
    let goes_on = target.always.first().is_some_and(|t| states[t.target].status == status);
    (target.status == from.status && goes_on).then_some(2)
}

/// Pays (again) by a method: a new attempt, and the payment machine's `retry`.
pub(super) fn pay(run: &mut Run<'_, '_>, method: &str) -> Result<(), Refusal> {
    run.cause = Cause { event: Some("retry".to_owned()), ..Cause::default() };
    if !run.workflow.payment.as_ref().is_some_and(|m| m.knows_event("retry")) {
        return Err(not_possible(run, "retry"));
    }
    if !lets(run, Which::Payment, "retry") {
        return Err(not_allowed(run, "retry"));
    }
    if run.is_paying()? {
        return Err(Refusal::PaymentInProgress);
    }
    let transition = candidate(run, Which::Payment, "retry")?.ok_or_else(|| not_possible(run, "retry"))?;
    run.new_attempt(method, run.provider);
    run.take(Which::Payment, transition)
}

/// Books money that arrived from outside: the payment machine's event that says so, whatever the workflow calls it.
pub(super) fn book_payment(run: &mut Run<'_, '_>, money: &MoneyFromOutside) -> Result<(), Refusal> {
    let machine = run.machine(Which::Payment);
    let books = |t: &Transition| machine.is_some_and(|m| m.states[t.target].entry.contains(&Action::RecordPayment));
    let events = |s: &State| -> Vec<String> {
        s.on.iter().filter(|(_, ts)| ts.iter().any(books)).map(|(name, _)| name.clone()).collect()
    };
    let known: Vec<String> = machine.into_iter().flat_map(|m| &m.states).flat_map(events).collect();
    // A workflow without such an event takes no money from outside.
    let Some(name) = known.first() else { return Err(not_possible(run, "pay")) };
    if !known.iter().any(|event| lets(run, Which::Payment, event)) {
        return Err(not_allowed(run, name));
    }
    if run.is_paying()? {
        return Err(Refusal::PaymentInProgress);
    }
    for event in run.state(Which::Payment)?.map(events).unwrap_or_default() {
        let Some(transition) = candidate(run, Which::Payment, &event)?.filter(|t| books(t)) else { continue };
        let (currency, owed) = (run.order.currency, run.owed());
        let wrong = |pointer: &str, message| Err(Refusal::Invalid { pointer: pointer.to_owned(), message });
        if money.currency != currency {
            return wrong("/currency", format!("must be {currency}, the order's currency"));
        }
        if money.amount != owed {
            let (owes, got) = (currency.show(owed), currency.show(money.amount));
            return wrong("/amount", format!("{owes} is owed, not {got}: must be {owed} (minor units)"));
        }
        run.cause = Cause { event: Some(event), ..Cause::default() };
        run.from_outside = Some(money.clone());
        return run.take(Which::Payment, transition);
    }
    Err(not_possible(run, name))
}

/// An attempt to pay of which nothing is known yet.
pub(super) fn new_payment(
    id: crate::id::PaymentId,
    method: &str,
    provider: &str,
    amount: i64,
    now: crate::time::Timestamp,
) -> Payment {
    Payment {
        id,
        method: method.to_owned(),
        // Money from outside is with no provider: what undoes it is done by people, and no real provider may be asked to.
        provider: if is_offline(method) { SANDBOX } else { provider }.to_owned(),
        state: PaymentState::Pending,
        amount,
        authorised: 0,
        captured: 0,
        voided: 0,
        refunded: 0,
        reference: None,
        failure_code: None,
        awaits_customer: false,
        authorised_at: None,
        capture_before: None,
        fee: None,
        late: 0,
        late_refunded: 0,
        seen: Vec::new(),
        disputed: false,
        created_at: now,
    }
}

/// Refuses a word that no machine of the workflow has.
fn know(run: &Run<'_, '_>, event: &str) -> Result<(), Refusal> {
    let machines = [Some(&run.workflow.item), run.workflow.payment.as_ref(), run.partner.map(|p| &p.item)];
    if machines.into_iter().flatten().any(|m| m.knows_event(event)) {
        return Ok(());
    }
    // Where statuses are the events, one that no transition leads to is a known word all the same.
    let is_event = |status: &String| run.workflow.item.knows_event(status);
    if run.workflow.statuses.iter().any(is_event) && run.workflow.statuses.iter().any(|s| s == event) {
        let staff = matches!(run.actor.role, Role::Admin | Role::Ops | Role::Retailer);
        return Err(if staff { not_possible(run, event) } else { not_allowed(run, event) });
    }
    let mut known: Vec<String> = machines
        .into_iter()
        .flatten()
        .flat_map(|m| m.states.iter().flat_map(|s| s.on.iter()))
        .filter(|(_, ts)| ts.iter().any(|t| !t.by.is_empty()))
        .map(|(name, _)| name.clone())
        .collect();
    known.sort();
    known.dedup();
    Err(Refusal::UnknownEvent { event: event.to_owned(), known })
}

/// Whether any state of that machine lets the actor fire the event.
fn lets(run: &Run<'_, '_>, which: Which, event: &str) -> bool {
    let parties = run.parties(which);
    run.machine(which).is_some_and(|m| parties.iter().any(|&p| m.lets(p, event)))
}

/// Whether a line's machines, the item's or the merchant's, ever let the actor fire the event.
pub(super) fn item_machines_let(run: &Run<'_, '_>, event: &str) -> bool {
    lets(run, Which::Item(0), event) || lets(run, Which::Merchant(0), event)
}

/// The transition that the event takes there now, for this actor; the first whose guard holds.
pub(super) fn candidate<'c>(run: &Run<'_, 'c>, which: Which, event: &str) -> Result<Option<&'c Transition>, Refusal> {
    let parties = run.parties(which);
    let state = run.state(which)?;
    let transitions = state.and_then(|s| s.on.get(event)).into_iter().flatten();
    Ok(transitions.filter(|t| t.by.iter().any(|p| parties.contains(p))).find(|t| run.guard_holds(which, t)))
}

/// The machine of a line that takes the event now, if one does: the item's, or the merchant's.
fn taker(run: &Run<'_, '_>, index: usize, event: &str) -> Result<Option<Which>, Refusal> {
    for which in [Which::Item(index), Which::Merchant(index)] {
        if candidate(run, which, event)?.is_some() {
            return Ok(Some(which));
        }
    }
    Ok(None)
}

/// The lines that the event is for: the named ones, all or none; or all of the actor's that are eligible.
fn choose(run: &mut Run<'_, '_>, event: &Event) -> Result<Vec<Which>, Refusal> {
    let Some(named) = &event.items else {
        let mut chosen = Vec::new();
        for i in 0..run.order.items.len() {
            if owns(run.actor, run.order.items[i].merchant_id) {
                chosen.extend(taker(run, i, &event.event)?);
            }
        }
        return if chosen.is_empty() { Err(not_now(run, &event.event)?) } else { Ok(chosen) };
    };
    check_items(run, named)?;
    let mut ids = Vec::new();
    for wanted in named {
        let index = index_of(run, wanted.item)?;
        if taker(run, index, &event.event)?.is_none() {
            return Err(not_now(run, &event.event)?);
        }
        let whole = run.order.items[index].quantity;
        let part = match wanted.quantity {
            Some(quantity) if quantity < whole => run.split_line(index, quantity),
            _ => index,
        };
        ids.push(run.order.items[part].id);
    }
    ids.into_iter()
        .map(|id| taker(run, index_of(run, id)?, &event.event)?.ok_or_else(|| not_possible(run, &event.event)))
        .collect()
}

/// Why no line takes the event: a cancel that meets a running payment step may be possible again in a moment.
fn not_now(run: &Run<'_, '_>, event: &str) -> Result<Refusal, Refusal> {
    let cancels = run.workflow.cancel_event.as_deref() == Some(event);
    Ok(if cancels && run.is_paying()? { Refusal::PaymentInProgress } else { not_possible(run, event) })
}

/// Named lines must be the actor's, named once, with quantities that the lines have.
pub(super) fn check_items(run: &Run<'_, '_>, named: &[EventItem]) -> Result<(), Refusal> {
    if named.is_empty() {
        return Err(Refusal::Invalid {
            pointer: "/items".to_owned(),
            message: "name at least one item, or leave `items` out for all".to_owned(),
        });
    }
    for (n, wanted) in named.iter().enumerate() {
        let index = index_of(run, wanted.item)?;
        if named[..n].iter().any(|other| other.item == wanted.item) {
            return Err(Refusal::Invalid {
                pointer: format!("/items/{n}/itemId"),
                message: "this item is named twice".to_owned(),
            });
        }
        let has = run.order.items[index].quantity;
        if wanted.quantity.is_some_and(|q| q < 1 || q > has) {
            return Err(Refusal::Invalid {
                pointer: format!("/items/{n}/quantity"),
                message: format!("must be between 1 and {has}"),
            });
        }
    }
    Ok(())
}

/// The line of that id, if it is the actor's.
pub(super) fn index_of(run: &Run<'_, '_>, id: ItemId) -> Result<usize, Refusal> {
    let found = run.order.items.iter().position(|i| i.id == id && owns(run.actor, i.merchant_id));
    found.ok_or(Refusal::UnknownItem)
}

pub(super) fn require(transition: &Transition, event: &Event) -> Result<(), Refusal> {
    match transition.requires.iter().find(|f| !event.has(**f)) {
        Some(field) => Err(Refusal::MissingField { field: field.name(), event: event.event.clone() }),
        None => Ok(()),
    }
}

/// Nothing is cancelled while the provider is at work: whether money was taken is not known, and nothing is guessed.
fn not_while_paying(run: &Run<'_, '_>, which: Which, transition: &Transition) -> Result<(), Refusal> {
    let cancels = run.machine(which).is_some_and(|m| m.states[transition.target].has("cancelled"));
    if cancels && run.is_paying()? { Err(Refusal::PaymentInProgress) } else { Ok(()) }
}

/// Refuses what the actor's role may never do.
pub(super) fn not_allowed(run: &Run<'_, '_>, event: &str) -> Refusal {
    Refusal::NotAllowed { event: event.to_owned(), role: run.actor.role.name().to_owned() }
}

/// Refuses what the order's state does not allow, and says what it does.
pub(super) fn not_possible(run: &Run<'_, '_>, event: &str) -> Refusal {
    Refusal::NotPossible {
        event: event.to_owned(),
        status: crate::status::order_status(&run.order, run.workflow).to_owned(),
        possible: explain::possible_events(run),
    }
}
