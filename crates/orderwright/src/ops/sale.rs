//! Sales: orders that were sold elsewhere, placed here with everything that was agreed then.
//!
//! Prices, discounts and taxes are those of the source, not of today's catalogue. The units come with the order: what was sold before the
//! shop moved in is received and reserved in the changeset that places it, so that history neither needs nor takes today's stock.
//! What is not here: what became of a sale afterwards (commands like everybody else's).

use std::sync::Arc;

use orderwright_core::catalog::{Channel, Offer, Wish};
use orderwright_core::decide::{self, Context, Decision, Draft};
use orderwright_core::id::{IdSource, OrderId};
use orderwright_core::order::{OFFLINE, SANDBOX};
use orderwright_core::pricing;
use orderwright_core::time::{Span, Timestamp};
use serde_json::{Value, json};

use super::command::Loaded;
use super::people::{Address, Contact, Person};
use super::place::{self, PeopleIds};
use super::{Ctx, FieldError, OpError};
use crate::store::{Changeset, StockAdjustment, StockMovementRow};

/// An order that was sold elsewhere.
#[derive(Clone, Debug)]
pub struct Sale {
    /// Whose outside ids these are: an order is taken once.
    pub source: String,
    /// Its id there.
    pub external_id: String,
    /// Who bought.
    pub customer: Contact,
    /// Where to.
    pub shipping_address: Option<Address>,
    /// Who is billed.
    pub billing_address: Option<Address>,
    /// The lines.
    pub lines: Vec<SaleLine>,
    /// Including its tax, after discounts.
    pub shipping_cost: i64,
    /// The tax inside it.
    pub shipping_tax: i64,
    /// The carrier or service.
    pub shipping_provider: Option<String>,
    /// The code that the customer gave, whether this channel knows it or not.
    pub discount_code: Option<String>,
}

/// A line as it was sold.
#[derive(Clone, Debug)]
pub struct SaleLine {
    /// Whose, what, and the price and tax rate of then.
    pub offer: Offer,
    /// Units.
    pub quantity: i64,
    /// Off the line.
    pub discount_amount: i64,
    /// Tax of the line.
    pub gst_amount: i64,
    /// Whether it is inside the price.
    pub tax_inside: bool,
    /// What the source says beyond.
    pub metadata: Value,
}

impl SaleLine {
    /// What the line costs.
    pub fn total(&self) -> i64 {
        self.offer.price * self.quantity - self.discount_amount + if self.tax_inside { 0 } else { self.gst_amount }
    }
}

impl Sale {
    /// What the order costs.
    pub fn total(&self) -> i64 {
        self.lines.iter().map(SaleLine::total).sum::<i64>() + self.shipping_cost
    }
}

/// Places a sale. Its time to pay begins when it moves in: a sale of years ago must not expire between two steps of an import.
/// One changeset; a second sale with its outside id is refused.
pub async fn place(ctx: &Ctx, channel: &Arc<Channel>, sale: &Sale, before: Timestamp) -> Result<Loaded, OpError> {
    let now = ctx.clock.now();
    let mut ctx = ctx.clone();
    ctx.actor.role = orderwright_core::actor::Role::Storefront;
    ctx.actor.channel = Some(channel.name.clone());
    let person = Person::resolve(&ctx, &channel.name, &sale.customer, before).await?;
    let ids = person.ids(&sale.customer, sale.shipping_address.as_ref(), sale.billing_address.as_ref());
    let moved_in = Span(ctx.app.clock.now().0.saturating_sub(now.0).max(0));
    let draft = draft(channel, sale, ids, now, moved_in)?;
    let app = ctx.app.clone();
    let mut extra = |cs: &mut Changeset, order: OrderId| {
        person.insert(cs, &sale.customer, sale.shipping_address.as_ref(), sale.billing_address.as_ref());
        cs.insert_external_ref(&sale.source, &sale.external_id, order.0);
        for line in &sale.lines {
            cs.adjust(&line.offer.sku, LOCATION, StockAdjustment::Add(line.quantity), true);
            cs.reserve(&line.offer.sku, LOCATION, line.quantity);
            for kind in ["receive", "reserve"] {
                cs.insert_stock_movement(&StockMovementRow {
                    id: app.ids.next(now),
                    sku: line.offer.sku.clone(),
                    location: LOCATION.to_owned(),
                    kind: kind.to_owned(),
                    quantity: line.quantity,
                    order_id: Some(order.0),
                    reason: Some("sold before the shop moved in".to_owned()),
                    at: now.0,
                });
            }
        }
    };
    // No gateway knows of it.
    let terms = Channel { gateway_order: false, ..(**channel).clone() };
    place::commit_order(&mut ctx, &terms, draft, now, &mut extra).await
}

