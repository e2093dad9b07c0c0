//! The version of a workflow: a hash of what it does, not of how it reads.
//!
//! Labels, titles, comments, layout and the order of keys change no version, so that correcting a typo needs no migration. Everything
//! that can move an order differently changes it, and so does the partner's name (but not the partner's own behaviour: that is its version).

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::model::{After, Delay, Machine, Policy, Send, Side, State, Transition, Workflow};
use super::{Action, Kind};

/// The first 16 hex digits of the SHA-256 of the behaviour.
pub fn version_of(workflow: &Workflow) -> String {
    let digest = Sha256::digest(canonical(workflow).as_bytes());
    digest.iter().take(8).fold(String::with_capacity(16), |mut out, byte| {
        // Writing to a String cannot fail, here and below.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// One text for one behaviour. Every word in it is a checked name, so spaces and commas are safe between them.
fn canonical(workflow: &Workflow) -> String {
    // The first line names this form: change it and every version changes.
    let mut out = String::from("orderwright workflow 1\n");
    let kind = match workflow.kind {
        Kind::Order => "order",
        Kind::Merchant => "merchant",
        Kind::Dispute => "dispute",
    };
    let word = |word: &Option<String>| word.clone().unwrap_or_else(|| "-".to_owned());
    let _ = writeln!(out, "name {}\nkind {kind}\npartner {}", workflow.name, word(&workflow.partner));
    // The order of statuses carries meaning: least advanced first.
    let _ = writeln!(out, "statuses {}", workflow.statuses.join(","));
    let _ = writeln!(out, "cancel {}\nship {}", word(&workflow.cancel_event), word(&workflow.ship_event));
    // Only where it is said, so that files from before the key keep their versions.
    if workflow.credit {
        out.push_str("credit\n");
    }
    machine(&mut out, if workflow.kind == Kind::Dispute { "dispute" } else { "item" }, &workflow.item);
    if let Some(payment) = &workflow.payment {
        machine(&mut out, "payment", payment);
    }
    out
}

fn machine(out: &mut String, scope: &str, machine: &Machine) {
    let initial = machine.states.get(machine.initial).map_or("-", |s| s.name.as_str());
    let _ = writeln!(out, "machine {scope} initial {initial}");
    // By name: where a state stands in the file means nothing.
    for &at in machine.index.values() {
        state(out, machine, &machine.states[at]);
    }
}

fn state(out: &mut String, machine: &Machine, state: &State) {
    let _ = writeln!(out, "state {} status {} final {}", state.name, state.status, state.is_final);
    let _ = writeln!(out, " tags {}", sorted(state.tags.iter().map(String::as_str)));
    let entry: Vec<&str> = state.entry.iter().map(|a| action(*a)).collect();
    let _ = writeln!(out, " entry {}", entry.join(","));
    if let Some(invoke) = &state.invoke {
        let late = invoke.late.map_or("-", |e| e.name());
        let timeout = invoke.timeout.map_or_else(String::new, |span| format!(" timeout {}us", span.0));
        let _ = writeln!(out, " invoke {} late {late}{timeout}", invoke.effect.name());
        transition(out, "done", machine, &invoke.done);
        transition(out, "error", machine, &invoke.error);
    }
    for (event, transitions) in &state.on {
        for t in transitions {
            transition(out, &format!("on.{event}"), machine, t);
        }
    }
    for t in &state.always {
        transition(out, "always", machine, t);
    }
    for after in &state.after {
        transition(out, &delay(after), machine, &after.transition);
    }
}

fn transition(out: &mut String, what: &str, machine: &Machine, t: &Transition) {
    let target = machine.states.get(t.target).map_or("-", |s| s.name.as_str());
    let _ = write!(out, " {what} target {target}");
    let _ = write!(out, " by {}", sorted(t.by.iter().map(|p| p.name())));
    let _ = write!(out, " requires {}", sorted(t.requires.iter().map(|f| f.name())));
    // Sends are carried out in the order of the file.
    let sends: Vec<String> = t.send.iter().map(send).collect();
    let _ = write!(out, " send {} reason {}", sends.join(","), t.reason.as_deref().unwrap_or("-"));
    let _ = writeln!(out, " guard {}", t.guard.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string));
}

fn delay(after: &After) -> String {
    match after.delay {
        Delay::Fixed(span) => format!("after.{}us", span.0),
        Delay::BusinessDays(days) => format!("after.{days}bd"),
        Delay::Policy(policy) => format!("after.{}", policy_name(policy)),
    }
}

fn policy_name(policy: Policy) -> &'static str {
    Policy::ALL.iter().find(|(_, p)| *p == policy).map_or("", |(n, _)| n)
}

fn action(action: Action) -> &'static str {
    Action::ALL.iter().find(|(_, a)| *a == action).map_or("", |(n, _)| n)
}

