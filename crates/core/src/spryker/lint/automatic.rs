//! What happens without anybody: on entering a state, by time, and by the check of conditions.

use std::collections::BTreeMap;

use super::super::finding::{listed, shown};
use super::super::graph::{circles, step, winners};
use super::super::model::{Engine, Transition};
use super::Check;

pub(super) fn check(check: &mut Check<'_>) {
    for state in check.states() {
        on_enter(check, state);
        timeouts(check, state);
        competing(check, state);
    }
    rounds(check);
}

fn on_enter(check: &mut Check<'_>, state: usize) {
    let process = check.process;
    let Some(event) = process.on_enter(state) else { return };
    let (name, event_name) = (shown(process.name_of(state)), process.events[event].name.clone());
    let others: Vec<usize> = process.events_of(state).into_iter().filter(|&e| e != event).collect();
    for &other in others.iter().filter(|&&e| process.events[e].on_enter) {
        let other = &process.events[other].name;
        let message = format!(
            "`{name}` has two events with onEnter: only the first, `{}`, fires on entering; `{}` waits for somebody",
            shown(&event_name),
            shown(other)
        );
        let finding = check.at("spryker-second-on-enter", state, message).event(other);
        check.say(finding);
    }
    let candidates: Vec<&Transition> = process.by_event(state, event).collect();
    let (taken, stays) = winners(check.engine, &candidates);
    let timed = others.iter().chain([&event]).any(|&e| process.events[e].timeout.is_some());
    let free = !process.by_check(state).is_empty();
    if stays && !timed && !free {
        let message = format!(
            "`{}` fires on entering `{name}`, and when none of its conditions is true the item stays, and nothing tries again; add a transition without a condition, or a timeout",
            shown(&event_name)
        );
        let finding = check.at("guard-without-else", state, message).event(&event_name);
        check.say(finding);
    }
    // A command may fail, and then the item rests here; without one it has left before anything else could happen.
    let leaves = !stays
        && process.events[event].command.is_none()
        && taken.iter().all(|t| t.target.is_some_and(|to| to != state));
    if leaves && (free || !others.is_empty()) {
        let free = free.then_some("the transitions without an event");
        let never = others.iter().map(|&e| process.events[e].name.as_str()).chain(free);
        let never = listed(never, ", ");
        let message =
            format!("`{}` always leaves `{name}` on entering, so never taken there: {never}", shown(&event_name));
        let finding = check.at("shadowed-transition", state, message);
        check.say(finding);
    }
}

fn timeouts(check: &mut Check<'_>, state: usize) {
    let process = check.process;
    let timed: Vec<usize> =
        process.events_of(state).into_iter().filter(|&e| process.events[e].timeout.is_some()).collect();
    let [.., last] = timed.as_slice() else { return };
    if check.engine == Engine::StateMachine && state == process.initial {
        let message = format!(
            "the timeout of `{}` is not set for a new item in `{}`: this engine sets timeouts only when a transition enters the state",
            shown(&process.events[*last].name),
            shown(process.name_of(state))
        );
        let finding = check.at("spryker-timeout-not-set", state, message).event(&process.events[*last].name);
        check.say(finding);
    }
    if timed.len() < 2 {
        return;
    }
    let names = listed(timed.iter().map(|&e| process.events[e].name.as_str()), ", ");
    let why = match check.engine {
        Engine::Oms => "the table of timeouts holds one for each item and state, so saving the second fails and the item cannot enter".to_owned(),
        Engine::StateMachine => {
            format!("each new one removes the one before, so only `{}` fires", shown(&process.events[*last].name))
        }
    };
    let message = format!("`{}` has several events with a timeout ({}): {why}", shown(process.name_of(state)), names);
    let finding = check.at("spryker-several-timeouts", state, message);
    check.say(finding);
}

/// Triggers of one state that go different ways by themselves: which one wins is a race. A condition beside a timeout is none, that is how
/// one waits for something only so long; a check without a condition leaves the timeout no chance.
fn competing(check: &mut Check<'_>, state: usize) {
    let process = check.process;
    let free = winners(check.engine, &process.by_check(state)).0;
    if free.is_empty() {
        return;
    }
    for event in process.events_of(state) {
        let e = &process.events[event];
        let held_back = free.iter().all(|t| t.condition.is_some());
        if !e.on_enter && (e.timeout.is_none() || held_back) {
            continue;
        }
        let taken = winners(check.engine, &process.by_event(state, event).collect::<Vec<_>>()).0;
        if taken.iter().all(|t| free.iter().all(|f| f.target == t.target)) {
            continue;
        }
        let how = if e.on_enter { "entering the state" } else { "its timeout" };
        let message = format!(
            "in `{}` both {how} (`{}`) and the check of conditions move the item, to different states: whichever comes first decides",
            shown(process.name_of(state)),
            shown(&e.name)
        );
        let name = e.name.clone();
        let finding = check.at("competing-triggers", state, message).event(&name);
        check.say(finding);
    }
}

/// Rounds that nothing from outside starts again: on entering, and by the check of conditions where no condition holds it back.
fn rounds(check: &mut Check<'_>) {
    let process = check.process;
    let mut edges = Vec::new();
    let mut by: BTreeMap<(usize, usize), &Transition> = BTreeMap::new();
    for state in check.states() {
        let mut moves: Vec<&Transition> = Vec::new();
        if let Some(event) = process.on_enter(state) {
            moves.extend(winners(check.engine, &process.by_event(state, event).collect::<Vec<_>>()).0);
        }
        moves.extend(winners(check.engine, &process.by_check(state)).0.into_iter().filter(|t| t.condition.is_none()));
        // To itself is no round: it does not enter the state.
        for t in moves {
            if let Some(target) = t.target.filter(|&to| to != state) {
                edges.push((state, target));
                by.entry((state, target)).or_insert(t);
            }
        }
    }
    for circle in circles(process.states.len(), &edges) {
        let Some(&start) = circle.first() else { continue };
        let around = circle.iter().zip(circle.iter().cycle().skip(1));
        let steps: Vec<&Transition> = around.filter_map(|(a, b)| by.get(&(*a, *b)).copied()).collect();
        let sure = if steps.iter().all(|t| t.condition.is_none()) {
            ""
        } else {
            " as long as the conditions on the way are true"
        };
        let stop = if steps.iter().all(|t| t.event.is_some()) {
            "; the engine gives up after nine rounds, and the item rests wherever it then is"
        } else {
            "; it goes on at every check-condition"
        };
        let names = listed(circle.iter().chain([&start]).map(|&s| process.name_of(s)), " → ");
        let message = format!("nothing from outside is needed to go round for ever{sure}: {}{stop}", names);
        let mut trace = check.reach.trace(start);
        trace.extend(steps.iter().map(|t| step(process, t)));
        let finding = check.at("endless-cycle", start, message).trace(trace);
        check.say(finding);
    }
}
