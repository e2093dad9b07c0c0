//! Disputes about an order: what one is, and the two lifecycles that they run.
//!
//! A **claim** is between the people around an order: a customer or a merchant raises it, the other side answers, the operator decides. A
//! **chargeback** is between a customer's bank and us, and the provider tells how it stands. Both are part of the order's document and are
//! guarded by its version, because they bound refunds and move shares. What is written in them (messages, evidence) is kept beside the order,
//! as messages are. What is not here: what happens to one (`decide::dispute`).

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::id::{DisputeId, ItemId, JobId, MerchantId, PaymentId, RefundId, ShipmentId};
use crate::order::{Instance, Item, Order, PartyRef, RefundItem, Taken};
use crate::time::{Span, Timestamp};
use crate::workflow::{Machine, State, Workflow, read};

/// A dispute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dispute {
    /// Id.
    pub id: DisputeId,
    /// Of which kind it is; the kind's lifecycle is [`Kind::workflow`].
    pub kind: Kind,
    /// The version of the lifecycle that it began with.
    pub version: String,
    /// Where it stands.
    pub machine: Instance,
    /// Who raised it.
    pub raised_by: Side,
    /// The merchant whose items it is about; none for a chargeback, which is about a payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merchant_id: Option<MerchantId>,
    /// Why.
    pub reason: Reason,
    /// What the one who raised it wants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wants: Option<Wants>,
    /// How much money they want, in minor units of the order's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted_amount: Option<i64>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<DisputedItem>,
    /// Until when it is to be answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub respond_by: Option<Timestamp>,
    /// How long before that somebody is reminded.
    #[serde(default)]
    pub remind: Span,
    /// What was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ruling: Option<Ruling>,
    /// Parcels that were sent as a replacement.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replacements: Vec<ShipmentId>,
    /// What the bank does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chargeback: Option<Chargeback>,
    /// Messages and evidence so far; it bounds them.
    #[serde(default)]
    pub notes: i64,
    /// Who raised it: an id, never a name.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Kinds of disputes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Between people.
    Claim,
    /// By the customer's bank.
    Chargeback,
}

impl Kind {
    /// Every kind with its name in the API.
    pub const ALL: &[(&str, Self)] = &[("claim", Self::Claim), ("chargeback", Self::Chargeback)];

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, k)| *k)
    }

    /// The name in the API.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, k)| *k == self).map_or("", |(n, _)| n)
    }

    /// The lifecycle of disputes of this kind.
    pub fn workflow(self) -> &'static Workflow {
        match self {
            Self::Claim => &CLAIM,
            Self::Chargeback => &CHARGEBACK,
        }
    }

    /// Its public statuses, over both kinds, each once.
    pub fn statuses() -> Vec<&'static str> {
        let mut all: Vec<&str> =
            Self::ALL.iter().flat_map(|(_, k)| k.workflow().statuses.iter().map(String::as_str)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// The files that come with Orderwright.
pub const FILES: &[&str] =
    &[include_str!("../../../workflows/dispute.toml"), include_str!("../../../workflows/chargeback.toml")];

static CLAIM: LazyLock<Workflow> = LazyLock::new(|| shipped(FILES[0]));
static CHARGEBACK: LazyLock<Workflow> = LazyLock::new(|| shipped(FILES[1]));

fn shipped(text: &str) -> Workflow {
    read(text).expect("a test holds the files that come with the program free of complaints")
}

/// Who can raise a dispute or write in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The buyer.
    Customer,
    /// The seller, supplier, maker.
    Merchant,
    /// The platform, or the owner of the channel.
    Operator,
    /// The customer's bank.
    Bank,
}

impl Side {
    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Merchant => "merchant",
            Self::Operator => "operator",
            Self::Bank => "bank",
        }
    }
}

/// Why somebody raises a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It arrived damaged.
    DamagedGoods,
    /// Something else arrived.
    WrongProduct,
    /// Nothing arrived.
    NotReceived,
    /// It is not what was said.
    NotAsDescribed,
    /// The bank has its own reason.
    Bank,
    /// Anything else; the description says what.
    Other,
}

impl Reason {
    /// The reasons that people can give, with their names in the API.
    pub const ALL: &[(&str, Self)] = &[
        ("damaged_goods", Self::DamagedGoods),
        ("wrong_product", Self::WrongProduct),
        ("not_received", Self::NotReceived),
        ("not_as_described", Self::NotAsDescribed),
        ("other", Self::Other),
    ];

    /// Reads the name of a reason that people can give.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, r)| *r)
    }

    /// The name in the API.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, r)| *r == self).map_or("bank", |(n, _)| n)
    }

    /// A few words.
    pub fn words(self) -> String {
        match self {
            Self::Bank => "disputed with the bank".to_owned(),
            other => other.name().replace('_', " "),
        }
    }
}

