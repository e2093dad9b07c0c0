//! What the lint finds, and what a walk of two coupled processes finds; each rule with a process that breaks exactly it.

use super::super::couple::{EndRule, Options, couple};
use super::super::map::Map;
use super::super::model::Engine;
use super::super::{Finding, lint};
use super::{codes, events, fine, main, states, transitions};

fn findings(engine: Engine, names: &str, lines: &[&str], declared: &[&str]) -> Vec<Finding> {
    let process = fine(engine, &main("P", &(states(names) + &transitions(lines) + &events(declared))));
    lint(engine, &process)
}

/// Checks what is found in an OMS process.
#[track_caller]
fn finds(names: &str, lines: &[&str], declared: &[&str], expected: &[&str]) -> Vec<Finding> {
    let found = findings(Engine::Oms, names, lines, declared);
    assert_eq!(codes(&found), expected, "{found:#?}");
    found
}

#[test]
fn a_sound_process_has_no_finding() {
    finds(
        "new paid! shipped! delivered cancelled",
        &[
            "new paid pay ?A/Paid",
            "new cancelled pay",
            "new cancelled cancel",
            "paid shipped ship",
            "shipped delivered -",
        ],
        &["pay timeout=\"1 hour\" command=\"A/Pay\"", "cancel manual=\"true\"", "ship manual=\"true\""],
        &[],
    );
}

#[test]
fn states_out_of_reach_and_events_that_never_fire() {
    let found = finds(
        "new a lost far",
        &["new a go", "lost a back", "far lost -"],
        &["go", "back", "unused"],
        &[
            "event-never-fires - back",
            "event-never-fires - unused",
            "unreachable-state far -",
            "unreachable-state lost -",
        ],
    );
    assert!(found[1].message.contains("no transition has it"));
}

#[test]
fn traps_have_the_shortest_way_there() {
    let found = finds(
        "new end a b",
        &["new end go", "new a stay ?X/Y", "a b go", "b a go", "new a long"],
        &["go", "stay", "long"],
        &["trap a -", "trap b -"],
    );
    assert_eq!(found[1].trace.as_deref(), Some(&["new --stay [X/Y]--> a".to_owned(), "a --go--> b".to_owned()][..]));
    finds("new a", &["new a go", "a new go"], &["go"], &["trap a -", "trap new -"]);
}

#[test]
fn stock_is_watched_in_oms_only() {
    let lines = ["new r go", "r gap go", "gap again go", "again end go", "r kept keep"];
    let found = finds(
        "new r! gap again! end kept!",
        &lines,
        &["go", "keep"],
        &["final-state-reserves-stock kept -", "reservation-gap gap -"],
    );
    assert_eq!(found[1].trace.as_ref().map(Vec::len), Some(2));
    let other = findings(Engine::StateMachine, "new r! gap again! end kept!", &lines, &["go", "keep"]);
    assert_eq!(codes(&other), [""; 0]);
}

#[test]
fn transitions_that_compete_are_told_by_the_rules_of_their_engine() {
    let lines = ["new a go ?X/A", "new b go ?X/B", "new c go", "new d go"];
    let found = finds(
        "new a b c d",
        &lines,
        &["go manual=\"true\""],
        &["ambiguous-transition new go", "shadowed-transition new go", "unreachable-state d -"],
    );
    assert!(found[0].message.contains("the last true one of the file wins, here `b`"), "{}", found[0].message);
    let found = findings(Engine::StateMachine, "new a b c d", &lines, &["go manual=\"true\""]);
    assert!(found[0].message.contains("the first true one of the file wins, here `a`"), "{}", found[0].message);
    // The state machine takes the first that fits, so nothing comes after one without a condition.
    let turned = ["new c go", "new a go ?X/A"];
    assert_eq!(
        codes(&findings(Engine::StateMachine, "new a c", &turned, &["go"])),
        ["shadowed-transition new go", "unreachable-state a -"]
    );
    finds("new a c", &turned, &["go"], &[]);
    // The same condition twice.
    finds(
        "new a b",
        &["new a go ?X/A", "new b go ?X/A"],
        &["go"],
        &["shadowed-transition new go", "unreachable-state a -"],
    );
    finds("new a", &["new a go", "new a go"], &["go"], &["spryker-duplicate-transition new go"]);
}

#[test]
fn what_happens_on_entering_is_looked_at() {
    let on = "onEnter=\"true\"";
    let go = format!("go {on}");
    finds("new a", &["new a go ?X/Y"], &[&go], &["guard-without-else new go"]);
    finds("new a", &["new a go ?X/Y"], &[&format!("{go} timeout=\"1 min\"")], &[]);
    finds(
        "new a b",
        &["new a go", "new b other"],
        &[&format!("{go} command=\"C/D\""), &format!("other {on} command=\"C/D\"")],
        &["spryker-second-on-enter new other"],
    );
    // Without a command that could fail, nothing else ever happens there.
    finds("new a b", &["new a go", "new b cancel"], &[&go, "cancel manual=\"true\""], &["shadowed-transition new -"]);
    finds("new a b", &["new a go", "new b cancel"], &[&format!("{go} command=\"C/D\""), "cancel manual=\"true\""], &[]);
    finds(
        "new new2",
        &["new new2 go", "new new again"],
        &[&format!("{go} command=\"C/D\""), "again manual=\"true\""],
        &["spryker-self-loop new again"],
    );
}

