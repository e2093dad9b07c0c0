//! Reads a workflow file by walking its document key by key, so that every complaint has its line, and all come at once.
//!
//! What can be said about one key, or a key and the words it may use, is said here; what needs the whole workflow (ways out,
//! cycles, the partner) is in `validate`. A text is data from outside: its size, depth and names are bounded, and no text panics.

mod document;
mod fragment;
mod label;
mod machine;
mod map;
mod transition;

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;

use toml_edit::Document;

use self::document::{Fields, Notes, Place};
use self::label::plain;
use self::machine::{Scope, machine};
pub use self::map::read_map;
use super::code::Code;
use super::complaint::{Complaint, shown};
use super::fragment::Fragments;
use super::model::{Kind, Machine, Workflow};
use super::version::version_of;

/// The largest file, in bytes.
const MAX_FILE: usize = 256 * 1024;

/// Keys of a workflow's file.
pub(super) const KEYS: &[&str] = &[
    "name",
    "title",
    "locale",
    "kind",
    "partner",
    "statuses",
    "cancel_event",
    "ship_event",
    "credit",
    "use",
    "fragments",
    "item",
    "payment",
    "dispute",
];

pub use fragment::{fragment, is_fragment};
#[cfg(test)]
pub(super) use machine::{ITEM_KEYS, PAYMENT_KEYS};
#[cfg(test)]
pub(super) use transition::TRANSITION_KEYS;

/// The kinds that a file can say; one that says none is an order's.
const KINDS: &[(&str, Kind)] = &[("merchant", Kind::Merchant), ("dispute", Kind::Dispute)];

/// Reads the text of a workflow file, or says all that is wrong with it. The fragments that it uses stand in it; see [`read_with`].
pub fn read(text: &str) -> Result<Workflow, Vec<Complaint>> {
    read_with(text, &Fragments::default())
}

/// Reads a workflow that may use these fragments, or those that stand in its own text, which go before.
pub fn read_with(text: &str, fragments: &Fragments) -> Result<Workflow, Vec<Complaint>> {
    let (mut notes, document) = parse(text)?;
    let fields = Fields { table: document.as_table(), place: Place::file() };
    let mut foreign = Vec::new();
    let mut workflow = workflow(&mut notes, &fields, fragments, &mut foreign);
    if !notes.is_empty() || !foreign.is_empty() {
        let mut complaints = if notes.is_empty() { Vec::new() } else { notes.into_complaints() };
        foreign.sort();
        foreign.dedup();
        complaints.extend(foreign);
        return Err(complaints);
    }
    workflow.version = version_of(&workflow);
    Ok(workflow)
}

/// The document, or why there is none.
fn parse(text: &str) -> Result<(Notes<'_>, Document<&str>), Vec<Complaint>> {
    if text.len() > MAX_FILE {
        let message = format!("the file has {} KiB; at most {} are read", text.len() / 1024, MAX_FILE / 1024);
        return Err(vec![Complaint::on_line(Code::TooLarge, 1, "", message)]);
    }
    let mut notes = Notes::new(text);
    match Document::parse(text) {
        Ok(document) => Ok((notes, document)),
        Err(error) => {
            let offset = error.span().map_or(0, |span| span.start.min(text.len()));
            let place = Place { path: String::new(), offset };
            notes.complain_as(
                Code::Syntax,
                &place,
                format!("this is not TOML: {}", error.message().replace('\n', ", ")),
            );
            Err(notes.into_complaints())
        }
    }
}