/// What the one who raises a dispute wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wants {
    /// Money back.
    Refund,
    /// The goods again.
    Replacement,
    /// Something else; the description says what.
    Other,
}

impl Wants {
    /// Every wish with its name in the API.
    pub const ALL: &[(&str, Self)] =
        &[("refund", Self::Refund), ("replacement", Self::Replacement), ("other", Self::Other)];

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, w)| *w)
    }

    /// The name in the API.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, w)| *w == self).map_or("", |(n, _)| n)
    }
}

/// Units of a line that a dispute is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DisputedItem {
    /// Which line.
    pub item_id: ItemId,
    /// How many units.
    pub quantity: i64,
}

/// How the operator decides a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// All that is left of the disputed items goes back.
    Refund,
    /// A part of it goes back.
    Partial,
    /// The merchant sends again.
    Replace,
    /// Nothing.
    Reject,
}

impl Outcome {
    /// Every outcome with its name in the API; the same words are the workflow's events.
    pub const ALL: &[(&str, Self)] =
        &[("refund", Self::Refund), ("partial", Self::Partial), ("replace", Self::Replace), ("reject", Self::Reject)];

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, o)| *o)
    }

    /// The name in the API and in the workflow.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, o)| *o == self).map_or("", |(n, _)| n)
    }
}

/// What was decided, and by whom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ruling {
    /// How.
    pub outcome: Outcome,
    /// What goes back, in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    /// The refund that it goes back by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_id: Option<RefundId>,
    /// Why that refund did not go through: a provider's code, or that it was not granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What a bank does to a payment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chargeback {
    /// The payment.
    pub payment_id: PaymentId,
    /// The provider that tells of it.
    pub provider: String,
    /// The provider's id of the dispute.
    pub reference: String,
    /// How it stands there.
    pub standing: Standing,
    /// The provider's own word for that.
    pub status: String,
    /// When the provider was asked what is written here.
    pub as_of: Timestamp,
    /// What is disputed, in minor units of the order's currency.
    pub amount: i64,
    /// What the bank has of it now: booked.
    pub withdrawn: i64,
    /// What the provider charges for it: booked.
    pub fee: i64,
    /// What is lost for good of what was withdrawn: booked. Zero while it is undecided.
    pub lost: i64,
    /// Who bears a loss.
    pub bearer: Bearer,
    /// Of the loss, what the parties bear.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub borne: Vec<Borne>,
    /// Of the loss, what is counted against which line. What is beyond what was left of the order is the platform's alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<RefundItem>,
    /// The same by the pools of shares that it was taken from: what gives it back exactly.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken: Vec<Taken>,
    /// The bank's reason, as the provider says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<String>,
    /// The job that tells the provider something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<JobId>,
    /// When evidence was last sent off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_at: Option<Timestamp>,
}

impl Chargeback {
    /// What the bank has while it decides, in minor units.
    pub fn held(&self) -> i64 {
        self.withdrawn - self.lost
    }
}

/// A party's part of a loss.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Borne {
    /// Who.
    pub party: PartyRef,
    /// Minor units; negative for the platform where it had added more than its share.
    pub amount: i64,
}

/// Who bears what a chargeback takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bearer {
    /// The parties of the order, each in proportion to its share, as with a refund.
    #[default]
    Parties,
    /// The platform alone.
    Platform,
}

impl Bearer {
    /// Every bearer with its name in the API.
    pub const ALL: &[(&str, Self)] = &[("parties", Self::Parties), ("platform", Self::Platform)];

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, b)| *b)
    }

    /// The name in the API.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, b)| *b == self).map_or("", |(n, _)| n)
    }
}

/// How a chargeback stands at the provider, in the order in which one goes through it; what is further on tells more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The bank asks before it disputes.
    Inquiry,
    /// It reads the answer.
    InquiryReview,
    /// The inquiry is over; the bank may still dispute.
    InquiryClosed,
    /// The bank waits for evidence.
    NeedsResponse,
    /// It reads the evidence.
    UnderReview,
    /// It is over, and nothing was lost.
    Closed,
    /// The bank decided for the merchant.
    Won,
    /// It decided for its customer.
    Lost,
}

impl Standing {
    /// The event of the workflow that says so.
    pub fn event(self) -> &'static str {
        match self {
            Self::Inquiry => "inquire",
            Self::InquiryReview => "inquiry_review",
            Self::InquiryClosed => "inquiry_closed",
            Self::NeedsResponse => "ask",
            Self::UnderReview => "review",
            Self::Closed => "close",
            Self::Won => "win",
            Self::Lost => "lose",
        }
    }

    /// Whether the bank has decided. It may decide again.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Closed | Self::Won | Self::Lost)
    }

    /// Which of two pieces of news is the later one, however they came: a decision is later than anything before it; of two decisions, and
    /// of two that say the same, the one that was asked for later.
    pub fn later(self, as_of: Timestamp) -> (bool, Self, Timestamp, Self) {
        let rank = if self.is_final() { Self::Closed } else { self };
        (self.is_final(), rank, as_of, self)
    }
}

