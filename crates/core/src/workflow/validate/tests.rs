//! Each rule has a small text that breaks exactly it.

use super::validate;
use crate::workflow::complaint::Complaint;
use crate::workflow::{Workflow, read};

/// An order's workflow without a partner and without a complaint.
const SMALL: &str = r#"name = "small"
title = "Small"
statuses = ["new", "done"]
cancel_event = "cancel"
ship_event = "ship"

[item]
initial = "new"

[item.states.new]
status = "new"
labels = { operator = "New", merchant = "New", customer = "New" }
on.ship = { target = "done", by = ["merchant"] }
on.cancel = { target = "done", by = ["customer"] }
always = { guard = "payment.failed", target = "done" }

[item.states.done]
status = "done"
tags = ["completed"]
labels = { operator = "Done", merchant = "Done", customer = "Done" }
final = true

[payment]
initial = "open"

[payment.states.open]
tags = ["payable"]
on.pay = { target = "taking", by = ["customer"] }
after."7d" = { target = "failed" }

[payment.states.taking]
invoke = "payment.charge"
on.done = { target = "captured" }
on.error = { target = "failed" }

[payment.states.captured]
tags = ["captured"]
final = true

[payment.states.failed]
tags = ["failed"]
final = true
"#;

const MERCHANT: &str = r#"name = "maker"
title = "Maker"
kind = "merchant"
statuses = ["new", "gone"]

[item]
initial = "new"

[item.states.new]
status = "new"
labels = { merchant = "New" }
on.ship = { target = "gone", by = ["merchant"], send = ["item.ship"] }
on.withdraw = { target = "gone" }
always = { guard = "payment.failed or items.any.completed", target = "gone" }

[item.states.gone]
status = "gone"
labels = { merchant = "Gone" }
final = true
"#;

/// The small workflow as the partner of the maker's.
fn coupled() -> String {
    SMALL
        .replacen("title", "partner = \"maker\"\ntitle", 1)
        .replacen("ship = { target = \"done\", by = [\"merchant\"] }", "ship = { target = \"done\" }", 1)
        .replacen("by = [\"customer\"] }", "by = [\"customer\"], send = [\"merchant.withdraw\"] }", 1)
        .replacen("labels", "entry = [\"merchant.send\"]\nlabels", 1)
}

#[track_caller]
fn parse(text: &str) -> Workflow {
    read(text).unwrap_or_else(|complaints| panic!("{}", list(&complaints)))
}

