//! Why is it waiting? What may be done now, by whom, and why not: for every item, from the workflow itself.

use super::run::{Run, Which};
use super::{Context, message, owns, words};
use crate::actor::Actor;
use crate::id::{ItemId, JobId};
use crate::order::{CancellationRequest, Order};
use crate::time::Timestamp;
use crate::workflow::guard::{Answer, Guard};
use crate::workflow::{Field, Party, State, Transition};

/// What may be done with an order now.
#[derive(Clone, Debug)]
pub struct Actions {
    /// Of the payment machine: its state, what it waits for, what may be fired.
    pub payment: ItemActions,
    /// Of each item.
    pub items: Vec<ItemActions>,
    /// What merchants asked to be let off, as far as it is still open.
    pub cancellation_requests: Vec<CancellationRequest>,
}

/// What may be done with one machine now.
#[derive(Clone, Debug)]
pub struct ItemActions {
    /// The line; `None` for the payment.
    pub item: Option<ItemId>,
    /// The machine's state.
    pub state: String,
    /// The public status it shows as; empty for the payment.
    pub status: String,
    /// Since when.
    pub since: Timestamp,
    /// Whether it may rest here for good.
    pub is_final: bool,
    /// What it waits for, in sentences for the one who asks; empty only when nothing more can happen.
    pub summary: String,
    /// Events and who may fire them.
    pub events: Vec<Possible>,
    /// The effect whose outcome it waits for.
    pub waits_for_effect: Option<String>,
    /// The job of that effect.
    pub job: Option<JobId>,
    /// What it waits for without anybody's doing: automatic steps whose guards do not hold.
    pub waits_for: Vec<Waiting>,
    /// When somebody is told that the effect takes too long.
    pub alert: Option<Timestamp>,
    /// When its timer is due, and the state that it then goes to.
    pub timer: Option<(Timestamp, String)>,
    /// The merchant's machine of the item, where it runs. What may be fired there is among the events.
    pub merchant: Option<Side>,
}

/// The merchant's machine of an item.
#[derive(Clone, Debug)]
pub struct Side {
    /// Its state.
    pub state: String,
    /// The public status it shows as.
    pub status: String,
    /// Since when.
    pub since: Timestamp,
    /// Whether it may rest here for good.
    pub is_final: bool,
    /// What it waits for without anybody's doing.
    pub waits_for: Vec<Waiting>,
    /// When its timer is due, and the state that it then goes to.
    pub timer: Option<(Timestamp, String)>,
}

/// An automatic step that is not taken yet.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The guard that does not hold.
    pub guard: String,
    /// The same, to be put into words.
    pub condition: Guard,
    /// The state that it leads to when it does.
    pub to: String,
    /// What the order says to each of its facts.
    pub facts: Vec<Answer>,
}

/// An event that a state declares.
#[derive(Clone, Debug)]
pub struct Possible {
    /// Its name.
    pub event: String,
    /// Who may fire it.
    pub by: Vec<Party>,
    /// Fields that it must carry.
    pub requires: Vec<Field>,
    /// Whether somebody may fire it now.
    pub possible: bool,
    /// Whether the one who asks may fire it now.
    pub allowed: bool,
    /// Why nobody can, or why the one who asks cannot.
    pub why_not: Option<String>,
    /// Its guard, when that does not hold.
    pub guard: Option<Guard>,
    /// When its guard does not hold: what the order says to each of the guard's facts.
    pub facts: Vec<Answer>,
}

/// Explains an order to an actor.
pub fn explain(order: &Order, actor: &Actor, context: &mut Context<'_>) -> Actions {
    let run = Run::start(order, actor, context);
    let mut payment = of(&run, Which::Payment, None);
    payment.summary = words::of_payment(&run, &payment);
    let owned = (0..order.items.len()).filter(|&i| owns(actor, order.items[i].merchant_id));
    let items = owned.map(|i| {
        let mut found = of(&run, Which::Item(i), Some(i));
        found.summary = words::of_item(&run, i, &found, &payment);
        found
    });
    Actions { items: items.collect(), payment, cancellation_requests: message::open_requests(&run) }
}

/// Names of the events that the actor may fire on some line, or on the payment, now.
pub(super) fn possible_events(run: &Run<'_, '_>) -> Vec<String> {
    let owned = (0..run.order.items.len()).filter(|&i| owns(run.actor, run.order.items[i].merchant_id));
    let machines = owned.map(|i| (Which::Item(i), Some(i))).chain([(Which::Payment, None)]);
    let mut names: Vec<String> =
        machines.flat_map(|(which, i)| of(run, which, i).events).filter(|p| p.allowed).map(|p| p.event).collect();
    names.sort();
    names.dedup();
    names
}

