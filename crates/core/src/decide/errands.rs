//! Errands: what is done at providers beside the machines, because the books ask for it and no state waits for it.
//!
//! Three kinds. A hold that another hold or a capture has taken the place of is **released**. A transfer to a party's own account is
//! **reversed** as far as the party's share became less: by a refund, an undo, a lost dispute, whatever took it back; the level of the
//! party's account decides, not the cause, so that nothing is reversed twice and every cause is covered. Money that a provider took
//! after its payment had been given up is **given back**. Each is a durable effect with its own key. What is not here: the shares
//! (`shares`), and the machines' own effects (`outcome`).

use serde_json::json;

use super::outcome::{CLEARING, UNSETTLED};
use super::run::{Run, Which};
use super::{EffectJob, EffectName, MerchantView, Outcome, Refusal};
use crate::id::{JobId, PaymentId};
use crate::ledger::Account;
use crate::order::{Errand, ErrandKind, PartyKind, PartyRef};

/// The platform's account, where nobody of the order is the platform.
const PLATFORM: &str = "platform";

impl Run<'_, '_> {
    /// Orders what the books ask for: after every command, so that whatever changed a share or a hold is followed.
    pub fn run_errands(&mut self) {
        self.release_stale_holds();
        self.reverse_overdrawn();
    }

    /// A hold that is not the last one, or that stands beside money that was taken, is of no use to anybody.
    fn release_stale_holds(&mut self) {
        let held = |n: &usize| self.order.payments[*n].held() > 0;
        let mut holds: Vec<usize> = (0..self.order.payments.len()).filter(held).collect();
        if self.order.captured() == 0 {
            holds.pop();
        }
        for n in holds {
            let payment = &self.order.payments[n];
            let (id, amount) = (payment.id, payment.held());
            let known = |e: &Errand| e.kind == ErrandKind::Release && e.payment_id == id;
            if !self.order.errands.iter().any(known) {
                self.order_errand(ErrandKind::Release, id, None, amount);
            }
        }
    }

    /// Takes back what parties have at providers and are no longer entitled to.
    fn reverse_overdrawn(&mut self) {
        if self.order.transfers.is_empty() {
            return;
        }
        let running = |run: &Self, reference: &str| -> i64 {
            let of = |e: &&Errand| e.kind == ErrandKind::Reverse && e.transfer.as_deref() == Some(reference);
            run.order.errands.iter().filter(of).filter(|e| e.effect.is_some()).map(|e| e.amount).sum()
        };
        for split in self.order.splits.clone() {
            let account = split.party.account();
            let own: Vec<usize> =
                (0..self.order.transfers.len()).filter(|n| self.order.transfers[*n].party == account).collect();
            let left = |run: &Self, n: usize| {
                let transfer = &run.order.transfers[n];
                transfer.left() - running(run, &transfer.reference)
            };
            let has: i64 = own.iter().map(|n| left(self, *n)).sum();
            let fees = self.order.fees.iter().filter(|(known, _)| *known == account).map(|(_, fee)| fee).sum::<i64>();
            let given_up = split.refunded + self.order.borne_by(&split.party) + fees;
            let mut over = has - (split.amount - given_up);
            // The newest first, as a stack of coins is taken down.
            for n in own.into_iter().rev() {
                let part = over.min(left(self, n));
                if part <= 0 {
                    continue;
                }
                over -= part;
                let (payment, reference) =
                    (self.order.transfers[n].payment_id, self.order.transfers[n].reference.clone());
                self.order_errand(ErrandKind::Reverse, payment, Some(reference), part);
            }
        }
    }

