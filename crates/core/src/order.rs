//! The order aggregate: everything that one version guards.
//!
//! It is stored as one document; people's data is not in it, only the ids of contacts. Amounts are minor units of `currency`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::calendar::Calendar;
use crate::dispute::Dispute;
use crate::id::{
    AddressId, CancellationRequestId, CustomerId, ItemId, JobId, MerchantId, MerchantOrderId, NoteId, OrderId,
    PaymentId, RefundId, ShipmentId, VariantId,
};
use crate::money::Currency;
use crate::refunds::{RefundMethod, RefundTerms, SeenRefund, is_default};
use crate::split::Agreement;
use crate::time::{Span, Timestamp};

/// An order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Time-ordered id.
    pub id: OrderId,
    /// The number that people use: `ORD-20260131-00001`.
    pub number: String,
    /// The channel that it was placed in.
    pub channel: String,
    /// Name of the workflow.
    pub workflow: String,
    /// Version of the workflow that its items run.
    pub workflow_version: String,
    /// Version of the merchant-side workflow, where there is one.
    pub partner_version: Option<String>,
    /// Grows by one with every changeset.
    pub version: i64,
    /// Who bought.
    pub customer_id: CustomerId,
    /// Name, e-mail and phone as given with this order.
    pub contact_id: AddressId,
    /// Where to send it.
    pub shipping_address_id: Option<AddressId>,
    /// The country of that place, ISO 3166-1. It alone says nothing of a person, and guards ask it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping_country: Option<String>,
    /// Who to bill.
    pub billing_address_id: Option<AddressId>,
    /// ISO 4217.
    pub currency: Currency,
    /// Σ price × quantity.
    pub subtotal: i64,
    /// Σ item.gst_amount + the tax inside shipping_cost.
    pub gst_amount: i64,
    /// The code that the customer gave.
    pub discount_code: Option<String>,
    /// Σ item.discount_amount.
    pub discount_amount: i64,
    /// Including its tax.
    pub shipping_cost: i64,
    /// What rounding the total to a cash unit added.
    pub rounding_amount: i64,
    /// Σ item.total + shipping_cost + rounding_amount.
    pub total: i64,
    /// The payment gateway's reference of the whole order, where the gateway has one.
    pub gateway_order_id: Option<String>,
    /// The carrier or service chosen at placement.
    pub shipping_provider: Option<String>,
    /// Frozen discount rules.
    pub discount_snapshot: Value,
    /// Frozen prices.
    pub pricing_snapshot: Value,
    /// Times that the channel granted when the order was placed.
    pub policies: Policies,
    /// The channel's working days at placement; kept where the workflow counts business days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<Calendar>,
    /// The lines.
    pub items: Vec<Item>,
    /// One for each merchant, once the order was routed to them.
    pub merchant_orders: Vec<MerchantOrder>,
    /// The payment machine.
    pub payment: Instance,
    /// Why the payment machine last gave up, for the reason of a cancellation that follows.
    pub payment_reason: Option<String>,
    /// Attempts to pay, oldest first; the last one is current.
    pub payments: Vec<Payment>,
    /// Money that went back, or is asked back.
    pub refunds: Vec<Refund>,
    /// The parties' shares of what was captured.
    pub splits: Vec<Split>,
    /// The same by lines that share alike, so that a refund of a line is paid by that line's parties.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pools: Vec<Pool>,
    /// Shares that a provider paid on to the parties' own accounts there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transfers: Vec<Transfer>,
    /// What is done at providers beside the machines; no state waits for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errands: Vec<Errand>,
    /// Parcels.
    pub shipments: Vec<Shipment>,
    /// What parties bear of the payment provider's fees, by account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fees: Vec<(String, i64)>,
    /// Notes.
    pub notes: Vec<Note>,
    /// Merchants' wishes to be let off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cancellation_requests: Vec<CancellationRequest>,
    /// Disputes about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disputes: Vec<Dispute>,
    /// Timeline entries so far.
    pub timeline_length: i64,
    /// SHA-256 (hex) of the last timeline entry, chained to all before it.
    pub timeline_hash: String,
    /// Commands that wrote nothing on the timeline: the next entry carries their records, so that the history can be replayed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unrecorded: Vec<Value>,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Times that an order froze at placement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Policies {
    /// From placement to the end of the time to pay.
    pub payment_window: Span,
    /// From delivery to the end of the time to return.
    pub return_window: Span,
    /// From the refund to closing.
    pub refund_close_window: Span,
}

