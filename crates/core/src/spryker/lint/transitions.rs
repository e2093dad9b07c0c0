//! Transitions that compete for one event: which is taken depends on their order, or is never taken at all.

use std::collections::BTreeSet;

use super::super::finding::{Finding, listed, shown};
use super::super::graph::{groups, winners};
use super::super::model::{Engine, Transition};
use super::Check;

/// The most conditions that a message tells.
const TOLD: usize = 12;

pub(super) fn check(check: &mut Check<'_>) {
    for state in check.states() {
        for (event, candidates) in groups(check.process, state) {
            let of_event = |mut finding: Finding| {
                finding.event = event.map(|e| check.process.events[e].name.clone());
                finding
            };
            let (taken, _) = winners(check.engine, &candidates);
            let mut found: Vec<Finding> = Vec::new();
            found.extend(ambiguous(check, state, event, &taken).map(of_event));
            for t in candidates.iter().filter(|t| !taken.iter().any(|w| std::ptr::eq(*w, **t))) {
                found.push(of_event(never_taken(check, state, event, t, &taken)));
            }
            found.extend(self_loop(check, state, &candidates).map(of_event));
            check.out.extend(found);
        }
    }
}

/// "`pay` from `new`", or the check of conditions.
fn of(check: &Check<'_>, state: usize, event: Option<usize>) -> String {
    let from = shown(check.process.name_of(state));
    match event {
        Some(event) => format!("`{}` in `{from}`", shown(&check.process.events[event].name)),
        None => format!("check-condition in `{from}`"),
    }
}

fn ambiguous(check: &Check<'_>, state: usize, event: Option<usize>, taken: &[&Transition]) -> Option<Finding> {
    let conditional: Vec<&&Transition> = taken.iter().filter(|t| t.condition.is_some()).collect();
    let targets: BTreeSet<&str> = conditional.iter().map(|t| t.target_name.as_str()).collect();
    if targets.len() < 2 {
        return None;
    }
    // `winners` lists them in the order in which they win.
    let first = conditional.first()?;
    let mut names: Vec<String> = conditional
        .iter()
        .take(TOLD)
        .map(|t| format!("`{}` → `{}`", shown(t.condition.as_deref().unwrap_or_default()), shown(&t.target_name)))
        .collect();
    if conditional.len() > TOLD {
        names.push(format!("{} more", conditional.len() - TOLD));
    }
    let rule = match check.engine {
        Engine::Oms => "the last true one of the file wins",
        Engine::StateMachine => "the first true one of the file wins",
    };
    let message = format!(
        "{}: several conditions may be true at once: {}; {rule}, here `{}`",
        of(check, state, event),
        names.join(", "),
        shown(&first.target_name)
    );
    Some(check.at("ambiguous-transition", state, message))
}

fn never_taken(
    check: &Check<'_>,
    state: usize,
    event: Option<usize>,
    t: &Transition,
    taken: &[&Transition],
) -> Finding {
    let what = of(check, state, event);
    let target = shown(&t.target_name);
    if taken.iter().any(|w| w.target_name == t.target_name && w.condition == t.condition) {
        let message = format!("{what}: the transition to `{target}` stands there twice; remove one");
        return check.at("spryker-duplicate-transition", state, message);
    }
    let why = match (check.engine, &t.condition) {
        (Engine::Oms, None) => "another one without a condition comes before it",
        (Engine::Oms, Some(_)) => "a later one has the same condition, and the last true one wins",
        (Engine::StateMachine, _) => "one before it has no condition or the same, and the first that fits wins",
    };
    check.at("shadowed-transition", state, format!("{what}: the transition to `{target}` is never taken: {why}"))
}

/// A transition to the same state changes nothing: what fires on entering does not fire again, and timeouts are not set anew.
fn self_loop(check: &Check<'_>, state: usize, candidates: &[&Transition]) -> Option<Finding> {
    candidates.iter().find(|t| t.target == Some(state))?;
    let events = check.process.events_of(state);
    let timed: Vec<&str> = events
        .iter()
        .map(|&e| &check.process.events[e])
        .filter(|e| e.timeout.is_some())
        .map(|e| e.name.as_str())
        .collect();
    let mut why = Vec::new();
    if let Some(event) = check.process.on_enter(state) {
        why.push(format!("`{}` does not fire again on entering", shown(&check.process.events[event].name)));
    }
    if !timed.is_empty() {
        why.push(format!(
            "the timeout of {} is not set anew, and fires again at every check-timeout once it is over",
            listed(timed, ", ")
        ));
    }
    if why.is_empty() {
        return None;
    }
    let name = shown(check.process.name_of(state));
    let message = format!("a transition from `{name}` to itself does not enter the state: {}", why.join("; "));
    Some(check.at("spryker-self-loop", state, message))
}
