//! Store requests: a card is verified, the request accepted (and charged) or declined, a failed charge has seven days.

use serde_json::json;

use crate::shop::orders::{assert_sums, captured};
use crate::shop::{Json, Shop};

scenarios! {
    shared:
        a_request_is_received_and_nothing_is_charged,
        the_verification_charge_is_never_part_of_the_order,
        acceptance_charges_in_full_and_completion_follows,
        a_row_has_its_time_price_and_transaction,
        the_maker_declines_with_a_reason,
        the_member_cancels_before_acceptance,
        the_member_cannot_cancel_after_acceptance,
        a_card_that_fails_verification_cancels_the_request,
        a_declined_charge_waits_for_payment_and_is_paid_again,
        a_second_declined_charge_still_waits,
        a_whole_refund_leaves_it_completed;
    clock:
        a_charge_unpaid_for_seven_days_expires,
        a_charge_can_be_paid_on_the_sixth_day;
}

/// A request whose charge was declined at acceptance.
fn pending_payment(shop: &Shop) -> String {
    let order = shop.place("studio", &[(0, 1)], "pm_card_chargeCustomerFail");
    let id = order.id();
    shop.wait_status(id, "received");
    shop.merchant_of("studio", 0).fire(id, "accept", &json!({})).expect(200);
    shop.wait_status(id, "pending_payment");
    id.to_owned()
}

fn a_request_is_received_and_nothing_is_charged(shop: &Shop) {
    let order = shop.view(&shop.ready("studio"));
    assert_eq!((order.s("status"), order.s("paymentStatus")), ("received", "pending"));
    assert_eq!(captured(&order), 0);
    assert_eq!(order.s("currency"), "USD");
    assert_sums(&order);
}

fn the_verification_charge_is_never_part_of_the_order(shop: &Shop) {
    let id = shop.ready("studio");
    let before = shop.view(&id);
    assert_eq!(before.n("total"), before.sum("items", "total") + before.n("shippingCost") + before.n("roundingAmount"));
    shop.merchant_of("studio", 0).fire(&id, "accept", &json!({})).expect(200);
    shop.wait_status(&id, "accepted");
    let order = shop.wait_payment(&id, "captured");
    assert_eq!(order.n("total"), before.n("total"));
    assert_eq!(captured(&order), order.n("total"), "the total, and not one cent of the verification: {order:#}");
    assert_eq!(order.n("refundedTotal"), 0, "its release is no refund of the order's");
}

fn acceptance_charges_in_full_and_completion_follows(shop: &Shop) {
    let id = shop.ready("studio");
    let maker = shop.merchant_of("studio", 0);
    maker.fire(&id, "accept", &json!({})).expect(200);
    shop.wait_status(&id, "accepted");
    shop.wait_payment(&id, "captured");
    assert_eq!(maker.fire(&id, "complete", &json!({})).expect(200).s("status"), "completed");
}

fn a_row_has_its_time_price_and_transaction(shop: &Shop) {
    let id = shop.ready("studio");
    shop.merchant_of("studio", 0).fire(&id, "accept", &json!({})).expect(200);
    let order = shop.wait_payment(&id, "captured");
    let transaction = order.s("paymentReference");
    assert!(transaction.starts_with("sbx_"), "the provider's own id: {order:#}");
    assert_eq!(order["payments"][0].s("reference"), transaction);
    let number = order.s("orderNumber");
    let rows = shop.admin().get(&format!("/admin/orders?orderNumber={number}")).expect(200);
    let row = &rows["data"][0];
    assert_eq!((row.s("paymentReference"), row.n("total")), (transaction, order.n("total")));
    assert_eq!((row.s("createdAt"), row["items"][0].s("name")), (order.s("createdAt"), order["items"][0].s("name")));
    assert!(row["items"][0].n("price") > 0, "{row:#}");
}

fn the_maker_declines_with_a_reason(shop: &Shop) {
    let id = shop.ready("studio");
    let maker = shop.merchant_of("studio", 0);
    shop.unchanged(&id, || maker.fire(&id, "decline", &json!({})).wrong(&["/reason"]));
    maker.fire(&id, "decline", &json!({ "reason": "fully booked" })).expect(200);
    let order = shop.wait_status(&id, "declined");
    assert_eq!(captured(&order), 0);
    shop.unchanged(&id, || drop(maker.fire(&id, "accept", &json!({})).problem(409)));
}

