//! What effects came to: the payment machine goes on, and the books follow.
//!
//! An outcome belongs to the effect that a state waits for, by its id. Any other was applied before or came too late, and changes nothing.

use serde_json::json;

use super::attempts::is_offline;
use super::run::{Cause, Run, Which};
use super::{EffectJob, EffectName, MerchantView, Outcome, Refusal, refund, shares};
use crate::id::{JobId, PaymentId};
use crate::order::PaymentState;
use crate::workflow::Effect;

/// Applies an outcome.
pub(super) fn outcome(run: &mut Run<'_, '_>, effect: JobId, outcome: &Outcome) -> Result<(), Refusal> {
    if run.order.payment.effect == Some(effect) {
        return of_payment(run, outcome);
    }
    if let Some(index) = run.order.refunds.iter().position(|r| r.effect == Some(effect)) {
        return refund::outcome(run, index, outcome);
    }
    Err(Refusal::StaleOutcome)
}

fn of_payment(run: &mut Run<'_, '_>, outcome: &Outcome) -> Result<(), Refusal> {
    let state = run.state(Which::Payment)?;
    let invoke = state.and_then(|s| s.invoke.as_ref()).ok_or(Refusal::StaleOutcome)?;
    match outcome {
        Outcome::InDoubt => {
            doubt(run, invoke.effect);
            Ok(())
        }
        Outcome::ActionRequired { reference } => {
            awaits_customer(run, reference);
            Ok(())
        }
        Outcome::Done { reference, capture_before, fee } => {
            done(run, invoke.effect, reference.as_deref());
            if let Some(payment) = run.order.payments.last_mut() {
                payment.capture_before = capture_before.or(payment.capture_before);
                payment.fee = fee.or(payment.fee);
            }
            if let (Some(fee), Effect::Charge | Effect::Capture) = (fee, invoke.effect) {
                fee_kept(run, *fee);
            }
            run.take(Which::Payment, &invoke.done)
        }
        Outcome::Declined { code } => {
            declined(run, invoke.effect, code);
            run.cause =
                Cause { reason: invoke.error.reason.clone().or_else(|| Some(code.clone())), ..Cause::default() };
            run.order.payment_reason = run.cause.reason.clone();
            run.take(Which::Payment, &invoke.error)
        }
    }
}

/// Whether the payment step took effect is not known.
fn doubt(run: &mut Run<'_, '_>, effect: Effect) {
    let takes = matches!(effect, Effect::Verify | Effect::Authorise | Effect::Charge | Effect::Capture);
    if let Some(payment) = run.order.payments.last_mut()
        && takes
    {
        payment.state = PaymentState::InDoubt;
    }
}

impl Run<'_, '_> {
    /// An effect that has had no outcome for its `timeout`: the order says so, once, and the state stays. Nothing is guessed: its job goes
    /// on asking the provider, and whatever the outcome is, it is applied when it comes (ADR 0007).
    pub fn tell_overdue(&mut self) -> Result<(), Refusal> {
        let invoke = self.state(Which::Payment)?.and_then(|s| s.invoke.as_ref());
        let Some((invoke, timeout)) = invoke.and_then(|i| Some((i, i.timeout?))) else { return Ok(()) };
        if self.order.payment.due.is_none_or(|due| due > self.now) {
            return Ok(());
        }
        doubt(self, invoke.effect);
        let name = invoke.effect.name();
        let data = json!({ "effect": name, "timeout": timeout.to_string() });
        let message =
            format!("{name} has had no answer for {timeout}; the provider is being asked. Somebody must look at it");
        self.log("needs_attention", message, data.clone(), false, MerchantView::Nobody);
        self.emit("payment.overdue", data);
        Ok(())
    }
}

