//! Placement: a checkout that holds stock, its completion, and both in one call.
//!
//! The order, its reservations, its first history, its number and the payment's first effect are one changeset; no part of it exists
//! without the others. Order numbers come in blocks: unique, with gaps.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use orderwright_core::actor::Role;
use orderwright_core::catalog::{Channel, Offer, Wish};
use orderwright_core::decide::{self, Context, Decision, Draft};
use orderwright_core::id::{AddressId, CheckoutId, CustomerId, OrderId};
use orderwright_core::order::{OFFLINE, SANDBOX};
use orderwright_core::pricing::{self, Priced};
use orderwright_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::command::{Loaded, settle};
use super::people::{Address, Contact, Person};
use super::{Ctx, FieldError, OpError, commit};
use crate::app::App;
use crate::store::{Changeset, CheckoutRow, CommitError, Guard, StockMovementRow, StoreError};

/// What a checkout or an order is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// Which channel.
    pub channel: String,
    /// Who buys: contact only when the token says who the customer is.
    pub customer: Contact,
    /// What.
    pub items: Vec<Wish>,
    /// Where to.
    pub shipping_address: Option<Address>,
    /// Who is billed.
    pub billing_address: Option<Address>,
    /// A code.
    pub discount_code: Option<String>,
}

/// An open checkout: what was asked for, priced.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Checkout {
    /// Id.
    pub id: CheckoutId,
    /// The channel.
    pub channel: String,
    /// Who buys.
    pub customer_id: CustomerId,
    /// Contact.
    pub contact_id: AddressId,
    /// Where to.
    pub shipping_address_id: Option<AddressId>,
    /// The country of that place.
    #[serde(default)]
    pub shipping_country: Option<String>,
    /// Who is billed.
    pub billing_address_id: Option<AddressId>,
    /// The lines that were asked for: SKU, units, metadata.
    pub items: Vec<(String, i64, Value)>,
    /// A code.
    pub discount_code: Option<String>,
    /// When it began: its prices are of then.
    pub created_at: Timestamp,
    /// When its units are given up.
    pub expires_at: Timestamp,
}

/// What an order that was sold elsewhere brings with it; only imports can say so.
#[derive(Clone, Debug)]
pub struct SoldElsewhere {
    /// Where it was sold.
    pub source: &'static str,
    /// Its id there: an order is imported once.
    pub external_id: String,
    /// What one unit of each line cost then, whatever the offer costs now.
    pub prices: Vec<i64>,
    /// What was paid for shipping each line.
    pub shipping: Vec<i64>,
}

/// Numbers in hand, by prefix and day: (next, end).
#[derive(Debug, Default)]
pub struct NumberBlocks(HashMap<(String, i64), (i64, i64)>);

/// How many numbers a node takes at once.
const NUMBER_BLOCK: i64 = 64;

/// Places an order in one call.
pub async fn place(ctx: &mut Ctx, request: Request, payment_method: &str) -> Result<Loaded, OpError> {
    Box::pin(place_at(ctx, request, payment_method, None)).await
}

/// Places an order that was sold elsewhere, at the prices of then; a second order with its outside id is refused.
pub async fn place_imported(
    ctx: &mut Ctx,
    request: Request,
    payment_method: &str,
    sold: &SoldElsewhere,
) -> Result<Loaded, OpError> {
    Box::pin(place_at(ctx, request, payment_method, Some(sold))).await
}

