//! Where each state of one version goes in another, and what becomes of running timers: the file of `workflow migrate --map`.
//!
//! What is not named keeps its name, so an empty map fits two versions with the same states. Here is what the map says and whether it
//! fits the two versions; what it means for an order is in `decide::migrate`. `read_map` in `read` makes it from a text.

use std::collections::BTreeMap;

use super::code::Code;
use super::complaint::{Complaint, not_allowed};
use super::model::{Machine, Workflow};

/// A workflow and the merchant's side that an order runs with it.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    /// The order's.
    pub workflow: &'a Workflow,
    /// The merchant's, where there is one.
    pub partner: Option<&'a Workflow>,
}

/// One of the machines that a map speaks of; also the name of its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// `[item]`: the machine of each item.
    Item,
    /// `[payment]`: the machine of the order's payment.
    Payment,
    /// `[merchant]`: the merchant's machine of each item.
    Merchant,
}

impl Scope {
    /// Every scope with its name in files.
    pub const ALL: &[(&str, Self)] = &[("item", Self::Item), ("payment", Self::Payment), ("merchant", Self::Merchant)];

    /// The name in files.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, s)| *s == self).map_or("", |(n, _)| n)
    }
}

impl<'a> Sides<'a> {
    /// The machine of that scope.
    pub fn machine(&self, scope: Scope) -> Option<&'a Machine> {
        match scope {
            Scope::Item => Some(&self.workflow.item),
            Scope::Payment => self.workflow.payment.as_ref(),
            Scope::Merchant => self.partner.map(|p| &p.item),
        }
    }
}

/// What becomes of a running timer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimerPolicy {
    /// It is over when it would have been; one that only the new version has counts from the first entry.
    #[default]
    Keep,
    /// It starts again now.
    Restart,
    /// It counts from the first entry, for as long as the new version says.
    Recompute,
    /// As `Keep`, and a timer that the new version does not have may end with the old one.
    Drop,
}

impl TimerPolicy {
    /// Every policy with its name in files.
    pub const ALL: &[(&str, Self)] =
        &[("keep", Self::Keep), ("restart", Self::Restart), ("recompute", Self::Recompute), ("drop", Self::Drop)];
}

/// Where one state goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The state in the new version.
    pub to: String,
    /// What becomes of its timers, if not what the map says for all.
    pub timers: Option<TimerPolicy>,
    /// Line in the file.
    pub line: usize,
}

/// The map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateMap {
    /// What becomes of timers of states of which nothing else is said.
    pub timers: TimerPolicy,
    /// Whether orders may move on at once, where the new version has an automatic step that is due for them.
    pub go_on: bool,
    /// By scope and old state.
    pub routes: BTreeMap<(Scope, String), Route>,
}

impl StateMap {
    /// The state in the new version.
    pub fn target<'m>(&'m self, scope: Scope, old: &'m str) -> &'m str {
        self.routes.get(&(scope, old.to_owned())).map_or(old, |r| &r.to)
    }

    /// What becomes of the timers of a machine in that old state.
    pub fn policy(&self, scope: Scope, old: &str) -> TimerPolicy {
        self.routes.get(&(scope, old.to_owned())).and_then(|r| r.timers).unwrap_or(self.timers)
    }

