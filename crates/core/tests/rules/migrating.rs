//! Orders that go on in another version: wherever a walk has led them they keep goods, money and timers, and come to their end there; and
//! what a version could not carry is refused with the reason.

use std::sync::Arc;

use orderwright_core::actor::Actor;
use orderwright_core::decide::Command;
use orderwright_core::decide::migrate::{Obstacle, Places, Plan, Terms, migrate, preview, undo};
use orderwright_core::order::Order;
use orderwright_core::workflow::state_map::Route;
use orderwright_core::workflow::{Effect, Machine, Scope, Sides, StateMap, Workflow, WorkflowSet, read, read_map};
use proptest::prelude::*;

use crate::shop::{Ids, Shop, customer, done, full, line, merchant, operator, order_in, span};
use crate::walks::{METHODS, WORKFLOWS, comes_to_an_end, step};

const RETAIL: &str = include_str!("../../../../workflows/retail.toml");
const SPLIT: &str = include_str!("../../../../workflows/marketplace-split.toml");
const STUDIO: &str = include_str!("../../../../workflows/store-request.toml");
const MADE: &str = include_str!("../../../../workflows/made-to-order.toml");

/// A plan from the shop's version to another.
struct Way {
    to: Arc<Workflow>,
    partner: Option<Arc<Workflow>>,
    map: StateMap,
}

impl Shop {
    fn sides(&self) -> Sides<'_> {
        Sides { workflow: &self.workflow, partner: self.partner.as_deref() }
    }

    /// Moves the order, and audits it as any decision is audited.
    fn migrate(&mut self, way: &Way) -> Result<(), Vec<Obstacle>> {
        let to = Sides { workflow: &way.to, partner: way.partner.as_deref() };
        let plan = Plan::new(self.sides(), to, &way.map);
        let (mut ids, actor) = (self.ids.clone(), operator());
        let terms =
            Terms { migration: "m1", actor: &actor, now: self.now, cancel_window: self.cancel_window, ids: &mut ids };
        let decision = migrate(&self.order, &plan, terms)?;
        let shown = preview(&self.order, &decision, &plan, &mut Ids(0));
        assert_eq!(shown.status[1], decision.to_status);
        self.ids = ids;
        let mut before = std::mem::replace(&mut self.order, decision.order.clone());
        let (old, new) = (Places::of(&before), Places::of(&self.order));
        // The way back, seen from the new version.
        let back = StateMap { go_on: true, ..StateMap::default() };
        let plan = Plan::new(to, self.sides(), &back);
        let mut ids = Ids(1 << 40);
        let terms =
            Terms { migration: "m1", actor: &actor, now: self.now, cancel_window: self.cancel_window, ids: &mut ids };
        if decision.effects.is_empty() && !way.map.go_on {
            let restored = undo(&self.order, &old, &plan, terms).expect("the way back is open");
            assert_eq!(Places::of(&restored.order), old);
            assert_eq!(
                Order { version: 0, updated_at: self.now, ..untold(&restored.order) },
                Order { version: 0, updated_at: self.now, ..untold(&before) }
            );
        }
        assert_ne!(old, new);
        self.jobs.extend(decision.effects.iter().cloned());
        self.last = decision;
        // The audit compares statuses by the new version's names.
        let pairs = before.items.iter_mut().zip(&self.order.items);
        for (was, is) in pairs.filter(|(was, _)| way.to.item.state(&was.machine.state).is_none()) {
            was.machine.state.clone_from(&is.machine.state);
        }
        self.workflow = way.to.clone();
        self.partner = way.partner.clone();
        self.audit(Some(&before));
        Ok(())
    }

    fn refused(&mut self, way: &Way) -> Vec<&'static str> {
        let before = self.order.clone();
        let obstacles = self.migrate(way).expect_err("refused");
        assert_eq!(self.order, before);
        for obstacle in &obstacles {
            assert!(obstacle.to_string().len() > 20, "{obstacle}");
        }
        let mut codes: Vec<&str> = obstacles.iter().map(Obstacle::code).collect();
        codes.dedup();
        codes
    }
}

