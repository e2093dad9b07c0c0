//! What a shop sells and on which terms: channels and offers, as placement freezes them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::calendar::Calendar;
use crate::dispute::Bearer;
use crate::id::{MerchantId, VariantId};
use crate::money::Currency;
use crate::order::{PartyKind, Policies};
use crate::refunds::RefundPolicy;
use crate::split::Terms;
use crate::time::Span;

/// A channel: a shop front with its lifecycle, currency and terms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Channel {
    /// `retail`.
    pub name: String,
    /// Name of the workflow that new orders run.
    pub workflow: String,
    /// ISO 4217.
    pub currency: Currency,
    /// What order numbers begin with: `ORD`.
    pub number_prefix: String,
    /// Whether prices contain the tax.
    pub prices_include_tax: bool,
    /// Flat, including its tax.
    pub shipping_cost: i64,
    /// Percent as a decimal string: the tax inside `shipping_cost`.
    pub shipping_tax_rate: String,
    /// The carrier or service that `shipping_cost` pays for.
    pub shipping_provider: Option<String>,
    /// Who owns the channel: the `retailer` party of its splits.
    pub retailer: String,
    /// Who shares in each line; sums to 10,000 basis points.
    pub split: Vec<SplitRule>,
    /// Rules that know better for a merchant, a category or a SKU; the most specific one wins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub split_rules: Vec<Terms>,
    /// What the shop has decided about refunds.
    #[serde(default, skip_serializing_if = "crate::refunds::is_default")]
    pub refunds: RefundPolicy,
    /// Discount codes.
    pub discounts: Vec<Discount>,
    /// Whether the payment gateway keeps an order of its own for each of ours.
    pub gateway_order: bool,
    /// Which provider new payments are made with: `sandbox`, `stripe`, `razorpay`. A payment stays with the one that it began with.
    #[serde(default = "crate::order::sandbox")]
    pub payment_provider: String,
    /// Whether money may come from outside (bank transfer, voucher).
    pub accepts_offline_payment: bool,
    /// How long a checkout keeps its units.
    pub checkout_window: Span,
    /// How long a paid order rests before it goes to merchants.
    pub cancel_window: Span,
    /// Times that each order freezes.
    pub policies: Policies,
    /// On which days the shop works.
    #[serde(default)]
    pub calendar: Calendar,
    /// How disputes are dealt with.
    #[serde(default)]
    pub disputes: DisputeTerms,
    /// Whether customers are mailed, where the server can.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub customer_mail: bool,
}

fn yes() -> bool {
    true
}

fn is_yes(is: &bool) -> bool {
    *is
}

/// How a channel deals with disputes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DisputeTerms {
    /// How long the other side has to answer a claim before it is the operator's.
    pub respond_within: Span,
    /// How long before a bank's deadline staff is reminded.
    pub remind_before: Span,
    /// Who bears a lost chargeback.
    pub chargeback_bearer: Bearer,
    /// What customers are told of refunds: it goes into the evidence against chargebacks.
    pub refund_policy: Option<String>,
}

impl Default for DisputeTerms {
    fn default() -> Self {
        Self {
            respond_within: Span::seconds(3 * 86_400),
            remind_before: Span::seconds(2 * 86_400),
            chargeback_bearer: Bearer::Parties,
            refund_policy: None,
        }
    }
}

/// Who gets how much of each line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SplitRule {
    /// Which party; the line's offer says which supplier, merchant or brand that is.
    pub party: PartyKind,
    /// Of 10,000.
    pub basis_points: i64,
}

/// A percentage off for those who know the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Discount {
    /// What the customer types, compared without regard to case.
    pub code: String,
    /// Percent as a decimal string.
    pub percent: String,
}

/// An offer: one SKU, one merchant, one price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Offer {
    /// Stock keeping unit.
    pub sku: String,
    /// The channel that lists it.
    pub channel: String,
    /// The product variant; several merchants may offer the same.
    pub variant_id: VariantId,
    /// Who sells or makes it: orders are routed there.
    pub merchant_id: MerchantId,
    /// The brand that it belongs to.
    pub brand: Option<String>,
    /// The kind of goods, as the shop sorts them; rules of splits may be for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// For people.
    pub name: String,
    /// Of one unit, in the channel's currency.
    pub price: i64,
    /// Percent as a decimal string.
    pub gst_rate: String,
    /// The supplier's policy: whether an item may be cancelled after work on it began.
    pub late_cancellation: bool,
}

/// A line as somebody asks for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// Which offer.
    pub sku: String,
    /// How many.
    pub quantity: i64,
    /// Bundle selections, customisations.
    pub metadata: Value,
}