#[test]
fn rounds_without_end_are_shown_with_their_way() {
    let found = finds(
        "new a b end",
        &["new a start", "a b x", "b a y ?C/D", "b end z"],
        &["start", "x onEnter=\"true\" command=\"C/X\"", "y onEnter=\"true\"", "z manual=\"true\""],
        &["endless-cycle a -", "guard-without-else b y"],
    );
    assert!(
        found[0].message.contains("`a` → `b` → `a`") && found[0].message.contains("as long as the conditions"),
        "{}",
        found[0].message
    );
    assert_eq!(found[0].trace.as_ref().map(Vec::len), Some(3));
    let by_check = finds("new a end", &["new a -", "a new -", "a end e"], &["e"], &["endless-cycle new -"]);
    assert!(by_check[0].message.contains("every check-condition"));
}

#[test]
fn triggers_that_race_and_timeouts_that_do_not_run() {
    let lines = ["new a late", "new b -"];
    finds("new a b", &lines, &["late timeout=\"1 hour\""], &["competing-triggers new late"]);
    finds("new a b", &["new a late", "new b - ?X/Y"], &["late timeout=\"1 hour\""], &[]);
    let two = ["s a one", "s b two", "new s go"];
    let timed = ["one timeout=\"1 hour\"", "two timeout=\"2 hour\"", "go"];
    let found = finds("new s a b", &two, &timed, &["spryker-several-timeouts s -"]);
    assert!(found[0].message.contains("holds one for each item and state"));
    let found = findings(Engine::StateMachine, "new s a b", &two, &timed);
    assert!(found[0].message.contains("only `two` fires"), "{found:?}");
    let first = findings(Engine::StateMachine, "new a", &["new a late"], &["late timeout=\"1 hour\""]);
    assert_eq!(codes(&first), ["spryker-timeout-not-set new late"]);
    finds("new a", &["new a late"], &["late timeout=\"1 hour\""], &[]);
}

const MARKETPLACE: &[&str] = &[
    "new open make",
    "open shipped ship",
    "shipped delivered deliver",
    "delivered refunded refund",
    "delivered closed close",
    "refunded closed close",
    "open cancelled cancel",
];
const MARKETPLACE_EVENTS: &[&str] = &[
    "make onEnter=\"true\" command=\"C/Create\"",
    "ship",
    "deliver",
    "refund",
    "close manual=\"true\" command=\"C/Close\"",
    "cancel manual=\"true\"",
];
const MERCHANT: &[&str] = &[
    "created new init",
    "new shipped ship",
    "shipped delivered deliver",
    "delivered closed close",
    "delivered refunded refund",
];
const MERCHANT_EVENTS: &[&str] = &[
    "init onEnter=\"true\"",
    "ship manual=\"true\" command=\"M/Ship\"",
    "deliver manual=\"true\" command=\"M/Deliver\"",
    "refund manual=\"true\" command=\"M/Refund\"",
    "close",
];

fn map() -> Map {
    Map::read(
        "[merchant_commands]\n\"M/Ship\" = \"ship\"\n\"M/Deliver\" = \"deliver\"\n\"M/Refund\" = \"refund\"\n[marketplace_commands]\n\"C/Close\" = \"close\"\n[create]\ncommands = [\"C/Create\"]",
    )
    .expect("a map")
}

fn pair(merchant: &[&str], options: &Options) -> super::super::couple::Report {
    let order = fine(
        Engine::Oms,
        &main(
            "O",
            &(states("new open shipped delivered refunded closed cancelled")
                + &transitions(MARKETPLACE)
                + &events(MARKETPLACE_EVENTS)),
        ),
    );
    let merchant = fine(
        Engine::StateMachine,
        &main(
            "M",
            &(states("created new shipped delivered closed refunded")
                + &transitions(merchant)
                + &events(MERCHANT_EVENTS)),
        ),
    );
    couple(&order, &merchant, &map(), options)
}