async fn place_at(
    ctx: &mut Ctx,
    request: Request,
    payment_method: &str,
    sold: Option<&SoldElsewhere>,
) -> Result<Loaded, OpError> {
    let channel = channel_of(ctx, &request.channel)?;
    check_method(ctx, &channel, payment_method)?;
    let now = ctx.clock.now();
    let prices = sold.map(|s| s.prices.as_slice());
    let priced = price(ctx, &channel, &request.items, request.discount_code.as_deref(), now, prices).await?;
    // A guest's first order makes the guest too. Of two at once, one finds the guest of the other when it looks again.
    let mut looked_again = false;
    loop {
        let person = Person::find(ctx, &channel.name, &request.customer, now).await?;
        let mut extra = |cs: &mut Changeset, order: OrderId| {
            person.insert(cs, &request.customer, request.shipping_address.as_ref(), request.billing_address.as_ref());
            if let Some(sold) = sold {
                cs.insert_external_ref(sold.source, &sold.external_id, order.0);
            }
        };
        let ids = person.ids(&request.customer, request.shipping_address.as_ref(), request.billing_address.as_ref());
        let mut draft = draft(&channel, &priced, ids, request.discount_code.clone(), payment_method, false);
        draft.shipping_country = request.shipping_address.as_ref().map(|a| a.country.clone());
        if let Some(sold) = sold {
            draft.shipping_cost = sold.shipping.iter().sum();
            draft.shipping_shares = Some(sold.shipping.clone());
        }
        match Box::pin(try_commit_order(ctx, &channel, draft, now, &mut extra)).await {
            Err(NotPlaced::CustomerMade) if !looked_again => looked_again = true,
            placed => return Ok(placed?),
        }
    }
}

/// Opens a checkout: prices, and reserves the units until it expires.
pub async fn open_checkout(ctx: &mut Ctx, request: Request) -> Result<(Checkout, Arc<Channel>, Priced), OpError> {
    let channel = channel_of(ctx, &request.channel)?;
    let now = ctx.clock.now();
    let priced = price(ctx, &channel, &request.items, request.discount_code.as_deref(), now, None).await?;
    let person = Person::resolve(ctx, &channel.name, &request.customer, now).await?;
    let (customer_id, contact_id, shipping_address_id, billing_address_id) =
        person.ids(&request.customer, request.shipping_address.as_ref(), request.billing_address.as_ref());
    let checkout = Checkout {
        id: CheckoutId(ctx.app.ids.next(now)),
        channel: channel.name.clone(),
        customer_id,
        contact_id,
        shipping_address_id,
        shipping_country: request.shipping_address.as_ref().map(|a| a.country.clone()),
        billing_address_id,
        items: request.items.iter().map(|w| (w.sku.clone(), w.quantity, w.metadata.clone())).collect(),
        discount_code: request.discount_code.clone(),
        created_at: now,
        expires_at: now.plus(channel.checkout_window),
    };
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    person.insert(&mut cs, &request.customer, request.shipping_address.as_ref(), request.billing_address.as_ref());
    cs.insert_checkout(&CheckoutRow {
        id: checkout.id.0,
        channel: channel.name.clone(),
        customer_id: customer_id.0,
        state: "open".to_owned(),
        expires_at: checkout.expires_at.0,
        order_id: None,
        body: serde_json::to_string(&checkout).map_err(|e| OpError::Internal(e.to_string()))?,
    });
    for item in &priced.items {
        cs.reserve(&item.sku, &item.location, item.quantity);
        cs.insert_stock_movement(&movement(&ctx.app, now, &item.sku, "reserve", item.quantity, "checkout"));
    }
    if let Some(key) = ctx.key.take() {
        key.start(&mut cs, None, now);
    }
    match ctx.app.store.commit(cs).await {
        Ok(()) => {
            ctx.app.wake.notify_one();
            Ok((checkout, channel, priced))
        }
        Err(error) => Err(short(ctx, error, &priced).await),
    }
}

