//! Whatever the file, reading, checking, walking, stepping and writing end, and never panic.

use proptest::prelude::*;

use super::super::couple::{Options, couple};
use super::super::map::{BUILT_IN, Map};
use super::super::model::Engine;
use super::super::run::Run;
use super::super::{lint, to_toml};
use super::{Import, events, machine, main, read_with, states, transitions};

/// A file with one of everything.
fn rich() -> String {
    machine(&format!(
        "<!-- a --><process name=\"P\" main=\"true\"><subprocesses><process>S</process><process>F</process></subprocesses>{}{}{}</process>\
         <process name=\"S\">{}</process><process name=\"F\" file=\"sub.xml\" prefix=\"X\"/>",
        states("new a! b c end"),
        transitions(&[
            "new a go",
            "a b - ?C/D",
            "a c back ?C/E",
            "c a back",
            "b end late",
            "b twice -",
            "twice end go",
            "c X in"
        ])
        .replace("X</target>", "X - in</target>"),
        events(&["go onEnter=\"true\" command=\"A/B\"", "back manual=\"true\"", "late timeout=\"3 minutes\"", "in"]),
        states("twice b"),
    ))
}

const SUB: &str = "<statemachine><process name=\"Q\"><states><state name=\"in\"/><state name=\"out\"/></states>\
    <transitions><transition><source>in</source><target>out</target></transition></transitions></process></statemachine>";

/// Everything that can be done with a file.
fn all(engine: Engine, text: &str) -> Import {
    let import = read_with(engine, text, &[("sub.xml", SUB)]);
    let process = &import.process;
    let found = lint(engine, process);
    assert!(found.iter().chain(&import.findings).all(|f| f.message.len() < 20_000));
    if !process.states.is_empty() {
        let map = Map::built_in(BUILT_IN[0].0).expect("built in");
        let _ = couple(process, process, &map, &Options { max_joint_states: 500, ..Options::default() });
        let mut run = Run::new(engine, process, Default::default());
        run.begin();
        for event in process.events.iter().take(20) {
            let _ = run.step(&format!("event:{}", event.name));
        }
        for step in ["check-condition", "check-timeout", "advance:100d"] {
            run.step(step).expect(step);
        }
        if let Ok(written) = to_toml::write(engine, process) {
            // What names and labels there may be, the file is one that our reader takes.
            assert!(
                crate::workflow::read(&written.text).is_ok() || written.text.len() > 200_000,
                "{:?}\n{}",
                written.complaints,
                written.text
            );
        }
    }
    import
}

#[test]
fn the_rich_file_is_fine() {
    assert_eq!(all(Engine::Oms, &rich()).errors, [""; 0]);
    assert!(all(Engine::StateMachine, &rich()).is_whole());
}

#[test]
fn large_processes_are_bounded() {
    let many = |n: usize, event: &str| {
        let inner: String = (0..n).map(|i| format!("<state name=\"s{i}\"/>")).collect();
        let lines: Vec<String> = (0..n)
            .map(|i| {
                format!("<transition><source>s{i}</source><target>s{}</target>{event}</transition>", (i * 7 + 1) % n)
            })
            .collect();
        main(
            "P",
            &format!(
                "<states><state name=\"new\"/>{inner}</states><transitions>{}</transitions>{}",
                lines.concat(),
                events(&["go onEnter=\"true\""])
            ),
        )
    };
    for text in [
        many(1_000, "<event>go</event>"),
        many(6_000, ""),
        main("P", &(states("new a") + &transitions(&vec!["new a go"; 5_000]) + &events(&["go"]))),
        main("P", &(states("new a") + "<events>" + &(0..1_000).map(|i| format!("<event name=\"e{i}\" timeout=\"1 day\"/>")).collect::<String>() + "</events><transitions>" + &(0..1_000).map(|i| format!("<transition condition=\"c{i}\"><source>new</source><target>a</target><event>e{i}</event></transition>")).collect::<String>() + "</transitions>")),
        machine(&format!("<process name=\"P\" main=\"true\"><subprocesses>{}</subprocesses></process>{}", (0..5_000).map(|i| format!("<process>p{i}</process>")).collect::<String>(), (0..5_000).map(|i| format!("<process name=\"p{i}\"/>")).collect::<String>())),
        main("P", &(states("new") + "<transitions>" + &"<transition/>".repeat(20_000) + "</transitions>")),
    ] {
        // Without the bounds, this test would go on for minutes.
        assert!(!all(Engine::Oms, &text).process.states.is_empty() || text.contains("p4999"));
    }
}

/// What a slip of the hand, or malice, makes of a file.
fn slipped() -> impl Strategy<Value = String> {
    let text = rich();
    let words = [
        "new",
        "a",
        "\"true\"",
        "<state name=\"new\"/>",
        "<event>go</event>",
        "</process>",
        "&amp;",
        "<![CDATA[x]]>",
        "main=\"true\"",
        " - ",
        "\u{0}",
        "é",
    ];
    let slip =
        (any::<prop::sample::Index>(), any::<prop::sample::Index>(), prop::sample::select(words.to_vec()), 0..4_u8);
    prop::collection::vec(slip, 1..6).prop_map(move |slips| {
        let mut text = text.clone();
        for (from, to, word, kind) in slips {
            let ends: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
            let (a, b) = (ends[from.index(ends.len())], ends[to.index(ends.len())]);
            let (a, b) = (a.min(b), a.max(b));
            match kind {
                0 => text.insert_str(a, word),
                1 => text.replace_range(a..b.min(a + 40).max(a), ""),
                2 => {
                    let part = text[a..b].to_owned();
                    if part.len() < 2_000 {
                        text.insert_str(b, &part);
                    }
                }
                _ => text = text.replacen(word, "new", 1),
            }
            if !text.is_char_boundary(0) || text.len() > 100_000 {
                break;
            }
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn slips_never_panic(text in slipped(), oms in any::<bool>()) {
        let _ = all(if oms { Engine::Oms } else { Engine::StateMachine }, &text);
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = super::super::xml::read(&bytes);
        let _ = super::super::interval::parse(&String::from_utf8_lossy(&bytes));
        let _ = Map::read(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_walk_agrees_with_the_runs(seed in prop::collection::vec((0..4_usize, any::<bool>()), 1..12)) {
        // Whatever a run does, it stays within what the lint says can be reached.
        let process = read_with(Engine::Oms, &rich(), &[("sub.xml", SUB)]).process;
        let reach = super::super::graph::Reach::walk(Engine::Oms, &process);
        let mut run = Run::new(Engine::Oms, &process, Default::default());
        run.begin();
        for (which, answer) in seed {
            let _ = run.step(&format!("answer:C/D={answer}"));
            let _ = run.step(&format!("answer:C/E={answer}"));
            let _ = run.step(["event:back", "event:go", "check-condition", "advance:1d"][which]);
            prop_assert!(reach.has(process.index[run.state()]), "{}", run.state());
        }
    }
}
