//! Blinds: authorise, accept or refuse, check stock, capture once, split, make, dispatch, deliver; and every way that ends early.

use orderwright_core::actor::Actor;
use orderwright_core::decide::{Command, Outcome, Refusal};
use orderwright_core::order::PaymentState;
use orderwright_core::workflow::{Effect, read};

use crate::shop::{all, customer, done, full, held_until, line, merchant, operator, order_in, retailer, some, span};

const NAME: &str = "made-to-order";

#[test]
fn from_placement_to_delivery() {
    let mut shop = order_in(NAME).go();
    assert_eq!(
        (shop.status(), shop.payment_status(), shop.shipping_status()),
        ("payment_authorised", "authorised", "none")
    );
    shop.fire(&merchant(1), "confirm");
    assert_eq!((shop.status(), shop.payment_status(), shop.shipping_status()), ("confirmed", "captured", "pending"));
    shop.fire(&merchant(1), "start_production");
    assert_eq!((shop.status(), shop.shipping_status()), ("in_production", "pending"));
    shop.fire(&merchant(1), "dispatch");
    assert_eq!((shop.status(), shop.shipping_status()), ("dispatched", "shipped"));
    shop.fire(&customer(), "deliver");
    assert_eq!((shop.status(), shop.shipping_status(), shop.payment_status()), ("delivered", "delivered", "captured"));
    for (kind, times) in [
        ("order.created", 1),
        ("payment.captured", 1),
        ("order.shipped", 1),
        ("order.delivered", 1),
        ("order.completed", 1),
        ("order.canceled", 0),
    ] {
        assert_eq!(shop.emitted(kind), times, "{kind}");
    }
    assert_eq!(shop.order.captured(), shop.order.total);
    assert!(shop.order.due_at().is_none());
}

#[test]
fn declined_at_placement() {
    let shop = order_in(NAME).method("pm_card_chargeDeclined").go();
    assert_eq!((shop.status(), shop.payment_status()), ("cancelled", "failed"));
    assert_eq!(shop.reason_of("cancelled").as_deref(), Some("card_declined"));
    assert_eq!((shop.emitted("payment.failed"), shop.emitted("order.canceled")), (1, 1));
}

#[test]
fn the_sum_of_what_was_accepted_is_captured_and_the_rest_voided() {
    let mut shop = order_in(NAME).lines(&[line(1, 2), line(2, 3), line(1, 1)]).go();
    shop.fire(&merchant(2), "refuse");
    assert_eq!((shop.item_status(0), shop.item_status(1)), ("payment_authorised", "cancelled"));
    assert_eq!((shop.order.captured(), shop.payment_status()), (0, "authorised"));
    shop.fire(&merchant(1), "confirm");
    let accepted = shop.order.items[0].due() + shop.order.items[2].due();
    let payment = &shop.order.payments[0];
    assert_eq!(
        (payment.captured, payment.voided, payment.authorised),
        (accepted, shop.order.total - accepted, shop.order.total)
    );
    assert_eq!((shop.status(), shop.payment_status()), ("confirmed", "captured"));
    assert_eq!(shop.order.splits.iter().map(|s| s.amount).sum::<i64>(), accepted);
    assert_eq!(shop.reason_of("cancelled").as_deref(), Some("because"));
    assert!(shop.order.refunds.is_empty(), "nothing was taken for it");
}

#[test]
fn one_capture_however_many_accept() {
    let mut shop = order_in(NAME).lines(&[line(1, 2), line(2, 3), line(3, 1)]).go();
    for n in 1..=3 {
        assert_eq!(shop.emitted("payment.captured"), 0);
        shop.fire(&merchant(n), "confirm");
    }
    assert_eq!((shop.emitted("payment.captured"), shop.status()), (1, "confirmed"));
}

#[test]
fn all_refused_or_cancelled_voids() {
    for (who, event) in [(operator(), "refuse"), (customer(), "cancel"), (retailer(), "cancel")] {
        let mut shop = order_in(NAME).lines(&[line(1, 2), line(2, 1)]).go();
        shop.fire(&who, event);
        assert_eq!(
            (shop.status(), shop.payment_status(), shop.order.captured()),
            ("cancelled", "voided", 0),
            "{event}"
        );
        assert_eq!(shop.order.payments[0].voided, shop.order.total);
        assert_eq!(shop.emitted("order.canceled"), 1);
    }
}

