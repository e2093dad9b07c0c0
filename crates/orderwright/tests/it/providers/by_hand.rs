//! What somebody does at Stripe's own page while an order rests on a hold, and what an outage of hours leaves behind: nothing.

use orderwright::fakes::faults::Kind;
use orderwright_core::workflow::Effect;
use serde_json::{Value, json};

use super::house::{House, at_the_page};
use crate::shop::Json;

provider_scenarios! {
    what_was_taken_there_goes_back_with_a_cancel,
    another_amount_that_was_taken_there_is_not_the_payment,
    a_hold_that_was_released_there_is_made_anew,
    an_outage_of_hours_is_told_and_outlived,
}

fn held(house: &House) -> Value {
    let order = house.shop.place("blinds", &[(0, 1)], "pm_card_visa");
    house.shop.wait_status(order.id(), "payment_authorised")
}

/// Everything that was taken by hand went back, at Stripe and in the books.
#[track_caller]
fn given_back(house: &House, order: &Value, amount: i64) {
    let order = house.shop.wait(order.id(), "has given it back", |o| {
        o["payments"][0].n("late") > 0 && o["payments"][0]["late"] == o["payments"][0]["lateRefunded"]
    });
    assert_eq!((order.s("status"), order.s("paymentStatus")), ("cancelled", "voided"), "{order:#}");
    assert_eq!(order["payments"][0].n("late"), amount);
    let back: Vec<i64> = house.at_stripe("refund", order.id()).iter().map(|r| r.n("amount")).collect();
    assert_eq!(back, [amount], "once");
    let lines = house.shop.admin().get(&format!("/admin/ledger?orderId={}&limit=200", order.id())).expect(200);
    for account in ["provider/clearing", "provider/held", "orders/unsettled"] {
        let booked: i64 = lines.list("data").iter().filter(|l| l["account"] == account).map(|l| l.n("amount")).sum();
        assert_eq!(booked, 0, "{account}: {lines:#}");
    }
    let told = house.shop.timeline_as(&house.shop.customer(0), order.id());
    assert!(told.iter().any(|e| e["type"] == "late_payment_refunded"), "{told:#?}");
}

fn what_was_taken_there_goes_back_with_a_cancel(house: &House) {
    for (key, part) in [(101, None), (102, Some(100))] {
        let order = held(house);
        let amount = part.unwrap_or(order.n("total"));
        at_the_page(&house.stripe, &order, key, Effect::Capture, amount);
        house.shop.customer(0).cancel(order.id()).expect(200);
        given_back(house, &order, amount);
    }
}

fn another_amount_that_was_taken_there_is_not_the_payment(house: &House) {
    let order = held(house);
    at_the_page(&house.stripe, &order, 103, Effect::Capture, 100);
    house.shop.merchants_fire(order.id(), "confirm", &json!({}));
    given_back(house, &order, 100);
}

fn a_hold_that_was_released_there_is_made_anew(house: &House) {
    let order = held(house);
    at_the_page(&house.stripe, &order, 104, Effect::Void, 0);
    let order = house.shop.wait(order.id(), "is held anew", |o| {
        o.list("payments").len() == 2 && o["payments"][0]["status"] == "voided" && o["paymentStatus"] == "authorised"
    });
    let told = house.shop.timeline_as(&house.shop.admin(), order.id());
    assert!(told.iter().any(|e| e.s("message").contains("the payment provider released it")), "{told:#?}");
    house.shop.merchants_fire(order.id(), "confirm", &json!({}));
    house.shop.wait_status(order.id(), "confirmed");
    house.assert_books_agree(order.id());
}

fn an_outage_of_hours_is_told_and_outlived(house: &House) {
    let order = held(house);
    house.stripe.fault("/capture", Kind::Error, 1_000);
    house.shop.merchants_fire(order.id(), "confirm", &json!({}));
    let told = |house: &House| {
        let entries = house.shop.timeline_as(&house.shop.admin(), order.id());
        entries.iter().filter(|e| e["type"] == "needs_attention").map(|e| e.s("message").to_owned()).collect::<Vec<_>>()
    };
    let mut hours = 0;
    while told(house).is_empty() {
        hours += 1;
        assert!(hours < 400, "nobody was told of the outage");
        house.shop.advance("1h");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let words = told(house);
    assert!(words[0].contains("payment.capture") && words[0].contains("tried again every hour"), "{words:?}");
    house.stripe.clear_faults();
    for _ in 0..400 {
        if house.shop.view(order.id()).s("status") == "confirmed" {
            break;
        }
        house.shop.advance("1h");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let confirmed = house.shop.wait_status(order.id(), "confirmed");
    assert_eq!(told(house).len(), 1, "once");
    assert_eq!(confirmed["payments"][0].n("captured"), order.n("total"));
}
