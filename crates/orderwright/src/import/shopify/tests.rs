//! Shopify's export on small files: several rows an order, vendors, every financial and fulfilment status, and bad rows.

use std::path::Path;
use std::sync::Arc;

use indicatif::ProgressBar;
use orderwright_core::time::{Span, Timestamp};

use super::plan::source;
use super::{Terms, run};
use crate::app::App;
use crate::import::report::Summary;
use crate::import::run::Options;
use crate::import::testing::{at, open, order, reported, state, statuses, stock};

const HEADER: &str = "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Lineitem taxable,Lineitem fulfillment status,Billing Name,Billing Address1,Billing City,Billing Zip,Billing Country,Shipping Name,Shipping Address1,Shipping City,Shipping Zip,Shipping Country,Cancelled at,Payment Method,Refunded Amount,Vendor,Id,Tags,Lineitem discount\n";

/// A first row: everything of the order, and its first line.
#[derive(Clone, Copy)]
struct First {
    name: &'static str,
    financial: &'static str,
    fulfilment: [&'static str; 2],
    /// Subtotal, shipping, taxes, total, discount.
    amounts: [&'static str; 5],
    /// Quantity, name, price, sku, vendor.
    line: [&'static str; 5],
    cancelled: &'static str,
    refunded: &'static str,
}

const FIRST: First = First {
    name: "#1001",
    financial: "paid",
    fulfilment: ["fulfilled", "2024-03-03 09:00:00 -0500"],
    amounts: ["20.00", "5.00", "2.00", "27.00", "0.00"],
    line: ["2", "Lamp - Red", "10.00", "LAMP-R", "Lights Inc."],
    cancelled: "",
    refunded: "0.00",
};

fn first(f: First) -> String {
    let paid = if matches!(f.financial, "paid" | "refunded" | "partially_refunded") {
        "2024-03-01 12:00:00 -0500"
    } else {
        ""
    };
    let [subtotal, shipping, taxes, total, discount] = f.amounts;
    let [quantity, name, price, sku, vendor] = f.line;
    let [fulfilment, fulfilled] = f.fulfilment;
    let code = if discount == "0.00" { "" } else { "SPRING" };
    format!(
        "{},ann@example.com,{},{paid},{fulfilment},{fulfilled},USD,{subtotal},{shipping},{taxes},{total},{code},{discount},Standard,2024-03-01 11:59:00 -0500,{quantity},{name},{price},{sku},true,{fulfilment},Ann Example,1 Main St,Springfield,'01101,US,Ann Example,1 Main St,Springfield,'01101,US,{},Shopify Payments,{},{vendor},55{},,0.00\n",
        f.name,
        f.financial,
        f.cancelled,
        f.refunded,
        &f.name[1..]
    )
}

/// A further row: one more line of the order.
fn next(name: &str, [quantity, title, price, sku, vendor]: [&str; 5], fulfilment: &str) -> String {
    format!(
        "{name},ann@example.com,,,,,,,,,,,,,,{quantity},{title},{price},{sku},true,{fulfilment},,,,,,,,,,,,,,{vendor},,,0.00\n"
    )
}

fn terms() -> Terms {
    Terms { channel: "shop".to_owned(), complete_after: Span::seconds(30 * 86_400) }
}

async fn import(app: &Arc<App>, dir: &Path, rows: &str, options: Options) -> Summary {
    let file = dir.join("orders_export.csv");
    std::fs::write(&file, format!("{HEADER}{rows}")).expect("written");
    run(app, &file, terms(), options, &ProgressBar::hidden()).await.expect("imported")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_of_two_vendors_is_one_order_with_two_parcels() {
    let dir = tempfile::tempdir().expect("dir");
    let app = open(dir.path()).await;
    // 2 × 10.00 and 15.00, 3.50 off, 5.00 of shipping, tax on top.
    let head = First { amounts: ["31.50", "5.00", "3.15", "39.65", "3.50"], ..FIRST };
    let rows = first(head) + &next("#1001", ["1", "\"Vase, blue\"", "15.00", "", "Pots & Pans"], "fulfilled");
    let summary = import(&app, dir.path(), &rows, Options::default()).await;
    assert_eq!((summary.orders, summary.created, summary.refused), (1, 1, 0), "{summary:#?}");
    assert!(summary.totals.balance() && summary.reported.is_empty(), "{summary:#?}");
    let loaded = order(&app, &source(&terms()), "#1001").await;
    let o = &loaded.order;
    assert_eq!((o.total, o.subtotal, o.discount_amount, o.gst_amount, o.shipping_cost), (3965, 3500, 350, 315, 500));
    let lines: Vec<_> =
        o.items.iter().map(|i| (i.name.as_str(), i.quantity, i.price, i.discount_amount, i.gst_amount)).collect();
    assert_eq!(lines, [("Lamp - Red", 2, 1000, 200, 180), ("Vase, blue", 1, 1500, 150, 135)]);
    assert!(o.items[1].sku.starts_with("SHOPIFY-"), "a SKU of its own: {}", o.items[1].sku);
    assert_eq!(o.discount_code.as_deref(), Some("SPRING"));
    assert_eq!((o.shipments.len(), o.merchant_orders.len()), (2, 2));
    assert_eq!(statuses(&loaded), ["completed", "completed"]);
    assert!(o.created_at >= at("2024-03-01T16:59:00Z") && o.created_at < at("2024-03-01T16:59:01Z"));
    assert!(
        o.delivered_at().is_some_and(|t| t.to_string().starts_with("2024-04-02T14:00:00")),
        "30 days after it was fulfilled"
    );
    // Lines of 19.80 and 14.85 with their part of 5.00.
    let expected = [("Lights Inc.", 1980 + 286), ("Pots & Pans", 1485 + 214)].map(|(s, m)| (s.to_owned(), m));
    assert_eq!(summary.money_by_seller, expected.into_iter().collect());
    assert_eq!(stock(&app, "LAMP-R").await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_status_ends_where_it_can() {
    let dir = tempfile::tempdir().expect("dir");
    let app = open(dir.path()).await;
    let open_order = First { fulfilment: ["unfulfilled", ""], ..FIRST };
    let cases = [
        ("#1", First { financial: "paid", ..FIRST }, "completed", "captured", ""),
        ("#2", open_order, "pending", "captured", ""),
        ("#3", First { financial: "pending", ..open_order }, "pending", "pending", ""),
        ("#4", First { financial: "authorized", ..open_order }, "pending", "pending", "authorized"),
        ("#5", First { financial: "partially_paid", ..open_order }, "pending", "pending", "partially paid"),
        (
            "#6",
            First { financial: "voided", cancelled: "2024-03-02 09:00:00 -0500", ..open_order },
            "cancelled",
            "voided",
            "",
        ),
        ("#7", First { financial: "voided", ..open_order }, "pending", "pending", "voided"),
        (
            "#8",
            First { financial: "refunded", cancelled: "2024-03-02 09:00:00 -0500", refunded: "27.00", ..open_order },
            "cancelled",
            "refunded",
            "",
        ),
        (
            "#9",
            First { cancelled: "2024-03-02 09:00:00 -0500", refunded: "7.00", ..open_order },
            "cancelled",
            "refunded",
            "only USD 7.00 of USD 27.00",
        ),
        ("#10", First { financial: "refunded", refunded: "27.00", ..FIRST }, "refunded", "refunded", ""),
        (
            "#11",
            First { financial: "partially_refunded", refunded: "7.00", ..FIRST },
            "completed",
            "partially_refunded",
            "",
        ),
        ("#12", First { financial: "pending", ..FIRST }, "pending", "pending", "fulfilled and not paid"),
        ("#13", First { fulfilment: ["partial", ""], ..FIRST }, "pending", "captured", "partly fulfilled"),
        ("#14", First { amounts: ["0.00", "0.00", "0.00", "0.00", "20.00"], ..FIRST }, "completed", "captured", ""),
    ];
    let rows: String = cases.iter().map(|(name, f, ..)| first(First { name, ..*f })).collect();
    let summary = import(&app, dir.path(), &rows, Options::default()).await;
    assert_eq!((summary.created, summary.refused), (cases.len(), 0), "{summary:#?}");
    assert!(summary.totals.balance(), "{summary:#?}");
    for (name, _, status, payment, odd) in cases {
        let loaded = order(&app, &source(&terms()), name).await;
        assert_eq!(statuses(&loaded), [status], "{name}");
        // Nothing was taken for a free order.
        if name != "#14" {
            assert_eq!(orderwright_core::status::payment_status(&loaded.order, &loaded.workflow), payment, "{name}");
        }
        match odd {
            "" => assert!(summary.reported.iter().all(|r| r.order_id != name), "{name}: {:?}", summary.reported),
            odd => assert!(reported(&summary, name).reason.contains(odd), "{name}: {summary:#?}"),
        }
    }
    let refunded = order(&app, &source(&terms()), "#10").await.order;
    assert_eq!(refunded.shipments.len(), 1, "it was shipped before its money went back");
    // Two units each: of #2, #3, #4, #5, #7, #12 and #13 still to be sent.
    assert_eq!(stock(&app, "LAMP-R").await, (14, 14));
}

#[tokio::test(flavor = "multi_thread")]
async fn twice_changes_nothing_and_a_later_export_goes_on() {
    let dir = tempfile::tempdir().expect("dir");
    let app = open(dir.path()).await;
    let early = first(First { fulfilment: ["unfulfilled", ""], ..FIRST });
    import(&app, dir.path(), &early, Options::default()).await;
    let before = state(&app, &source(&terms()), "shop").await;
    let again = import(&app, dir.path(), &early, Options::default()).await;
    assert_eq!((again.created, again.lines[0].outcome), (0, "unchanged"));
    assert_eq!(state(&app, &source(&terms()), "shop").await, before);
    let recent =
        Timestamp(app.clock.now().0 - 86_400_000_000).to_jiff().strftime("%Y-%m-%d %H:%M:%S +0000").to_string();
    let later = first(FIRST).replace("2024-03-03 09:00:00 -0500", &recent);
    let third = import(&app, dir.path(), &later, Options::default()).await;
    assert_eq!(third.lines[0].outcome, "continued");
    assert_eq!(
        statuses(&order(&app, &source(&terms()), "#1001").await),
        ["shipped"],
        "not for long enough to be delivered"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sku_of_two_vendors_is_two_offers() {
    let dir = tempfile::tempdir().expect("dir");
    let app = open(dir.path()).await;
    let rows = first(FIRST) + &first(First { name: "#1002", line: ["2", "Lamp", "10.00", "LAMP-R", "Other"], ..FIRST });
    for _ in 0..2 {
        let summary = import(&app, dir.path(), &rows, Options::default()).await;
        assert_eq!(summary.refused, 0, "{summary:#?}");
    }
    let other = order(&app, &source(&terms()), "#1002").await.order;
    assert_eq!(other.items[0].sku, "LAMP-R@Other");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_are_refused_by_line_and_column_and_change_nothing() {
    let dir = tempfile::tempdir().expect("dir");
    let app = open(dir.path()).await;
    app.store.sequence(512).await.expect("sequenced");
    let position = app.store.feed_position().await.expect("readable");
    let good = first(FIRST);
    for (from, to, column, expected) in [
        (",paid,", ",settled,", "Financial Status", "must be pending"),
        (",USD,", ",Dollar,", "Currency", "ISO 4217"),
        (",27.00,", ",28.00,", "Total", "come to USD 27.00"),
        (",27.00,", ",27.001,", "Total", "12.34"),
        (",20.00,5.00", ",21.00,5.00", "Subtotal", "before discounts"),
        ("2024-03-01 11:59:00 -0500", "1st of March", "Created at", "write it like"),
        ("2024-03-01 11:59:00 -0500", "", "Created at", "is empty"),
        ("2024-03-01 11:59:00 -0500", "2099-03-01 11:59:00 -0500", "Created at", "in the future"),
        (",2,Lamp", ",two,Lamp", "Lineitem quantity", "whole number"),
        (",2,Lamp", ",0,Lamp", "Lineitem quantity", "between 1 and"),
        (",10.00,", ",ten,", "Lineitem price", "12.34"),
        ("Lamp - Red", "", "Lineitem name", "is empty"),
        ("ann@example.com", "ann", "Email", "e-mail"),
        (",US,,Shopify", ",United States,,Shopify", "Shipping Country", "alpha-2"),
        ("#1001,", ",", "Name", "is empty"),
        ("Lights Inc.", "Lights, Inc.", "(row)", "inside quotes"),
    ] {
        let row = good.replacen(from, to, 1);
        assert_ne!(row, good, "{from}");
        let summary = import(&app, dir.path(), &row, Options::default()).await;
        let told = &summary.lines[0];
        assert_eq!(
            (told.line, told.outcome, told.column.as_deref()),
            (2, "refused", Some(column)),
            "{to}: {summary:#?}"
        );
        assert!(told.reason.as_ref().is_some_and(|r| r.contains(expected)), "{to}: {told:?}");
        assert_eq!(summary.orders, 0);
    }
    assert!(app.channels().is_empty(), "nothing was written");
    assert_eq!(app.store.feed_position().await.expect("readable"), position, "nothing was written");
    // Another currency than the channel's: the first order says which.
    let rows = good.clone() + &good.replace("#1001", "#1002").replace(",USD,", ",EUR,");
    let summary = import(&app, dir.path(), &rows, Options { dry_run: true, ..Options::default() }).await;
    assert_eq!((summary.created, summary.lines[1].column.as_deref()), (1, Some("Currency")), "{summary:#?}");
    let file = dir.path().join("products.csv");
    std::fs::write(&file, "Handle,Title\nx,y\n").expect("written");
    let error = run(&app, &file, terms(), Options::default(), &ProgressBar::hidden()).await.expect_err("no orders");
    assert!(format!("{error:#}").contains("no column Name, Financial Status"), "{error:#}");
}
