//! Each complaint, and what is read when there is none.

use super::read;
use crate::time::Span;
use crate::workflow::guard::Guard;
use crate::workflow::model::*;

/// The shipped files.
pub(super) const SHIPPED: [&str; 6] = [
    include_str!("../../../../../workflows/made-to-order.toml"),
    include_str!("../../../../../workflows/marketplace-split.toml"),
    include_str!("../../../../../workflows/marketplace.toml"),
    include_str!("../../../../../workflows/merchant.toml"),
    include_str!("../../../../../workflows/retail.toml"),
    include_str!("../../../../../workflows/store-request.toml"),
];

/// A small file in which each case breaks one thing.
pub(super) const SMALL: &str = r#"name = "small"
title = "Small"
statuses = ["new", "done"]
cancel_event = "cancel"

[item]
initial = "new"

[item.states.new]
status = "new"
labels = { operator = "New", merchant = "New", customer = "New" }
on.cancel = { target = "over", by = ["customer"], requires = ["reason"] }
always = { guard = "payment.captured", target = "over", reason = "paid" }

[item.states.over]
status = "done"
tags = ["completed"]
labels = { operator = "Over", merchant = "Over", customer = "On {delivered_on}" }
entry = ["stock.ship"]
final = true

[payment]
initial = "charging"

[payment.states.charging]
invoke = "payment.charge"
on.done = { target = "captured" }
on.error = { target = "captured" }
on.late = { effect = "payment.refund" }
after."7d" = { target = "captured" }
after.payment_window = { target = "captured" }

[payment.states.captured]
tags = ["captured"]
final = true
"#;

pub(super) fn complaints(text: &str) -> Vec<String> {
    match read(text) {
        Ok(_) => Vec::new(),
        Err(complaints) => complaints.iter().map(ToString::to_string).collect(),
    }
}

/// Replaces `from` in the small file and expects the complaints that begin so, in that order, and no others.
#[track_caller]
pub(super) fn breaks(from: &str, to: &str, expected: &[&str]) {
    assert!(SMALL.contains(from), "the small file has no {from}");
    let found = complaints(&SMALL.replacen(from, to, 1));
    let same = found.len() == expected.len() && found.iter().zip(expected).all(|(f, e)| f.starts_with(e));
    assert!(same, "{from} → {to}\nfound    {found:#?}\nexpected {expected:#?}");
}

#[test]
fn reads_every_part() {
    let w = read(SHIPPED[0]).expect("shipped");
    assert_eq!((w.name.as_str(), w.title.as_str(), w.kind), ("made-to-order", "Made to order", Kind::Order));
    assert_eq!(w.statuses.first().map(String::as_str), Some("pending"));
    assert_eq!(
        (w.cancel_event.as_deref(), w.ship_event.as_deref(), w.partner),
        (Some("cancel"), Some("dispatch"), None)
    );
    let in_production = w.item.state("in_production").expect("a state");
    assert_eq!(in_production.status, "in_production");
    assert_eq!(in_production.tags, ["decided", "accepted", "to_ship"]);
    assert_eq!(in_production.labels[&Audience::Customer], "Being made for you");
    let dispatch = &in_production.on["dispatch"][0];
    assert_eq!(w.item.states[dispatch.target].name, "dispatched");
    assert_eq!(
        (&dispatch.by[..], &dispatch.requires[..]),
        (&[Party::Merchant, Party::Operator][..], &[Field::TrackingNumber][..])
    );
    assert_eq!(in_production.on["cancel"][0].guard, Guard::parse("item.late_cancellation").ok());
    assert!(SHIPPED[0].lines().nth(dispatch.line - 1).expect("a line").starts_with("on.dispatch"));
    assert!(SHIPPED[0].lines().nth(in_production.line - 1).expect("a line").starts_with("[item.states.in_production]"));
    let cancelled = w.item.state("cancelled").expect("a state");
    assert_eq!(cancelled.entry, [Action::StockRelease, Action::RefundItem]);
    assert!(cancelled.is_final && !in_production.is_final);

    let payment = w.payment.expect("an order's");
    assert_eq!(payment.states[payment.initial].name, "authorising");
    let authorised = payment.state("authorised").expect("a state");
    assert_eq!(authorised.always.len(), 2);
    assert_eq!(authorised.after[0].delay, Delay::Fixed(Span::seconds(30 * 86_400)));
    assert_eq!(authorised.after[0].transition.reason.as_deref(), Some("not_accepted_in_time"));
    assert_eq!(authorised.after[1].delay, Delay::Policy(Policy::AuthorisationEnds));
    let days = |n: i64| Delay::Fixed(Span::seconds(n * 86_400));
    assert_eq!(payment.state("unheld").expect("a state").remind, [days(1), days(2)]);
    let capturing = payment.state("capturing").and_then(|s| s.invoke.as_ref()).expect("an invoke");
    assert_eq!((capturing.effect, capturing.late), (Effect::Capture, Some(Effect::Refund)));
    assert_eq!(payment.states[capturing.done.target].name, "transferring");
    assert_eq!(capturing.error.reason.as_deref(), Some("capture_declined"));
    assert!(payment.state("capturing").expect("a state").on.is_empty(), "outcomes are no events");
}

