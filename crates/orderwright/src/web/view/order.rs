//! An order as JSON (api.md, «An order, as JSON»), as the role that asks may see it.
//!
//! Staff sees everything. A customer sees no private notes, no shares and nothing of the merchant's machine. A merchant sees their own
//! items, shipments, merchant orders and shares, and none of the order's totals.

use orderwright_core::actor::{Actor, Role};
use orderwright_core::id::MerchantId;
use orderwright_core::order::{
    Errand, Item, Order, Payment, PaymentState, Refund, RefundState, Shipment, Split, Transfer,
};
use orderwright_core::payment_words;
use orderwright_core::refunds::{RefundMethod, failure_words};
use orderwright_core::status;
use orderwright_core::workflow::{Audience, State, Workflow};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::event::METHODS;
use crate::ops::Ctx;
use crate::ops::command::Loaded;
use crate::ops::people::{Address, Contact, Contacts};

/// An order.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Order)]
pub struct OrderView {
    /// `ord_…`
    pub id: String,
    /// `ORD-20260131-00001`
    pub order_number: String,
    /// The channel.
    pub channel: String,
    /// The lifecycle.
    pub workflow: WorkflowView,
    /// `cus_…`
    pub customer_id: String,
    /// Contact as given with this order; null after erasure.
    pub customer: Option<Contact>,
    /// The least advanced of the items that are not cancelled.
    pub status: String,
    /// The same in the words of the role that asks.
    pub display_status: String,
    /// How the money stands.
    pub payment_status: String,
    /// How the goods stand.
    pub shipping_status: String,
    /// ISO 4217.
    pub currency: String,
    /// Σ price × quantity; null for merchants.
    pub subtotal: Option<i64>,
    /// Tax in all; null for merchants.
    pub gst_amount: Option<i64>,
    /// The code given.
    pub discount_code: Option<String>,
    /// Discount in all; null for merchants.
    pub discount_amount: Option<i64>,
    /// Shipping with its tax; null for merchants.
    pub shipping_cost: Option<i64>,
    /// What rounding added; null for merchants.
    pub rounding_amount: Option<i64>,
    /// What the order costs; null for merchants.
    pub total: Option<i64>,
    /// What went back; null for merchants.
    pub refunded_total: Option<i64>,
    /// The gateway's reference of the order.
    pub razorpay_order_id: Option<String>,
    /// The provider's reference of the payment.
    pub payment_reference: Option<String>,
    /// The carrier or service.
    pub shipping_provider: Option<String>,
    /// `adr_…`
    pub shipping_address_id: Option<String>,
    /// Where to.
    pub shipping_address: Option<Address>,
    /// `adr_…`
    pub billing_address_id: Option<String>,
    /// Who is billed.
    pub billing_address: Option<Address>,
    /// Frozen discount rules.
    pub discount_snapshot: Value,
    /// Frozen prices.
    pub pricing_snapshot: Value,
    /// The lines.
    pub items: Vec<ItemView>,
    /// One for each merchant.
    pub merchant_orders: Vec<MerchantOrderView>,
    /// Attempts to pay.
    pub payments: Vec<PaymentView>,
    /// Money that went back or is asked back.
    pub refunds: Vec<RefundView>,
    /// The parties' shares.
    pub splits: Vec<SplitView>,
    /// Shares that a provider paid on to the parties' own accounts there; staff's.
    pub transfers: Vec<TransferView>,
    /// What is under way at providers beside the payment, or was refused there; staff's.
    pub errands: Vec<ErrandView>,
    /// Parcels.
    pub shipments: Vec<ShipmentView>,
    /// Notes.
    pub notes: Vec<NoteView>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
}

/// The lifecycle of an order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WorkflowView {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// A line.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Item)]
pub struct ItemView {
    /// `itm_…`
    pub id: String,
    /// `ord_…`
    pub order_id: String,
    /// `var_…`
    pub product_variant_id: String,
    /// The offer.
    pub sku: String,
    /// As shown at placement.
    pub name: String,
    /// `mer_…`
    pub merchant_id: String,
    /// Units.
    pub quantity: i64,
    /// Of one unit.
    pub price: i64,
    /// Percent.
    pub gst_rate: String,
    /// Tax of the line.
    pub gst_amount: i64,
    /// Discount of the line.
    pub discount_amount: i64,
    /// What the line costs.
    pub total: i64,
    /// Public status.
    pub status: String,
    /// The same in the words of the role that asks.
    pub display_status: String,
    /// The merchant's side, once the item was sent there; null for customers.
    pub merchant_status: Option<String>,
    /// The same in the merchant's words; null for customers.
    pub merchant_display_status: Option<String>,
    /// `YYYY-MM-DD`
    pub expected_by: Option<String>,
    /// RFC 3339.
    pub delivered_at: Option<String>,
    /// Units that came back and can be sold again; null for customers.
    pub restocked: Option<i64>,
    /// Units that came back and cannot; null for customers.
    pub written_off: Option<i64>,
    /// How its money is divided, as agreed at placement; null for customers.
    pub split: Option<AgreementView>,
    /// Bundle selections, customisations.
    pub metadata: Value,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
}

