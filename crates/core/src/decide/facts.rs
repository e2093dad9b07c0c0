//! What the order answers to the facts of guards.
//!
//! Everything here comes from the order and its workflow, so an answer changes by a command and by nothing else.

use super::attempts::is_offline;
use super::run::{Run, Which};
use crate::order::Item;
use crate::workflow::Transition;
use crate::workflow::guard::{Answer, Fact, Guard, Subject, Value};

impl Run<'_, '_> {
    /// Whether the guard of a transition holds for that machine.
    pub fn guard_holds(&self, which: Which, transition: &Transition) -> bool {
        transition.guard.as_ref().is_none_or(|g| g.holds(&|fact| fact.holds(&self.value(which, fact))))
    }

    /// Each fact of the guard with what the order says to it.
    pub fn explain_guard(&self, which: Which, guard: &Guard) -> Vec<Answer> {
        guard.explain(&|fact| self.value(which, fact))
    }

    /// The answer to a guard's question. A payment has no item: what is asked of one is nothing there.
    fn value(&self, which: Which, fact: &Fact) -> Value {
        let tagged = |item: &Item, tag: &str| self.workflow.item.state(&item.machine.state).is_some_and(|s| s.has(tag));
        let item = match which {
            Which::Item(i) | Which::Merchant(i) => Some(&self.order.items[i]),
            Which::Payment | Which::Dispute(_) => None,
        };
        Value::Truth(match fact {
            Fact::Payment(tag) => {
                let machine = self.workflow.payment.as_ref();
                machine.and_then(|m| m.state(&self.order.payment.state)).is_some_and(|s| s.has(tag))
            }
            Fact::PaymentOffline => self.order.current_payment().is_some_and(|p| is_offline(&p.method)),
            Fact::AllItems(tag) => self.order.items.iter().all(|i| tagged(i, tag)),
            Fact::AnyItem(tag) => self.order.items.iter().any(|i| tagged(i, tag)),
            Fact::ItemFullyRefunded => item.is_some_and(|i| i.captured > 0 && i.refunded >= i.captured),
            Fact::LateCancellation => item.is_some_and(|i| i.late_cancellation),
            Fact::OrderFullyRefunded => self.order.captured() > 0 && self.order.refunded() >= self.order.captured(),
            Fact::NothingCaptured => self.order.captured() == 0,
            Fact::Compare(comparison) => return self.subject(item, comparison.subject),
        })
    }

    fn subject(&self, item: Option<&Item>, subject: Subject) -> Value {
        // Who explores a workflow asks for every answer that a guard can tell apart.
        if let Some(assumed) = self.watch.as_deref().and_then(|watch| watch.assumed(subject)) {
            return assumed.clone();
        }
        let order = &self.order;
        let of_item = |answer: fn(&Item) -> Value| item.map_or(Value::Nothing, answer);
        match subject {
            Subject::OrderTotal => Value::Money(order.total, order.currency),
            Subject::OrderItems => Value::Integer(order.items.len() as i64),
            Subject::OrderChannel => Value::Word(order.channel.clone()),
            Subject::OrderCurrency => Value::Word(order.currency.code().to_owned()),
            Subject::ShippingCountry => order.shipping_country.clone().map_or(Value::Nothing, Value::Word),
            Subject::ItemTotal => item.map_or(Value::Nothing, |i| Value::Money(i.total, order.currency)),
            Subject::ItemPrice => item.map_or(Value::Nothing, |i| Value::Money(i.price, order.currency)),
            Subject::ItemQuantity => of_item(|i| Value::Integer(i.quantity)),
            Subject::ItemSku => of_item(|i| Value::Word(i.sku.clone())),
            Subject::ItemMerchant => of_item(|i| Value::Word(i.merchant_id.to_string())),
        }
    }
}
