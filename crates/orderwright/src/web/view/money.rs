//! The money of an order as answers show it: payments, refunds, the parties' shares, and what providers passed on and were sent for.

use orderwright_core::order::{Errand, Order, Payment, PaymentState, Refund, RefundState, Split, Transfer};
use orderwright_core::payment_words;
use orderwright_core::refunds::{RefundMethod, failure_words};
use serde::Serialize;
use utoipa::ToSchema;

use super::event::METHODS;

/// An attempt to pay.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Payment)]
pub struct PaymentView {
    /// `pay_…`
    pub id: String,
    /// The method's token.
    pub method: String,
    /// pending, in_doubt, authorised, captured, failed, voided.
    pub status: String,
    /// What it was for.
    pub amount: i64,
    /// Held.
    pub authorised: i64,
    /// Taken.
    pub captured: i64,
    /// Released.
    pub voided: i64,
    /// Given back the way it came.
    pub refunded: i64,
    /// Given back by bank transfer instead, the newest payment first.
    pub refunded_by_bank: i64,
    /// What the customer's bank took back for good: disputes that were lost.
    pub charged_back: i64,
    /// ISO 4217.
    pub currency: String,
    /// The provider's id.
    pub reference: Option<String>,
    /// Why it was declined.
    pub failure_code: Option<String>,
    /// sandbox, stripe, razorpay
    pub provider: String,
    /// Whether the provider waits for the customer: `GET /storefront/orders/{id}/payment` says where.
    pub awaits_customer: bool,
    /// Until when what is held can be taken, RFC 3339.
    pub capture_before: Option<String>,
    /// What the provider kept, in minor units; staff's.
    pub fee: Option<i64>,
    /// How it stands, in a sentence.
    pub summary: String,
    /// What the customer can do about it, in a sentence; null when there is nothing to do.
    pub next_step: Option<String>,
    /// Taken after the payment had been given up; it goes back by itself and is no part of `captured`.
    pub late: i64,
    /// What went back of that.
    pub late_refunded: i64,
    /// RFC 3339.
    pub created_at: String,
}

/// A refund.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Refund)]
pub struct RefundView {
    /// `ref_…`
    pub id: String,
    /// `ord_…`
    pub order_id: String,
    /// Minor units.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// Why.
    pub reason: String,
    /// pending, succeeded, failed.
    pub status: String,
    /// Whether staff has to decide it first.
    pub awaits_decision: bool,
    /// How much is for which item.
    pub items: Vec<RefundItemView>,
    /// Whether the provider is told.
    pub initiate_payment_refund: bool,
    /// original: the way it came; bank: by a bank transfer.
    pub method: String,
    /// The provider's or the bank's id of it.
    pub reference: Option<String>,
    /// Whether it is for no item.
    pub goodwill: bool,
    /// What was kept of what the items cost: a restocking fee, or what went back before as goodwill.
    pub kept: i64,
    /// Who bears (positive) or keeps (negative) something: ledger accounts; empty for customers.
    pub adjustments: Vec<AdjustmentView>,
    /// How many people of staff must approve it; 0 when nobody was asked.
    pub approvals_needed: i64,
    /// Who of staff approved it; whoever of staff asked for it did. Empty for customers.
    pub approvals: Vec<String>,
    /// The first of the refunds that one request made over several payments; null when it is alone.
    pub together_with: Option<String>,
    /// Why it failed, in words.
    pub failure: Option<FailureView>,
    /// Who asked.
    pub created_by: String,
    /// RFC 3339.
    pub created_at: String,
}

/// Why a refund failed.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RefundFailure)]
pub struct FailureView {
    /// The provider's code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What staff can do now; null for customers.
    pub next_step: Option<String>,
}

/// What somebody bears or keeps.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RefundAdjustment)]
pub struct AdjustmentView {
    /// `platform/discounts`, `party/merchant/mer_…`
    pub account: String,
    /// Minor units; what is kept is negative.
    pub amount: i64,
}

/// A part of a refund.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RefundItem)]
pub struct RefundItemView {
    /// `itm_…`
    pub item_id: String,
    /// Units, where that was said.
    pub quantity: Option<i64>,
    /// Minor units.
    pub amount: i64,
    /// What is kept of it beside that.
    pub kept: i64,
}

/// A party's share.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Split)]
pub struct SplitView {
    /// Who.
    pub party: PartyView,
    /// Of what was captured; never changes.
    pub amount: i64,
    /// Taken back by refunds.
    pub refunded: i64,
    /// What it bears of disputes that were lost.
    #[serde(rename = "chargedBack")]
    pub charged_back: i64,
    /// What it bears of the payment provider's fees.
    #[serde(rename = "feesBorne")]
    pub fees_borne: i64,
}

/// A share that a provider paid on to a party's own account.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Transfer)]
pub struct TransferView {
    /// The party's account in the ledger: `party/merchant/mer_…`.
    pub party: String,
    /// `pay_…`
    pub payment_id: String,
    /// The provider's id.
    pub reference: String,
    /// What went.
    pub amount: i64,
    /// What the provider took back.
    pub reversed: i64,
    /// What it refused to take back: the party owes it.
    pub owed: i64,
}

