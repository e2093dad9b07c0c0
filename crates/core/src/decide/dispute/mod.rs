//! Disputes: raised, talked about, decided; and what a bank does, as the provider tells it.
//!
//! Each dispute runs a lifecycle of its own (`workflows/dispute.toml`, `workflows/chargeback.toml`) beside the machines of its order, by the
//! same steps and timers. Here: the commands, who may give them, and what the timeline says. `claim` raises and decides, `chargeback` follows
//! the bank and keeps the books. What is not here: where notes are kept, and how a provider is told.

mod chargeback;
mod claim;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::run::{Run, Which};
use super::{Event, EventItem, MerchantView, RefundRequest, Refusal, fire as fires};
use crate::actor::Role;
use crate::dispute::{Dispute, Kind, Outcome, Reason, Side, Standing, Wants};
use crate::id::{DisputeId, EvidenceId, JobId, MerchantId, MessageId, OrderId, PaymentId};
use crate::order::Order;
use crate::refunds::{RefundMethod, RefundPolicy};
use crate::time::{Span, Timestamp};
use crate::workflow::{State, Transition};

pub(super) use chargeback::{holds_back, not_while_charged_back};

/// The most disputes of one order.
pub const MAX_DISPUTES: usize = 50;
/// The most messages and pieces of evidence of one dispute.
pub const MAX_NOTES: i64 = 500;

/// Something that somebody wants of a dispute.
#[derive(Clone, Debug)]
pub enum DisputeCommand {
    /// Raise one.
    Open(OpenDispute),
    /// Write a message.
    Say {
        /// In which.
        dispute: DisputeId,
        /// Text.
        message: String,
        /// Who reads it beside the operator.
        readers: Readers,
    },
    /// Add evidence.
    Prove {
        /// To which.
        dispute: DisputeId,
        /// What.
        evidence: NewEvidence,
    },
    /// Decide it (staff).
    Decide {
        /// Which.
        dispute: DisputeId,
        /// How.
        verdict: Verdict,
    },
    /// Take it back: whoever raised it.
    Withdraw {
        /// Which.
        dispute: DisputeId,
    },
    /// The replacement was sent.
    Replace {
        /// For which.
        dispute: DisputeId,
        /// The parcel; its items are those of the dispute.
        parcel: Event,
    },
    /// The provider tells how a chargeback stands.
    News(News),
    /// Send evidence to the bank.
    Submit {
        /// Against which.
        dispute: DisputeId,
        /// What is sent, as the payment port takes it.
        evidence: Value,
    },
    /// Do not contest it.
    Accept {
        /// Which.
        dispute: DisputeId,
    },
    /// What telling the provider came to.
    Told {
        /// Which job.
        effect: JobId,
        /// Why the provider refused, if it did.
        refused: Option<String>,
    },
}

/// A dispute to raise.
#[derive(Clone, Debug)]
pub struct OpenDispute {
    /// Why.
    pub reason: Reason,
    /// What happened, in the words of the one who raises it: the first message.
    pub description: String,
    /// What it is about; `None` means all of the order's items that are of one merchant, or the actor's.
    pub items: Option<Vec<EventItem>>,
    /// What is wanted.
    pub wants: Wants,
    /// How much money is wanted, in minor units.
    pub amount: Option<i64>,
    /// How long the other side has to answer, as the channel is set now.
    pub respond_within: Span,
}

/// Who reads a note. The operator reads all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Customer and merchant.
    All,
    /// The customer.
    Customer,
    /// The merchant.
    Merchant,
    /// Nobody else.
    Operator,
}

impl Readers {
    /// All of them with their names in the API.
    pub const ALL: &[(&str, Self)] =
        &[("all", Self::All), ("customer", Self::Customer), ("merchant", Self::Merchant), ("operator", Self::Operator)];

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, r)| *r)
    }

    /// The name in the API.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, r)| *r == self).map_or("", |(n, _)| n)
    }

    /// Whether that side reads it.
    pub fn includes(self, side: Side) -> bool {
        match self {
            Self::All => true,
            Self::Customer => matches!(side, Side::Customer | Side::Operator),
            Self::Merchant => matches!(side, Side::Merchant | Side::Operator),
            Self::Operator => side == Side::Operator,
        }
    }
}

