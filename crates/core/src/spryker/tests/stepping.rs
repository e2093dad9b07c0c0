//! One item under way: the order of things, both engines' guards, timeouts, and what a written file keeps of it.

use std::collections::BTreeMap;

use super::super::model::{Engine, Process};
use super::super::run::{Done, Run};
use super::super::to_toml::write;
use super::{events, fine, main, read_with, states, transitions};

fn process(engine: Engine, names: &str, lines: &[&str], declared: &[&str]) -> Process {
    fine(engine, &main("P", &(states(names) + &transitions(lines) + &events(declared))))
}

/// The states after the start and after each step.
fn walk(engine: Engine, process: &Process, answers: &[(&str, bool)], steps: &[&str]) -> Vec<Done> {
    let answers: BTreeMap<String, bool> = answers.iter().map(|(c, a)| ((*c).to_owned(), *a)).collect();
    let mut run = Run::new(engine, process, answers);
    let mut out = vec![run.begin()];
    out.extend(steps.iter().map(|step| run.step(step).expect(step)));
    out
}

fn named(done: &[Done]) -> Vec<&str> {
    done.iter().map(|d| d.state.as_str()).collect()
}

#[test]
fn guards_follow_the_engines() {
    let lines = ["new else go", "new a go ?X/A", "new b go ?X/B", "new other go"];
    for (engine, answers, to) in [
        (Engine::Oms, vec![("X/A", true), ("X/B", true)], "b"),
        (Engine::Oms, vec![("X/A", true)], "a"),
        (Engine::Oms, vec![], "else"),
        (Engine::StateMachine, vec![("X/A", true), ("X/B", true)], "else"),
    ] {
        let process = process(engine, "new else a b other", &lines, &["go"]);
        assert_eq!(named(&walk(engine, &process, &answers, &["event:go"])), ["new", to]);
    }
    let process = process(Engine::StateMachine, "new else a b other", &lines[1..], &["go"]);
    assert_eq!(
        named(&walk(Engine::StateMachine, &process, &[("X/A", true), ("X/B", true)], &["event:go"])),
        ["new", "a"]
    );
    assert_eq!(named(&walk(Engine::StateMachine, &process, &[("X/B", true)], &["event:go"])), ["new", "b"]);
}

#[test]
fn commands_come_before_the_state_and_entering_after_it() {
    let lines = ["new a pay", "a b x", "b c y", "b d z"];
    let declared =
        ["pay command=\"C/Pay\"", "x onEnter=\"true\" command=\"C/X\"", "y onEnter=\"true\"", "z onEnter=\"true\""];
    let process = process(Engine::Oms, "new a! b c d", &lines, &declared);
    let done = walk(Engine::Oms, &process, &[], &["event:nothing-here", "event:pay"][1..]);
    assert_eq!(named(&done), ["new", "c"]);
    assert_eq!(
        done[1].log,
        [
            "command `C/Pay`",
            "`new` → `a`, stock is reserved",
            "`x` fires on entering",
            "command `C/X`",
            "`a` → `b`, the reservation ends",
            "`y` fires on entering",
            "`b` → `c`"
        ]
    );
    let done = walk(Engine::Oms, &process, &[], &["fail:C/X", "event:pay", "succeed:C/X", "event:x"]);
    assert_eq!(named(&done), ["new", "new", "a", "a", "c"]);
    assert!(done[2].log.iter().any(|l| l.contains("the engine logs it, and the item stays")), "{:?}", done[2].log);
    let mut run = Run::new(Engine::Oms, &process, BTreeMap::new());
    assert!(run.step("event:buy").is_err_and(|e| e.contains("no event `buy`; it has: pay, x, y, z")));
}

#[test]
fn timeouts_run_by_their_own_clock() {
    let lines = ["new a soon", "a end late ?X/Y", "a b manual"];
    let declared = ["soon timeout=\"1 minute\"", "late timeout=\"1 hour\"", "manual manual=\"true\""];
    let process = process(Engine::Oms, "new a b end", &lines, &declared);
    let done = walk(
        Engine::Oms,
        &process,
        &[],
        &["check-timeout", "advance:59s", "advance:1s", "advance:2h", "answer:X/Y=true", "check-timeout"],
    );
    assert_eq!(named(&done), ["new", "new", "new", "a", "a", "a", "end"]);
    assert_eq!((done[0].timers[0].due_s, done[3].timers[0].due_s, done[6].timers.len()), (60, 3_660, 0));
    // The condition was false: the timeout stays and fires at every check.
    assert_eq!(done[4].timers.len(), 1);
    assert!(done[4].log.iter().any(|l| l.contains("fires again at every check-timeout")));
    let done = walk(Engine::Oms, &process, &[], &["timeout:soon", "event:manual"]);
    assert_eq!((named(&done), done[2].timers.len()), (vec!["new", "a", "b"], 0));
    let mut run = Run::new(Engine::Oms, &process, BTreeMap::new());
    run.begin();
    assert!(run.step("timeout:late").is_err_and(|e| e.contains("no timeout of `late` runs in `new`; running: soon")));
}

