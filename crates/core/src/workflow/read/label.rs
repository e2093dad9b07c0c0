//! Reads the words for people: titles, and labels for each role in each language.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Fields, Notes, Place};
use super::machine::Scope;
use crate::workflow::code::Code;
use crate::workflow::complaint::{listed, shown};
use crate::workflow::locale;
use crate::workflow::model::{Audience, Kind, State};

/// What a language is written like.
pub(super) const LOCALES: &str = "languages are BCP 47 tags: de, de-AT, zh-Hant";
/// The most languages of a workflow.
const MAX_LOCALES: usize = 50;

/// What each role reads.
pub(super) type Words = BTreeMap<Audience, String>;

/// Labels are total: each role that can see the item reads something in every state, in every language that the file has.
pub(super) fn labels(notes: &mut Notes<'_>, fields: &Fields<'_>, scope: &Scope) -> (Words, BTreeMap<String, Words>) {
    let roles = roles(scope.kind);
    let names: Vec<&str> = roles.iter().map(|(name, _)| *name).collect();
    let mut locales = BTreeMap::new();
    let Some(field) = fields.get("labels") else {
        notes.missing_as(
            Code::MissingLabel,
            &fields.place,
            "labels",
            &format!("every state says what is read by: {}", names.join(", ")),
        );
        return (Words::new(), locales);
    };
    let Some(labels) = notes.table(&field) else { return (Words::new(), locales) };
    for (key, field) in labels.all() {
        if names.contains(&key) {
            continue;
        }
        if !field.item.is_table_like() {
            notes.unknown_as(Code::UnknownRoleLabel, &field.place, key, "a key of this workflow's labels", &names);
            continue;
        }
        let Some(tag) = locale::canonical(key) else {
            let message = format!("`{}` is neither a role nor a language; {LOCALES}", shown(key));
            notes.complain_as(Code::UnknownRoleLabel, &field.place, message);
            continue;
        };
        if let Some(table) = notes.table(&field) {
            notes.only_keys_as(Code::UnknownRoleLabel, &table, "the labels of a language", &names);
            if locales.insert(tag.clone(), words(notes, &table, &roles)).is_some() {
                notes.complain_as(Code::ListedTwice, &field.place, format!("`{tag}` stands here twice"));
            }
        }
    }
    // The language of the file may be written like the others, `labels.en`, or without its name.
    let Some(own) = locales.remove(&scope.locale) else { return (words(notes, &labels, &roles), locales) };
    if let Some(field) = names.iter().find_map(|name| labels.get(name)) {
        let message = format!("is said in `labels.{}` too; that is the language of this file (`locale`)", scope.locale);
        notes.complain(&field.place, message);
    }
    (own, locales)
}

fn roles(kind: Kind) -> Vec<(&'static str, Audience)> {
    Audience::ALL.iter().filter(|(_, a)| kind != Kind::Merchant || *a == Audience::Merchant).copied().collect()
}

fn words(notes: &mut Notes<'_>, labels: &Fields<'_>, roles: &[(&str, Audience)]) -> Words {
    let mut out = Words::new();
    for (name, audience) in roles {
        match labels.get(name) {
            None => {
                let names: Vec<&str> = roles.iter().map(|(name, _)| *name).collect();
                notes.missing_as(
                    Code::MissingLabel,
                    &labels.place,
                    name,
                    &format!("every state has a label for: {}", names.join(", ")),
                );
            }
            Some(field) => {
                out.extend(notes.string(&field).map(|(text, place)| (*audience, label(notes, text, &place))));
            }
        }
    }
    out
}

/// A language that one state has, every state has: nobody reads two languages on one page.
pub(super) fn total(notes: &mut Notes<'_>, states: &[(State, Place)]) {
    let all: BTreeSet<&str> = states.iter().flat_map(|(s, _)| s.locales.keys().map(String::as_str)).collect();
    if let Some((_, place)) = states.first().filter(|_| all.len() > MAX_LOCALES) {
        notes.complain_as(Code::TooLarge, place, format!("a workflow has labels in at most {MAX_LOCALES} languages"));
    }
    for (state, place) in states {
        for tag in all.iter().filter(|tag| !state.locales.contains_key(**tag)) {
            notes.complain_as(
                Code::MissingLabel,
                place,
                format!("`labels.{tag}` is missing: other states have labels in that language"),
            );
        }
    }
}

/// The longest label or title, in characters.
const MAX_LABEL: usize = 200;
/// What a label may leave open until it is shown.
const PLACEHOLDERS: &[&str] = &["{expected_by}", "{delivered_on}"];

/// The label as it is, after complaints about its length, its characters and its placeholders.
pub(super) fn label(notes: &mut Notes<'_>, text: &str, place: &Place) -> String {
    let out = plain(notes, text, place);
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        rest = &rest[at..];
        if let Some(known) = PLACEHOLDERS.iter().find(|p| rest.starts_with(**p)) {
            rest = &rest[known.len()..];
            continue;
        }
        let end = rest.find('}').map_or(1, |end| end + 1);
        let message = format!("`{}` is not a placeholder; allowed: {}", shown(&rest[..end]), listed(PLACEHOLDERS));
        notes.complain_as(Code::UnknownWord, place, message);
        rest = &rest[end..];
    }
    out
}

/// A text of one line for people, without placeholders.
pub(super) fn plain(notes: &mut Notes<'_>, text: &str, place: &Place) -> String {
    if text.trim().is_empty() {
        notes.complain(place, "says nothing; write what people read here");
    }
    if text.chars().count() > MAX_LABEL {
        notes.complain_as(Code::TooLarge, place, format!("has at most {MAX_LABEL} characters"));
    }
    if text.chars().any(char::is_control) {
        notes.complain(place, "is one line of text, without control characters");
    }
    text.to_owned()
}