    /// Orders the effect of an errand; it goes to the provider that the payment is with.
    fn order_errand(&mut self, kind: ErrandKind, payment: PaymentId, transfer: Option<String>, amount: i64) {
        let Some(of) = self.order.payments.iter().find(|p| p.id == payment) else { return };
        let (method, provider, reference) = (of.method.clone(), of.provider.clone(), of.reference.clone());
        let id = JobId(self.next_id());
        let effect = kind.effect();
        self.add_effect(EffectJob {
            method,
            provider,
            reference,
            transfer: transfer.clone(),
            ..EffectJob::new(id, EffectName(effect), &self.order, payment, amount)
        });
        self.order.errands.push(Errand {
            kind,
            payment_id: payment,
            transfer,
            amount,
            effect: Some(id),
            refused: None,
            created_at: self.now,
        });
    }

    /// Who bears what a provider rounds.
    fn platform(&self) -> String {
        let found = self.order.splits.iter().find(|s| s.party.kind == PartyKind::Platform);
        let own = || PartyRef { kind: PartyKind::Platform, id: PLATFORM.to_owned() };
        found.map_or_else(own, |s| s.party.clone()).account()
    }
}

/// What the provider said to an errand.
pub(super) fn outcome(run: &mut Run<'_, '_>, index: usize, outcome: &Outcome) -> Result<(), Refusal> {
    match outcome {
        Outcome::InDoubt | Outcome::ActionRequired { .. } => Ok(()),
        Outcome::Done { moved, .. } => {
            let errand = run.order.errands.remove(index);
            match errand.kind {
                ErrandKind::Release => {
                    let at = run.order.payments.iter().position(|p| p.id == errand.payment_id);
                    match (at, *moved) {
                        (Some(at), Some(taken)) if taken > 0 => taken_instead(run, at, taken),
                        (Some(at), _) => released(run, at),
                        (None, _) => {}
                    }
                }
                ErrandKind::Reverse => reversed(run, &errand, *moved),
                ErrandKind::GiveBack => given_back(run, &errand),
            }
            Ok(())
        }
        Outcome::Declined { code } => {
            let errand = &mut run.order.errands[index];
            errand.effect = None;
            errand.refused = Some(code.clone());
            let errand = errand.clone();
            refused(run, &errand, code);
            Ok(())
        }
    }
}

fn released(run: &mut Run<'_, '_>, at: usize) {
    let amount = run.release_hold(at);
    let message = format!("{} of the earlier hold released", run.order.currency.show(amount));
    let metadata = json!({ "amount": amount, "paymentId": run.order.payments[at].id.to_string() });
    run.log("payment_voided", message, metadata, true, MerchantView::Nobody);
}

/// The provider took a part of a transfer back. What it took is booked as it says; what it rounds is the platform's.
fn reversed(run: &mut Run<'_, '_>, errand: &Errand, moved: Option<i64>) {
    let back = moved.unwrap_or(errand.amount);
    let reference = errand.transfer.as_deref().unwrap_or_default();
    let Some(transfer) = run.order.transfers.iter_mut().find(|t| t.reference == reference) else { return };
    transfer.reversed += back;
    transfer.rounding += errand.amount - back;
    let party = transfer.party.clone();
    let platform = run.platform();
    let mut lines = vec![(CLEARING.to_owned(), back), (party.clone(), -errand.amount)];
    lines.push((platform, errand.amount - back));
    run.post_about("transfer_reversed", Some(reference.to_owned()), lines);
    let metadata = json!({ "party": party, "transfer": reference, "amount": back });
    let message = format!("{} taken back from {}", run.order.currency.show(back), shown(&party));
    run.log("transfer_reversed", message, metadata.clone(), false, MerchantView::Nobody);
    run.emit("transfer.reversed", metadata);
}

fn given_back(run: &mut Run<'_, '_>, errand: &Errand) {
    let Some(payment) = run.order.payments.iter_mut().find(|p| p.id == errand.payment_id) else { return };
    payment.late_refunded += errand.amount;
    run.post("late_refund", vec![(CLEARING.to_owned(), -errand.amount), (UNSETTLED.to_owned(), errand.amount)]);
    let message = format!("{} given back: it had been taken too late", run.order.currency.show(errand.amount));
    let metadata = json!({ "amount": errand.amount, "paymentId": errand.payment_id.to_string() });
    run.log("late_payment_refunded", message, metadata, true, MerchantView::Nobody);
}