/// Something that is done at a provider beside the payment.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Errand)]
pub struct ErrandView {
    /// release (a hold that is not needed any more), reverse (a transfer), give_back (money that came too late).
    pub kind: String,
    /// `pay_…`
    pub payment_id: String,
    /// Minor units.
    pub amount: i64,
    /// under_way, refused.
    pub status: String,
    /// Why the provider refused: its code.
    pub refused: Option<String>,
}

/// A party.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Party)]
pub struct PartyView {
    /// brand, supplier, retailer, merchant, platform.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id.
    pub id: String,
}

pub(super) fn payment(payment: &Payment, order: &Order, payable: bool) -> PaymentView {
    let status = match payment.state {
        PaymentState::Pending => "pending",
        PaymentState::InDoubt => "in_doubt",
        PaymentState::Authorised => "authorised",
        PaymentState::Captured => "captured",
        PaymentState::Failed => "failed",
        PaymentState::Voided => "voided",
    };
    PaymentView {
        id: payment.id.to_string(),
        method: payment.method.clone(),
        status: status.to_owned(),
        amount: payment.amount,
        authorised: payment.authorised,
        captured: payment.captured,
        voided: payment.voided,
        refunded: payment.refunded,
        refunded_by_bank: order.refunded_by_bank_of(payment.id),
        charged_back: order.charged_back_of_payment(payment.id),
        currency: order.currency.code().to_owned(),
        reference: payment.reference.clone(),
        failure_code: payment.failure_code.clone(),
        provider: payment.provider.clone(),
        awaits_customer: payment.awaits_customer,
        capture_before: payment.capture_before.map(|t| t.to_string()),
        fee: payment.fee,
        summary: payment_words::summary(order, payment),
        next_step: payment_words::next_step(payment, payable).filter(|_| {
            // What was tried before the current attempt is history.
            order.current_payment().is_some_and(|p| p.id == payment.id)
        }),
        late: payment.late,
        late_refunded: payment.late_refunded,
        created_at: payment.created_at.to_string(),
    }
}

fn failure(refund: &Refund, staff: bool) -> Option<FailureView> {
    let code = refund.failure_code.as_ref().filter(|_| refund.state == RefundState::Failed)?;
    Some(failed(code, staff))
}

/// A provider's code in words.
pub(super) fn failed(code: &str, staff: bool) -> FailureView {
    let words = failure_words(code);
    FailureView {
        code: code.to_owned(),
        message: words.message.to_owned(),
        next_step: staff.then(|| words.next_step.to_owned()),
    }
}

/// Shows a refund; to customers without who approved and who bears it.
pub fn refund(refund: &Refund, order: &Order, staff: bool) -> RefundView {
    let status = match refund.state {
        RefundState::Requested | RefundState::Pending => "pending",
        RefundState::Succeeded => "succeeded",
        RefundState::Failed => "failed",
    };
    let items = refund.items.iter();
    let adjustments = refund.adjust.iter().filter(|_| staff);
    let adjustments = adjustments.map(|(account, amount)| AdjustmentView { account: account.clone(), amount: *amount });
    RefundView {
        id: refund.id.to_string(),
        order_id: order.id.to_string(),
        amount: refund.amount,
        currency: order.currency.code().to_owned(),
        reason: refund.reason.clone(),
        status: status.to_owned(),
        awaits_decision: refund.state == RefundState::Requested,
        items: items
            .map(|i| RefundItemView {
                item_id: i.item_id.to_string(),
                quantity: i.quantity,
                amount: i.amount,
                kept: i.kept,
            })
            .collect(),
        initiate_payment_refund: refund.initiate_payment_refund,
        method: match refund.method {
            RefundMethod::Original => METHODS[0],
            RefundMethod::Bank => METHODS[1],
        }
        .to_owned(),
        reference: refund.reference.clone(),
        goodwill: refund.items.is_empty() && !refund.adjust.is_empty(),
        kept: refund.items.iter().map(|i| i.kept).sum(),
        adjustments: adjustments.collect(),
        approvals_needed: i64::from(refund.approvals_needed),
        approvals: if staff { refund.approvals.clone() } else { Vec::new() },
        together_with: refund.together.map(|id| id.to_string()),
        failure: failure(refund, staff),
        created_by: refund.created_by.clone(),
        created_at: refund.created_at.to_string(),
    }
}

pub(super) fn transfer(transfer: &Transfer) -> TransferView {
    TransferView {
        party: transfer.party.clone(),
        payment_id: transfer.payment_id.to_string(),
        reference: transfer.reference.clone(),
        amount: transfer.amount,
        reversed: transfer.reversed,
        owed: transfer.owed,
    }
}

pub(super) fn errand(errand: &Errand) -> ErrandView {
    ErrandView {
        kind: errand.kind.name().to_owned(),
        payment_id: errand.payment_id.to_string(),
        amount: errand.amount,
        status: if errand.effect.is_some() { "under_way" } else { "refused" }.to_owned(),
        refused: errand.refused.clone(),
    }
}

pub(super) fn split(split: &Split, order: &Order) -> SplitView {
    let party = PartyView { kind: split.party.kind.name().to_owned(), id: split.party.id.clone() };
    let (charged_back, fees_borne) = (order.borne_by(&split.party), order.fees_borne(&split.party));
    SplitView { party, amount: split.amount, refunded: split.refunded, charged_back, fees_borne }
}
