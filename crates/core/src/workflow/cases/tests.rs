//! What a table says when it is wrong, and what it says when the workflow does something else.

use super::column::Column;
use super::given::PHRASES;
use super::step::DEEDS;
use super::{CaseOutcome, fill, order_workflow, read, run};
use crate::workflow::{Workflow, WorkflowSet};

fn retail() -> std::sync::Arc<Workflow> {
    WorkflowSet::shipped().expect("shipped").get("retail").expect("shipped").clone()
}

/// A story of these rows, under a heading and headings of columns.
fn story(rows: &str) -> String {
    format!(
        "# A story\ngiven pm_card_visa, 2 of A at 10.00\nwho | event | with | item | status | captured | refused\n{rows}"
    )
}

fn outcome(rows: &str) -> CaseOutcome {
    let retail = retail();
    let cases = read(&story(rows), &retail, None).unwrap_or_else(|c| panic!("{c:?}"));
    run(&cases, &retail, None).remove(0)
}

fn complaints(text: &str) -> Vec<String> {
    let found = read(text, &retail(), None).err().unwrap_or_default();
    found.iter().map(|c| format!("{}:{}: {}", c.line, c.column, c.message)).collect()
}

#[track_caller]
fn complains(rows: &str, expected: &str) {
    let found = complaints(&story(rows));
    assert!(found.len() == 1 && found[0].starts_with(expected), "{rows}: {found:#?}\nexpected {expected}");
}

const PLACED: &str = "customer | place | | confirmed | confirmed | 20.00 |\n";

#[test]
fn a_story_that_comes_out_as_told() {
    let told = outcome(&format!(
        "{PLACED}retailer | processing | | processing | processing\ncustomer | delivered | | | | | not allowed"
    ));
    assert!(told.passed, "{told:?}");
    assert_eq!((told.line, told.trace.len()), (1, 3));
    assert_eq!(
        told.trace[0],
        "line 4: customer place → Order placed · Sent to the merchant · Payment of EUR 20.00 received · Order changed from pending to confirmed"
    );
    assert_eq!(told.trace[2], "line 6: customer delivered → refused: not allowed");
}

#[test]
fn a_failing_row_says_what_happened_instead() {
    let told = outcome(&format!("{PLACED}retailer | processing | | shipped | shipped\n"));
    assert!(!told.passed);
    assert_eq!((told.line, told.column, told.row.as_str()), (5, 27, "retailer processing"));
    assert_eq!(told.expected, "item shipped; status shipped");
    assert_eq!(told.found, "item processing; status processing");
    assert_eq!(
        told.told(),
        "A story: after `retailer processing` expected item shipped; status shipped, found item processing; status processing"
    );
    assert_eq!(told.trace.len(), 2);
}

#[test]
fn an_empty_cell_expects_no_change() {
    let told = outcome(&format!("{PLACED}retailer | processing | | processing"));
    assert_eq!((told.expected.as_str(), told.found.as_str()), ("status confirmed", "status processing"));
    let told = outcome(&format!("{PLACED}retailer | shipped"));
    assert_eq!((told.expected.as_str(), told.found.as_str()), ("refused -", "refused not now"));
    assert!(outcome(&format!("{PLACED}retailer | processing | | * | *")).passed);
}

#[test]
fn a_refusal_that_no_column_expects_fails() {
    let retail = retail();
    let text = "# A story\nwho | event | with | item\ncustomer | place | | confirmed\nretailer | delivered";
    let told = run(&read(text, &retail, None).expect("readable"), &retail, None).remove(0);
    assert_eq!((told.expected.as_str(), told.found.as_str()), ("that it is done", "refused: not now"));
}

#[test]
fn a_cell_that_asks_is_filled_in_or_fails() {
    let asks = "# A story\n//  kept\ngiven pm_card_visa\nwho | event | with | item | paid | reason\ncustomer | place | | ? | ? | ?\noperator | cancelled | reason lost | ? | ? | ?\n";
    let retail = retail();
    let told = run(&read(asks, &retail, None).expect("readable"), &retail, None).remove(0);
    assert!(!told.passed && told.expected.contains("to be filled in"), "{told:?}");
    let filled = fill(asks, &retail, None).expect("readable");
    assert_eq!(
        filled,
        "# A story\n//  kept\ngiven pm_card_visa\n\
         who      | event     | with        | item      | paid     | reason\n\
         customer | place     |             | confirmed | captured |\n\
         operator | cancelled | reason lost | cancelled | refunded | lost\n"
    );
    assert!(run(&read(&filled, &retail, None).expect("readable"), &retail, None)[0].passed);
    assert_eq!(fill(&filled, &retail, None).expect("readable"), filled, "what is filled in is left alone");
}

#[test]
fn lines_are_named_and_split() {
    let retail = retail();
    let text = "# A story\ngiven pm_card_visa, 3 of A, 1 of B\nwho | event | with | item | left\ncustomer | place | | confirmed | -\n\
        retailer | processing | 1 of A, B | A confirmed; A2 processing; B processing |\nretailer | shipped | A2 | A confirmed; A2 shipped; B processing | 1";
    let told = run(&read(text, &retail, None).expect("readable"), &retail, None).remove(0);
    assert!(told.passed, "{told:?}");
}

