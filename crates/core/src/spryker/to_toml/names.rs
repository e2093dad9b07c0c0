//! Names of ours for names of Spryker's: small letters, digits and `_`, each once.

use std::collections::{BTreeMap, BTreeSet};

use super::super::model::Process;

/// The longest name in a workflow file.
const MAX_NAME: usize = 64;

/// What a name may not be: the outcomes of an `invoke`.
const KEPT: &[&str] = &["done", "error", "late"];

/// The names of one process's states and events.
pub(super) struct Names {
    states: Vec<String>,
    /// (event, condition) → name.
    events: BTreeMap<(Option<usize>, Option<String>), String>,
    /// Every event's name that there is.
    known: BTreeSet<String>,
    /// Those that stand in the file.
    written: BTreeSet<String>,
}

impl Names {
    pub fn new(process: &Process) -> Self {
        let mut taken = BTreeSet::new();
        let states = process.states.iter().map(|s| once(&s.name, "state", &mut taken)).collect();
        let mut out = Self { states, events: BTreeMap::new(), known: BTreeSet::new(), written: BTreeSet::new() };
        for (i, event) in process.events.iter().enumerate() {
            let name = once(&event.name, "event", &mut out.known);
            out.events.insert((Some(i), None), name);
        }
        out
    }

    pub fn state(&self, state: usize) -> &str {
        &self.states[state]
    }

    /// The event's name, or that of one answer of its condition.
    pub fn event(&mut self, process: &Process, event: Option<usize>, condition: Option<&str>) -> String {
        let key = (event, condition.map(str::to_owned));
        if let Some(name) = self.events.get(&key) {
            self.written.insert(name.clone());
            return name.clone();
        }
        let base = event.map_or("check", |e| process.events[e].name.as_str());
        let spoken = condition.map_or(base.to_owned(), |c| format!("{base} if {c}"));
        let name = once(&spoken, "event", &mut self.known);
        self.written.insert(name.clone());
        self.events.insert(key, name.clone());
        name
    }

    /// The events that are written.
    pub fn written(&self) -> &BTreeSet<String> {
        &self.written
    }
}

/// A workflow's name: as the others, with `-`.
pub(super) fn workflow(name: &str) -> String {
    plain(name, "imported").replace('_', "-").trim_end_matches('-').to_owned()
}

/// The name, with a number when it is taken.
fn once(name: &str, otherwise: &str, taken: &mut BTreeSet<String>) -> String {
    let plain = plain(name, otherwise);
    let mut out = plain.clone();
    let mut n = 2;
    while KEPT.contains(&out.as_str()) || !taken.insert(out.clone()) {
        let tail = format!("_{n}");
        out = format!("{}{tail}", &plain[..plain.len().min(MAX_NAME - tail.len())]);
        n += 1;
    }
    out
}

/// `Payment/IsPaid (2)` → `payment_is_paid_2`.
fn plain(name: &str, otherwise: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    for c in name.chars() {
        let starts_word = c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit());
        if (starts_word || !c.is_ascii_alphanumeric()) && !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    if !out.starts_with(|c: char| c.is_ascii_lowercase()) {
        out = format!("{otherwise}_{out}");
    }
    out.truncate(MAX_NAME);
    out.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_once() {
        let mut taken = BTreeSet::new();
        let mut name = |text: &str| once(text, "state", &mut taken);
        assert_eq!(name("grace period pending"), "grace_period_pending");
        assert_eq!(name("Grace Period - pending!"), "grace_period_pending_2");
        assert_eq!(
            [name("done"), name("1. Mahnung"), name("ä"), name("")],
            ["done_2", "state_1_mahnung", "state", "state_2"]
        );
        assert_eq!(name("MerchantSalesOrder/IsOrderPaid"), "merchant_sales_order_is_order_paid");
        assert_eq!(name(&"x".repeat(100)).len(), MAX_NAME);
        assert_eq!(name(&"x".repeat(100)).len(), MAX_NAME);
        assert_eq!(workflow("DummyPayment01"), "dummy-payment01");
    }
}
