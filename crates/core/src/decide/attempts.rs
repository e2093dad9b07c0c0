//! Attempts to pay: what is owed, the effects that a payment step orders, and who may speak of money.

use super::run::{Run, Which};
use super::{EffectJob, EffectName, Refusal};
use crate::actor::Role;
use crate::id::{JobId, PaymentId};
use crate::order::{Item, PaymentState, Reservation};
use crate::workflow::{Effect, Party};

/// The method that waits for money from outside.
pub(super) const OFFLINE: &str = "pm_offline";

/// Whether the method waits for money from outside.
pub(super) fn is_offline(method: &str) -> bool {
    method == OFFLINE
}

/// The verification charge (seed of the store request: «a temporary 1 USD charge»), in minor units.
pub const VERIFICATION_AMOUNT: i64 = 100;

impl Run<'_, '_> {
    /// What is to be taken for the lines that are not cancelled.
    pub fn owed(&self) -> i64 {
        self.live().map(|i| i.due()).sum()
    }

    /// The lines that are not cancelled.
    pub fn live(&self) -> impl Iterator<Item = &Item> {
        self.order
            .items
            .iter()
            .filter(|i| !self.workflow.item.state(&i.machine.state).is_some_and(|s| s.has("cancelled")))
    }

    /// Orders an effect on the current payment.
    pub fn invoke(&mut self, effect: Effect) -> JobId {
        let asks = matches!(effect, Effect::Verify | Effect::Authorise | Effect::Charge);
        if asks && let Some((method, provider)) = self.declined_method() {
            self.new_attempt(&method, &provider);
        }
        let id = JobId(self.next_id());
        let amount = match effect {
            Effect::Verify => VERIFICATION_AMOUNT,
            Effect::Authorise | Effect::Charge | Effect::Capture => self.owed(),
            Effect::Void => self.order.current_payment().map_or(0, |p| p.authorised - p.captured),
            Effect::Transfer => self.order.current_payment().map_or(0, |p| p.captured),
            Effect::Refund => self.order.left(),
            Effect::CheckStock => 0,
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
        if let Some(payment) = self.order.payments.last() {
            self.add_effect(EffectJob {
                id,
                effect: EffectName(effect),
                order: self.order.id,
                payment: payment.id,
                method: payment.method.clone(),
                provider: payment.provider.clone(),
                reference: payment.reference.clone(),
                amount,
                currency: self.order.currency,
                stock,
                transfers,
            });
        }
        id
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
