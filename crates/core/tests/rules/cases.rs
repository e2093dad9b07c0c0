//! The tables of the shipped workflows come out as told, and every one of their stories is played.

use orderwright_core::workflow::cases::{CaseOutcome, order_workflow, read, run};
use orderwright_core::workflow::{Kind, WorkflowSet};

const TABLES: [(&str, &str); 6] = [
    ("made-to-order", include_str!("../../../../workflows/made-to-order.cases")),
    ("marketplace", include_str!("../../../../workflows/marketplace.cases")),
    ("marketplace-split", include_str!("../../../../workflows/marketplace-split.cases")),
    ("merchant", include_str!("../../../../workflows/merchant.cases")),
    ("retail", include_str!("../../../../workflows/retail.cases")),
    ("store-request", include_str!("../../../../workflows/store-request.cases")),
];

fn play(set: &WorkflowSet, name: &str, table: &str) -> Vec<CaseOutcome> {
    let workflow = set.get(name).expect("shipped");
    let (order, partner) = match workflow.kind {
        Kind::Order => (workflow, set.partner_of(workflow)),
        Kind::Merchant | Kind::Dispute => {
            (set.get(order_workflow(table).expect("names the order's")).expect("shipped"), Some(workflow))
        }
    };
    let partner = partner.map(AsRef::as_ref);
    let cases = read(table, order, partner).unwrap_or_else(|c| panic!("{name}: {c:#?}"));
    run(&cases, order, partner)
}

#[test]
fn every_shipped_workflow_has_a_table_that_comes_out_as_told() {
    let set = WorkflowSet::shipped().expect("free of complaints");
    assert_eq!(set.iter().map(|w| w.name.as_str()).collect::<Vec<_>>(), TABLES.map(|(name, _)| name));
    for (name, table) in TABLES {
        let told = play(&set, name, table);
        assert_eq!(told.len(), table.lines().filter(|l| l.starts_with('#')).count(), "{name}");
        let failed: Vec<String> = told
            .iter()
            .filter(|o| !o.passed)
            .map(|o| format!("line {}: {}\n{:#?}", o.line, o.told(), o.trace))
            .collect();
        assert!(failed.is_empty(), "{name}:\n{}", failed.join("\n"));
        assert!(!table.contains('?'), "{name} has a cell that nobody filled in");
    }
}

#[test]
fn the_examples_of_the_book_come_out_as_told() {
    let mut set = WorkflowSet::shipped().expect("free of complaints");
    let returns = include_str!("../../../../docs/examples/workflows/returns.toml");
    set.insert_fragment(returns).unwrap_or_else(|c| panic!("{c:#?}"));
    let shop = include_str!("../../../../docs/examples/workflows/bookshop.toml");
    set.insert(shop).unwrap_or_else(|c| panic!("{c:#?}"));
    let table = include_str!("../../../../docs/examples/workflows/bookshop.cases");
    let told = play(&set, "bookshop", table);
    assert!(told.len() > 10 && told.iter().all(|o| o.passed), "{told:#?}");
}
