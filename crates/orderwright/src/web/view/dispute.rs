//! Disputes as each side sees them, and the bodies by which they are raised, talked about and decided.

use orderwright_core::decide::{EVIDENCE_KINDS, Event, EventItem, NewEvidence, OpenDispute, Readers, Verdict};
use orderwright_core::dispute::{Dispute, Outcome, Reason, Wants};
use orderwright_core::id::{DisputeId, EvidenceId, ItemId, MessageId, OrderId};
use orderwright_core::money::MAX_AMOUNT;
use orderwright_core::refunds::RefundMethod;
use orderwright_core::time::{Span, Timestamp};
use orderwright_core::workflow::Audience;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::event::{EventItemBody, METHODS, ShipmentBody, optional_text, required_text};
use super::money::{FailureView, failed};
use crate::ops::disputes::{Found, MAX_SUMMARY};
use crate::ops::{FieldError, OpError};
use crate::store::{DisputeNoteRow, DisputeRow};
use crate::web::problem::Problem;

/// The most links of one piece of evidence, and the longest.
pub const MAX_LINKS: usize = 20;
/// The longest address of evidence.
pub const MAX_LINK: usize = 2000;

/// A dispute.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Dispute)]
pub struct DisputeView {
    /// `dsp_…`
    pub id: String,
    /// `ord_…`
    pub order_id: String,
    /// The order's number.
    pub order_number: String,
    /// The order's channel.
    pub channel: String,
    /// claim (between people) or chargeback (by the customer's bank).
    pub kind: String,
    /// Where it stands.
    pub status: String,
    /// The same in words, for the role that asks.
    pub display_status: String,
    /// Whether it is not over.
    pub undecided: bool,
    /// customer, merchant, operator or bank.
    pub raised_by: String,
    /// `mer_…`: whose items it is about; null for a chargeback.
    pub merchant_id: Option<String>,
    /// damaged_goods, wrong_product, not_received, not_as_described, other; bank for a chargeback.
    pub reason: String,
    /// refund, replacement, other.
    pub wants: Option<String>,
    /// Minor units that are wanted.
    pub wanted_amount: Option<i64>,
    /// ISO 4217.
    pub currency: String,
    /// What it is about.
    pub items: Vec<DisputedItemView>,
    /// Until when it is to be answered.
    pub respond_by: Option<String>,
    /// What was decided.
    pub decision: Option<DecisionView>,
    /// `shp_…` of replacements.
    pub replacement_shipment_ids: Vec<String>,
    /// What the bank does; staff's alone.
    pub chargeback: Option<ChargebackView>,
    /// Who raised it.
    pub created_by: String,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
}

/// Units of a line that a dispute is about.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DisputedItem)]
pub struct DisputedItemView {
    /// `itm_…`
    pub item_id: String,
    /// Units.
    pub quantity: i64,
}

/// What was decided.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DisputeRuling)]
pub struct DecisionView {
    /// refund, partial, replace, reject.
    pub outcome: String,
    /// Minor units that go back.
    pub amount: Option<i64>,
    /// `ref_…`: the refund that they go back by.
    pub refund_id: Option<String>,
    /// Why that refund did not go through: then the claim is the operator's again. Null while it is under way and when it went back.
    pub refund_failure: Option<FailureView>,
    /// Who decided.
    pub decided_by: String,
    /// RFC 3339.
    pub decided_at: String,
}

/// What a bank does to a payment. Amounts are minor units.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Chargeback)]
pub struct ChargebackView {
    /// `pay_…`
    pub payment_id: String,
    /// The provider that tells of it.
    pub provider: String,
    /// The provider's id of it.
    pub reference: String,
    /// The provider's word for how it stands.
    pub provider_status: String,
    /// The bank's reason.
    pub reason_code: Option<String>,
    /// What is disputed.
    pub amount: i64,
    /// What the bank has of it now.
    pub withdrawn: i64,
    /// What the provider charges for it.
    pub fee: i64,
    /// What is lost for good.
    pub lost: i64,
    /// Of that, what the parties bear.
    pub borne_by_parties: i64,
    /// Of that, what the platform bears.
    pub borne_by_platform: i64,
    /// When evidence was sent.
    pub submitted_at: Option<String>,
}

/// Shows a dispute of an order.
pub fn dispute(found: &Found, audience: Audience) -> Result<DisputeView, Problem> {
    let order = &found.loaded.order;
    let head = (order.id, order.number.as_str(), order.channel.as_str(), order.currency.code());
    Ok(view(found.dispute()?, head, audience))
}

