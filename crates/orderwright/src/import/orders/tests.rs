//! The format of our own: every lifecycle, both spellings of a file, every kind of bad line, and runs that are cut short.

use std::path::Path;
use std::sync::Arc;

use indicatif::ProgressBar;
use orderwright_core::actor::Role;
use orderwright_core::catalog::Channel;
use orderwright_core::decide::Command;
use orderwright_core::money::Currency;
use orderwright_core::time::{Span, Timestamp};
use proptest::prelude::*;

use super::shop::{new_channel, source};
use super::{read_csv, read_json, run};
use crate::app::App;
use crate::import::report::Summary;
use crate::import::run::Options;
use crate::import::testing::{at, ctx, open, order, reported, state, statuses, stock};
use crate::ops::command::{self, OrderRef};
use crate::ops::import::open_channel;

const HEADER: &str = "channel,externalId,placedAt,currency,status,customerEmail,customerName,sku,name,merchant,quantity,unitPrice,taxRate,discount,shippingCost,paidAt,paidAmount,shippedAt,deliveredAt,cancelledAt,refundedAmount,refundedAt,total,trackingNumber,expectedBy\n";

/// Orders of one shop, each ending otherwise; amounts in cents.
const SHOP: &str = "\
shop,A-1,2024-03-01T10:00:00Z,EUR,completed,a@example.com,Ann,SKU-1,Lamp,lights,2,1000,20,100,500,2024-03-01,2780,2024-03-02,2024-03-05,,,,2780,T1,
shop,A-2,2024-03-02,EUR,shipped,b@example.com,Bob,SKU-1,,,1,1000,0,,,2024-03-03,1500,2024-03-04,,,,,,,2024-03-09
,A-2,,,processing,,,SKU-2,Vase,pots,1,500,,,,,,,,,,,,,
shop,A-3,2024-03-03,EUR,cancelled,c@example.com,Cy,SKU-2,,,1,500,,,,2024-03-03,500,,,2024-03-04,,,,,
shop,A-4,2024-03-03,EUR,refunded,c@example.com,Cy,SKU-2,,,1,500,,,,2024-03-03,500,,,,500,2024-03-09,,,
shop,A-5,2024-03-03,EUR,,c@example.com,Cy,SKU-2,,,4,500,,,,,,,,,,,,,
shop,A-6,2024-03-03,EUR,completed,c@example.com,Cy,SKU-2,,,3,500,,,,2024-03-03,1500,,,,200,2024-03-09,,,
";

async fn import(app: &Arc<App>, dir: &Path, name: &str, text: &str, options: Options) -> anyhow::Result<Summary> {
    let file = dir.join(name);
    std::fs::write(&file, text).expect("written");
    run(app, &file, Some("marketplace".to_owned()), options, &ProgressBar::hidden()).await
}