impl Dispute {
    /// The machine that it runs.
    pub fn lifecycle(&self) -> &'static Machine {
        &self.kind.workflow().item
    }

    /// The state that it is in; `None` in a document of another version.
    pub fn state(&self) -> Option<&'static State> {
        self.lifecycle().state(&self.machine.state)
    }

    /// Whether it is not over.
    pub fn is_undecided(&self) -> bool {
        self.state().is_some_and(|s| s.has("undecided"))
    }

    /// What the public status is.
    pub fn status(&self) -> &'static str {
        self.state().map_or("", |s| s.status.as_str())
    }
}

impl Order {
    /// The dispute of that id.
    pub fn dispute(&self, id: DisputeId) -> Option<&Dispute> {
        self.disputes.iter().find(|d| d.id == id)
    }

    /// Every chargeback of the order.
    pub fn chargebacks(&self) -> impl Iterator<Item = &Chargeback> {
        self.disputes.iter().filter_map(|d| d.chargeback.as_ref())
    }

    /// What chargebacks took for good of what was captured, whoever bears it. With what was refunded it is never more than that.
    pub fn charged_back(&self) -> i64 {
        self.chargebacks().flat_map(|c| &c.parts).map(|p| p.amount).sum()
    }

    /// The same of one line.
    pub fn charged_back_of(&self, item: ItemId) -> i64 {
        self.chargebacks().flat_map(|c| &c.parts).filter(|p| p.item_id == item).map(|p| p.amount).sum()
    }

    /// What the parties bear of it.
    pub fn borne_by_parties(&self) -> i64 {
        self.chargebacks().flat_map(|c| &c.borne).map(|b| b.amount).sum()
    }

    /// What one party bears of it.
    pub fn borne_by(&self, party: &PartyRef) -> i64 {
        self.chargebacks().flat_map(|c| &c.borne).filter(|b| b.party == *party).map(|b| b.amount).sum()
    }

    /// What a bank took for good of one payment, whoever bears it.
    pub fn charged_back_of_payment(&self, payment: PaymentId) -> i64 {
        self.chargebacks().filter(|c| c.payment_id == payment).map(|c| c.lost).sum()
    }

    /// What banks have while they decide.
    pub fn held_by_banks(&self) -> i64 {
        self.chargebacks().map(Chargeback::held).sum()
    }

    /// What is left of what was captured: neither refunded, nor on its way back, nor charged back.
    pub fn left(&self) -> i64 {
        self.captured() - self.refunding() - self.charged_back()
    }

    /// The same of one line.
    pub fn left_of(&self, item: &Item) -> i64 {
        item.captured - item.refunding - self.charged_back_of(item.id)
    }

    /// Whether a bank has, or may take, money of that payment: what was refunded now could be lost twice.
    pub fn is_charged_back(&self, payment: PaymentId) -> bool {
        self.disputes.iter().any(|d| {
            let open = |c: &Chargeback| c.payment_id == payment && c.standing >= Standing::NeedsResponse;
            d.is_undecided() && d.chargeback.as_ref().is_some_and(open)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::{Kind as WorkflowKind, WorkflowSet};

    #[test]
    fn the_shipped_lifecycles_are_free_of_complaints() {
        for text in FILES {
            let workflow = WorkflowSet::new().check(text).unwrap_or_else(|found| panic!("{found:#?}"));
            assert_eq!(workflow.kind, WorkflowKind::Dispute);
        }
    }

    #[test]
    fn every_decision_and_every_standing_is_an_event_of_its_lifecycle() {
        for (name, _) in Outcome::ALL {
            assert!(Kind::Claim.workflow().item.knows_event(name), "{name}");
        }
        for standing in [
            Standing::Inquiry,
            Standing::InquiryReview,
            Standing::InquiryClosed,
            Standing::NeedsResponse,
            Standing::UnderReview,
            Standing::Closed,
            Standing::Won,
            Standing::Lost,
        ] {
            assert!(Kind::Chargeback.workflow().item.knows_event(standing.event()), "{standing:?}");
        }
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        assert!(Kind::ALL.iter().all(|(name, kind)| Kind::parse(name) == Some(*kind) && kind.name() == *name));
        assert!(Reason::ALL.iter().all(|(name, r)| Reason::parse(name) == Some(*r) && r.name() == *name));
        assert!(Wants::ALL.iter().all(|(name, w)| Wants::parse(name) == Some(*w) && w.name() == *name));
        assert!(Outcome::ALL.iter().all(|(name, o)| Outcome::parse(name) == Some(*o) && o.name() == *name));
        assert!(Bearer::ALL.iter().all(|(name, b)| Bearer::parse(name) == Some(*b) && b.name() == *name));
        assert_eq!(Reason::parse("bank"), None, "only a bank has that reason");
    }
}