/// Shows a row of a list.
pub fn row(row: &DisputeRow, audience: Audience) -> Result<DisputeView, Problem> {
    let dispute: Dispute = serde_json::from_str(&row.body)
        .map_err(|e| OpError::Internal(format!("dispute {}: {e}", DisputeId(row.id))))?;
    let head = (OrderId(row.order_id), row.order_number.as_str(), row.channel.as_str(), row.currency.as_str());
    Ok(view(&dispute, head, audience))
}

fn view(dispute: &Dispute, head: (OrderId, &str, &str, &str), audience: Audience) -> DisputeView {
    let (order, number, channel, currency) = head;
    let label = dispute.state().and_then(|s| s.labels.get(&audience)).cloned();
    let staff = audience == Audience::Operator;
    DisputeView {
        id: dispute.id.to_string(),
        order_id: order.to_string(),
        order_number: number.to_owned(),
        channel: channel.to_owned(),
        kind: dispute.kind.name().to_owned(),
        status: dispute.status().to_owned(),
        display_status: label.unwrap_or_default(),
        undecided: dispute.is_undecided(),
        raised_by: dispute.raised_by.name().to_owned(),
        merchant_id: dispute.merchant_id.map(|m| m.to_string()),
        reason: dispute.reason.name().to_owned(),
        wants: dispute.wants.map(|w| w.name().to_owned()),
        wanted_amount: dispute.wanted_amount,
        currency: currency.to_owned(),
        items: dispute
            .items
            .iter()
            .map(|i| DisputedItemView { item_id: i.item_id.to_string(), quantity: i.quantity })
            .collect(),
        respond_by: dispute.respond_by.map(|t| t.to_string()),
        decision: dispute.ruling.as_ref().map(|r| DecisionView {
            outcome: r.outcome.name().to_owned(),
            amount: r.amount,
            refund_id: r.refund_id.map(|id| id.to_string()),
            refund_failure: r.failure.as_deref().map(|code| failed(code, staff)),
            decided_by: r.by.clone(),
            decided_at: r.at.to_string(),
        }),
        replacement_shipment_ids: dispute.replacements.iter().map(ToString::to_string).collect(),
        chargeback: dispute.chargeback.as_ref().filter(|_| staff).map(|c| {
            let by_parties = c.borne.iter().map(|b| b.amount).sum();
            ChargebackView {
                payment_id: c.payment_id.to_string(),
                provider: c.provider.clone(),
                reference: c.reference.clone(),
                provider_status: c.status.clone(),
                reason_code: c.reason_code.clone(),
                amount: c.amount,
                withdrawn: c.withdrawn,
                fee: c.fee,
                lost: c.lost,
                borne_by_parties: by_parties,
                borne_by_platform: c.lost - by_parties,
                submitted_at: c.submitted_at.map(|t| t.to_string()),
            }
        }),
        created_by: dispute.created_by.clone(),
        created_at: dispute.created_at.to_string(),
        updated_at: dispute.updated_at.to_string(),
    }
}

/// A message in a dispute.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DisputeMessage)]
pub struct DisputeMessageView {
    /// `msg_…`
    pub id: String,
    /// `dsp_…`
    pub dispute_id: String,
    /// customer, merchant, operator.
    pub from: String,
    /// Who reads it beside the operator: all, customer, merchant, operator.
    pub readers: String,
    /// The text.
    pub message: String,
    /// Who wrote it.
    pub created_by: String,
    /// RFC 3339.
    pub created_at: String,
}

/// Shows a message.
pub fn message(note: DisputeNoteRow) -> DisputeMessageView {
    DisputeMessageView {
        id: MessageId(note.id).to_string(),
        dispute_id: DisputeId(note.dispute_id).to_string(),
        from: note.side,
        readers: note.readers,
        message: note.text,
        created_by: note.created_by,
        created_at: Timestamp(note.at).to_string(),
    }
}

/// A piece of evidence.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Evidence)]
pub struct EvidenceView {
    /// `evd_…`
    pub id: String,
    /// `dsp_…`
    pub dispute_id: String,
    /// photo, document, receipt, tracking, communication, policy, other.
    pub kind: String,
    /// customer, merchant, operator.
    pub from: String,
    /// Who reads it beside the operator: all, customer, merchant, operator.
    pub readers: String,
    /// What it shows.
    pub text: String,
    /// Where it is.
    pub links: Vec<String>,
    /// Who added it.
    pub created_by: String,
    /// RFC 3339.
    pub created_at: String,
}

