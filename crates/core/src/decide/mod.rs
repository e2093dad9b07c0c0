//! `decide`: an order, its workflow, a command and the instant give a decision or a refusal. Nothing else changes an order.
//!
//! A decision is data: the new order, timeline entries, domain events, effects to run, postings, movements of stock. The application
//! commits all of it in one changeset, guarded by the order's version, or nothing of it.
//!
//! A command runs to completion: the transition it asks for, the events that coupled machines send each other, and every
//! automatic transition that becomes possible, within [`run::MAX_STEPS`]. One that cannot be completed changes nothing.

mod attempts;
pub mod chain;
mod changes;
mod dispute;
mod errands;
mod explain;
mod facts;
mod fire;
mod lines;
mod message;
pub mod migrate;
mod outcome;
mod place;
pub mod recall;
mod record;
mod refund;
pub mod replay;
mod run;
mod shares;
mod timers;
pub(crate) mod watch;
mod words;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::actor::{Actor, Role};
use crate::id::{
    EntryId, IdSource, ItemId, JobId, MerchantId, MerchantOrderId, MessageId, OrderId, PaymentId, RefundId,
};
use crate::mail::MailKind;
use crate::money::Currency;
use crate::order::{Order, RefundItem};
use crate::refunds::RefundTerms;
use crate::time::{Span, Timestamp};
use crate::workflow::{Audience, Effect, Field, Workflow};

pub use attempts::{live, owed};
pub use dispute::{
    DisputeChanges, DisputeCommand, DisputeJob, DisputeNote, EVIDENCE_KINDS, MAX_DISPUTES, MAX_NOTES, NewEvidence,
    News, OpenDispute, Readers, Verdict, sees,
};
pub use explain::{Actions, ItemActions, Possible, Side, Waiting, explain};
pub use place::{Draft, DraftItem, place};
pub use run::MAX_STEPS;
pub(crate) use run::Which;
pub use timers::{USUAL_HOLD, hold_deadline};

/// What surrounds a decision: everything that does not come from the order or the command.
pub struct Context<'a> {
    /// The order's workflow, in the version that its items run.
    pub workflow: &'a Workflow,
    /// The merchant-side workflow, where there is one.
    pub partner: Option<&'a Workflow>,
    /// The instant of the decision.
    pub now: Timestamp,
    /// The provider that new payments of this channel are made with, as the channel is set now.
    pub provider: &'a str,
    /// How long a paid order of this channel rests before it goes to merchants, as the channel is set now.
    pub cancel_window: Span,
    /// New ids.
    pub ids: &'a mut dyn IdSource,
}

/// Something that somebody wants of an order.
#[derive(Clone, Debug)]
pub enum Command {
    /// Fire an event of the workflow.
    Fire(Event),
    /// Set the public status (staff): the transition that leads there, whatever its event is called; no field is required.
    SetStatus {
        /// The wanted status.
        status: String,
        /// For the timeline.
        note: Option<String>,
        /// For the timeline.
        reason: Option<String>,
    },
    /// Pay (again) by that method.
    Pay {
        /// The method's token at the provider.
        method: String,
    },
    /// Money arrived from outside the provider: a bank transfer, a voucher.
    BookPayment(MoneyFromOutside),
    /// What an effect came to.
    Outcome {
        /// Which effect.
        effect: JobId,
        /// What it came to.
        outcome: Outcome,
    },
    /// Timers may be due.
    Tick,
    /// Give money back.
    Refund(RefundRequest),
    /// The customer asks for money back; staff or policy decides.
    RequestRefund(RefundRequest),
    /// Staff decides a customer's request.
    DecideRefund {
        /// Which one.
        refund: RefundId,
        /// Whether it is granted.
        approve: bool,
    },
    /// The provider says that a refund which had succeeded failed after all: the money came back to it.
    RefundFailed {
        /// Which one.
        refund: RefundId,
        /// The provider's code.
        code: String,
    },
    /// The provider has a refund that nobody here asked for: somebody made it there.
    RefundSeen {
        /// Of which payment.
        payment: PaymentId,
        /// The provider's id of it.
        reference: String,
        /// Minor units of the order's currency.
        amount: i64,
    },
    /// Write a note.
    AddNote {
        /// Text.
        note: String,
        /// Whether the customer sees it.
        is_public: bool,
    },
    /// Write a message into a thread of the order.
    AddMessage {
        /// The merchant whose thread it is; `None` is the thread between the customer and the operator. A merchant's is always their own.
        merchant: Option<MerchantId>,
        /// Text.
        message: String,
    },
    /// A merchant asks to be let off.
    RequestCancellation {
        /// Why.
        reason: String,
    },
    /// Record a parcel, and fire the workflow's shipping event for what is in it where that is possible.
    AddShipment(Event),
    /// The provider took money for a payment that the order had given up.
    LateMoney {
        /// Which payment.
        payment: PaymentId,
        /// Minor units of the order's currency.
        amount: i64,
    },
    /// What was held is held no more at the provider: it was released there, or its time was over.
    HoldLost {
        /// Which payment.
        payment: PaymentId,
    },
    /// An effect gets nowhere: its provider has not been reached for long, or contradicts the books. Somebody is told, once.
    Stuck {
        /// Which effect.
        effect: JobId,
        /// What the provider, or the way to it, says.
        why: String,
        /// Whether it goes on trying by itself.
        goes_on: bool,
    },
    /// Something about a dispute: between people, or by the customer's bank.
    Dispute(DisputeCommand),
    /// A mail to the customer was sent, or given up.
    Mailed(Mailed),
}

