//! What can happen in a row: who does what, with what.

use super::column::Who;
use super::given::{Given, amount};
use crate::money::Currency;
use crate::time::Span;
use crate::workflow::complaint::{not_allowed, shown};
use crate::workflow::model::{Effect, Field};

/// What the second column may say besides the events of the workflow: who, the words, what stands beside it, what it means.
pub const DEEDS: &[(&str, &str, &str, &str)] = &[
    ("customer", "place", "", "the order is placed as `given` says: the first row of every story"),
    ("operator", "set status", "shipped", "the public status is set, whatever the event is called"),
    ("customer", "cancel order", "A, reason", "the workflow's `cancel_event`, whatever it is called"),
    ("customer", "pay again", "pm_card_visa", "another attempt to pay, by that method"),
    ("operator", "book payment", "20.00", "money arrived from outside; without an amount, what is owed"),
    (
        "operator",
        "give back",
        "10.00, A, outside",
        "a refund by staff: all that is left, an amount, lines, booked outside",
    ),
    ("customer", "ask back", "10.00, A", "a refund is asked for"),
    ("operator", "grant refund", "", "the oldest open request is granted"),
    ("operator", "reject refund", "", "the oldest open request is rejected"),
    ("merchant", "add shipment", "1 of A, trackingNumber", "a parcel is recorded"),
    ("merchant", "ask cancellation", "reason", "the merchant asks to be let off"),
    ("provider", "done", "payment.capture", "the oldest effect that waits, or that one, succeeded"),
    ("provider", "declines", "insufficient_funds", "it was declined, with that code"),
    ("provider", "in doubt", "", "the answer was lost; the provider is being asked"),
    ("time", "wait", "7d", "time passes, and timers run out"),
];

/// A row's doing.
#[derive(Clone, Debug)]
pub enum Step {
    /// The order is placed.
    Place,
    /// Somebody does something.
    Act(Who, Deed, With),
    /// The provider answers.
    Provider(Answer, Option<Effect>),
    /// Time passes.
    Wait(Span),
}

/// What somebody does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Fires an event of the workflow.
    Fire(String),
    /// Fires the workflow's event for cancelling.
    Cancel,
    /// Sets the public status.
    SetStatus(String),
    /// Pays by another method, or the same again.
    PayAgain,
    /// Books money from outside.
    BookPayment,
    /// Gives money back.
    GiveBack,
    /// Asks for money back.
    AskBack,
    /// Grants or rejects the oldest open request.
    Decide(bool),
    /// Records a parcel.
    AddShipment,
    /// Asks to be let off.
    AskCancellation,
}

/// What the provider says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It worked.
    Done,
    /// It was declined with that code.
    Declined(String),
    /// The answer was lost.
    InDoubt,
}

/// What stands beside the deed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct With {
    /// Fields and their values.
    pub(super) fields: Vec<(Field, String)>,
    /// Lines by name, and units of them.
    pub(super) lines: Vec<(String, Option<i64>)>,
    /// Minor units.
    pub(super) amount: Option<i64>,
    /// A payment method.
    pub(super) method: Option<String>,
    /// Whether a refund is only booked.
    pub(super) outside: bool,
}

/// The values that a field has when a table only names it.
pub(super) fn sample(field: Field) -> &'static str {
    match field {
        Field::Reason => "because",
        Field::TrackingNumber => "T-1",
        Field::ExpectedBy => "2026-03-10",
        Field::Carrier => "pigeon",
    }
}

/// Which cell of a row a mistake is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Who,
    Event,
    With,
}

