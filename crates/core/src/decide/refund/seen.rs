//! A refund that somebody made at the provider, beside us: it is a fact, and the order follows it.
//!
//! It is known by the provider's id, so that it is booked once, whoever tells it and however often: a webhook, a reconciliation, both. What staff
//! had written down by hand before is the same refund. Policy, approval and a bank that decides do not matter any more: the money is gone. Only
//! what the order does not have cannot be booked: then somebody is told, once, and it can be told again when there is more.
//! What is not here: refunds that we ask for (`start`), and how they end (`settle`).

use serde_json::json;

use super::super::outcome::{CLEARING, UNSETTLED};
use super::super::run::Run;
use super::super::{MerchantView, RefundRequest, Refusal};
use super::start::{Made, start};
use super::{measure, not_while_paying};
use crate::id::PaymentId;
use crate::order::{ErrandKind, Order, RefundItem, RefundState};
use crate::refunds::{RefundMethod, RefundTerms, SeenRefund};

/// Why it was made, as far as anybody here knows. Customers read it.
const REASON: &str = "made at the payment provider";

/// Takes a refund into the order. One that is known changes nothing.
///
/// # Errors
/// [`Refusal::StaleOutcome`] when it is known, or of a payment of which nothing was taken; [`Refusal::PaymentInProgress`] while a step of the
/// payment, or a refund of ours that may fail, is under way: tell it again later.
pub(in crate::decide) fn seen(
    run: &mut Run<'_, '_>,
    payment: PaymentId,
    reference: &str,
    amount: i64,
) -> Result<(), Refusal> {
    let found = run.order.payments.iter().find(|p| p.id == payment).ok_or(Refusal::StaleOutcome)?;
    let (captured, late) = (found.captured, found.late);
    let booked = found.seen.iter().any(|s| s.reference == reference && s.booked);
    let of = |r: &&crate::order::Refund| r.payment_id == Some(payment) && r.reference.as_deref() == Some(reference);
    if amount <= 0 || booked || run.order.refunds.iter().any(|r| of(&r)) {
        return Err(Refusal::StaleOutcome);
    }
    not_while_paying(run)?;
    match (captured, late) {
        (0, 0) => Err(Refusal::StaleOutcome),
        (0, _) => of_late_money(run, payment, reference, amount),
        _ if written_down(run, payment, reference, amount) => Ok(()),
        _ => book(run, payment, reference, amount),
    }
}

/// Staff had written it down before the provider told: it is that one, and keeps its place.
fn written_down(run: &mut Run<'_, '_>, payment: PaymentId, reference: &str, amount: i64) -> bool {
    let same = run.order.refunds.iter_mut().find(|r| {
        let by_hand = !r.initiate_payment_refund && r.reference.is_none() && r.method == RefundMethod::Original;
        by_hand && r.state == RefundState::Succeeded && r.payment_id == Some(payment) && r.amount == amount
    });
    let Some(same) = same else { return false };
    same.reference = Some(reference.to_owned());
    let id = same.id.to_string();
    let message = format!("The refund that was written down here is {reference} at the provider");
    let facts = json!({ "refundId": id, "paymentId": payment.to_string(), "reference": reference, "amount": amount });
    run.log("refund_seen", message, facts, false, MerchantView::Nobody);
    true
}

/// What can still go back of a payment: neither gone, nor on its way, nor lost to a bank.
fn left_of(order: &Order, payment: PaymentId, captured: i64) -> i64 {
    let runs = |s| matches!(s, RefundState::Pending | RefundState::Succeeded);
    let gone = order.refunds.iter().filter(|r| r.payment_id == Some(payment) && runs(r.state)).map(|r| r.amount);
    let banks = order.chargebacks().filter(|c| c.payment_id == payment).flat_map(|c| &c.parts).map(RefundItem::value);
    captured - gone.sum::<i64>() - banks.sum::<i64>()
}

