//! What changed between two versions of a workflow, in sentences, for the people whom it concerns.
//!
//! States are the same by name; one that is gone and one that is new are told as a renaming when they look alike. What is not here: what
//! becomes of orders in flight (`decide::migrate`), and how the sentences are laid out.

mod transitions;

use std::collections::BTreeMap;

use serde::Serialize;

use super::model::{Action, After, Audience, Delay, Machine, Policy, State, Workflow};

/// Two states are the same under another name when at least so much of what can be compared is alike, in hundredths.
const ALIKE: usize = 60;

/// Whom a change concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Concerns {
    /// Nobody in particular: states, timers, goods and money.
    Shop,
    /// The platform.
    Operator,
    /// The owner of the channel.
    Retailer,
    /// Seller, supplier, maker.
    Merchant,
    /// The buyer.
    Customer,
    /// CSV imports.
    Import,
}

impl Concerns {
    /// Every group, in the order in which a diff tells them.
    pub const ALL: &[Self] =
        &[Self::Shop, Self::Operator, Self::Retailer, Self::Merchant, Self::Customer, Self::Import];

    /// A heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Shop => "The shop",
            Self::Operator => "Operators",
            Self::Retailer => "Retailers",
            Self::Merchant => "Merchants",
            Self::Customer => "Customers",
            Self::Import => "Imports",
        }
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Whom it concerns.
    pub concerns: Concerns,
    /// What kind of change it is, for programs: state_added, event_lost, label, …
    pub kind: &'static str,
    /// item, payment; null for the workflow as a whole.
    pub machine: Option<&'static str>,
    /// The state, by its new name.
    pub state: Option<String>,
    /// A sentence.
    pub message: String,
}

/// A state that seems to have another name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Renamed {
    /// item, payment
    pub machine: &'static str,
    /// The name that is gone.
    pub from: String,
    /// The name that is new.
    pub to: String,
}

/// Everything that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diff {
    /// The version of the first.
    pub from: String,
    /// The version of the second.
    pub to: String,
    /// Whether orders in flight go on as before: the versions are one, only words differ.
    pub same_behaviour: bool,
    /// States that seem renamed.
    pub renamed: Vec<Renamed>,
    /// The changes, by whom they concern.
    pub changes: Vec<Change>,
}

impl Diff {
    /// Compares two versions.
    pub fn of(from: &Workflow, to: &Workflow) -> Self {
        let mut out = Self {
            from: from.version.clone(),
            to: to.version.clone(),
            same_behaviour: from.version == to.version,
            renamed: Vec::new(),
            changes: Vec::new(),
        };
        workflow(from, to, &mut out);
        for (name, old, new) in
            [("item", Some(&from.item), Some(&to.item)), ("payment", from.payment.as_ref(), to.payment.as_ref())]
        {
            match (old, new) {
                (Some(old), Some(new)) => machine(name, old, new, &mut out),
                (None, Some(_)) => out.push(Concerns::Shop, "machine_added", format!("there is a {name} machine now")),
                (Some(_), None) => out.push(Concerns::Shop, "machine_removed", format!("the {name} machine is gone")),
                (None, None) => {}
            }
        }
        out.changes.sort_by_key(|c| c.concerns);
        out
    }

    /// A map for `workflow migrate` to begin with: what seems renamed, and a line to fill in for each other state that is gone.
    pub fn suggested_map(&self) -> String {
        let gone = |c: &&Change| c.kind == "state_removed";
        let mut out = String::new();
        for name in ["item", "payment"] {
            let renamed =
                self.renamed.iter().filter(|r| r.machine == name).map(|r| format!("{} = \"{}\"", r.from, r.to));
            let gone = self.changes.iter().filter(gone).filter(|c| c.machine == Some(name));
            let gone = gone.filter_map(|c| c.state.as_ref()).map(|s| format!("# {s} = \"…\""));
            let lines: Vec<String> = renamed.chain(gone).collect();
            if !lines.is_empty() {
                out.push_str(&format!("[{name}]\n{}\n", lines.join("\n")));
            }
        }
        out
    }