/// Shows a piece of evidence.
pub fn evidence(note: DisputeNoteRow) -> EvidenceView {
    EvidenceView {
        id: EvidenceId(note.id).to_string(),
        dispute_id: DisputeId(note.dispute_id).to_string(),
        kind: note.evidence.unwrap_or_default(),
        from: note.side,
        readers: note.readers,
        text: note.text,
        links: serde_json::from_str(&note.links).unwrap_or_default(),
        created_by: note.created_by,
        created_at: Timestamp(note.at).to_string(),
    }
}

/// A dispute to raise.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewDispute)]
pub struct NewDisputeBody {
    /// damaged_goods, wrong_product, not_received, not_as_described, other.
    pub reason: String,
    /// What happened: at most 4000 characters.
    pub description: String,
    /// Which lines, and how many units of each; all of them when left out, if they are of one merchant.
    #[serde(default)]
    pub items: Option<Vec<EventItemBody>>,
    /// refund, replacement, other.
    pub wants: String,
    /// Minor units that are wanted.
    #[serde(default)]
    pub amount: Option<i64>,
}

fn word<T>(wrong: &mut Vec<FieldError>, pointer: &str, text: &str, all: &[(&str, T)]) -> Option<T>
where
    T: Copy,
{
    let found = all.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
    if found.is_none() {
        let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
        wrong.push(FieldError { pointer: pointer.to_owned(), detail: format!("must be one of {}", names.join(", ")) });
    }
    found
}

fn amount(wrong: &mut Vec<FieldError>, amount: Option<i64>) {
    if amount.is_some_and(|a| !(1..=MAX_AMOUNT).contains(&a)) {
        let detail = format!("must be between 1 and {MAX_AMOUNT} minor units");
        wrong.push(FieldError { pointer: "/amount".to_owned(), detail });
    }
}

impl NewDisputeBody {
    /// Checked.
    pub fn read(self) -> Result<OpenDispute, Problem> {
        let mut wrong = Vec::new();
        let reason = word(&mut wrong, "/reason", &self.reason, Reason::ALL);
        let wants = word(&mut wrong, "/wants", &self.wants, Wants::ALL);
        required_text(&mut wrong, "/description", &self.description);
        amount(&mut wrong, self.amount);
        let (Some(reason), Some(wants), true) = (reason, wants, wrong.is_empty()) else {
            return Err(Problem::fields(wrong));
        };
        let item = |i: EventItemBody| -> Result<EventItem, Problem> {
            Ok(EventItem { item: ItemId::parse(&i.item_id).ok_or(OpError::NotFound)?, quantity: i.quantity })
        };
        let items = self.items.map(|list| list.into_iter().map(item).collect()).transpose()?;
        // How long the other side has is the channel's to say.
        let respond_within = Span::ZERO;
        Ok(OpenDispute { reason, description: self.description, items, wants, amount: self.amount, respond_within })
    }
}

/// A message to write.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewDisputeMessage)]
pub struct NewDisputeMessageBody {
    /// The text, at most 4000 characters.
    pub message: String,
    /// Who reads it beside the operator: all unless said.
    #[serde(default)]
    pub readers: Option<String>,
}

fn readers(wrong: &mut Vec<FieldError>, text: Option<&str>) -> Readers {
    text.and_then(|text| word(wrong, "/readers", text, Readers::ALL)).unwrap_or(Readers::All)
}

impl NewDisputeMessageBody {
    /// Checked: text and readers.
    pub fn read(self) -> Result<(String, Readers), Problem> {
        let mut wrong = Vec::new();
        required_text(&mut wrong, "/message", &self.message);
        let readers = readers(&mut wrong, self.readers.as_deref());
        if wrong.is_empty() { Ok((self.message, readers)) } else { Err(Problem::fields(wrong)) }
    }
}

/// Evidence to add: words and links. Files are not kept here.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewEvidence)]
pub struct NewEvidenceBody {
    /// photo, document, receipt, tracking, communication, policy, other.
    pub kind: String,
    /// What it shows, at most 4000 characters.
    pub text: String,
    /// Where it is: at most 20 addresses that begin with https:// or http://.
    #[serde(default)]
    pub links: Vec<String>,
    /// Who reads it beside the operator: all unless said.
    #[serde(default)]
    pub readers: Option<String>,
}

