//! The chapter of the book about the language has every word of the language and no other.

use std::collections::BTreeSet;

use super::fragment::Fragments;
use super::guard::{Operator, Subject, TRUTHS};
use super::model::{Action, Audience, DISPUTE_EVENTS, Effect, Field, Party, Policy, TAGS};
use super::read::KEYS;
use crate::calendar::MAX_BUSINESS_DAYS;

const BOOK: &str = include_str!("../../../../docs/workflow-language.md");

/// The words in the first column of the tables of a section.
fn first_column(heading: &str) -> BTreeSet<&'static str> {
    let (_, section) = BOOK.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no section {heading}"));
    let level = heading.split(' ').next().unwrap_or("#").len();
    let ends = |line: &&str| line.starts_with('#') && line.split(' ').next().is_some_and(|h| h.len() <= level);
    let lines = section.lines().take_while(|line| !ends(line));
    // A section's own tables, not those of the sections below it.
    let lines = lines.take_while(|line| !line.starts_with('#'));
    let cell = |line: &'static str| line.strip_prefix("| `")?.split('`').next();
    lines.filter_map(cell).collect()
}

#[track_caller]
fn same(heading: &str, words: impl IntoIterator<Item = &'static str>) {
    assert_eq!(first_column(heading), words.into_iter().collect(), "{heading}");
}

fn names<T>(all: &[(&'static str, T)]) -> Vec<&'static str> {
    all.iter().map(|(name, _)| *name).collect()
}

#[test]
fn every_word_is_in_the_book() {
    for machine in ["item", "payment", "dispute"] {
        let own = TAGS.iter().filter_map(|(tag, what)| Some((*tag, what.strip_prefix(machine)?.strip_prefix(": ")?)));
        same(&format!("### Tags of {machine} states"), own.clone().map(|(tag, _)| tag));
        for (tag, what) in own {
            assert!(BOOK.contains(&format!("| `{tag}` | {what} |")), "{tag}");
        }
    }
    same("### Events of disputes that the engine fires", names(DISPUTE_EVENTS));
    for (event, what) in DISPUTE_EVENTS {
        assert!(BOOK.contains(&format!("| `{event}` | {what} |")), "{event}");
    }
    same("### Labels", names(Audience::ALL));
    same("### Parties", names(Party::ALL));
    same("### Fields", names(Field::ALL));
    same("## Actions", names(Action::ALL));
    same("## Effects, and their outcomes", names(Effect::ALL));
    let delays = ["after.\"7d\"", "after.\"3bd\"", "after.<policy>"];
    same("## Timers", names(Policy::ALL).into_iter().chain(delays));
    let subjects = Subject::ALL.iter().map(|row| row.0);
    same("## Guards", TRUTHS.iter().map(|(name, _)| *name).chain(subjects));
}

#[test]
fn every_fact_is_told_as_the_code_tells_it() {
    for (name, what) in TRUTHS {
        assert!(BOOK.contains(&format!("| `{name}` | {what} |")), "{name}");
    }
    for (name, _, domain, example, what) in Subject::ALL {
        assert!(BOOK.contains(&format!("| `{name}` | {} | `{example}` | {what} |", domain.name())), "{name}");
    }
    for (domain, row) in [
        (super::guard::Domain::Money, "| money | "),
        (super::guard::Domain::Integer, "| a whole number | `"),
        (super::guard::Domain::Word, "| a word | `"),
    ] {
        let fits = Operator::ALL.iter().filter(|(_, o)| o.fits(domain)).map(|(text, _)| format!("`{text}`"));
        let row = format!("{}{} |", row.trim_end_matches('`'), fits.collect::<Vec<_>>().join(" "));
        assert!(BOOK.contains(&row), "{row}");
    }
}

#[test]
fn every_key_is_in_the_book() {
    same("## A workflow", KEYS.iter().copied().chain(["exits"]));
    same("## States", super::read::ITEM_KEYS.iter().chain(super::read::PAYMENT_KEYS).copied());
    same("## Transitions", super::read::TRANSITION_KEYS.iter().copied());
    assert!(BOOK.contains(&format!("at most `{MAX_BUSINESS_DAYS}bd`")));
}

#[test]
fn the_fragment_in_the_book_is_one() {
    let (_, rest) = BOOK.split_once("```toml\nname = \"returns\"").expect("an example");
    let (body, _) = rest.split_once("```").expect("an end");
    let fragment =
        Fragments::default().insert(&format!("name = \"returns\"{body}")).unwrap_or_else(|c| panic!("{c:?}"));
    assert_eq!(fragment.exits, ["kept", "returned"]);
}