fn book(run: &mut Run<'_, '_>, payment: PaymentId, reference: &str, amount: i64) -> Result<(), Refusal> {
    let captured = run.order.payments.iter().find(|p| p.id == payment).map_or(0, |p| p.captured);
    let left = left_of(&run.order, payment, captured).min(run.order.left()).max(0);
    if amount > left {
        // A refund of ours that is under way may fail, because the provider has less than we thought: then there is enough.
        if run.order.refunds.iter().any(|r| r.payment_id == Some(payment) && r.effect.is_some()) {
            return Err(Refusal::PaymentInProgress);
        }
        return cannot(run, payment, reference, amount, left);
    }
    let request = RefundRequest { amount: Some(amount), ..RefundRequest::default() };
    let plan = measure::measure(run, &request)?;
    let provider = run.order.payments.iter().find(|p| p.id == payment).map(|p| p.provider.clone()).unwrap_or_default();
    forget(run, payment, reference);
    let shown = run.order.currency.show(amount);
    let message = format!(
        "{shown} were given back at {provider} ({reference}) beside this order: it is booked here as well, and every share follows"
    );
    let facts = json!({ "paymentId": payment.to_string(), "reference": reference, "amount": amount });
    run.log("refund_seen", message, facts, false, MerchantView::Nobody);
    let made = Made {
        created_by: provider,
        reference: Some(reference.to_owned()),
        of: Some(payment),
        ..Made::now(run, &RefundTerms::default())
    };
    run.refund = Some(start(run, &plan, false, REASON, false, made));
    Ok(())
}

/// Money that came too late was given back by hand, before it went back by itself.
fn of_late_money(run: &mut Run<'_, '_>, payment: PaymentId, reference: &str, amount: i64) -> Result<(), Refusal> {
    let errands = &run.order.errands;
    if errands.iter().any(|e| e.kind == ErrandKind::GiveBack && e.payment_id == payment && e.effect.is_some()) {
        return Err(Refusal::PaymentInProgress);
    }
    let left = run.order.payments.iter().find(|p| p.id == payment).map_or(0, |p| p.late - p.late_refunded);
    if amount > left {
        return cannot(run, payment, reference, amount, left);
    }
    forget(run, payment, reference);
    if let Some(paid) = run.order.payments.iter_mut().find(|p| p.id == payment) {
        paid.late_refunded += amount;
        paid.seen.push(SeenRefund { reference: reference.to_owned(), booked: true });
    }
    // What was refused before is done now, as far as this goes.
    for errand in &mut run.order.errands {
        if errand.kind == ErrandKind::GiveBack && errand.payment_id == payment {
            errand.amount -= amount;
        }
    }
    run.order.errands.retain(|e| e.kind != ErrandKind::GiveBack || e.payment_id != payment || e.amount > 0);
    run.post("late_refund", vec![(CLEARING.to_owned(), -amount), (UNSETTLED.to_owned(), amount)]);
    let message = format!("{} given back: it had been taken too late", run.order.currency.show(amount));
    let facts = json!({ "amount": amount, "paymentId": payment.to_string(), "reference": reference });
    run.log("late_payment_refunded", message, facts, true, MerchantView::Nobody);
    Ok(())
}

/// The order does not have so much: nothing is booked, and somebody is told, once.
fn cannot(run: &mut Run<'_, '_>, payment: PaymentId, reference: &str, amount: i64, left: i64) -> Result<(), Refusal> {
    let paid = run.order.payments.iter_mut().find(|p| p.id == payment).ok_or(Refusal::StaleOutcome)?;
    if paid.seen.iter().any(|s| s.reference == reference) {
        return Err(Refusal::StaleOutcome);
    }
    paid.seen.push(SeenRefund { reference: reference.to_owned(), booked: false });
    let provider = paid.provider.clone();
    let (shown, left) = (run.order.currency.show(amount), run.order.currency.show(left.max(0)));
    let message = format!(
        "{shown} were given back at {provider} ({reference}) beside this order, which has {left} left to give back: nothing was booked. \
         Compare the refunds there with those here; if one here was never paid, correct it, then reconcile with `settle`"
    );
    let facts = json!({ "paymentId": payment.to_string(), "reference": reference, "amount": amount });
    run.log("needs_attention", message, facts, false, MerchantView::Nobody);
    Ok(())
}

/// It can be booked now: it waits for nobody any more.
fn forget(run: &mut Run<'_, '_>, payment: PaymentId, reference: &str) {
    if let Some(paid) = run.order.payments.iter_mut().find(|p| p.id == payment) {
        paid.seen.retain(|s| s.reference != reference);
    }
}