/// Kinds of evidence, by their names in the API.
pub const EVIDENCE_KINDS: &[&str] = &["photo", "document", "receipt", "tracking", "communication", "policy", "other"];

/// A piece of evidence: words and links; files are kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvidence {
    /// One of [`EVIDENCE_KINDS`].
    pub kind: String,
    /// What it shows.
    pub text: String,
    /// Where it is.
    pub links: Vec<String>,
    /// Who reads it beside the operator.
    pub readers: Readers,
}

/// How staff decides a claim.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// How.
    pub outcome: Outcome,
    /// What goes back, in minor units: of a partial refund.
    pub amount: Option<i64>,
    /// Why, for both sides.
    pub reason: Option<String>,
    /// Whether the provider is told, or the money goes back outside.
    pub initiate_payment_refund: bool,
    /// How it goes back.
    pub method: RefundMethod,
    /// The channel's policy of refunds, as it is now.
    pub policy: RefundPolicy,
}

/// How a chargeback stands at the provider: all of it, so that what came before need not have come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct News {
    /// The payment.
    pub payment: PaymentId,
    /// The provider's id of the dispute.
    pub reference: String,
    /// How it stands.
    pub standing: Standing,
    /// The provider's word for that.
    pub status: String,
    /// When the provider was asked, or said it.
    pub as_of: Timestamp,
    /// What is disputed, in minor units of the order's currency.
    pub amount: i64,
    /// What the bank has of it now.
    pub withdrawn: i64,
    /// What the provider charges for it.
    pub fee: i64,
    /// Until when it is to be answered.
    pub respond_by: Option<Timestamp>,
    /// The bank's reason.
    pub reason_code: Option<String>,
    /// How long before that staff is reminded, as the channel is set now.
    pub remind: Span,
    /// Who bears a loss, as the channel is set now.
    pub bearer: crate::dispute::Bearer,
}

/// What a command adds to disputes, beside the order's document.
#[derive(Clone, Debug, Default)]
pub struct DisputeChanges {
    /// Those that are new or changed.
    pub touched: Vec<DisputeId>,
    /// The one that the command is about.
    pub subject: Option<DisputeId>,
    /// What was written.
    pub notes: Vec<DisputeNote>,
    /// What the provider is to be told.
    pub jobs: Vec<DisputeJob>,
}

/// A message or a piece of evidence. It is kept beside the order, as messages are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisputeNote {
    /// Id: of a message, or of a piece of evidence.
    pub id: i64,
    /// In which dispute.
    pub dispute: DisputeId,
    /// The kind of evidence; `None` for a message.
    pub evidence: Option<String>,
    /// Which side wrote it.
    pub from: Side,
    /// Who reads it.
    pub readers: Readers,
    /// Text.
    pub text: String,
    /// Where more is.
    pub links: Vec<String>,
    /// Who wrote it: an id, never a name.
    pub created_by: String,
}

/// Something to tell the provider: becomes a durable job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DisputeJob {
    /// The job's id.
    pub id: JobId,
    /// About which order.
    pub order: OrderId,
    /// About which dispute.
    pub dispute: DisputeId,
    /// About which payment.
    pub payment: PaymentId,
    /// At which provider.
    pub provider: String,
    /// The provider's id of the dispute.
    pub reference: String,
    /// The evidence to send; `None` means that the dispute is not contested.
    pub evidence: Option<Value>,
}

/// Does what the command asks for.
pub(super) fn command(run: &mut Run<'_, '_>, command: &DisputeCommand) -> Result<(), Refusal> {
    match command {
        DisputeCommand::Open(request) => claim::open(run, request),
        DisputeCommand::Say { dispute, message, readers } => {
            let i = own(run, *dispute)?;
            say(run, i, message, *readers)
        }
        DisputeCommand::Prove { dispute, evidence } => {
            let i = own(run, *dispute)?;
            prove(run, i, evidence)
        }
        DisputeCommand::Decide { dispute, verdict } => claim::decide(run, *dispute, verdict),
        DisputeCommand::Withdraw { dispute } => claim::withdraw(run, *dispute),
        DisputeCommand::Replace { dispute, parcel } => claim::replace(run, *dispute, parcel),
        DisputeCommand::News(news) => chargeback::news(run, news),
        DisputeCommand::Submit { dispute, evidence } => chargeback::tell(run, *dispute, Some(evidence)),
        DisputeCommand::Accept { dispute } => chargeback::tell(run, *dispute, None),
        DisputeCommand::Told { effect, refused } => chargeback::told(run, *effect, refused.as_deref()),
    }
}

