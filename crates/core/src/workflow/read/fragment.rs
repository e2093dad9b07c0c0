//! Reads fragments: alone, and into the machine of a workflow that uses them.
//!
//! What is wrong inside of a fragment has its place in the fragment's file; what is wrong with its use, in the workflow's.

use std::collections::BTreeMap;

use toml_edit::Document;

use super::document::{Field, Fields, Notes, Place};
use super::machine::{Scope, state};
use super::{name, statuses, title};
use crate::workflow::complaint::{Complaint, listed, shown};
use crate::workflow::fragment::{Fragment, Fragments};
use crate::workflow::model::{Kind, State};

/// Keys of a fragment's file.
const KEYS: &[&str] = &["name", "title", "kind", "locale", "statuses", "exits", "item"];
/// Keys of `[use.<alias>]`.
const USE_KEYS: &[&str] = &["fragment", "prefix", "exits", "statuses"];
/// The most fragments that a workflow uses.
const MAX_USES: usize = 50;

/// Whether the text says that it is a fragment. What is no TOML is none; its reader will say so.
pub fn is_fragment(text: &str) -> bool {
    Document::parse(text).is_ok_and(|d| d.as_table().get("kind").and_then(|k| k.as_str()) == Some("fragment"))
}

/// Reads a fragment alone: every mistake that does not depend on who uses it.
pub fn fragment(text: &str) -> Result<Fragment, Vec<Complaint>> {
    let (mut notes, document) = super::parse(text)?;
    let fields = Fields { table: document.as_table(), place: Place::file() };
    let (head, found) = open(&mut notes, &fields);
    let states =
        found.iter().chain(&head.exit_places).enumerate().map(|(i, (name, _))| ((*name).to_owned(), i)).collect();
    let scope = Scope {
        kind: Kind::Order,
        locale: super::locale(&mut notes, &fields),
        payment: false,
        statuses: head.fragment.statuses.clone(),
        states,
    };
    for (name, field) in &found {
        state(&mut notes, name, field, &scope);
    }
    if notes.is_empty() { Ok(head.fragment) } else { Err(notes.into_complaints()) }
}

/// What a fragment says before its states.
struct Head<'d> {
    fragment: Fragment,
    /// Each exit; its value is the field of the list.
    exit_places: Vec<(&'d str, Field<'d>)>,
}

