//! What can be said of a refund beside its amount and its lines, and what a shop has decided about refunds in general.
//!
//! A shop's policy is taken as it is when the refund is asked for, and kept with it. What is not here: how much a refund comes to, and what
//! it does to shares and books (`decide/refund`).

use serde::{Deserialize, Serialize};

use crate::id::{ItemId, PaymentId};
use crate::order::{Order, PartyRef, RefundItem, RefundState};
use crate::time::{Span, Timestamp};

/// Whether what was paid for shipping goes back with units of a line. It always goes back with all that is left of the order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ShippingRule {
    /// Each unit takes its part of the shipping with it.
    #[default]
    Always,
    /// The whole shipping goes back with the last unit of the order.
    LastUnit,
    /// It is kept.
    Never,
}

impl ShippingRule {
    /// The words in the API.
    pub const ALL: &[(&str, Self)] = &[("always", Self::Always), ("lastUnit", Self::LastUnit), ("never", Self::Never)];

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == word).map(|(_, rule)| *rule)
    }

    /// The word.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, rule)| *rule == self).map_or("", |(name, _)| name)
    }
}

/// How the money goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RefundMethod {
    /// The way it came.
    #[default]
    Original,
    /// From the platform's bank account, by a transfer that somebody makes: the card is gone.
    Bank,
}

/// A refund that was made at the provider beside us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeenRefund {
    /// The provider's id.
    pub reference: String,
    /// Whether it is in the books, as money that came too late; otherwise the order could not take it, and somebody was told.
    pub booked: bool,
}

/// What is kept of what goods cost that come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestockingFee {
    /// Part of what the goods cost, of 10,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis_points: Option<i64>,
    /// Minor units, in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    /// Who keeps it; the line's merchant or supplier when nobody is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<PartyRef>,
}

/// What becomes of units that come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Back {
    /// They can be sold again.
    Restock,
    /// They cannot.
    WriteOff,
}

impl Back {
    /// The words in the API.
    pub const ALL: &[(&str, Self)] = &[("restock", Self::Restock), ("writeOff", Self::WriteOff)];
}

/// What is said of a refund beside amount, lines and reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundTerms {
    /// It is for no line: somebody bears it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goodwill: Option<PartyRef>,
    /// What is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<RestockingFee>,
    /// Another rule for the shipping than the shop's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping: Option<ShippingRule>,
    /// How it goes back.
    #[serde(default, skip_serializing_if = "is_default")]
    pub method: RefundMethod,
    /// The bank's reference of the transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Units that came back, by line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub back: Vec<(ItemId, Back)>,
    /// The shop's policy when it was asked for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub policy: RefundPolicy,
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What a shop has decided about refunds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefundPolicy {
    /// Refunds of one order beyond this sum, in minor units, need a second person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_limit: Option<i64>,
    /// Whether a refund beyond the limit is only reported, and goes through.
    #[serde(default, skip_serializing_if = "is_default")]
    pub report_only: bool,
    /// Customers' requests up to this amount are granted at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_up_to: Option<i64>,
    /// Customers' requests that come so long after the delivery, or before it, are granted at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_within: Option<Span>,
    /// Whether shipping goes back.
    #[serde(default, skip_serializing_if = "is_default")]
    pub shipping: ShippingRule,
    /// What is kept of goods that were sent, where a refund names lines and no amount; of 10,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restocking_fee: Option<i64>,
}

impl RefundPolicy {
    /// Whether a customer's request is granted without anybody's word. What is not set does not bound; with nothing set, staff decides.
    pub fn grants(&self, order: &Order, amount: i64, now: Timestamp) -> bool {
        let small = self.auto_up_to.is_none_or(|most| amount <= most);
        let soon = self.auto_within.is_none_or(|within| order.delivered_at().is_none_or(|at| now <= at.plus(within)));
        (self.auto_up_to.is_some() || self.auto_within.is_some()) && small && soon
    }
}

