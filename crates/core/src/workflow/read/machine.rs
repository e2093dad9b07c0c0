//! Reads a machine and its states.

use std::collections::BTreeMap;

use super::document::{Field, Fields, Notes, Place};
use super::fragment::{self, Use};
use super::label::{labels, total};
use super::transition::{Cause, transition};
use crate::time::Span;
use crate::workflow::code::Code;
use crate::workflow::complaint::{Complaint, shown};
use crate::workflow::model::{Action, After, Delay, Effect, Invoke, Kind, Machine, Policy, State, TAGS, Transition};

/// The most states of one machine.
const MAX_STATES: usize = 500;

/// Keys of a payment's state.
pub(in crate::workflow) const PAYMENT_KEYS: &[&str] =
    &["tags", "entry", "invoke", "timeout", "on", "always", "after", "final"];
/// Keys of an item's state.
pub(in crate::workflow) const ITEM_KEYS: &[&str] =
    &["status", "tags", "labels", "entry", "on", "always", "after", "final"];

/// The longest time to wait for an outcome before somebody is told.
const MAX_TIMEOUT: Span = Span::seconds(30 * 86_400);

/// Names that `on` keeps for the outcomes of an invoke.
const OUTCOMES: &[&str] = &["done", "error", "late"];

/// What a machine's parts need to know about the rest of the file.
pub(super) struct Scope {
    /// Whose workflow it is.
    pub kind: Kind,
    /// The language of the labels without one.
    pub locale: String,
    /// The payment machine, or the item machine.
    pub payment: bool,
    /// The public statuses.
    pub statuses: Vec<String>,
    /// The machine's states by name.
    pub states: BTreeMap<String, usize>,
}

impl Scope {
    /// The index of the state; 0 after a complaint, and then the file is refused anyway.
    pub fn state(&self, notes: &mut Notes<'_>, word: &str, place: &Place) -> usize {
        self.states.get(word).copied().unwrap_or_else(|| {
            let names: Vec<&str> = self.states.keys().map(String::as_str).collect();
            notes.unknown(place, word, "a state of this machine", &names);
            0
        })
    }

    fn state_keys(&self) -> &'static [&'static str] {
        if self.payment { PAYMENT_KEYS } else { ITEM_KEYS }
    }

    /// What the tags' own descriptions begin with.
    fn name(&self) -> &'static str {
        match (self.payment, self.kind) {
            (true, _) => "payment",
            (false, Kind::Dispute) => "dispute",
            (false, Kind::Order | Kind::Merchant) => "item",
        }
    }
}