#[test]
fn reads_the_merchants_side() {
    let split = read(SHIPPED[1]).expect("shipped");
    assert_eq!(split.partner.as_deref(), Some("merchant"));
    let refunded = split.item.state("refunded").expect("a state");
    assert_eq!(refunded.after[0].delay, Delay::Policy(Policy::RefundCloseWindow));
    let close = Send { to: Side::Merchant, event: "close".to_owned(), optional: true };
    assert_eq!(refunded.after[0].transition.send, [close]);
    let merchant = read(SHIPPED[3]).expect("shipped");
    assert_eq!(merchant.kind, Kind::Merchant);
    assert!(merchant.payment.is_none());
    assert_eq!(merchant.item.states[0].labels.len(), 1);
    assert_eq!(merchant.item.states[0].on["ship"][0].send[0].to, Side::Item);
}

#[test]
fn the_small_file_is_right() {
    assert_eq!(complaints(SMALL), [""; 0]);
}

#[test]
fn lists_of_tables_and_headers_read_like_inline_tables() {
    let long = SMALL.replace(
        "always = { guard = \"payment.captured\", target = \"over\", reason = \"paid\" }\n",
        "[[item.states.new.always]]\nguard = \"payment.captured\"\ntarget = \"over\"\nreason = \"paid\"\n",
    );
    assert_eq!(read(&long).expect("same").version, read(SMALL).expect("right").version);
}

#[test]
fn timers_have_an_order_of_their_own() {
    let delays = |text: &str| -> Vec<Delay> {
        let w = read(text).expect("right");
        w.payment.expect("has one").states[0].after.iter().map(|a| a.delay).collect()
    };
    let other = SMALL
        .replace("after.\"7d\"", "after.swap")
        .replace("after.payment_window", "after.\"7d\"")
        .replace("swap", "payment_window");
    assert_eq!(delays(SMALL), delays(&other));
}

#[test]
fn complains_about_keys() {
    breaks(
        "title",
        "tilte",
        &[
            "line 1: `title` is missing",
            "line 2: tilte: `tilte` is not a key of a workflow; did you mean `title`? Allowed: name, ",
        ],
    );
    breaks(
        "initial = \"new\"",
        "inital = \"new\"",
        &[
            "line 6: item: `initial` is missing",
            "line 7: item.inital: `inital` is not a key of a machine; did you mean `initial`?",
        ],
    );
    breaks(
        "tags = [\"completed\"]",
        "colour = \"red\"",
        &["line 17: item.states.over.colour: `colour` is not a key of an item's state; allowed: status, tags"],
    );
    breaks(
        "tags = [\"captured\"]",
        "status = \"done\"",
        &["line 34: payment.states.captured.status: `status` is not a key of a payment's state"],
    );
    breaks(
        "tags = [\"completed\"]",
        "invoke = \"payment.charge\"",
        &["line 17: item.states.over.invoke: `invoke` is not a key"],
    );
    breaks(
        ", by = [\"customer\"]",
        ", bye = [\"customer\"]",
        &["line 12: item.states.new.on.cancel.bye: `bye` is not a key of an event's transition; did you mean `by`?"],
    );
    breaks(
        "always = { guard",
        "always = { by = [\"operator\"], guard",
        &["line 13: item.states.new.always.by: `by` is not a key of an `always` transition; allowed: target, guard"],
    );
    breaks(
        "on.done = { target",
        "on.done = { guard = \"payment.captured\", target",
        &["line 27: payment.states.charging.on.done.guard: `guard` is not a key of an outcome's transition"],
    );
    breaks(
        "after.\"7d\" = { target",
        "after.\"7d\" = { send = [\"item.x\"], target",
        &["line 30: payment.states.charging.after.7d.send: `send` is not a key of an `after`"],
    );
    breaks(
        "{ effect = \"payment.refund\" }",
        "{ effect = \"payment.refund\", target = \"captured\" }",
        &["line 29: payment.states.charging.on.late.target: `target` is not a key of `on.late`"],
    );
    breaks(
        "customer = \"New\"",
        "costumer = \"New\"",
        &[
            "line 11: item.states.new.labels: `customer` is missing",
            "line 11: item.states.new.labels.costumer: `costumer` is not a key of this workflow's labels; did you mean `customer`?",
        ],
    );
}

