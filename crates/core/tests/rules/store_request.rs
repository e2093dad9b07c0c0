//! Studio: verified by a small charge, accepted or declined, charged in full, seven days to mend a declined charge.

use orderwright_core::decide::{Command, Outcome, Refusal};
use orderwright_core::workflow::Effect;

use crate::shop::{all, customer, done, full, line, merchant, operator, order_in, span};

const NAME: &str = "store-request";

#[test]
fn from_request_to_completion() {
    let mut shop = order_in(NAME).place();
    let job = shop.job(Effect::Verify);
    assert_eq!(job.amount, 100);
    shop.outcome(job.id, done()).expect("waited for");
    assert_eq!((shop.status(), shop.payment_status(), shop.order.captured()), ("received", "pending", 0));
    shop.act(&merchant(1), Command::Fire(full("accept"))).expect("possible");
    assert_eq!(shop.status(), "received", "the charge runs");
    let job = shop.job(Effect::Charge);
    assert_eq!(job.amount, shop.order.total, "in full");
    shop.outcome(job.id, done()).expect("waited for");
    assert_eq!((shop.status(), shop.payment_status()), ("accepted", "captured"));
    shop.fire(&merchant(1), "complete");
    assert_eq!((shop.status(), shop.emitted("order.completed")), ("completed", 1));
}

#[test]
fn a_card_that_is_not_good() {
    let shop = order_in(NAME).method("pm_card_chargeDeclined").go();
    assert_eq!((shop.status(), shop.payment_status()), ("canceled", "failed"));
}

#[test]
fn declined_by_the_maker_or_canceled_by_the_customer() {
    let mut shop = order_in(NAME).go();
    shop.fire(&merchant(1), "decline");
    assert_eq!((shop.status(), shop.order.captured()), ("declined", 0));
    assert_eq!(shop.reason_of("declined").as_deref(), Some("because"));
    let mut shop = order_in(NAME).go();
    assert!(matches!(shop.would(&operator(), Command::Fire(full("cancel"))), Err(Refusal::NotAllowed { .. })));
    shop.fire(&customer(), "cancel");
    assert_eq!((shop.status(), shop.emitted("order.canceled")), ("canceled", 1));
}

#[test]
fn no_cancel_after_acceptance() {
    let mut shop = order_in(NAME).go();
    shop.act(&merchant(1), Command::Fire(full("accept"))).expect("possible");
    assert_eq!(
        shop.would(&customer(), Command::Fire(full("cancel"))),
        Err(Refusal::PaymentInProgress),
        "the charge runs"
    );
    shop.run();
    assert!(matches!(shop.would(&customer(), Command::Fire(full("cancel"))), Err(Refusal::NotPossible { .. })));
}

#[test]
fn seven_days_from_the_first_decline_although_retries_failed_in_between() {
    let mut shop = order_in(NAME).method("pm_card_chargeCustomerFail").go();
    shop.wait("2d").fire(&merchant(1), "accept");
    let first = shop.now;
    assert_eq!((shop.status(), shop.payment_status()), ("pending_payment", "failed"));
    assert_eq!(shop.order.due_at(), Some(first.plus(span("7d"))));
    shop.wait("3d");
    shop.act(&customer(), Command::Pay { method: "pm_card_chargeDeclined".to_owned() }).expect("payable");
    assert_eq!(shop.status(), "pending_payment");
    shop.run();
    assert_eq!(shop.order.due_at(), Some(first.plus(span("7d"))), "a retry buys no time");
    shop.wait("3d");
    shop.fire(&customer(), "pay");
    assert_eq!(
        (shop.status(), shop.payment_status(), shop.order.payments.len()),
        ("pending_payment", "failed", 3),
        "each try is an attempt"
    );
    shop.wait("23h");
    assert_eq!(shop.status(), "pending_payment");
    shop.wait("1h");
    assert_eq!((shop.status(), shop.order.captured()), ("expired", 0));
    assert_eq!(shop.reason_of("expired").as_deref(), Some("payment_window_ended"));
}

#[test]
fn a_retry_that_runs_over_the_end() {
    for (outcome, status) in [(done(), "accepted"), (Outcome::Declined { code: "card_declined".to_owned() }, "expired")]
    {
        let mut shop = order_in(NAME).method("pm_card_chargeCustomerFail").go();
        shop.fire(&merchant(1), "accept").wait("6d");
        shop.act(&customer(), Command::Pay { method: "pm_card_visa".to_owned() }).expect("payable");
        let job = shop.job(Effect::Charge);
        shop.outcome(job.id, Outcome::InDoubt).expect("known");
        assert_eq!(shop.payment_status(), "in_doubt");
        shop.wait("5d");
        assert_eq!(shop.status(), "pending_payment");
        shop.outcome(job.id, outcome).expect("waited for");
        assert_eq!(shop.status(), status);
    }
}

#[test]
fn a_retry_succeeds() {
    for by_event in [true, false] {
        let mut shop = order_in(NAME).method("pm_card_chargeCustomerFail").go();
        shop.fire(&operator(), "accept");
        let command =
            if by_event { Command::Fire(full("pay")) } else { Command::Pay { method: "pm_card_visa".to_owned() } };
        shop.act(&customer(), command).expect("payable");
        shop.answer(Effect::Charge, done());
        assert_eq!((shop.status(), shop.payment_status()), ("accepted", "captured"));
        assert_eq!(shop.order.due_at(), None);
        for who in [customer(), operator()] {
            assert!(shop.would(&who, Command::Fire(full("pay"))).is_err());
        }
    }
}

#[test]
fn lines_are_decided_one_by_one() {
    let mut shop = order_in(NAME).lines(&[line(1, 1), line(2, 2), line(3, 1)]).go();
    shop.fire(&merchant(1), "accept").fire(&merchant(2), "decline");
    assert_eq!(shop.order.captured(), 0);
    shop.fire(&merchant(3), "accept");
    assert_eq!(shop.order.captured(), shop.order.items[0].due() + shop.order.items[2].due());
    assert_eq!((shop.status(), shop.item_status(1)), ("accepted", "declined"));
}

#[test]
fn nothing_is_accepted_before_the_card_is_verified() {
    let shop = order_in(NAME).place();
    assert!(matches!(shop.would(&merchant(1), Command::Fire(full("accept"))), Err(Refusal::NotPossible { .. })));
}

#[test]
fn a_refund_leaves_the_status() {
    let mut shop = order_in(NAME).go();
    shop.fire(&operator(), "accept").fire(&operator(), "complete");
    shop.refund(all()).expect("left");
    assert_eq!((shop.status(), shop.payment_status()), ("completed", "refunded"), "this workflow has no such status");
}

#[test]
fn staff_sets_accepted() {
    let mut shop = order_in(NAME).go();
    shop.set_status(&operator(), "accepted").expect("accepts");
    assert_eq!(shop.status(), "accepted");
    shop.set_status(&operator(), "completed").expect("completes");
    let mut shop = order_in(NAME).go();
    assert!(matches!(shop.set_status(&operator(), "pending_payment"), Err(Refusal::NotPossible { .. })));
    shop.set_status(&operator(), "declined").expect("no field is required");
}
