//! A customer as staff sees them: the platform everything, the owner of a channel what was given there.

use serde_json::json;

use crate::shop::json::texts;
use crate::shop::{Json, Shop};

scenarios! {
    shared:
        the_platform_sees_everything,
        an_owner_sees_what_was_given_in_their_channel,
        nobody_else_sees_a_customer;
}

fn the_platform_sees_everything(shop: &Shop) {
    let body = shop.guest_basket("retail", &[(0, 1)], "pm_card_visa");
    let order = shop.storefront("retail").post("/storefront/orders", &body).expect(201);
    let customer = shop.admin().get(&format!("/admin/customers/{}", order.s("customerId"))).expect(200);
    assert_eq!((customer.id(), customer.s("channel")), (order.s("customerId"), "retail"));
    let (name, email) = (body["customer"].s("name"), body["customer"].s("email"));
    assert_eq!(customer["contact"], json!({ "name": name, "email": email, "phone": null }));
    assert_eq!(customer["addresses"][0]["address"].s("line1"), body["shippingAddress"].s("line1"));
    assert_eq!(customer.each("orders", "id"), [order.id()]);
    assert_eq!(customer["orders"][0].n("total"), order.n("total"));
    for id in ["cus_0000000000000", "nonsense", order.id()] {
        shop.admin().get(&format!("/admin/customers/{id}")).problem(404);
    }
}

fn an_owner_sees_what_was_given_in_their_channel(shop: &Shop) {
    let place = |channel: &str| {
        let mut body = shop.basket(channel, &[(0, 1)], "pm_card_visa");
        body["customer"]["email"] = json!(format!("{}@example.org", shop.unique(channel)));
        body["shippingAddress"]["line1"] = json!(format!("{} Road", shop.unique(channel)));
        shop.customer(2).post("/storefront/orders", &body).expect(201)
    };
    let (here, there) = (place("retail"), place("bazaar"));
    let path = format!("/admin/customers/{}", here.s("customerId"));
    let seen = texts(&shop.retailer("retail").get(&path).expect(200));
    for (order, visible) in [(&here, true), (&there, false)] {
        for text in [order.id(), order["customer"].s("email"), order["shippingAddress"].s("line1")] {
            assert_eq!(seen.iter().any(|s| s == text), visible, "{text}");
        }
    }
    let all = texts(&shop.admin().get(&path).expect(200));
    assert!(all.iter().any(|s| s == there["customer"].s("email")));
}

fn nobody_else_sees_a_customer(shop: &Shop) {
    let body = shop.guest_basket("retail", &[(0, 1)], "pm_card_visa");
    let order = shop.storefront("retail").post("/storefront/orders", &body).expect(201);
    let path = format!("/admin/customers/{}", order.s("customerId"));
    shop.retailer("retail").get(&path).expect(200);
    shop.retailer("bazaar").get(&path).problem(404);
    for other in [shop.customer(0), shop.merchant_of("retail", 0), shop.storefront("retail")] {
        other.get(&path).problem(403);
    }
}
