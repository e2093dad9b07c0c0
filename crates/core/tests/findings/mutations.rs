//! A shipped workflow with one thing wrong is found by the checker or by a table, or it is on the list of those that do no harm.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use orderwright_core::workflow::explore::Limits;
use orderwright_core::workflow::{Workflow, WorkflowSet, cases};

use crate::mutants::{Mutant, mutants};

/// `<workflow> <mutant>` a line, after `#` and the reason; `//` begins a comment.
const HARMLESS: &str = include_str!("harmless.txt");

const FILES: [(&str, &str, &str); 6] = [
    (
        "made-to-order",
        include_str!("../../../../workflows/made-to-order.toml"),
        include_str!("../../../../workflows/made-to-order.cases"),
    ),
    (
        "marketplace",
        include_str!("../../../../workflows/marketplace.toml"),
        include_str!("../../../../workflows/marketplace.cases"),
    ),
    (
        "marketplace-split",
        include_str!("../../../../workflows/marketplace-split.toml"),
        include_str!("../../../../workflows/marketplace-split.cases"),
    ),
    (
        "merchant",
        include_str!("../../../../workflows/merchant.toml"),
        include_str!("../../../../workflows/merchant.cases"),
    ),
    ("retail", include_str!("../../../../workflows/retail.toml"), include_str!("../../../../workflows/retail.cases")),
    (
        "store-request",
        include_str!("../../../../workflows/store-request.toml"),
        include_str!("../../../../workflows/store-request.cases"),
    ),
];

/// Who found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Finder {
    /// The reader, or what the file shows without being run.
    File,
    /// A table.
    Table,
    /// The joint walk.
    Walk,
    Nobody,
}

/// Tables that a workflow is played in: its own, and those of the other side of its items.
fn tables(name: &str) -> impl Iterator<Item = &'static str> {
    let coupled = ["marketplace-split", "merchant"];
    let both = coupled.contains(&name);
    FILES
        .iter()
        .filter(move |(other, ..)| *other == name || both && coupled.contains(other))
        .map(|(_, _, table)| *table)
}

/// Whether a story of a table comes out otherwise, or the table no longer fits.
fn fails(set: &WorkflowSet, table: &str, own: &str) -> bool {
    let order: &Workflow = match cases::order_workflow(table) {
        Some(name) => set.get(name).expect("the order's workflow is in the set"),
        None => set.get(own).expect("in the set"),
    };
    let partner = set.partner_of(order).map(AsRef::as_ref);
    match cases::read(table, order, partner) {
        Ok(read) => cases::run(&read, order, partner).iter().any(|outcome| !outcome.passed),
        Err(_) => true,
    }
}

fn finder(shipped: &WorkflowSet, name: &str, mutant: &Mutant, walk_first: bool) -> Finder {
    let mut set = shipped.clone();
    if set.insert(&mutant.text).is_err() {
        return Finder::File;
    }
    let walk = || !set.explore(&mutant.text, Limits::default()).complaints.is_empty();
    if walk_first && walk() {
        return Finder::Walk;
    }
    // A merchant's table names the order's workflow; an order's is its own.
    let own = if name == "merchant" { "marketplace-split" } else { name };
    if tables(name).any(|table| fails(&set, table, own)) {
        return Finder::Table;
    }
    if !walk_first && walk() { Finder::Walk } else { Finder::Nobody }
}

/// The list: what does no harm, with the reason.
fn harmless() -> BTreeMap<String, String> {
    let mut reason = String::new();
    let mut fresh = false;
    let mut out = BTreeMap::new();
    for line in HARMLESS.lines() {
        if let Some(text) = line.strip_prefix('#') {
            if fresh {
                reason.clear();
            }
            fresh = false;
            reason.push_str(text);
        } else if !line.trim().is_empty() && !line.starts_with("//") {
            fresh = true;
            assert!(!reason.trim().is_empty(), "{line} has no reason");
            assert!(out.insert(line.to_owned(), reason.clone()).is_none(), "{line} stands twice");
        }
    }
    out
}

#[test]
fn every_mutant_is_found_or_does_no_harm() {
    let shipped = WorkflowSet::shipped().expect("free of complaints");
    // For figures of what the checker finds without the tables; the outcome is the same.
    let walk_first = std::env::var_os("ORDERWRIGHT_WALK_FIRST").is_some();
    let all: Vec<(&str, Mutant)> =
        FILES.iter().flat_map(|(name, text, _)| mutants(text).into_iter().map(move |m| (*name, m))).collect();
    let next = AtomicUsize::new(0);
    let found: Mutex<Vec<(usize, Finder)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let Some((name, mutant)) = all.get(n) else { break };
                    let finder = finder(&shipped, name, mutant, walk_first);
                    found.lock().expect("no thread panicked").push((n, finder));
                }
            });
        }
    });
    let found = found.into_inner().expect("no thread panicked");
    assert_eq!(found.len(), all.len(), "every mutant was tried");
    let mut counts: BTreeMap<(&str, Finder), usize> = BTreeMap::new();
    let mut survivors: BTreeSet<String> = BTreeSet::new();
    for (n, finder) in found {
        let (name, mutant) = &all[n];
        *counts.entry((name, finder)).or_default() += 1;
        if finder == Finder::Nobody {
            survivors.insert(format!("{name} {}", mutant.name));
        }
    }
    println!("{} mutants: {counts:?}", all.len());
    let harmless = harmless();
    let new: Vec<&String> = survivors.iter().filter(|name| !harmless.contains_key(*name)).collect();
    let stale: Vec<&String> = harmless.keys().filter(|name| !survivors.contains(*name)).collect();
    assert!(
        new.is_empty() && stale.is_empty(),
        "found by nobody: {new:#?}\non the list, but found or not a mutant: {stale:#?}"
    );
}
