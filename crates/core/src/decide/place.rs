//! Placement: what was asked for, priced and frozen, becomes an order; its payment begins.

use serde_json::{Value, json};

use super::attempts::is_offline;
use super::recall::{Deed, Record};
use super::run::{Run, Which};
use super::watch::Watch;
use super::{Context, Decision, MerchantView, Refusal, StockMove, StockMoveKind, fire};
use crate::actor::Actor;
use crate::calendar::Calendar;
use crate::id::{AddressId, CustomerId, ItemId, MerchantId, OrderId, PaymentId, VariantId};
use crate::money::{Currency, allocate};
use crate::order::{Instance, Item, Order, Policies, Reservation, Share};
use crate::split::Agreement;
use crate::workflow::Workflow;

/// An order that is about to be placed: priced, with everything frozen that the order will rely on.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its id.
    pub id: OrderId,
    /// Its number.
    pub number: String,
    /// The channel.
    pub channel: String,
    /// Who buys.
    pub customer_id: CustomerId,
    /// Name, e-mail and phone.
    pub contact_id: AddressId,
    /// Where to send it.
    pub shipping_address_id: Option<AddressId>,
    /// The country of that place, ISO 3166-1: what a guard may ask of an address, and no more.
    pub shipping_country: Option<String>,
    /// Who to bill.
    pub billing_address_id: Option<AddressId>,
    /// ISO 4217.
    pub currency: Currency,
    /// The code that the customer gave.
    pub discount_code: Option<String>,
    /// Including its tax.
    pub shipping_cost: i64,
    /// The tax inside it.
    pub shipping_tax: i64,
    /// What rounding the total adds.
    pub rounding_amount: i64,
    /// The gateway's reference of the whole order.
    pub gateway_order_id: Option<String>,
    /// The carrier or service.
    pub shipping_provider: Option<String>,
    /// Frozen discount rules.
    pub discount_snapshot: Value,
    /// Frozen prices.
    pub pricing_snapshot: Value,
    /// Times that the channel grants.
    pub policies: Policies,
    /// On which days the shop works.
    pub calendar: Calendar,
    /// The lines.
    pub items: Vec<DraftItem>,
    /// What each line bears of shipping and rounding, where the source of an import says so; else they follow what the lines cost.
    pub shipping_shares: Option<Vec<i64>>,
    /// The method's token at the provider.
    pub payment_method: String,
    /// Whether the units are reserved already, by a checkout.
    pub reserved: bool,
}

/// A priced line.
#[derive(Clone, Debug)]
pub struct DraftItem {
    /// The product variant.
    pub product_variant_id: VariantId,
    /// The offer.
    pub sku: String,
    /// For people.
    pub name: String,
    /// Whose offer.
    pub merchant_id: MerchantId,
    /// Units.
    pub quantity: i64,
    /// Of one unit.
    pub price: i64,
    /// Percent as a decimal string.
    pub gst_rate: String,
    /// Tax of the line.
    pub gst_amount: i64,
    /// Discount of the line.
    pub discount_amount: i64,
    /// What the line costs.
    pub total: i64,
    /// Bundle selections, customisations.
    pub metadata: Value,
    /// Whether the supplier lets it be cancelled after work began.
    pub late_cancellation: bool,
    /// Who shares in it; sums to 10,000.
    pub shares: Vec<Share>,
    /// What was agreed beside the shares.
    pub agreement: Option<Agreement>,
    /// From which location the units come.
    pub location: String,
}

/// Places an order.
pub fn place(draft: Draft, actor: &Actor, context: &mut Context<'_>) -> Result<Decision, Refusal> {
    place_watched(draft, actor, context, None)
}

/// The same, observed.
pub(super) fn place_watched(
    draft: Draft,
    actor: &Actor,
    context: &mut Context<'_>,
    watch: Option<&mut Watch>,
) -> Result<Decision, Refusal> {
    let (workflow, reserved, now) = (context.workflow, draft.reserved, context.now);
    let payment_id = PaymentId(context.ids.next_id());
    let item_ids: Vec<ItemId> = draft.items.iter().map(|_| ItemId(context.ids.next_id())).collect();
    let partner_version = context.partner.map(|p| p.version.clone());
    let method = draft.payment_method.clone();
    let counts = workflow.counts_business_days() || context.partner.is_some_and(Workflow::counts_business_days);
    let order = build(draft, workflow, partner_version, counts, &item_ids, now);
    begin(order, (payment_id, &method), reserved, actor, context, watch)
}

