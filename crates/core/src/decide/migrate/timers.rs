//! What becomes of the timers of a state that an order is moved to: carried over, begun again, or counted anew.

use super::super::run::{Run, Which};
use super::{Obstacle, Plan, name, scope};
use crate::order::Order;
use crate::time::Timestamp;
use crate::workflow::{After, Delay, Machine, Policy, State, TimerPolicy};

/// When each timer of the old state is over, in the order of its `after`.
pub(super) fn times(run: &Run<'_, '_>, which: Which, plan: &Plan<'_>) -> Vec<Timestamp> {
    let machine = plan.from.machine(scope(which));
    let state = run.instance(which).and_then(|i| machine?.state(&i.state));
    state.map(|s| s.after.iter().map(|a| run.over_at(which, s, a)).collect()).unwrap_or_default()
}

/// Sets the timers of a machine that has its new state; `times` are those of the old one.
pub(super) fn carry_over(
    run: &mut Run<'_, '_>,
    which: Which,
    order: &Order,
    times: &[Timestamp],
    plan: &Plan<'_>,
    obstacles: &mut Vec<Obstacle>,
) {
    let scope = scope(which);
    let (Some(from), Some(to)) = (plan.from.machine(scope), plan.to.machine(scope)) else { return };
    let Some(was) = super::instance(order, which) else { return };
    let (Some(old), Some(new)) = (from.state(&was.state), run.instance(which).and_then(|i| to.state(&i.state))) else {
        return;
    };
    let now = run.now;
    let policy = plan.map.policy(scope, &old.name);
    let kept = match policy {
        TimerPolicy::Keep | TimerPolicy::Drop => {
            let pairs = counterparts(from, old, to, new, &|name| plan.map.target(scope, name).to_owned());
            for (n, due) in times.iter().enumerate().filter(|(n, _)| !pairs.contains(&Some(*n))) {
                // One that is over and held back by its guard is no longer waited for.
                let runs = was.due.is_some_and(|d| d <= *due) || *due > now;
                if runs && policy == TimerPolicy::Keep && !pairs.contains(&Some(n)) {
                    let machine = name(order, which);
                    obstacles.push(Obstacle::TimerLost { machine, due: *due, state: new.name.clone() });
                }
            }
            pairs.iter().map(|old| old.and_then(|n| times.get(n).copied())).collect()
        }
        TimerPolicy::Restart => {
            if let Some(instance) = run.instance_mut(which).filter(|_| !new.after.is_empty()) {
                instance.first.insert(new.name.clone(), now);
                instance.due = None;
            }
            // The time to pay counts from placement by its own rule.
            let from_now = |a: &After| match a.delay {
                Delay::Policy(Policy::PaymentWindow) => Some(now.plus(run.order.policies.payment_window)),
                Delay::Policy(
                    Policy::CancelWindow
                    | Policy::ReturnWindow
                    | Policy::RefundCloseWindow
                    | Policy::RespondBy
                    | Policy::RespondSoon,
                )
                | Delay::Fixed(_)
                | Delay::BusinessDays(_) => None,
            };
            new.after.iter().map(from_now).collect()
        }
        TimerPolicy::Recompute => {
            if let Some(instance) = run.instance_mut(which) {
                instance.due = None;
            }
            vec![None; new.after.len()]
        }
    };
    set(run, which, new, kept);
}

/// Which timer of the old state each timer of the new one stands for: one that leads to the same state, by the same rule if there are
/// several; or the only one for the only one.
fn counterparts(
    from: &Machine,
    old: &State,
    to: &Machine,
    new: &State,
    target: &dyn Fn(&str) -> String,
) -> Vec<Option<usize>> {
    if (old.after.len(), new.after.len()) == (1, 1) {
        return vec![Some(0)];
    }
    let leads = |a: &After| target(&from.states[a.transition.target].name);
    let mut taken = Vec::new();
    let mut pairs = Vec::with_capacity(new.after.len());
    for after in &new.after {
        let to = &to.states[after.transition.target].name;
        let same = |n: &&usize| !taken.contains(*n) && leads(&old.after[**n]) == *to;
        let all: Vec<usize> = (0..old.after.len()).collect();
        let found = all.iter().filter(same).find(|n| old.after[**n].delay == after.delay);
        let found = found.or_else(|| all.iter().find(same)).copied();
        taken.extend(found);
        pairs.push(found);
    }
    pairs
}

/// Keeps the times that differ from the state's own rule, and sets when the machine is looked at next.
fn set(run: &mut Run<'_, '_>, which: Which, state: &State, mut kept: Vec<Option<Timestamp>>) {
    if let Some(instance) = run.instance_mut(which) {
        instance.kept.clear();
    }
    for (after, kept) in state.after.iter().zip(&mut kept) {
        *kept = kept.filter(|at| *at != run.over_at(which, state, after));
    }
    let remembered = run.instance(which).and_then(|i| i.due);
    if let Some(instance) = run.instance_mut(which) {
        instance.kept = if kept.iter().any(Option::is_some) { kept } else { Vec::new() };
    }
    // A time that is over and whose guard does not hold is taken by the command that makes it hold.
    let waited_for = |after: &&After| {
        let at = run.over_at(which, state, after);
        at > run.now || remembered == Some(at) || run.guard_holds(which, &after.transition)
    };
    let due = state.after.iter().filter(waited_for).map(|a| run.over_at(which, state, a)).min();
    if let Some(instance) = run.instance_mut(which) {
        instance.due = due;
    }
}
