//! Rounds that a machine would go by itself for ever: through `always`, and through `after`, whose time counts from the first entry
//! of a state and so is over on every later visit.
//!
//! For each way that the facts can stand, every state has at most one automatic successor; a round is a cycle of those. The tags of the
//! machine's own state are known on the way, those of other machines stand as one of their states has them. A file with more ways than
//! `MAX_WORK` can visit is only checked as if no guard held.

use std::collections::BTreeMap;

use super::{Check, Code, Complaint, facts};
use crate::workflow::guard::{Fact, Guard};
use crate::workflow::model::{Kind, Machine, State, Transition};

/// The most guards and states that the search looks at.
const MAX_WORK: usize = 500_000;

/// One way that the facts can stand.
struct Facts<'w> {
    /// Facts that hold; of items, those that hold for all the others.
    hold: Vec<&'w Fact>,
    /// Tags of the payment's state, where the payment is another machine.
    payment: Option<&'w [String]>,
}

/// Complains about every round, at its first state.
pub(super) fn rounds(check: &Check<'_>, out: &mut Vec<Complaint>) {
    let mut found: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    match every_way(check) {
        None => cycles(&successors(check.machine, |_, guard| guard.is_none()), &mut found),
        Some(ways) => {
            for way in ways {
                let holds = |state: &State, guard: Option<&Guard>| {
                    guard.is_none_or(|guard| guard.holds(&|fact: &Fact| check.holds(fact, state, &way)))
                };
                cycles(&successors(check.machine, holds), &mut found);
            }
        }
    }
    for (first, cycle) in found {
        let state = &check.machine.states[first];
        let names: Vec<&str> = cycle.iter().chain([&first]).map(|&i| check.machine.states[i].name.as_str()).collect();
        let message =
            format!("goes round by itself without end: {}; let an event or a guard break the round", names.join(" → "));
        out.push(Complaint::on_line(Code::EndlessCycle, state.line, check.path(state), message));
    }
}

/// Transitions that need no event, in the order in which they are tried.
fn automatic(state: &State) -> impl Iterator<Item = &Transition> {
    state.always.iter().chain(state.after.iter().map(|after| &after.transition))
}

fn successors(machine: &Machine, holds: impl Fn(&State, Option<&Guard>) -> bool) -> Vec<Option<usize>> {
    let next = |state: &State| automatic(state).find(|t| holds(state, t.guard.as_ref())).map(|t| t.target);
    machine.states.iter().map(next).collect()
}

/// Adds the cycles of `next` by their lowest state.
fn cycles(next: &[Option<usize>], found: &mut BTreeMap<usize, Vec<usize>>) {
    let mut seen_from: Vec<Option<usize>> = vec![None; next.len()];
    for start in 0..next.len() {
        let mut path = Vec::new();
        let mut at = Some(start);
        while let Some(here) = at
            && seen_from[here].is_none()
        {
            seen_from[here] = Some(start);
            path.push(here);
            at = next[here];
        }
        if let Some(here) = at
            && seen_from[here] == Some(start)
            && let Some(from) = path.iter().position(|&p| p == here)
        {
            let mut cycle = path.split_off(from);
            let lowest = cycle.iter().enumerate().min_by_key(|(_, state)| **state).map_or(0, |(i, _)| i);
            cycle.rotate_left(lowest);
            found.entry(cycle[0]).or_insert(cycle);
        }
    }
}

/// Every way that the facts of the automatic guards can stand, or `None` if there are too many.
fn every_way<'w>(check: &Check<'w>) -> Option<Vec<Facts<'w>>> {
    let guards: Vec<&Guard> =
        check.machine.states.iter().flat_map(|s| automatic(s).filter_map(|t| t.guard.as_ref())).collect();
    let asked: Vec<&Fact> = guards.iter().flat_map(|g| facts(g)).collect();
    let mut free: Vec<&Fact> = Vec::new();
    for fact in &asked {
        // An order's payment tags are known: from the state that the payment is in.
        let known = check.workflow.kind == Kind::Order && matches!(fact, Fact::Payment(_));
        if !known && !free.contains(fact) {
            free.push(fact);
        }
    }
    let payments = payments(check);
    let work = (asked.len() + check.machine.states.len()) * payments.len();
    if free.len() >= 16 || work << free.len() > MAX_WORK {
        return None;
    }
    let subsets = (0..1_usize << free.len()).map(|bits| -> Vec<&Fact> {
        free.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1).map(|(_, fact)| *fact).collect()
    });
    let possible = subsets.filter(|hold| check.possible(&free, hold));
    Some(possible.flat_map(|hold| payments.iter().map(move |p| Facts { hold: hold.clone(), payment: *p })).collect())
}

/// The different sets of tags that the payment's state can have; one without a meaning where the payment is not another machine.
fn payments<'w>(check: &Check<'w>) -> Vec<Option<&'w [String]>> {
    let mut out: Vec<Option<&[String]>> = Vec::new();
    if let (false, Some(payment)) = (check.is_payment(), &check.workflow.payment) {
        for tags in payment.states.iter().map(|s| s.tags.as_slice()) {
            if !out.contains(&Some(tags)) {
                out.push(Some(tags));
            }
        }
    }
    if out.is_empty() {
        out.push(None);
    }
    out
}

impl Check<'_> {
    /// Whether the fact holds while the machine is in `state`.
    fn holds(&self, fact: &Fact, state: &State, way: &Facts<'_>) -> bool {
        let held = || way.hold.contains(&fact);
        match fact {
            _ if self.workflow.kind == Kind::Merchant => held(),
            Fact::Payment(tag) if self.is_payment() => state.has(tag),
            Fact::Payment(tag) => way.payment.is_some_and(|tags| tags.contains(tag)),
            Fact::AllItems(tag) if !self.is_payment() => state.has(tag) && held(),
            Fact::AnyItem(tag) if !self.is_payment() => state.has(tag) || held(),
            _ => held(),
        }
    }

    /// Whether items exist of which just these of the asked facts hold. (Seen from an item: there may be no other.)
    fn possible(&self, asked: &[&Fact], hold: &[&Fact]) -> bool {
        if self.workflow.kind == Kind::Merchant {
            return true;
        }
        let all: Vec<&str> =
            hold.iter().filter_map(|f| if let Fact::AllItems(tag) = f { Some(tag.as_str()) } else { None }).collect();
        let any: Vec<&str> =
            hold.iter().filter_map(|f| if let Fact::AnyItem(tag) = f { Some(tag.as_str()) } else { None }).collect();
        let asked_all = asked.iter().filter(|f| matches!(f, Fact::AllItems(_))).count();
        if !self.is_payment() && any.is_empty() && all.len() == asked_all {
            return true;
        }
        let carried = |extra: Option<&str>| {
            self.workflow.item.states.iter().any(|s| all.iter().copied().chain(extra).all(|tag| s.has(tag)))
        };
        let implied = |fact: &&Fact| matches!(fact, Fact::AnyItem(tag) if all.contains(&tag.as_str()));
        carried(None)
            && any.iter().all(|tag| carried(Some(tag)))
            && asked.iter().filter(|f| implied(f)).all(|f| hold.contains(f))
    }
}