#[test]
fn complains_about_words() {
    complains("custommer | place", "4:1: `custommer` is not somebody of a table; did you mean `customer`?");
    complains(
        &format!("{PLACED}retailer | proccessing"),
        "5:12: `proccessing` is not an event of this workflow; did you mean `processing`?",
    );
    complains(
        "customer | place | | confirmd | confirmed | 20",
        "4:22: `confirmd` is not a state of this machine; did you mean `confirmed`?",
    );
    complains(
        "customer | place | | confirmed | confrmed | 20",
        "4:34: `confrmed` is not a status of this workflow; did you mean `confirmed`?",
    );
    complains("customer | place | | confirmed | confirmed | 20.001", "4:46: `20.001` is not an amount of EUR");
    complains(
        &format!("{PLACED}retailer | shipped | | | | | not nwo"),
        "5:30: `not nwo` is not a refusal; did you mean `not now`?",
    );
    complains(
        &format!("{PLACED}retailer | set status | shiped"),
        "5:25: `shiped` is not a status of this workflow; did you mean `shipped`?",
    );
    complains(&format!("{PLACED}time | wait | a week"), "5:15: `a week` is not a time");
    complains(&format!("{PLACED}provider | say | done"), "5:12: `say` is not what a provider does");
    complains(
        &format!("{PLACED}provider | done | payment.captured"),
        "5:19: `payment.captured` is not an effect; did you mean `payment.capture`?",
    );
    complains(
        &format!("{PLACED}retailer | shipped | trackingNumbr"),
        "5:22: `trackingNumbr` is nothing that stands beside an event",
    );
    complains(&format!("{PLACED}customer | pay again"), "5:12: `pay again` names the method");
}

#[test]
fn complains_about_the_form() {
    complains("", "1:1: this story has no table");
    complains(
        "retailer | shipped | | shipped | shipped | 20.00",
        "4:1: the first row of a story is `customer | place`",
    );
    complains("customer | place | | confirmed | | 20.00", "4:33: the first row says what `status` is");
    complains(&format!("{PLACED}{PLACED}"), "5:1: an order is placed once");
    complains(
        &format!("{PLACED}a | b | c | d | e | f | g | h"),
        "5:29: this row has more cells than the table has columns",
    );
    complains(&format!("{PLACED}given pm_offline"), "5:1: `given` stands before the table");
    complains(&format!("{PLACED}nonsense"), "5:1: `nonsense` is no part of a table");
    for (text, expected) in [
        ("", "1:1: there is no story here"),
        ("given pm_card_visa", "1:1: a story begins with a heading"),
        ("who | event | with | item", "1:1: a story begins with a heading"),
        ("#", "1:1: a story has a title"),
        ("# A\nwho | item", "2:1: a table begins with the headings `who | event | with`"),
        ("# A\nwho | event | with | itm", "2:22: `itm` is not a column; did you mean `item`?"),
        ("# A\nwho | event | with | item | item", "2:29: the column `item` stands here twice"),
        ("# A\nwho | event | with", "2:1: this table expects nothing"),
        ("# A\ngiven pm_card_visa, 2 of B", "2:21: lines are named A, B, C in that order"),
        ("# A\ngiven 0 of A", "2:7: units are a whole number"),
        ("# A\ngiven cancel window long", "2:7: `long` is not a time"),
        ("# A\ngiven luck", "2:7: `luck` is nothing that `given` says"),
        (
            "# A\ngiven provider declines payment.captur",
            "2:7: `payment.captur` is not an effect; did you mean `payment.capture`?",
        ),
    ] {
        let found = complaints(text);
        assert!(found.first().is_some_and(|f| f.starts_with(expected)), "{text}: {found:?}");
    }
    assert!(complaints(&"x".repeat(600_000))[0].contains("at most 512"));
}

#[test]
fn a_merchants_table_names_the_orders_workflow() {
    assert_eq!(order_workflow("// a comment\nwith marketplace-split\n# A"), Some("marketplace-split"));
    assert_eq!(order_workflow("# A\n"), None);
}

#[test]
fn words_that_hurt_do_not_panic() {
    let retail = retail();
    for text in [
        "|",
        "# |",
        "# A\n|||||",
        "# A\nwho|event|with|item\n||||",
        "# A\ngiven ,,,",
        "# Ä\nwho | event | with | item\nÄ|ö|ü|ß",
        "with",
        "given",
    ] {
        assert!(read(text, &retail, None).is_err(), "{text}");
        assert!(fill(text, &retail, None).is_err(), "{text}");
    }
    let many = format!("# A\nwho | event | with | item\n{}", "x | y | z\n".repeat(20_000));
    assert!(complaints(&many).len() <= 100);
}

#[test]
fn the_book_has_every_word_of_tables() {
    const BOOK: &str = include_str!("../../../../../docs/workflow-cases.md");
    let rows = |words: Vec<String>| words.into_iter().filter(|w| !BOOK.contains(w.as_str())).collect::<Vec<_>>();
    let columns = Column::ALL.iter().map(|(name, _, what)| format!("| `{name}` | {what} |"));
    let phrases = PHRASES.iter().map(|(form, what)| format!("| `{form}` | {what} |"));
    let deeds = DEEDS.iter().map(|(who, event, with, what)| {
        let with = if with.is_empty() { String::new() } else { format!("`{with}`") };
        format!("| `{who}` | `{event}` | {with} | {what} |")
    });
    let refusals = super::bench::REFUSALS.iter().map(|r| format!("`{r}`"));
    let missing = rows(columns.chain(phrases).chain(deeds).chain(refusals).collect());
    assert!(missing.is_empty(), "docs/workflow-cases.md lacks:\n{}", missing.join("\n"));
}