#[test]
fn complains_about_what_is_missing() {
    breaks("name = \"small\"", "", &["line 1: `name` is missing"]);
    breaks(
        "statuses = [\"new\", \"done\"]",
        "",
        &["line 1: `statuses` is missing", "line 10: item.states.new.status: `new` is not one", "line 16: "],
    );
    breaks("status = \"new\"", "", &["line 9: item.states.new: `status` is missing"]);
    breaks(
        "labels = { operator = \"New\", merchant = \"New\", customer = \"New\" }",
        "",
        &[
            "line 9: item.states.new: `labels` is missing: every state says what is read by: operator, merchant, customer",
        ],
    );
    breaks("target = \"over\", by", "by", &["line 12: item.states.new.on.cancel: `target` is missing"]);
    breaks(
        "on.error = { target = \"captured\" }",
        "",
        &["line 26: payment.states.charging.invoke: `on.error` is missing"],
    );
    breaks(
        "on.done = { target = \"captured\" }\non.error = { target = \"captured\" }",
        "",
        &[
            "line 26: payment.states.charging.invoke: `on.done` is missing",
            "line 26: payment.states.charging.invoke: `on.error` is missing",
        ],
    );
    breaks(
        "{ effect = \"payment.refund\" }",
        "{ }",
        &["line 29: payment.states.charging.on.late: `effect` is missing"],
    );
    let (no_payment, _) = SMALL.split_once("[payment]").expect("has one");
    assert_eq!(complaints(no_payment), ["line 1: `payment` is missing: it is the machine of the order's payment"]);
    assert_eq!(complaints("").len(), 5);
    assert_eq!(
        complaints("name = \"a\"\ntitle = \"A\"\nstatuses = []\nitem = { initial = \"a\", states = {} }\npayment = {}"),
        [
            "line 4: item.states: a machine has at least one state",
            "line 5: payment: `states` is missing: a machine has states",
        ]
    );
}