    fn push(&mut self, concerns: Concerns, kind: &'static str, message: String) {
        self.changes.push(Change { concerns, kind, machine: None, state: None, message });
    }
}

fn workflow(from: &Workflow, to: &Workflow, out: &mut Diff) {
    let shown = |word: &Option<String>| word.as_ref().map_or("nothing".to_owned(), |w| format!("`{w}`"));
    if from.name != to.name {
        out.push(Concerns::Shop, "name", format!("these are two workflows: `{}` and `{}`", from.name, to.name));
    }
    if from.title != to.title {
        out.push(Concerns::Operator, "title", format!("the title is “{}” instead of “{}”", to.title, from.title));
    }
    if from.statuses != to.statuses {
        let (old, new) = (from.statuses.join(", "), to.statuses.join(", "));
        out.push(Concerns::Shop, "statuses", format!("the statuses that clients see are {new} (they were {old})"));
    }
    for (what, kind, old, new) in [
        ("cancelling", "cancel_event", &from.cancel_event, &to.cancel_event),
        ("recording a shipment", "ship_event", &from.ship_event, &to.ship_event),
    ] {
        if old != new {
            out.push(Concerns::Shop, kind, format!("{what} fires {} instead of {}", shown(new), shown(old)));
        }
    }
    if from.partner != to.partner {
        let message = format!("the merchant's side is {} instead of {}", shown(&to.partner), shown(&from.partner));
        out.push(Concerns::Shop, "partner", message);
    }
}

/// A machine in both versions, and the new names of the old states.
struct Pair<'d> {
    name: &'static str,
    old: &'d Machine,
    new: &'d Machine,
    renamed: BTreeMap<&'d str, &'d str>,
    out: &'d mut Diff,
}

impl Pair<'_> {
    fn push(&mut self, concerns: Concerns, kind: &'static str, state: &str, message: String) {
        let state = Some(state.to_owned());
        self.out.changes.push(Change { concerns, kind, machine: Some(self.name), state, message });
    }

    /// The new name of an old state.
    fn now<'a>(&'a self, old: &'a str) -> &'a str {
        self.renamed.get(old).copied().unwrap_or(old)
    }
}

fn machine<'d>(name: &'static str, old: &'d Machine, new: &'d Machine, out: &'d mut Diff) {
    let gone: Vec<&State> = old.states.iter().filter(|s| new.state(&s.name).is_none()).collect();
    let added: Vec<&State> = new.states.iter().filter(|s| old.state(&s.name).is_none()).collect();
    let renamed = renamings(&gone, &added);
    out.renamed.extend(renamed.iter().map(|(from, to)| Renamed {
        machine: name,
        from: (*from).to_owned(),
        to: (*to).to_owned(),
    }));
    let mut pair = Pair { name, old, new, renamed, out };
    let initial = |m: &Machine| m.states.get(m.initial).map(|s| s.name.clone()).unwrap_or_default();
    let (was, is) = (initial(old), initial(new));
    if pair.now(&was) != is {
        pair.push(Concerns::Shop, "initial", &is, format!("the {name} machine begins in `{is}` instead of `{was}`"));
    }
    for state in &old.states {
        let to = pair.now(&state.name).to_owned();
        match new.state(&to) {
            Some(now) => {
                if now.name != state.name {
                    let message = format!("`{}` looks renamed to `{to}`", state.name);
                    pair.push(Concerns::Shop, "state_renamed", &to, message);
                }
                compare(&mut pair, state, now);
            }
            None => {
                let message = format!("`{}` is gone: orders in it need a way when they are migrated", state.name);
                pair.push(Concerns::Shop, "state_removed", &state.name, message);
            }
        }
    }
    for state in added {
        if !pair.renamed.values().any(|to| *to == state.name) {
            let status = if state.status.is_empty() { String::new() } else { format!(", shown as `{}`", state.status) };
            pair.push(Concerns::Shop, "state_added", &state.name, format!("`{}` is new{status}", state.name));
        }
    }
}

