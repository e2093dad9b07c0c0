//! Why it is waiting, in plain words: who may do what, which fact is missing, what the provider is at, and when the clock goes on by itself.
//!
//! The words follow from what `explain` found, so that they cannot say anything else. Staff reads all of it; a merchant reads nothing of the
//! payment's steps, only that the payment is not through. What is not here: the finding, and labels, which are the workflow's own.

use super::explain::{ItemActions, Possible, Waiting};
use super::run::{Run, Which};
use crate::time::Timestamp;
use crate::workflow::guard::{Fact, Guard};
use crate::workflow::{Audience, Effect, Field, Party, State};

/// Says of an item what it waits for; empty only when it may rest and nothing more can happen.
pub(super) fn of_item(run: &Run<'_, '_>, index: usize, found: &ItemActions, payment: &ItemActions) -> String {
    let audience = run.actor.role.audience();
    let mut said = Said::default();
    if found.is_final {
        said.add("It may rest here.");
    }
    let cancel = run.workflow.cancel_event.as_deref();
    let (cancels, acts): (Vec<&Possible>, Vec<&Possible>) =
        found.events.iter().partition(|p| Some(p.event.as_str()) == cancel);
    possible(&acts, &mut said);
    waits(run, Which::Item(index), audience, &found.waits_for, &mut said);
    if let Some(side) = &found.merchant {
        waits(run, Which::Merchant(index), audience, &side.waits_for, &mut said);
        timer(run, Which::Merchant(index), side.timer.as_ref(), audience, &mut said);
    }
    timer(run, Which::Item(index), found.timer.as_ref(), audience, &mut said);
    if !found.is_final {
        let line = &run.order.items[index];
        if line.refunding > line.refunded && audience == Audience::Operator {
            let rest = run.order.currency.show(line.refunding - line.refunded);
            said.add(&format!("{rest} of it is on its way back to the customer."));
        }
        let waits_for_payment = guards(run, Which::Item(index)).any(about_payment) && !payment.is_final;
        let step = payment.waits_for_effect.is_some();
        let people = acts.iter().any(|p| p.possible);
        match audience {
            Audience::Operator if step || (waits_for_payment && !people) => {
                said.add(&format!("The payment: {}", payment.summary));
            }
            Audience::Merchant | Audience::Customer if step || (waits_for_payment && !people) => {
                said.add("The payment is not through yet.");
            }
            // Somebody can act: then the payment matters for its time only.
            Audience::Operator | Audience::Merchant | Audience::Customer => {
                if let Some((due, to)) = payment.timer.as_ref().filter(|_| waits_for_payment) {
                    let next = run.machine(Which::Payment).and_then(|m| m.state(to)).and_then(|s| s.invoke.as_ref());
                    let renews = next.is_some_and(|i| i.effect == Effect::Reauthorise);
                    let what = if renews { "The hold on the card is renewed" } else { "The payment's time ends" };
                    said.add(&format!("{what} {}.", when(*due)));
                }
            }
        }
    }
    blocked(&acts, &mut said);
    let open: Vec<&&Possible> = cancels.iter().filter(|p| p.possible).collect();
    if !open.is_empty() {
        let mut by: Vec<Party> = open.iter().flat_map(|p| p.by.iter().copied()).collect();
        by.sort_unstable();
        by.dedup();
        said.add(&format!("{} can cancel it.", capital(&people(&by))));
    }
    said.0
}

/// Says of the payment what it waits for.
pub(super) fn of_payment(run: &Run<'_, '_>, found: &ItemActions) -> String {
    let mut said = Said::default();
    if let Some(effect) = &found.waits_for_effect {
        let what = asked(effect);
        let doubt = run.order.current_payment().is_some_and(|p| p.state == crate::order::PaymentState::InDoubt);
        said.add(&match doubt {
            true => {
                format!("The answer to its request to {what} was lost; the provider is being asked what became of it.")
            }
            false => format!("It waits for the answer to its request to {what}, made {}.", when(found.since)),
        });
    }
    let acts: Vec<&Possible> = found.events.iter().collect();
    possible(&acts, &mut said);
    waits(run, Which::Payment, Audience::Operator, &found.waits_for, &mut said);
    timer(run, Which::Payment, found.timer.as_ref(), Audience::Operator, &mut said);
    blocked(&acts, &mut said);
    if said.0.is_empty() && found.is_final {
        said.add("Nothing is left to be done.");
    }
    said.0
}

/// Sentences, with a space between them.
#[derive(Default)]
struct Said(String);

impl Said {
    fn add(&mut self, sentence: &str) {
        if !self.0.is_empty() && !sentence.is_empty() {
            self.0.push(' ');
        }
        self.0.push_str(sentence);
    }
}