#[test]
fn several_timeouts_break_each_engine_in_its_way() {
    let lines = ["new s go", "s a one", "s b two"];
    let declared = ["go", "one timeout=\"1 hour\"", "two timeout=\"2 hour\""];
    let oms = process(Engine::Oms, "new s a b", &lines, &declared);
    let done = walk(Engine::Oms, &oms, &[], &["event:go"]);
    assert_eq!(named(&done), ["new", "new"]);
    let other = process(Engine::StateMachine, "new s a b", &lines, &declared);
    let done = walk(Engine::StateMachine, &other, &[], &["event:go"]);
    // The clock is shared, so the second counts from where the first ended.
    assert_eq!(
        (done[1].timers.len(), done[1].timers[0].event.as_str(), done[1].timers[0].due_s),
        (1, "two", 3 * 3_600)
    );
    // And a new item has none at all.
    let first = process(Engine::StateMachine, "new a", &["new a late"], &["late timeout=\"1 hour\""]);
    assert_eq!(walk(Engine::StateMachine, &first, &[], &[])[0].timers.len(), 0);
}

#[test]
fn loops_are_cut_and_checks_need_no_event() {
    let process = process(
        Engine::Oms,
        "new a b end",
        &["new a -", "a b x", "b a y", "new end - ?X/Y"],
        &["x onEnter=\"true\"", "y onEnter=\"true\""],
    );
    let done = walk(Engine::Oms, &process, &[("X/Y", false)], &["check-condition"]);
    assert!(done[1].log.iter().any(|l| l.contains("fired 9 times in this run")), "{:?}", done[1].log);
    assert_eq!(
        named(&walk(Engine::Oms, &process, &[("X/Y", true)], &["check-condition", "check-condition"])),
        ["new", "end", "end"]
    );
}

#[test]
fn events_of_a_state_declared_twice_are_ignored() {
    let text = super::machine(&format!(
        "<process name=\"P\" main=\"true\"><subprocesses><process>S</process></subprocesses>{}{}{}</process><process name=\"S\">{}</process>",
        states("new twice end"),
        transitions(&["new twice go", "twice end go"]),
        events(&["go"]),
        states("twice"),
    ));
    let process = fine(Engine::Oms, &text);
    let done = walk(Engine::Oms, &process, &[], &["event:go", "event:go"]);
    assert_eq!(named(&done), ["new", "twice", "twice"]);
    assert!(done[2].log[0].contains("the copy without transitions"), "{:?}", done[2].log);
}

#[test]
fn a_written_file_is_read_by_our_reader() {
    let lines = [
        "new wait reserve",
        "wait paid pay ?P/IsPaid",
        "wait cancelled pay",
        "paid done ship",
        "paid cancelled cancel",
        "paid paid look",
        "wait cancelled cancel",
        "paid done late",
        "done closed -",
    ];
    let declared = [
        "reserve onEnter=\"true\" command=\"S/Reserve\"",
        "pay timeout=\"1 minute\" command=\"P/Pay\"",
        "ship manual=\"true\"",
        "cancel manual=\"true\"",
        "look manual=\"true\"",
        "late timeout=\"36 hours\"",
    ];
    let order = process(Engine::Oms, "new wait paid! done cancelled closed", &lines, &declared);
    let written = write(Engine::Oms, &order).expect("written");
    assert_eq!(written.complaints, [""; 0], "{}", written.text);
    let workflow = crate::workflow::read(&written.text).expect("read");
    assert_eq!(
        (workflow.name.as_str(), workflow.item.states.len(), workflow.cancel_event.as_deref()),
        ("p", 6, Some("cancel"))
    );
    let wait = workflow.item.state("wait").expect("a state");
    assert_eq!(wait.on.keys().map(String::as_str).collect::<Vec<_>>(), ["cancel", "pay", "pay_if_p_is_paid"]);
    let paid = workflow.item.state("paid").expect("a state");
    assert_eq!(
        (paid.after.len(), paid.on.contains_key("late"), workflow.item.state("new").expect("a state").always.len()),
        (1, false, 1)
    );
    for part in
        ["condition `P/IsPaid` of `pay`", "command `S/Reserve`", "reserved stock", "payment: Spryker has no machine"]
    {
        assert!(written.missing.iter().any(|m| m.contains(part)), "{part}: {:?}", written.missing);
        assert!(written.text.contains(part), "{part} stands in the file");
    }
    let merchant = read_with(
        Engine::StateMachine,
        &main(
            "My &quot;Machine&quot;&#10;#1",
            &(states("created sent") + &transitions(&["created sent go"]) + &events(&["go manual=\"true\""])),
        ),
        &[],
    );
    let written = write(Engine::StateMachine, &merchant.process).expect("written");
    assert_eq!((written.name.as_str(), written.complaints.len()), ("my-machine-1", 0), "{}", written.text);
    assert!(crate::workflow::read(&written.text).is_ok_and(|w| w.payment.is_none()));
    let nothing = read_with(Engine::Oms, &main("P", ""), &[]);
    assert!(write(Engine::Oms, &nothing.process).is_err_and(|e| e.contains("no states")));
}
