//! Whatever the text, every complaint has its place and none panics, hangs or floods: broken files, files made to hurt, and slips of
//! the hand in the shipped ones.

use proptest::prelude::*;

use super::read;
use super::tests::{SHIPPED, SMALL, breaks, complaints};

#[test]
fn broken_toml_has_its_line() {
    breaks("status = \"done\"", "status = \"done", &["line 16: this is not TOML: "]);
    breaks("final = true", "final = true\nfinal = true", &["line 21: this is not TOML: duplicate key"]);
    breaks("[payment]\n", "[item.states.over]\n[payment]\n", &["line 22: this is not TOML: duplicate key"]);
    let error = read("name = \"ä\" x").expect_err("not TOML");
    assert_eq!((error[0].line, error[0].column), (1, 12));
}

#[test]
fn all_complaints_come_at_once_and_have_their_columns() {
    let found = read(&SMALL.replace("\"customer\"", "\"buyer\"").replace("status = \"new\"", "status = \"nwe\""))
        .expect_err("two");
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].line, found[0].column), (10, 1));
    assert_eq!((found[1].line, found[1].column), (12, 38));
}

#[test]
fn hostile_files_are_refused_in_time() {
    let mebibyte = "x".repeat(1 << 20);
    assert_eq!(complaints(&mebibyte), ["line 1: the file has 1024 KiB; at most 256 are read"]);
    let most = 256 * 1024;
    let deep = |open: &str, close: &str| format!("name = {}{}", open.repeat(20_000), close.repeat(20_000));
    for text in [
        deep("[", "]"),
        deep("{a=", "}"),
        deep("[", ""),
        format!("{}a = 1", "a.".repeat(100_000)),
        format!("[{}a]", "a.".repeat(100_000)),
        format!("[[{}a]]", "a.".repeat(100_000)),
        "[[a]]\n".repeat(40_000),
        "a".repeat(most),
        "\"".repeat(most),
        "\n".repeat(most),
        "\u{0}".repeat(most),
        format!("name = \"{}\"", "ä".repeat(100_000)),
        format!("statuses = [{}]", "\"a\",".repeat(60_000)),
        (0..20_000).map(|i| format!("k{i} = 1\n")).collect(),
        format!(
            "{SMALL}\n{}",
            (0..3_000).map(|i| format!("[item.states.s{i}]\nstatus = \"nwe\"\n")).collect::<String>()
        ),
        SMALL.replacen("payment.captured", &"(".repeat(200_000), 1),
        SMALL.replacen("payment.captured", &"not ".repeat(400), 1),
        SMALL.replacen("On {", &"{".repeat(200_000), 1),
    ] {
        assert!(text.len() <= most);
        let found = complaints(&text);
        assert!((1..=101).contains(&found.len()), "{} for {:.40}", found.len(), text);
        assert!(found.iter().all(|c| c.len() < 4_000), "a complaint floods");
    }
}

#[test]
fn five_hundred_states_are_read_and_not_one_more() {
    let with = |n: usize| {
        let more: String = (2..n).map(|i| format!("[payment.states.s{i}]\nfinal = true\n")).collect();
        complaints(&format!("{SMALL}\n{more}"))
    };
    assert_eq!(with(500), [""; 0]);
    assert!(with(501)[0].ends_with("a machine has at most 500 states"));
}

/// What a slip of the hand, or malice, makes of a shipped file.
#[derive(Clone, Debug)]
enum Slip {
    Byte(prop::sample::Index, u8),
    DeleteLine(prop::sample::Index),
    DoubleLine(prop::sample::Index),
    Cut(prop::sample::Index),
    SwapWords(prop::sample::Index, prop::sample::Index),
}

fn slip() -> impl Strategy<Value = Slip> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Slip::Byte(at, byte)),
        (at(), prop::sample::select(&b"\"[]{}=.,#\n"[..])).prop_map(|(at, byte)| Slip::Byte(at, byte)),
        at().prop_map(Slip::DeleteLine),
        at().prop_map(Slip::DoubleLine),
        at().prop_map(Slip::Cut),
        (at(), at()).prop_map(|(a, b)| Slip::SwapWords(a, b)),
    ]
}

fn apply(text: &str, slip: &Slip) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    match slip {
        Slip::Byte(at, byte) if !text.is_empty() => {
            let mut bytes = text.as_bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] = *byte;
            return String::from_utf8_lossy(&bytes).into_owned();
        }
        Slip::DeleteLine(at) if !lines.is_empty() => drop(lines.remove(at.index(lines.len()))),
        Slip::DoubleLine(at) if !lines.is_empty() => {
            let at = at.index(lines.len());
            lines.insert(at, lines[at]);
        }
        Slip::Cut(at) if !text.is_empty() => return text.chars().take(at.index(text.len())).collect(),
        Slip::SwapWords(a, b) => {
            let words: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
            if !words.is_empty() {
                return text.replacen(words[a.index(words.len())], words[b.index(words.len())], 3);
            }
        }
        _ => {}
    }
    lines.join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn slips_never_panic(file in 0..SHIPPED.len(), slips in prop::collection::vec(slip(), 1..6)) {
        let text = slips.iter().fold(SHIPPED[file].to_owned(), |text, slip| apply(&text, slip));
        let lines = text.lines().count().max(1) + 1;
        match read(&text) {
            Ok(workflow) => {
                // What was read can be walked, and is checked without a panic too, alone and with a partner.
                for machine in std::iter::once(&workflow.item).chain(&workflow.payment) {
                    prop_assert!(machine.initial < machine.states.len());
                    prop_assert_eq!(machine.states.len(), machine.index.len());
                    prop_assert!(machine.states.iter().flat_map(|s| s.on.values().flatten().chain(&s.always)).all(|t| t.target < machine.states.len()));
                }
                let partner = read(SHIPPED[3]).expect("shipped");
                for complaint in crate::workflow::validate(&workflow, None).iter().chain(&crate::workflow::validate(&workflow, Some(&partner))) {
                    prop_assert!(!complaint.message.is_empty());
                }
            }
            Err(complaints) => {
                prop_assert!(!complaints.is_empty());
                prop_assert!(complaints.iter().all(|c| (1..=lines).contains(&c.line) && c.column >= 1 && !c.message.is_empty()));
            }
        }
    }
}