fn the_member_cancels_before_acceptance(shop: &Shop) {
    let id = shop.ready("studio");
    assert_eq!(shop.customer(0).cancel(&id).expect(200).s("status"), "canceled");
    assert_eq!(captured(&shop.view(&id)), 0);
}

fn the_member_cannot_cancel_after_acceptance(shop: &Shop) {
    let id = shop.ready("studio");
    shop.merchant_of("studio", 0).fire(&id, "accept", &json!({})).expect(200);
    shop.wait_status(&id, "accepted");
    shop.wait_payment(&id, "captured");
    shop.unchanged(&id, || drop(shop.customer(0).cancel(&id).problem(409)));
}

fn a_card_that_fails_verification_cancels_the_request(shop: &Shop) {
    let order = shop.place("studio", &[(0, 1)], "pm_card_chargeDeclined");
    let order = shop.wait_status(order.id(), "canceled");
    assert_eq!(order.s("paymentStatus"), "failed");
}

fn a_declined_charge_waits_for_payment_and_is_paid_again(shop: &Shop) {
    let id = pending_payment(shop);
    assert_eq!(shop.view(&id).s("paymentStatus"), "failed");
    shop.customer(0).pay(&id, "pm_card_visa").one_of(&[200, 201, 202]);
    let order = shop.wait_status(&id, "accepted");
    let order = if captured(&order) > 0 { order } else { shop.wait_payment(&id, "captured") };
    assert_eq!(captured(&order), order.n("total"), "charged in full, once: {order:#}");
    assert_sums(&order);
}

fn a_second_declined_charge_still_waits(shop: &Shop) {
    let id = pending_payment(shop);
    shop.customer(0).pay(&id, "pm_card_chargeDeclined").one_of(&[200, 201, 202]);
    crate::shop::eventually("a third card is taken", crate::shop::PATIENCE, || {
        assert_eq!(shop.view(&id).s("status"), "pending_payment");
        let reply = shop.customer(0).pay(&id, "pm_card_visa");
        if reply.status < 300 { Ok(()) } else { Err(reply.text) }
    });
    shop.wait_status(&id, "accepted");
}

fn a_whole_refund_leaves_it_completed(shop: &Shop) {
    let id = shop.ready("studio");
    let maker = shop.merchant_of("studio", 0);
    maker.fire(&id, "accept", &json!({})).expect(200);
    shop.wait_status(&id, "accepted");
    shop.wait_payment(&id, "captured");
    maker.fire(&id, "complete", &json!({})).expect(200);
    shop.admin().refund(&id, &json!({ "reason": "wrong name", "initiatePaymentRefund": true })).expect(201);
    let order = shop.wait_payment(&id, "refunded");
    assert_eq!(order.s("status"), "completed", "this shop has no status refunded");
    assert_eq!(order.n("refundedTotal"), order.n("total"));
}

fn a_charge_unpaid_for_seven_days_expires(shop: &Shop) {
    let id = pending_payment(shop);
    shop.advance("6d");
    assert_eq!(shop.view(&id).s("status"), "pending_payment");
    shop.advance("25h");
    let order = shop.wait_status(&id, "expired");
    assert_eq!(captured(&order), 0);
    shop.unchanged(&id, || drop(shop.customer(0).pay(&id, "pm_card_visa").problem(409)));
}

fn a_charge_can_be_paid_on_the_sixth_day(shop: &Shop) {
    let id = pending_payment(shop);
    shop.advance("6d");
    shop.customer(0).pay(&id, "pm_card_visa").one_of(&[200, 201, 202]);
    shop.wait_status(&id, "accepted");
    shop.wait_payment(&id, "captured");
    // The timer of the state that was left must not fire.
    shop.advance("2d");
    assert_eq!(shop.merchant_of("studio", 0).fire(&id, "complete", &json!({})).expect(200).s("status"), "completed");
}
