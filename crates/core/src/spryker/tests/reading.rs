//! Merging: which copy of a name counts, what is visible, and what an engine would stumble over.

use super::super::import::has_main;
use super::super::model::Engine;
use super::{codes, events, machine, main, read, read_with, states, transitions};

/// States, declared transitions, declared events.
fn counts(import: &super::Import) -> (usize, usize, usize) {
    (import.process.states.len(), import.process.declared_transitions, import.process.events.len())
}

#[test]
fn a_process_is_read_in_any_order_of_its_blocks() {
    let blocks = [
        states("new paid! closed"),
        transitions(&["new paid pay", "paid closed close ?A/B", "paid closed - ?C/D"]),
        events(&[
            "pay onEnter=\"true\" command=\"P/Pay\"",
            "close manual=\"true\" timeout=\"3minutes\" timeoutProcessor=\"T/P\"",
        ]),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let text = main("P", &order.map(|i| blocks[i].clone()).concat());
        let import = read(&text);
        assert_eq!(
            (import.errors.len(), import.findings.len(), counts(&import)),
            (0, 0, (3, 3, 2)),
            "{:?}",
            import.errors
        );
        let process = &import.process;
        assert_eq!((process.name.as_str(), process.name_of(process.initial)), ("P", "new"));
        let (pay, close) = (&process.events[process.event_index["pay"]], &process.events[process.event_index["close"]]);
        assert!(pay.on_enter && !pay.manual && pay.command.as_deref() == Some("P/Pay"));
        assert!(close.manual && close.timeout_s == Some(180) && close.timeout_processor.as_deref() == Some("T/P"));
        assert_eq!(process.states.iter().map(|s| s.reserved).collect::<Vec<_>>(), [false, true, false]);
        assert_eq!((process.is_end(0), process.is_end(2)), (false, true));
    }
}

#[test]
fn only_the_exact_word_true_is_a_yes() {
    let text = main(
        "P",
        "<states><state name=\"new\" reserved=\"TRUE\"/><state name=\"b\" reserved=\"false\"/><state name=\"c\" reserved=\"\"/></states>\
         <events><event name=\"go\" manual=\"1\" onEnter=\"true \" timeout=\"\" command=\"\"/></events>",
    );
    let import = read(&text);
    assert!(import.process.states.iter().all(|s| !s.reserved));
    let go = &import.process.events[0];
    assert_eq!((go.manual, go.on_enter, &go.timeout, &go.command), (false, false, &None, &None));
    assert_eq!(codes(&import.findings), ["spryker-attribute-ignored - go", "spryker-attribute-ignored new -"]);
}

#[test]
fn references_pull_files_in_and_rename_their_first_process() {
    let text = machine(
        "<process name=\"P\" main=\"true\"><subprocesses><process>Sub</process></subprocesses>\
         <states><state name=\"new\"/></states><transitions><transition><source>new</source><target>x</target><event>go</event></transition></transitions></process>\
         <process name=\"Sub\" file=\"My Dir/Sub File.xml\"/>",
    );
    let sub = machine(
        "<process name=\"Other\"><states><state name=\"x\"/></states><events><event name=\"go\"/></events></process>\
         <process name=\"Second\"><states><state name=\"unseen\"/></states></process>",
    );
    let import = read_with(Engine::Oms, &text, &[("My_Dir/Sub_File.xml", &sub)]);
    assert_eq!((import.errors.len(), counts(&import)), (0, (2, 1, 1)), "{:?}", import.errors);
    assert_eq!(codes(&import.findings), ["spryker-subprocess-not-listed - -"]);
}

#[test]
fn a_missing_file_is_an_error_and_the_rest_is_counted() {
    let text = machine(&format!(
        "<process name=\"P\" main=\"true\"><subprocesses><process>Sub</process></subprocesses>{}{}</process><process name=\"Sub\" file=\"a/b.xml\"/>",
        states("new a"),
        transitions(&["new a go", "a gone go"])
    ));
    let import = read(&text);
    assert_eq!(counts(&import), (2, 2, 0));
    let error = import.error().expect("errors");
    assert!(error.contains("main.xml:2: `a/b.xml`: there is no such file"), "{error}");
    assert!(error.contains("`gone` of a transition is no state"), "{error}");
    assert!(!import.is_whole());
    let found = codes(&import.findings);
    assert_eq!(
        found,
        [
            "spryker-missing-file - -",
            "spryker-undeclared-event a go",
            "spryker-undeclared-event new go",
            "spryker-unknown-state gone -"
        ]
    );
}

