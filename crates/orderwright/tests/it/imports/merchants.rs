//! Events from a merchant's file: their own items only, line by line, each order as the line before left it.

use serde_json::Value;

use super::{import, lines};
use crate::shop::{Json, Shop};

scenarios! {
    shared:
        parcels_are_sent_and_delivered_from_one_file,
        items_are_named_by_id_by_sku_or_not_at_all,
        each_line_fails_alone,
        a_dry_run_plays_the_lines_one_after_the_other,
        a_merchant_cannot_say_that_money_came;
}

const PATH: &str = "/merchant/orders/import";

fn parcels_are_sent_and_delivered_from_one_file(shop: &Shop) {
    let id = shop.ready("mall");
    let number = shop.view(&id).s("orderNumber").to_owned();
    let file = format!(
        "orderNumber,sku,event,trackingNumber,carrier,expectedBy\n{number},,ship,T-1,DHL,2031-02-03\n{number},,deliver,,,\n"
    );
    let report = import(&shop.merchant_of("mall", 0), PATH, file);
    assert_eq!(lines(&report), [(2, "fired", "", ""), (3, "fired", "", "")], "{report:#}");
    assert_eq!(report["outcomes"][0].s("status"), "shipped_by_merchant");
    let order = shop.view(&id);
    assert_eq!((order.s("status"), order["items"][0].s("expectedBy")), ("delivered", "2031-02-03"));
    assert_eq!((order["shipments"][0].s("trackingNumber"), order["shipments"][0].s("carrier")), ("T-1", "DHL"));
}

fn items_are_named_by_id_by_sku_or_not_at_all(shop: &Shop) {
    let id = shop.ready("bazaar");
    let order = shop.view(&id);
    let (number, item, sku) = (order.s("orderNumber"), order["items"][0].id(), order["items"][0].s("sku"));
    let file = format!(
        "event,orderNumber,itemId,sku,trackingNumber\nacknowledge,{number},{item},{sku},\nship,{number},,{sku},T-9\ncomplete,{number},,,\n"
    );
    let report = import(&shop.merchant_of("bazaar", 0), PATH, file);
    assert_eq!(report.n("succeeded"), 3, "{report:#}");
    assert_eq!(shop.view(&id).s("status"), "completed");
}

fn each_line_fails_alone(shop: &Shop) {
    let id = shop.ready_with("mall", &[(0, 1), (1, 1)]);
    let others = shop.ready_with("mall", &[(1, 1)]);
    let (order, other_order) = (shop.view(&id), shop.view(&others));
    let (number, foreign) = (order.s("orderNumber"), other_order.s("orderNumber"));
    let own = order["items"][0].id();
    let of_other = order["items"][1].id();
    let long = "x".repeat(201);
    let file = format!(
        "orderNumber,itemId,sku,event,trackingNumber,carrier,expectedBy\n\
         {foreign},,,ship,,,2031-02-03\n\
         {number},{of_other},,ship,,,2031-02-03\n\
         {number},,NO-SUCH-SKU,ship,,,2031-02-03\n\
         {number},{own},NO-SUCH-SKU,ship,,,2031-02-03\n\
         {number},,,ship,,,\n\
         {number},,,ship,,,3.2.2031\n\
         {number},,,fly,,,\n\
         {number},,,deliver,,,\n\
         {number},,,,,,\n\
         {number},,,ship,{long},,2031-02-03\n\
         {number},{own},,ship,,,2031-02-03\n"
    );
    let mut report = Value::Null;
    shop.unchanged(&others, || report = import(&shop.merchant_of("mall", 0), PATH, &file));
    assert_eq!(
        lines(&report),
        [
            (2, "failed", "orderNumber", "not_found"),
            (3, "failed", "itemId", "not_found"),
            (4, "failed", "sku", "not_found"),
            (5, "failed", "sku", "invalid_fields"),
            (6, "failed", "expectedBy", "invalid_fields"),
            (7, "failed", "expectedBy", "invalid_fields"),
            (8, "failed", "event", "unknown_event"),
            (9, "failed", "event", "not_possible_now"),
            (10, "failed", "event", "invalid_fields"),
            (11, "failed", "trackingNumber", "invalid_fields"),
            (12, "fired", "", ""),
        ],
        "{report:#}"
    );
    let order = shop.view(&id);
    assert_eq!(
        (order["items"][0].s("status"), order["items"][1].s("status")),
        ("shipped_by_merchant", "sent_to_merchant")
    );
}

fn a_dry_run_plays_the_lines_one_after_the_other(shop: &Shop) {
    let id = shop.ready("mall");
    let number = shop.view(&id).s("orderNumber").to_owned();
    let file = format!(
        "orderNumber,event,expectedBy\n{number},deliver,\n{number},ship,2031-02-03\n{number},deliver,\n{number},deliver,\n"
    );
    shop.unchanged(&id, || {
        let report = import(&shop.merchant_of("mall", 0), &format!("{PATH}?dryRun=true"), &file);
        let outcomes: Vec<&str> = report.each("outcomes", "outcome");
        assert_eq!(outcomes, ["failed", "fired", "fired", "failed"], "{report:#}");
    });
}

fn a_merchant_cannot_say_that_money_came(shop: &Shop) {
    for (channel, event) in [("bazaar", "paid_outside"), ("retail", "paid_outside")] {
        let order = shop.place(channel, &[(0, 1)], "pm_offline");
        let file = format!("orderNumber,event\n{},{event}\n", order.s("orderNumber"));
        shop.unchanged(order.id(), || {
            let report = import(&shop.merchant_of(channel, 0), PATH, &file);
            assert_eq!(lines(&report), [(2, "failed", "event", "event_not_allowed")], "{report:#}");
        });
    }
    for other in [shop.customer(0), shop.admin(), shop.retailer("mall")] {
        other.call("POST", PATH).csv(b"orderNumber,event\n").send().problem(403);
    }
}