/// The refund that a decision comes to, if it comes to one: for the decision, and for its record.
pub(super) fn refund_of(order: &Order, dispute: DisputeId, verdict: &Verdict) -> Option<RefundRequest> {
    claim::refund_of(order, order.dispute(dispute)?, verdict).ok().flatten()
}

/// Which side the actor is on.
pub(super) fn side(role: Role) -> Side {
    match role {
        Role::Customer | Role::Storefront => Side::Customer,
        Role::Merchant => Side::Merchant,
        Role::Admin | Role::Ops | Role::Retailer | Role::Brand | Role::System => Side::Operator,
    }
}

/// Whether that actor sees the dispute: a merchant those about own items, a customer those between people; a bank's is staff's.
pub fn sees(dispute: &Dispute, role: Role, merchant: Option<MerchantId>) -> bool {
    match side(role) {
        Side::Customer => dispute.kind == Kind::Claim,
        Side::Merchant => dispute.merchant_id.is_some() && dispute.merchant_id == merchant,
        Side::Operator => true,
        Side::Bank => false,
    }
}

/// The place of a dispute that the actor sees.
fn own(run: &mut Run<'_, '_>, id: DisputeId) -> Result<usize, Refusal> {
    let actor = run.actor;
    let at = run.order.disputes.iter().position(|d| d.id == id && sees(d, actor.role, actor.merchant));
    run.disputes.subject = Some(id);
    at.ok_or(Refusal::UnknownDispute)
}

/// Writes a message, and if it is the answer that is waited for, goes on.
fn say(run: &mut Run<'_, '_>, i: usize, text: &str, readers: Readers) -> Result<(), Refusal> {
    note(run, i, None, text, &[], readers)?;
    answered(run, i)
}

fn prove(run: &mut Run<'_, '_>, i: usize, evidence: &NewEvidence) -> Result<(), Refusal> {
    note(run, i, Some(&evidence.kind), &evidence.text, &evidence.links, evidence.readers)?;
    answered(run, i)
}

fn answered(run: &mut Run<'_, '_>, i: usize) -> Result<(), Refusal> {
    match fires::candidate(run, Which::Dispute(i), "answer")? {
        Some(transition) => run.take(Which::Dispute(i), transition),
        None => Ok(()),
    }
}

/// Writes a note into a dispute that is not over.
fn note(
    run: &mut Run<'_, '_>,
    i: usize,
    evidence: Option<&String>,
    text: &str,
    links: &[String],
    readers: Readers,
) -> Result<(), Refusal> {
    let from = side(run.actor.role);
    let dispute = &run.order.disputes[i];
    if !dispute.is_undecided() {
        return Err(not_possible(run, i, if evidence.is_some() { "evidence" } else { "message" }));
    }
    // Whoever is no staff speaks to everybody, or to the operator alone.
    if from != Side::Operator && !matches!(readers, Readers::All | Readers::Operator) {
        let message = "must be all, or operator for a note that only the platform reads".to_owned();
        return Err(Refusal::Invalid { pointer: "/readers".to_owned(), message });
    }
    let readers = if dispute.kind == Kind::Chargeback { Readers::Operator } else { readers };
    if dispute.notes >= MAX_NOTES {
        return Err(Refusal::NotDisputable {
            why: format!("a dispute has at most {MAX_NOTES} messages and pieces of evidence"),
        });
    }
    let (id, dispute_id, merchant) = (run.next_id(), run.order.disputes[i].id, run.order.disputes[i].merchant_id);
    run.order.disputes[i].notes += 1;
    run.disputes.notes.push(DisputeNote {
        id,
        dispute: dispute_id,
        evidence: evidence.cloned(),
        from,
        readers,
        text: text.to_owned(),
        links: links.to_vec(),
        created_by: run.actor.id.clone(),
    });
    let name = from.name();
    let (kind, said, facts) = match evidence {
        Some(kind) => (
            "dispute_evidence_added",
            format!("Evidence from the {name} was added to the dispute"),
            json!({ "disputeId": dispute_id.to_string(), "evidenceId": EvidenceId(id).to_string(), "from": name, "kind": kind }),
        ),
        None => (
            "dispute_message_added",
            format!("A message from the {name} was added to the dispute"),
            json!({ "disputeId": dispute_id.to_string(), "messageId": MessageId(id).to_string(), "from": name }),
        ),
    };
    let is_public = readers.includes(Side::Customer);
    let view = merchant.filter(|_| readers.includes(Side::Merchant)).map_or(MerchantView::Nobody, MerchantView::Only);
    run.log(kind, said, facts.clone(), is_public, view);
    run.emit("dispute.note_added", facts);
    touch(run, i);
    Ok(())
}