#[test]
fn circles_of_files_end() {
    let refer = |name: &str, file: &str| {
        machine(&format!("<process name=\"{name}\"><states/></process><process name=\"n\" file=\"{file}\"/>"))
    };
    let text = machine("<process name=\"P\" main=\"true\"/><process name=\"A\" file=\"a.xml\"/>");
    let import = read_with(Engine::Oms, &text, &[("a.xml", &refer("A", "b.xml")), ("b.xml", &refer("B", "a.xml"))]);
    let error = import.error().expect("a circle");
    assert!(error.contains("in a circle, which the engine would never leave: a.xml → b.xml → a.xml"), "{error}");
    let own = machine("<process name=\"P\" main=\"true\"/><process name=\"A\" file=\"main.xml\"/>");
    assert!(read(&own).error().is_some_and(|e| e.contains("main.xml → main.xml")));
    // The same file twice is no circle, and files that fan out are bounded.
    let twice = machine(
        "<process name=\"P\" main=\"true\"/><process name=\"A\" file=\"c.xml\"/><process name=\"B\" file=\"c.xml\"/>",
    );
    assert_eq!(read_with(Engine::Oms, &twice, &[("c.xml", &machine("<process name=\"C\"/>"))]).errors, [""; 0]);
    let names: Vec<String> = (0..20).map(|i| format!("f{i}.xml")).collect();
    let fan = |i: usize| {
        machine(&format!("<process name=\"x\"/>{}", format!("<process name=\"y\" file=\"f{}.xml\"/>", i + 1).repeat(3)))
    };
    let files: Vec<String> = (0..20).map(fan).collect();
    let others: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(files.iter().map(String::as_str)).collect();
    let import = read_with(
        Engine::Oms,
        &files[0].replacen("<process name=\"x\"", "<process main=\"true\" name=\"x\"", 1),
        &others,
    );
    assert!(import.error().is_some_and(|e| e.contains("more than 500 files")), "{:?}", import.error());
}

#[test]
fn a_prefix_stands_before_every_name_of_the_file() {
    let sub = machine(&format!(
        "<process name=\"S\">{}{}{}</process>",
        states("in out"),
        transitions(&["in out go"]),
        events(&["go manual=\"true\""])
    ));
    let text = machine(
        "<process name=\"P\" main=\"true\"><subprocesses><process>S</process></subprocesses><states><state name=\"new\"/></states>\
         <transitions><transition><source>new</source><target>Foo 1 - in</target></transition></transitions></process>\
         <process name=\"S\" file=\"s\" prefix=\"Foo 1\"/>",
    );
    for engine in [Engine::Oms, Engine::StateMachine] {
        let import = read_with(engine, &text, &[("s", &sub)]);
        assert_eq!(import.errors, [""; 0]);
        let names: Vec<&str> = import.process.states.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["new", "Foo 1 - in", "Foo 1 - out"]);
        assert_eq!(import.process.events[0].name, "Foo 1 - go");
    }
}

#[test]
fn only_direct_subprocesses_are_seen() {
    let text = machine(&format!(
        "<process name=\"P\" main=\"true\"><subprocesses><process>A</process></subprocesses>{}{}</process>\
         <process name=\"A\"><subprocesses><process>B</process></subprocesses>{}</process><process name=\"B\">{}{}</process>",
        states("new"),
        transitions(&["new a -", "a b -"]),
        states("a"),
        states("b"),
        transitions(&["b a -"]),
    ));
    let import = read(&text);
    assert_eq!((import.errors.len(), counts(&import)), (0, (2, 2, 0)));
    assert_eq!(codes(&import.findings), ["spryker-nested-subprocess - -"]);
    let lint = super::super::lint(Engine::Oms, &import.process);
    assert_eq!(codes(&lint), ["spryker-target-not-listed a -"]);
    assert_eq!(import.process.transitions[1].target, None);
}

#[test]
fn names_are_not_trimmed() {
    let text = main(
        "P",
        &format!(
            "{}<transitions><transition><source>new</source><target> b</target><event>go </event></transition></transitions>{}",
            states("new b"),
            events(&["go"])
        ),
    );
    let error = read(&text).error().expect("unknown");
    assert!(
        error.contains("the target ` b` of a transition is no state; names are not trimmed: there is `b`"),
        "{error}"
    );
    assert!(
        error.contains("the event `go ` of a transition from `new` is not declared; names are not trimmed"),
        "{error}"
    );
    let text = main("P", "<subprocesses><process> A</process></subprocesses><states/>")
        .replace("</statemachine>", "<process name=\"A\"/></statemachine>");
    assert!(
        read(&text).error().is_some_and(|e| e.contains("the subprocess ` A` is listed") && e.contains("not trimmed"))
    );
}

#[test]
fn the_last_declaration_counts() {
    let text = main(
        "P",
        &(states("new a")
            + &transitions(&["new a go"])
            + "<events><event name=\"go\" manual=\"true\"/><event name=\"go\" command=\"X/Y\"/><event name=\"go\" command=\"X/Y\"/></events>"),
    );
    let import = read(&text);
    let go = &import.process.events[0];
    assert_eq!((go.manual, go.command.as_deref(), import.process.events.len()), (false, Some("X/Y"), 1));
    assert_eq!(codes(&import.findings), ["event-declared-twice - go"]);
    assert!(import.findings[0].message.contains("command: none before, X/Y now; manual: yes before, no now"));
}

