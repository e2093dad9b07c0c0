//! The way to a status: which event comes next, found by asking the rules what each would lead to.
//!
//! So an import needs no table of each lifecycle, and a shop's own workflow is walked like the shipped ones. The shortest way is taken; it
//! passes a cancelled state only when the source says that the line was called off. Payments are not found this way: only a source can
//! say that money came.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use orderwright_core::decide::{Command, Event, EventItem, RefundRequest};
use orderwright_core::id::ItemId;
use orderwright_core::order::{Item, Order};
use orderwright_core::status;
use orderwright_core::time::Timestamp;
use orderwright_core::workflow::State;

use super::plan::Goal;
use super::world::World;

/// Standings that a search looks at before it gives up.
const MAX_STANDINGS: usize = 400;

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// Fire that event.
    Fire(String),
    /// Wait for the next timer.
    Wait,
    /// Give all back that is left.
    Refund,
}

/// What a move means to the customer: by that its instant is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing that a source has a date for.
    Other,
    /// It left the house.
    Shipped,
    /// It arrived.
    Delivered,
    /// It was called off.
    Cancelled,
    /// Money went back.
    Refunded,
}

/// The next step of a way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// What to do.
    pub step: Move,
    /// What that means.
    pub phase: Phase,
    /// Whether it ends at the goal, or passes it: a cancellation whose refund is through at once does not rest.
    pub arrives: bool,
}

/// Ways that were found, so that each is looked for once in a run.
#[derive(Debug, Default)]
pub struct Ways(Mutex<HashMap<String, Option<Hop>>>);

impl Ways {
    /// The next step of these lines towards a status; `None` when there is no way. `whole` says whether the whole order goes there.
    pub fn next(&self, world: &World, lines: &[ItemId], status: &str, goal: &Goal, whole: bool) -> Option<Hop> {
        let mut ends = world.workflow.item.states.iter().filter(|s| s.status == status);
        let off = goal.cancelled.is_some() || ends.all(|s| s.has("cancelled"));
        let here = standing(world, &world.order, lines);
        let key = format!("{}/{status}/{off}/{whole}/{here}", world.order.workflow_version);
        if let Some(known) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        let found = search(world, lines, status, whole, off);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, found.clone());
        found
    }
}

/// Whether all these lines show that status.
pub fn arrived(world: &World, order: &Order, lines: &[ItemId], goal: &str) -> bool {
    of(order, lines).all(|i| status::status_of(&world.workflow.item, &i.machine) == goal)
}

/// The lines with these ids.
fn of<'a>(order: &'a Order, lines: &'a [ItemId]) -> impl Iterator<Item = &'a Item> {
    order.items.iter().filter(|i| lines.contains(&i.id))
}

/// The states of the payment and of these lines, as text.
fn standing(world: &World, order: &Order, lines: &[ItemId]) -> String {
    let states: BTreeSet<String> = of(order, lines)
        .map(|i| {
            let merchant = i.merchant.as_ref().map_or("", |m| m.state.as_str());
            let whole = i.captured > 0 && i.refunded >= i.captured;
            format!("{}+{merchant}+{whole}", i.machine.state)
        })
        .collect();
    format!("{}/{}/{states:?}", world.workflow.name, order.payment.state)
}

/// When the next timer of these lines is due; without one, the payment's.
pub fn due(order: &Order, lines: &[ItemId]) -> Option<Timestamp> {
    let machines = of(order, lines).flat_map(|i| [Some(&i.machine), i.merchant.as_ref()]).flatten();
    machines.filter_map(|m| m.due).min().or(order.payment.due)
}