/// How a line's money is divided.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SplitAgreement)]
pub struct AgreementView {
    /// What the rule was for: `SKU BLD-1`, `the whole channel`; `the channel's own split` where no rule was for it.
    pub rule: String,
    /// The hash of that rule; null for the channel's own split.
    pub rule_hash: Option<String>,
    /// What was agreed, in sentences.
    pub terms: Vec<String>,
}

/// The part of an order that one merchant fulfils.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MerchantOrder)]
pub struct MerchantOrderView {
    /// `mor_…`
    pub id: String,
    /// `ord_…`
    pub order_id: String,
    /// `mer_…`
    pub merchant_id: String,
    /// The least advanced of its items.
    pub status: String,
    /// The same in the merchant's words.
    pub display_status: String,
    /// Its items.
    pub item_ids: Vec<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
}

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
    /// Given back.
    pub refunded: i64,
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

/// A parcel.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Shipment)]
pub struct ShipmentView {
    /// `shp_…`
    pub id: String,
    /// `ord_…`
    pub order_id: String,
    /// `mer_…`
    pub merchant_id: Option<String>,
    /// What is in it.
    pub items: Vec<ShipmentItemView>,
    /// Who carries it.
    pub carrier: Option<String>,
    /// The carrier's number.
    pub tracking_number: Option<String>,
    /// Where to follow it.
    pub tracking_url: Option<String>,
    /// `YYYY-MM-DD`
    pub expected_by: Option<String>,
    /// Who recorded it.
    pub created_by: String,
    /// RFC 3339.
    pub created_at: String,
}

/// Units in a parcel.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ShipmentItem)]
pub struct ShipmentItemView {
    /// `itm_…`
    pub item_id: String,
    /// Units.
    pub quantity: i64,
}

/// A note.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Note)]
pub struct NoteView {
    /// `not_…`
    pub id: String,
    /// `ord_…`
    pub order_id: String,
    /// Text.
    pub note: String,
    /// Whether the customer sees it.
    pub is_public: bool,
    /// Who wrote it.
    pub created_by: String,
    /// RFC 3339.
    pub created_at: String,
}

/// Shows an order to the one who asks, in their words and their language.
pub fn order(loaded: &Loaded, contacts: &Contacts, ctx: &Ctx) -> OrderView {
    let Loaded { order, workflow, partner } = loaded;
    let actor = &ctx.actor;
    let viewer = Viewer {
        actor,
        audience: actor.role.audience(),
        workflow,
        partner: partner.as_deref(),
        locale: ctx.languages.of(workflow),
        // A customer reads nothing of the merchant's side.
        partner_locale: match partner.as_deref() {
            Some(partner) if actor.role.audience() != Audience::Customer => ctx.languages.of(partner),
            _ => "",
        },
    };
    let own: Vec<&Item> = order.items.iter().filter(|i| viewer.owns(i.merchant_id)).collect();
    let whole = actor.role != Role::Merchant;
    let customer_side = matches!(actor.role, Role::Customer | Role::Storefront);
    let staff = whole && !customer_side;
    let total = |amount: i64| whole.then_some(amount);
    let (status, display_status) = viewer.headline(order, &own);
    let mut payments: Vec<PaymentView> = Vec::new();
    let mut refunds: Vec<RefundView> = Vec::new();
    if whole {
        let payable = crate::ops::pay_page::payable(loaded);
        payments.extend(
            order.payments.iter().map(|p| PaymentView { fee: p.fee.filter(|_| staff), ..payment(p, order, payable) }),
        );
        refunds.extend(order.refunds.iter().map(|r| refund(r, order, !customer_side)));
    }
    let splits = order.splits.iter().filter(|s| match actor.merchant {
        Some(merchant) => s.party.id == merchant.to_string(),
        None => !customer_side,
    });
    let notes = order.notes.iter().filter(|n| n.is_public || staff);
    OrderView {
        id: order.id.to_string(),
        order_number: order.number.clone(),
        channel: order.channel.clone(),
        workflow: WorkflowView { name: order.workflow.clone(), version: order.workflow_version.clone() },
        customer_id: order.customer_id.to_string(),
        customer: contacts.contact(order.contact_id),
        status,
        display_status,
        payment_status: status::payment_status(order, workflow).to_owned(),
        shipping_status: status::shipping_status(order, workflow).to_owned(),
        currency: order.currency.code().to_owned(),
        subtotal: total(order.subtotal),
        gst_amount: total(order.gst_amount),
        discount_code: order.discount_code.clone(),
        discount_amount: total(order.discount_amount),
        shipping_cost: total(order.shipping_cost),
        rounding_amount: total(order.rounding_amount),
        total: total(order.total),
        refunded_total: total(order.refunded()),
        razorpay_order_id: order.gateway_order_id.clone(),
        payment_reference: order.payment_reference().filter(|_| whole).map(str::to_owned),
        shipping_provider: order.shipping_provider.clone(),
        shipping_address_id: order.shipping_address_id.map(|a| a.to_string()),
        shipping_address: order.shipping_address_id.and_then(|a| contacts.address(a)),
        billing_address_id: order.billing_address_id.map(|a| a.to_string()),
        billing_address: order.billing_address_id.and_then(|a| contacts.address(a)),
        discount_snapshot: order.discount_snapshot.clone(),
        pricing_snapshot: order.pricing_snapshot.clone(),
        items: own.iter().map(|i| viewer.item(order, i)).collect(),
        merchant_orders: order
            .merchant_orders
            .iter()
            .filter(|m| viewer.owns(m.merchant_id))
            .map(|m| viewer.merchant_order(order, m))
            .collect(),
        payments,
        refunds,
        splits: splits.map(|s| split(s, order)).collect(),
        transfers: order.transfers.iter().filter(|_| staff).map(transfer).collect(),
        errands: order.errands.iter().filter(|_| staff).map(errand).collect(),
        shipments: order
            .shipments
            .iter()
            .filter(|s| s.merchant_id.is_none_or(|m| viewer.owns(m)))
            .map(|s| shipment(s, order))
            .collect(),
        notes: notes.map(|n| note(n, order)).collect(),
        created_at: order.created_at.to_string(),
        updated_at: order.updated_at.to_string(),
    }
}