/// Without what history adds.
fn untold(order: &Order) -> Order {
    Order { timeline_length: 0, timeline_hash: String::new(), unrecorded: Vec::new(), ..order.clone() }
}

/// The same workflow, every state under another name.
fn renamed(workflow: &Workflow) -> Workflow {
    let machine = |m: &Machine| {
        let mut m = m.clone();
        for state in &mut m.states {
            state.name.push_str("_2");
        }
        m.index = m.states.iter().enumerate().map(|(n, s)| (s.name.clone(), n)).collect();
        m
    };
    Workflow {
        item: machine(&workflow.item),
        payment: workflow.payment.as_ref().map(machine),
        version: format!("{}-2", workflow.version),
        ..workflow.clone()
    }
}

fn renaming(shop: &Shop) -> Way {
    let to = Arc::new(renamed(&shop.workflow));
    let partner = shop.partner.as_deref().map(|p| Arc::new(renamed(p)));
    let mut map = StateMap::default();
    for (_, scope) in Scope::ALL {
        for state in shop.sides().machine(*scope).into_iter().flat_map(|m| &m.states) {
            let route = Route { to: format!("{}_2", state.name), timers: None, line: 1 };
            map.routes.insert((*scope, state.name.clone()), route);
        }
    }
    let sides = Sides { workflow: &to, partner: partner.as_deref() };
    assert!(map.check(shop.sides(), sides).is_empty());
    Way { to, partner, map }
}

