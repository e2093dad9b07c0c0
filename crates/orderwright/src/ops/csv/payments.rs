//! Payments that the bank tells of: one line for each, booked once by its reference.
//!
//! A reference is booked once in a channel: the same line twice is found to be there already, and the same reference on another order is
//! refused. The reference's row is in the changeset that books the payment, so nothing is booked twice whatever runs at the same time.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use orderwright_core::decide::{Command, MoneyFromOutside};
use orderwright_core::id::OrderId;
use orderwright_core::money::{Currency, MAX_AMOUNT};
use orderwright_core::time::Timestamp;

use super::file::{self, Fields};
use super::{Group, LineDone, LineError, LineOutcome, MAX_FIELD, each_order, find, grouped, importing};
use crate::ops::bulk::AT_ONCE;
use crate::ops::command::{Loaded, OrderRef, apply, load, rehearse, settle};
use crate::ops::{Ctx, FieldError, OpError, idempotency};

/// The columns of the file.
pub const COLUMNS: &[&str] = &["orderNumber", "amount", "currency", "paidAt", "reference"];

/// References that a dry run has met: by channel and reference, the order.
type Met = Arc<Mutex<HashMap<(String, String), OrderId>>>;

/// Books the payments of a file, or only says what would become of each line.
pub async fn import(ctx: &mut Ctx, file: &[u8], dry_run: bool) -> Result<Vec<LineOutcome>, OpError> {
    let lines = file::read(file, COLUMNS, COLUMNS)?;
    if !dry_run {
        idempotency::claim(ctx).await?;
    }
    let ctx = importing(ctx);
    let (groups, mut outcomes) = grouped(lines);
    // Which of two orders has a reference must not depend on which was quicker.
    let at_once = if shares_references(&groups) { 1 } else { AT_ONCE };
    let met = dry_run.then(Met::default);
    each_order(groups, &mut outcomes, at_once, |group| book_group(ctx.clone(), group, met.clone())).await;
    Ok(outcomes)
}

fn shares_references(groups: &[Group]) -> bool {
    let mut seen = HashSet::new();
    groups.iter().any(|group| {
        let own: HashSet<&str> = group.lines.iter().map(|(_, fields)| fields.get("reference")).collect();
        own.into_iter().filter(|r| !r.is_empty()).any(|reference| !seen.insert(reference))
    })
}

async fn book_group(ctx: Ctx, group: Group, met: Option<Met>) -> Vec<(usize, Result<LineDone, LineError>)> {
    let mut rehearsed = None;
    let mut results = Vec::with_capacity(group.lines.len());
    for (place, fields) in group.lines {
        let result = match &met {
            None => book(&ctx, &group.order_number, &fields).await,
            Some(met) => would_book(&ctx, &group.order_number, &fields, &mut rehearsed, met).await,
        };
        results.push((place, result));
    }
    results
}

async fn book(ctx: &Ctx, order_number: &str, fields: &Fields) -> Result<LineDone, LineError> {
    let money = money(fields)?;
    let loaded = find(ctx, order_number).await?;
    if let Some(done) = booked_before(ctx, &loaded, &money).await? {
        return Ok(done);
    }
    let (id, source, reference) = (loaded.order.id, source(&loaded), money.reference.clone());
    let mut extra = |cs: &mut crate::store::Changeset, _: &orderwright_core::order::Order, _: Timestamp| {
        cs.insert_external_ref(&source, &reference, id.0);
    };
    let command = Command::BookPayment(money.clone());
    let booked = async {
        let (decision, loaded) = apply(ctx, &ctx.scope(), OrderRef::Order(id), &command, &mut extra).await?;
        settle(ctx, decision, loaded).await
    };
    match booked.await {
        Ok(loaded) => Ok(LineDone::of(&loaded, false)),
        Err(error) => {
            // Another import may have booked it since we looked.
            let now =
                load(ctx, &ctx.scope(), OrderRef::Order(id)).await.map_err(|e| LineError { column: None, error: e })?;
            let before = booked_before(ctx, &now, &money).await?;
            before.ok_or(LineError { column: Some("orderNumber"), error })
        }
    }
}

