//! Attempts to pay: what is owed, the effects that a payment step orders, and who may speak of money.

use super::run::{Run, Which};
use super::{EffectJob, EffectName, Refusal};
use crate::actor::Role;
use crate::id::{JobId, PaymentId};
use crate::order::{Item, OFFLINE, Order, Payment, PaymentState, Reservation};
use crate::workflow::{Effect, Party, State, Workflow};

/// Whether the method waits for money from outside.
pub(super) fn is_offline(method: &str) -> bool {
    method == OFFLINE
}

/// The lines of an order that are not cancelled.
pub fn live<'o>(order: &'o Order, workflow: &'o Workflow) -> impl Iterator<Item = &'o Item> {
    let cancelled = |i: &&Item| workflow.item.state(&i.machine.state).is_some_and(|s| s.has("cancelled"));
    order.items.iter().filter(move |i| !cancelled(i))
}

/// What is to be taken for those lines, in minor units.
pub fn owed(order: &Order, workflow: &Workflow) -> i64 {
    live(order, workflow).map(Item::due).sum()
}

/// The verification charge (seed of the store request: «a temporary 1 USD charge»), in minor units.
pub const VERIFICATION_AMOUNT: i64 = 100;

impl Run<'_, '_> {
    /// What is to be taken for the lines that are not cancelled.
    pub fn owed(&self) -> i64 {
        owed(&self.order, self.workflow)
    }

    /// The lines that are not cancelled.
    pub fn live(&self) -> impl Iterator<Item = &Item> {
        live(&self.order, self.workflow)
    }

    /// Orders an effect on the current payment.
    pub fn invoke(&mut self, effect: Effect) -> JobId {
        let asks = matches!(effect, Effect::Verify | Effect::Authorise | Effect::Charge);
        if asks && let Some((method, provider)) = self.declined_method() {
            self.new_attempt(&method, &provider);
        }
        // A hold of its own: the one that ends stands until the new one does.
        let old = (effect == Effect::Reauthorise).then(|| self.acted_on(Effect::Capture)).flatten();
        let old = old.map(|n| self.order.payments[n].clone());
        if let Some(old) = &old {
            self.new_attempt(&old.method, &old.provider);
        }
        let id = JobId(self.next_id());
        let acted_on = self.acted_on(effect);
        let of = acted_on.map(|n| &self.order.payments[n]);
        let amount = match effect {
            Effect::Verify => VERIFICATION_AMOUNT,
            Effect::Authorise | Effect::Reauthorise | Effect::Charge | Effect::Capture => self.owed(),
            Effect::Void => of.map_or(0, Payment::held),
            Effect::Transfer => of.map_or(0, |p| p.captured),
            Effect::Refund => self.order.left(),
            // Reversals are errands; no state runs one.
            Effect::CheckStock | Effect::Reverse => 0,
        };
        let stock = match effect {
            Effect::CheckStock => self
                .live()
                .filter(|i| i.reservation == Reservation::Held)
                .map(|i| (i.sku.clone(), i.location.clone(), i.quantity))
                .collect(),
            _ => Vec::new(),
        };
        let transfers = match effect {
            Effect::Transfer => self.transfers(),
            _ => Vec::new(),
        };
        if let Some(payment) = of {
            let keeps_card = effect == Effect::Authorise && self.renews_holds();
            self.add_effect(EffectJob {
                method: payment.method.clone(),
                provider: payment.provider.clone(),
                // A renewal is made with the card of the hold that ends.
                reference: old.map_or_else(|| payment.reference.clone(), |old| old.reference),
                keeps_card,
                capture_before: payment.capture_before.filter(|_| effect == Effect::Capture),
                stock,
                transfers,
                ..EffectJob::new(id, EffectName(effect), &self.order, payment.id, amount)
            });
        }
        id
    }

    /// The attempt that an effect of the payment machine acts on: what takes or releases a hold, on the last hold; what passes money on or
    /// gives it back, on the last that took some; what asks for money, on the current one.
    pub fn acted_on(&self, effect: Effect) -> Option<usize> {
        let last = self.order.payments.len().checked_sub(1);
        let found = match effect {
            Effect::Capture | Effect::Void => self.order.payments.iter().rposition(|p| p.held() > 0),
            Effect::Transfer | Effect::Refund => self.order.payments.iter().rposition(|p| p.captured > p.refunded),
            Effect::Verify
            | Effect::Authorise
            | Effect::Reauthorise
            | Effect::Charge
            | Effect::CheckStock
            | Effect::Reverse => None,
        };
        found.or(last)
    }

    /// Whether the workflow holds money anew when a hold ends, so that the card must be usable without its holder.
    fn renews_holds(&self) -> bool {
        let invokes = |s: &State| s.invoke.as_ref().is_some_and(|i| i.effect == Effect::Reauthorise);
        self.workflow.payment.as_ref().is_some_and(|m| m.states.iter().any(invokes))
    }

    /// What each party is sent: its share, less what it bears of the provider's fees.
    fn transfers(&self) -> Vec<(String, i64)> {
        let fee = |account: &str| self.order.fees.iter().find(|(known, _)| known == account).map_or(0, |(_, fee)| *fee);
        let own = self.order.splits.iter().map(|s| (s.party.account(), s.amount));
        own.map(|(account, amount)| (amount - fee(&account), account))
            .filter(|(a, _)| *a > 0)
            .map(|(a, b)| (b, a))
            .collect()
    }

    /// The method of the current payment and its provider if it was declined: trying it again is another attempt.
    fn declined_method(&self) -> Option<(String, String)> {
        let declined = self.order.current_payment().filter(|p| p.state == PaymentState::Failed);
        declined.map(|p| (p.method.clone(), p.provider.clone()))
    }

    /// Begins another attempt to pay what is owed.
    pub fn new_attempt(&mut self, method: &str, provider: &str) {
        let id = PaymentId(self.next_id());
        let amount = self.owed();
        self.order.payments.push(super::fire::new_payment(id, method, provider, amount, self.now));
    }

    /// Whether the provider, or the stock, is being asked something: until the outcome is known nothing that depends on it is done.
    pub fn is_paying(&self) -> Result<bool, Refusal> {
        Ok(self.state(Which::Payment)?.is_some_and(|s| s.invoke.is_some()))
    }

    /// In whose names the actor may fire events of that machine. An import speaks of parcels with its merchant's word, but of money only
    /// with staff's: a seller cannot say that an order is paid.
    pub fn parties(&self, which: Which) -> Vec<Party> {
        let staff = matches!(self.actor.role, Role::Admin | Role::Ops | Role::Retailer);
        let mut parties = self.actor.parties();
        parties.retain(|p| *p != Party::Import || which != Which::Payment || staff);
        parties
    }
}