/// What became of a mail to the customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailed {
    /// What it was about.
    pub kind: MailKind,
    /// The entry of the timeline that it told of.
    pub about: EntryId,
    /// Why it was given up; `None` when a mail server took it. Nothing of a person: no address.
    pub refused: Option<String>,
}

/// An event with its fields (api.md, «An event's body»).
#[derive(Clone, Debug, Default)]
pub struct Event {
    /// The event's name; for a shipment it is the workflow's.
    pub event: String,
    /// Which lines, and how many units of each; `None` means all that are eligible.
    pub items: Option<Vec<EventItem>>,
    /// For the timeline.
    pub note: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The carrier's number.
    pub tracking_number: Option<String>,
    /// Where to follow it.
    pub tracking_url: Option<String>,
    /// Who carries it.
    pub carrier: Option<String>,
    /// `YYYY-MM-DD`.
    pub expected_by: Option<String>,
}

impl Event {
    fn has(&self, field: Field) -> bool {
        let text = match field {
            Field::Reason => &self.reason,
            Field::TrackingNumber => &self.tracking_number,
            Field::ExpectedBy => &self.expected_by,
            Field::Carrier => &self.carrier,
        };
        text.as_ref().is_some_and(|t| !t.trim().is_empty())
    }
}

/// Units of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventItem {
    /// Which line.
    pub item: ItemId,
    /// How many of its units; `None` means all.
    pub quantity: Option<i64>,
}

/// Money that arrived outside the provider, as the bank's statement says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoneyFromOutside {
    /// Minor units: must be what is owed.
    pub amount: i64,
    /// ISO 4217: must be the order's.
    pub currency: Currency,
    /// When it arrived.
    pub paid_at: Timestamp,
    /// The bank's reference of it.
    pub reference: String,
}

/// A wish for a refund: neither amount nor items means all that is left.
#[derive(Clone, Debug, Default)]
pub struct RefundRequest {
    /// Of the whole order.
    pub amount: Option<i64>,
    /// Line by line: units, or an amount.
    pub items: Option<Vec<RefundRequestItem>>,
    /// Why.
    pub reason: String,
    /// Whether the provider is told, or the money went back outside.
    pub initiate_payment_refund: bool,
    /// What else is said of it.
    pub terms: RefundTerms,
}

/// A line of such a wish.
#[derive(Clone, Copy, Debug)]
pub struct RefundRequestItem {
    /// Which line.
    pub item: ItemId,
    /// Units of it.
    pub quantity: Option<i64>,
    /// How much of it.
    pub amount: Option<i64>,
}

/// What an effect came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It worked; `reference` is the provider's id.
    Done {
        /// The provider's id of the payment, refund or transfer.
        reference: Option<String>,
        /// Until when what is held can be taken.
        capture_before: Option<Timestamp>,
        /// What the provider kept, in minor units.
        fee: Option<i64>,
        /// What really moved, in minor units, where the provider says so and it may differ from what was asked for (reversals).
        moved: Option<i64>,
        /// The transfers that were made, of a transfer.
        transfers: Vec<Transferred>,
    },
    /// It was refused for good.
    Declined {
        /// The provider's code: `insufficient_funds`.
        code: String,
    },
    /// The answer was lost. The effect goes on: the provider is being asked.
    InDoubt,
    /// The provider waits for the customer. The effect goes on.
    ActionRequired {
        /// The provider's id of the payment.
        reference: String,
    },
}