#[test]
fn a_pair_that_can_never_end_is_found_with_its_way() {
    let report = pair(MERCHANT, &Options::default());
    let stuck: Vec<(&str, Option<&str>)> =
        report.stuck.iter().map(|p| (p.marketplace.as_str(), p.merchant.as_deref())).collect();
    assert_eq!(stuck, [("refunded", Some("refunded"))]);
    assert_eq!(
        report.stuck[0].trace,
        [
            "merchant: ship → (shipped, shipped)",
            "merchant: deliver → (delivered, delivered)",
            "merchant: refund → (refunded, refunded)"
        ]
    );
    assert_eq!(report.stuck[0].failing, ["C/Close → close"]);
    let failing: Vec<_> =
        report.failing_sends.iter().map(|s| (s.marketplace.as_str(), s.event.as_str(), s.trace.len())).collect();
    assert_eq!(failing, [("refunded", "close", 4)]);
    let drops: Vec<_> =
        report.silent_drops.iter().map(|s| (s.marketplace.as_str(), s.merchant.as_deref(), s.event.as_str())).collect();
    assert_eq!(
        drops,
        [
            ("cancelled", Some("new"), "ship"),
            ("cancelled", Some("shipped"), "deliver"),
            ("cancelled", Some("delivered"), "refund")
        ]
    );
    assert!(report.created && !report.bounded && report.unmapped_commands.is_empty());
    // Both begin in states that are left on entering; one pair for each step, the stuck one, and those after cancelling.
    assert_eq!(report.joint_states, 9);
    // One transition more, and nothing is stuck.
    let mended: Vec<&str> = MERCHANT.iter().copied().chain(["refunded closed close"]).collect();
    let report = pair(&mended, &Options::default());
    assert_eq!((report.stuck.len(), report.failing_sends.len()), (0, 0));
}

#[test]
fn the_rule_of_the_end_is_an_option() {
    let mut order = MARKETPLACE.to_vec();
    order.push("cancelled cancelled2 never ?X/Y");
    order.push("cancelled2 cancelled never");
    let declared: Vec<&str> = MARKETPLACE_EVENTS.iter().copied().chain(["never"]).collect();
    let names = "new open shipped delivered refunded closed cancelled cancelled2";
    let order = fine(Engine::Oms, &main("O", &(states(names) + &transitions(&order) + &events(&declared))));
    let merchant = fine(
        Engine::StateMachine,
        &main(
            "M",
            &(states("created new shipped delivered closed refunded")
                + &transitions(MERCHANT)
                + &events(MERCHANT_EVENTS)),
        ),
    );
    let stuck = |end_rule, ends: &[&str]| {
        let options = Options { end_rule, ends: ends.iter().map(|e| (*e).to_owned()).collect(), ..Options::default() };
        let report = couple(&order, &merchant, &map(), &options);
        assert_eq!(report.end_rule, end_rule.name());
        report.stuck.iter().filter(|p| p.marketplace.starts_with("cancelled")).count()
    };
    assert_eq!(stuck(EndRule::NoWayOutOrCancelled, &[]), 0);
    assert!(stuck(EndRule::NoWayOut, &[]) >= 2);
    assert_eq!(stuck(EndRule::NoWayOut, &["cancelled2"]), 0);
}

#[test]
fn what_is_bounded_says_so() {
    let report = pair(MERCHANT, &Options { max_joint_states: 3, ..Options::default() });
    assert!(
        report.bounded && report.left_out.as_ref().is_some_and(|l| l.contains("the walk stopped at")),
        "{:?}",
        report.left_out
    );
    assert!(report.stuck.is_empty());
}

#[test]
fn sends_that_answer_each_other_end() {
    let order = fine(
        Engine::Oms,
        &main(
            "O",
            &(states("new") + &transitions(&["new new ping"]) + &events(&["ping manual=\"true\" command=\"O/Ping\""])),
        ),
    );
    let merchant = fine(
        Engine::StateMachine,
        &main("M", &(states("new") + &transitions(&["new new pong"]) + &events(&["pong command=\"M/Pong\""]))),
    );
    let map = Map::read("[merchant_commands]\n\"M/Pong\" = \"ping\"\n[marketplace_commands]\n\"O/Ping\" = \"pong\"")
        .expect("a map");
    let report = couple(&order, &merchant, &map, &Options::default());
    assert!(report.failing_sends.iter().any(|s| s.message.contains("without end")), "{:?}", report.failing_sends);
    assert!(!report.created);
}

#[test]
fn a_state_declared_twice_is_stuck_only_in_the_engine() {
    let text = super::machine(&format!(
        "<process name=\"O\" main=\"true\"><subprocesses><process>S</process></subprocesses>{}{}{}</process><process name=\"S\">{}</process>",
        states("new twice end"),
        transitions(&["new twice go", "twice end go"]),
        events(&["go manual=\"true\""]),
        states("twice"),
    ));
    let order = fine(Engine::Oms, &text);
    let merchant = fine(Engine::StateMachine, &main("M", &states("created")));
    let report = couple(&order, &merchant, &Map::default(), &Options::default());
    assert_eq!(report.stuck.len(), 0);
    assert_eq!(
        report.stuck_by_declaration.iter().map(|p| p.marketplace.as_str()).collect::<Vec<_>>(),
        ["new", "twice"]
    );
}