fn search(world: &World, lines: &[ItemId], goal: &str, whole: bool, off: bool) -> Option<Hop> {
    let mut seen = HashSet::from([standing(world, &world.order, lines)]);
    let mut queue: VecDeque<(Order, Timestamp, Option<Hop>)> = VecDeque::new();
    queue.push_back((world.order.clone(), world.now, None));
    while let Some((order, now, first)) = queue.pop_front() {
        for step in moves(world, &order, lines, goal, whole) {
            let (command, at) = command(world, &order, lines, &step, now);
            let Ok(mut becomes) = world.imagine(&order, &command, at) else { continue };
            let arrives = becomes.iter().any(|o| arrived(world, o, lines, goal));
            let Some(next) = becomes.pop() else { continue };
            let cancelled = of(&next, lines).any(|i| has(world, i, "cancelled"));
            if cancelled && !off || !seen.insert(standing(world, &next, lines)) {
                continue;
            }
            let hop = first.clone().unwrap_or_else(|| Hop { phase: phase(world, &order, &next, lines), step, arrives });
            if arrives {
                return Some(hop);
            }
            if seen.len() < MAX_STANDINGS {
                queue.push_back((next, at, Some(hop)));
            }
        }
    }
    None
}

/// What may be tried from there: events first, then a refund, then waiting.
fn moves(world: &World, order: &Order, lines: &[ItemId], goal: &str, whole: bool) -> Vec<Move> {
    let parties = world.actor.parties();
    let mut events = BTreeSet::new();
    for item in of(order, lines) {
        let states = [
            world.workflow.item.state(&item.machine.state),
            world.partner.as_ref().zip(item.merchant.as_ref()).and_then(|(p, m)| p.item.state(&m.state)),
        ];
        for (event, transitions) in states.into_iter().flatten().flat_map(|s| &s.on) {
            if transitions.iter().any(|t| t.by.iter().any(|p| parties.contains(p))) {
                events.insert(event.clone());
            }
        }
    }
    let refunds = |s: &State| s.status == goal && s.has("refunded");
    let refund = whole && order.captured() > order.refunding() && world.workflow.item.states.iter().any(refunds);
    let wait = due(order, lines).is_some();
    let rest = [refund.then_some(Move::Refund), wait.then_some(Move::Wait)];
    events.into_iter().map(Move::Fire).chain(rest.into_iter().flatten()).collect()
}

/// A move as a command that lacks no field, and when it would be.
fn command(world: &World, order: &Order, lines: &[ItemId], step: &Move, now: Timestamp) -> (Command, Timestamp) {
    let text = || Some("-".to_owned());
    match step {
        Move::Fire(event) => {
            let event = Event {
                event: event.clone(),
                items: Some(of(order, lines).map(|i| EventItem { item: i.id, quantity: None }).collect()),
                note: None,
                reason: text(),
                tracking_number: text(),
                tracking_url: None,
                carrier: text(),
                expected_by: Some(world.now.date()),
            };
            (Command::Fire(event), Timestamp(now.0 + 1000))
        }
        Move::Wait => (Command::Tick, due(order, lines).unwrap_or(now).max(now)),
        Move::Refund => {
            let request = RefundRequest { reason: "-".to_owned(), ..RefundRequest::default() };
            (Command::Refund(request), Timestamp(now.0 + 1000))
        }
    }
}

fn has(world: &World, item: &Item, tag: &str) -> bool {
    world.workflow.item.state(&item.machine.state).is_some_and(|s| s.has(tag))
}

/// What lines gained by a step.
fn phase(world: &World, before: &Order, after: &Order, lines: &[ItemId]) -> Phase {
    if after.refunding() > before.refunding() && !of(after, lines).any(|i| has(world, i, "cancelled")) {
        return Phase::Refunded;
    }
    let gained =
        |tag: &str| of(after, lines).any(|i| has(world, i, tag)) && !of(before, lines).any(|i| has(world, i, tag));
    match () {
        () if gained("cancelled") => Phase::Cancelled,
        // A state may mean both at once, where goods are handed over: then the later date counts.
        () if gained("delivered") || gained("completed") => Phase::Delivered,
        () if gained("shipped") => Phase::Shipped,
        () => Phase::Other,
    }
}