/// Pairs what is gone with what is new, the most alike first.
fn renamings<'d>(gone: &[&'d State], added: &[&'d State]) -> BTreeMap<&'d str, &'d str> {
    let mut scored: Vec<(usize, &str, &str)> = Vec::new();
    for old in gone {
        for new in added {
            scored.push((likeness(old, new), &old.name, &new.name));
        }
    }
    scored.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)).then(a.2.cmp(b.2)));
    let mut out: BTreeMap<&str, &str> = BTreeMap::new();
    for (score, old, new) in scored {
        if score >= ALIKE && !out.contains_key(old) && !out.values().any(|to| *to == new) {
            out.insert(old, new);
        }
    }
    out
}

/// How much of what two states say is the same, in hundredths.
fn likeness(old: &State, new: &State) -> usize {
    let events = |s: &State| s.on.keys().cloned().collect::<Vec<_>>();
    let effect = |s: &State| s.invoke.as_ref().map(|i| i.effect);
    let delays = |s: &State| s.after.iter().map(|a| a.delay).collect::<Vec<_>>();
    let said = [
        (2, old.status == new.status),
        (2, events(old) == events(new)),
        (2, effect(old) == effect(new)),
        (1, old.labels == new.labels),
        (1, old.tags == new.tags),
        (1, old.entry == new.entry),
        (1, old.is_final == new.is_final),
        (1, delays(old) == delays(new)),
        (1, old.always.len() == new.always.len()),
    ];
    let sum: usize = said.iter().map(|(weight, _)| weight).sum();
    said.iter().filter(|(_, same)| *same).map(|(weight, _)| weight).sum::<usize>() * 100 / sum
}

fn compare(pair: &mut Pair<'_>, old: &State, new: &State) {
    let name = new.name.as_str();
    if old.status != new.status {
        let message = format!("`{name}` shows as `{}` instead of `{}`", new.status, old.status);
        pair.push(Concerns::Shop, "status", name, message);
    }
    if old.is_final != new.is_final {
        let message = if new.is_final { "may rest for good" } else { "may no longer rest for good" };
        pair.push(Concerns::Shop, "final", name, format!("an order {message} in `{name}`"));
    }
    let (gained, lost) = both_ways(&old.tags, &new.tags);
    for (kind, tags, verb) in [("tag_gained", gained, "now says"), ("tag_lost", lost, "no longer says")] {
        if !tags.is_empty() {
            pair.push(Concerns::Shop, kind, name, format!("`{name}` {verb} {}", tags.join(", ")));
        }
    }
    let actions = |s: &State| s.entry.iter().map(|a| action(*a).to_owned()).collect::<Vec<_>>();
    let (gained, lost) = both_ways(&actions(old), &actions(new));
    for (kind, list, verb) in [("entry_gained", gained, "now does"), ("entry_lost", lost, "no longer does")] {
        if !list.is_empty() {
            pair.push(Concerns::Shop, kind, name, format!("entering `{name}` {verb} {}", list.join(", ")));
        }
    }
    let effect = |s: &State| s.invoke.as_ref().map_or("nothing", |i| i.effect.name());
    if effect(old) != effect(new) {
        let message = format!("`{name}` runs {} instead of {}", effect(new), effect(old));
        pair.push(Concerns::Shop, "invoke", name, message);
    }
    if old.remind != new.remind {
        let times = |s: &State| {
            let times: Vec<String> = s.remind.iter().map(ToString::to_string).collect();
            if times.is_empty() { "never".to_owned() } else { format!("after {}", times.join(", ")) }
        };
        let message = format!("`{name}` reminds the customer {} instead of {}", times(new), times(old));
        pair.push(Concerns::Customer, "remind", name, message);
    }
    transitions::compare(pair, old, new);
    for (word, audience) in Audience::ALL {
        let label = |s: &State| s.labels.get(audience).cloned().unwrap_or_default();
        let (was, is) = (label(old), label(new));
        if was != is {
            let concerns = match audience {
                Audience::Operator => Concerns::Operator,
                Audience::Merchant => Concerns::Merchant,
                Audience::Customer => Concerns::Customer,
            };
            let message = match (was.is_empty(), is.is_empty()) {
                (true, _) => format!("`{name}` now reads “{is}” for the {word}"),
                (_, true) => format!("`{name}` has no words for the {word} any more (it read “{was}”)"),
                _ => format!("`{name}` reads “{is}” instead of “{was}”"),
            };
            pair.push(concerns, "label", name, message);
        }
    }
}