/// The provider waits for the customer: to enter a card, to confirm with the bank. Said once.
fn awaits_customer(run: &mut Run<'_, '_>, reference: &str) {
    let Some(payment) = run.order.payments.last_mut() else { return };
    if payment.awaits_customer && payment.reference.as_deref() == Some(reference) {
        return;
    }
    payment.state = PaymentState::Pending;
    payment.awaits_customer = true;
    payment.reference = Some(reference.to_owned());
    let (id, provider) = (payment.id, payment.provider.clone());
    if provider == "razorpay" {
        run.order.gateway_order_id = Some(reference.to_owned());
    }
    run.log(
        "payment_action_required",
        "The customer is to complete the payment".to_owned(),
        json!({ "paymentId": id.to_string() }),
        true,
        MerchantView::Nobody,
    );
    run.emit("payment.action_required", json!({ "paymentId": id.to_string() }));
}

/// Books a success.
fn done(run: &mut Run<'_, '_>, effect: Effect, reference: Option<&str>) {
    let owed = run.owed();
    let show = |run: &Run<'_, '_>, amount: i64| run.order.currency.show(amount);
    match effect {
        Effect::Verify => {
            settle_doubt(run, PaymentState::Pending, reference);
            run.log(
                "payment_verified",
                "The card was verified; nothing was taken".to_owned(),
                json!({}),
                true,
                MerchantView::Nobody,
            );
        }
        Effect::Authorise => {
            settle_doubt(run, PaymentState::Authorised, reference);
            if let Some(payment) = run.order.payments.last_mut() {
                payment.authorised = owed;
            }
            run.post("authorise", vec![(HELD.to_owned(), owed), (HELD_BY_CUSTOMERS.to_owned(), -owed)]);
            let message = format!("{} authorised", show(run, owed));
            run.log("payment_authorised", message, json!({ "amount": owed }), true, MerchantView::Nobody);
        }
        Effect::Charge | Effect::Capture => money_taken(run, reference),
        Effect::Void => {
            let Some(payment) = run.order.payments.last_mut() else { return };
            let released = payment.authorised - payment.captured - payment.voided;
            payment.voided += released;
            if payment.captured == 0 {
                payment.state = PaymentState::Voided;
            }
            run.post("void", vec![(HELD_BY_CUSTOMERS.to_owned(), released), (HELD.to_owned(), -released)]);
            let message = format!("{} released", show(run, released));
            run.log("payment_voided", message, json!({ "amount": released }), true, MerchantView::Nobody);
        }
        Effect::Refund => refund::undone(run),
        Effect::Transfer => {
            run.log(
                "payment_split",
                "The parties' shares were paid out at the provider".to_owned(),
                json!({}),
                false,
                MerchantView::Nobody,
            );
        }
        Effect::CheckStock => {}
    }
}

/// The provider said yes: no doubt is left, and an earlier no explains nothing any more.
fn settle_doubt(run: &mut Run<'_, '_>, state: PaymentState, reference: Option<&str>) {
    run.order.payment_reason = None;
    if let Some(payment) = run.order.payments.last_mut() {
        payment.state = state;
        payment.awaits_customer = false;
        if reference.is_some() {
            payment.reference = reference.map(str::to_owned);
        }
    }
}

/// Money was taken for every line that is not cancelled: capture, release of what was held beyond it, and the parties' shares.
pub(super) fn money_taken(run: &mut Run<'_, '_>, reference: Option<&str>) {
    let amount = run.owed();
    settle_doubt(run, PaymentState::Captured, reference);
    for index in 0..run.order.items.len() {
        let cancelled =
            run.workflow.item.state(&run.order.items[index].machine.state).is_some_and(|s| s.has("cancelled"));
        if !cancelled {
            let due = run.order.items[index].due();
            run.order.items[index].captured = due;
        }
    }
    let Some(payment) = run.order.payments.last_mut() else { return };
    payment.captured = amount;
    let held = payment.authorised;
    payment.voided = (held - amount).max(0);
    if held > 0 {
        run.post("void", vec![(HELD_BY_CUSTOMERS.to_owned(), held), (HELD.to_owned(), -held)]);
    }
    let to = run.order.current_payment().map_or(CLEARING, |p| where_money_is(&p.method));
    let parties = shares::share_out(&mut run.order);
    run.post("capture", vec![(to.to_owned(), amount), (UNSETTLED.to_owned(), -amount)]);
    let lines = std::iter::once((UNSETTLED.to_owned(), amount)).chain(parties).collect();
    run.post("split", lines);
    let data = json!({ "amount": amount, "currency": run.order.currency.code() });
    let message = format!("Payment of {} received", run.order.currency.show(amount));
    let mut metadata = data.clone();
    if let Some(money) = &run.from_outside {
        metadata["reference"] = json!(money.reference);
        metadata["paidAt"] = json!(money.paid_at.to_string());
    }
    run.log("payment_received", message, metadata, true, MerchantView::Nobody);
    run.emit("payment.captured", data);
}

