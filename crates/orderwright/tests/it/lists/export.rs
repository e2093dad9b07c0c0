//! The list of orders as a file: the same orders, one row for each line, and nothing that a spreadsheet takes for a formula.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::shop::lists::{encoded, walk};
use crate::shop::{Actor, Json, Shop};

scenarios! {
    shared:
        a_row_for_each_line_with_the_orders_columns,
        no_cell_is_a_formula,
        an_owner_exports_their_channel_only,
        what_the_list_refuses_the_export_refuses;
    quiet:
        the_export_has_what_the_list_has;
}

type Row = BTreeMap<String, String>;

#[track_caller]
fn export(actor: &Actor, query: &str) -> Vec<Row> {
    let reply = actor.get(&format!("/admin/orders.csv?{query}"));
    let kind = reply.header("content-type").unwrap_or_default().to_owned();
    let name = reply.header("content-disposition").unwrap_or_default().to_owned();
    let text = reply.text.clone();
    reply.expect(200);
    assert!(kind.starts_with("text/csv"), "{kind}");
    assert!(name.starts_with("attachment; filename=\"orders-") && name.ends_with(".csv\""), "{name}");
    assert!(text.ends_with("\r\n"), "RFC 4180");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let named =
        |record: csv::StringRecord| header.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect();
    reader.records().map(|record| named(record.expect("as many fields as columns"))).collect()
}

fn a_row_for_each_line_with_the_orders_columns(shop: &Shop) {
    let id = shop.ready_with("mall", &[(0, 2), (1, 1)]);
    let order = shop.view(&id);
    let rows = export(&shop.admin(), &format!("orderNumber={}", order.s("orderNumber")));
    assert_eq!(rows.len(), 2);
    for (row, item) in rows.iter().zip(order.list("items")) {
        for (column, field) in
            [("orderId", "id"), ("orderNumber", "orderNumber"), ("status", "status"), ("currency", "currency")]
        {
            assert_eq!(row[column], order.s(field), "{column}");
        }
        assert_eq!(row["total"], order.n("total").to_string());
        assert_eq!((row["customerEmail"].as_str(), row["shippingCity"].as_str()), ("robin@example.org", "Leeds"));
        assert_eq!((row["itemId"].as_str(), row["sku"].as_str()), (item.id(), item.s("sku")));
        assert_eq!(
            (row["quantity"].clone(), row["itemTotal"].clone()),
            (item.n("quantity").to_string(), item.n("total").to_string())
        );
    }
}

fn no_cell_is_a_formula(shop: &Shop) {
    let nasty = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "＝1+1", "Robin; \"Ray\", =1"];
    for name in nasty {
        let mut body = shop.guest_basket("retail", &[(0, 1)], "pm_card_visa");
        body["customer"]["name"] = json!(name);
        body["shippingAddress"]["line1"] = json!(name);
        let order = shop.storefront("retail").post("/storefront/orders", &body).expect(201);
        let rows = export(&shop.admin(), &format!("q={}", encoded(order.id())));
        let safe = if name.starts_with("Robin") { name.to_owned() } else { format!("'{name}") };
        assert_eq!(rows[0]["customerName"], safe);
        assert_eq!(rows[0]["shippingLine1"], safe);
        assert_eq!(rows[0]["shippingPhone"], "'+441130000000");
        assert!(rows[0]["total"].parse::<i64>().is_ok());
    }
}

fn an_owner_exports_their_channel_only(shop: &Shop) {
    shop.ready("bazaar");
    shop.ready("retail");
    let rows = export(&shop.retailer("retail"), "");
    assert!(!rows.is_empty() && rows.iter().all(|row| row["channel"] == "retail"));
    assert_eq!(export(&shop.retailer("retail"), "channel=bazaar").len(), 0, "a header and nothing more");
    for other in [shop.customer(0), shop.merchant_of("retail", 0), shop.storefront("retail")] {
        other.get("/admin/orders.csv").problem(403);
    }
    shop.anyone().get("/admin/orders.csv").problem(401);
}

fn what_the_list_refuses_the_export_refuses(shop: &Shop) {
    for (query, wrong) in [
        ("status=flying", "status"),
        ("sort=colour", "sort"),
        ("from=yesterday", "from"),
        ("limit=5", "limit"),
        ("x=1", "x"),
    ] {
        shop.admin().get(&format!("/admin/orders.csv?{query}")).wrong(&[wrong]);
    }
}

fn the_export_has_what_the_list_has(shop: &Shop) {
    for query in ["", "channel=mall,bazaar", "status=delivered&sort=total", "paymentStatus=captured&sort=-itemName"] {
        let rows = export(&shop.admin(), query);
        let list = walk(&shop.admin(), "/admin/orders", &format!("limit=200&{query}"));
        let mut ids: Vec<&str> = rows.iter().map(|row| row["orderId"].as_str()).collect();
        ids.dedup();
        assert_eq!(
            ids,
            list.iter().map(|order| order.id()).collect::<Vec<_>>(),
            "{query}: the same orders in the same order"
        );
        assert_eq!(rows.len(), list.iter().map(|order| order.list("items").len()).sum::<usize>(), "{query}");
        let items: BTreeSet<&str> = rows.iter().map(|row| row["itemId"].as_str()).collect();
        assert_eq!(items.len(), rows.len(), "{query}: every line once");
    }
    let all = export(&shop.admin(), "");
    assert!(all.len() > 100, "more than one page: {}", all.len());
}
