//! An order as JSON (api.md, «An order, as JSON»), as the role that asks may see it.
//!
//! Staff sees everything. A customer sees no private notes, no shares and nothing of the merchant's machine. A merchant sees their own
//! items, shipments, merchant orders and shares, and none of the order's totals.

use orderwright_core::actor::{Actor, Role};
use orderwright_core::id::MerchantId;
use orderwright_core::order::{Item, Order, Shipment};
use orderwright_core::status;
use orderwright_core::workflow::{Audience, State, Workflow};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::money::{ErrandView, PaymentView, RefundView, SplitView, TransferView};
use super::money::{errand, payment, refund, split, transfer};
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
    /// What customers' banks took back for good: disputes that were lost. No part of `refundedTotal`.
    pub charged_back_total: Option<i64>,
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
        charged_back_total: total(order.chargebacks().map(|c| c.lost).sum()),
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
