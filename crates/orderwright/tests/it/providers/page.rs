//! The payment page in a real browser: the card goes into the provider's component, and never to us.

use serde_json::json;

use super::house::House;
use super::sdk::node;
use crate::shop::Json;

provider_scenarios! {
    a_card_is_entered_in_stripes_component,
    a_card_is_entered_in_razorpays_checkout,
    a_link_is_one_orders_and_nobody_guesses_it,
}

fn page_of(house: &House, id: &str) -> String {
    house.shop.wait(id, "waits for its customer", |o| o["payments"][0]["awaitsCustomer"] == true);
    let link = house.shop.customer(0).get(&format!("/storefront/orders/{id}/payment")).expect(200);
    assert_eq!(link["awaitsCustomer"], true);
    format!("{}{}", house.shop.demo().s("baseUrl"), link.s("page"))
}

fn a_card_is_entered_in_stripes_component(house: &House) {
    for card in ["4242424242424242", "4000002500003155"] {
        let order = house.shop.place("mall", &[(0, 1)], "checkout");
        let page = page_of(house, order.id());
        // A declined card first: the customer tries another on the same page's payment.
        node("pay.mjs", &[&page, "stripe", "4000000000009995", "declined"]);
        node("pay.mjs", &[&page, "stripe", card, "paid"]);
        house.shop.wait_payment(order.id(), "captured");
        house.assert_books_agree(order.id());
    }
    // A card that the storefront gave was declined: the page begins another attempt.
    let order = house.shop.place("mall", &[(0, 1)], "pm_card_chargeDeclined");
    house.shop.wait_payment(order.id(), "failed");
    let link = house.shop.customer(0).get(&format!("/storefront/orders/{}/payment", order.id())).expect(200);
    let page = format!("{}{}", house.shop.demo().s("baseUrl"), link.s("page"));
    node("pay.mjs", &[&page, "stripe", "4242424242424242", "paid"]);
    assert_eq!(house.shop.wait_payment(order.id(), "captured").list("payments").len(), 2);
    house.assert_books_agree(order.id());
    // A card that is verified, not charged.
    let order = house.shop.place("studio", &[(0, 1)], "checkout");
    let page = page_of(house, order.id());
    node("pay.mjs", &[&page, "stripe", "4242424242424242", "verified"]);
    house.shop.wait_status(order.id(), "received");
    house.shop.wait(order.id(), "is verified", |o| o["payments"][0]["awaitsCustomer"] == false);
}

fn a_card_is_entered_in_razorpays_checkout(house: &House) {
    let order = house.shop.place("retail", &[(0, 1)], "checkout");
    let page = page_of(house, order.id());
    node("pay.mjs", &[&page, "razorpay", "4000000000000002", "declined"]);
    node("pay.mjs", &[&page, "razorpay", "4111111111111111", "paid"]);
    house.shop.wait_payment(order.id(), "captured");
}

fn a_link_is_one_orders_and_nobody_guesses_it(house: &House) {
    let (one, two) = (house.shop.place("mall", &[(0, 1)], "checkout"), house.shop.place("mall", &[(0, 1)], "checkout"));
    let path = |order: &serde_json::Value| {
        house
            .shop
            .customer(0)
            .get(&format!("/storefront/orders/{}/payment", order.id()))
            .expect(200)
            .s("page")
            .to_owned()
    };
    let (mine, other) = (path(&one), path(&two));
    let anyone = house.shop.anyone();
    let reply = anyone.get(&mine);
    assert_eq!(reply.status, 200, "{}", reply.text);
    let policy = reply.header("content-security-policy").expect("a policy").to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains(&house.stripe.url), "{policy}");
    let token = other.rsplit('/').next().expect("a token");
    for wrong in
        [format!("/pay/{}/{token}", one.id()), format!("/pay/{}/x", one.id()), "/pay/ord_0000000000000/x".to_owned()]
    {
        let reply = anyone.get(&wrong);
        assert_eq!((reply.status, reply.text.contains("There is no payment here")), (404, true), "{wrong}");
        assert!(!reply.header("content-security-policy").expect("a policy").contains("http"), "no provider is named");
        anyone.post(&format!("{wrong}/check"), &json!({})).problem(404);
    }
    // Another's token sees no link to it.
    house.shop.customer(1).get(&format!("/storefront/orders/{}/payment", one.id())).problem(404);
    // An answer of the checkout that Razorpay did not sign is refused.
    let order = house.shop.place("retail", &[(0, 1)], "checkout");
    house.at_razorpay(order.id());
    let told = json!({ "razorpay_order_id": "order_1", "razorpay_payment_id": "pay_1", "razorpay_signature": "00" });
    anyone.post(&format!("{}/check", path(&order)), &told).wrong(&["/razorpay_signature"]);
}