/// Where a machine stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    /// Name of the state.
    pub state: String,
    /// Since when.
    pub since: Timestamp,
    /// When the running timer of this state is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// When each state that has a timer was first entered: the timer counts from then.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub first: BTreeMap<String, Timestamp>,
    /// When somebody is reminded next that this state waits for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remind_at: Option<Timestamp>,
    /// The effect that runs while this state lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<JobId>,
    /// When this state's timers are over, as a migration carried them over from another version: in the order of the state's `after`,
    /// `None` (or nothing) for one that counts by its own rule. Gone when the state is left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<Option<Timestamp>>,
}

/// What has become of the units that placement reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reservation {
    /// Reserved.
    Held,
    /// Reserved for good.
    Committed,
    /// Left the house.
    Shipped,
    /// Given up.
    Released,
}

/// A line: some units of one offer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Id of the line.
    pub id: ItemId,
    /// The product variant.
    pub product_variant_id: VariantId,
    /// The offer.
    pub sku: String,
    /// As shown at placement.
    pub name: String,
    /// Whose offer.
    pub merchant_id: MerchantId,
    /// Units, at least 1.
    pub quantity: i64,
    /// Of one unit, at placement.
    pub price: i64,
    /// Percent as a decimal string.
    pub gst_rate: String,
    /// Tax of the line: on top of the price, or inside it when prices are inclusive.
    pub gst_amount: i64,
    /// Discount of the line.
    pub discount_amount: i64,
    /// What the line costs.
    pub total: i64,
    /// The part of shipping and rounding that goes with this line when money is captured, split or refunded.
    pub shipping_share: i64,
    /// Bundle selections, customisations.
    pub metadata: Value,
    /// Whether the supplier lets it be cancelled after work began.
    pub late_cancellation: bool,
    /// Shares in basis points, as agreed at placement.
    pub shares: Vec<Share>,
    /// What was agreed beside the shares, by a rule; none where the channel's split was all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Agreement>,
    /// The line that its money was divided as, once it was captured, where that was not done together with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<ItemId>,
    /// Units that came back and can be sold again.
    #[serde(default, skip_serializing_if = "is_default")]
    pub restocked: i64,
    /// Units that came back and cannot.
    #[serde(default, skip_serializing_if = "is_default")]
    pub written_off: i64,
    /// The item's machine.
    pub machine: Instance,
    /// The merchant's machine, once the item was sent.
    pub merchant: Option<Instance>,
    /// The reserved units.
    pub reservation: Reservation,
    /// From which location they come.
    pub location: String,
    /// What was captured for it: total and shipping share, once.
    pub captured: i64,
    /// What went back of that, or is on its way back; with what was kept of it (a restocking fee).
    pub refunding: i64,
    /// What went back of that, with what was kept.
    pub refunded: i64,
    /// `YYYY-MM-DD`.
    pub expected_by: Option<String>,
    /// When it was delivered.
    pub delivered_at: Option<Timestamp>,
    /// When the line was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Item {
    /// What this line costs with its part of the shipping.
    pub fn due(&self) -> i64 {
        self.total + self.shipping_share
    }

    /// What was captured of it for shipping. A rounding that takes away more than the shipping is not shipping.
    pub fn captured_shipping(&self) -> i64 {
        self.shipping_share.clamp(0, self.captured.max(0))
    }
}

/// Who gets a share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PartyRef {
    /// Which kind of party.
    #[serde(rename = "type")]
    pub kind: PartyKind,
    /// Its id.
    pub id: String,
}

impl PartyRef {
    /// The party's ledger account.
    pub fn account(&self) -> String {
        format!("party/{}/{}", self.kind.name(), self.id)
    }
}

/// Kinds of parties that money is split between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartyKind {
    /// Owner of the design or label.
    Brand,
    /// Maker that the retailer adopted the product from.
    Supplier,
    /// Owner of the channel.
    Retailer,
    /// Seller.
    Merchant,
    /// The marketplace.
    Platform,
}

