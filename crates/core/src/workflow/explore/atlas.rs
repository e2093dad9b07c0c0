//! Where a transition stands in its file, by its place in memory.

use std::collections::BTreeMap;

use crate::decide::watch::address;
use crate::workflow::model::{Machine, Transition, Workflow};
use crate::workflow::validate::graph::{Cause, exits};

/// Which machine of which file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// The order's payment.
    Payment,
    /// The item's, in the order's file.
    Item,
    /// The merchant's, in its own file.
    Merchant,
}

/// A transition and its place.
pub(super) struct Entry<'w> {
    pub scope: Scope,
    pub machine: &'w Machine,
    /// The index of its state.
    pub state: usize,
    pub transition: &'w Transition,
    pub cause: Cause,
    pub event: Option<&'w str>,
    /// Keys under the machine: `states.new.on.cancel`.
    pub path: String,
}

impl Entry<'_> {
    /// Keys from the top of the file.
    pub fn full_path(&self) -> String {
        format!("{}.{}", scope_key(self.scope), self.path)
    }
}

/// The key under which the machine stands in its file.
pub(super) fn scope_key(scope: Scope) -> &'static str {
    match scope {
        Scope::Payment => "payment",
        Scope::Item | Scope::Merchant => "item",
    }
}

/// Every transition of the machines that run together.
pub(super) struct Atlas<'w> {
    /// In the order of the files.
    pub entries: Vec<Entry<'w>>,
    by_address: BTreeMap<usize, usize>,
}

impl<'w> Atlas<'w> {
    pub fn new(workflow: &'w Workflow, partner: Option<&'w Workflow>) -> Self {
        let machines = [
            Some((Scope::Item, &workflow.item)),
            workflow.payment.as_ref().map(|machine| (Scope::Payment, machine)),
            partner.map(|p| (Scope::Merchant, &p.item)),
        ];
        let mut entries = Vec::new();
        for (scope, machine) in machines.into_iter().flatten() {
            for (n, state) in machine.states.iter().enumerate() {
                entries.extend(exits(state).map(|exit| Entry {
                    scope,
                    machine,
                    state: n,
                    transition: exit.transition,
                    cause: exit.cause,
                    event: exit.event,
                    path: format!("states.{}.{}", state.name, exit.path),
                }));
            }
        }
        let by_address = entries.iter().enumerate().map(|(n, entry)| (address(entry.transition), n)).collect();
        Self { entries, by_address }
    }

    /// The transition at that address.
    pub fn at(&self, address: usize) -> Option<&Entry<'w>> {
        self.by_address.get(&address).map(|&n| &self.entries[n])
    }

    /// The transition that stands so many places after the one at that address, in the same list.
    pub fn after(&self, address: usize, places: usize) -> Option<&Entry<'w>> {
        self.at(address + places * size_of::<Transition>())
    }
}