async fn would_book(
    ctx: &Ctx,
    order_number: &str,
    fields: &Fields,
    rehearsed: &mut Option<Loaded>,
    met: &Met,
) -> Result<LineDone, LineError> {
    let money = money(fields)?;
    let loaded = match rehearsed.take() {
        Some(loaded) => loaded,
        None => find(ctx, order_number).await?,
    };
    let loaded = rehearsed.insert(loaded);
    if let Some(done) = booked_before(ctx, loaded, &money).await? {
        return Ok(done);
    }
    let key = (loaded.order.channel.clone(), money.reference.clone());
    let earlier = met.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
    if let Some(earlier) = earlier {
        return already(ctx, loaded, &money, earlier).await;
    }
    let next = rehearse(ctx, loaded, &Command::BookPayment(money));
    *loaded = next.map_err(|error| LineError { column: Some("orderNumber"), error })?;
    met.lock().unwrap_or_else(PoisonError::into_inner).insert(key, loaded.order.id);
    Ok(LineDone::of(loaded, false))
}

/// What a reference means that is on record already; `None` when it is not.
async fn booked_before(ctx: &Ctx, loaded: &Loaded, money: &MoneyFromOutside) -> Result<Option<LineDone>, LineError> {
    let found = ctx.app.store.external_ref(&source(loaded), &money.reference).await;
    let found = found.map_err(|e| LineError { column: None, error: e.into() })?;
    match found {
        Some(id) => already(ctx, loaded, money, OrderId(id)).await.map(Some),
        None => Ok(None),
    }
}

/// A reference that is booked: on this order as the line says, or there is something wrong.
async fn already(
    ctx: &Ctx,
    loaded: &Loaded,
    money: &MoneyFromOutside,
    booked_on: OrderId,
) -> Result<LineDone, LineError> {
    let order = &loaded.order;
    if booked_on != order.id {
        let other = load(ctx, &ctx.scope(), OrderRef::Order(booked_on)).await.map(|l| l.order.number);
        let other = other.unwrap_or_else(|_| "another order".to_owned());
        let why = format!("the reference {} was booked on {other}", money.reference);
        return Err(LineError::at("reference", OpError::Conflict("reference_used", why)));
    }
    let booked = order.payments.iter().find(|p| p.reference.as_deref() == Some(&money.reference)).map(|p| p.captured);
    if booked.is_some_and(|amount| amount != money.amount) || money.currency != order.currency {
        let was = order.currency.show(booked.unwrap_or(0));
        return Err(LineError::field("amount", format!("this reference was booked on this order with {was}")));
    }
    Ok(LineDone::of(loaded, true))
}

/// References are known by channel.
fn source(loaded: &Loaded) -> String {
    format!("payment:{}", loaded.order.channel)
}

/// What a line says; every wrong field is named.
pub(crate) fn money(fields: &Fields) -> Result<MoneyFromOutside, LineError> {
    let mut wrong = Vec::new();
    let mut complain = |column: &str, detail: String| wrong.push(FieldError { pointer: format!("/{column}"), detail });
    let text = fields.get("amount");
    let amount =
        text.parse::<i64>().ok().filter(|a| (1..=MAX_AMOUNT).contains(a) && text.bytes().all(|b| b.is_ascii_digit()));
    if amount.is_none() {
        let detail = format!("must be a whole number of minor units between 1 and {MAX_AMOUNT}: 50000 for 500.00");
        complain("amount", detail);
    }
    let currency = Currency::parse(fields.get("currency"));
    if currency.is_none() {
        complain("currency", "must be an ISO 4217 code, like EUR".to_owned());
    }
    let paid_at = Timestamp::parse_instant_or_date(fields.get("paidAt"));
    if paid_at.is_none() {
        complain("paidAt", "must be an instant or a date, like 2026-01-31T12:00:00Z or 2026-01-31".to_owned());
    }
    let reference = fields.some("reference").filter(|r| r.chars().count() <= MAX_FIELD);
    if reference.is_none() {
        complain(
            "reference",
            format!("must have between 1 and {MAX_FIELD} characters: it is what books a payment once"),
        );
    }
    match (amount, currency, paid_at, reference) {
        (Some(amount), Some(currency), Some(paid_at), Some(reference)) => {
            Ok(MoneyFromOutside { amount, currency, paid_at, reference })
        }
        _ => Err(LineError { column: None, error: OpError::Invalid(wrong) }),
    }
}