/// Reads the machine at `field`.
pub(super) fn machine(
    notes: &mut Notes<'_>,
    field: &Field<'_>,
    mut scope: Scope,
    uses: &[Use],
    foreign: &mut Vec<Complaint>,
) -> Machine {
    let mut out = Machine::default();
    let Some(fields) = notes.table(field) else { return out };
    notes.only_keys(&fields, "a machine", &["initial", "states"]);
    let states = fields.get("states").map(|field| (notes.table(&field), field.place));
    let Some((Some(states), place)) = states else {
        if states.is_none() {
            notes.missing(&fields.place, "states", "a machine has states");
        }
        return out;
    };
    // All names first: transitions may go to states that come later.
    let mut found: Vec<(&str, Field<'_>)> = Vec::new();
    for (name, field) in states.all() {
        if found.len() == MAX_STATES {
            notes.complain_as(Code::TooLarge, &field.place, format!("a machine has at most {MAX_STATES} states"));
            break;
        }
        notes.shape(name, &field.place, "the name of a state", false);
        scope.states.insert(name.to_owned(), found.len());
        found.push((name, field));
    }
    if found.is_empty() {
        notes.complain(&place, "a machine has at least one state");
        return out;
    }
    let mut count = found.len();
    for (name, place) in uses.iter().flat_map(Use::states) {
        if scope.states.insert(name.clone(), count).is_some() {
            notes.complain(place, format!("there is a state `{name}` already; say another `prefix`"));
        }
        count += 1;
        if count > MAX_STATES {
            notes.complain_as(Code::TooLarge, place, format!("a machine has at most {MAX_STATES} states"));
            return out;
        }
    }
    match fields.get("initial") {
        None => notes.missing(&fields.place, "initial", "a machine names its first state"),
        Some(field) => {
            if let Some((word, place)) = notes.string(&field) {
                out.initial = scope.state(notes, word, &place);
            }
        }
    }
    let states: Vec<(State, Place)> =
        found.iter().map(|(name, field)| (state(notes, name, field, &scope), field.place.clone())).collect();
    let states: Vec<(State, Place)> = {
        let place = |used: &Use| used.states().next().map_or_else(|| field.place.clone(), |(_, place)| place.clone());
        let taken = |used: &Use| -> Vec<(State, Place)> {
            let place = place(used);
            fragment::states(notes, used, &scope, foreign).into_iter().map(|s| (s, place.clone())).collect()
        };
        states.into_iter().chain(uses.iter().flat_map(taken)).collect()
    };
    total(notes, &states);
    out.states = states.into_iter().map(|(state, _)| state).collect();
    out.index = scope.states;
    out
}

/// Reads one state.
pub(super) fn state(notes: &mut Notes<'_>, name: &str, field: &Field<'_>, scope: &Scope) -> State {
    let mut out = State { name: name.to_owned(), line: notes.line(field.place.offset), ..State::default() };
    let Some(fields) = notes.table(field) else { return out };
    let what = if scope.payment { "a payment's state" } else { "an item's state" };
    notes.only_keys(&fields, what, scope.state_keys());
    if !scope.payment {
        out.status = status(notes, &fields, scope);
        (out.labels, out.locales) = labels(notes, &fields, scope);
    }
    if let Some(field) = fields.get("tags") {
        out.tags = tags(notes, &field, scope);
    }
    if let Some(field) = fields.get("entry") {
        out.entry = notes.named(&field, "an action", Action::ALL);
    }
    if let Some(field) = fields.get("final") {
        out.is_final = notes.boolean(&field);
    }
    let on = fields.get("on").and_then(|field| notes.table(&field));
    if let Some(on) = &on {
        out.on = events(notes, on, scope);
    }
    // A payment's alone: for items, `invoke` was complained about above, as was `done`.
    if scope.payment {
        out.invoke = invoke(notes, &fields, on.as_ref(), scope);
    }
    if let Some(field) = fields.get("always") {
        let tables = notes.tables(&field);
        out.always = tables.iter().map(|t| transition(notes, t, scope, Cause::Always)).collect();
    }
    if let Some(field) = fields.get("after") {
        out.after = timers(notes, &field, scope);
    }
    out
}

fn status(notes: &mut Notes<'_>, fields: &Fields<'_>, scope: &Scope) -> String {
    let Some(field) = fields.get("status") else {
        notes.missing(&fields.place, "status", "every state of an item names the public status that it shows as");
        return String::new();
    };
    let Some((word, place)) = notes.string(&field) else { return String::new() };
    if !scope.statuses.iter().any(|s| s == word) {
        let allowed: Vec<&str> = scope.statuses.iter().map(String::as_str).collect();
        notes.unknown(&place, word, "one of this workflow's `statuses`", &allowed);
    }
    word.to_owned()
}

fn tags(notes: &mut Notes<'_>, field: &Field<'_>, scope: &Scope) -> Vec<String> {
    let allowed: Vec<(&str, ())> = TAGS
        .iter()
        .filter(|(_, what)| what.split(':').next() == Some(scope.name()))
        .map(|(tag, _)| (*tag, ()))
        .collect();
    let what = format!("a tag of {} states", scope.name());
    let words = notes.strings(field);
    let known = words.into_iter().filter(|(word, place)| notes.name_of(word, place, &what, &allowed).is_some());
    known.map(|(word, _)| word.to_owned()).collect()
}

/// Every event but the outcomes, which only an invoke has.
fn events(notes: &mut Notes<'_>, on: &Fields<'_>, scope: &Scope) -> BTreeMap<String, Vec<Transition>> {
    let mut out = BTreeMap::new();
    for (event, field) in on.all() {
        if OUTCOMES.contains(&event) {
            if !scope.payment {
                let why =
                    format!("`{event}` is kept for the outcome of an `invoke`, and only a payment's state has one");
                notes.complain(&field.place, why);
            }
            continue;
        }
        if event == "timeout" {
            let why = "a state with an `invoke` is left by its outcome only; `timeout = \"30m\"` beside `invoke` tells somebody when it takes too long";
            notes.complain(&field.place, why);
            continue;
        }
        notes.shape(event, &field.place, "an event", false);
        let tables = notes.tables(&field);
        let transitions = tables.iter().map(|t| transition(notes, t, scope, Cause::Event)).collect();
        out.insert(event.to_owned(), transitions);
    }
    out
}

fn invoke(notes: &mut Notes<'_>, fields: &Fields<'_>, on: Option<&Fields<'_>>, scope: &Scope) -> Option<Invoke> {
    let answer = |name: &str| on.and_then(|on| on.get(name));
    let timeout = fields.get("timeout");
    let Some(field) = fields.get("invoke") else {
        if let Some(field) = timeout {
            notes.complain(&field.place, "`timeout` is that of an `invoke`, and this state has none; use `after`");
        }
        for name in OUTCOMES {
            if let Some(field) = answer(name) {
                notes
                    .complain(&field.place, format!("`{name}` is the outcome of an `invoke`, and this state has none"));
            }
        }
        return None;
    };
    let effect = notes.string(&field).and_then(|(word, place)| notes.name_of(word, &place, "an effect", Effect::ALL));
    let mut outcome = |name: &str| match answer(name) {
        None => {
            let place = &field.place;
            notes.missing(
                place,
                &format!("on.{name}"),
                "what an `invoke` started ends in `done` or `error`, and each goes somewhere",
            );
            Transition::default()
        }
        Some(field) => match notes.table(&field) {
            Some(table) => transition(notes, &table, scope, Cause::Outcome),
            None => Transition::default(),
        },
    };
    let (done, error) = (outcome("done"), outcome("error"));
    let late = answer("late").and_then(|field| late(notes, &field));
    let timeout = timeout.and_then(|field| self::timeout(notes, &field));
    Some(Invoke { effect: effect?, done, error, timeout, late })
}

/// How long an outcome may take before somebody is told.
fn timeout(notes: &mut Notes<'_>, field: &Field<'_>) -> Option<Span> {
    let (word, place) = notes.string(field)?;
    let span = Span::parse(word).filter(|span| (Span::seconds(1)..=MAX_TIMEOUT).contains(span));
    if span.is_none() {
        notes.complain(
            &place,
            format!("`{}` is not a time to wait for an outcome; write \"30m\", at most \"30d\"", shown(word)),
        );
    }
    span
}

fn late(notes: &mut Notes<'_>, field: &Field<'_>) -> Option<Effect> {
    let fields = notes.table(field)?;
    notes.only_keys(&fields, "`on.late`", &["effect"]);
    let Some(field) = fields.get("effect") else {
        notes.missing(&fields.place, "effect", "it says which effect makes up for a success that came too late");
        return None;
    };
    let (word, place) = notes.string(&field)?;
    notes.name_of(word, &place, "an effect", Effect::ALL)
}

fn timers(notes: &mut Notes<'_>, field: &Field<'_>, scope: &Scope) -> Vec<After> {
    let Some(fields) = notes.table(field) else { return Vec::new() };
    let mut out: Vec<After> = Vec::new();
    for (key, field) in fields.all() {
        let Some(delay) = Delay::parse(key) else {
            let own = |p: Policy| p.of_disputes() == (scope.kind == Kind::Dispute);
            let mut allowed: Vec<&str> = Policy::ALL.iter().filter(|(_, p)| own(*p)).map(|(name, _)| *name).collect();
            allowed.extend(["\"7d\"", "\"3bd\"", "\"36h\"", "\"15m\"", "\"30s\""]);
            notes.unknown(&field.place, key, "a time", &allowed);
            continue;
        };
        if let Delay::Policy(policy) = delay
            && policy.of_disputes() != (scope.kind == Kind::Dispute)
        {
            let whose = if policy.of_disputes() { "disputes have" } else { "orders have" };
            notes.complain(&field.place, format!("`{}` is a time that only {whose}", shown(key)));
        }
        if out.iter().any(|after| after.delay == delay) {
            notes.complain(&field.place, format!("`{}` is a time that this state already has", shown(key)));
        }
        if let Some(table) = notes.table(&field) {
            out.push(After { delay, transition: transition(notes, &table, scope, Cause::After) });
        }
    }
    // An order of their own, so that the order of the file means nothing even when two are due at once.
    out.sort_by_key(|after| match after.delay {
        Delay::Fixed(span) => (None, 0, span),
        Delay::BusinessDays(days) => (None, days, Span::ZERO),
        Delay::Policy(policy) => (Some(policy), 0, Span::ZERO),
    });
    out
}