impl NewEvidenceBody {
    /// Checked.
    pub fn read(self) -> Result<NewEvidence, Problem> {
        let mut wrong = Vec::new();
        let kinds: Vec<(&str, ())> = EVIDENCE_KINDS.iter().map(|kind| (*kind, ())).collect();
        word(&mut wrong, "/kind", &self.kind, &kinds);
        required_text(&mut wrong, "/text", &self.text);
        if self.links.len() > MAX_LINKS {
            let detail = format!("at most {MAX_LINKS} links; add another piece of evidence for more");
            wrong.push(FieldError { pointer: "/links".to_owned(), detail });
        }
        for (n, link) in self.links.iter().enumerate() {
            let http = link.starts_with("https://") || link.starts_with("http://");
            if !http || link.len() > MAX_LINK || link.contains(|c: char| c.is_whitespace() || c.is_control()) {
                let detail =
                    format!("must be an address that begins with https:// or http://, at most {MAX_LINK} long");
                wrong.push(FieldError { pointer: format!("/links/{n}"), detail });
            }
        }
        let readers = readers(&mut wrong, self.readers.as_deref());
        if !wrong.is_empty() {
            return Err(Problem::fields(wrong));
        }
        Ok(NewEvidence { kind: self.kind, text: self.text, links: self.links, readers })
    }
}

/// How staff decides a claim.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = DisputeDecision)]
pub struct DecisionBody {
    /// refund (all that is left of these items), partial, replace, reject.
    pub outcome: String,
    /// Minor units that go back; of `partial` alone, which needs it.
    #[serde(default)]
    pub amount: Option<i64>,
    /// Why, for both sides; a rejection needs it.
    #[serde(default)]
    pub reason: Option<String>,
    /// Whether the provider is told; false books a refund that was made outside.
    #[serde(default)]
    pub initiate_payment_refund: Option<bool>,
    /// original (the way it came, unless said) or bank (by a bank transfer that somebody makes: the card is gone).
    #[serde(default)]
    pub method: Option<String>,
}

impl DecisionBody {
    /// Checked.
    pub fn read(self) -> Result<Verdict, Problem> {
        let mut wrong = Vec::new();
        let outcome = word(&mut wrong, "/outcome", &self.outcome, Outcome::ALL);
        optional_text(&mut wrong, "/reason", self.reason.as_deref());
        amount(&mut wrong, self.amount);
        let methods = [(METHODS[0], RefundMethod::Original), (METHODS[1], RefundMethod::Bank)];
        let method = self.method.as_deref().and_then(|m| word(&mut wrong, "/method", m, &methods)).unwrap_or_default();
        let (Some(outcome), true) = (outcome, wrong.is_empty()) else { return Err(Problem::fields(wrong)) };
        let initiate_payment_refund = self.initiate_payment_refund.unwrap_or(true);
        let policy = Default::default();
        Ok(Verdict { outcome, amount: self.amount, reason: self.reason, initiate_payment_refund, method, policy })
    }
}

/// Evidence to send to the bank: what was gathered, and the operator's own words.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Submission {
    /// What happened, in your words, at most 700 characters; the facts of the order are added.
    #[serde(default)]
    pub summary: Option<String>,
}

/// The longest words of an operator's: what is gathered needs the rest.
pub const MAX_WORDS: usize = MAX_SUMMARY - 300;

impl Submission {
    /// Checked.
    pub fn read(self) -> Result<Option<String>, Problem> {
        let mut wrong = Vec::new();
        optional_text(&mut wrong, "/summary", self.summary.as_deref());
        if self.summary.as_ref().is_some_and(|s| s.chars().count() > MAX_WORDS) {
            let detail = format!("must have at most {MAX_WORDS} characters: providers take no more");
            wrong.push(FieldError { pointer: "/summary".to_owned(), detail });
        }
        if wrong.is_empty() { Ok(self.summary) } else { Err(Problem::fields(wrong)) }
    }
}

/// Nothing is asked for.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {}

/// A replacement that was sent.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewReplacement)]
pub struct ReplacementBody {
    /// Who carries it.
    pub carrier: String,
    /// The carrier's number.
    #[serde(default)]
    pub tracking_number: Option<String>,
    /// Where to follow it.
    #[serde(default)]
    pub tracking_url: Option<String>,
    /// `YYYY-MM-DD`
    #[serde(default)]
    pub expected_by: Option<String>,
}

impl ReplacementBody {
    /// Checked, as a parcel.
    pub fn read(self) -> Result<Event, Problem> {
        let body = ShipmentBody {
            items: None,
            carrier: self.carrier,
            tracking_number: self.tracking_number,
            tracking_url: self.tracking_url,
            expected_by: self.expected_by,
        };
        body.into_event()
    }
}
