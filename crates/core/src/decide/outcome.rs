//! What effects came to: the payment machine goes on, and the books follow.
//!
//! An outcome belongs to the effect that a state waits for, by its id. Any other was applied before or came too late, and changes nothing.

use serde_json::json;

use super::attempts::is_offline;
use super::run::{Cause, Run, Which};
use super::{EffectJob, EffectName, MerchantView, Outcome, Refusal, Transferred, errands, refund, shares};
use crate::id::{JobId, PaymentId};
use crate::order::{PaymentState, Transfer};
use crate::payment_words;
use crate::workflow::{Delay, Effect, Policy};

/// Applies an outcome.
pub(super) fn outcome(run: &mut Run<'_, '_>, effect: JobId, outcome: &Outcome) -> Result<(), Refusal> {
    if run.order.payment.effect == Some(effect) {
        return of_payment(run, outcome);
    }
    if let Some(index) = run.order.refunds.iter().position(|r| r.effect == Some(effect)) {
        return refund::outcome(run, index, outcome);
    }
    if let Some(index) = run.order.errands.iter().position(|e| e.effect == Some(effect)) {
        return errands::outcome(run, index, outcome);
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
        Outcome::Done { reference, capture_before, fee, moved, transfers } => {
            let at = run.acted_on(invoke.effect);
            match (invoke.effect, at, *moved) {
                // There was nothing to release: somebody had taken the money at the provider. It goes back by itself.
                (Effect::Void, Some(at), Some(taken)) if taken > 0 => errands::taken_instead(run, at, taken),
                _ => done(run, invoke.effect, at, reference.as_deref(), transfers),
            }
            if let Some(payment) = at.and_then(|n| run.order.payments.get_mut(n)) {
                payment.capture_before = capture_before.or(payment.capture_before);
            }
            if let (Some(at), Some(fee)) = (at, *fee) {
                fee_kept(run, at, fee);
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
    let takes =
        matches!(effect, Effect::Verify | Effect::Authorise | Effect::Reauthorise | Effect::Charge | Effect::Capture);
    let at = run.acted_on(effect);
    if let Some(payment) = at.and_then(|n| run.order.payments.get_mut(n))
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

    /// Books that a payment holds nothing any more, and tells how much it held, in minor units. Of money that was taken nothing is held.
    pub fn release_hold(&mut self, at: usize) -> i64 {
        let payment = &mut self.order.payments[at];
        let released = payment.held();
        payment.voided += released;
        if payment.captured == 0 {
            payment.state = PaymentState::Voided;
        }
        self.post("void", vec![(HELD_BY_CUSTOMERS.to_owned(), released), (HELD.to_owned(), -released)]);
        released
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

/// Books a success; `at` is the attempt that the effect acted on.
fn done(run: &mut Run<'_, '_>, effect: Effect, at: Option<usize>, reference: Option<&str>, transfers: &[Transferred]) {
    let owed = run.owed();
    let show = |run: &Run<'_, '_>, amount: i64| run.order.currency.show(amount);
    match effect {
        Effect::Verify => {
            settle_doubt(run, at, PaymentState::Pending, reference);
            run.log(
                "payment_verified",
                "The card was verified; nothing was taken".to_owned(),
                json!({}),
                true,
                MerchantView::Nobody,
            );
        }
        Effect::Authorise | Effect::Reauthorise => {
            settle_doubt(run, at, PaymentState::Authorised, reference);
            if let Some(payment) = at.and_then(|n| run.order.payments.get_mut(n)) {
                payment.authorised = owed;
                payment.authorised_at = Some(run.now);
            }
            run.post("authorise", vec![(HELD.to_owned(), owed), (HELD_BY_CUSTOMERS.to_owned(), -owed)]);
            let renewed = effect == Effect::Reauthorise;
            let message = match renewed {
                true => format!("{} authorised again, before the earlier hold ends", show(run, owed)),
                false => format!("{} authorised", show(run, owed)),
            };
            run.log("payment_authorised", message, json!({ "amount": owed }), true, MerchantView::Nobody);
            if renewed {
                run.emit("payment.reauthorised", json!({ "amount": owed }));
            }
        }
        Effect::Charge | Effect::Capture => money_taken(run, at, reference),
        Effect::Void => {
            let Some(at) = at.filter(|n| *n < run.order.payments.len()) else { return };
            let released = run.release_hold(at);
            let message = format!("{} released", show(run, released));
            run.log("payment_voided", message, json!({ "amount": released }), true, MerchantView::Nobody);
        }
        Effect::Refund => refund::undone(run, reference),
        Effect::Transfer => {
            if let Some(at) = at {
                transferred(run, at, transfers);
            }
            run.log(
                "payment_split",
                "The parties' shares were paid out at the provider".to_owned(),
                json!({}),
                false,
                MerchantView::Nobody,
            );
        }
        Effect::CheckStock | Effect::Reverse => {}
    }
}

/// What went to the parties' own accounts is owed to them no more.
fn transferred(run: &mut Run<'_, '_>, at: usize, transfers: &[Transferred]) {
    let payment_id = run.order.payments[at].id;
    for made in transfers.iter().filter(|t| t.amount > 0) {
        if run.order.transfers.iter().any(|t| t.reference == made.reference) {
            continue;
        }
        run.order.transfers.push(Transfer {
            party: made.party.clone(),
            payment_id,
            reference: made.reference.clone(),
            amount: made.amount,
            reversed: 0,
            rounding: 0,
            owed: 0,
        });
        let lines = vec![(made.party.clone(), made.amount), (CLEARING.to_owned(), -made.amount)];
        run.post_about("transfer", Some(made.reference.clone()), lines);
    }
}

/// The provider holds nothing any more although nobody here released it: the time of the hold is over now, and what the lifecycle does when a
/// hold ends is due. In the books it stands until another one, or a capture that fails, takes its place. A lifecycle that has no rule
/// for the end of a hold does nothing: then staff is told, because taking the money will fail.
pub(super) fn hold_lost(run: &mut Run<'_, '_>, payment: PaymentId) -> Result<(), Refusal> {
    let (busy, now) = (run.is_paying()?, run.now);
    let held = run.order.payments.iter_mut().find(|p| p.id == payment && p.held() > 0);
    let Some(held) = held.filter(|p| !busy && p.capture_before.is_none_or(|end| end > now)) else {
        return Err(Refusal::StaleOutcome);
    };
    held.capture_before = Some(now);
    let amount = held.held();
    let data = json!({ "paymentId": payment.to_string(), "amount": amount });
    let shown = run.order.currency.show(amount);
    let message = format!("The hold of {shown} is gone: the payment provider released it");
    run.log("hold_lost", message, data.clone(), true, MerchantView::Nobody);
    run.emit("payment.hold_lost", data.clone());
    let Some(state) = run.state(Which::Payment)? else { return Ok(()) };
    run.set_timer(Which::Payment, state);
    if !state.after.iter().any(|a| a.delay == Delay::Policy(Policy::AuthorisationEnds)) {
        let message = format!(
            "The hold of {shown} is gone at the payment provider, and this lifecycle does not renew it. Ask the customer to pay again, or cancel"
        );
        run.log("needs_attention", message, data, false, MerchantView::Nobody);
    }
    Ok(())
}

/// An effect gets nowhere. Whatever the order waits for stays as it is: nothing is guessed.
pub(super) fn stuck(run: &mut Run<'_, '_>, effect: JobId, why: &str, goes_on: bool) -> Result<(), Refusal> {
    let order = &run.order;
    let payment = (order.payment.effect == Some(effect)).then(|| run.state(Which::Payment)).transpose()?.flatten();
    let payment = payment.and_then(|s| s.invoke.as_ref()).map(|i| i.effect);
    let refund = order.refunds.iter().any(|r| r.effect == Some(effect)).then_some(Effect::Refund);
    let errand = order.errands.iter().find(|e| e.effect == Some(effect)).map(|e| e.kind.effect());
    let Some(name) = payment.or(refund).or(errand).map(Effect::name) else { return Err(Refusal::StaleOutcome) };
    let message = match goes_on {
        true => format!(
            "{name} gets no answer from the payment provider: {why}. It is tried again every hour until there is one"
        ),
        false => format!("{name} stopped: {why}. Set it right with the provider, then retry its job"),
    };
    let data = json!({ "effect": name, "jobId": effect.to_string(), "why": why, "goesOn": goes_on });
    run.log("needs_attention", message, data.clone(), false, MerchantView::Nobody);
    run.emit("effect.stuck", data);
    Ok(())
}

/// The provider said yes: no doubt is left, and an earlier no explains nothing any more.
fn settle_doubt(run: &mut Run<'_, '_>, at: Option<usize>, state: PaymentState, reference: Option<&str>) {
    run.order.payment_reason = None;
    if let Some(payment) = at.and_then(|n| run.order.payments.get_mut(n)) {
        payment.state = state;
        payment.awaits_customer = false;
        if reference.is_some() {
            payment.reference = reference.map(str::to_owned);
        }
    }
}

/// Money was taken for every line that is not cancelled: capture, release of what was held beyond it, and the parties' shares.
pub(super) fn money_taken(run: &mut Run<'_, '_>, at: Option<usize>, reference: Option<&str>) {
    let amount = run.owed();
    settle_doubt(run, at, PaymentState::Captured, reference);
    for index in 0..run.order.items.len() {
        let cancelled =
            run.workflow.item.state(&run.order.items[index].machine.state).is_some_and(|s| s.has("cancelled"));
        if !cancelled {
            let due = run.order.items[index].due();
            run.order.items[index].captured = due;
        }
    }
    let Some(payment) = at.and_then(|n| run.order.payments.get_mut(n)) else { return };
    payment.captured = amount;
    let to = where_money_is(&payment.method);
    let held = payment.authorised;
    payment.voided = (held - amount).max(0);
    if held > 0 {
        run.post("void", vec![(HELD_BY_CUSTOMERS.to_owned(), held), (HELD.to_owned(), -held)]);
    }
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
/// Booked once for a payment.
fn fee_kept(run: &mut Run<'_, '_>, at: usize, fee: i64) {
    let payment = &mut run.order.payments[at];
    if payment.fee.is_some() || payment.captured == 0 {
        return;
    }
    payment.fee = Some(fee);
    let id = payment.id.to_string();
    run.post_about("fee", Some(id.clone()), vec![(FEES.to_owned(), fee), (CLEARING.to_owned(), -fee)]);
    run.emit("payment.fee", json!({ "paymentId": id, "amount": fee }));
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
    let at = run.acted_on(effect);
    match effect {
        Effect::Verify | Effect::Authorise | Effect::Reauthorise | Effect::Charge | Effect::Capture => {
            if let Some(payment) = at.and_then(|n| run.order.payments.get_mut(n)) {
                payment.failure_code = Some(code.to_owned());
                payment.awaits_customer = false;
                // A capture that was declined leaves what is held; the machine goes on to release it.
                let held = payment.authorised > payment.voided;
                payment.state = if held { PaymentState::Authorised } else { PaymentState::Failed };
            }
            let decline = payment_words::decline(code);
            let mut data = json!({ "code": code, "why": decline.why, "nextStep": decline.next_step });
            let message = match effect {
                Effect::Reauthorise => {
                    data["renewal"] = json!(true);
                    format!("The bank would not hold the money again: {words}")
                }
                _ => format!("The payment was declined: {words}"),
            };
            run.log("payment_failed", message, data.clone(), true, MerchantView::Nobody);
            run.emit("payment.failed", data);
            if effect == Effect::Reauthorise {
                let message = format!(
                    "The hold on the card ends and could not be renewed: {words}. The customer has to pay again before goods leave"
                );
                let metadata = json!({ "effect": effect.name(), "code": code });
                run.log("needs_attention", message, metadata, false, MerchantView::Nobody);
            }
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
        Effect::Void | Effect::Refund | Effect::Transfer | Effect::Reverse => {
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
    if let Some(paid) = run.order.payments.iter().find(|p| p.id == payment) {
        run.add_effect(EffectJob {
            method: paid.method.clone(),
            provider: paid.provider.clone(),
            reference: paid.reference.clone(),
            ..EffectJob::new(id, EffectName(Effect::Refund), &run.order, payment, amount)
        });
    }
    id
}

/// Money that providers hold on customers' cards.
const HELD: &str = "provider/held";
/// The other side of it.
const HELD_BY_CUSTOMERS: &str = "customers/held";
/// Money that providers owe us.
pub(super) const CLEARING: &str = "provider/clearing";
/// The platform's bank account.
pub(super) const BANK: &str = "bank";
/// What providers charge.
const FEES: &str = "platform/fees";
/// Money taken and not yet shared out; empty after every posting of a split.
pub(super) const UNSETTLED: &str = "orders/unsettled";