#[test]
fn complains_about_words() {
    breaks(
        "initial = \"new\"",
        "initial = \"now\"",
        &["line 7: item.initial: `now` is not a state of this machine; did you mean `new`? Allowed: new, over"],
    );
    breaks(
        "target = \"over\", by",
        "target = \"ovre\", by",
        &["line 12: item.states.new.on.cancel.target: `ovre` is not a state of this machine; did you mean `over`?"],
    );
    breaks(
        "on.done = { target = \"captured\" }",
        "on.done = { target = \"over\" }",
        &["line 27: payment.states.charging.on.done.target: `over` is not a state of this machine"],
    );
    breaks(
        "status = \"done\"",
        "status = \"don\"",
        &[
            "line 16: item.states.over.status: `don` is not one of this workflow's `statuses`; did you mean `done`? Allowed: new, done",
        ],
    );
    breaks(
        "\"completed\"",
        "\"complete\"",
        &[
            "line 17: item.states.over.tags[0]: `complete` is not a tag of item states; did you mean `completed`? Allowed: decided",
        ],
    );
    breaks(
        "\"completed\"",
        "\"captured\"",
        &["line 17: item.states.over.tags[0]: `captured` is not a tag of item states"],
    );
    breaks(
        "[\"customer\"]",
        "[\"customer\", \"admin\"]",
        &[
            "line 12: item.states.new.on.cancel.by[1]: `admin` is not a party; allowed: operator, retailer, merchant, customer, import",
        ],
    );
    breaks(
        "[\"reason\"]",
        "[\"tracking\"]",
        &["line 12: item.states.new.on.cancel.requires[0]: `tracking` is not a field"],
    );
    breaks(
        "\"stock.ship\"",
        "\"stock.shop\"",
        &["line 19: item.states.over.entry[0]: `stock.shop` is not an action; did you mean `stock.ship`?"],
    );
    breaks(
        "\"payment.charge\"",
        "\"payment.pay\"",
        &["line 26: payment.states.charging.invoke: `payment.pay` is not an effect"],
    );
    breaks(
        "effect = \"payment.refund\"",
        "effect = \"refund\"",
        &["line 29: payment.states.charging.on.late.effect: `refund` is not an effect"],
    );
    let payable = |remind: &str| {
        format!("tags = [\"captured\", \"payable\"]\nremind = {remind}\nafter.\"2d\" = {{ target = \"charging\" }}")
    };
    for (remind, said) in [
        ("[\"1w\"]", "`1w` is not a time of a reminder"),
        ("[\"payment_window\"]", "`payment_window` is not a time of a reminder"),
        ("[\"0d\"]", "a reminder comes some time after"),
        ("[\"1d\", \"1d\"]", "`1d` stands here twice"),
        ("[\"2d\"]", "`2d` comes too late"),
    ] {
        let found = complaints(&SMALL.replacen("tags = [\"captured\"]", &payable(remind), 1));
        assert!(found.iter().any(|f| f.contains(said)), "{remind}: {found:#?}");
    }
    let found = complaints(&SMALL.replacen("tags = [\"captured\"]", "tags = [\"captured\"]\nremind = [\"1d\"]", 1));
    assert!(found.iter().any(|f| f.contains("a reminder is for who can pay")), "{found:#?}");
    breaks("after.\"7d\"", "after.\"7w\"", &["line 30: payment.states.charging.after.7w: `7w` is not a time; "]);
    breaks(
        "after.payment_window",
        "after.payment_windw",
        &[
            "line 31: payment.states.charging.after.payment_windw: `payment_windw` is not a time; did you mean `payment_window`?",
        ],
    );
    breaks(
        "after.payment_window",
        "after.\"168h\"",
        &["line 31: payment.states.charging.after.168h: `168h` is a time that this state already has"],
    );
    breaks(
        "guard = \"payment.captured\"",
        "guard = \"payment.rich\"",
        &["line 13: item.states.new.always.guard: `rich` is not a tag"],
    );
    breaks(
        "guard = \"payment.captured\"",
        "guard = \"and\"",
        &["line 13: item.states.new.always.guard: `and` stands where a fact"],
    );
    breaks(
        "title = \"Small\"",
        "title = \"Small\"\nkind = \"order\"",
        &["line 3: kind: `order` is not a kind; allowed: merchant"],
    );
    breaks(
        "by = [\"customer\"]",
        "by = [\"customer\"], send = [\"shop.x\"]",
        &["line 12: item.states.new.on.cancel.send[0]: `shop.x` sends to no machine; allowed: item.<event>"],
    );
    breaks(
        "by = [\"customer\"]",
        "by = [\"customer\"], send = [\"merchant.\"]",
        &["line 12: item.states.new.on.cancel.send[0]: `` cannot be an event"],
    );
    breaks("[\"new\", \"done\"]", "[\"new\", \"done\", \"new\"]", &["line 3: statuses[2]: `new` stands here twice"]);
}

/// The small file with these labels added to its two states.
fn in_german(new: &str, over: &str) -> String {
    SMALL.replacen("customer = \"New\" }", &format!("customer = \"New\"{new} }}"), 1).replacen(
        "customer = \"On {delivered_on}\" }",
        &format!("customer = \"On {{delivered_on}}\"{over} }}"),
        1,
    )
}

