//! Each filter of the list of orders gives what it says, and all that it says, compared with a walk over everything.

use serde_json::Value;

use crate::shop::lists::{encoded, walk};
use crate::shop::{Json, Shop};

scenarios! {
    quiet:
        by_channel,
        by_status_one_and_several,
        by_payment_and_shipping_status,
        by_merchant,
        by_sku,
        by_customer,
        by_order_number,
        by_date_from_inclusive_to_exclusive,
        by_total,
        by_delivery_date,
        by_what_a_person_types,
        filters_are_combined,
        an_owners_filter_stays_in_the_channel,
        customers_and_merchants_filter_their_own,
        a_row_is_the_orders_json;
}

/// Every order there is, the newest first.
fn all(shop: &Shop) -> Vec<Value> {
    walk(&shop.admin(), "/admin/orders", "limit=200")
}

/// The filtered list is exactly what a naive look through all of them finds, and it finds something.
#[track_caller]
fn assert_filter(shop: &Shop, query: &str, keep: impl Fn(&Value) -> bool) {
    let all = all(shop);
    let expected: Vec<&str> = all.iter().filter(|order| keep(order)).map(|order| order.id()).collect();
    let found = walk(&shop.admin(), "/admin/orders", &format!("limit=200&{query}"));
    let found: Vec<&str> = found.iter().map(|order| order.id()).collect();
    assert!(!expected.is_empty(), "{query}: nothing to find, so nothing is shown");
    assert!(expected.len() < all.len(), "{query}: everything matches, so nothing is shown");
    assert_eq!(found, expected, "{query}");
}

fn by_channel(shop: &Shop) {
    assert_filter(shop, "channel=mall", |order| order.s("channel") == "mall");
    assert_filter(shop, "channel=mall,retail", |order| ["mall", "retail"].contains(&order.s("channel")));
}

fn by_status_one_and_several(shop: &Shop) {
    shop.ready("retail");
    assert_filter(shop, "status=confirmed", |order| order.s("status") == "confirmed");
    let several = ["delivered", "completed", "cancelled"];
    assert_filter(shop, &format!("status={}", several.join(",")), |order| several.contains(&order.s("status")));
}

fn by_payment_and_shipping_status(shop: &Shop) {
    assert_filter(shop, "paymentStatus=captured", |order| order.s("paymentStatus") == "captured");
    shop.ready("blinds");
    shop.place("retail", &[(0, 1)], "pm_offline");
    let two = ["authorised", "pending"];
    assert_filter(shop, "paymentStatus=authorised,pending", |order| two.contains(&order.s("paymentStatus")));
    assert_filter(shop, "shippingStatus=delivered", |order| order.s("shippingStatus") == "delivered");
}

fn by_merchant(shop: &Shop) {
    shop.ready_with("mall", &[(0, 1), (1, 1)]);
    let merchant = shop.offer("mall", 1).s("merchantId");
    let has = |order: &Value| order.each("items", "merchantId").contains(&merchant);
    assert_filter(shop, &format!("merchantId={merchant}"), has);
}

fn by_sku(shop: &Shop) {
    shop.ready("bazaar");
    let sku = shop.sku("bazaar", 0);
    assert_filter(shop, &format!("sku={}", encoded(sku)), |order| order.each("items", "sku").contains(&sku));
}

fn by_customer(shop: &Shop) {
    let order = shop.view(&shop.ready("retail"));
    let customer = order.s("customerId");
    assert_filter(shop, &format!("customerId={customer}"), |order| order.s("customerId") == customer);
}

fn by_order_number(shop: &Shop) {
    let order = shop.view(&shop.ready("retail"));
    let number = order.s("orderNumber");
    assert_filter(shop, &format!("orderNumber={number}"), |order| order.s("orderNumber") == number);
    // Partial matching, too.
    let (part, _) = number.rsplit_once('-').expect("a number with a counter");
    assert_filter(shop, &format!("orderNumber={part}"), |order| order.s("orderNumber").contains(part));
}

fn by_date_from_inclusive_to_exclusive(shop: &Shop) {
    let all = all(shop);
    let middle = all[all.len() / 2].s("createdAt").to_owned();
    let at = jiff_instant(&middle);
    assert_filter(shop, &format!("from={}", encoded(&middle)), |order| jiff_instant(order.s("createdAt")) >= at);
    assert_filter(shop, &format!("to={}", encoded(&middle)), |order| jiff_instant(order.s("createdAt")) < at);
    let day = &middle[..10];
    assert_filter(shop, &format!("from={day}"), |order| &order.s("createdAt")[..10] >= day);
    assert_filter(shop, &format!("to={day}"), |order| &order.s("createdAt")[..10] < day);
}

