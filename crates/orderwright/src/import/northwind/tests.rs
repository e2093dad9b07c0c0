//! The import on a small dump of the same shape: many suppliers on one order, floats, an order that never left, and hostile files.

use std::path::Path;
use std::sync::Arc;

use indicatif::ProgressBar;
use orderwright_core::status;

use super::plan::{NORTHWIND, plan, rounded};
use super::run;
use crate::app::App;
use crate::import::report::Summary;
use crate::import::run::Options;
use crate::import::testing::{at, open, order, reported, state, statuses, stock};

/// Tables as the dump has them, fewer columns than it has.
const TABLES: &str = "\
CREATE TABLE customers (customer_id character varying(5) NOT NULL, company_name character varying(40) NOT NULL,
    contact_name character varying(30), address text, city text, region text, postal_code text, country text, phone text, fax text);
CREATE TABLE order_details (order_id smallint NOT NULL, product_id smallint NOT NULL, unit_price real NOT NULL, quantity smallint NOT NULL, discount real NOT NULL);
CREATE TABLE orders (order_id smallint NOT NULL, customer_id text, order_date date, required_date date, shipped_date date, ship_via smallint,
    freight real, ship_name text, ship_address text, ship_city text, ship_region text, ship_postal_code text, ship_country text);
CREATE TABLE products (product_id smallint NOT NULL, product_name text NOT NULL, supplier_id smallint, unit_price real, units_in_stock smallint);
CREATE TABLE shippers (shipper_id smallint NOT NULL, company_name text NOT NULL);
CREATE TABLE suppliers (supplier_id smallint NOT NULL, company_name text NOT NULL);
";

const ROWS: &str = "\
customers ('VINET', 'Vins et alcools', 'Paul Henriot', '59 rue de l''Abbaye', 'Reims', NULL, '51100', 'France', '26.47.15.10', NULL)
shippers (3, 'Federal Shipping')
suppliers (1, 'Exotic Liquids')
suppliers (2, 'New Orleans Cajun Delights')
suppliers (3, 'Grandma Kelly''s Homestead')
products (1, 'Chai', 1, 18, 39)
products (4, 'Chef Anton''s Cajun Seasoning', 2, 22, 53)
products (6, 'Grandma''s Boysenberry Spread', 3, 25, 120)
orders (10248, 'VINET', '1996-07-04', '1996-08-01', '1996-07-16', 3, 32.3800011, 'Vins et alcools', '59 rue', 'Reims', NULL, '51100', 'France')
order_details (10248, 1, 14.3999996, 12, 0)
order_details (10248, 4, 9.80000019, 10, 0.150000006)
order_details (10248, 6, 34.7999992, 5, 0.0500000007)
orders (10249, 'VINET', '1996-07-04', '1996-07-10', '1996-07-20', 3, 0, 'Vins et alcools', '59 rue', 'Reims', NULL, NULL, 'France')
order_details (10249, 1, 18, 1, 0)
orders (11077, 'GHOST', '1998-05-06', '1998-06-03', NULL, 3, 8.52999973, 'Nobody', 'x', 'Cork', 'Co. Cork', NULL, 'Ireland')
order_details (11077, 6, 25, 3, 0.25)
";

/// A dump of rows, each `table (values)`.
fn dump(rows: &str) -> String {
    let insert = |row: &str| {
        let (table, values) = row.split_once(' ').expect("a table and its values");
        format!("INSERT {} {table} VALUES {values};\n", "INTO")
    };
    format!("-- a dump\n{TABLES}{}", rows.lines().map(insert).collect::<String>())
}