/// Reads a row's doing. `events` are those of the workflow and its partner; `free` lets through an event that none of them is.
pub(super) fn step(
    [who, event, with]: [&str; 3],
    given: &Given,
    events: &[&str],
    statuses: &[String],
    free: bool,
) -> Result<Step, (Part, String)> {
    let wrong = |part: Part| move |message: String| (part, message);
    match (who, event) {
        ("customer", "place") => return Ok(Step::Place),
        ("time", "wait") => {
            let span = Span::parse(with);
            return span
                .map(Step::Wait)
                .ok_or_else(|| (Part::With, format!("`{}` is not a time; write 7d, 36h or 15m", shown(with))));
        }
        ("time", _) => return Err((Part::Event, not_allowed(event, "what time does", &["wait"]))),
        ("provider", _) => return provider(event, with),
        _ => {}
    }
    let Some((_, actor)) = Who::ALL.iter().find(|(name, _)| *name == who) else {
        let mut names: Vec<&str> = Who::ALL.iter().map(|(n, _)| *n).collect();
        names.extend(["provider", "time"]);
        return Err((Part::Who, not_allowed(who, "somebody of a table", &names)));
    };
    if event == "set status" {
        if !free && !statuses.iter().any(|s| s == with) {
            let names: Vec<&str> = statuses.iter().map(String::as_str).collect();
            return Err((Part::With, not_allowed(with, "a status of this workflow", &names)));
        }
        return Ok(Step::Act(*actor, Deed::SetStatus(with.to_owned()), With::default()));
    }
    let deed = deed(event, events, free).map_err(wrong(Part::Event))?;
    let with = self::with(with, given.currency).map_err(wrong(Part::With))?;
    if deed == Deed::PayAgain && with.method.is_none() {
        return Err((Part::With, "`pay again` names the method: pm_card_visa".to_owned()));
    }
    Ok(Step::Act(*actor, deed, with))
}

fn deed(event: &str, events: &[&str], free: bool) -> Result<Deed, String> {
    Ok(match event {
        "cancel order" => Deed::Cancel,
        "pay again" => Deed::PayAgain,
        "book payment" => Deed::BookPayment,
        "give back" => Deed::GiveBack,
        "ask back" => Deed::AskBack,
        "grant refund" => Deed::Decide(true),
        "reject refund" => Deed::Decide(false),
        "add shipment" => Deed::AddShipment,
        "ask cancellation" => Deed::AskCancellation,
        event if free || events.contains(&event) => Deed::Fire(event.to_owned()),
        _ => {
            let own = DEEDS.iter().filter(|(who, ..)| !["provider", "time"].contains(who)).map(|(_, words, ..)| *words);
            let allowed: Vec<&str> = events.iter().copied().chain(own.skip(1)).collect();
            return Err(not_allowed(event, "an event of this workflow", &allowed));
        }
    })
}

fn provider(event: &str, with: &str) -> Result<Step, (Part, String)> {
    let names: Vec<&str> = Effect::ALL.iter().map(|(n, _)| *n).collect();
    let effect = match with {
        "" => None,
        with => Effect::parse(with),
    };
    let answer = match event {
        "done" => Answer::Done,
        "in doubt" => Answer::InDoubt,
        "declines" => {
            let code = if effect.is_some() || with.is_empty() { "declined" } else { with };
            return Ok(Step::Provider(Answer::Declined(code.to_owned()), effect));
        }
        _ => return Err((Part::Event, not_allowed(event, "what a provider does", &["done", "declines", "in doubt"]))),
    };
    if effect.is_none() && !with.is_empty() {
        return Err((Part::With, not_allowed(with, "an effect", &names)));
    }
    Ok(Step::Provider(answer, effect))
}

fn with(text: &str, currency: Currency) -> Result<With, String> {
    let mut out = With::default();
    for phrase in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        let (first, rest) = phrase.split_once(' ').map_or((phrase, ""), |(first, rest)| (first, rest.trim()));
        if let Some(field) = Field::parse(first) {
            let value = if rest.is_empty() { sample(field) } else { rest };
            out.fields.push((field, value.to_owned()));
        } else if phrase.starts_with("pm_") {
            out.method = Some(phrase.to_owned());
        } else if phrase == "outside" {
            out.outside = true;
        } else if let Some((units, line)) = phrase.split_once(" of ") {
            let units = units.trim().parse().map_err(|_| format!("`{}` is not a number of units", shown(units)))?;
            out.lines.push((line_name(line.trim())?, Some(units)));
        } else if phrase.starts_with(|c: char| c.is_ascii_digit()) {
            out.amount = Some(amount(currency, phrase)?);
        } else {
            out.lines.push((line_name(phrase)?, None));
        }
    }
    Ok(out)
}

/// `A`, or `A2` for what was split off it.
fn line_name(text: &str) -> Result<String, String> {
    let mut chars = text.chars();
    let fits = chars.next().is_some_and(|c| c.is_ascii_uppercase()) && chars.all(|c| c.is_ascii_digit());
    if fits && text.len() <= 4 {
        return Ok(text.to_owned());
    }
    let fields: Vec<&str> = Field::ALL.iter().map(|(n, _)| *n).collect();
    Err(format!(
        "`{}` is nothing that stands beside an event: fields ({}), lines (`A`, `1 of A`, `A2` for what was split off), an amount, a method or `outside`",
        shown(text),
        fields.join(", ")
    ))
}