#[test]
fn a_step_that_fails_undoes_the_ones_before() {
    for (step, reason, payment) in [
        (Effect::CheckStock, "out_of_stock", "voided"),
        (Effect::Capture, "capture_declined", "voided"),
        (Effect::Transfer, "split_failed", "refunded"),
    ] {
        let mut shop = order_in(NAME).lines(&[line(1, 2), line(2, 1)]).declining(&[step]).go();
        shop.fire(&operator(), "confirm");
        assert_eq!((shop.status(), shop.payment_status()), ("cancelled", payment), "{reason}");
        assert_eq!(shop.reason_of("cancelled").as_deref(), Some(reason));
        assert_eq!(shop.order.captured(), shop.order.refunded());
        assert_eq!(shop.item_status(0), "cancelled", "not refunded: nothing was ever confirmed");
    }
    let mut shop = order_in(NAME).method("pm_card_chargeCustomerFail").go();
    assert_eq!(shop.status(), "payment_authorised");
    shop.fire(&merchant(1), "confirm");
    assert_eq!((shop.status(), shop.payment_status()), ("cancelled", "voided"));
    assert_eq!(shop.reason_of("cancelled").as_deref(), Some("capture_declined"));
}

#[test]
fn a_step_back_that_fails_is_told() {
    let mut shop = order_in(NAME).declining(&[Effect::Void]).go();
    shop.fire(&customer(), "cancel");
    assert_eq!((shop.status(), shop.payment_status()), ("cancelled", "authorised"), "still held");
    assert!(shop.kinds().contains(&"needs_attention"));

    let mut shop = order_in(NAME).declining(&[Effect::Transfer, Effect::Refund]).go();
    shop.fire(&merchant(1), "confirm");
    assert_eq!((shop.status(), shop.payment_status()), ("cancelled", "captured"), "the money is still here");
    assert!(shop.kinds().contains(&"needs_attention"));
    shop.declines.clear();
    shop.refund(all()).expect("staff tries again");
    assert_eq!((shop.status(), shop.payment_status()), ("cancelled", "refunded"));
}

#[test]
fn a_hold_that_ends_is_made_anew_and_the_old_one_released() {
    let mut shop = order_in(NAME).lines(&[line(1, 1), line(2, 1)]).go();
    shop.wait("3d").fire(&merchant(1), "confirm");
    assert_eq!(shop.order.due_at(), Some(shop.order.created_at.plus(span("6d"))), "a day before the usual hold ends");
    shop.wait("3d");
    assert_eq!((shop.status(), shop.payment_status()), ("payment_authorised", "authorised"));
    let states: Vec<PaymentState> = shop.order.payments.iter().map(|p| p.state).collect();
    assert_eq!(states, [PaymentState::Voided, PaymentState::Authorised]);
    assert!(shop.order.errands.is_empty() && shop.emitted("payment.reauthorised") == 1);
    shop.wait("5d").fire(&merchant(2), "confirm");
    assert_eq!((shop.status(), shop.payment_status()), ("confirmed", "captured"));
    assert_eq!(shop.order.captured(), shop.order.total);
    let mut idle = order_in(NAME).go();
    idle.wait("6d").wait("6d").wait("6d").wait("6d").wait("6d");
    assert_eq!((idle.status(), idle.payment_status()), ("cancelled", "voided"), "not for ever");
    assert_eq!(idle.reason_of("cancelled").as_deref(), Some("not_accepted_in_time"));
}

#[test]
fn a_hold_that_cannot_be_renewed_waits_for_the_customer_and_says_so() {
    let mut shop = order_in(NAME).declining(&[Effect::Reauthorise]).go();
    shop.wait("6d");
    assert_eq!((shop.status(), shop.payment_status(), shop.item_status(0)), ("pending", "failed", "pending"));
    assert!(shop.kinds().contains(&"needs_attention") && shop.kinds().contains(&"payment_failed"));
    assert!(shop.order.payments[0].held() > 0, "the earlier hold stands while it can");
    shop.wait("1d");
    assert_eq!((shop.emitted("payment.reminder"), shop.status()), (1, "pending"));
    shop.act(&customer(), Command::Pay { method: "pm_card_visa".to_owned() }).expect("the customer may pay again");
    shop.run();
    assert_eq!((shop.status(), shop.payment_status()), ("payment_authorised", "authorised"));
    assert_eq!(shop.order.payments[0].state, PaymentState::Voided, "released by itself");
    shop.fire(&merchant(1), "confirm");
    assert_eq!((shop.status(), shop.order.captured()), ("confirmed", shop.order.total));

    let mut late = order_in(NAME).declining(&[Effect::Reauthorise]).go();
    late.wait("6d").wait("3d");
    assert_eq!((late.status(), late.order.payments[0].held()), ("cancelled", 0), "nothing is left held");
}

