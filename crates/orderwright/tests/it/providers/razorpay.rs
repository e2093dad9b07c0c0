//! Orders paid through Razorpay's checkout: no key on orders and captures, so whatever is lost is asked for.

use orderwright::fakes::faults::Kind;
use serde_json::json;

use super::house::House;
use crate::shop::{Json, Shop, eventually};

provider_scenarios! {
    a_paid_order_is_captured,
    a_lost_order_is_found_by_its_receipt,
    a_lost_capture_is_found,
    a_declined_card_can_be_tried_again,
    a_late_bank_is_waited_for,
    a_refund_is_made_once_and_can_fail_later,
    a_dispute_is_lost,
}

fn captured(shop: &Shop, id: &str) -> serde_json::Value {
    let order = shop.wait_payment(id, "captured");
    assert_eq!(order.sum("payments", "captured"), order.n("total"), "{order:#}");
    crate::shop::orders::assert_sums(&order);
    order
}

fn a_paid_order_is_captured(house: &House) {
    let (id, payment) = house.place_and_pay(&[(0, 1)]);
    let order = captured(&house.shop, &id);
    assert_eq!(order.s("razorpayOrderId"), payment.s("order_id"), "{order:#}");
    assert_eq!(order.s("paymentReference"), payment.id());
    assert_eq!(house.razorpay.calls(&format!("{}/capture", payment.id())), 1);
}

fn a_lost_order_is_found_by_its_receipt(house: &House) {
    for kind in [Kind::Lost, Kind::ErrorAfter, Kind::TimeoutAfter, Kind::Error] {
        house.razorpay.fault("POST /v1/orders", kind, 1);
        let (id, _) = house.place_and_pay(&[(0, 1)]);
        captured(&house.shop, &id);
        let orders = house.razorpay.books(|books| {
            books.list("entity", "order").into_iter().filter(|o| o["notes"]["orderwright_order"] == id.as_str()).count()
        });
        assert_eq!(orders, 1, "{kind:?}");
    }
}

fn a_lost_capture_is_found(house: &House) {
    for kind in [Kind::Lost, Kind::ErrorAfter, Kind::Error, Kind::RateLimited] {
        house.razorpay.fault("/capture", kind, 1);
        let (id, payment) = house.place_and_pay(&[(0, 1)]);
        captured(&house.shop, &id);
        let there = house.razorpay.books(|books| books.get(payment.id()).cloned()).expect("the payment");
        assert_eq!((there.s("status"), there.n("amount_refunded")), ("captured", 0), "{kind:?}: {there:#}");
    }
}

fn a_declined_card_can_be_tried_again(house: &House) {
    let order = house.shop.place("retail", &[(0, 1)], "checkout");
    let there = house.at_razorpay(order.id());
    house.razorpay.books(|books| {
        orderwright::fakes::razorpay::act(books, there.id(), "pay", &json!({ "card": "declined" })).expect("tried")
    });
    let waiting = house.shop.wait(order.id(), "waits for its customer", |o| o["payments"][0]["awaitsCustomer"] == true);
    assert_eq!(waiting.s("paymentStatus"), "pending");
    house.act(&house.razorpay, there.id(), "pay");
    captured(&house.shop, order.id());
}

fn a_late_bank_is_waited_for(house: &House) {
    let order = house.shop.place("retail", &[(0, 1)], "checkout");
    let there = house.at_razorpay(order.id());
    let payment = house.razorpay.books(|books| {
        orderwright::fakes::razorpay::act(books, there.id(), "pay", &json!({ "card": "late" })).expect("tried")
    });
    house.act(&house.razorpay, payment.id(), "answer_late");
    captured(&house.shop, order.id());
}

fn a_refund_is_made_once_and_can_fail_later(house: &House) {
    let (id, payment) = house.place_and_pay(&[(0, 1)]);
    captured(&house.shop, &id);
    house.razorpay.fault("/refund", Kind::Lost, 2);
    let body = json!({ "amount": 150, "reason": "late", "initiatePaymentRefund": true });
    house.shop.admin().refund(&id, &body).expect(201);
    house.shop.wait_refunded(&id, 150);
    let refunds = house.razorpay.books(|books| {
        books
            .list("entity", "refund")
            .into_iter()
            .filter(|r| r["payment_id"] == payment.id())
            .cloned()
            .collect::<Vec<_>>()
    });
    assert_eq!(refunds.len(), 1, "once, although the answer was lost: {refunds:#?}");
    house.act(&house.razorpay, refunds[0].id(), "fail");
    house.shop.wait_refunded(&id, 0);
}

fn a_dispute_is_lost(house: &House) {
    let (id, payment) = house.place_and_pay(&[(0, 1)]);
    captured(&house.shop, &id);
    let dispute = house.act(&house.razorpay, payment.id(), "dispute");
    house.shop.wait_payment(&id, "disputed");
    let ours = || {
        let all = crate::shop::lists::walk(&house.shop.admin(), "/admin/disputes", "limit=100&kind=chargeback");
        all.into_iter().find(|d| d["chargeback"]["reference"] == dispute.id()).expect("a chargeback")
    };
    let open = ours();
    assert_eq!(
        (open.s("status"), open.s("orderId"), open["chargeback"].n("withdrawn")),
        ("needs_response", id.as_str(), 0)
    );
    let words = json!({ "summary": "Delivered to the door." });
    house.shop.admin().post(&format!("/admin/disputes/{}/submit", open.id()), &words).expect(200);
    eventually("the bank has the evidence", std::time::Duration::from_secs(60), || match ours().s("status") {
        "under_review" => Ok(()),
        other => Err(other.to_owned()),
    });
    let there = house.razorpay.books(|books| books.get(dispute.id()).cloned()).expect("there");
    assert!(there["evidence"].s("summary").contains("Delivered to the door."), "{there:#}");
    house.act(&house.razorpay, dispute.id(), "lose");
    house.shop.wait_payment(&id, "captured");
    let (lost, order) = (ours(), house.shop.view(&id));
    assert_eq!((lost.s("status"), lost["chargeback"].n("lost")), ("lost", order.n("total")));
    assert_eq!(lost["chargeback"].n("borneByParties"), order.n("total"));
}