    /// Says what does not fit: words that neither version has, and states that are gone and go nowhere.
    pub fn check(&self, from: Sides<'_>, to: Sides<'_>) -> Vec<Complaint> {
        let mut out = Vec::new();
        for ((scope, old), route) in &self.routes {
            let path = format!("{}.{old}", scope.name());
            let (Some(before), Some(after)) = (from.machine(*scope), to.machine(*scope)) else {
                let message = format!("these versions have no {} machine; leave the line out", scope.name());
                out.push(Complaint::on_line(Code::UnknownKey, route.line, path, message));
                continue;
            };
            let names = |machine: &Machine| machine.states.iter().map(|s| s.name.clone()).collect::<Vec<_>>();
            let mut unknown = |word: &str, which: &str, names: Vec<String>| {
                let allowed: Vec<&str> = names.iter().map(String::as_str).collect();
                let message = not_allowed(word, &format!("a state of the {which} version"), &allowed);
                out.push(Complaint::on_line(Code::UnknownWord, route.line, path.clone(), message));
            };
            if before.state(old).is_none() {
                unknown(old, "old", names(before));
            }
            if after.state(&route.to).is_none() {
                unknown(&route.to, "new", names(after));
            }
        }
        for (name, scope) in Scope::ALL {
            let Some(before) = from.machine(*scope) else { continue };
            let after = to.machine(*scope);
            for state in before.states.iter().filter(|s| !self.routes.contains_key(&(*scope, s.name.clone()))) {
                if after.is_none_or(|m| m.state(&state.name).is_none()) {
                    let message = format!(
                        "the new version has no state `{0}`; say where it goes: under [{name}], {0} = \"…\"",
                        state.name
                    );
                    out.push(Complaint::on_line(Code::MissingKey, 1, format!("{name}.{}", state.name), message));
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::{WorkflowSet, read, read_map};
    use super::*;

    const RETAIL: &str = include_str!("../../../../workflows/retail.toml");

    fn complaints(map: &str, edit: impl Fn(&str) -> String) -> Vec<String> {
        let (old, new) = (read(RETAIL).expect("reads"), read(&edit(RETAIL)).expect("reads"));
        let sides = |workflow| Sides { workflow, partner: None };
        let map = match read_map(map) {
            Ok(map) => map,
            Err(found) => return found.iter().map(ToString::to_string).collect(),
        };
        map.check(sides(&old), sides(&new)).iter().map(ToString::to_string).collect()
    }

    fn renamed(text: &str) -> String {
        text.replace("item.states.processing", "item.states.picking")
            .replace("target = \"processing\"", "target = \"picking\"")
    }

    #[test]
    fn what_is_not_named_keeps_its_name() {
        assert_eq!(complaints("", str::to_owned), Vec::<String>::new());
        let map = read_map("timers = \"restart\"\n[item]\nprocessing = \"picking\"\n").expect("reads");
        assert_eq!(map.target(Scope::Item, "processing"), "picking");
        assert_eq!(map.target(Scope::Item, "shipped"), "shipped");
        assert_eq!(map.policy(Scope::Item, "shipped"), TimerPolicy::Restart);
        assert_eq!(complaints("[item]\nprocessing = \"picking\"\n", renamed), Vec::<String>::new());
    }

    #[test]
    fn a_state_that_goes_nowhere_is_told() {
        let found = complaints("", renamed);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("under [item], processing = "), "{found:?}");
    }

    #[test]
    fn words_that_are_wrong_have_their_line() {
        for (map, wanted) in [
            (
                "[item]\nprocesing = \"picking\"\nprocessing = \"picking\"",
                "line 2: item.procesing: `procesing` is not a state of the old version; did you mean `processing`?",
            ),
            (
                "[item]\nprocessing = \"piking\"",
                "line 2: item.processing: `piking` is not a state of the new version; did you mean `picking`?",
            ),
            (
                "[merchant]\nnew = \"new\"\n[item]\nprocessing = \"picking\"",
                "line 2: merchant.new: these versions have no merchant machine",
            ),
            ("timers = \"stop\"", "line 1: timers: `stop` is not a policy for timers"),
            ("[item]\nprocessing = { timers = \"keep\" }", "`to` is missing"),
            ("[items]\na = \"b\"", "line 1: items: `items` is not a key of a map"),
            ("go_on = 1", "must be true or false"),
            ("[item]\nprocessing = 3", "must be a string or a table"),
            ("timers = ", "this is not TOML"),
        ] {
            let found = complaints(map, renamed).join("\n");
            assert!(found.contains(wanted), "{map}: {found}");
        }
    }

    #[test]
    fn a_partner_that_is_gone_is_told() {
        let set = WorkflowSet::shipped().expect("shipped");
        let split = set.get("marketplace-split").expect("shipped");
        let partner = set.get("merchant").map(std::sync::Arc::as_ref);
        let with = Sides { workflow: split, partner };
        let without = Sides { workflow: split, partner: None };
        assert!(StateMap::default().check(with, with).is_empty());
        assert!(StateMap::default().check(with, without).iter().any(|c| c.path == "merchant.new"));
    }
}
