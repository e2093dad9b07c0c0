//! Reads one transition, wherever it stands.

use super::document::{Field, Fields, Notes, Place};
use super::machine::Scope;
use crate::workflow::code::Code;
use crate::workflow::complaint::shown;
use crate::workflow::guard::{Fact, Guard};
use crate::workflow::model::{Field as Required, Party, Send, Side, Transition};

/// Every key that a transition can have: those of an item's event.
pub(in crate::workflow) const TRANSITION_KEYS: &[&str] = &["target", "by", "requires", "guard", "send", "reason"];

/// The longest guard, in bytes.
const MAX_GUARD: usize = 2000;

/// What a transition is taken by; it decides which keys mean something.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// An event, `on.<event>`.
    Event,
    /// The outcome of an invoke. It has no guard: an outcome that nothing takes would hold the state for ever.
    Outcome,
    /// Nothing but its guard.
    Always,
    /// The clock.
    After,
}

impl Cause {
    /// A payment machine has no partner that it could send to.
    fn keys(self, payment: bool) -> &'static [&'static str] {
        match (self, payment) {
            (Self::Event, false) => TRANSITION_KEYS,
            (Self::Event, true) => &["target", "by", "requires", "guard", "reason"],
            (Self::Outcome, false) => &["target", "send", "reason"],
            (Self::Outcome, true) => &["target", "reason"],
            (Self::Always | Self::After, false) => &["target", "guard", "send", "reason"],
            (Self::Always | Self::After, true) => &["target", "guard", "reason"],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Event => "an event's transition",
            Self::Outcome => "an outcome's transition",
            Self::Always => "an `always` transition",
            Self::After => "an `after` transition",
        }
    }
}

/// Reads the transition; what cannot be read is complained about and left out.
pub(super) fn transition(notes: &mut Notes<'_>, fields: &Fields<'_>, scope: &Scope, cause: Cause) -> Transition {
    notes.only_keys(fields, cause.name(), cause.keys(scope.payment));
    let mut out = Transition { line: notes.line(fields.place.offset), ..Transition::default() };
    match fields.get("target") {
        None => notes.missing(&fields.place, "target", "a transition names the state that it goes to"),
        Some(field) => {
            if let Some((word, place)) = notes.string(&field) {
                out.target = scope.state(notes, word, &place);
            }
        }
    }
    if let Some(field) = fields.get("by") {
        out.by = notes.named(&field, "a party", Party::ALL);
    }
    if let Some(field) = fields.get("requires") {
        out.requires = notes.named(&field, "a field that an event can carry", Required::ALL);
    }
    if let Some(field) = fields.get("guard") {
        out.guard = guard(notes, &field, scope.payment);
    }
    if let Some(field) = fields.get("send") {
        for (word, place) in notes.strings(&field) {
            out.send.extend(send(notes, word, &place));
        }
    }
    if let Some(field) = fields.get("reason")
        && let Some((word, place)) = notes.string(&field)
        && notes.shape(word, &place, "a reason", false)
    {
        out.reason = Some(word.to_owned());
    }
    out
}

fn guard(notes: &mut Notes<'_>, field: &Field<'_>, payment: bool) -> Option<Guard> {
    let (text, place) = notes.string(field)?;
    if text.len() > MAX_GUARD {
        notes.complain_as(Code::TooLarge, &place, format!("a guard has at most {MAX_GUARD} characters"));
        return None;
    }
    match Guard::parse(text) {
        Ok(guard) => {
            // (Facts that are yes or no are looked at with the whole workflow, by the checks.)
            for fact in guard.facts() {
                if let Fact::Compare(comparison) = fact
                    && payment
                    && fact.of_an_item()
                {
                    let name = comparison.subject.name();
                    notes
                        .complain(&place, format!("`{name}` is about one item, and the payment is of the whole order"));
                }
            }
            Some(guard)
        }
        Err(message) => {
            notes.complain_as(Code::WrongGuard, &place, message.replace(char::is_control, "\u{fffd}"));
            None
        }
    }
}

fn send(notes: &mut Notes<'_>, word: &str, place: &Place) -> Option<Send> {
    let (rest, optional) = word.strip_suffix('?').map_or((word, false), |rest| (rest, true));
    let to = |side: &str| match side {
        "item" => Some(Side::Item),
        "merchant" => Some(Side::Merchant),
        _ => None,
    };
    match rest.split_once('.').and_then(|(side, event)| Some((to(side)?, event))) {
        Some((to, event)) => {
            notes.shape(event, place, "an event", false).then(|| Send { to, event: event.to_owned(), optional })
        }
        None => {
            let message = format!(
                "`{}` sends to no machine; allowed: item.<event>, merchant.<event>, and with a `?` at the end if the other side may ignore it",
                shown(word)
            );
            notes.complain_as(Code::WrongSend, place, message);
            None
        }
    }
}
