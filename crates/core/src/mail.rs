//! Mails to the customer: which decision calls for one, and how staff reads of it. What is not here: the words of the mails, addresses,
//! and how a mail goes out (the application's).
//!
//! A mail is about one entry of the timeline. The entry's id names the mail for ever, so that one that is sent twice is recognised.

use serde::{Deserialize, Serialize};

use crate::decide::Decision;
use crate::id::EntryId;
use crate::order::Order;
use crate::workflow::Workflow;

/// What a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// A payment was declined, and the customer can pay again.
    PaymentDeclined,
    /// A hold ends and could not be renewed: the customer has to pay again.
    HoldNotRenewed,
    /// A payment waits for the customer.
    PaymentReminder,
    /// Money that came after its payment had been given up went back.
    LateMoneyReturned,
}

impl MailKind {
    /// Every kind.
    pub const ALL: &[Self] =
        &[Self::PaymentDeclined, Self::HoldNotRenewed, Self::PaymentReminder, Self::LateMoneyReturned];

    /// Its name in metadata and templates.
    pub fn name(self) -> &'static str {
        match self {
            Self::PaymentDeclined => "payment_declined",
            Self::HoldNotRenewed => "hold_not_renewed",
            Self::PaymentReminder => "payment_reminder",
            Self::LateMoneyReturned => "late_money_returned",
        }
    }

    /// What the mail is, within a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::PaymentDeclined => "that the payment was declined",
            Self::HoldNotRenewed => "that the bank's hold could not be renewed",
            Self::PaymentReminder => "a reminder to pay",
            Self::LateMoneyReturned => "that money which came too late went back",
        }
    }

    /// Whether it asks the customer to pay: it makes no sense any more when there is nothing left to pay.
    pub fn asks_to_pay(self) -> bool {
        match self {
            Self::PaymentDeclined | Self::HoldNotRenewed | Self::PaymentReminder => true,
            Self::LateMoneyReturned => false,
        }
    }
}

/// A mail that is to be sent. It says nothing of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mail {
    /// What it is about.
    pub kind: MailKind,
    /// The entry of the timeline that it tells of.
    pub about: EntryId,
    /// The provider's code of a decline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What moved, in minor units of the order's currency; what is to be paid is looked up when the mail is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
}

/// The mails that a decision calls for. A decline after which nothing can be paid any more is not among them: the customer cannot act on it.
pub fn due(decision: &Decision, workflow: &Workflow) -> Vec<Mail> {
    let payable = is_payable(&decision.order, workflow);
    let mails = decision.timeline.iter().filter_map(|entry| {
        let kind = match entry.kind {
            "payment_failed" if entry.metadata["renewal"] == true => MailKind::HoldNotRenewed,
            "payment_failed" => MailKind::PaymentDeclined,
            "payment_reminder" => MailKind::PaymentReminder,
            "late_payment_refunded" => MailKind::LateMoneyReturned,
            _ => return None,
        };
        let code = entry.metadata["code"].as_str().map(str::to_owned);
        let amount = entry.metadata["amount"].as_i64().filter(|_| !kind.asks_to_pay());
        Some(Mail { kind, about: entry.id, code, amount })
    });
    mails.filter(|mail| payable || !mail.kind.asks_to_pay()).collect()
}

/// Whether the order's customer can pay (again) now.
pub fn is_payable(order: &Order, workflow: &Workflow) -> bool {
    let machine = workflow.payment.as_ref();
    machine.and_then(|m| m.state(&order.payment.state)).is_some_and(|s| s.has("payable"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_one_name_everywhere() {
        for kind in MailKind::ALL {
            assert_eq!(serde_json::to_value(kind).expect("a word"), kind.name());
        }
    }
}