#[test]
fn a_state_of_two_processes_loses_its_transitions() {
    let text = machine(&format!(
        "<process name=\"P\" main=\"true\"><subprocesses><process>S</process></subprocesses>{}{}{}</process><process name=\"S\">{}</process>",
        states("new twice end"),
        transitions(&["new twice go", "twice end go"]),
        events(&["go"]),
        states("twice!"),
    ));
    let import = read(&text);
    assert_eq!(codes(&import.findings), ["spryker-state-declared-twice twice -"]);
    assert!(import.findings[0].message.contains("no event can be fired in it"), "{}", import.findings[0].message);
    let twice = &import.process.states[import.process.index["twice"]];
    // What is reserved is summed over the last copy.
    assert!(twice.split && twice.reserved);
    // Where the main process comes last, both are the same copy.
    let turned = machine(&format!(
        "<process name=\"S\">{}</process><process name=\"P\" main=\"true\"><subprocesses><process>S</process></subprocesses>{}</process>",
        states("twice"),
        states("new twice"),
    ));
    let import = read(&turned);
    assert!(!import.process.states[import.process.index["twice"]].split);
    assert!(!import.findings[0].message.contains("no event"));
}

#[test]
fn what_is_not_read_is_told() {
    let text = main(
        "P",
        "<states><state name=\"new\"/><state name=\"a\"/></states><states><state name=\"b\"/></states>\
         <events><event name=\"go\" condition=\"A/B\"/></events>\
         <transitions><transition><source>new</source><target>a</target><target>b</target><event>go</event><event>stop</event></transition></transitions>",
    );
    let import = read(&text);
    assert_eq!(import.errors, [""; 0]);
    assert_eq!(
        codes(&import.findings),
        [
            "spryker-attribute-ignored - go",
            "spryker-repeated-element new -",
            "spryker-second-block-ignored - -",
            "spryker-several-targets new -"
        ]
    );
    let machine = read_with(
        Engine::StateMachine,
        &main(
            "P",
            "<states><state name=\"new\" reserved=\"true\"/></states><events><event name=\"e\" timeoutProcessor=\"A/B\"/></events>",
        ),
        &[],
    );
    assert_eq!(codes(&machine.findings), ["spryker-attribute-ignored - e", "spryker-attribute-ignored new -"]);
    assert!(!machine.process.states[0].reserved && machine.process.events[0].timeout_processor.is_none());
}

#[test]
fn wrong_timeouts_are_errors_and_hide_nothing() {
    let text = main(
        "P",
        &(states("new a") + &transitions(&["new a go"]) + &events(&["go timeout=\"0 days\"", "x timeout=\"soon\""])),
    );
    let import = read(&text);
    assert!(
        import.error().is_some_and(|e| e.contains("adds up to nothing") && e.contains("`soon` is not an interval"))
    );
    assert!(import.is_whole());
}

#[test]
fn main_processes_are_one() {
    assert!(read(&machine("<process name=\"P\"/>")).error().is_some_and(|e| e.contains("no process has main")));
    let two = machine(
        "<process name=\"A\" main=\"true\"><states><state name=\"new\"/></states></process><process name=\"B\" main=\"true\"/>",
    );
    let import = read(&two);
    assert_eq!(
        (import.process.name.as_str(), codes(&import.findings)),
        (
            "B",
            vec![
                "spryker-no-initial-state - -".to_owned(),
                "spryker-several-main-processes - -".to_owned(),
                "spryker-subprocess-not-listed - -".to_owned()
            ]
        )
    );
    let is_main = |text: &str| has_main(&super::xml::read(text.as_bytes()).expect("XML"));
    assert_eq!(is_main(&machine("<process main=\"true\"/>")), Some(true));
    assert_eq!((is_main(&machine("<process/>")), is_main("<other/>")), (Some(false), None));
}

#[test]
fn the_first_state_is_the_engines() {
    let first = |engine, names: &str, lines: &[&str]| {
        let import = read_with(engine, &main("P", &(states(names) + &transitions(lines))), &[]);
        (import.process.name_of(import.process.initial).to_owned(), codes(&import.findings))
    };
    assert_eq!(first(Engine::Oms, "created new", &[]).0, "new");
    assert_eq!(first(Engine::StateMachine, "new created", &[]).0, "created");
    assert_eq!(first(Engine::StateMachine, "a new", &[]).0, "new");
    assert_eq!(first(Engine::StateMachine, "b a", &["a b -"]), ("a".to_owned(), vec![]));
    assert_eq!(
        first(Engine::Oms, "b a", &["a b -"]),
        ("a".to_owned(), vec!["spryker-no-initial-state - -".to_owned()])
    );
}

#[test]
fn an_unlisted_process_can_still_add_events_to_states_that_are_seen() {
    let text = machine(&format!(
        "<process name=\"P\" main=\"true\">{}{}</process><process name=\"Glue\">{}</process>",
        states("new a"),
        events(&["go"]),
        transitions(&["new a go", "new a -"]),
    ));
    let import = read(&text);
    assert_eq!(counts(&import), (2, 0, 1));
    let process = &import.process;
    // By event yes, since events hang on the state; by check-condition no, since that asks the processes that are listed.
    assert_eq!((process.by_event(0, 0).count(), process.by_check(0).len()), (1, 0));
}