/// The dispute was changed by this command.
fn touch(run: &mut Run<'_, '_>, i: usize) {
    let now = run.now;
    let dispute = &mut run.order.disputes[i];
    dispute.updated_at = now;
    let id = dispute.id;
    if !run.disputes.touched.contains(&id) {
        run.disputes.touched.push(id);
    }
}

/// Adds a dispute and enters the first state of its lifecycle.
fn begin(run: &mut Run<'_, '_>, dispute: Dispute) -> Result<usize, Refusal> {
    run.disputes.subject = Some(dispute.id);
    let machine = dispute.lifecycle();
    run.order.disputes.push(dispute);
    let i = run.order.disputes.len() - 1;
    run.enter(Which::Dispute(i), &machine.states[machine.initial])?;
    touch(run, i);
    Ok(i)
}

/// The transition by which the actor can fire that event now.
fn possible<'c>(run: &Run<'_, 'c>, i: usize, event: &str) -> Result<&'c Transition, Refusal> {
    let which = Which::Dispute(i);
    if let Some(transition) = fires::candidate(run, which, event)? {
        return Ok(transition);
    }
    let parties = run.parties(which);
    let ever = run.machine(which).is_some_and(|m| parties.iter().any(|&p| m.lets(p, event)));
    Err(if ever { not_possible(run, i, event) } else { fires::not_allowed(run, event) })
}

/// Fires an event of the lifecycle in the actor's name.
fn fire(run: &mut Run<'_, '_>, i: usize, event: &Event) -> Result<(), Refusal> {
    let transition = possible(run, i, &event.event)?;
    fires::require(transition, event)?;
    run.take(Which::Dispute(i), transition)
}

/// Fires an event of the engine's, if the state takes it; says whether it did.
fn engine(run: &mut Run<'_, '_>, i: usize, event: &str) -> Result<bool, Refusal> {
    let which = Which::Dispute(i);
    let Some(state) = run.state(which)? else { return Ok(false) };
    let list = state.on.get(event).into_iter().flatten();
    let found = list.filter(|t| t.by.is_empty()).find(|t| run.guard_holds(which, t));
    match found {
        Some(transition) => run.take(which, transition).map(|()| true),
        None => Ok(false),
    }
}

fn not_possible(run: &Run<'_, '_>, i: usize, event: &str) -> Refusal {
    let which = Which::Dispute(i);
    let parties = run.parties(which);
    let mine = |state: &State| -> Vec<String> {
        let events = state.on.iter().filter(|(_, ts)| ts.iter().any(|t| t.by.iter().any(|p| parties.contains(p))));
        events.map(|(name, _)| name.clone()).filter(|name| name != "answer").collect()
    };
    let dispute = &run.order.disputes[i];
    Refusal::DisputeNotPossible {
        event: event.to_owned(),
        status: dispute.status().to_owned(),
        possible: dispute.state().map(mine).unwrap_or_default(),
    }
}

/// What programs are told of a dispute.
fn facts(dispute: &Dispute) -> Value {
    let mut facts = json!({
        "disputeId": dispute.id.to_string(),
        "kind": dispute.kind.name(),
        "status": dispute.status(),
        "reason": dispute.reason.name(),
        "respondBy": dispute.respond_by.map(|at| at.to_string()),
    });
    if let Some(merchant) = dispute.merchant_id {
        facts["merchantId"] = json!(merchant.to_string());
    }
    if let Some(ruling) = &dispute.ruling {
        facts["outcome"] = json!(ruling.outcome.name());
        facts["refundId"] = json!(ruling.refund_id.map(|r| r.to_string()));
        if let Some(code) = &ruling.failure {
            facts["refundFailure"] = json!(code);
        }
    }
    if let Some(bank) = &dispute.chargeback {
        facts["paymentId"] = json!(bank.payment_id.to_string());
        facts["amount"] = json!(bank.amount);
        facts["withdrawn"] = json!(bank.withdrawn);
        facts["lost"] = json!(bank.lost);
    }
    facts
}