impl PartyKind {
    /// Every kind.
    pub const ALL: &[Self] = &[Self::Brand, Self::Supplier, Self::Retailer, Self::Merchant, Self::Platform];

    /// The name in the API and in account names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Brand => "brand",
            Self::Supplier => "supplier",
            Self::Retailer => "retailer",
            Self::Merchant => "merchant",
            Self::Platform => "platform",
        }
    }
}

/// A party's part of a line, in basis points of what the line costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Share {
    /// Who.
    pub party: PartyRef,
    /// Of 10,000.
    pub basis_points: i64,
}

/// A party's share of what was captured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Split {
    /// Who.
    pub party: PartyRef,
    /// Of the captured sum; never changes.
    pub amount: i64,
    /// What was taken back of it by refunds.
    pub refunded: i64,
}

/// What was captured for lines of the same parties in the same proportions, or for one line with terms of its own, and how it was divided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pool {
    /// The lines' shares: what names the pool of lines that have no terms of their own.
    pub shares: Vec<Share>,
    /// Each party's amount; never changes.
    pub amounts: Vec<i64>,
    /// What was taken back of each.
    pub refunded: Vec<i64>,
    /// The one line that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<ItemId>,
    /// Whether it is that line's shipping, apart from its goods.
    #[serde(default, skip_serializing_if = "is_default")]
    pub shipping: bool,
    /// Which of the shares is the tax on the platform's part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<usize>,
    /// What the platform added, because it bears the discount; never changes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub subsidy: i64,
    /// What came back to it of that.
    #[serde(default, skip_serializing_if = "is_default")]
    pub subsidy_back: i64,
}

/// The part of an order that one merchant fulfils.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MerchantOrder {
    /// Id.
    pub id: MerchantOrderId,
    /// Whose.
    pub merchant_id: MerchantId,
    /// When the order was routed to the merchant.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What became of an attempt to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// Nothing is known yet.
    Pending,
    /// The answer was lost: the provider is being asked.
    InDoubt,
    /// Held.
    Authorised,
    /// Taken.
    Captured,
    /// Declined.
    Failed,
    /// Released.
    Voided,
}

/// One attempt to pay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    /// Id.
    pub id: PaymentId,
    /// The method's token at the provider.
    pub method: String,
    /// The provider that it was begun with. What undoes it goes there, whichever the channel uses by then.
    #[serde(default = "sandbox", skip_serializing_if = "is_sandbox")]
    pub provider: String,
    /// What became of it.
    pub state: PaymentState,
    /// What it is for when nothing is cancelled.
    pub amount: i64,
    /// Held.
    pub authorised: i64,
    /// Taken.
    pub captured: i64,
    /// Held and released, never taken.
    pub voided: i64,
    /// Given back.
    pub refunded: i64,
    /// The provider's id of it.
    pub reference: Option<String>,
    /// Why it was declined: the provider's code.
    pub failure_code: Option<String>,
    /// Whether the provider waits for the customer: to enter a card, to confirm with the bank.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub awaits_customer: bool,
    /// When it was held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorised_at: Option<Timestamp>,
    /// Until when what is held can be taken, as the provider said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture_before: Option<Timestamp>,
    /// What the provider kept for taking it, in minor units of the order's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<i64>,
    /// Taken by the provider after the payment had been given up: it goes back by itself, and is no part of `captured`.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub late: i64,
    /// What went back of that.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub late_refunded: i64,
    /// Refunds that were made at the provider beside us and that the order's own refunds do not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<SeenRefund>,
    /// Whether the cardholder disputes it.
    #[serde(default)]
    pub disputed: bool,
    /// When it was tried.
    pub created_at: Timestamp,
}

impl Payment {
    /// Held, and neither taken nor released.
    pub fn held(&self) -> i64 {
        if self.captured > 0 { 0 } else { self.authorised - self.voided }
    }
}

fn is_nothing(amount: &i64) -> bool {
    *amount == 0
}

/// A share that a provider paid on to a party's own account there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transfer {
    /// The party's ledger account, `party/merchant/mer_…`.
    pub party: String,
    /// The payment that it came from; its provider made the transfer, and takes it back.
    pub payment_id: PaymentId,
    /// The provider's id of it.
    pub reference: String,
    /// Minor units of the order's currency.
    pub amount: i64,
    /// What the provider took back of it.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub reversed: i64,
    /// What the party gave back beyond that, because the provider rounds: the platform bears it.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub rounding: i64,
    /// What the provider refused to take back: the party owes it.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub owed: i64,
}