impl Outcome {
    /// It worked, and the provider said no more than its id.
    pub fn done(reference: Option<String>) -> Self {
        Self::Done { reference, capture_before: None, fee: None, moved: None, transfers: Vec::new() }
    }
}

/// A transfer that a provider made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transferred {
    /// The party's ledger account.
    pub party: String,
    /// The provider's id of the transfer.
    pub reference: String,
    /// Minor units of the order's currency.
    pub amount: i64,
}

/// What is to be committed.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The order as it is from now on; its version is one more than before.
    pub order: Order,
    /// What the history gains.
    pub timeline: Vec<TimelineEntry>,
    /// What the feed gains.
    pub events: Vec<DomainEvent>,
    /// What is to be run.
    pub effects: Vec<EffectJob>,
    /// What the books gain.
    pub postings: Vec<Posting>,
    /// What moves in stock.
    pub stock: Vec<StockMove>,
    /// Merchant orders that are new.
    pub merchant_orders: Vec<(MerchantOrderId, MerchantId)>,
    /// Lines that are new: from placement, or split off another.
    pub new_items: Vec<ItemId>,
    /// The order's status before; `None` at placement.
    pub from_status: Option<String>,
    /// The order's status now.
    pub to_status: String,
    /// The refund that the command made, if it made one.
    pub refund: Option<RefundId>,
    /// The message that the command wrote. It is kept beside the order, as the timeline is.
    pub message: Option<Message>,
    /// What became of disputes.
    pub disputes: DisputeChanges,
}

/// A message in a thread of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Id.
    pub id: MessageId,
    /// The merchant whose thread it is; `None` is the thread between the customer and the operator.
    pub merchant: Option<MerchantId>,
    /// Which side wrote it.
    pub from: Audience,
    /// Text.
    pub message: String,
    /// Who wrote it.
    pub created_by: String,
}

/// An entry of the timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct TimelineEntry {
    /// Id.
    pub id: EntryId,
    /// `created`, `status_changed`, `payment_received`, …
    pub kind: &'static str,
    /// A sentence for people.
    pub message: String,
    /// Facts for programs.
    pub metadata: Value,
    /// Who did it.
    pub created_by: String,
    /// Whether the customer sees it.
    pub is_public: bool,
    /// Whether merchants see it.
    pub merchants: MerchantView,
    /// Position on this order's timeline, from 1.
    pub seq: i64,
    /// SHA-256 (hex) over the hash of the entry before and this entry.
    pub hash: String,
}

/// Which merchants see a timeline entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MerchantView {
    /// All of the order.
    All,
    /// This one.
    Only(MerchantId),
    /// None: it speaks of the whole order's money.
    Nobody,
}

/// A domain event of the feed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DomainEvent {
    /// `order.created`, `payment.captured`, …
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Facts.
    pub data: Value,
}

/// An effect to run: becomes a durable job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EffectJob {
    /// The job's id: also the stable idempotency key at the provider.
    pub id: JobId,
    /// What.
    pub effect: EffectName,
    /// For which order.
    pub order: OrderId,
    /// On which payment.
    pub payment: PaymentId,
    /// By which method.
    pub method: String,
    /// At which provider.
    #[serde(default = "crate::order::sandbox")]
    pub provider: String,
    /// The provider's id of the payment, once it has one.
    pub reference: Option<String>,
    /// Minor units.
    pub amount: i64,
    /// ISO 4217.
    pub currency: Currency,
    /// Units that must be there (stock check).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stock: Vec<(String, String, i64)>,
    /// Who gets what (transfer).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transfers: Vec<(String, i64)>,
    /// The provider's id of the transfer that is taken back (reversal).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<String>,
    /// Until when what is held can be taken, as the provider said (capture).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture_before: Option<Timestamp>,
    /// Whether the card will be used again without its holder, when the hold is renewed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keeps_card: bool,
}