/// `merchant.close?`, as files write it.
fn send(send: &Send) -> String {
    let to = match send.to {
        Side::Item => "item",
        Side::Merchant => "merchant",
    };
    format!("{to}.{}{}", send.event, if send.optional { "?" } else { "" })
}

fn sorted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut words: Vec<&str> = words.collect();
    words.sort_unstable();
    words.join(",")
}

#[cfg(test)]
mod tests {
    use super::super::read;

    const FILE: &str = include_str!("../../../../workflows/marketplace-split.toml");

    fn version(text: &str) -> String {
        read(text).expect("readable").version
    }

    fn changed(from: &str, to: &str) -> String {
        assert!(FILE.contains(from), "the file no longer has {from}");
        version(&FILE.replacen(from, to, 1))
    }

    #[test]
    fn is_sixteen_hex_digits_and_stays() {
        let version = version(FILE);
        assert_eq!(version.len(), 16);
        assert!(version.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)), "{version}");
        assert_eq!(version, self::version(FILE));
    }

    #[test]
    fn words_and_layout_change_no_version() {
        let before = version(FILE);
        for (from, to) in [
            ("customer = \"In Progress\"", "customer = \"In progress!\""),
            ("title = \"Marketplace split\"", "title = \"Split\""),
            ("# A bank transfer", "# Or cash: a bank transfer"),
            ("name = \"marketplace-split\"", "\n\n\nname = 'marketplace-split'"),
            ("by = [\"operator\", \"import\"]", "by = [\"import\", \"operator\"]"),
            ("tags = [\"shipped\", \"delivered\"]", "tags = [\"delivered\", \"shipped\"]"),
            (
                "{ target = \"canceled\", by = [\"operator\"], send",
                "{ by = [\"operator\"], target = \"canceled\", send",
            ),
            ("on.ship = { target = \"shipped_by_merchant\" }", "on.ship = [{ target = \"shipped_by_merchant\" }]"),
        ] {
            assert_eq!(changed(from, to), before, "{from}");
        }
        let (head, payment) = FILE.split_once("[payment]").expect("has a payment");
        let (top, item) = head.split_once("[item]").expect("has an item");
        assert_eq!(version(&format!("{top}[payment]{payment}\n[item]{item}")), before, "order of tables");
    }

    #[test]
    fn behaviour_changes_the_version() {
        let mut seen = vec![version(FILE)];
        for (from, to) in [
            ("name = \"marketplace-split\"", "name = \"marketplace-split-2\""),
            ("partner = \"merchant\"", "partner = \"maker\""),
            ("\"new\", \"paid\", \"sent", "\"paid\", \"new\", \"sent"),
            ("cancel_event = \"cancel\"", ""),
            ("ship_event = \"ship\"", "ship_event = \"deliver\""),
            ("initial = \"new\"", "initial = \"paid\""),
            ("by = [\"customer\", \"operator\"]", "by = [\"operator\"]"),
            ("guard = \"payment.captured\"", "guard = \"not payment.captured\""),
            ("reason = \"payment_window_ended\"", "reason = \"too_late\""),
            ("tags = [\"to_ship\"]", ""),
            ("\"stock.commit\", \"merchant.send\"", "\"merchant.send\", \"stock.commit\""),
            ("merchant.close?", "merchant.close"),
            ("after.cancel_window", "after.\"2h\""),
            ("on.ship = {", "on.ship = { requires = [\"carrier\"],"),
            ("status = \"closed\"\ntags = [\"shipped\"", "status = \"delivered\"\ntags = [\"shipped\""),
            ("invoke = \"payment.charge\"", "invoke = \"payment.capture\""),
            (
                "on.error = { target = \"unpaid\" }",
                "on.error = { target = \"unpaid\" }\non.late = { effect = \"payment.refund\" }",
            ),
            ("on.error = { target = \"unpaid\" }", "on.error = { target = \"closed\" }"),
            ("[payment.states.closed]\nfinal = true", "[payment.states.closed]"),
            ("invoke = \"payment.charge\"", "invoke = \"payment.charge\"\ntimeout = \"30m\""),
            ("after.cancel_window", "after.\"2bd\""),
        ] {
            let version = changed(from, to);
            assert!(!seen.contains(&version), "{from} → {to} made no new version");
            seen.push(version);
        }
    }
}
