//! The import on small files of the same shape: every oddity once, the books, run twice, killed and gone on with.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use indicatif::ProgressBar;

use super::files::{self, Files};
use super::plan::{Plan, Step, plan};
use super::{ACTOR, CHANNEL, ORDERS, Options, Reported, Summary, run};
use crate::app::App;
use crate::ops::command::{self, Loaded, OrderRef};
use crate::ops::{Ctx, import};
use crate::store::{Scope, StoreConfig};
use orderwright_core::actor::Role;
use orderwright_core::decide::{Command, Event};
use orderwright_core::id::OrderId;

/// id, status, purchased, approved, carrier, delivered (days of June 2017, with a time), items, payments.
type Case = (&'static str, &'static str, [&'static str; 4], &'static [&'static str], &'static [&'static str]);

const ONE: &[&str] = &["p1,s1,10.00,2.50"];
const PAID: &[&str] = &["credit_card,1,12.5"];

const CASES: &[Case] = &[
    ("delivered", "delivered", ["01 10:00:00", "01 11:00:00", "02 09:00:00", "05 17:30:00"], ONE, PAID),
    ("same-second", "delivered", ["01 10:00:00", "01 11:00:00", "02 09:00:00", "05 17:30:00"], ONE, PAID),
    ("shipped", "shipped", ["02 10:00:00", "02 11:00:00", "03 09:00:00", ""], ONE, PAID),
    ("invoiced", "invoiced", ["02 10:00:00", "04 11:00:00", "", ""], ONE, &["boleto,1,12.50"]),
    ("created", "created", ["03 10:00:00", "", "", ""], ONE, PAID),
    ("unavailable", "unavailable", ["03 10:00:00", "03 11:00:00", "", ""], ONE, PAID),
    ("never-approved", "canceled", ["03 10:00:00", "", "", ""], ONE, PAID),
    (
        "two-sellers",
        "delivered",
        ["04 10:00:00", "04 11:00:00", "05 09:00:00", "06 09:00:00"],
        &["p1,s1,10.00,2.50", "p1,s2,9.99,7.77", "p1,s1,10.00,0.01", "p1,s1,8.00,1.00"],
        &["credit_card,1,49.27"],
    ),
    (
        "several",
        "delivered",
        ["05 10:00:00", "05 11:00:00", "06 09:00:00", "07 09:00:00"],
        ONE,
        &["credit_card,2,2.5", "voucher,1,10"],
    ),
    ("interest", "shipped", ["06 10:00:00", "06 11:00:00", "07 09:00:00", ""], ONE, &["credit_card,10,14.99"]),
    ("early", "shipped", ["07 10:00:00", "09 11:00:00", "08 09:00:00", ""], ONE, PAID),
    ("backwards", "delivered", ["07 10:00:00", "07 11:00:00", "09 09:00:00", "08 09:00:00"], ONE, PAID),
    ("no-date", "delivered", ["08 10:00:00", "08 11:00:00", "09 09:00:00", ""], ONE, PAID),
    ("after-pickup", "canceled", ["09 10:00:00", "09 11:00:00", "10 09:00:00", "11 09:00:00"], ONE, PAID),
    ("no-approval", "shipped", ["10 10:00:00", "", "11 09:00:00", ""], ONE, PAID),
    ("no-payment", "delivered", ["11 10:00:00", "11 11:00:00", "12 09:00:00", "13 09:00:00"], ONE, &[]),
    ("no-items", "unavailable", ["12 10:00:00", "12 11:00:00", "", ""], &[], PAID),
    ("bad-price", "shipped", ["12 10:00:00", "12 11:00:00", "13 09:00:00", ""], &["p1,s1,10.001,2.50"], PAID),
    ("bad-status", "lost", ["12 10:00:00", "", "", ""], ONE, PAID),
];

fn write(dir: &Path, cases: &[Case]) {
    let (mut orders, mut items, mut payments, mut customers) = (
        "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,order_delivered_carrier_date,order_delivered_customer_date,order_estimated_delivery_date\n".to_owned(),
        "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value\n".to_owned(),
        "order_id,payment_sequential,payment_type,payment_installments,payment_value\n".to_owned(),
        "customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state\n".to_owned(),
    );
    for (n, (id, status, dates, lines, paid)) in cases.iter().enumerate() {
        let dates = dates.map(|d| if d.is_empty() { String::new() } else { format!("2017-06-{d}") });
        let _ = writeln!(orders, "{id},c{n},{status},{},2017-06-30 00:00:00", dates.join(","));
        // Two orders of one person each.
        let _ = writeln!(customers, "c{n},person{},01310,sao paulo,SP", n / 2);
        for (i, line) in lines.iter().enumerate() {
            let (ids, amounts) = line.match_indices(',').nth(1).map(|(at, _)| line.split_at(at)).expect("four fields");
            let _ = writeln!(items, "{id},{},{ids},2017-06-20 00:00:00{amounts}", i + 1);
        }
        for (i, payment) in paid.iter().enumerate() {
            let _ = writeln!(payments, "{id},{},{payment}", i + 1);
        }
    }
    let _ = writeln!(payments, "stray,1,boleto,1,5.00");
    for (name, text) in [
        (files::ORDERS, orders),
        (files::ITEMS, items),
        (files::PAYMENTS, payments),
        (files::CUSTOMERS, customers),
        (files::SELLERS, "seller_id,seller_city,seller_state\ns1,campinas,SP\ns2,,\n".to_owned()),
        (files::PRODUCTS, "product_id,product_category_name\np1,cama_mesa_banho\n".to_owned()),
    ] {
        std::fs::write(dir.join(name), text).expect("the folder can be written");
    }
}

async fn open(dir: &Path) -> Arc<App> {
    let config = StoreConfig::Sqlite { dir: dir.to_owned(), exclusive: false, inline: false };
    App::open(config, false).await.expect("the store opens")
}

async fn import_all(app: &Arc<App>, dir: &Path) -> Summary {
    run(app, dir, Options { window: 4 }, &ProgressBar::hidden()).await.expect("the import runs")
}

fn ctx(app: &Arc<App>) -> Ctx {
    Ctx::of(app, super::setup::actor(Role::Ops))
}

async fn order(app: &Arc<App>, id: &str) -> Loaded {
    let here = app.store.external_ref(ORDERS, id).await.expect("readable").expect("imported");
    command::load(&ctx(app), &Scope::All, OrderRef::Order(OrderId(here))).await.expect("loads")
}

/// Everything about the orders that may not change or depend on how often the import was started; ids do.
async fn state(app: &Arc<App>) -> Vec<String> {
    let mut lines = Vec::new();
    for (external, id) in import::known(&ctx(app), ORDERS).await.expect("readable") {
        let Loaded { order, .. } =
            command::load(&ctx(app), &Scope::All, OrderRef::Order(OrderId(id))).await.expect("loads");
        let items: Vec<_> = order
            .items
            .iter()
            .map(|i| (&i.sku, i.quantity, i.price, i.captured, i.refunded, &i.machine.state, i.delivered_at))
            .collect();
        let money = app.store.ledger_of_order(id).await.expect("readable");
        let money: Vec<_> = money.iter().map(|e| (&e.cause, &e.account, e.amount, e.at)).collect();
        let parcels: Vec<_> = order.shipments.iter().map(|s| (&s.tracking_number, s.created_at)).collect();
        let life = (order.version, order.timeline_length, order.created_at, order.updated_at);
        lines.push(format!("{external} {life:?} {items:?} {money:?} {parcels:?} {}", order.notes.len()));
    }
    for stock in app.store.list_stock(("", ""), 100, None, Some(CHANNEL)).await.expect("readable") {
        lines.push(format!("{stock:?}"));
    }
    lines.push(format!("{:?}", app.store.count_orders(&[CHANNEL], &[]).await));
    lines.sort();
    lines
}

fn reported<'a>(summary: &'a Summary, id: &str) -> Option<&'a Reported> {
    summary.reported.iter().find(|r| r.order_id == id)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_ends_where_the_files_say_or_is_reported() {
    let (files, data) = (tempfile::tempdir().expect("dir"), tempfile::tempdir().expect("dir"));
    write(files.path(), CASES);
    let app = open(data.path()).await;
    let summary = import_all(&app, files.path()).await;
    assert_eq!((summary.orders, summary.created), (16, 16));
    let by_status: Vec<(&str, usize)> = summary.by_status.iter().map(|(s, n)| (s.as_str(), *n)).collect();
    assert_eq!(by_status, [("cancelled", 3), ("completed", 7), ("pending", 1), ("processing", 1), ("shipped", 4)]);
    // s1: twelve lines of 12.50 that are paid and not cancelled, and 10.00 + 2.50 + 10.00 + 0.01 + 8.00 + 1.00; s2: 9.99 + 7.77.
    let expected = [("s1", 11 * 1250 + 3151), ("s2", 1776)].map(|(s, m)| (s.to_owned(), m));
    assert_eq!(summary.money_by_seller, expected.into_iter().collect());
    assert!(summary.totals.balance(), "{:?}", summary.totals);
    for (id, stored, reason) in [
        ("never-approved", Some("cancelled"), "never approved"),
        ("several", Some("completed"), "several payments: credit card 2.5 in 2 instalments, voucher 10"),
        ("interest", Some("shipped"), "BRL 2.49 too much (paid in 10 instalments"),
        ("early", Some("shipped"), "shipped before approved"),
        ("backwards", Some("completed"), "delivered before shipped"),
        ("no-date", Some("completed"), "delivered without a date"),
        ("after-pickup", Some("cancelled"), "cancelled after delivery"),
        ("no-approval", Some("shipped"), "no approval"),
        ("no-payment", Some("completed"), "no payment"),
        ("no-items", None, "no items"),
        ("bad-price", None, "price `10.001`"),
        ("bad-status", None, "order_status `lost`"),
        ("stray", None, "no order"),
    ] {
        let row = reported(&summary, id).unwrap_or_else(|| panic!("{id} is reported"));
        assert_eq!(row.stored.as_deref(), stored, "{id}");
        assert!(row.reason.contains(reason), "{id}: {}", row.reason);
    }
    assert_eq!(summary.reported.len(), 13, "{:#?}", summary.reported);
    // What is odd is on the order, for staff.
    let note = &order(&app, "interest").await.order.notes[0];
    assert!(note.note.contains("sum differs") && !note.is_public && note.created_by == ACTOR);
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_keep_their_time_their_prices_and_their_sellers() {
    let (files, data) = (tempfile::tempdir().expect("dir"), tempfile::tempdir().expect("dir"));
    write(files.path(), CASES);
    let app = open(data.path()).await;
    import_all(&app, files.path()).await;
    let Loaded { order: delivered, workflow, .. } = order(&app, "delivered").await;
    // São Paulo is three hours behind in June.
    assert_eq!(delivered.created_at.to_string(), "2017-06-01T13:00:00Z");
    assert_eq!(delivered.delivered_at().map(|t| t.to_string()).as_deref(), Some("2017-06-05T20:30:00Z"));
    assert_eq!(orderwright_core::status::payment_status(&delivered, &workflow), "captured");
    assert_eq!(delivered.shipments[0].expected_by.as_deref(), Some("2017-06-30"));
    let boleto = order(&app, "invoiced").await.order;
    let taken = app.store.ledger_of_order(boleto.id.0).await.expect("readable");
    assert_eq!(orderwright_core::time::Timestamp(taken[0].at).to_string(), "2017-06-04T14:00:00Z");
    let two = order(&app, "two-sellers").await.order;
    let lines: Vec<_> = two.items.iter().map(|i| (i.sku.as_str(), i.quantity, i.price, i.shipping_share)).collect();
    assert_eq!(lines, [("p1-s1", 2, 1000, 251), ("p1-s2", 1, 999, 777), ("p1-s1", 1, 800, 100)]);
    assert_eq!((two.shipments.len(), two.total), (2, 4927));
    // One person, two orders, one customer.
    assert_eq!(delivered.customer_id, order(&app, "same-second").await.order.customer_id);
    let stock = app.store.stock("p1-s2").await.expect("readable");
    assert_eq!((stock[0].on_hand, stock[0].reserved), (99_999, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_changes_nothing() {
    let (files, data) = (tempfile::tempdir().expect("dir"), tempfile::tempdir().expect("dir"));
    write(files.path(), CASES);
    let app = open(data.path()).await;
    let first = import_all(&app, files.path()).await;
    let before = (state(&app).await, app.store.feed_position().await.expect("readable"));
    let second = import_all(&app, files.path()).await;
    assert_eq!(second.created, 0);
    assert_eq!(Summary { created: first.created, ..second }, first);
    assert_eq!((state(&app).await, app.store.feed_position().await.expect("readable")), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_killed_goes_on_to_the_same_end() {
    let files = tempfile::tempdir().expect("dir");
    write(files.path(), CASES);
    let whole = tempfile::tempdir().expect("dir");
    let app = open(whole.path()).await;
    let expected = import_all(&app, files.path()).await;
    let end = state(&app).await;

    let broken = tempfile::tempdir().expect("dir");
    let mut cut_short = 0;
    for kill_at in [1, 4, 9, 14] {
        let (app, dir) = (open(broken.path()).await, files.path().to_owned());
        let node = app.clone();
        let running = tokio::spawn(async move { import_all(&node, &dir).await.created });
        // Dropped wherever it is, effects and all; what is committed stays.
        while !running.is_finished() {
            let there = app.store.list_external_refs(ORDERS, "", 100).await.expect("readable").len();
            if there >= kill_at {
                running.abort();
                break;
            }
            tokio::task::yield_now().await;
        }
        cut_short += usize::from(running.await.is_err());
    }
    assert!(cut_short > 0, "at least one run was cut short");
    let app = open(broken.path()).await;
    let resumed = import_all(&app, files.path()).await;
    assert_eq!(Summary { created: expected.created, ..resumed }, expected);
    assert_eq!(state(&app).await, end);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_a_killed_run_left_is_finished_and_a_moved_order_is_reported() {
    let (files, data) = (tempfile::tempdir().expect("dir"), tempfile::tempdir().expect("dir"));
    let mut cases = CASES.to_vec();
    let case = cases.iter_mut().find(|c| c.0 == "after-pickup").expect("there");
    (case.1, case.2[3]) = ("shipped", "");
    write(files.path(), &cases);
    let app = open(data.path()).await;
    import_all(&app, files.path()).await;
    // Cancelled, and killed before the refund's effect could be run.
    let id = order(&app, "after-pickup").await.order.id;
    let event = Event { event: "cancel".to_owned(), reason: Some("lost".to_owned()), ..Event::default() };
    let (decision, _) =
        command::apply(&ctx(&app), &Scope::All, OrderRef::Order(id), &Command::Fire(event), &mut |_, _, _| {})
            .await
            .expect("cancelled");
    assert_eq!(decision.effects.len(), 1);
    let summary = import_all(&app, files.path()).await;
    let order = order(&app, "after-pickup").await.order;
    assert_eq!((order.captured(), order.refunded()), (1250, 1250));
    let row = reported(&summary, "after-pickup").expect("reported");
    assert_eq!(row.stored.as_deref(), Some("cancelled"));
    assert!(row.reason.contains("the files say shipped, the store says cancelled"), "{}", row.reason);
    assert!(summary.totals.balance(), "{:?}", summary.totals);
    // With files that say so, too, nothing is odd but the pickup.
    write(files.path(), CASES);
    let summary = import_all(&app, files.path()).await;
    let row = reported(&summary, "after-pickup").expect("reported");
    assert!(row.reason.starts_with("cancelled after delivery") && !row.reason.contains('|'), "{}", row.reason);
}

#[test]
fn steps_have_their_own_milliseconds() {
    let files = tempfile::tempdir().expect("dir");
    write(files.path(), CASES);
    let plan: Plan = plan(&Files::read(files.path()).expect("readable")).expect("planned");
    let mut instants: Vec<i64> = plan
        .orders
        .iter()
        .flat_map(|o| std::iter::once(o.placed).chain(o.steps.iter().map(|(at, _)| *at)))
        .map(|t| t.millis())
        .collect();
    instants.sort_unstable();
    assert!(instants.windows(2).all(|w| w[1] - w[0] >= 3), "{instants:?}");
    assert!(plan.orders.iter().all(|o| o.steps.windows(2).all(|w| w[0].0 < w[1].0)));
    assert!(plan.orders.iter().all(|o| o.steps.first().is_none_or(|(at, _)| *at > o.placed)));
    let cancelled = plan.orders.iter().find(|o| o.id == "after-pickup").expect("planned");
    let steps: Vec<&str> = cancelled.steps.iter().map(|(_, s)| s.name()).collect();
    assert_eq!(steps, ["note", "paid_outside", "acknowledge", "ship", "cancel"]);
    let pending = plan.orders.iter().find(|o| o.id == "created").expect("planned");
    assert!(!pending.steps.iter().any(|(_, s)| *s == Step::Pay));
}

#[test]
fn a_folder_that_is_not_olist_says_what_is_missing() {
    let files = tempfile::tempdir().expect("dir");
    let missing = Files::read(files.path()).expect_err("there is nothing");
    assert!(format!("{missing:#}").contains(files::ORDERS), "{missing:#}");
    write(files.path(), CASES);
    std::fs::write(files.path().join(files::ITEMS), "order_id,product_id\n").expect("writable");
    let missing = Files::read(files.path()).expect_err("a column is missing");
    assert!(missing.to_string().contains("order_item_id"), "{missing:#}");
}