fn jiff_instant(text: &str) -> jiff::Timestamp {
    text.parse().unwrap_or_else(|e| panic!("{text} is no instant: {e}"))
}

fn by_total(shop: &Shop) {
    let mut totals: Vec<i64> = all(shop).iter().map(|order| order.n("total")).collect();
    totals.sort_unstable();
    let middle = totals[totals.len() / 2];
    assert_filter(shop, &format!("minTotal={middle}"), |order| order.n("total") >= middle);
    assert_filter(shop, &format!("maxTotal={}", middle - 1), |order| order.n("total") < middle);
    let (low, high) = (totals[totals.len() / 4], totals[totals.len() * 3 / 4]);
    let within = |order: &Value| (low..=high).contains(&order.n("total"));
    assert_filter(shop, &format!("minTotal={low}&maxTotal={high}"), within);
}

fn by_delivery_date(shop: &Shop) {
    let id = shop.ready("retail");
    for status in ["processing", "shipped", "delivered"] {
        shop.admin().set_status(&id, status).expect(200);
    }
    let at = shop.view(&id)["items"][0].s("deliveredAt").to_owned();
    let found = walk(&shop.admin(), "/admin/orders", &format!("deliveredFrom={}", encoded(&at)));
    assert!(found.iter().any(|order| order.id() == id), "inclusive");
    assert!(found.iter().all(|order| ["delivered", "completed", "closed", "refunded"].contains(&order.s("status"))));
    let found = walk(&shop.admin(), "/admin/orders", &format!("limit=200&deliveredTo={}", encoded(&at)));
    assert!(found.iter().all(|order| order.id() != id), "exclusive");
    assert!(!found.is_empty(), "the demo has delivered orders");
}

fn by_what_a_person_types(shop: &Shop) {
    let body = shop.guest_basket("retail", &[(0, 1)], "pm_card_visa");
    let order = shop.storefront("retail").post("/storefront/orders", &body).expect(201);
    for q in [order.s("orderNumber"), order["customer"].s("email"), order.id()] {
        let found = walk(&shop.admin(), "/admin/orders", &format!("q={}", encoded(q)));
        assert!(found.iter().any(|row| row.id() == order.id()), "q={q}");
        assert!(found.len() < 200, "q={q} finds everything");
    }
    let found = walk(&shop.admin(), "/admin/orders", "q=Robin&limit=200");
    assert!(found.iter().any(|row| row.id() == order.id()), "by name");
}

fn filters_are_combined(shop: &Shop) {
    shop.ready("retail");
    let keep = |order: &Value| order.s("channel") == "retail" && order.s("status") == "confirmed";
    assert_filter(shop, "channel=retail&status=confirmed", keep);
    let none = shop.admin().get("/admin/orders?channel=retail&status=closed").expect(200);
    assert_eq!(none.list("data").len(), 0, "retail has no such status");
}

fn an_owners_filter_stays_in_the_channel(shop: &Shop) {
    let owner = shop.retailer("mall");
    let found = walk(&owner, "/admin/orders", "limit=200&status=delivered,completed");
    assert!(found.iter().all(|order| order.s("channel") == "mall" && order.s("status") == "delivered"));
    let others = owner.get("/admin/orders?channel=retail");
    if others.status == 200 {
        assert_eq!(others.body.list("data").len(), 0);
    } else {
        others.problem_of(&[403, 404, 422]);
    }
}

fn customers_and_merchants_filter_their_own(shop: &Shop) {
    let id = shop.ready("bazaar");
    for (actor, path) in [(shop.customer(0), "/storefront/orders"), (shop.merchant_of("bazaar", 0), "/merchant/orders")]
    {
        let pending = walk(&actor, path, "status=pending&limit=200");
        assert!(pending.iter().any(|order| order.id() == id), "{path}");
        assert!(pending.iter().all(|order| order.s("status") == "pending"), "{path}");
        let shipped = walk(&actor, path, "status=shipped&limit=200");
        assert!(shipped.iter().all(|order| order.s("status") == "shipped" && order.id() != id), "{path}");
    }
}

fn a_row_is_the_orders_json(shop: &Shop) {
    let id = shop.ready("retail");
    let rows = shop.admin().get("/admin/orders?limit=1").expect(200);
    assert_eq!(rows["data"][0], shop.view(&id), "the newest first, as it is read alone");
    let rows = shop.merchant_of("mall", 0).get("/merchant/orders?limit=5").expect(200);
    for row in rows.list("data") {
        assert!(row["total"].is_null(), "a merchant's row is a merchant's view: {row:#}");
    }
}