/// Turns a checkout into an order, at the prices of the checkout.
pub async fn complete_checkout(ctx: &mut Ctx, id: CheckoutId, payment_method: &str) -> Result<Loaded, OpError> {
    let row = ctx.app.store.find_checkout(id.0).await?.ok_or(OpError::NotFound)?;
    let checkout: Checkout = serde_json::from_str(&row.body).map_err(|e| OpError::Internal(e.to_string()))?;
    let mine = match ctx.actor.role {
        Role::Customer => ctx.actor.customer == Some(checkout.customer_id),
        Role::Storefront => ctx.actor.channel.as_deref() == Some(checkout.channel.as_str()),
        _ => false,
    };
    if !mine {
        return Err(OpError::NotFound);
    }
    let channel = channel_of(ctx, &checkout.channel)?;
    check_method(ctx, &channel, payment_method)?;
    if row.state != "open" {
        return Err(OpError::CheckoutClosed);
    }
    let now = ctx.clock.now();
    let wishes: Vec<Wish> = checkout
        .items
        .iter()
        .map(|(sku, quantity, metadata)| Wish { sku: sku.clone(), quantity: *quantity, metadata: metadata.clone() })
        .collect();
    let code = checkout.discount_code.as_deref();
    let priced = price(ctx, &channel, &wishes, code, checkout.created_at, None).await?;
    let ids = (checkout.customer_id, checkout.contact_id, checkout.shipping_address_id, checkout.billing_address_id);
    let mut draft = draft(&channel, &priced, ids, checkout.discount_code.clone(), payment_method, true);
    draft.shipping_country = checkout.shipping_country;
    commit_order(ctx, &channel, draft, now, &mut |cs, order| {
        cs.complete_checkout(id.0, now.0, order.0);
    })
    .await
}

/// Gives up the units of checkouts whose time is over. Says how many there were.
pub async fn expire_checkouts(app: &Arc<App>, now: Timestamp, limit: i64) -> Result<usize, StoreError> {
    let rows = app.store.expired_checkouts(now.0, limit).await?;
    for row in &rows {
        let Ok(checkout) = serde_json::from_str::<Checkout>(&row.body) else { continue };
        let mut cs = Changeset::new(app.ids.next(now), now.0);
        cs.expire_checkout(row.id, now.0);
        for (sku, quantity, _) in &checkout.items {
            cs.release(sku, "default", *quantity);
            cs.insert_stock_movement(&movement(app, now, sku, "release", *quantity, "checkout expired"));
        }
        match app.store.commit(cs).await {
            Ok(()) | Err(CommitError::Conflict { what: Guard::Checkout }) => {}
            Err(error) => {
                tracing::warn!(%error, checkout = row.id, "a checkout could not be expired; it will be tried again")
            }
        }
    }
    Ok(rows.len())
}

fn movement(app: &App, now: Timestamp, sku: &str, kind: &str, quantity: i64, reason: &str) -> StockMovementRow {
    StockMovementRow {
        id: app.ids.next(now),
        sku: sku.to_owned(),
        location: "default".to_owned(),
        kind: kind.to_owned(),
        quantity,
        order_id: None,
        reason: Some(reason.to_owned()),
        at: now.0,
    }
}

/// The channel, if it exists and the actor may buy there.
fn channel_of(ctx: &Ctx, name: &str) -> Result<Arc<Channel>, OpError> {
    let bound = ctx.actor.role == Role::Storefront && ctx.actor.channel.as_deref() != Some(name);
    match ctx.app.channel(name) {
        Some(channel) if !bound => Ok(channel),
        _ => Err(OpError::field("/channel", "there is no such channel for this token")),
    }
}

/// Whether an order of that channel can be paid by that method.
pub fn check_method_of(ctx: &Ctx, channel: &str, method: &str) -> Result<(), OpError> {
    let channel = ctx.app.channel(channel).ok_or_else(|| OpError::Internal(format!("channel {channel} is gone")))?;
    check_method(ctx, &channel, method)
}

fn check_method(ctx: &Ctx, channel: &Channel, method: &str) -> Result<(), OpError> {
    if method == OFFLINE && channel.accepts_offline_payment {
        return Ok(());
    }
    let name = channel.payment_provider.as_str();
    let Some(provider) = ctx.app.pay.get(name) else {
        let why = format!("this channel is paid by {name}, which is not set up on this server");
        return Err(OpError::field("/paymentMethod", why));
    };
    let known = match provider.takes(method) {
        Ok(()) if method != OFFLINE => return Ok(()),
        Ok(()) => provider.takes("").err().unwrap_or_default(),
        Err(known) => known,
    };
    // The sandbox lists every method there is; whether money may come from outside is the channel's.
    let known: Vec<&str> =
        known.split(", ").filter(|name| channel.accepts_offline_payment || *name != OFFLINE).collect();
    Err(OpError::field("/paymentMethod", format!("this channel takes {}", known.join(", "))))
}