/// Begins an order that was built: its units are reserved, unless they are already, and its machines start.
pub(super) fn begin(
    order: Order,
    (payment_id, method): (PaymentId, &str),
    reserved: bool,
    actor: &Actor,
    context: &mut Context<'_>,
    watch: Option<&mut Watch>,
) -> Result<Decision, Refusal> {
    let (workflow, now) = (context.workflow, context.now);
    let lines = order.items.iter().map(|i| (i.id, i.quantity)).collect();
    let placed = Deed::Place { offline: is_offline(method), lines };
    let record = Record::new(placed, actor, now, context.cancel_window);
    let mut run = Run::fresh(order, actor, context);
    run.record = watch.is_none().then_some(record);
    run.watch = watch;
    let total = run.order.total;
    run.order.payments.push(fire::new_payment(payment_id, method, run.provider, total, now));
    let metadata = json!({ "items": run.order.items.len(), "channel": run.order.channel });
    run.log("created", "Order placed".to_owned(), metadata, true, MerchantView::All);
    for i in 0..run.order.items.len() {
        run.add_item(run.order.items[i].id);
        if !reserved {
            let item = &run.order.items[i];
            let reserve = StockMove {
                kind: StockMoveKind::Reserve,
                sku: item.sku.clone(),
                location: item.location.clone(),
                quantity: item.quantity,
            };
            run.add_stock(reserve);
        }
        if run.partner.is_none() {
            run.route(run.order.items[i].merchant_id);
        }
    }
    let first = &workflow.item.states[workflow.item.initial];
    for i in 0..run.order.items.len() {
        run.enter(Which::Item(i), first)?;
    }
    if let Some(payment) = &workflow.payment {
        run.enter(Which::Payment, &payment.states[payment.initial])?;
    }
    let data = json!({ "total": total, "currency": run.order.currency.code() });
    run.emit("order.created", data);
    run.finish()
}

fn build(
    draft: Draft,
    workflow: &Workflow,
    partner_version: Option<String>,
    counts: bool,
    ids: &[ItemId],
    now: crate::time::Timestamp,
) -> Order {
    let at = |state: &str| Instance {
        state: state.to_owned(),
        since: now,
        due: None,
        first: Default::default(),
        effect: None,
        kept: Vec::new(),
    };
    let totals: Vec<i64> = draft.items.iter().map(|i| i.total).collect();
    let extra = draft.shipping_cost + draft.rounding_amount;
    // Free lines still carry their part of the shipping when every line is free.
    let weights = if totals.iter().sum::<i64>() == 0 { vec![1; totals.len()] } else { totals.clone() };
    let told = draft.shipping_shares.filter(|s| s.len() == totals.len() && s.iter().sum::<i64>() == extra);
    let shares = told.unwrap_or_else(|| allocate(extra, &weights));
    let initial = workflow.item.states[workflow.item.initial].name.clone();
    let items: Vec<Item> = draft
        .items
        .into_iter()
        .zip(ids)
        .zip(shares)
        .map(|((item, &id), shipping_share)| Item {
            id,
            product_variant_id: item.product_variant_id,
            sku: item.sku,
            name: item.name,
            merchant_id: item.merchant_id,
            quantity: item.quantity,
            price: item.price,
            gst_rate: item.gst_rate,
            gst_amount: item.gst_amount,
            discount_amount: item.discount_amount,
            total: item.total,
            shipping_share,
            metadata: item.metadata,
            late_cancellation: item.late_cancellation,
            shares: item.shares,
            agreement: item.agreement,
            pool: None,
            restocked: 0,
            written_off: 0,
            machine: at(&initial),
            merchant: None,
            reservation: Reservation::Held,
            location: item.location,
            captured: 0,
            refunding: 0,
            refunded: 0,
            expected_by: None,
            delivered_at: None,
            created_at: now,
            updated_at: now,
        })
        .collect();
    let payment = workflow.payment.as_ref().map_or_else(String::new, |m| m.states[m.initial].name.clone());
    Order {
        id: draft.id,
        number: draft.number,
        channel: draft.channel,
        workflow: workflow.name.clone(),
        workflow_version: workflow.version.clone(),
        partner_version,
        version: 0,
        customer_id: draft.customer_id,
        contact_id: draft.contact_id,
        shipping_address_id: draft.shipping_address_id,
        shipping_country: draft.shipping_country,
        billing_address_id: draft.billing_address_id,
        currency: draft.currency,
        subtotal: items.iter().map(|i| i.price * i.quantity).sum(),
        gst_amount: items.iter().map(|i| i.gst_amount).sum::<i64>() + draft.shipping_tax,
        discount_code: draft.discount_code,
        discount_amount: items.iter().map(|i| i.discount_amount).sum(),
        shipping_cost: draft.shipping_cost,
        rounding_amount: draft.rounding_amount,
        total: totals.iter().sum::<i64>() + extra,
        gateway_order_id: draft.gateway_order_id,
        shipping_provider: draft.shipping_provider,
        discount_snapshot: draft.discount_snapshot,
        pricing_snapshot: draft.pricing_snapshot,
        policies: draft.policies,
        calendar: counts.then_some(draft.calendar),
        items,
        merchant_orders: Vec::new(),
        payment: at(&payment),
        payment_reason: None,
        payments: Vec::new(),
        refunds: Vec::new(),
        splits: Vec::new(),
        pools: Vec::new(),
        fees: Vec::new(),
        shipments: Vec::new(),
        notes: Vec::new(),
        cancellation_requests: Vec::new(),
        disputes: Vec::new(),
        timeline_length: 0,
        timeline_hash: String::new(),
        unrecorded: Vec::new(),
        created_at: now,
        updated_at: now,
    }
}
