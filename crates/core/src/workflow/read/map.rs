//! Reads the file of a migration: tables of states, each with the name of a state, or a table with the policy for its timers.

use toml_edit::Document;

use super::document::{Field, Fields, Notes, Place};
use crate::workflow::code::Code;
use crate::workflow::complaint::Complaint;
use crate::workflow::state_map::{Route, Scope, StateMap, TimerPolicy};

/// The largest file, in bytes.
const MAX_FILE: usize = 64 * 1024;
const POLICY: &str = "a policy for timers";

/// Reads the text of a map, or says all that is wrong with it.
pub fn read_map(text: &str) -> Result<StateMap, Vec<Complaint>> {
    if text.len() > MAX_FILE {
        let message = format!("the map has {} KiB; at most {} are read", text.len() / 1024, MAX_FILE / 1024);
        return Err(vec![Complaint::on_line(Code::TooLarge, 1, "", message)]);
    }
    let mut notes = Notes::new(text);
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let offset = error.span().map_or(0, |span| span.start.min(text.len()));
            let place = Place { path: String::new(), offset };
            notes.complain(&place, format!("this is not TOML: {}", error.message().replace('\n', ", ")));
            return Err(notes.into_complaints());
        }
    };
    let fields = Fields { table: document.as_table(), place: Place::file() };
    notes.only_keys(&fields, "a map", &["timers", "go_on", "item", "payment", "merchant"]);
    let mut map = StateMap::default();
    if let Some(field) = fields.get("timers") {
        map.timers = policy(&mut notes, &field).unwrap_or_default();
    }
    map.go_on = fields.get("go_on").is_some_and(|field| notes.boolean(&field));
    for (name, scope) in Scope::ALL {
        let Some(states) = fields.get(name).and_then(|field| notes.table(&field)) else { continue };
        for (old, field) in states.all() {
            if let Some(route) = route(&mut notes, &field) {
                map.routes.insert((*scope, old.to_owned()), route);
            }
        }
    }
    if notes.is_empty() { Ok(map) } else { Err(notes.into_complaints()) }
}

fn policy(notes: &mut Notes<'_>, field: &Field<'_>) -> Option<TimerPolicy> {
    let (word, place) = notes.string(field)?;
    notes.name_of(word, &place, POLICY, TimerPolicy::ALL)
}

fn route(notes: &mut Notes<'_>, field: &Field<'_>) -> Option<Route> {
    let line = notes.line(field.place.offset);
    if let Some(to) = field.item.as_str() {
        return Some(Route { to: to.to_owned(), timers: None, line });
    }
    if field.item.as_table_like().is_none() {
        notes.complain(
            &field.place,
            "must be a string or a table: the name of a state, or { to = \"…\", timers = \"…\" }",
        );
        return None;
    }
    let fields = notes.table(field)?;
    notes.only_keys(&fields, "a state's way", &["to", "timers"]);
    let timers = fields.get("timers").and_then(|f| policy(notes, &f));
    let Some(to) = fields.get("to") else {
        notes.missing(&fields.place, "to", "the name of a state of the new version");
        return None;
    };
    let (to, _) = notes.string(&to)?;
    Some(Route { to: to.to_owned(), timers, line })
}