/// The provider kept a fee of what it took: an expense of the platform, as far as the lines' agreements do not name somebody who bears it.
fn fee_kept(run: &mut Run<'_, '_>, fee: i64) {
    run.post("fee", vec![(FEES.to_owned(), fee), (CLEARING.to_owned(), -fee)]);
    let borne = shares::fees(&run.order, fee);
    let sum: i64 = borne.iter().map(|(_, amount)| amount).sum();
    let mut lines = borne.clone();
    lines.push((FEES.to_owned(), -sum));
    run.post("fee_borne", lines);
    for (account, amount) in borne {
        match run.order.fees.iter_mut().find(|(known, _)| *known == account) {
            Some(line) => line.1 += amount,
            None => run.order.fees.push((account, amount)),
        }
    }
}

/// Where money is that was taken by a method: with the provider, or in the bank when it came from outside.
pub(super) fn where_money_is(method: &str) -> &'static str {
    if is_offline(method) { BANK } else { CLEARING }
}

fn declined(run: &mut Run<'_, '_>, effect: Effect, code: &str) {
    let words = code.replace('_', " ");
    match effect {
        Effect::Verify | Effect::Authorise | Effect::Charge | Effect::Capture => {
            if let Some(payment) = run.order.payments.last_mut() {
                payment.failure_code = Some(code.to_owned());
                payment.awaits_customer = false;
                // A capture that was declined leaves what is held; the machine goes on to release it.
                let held = payment.authorised > payment.voided;
                payment.state = if held { PaymentState::Authorised } else { PaymentState::Failed };
            }
            run.log(
                "payment_failed",
                format!("The payment was declined: {words}"),
                json!({ "code": code }),
                true,
                MerchantView::Nobody,
            );
            run.emit("payment.failed", json!({ "code": code }));
        }
        Effect::CheckStock => {
            run.log(
                "stock_missing",
                "The reserved units are not there any more".to_owned(),
                json!({ "skus": code }),
                false,
                MerchantView::All,
            );
        }
        Effect::Void | Effect::Refund | Effect::Transfer => {
            let message = format!("{} was refused by the provider: {words}. Somebody must look at it", effect.name());
            run.log(
                "needs_attention",
                message,
                json!({ "effect": effect.name(), "code": code }),
                false,
                MerchantView::Nobody,
            );
        }
    }
}

/// Orders the effect of a refund.
pub(super) fn refund_effect(run: &mut Run<'_, '_>, payment: PaymentId, amount: i64) -> JobId {
    let id = JobId(run.next_id());
    let (order, currency) = (run.order.id, run.order.currency);
    if let Some(payment) = run.order.payments.iter().find(|p| p.id == payment) {
        let (method, provider, reference) =
            (payment.method.clone(), payment.provider.clone(), payment.reference.clone());
        let payment = payment.id;
        let effect = EffectName(Effect::Refund);
        run.add_effect(EffectJob {
            id,
            effect,
            order,
            payment,
            method,
            provider,
            reference,
            amount,
            currency,
            stock: Vec::new(),
            transfers: Vec::new(),
        });
    }
    id
}

/// Money that providers hold on customers' cards.
pub(super) const HELD: &str = "provider/held";
/// The other side of it.
pub(super) const HELD_BY_CUSTOMERS: &str = "customers/held";
/// Money that providers owe us.
pub(super) const CLEARING: &str = "provider/clearing";
/// The platform's bank account.
pub(super) const BANK: &str = "bank";
/// What providers charge.
const FEES: &str = "platform/fees";
/// Money taken and not yet shared out; empty after every posting of a split.
pub(super) const UNSETTLED: &str = "orders/unsettled";