#[test]
fn labels_in_other_languages() {
    const NEW: &str = ", de = { operator = \"Neu\", merchant = \"Neu\", customer = \"Neu\" }";
    const OVER: &str = ", de = { operator = \"Da\", merchant = \"Da\", customer = \"Am {delivered_on}\" }";
    let german = read(&in_german(NEW, OVER)).unwrap_or_else(|c| panic!("{c:?}"));
    let over = german.item.state("over").expect("a state");
    assert_eq!(over.locales["de"][&Audience::Customer], "Am {delivered_on}");
    assert_eq!(german.version, read(SMALL).expect("right").version, "a translation is no new version");
    assert_eq!(german.locale, "en");
    assert_eq!(read(&format!("locale = \"pt-br\"\n{SMALL}")).expect("right").locale, "pt-BR");
    let named = in_german(NEW, OVER).replacen(
        "labels = { operator = \"New\", merchant = \"New\", customer = \"New\"",
        "labels = { en = { operator = \"New\", merchant = \"New\", customer = \"New\" }",
        1,
    );
    let named = read(&named).unwrap_or_else(|c| panic!("{c:?}"));
    let words = |w: &Workflow| w.item.states.iter().map(|s| (s.labels.clone(), s.locales.clone())).collect::<Vec<_>>();
    assert_eq!(words(&named), words(&german), "the file's own language may be named");
    for (new, over, expected) in [
        (NEW, "", "line 15: item.states.over: `labels.de` is missing: other states have labels in that language"),
        (
            ", de = { operator = \"Neu\", merchant = \"Neu\" }",
            OVER,
            "line 11: item.states.new.labels.de: `customer` is missing",
        ),
        (
            ", de = { operator = \"Neu\", merchant = \"Neu\", customer = \"{neu}\" }",
            OVER,
            "line 11: item.states.new.labels.de.customer: `{neu}` is not a placeholder",
        ),
        (
            ", de = { operator = \"N\", merchant = \"N\", customer = \"N\", buyer = \"N\" }",
            OVER,
            "line 11: item.states.new.labels.de.buyer: `buyer` is not a key of the labels of a language",
        ),
        (
            ", deutsch = { operator = \"Neu\" }",
            "",
            "line 11: item.states.new.labels.deutsch: `deutsch` is neither a role nor a language",
        ),
        (
            ", en = { operator = \"N\", merchant = \"N\", customer = \"N\" }",
            "",
            "line 11: item.states.new.labels.operator: is said in `labels.en` too",
        ),
        (", de = \"Neu\"", "", "line 11: item.states.new.labels.de: `de` is not a key of this workflow's labels"),
    ] {
        let found = complaints(&in_german(new, over));
        assert!(found[0].starts_with(expected), "{found:#?}\nexpected {expected}");
    }
    let found = complaints(&format!("locale = \"English\"\n{SMALL}"));
    assert_eq!(found, ["line 1: locale: `English` is not a language; languages are BCP 47 tags: de, de-AT, zh-Hant"]);
}

#[test]
fn complains_about_timeouts() {
    let with = |timeout: &str| format!("invoke = \"payment.charge\"\ntimeout = {timeout}");
    let charge = "invoke = \"payment.charge\"";
    let machine = read(&SMALL.replacen(charge, &with("\"30m\""), 1)).expect("right").payment.expect("has one");
    assert_eq!(machine.states[0].invoke.as_ref().and_then(|i| i.timeout), Some(Span::seconds(1800)));
    for wrong in ["\"0m\"", "\"31d\"", "\"soon\"", "\"3bd\""] {
        breaks(
            charge,
            &with(wrong),
            &[&format!(
                "line 27: payment.states.charging.timeout: `{}` is not a time to wait",
                wrong.trim_matches('"')
            )],
        );
    }
    breaks(charge, &with("30"), &["line 27: payment.states.charging.timeout: must be a string"]);
    breaks(
        "tags = [\"captured\"]",
        "timeout = \"30m\"",
        &["line 34: payment.states.captured.timeout: `timeout` is that of an `invoke`"],
    );
    breaks(
        "tags = [\"completed\"]",
        "timeout = \"30m\"",
        &["line 17: item.states.over.timeout: `timeout` is not a key"],
    );
    breaks(
        "after.payment_window",
        "on.timeout",
        &["line 31: payment.states.charging.on.timeout: a state with an `invoke` is left by its outcome only"],
    );
}

#[test]
fn complains_about_guards() {
    breaks(
        "guard = \"payment.captured\"",
        "guard = \"order.total > 5\"",
        &[
            "line 13: item.states.new.always.guard: `order.total` is money, not `5` without a currency; write `order.total >= 500.00 EUR`",
        ],
    );
    breaks(
        "after.\"7d\" = { target",
        "after.\"7d\" = { guard = \"item.quantity > 1\", target",
        &[
            "line 30: payment.states.charging.after.7d.guard: `item.quantity` is about one item, and the payment is of the whole order",
        ],
    );
}

#[test]
fn complains_about_outcomes_without_an_invoke() {
    breaks(
        "invoke = \"payment.charge\"\n",
        "",
        &[
            "line 26: payment.states.charging.on.done: `done` is the outcome of an `invoke`, and this state has none",
            "line 27: payment.states.charging.on.error: ",
            "line 28: payment.states.charging.on.late: ",
        ],
    );
    breaks("on.cancel", "on.done", &["line 12: item.states.new.on.done: `done` is kept for the outcome"]);
}