/// «The merchant or the operator can confirm or refuse (with a reason) it.», a sentence for each group of people.
fn possible(acts: &[&Possible], said: &mut Said) {
    let mut groups: Vec<(&[Party], Vec<String>)> = Vec::new();
    for act in acts.iter().filter(|p| p.possible) {
        let mut words = act.event.replace('_', " ");
        if !act.requires.is_empty() {
            let fields: Vec<&str> = act.requires.iter().map(|f| field(*f)).collect();
            words.push_str(&format!(" (with {})", list(&fields, "and")));
        }
        match groups.iter_mut().find(|(by, _)| *by == act.by.as_slice()) {
            Some((_, events)) if !events.contains(&words) => events.push(words),
            Some(_) => {}
            None => groups.push((&act.by, vec![words])),
        }
    }
    for (by, events) in groups {
        let quoted: Vec<String> = events.iter().map(|e| format!("“{e}”")).collect();
        let quoted: Vec<&str> = quoted.iter().map(String::as_str).collect();
        said.add(&format!("It waits for {}: {}.", people(by), list(&quoted, "or")));
    }
}

/// What is declared here and not possible now, and why.
fn blocked(acts: &[&Possible], said: &mut Said) {
    for act in acts.iter().filter(|p| !p.possible) {
        let because = act.guard.as_ref().map(guard).or_else(|| act.why_not.clone());
        if let Some(because) = because {
            let event = act.event.replace('_', " ");
            let words = if act.guard.is_some() {
                format!("becomes possible when {because}")
            } else {
                format!("is not possible now: {because}")
            };
            said.add(&format!("“{}” {words}.", event));
        }
    }
}

/// «It becomes “Confirmed” as soon as the payment is taken.», one sentence for each state, those that nobody hopes for last.
fn waits(run: &Run<'_, '_>, which: Which, audience: Audience, waiting: &[Waiting], said: &mut Said) {
    let mut ways: Vec<(bool, String, Vec<String>)> = Vec::new();
    for wait in waiting {
        let state = run.machine(which).and_then(|m| m.state(&wait.to));
        let to = state.map_or_else(|| wait.to.clone(), |s| called(s, audience));
        let unhappy = state.is_some_and(|s| s.has("cancelled") || s.has("refunded"));
        // Which lines are missing is said to staff only: a merchant does not know the others'.
        let staff = audience == Audience::Operator;
        let missing = if staff { missing(run, &wait.condition) } else { String::new() };
        let condition = format!("{}{missing}", guard(&wait.condition));
        match ways.iter_mut().find(|(_, known, _)| *known == to) {
            Some((.., conditions)) => conditions.push(condition),
            None => ways.push((unhappy, to, vec![condition])),
        }
    }
    ways.sort_by_key(|(unhappy, ..)| *unhappy);
    for (_, to, conditions) in ways {
        let conditions: Vec<&str> = conditions.iter().map(String::as_str).collect();
        said.add(&format!("It becomes “{to}” as soon as {}.", list(&conditions, "or")));
    }
}

/// Which lines keep a fact about every item from holding.
fn missing(run: &Run<'_, '_>, guard: &Guard) -> String {
    let Guard::Fact(Fact::AllItems(tag)) = guard else { return String::new() };
    let lacks = |i: &&crate::order::Item| !run.workflow.item.state(&i.machine.state).is_some_and(|s| s.has(tag));
    let mut names: Vec<String> = run.order.items.iter().filter(lacks).map(|i| i.sku.clone()).collect();
    names.dedup();
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    match (names.is_empty(), more) {
        (true, _) => String::new(),
        (false, 0) => format!(" (not yet: {})", names.join(", ")),
        (false, more) => format!(" (not yet: {} and {more} more)", names.join(", ")),
    }
}

/// Items that are named one by one.
const NAMED: usize = 3;

fn timer(run: &Run<'_, '_>, which: Which, timer: Option<&(Timestamp, String)>, audience: Audience, said: &mut Said) {
    let Some((due, to)) = timer else { return };
    let state = run.machine(which).and_then(|m| m.state(to));
    let to = state.map_or_else(|| to.clone(), |s| called(s, audience));
    let subject = if matches!(which, Which::Merchant(_)) { "the merchant's side" } else { "it" };
    said.add(&format!("If nothing happens, {subject} becomes “{to}” {}.", when(*due)));
}

/// The guards of automatic steps and of events of the state that a machine is in.
fn guards<'c>(run: &Run<'_, 'c>, which: Which) -> impl Iterator<Item = &'c Guard> {
    let state = run.state(which).ok().flatten();
    let transitions = state.into_iter().flat_map(|s| s.always.iter().chain(s.on.values().flatten()));
    transitions.filter_map(|t| t.guard.as_ref())
}

