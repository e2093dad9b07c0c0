//! What was done to an order, in a form that can be done again: the record of each command, kept in the metadata of the timeline.
//!
//! A record says what a decision depends on and nothing about people: no names, texts or references, only that they were there. Timeline
//! entries are for readers; a record is for the replay of history through another version (`replay`). Notes and messages move no machine and
//! have no record; of disputes, what they give back or take has.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::attempts::is_offline;
use super::dispute::refund_of;
use super::run::Run;
use super::{Command, DisputeCommand, Event, News, Outcome, RefundRequest};
use crate::actor::{Actor, Role};
use crate::dispute::Standing;
use crate::id::{ItemId, MerchantId};
use crate::order::Order;
use crate::refunds::{RefundTerms, is_default};
use crate::time::{Span, Timestamp};
use crate::workflow::Field;

/// The key in an entry's metadata under which its records stand: a list, oldest first. Readers of the timeline are not shown it.
pub const KEY: &str = "command";
/// Records that an order carries until its next timeline entry; what is beyond is not recorded, and the order cannot be replayed.
const MAX_WAITING: usize = 16;

/// A command that was carried out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// When it was decided.
    pub at: Timestamp,
    /// In which role.
    pub role: Role,
    /// The merchant who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merchant: Option<MerchantId>,
    /// Whether it came from an import.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub import: bool,
    /// How long a paid order of the channel rested then.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cancel_window: Span,
    /// Lines that it split: the line, and the new line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub split: Vec<(ItemId, ItemId)>,
    /// What was done.
    #[serde(flatten)]
    pub deed: Deed,
}

fn is_zero(span: &Span) -> bool {
    *span == Span::ZERO
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Deed {
    /// The order was placed.
    Place {
        /// Whether the money was to come from outside.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        offline: bool,
        /// The lines, and how many units of each.
        lines: Vec<(ItemId, i64)>,
    },
    /// An event was fired.
    Fire(Fired),
    /// A parcel was recorded.
    Ship(Fired),
    /// The status was set.
    Status {
        /// To what.
        status: String,
    },
    /// It was paid (again).
    Pay {
        /// Whether the money was to come from outside.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        offline: bool,
    },
    /// Money from outside was booked.
    Book {
        /// Minor units.
        amount: i64,
    },
    /// An effect came to something.
    Outcome {
        /// The effect of the payment machine; none for a refund's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        effect: Option<String>,
        /// The place of the refund among the order's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refund: Option<usize>,
        /// Whether it worked.
        done: bool,
        /// Until when what is held can be taken, where the provider said so: timers count from it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        capture_before: Option<Timestamp>,
    },
    /// Timers were due.
    Tick,
    /// Money was given back.
    Refund(Wish),
    /// It was asked back.
    RequestRefund(Wish),
    /// That was decided.
    DecideRefund {
        /// The place of the refund among the order's.
        refund: usize,
        /// How.
        approve: bool,
    },
    /// A refund that had gone through failed at the provider.
    RefundFailed {
        /// The place of the refund among the order's.
        refund: usize,
    },
    /// A refund that was made at the provider was taken into the order.
    RefundSeen {
        /// The place of the payment among the order's.
        payment: usize,
        /// Minor units.
        amount: i64,
    },
    /// What was held was held no more at the provider.
    HoldLost {
        /// The place of the payment among the order's.
        payment: usize,
    },
    /// A bank took money back, gave it back, or decided.
    Chargeback(Took),
    /// The order was moved to another version.
    Migrate,
}

/// An event with what decides about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fired {
    /// Its name; empty for a parcel.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub event: String,
    /// Which lines, and how many units; none means all that were eligible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Vec<(ItemId, Option<i64>)>>,
    /// The fields that it carried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// The day that was promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_by: Option<String>,
}

/// A line of such a wish: units of it, or an amount.
pub type WishedPart = (ItemId, Option<i64>, Option<i64>);

/// A wish for a refund.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wish {
    /// Of the whole order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    /// Line by line: units, or an amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Vec<WishedPart>>,
    /// Whether the provider was told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub initiate: bool,
    /// What else was said of it, without references.
    #[serde(default, skip_serializing_if = "is_default")]
    pub terms: RefundTerms,
}

/// How a chargeback stood: what bounds refunds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Took {
    /// The place of the payment among the order's.
    pub payment: usize,
    /// The place of the chargeback among the order's.
    pub chargeback: usize,
    /// How it stood.
    pub standing: Standing,
    /// When that was so.
    pub as_of: Timestamp,
    /// What the bank had.
    pub withdrawn: i64,
}

fn chargeback(order: &Order, news: &News) -> Option<Took> {
    let known = order.chargebacks().position(|c| c.reference == news.reference);
    Some(Took {
        payment: order.payments.iter().position(|p| p.id == news.payment)?,
        chargeback: known.unwrap_or(order.chargebacks().count()),
        standing: news.standing,
        as_of: news.as_of,
        withdrawn: news.withdrawn,
    })
}

impl Record {
    /// The record of a deed.
    pub(super) fn new(deed: Deed, actor: &Actor, at: Timestamp, cancel_window: Span) -> Self {
        Self {
            at,
            role: actor.role,
            merchant: actor.merchant,
            import: actor.import,
            cancel_window,
            split: Vec::new(),
            deed,
        }
    }

    /// The records that a timeline entry carries.
    pub fn of_entry(metadata: &Value) -> Result<Vec<Self>, serde_json::Error> {
        match metadata.get(KEY) {
            Some(records) => Vec::<Self>::deserialize(records),
            None => Ok(Vec::new()),
        }
    }
}

