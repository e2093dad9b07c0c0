//! What became of a refund: lines, payments, shares and books follow; a failure says what to do next.

use serde_json::json;

use super::super::run::Run;
use super::super::{MerchantView, Outcome, Refusal, outcome as effects, refund_items_json, shares};
use super::measure;
use super::start::{Made, start};
use crate::id::RefundId;
use crate::order::{Order, Refund, RefundState};
use crate::refunds::{RefundMethod, RefundTerms, failure_words};

/// What the provider said to a refund.
pub fn outcome(run: &mut Run<'_, '_>, index: usize, outcome: &Outcome) -> Result<(), Refusal> {
    match outcome {
        Outcome::InDoubt | Outcome::ActionRequired { .. } => Ok(()),
        Outcome::Done { reference, .. } => {
            run.order.refunds[index].reference.clone_from(reference);
            succeeded(run, index);
            Ok(())
        }
        Outcome::Declined { code } => {
            let refund = &mut run.order.refunds[index];
            refund.state = RefundState::Failed;
            refund.effect = None;
            refund.failure_code = Some(code.clone());
            let refund = refund.clone();
            for part in &refund.items {
                if let Some(item) = run.order.items.iter_mut().find(|i| i.id == part.item_id) {
                    item.refunding -= part.value();
                }
            }
            tell_failure(run, &refund, code, "failed");
            Ok(())
        }
    }
}

fn tell_failure(run: &mut Run<'_, '_>, refund: &Refund, code: &str, how: &str) {
    let words = failure_words(code);
    let shown = run.order.currency.show(refund.amount);
    let said = code.replace('_', " ");
    let message = format!("The refund of {shown} {how}: {said}. {}. {}", words.message, words.next_step);
    let metadata = json!({
        "refundId": refund.id.to_string(), "amount": refund.amount, "code": code, "nextStep": words.next_step
    });
    run.log("refund_failed", message, metadata.clone(), false, MerchantView::Nobody);
    run.emit("refund.failed", metadata);
}

/// Where the money comes from: money that came from outside goes back from the bank, and so does what does not go back the way it came.
fn source(order: &Order, refund: &Refund) -> &'static str {
    let paid = order.payments.iter().find(|p| Some(p.id) == refund.payment_id);
    match (refund.method, paid) {
        (RefundMethod::Bank, _) => effects::BANK,
        (RefundMethod::Original, Some(payment)) => effects::where_money_is(&payment.method),
        (RefundMethod::Original, None) => effects::CLEARING,
    }
}

/// The money went back: the line's, the payment's and the parties' shares follow, and the books.
pub(super) fn succeeded(run: &mut Run<'_, '_>, index: usize) {
    let refund = &mut run.order.refunds[index];
    refund.state = RefundState::Succeeded;
    refund.effect = None;
    let refund = refund.clone();
    for part in &refund.items {
        if let Some(item) = run.order.items.iter_mut().find(|i| i.id == part.item_id) {
            item.refunded += part.value();
        }
    }
    if let Some(payment) = run.order.payments.iter_mut().find(|p| Some(p.id) == refund.payment_id) {
        payment.refunded += refund.amount;
    }
    let mut lines = vec![(source(&run.order, &refund).to_owned(), -refund.amount)];
    let (given, taken) = shares::take(&mut run.order, &refund.items, &refund.adjust);
    lines.extend(given);
    run.order.refunds[index].taken = taken;
    let (id, amount) = (refund.id.to_string(), refund.amount);
    run.post_about("refund", Some(id.clone()), lines);
    let items = refund_items_json(&refund.items);
    let metadata = json!({ "refundId": id, "amount": amount, "reason": refund.reason, "items": items });
    let by_bank = if refund.method == RefundMethod::Bank { " by bank transfer" } else { "" };
    let message = format!("{} refunded{by_bank}: {}", run.order.currency.show(amount), refund.reason);
    run.log("refunded", message, metadata.clone(), true, MerchantView::Nobody);
    run.emit("order.refunded", metadata);
}

/// A refund that had succeeded failed after all: the money is with the provider again, and the customer is owed it.
///
/// Everything that [`succeeded`] did to the money is reversed, never edited; where the order stands is left to staff, who refund again.
pub fn failed_later(run: &mut Run<'_, '_>, refund: RefundId, code: &str) -> Result<(), Refusal> {
    let found = run.order.refunds.iter_mut().find(|r| r.id == refund && r.state == RefundState::Succeeded);
    let Some(found) = found else { return Err(Refusal::StaleOutcome) };
    found.state = RefundState::Failed;
    found.failure_code = Some(code.to_owned());
    let taken = std::mem::take(&mut found.taken);
    let refund = found.clone();
    for part in &refund.items {
        if let Some(item) = run.order.items.iter_mut().find(|i| i.id == part.item_id) {
            item.refunded -= part.value();
            item.refunding -= part.value();
        }
    }
    if let Some(payment) = run.order.payments.iter_mut().find(|p| Some(p.id) == refund.payment_id) {
        payment.refunded -= refund.amount;
    }
    let mut lines = vec![(source(&run.order, &refund).to_owned(), refund.amount)];
    lines.extend(shares::give_back(&mut run.order, &taken, &refund.adjust));
    run.post_about("refund_failed", Some(refund.id.to_string()), lines);
    tell_failure(run, &refund, code, "failed later");
    Ok(())
}

/// The payment machine undid a capture: everything goes back at once.
///
/// The provider's id is kept where one payment gave it back, so that it can be told from refunds that somebody made there by hand.
pub fn undone(run: &mut Run<'_, '_>, reference: Option<&str>) {
    let plan = measure::of_lines(run, |_| true);
    if !plan.items.is_empty() {
        let reason = run.order.payment_reason.clone().unwrap_or_else(|| "undone".to_owned());
        // The provider has already done it, so nothing is initiated.
        let made = Made { reference: reference.map(str::to_owned), ..Made::now(run, &RefundTerms::default()) };
        start(run, &plan, false, &reason, false, made);
    }
}