impl Transfer {
    /// What the party still has of it and need not give back.
    pub fn left(&self) -> i64 {
        self.amount - self.reversed - self.rounding - self.owed
    }
}

/// Something that is done at a provider beside the machines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Errand {
    /// What.
    pub kind: ErrandKind,
    /// The payment that it is about.
    pub payment_id: PaymentId,
    /// The provider's id of the transfer, for [`ErrandKind::Reverse`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<String>,
    /// Minor units of the order's currency.
    pub amount: i64,
    /// The running effect; none when the provider refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<JobId>,
    /// Why the provider refused: its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// When it was ordered.
    pub created_at: Timestamp,
}

/// Kinds of errands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrandKind {
    /// Release a hold that another one, or a capture, has taken the place of.
    Release,
    /// Take back a part of a transfer, because the party's share became less.
    Reverse,
    /// Give money back that was taken after the payment had been given up.
    GiveBack,
}

impl ErrandKind {
    /// The effect by which it is done.
    pub fn effect(self) -> crate::workflow::Effect {
        match self {
            Self::Release => crate::workflow::Effect::Void,
            Self::Reverse => crate::workflow::Effect::Reverse,
            Self::GiveBack => crate::workflow::Effect::Refund,
        }
    }

    /// The word in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Reverse => "reverse",
            Self::GiveBack => "give_back",
        }
    }
}

/// The provider of payments that say nothing else: documents from before there were others.
pub(crate) fn sandbox() -> String {
    SANDBOX.to_owned()
}

fn is_sandbox(provider: &String) -> bool {
    provider == SANDBOX
}

/// The provider that moves no money.
pub const SANDBOX: &str = "sandbox";
/// The method that waits for money from outside: it is with no provider.
pub const OFFLINE: &str = "pm_offline";

/// What became of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RefundState {
    /// Asked for by the customer: staff or policy decides.
    Requested,
    /// The provider is at it.
    Pending,
    /// The money went back.
    Succeeded,
    /// It did not.
    Failed,
}

/// A refund.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refund {
    /// Id.
    pub id: RefundId,
    /// The payment that it gives back.
    pub payment_id: Option<PaymentId>,
    /// Of the order's currency.
    pub amount: i64,
    /// Why.
    pub reason: String,
    /// What became of it.
    pub state: RefundState,
    /// How much of it is for which line.
    pub items: Vec<RefundItem>,
    /// Whether the lines were named by the one who asked, or follow from the amount.
    pub by_item: bool,
    /// Whether the provider is told, or the money went back outside.
    pub initiate_payment_refund: bool,
    /// Who asked.
    pub created_by: String,
    /// The running effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<JobId>,
    /// The provider's id of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// How it goes back.
    #[serde(default, skip_serializing_if = "is_default")]
    pub method: RefundMethod,
    /// Why it failed: the provider's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_code: Option<String>,
    /// Who bears more than the lines' parties do (positive: goodwill), or keeps something (negative: a fee): account and amount.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjust: Vec<(String, i64)>,
    /// What was taken from the parties when it succeeded, so that it can be given back exactly.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken: Vec<Taken>,
    /// What was said of it, as long as it waits for somebody's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Box<RefundTerms>>,
    /// How many people must say yes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub approvals_needed: u8,
    /// Who of staff said yes so far; staff that asks for a refund says yes to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<String>,
    /// The first of the refunds that were made by one request, over several payments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub together: Option<RefundId>,
    /// When.
    pub created_at: Timestamp,
}

/// What a refund took from a pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Taken {
    /// The place of the pool among the order's.
    pub pool: usize,
    /// Of each of its shares.
    pub parts: Vec<i64>,
    /// Of what the platform had added.
    #[serde(default, skip_serializing_if = "is_default")]
    pub subsidy: i64,
}

/// The part of a refund that is for one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundItem {
    /// Which line.
    pub item_id: ItemId,
    /// For how many units, where that was said.
    pub quantity: Option<i64>,
    /// How much.
    pub amount: i64,
    /// How much of the line's shipping is in what is given up of the line (`amount` and `kept`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub shipping: i64,
    /// What is given up of the line beside that and does not go back: a restocking fee, or what goodwill has given before.
    #[serde(default, skip_serializing_if = "is_default")]
    pub kept: i64,
}

