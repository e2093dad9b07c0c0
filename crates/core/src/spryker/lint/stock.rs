//! Stock: what is reserved for an item, from state to state. OMS only, since only it reserves.

use std::collections::BTreeMap;

use super::super::finding::shown;
use super::super::graph::leads_to;
use super::Check;

pub(super) fn check(check: &mut Check<'_>) {
    let process = check.process;
    let reserved = |state: usize| process.states[state].reserved;
    for state in check.states().into_iter().filter(|&s| reserved(s) && process.is_end(s)) {
        let name = shown(process.name_of(state));
        let message = format!("items end in `{name}`, and it still reserves stock: that stock is never for sale again");
        let finding = check.at("final-state-reserves-stock", state, message);
        check.say(finding);
    }
    // A gap begins where a reservation is let go and can come back: meanwhile the same unit may be sold to somebody else.
    let again = leads_to(process.states.len(), &check.edges, (0..process.states.len()).filter(|&s| reserved(s)));
    let mut begins: BTreeMap<usize, usize> = BTreeMap::new();
    for &(from, to) in &check.edges {
        if reserved(from) && !reserved(to) && again[to] {
            begins.entry(to).or_insert(from);
        }
    }
    for (to, from) in begins {
        let (from, name) = (shown(process.name_of(from)), shown(process.name_of(to)));
        let message = format!(
            "`{from}` reserves stock, `{name}` after it does not, and a state that can follow does again: in between somebody else can buy the unit"
        );
        let finding = check.at("reservation-gap", to, message);
        check.say(finding);
    }
}