impl Order {
    /// How much of a payment went back by bank transfer instead of the way it came, in minor units. Such a refund is of no payment: it
    /// counts for the newest first, as a refund the usual way does, up to what that has left.
    pub fn refunded_by_bank_of(&self, payment: PaymentId) -> i64 {
        let by_bank = self
            .refunds
            .iter()
            .filter(|r| r.method == RefundMethod::Bank && r.payment_id.is_none() && r.state == RefundState::Succeeded);
        let mut open: i64 = by_bank.map(|r| r.amount).sum();
        for paid in self.payments.iter().rev().filter(|p| p.captured > 0) {
            let banks = self.chargebacks().filter(|c| c.payment_id == paid.id).flat_map(|c| &c.parts);
            let lost: i64 = banks.map(RefundItem::value).sum();
            let part = open.min(paid.captured - paid.refunded - lost).max(0);
            if paid.id == payment {
                return part;
            }
            open -= part;
        }
        0
    }
}

/// What a provider's code means for whoever refunds, and what to do next.
pub struct FailureWords {
    /// What happened.
    pub message: &'static str,
    /// What to do.
    pub next_step: &'static str,
}

/// Says in plain words why a refund failed. Codes: Stripe's `failure_reason` of a refund, which the sandbox uses too.
pub fn failure_words(code: &str) -> FailureWords {
    let another = "Refund by bank transfer: a new refund with \"method\": \"bank\"";
    let (message, next_step) = match code {
        "expired_or_canceled_card" => ("The customer's card has expired or was cancelled", another),
        "lost_or_stolen_card" => ("The customer's card was reported lost or stolen", another),
        "declined" | "card_declined" => ("The customer's bank declined the refund", another),
        "insufficient_funds" => (
            "The balance at the payment provider does not cover the refund",
            "Top up the balance at the provider and refund again, or refund by bank transfer",
        ),
        "charge_for_pending_refund_disputed" => (
            "The customer disputes the payment with their bank, which decides where the money goes",
            "Answer the dispute; do not refund beside it",
        ),
        "amount_too_large" | "charge_already_refunded" => (
            "Less is left of the payment at the payment provider than here",
            "Look at the payment there for refunds that somebody made by hand, and run a reconciliation with `settle`, which takes them into \
             the order; then refund what is left. Do not pay by bank before: the customer may have the money already",
        ),
        "merchant_request" => ("The refund was cancelled at the payment provider", "Refund again if it is still due"),
        NOT_GRANTED => ("The refund was not granted", "Ask again with more details, or write to the shop"),
        _ => (
            "The payment provider could not make the refund",
            "Try again; if it fails again, refund by bank transfer: a new refund with \"method\": \"bank\"",
        ),
    };
    FailureWords { message, next_step }
}

/// The code of a request that was rejected.
pub const NOT_GRANTED: &str = "not_granted";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for (name, rule) in ShippingRule::ALL {
            assert_eq!(ShippingRule::parse(name), Some(*rule));
            assert_eq!(rule.name(), *name);
            assert_eq!(serde_json::to_value(rule).expect("JSON"), *name);
        }
        for (name, back) in Back::ALL {
            assert_eq!(serde_json::to_value(back).expect("JSON"), *name);
        }
        assert_eq!(ShippingRule::parse("sometimes"), None);
    }

    #[test]
    fn a_card_that_is_gone_points_to_the_bank() {
        for code in ["expired_or_canceled_card", "lost_or_stolen_card", "declined"] {
            assert!(failure_words(code).next_step.contains("\"method\": \"bank\""), "{code}");
        }
        for code in ["amount_too_large", "charge_already_refunded"] {
            let words = failure_words(code);
            assert!(
                words.next_step.contains("reconciliation") && words.next_step.contains("Do not pay by bank"),
                "{code}"
            );
        }
        assert!(!failure_words("anything_else").message.is_empty());
    }
}