/// Who looks, and by which words.
struct Viewer<'a> {
    actor: &'a Actor,
    audience: Audience,
    workflow: &'a Workflow,
    partner: Option<&'a Workflow>,
    /// The language of the item's labels.
    locale: &'a str,
    /// The language of the merchant's side.
    partner_locale: &'a str,
}

impl Viewer<'_> {
    /// The language of what [`status::merchant_state`] gives: of the merchant's side where there is one.
    fn merchant_locale(&self) -> &str {
        if self.partner.is_some() { self.partner_locale } else { self.locale }
    }

    fn label(&self, state: &State, audience: Audience, item: &Item) -> String {
        status::label(state, audience, self.locale, item)
    }

    fn owns(&self, merchant: MerchantId) -> bool {
        self.actor.merchant.is_none_or(|own| own == merchant)
    }

    /// The order's status and label: for a merchant, of their own items on their own side.
    fn headline(&self, order: &Order, own: &[&Item]) -> (String, String) {
        if self.actor.role == Role::Merchant {
            let state = status::merchant_state(own, self.workflow, self.partner);
            let label = state.zip(own.first()).map(|(s, i)| status::label(s, self.audience, self.merchant_locale(), i));
            let label = label.unwrap_or_default();
            let public = status::merchant_state(own, self.workflow, None).map(|s| s.status.clone()).unwrap_or_default();
            return (public, label);
        }
        let leading = status::leading_item(order, self.workflow);
        let label =
            leading.and_then(|i| Some(self.label(self.workflow.item.state(&i.machine.state)?, self.audience, i)));
        (status::order_status(order, self.workflow).to_owned(), label.unwrap_or_default())
    }

    fn merchant_side<'s>(&'s self, item: &Item) -> Option<&'s State> {
        self.partner?.item.state(&item.merchant.as_ref()?.state)
    }

    fn item(&self, order: &Order, item: &Item) -> ItemView {
        let state = self.workflow.item.state(&item.machine.state);
        let merchant_label = match (self.partner, self.merchant_side(item)) {
            (_, Some(side)) => status::label(side, Audience::Merchant, self.partner_locale, item),
            (_, None) => state.map(|s| self.label(s, Audience::Merchant, item)).unwrap_or_default(),
        };
        let display_status = match self.audience {
            Audience::Merchant => merchant_label.clone(),
            audience => state.map(|s| self.label(s, audience, item)).unwrap_or_default(),
        };
        let staff = self.audience != Audience::Customer;
        ItemView {
            id: item.id.to_string(),
            order_id: order.id.to_string(),
            product_variant_id: item.product_variant_id.to_string(),
            sku: item.sku.clone(),
            name: item.name.clone(),
            merchant_id: item.merchant_id.to_string(),
            quantity: item.quantity,
            price: item.price,
            gst_rate: item.gst_rate.clone(),
            gst_amount: item.gst_amount,
            discount_amount: item.discount_amount,
            total: item.total,
            status: state.map(|s| s.status.clone()).unwrap_or_default(),
            display_status,
            merchant_status: self.merchant_side(item).map(|s| s.status.clone()).filter(|_| staff),
            merchant_display_status: staff.then_some(merchant_label),
            expected_by: item.expected_by.clone(),
            delivered_at: item.delivered_at.map(|t| t.to_string()),
            restocked: staff.then_some(item.restocked),
            written_off: staff.then_some(item.written_off),
            split: staff.then(|| agreement(item, order)),
            metadata: item.metadata.clone(),
            created_at: item.created_at.to_string(),
            updated_at: item.updated_at.to_string(),
        }
    }

    fn merchant_order(&self, order: &Order, part: &orderwright_core::order::MerchantOrder) -> MerchantOrderView {
        let items: Vec<&Item> = order.items.iter().filter(|i| i.merchant_id == part.merchant_id).collect();
        let state = status::merchant_state(&items, self.workflow, self.partner);
        let first = items.first();
        let label = state.zip(first).map(|(s, i)| status::label(s, Audience::Merchant, self.merchant_locale(), i));
        MerchantOrderView {
            id: part.id.to_string(),
            order_id: order.id.to_string(),
            merchant_id: part.merchant_id.to_string(),
            status: state.map(|s| s.status.clone()).unwrap_or_default(),
            display_status: label.unwrap_or_default(),
            item_ids: items.iter().map(|i| i.id.to_string()).collect(),
            created_at: part.created_at.to_string(),
            updated_at: part.updated_at.to_string(),
        }
    }
}