#[test]
fn a_hold_that_no_rule_speaks_of_is_told_to_staff() {
    const TEXT: &str = include_str!("../../../../workflows/made-to-order.toml");
    let text = TEXT.replace("after.authorisation_ends = { target = \"reauthorising\" }\n", "");
    assert_ne!(text, TEXT);
    let mut shop = order_in(NAME).place_in(std::sync::Arc::new(read(&text).expect("reads")), None);
    shop.run();
    shop.wait("5d");
    assert_eq!(shop.emitted("payment.hold_ends"), 0);
    shop.wait("1d");
    assert_eq!(shop.emitted("payment.hold_ends"), 1);
    assert!(shop.kinds().contains(&"needs_attention"));
    shop.wait("1d");
    assert_eq!((shop.emitted("payment.hold_ends"), shop.status()), (1, "payment_authorised"));
}

#[test]
fn the_end_of_a_hold_is_the_providers() {
    // A day before the end, or a quarter of a hold that is shorter than four days.
    for (lasts, until) in [("2d", "36h"), ("4d", "3d"), ("10d", "9d")] {
        let mut shop = order_in(NAME).place();
        let end = shop.now.plus(span(lasts));
        shop.answer(Effect::Authorise, held_until(end));
        assert_eq!(shop.order.due_at(), Some(shop.order.created_at.plus(span(until))), "a hold of {lasts}");
    }
}

#[test]
fn a_cancel_meets_a_running_step() {
    let mut shop = order_in(NAME).place();
    let running = |shop: &crate::shop::Shop, who: &orderwright_core::actor::Actor, event: &str| {
        assert_eq!(
            shop.would(who, Command::Fire(full(event))),
            Err(Refusal::PaymentInProgress),
            "{event} by {}",
            who.id
        );
    };
    running(&shop, &customer(), "cancel");
    shop.run();
    shop.act(&merchant(1), Command::Fire(full("confirm"))).expect("possible");
    for effect in [Effect::CheckStock, Effect::Capture, Effect::Transfer] {
        for who in [customer(), retailer(), operator(), merchant(1)] {
            running(&shop, &who, "cancel");
        }
        let by_status = Command::SetStatus { status: "cancelled".to_owned(), note: None, reason: None };
        assert_eq!(shop.would(&operator(), by_status), Err(Refusal::PaymentInProgress));
        assert!(shop.explain(&customer()).items[0].events.iter().all(|e| !e.allowed));
        shop.answer(effect, done());
    }
    assert_eq!(shop.status(), "confirmed");
    shop.fire(&customer(), "cancel");
    assert_eq!(shop.status(), "cancelled");
}

#[test]
fn no_refund_while_a_step_runs() {
    let mut shop = order_in(NAME).go();
    shop.act(&merchant(1), Command::Fire(full("confirm"))).expect("possible");
    shop.answer(Effect::CheckStock, done());
    shop.answer(Effect::Capture, done());
    assert!(shop.order.captured() > 0);
    // Were the transfer to fail now, everything would go back: money that is on its way back already would go twice.
    assert_eq!(shop.would(&operator(), Command::Refund(some(10))), Err(Refusal::PaymentInProgress));
    shop.answer(Effect::Transfer, done());
    shop.refund(some(10)).expect("now");
}

#[test]
fn cancellation_after_work_began_is_the_suppliers_policy() {
    for late in [true, false] {
        let mut shop = order_in(NAME).lines(&[crate::shop::Line { late, ..line(1, 1) }]).go();
        shop.fire(&merchant(1), "confirm").fire(&merchant(1), "start_production");
        for who in [customer(), retailer()] {
            assert!(matches!(shop.would(&who, Command::Fire(full("cancel"))), Err(Refusal::NotPossible { .. })));
        }
        let result = shop.act(&merchant(1), Command::Fire(full("cancel")));
        assert_eq!(result.is_ok(), late, "{result:?}");
        shop.run();
        assert_eq!(
            (shop.status(), shop.payment_status()),
            if late { ("cancelled", "refunded") } else { ("in_production", "captured") }
        );
    }
}

#[test]
fn a_cancel_refunds_and_stays_cancelled() {
    let mut shop = order_in(NAME).lines(&[line(1, 2), line(2, 1)]).go();
    shop.fire(&operator(), "confirm");
    shop.fire_some(&customer(), "cancel", 1, 1);
    assert_eq!(
        (shop.status(), shop.item_status(1), shop.payment_status()),
        ("confirmed", "cancelled", "partially_refunded")
    );
    assert_eq!(shop.order.refunded(), shop.order.items[1].due());
    shop.fire(&customer(), "cancel");
    assert_eq!((shop.status(), shop.payment_status()), ("cancelled", "refunded"));
    assert_eq!(shop.order.refunded(), shop.order.total);
}

#[test]
fn refunded_from_every_paid_state() {
    for events in [
        &[][..],
        &["start_production"],
        &["start_production", "dispatch"],
        &["start_production", "dispatch", "deliver"],
    ] {
        let mut shop = order_in(NAME).lines(&[line(1, 2), line(1, 1)]).go();
        shop.fire(&operator(), "confirm");
        events.iter().for_each(|e| {
            shop.fire(&operator(), e);
        });
        let before = shop.status().to_owned();
        shop.refund(some(100)).expect("part");
        assert_eq!((shop.status(), shop.payment_status()), (before.as_str(), "partially_refunded"));
        shop.refund(all()).expect("the rest");
        assert_eq!((shop.status(), shop.payment_status()), ("refunded", "refunded"), "from {before}");
    }
}