#[test]
fn complains_about_names_and_labels() {
    breaks("name = \"small\"", "name = \"Small\"", &["line 1: name: `Small` cannot be the name of a workflow"]);
    breaks("cancel_event = \"cancel\"", "cancel_event = \"a-b\"", &["line 4: cancel_event: `a-b` cannot be an event"]);
    breaks("on.cancel", "on.\"can cel\"", &["line 12: item.states.new.on.can cel: `can cel` cannot be an event"]);
    breaks(
        "reason = \"paid\"",
        "reason = \"It is paid\"",
        &["line 13: item.states.new.always.reason: `It is paid` cannot be a reason"],
    );
    breaks(
        "[payment]",
        "[item.states.\"\"]\n[payment]",
        &[
            "line 22: item.states.: `` cannot be the name",
            "line 22: item.states.: `labels` is missing",
            "line 22: item.states.: `status` is missing",
        ],
    );
    breaks(
        "cancel_event = \"cancel\"",
        &format!("cancel_event = \"{}\"", "a".repeat(65)),
        &["line 4: cancel_event: `aaaa"],
    );
    assert!(
        read(&SMALL.replacen("cancel_event = \"cancel\"", &format!("cancel_event = \"{}\"", "a".repeat(64)), 1))
            .is_ok()
    );
    breaks(
        "{delivered_on}",
        "{delivered}",
        &[
            "line 18: item.states.over.labels.customer: `{delivered}` is not a placeholder; allowed: {expected_by}, {delivered_on}",
        ],
    );
    breaks("{delivered_on}", "{expected_by} {", &["line 18: item.states.over.labels.customer: `{` is not"]);
    breaks("{delivered_on}", "}", &["line 18: item.states.over.labels.customer: `}` is not"]);
    breaks("operator = \"New\"", "operator = \" \"", &["line 11: item.states.new.labels.operator: says nothing"]);
    breaks("operator = \"New\"", "operator = \"a\\nb\"", &["line 11: item.states.new.labels.operator: is one line"]);
    breaks(
        "operator = \"New\"",
        &format!("operator = \"{}\"", "é".repeat(201)),
        &["line 11: item.states.new.labels.operator: has at most 200"],
    );
    assert!(read(&SMALL.replacen("operator = \"New\"", &format!("operator = \"{}\"", "é".repeat(200)), 1)).is_ok());
}

#[test]
fn complains_about_types() {
    breaks("title = \"Small\"", "title = 7", &["line 2: title: must be a string, not a number"]);
    breaks(
        "tags = [\"completed\"]",
        "tags = \"completed\"",
        &["line 17: item.states.over.tags: must be a list of strings, not a string: write [\"completed\"]"],
    );
    breaks(
        "tags = [\"completed\"]",
        "tags = [1]",
        &["line 17: item.states.over.tags[0]: must be a string, not a number"],
    );
    breaks(
        "final = true",
        "final = \"yes\"",
        &["line 20: item.states.over.final: must be true or false, not a string"],
    );
    breaks(
        "on.done = { target = \"captured\" }",
        "on.done = \"captured\"",
        &["line 27: payment.states.charging.on.done: must be a table, not a string"],
    );
    breaks(
        "on.cancel = { target = \"over\", by = [\"customer\"], requires = [\"reason\"] }",
        "on.cancel = []",
        &["line 12: item.states.new.on.cancel: the list is empty"],
    );
    breaks(
        "on.cancel = { target = \"over\", by = [\"customer\"], requires = [\"reason\"] }",
        "on.cancel = [ \"over\" ]",
        &["line 12: item.states.new.on.cancel[0]: must be a table, not a string"],
    );
    breaks(
        "on.cancel = { target = \"over\", by = [\"customer\"], requires = [\"reason\"] }",
        "on = 1",
        &["line 12: item.states.new.on: must be a table, not a number"],
    );
    assert_eq!(complaints("item = 1\npayment = [1]").len(), 5);
}

#[test]
fn a_merchants_workflow_has_its_own_rules() {
    let merchant = SHIPPED[3];
    let found = complaints(&merchant.replacen("labels = { merchant = \"New\" }", "labels = { operator = \"New\" }", 1));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].contains("`merchant` is missing")
            && found[1].ends_with("`operator` is not a key of this workflow's labels; allowed: merchant")
    );
    let found = complaints(&merchant.replacen("title", "partner = \"merchant\"\ntitle", 1));
    assert!(
        found.len() == 1 && found[0].starts_with("line 4: partner: a merchant's workflow names no partner"),
        "{found:?}"
    );
    let (_, payment) = SMALL.split_once("[payment]").expect("has one");
    let found = complaints(&format!("{merchant}\n[payment]{payment}"));
    assert!(found.len() == 1 && found[0].contains("payment: a merchant's workflow has no payment"), "{found:?}");
}