async fn import(app: &Arc<App>, text: &str, dir: &Path, options: Options) -> anyhow::Result<Summary> {
    let file = dir.join("northwind.sql");
    std::fs::write(&file, text).expect("written");
    run(app, &file, options, &ProgressBar::hidden()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_supplier_ships_and_timers_close() {
    let dir = tempfile::tempdir().expect("dir");
    let app = open(dir.path()).await;
    let summary = import(&app, &dump(ROWS), dir.path(), Options::default()).await.expect("imported");
    assert_eq!((summary.orders, summary.created, summary.refused), (3, 3, 0), "{summary:#?}");
    let by_status: Vec<(&str, usize)> = summary.by_status.iter().map(|(s, n)| (s.as_str(), *n)).collect();
    assert_eq!(by_status, [("closed", 2), ("sent_to_merchant", 1)]);
    assert!(summary.totals.balance());
    // 10248: 14.40 × 12, 9.80 × 10 − 15 %, 34.80 × 5 − 5 %, and 32.38 of freight divided by 172.80, 83.30 and 165.30.
    // 10249: 18.00. 11077: 25.00 × 3 − 25 % and 8.53.
    let expected = [("1", 17_280 + 1_328 + 1_800), ("2", 8_330 + 640), ("3", 16_530 + 1_270 + 5_625 + 853)];
    assert_eq!(summary.money_by_seller, expected.map(|(s, m)| (s.to_owned(), m)).into_iter().collect());

    let loaded = order(&app, NORTHWIND, "10248").await;
    let o = &loaded.order;
    assert_eq!((o.shipping_cost, o.total, o.discount_amount, o.currency.code()), (3_238, 45_378, 1_470 + 870, "USD"));
    assert_eq!((o.merchant_orders.len(), o.shipments.len()), (3, 3), "one parcel for each supplier");
    let supplier = o.shipments[0].merchant_id;
    assert!(supplier.is_some() && o.shipments[1].merchant_id != supplier);
    assert_eq!(o.shipments[0].carrier.as_deref(), Some("Federal Shipping"));
    assert!(
        o.created_at.to_string().starts_with("1996-07-04")
            && o.shipments[0].created_at.to_string().starts_with("1996-07-16")
    );
    assert_eq!(o.items[0].expected_by.as_deref(), Some("1996-08-01"));
    assert!(o.delivered_at().is_some_and(|t| t.to_string().starts_with("1996-08-01")), "as announced");
    assert!(
        o.items[0].machine.since.to_string().starts_with("1996-08-15"),
        "closed by the timer, on the order's own clock"
    );
    assert_eq!(o.items[0].merchant.as_ref().map(|m| m.state.as_str()), Some("closed"));
    assert_eq!(status::payment_status(o, &loaded.workflow), "captured");

    let late = order(&app, NORTHWIND, "10249").await.order;
    assert!(late.delivered_at().is_some_and(|t| t >= at("1996-07-20T00:00:00Z")), "shipped after it was expected");
    let waits = order(&app, NORTHWIND, "11077").await;
    assert_eq!(statuses(&waits), ["sent_to_merchant"]);
    assert!(reported(&summary, "11077").reason.starts_with("unknown customer"), "and nothing else: {summary:#?}");
    assert_eq!(waits.order.notes.len(), 1);
    // What the file counts is on hand; what is still to be sent comes on top, and is reserved.
    assert_eq!((stock(&app, "NW-1").await, stock(&app, "NW-6").await), ((39, 0), (123, 3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_import_goes_on_and_a_second_one_changes_nothing() {
    let (whole, broken) = (tempfile::tempdir().expect("dir"), tempfile::tempdir().expect("dir"));
    let app = open(whole.path()).await;
    let first = import(&app, &dump(ROWS), whole.path(), Options::default()).await.expect("imported");
    let end = state(&app, NORTHWIND, NORTHWIND).await;
    let position = app.store.feed_position().await.expect("readable");
    let second = import(&app, &dump(ROWS), whole.path(), Options::default()).await.expect("imported");
    assert_eq!(second.created, 0);
    assert_eq!(
        (second.orders, &second.by_status, &second.money_by_seller, &second.reported),
        (first.orders, &first.by_status, &first.money_by_seller, &first.reported)
    );
    assert_eq!(state(&app, NORTHWIND, NORTHWIND).await, end);
    assert_eq!(app.store.feed_position().await.expect("readable"), position);

    let mut cut_short = 0;
    for kill_at in [1, 4, 8, 13, 19] {
        let app = open(broken.path()).await;
        let (node, dir) = (app.clone(), broken.path().to_owned());
        let begin = app.store.feed_position().await.expect("readable");
        let running = tokio::spawn(async move {
            import(&node, &dump(ROWS), &dir, Options { window: 1, dry_run: false }).await.map(|s| s.created)
        });
        // Dropped after so many changes of orders, wherever that is.
        while !running.is_finished() {
            app.store.sequence(512).await.expect("sequenced");
            if app.store.feed_position().await.expect("readable") >= begin + kill_at {
                running.abort();
                break;
            }
            tokio::task::yield_now().await;
        }
        cut_short += usize::from(running.await.is_err());
    }
    assert!(cut_short > 0, "at least one run was cut short");
    let app = open(broken.path()).await;
    let resumed = import(&app, &dump(ROWS), broken.path(), Options::default()).await.expect("imported");
    assert_eq!(
        (resumed.orders, resumed.by_status, resumed.money_by_seller, resumed.reported),
        (first.orders, first.by_status, first.money_by_seller, first.reported)
    );
    assert_eq!(state(&app, NORTHWIND, NORTHWIND).await, end);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_cannot_be_used_leave_their_order_out() {
    let dir = tempfile::tempdir().expect("dir");
    let app = open(dir.path()).await;
    let bad = "\
order_details (10248, 99, 1, 1, 0)
orders (10300, 'VINET', '1996-07-04', NULL, NULL, 3, 0, 'x', 'x', 'x', NULL, 'x', 'France')
orders (10301, 'VINET', '1996-13-04', NULL, NULL, 3, 0, 'x', 'x', 'x', NULL, 'x', 'France')
order_details (10301, 1, 1, 1, 0)
orders (10302, 'VINET', '1996-07-04', NULL, NULL, 3, 0, 'x', 'x', 'x', NULL, 'x', 'Atlantis')
order_details (10302, 1, 1, 1, 0)
orders (10303, 'VINET', '1996-07-04', NULL, NULL, 3, -1, 'x', 'x', 'x', NULL, 'x', 'France')
order_details (10303, 1, 1, 1, 0)
orders (10304, 'VINET', '1996-07-04', NULL, NULL, 3, 1, 'x', 'x', 'x', NULL, 'x', 'France')
order_details (10304, 1, 1, 1, 1.5)
orders (10305, 'VINET', '1996-07-04', NULL, NULL, 3, 1, 'x', 'x', 'x', NULL, 'x', 'France')
order_details (10305, 1, 1e9, 1, 0)
orders (10306, 'VINET', '1996-07-04', NULL, NULL, 3, 1, 'x', 'x', 'x', NULL, 'x', 'France')
order_details (10306, 1, 1, 0, 0)
order_details (10399, 1, 1, 1, 0)
orders (10249, 'VINET', '1996-07-04', NULL, NULL, 3, 0, 'x', 'x', 'x', NULL, 'x', 'France')
";
    let summary = import(&app, &dump(&format!("{ROWS}{bad}")), dir.path(), Options::default()).await.expect("imported");
    assert_eq!(summary.orders, 2, "10249 as it was first, and 11077: {summary:#?}");
    for (id, column) in [
        ("10248", "product_id"),
        ("10300", "order_id"),
        ("10301", "order_date"),
        ("10302", "ship_country"),
        ("10303", "freight"),
        ("10304", "discount"),
        ("10305", "unit_price"),
        ("10306", "quantity"),
        ("10399", "order_id"),
    ] {
        let row = reported(&summary, id);
        assert!(row.stored.is_none() && row.reason.starts_with("line ") && row.reason.contains(column), "{row:?}");
    }
    let twice = summary.reported.iter().find(|r| r.order_id == "10249").expect("reported");
    assert!(twice.reason.contains("already"), "{twice:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_files_end_with_an_error_and_change_nothing() {
    let dir = tempfile::tempdir().expect("dir");
    let app = open(dir.path()).await;
    app.store.sequence(512).await.expect("sequenced");
    let position = app.store.feed_position().await.expect("readable");
    let good = dump(ROWS);
    for (text, what) in [
        (String::new(), "no table `customers`"),
        ("hello, world".to_owned(), "no table"),
        (good[..good.len() - 20].to_owned(), "line "),
        (good.replace("freight real", "fracht real"), "no column `freight`"),
        (good.replace("(1, 'Exotic Liquids')", "(1, now())"), "`now`"),
        (good.replace("suppliers VALUES (2, ", "suppliers VALUES (1, "), "twice"),
        (good.replace("'Chai', 1,", "'Chai', 77,"), "no supplier 77"),
    ] {
        let error = import(&app, &text, dir.path(), Options::default()).await.expect_err(what);
        assert!(format!("{error:#}").contains(what), "{what}: {error:#}");
    }
    let file = dir.path().join("latin1.sql");
    std::fs::write(&file, b"-- a\n-- Caf\xe9\n").expect("written");
    let error = run(&app, &file, Options::default(), &ProgressBar::hidden()).await.expect_err("not UTF-8");
    assert!(format!("{error:#}").contains("line 2: this is not UTF-8"), "{error:#}");
    let dry =
        import(&app, &good, dir.path(), Options { dry_run: true, ..Options::default() }).await.expect("rehearsed");
    assert_eq!((dry.created, dry.orders), (3, 0));
    assert!(app.channels().is_empty(), "nothing was written");
    app.store.sequence(512).await.expect("sequenced");
    assert_eq!(app.store.feed_position().await.expect("readable"), position, "nothing was written");
}

#[test]
fn floats_are_rounded_half_up() {
    for (text, digits, expected) in [
        ("34.7999992", 2, Some(3480)),
        ("0.150000006", 4, Some(1500)),
        ("0.00999999978", 4, Some(100)),
        ("18", 2, Some(1800)),
        ("1.005", 2, Some(101)),
        ("1.00499999", 2, Some(100)),
        ("1e3", 2, None),
        ("-1", 2, None),
        ("", 2, None),
        (".5", 2, None),
        ("12345678901", 2, None),
    ] {
        assert_eq!(rounded(text, digits), expected, "{text}");
    }
}

#[test]
fn the_same_dump_makes_the_same_plan() {
    let text = dump(ROWS);
    let plans = [plan(&text), plan(&text)].map(|p| format!("{:?}", p.expect("planned")));
    assert_eq!(plans[0], plans[1]);
}