#[test]
fn in_doubt_then_done() {
    let mut shop = order_in(NAME).method("pm_sandbox_timeout").place();
    let job = shop.job(Effect::Authorise);
    shop.outcome(job.id, Outcome::InDoubt).expect("known");
    assert_eq!((shop.status(), shop.payment_status()), ("pending", "in_doubt"));
    shop.outcome(job.id, Outcome::InDoubt).expect("asked again");
    assert_eq!(shop.kinds().iter().filter(|k| **k == "payment_in_doubt").count(), 1);
    assert_eq!(
        shop.would(&customer(), Command::Fire(full("cancel"))),
        Err(Refusal::PaymentInProgress),
        "nothing is guessed"
    );
    shop.wait("30d");
    assert_eq!(shop.status(), "pending", "nor by time");
    shop.outcome(job.id, done()).expect("known at last");
    assert_eq!((shop.status(), shop.payment_status()), ("payment_authorised", "authorised"));
    assert_eq!(shop.outcome(job.id, done()), Err(Refusal::StaleOutcome), "once");
}

#[test]
fn a_step_that_gets_nowhere_is_told_and_still_waited_for() {
    let mut shop = order_in(NAME).place();
    let job = shop.job(Effect::Authorise);
    let stuck = |effect| Command::Stuck { effect, why: "no answer".to_owned(), goes_on: true };
    shop.act(&Actor::system(), stuck(job.id)).expect("it runs");
    let told = shop.books.timeline.last().expect("an entry");
    assert!(
        told.kind == "needs_attention" && told.message.contains("payment.authorise") && !told.is_public,
        "{told:?}"
    );
    assert_eq!((shop.emitted("effect.stuck"), shop.status()), (1, "pending"));
    shop.outcome(job.id, done()).expect("waited for");
    assert_eq!(shop.would(&Actor::system(), stuck(job.id)), Err(Refusal::StaleOutcome), "it is over");
}

#[test]
fn a_capture_in_doubt() {
    for (outcome, status, payment) in [
        (done(), "confirmed", "captured"),
        (Outcome::Declined { code: "expired_card".to_owned() }, "cancelled", "voided"),
    ] {
        let mut shop = order_in(NAME).go();
        shop.act(&merchant(1), Command::Fire(full("confirm"))).expect("possible");
        shop.answer(Effect::CheckStock, done());
        let job = shop.job(Effect::Capture);
        shop.outcome(job.id, Outcome::InDoubt).expect("known");
        assert_eq!((shop.status(), shop.payment_status()), ("payment_authorised", "in_doubt"));
        shop.outcome(job.id, outcome).expect("known at last");
        assert_ne!(shop.payment_status(), "in_doubt");
        assert_ne!(shop.order.payments[0].state, PaymentState::InDoubt);
        shop.run();
        assert_eq!((shop.status(), shop.payment_status()), (status, payment));
    }
}

#[test]
fn who_accepted_is_on_the_timeline() {
    let mut shop = order_in(NAME).lines(&[line(1, 1), line(2, 1)]).go();
    shop.fire(&merchant(1), "confirm");
    let entry = shop.books.timeline.last().expect("an entry");
    assert_eq!((entry.created_by.as_str(), &entry.metadata["event"]), ("merchant", &serde_json::json!("confirm")));
    assert_eq!(entry.metadata["itemIds"], serde_json::json!([shop.id(0).to_string()]));
}

#[test]
fn staff_sets_the_status_that_acceptance_leads_to() {
    let mut shop = order_in(NAME).go();
    shop.set_status(&operator(), "confirmed").expect("accepts");
    assert_eq!(shop.status(), "confirmed");
    shop.set_status(&operator(), "in_production").expect("next");
    shop.set_status(&operator(), "dispatched").expect("no field is required of staff");
    assert!(matches!(shop.set_status(&operator(), "cancelled"), Err(Refusal::NotPossible { .. })));
    assert!(matches!(shop.set_status(&operator(), "pending"), Err(Refusal::NotPossible { .. })));
    assert!(matches!(shop.set_status(&operator(), "shipped"), Err(Refusal::UnknownStatus { .. })));
    let mut shop = order_in(NAME).go();
    assert!(matches!(shop.set_status(&retailer(), "confirmed"), Err(Refusal::NotAllowed { .. })));
    shop.set_status(&retailer(), "cancelled").expect("directly");
    assert_eq!((shop.status(), shop.payment_status()), ("cancelled", "voided"));
}