impl RefundItem {
    /// What is given up of the line.
    pub fn value(&self) -> i64 {
        self.amount + self.kept
    }
}

/// A parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shipment {
    /// Id.
    pub id: ShipmentId,
    /// Who sends it, when a merchant does.
    pub merchant_id: Option<MerchantId>,
    /// What is in it.
    pub items: Vec<ShipmentItem>,
    /// Who carries it.
    pub carrier: Option<String>,
    /// The carrier's number.
    pub tracking_number: Option<String>,
    /// Where to follow it.
    pub tracking_url: Option<String>,
    /// `YYYY-MM-DD`.
    pub expected_by: Option<String>,
    /// Who recorded it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
}

/// Units in a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShipmentItem {
    /// Which line.
    pub item_id: ItemId,
    /// How many units.
    pub quantity: i64,
}

/// A note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// Id.
    pub id: NoteId,
    /// Text.
    pub note: String,
    /// Whether the customer sees it.
    pub is_public: bool,
    /// Who wrote it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
}

/// A merchant's wish that their part of the order be cancelled; staff answers it by cancelling, or by a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CancellationRequest {
    /// Id.
    pub id: CancellationRequestId,
    /// Whose.
    pub merchant_id: MerchantId,
    /// Why.
    pub reason: String,
    /// Which lines could still be cancelled then.
    pub items: Vec<ItemId>,
    /// Who asked.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
}

impl Order {
    /// The attempt to pay that counts now.
    pub fn current_payment(&self) -> Option<&Payment> {
        self.payments.last()
    }

    /// The provider's or the bank's reference of the payment: of the last attempt that has one.
    pub fn payment_reference(&self) -> Option<&str> {
        self.payments.iter().rev().find_map(|p| p.reference.as_deref())
    }

    /// What a party bears of the payment provider's fees, minor units.
    pub fn fees_borne(&self, party: &PartyRef) -> i64 {
        let account = party.account();
        self.fees.iter().find(|(known, _)| *known == account).map_or(0, |(_, fee)| *fee)
    }

    /// What was captured, over all attempts.
    pub fn captured(&self) -> i64 {
        self.payments.iter().map(|p| p.captured).sum()
    }

    /// What went back.
    pub fn refunded(&self) -> i64 {
        self.refunds.iter().filter(|r| r.state == RefundState::Succeeded).map(|r| r.amount).sum()
    }

    /// What went back or is on its way back: the bound that no new refund may break.
    pub fn refunding(&self) -> i64 {
        self.refunds
            .iter()
            .filter(|r| matches!(r.state, RefundState::Succeeded | RefundState::Pending))
            .map(|r| r.amount)
            .sum()
    }

    /// The line of that id.
    pub fn item(&self, id: ItemId) -> Option<&Item> {
        self.items.iter().find(|i| i.id == id)
    }

    /// When the earliest timer of any machine is due.
    pub fn due_at(&self) -> Option<Timestamp> {
        let items = self.items.iter().flat_map(|i| [Some(&i.machine), i.merchant.as_ref()]).flatten();
        let disputes = self.disputes.iter().map(|d| &d.machine);
        items.chain([&self.payment]).chain(disputes).filter_map(|m| m.due).min()
    }

    /// When the order is to be looked at next by itself: for a timer, or to remind somebody.
    pub fn wake_at(&self) -> Option<Timestamp> {
        [self.due_at(), self.payment.remind_at].into_iter().flatten().min()
    }

    /// What went on to the parties' accounts at providers and did not come back.
    pub fn transferred(&self) -> i64 {
        self.transfers.iter().map(|t| t.amount - t.reversed).sum()
    }

    /// What was taken after the payment had been given up, and did not go back yet.
    pub fn late(&self) -> i64 {
        self.payments.iter().map(|p| p.late - p.late_refunded).sum()
    }

    /// When the last line was delivered, if all that count were.
    pub fn delivered_at(&self) -> Option<Timestamp> {
        self.items.iter().filter_map(|i| i.delivered_at).max()
    }
}