fn open<'d>(notes: &mut Notes<'_>, fields: &Fields<'d>) -> (Head<'d>, Vec<(&'d str, Field<'d>)>) {
    notes.only_keys(fields, "a fragment", KEYS);
    let word = fields.get("kind").and_then(|field| notes.string(&field));
    match word {
        Some((word, place)) if word != "fragment" => {
            notes.unknown(&place, word, "the kind of a fragment", &["fragment"]);
        }
        Some(_) => {}
        None => notes.missing(&fields.place, "kind", "a fragment says kind = \"fragment\""),
    }
    let own = name(notes, fields, "name", "the name of a fragment", true);
    if own.is_none() && fields.get("name").is_none() {
        notes.missing(&fields.place, "name", "workflows use the fragment by it");
    }
    let title = title(notes, fields);
    let statuses = statuses(notes, fields);
    let mut exits: Vec<(&str, Field<'_>)> = Vec::new();
    match fields.get("exits") {
        None => notes.missing(&fields.place, "exits", "it names the ways out: exits = [\"done\"]"),
        Some(field) => {
            for (word, place) in notes.strings(&field) {
                notes.shape(word, &place, "an exit", false);
                exits.push((word, Field { item: field.item, place }));
            }
        }
    }
    let item = fields.get("item").and_then(|field| notes.table(&field));
    let mut found: Vec<(&str, Field<'_>)> = Vec::new();
    match &item {
        None if fields.get("item").is_none() => {
            notes.missing(&fields.place, "item", "it has the states of the fragment")
        }
        None => {}
        Some(item) => {
            notes.only_keys(item, "a fragment's machine", &["states"]);
            if let Some(states) = item.get("states").and_then(|field| notes.table(&field)) {
                found.extend(states.all());
            }
            if found.is_empty() {
                notes.complain(&item.place, "a fragment has at least one state");
            }
        }
    }
    for (name, field) in &found {
        notes.shape(name, &field.place, "the name of a state", false);
        if exits.iter().any(|(exit, _)| exit == name) {
            notes.complain(&field.place, format!("`{}` is an exit too; name them apart", shown(name)));
        }
    }
    let fragment = Fragment {
        name: own.unwrap_or_default(),
        title,
        statuses,
        exits: exits.iter().map(|(exit, _)| (*exit).to_owned()).collect(),
        states: found.iter().map(|(name, _)| (*name).to_owned()).collect(),
    };
    (Head { fragment, exit_places: exits }, found)
}

/// A use of a fragment, as the workflow says it.
pub(super) struct Use {
    /// Name of the fragment.
    pub fragment: String,
    prefix: String,
    exits: BTreeMap<String, (String, Place)>,
    statuses: BTreeMap<String, String>,
    place: Place,
    /// What the fragment says of itself.
    head: Fragment,
    text: std::sync::Arc<str>,
}

impl Use {
    /// The names of its states in the workflow's machine.
    pub fn states(&self) -> impl Iterator<Item = (String, &Place)> {
        self.head.states.iter().map(|name| (self.prefixed(name), &self.place))
    }

    fn prefixed(&self, name: &str) -> String {
        format!("{}_{name}", self.prefix)
    }
}

/// Reads `[use.<alias>]`: which fragments, under which prefix, and what their exits and statuses are here.
pub(super) fn uses(
    notes: &mut Notes<'_>,
    fields: &Fields<'_>,
    fragments: &Fragments,
    public: &[String],
    foreign: &mut Vec<Complaint>,
) -> Vec<Use> {
    let Some(table) = fields.get("use").and_then(|field| notes.table(&field)) else { return Vec::new() };
    let mut out: Vec<Use> = Vec::new();
    for (alias, field) in table.all() {
        if out.len() == MAX_USES {
            notes.complain(&field.place, format!("a workflow uses at most {MAX_USES} fragments"));
            break;
        }
        let place = field.place.clone();
        let Some(fields) = notes.table(&field) else { continue };
        notes.only_keys(&fields, "`use`", USE_KEYS);
        let wanted =
            name(notes, &fields, "fragment", "the name of a fragment", true).unwrap_or_else(|| alias.to_owned());
        let prefix = name(notes, &fields, "prefix", "a prefix", false).unwrap_or_else(|| alias.replace('-', "_"));
        notes.shape(&prefix, &place, "a prefix", false);
        let Some(text) = fragments.get(&wanted) else {
            let known = fragments.names();
            notes.unknown(&place, &wanted, "a fragment that is known here", &known);
            continue;
        };
        let head = match fragment(text) {
            Ok(head) => head,
            Err(complaints) => {
                foreign.extend(complaints.into_iter().map(|c| c.in_file(&wanted)));
                continue;
            }
        };
        let exits = exits(notes, &fields, &head);
        let statuses = status_map(notes, &fields, &head, public);
        out.push(Use { fragment: wanted, prefix, exits, statuses, place, head, text: text.clone() });
    }
    out
}

fn exits(notes: &mut Notes<'_>, fields: &Fields<'_>, head: &Fragment) -> BTreeMap<String, (String, Place)> {
    let mut out = BTreeMap::new();
    let names: Vec<&str> = head.exits.iter().map(String::as_str).collect();
    let table = fields.get("exits").map(|field| notes.table(&field));
    if let Some(Some(table)) = &table {
        notes.only_keys(table, "this fragment's exits", &names);
    }
    for exit in &names {
        match table.as_ref().and_then(Option::as_ref).and_then(|table| table.get(exit)) {
            Some(field) => {
                if let Some((word, place)) = notes.string(&field) {
                    out.insert((*exit).to_owned(), (word.to_owned(), place));
                }
            }
            None => notes.complain(
                &fields.place,
                format!(
                    "`exits.{exit}` is missing: say which state of this workflow each exit is; exits: {}",
                    listed(&names)
                ),
            ),
        }
    }
    out
}

/// Which status of the workflow each status of the fragment is: the same word, unless `statuses` says another.
fn status_map(
    notes: &mut Notes<'_>,
    fields: &Fields<'_>,
    head: &Fragment,
    public: &[String],
) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let names: Vec<&str> = head.statuses.iter().map(String::as_str).collect();
    let allowed: Vec<&str> = public.iter().map(String::as_str).collect();
    let table = fields.get("statuses").and_then(|field| notes.table(&field));
    if let Some(table) = &table {
        notes.only_keys(table, "this fragment's statuses", &names);
    }
    for own in &names {
        let mapped = table.as_ref().and_then(|table| table.get(own));
        let Some((word, place)) = mapped.map_or(Some((*own, fields.place.clone())), |field| notes.string(&field))
        else {
            continue;
        };
        if allowed.contains(&word) {
            out.insert((*own).to_owned(), word.to_owned());
        } else if word == *own {
            let message = format!(
                "the fragment shows the status `{own}`, which this workflow does not have; add it to `statuses`, or say here which one it is: statuses = {{ {own} = \"…\" }}"
            );
            notes.complain(&place, message);
        } else {
            notes.unknown(&place, word, "one of this workflow's `statuses`", &allowed);
        }
    }
    out
}

/// The states of a fragment as states of the workflow's machine. `scope` knows all of the machine's states.
pub(super) fn states(notes: &mut Notes<'_>, used: &Use, scope: &Scope, foreign: &mut Vec<Complaint>) -> Vec<State> {
    let Ok((mut own, document)) = super::parse(&used.text) else { return Vec::new() };
    let fields = Fields { table: document.as_table(), place: Place::file() };
    let (_, found) = open(&mut own, &fields);
    let locale = super::locale(&mut own, &fields);
    if locale != scope.locale {
        notes.complain(
            &used.place,
            format!(
                "the labels of the fragment are in `{locale}` and those of this workflow in `{}` (`locale`)",
                scope.locale
            ),
        );
    }
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for name in &used.head.states {
        names.extend(scope.states.get(&used.prefixed(name)).map(|&at| (name.clone(), at)));
    }
    for exit in &used.head.exits {
        // One that is missing was complained about where it is missing.
        let target = used.exits.get(exit).map_or(0, |(target, place)| scope.state(notes, target, place));
        names.insert(exit.clone(), target);
    }
    let inner = Scope { kind: scope.kind, locale, payment: false, statuses: used.head.statuses.clone(), states: names };
    let mut out: Vec<State> = Vec::with_capacity(found.len());
    for (name, field) in &found {
        let mut state = state(&mut own, name, field, &inner);
        state.name = used.prefixed(name);
        state.fragment = Some(used.fragment.clone());
        if let Some(status) = used.statuses.get(&state.status) {
            state.status.clone_from(status);
        }
        out.push(state);
    }
    if !own.is_empty() {
        foreign.extend(own.into_complaints().into_iter().map(|c| c.in_file(&used.fragment)));
    }
    out
}