/// An edit of a shipped file, and a map to it.
fn edited(text: &str, edits: &[(&str, &str)], map: &str) -> Way {
    let mut text = text.to_owned();
    for (from, to) in edits {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let to = Arc::new(read(&text).expect("reads"));
    let set = WorkflowSet::shipped().expect("shipped");
    Way { partner: set.partner_of(&to).cloned(), to, map: read_map(map).expect("reads") }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn wherever_an_order_stands_it_goes_on_under_other_names(
        workflow in 0usize..5, method in 0usize..5, window in any::<bool>(),
        lines in prop::collection::vec((1i64..3, 1i64..4), 1..4),
        before in prop::collection::vec((any::<u8>(), 0usize..64, 0usize..64, 0i64..600), 0..30),
        after in prop::collection::vec((any::<u8>(), 0usize..64, 0usize..64, 0i64..600), 0..10),
    ) {
        let lines: Vec<_> = lines.into_iter().map(|(m, q)| line(m, q)).collect();
        let placement = order_in(WORKFLOWS[workflow]).lines(&lines).method(METHODS[method]);
        let mut shop = placement.cancel_window(if window { "2h" } else { "0m" }).place();
        if before.len() % 3 > 0 {
            shop.run();
        }
        for s in before {
            step(&mut shop, s);
        }
        let (due, jobs) = (shop.order.due_at(), shop.jobs.clone());
        let way = renaming(&shop);
        shop.migrate(&way).map_err(|o| TestCaseError::fail(format!("{o:?}")))?;
        prop_assert_eq!(shop.order.due_at(), due, "timers are kept");
        prop_assert_eq!(&shop.jobs, &jobs, "no effect is started");
        prop_assert!(shop.last.stock.is_empty() && shop.last.postings.is_empty());
        for s in after {
            step(&mut shop, s);
        }
        comes_to_an_end(shop);
    }
}

#[test]
fn goods_are_not_lost() {
    let to = |map: &str| {
        edited(RETAIL, &[("title = \"Retail\"", "title = \"Shop\""), ("by = [\"customer\", ", "by = [")], map)
    };
    let mut shop = order_in("retail").go();
    assert_eq!(shop.status(), "confirmed");
    assert_eq!(shop.refused(&to("[item]\nconfirmed = \"cancelled\"")), ["fact", "reservation"]);
    assert_eq!(shop.refused(&to("[item]\nconfirmed = \"shipped\"")), ["fact", "reservation"]);
    shop.migrate(&to("[item]\nconfirmed = \"processing\"")).expect("both are reserved");
    assert_eq!(shop.status(), "processing");
    let mut shipped = order_in("retail").go();
    shipped.set_status(&operator(), "processing").expect("possible");
    shipped.set_status(&operator(), "shipped").expect("possible");
    assert_eq!(shipped.refused(&to("[item]\nshipped = \"processing\"")), ["fact", "reservation"]);
    // Said without tags, it is the books of stock that refuse.
    let silent = edited(RETAIL, &[("tags = [\"shipped\"]", "tags = [\"to_ship\"]")], "[item]\nconfirmed = \"shipped\"");
    assert_eq!(order_in("retail").go().refused(&silent), ["reservation"]);
}

#[test]
fn money_is_not_stranded() {
    let to = |map: &str| edited(RETAIL, &[("on.paid_outside", "on.paid")], map);
    let mut shop = order_in("retail").go();
    assert_eq!(shop.refused(&to("[payment]\ncaptured = \"closed\"")), ["fact", "money"]);
    shop.migrate(&to("[payment]\ncaptured = \"received\"")).expect("both were taken");
    let mut unpaid = order_in("retail").method("pm_card_chargeDeclined").go();
    assert_eq!(unpaid.refused(&to("[payment]\nunpaid = { to = \"captured\", timers = \"drop\" }")), ["fact", "money"]);
    let mut held = order_in("made-to-order").go();
    let to = edited(MADE, &[("\"30d\"", "\"31d\"")], "[payment]\nauthorised = { to = \"failed\", timers = \"drop\" }");
    assert_eq!(held.refused(&to), ["fact", "money"]);
}

#[test]
fn running_effects_are_waited_for() {
    let to = |map: &str| edited(RETAIL, &[("on.paid_outside", "on.paid")], map);
    let mut shop = order_in("retail").place();
    assert_eq!(shop.refused(&to("[payment]\ncharging = \"unpaid\"")), ["running_effect"]);
    let mut unpaid = order_in("retail").method("pm_card_chargeDeclined").go();
    assert_eq!(
        unpaid.refused(&to("[payment]\nunpaid = { to = \"charging\", timers = \"drop\" }")),
        ["effect_not_running"]
    );
    shop.migrate(&to("")).expect("the same effect");
    shop.run();
    assert_eq!(shop.status(), "confirmed", "the outcome is taken by the new version");
}

#[test]
fn coupled_machines_stay_together() {
    let to = |map: &str| edited(SPLIT, &[("by = [\"customer\", \"operator\"]", "by = [\"operator\"]")], map);
    let mut shop = order_in("marketplace-split").go();
    assert_eq!(shop.status(), "sent_to_merchant");
    assert_eq!(
        shop.refused(&to("[item]\nsent_to_merchant = { to = \"paid\", timers = \"drop\" }")),
        ["machines_apart"]
    );
    shop.migrate(&to("")).expect("as it was");
    shop.fire(&merchant(1), "ship");
    assert_eq!(shop.refused(&to("[merchant]\nshipped = \"new\"")), ["other_version"].map(|_| "machines_apart"));
}

#[test]
fn a_state_without_an_end_is_refused() {
    let lost = &[(
        "on.shipped = { target = \"shipped\", by = [\"operator\", \"retailer\"] }\non.cancelled = { target = \"cancelled\", by = [\"customer\", \"operator\", \"retailer\"] }\nalways = { guard = \"order.fully_refunded\", target = \"refunded\" }",
        "on.wait = { target = \"processing\", by = [\"operator\"] }",
    )];
    let mut shop = order_in("retail").go();
    shop.set_status(&operator(), "processing").expect("possible");
    assert_eq!(shop.refused(&edited(RETAIL, lost, "")), ["no_way_out"]);
    let nobody = &[
        ("target = \"shipped\", by = [\"operator\", \"retailer\"]", "target = \"shipped\""),
        ("cancelled\", by = [\"customer\", \"operator\", \"retailer\"]", "cancelled\""),
        ("always = { guard = \"order.fully_refunded\", target = \"refunded\" }", ""),
    ];
    assert_eq!(shop.refused(&edited(RETAIL, nobody, "")), ["stuck"]);
}

#[test]
fn a_hold_that_is_being_released_beside_the_machine_hinders_nothing() {
    let mut shop = order_in("made-to-order").go();
    shop.now = shop.now.plus(span("6d"));
    shop.act(&Actor::system(), Command::Tick).expect("the hold is renewed");
    shop.answer(Effect::Reauthorise, done());
    let release = shop.job(Effect::Void);
    shop.act(&customer(), Command::Fire(full("cancel"))).expect("possible");
    shop.answer(Effect::Void, done());
    assert_eq!((shop.payment_status(), shop.order.payments[0].held()), ("voided", shop.order.total), "still released");
    shop.migrate(&edited(MADE, &[("\"30d\"", "\"31d\"")], "")).expect("nothing else is held");
    shop.outcome(release.id, done()).expect("released");
    assert_eq!(shop.order.payments[0].held(), 0);
}

#[test]
fn an_order_stays_where_the_map_puts_it() {
    let on = &[
        ("on.shipped = {", "always = { guard = \"payment.captured\", target = \"shipped\" }\non.shipped = {"),
        (
            "on.processing = { target = \"processing\", by = [\"operator\", \"retailer\"] }",
            "on.processing = { target = \"processing\", by = [\"operator\"] }",
        ),
    ];
    let text = RETAIL.replacen("by = [\"operator\", \"retailer\"] }\non.cancelled = { target = \"cancelled\", by = [\"customer\", \"operator\", \"retailer\"] }\nalways = { guard = \"order.fully_refunded\", target = \"refunded\" }\n\n[item.states.shipped]", "by = [\"operator\", \"retailer\"] }\n\n[item.states.shipped]", 1);
    let mut shop = order_in("retail").go();
    shop.set_status(&operator(), "processing").expect("possible");
    assert_eq!(shop.refused(&edited(&text, on, "")), ["goes_on"]);
    shop.migrate(&edited(&text, on, "go_on = true")).expect("said so");
    assert_eq!(shop.status(), "shipped");
    assert!(shop.kinds().contains(&"workflow_migrated"));
}

#[test]
fn timers_follow_the_policy() {
    let longer = |map: &str| edited(STUDIO, &[("after.\"7d\"", "after.\"9d\"")], map);
    let placed = || {
        let mut shop = order_in("store-request").method("pm_card_chargeCustomerFail").go();
        shop.fire(&merchant(1), "accept").wait("2d");
        shop
    };
    let due = |map: &str| {
        let mut shop = placed();
        shop.migrate(&longer(map)).expect("moved");
        // What is said is what happens.
        let due = shop.order.payment.due.expect("a timer");
        let days = (due.0 - shop.now.0) / span("1d").0;
        shop.wait(&format!("{}h", days * 24 - 1));
        assert_eq!(shop.status(), "pending_payment", "{map}: not before its time");
        shop.wait("1h");
        assert_eq!(shop.status(), "expired", "{map}: at its time");
        days
    };
    assert_eq!(due(""), 5, "when it would have been");
    assert_eq!(due("timers = \"recompute\""), 7, "nine days from the first entry");
    assert_eq!(due("timers = \"restart\""), 9, "nine days from now");
    assert_eq!(due("timers = \"restart\"\n[payment]\nunpaid = { to = \"unpaid\", timers = \"keep\" }"), 5);
    let without = |map: &str| edited(STUDIO, &[("after.\"7d\" = { target = \"expired\" }", "")], map);
    assert_eq!(placed().refused(&without("")), ["timer_lost"]);
    let mut shop = placed();
    shop.migrate(&without("timers = \"drop\"")).expect("said so");
    assert_eq!(shop.order.payment.due, None);
}

#[test]
fn an_order_of_another_version_is_left_alone() {
    let mut shop = order_in("retail").go();
    let way = edited(RETAIL, &[("on.paid_outside", "on.paid")], "");
    shop.migrate(&way).expect("moved");
    let (old, set) = (shop.workflow.clone(), WorkflowSet::shipped().expect("shipped"));
    shop.workflow = set.get("retail").expect("shipped").clone();
    let codes = shop.refused(&way);
    assert_eq!(codes, ["other_version"]);
    shop.workflow = old;
}