async fn csv(app: &Arc<App>, dir: &Path, rows: &str) -> Summary {
    import(app, dir, "orders.csv", &format!("{HEADER}{rows}"), Options::default()).await.expect("imported")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_order_ends_where_the_file_says() {
    let dir = tempfile::tempdir().expect("dir");
    let app = open(dir.path()).await;
    let summary = csv(&app, dir.path(), SHOP).await;
    assert_eq!((summary.orders, summary.created, summary.refused), (6, 6, 0), "{summary:#?}");
    assert!(summary.totals.balance() && summary.reported.is_empty(), "{summary:#?}");
    assert_eq!(summary.lines.len(), 7);
    assert!(summary.lines.iter().all(|l| l.outcome == "created"));
    for (id, expected) in [
        ("A-1", &["completed"][..]),
        ("A-2", &["shipped", "processing"]),
        ("A-3", &["cancelled"]),
        ("A-4", &["refunded"]),
        ("A-5", &["pending"]),
        ("A-6", &["completed"]),
    ] {
        assert_eq!(statuses(&order(&app, &source("shop"), id).await), expected, "{id}");
    }
    // 2 × 10.00 − 1.00 + 20 % and 5.00 of shipping; 10.00; and A-6 less 2.00.
    let expected = [("lights", 2780 + 1000), ("pots", 500 + 1500 - 200)].map(|(s, m)| (s.to_owned(), m));
    assert_eq!(summary.money_by_seller, expected.into_iter().collect());
    let first = order(&app, &source("shop"), "A-1").await.order;
    assert_eq!(
        (first.items[0].gst_amount, first.items[0].discount_amount, first.shipping_cost, first.total),
        (380, 100, 500, 2780)
    );
    assert_eq!(first.created_at, at("2024-03-01T10:00:00Z"));
    assert!(
        first.shipments[0].created_at >= at("2024-03-02T00:00:00Z")
            && first.shipments[0].created_at < at("2024-03-02T00:00:01Z")
    );
    assert_eq!(first.shipments[0].tracking_number.as_deref(), Some("T1"));
    assert!(first.delivered_at().is_some_and(|t| t.to_string().starts_with("2024-03-05T00:00:00")));
    let second = order(&app, &source("shop"), "A-2").await.order;
    // The workflow wants a tracking number, and the file has none.
    assert_eq!(
        (second.shipments[0].tracking_number.as_deref(), second.items[0].expected_by.as_deref()),
        (Some("A-2-1"), Some("2024-03-09"))
    );
    let cancelled = order(&app, &source("shop"), "A-3").await.order;
    assert_eq!((cancelled.captured(), cancelled.refunded()), (500, 500));
    let partly = order(&app, &source("shop"), "A-6").await.order;
    assert_eq!((partly.captured(), partly.refunded(), partly.refunds[0].initiate_payment_refund), (1500, 200, false));
    // What was shipped left, what was cancelled is in today's count, what is open is there and reserved.
    assert_eq!((stock(&app, "SKU-1").await, stock(&app, "SKU-2").await), ((0, 0), (1 + 4, 1 + 4)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_order_does_not_expire_because_it_is_old() {
    let dir = tempfile::tempdir().expect("dir");
    let app = open(dir.path()).await;
    csv(&app, dir.path(), SHOP).await;
    let waits = order(&app, &source("shop"), "A-5").await.order;
    let due = waits.due_at().expect("a time to pay");
    assert!(
        due > app.clock.now() && due <= app.clock.now().plus(Span::seconds(8 * 86_400)),
        "its time to pay begins today: {due}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn twice_changes_nothing_and_a_later_file_goes_on() {
    let dir = tempfile::tempdir().expect("dir");
    let app = open(dir.path()).await;
    csv(&app, dir.path(), SHOP).await;
    let (before, position) =
        (state(&app, &source("shop"), "shop").await, app.store.feed_position().await.expect("readable"));
    let second = csv(&app, dir.path(), SHOP).await;
    assert_eq!(second.created, 0);
    assert!(second.lines.iter().all(|l| l.outcome == "unchanged"));
    assert_eq!(
        (state(&app, &source("shop"), "shop").await, app.store.feed_position().await.expect("readable")),
        (before, position)
    );
    // Next week's export: the rest of A-2 has left.
    let later = SHOP.replace(
        ",A-2,,,processing,,,SKU-2,Vase,pots,1,500,,,,,,,",
        ",A-2,,,shipped,,,SKU-2,Vase,pots,1,500,,,,,,2024-03-06,",
    );
    let third = csv(&app, dir.path(), &later).await;
    let moved: Vec<_> = third.lines.iter().filter(|l| l.outcome != "unchanged").map(|l| (l.line, l.outcome)).collect();
    assert_eq!(moved, [(3, "continued"), (4, "continued")]);
    assert_eq!(statuses(&order(&app, &source("shop"), "A-2").await), ["shipped", "shipped"]);
    // What people did since is theirs.
    let id = order(&app, &source("shop"), "A-5").await.order.id;
    let mut staff = ctx(&app);
    staff.actor.role = Role::Ops;
    let cancel = Command::SetStatus { status: "cancelled".to_owned(), note: None, reason: None };
    command::run(&mut staff, OrderRef::Order(id), &cancel).await.expect("cancelled");
    let fourth = csv(&app, dir.path(), &later).await;
    assert!(fourth.lines.iter().all(|l| l.outcome == "unchanged"));
    assert_eq!(statuses(&order(&app, &source("shop"), "A-5").await), ["cancelled"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn json_lines_come_to_the_same() {
    let (one, two) = (tempfile::tempdir().expect("dir"), tempfile::tempdir().expect("dir"));
    let (by_csv, by_json) = (open(one.path()).await, open(two.path()).await);
    let rows: String = SHOP.lines().take(3).map(|l| format!("{l}\n")).collect();
    csv(&by_csv, one.path(), &rows).await;
    let json = r#"{"channel":"shop","externalId":"A-1","placedAt":"2024-03-01T10:00:00Z","currency":"EUR","status":"completed","customer":{"email":"a@example.com","name":"Ann"},"lines":[{"sku":"SKU-1","name":"Lamp","merchant":"lights","quantity":2,"unitPrice":1000,"taxRate":"20","discount":100}],"shippingCost":500,"payments":[{"amount":2780,"paidAt":"2024-03-01"}],"shippedAt":"2024-03-02","deliveredAt":"2024-03-05","trackingNumber":"T1","total":2780}

{"channel":"shop","externalId":"A-2","placedAt":"2024-03-02","currency":"EUR","status":"shipped","customer":{"email":"b@example.com","name":"Bob"},"shippedAt":"2024-03-04","expectedBy":"2024-03-09","lines":[{"sku":"SKU-1","quantity":1,"unitPrice":1000},{"sku":"SKU-2","name":"Vase","merchant":"pots","quantity":1,"unitPrice":500,"status":"processing"}],"payments":[{"amount":1500,"paidAt":"2024-03-03"}]}
"#;
    let summary = import(&by_json, two.path(), "orders.jsonl", json, Options::default()).await.expect("imported");
    assert_eq!(
        summary.lines.iter().map(|l| (l.line, l.outcome)).collect::<Vec<_>>(),
        [(1, "created"), (3, "created")],
        "{summary:#?}"
    );
    assert_eq!(state(&by_json, &source("shop"), "shop").await, state(&by_csv, &source("shop"), "shop").await);
}

proptest! {
    /// Every line of a file is an order's or is refused by its number, whatever bytes there are.
    #[test]
    fn no_bytes_break_the_readers(cut in 0usize..2000, put in prop::collection::vec(any::<u8>(), 0..20)) {
        let mut bytes = format!("{HEADER}{SHOP}").into_bytes();
        let at = cut.min(bytes.len());
        bytes.splice(at..(at + put.len()).min(bytes.len()), put.iter().copied());
        if let Ok((orders, left_out)) = read_csv(&bytes) {
            let lines = orders.iter().flat_map(|o| &o.at).chain(left_out.iter().flat_map(|l| &l.at));
            prop_assert!(lines.copied().all(|line| line >= 2 && line <= 2 + bytes.iter().filter(|b| **b == b'\n').count() as u64));
        }
        let (orders, left_out) = read_json(&bytes);
        prop_assert_eq!(orders.len(), 0);
        prop_assert!(left_out.iter().all(|l| l.faults.len() == 1 && l.faults[0].line == l.at[0]));
    }
}

/// A good row, of which each case changes one field.
const GOOD: &str = "shop,B-1,2024-03-01,EUR,shipped,a@example.com,Ann,SKU-9,Lamp,lights,2,1000,20,0,0,2024-03-01,2400,2024-03-02,,,,,,,";

/// The row with another value in that column.
fn with(column: &str, value: &str) -> String {
    let at = HEADER.trim().split(',').position(|c| c == column).unwrap_or_else(|| panic!("{column} is a column"));
    let mut fields: Vec<&str> = GOOD.split(',').collect();
    fields[at] = value;
    fields.join(",")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_bad_line_is_refused_by_line_and_column_and_changes_nothing() {
    let dir = tempfile::tempdir().expect("dir");
    let app = open(dir.path()).await;
    let euro = Currency::parse("EUR").expect("listed");
    let shop = new_channel("shop", "marketplace", euro, false);
    open_channel(&ctx(&app), &shop).await.expect("made");
    let cards = Channel { name: "cards".to_owned(), accepts_offline_payment: false, ..shop.clone() };
    app.store
        .commit({
            let mut cs = crate::store::Changeset::new(app.ids.next(app.clock.now()), 0);
            crate::ops::catalog::put_channel(&mut cs, &cards).expect("put");
            crate::ops::catalog::put_channel(
                &mut cs,
                &Channel { name: "made".to_owned(), workflow: "made-to-order".to_owned(), ..shop },
            )
            .expect("put");
            cs
        })
        .await
        .expect("made");
    app.reload_channels().await.expect("read");
    app.store.sequence(512).await.expect("sequenced");
    let position = app.store.feed_position().await.expect("readable");
    let long = "x".repeat(201);
    let cases = [
        ("channel", "", "1 to 40 small letters"),
        ("channel", "cards", "no payments from outside"),
        ("channel", "made", "asks a provider"),
        ("channel", "Shop!", "small letters"),
        ("externalId", "", "is empty"),
        ("externalId", &long, "at most 200"),
        ("placedAt", "yesterday", "write it like"),
        ("placedAt", "2099-01-01", "in the future"),
        ("placedAt", "1985-01-01", "before 1990"),
        ("currency", "EURO", "ISO 4217"),
        ("currency", "USD", "sells in EUR"),
        ("status", "lost", "no status `lost`"),
        ("status", "", "say where it ended"),
        ("customerEmail", "nobody", "e-mail"),
        ("customerName", "", "must not be empty"),
        ("sku", "", "is empty"),
        ("merchant", "", "say whose it is"),
        ("merchant", "mer_0000000000001", "no merchant of that id"),
        ("quantity", "0", "between 1 and"),
        ("quantity", "1.5", "whole number"),
        ("quantity", "", "is empty"),
        ("quantity", "99999999999999999999", "whole number"),
        ("unitPrice", "10.00", "minor units"),
        ("unitPrice", "-1", "between 0 and"),
        ("unitPrice", "999999999999999", "between 0 and"),
        ("taxRate", "18%", "percentage"),
        ("discount", "2001", "between 0 and 2000"),
        ("shippingCost", "-5", "between 0 and"),
        ("shippingCost", "9223372036854775807", "between 0 and"),
        ("paidAmount", "2399", "payments come to EUR 23.99, and the order to EUR 24.00"),
        ("paidAmount", "", "is empty"),
        ("paidAt", "", "is empty"),
        ("paidAt", "2024-02-30", "write it like"),
        ("shippedAt", "2024-02-01T00:00:00Z", "before placedAt"),
        ("deliveredAt", "2024-03-01", "before shippedAt"),
        ("refundedAmount", "100", "is not; fill in both"),
        ("total", "1", "lines and shipping come to EUR 24.00"),
        ("expectedBy", "soon", "2026-01-31"),
        ("trackingNumber", &long, "at most 200"),
    ];
    for (column, value, expected) in cases {
        // After a good line, so that it is told by its own place.
        let summary = csv(&app, dir.path(), &format!("{}\n", with(column, value))).await;
        let told: Vec<_> =
            summary.lines.iter().filter(|l| l.reason.as_ref().is_some_and(|r| r.contains(expected))).collect();
        assert!(
            !told.is_empty() && told.iter().all(|l| l.line == 2 && l.outcome == "refused"),
            "{column}={value}: {summary:#?}"
        );
        let status = matches!(value, "cards" | "made") || column == "refundedAmount";
        assert!(
            status || told.iter().any(|l| l.column.as_deref() == Some(column)),
            "{column}={value}: {:#?}",
            summary.lines
        );
        assert_eq!((summary.orders, summary.refused), (0, 1), "{column}={value}");
    }
    let unpaid = with("paidAmount", "").replace(",2024-03-01,,2024-03-02", ",,,2024-03-02");
    let summary = csv(&app, dir.path(), &format!("{unpaid}\n")).await;
    assert!(summary.lines[0].reason.as_ref().is_some_and(|r| r.contains("it is not paid")), "{summary:#?}");
    app.store.sequence(512).await.expect("sequenced");
    assert_eq!(app.store.feed_position().await.expect("readable"), position, "nothing was written");
    assert_eq!(csv(&app, dir.path(), &format!("{GOOD}\n")).await.created, 1, "the good line is good");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_imported_whole_or_not_at_all() {
    let dir = tempfile::tempdir().expect("dir");
    let app = open(dir.path()).await;
    let rows = format!(
        "{GOOD}\n{}\n{}\nshop,B-4,2024-03-01,EUR,\n",
        GOOD.replace("B-1", "B-2").replace("SKU-9", "SKU-8").replace("lights", "wrong"),
        ",B-2,,USD,,,,SKU-7,Cup,pots,1,x,,,,,,,,,,,,,"
    );
    let summary = csv(&app, dir.path(), &rows).await;
    let told: Vec<_> =
        summary.lines.iter().map(|l| (l.line, l.order_id.as_str(), l.outcome, l.column.as_deref())).collect();
    assert_eq!(
        told,
        [
            (2, "B-1", "created", None),
            (3, "B-2", "refused", None),
            (4, "B-2", "refused", Some("currency")),
            (4, "B-2", "refused", Some("unitPrice")),
            (5, "B-4", "refused", Some("(row)")),
        ],
        "{summary:#?}"
    );
    assert!(summary.lines[1].reason.as_ref().is_some_and(|r| r.contains("line 4 of it is wrong")));
    assert!(reported(&summary, "B-2").stored.is_none());
    // Nor did it make its offers.
    assert!(app.store.find_offers(&["SKU-7", "SKU-8"]).await.expect("readable").is_empty());
    // A SKU names one offer, of one merchant.
    let other = csv(&app, dir.path(), &format!("{}\n", GOOD.replace("B-1", "B-5").replace("lights", "pots"))).await;
    assert_eq!(other.lines[0].column.as_deref(), Some("merchant"), "{other:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_json_lines_say_where() {
    let dir = tempfile::tempdir().expect("dir");
    let app = open(dir.path()).await;
    let good = r#"{"channel":"shop","externalId":"J-1","placedAt":"2024-03-01","currency":"EUR","customer":{"email":"a@example.com","name":"Ann"},"lines":[{"sku":"S","merchant":"m","quantity":1,"unitPrice":100}]}"#;
    let cases = [
        (good.to_owned(), None, ""),
        (good.to_owned(), Some("externalId"), "on line 1 already"),
        ("{".to_owned(), Some("character"), "EOF"),
        ("[]".to_owned(), Some("character"), "invalid"),
        (format!("{good} x"), Some("end"), "one order is one line"),
        (good.replace("\"sku\":", "\"colour\":\"red\",\"sku\":"), Some("lines[0]"), "colour"),
        (good.replace("\"sku\"", "\"skew\""), Some("lines[0].sku"), "missing"),
        (good.replace("\"channel\"", "\"chanel\""), Some("channel"), "missing"),
        (good.replace("100}", "1.5}"), Some("lines[0].unitPrice"), "minor units"),
        (
            good.replace("J-1", "J-2").replace("\"quantity\":1", "\"quantity\":0"),
            Some("lines[0].quantity"),
            "between 1",
        ),
        (
            good.replace("J-1", "J-3")
                .replace("[{", "[")
                .replace("}]", "]")
                .replace("[\"sku\":\"S\",\"merchant\":\"m\",\"quantity\":1,\"unitPrice\":100]", "[]"),
            Some("lines"),
            "at least one",
        ),
        (good.replace("J-1", "J-4").replace("a@example.com", "a"), Some("customer.email"), "e-mail"),
        ("[".repeat(10_000), Some("character"), ""),
    ];
    let text: String = cases.iter().map(|c| format!("{}\n", c.0)).collect();
    let summary = import(&app, dir.path(), "orders.jsonl", &text, Options::default()).await.expect("read");
    for (line, (text, column, expected)) in (1..).zip(&cases) {
        let told =
            summary.lines.iter().find(|l| l.line == line).unwrap_or_else(|| panic!("line {line} has an outcome"));
        assert_eq!(told.outcome == "created", column.is_none(), "{text}: {told:?}");
        if let Some(column) = column {
            assert!(told.column.as_deref().is_some_and(|c| c.starts_with(column)), "{text}: {told:?}");
        }
        assert!(told.reason.as_deref().unwrap_or_default().contains(expected), "{text}: {told:?}");
    }
    assert_eq!(summary.orders, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_writes_nothing_and_says_what_the_real_one_would() {
    let dir = tempfile::tempdir().expect("dir");
    let app = open(dir.path()).await;
    app.store.sequence(512).await.expect("sequenced");
    let position = app.store.feed_position().await.expect("readable");
    let text = format!("{HEADER}{SHOP}{}\n", with("status", "lost"));
    let dry = import(&app, dir.path(), "o.csv", &text, Options { dry_run: true, ..Options::default() })
        .await
        .expect("rehearsed");
    assert!(app.channels().is_empty(), "nothing was written");
    app.store.sequence(512).await.expect("sequenced");
    assert_eq!(app.store.feed_position().await.expect("readable"), position, "nothing was written");
    let real = import(&app, dir.path(), "o.csv", &text, Options::default()).await.expect("imported");
    assert_eq!((dry.lines, dry.created, dry.refused), (real.lines, real.created, real.refused));
}

/// The same order through every lifecycle that takes payments from outside.
#[tokio::test(flavor = "multi_thread")]
async fn every_lifecycle_is_walked() {
    let dir = tempfile::tempdir().expect("dir");
    let app = open(dir.path()).await;
    let euro = Currency::parse("EUR").expect("listed");
    for (name, workflow, window) in
        [("corner", "retail", "0m"), ("bazar", "marketplace", "0m"), ("arcade", "marketplace-split", "2h")]
    {
        let channel =
            Channel { cancel_window: Span::parse(window).expect("a span"), ..new_channel(name, workflow, euro, true) };
        open_channel(&ctx(&app), &channel).await.expect("made");
    }
    let yesterday = Timestamp(app.clock.now().0 - Span::seconds(86_400).0);
    for (channel, ends) in [
        ("corner", &["pending", "confirmed", "processing", "shipped", "delivered", "cancelled", "refunded"][..]),
        ("bazar", &["pending", "processing", "shipped", "completed", "cancelled", "refunded"]),
        (
            "arcade",
            &["new", "paid", "sent_to_merchant", "shipped_by_merchant", "delivered", "closed", "canceled", "refunded"],
        ),
    ] {
        for end in ends {
            // A paid order that is cancelled in the arcade is refunded at once; an unpaid one rests there.
            let paid = !matches!(*end, "pending" | "new" | "canceled");
            let payment = if paid { "2024-03-01,1000" } else { "," };
            // A paid order of the arcade stays one only while it may be cancelled.
            let placed = if *end == "paid" { app.clock.now().to_string() } else { "2024-03-01".to_owned() };
            let payment = if *end == "paid" { format!("{placed},1000") } else { payment.to_owned() };
            let late = matches!(*end, "delivered") && channel == "arcade";
            let delivered = if late { yesterday.to_string() } else { "2024-03-07".to_owned() };
            // Refunded a week ago, it would be closed by now.
            let cancelled =
                if channel == "arcade" && *end == "refunded" { yesterday.to_string() } else { String::new() };
            let delivered = if matches!(*end, "delivered" | "completed" | "closed") { delivered.as_str() } else { "" };
            let row = format!(
                "{channel},{end},{placed},EUR,{end},a@example.com,Ann,{channel}-1,Lamp,lights,1,1000,0,0,0,{payment},,{delivered},{cancelled},,,,,\n"
            );
            let summary = csv(&app, dir.path(), &row).await;
            assert_eq!(summary.created, 1, "{channel} {end}: {summary:#?}");
            assert_eq!(statuses(&order(&app, &source(channel), end).await), [*end], "{channel}");
            assert!(summary.totals.balance() && summary.reported.is_empty(), "{channel} {end}: {summary:#?}");
        }
    }
    // Delivered so long ago that it is closed by now: the timer fired on the order's own clock.
    let row = "arcade,old,2024-03-01,EUR,delivered,a@example.com,Ann,arcade-1,Lamp,lights,1,1000,0,0,0,2024-03-01,1000,,2024-03-07,,,,,,\n";
    csv(&app, dir.path(), row).await;
    let old = order(&app, &source("arcade"), "old").await;
    assert_eq!(statuses(&old), ["closed"]);
    assert!(old.order.items[0].machine.since.to_string().starts_with("2024-03-21"), "{:?}", old.order.items[0].machine);
    // Closed by a timer that is not due yet: it waits, and says so each time.
    let row = format!(
        "arcade,soon,2024-03-01,EUR,closed,a@example.com,Ann,arcade-1,Lamp,lights,1,1000,0,0,0,2024-03-01,1000,,{yesterday},,,,,,\n"
    );
    for _ in 0..2 {
        let summary = csv(&app, dir.path(), &row).await;
        let told = reported(&summary, "soon");
        assert_eq!(told.stored.as_deref(), Some("delivered"));
        assert!(told.reason.contains("becomes closed by itself"), "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_import_goes_on_to_the_same_end() {
    let (whole, broken) = (tempfile::tempdir().expect("dir"), tempfile::tempdir().expect("dir"));
    let app = open(whole.path()).await;
    let first = csv(&app, whole.path(), SHOP).await;
    let end = state(&app, &source("shop"), "shop").await;
    let mut cut_short = 0;
    for kill_after in [2, 3, 5, 7, 7] {
        let app = open(broken.path()).await;
        app.store.sequence(512).await.expect("sequenced");
        let (node, dir, begin) =
            (app.clone(), broken.path().to_owned(), app.store.feed_position().await.expect("readable"));
        let options = Options { window: 1, dry_run: false };
        let running = tokio::spawn(async move {
            import(&node, &dir, "orders.csv", &format!("{HEADER}{SHOP}"), options).await.map(|s| s.created)
        });
        while !running.is_finished() {
            app.store.sequence(512).await.expect("sequenced");
            if app.store.feed_position().await.expect("readable") >= begin + kill_after {
                running.abort();
                break;
            }
            tokio::task::yield_now().await;
        }
        cut_short += usize::from(running.await.is_err());
    }
    assert!(cut_short > 0, "at least one run was cut short");
    let app = open(broken.path()).await;
    let resumed = csv(&app, broken.path(), SHOP).await;
    assert_eq!(
        (resumed.orders, resumed.by_status, resumed.money_by_seller, resumed.reported),
        (first.orders, first.by_status, first.money_by_seller, first.reported)
    );
    assert_eq!(state(&app, &source("shop"), "shop").await, end);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_another_kind_are_refused_whole() {
    let dir = tempfile::tempdir().expect("dir");
    let app = open(dir.path()).await;
    for (name, text, expected) in [
        ("orders.xlsx", "PK", "must end in .csv or .jsonl"),
        ("orders.csv", "", "the file is empty"),
        ("orders.csv", "channel;externalId\n", "with commas"),
        ("orders.csv", "channel,externalId\n", "there is no column placedAt"),
        ("orders.csv", "channel,externalid\n", "is it `externalId`?"),
    ] {
        let error = import(&app, dir.path(), name, text, Options::default()).await.expect_err(expected);
        assert!(format!("{error:#}").contains(expected), "{error:#}");
    }
    let file = dir.path().join("orders.csv");
    let error = run(&app, &file, Some("nothing".to_owned()), Options::default(), &ProgressBar::hidden()).await;
    assert!(format!("{:#}", error.expect_err("no such workflow")).contains("there is no workflow `nothing`"));
}