impl EffectJob {
    /// A job on a payment of an order, by no method at the sandbox; the rest is said with `..`.
    pub(crate) fn new(id: JobId, effect: EffectName, order: &Order, payment: PaymentId, amount: i64) -> Self {
        Self {
            id,
            effect,
            order: order.id,
            payment,
            method: String::new(),
            provider: crate::order::sandbox(),
            reference: None,
            amount,
            currency: order.currency,
            stock: Vec::new(),
            transfers: Vec::new(),
            transfer: None,
            capture_before: None,
            keeps_card: false,
        }
    }
}

/// The name of an effect in jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EffectName(pub Effect);

impl Serialize for EffectName {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.0.name())
    }
}

impl<'de> Deserialize<'de> for EffectName {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let name = String::deserialize(d)?;
        Effect::parse(&name).map(Self).ok_or_else(|| serde::de::Error::custom(format!("unknown effect {name}")))
    }
}

/// A balanced posting: its lines sum to zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// `authorise`, `capture`, `split`, `void`, `refund`, `fee`, `transfer`, `transfer_reversed`, `receivable`, `late_payment`, ….
    pub cause: &'static str,
    /// What it is about beside the order: a refund's id.
    pub about: Option<String>,
    /// Account and amount; debits are positive.
    pub lines: Vec<(String, i64)>,
}

/// A movement of reserved units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockMove {
    /// What happens.
    pub kind: StockMoveKind,
    /// Of which offer.
    pub sku: String,
    /// Where.
    pub location: String,
    /// Units.
    pub quantity: i64,
}

/// Kinds of movements that orders cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StockMoveKind {
    /// reserved +, if enough is available.
    Reserve,
    /// The reservation becomes firm; figures stay.
    Commit,
    /// reserved −.
    Release,
    /// on hand −, reserved −.
    Ship,
    /// Units came back and can be sold again: on hand +.
    Return,
    /// Units came back and cannot be sold again; figures stay.
    WriteOff,
}

impl StockMoveKind {
    /// The name in the movements' table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reserve => "reserve",
            Self::Commit => "commit",
            Self::Release => "release",
            Self::Ship => "ship",
            Self::Return => "return",
            Self::WriteOff => "write_off",
        }
    }
}

/// Why a command is refused. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The workflow has no such event.
    #[error("the workflow has no event `{event}`; it has {}", known.join(", "))]
    UnknownEvent {
        /// As asked.
        event: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The workflow has no such status.
    #[error("the workflow has no status `{status}`; it has {}", known.join(", "))]
    UnknownStatus {
        /// As asked.
        status: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The role may never do that.
    #[error("{role} may not do `{event}` in this workflow")]
    NotAllowed {
        /// As asked.
        event: String,
        /// Of the one who asked.
        role: String,
    },
    /// Not in this state.
    #[error("`{event}` is not possible now: the order is {status}{}", if possible.is_empty() { String::new() } else { format!("; possible now: {}", possible.join(", ")) })]
    NotPossible {
        /// As asked.
        event: String,
        /// The order's status.
        status: String,
        /// What this actor may do now.
        possible: Vec<String>,
    },
    /// A payment step is running.
    #[error("a payment step is running; wait until its outcome is known, then try again")]
    PaymentInProgress,
    /// The event requires a field.
    #[error("`{field}` is required for `{event}`")]
    MissingField {
        /// Its name in the API.
        field: &'static str,
        /// Of which event.
        event: String,
    },
    /// No such line, or not the actor's.
    #[error("there is no such item on this order")]
    UnknownItem,
    /// A value that makes no sense.
    #[error("{message}")]
    Invalid {
        /// JSON Pointer.
        pointer: String,
        /// What to do.
        message: String,
    },
    /// More than is left.
    #[error("at most {available} can be refunded")]
    RefundTooLarge {
        /// Shown with its currency.
        available: String,
    },
    /// No such refund request.
    #[error("there is no such refund on this order")]
    UnknownRefund,
    /// The refund was decided before.
    #[error("this refund was decided already")]
    RefundDecided,
    /// No such dispute, or not the actor's.
    #[error("there is no such dispute on this order")]
    UnknownDispute,
    /// Not in the state that the dispute is in.
    #[error("`{event}` is not possible now: the dispute is {}{}", status.replace('_', " "), if possible.is_empty() { String::new() } else { format!("; possible now: {}", possible.join(", ")) })]
    DisputeNotPossible {
        /// As asked.
        event: String,
        /// The dispute's status.
        status: String,
        /// What this actor may do now.
        possible: Vec<String>,
    },
    /// It cannot be disputed, or not now.
    #[error("{why}")]
    NotDisputable {
        /// Why, and what to do instead.
        why: String,
    },
    /// A bank decides about the same money.
    #[error(
        "the customer's bank is deciding about this payment ({dispute}): money that went back now could be lost twice. Wait until it has decided, or give in by accepting the dispute"
    )]
    PaymentDisputed {
        /// The dispute.
        dispute: String,
    },
    /// Whoever asked for a refund, or approved it, cannot approve it again.
    #[error("you asked for this refund or approved it before: beyond the limit somebody else must approve it")]
    SecondPerson,
    /// The actor is no merchant of this order.
    #[error("only a merchant of the order can ask to be let off")]
    NoMerchant,
    /// The merchant asked before, and nothing has been decided yet.
    #[error("a cancellation was asked for already; it is waiting for the operator")]
    CancellationRequested,
    /// The effect is not the one that is waited for: its outcome was applied before, or came too late.
    #[error("this outcome is not waited for")]
    StaleOutcome,
    /// A machine would run for ever. The checker should have found it.
    #[error("the workflow does not come to rest after {MAX_STEPS} steps")]
    Endless,
    /// A partner cannot take an event that the transition must send.
    #[error("the coupled machine cannot take `{event}` in state `{state}`")]
    SendFailed {
        /// What was sent.
        event: String,
        /// Where the partner was.
        state: String,
    },
    /// The document and the workflow disagree: a state that the workflow does not have.
    #[error("the order is in state `{0}`, which its workflow does not have")]
    ForeignState(String),
}