/// Finds the offers and prices the lines: at the offers' prices, unless others are given, one for each line.
async fn price(
    ctx: &Ctx,
    channel: &Channel,
    wishes: &[Wish],
    code: Option<&str>,
    at: Timestamp,
    prices: Option<&[i64]>,
) -> Result<Priced, OpError> {
    let found = super::catalog::offers(ctx, wishes.iter().map(|w| w.sku.as_str())).await?;
    let mut wrong = Vec::new();
    let mut offers: Vec<Cow<'_, Offer>> = Vec::with_capacity(wishes.len());
    for (n, wish) in wishes.iter().enumerate() {
        match found.get(&wish.sku).filter(|o| o.channel == channel.name) {
            Some(offer) => match prices.and_then(|p| p.get(n)) {
                Some(&price) => offers.push(Cow::Owned(Offer { price, ..offer.clone() })),
                None => offers.push(Cow::Borrowed(offer)),
            },
            None => wrong.push(FieldError {
                pointer: format!("/items/{n}/sku"),
                detail: "this channel has no such SKU".to_owned(),
            }),
        }
    }
    for (n, wish) in wishes.iter().enumerate() {
        if !(1..=pricing::MAX_QUANTITY).contains(&wish.quantity) {
            let detail = format!("must be between 1 and {}", pricing::MAX_QUANTITY);
            wrong.push(FieldError { pointer: format!("/items/{n}/quantity"), detail });
        }
    }
    if !wrong.is_empty() {
        return Err(OpError::Invalid(wrong));
    }
    let offers: Vec<&Offer> = offers.iter().map(AsRef::as_ref).collect();
    pricing::price(channel, wishes, &offers, code, at).map_err(|e| OpError::field(e.pointer, e.message))
}

/// Customer, contact, shipping address, billing address.
pub(super) type PeopleIds = (CustomerId, AddressId, Option<AddressId>, Option<AddressId>);

pub(super) fn draft(
    channel: &Channel,
    priced: &Priced,
    people: PeopleIds,
    discount_code: Option<String>,
    method: &str,
    reserved: bool,
) -> Draft {
    let (customer_id, contact_id, shipping_address_id, billing_address_id) = people;
    Draft {
        id: OrderId(0),
        number: String::new(),
        channel: channel.name.clone(),
        customer_id,
        contact_id,
        shipping_address_id,
        shipping_country: None,
        billing_address_id,
        currency: channel.currency,
        discount_code,
        shipping_cost: channel.shipping_cost,
        shipping_tax: priced.shipping_tax,
        rounding_amount: 0,
        gateway_order_id: None,
        shipping_provider: channel.shipping_provider.clone(),
        discount_snapshot: priced.discount_snapshot.clone(),
        pricing_snapshot: priced.pricing_snapshot.clone(),
        policies: channel.policies,
        calendar: channel.calendar.clone(),
        items: priced.items.clone(),
        shipping_shares: None,
        payment_method: method.to_owned(),
        reserved,
    }
}

/// Why an order was not placed.
enum NotPlaced {
    /// The guest was made at the same moment by somebody else; nothing was written.
    CustomerMade,
    Refused(OpError),
}

impl From<OpError> for NotPlaced {
    fn from(error: OpError) -> Self {
        Self::Refused(error)
    }
}

impl From<NotPlaced> for OpError {
    fn from(why: NotPlaced) -> Self {
        match why {
            NotPlaced::CustomerMade => Self::Busy("the customer is being made".to_owned()),
            NotPlaced::Refused(error) => error,
        }
    }
}

/// Numbers, decides and commits an order, and waits for the payment's first outcome.
pub(super) async fn commit_order(
    ctx: &mut Ctx,
    channel: &Channel,
    draft: Draft,
    now: Timestamp,
    extra: &mut (dyn FnMut(&mut Changeset, OrderId) + Send),
) -> Result<Loaded, OpError> {
    Ok(Box::pin(try_commit_order(ctx, channel, draft, now, extra)).await?)
}