/// What placing it would come to; nothing is written, nobody is made.
pub fn rehearse(
    ctx: &Ctx,
    channel: &Channel,
    sale: &Sale,
    now: Timestamp,
    ids: &mut dyn IdSource,
) -> Result<(Decision, Loaded), OpError> {
    let set = ctx.app.workflows();
    let workflow = set.get(&channel.workflow).cloned();
    let workflow = workflow.ok_or_else(|| OpError::field("/channel", "its workflow is not there any more"))?;
    let partner = set.partner_of(&workflow).cloned();
    let people =
        (orderwright_core::id::CustomerId(ids.next_id()), orderwright_core::id::AddressId(ids.next_id()), None, None);
    let mut draft = draft(channel, sale, people, now, Span::MAX)?;
    draft.id = OrderId(ids.next_id());
    let mut context = Context {
        workflow: &workflow,
        partner: partner.as_deref(),
        now,
        provider: SANDBOX,
        cancel_window: channel.cancel_window,
        ids,
    };
    let decision = decide::place(draft, &ctx.actor, &mut context)?;
    let order = decision.order.clone();
    Ok((decision, Loaded { order, workflow, partner }))
}

/// Where the units of sales are.
const LOCATION: &str = "default";

/// The draft: priced by the channel's rules for shares and snapshots, with the amounts of then.
fn draft(channel: &Channel, sale: &Sale, people: PeopleIds, now: Timestamp, moved_in: Span) -> Result<Draft, OpError> {
    check(sale)?;
    let wishes: Vec<Wish> = sale
        .lines
        .iter()
        .map(|l| Wish { sku: l.offer.sku.clone(), quantity: l.quantity, metadata: l.metadata.clone() })
        .collect();
    let offers: Vec<&Offer> = sale.lines.iter().map(|l| &l.offer).collect();
    let mut priced = pricing::price(channel, &wishes, &offers, None, now)
        .map_err(|e| OpError::field(e.pointer.replacen("/items", "/lines", 1), e.message))?;
    for (item, line) in priced.items.iter_mut().zip(&sale.lines) {
        item.discount_amount = line.discount_amount;
        item.gst_amount = line.gst_amount;
        item.total = line.total();
    }
    let discount: i64 = sale.lines.iter().map(|l| l.discount_amount).sum();
    if discount > 0 {
        priced.discount_snapshot["appliedDiscounts"] = json!([{ "code": sale.discount_code, "amount": discount }]);
    }
    priced.shipping_tax = sale.shipping_tax;
    let mut draft = place::draft(channel, &priced, people, sale.discount_code.clone(), OFFLINE, true);
    draft.shipping_country = sale.shipping_address.as_ref().map(|a| a.country.clone());
    draft.shipping_cost = sale.shipping_cost;
    draft.shipping_provider.clone_from(&sale.shipping_provider);
    draft.policies.payment_window = Span(draft.policies.payment_window.0.saturating_add(moved_in.0).min(Span::MAX.0));
    Ok(draft)
}

/// Amounts that cannot be: each line's parts must leave something that is not negative.
fn check(sale: &Sale) -> Result<(), OpError> {
    let mut wrong = Vec::new();
    let mut fault = |pointer: String, detail: &str| wrong.push(FieldError { pointer, detail: detail.to_owned() });
    for (n, line) in sale.lines.iter().enumerate() {
        if !(1..=pricing::MAX_QUANTITY).contains(&line.quantity) {
            let detail = format!("must be between 1 and {}", pricing::MAX_QUANTITY);
            fault(format!("/lines/{n}/quantity"), &detail);
            continue;
        }
        if !(0..=orderwright_core::money::MAX_AMOUNT).contains(&line.offer.price) {
            fault(format!("/lines/{n}/unitPrice"), "must not be negative, nor beyond what an order can hold");
            continue;
        }
        let Some(gross) = line.offer.price.checked_mul(line.quantity) else { continue };
        if !(0..=gross).contains(&line.discount_amount) {
            fault(format!("/lines/{n}/discount"), "must be between 0 and price × quantity");
        }
        let most = if line.tax_inside { gross - line.discount_amount } else { orderwright_core::money::MAX_AMOUNT };
        if !(0..=most.max(0)).contains(&line.gst_amount) {
            fault(format!("/lines/{n}/taxAmount"), "must not be negative, and tax inside a price not more than it");
        }
    }
    if !(0..=orderwright_core::money::MAX_AMOUNT).contains(&sale.shipping_cost) {
        fault("/shippingCost".to_owned(), "must not be negative, nor beyond what an order can hold");
    } else if !(0..=sale.shipping_cost).contains(&sale.shipping_tax) {
        fault("/shippingTax".to_owned(), "is inside shippingCost: it must be between 0 and that");
    }
    if wrong.is_empty() { Ok(()) } else { Err(OpError::Invalid(wrong)) }
}