fn list(complaints: &[Complaint]) -> String {
    complaints.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Replaces `from` and expects one complaint that begins so.
#[track_caller]
fn breaks(text: &str, partner: Option<&str>, from: &str, to: &str, expected: &str) {
    assert!(text.contains(from), "no {from}");
    let partner = partner.map(parse);
    let found = validate(&parse(&text.replacen(from, to, 1)), partner.as_ref());
    assert!(
        found.len() == 1 && found[0].to_string().starts_with(expected),
        "{from} → {to}\nfound    {}\nexpected {expected}",
        list(&found)
    );
}

#[track_caller]
fn small(from: &str, to: &str, expected: &str) {
    breaks(SMALL, None, from, to, expected);
}

/// Puts more states at the end of the payment's machine, reached from `open` by the event `go`.
#[track_caller]
fn payment(states: &str, expected: &str) {
    let text = SMALL.replacen("after.\"7d\"", "on.go = { target = \"a\", by = [\"operator\"] }\nafter.\"7d\"", 1);
    breaks(&format!("{text}{states}"), None, "title", "title", expected);
}

#[test]
fn right_files_have_no_complaint() {
    for (text, partner) in
        [(SMALL, None), (MERCHANT, None), (&coupled(), Some(MERCHANT)), (MERCHANT, Some(&*coupled()))]
    {
        let partner = partner.map(parse);
        let found = validate(&parse(text), partner.as_ref());
        assert!(found.is_empty(), "{}", list(&found));
    }
}

#[test]
fn statuses_and_named_events() {
    small("\"new\", \"done\"", "\"new\", \"gone\", \"done\"", "line 3: statuses: no state shows the status `gone`");
    small(
        "cancel_event = \"cancel\"",
        "cancel_event = \"stop\"",
        "line 4: cancel_event: no state of an item knows the event `stop`; known: cancel, ship",
    );
    small(
        "ship_event = \"ship\"",
        "ship_event = \"pay\"",
        "line 5: ship_event: no state of an item knows the event `pay`",
    );
}

#[test]
fn every_state_is_reached_and_goes_on() {
    payment(
        "[payment.states.a]\nfinal = true\n[payment.states.b]\nfinal = true\n",
        "line 46: payment.states.b: nothing leads here from the first state `open`",
    );
    payment("[payment.states.a]\n", "line 44: payment.states.a: there is no way out");
    let ring = "on.x = { target = \"b\", by = [\"operator\"] }\n[payment.states.b]\nfinal = true\n";
    payment(
        &format!("[payment.states.a]\n{ring}on.x = {{ target = \"c\", by = [\"operator\"] }}\n[payment.states.c]\n"),
        "line 49: payment.states.c: there is no way out",
    );
    let closed = SMALL.replacen("final = true", "on.x = { target = \"done\", by = [\"operator\"] }", 1);
    breaks(&closed, None, "title", "title", "line 7: item: no state is `final`");
    let found = validate(
        &parse(&format!(
            "{}[payment.states.a]\non.x = {{ target = \"b\", by = [\"operator\"] }}\n[payment.states.b]\non.x = {{ target = \"a\", by = [\"operator\"] }}\n",
            SMALL.replacen("after.\"7d\"", "on.go = { target = \"a\", by = [\"operator\"] }\nafter.\"7d\"", 1)
        )),
        None,
    );
    assert_eq!(
        list(&found),
        "line 44: payment.states.a: no final state can be reached from here\nline 46: payment.states.b: no final state can be reached from here"
    );
}

#[test]
fn invokes_are_left_by_their_outcome_only() {
    small(
        "on.error = ",
        "after.\"1h\" = { target = \"failed\" }\non.error = ",
        "line 31: payment.states.taking: a state is left only by the outcome of its `invoke`",
    );
}

#[test]
fn nothing_stands_behind_what_is_always_taken() {
    small(
        "always = { guard = \"payment.failed\", target = \"done\" }",
        "always = [{ target = \"done\" }, { guard = \"payment.failed\", target = \"done\" }]",
        "line 15: item.states.new.always: only the last `always` may have no guard",
    );
    let two = |first: &str, second: &str| {
        SMALL.replacen(
            "on.cancel = { target = \"done\", by = [\"customer\"] }",
            &format!("on.cancel = [{{ target = \"done\", {first} }}, {{ target = \"done\", {second} }}]"),
            1,
        )
    };
    breaks(
        &two("by = [\"customer\", \"operator\"]", "by = [\"customer\"]"),
        None,
        "title",
        "title",
        "line 14: item.states.new.on.cancel: never taken",
    );
    // A field that is missing refuses the event: it is not passed on.
    breaks(
        &two("by = [\"customer\"], requires = [\"reason\"]", "by = [\"customer\"]"),
        None,
        "title",
        "title",
        "line 14: item.states.new.on.cancel: never taken",
    );
    breaks(
        &two("by = [\"customer\"]", "by = [\"customer\", \"operator\"]"),
        None,
        "title",
        "title",
        "line 14: item.states.new.on.cancel: customer may fire this by an earlier transition",
    );
    let guarded = two("by = [\"customer\"], guard = \"payment.captured\"", "by = [\"customer\"]");
    assert!(validate(&parse(&guarded), None).is_empty());
}

#[test]
fn rounds_without_end() {
    let ab = |a: &str, b: &str| format!("[payment.states.a]\n{a}\n[payment.states.b]\nfinal = true\n{b}\n");
    let round = "line 44: payment.states.a: goes round by itself without end: a → b → a";
    payment(&ab("always = { target = \"b\" }", "always = { target = \"a\" }"), round);
    payment(
        &ab(
            "always = { guard = \"items.all.completed\", target = \"b\" }",
            "always = { guard = \"not order.fully_refunded\", target = \"a\" }",
        ),
        round,
    );
    payment(&ab("after.\"1h\" = { target = \"b\" }", "after.\"1d\" = { target = \"a\" }"), round);
    payment(
        "[payment.states.a]\non.x = { target = \"failed\", by = [\"operator\"] }\nalways = { guard = \"payment.offline\", target = \"a\" }\n",
        "line 44: payment.states.a: goes round by itself without end: a → a",
    );
    // More facts than can be gone through: only what has no guard is looked at.
    let many = (0..16).map(|_| "items.all.completed or items.any.completed").collect::<Vec<_>>().join(" or ");
    payment(
        &ab(
            &format!("always = [{{ guard = \"{many}\", target = \"failed\" }}, {{ target = \"b\" }}]"),
            "always = { target = \"a\" }",
        ),
        round,
    );
}

#[test]
fn rounds_that_end() {
    let ends = |a: &str, b: &str| {
        let text = SMALL.replacen("after.\"7d\"", "on.go = { target = \"a\", by = [\"operator\"] }\nafter.\"7d\"", 1);
        let text = format!(
            "{text}[payment.states.a]\ntags = [\"awaiting\"]\n{a}\n[payment.states.b]\non.x = {{ target = \"failed\", by = [\"operator\"] }}\n{b}\n"
        );
        let found = validate(&parse(&text), None);
        assert!(found.is_empty(), "{a} {b}: {}", list(&found));
    };
    // Guards that exclude each other, by logic, by the machine's own state, by what items there are.
    ends(
        "always = { guard = \"items.all.completed\", target = \"b\" }",
        "always = { guard = \"not items.all.completed\", target = \"a\" }",
    );
    ends(
        "always = { guard = \"payment.awaiting\", target = \"b\" }",
        "always = { guard = \"payment.awaiting\", target = \"a\" }",
    );
    ends(
        "always = { guard = \"items.all.completed\", target = \"b\" }",
        "always = { guard = \"not items.any.completed\", target = \"a\" }",
    );
    // One that is left on the way.
    ends(
        "always = [{ guard = \"order.nothing_captured\", target = \"failed\" }, { target = \"b\" }]",
        "always = { guard = \"order.nothing_captured\", target = \"a\" }",
    );
    // In the item's machine the payment is in one state at a time.
    let text = SMALL.replacen("always = { guard = \"payment.failed\", target = \"done\" }", "always = { guard = \"payment.failed\", target = \"held\" }\n[item.states.held]\nstatus = \"new\"\nlabels = { operator = \"H\", merchant = \"H\", customer = \"H\" }\nalways = { guard = \"payment.captured\", target = \"new\" }\non.go = { target = \"done\", by = [\"operator\"] }", 1);
    let found = validate(&parse(&text), None);
    assert!(found.is_empty(), "{}", list(&found));
    let found =
        validate(&parse(&text.replace("guard = \"payment.captured\"", "guard = \"not payment.captured\"")), None);
    assert!(list(&found).ends_with("new → held → new; let an event or a guard break the round"), "{}", list(&found));
}

#[test]
fn actions_stand_where_they_can_be_done() {
    small(
        "[\"completed\"]",
        "[\"completed\"]\nentry = [\"payment.record\"]",
        "line 17: item.states.done.entry: `payment.record` stands in the payment's machine",
    );
    small(
        "[\"failed\"]",
        "[\"failed\"]\nentry = [\"stock.release\"]",
        "line 40: payment.states.failed.entry: only `payment.record`",
    );
    small(
        "[\"completed\"]",
        "[\"completed\"]\nentry = [\"merchant.send\"]",
        "line 17: item.states.done.entry: `merchant.send` starts the partner's machine, and this workflow names no `partner`",
    );
}

#[test]
fn guards_ask_about_what_can_be() {
    small(
        "guard = \"payment.failed\"",
        "guard = \"payment.failed or payment.expired\"",
        "line 15: item.states.new.always.guard: `payment.expired` never holds: no state of the payment carries `expired`; carried: captured, failed, payable",
    );
    small(
        "guard = \"payment.failed\"",
        "guard = \"items.any.delivered\"",
        "line 15: item.states.new.always.guard: `items.any.delivered` never holds: no state of an item",
    );
    small(
        "by = [\"customer\"] }\nafter",
        "by = [\"customer\"], guard = \"item.late_cancellation\" }\nafter",
        "line 28: payment.states.open.on.pay.guard: `item.late_cancellation` is about one item",
    );
    breaks(
        MERCHANT,
        Some(&coupled()),
        "items.any.completed",
        "items.any.delivered",
        "line 14: item.states.new.always.guard: with `small`: `items.any.delivered` never holds",
    );
}

#[test]
fn events_can_be_fired() {
    small(", by = [\"merchant\"]", "", "line 13: item.states.new.on.ship: nobody can fire `ship`");
    small(
        "on.pay = { target = \"taking\", by = [\"customer\"] }",
        "on.pay = { target = \"taking\" }",
        "line 28: payment.states.open.on.pay: nobody can fire `pay`",
    );
    breaks(
        &coupled(),
        Some(MERCHANT),
        "on.ship = {",
        "on.lose = { target = \"done\" }\non.ship = {",
        "line 15: item.states.new.on.lose: nobody can fire `lose`",
    );
}

#[test]
fn sends_arrive() {
    small(
        "by = [\"customer\"] }",
        "by = [\"customer\"], send = [\"merchant.close\"] }",
        "line 14: item.states.new.on.cancel.send: `merchant.close` has no machine to go to",
    );
    small(
        "by = [\"customer\"] }",
        "by = [\"customer\"], send = [\"item.ship\"] }",
        "line 14: item.states.new.on.cancel.send: `item.ship` would go to the machine that sends it",
    );
    breaks(
        MERCHANT,
        None,
        "item.ship",
        "merchant.ship",
        "line 12: item.states.new.on.ship.send: `merchant.ship` would go to the machine that sends it",
    );
    breaks(
        &coupled(),
        Some(MERCHANT),
        "merchant.withdraw",
        "merchant.close?",
        "line 16: item.states.new.on.cancel.send: no state of `maker` knows the event `close`; known: ship, withdraw",
    );
    breaks(
        MERCHANT,
        Some(&coupled().replacen("done\" }\n", "done\", by = [\"operator\"] }\n", 1)),
        "item.ship",
        "item.shipped",
        "line 12: item.states.new.on.ship.send: no state of `small` knows the event `shipped`; known: cancel, ship",
    );
}

#[test]
fn partners_exist_and_are_merchants() {
    breaks(&coupled(), None, "title", "title", "line 2: partner: there is no workflow `maker`");
    breaks(&coupled(), Some(SMALL), "title", "title", "line 2: partner: `maker` is an order's workflow");
    breaks(
        &coupled(),
        Some(MERCHANT),
        "entry = [\"merchant.send\"]\n",
        "",
        "line 2: partner: no state has the entry action `merchant.send`",
    );
    let lost = MERCHANT.replacen("item.ship", "item.shop", 1);
    let found = validate(&parse(&coupled()), Some(&parse(&lost)));
    assert!(
        list(&found)
            .contains("line 12: maker: item.states.new.on.ship.send: no state of `small` knows the event `shop`"),
        "{}",
        list(&found)
    );
}

/// A dispute's workflow without a complaint.
const DISPUTE: &str = r#"name = "quarrel"
title = "Quarrel"
kind = "dispute"
statuses = ["open", "over"]

[dispute]
initial = "open"

[dispute.states.open]
status = "open"
tags = ["undecided"]
labels = { operator = "Open", merchant = "Open", customer = "Open" }
on.escalate = { target = "late" }
on.reject = { target = "over", by = ["operator"], guard = "order.total < 500.00 EUR" }
after.respond_by = { target = "late" }

[dispute.states.late]
status = "open"
tags = ["undecided", "urgent"]
labels = { operator = "Late", merchant = "Late", customer = "Late" }
on.reject = { target = "over", by = ["operator"] }

[dispute.states.over]
status = "over"
labels = { operator = "Over", merchant = "Over", customer = "Over" }
final = true
"#;

#[test]
fn a_dispute_has_one_machine_and_the_engines_events() {
    let told = |from: &str, to: &str| -> Vec<String> {
        assert!(DISPUTE.contains(from), "{from}");
        let text = DISPUTE.replacen(from, to, 1);
        let complaints = match read(&text) {
            Ok(workflow) => validate(&workflow, None),
            Err(complaints) => complaints,
        };
        complaints.iter().map(|c| format!("{}: {}", c.path, c.message)).collect()
    };
    assert_eq!(told("open", "open"), [""; 0]);
    for (from, to, wanted) in [
        ("on.escalate", "on.explode", "nobody can fire `explode`"),
        ("after.respond_by", "after.return_window", "only orders have"),
        ("order.total < 500.00 EUR", "payment.captured", "asks about a payment or an item"),
        ("by = [\"operator\"] }", "by = [\"operator\"], send = [\"item.ship\"] }", "coupled to no other machine"),
        ("final = true", "final = true\nentry = [\"stock.ship\"]", "moves no stock"),
        ("tags = [\"undecided\"]", "tags = [\"shipped\"]", "a tag of dispute states"),
        ("statuses =", "ship_event = \"escalate\"\nstatuses =", "means nothing in a dispute's workflow"),
        ("kind = \"dispute\"\n", "", "has the machine `dispute`"),
        ("[dispute]", "[payment]\ninitial = \"x\"\n[payment.states.x]\nfinal = true\n\n[dispute]", "has no payment"),
    ] {
        let found = told(from, to);
        assert!(found.iter().any(|line| line.contains(wanted)), "{to}: {found:#?}");
    }
    let order = SMALL.replacen("after.\"7d\"", "after.respond_by", 1);
    let complaints = read(&order).expect_err("a time of disputes");
    assert!(complaints.iter().any(|c| c.message.contains("only disputes have")), "{complaints:#?}");
}