fn of(run: &Run<'_, '_>, which: Which, index: Option<usize>) -> ItemActions {
    let busy = run.is_paying().unwrap_or(false);
    let state = run.state(which).ok().flatten();
    let mut events = Vec::new();
    let mut machines = vec![which];
    machines.extend(index.map(Which::Merchant));
    for which in machines {
        let Some(state) = run.state(which).ok().flatten() else { continue };
        events.extend(declared(run, which, state, busy));
    }
    let instance = match which {
        Which::Payment => &run.order.payment,
        Which::Item(i) | Which::Merchant(i) => &run.order.items[i].machine,
        Which::Dispute(i) => &run.order.disputes[i].machine,
    };
    ItemActions {
        item: index.map(|i| run.order.items[i].id),
        state: instance.state.clone(),
        status: state.map(|s| s.status.clone()).unwrap_or_default(),
        since: instance.since,
        is_final: state.is_some_and(|s| s.is_final),
        summary: String::new(),
        events,
        waits_for_effect: state.and_then(|s| s.invoke.as_ref()).map(|i| i.effect.name().to_owned()),
        job: instance.effect,
        waits_for: state.map(|s| waits_for(run, which, s)).unwrap_or_default(),
        alert: instance.due.filter(|_| state.is_some_and(|s| s.invoke.is_some())),
        timer: timer(run, which),
        merchant: index.and_then(|i| side(run, Which::Merchant(i))),
    }
}

fn side(run: &Run<'_, '_>, which: Which) -> Option<Side> {
    let (instance, state) = (run.instance(which)?, run.state(which).ok().flatten()?);
    Some(Side {
        state: instance.state.clone(),
        status: state.status.clone(),
        since: instance.since,
        is_final: state.is_final,
        waits_for: waits_for(run, which, state),
        timer: timer(run, which),
    })
}

fn timer(run: &Run<'_, '_>, which: Which) -> Option<(Timestamp, String)> {
    let (due, state) = run.instance(which)?.due.zip(run.state(which).ok().flatten())?;
    let next = state.after.iter().find(|a| run.over_at(which, state, a) == due).or(state.after.first())?;
    Some((due, run.machine(which)?.states[next.transition.target].name.clone()))
}

/// Automatic steps, and timers that are over and blocked, with the guards that hold them.
fn waits_for(run: &Run<'_, '_>, which: Which, state: &State) -> Vec<Waiting> {
    let over = state.after.iter().filter(|a| run.over_at(which, state, a) <= run.now).map(|a| &a.transition);
    let blocked = |t: &Transition| {
        let guard = t.guard.as_ref()?;
        let to = run.machine(which)?.states[t.target].name.clone();
        Some(Waiting { facts: run.explain_guard(which, guard), guard: guard.to_string(), condition: guard.clone(), to })
    };
    state.always.iter().chain(over).filter_map(blocked).collect()
}

fn declared(run: &Run<'_, '_>, which: Which, state: &State, busy: bool) -> Vec<Possible> {
    let parties = run.parties(which);
    let machine = run.machine(which);
    let mut events = Vec::new();
    for (event, transitions) in &state.on {
        for transition in transitions.iter().filter(|t| !t.by.is_empty()) {
            let mine = transition.by.iter().any(|p| parties.contains(p));
            let holds = run.guard_holds(which, transition);
            let blocked = busy && machine.is_some_and(|m| m.states[transition.target].has("cancelled"));
            let by: Vec<&str> = transition.by.iter().map(|p| p.name()).collect();
            let why_not = if blocked {
                Some("a payment step is running".to_owned())
            } else if !holds {
                transition.guard.as_ref().map(|g| format!("{g} does not hold"))
            } else if !mine {
                Some(format!("only {} may do this", by.join(", ")))
            } else {
                None
            };
            let guard = transition.guard.as_ref().filter(|_| !holds);
            events.push(Possible {
                facts: guard.map(|g| run.explain_guard(which, g)).unwrap_or_default(),
                guard: guard.cloned(),
                possible: holds && !blocked,
                event: event.clone(),
                by: transition.by.clone(),
                requires: transition.requires.clone(),
                allowed: mine && holds && !blocked,
                why_not,
            });
        }
    }
    events
}