/// Who sees the entries of a dispute: of a claim both sides, of a chargeback staff.
fn view(dispute: &Dispute) -> (bool, MerchantView) {
    let is_claim = dispute.kind == Kind::Claim;
    (is_claim, dispute.merchant_id.filter(|_| is_claim).map_or(MerchantView::Nobody, MerchantView::Only))
}

/// Says that a dispute was opened.
fn announce(run: &mut Run<'_, '_>, i: usize) {
    let dispute = &run.order.disputes[i];
    let (is_public, seen) = view(dispute);
    let facts = facts(dispute);
    let (kind, message) = match &dispute.chargeback {
        Some(bank) => {
            let shown = run.order.currency.show(bank.amount);
            ("disputed", format!("The cardholder disputes {shown} of the payment with the bank"))
        }
        None => {
            let (by, why) = (dispute.raised_by.name(), dispute.reason.words());
            ("dispute_opened", format!("Dispute opened by the {by}: {why}"))
        }
    };
    run.log(kind, message, facts.clone(), is_public, seen);
    run.emit("dispute.opened", facts);
}

/// Ends or reopens claims by what became of the refunds that they were decided with.
pub(super) fn follow_refunds(run: &mut Run<'_, '_>) -> Result<(), Refusal> {
    claim::follow(run)
}

/// Writes down what became of disputes by this command: on the timeline, in the feed, and at the payments that banks dispute.
pub(super) fn tell(run: &mut Run<'_, '_>) {
    for i in 0..run.order.disputes.len() {
        let dispute = &run.order.disputes[i];
        let (id, at) = (dispute.id, dispute.machine.state.clone());
        let before = run.disputes_before.iter().find(|(known, _)| *known == id).map(|(_, state)| state.clone());
        if before.as_deref() == Some(at.as_str()) {
            continue;
        }
        touch(run, i);
        let dispute = run.order.disputes[i].clone();
        let open = dispute.is_undecided();
        let was_open = before.as_deref().and_then(|b| dispute.lifecycle().state(b)).map(|s| s.has("undecided"));
        let (is_public, seen) = view(&dispute);
        let (facts, why) = (facts(&dispute), dispute.reason.words());
        let status = dispute.status().replace('_', " ");
        // That a claim was opened stands before its first message; of a chargeback it is said when what the bank took is known.
        if was_open.is_none() && dispute.kind == Kind::Chargeback {
            announce(run, i);
        }
        if !open {
            run.log("dispute_closed", format!("Dispute closed ({why}): {status}"), facts.clone(), is_public, seen);
            run.emit("dispute.closed", facts.clone());
        } else if was_open.is_some() {
            let again = dispute.ruling.as_ref().is_some_and(|r| r.failure.is_some());
            let how = match status.as_str() {
                _ if again => "the refund did not go through, and it is decided again",
                "refunding" => "a refund was decided and is under way",
                status => status,
            };
            run.log("dispute_updated", format!("Dispute ({why}): {how}"), facts.clone(), is_public, seen);
            run.emit("dispute.updated", facts.clone());
        }
        if dispute.state().is_some_and(|s| s.has("urgent")) {
            let label = dispute.state().and_then(|s| s.labels.get(&crate::workflow::Audience::Operator)).cloned();
            let until = dispute.respond_by.map(|at| format!(", until {at}")).unwrap_or_default();
            let message = format!("{}{until}. Somebody must look at it", label.unwrap_or_default());
            run.log("needs_attention", message, facts.clone(), false, MerchantView::Nobody);
            run.emit("dispute.due_soon", facts);
        }
    }
    let order = &mut run.order;
    for payment in &mut order.payments {
        let of = |d: &&Dispute| d.chargeback.as_ref().is_some_and(|c| c.payment_id == payment.id);
        if order.disputes.iter().any(|d| of(&d)) {
            payment.disputed = order.disputes.iter().filter(of).any(Dispute::is_undecided);
        }
    }
}
