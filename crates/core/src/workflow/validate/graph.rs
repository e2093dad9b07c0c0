//! A machine as a graph: which states lead where.

use crate::workflow::model::{Delay, Machine, Policy, State, Transition};

/// What a way out of a state is taken by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::workflow) enum Cause {
    Event,
    Outcome,
    Always,
    After,
}

/// A way out of a state.
pub(in crate::workflow) struct Exit<'m> {
    pub transition: &'m Transition,
    pub cause: Cause,
    /// The event, for events.
    pub event: Option<&'m str>,
    /// Keys under the state: `on.cancel`, `always[1]`.
    pub path: String,
}

/// Every way out of the state.
pub(in crate::workflow) fn exits(state: &State) -> impl Iterator<Item = Exit<'_>> {
    let events = state.on.iter().flat_map(|(event, transitions)| {
        let path = format!("on.{event}");
        numbered(transitions, path).map(move |(transition, path)| Exit {
            transition,
            cause: Cause::Event,
            event: Some(event.as_str()),
            path,
        })
    });
    let outcomes = state.invoke.iter().flat_map(|invoke| {
        [(&invoke.done, "on.done"), (&invoke.error, "on.error")].map(|(transition, path)| Exit {
            transition,
            cause: Cause::Outcome,
            event: None,
            path: path.to_owned(),
        })
    });
    let always = numbered(&state.always, "always".to_owned()).map(|(transition, path)| Exit {
        transition,
        cause: Cause::Always,
        event: None,
        path,
    });
    let after = state.after.iter().map(|after| {
        let delay = match after.delay {
            Delay::Fixed(_) | Delay::BusinessDays(_) => format!("\"{}\"", after.delay),
            Delay::Policy(policy) => {
                Policy::ALL.iter().find(|(_, p)| *p == policy).map_or("", |(name, _)| name).to_owned()
            }
        };
        Exit { transition: &after.transition, cause: Cause::After, event: None, path: format!("after.{delay}") }
    });
    events.chain(outcomes).chain(always).chain(after)
}

/// Transitions with their paths; several of one key are counted from 0.
fn numbered(transitions: &[Transition], path: String) -> impl Iterator<Item = (&Transition, String)> {
    let several = transitions.len() > 1;
    transitions.iter().enumerate().map(move |(i, t)| (t, if several { format!("{path}[{i}]") } else { path.clone() }))
}

/// For each state, which states can follow it; itself only if a way leads back.
pub(in crate::workflow) fn ways(machine: &Machine) -> Vec<Vec<bool>> {
    let next: Vec<Vec<usize>> =
        machine.states.iter().map(|s| exits(s).map(|exit| exit.transition.target).collect()).collect();
    next.iter().map(|open| walk(&next, open.clone())).collect()
}

/// For each state, whether it can be reached from the first.
pub(in crate::workflow) fn reached(machine: &Machine) -> Vec<bool> {
    let next: Vec<Vec<usize>> =
        machine.states.iter().map(|s| exits(s).map(|exit| exit.transition.target).collect()).collect();
    walk(&next, vec![machine.initial])
}

/// For each state, whether a final state can be reached from it (itself, if it is one).
pub(in crate::workflow) fn ending(machine: &Machine) -> Vec<bool> {
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); machine.states.len()];
    for (i, state) in machine.states.iter().enumerate() {
        for exit in exits(state) {
            before[exit.transition.target].push(i);
        }
    }
    let finals = machine.states.iter().enumerate().filter(|(_, s)| s.is_final).map(|(i, _)| i).collect();
    walk(&before, finals)
}

/// Every node that can be reached from `open`.
fn walk(next: &[Vec<usize>], mut open: Vec<usize>) -> Vec<bool> {
    let mut seen = vec![false; next.len()];
    while let Some(at) = open.pop() {
        if !std::mem::replace(&mut seen[at], true) {
            open.extend(next[at].iter().filter(|&&to| !seen[to]));
        }
    }
    seen
}
