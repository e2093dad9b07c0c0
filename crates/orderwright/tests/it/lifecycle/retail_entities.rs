//! Every field of retail's two entities is there, by its name, and its timeline has every kind of entry.

use serde_json::{Value, json};

use crate::shop::{Json, Shop};

scenarios! {
    shared:
        an_order_has_every_field,
        an_item_has_every_field,
        an_order_number_is_a_date_and_a_counter,
        snapshots_are_always_there,
        the_timeline_has_every_kind_of_entry,
        a_timeline_entry_has_every_field;
}

const ORDER: [&str; 37] = [
    "id",
    "orderNumber",
    "channel",
    "workflow",
    "customerId",
    "customer",
    "status",
    "displayStatus",
    "paymentStatus",
    "shippingStatus",
    "currency",
    "subtotal",
    "gstAmount",
    "discountCode",
    "discountAmount",
    "shippingCost",
    "roundingAmount",
    "total",
    "refundedTotal",
    "razorpayOrderId",
    "paymentReference",
    "shippingProvider",
    "shippingAddressId",
    "shippingAddress",
    "billingAddressId",
    "billingAddress",
    "discountSnapshot",
    "pricingSnapshot",
    "items",
    "merchantOrders",
    "payments",
    "refunds",
    "splits",
    "shipments",
    "notes",
    "createdAt",
    "updatedAt",
];

const ITEM: [&str; 21] = [
    "id",
    "orderId",
    "productVariantId",
    "sku",
    "name",
    "merchantId",
    "quantity",
    "price",
    "gstRate",
    "gstAmount",
    "discountAmount",
    "total",
    "status",
    "displayStatus",
    "merchantStatus",
    "merchantDisplayStatus",
    "expectedBy",
    "deliveredAt",
    "metadata",
    "createdAt",
    "updatedAt",
];

/// Named fields are present, `null` when empty.
#[track_caller]
fn assert_fields(value: &Value, fields: &[&str]) {
    let present = value.as_object().expect("an object");
    for field in fields {
        assert!(present.contains_key(*field), "`{field}` is missing in {value:#}");
    }
}

fn an_order_has_every_field(shop: &Shop) {
    for channel in crate::shop::orders::CHANNELS {
        let placed = shop.place(channel, &[(0, 1)], "pm_card_visa");
        assert_fields(&placed, &ORDER);
        let order = shop.view(placed.id());
        assert_fields(&order, &ORDER);
        assert_fields(&order["workflow"], &["name", "version"]);
        assert_fields(&order["customer"], &["name", "email", "phone"]);
        assert_eq!(order.s("channel"), channel);
        for text in ["id", "customerId", "orderNumber", "shippingAddressId", "billingAddressId", "createdAt"] {
            assert!(!order.s(text).is_empty(), "{text}");
        }
        assert_eq!(order["shippingAddress"].s("postalCode"), "LS1 1AA");
    }
}

fn an_item_has_every_field(shop: &Shop) {
    let id = shop.ready_with("retail", &[(0, 2), (1, 1)]);
    let order = shop.view(&id);
    for (n, item) in order.list("items").iter().enumerate() {
        assert_fields(item, &ITEM);
        assert_eq!(item.s("orderId"), id);
        assert_eq!(item.s("sku"), shop.sku("retail", n));
        assert_eq!(item.n("price"), shop.offer("retail", n).n("price"), "the unit price at the time of the order");
        assert!(item["gstRate"].is_string(), "percentages are decimal strings: {item:#}");
        assert!(!item.s("productVariantId").is_empty());
    }
    assert_eq!(order["items"][0].n("quantity"), 2);
}

/// `ORD-20241218-00001`: the UTC date and a counter of at least five digits.
fn an_order_number_is_a_date_and_a_counter(shop: &Shop) {
    let order = shop.place("retail", &[(0, 1)], "pm_card_visa");
    let number = order.s("orderNumber");
    let parts: Vec<&str> = number.split('-').collect();
    assert_eq!(parts.len(), 3, "{number}");
    assert_eq!(parts[0], "ORD", "{number}");
    assert_eq!(parts[1], order.s("createdAt")[..10].replace('-', ""), "{number}: the day of its placement");
    assert!(parts[2].len() >= 5 && parts[2].bytes().all(|b| b.is_ascii_digit()), "{number}");
}

fn snapshots_are_always_there(shop: &Shop) {
    let order = shop.view(&shop.ready("retail"));
    let discount = &order["discountSnapshot"];
    assert_fields(discount, &["engineVersion", "timestamp", "rules", "ruleHash", "appliedDiscounts"]);
    assert!(discount["rules"].is_array() && discount["appliedDiscounts"].is_array(), "{discount:#}");
    assert_fields(&order["pricingSnapshot"], &["engineVersion", "timestamp", "variants", "ruleHash"]);
}

fn the_timeline_has_every_kind_of_entry(shop: &Shop) {
    let id = shop.ready("retail");
    let note = json!({ "note": "gift wrap", "isPublic": false });
    shop.admin().post(&format!("/admin/orders/{id}/notes"), &note).expect(201);
    for status in ["processing", "shipped", "delivered"] {
        shop.admin().set_status(&id, status).expect(200);
    }
    shop.admin().refund(&id, &json!({ "reason": "damaged", "initiatePaymentRefund": true })).expect(201);
    shop.wait_status(&id, "refunded");
    let mut kinds: Vec<String> =
        shop.timeline_as(&shop.admin(), &id).iter().map(|entry| entry.s("type").to_owned()).collect();
    let cancelled = shop.ready("retail");
    shop.customer(0).cancel(&cancelled).expect(200);
    kinds.extend(shop.timeline_as(&shop.admin(), &cancelled).iter().map(|entry| entry.s("type").to_owned()));
    for kind in
        ["created", "status_changed", "payment_received", "shipped", "delivered", "cancelled", "refunded", "note_added"]
    {
        assert!(kinds.iter().any(|k| k == kind), "no `{kind}` in {kinds:?}");
    }
}

fn a_timeline_entry_has_every_field(shop: &Shop) {
    let id = shop.ready("retail");
    for entry in shop.timeline_as(&shop.admin(), &id) {
        assert_fields(&entry, &["id", "orderId", "type", "message", "metadata", "createdBy", "createdAt"]);
        assert_eq!(entry.s("orderId"), id);
        assert!(!entry.s("message").is_empty(), "{entry:#}");
    }
}