/// What a command does, if it can move a machine.
pub(super) fn deed(order: &Order, command: &Command) -> Option<Deed> {
    Some(match command {
        Command::Fire(event) => Deed::Fire(fired(event)),
        Command::AddShipment(event) => Deed::Ship(fired(event)),
        Command::SetStatus { status, .. } => Deed::Status { status: status.clone() },
        Command::Pay { method } => Deed::Pay { offline: is_offline(method) },
        Command::BookPayment(money) => Deed::Book { amount: money.amount },
        Command::Outcome { outcome: Outcome::InDoubt | Outcome::ActionRequired { .. }, .. } => return None,
        // Errands move no machine.
        Command::Outcome { effect, .. } if order.errands.iter().any(|e| e.effect == Some(*effect)) => return None,
        Command::Outcome { effect, outcome } => Deed::Outcome {
            effect: None,
            refund: order.refunds.iter().position(|r| r.effect == Some(*effect)),
            done: matches!(outcome, Outcome::Done { .. }),
            capture_before: match outcome {
                Outcome::Done { capture_before, .. } => *capture_before,
                Outcome::Declined { .. } | Outcome::InDoubt | Outcome::ActionRequired { .. } => None,
            },
        },
        Command::Tick => Deed::Tick,
        Command::Refund(wish) => Deed::Refund(wished(wish)),
        Command::RequestRefund(wish) => Deed::RequestRefund(wished(wish)),
        Command::DecideRefund { refund, approve } => {
            Deed::DecideRefund { refund: order.refunds.iter().position(|r| r.id == *refund)?, approve: *approve }
        }
        Command::RefundFailed { refund, .. } => {
            Deed::RefundFailed { refund: order.refunds.iter().position(|r| r.id == *refund)? }
        }
        Command::RefundSeen { payment, amount, .. } => {
            Deed::RefundSeen { payment: order.payments.iter().position(|p| p.id == *payment)?, amount: *amount }
        }
        Command::HoldLost { payment } => {
            Deed::HoldLost { payment: order.payments.iter().position(|p| p.id == *payment)? }
        }
        Command::AddNote { .. }
        | Command::AddMessage { .. }
        | Command::RequestCancellation { .. }
        | Command::LateMoney { .. }
        | Command::Stuck { .. }
        | Command::Mailed(_) => return None,
        Command::Dispute(DisputeCommand::Decide { dispute, verdict }) => {
            Deed::Refund(wished(&refund_of(order, *dispute, verdict)?))
        }
        Command::Dispute(DisputeCommand::News(news)) => Deed::Chargeback(chargeback(order, news)?),
        Command::Dispute(
            DisputeCommand::Open(_)
            | DisputeCommand::Say { .. }
            | DisputeCommand::Prove { .. }
            | DisputeCommand::Withdraw { .. }
            | DisputeCommand::Replace { .. }
            | DisputeCommand::Submit { .. }
            | DisputeCommand::Accept { .. }
            | DisputeCommand::Told { .. },
        ) => return None,
    })
}

fn fired(event: &Event) -> Fired {
    let has = Field::ALL.iter().filter(|(_, f)| event.has(*f)).map(|(name, _)| (*name).to_owned());
    Fired {
        event: event.event.clone(),
        items: event.items.as_ref().map(|items| items.iter().map(|i| (i.item, i.quantity)).collect()),
        fields: has.collect(),
        expected_by: event.expected_by.clone(),
    }
}

fn wished(wish: &RefundRequest) -> Wish {
    Wish {
        amount: wish.amount,
        items: wish.items.as_ref().map(|items| items.iter().map(|i| (i.item, i.quantity, i.amount)).collect()),
        initiate: wish.initiate_payment_refund,
        // That there was a reference is remembered, not which.
        terms: RefundTerms { reference: wish.terms.reference.as_ref().map(|_| String::new()), ..wish.terms.clone() },
    }
}

impl Run<'_, '_> {
    /// Remembers what this command does, for the first entry that it writes.
    pub fn remember(&mut self, command: &Command) {
        let Some(mut deed) = deed(&self.order, command) else { return };
        if let Deed::Outcome { effect, refund: None, .. } = &mut deed {
            let running = self.state(super::run::Which::Payment).ok().flatten().and_then(|s| s.invoke.as_ref());
            *effect = running.map(|i| i.effect.name().to_owned());
        }
        self.record = Some(Record::new(deed, self.actor, self.now, self.cancel_window));
    }

    /// Puts what waits to be recorded into an entry's metadata.
    pub fn record_into(&mut self, metadata: &mut Value) {
        let mut records = std::mem::take(&mut self.order.unrecorded);
        records.extend(self.take_record());
        if let (false, Some(facts)) = (records.is_empty(), metadata.as_object_mut()) {
            facts.insert(KEY.to_owned(), Value::Array(records));
        }
    }

    /// A command that wrote no entry: the order carries its record to the next one.
    pub fn carry_record(&mut self) {
        let idle = self.record.as_ref().is_some_and(|r| r.deed == Deed::Tick) && !self.moved();
        if let Some(record) = self.take_record().filter(|_| !idle && self.order.unrecorded.len() < MAX_WAITING) {
            self.order.unrecorded.push(record);
        }
    }

    fn take_record(&mut self) -> Option<Value> {
        let mut record = self.record.take()?;
        record.split.clone_from(&self.splits);
        Some(json!(record))
    }

    /// Whether a machine entered a state now.
    fn moved(&self) -> bool {
        let items = self.order.items.iter().flat_map(|i| [Some(&i.machine), i.merchant.as_ref()]).flatten();
        items.chain([&self.order.payment]).any(|m| m.since == self.now)
    }
}