fn workflow(
    notes: &mut Notes<'_>,
    fields: &Fields<'_>,
    fragments: &Fragments,
    foreign: &mut Vec<Complaint>,
) -> Workflow {
    notes.only_keys(fields, "a workflow", KEYS);
    let kind = kind(notes, fields);
    let statuses = statuses(notes, fields);
    let locale = locale(notes, fields);
    let scope = |payment| Scope {
        kind,
        locale: locale.clone(),
        payment,
        statuses: statuses.clone(),
        states: Default::default(),
    };
    let name = name(notes, fields, "name", "the name of a workflow", true);
    if name.is_none() && fields.get("name").is_none() {
        notes.missing(&fields.place, "name", "channels and orders name the workflow by it");
    }
    let partner = self::name(notes, fields, "partner", "the name of a workflow", true);
    // A text that brings its fragments along means those and no others: it must be read alike wherever it is.
    let known = embedded(notes, fields).unwrap_or_else(|| fragments.clone());
    let uses = fragment::uses(notes, fields, &known, &statuses, foreign);
    let mut used: Vec<String> = uses.iter().map(|u| u.fragment.clone()).collect();
    used.sort();
    used.dedup();
    let (own, other) = if kind == Kind::Dispute { ("dispute", "item") } else { ("item", "dispute") };
    if let Some(field) = fields.get(other) {
        let why = "a workflow of kind \"dispute\" has the machine `dispute`, and every other has `item`";
        notes.complain(&field.place, why);
    }
    let item = match fields.get(own) {
        Some(field) => machine(notes, &field, scope(false), &uses, foreign),
        None => {
            let what = if own == "item" { "every item" } else { "each dispute" };
            notes.missing(&fields.place, own, &format!("it is the machine that {what} runs"));
            Machine::default()
        }
    };
    let payment = fields.get("payment").map(|field| (machine(notes, &field, scope(true), &[], foreign), field.place));
    match (kind, &payment) {
        (Kind::Order, None) => notes.missing(&fields.place, "payment", "it is the machine of the order's payment"),
        (Kind::Merchant, Some((_, place))) => {
            notes.complain(place, "a merchant's workflow has no payment; the order's has it");
        }
        (Kind::Dispute, Some((_, place))) => {
            notes.complain(place, "a dispute's workflow has no payment; the order's has it");
        }
        _ => {}
    }
    if kind == Kind::Dispute {
        for key in ["partner", "cancel_event", "ship_event", "credit"] {
            if let Some(field) = fields.get(key) {
                notes.complain(&field.place, "means nothing in a dispute's workflow; leave it out");
            }
        }
    }
    if let (Kind::Merchant, Some(field)) = (kind, fields.get("partner")) {
        notes.complain(&field.place, "a merchant's workflow names no partner; the order's workflow names this one");
    }
    let lines = fields.all().map(|(key, field)| (key.to_owned(), notes.line(field.place.offset))).collect();
    Workflow {
        name: name.unwrap_or_default(),
        title: title(notes, fields),
        version: String::new(),
        locale,
        kind,
        statuses,
        cancel_event: self::name(notes, fields, "cancel_event", "an event", false),
        ship_event: self::name(notes, fields, "ship_event", "an event", false),
        partner,
        credit: fields.get("credit").is_some_and(|field| notes.boolean(&field)),
        item,
        payment: payment.map(|(machine, _)| machine),
        fragments: used,
        lines,
    }
}

/// `[fragments]`: texts of fragments beside the workflow, as stored versions have them.
fn embedded(notes: &mut Notes<'_>, fields: &Fields<'_>) -> Option<Fragments> {
    let table = fields.get("fragments").and_then(|field| notes.table(&field))?;
    let mut known = Fragments::default();
    for (name, field) in table.all() {
        notes.shape(name, &field.place, "the name of a fragment", true);
        if let Some((text, _)) = notes.string(&field) {
            known.embed(name, text);
        }
    }
    Some(known)
}

fn kind(notes: &mut Notes<'_>, fields: &Fields<'_>) -> Kind {
    let word = fields.get("kind").and_then(|field| notes.string(&field));
    if let Some((_, place)) = word.as_ref().filter(|(word, _)| *word == "fragment") {
        notes.complain(
            place,
            "this is a fragment: a workflow takes it in by `[use.<name>]`, and it runs nothing by itself",
        );
        return Kind::Order;
    }
    let named = word.and_then(|(word, place)| notes.name_of(word, &place, "a kind", KINDS));
    named.unwrap_or(Kind::Order)
}

fn statuses(notes: &mut Notes<'_>, fields: &Fields<'_>) -> Vec<String> {
    let Some(field) = fields.get("statuses") else {
        notes.missing(&fields.place, "statuses", "it lists the public statuses, least advanced first");
        return Vec::new();
    };
    let words = notes.strings(&field);
    for (word, place) in &words {
        notes.shape(word, place, "a status", false);
    }
    words.into_iter().map(|(word, _)| word.to_owned()).collect()
}

/// The language of the labels that stand without one.
fn locale(notes: &mut Notes<'_>, fields: &Fields<'_>) -> String {
    let word = fields.get("locale").and_then(|field| notes.string(&field));
    let Some((word, place)) = word else { return super::locale::DEFAULT.to_owned() };
    super::locale::canonical(word).unwrap_or_else(|| {
        notes.complain(&place, format!("`{}` is not a language; {}", shown(word), label::LOCALES));
        String::new()
    })
}

fn title(notes: &mut Notes<'_>, fields: &Fields<'_>) -> String {
    let Some(field) = fields.get("title") else {
        notes.missing(&fields.place, "title", "people choose the workflow by it");
        return String::new();
    };
    notes.string(&field).map_or(String::new(), |(text, place)| plain(notes, text, &place))
}

/// An optional key whose value is a name.
fn name(notes: &mut Notes<'_>, fields: &Fields<'_>, key: &str, what: &str, dash: bool) -> Option<String> {
    let (word, place) = fields.get(key).and_then(|field| notes.string(&field))?;
    notes.shape(word, &place, what, dash).then(|| word.to_owned())
}