fn about_payment(guard: &Guard) -> bool {
    match guard {
        Guard::Fact(fact) => matches!(fact, Fact::Payment(_) | Fact::PaymentOffline | Fact::NothingCaptured),
        Guard::Not(a) => about_payment(a),
        Guard::And(a, b) | Guard::Or(a, b) => about_payment(a) || about_payment(b),
    }
}

/// A state in words: its label where that is complete without an item's dates, else its name.
fn called(state: &State, audience: Audience) -> String {
    let label = state.labels.get(&audience).filter(|l| !l.contains('{') && *l != "N/A");
    let name = if state.status.is_empty() { &state.name } else { &state.status };
    label.cloned().unwrap_or_else(|| name.replace('_', " "))
}

/// A guard in words.
pub(super) fn guard(of: &Guard) -> String {
    match of {
        Guard::Fact(of) => fact(of, true),
        Guard::Not(a) => match &**a {
            Guard::Fact(of) => fact(of, false),
            other => format!("it is not so that {}", guard(other)),
        },
        Guard::And(a, b) => format!("{} and {}", guard(a), guard(b)),
        Guard::Or(a, b) => format!("{} or {}", guard(a), guard(b)),
    }
}

fn fact(of: &Fact, holds: bool) -> String {
    let is = if holds { "is" } else { "is not" };
    match of {
        Fact::Payment(tag) => match (tag.as_str(), holds) {
            ("captured", _) => format!("the payment {is} taken"),
            ("failed", true) => "the payment has failed".to_owned(),
            ("failed", false) => "the payment has not failed".to_owned(),
            ("expired", _) => format!("the time to pay {is} over"),
            ("payable", _) => format!("the payment {is} open to another attempt"),
            ("verified", _) => format!("the card {is} verified"),
            ("awaiting", true) => "money from outside is awaited".to_owned(),
            ("awaiting", false) => "no money from outside is awaited".to_owned(),
            (tag, _) => format!("the payment {is} {}", tag.replace('_', " ")),
        },
        Fact::PaymentOffline => format!("the money {is} to come from outside"),
        Fact::AllItems(tag) => {
            let words = if tag == "decided" { "accepted or refused".to_owned() } else { tag.replace('_', " ") };
            if holds { format!("every item is {words}") } else { format!("some item is not {words}") }
        }
        Fact::AnyItem(tag) => {
            let words = tag.replace('_', " ");
            if holds { format!("some item is {words}") } else { format!("no item is {words}") }
        }
        Fact::ItemFullyRefunded => if holds { "its money went back" } else { "its money did not go back" }.to_owned(),
        Fact::LateCancellation => if holds {
            "its supplier lets it be cancelled this late"
        } else {
            "its supplier does not let it be cancelled this late"
        }
        .to_owned(),
        Fact::OrderFullyRefunded => {
            format!("all money of the order {} back", if holds { "went" } else { "did not go" })
        }
        Fact::NothingCaptured => if holds { "no money was taken" } else { "money was taken" }.to_owned(),
        Fact::Compare(comparison) => {
            let not = if holds { "" } else { "not " };
            format!("{not}{comparison}")
        }
    }
}

/// What an effect asks for.
fn asked(effect: &str) -> &'static str {
    match effect {
        "payment.verify" => "verify the card",
        "payment.authorise" => "hold the money",
        "payment.reauthorise" => "hold the money anew",
        "payment.reverse" => "take back what was paid on",
        "payment.charge" => "charge the money",
        "stock.check" => "see that the reserved units are there",
        "payment.capture" => "take the money that is held",
        "payment.transfer" => "pay the parties their shares",
        "payment.void" => "release the money that is held",
        "payment.refund" => "give the money back",
        _ => "do its step",
    }
}

fn field(of: Field) -> &'static str {
    match of {
        Field::Reason => "a reason",
        Field::TrackingNumber => "a tracking number",
        Field::ExpectedBy => "the day it should arrive",
        Field::Carrier => "the carrier",
    }
}

/// `the merchant or the operator`.
fn people(by: &[Party]) -> String {
    let names: Vec<&str> = by
        .iter()
        .map(|party| match party {
            Party::Operator => "the operator",
            Party::Retailer => "the retailer",
            Party::Merchant => "the merchant",
            Party::Customer => "the customer",
            Party::Import => "an import",
        })
        .collect();
    list(&names, "or")
}

/// `a, b or c`.
fn list(words: &[&str], last: &str) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [rest @ .., end] => format!("{} {last} {end}", rest.join(", ")),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// `on 2026-03-08 at 12:00 UTC`.
fn when(at: Timestamp) -> String {
    let text = at.to_string();
    let time = text.get(11..16).unwrap_or("00:00");
    format!("on {} at {time} UTC", at.date())
}