async fn try_commit_order(
    ctx: &mut Ctx,
    channel: &Channel,
    mut draft: Draft,
    now: Timestamp,
    extra: &mut (dyn FnMut(&mut Changeset, OrderId) + Send),
) -> Result<Loaded, NotPlaced> {
    let set = ctx.app.workflows();
    let workflow = set.get(&channel.workflow).cloned();
    let workflow = workflow
        .ok_or_else(|| OpError::Internal(format!("channel {}: no workflow {}", channel.name, channel.workflow)))?;
    let partner = set.partner_of(&workflow).cloned();
    draft.id = OrderId(ctx.app.ids.next(now));
    draft.number = next_number(ctx, &channel.number_prefix, now).await?;
    // A provider of real orders gives the id itself, with its first answer.
    if channel.gateway_order && channel.payment_provider == SANDBOX {
        draft.gateway_order_id = Some(draft.id.to_string().replace("ord_", "order_"));
    }
    let id = draft.id;
    let items = draft.items.clone();
    let decision: Decision = {
        let cancel_window = channel.cancel_window;
        let mut ids = ctx.app.ids.at(now);
        let mut context = Context {
            workflow: &workflow,
            partner: partner.as_deref(),
            now,
            provider: &channel.payment_provider,
            cancel_window,
            ids: &mut ids,
        };
        decide::place(draft, &ctx.actor, &mut context).map_err(OpError::from)?
    };
    let mut cs = commit::changeset(ctx, &decision, &workflow, None, now)?;
    extra(&mut cs, id);
    if let Some(key) = &ctx.key {
        key.start(&mut cs, Some(id.0), now);
    }
    match ctx.app.store.commit(cs).await {
        Ok(()) => ctx.key = None,
        Err(CommitError::Duplicate { what: Guard::CustomerEmail }) => return Err(NotPlaced::CustomerMade),
        Err(error) => return Err(short_of(ctx, error, &items).await.into()),
    }
    ctx.app.metrics.orders_placed.inc();
    ctx.app.wake.notify_one();
    let loaded = Loaded { order: decision.order.clone(), workflow, partner };
    Ok(Box::pin(settle(ctx, decision, loaded)).await?)
}

async fn short(ctx: &Ctx, error: CommitError, priced: &Priced) -> OpError {
    short_of(ctx, error, &priced.items).await
}

/// The changeset stops at the first SKU that is short; the customer wants to know all of them.
async fn short_of(ctx: &Ctx, error: CommitError, items: &[decide::DraftItem]) -> OpError {
    let CommitError::Conflict { what: Guard::Stock { sku } } = error else { return error.into() };
    ctx.app.metrics.stock_shortfalls.inc();
    let mut wanted: Vec<(&str, &str, i64)> = Vec::new();
    for item in items {
        match wanted.iter_mut().find(|w| w.0 == item.sku && w.1 == item.location) {
            Some(line) => line.2 += item.quantity,
            None => wanted.push((&item.sku, &item.location, item.quantity)),
        }
    }
    let mut skus = ctx.app.store.stock_short(&wanted).await.unwrap_or_default();
    if skus.is_empty() {
        skus.push(sku);
    }
    OpError::OutOfStock(skus)
}

/// The next order number: `ORD-20260131-00001`.
async fn next_number(ctx: &Ctx, prefix: &str, now: Timestamp) -> Result<String, OpError> {
    let day = now.day_number();
    let mut blocks = ctx.app.numbers.lock().await;
    let key = (prefix.to_owned(), day);
    let number = match blocks.0.get_mut(&key) {
        Some((next, end)) if *next < *end => {
            *next += 1;
            *next - 1
        }
        _ => {
            let first = ctx.app.store.take_order_numbers(prefix, day, NUMBER_BLOCK).await?;
            // Yesterday's leftovers are gaps.
            if blocks.0.len() > 64 {
                blocks.0.clear();
            }
            blocks.0.insert(key, (first + 1, first + NUMBER_BLOCK));
            first
        }
    };
    Ok(format!("{prefix}-{day}-{number:05}"))
}