/// What the second has and the first has not, and the other way round.
fn both_ways<T: PartialEq + Clone>(old: &[T], new: &[T]) -> (Vec<T>, Vec<T>) {
    let without = |a: &[T], b: &[T]| a.iter().filter(|x| !b.contains(x)).cloned().collect();
    (without(new, old), without(old, new))
}

fn action(action: Action) -> &'static str {
    Action::ALL.iter().find(|(_, a)| *a == action).map_or("", |(n, _)| n)
}

/// A time as files write it.
fn delay(after: &After) -> String {
    match after.delay {
        Delay::BusinessDays(days) => format!("{days} business days"),
        Delay::Fixed(span) => span.to_string(),
        Delay::Policy(policy) => Policy::ALL.iter().find(|(_, p)| *p == policy).map_or("", |(n, _)| n).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    const RETAIL: &str = include_str!("../../../../workflows/retail.toml");
    const MADE: &str = include_str!("../../../../workflows/made-to-order.toml");

    fn diff(text: &str, edits: &[(&str, &str)]) -> Diff {
        let mut other = text.to_owned();
        for (from, to) in edits {
            assert!(other.contains(from), "{from}");
            other = other.replace(from, to);
        }
        Diff::of(&read(text).expect("reads"), &read(&other).expect("reads"))
    }

    fn told(diff: &Diff) -> Vec<String> {
        diff.changes.iter().map(|c| format!("{:?} {}: {}", c.concerns, c.kind, c.message)).collect()
    }

    #[test]
    fn nothing_changed_is_nothing_told() {
        let same = diff(RETAIL, &[("# Retail:", "# The retail workflow:")]);
        assert!(same.same_behaviour && same.changes.is_empty() && same.suggested_map().is_empty());
    }

    #[test]
    fn words_need_no_migration() {
        let words = diff(RETAIL, &[("customer = \"Being prepared\"", "customer = \"We pack it\"")]);
        assert!(words.same_behaviour);
        assert_eq!(told(&words), ["Customer label: `processing` reads “We pack it” instead of “Being prepared”"]);
    }

    #[test]
    fn each_change_is_told_to_those_whom_it_concerns() {
        for (text, from, to, wanted) in [
            (
                MADE,
                "on.refuse = { target = \"cancelled\", by = [\"merchant\", \"operator\"], requires = [\"reason\"] }",
                "on.refuse = { target = \"cancelled\", by = [\"operator\"], requires = [\"reason\"] }",
                "Merchant event_lost: may no longer fire `refuse` in `payment_authorised`",
            ),
            (
                MADE,
                "by = [\"customer\", \"merchant\", \"operator\"] }",
                "by = [\"customer\", \"merchant\", \"operator\", \"import\"] }",
                "Import event_gained: may now fire `deliver` in `dispatched`",
            ),
            (
                MADE,
                "requires = [\"trackingNumber\"]",
                "requires = [\"trackingNumber\", \"carrier\"]",
                "Merchant requires: `dispatch` in `in_production` now requires carrier",
            ),
            (
                MADE,
                "guard = \"item.late_cancellation\"",
                "guard = \"not item.late_cancellation\"",
                "Operator guard: `cancel` in `in_production` needs not item.late_cancellation instead of item.late_cancellation",
            ),
            (
                MADE,
                "after.\"30d\"",
                "after.\"31d\"",
                "Shop timer: `authorised` goes on to `voiding` after 31d instead of 30d",
            ),
            (
                MADE,
                "entry = [\"stock.commit\"]",
                "",
                "Shop entry_lost: entering `confirmed` no longer does stock.commit",
            ),
            (
                MADE,
                "invoke = \"payment.capture\"",
                "invoke = \"payment.charge\"",
                "Shop invoke: `capturing` runs payment.charge instead of payment.capture",
            ),
            (
                MADE,
                "on.error = { target = \"undoing\", reason = \"split_failed\" }",
                "on.error = { target = \"undo_failed\", reason = \"split_failed\" }",
                "Shop target: the failure of payment.transfer in `transferring` leads to `undo_failed` instead of `undoing`",
            ),
            (
                MADE,
                "ship_event = \"dispatch\"",
                "ship_event = \"deliver\"",
                "Shop ship_event: recording a shipment fires `deliver` instead of `dispatch`",
            ),
            (
                RETAIL,
                "on.processing = { target = \"processing\"",
                "on.processing = { target = \"shipped\"",
                "Retailer target: `processing` in `confirmed` leads to `shipped` instead of `processing`",
            ),
            (
                RETAIL,
                "tags = [\"shipped\", \"delivered\", \"completed\"]",
                "tags = [\"shipped\", \"delivered\"]",
                "Shop tag_lost: `delivered` no longer says completed",
            ),
            (
                RETAIL,
                "{ guard = \"payment.expired\", target = \"cancelled\", reason = \"payment_window_ended\" },",
                "",
                "Shop automatic: `pending` no longer goes on by itself to `cancelled` when payment.expired",
            ),
        ] {
            let found = diff(text, &[(from, to)]);
            assert!(!found.same_behaviour, "{from}");
            assert!(told(&found).iter().any(|t| t == wanted), "{wanted}\n{:#?}", told(&found));
        }
    }

    #[test]
    fn a_new_name_is_seen_through() {
        let edits = [("states.processing", "states.picking"), ("target = \"processing\"", "target = \"picking\"")];
        let found = diff(RETAIL, &edits);
        assert_eq!(told(&found), ["Shop state_renamed: `processing` looks renamed to `picking`"]);
        assert_eq!(found.suggested_map(), "[item]\nprocessing = \"picking\"\n");
    }

    #[test]
    fn states_come_and_go() {
        let gone = diff(
            RETAIL,
            &[
                ("on.processing = { target = \"processing\"", "on.shipped = { target = \"shipped\""),
                ("[item.states.processing]", "[item.states.gift_wrapping]"),
                ("status = \"processing\"\ntags = [\"to_ship\"]", "status = \"delivered\"\nfinal = true"),
                ("\"Processing\", merchant = \"Processing\"", "\"Wrap\", merchant = \"Wrap\""),
                (
                    "on.shipped = { target = \"shipped\", by = [\"operator\", \"retailer\"] }\non.cancelled = { target = \"cancelled\", by = [\"customer\", \"operator\", \"retailer\"] }\nalways = { guard = \"order.fully_refunded\", target = \"refunded\" }\n\n[item.states.shipped]",
                    "\n[item.states.shipped]",
                ),
                ("\"processing\", ", ""),
            ],
        );
        let told = told(&gone);
        assert!(told.iter().any(|t| t.starts_with("Shop state_removed: `processing` is gone")), "{told:#?}");
        assert!(
            told.contains(&"Shop state_added: `gift_wrapping` is new, shown as `delivered`".to_owned()),
            "{told:#?}"
        );
        assert!(gone.suggested_map().contains("# processing = "), "{}", gone.suggested_map());
    }
}