/// The provider refused an errand: somebody is told, and what a party did not give back it owes.
fn refused(run: &mut Run<'_, '_>, errand: &Errand, code: &str) {
    let (shown_amount, words) = (run.order.currency.show(errand.amount), code.replace('_', " "));
    let mut metadata = json!({
        "errand": errand.kind.name(), "code": code, "amount": errand.amount, "paymentId": errand.payment_id.to_string(),
    });
    let message = match errand.kind {
        ErrandKind::Release => format!(
            "The provider did not release the earlier hold of {shown_amount}: {words}. It ends by itself; look at it \
             with the provider if the customer asks"
        ),
        ErrandKind::GiveBack => format!(
            "{shown_amount} that were taken too late could not be given back: {words}. Give them back another way"
        ),
        ErrandKind::Reverse => {
            let reference = errand.transfer.clone().unwrap_or_default();
            let found = run.order.transfers.iter_mut().find(|t| t.reference == reference);
            let Some(transfer) = found else { return };
            transfer.owed += errand.amount;
            let party = transfer.party.clone();
            if let Some(Account::Party(of)) = Account::parse(&party) {
                let owes = Account::Receivable(of).to_string();
                let lines = vec![(owes, errand.amount), (party.clone(), -errand.amount)];
                run.post_about("receivable", Some(reference.clone()), lines);
            }
            metadata["party"] = json!(party);
            metadata["transfer"] = json!(reference);
            run.emit("transfer.reversal_refused", metadata.clone());
            format!(
                "{shown_amount} could not be taken back from {}: {words}. The party owes it; it is in the book as a receivable",
                shown(&party)
            )
        }
    };
    run.log("needs_attention", message, metadata, false, MerchantView::Nobody);
}

/// `merchant mer_…` of `party/merchant/mer_…`.
fn shown(account: &str) -> String {
    account.trim_start_matches("party/").replacen('/', " ", 1)
}

/// The provider took money for a payment that the order had given up: it is booked apart from the order's money, and goes back by itself.
/// Told a second time, it changes nothing.
pub(super) fn late(run: &mut Run<'_, '_>, payment: PaymentId, amount: i64) -> Result<(), Refusal> {
    let busy = run.is_paying()?;
    let current = run.order.current_payment().map(|p| p.id);
    let over = run.state(Which::Payment)?.is_some_and(|s| {
        !s.has("captured") && (s.is_final || ["failed", "expired", "payable"].iter().any(|tag| s.has(tag)))
    });
    let Some(at) = run.order.payments.iter().position(|p| p.id == payment) else { return Err(Refusal::StaleOutcome) };
    let found = &run.order.payments[at];
    let given_up = current != Some(payment) || (over && !busy);
    if amount <= 0 || !given_up || found.captured > 0 || found.late > 0 {
        return Err(Refusal::StaleOutcome);
    }
    taken_instead(run, at, amount);
    Ok(())
}

/// Money is with the provider that the order does not want: it is booked apart from the order's money, and goes back by itself.
pub(super) fn taken_instead(run: &mut Run<'_, '_>, at: usize, amount: i64) {
    let found = &mut run.order.payments[at];
    if found.captured > 0 || found.late > 0 {
        return;
    }
    found.late = amount;
    let payment = found.id;
    run.release_hold(at);
    run.post("late_payment", vec![(CLEARING.to_owned(), amount), (UNSETTLED.to_owned(), -amount)]);
    let message = format!(
        "{} arrived after the payment had been given up; the money goes back by itself",
        run.order.currency.show(amount)
    );
    let metadata = json!({ "amount": amount, "paymentId": payment.to_string() });
    run.log("late_payment", message, metadata.clone(), true, MerchantView::Nobody);
    run.emit("payment.late", metadata);
    run.order_errand(ErrandKind::GiveBack, payment, None, amount);
}
