//! Refunds that somebody made at the provider, beside us: the order follows them, once, as far as it has the money.

use orderwright_core::actor::Actor;
use orderwright_core::decide::{Command, Outcome, RefundRequest, Refusal};
use orderwright_core::order::{ErrandKind, RefundState};
use orderwright_core::refunds::{RefundMethod, RefundTerms};
use orderwright_core::workflow::Effect;

use crate::shop::{Shop, all, customer, full, line, operator, order_in, some};

fn paid() -> Shop {
    order_in("marketplace").lines(&[line(1, 2), line(2, 1)]).go()
}

fn told(shop: &Shop, reference: &str, amount: i64) -> Command {
    Command::RefundSeen { payment: shop.order.payments[0].id, reference: reference.to_owned(), amount }
}

fn tell(shop: &mut Shop, reference: &str, amount: i64) -> Result<(), Refusal> {
    let command = told(shop, reference, amount);
    shop.act(&Actor::system(), command)
}

#[test]
fn a_refund_made_at_the_provider_is_booked_once_and_counts() {
    let mut shop = paid();
    let total = shop.order.total;
    tell(&mut shop, "re_1", 1000).expect("taken in");
    let refund = shop.order.refunds[0].clone();
    assert_eq!((refund.amount, refund.state, refund.created_by.as_str()), (1000, RefundState::Succeeded, "sandbox"));
    assert_eq!((refund.reference.as_deref(), refund.by_item), (Some("re_1"), false));
    assert_eq!(shop.order.splits.iter().map(|s| s.refunded).sum::<i64>(), 1000, "the shares follow");
    assert_eq!(shop.books.account("provider/clearing"), total - 1000 - shop.order.payments[0].fee.unwrap_or(0));
    assert_eq!(shop.payment_status(), "partially_refunded");
    assert!(shop.books.timeline.iter().any(|e| e.kind == "refund_seen" && e.message.contains("re_1")));
    assert_eq!(tell(&mut shop, "re_1", 1000), Err(Refusal::StaleOutcome), "told twice");
    // All that is left is what is left at the provider, to the cent.
    shop.act(&operator(), Command::Refund(all())).expect("there is a rest");
    let asked: Vec<i64> = shop.jobs.iter().filter(|j| j.effect.0 == Effect::Refund).map(|j| j.amount).collect();
    assert_eq!(asked, [total - 1000]);
    shop.run();
    assert_eq!((shop.payment_status(), shop.order.left()), ("refunded", 0));
}

#[test]
fn all_of_it_given_back_at_the_provider_ends_where_our_refund_ends() {
    let mut shop = paid();
    let total = shop.order.total;
    tell(&mut shop, "re_1", total).expect("taken in");
    assert_eq!((shop.status(), shop.payment_status()), ("refunded", "refunded"));
    assert!(shop.order.splits.iter().all(|s| s.amount == s.refunded));
}

#[test]
fn what_the_order_does_not_have_is_told_once_and_taken_in_when_it_has() {
    let mut shop = paid();
    let total = shop.order.total;
    // Given back by bank: the provider still has it, the order has not.
    let by_bank = RefundTerms { method: RefundMethod::Bank, ..RefundTerms::default() };
    shop.act(&operator(), Command::Refund(RefundRequest { terms: by_bank, ..some(total - 100) })).expect("by bank");
    let before = (shop.order.refunded(), shop.books.account("provider/clearing"));
    tell(&mut shop, "re_1", 101).expect("told");
    assert_eq!((shop.order.refunded(), shop.books.account("provider/clearing")), before, "nothing was booked");
    let entry = shop.books.timeline.iter().rfind(|e| e.kind == "needs_attention").expect("on the timeline");
    assert!(entry.message.contains("re_1") && entry.metadata["reference"] == "re_1", "{entry:?}");
    assert_eq!(tell(&mut shop, "re_1", 101), Err(Refusal::StaleOutcome), "said once");
    tell(&mut shop, "re_2", 100).expect("there is as much");
    assert_eq!(shop.order.left(), 0);
    // That one came back: there is room for the other only in part, and then for all of it.
    let refund = shop.order.refunds.iter().find(|r| r.reference.as_deref() == Some("re_2")).expect("booked").id;
    let failed = Command::RefundFailed { refund, code: "declined".to_owned() };
    shop.act(&Actor::system(), failed).expect("it was through");
    assert_eq!(tell(&mut shop, "re_1", 101), Err(Refusal::StaleOutcome));
    assert_eq!(shop.order.payments[0].seen.len(), 1);
    tell(&mut shop, "re_3", 100).expect("there is as much");
    assert_eq!(shop.order.left(), 0);
}

#[test]
fn a_refund_of_ours_that_may_fail_is_waited_for() {
    let mut shop = paid();
    shop.act(&operator(), Command::Refund(all())).expect("all of it");
    assert_eq!(tell(&mut shop, "re_1", 1000), Err(Refusal::PaymentInProgress), "one of the two fails");
    shop.answer(Effect::Refund, Outcome::Declined { code: "amount_too_large".to_owned() });
    let entry = shop.books.timeline.iter().rfind(|e| e.kind == "refund_failed").expect("told");
    assert!(entry.message.contains("reconciliation") && entry.message.contains("Do not pay by bank"), "{entry:?}");
    tell(&mut shop, "re_1", 1000).expect("now");
    assert_eq!(shop.order.refunded(), 1000);
}

#[test]
fn what_staff_wrote_down_is_the_same_refund() {
    let mut shop = paid();
    let by_hand = RefundRequest { initiate_payment_refund: false, ..some(1000) };
    shop.act(&operator(), Command::Refund(by_hand.clone())).expect("written down");
    tell(&mut shop, "re_1", 1000).expect("it is that one");
    assert_eq!((shop.order.refunds.len(), shop.order.refunded()), (1, 1000));
    assert_eq!(shop.order.refunds[0].reference.as_deref(), Some("re_1"));
    // Another of the same sum is another.
    tell(&mut shop, "re_2", 1000).expect("taken in");
    assert_eq!((shop.order.refunds.len(), shop.order.refunded()), (2, 2000));
}

#[test]
fn a_step_of_the_payment_comes_first_and_nothing_taken_is_nothing_given_back() {
    let mut shop = order_in("made-to-order").place();
    assert_eq!(tell(&mut shop, "re_1", 5), Err(Refusal::PaymentInProgress), "it may be taken at this moment");
    shop.run();
    assert_eq!(tell(&mut shop, "re_1", 5), Err(Refusal::StaleOutcome), "only held");
}

#[test]
fn late_money_given_back_by_hand_is_given_back() {
    let mut shop = order_in("made-to-order").go();
    shop.act(&customer(), Command::Fire(full("cancel"))).expect("possible");
    shop.run();
    let payment = shop.order.payments[0].id;
    shop.act(&Actor::system(), Command::LateMoney { payment, amount: 700 }).expect("given up");
    assert_eq!(tell(&mut shop, "re_1", 700), Err(Refusal::PaymentInProgress), "it is going back by itself");
    shop.answer(Effect::Refund, Outcome::Declined { code: "charge_already_refunded".to_owned() });
    assert_eq!(shop.order.errands.iter().filter(|e| e.kind == ErrandKind::GiveBack).count(), 1);
    tell(&mut shop, "re_1", 700).expect("that is it");
    assert_eq!((shop.order.late(), shop.order.errands.len()), (0, 0));
    assert_eq!(tell(&mut shop, "re_1", 700), Err(Refusal::StaleOutcome), "told twice");
}
