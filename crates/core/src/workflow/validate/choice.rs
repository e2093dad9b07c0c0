//! Which of several transitions is taken: those that never are, those of which only the file's order decides, and choices that have a gap.

use super::graph::{Cause, exits};
use super::{Check, Code, Complaint};
use crate::workflow::answers::answers;
use crate::workflow::guard::{Comparison, Fact, Guard, Subject, Value};
use crate::workflow::model::{Kind, Party, State, Transition};

/// The most facts of yes or no whose every combination is tried.
const MAX_FACTS: usize = 10;

/// Complains about the transitions of a state.
pub(super) fn rules(check: &Check<'_>, state: &State, out: &mut Vec<Complaint>) {
    always(check, state, out);
    for (event, list) in &state.on {
        of_event(check, state, event, list, out);
    }
    without_else(check, state, out);
}

fn always(check: &Check<'_>, state: &State, out: &mut Vec<Complaint>) {
    let path = format!("{}.always", check.path(state));
    for t in state.always.iter().rev().skip(1).filter(|t| t.guard.is_none()) {
        let message = "only the last `always` may have no guard; those after this one are never tried";
        out.push(Complaint::on_line(Code::ShadowedTransition, t.line, path.clone(), message));
    }
    let first = state.always.iter().find(|t| t.guard.is_none());
    let others: Vec<String> =
        exits(state).filter(|exit| matches!(exit.cause, Cause::Event | Cause::After)).map(|exit| exit.path).collect();
    // One that hides others of its own list was told already.
    let last = state.always.last().filter(|t| t.guard.is_none() && first.is_some_and(|f| std::ptr::eq(f, *t)));
    if let (Some(first), false) = (last, others.is_empty()) {
        let message = format!(
            "without a guard this leaves the state at once, so that {} can never be taken; give it a guard, or move them to where it leads",
            others.join(", ")
        );
        out.push(Complaint::on_line(Code::CompetingTriggers, first.line, path, message));
    }
}

/// The engine takes the first transition whose `by` names the one who fires and whose guard holds; a required field that is missing refuses
/// the event, and passes it on to no other.
fn of_event(check: &Check<'_>, state: &State, event: &str, list: &[Transition], out: &mut Vec<Complaint>) {
    let path = format!("{}.on.{event}", check.path(state));
    for (n, later) in list.iter().enumerate() {
        let before = || list[..n].iter().filter(|t| t.guard.is_none());
        let taken: Vec<Party> = later.by.iter().copied().filter(|p| before().any(|t| t.by.contains(p))).collect();
        let sent = later.by.is_empty() && before().next().is_some();
        if sent || (!later.by.is_empty() && taken.len() == later.by.len()) {
            let message = "never taken: one before it has no guard and takes the event from the same parties";
            out.push(Complaint::on_line(Code::ShadowedTransition, later.line, path.clone(), message));
        } else if !taken.is_empty() {
            let names: Vec<&str> = taken.iter().map(|p| p.name()).collect();
            let message = format!(
                "{} may fire this by an earlier transition without a guard, which is always taken instead; name each party once, or give the earlier one a guard",
                names.join(", ")
            );
            out.push(Complaint::on_line(Code::AmbiguousTransition, later.line, path.clone(), message));
        }
    }
}

/// A choice on facts that do not change while the state lasts, with no way out where no guard holds.
fn without_else(check: &Check<'_>, state: &State, out: &mut Vec<Complaint>) {
    let guards: Vec<&Guard> = state.always.iter().filter_map(|t| t.guard.as_ref()).collect();
    let others = exits(state).any(|exit| exit.cause != Cause::Always);
    if state.is_final || others || guards.is_empty() || guards.len() < state.always.len() {
        return;
    }
    let facts: Vec<&Fact> = guards.iter().flat_map(|g| g.facts()).collect();
    if !facts.iter().all(|fact| is_fixed(check, fact)) {
        return;
    }
    if let Some(gap) = gap(&guards, &facts) {
        let line = state.always.first().map_or(state.line, |t| t.line);
        let message = format!(
            "nothing happens {gap}, and nobody can do anything: add a last entry without a guard, or another way out"
        );
        out.push(Complaint::on_line(Code::GuardWithoutElse, line, format!("{}.always", check.path(state)), message));
    }
}

/// Whether the answer stays as it is while a state without events lasts.
fn is_fixed(check: &Check<'_>, fact: &Fact) -> bool {
    match fact {
        Fact::LateCancellation | Fact::Compare(_) => true,
        // Only the payment's `retry` brings another method; of a merchant's order nothing is known here.
        Fact::PaymentOffline => {
            let pays_again = check.workflow.payment.as_ref().is_some_and(|m| m.knows_event("retry"));
            check.is_payment() || (check.workflow.kind == Kind::Order && !pays_again)
        }
        Fact::Payment(_)
        | Fact::AllItems(_)
        | Fact::AnyItem(_)
        | Fact::ItemFullyRefunded
        | Fact::OrderFullyRefunded
        | Fact::NothingCaptured => false,
    }
}

/// In words, a case in which none of the guards holds, if there is one among those that are tried.
fn gap(guards: &[&Guard], facts: &[&Fact]) -> Option<String> {
    let mut truths: Vec<&Fact> = Vec::new();
    let mut compared: Vec<(Subject, Vec<Comparison>)> = Vec::new();
    for fact in facts {
        match fact {
            Fact::Compare(c) => match compared.iter_mut().find(|(subject, _)| *subject == c.subject) {
                Some((_, known)) => known.push(c.clone()),
                None => compared.push((c.subject, vec![c.clone()])),
            },
            truth if !truths.contains(truth) => truths.push(truth),
            _ => {}
        }
    }
    truths.truncate(MAX_FACTS);
    let mut ways: Vec<Vec<(Subject, Value)>> = vec![Vec::new()];
    for (subject, comparisons) in &compared {
        let answers = answers(*subject, comparisons);
        let with = |way: &Vec<(Subject, Value)>, value: &Value| [way.clone(), vec![(*subject, value.clone())]].concat();
        ways = ways
            .iter()
            .flat_map(|way| answers.iter().map(move |value| with(way, value)))
            .take(1 << MAX_FACTS)
            .collect();
    }
    for way in &ways {
        for bits in 0..1_usize << truths.len() {
            let holds = |fact: &Fact| match fact {
                Fact::Compare(c) => way.iter().find(|(s, _)| *s == c.subject).is_some_and(|(_, value)| c.holds(value)),
                truth => truths.iter().position(|t| *t == truth).is_some_and(|n| bits >> n & 1 == 1),
            };
            if guards.iter().any(|guard| guard.holds(&holds)) {
                continue;
            }
            let told = truths.iter().enumerate().map(|(n, fact)| match bits >> n & 1 == 1 {
                true => format!("`{fact}` holds"),
                false => format!("`{fact}` does not hold"),
            });
            let compared = way.iter().map(|(subject, value)| format!("`{}` is {value}", subject.name()));
            return Some(format!("when {}", told.chain(compared).collect::<Vec<_>>().join(" and ")));
        }
    }
    None
}