/// Decides a command on an order.
pub fn decide(order: &Order, command: &Command, actor: &Actor, context: &mut Context<'_>) -> Result<Decision, Refusal> {
    let mut run = run::Run::start(order, actor, context);
    run.remember(command);
    apply(&mut run, command)?;
    run.finish()
}

/// Does what the command asks for; what follows by itself is `Run::finish`'s.
fn apply(run: &mut run::Run<'_, '_>, command: &Command) -> Result<(), Refusal> {
    match command {
        Command::Fire(event) => fire::event(run, event)?,
        Command::SetStatus { status, note, reason } => {
            fire::set_status(run, status, note.as_deref(), reason.as_deref())?
        }
        Command::Pay { method } => fire::pay(run, method)?,
        Command::BookPayment(money) => fire::book_payment(run, money)?,
        Command::Outcome { effect, outcome } => outcome::outcome(run, *effect, outcome)?,
        Command::Tick => run.settle()?,
        Command::Refund(request) => refund::refund(run, request)?,
        Command::RequestRefund(request) => refund::request(run, request)?,
        Command::DecideRefund { refund, approve } => refund::decide_request(run, *refund, *approve)?,
        Command::AddNote { note, is_public } => record::note(run, note, *is_public),
        Command::AddMessage { merchant, message } => message::add(run, *merchant, message)?,
        Command::RequestCancellation { reason } => message::request_cancellation(run, reason)?,
        Command::AddShipment(event) => record::shipment(run, event)?,
        Command::RefundFailed { refund, code } => refund::failed_later(run, *refund, code)?,
        Command::RefundSeen { payment, reference, amount } => refund::seen(run, *payment, reference, *amount)?,
        Command::LateMoney { payment, amount } => errands::late(run, *payment, *amount)?,
        Command::HoldLost { payment } => outcome::hold_lost(run, *payment)?,
        Command::Stuck { effect, why, goes_on } => outcome::stuck(run, *effect, why, *goes_on)?,
        Command::Dispute(about) => dispute::command(run, about)?,
        Command::Mailed(mailed) => record::mailed(run, mailed),
    }
    Ok(())
}

/// Names of refunds' lines in metadata.
fn refund_items_json(items: &[RefundItem]) -> Value {
    serde_json::json!(
        items
            .iter()
            .map(|i| serde_json::json!({ "itemId": i.item_id.to_string(), "amount": i.amount }))
            .collect::<Vec<_>>()
    )
}

/// Whether the actor sees that line at all.
fn owns(actor: &Actor, merchant: MerchantId) -> bool {
    actor.role != Role::Merchant || actor.merchant == Some(merchant)
}