fn payment(payment: &Payment, order: &Order, payable: bool) -> PaymentView {
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

fn agreement(item: &Item, order: &Order) -> AgreementView {
    match &item.agreement {
        Some(agreed) => AgreementView {
            rule: agreed.rule.clone(),
            rule_hash: Some(agreed.rule_hash.clone()),
            terms: agreed.words(&item.shares, order.currency),
        },
        None => AgreementView {
            rule: "the channel's own split".to_owned(),
            rule_hash: None,
            terms: orderwright_core::split::words_of_shares(&item.shares),
        },
    }
}

fn failure(refund: &Refund, staff: bool) -> Option<FailureView> {
    let code = refund.failure_code.as_ref().filter(|_| refund.state == RefundState::Failed)?;
    let words = failure_words(code);
    Some(FailureView {
        code: code.clone(),
        message: words.message.to_owned(),
        next_step: staff.then(|| words.next_step.to_owned()),
    })
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

fn transfer(transfer: &Transfer) -> TransferView {
    TransferView {
        party: transfer.party.clone(),
        payment_id: transfer.payment_id.to_string(),
        reference: transfer.reference.clone(),
        amount: transfer.amount,
        reversed: transfer.reversed,
        owed: transfer.owed,
    }
}

fn errand(errand: &Errand) -> ErrandView {
    ErrandView {
        kind: errand.kind.name().to_owned(),
        payment_id: errand.payment_id.to_string(),
        amount: errand.amount,
        status: if errand.effect.is_some() { "under_way" } else { "refused" }.to_owned(),
        refused: errand.refused.clone(),
    }
}

fn split(split: &Split, order: &Order) -> SplitView {
    let party = PartyView { kind: split.party.kind.name().to_owned(), id: split.party.id.clone() };
    let fees_borne = order.fees_borne(&split.party);
    SplitView { party, amount: split.amount, refunded: split.refunded, fees_borne }
}

/// Shows a parcel.
pub fn shipment(shipment: &Shipment, order: &Order) -> ShipmentView {
    ShipmentView {
        id: shipment.id.to_string(),
        order_id: order.id.to_string(),
        merchant_id: shipment.merchant_id.map(|m| m.to_string()),
        items: shipment
            .items
            .iter()
            .map(|u| ShipmentItemView { item_id: u.item_id.to_string(), quantity: u.quantity })
            .collect(),
        carrier: shipment.carrier.clone(),
        tracking_number: shipment.tracking_number.clone(),
        tracking_url: shipment.tracking_url.clone(),
        expected_by: shipment.expected_by.clone(),
        created_by: shipment.created_by.clone(),
        created_at: shipment.created_at.to_string(),
    }
}

/// Shows a note.
pub fn note(note: &orderwright_core::order::Note, order: &Order) -> NoteView {
    NoteView {
        id: note.id.to_string(),
        order_id: order.id.to_string(),
        note: note.note.clone(),
        is_public: note.is_public,
        created_by: note.created_by.clone(),
        created_at: note.created_at.to_string(),
    }
}
