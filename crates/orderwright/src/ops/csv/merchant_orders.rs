//! Events of a merchant's items from a file: shipped, delivered and whatever else the workflow lets merchants and imports say.

use orderwright_core::decide::{Command, Event, EventItem, Refusal};
use orderwright_core::id::ItemId;

use super::file::{self, Fields};
use super::{Group, LineDone, LineError, LineOutcome, MAX_FIELD, each_order, find, grouped, importing};
use crate::ops::bulk::AT_ONCE;
use crate::ops::command::{Loaded, OrderRef, rehearse, run};
use crate::ops::{Ctx, FieldError, OpError, idempotency};

/// The columns of the file; items are named by id or by SKU, or not at all: then all that can take the event are meant.
pub const COLUMNS: &[&str] = &["orderNumber", "itemId", "sku", "event", "trackingNumber", "carrier", "expectedBy"];
/// Those that must be there.
const REQUIRED: &[&str] = &["orderNumber", "event"];

/// Fires the events of a file, or only says what would become of each line.
pub async fn import(ctx: &mut Ctx, file: &[u8], dry_run: bool) -> Result<Vec<LineOutcome>, OpError> {
    let lines = file::read(file, COLUMNS, REQUIRED)?;
    if !dry_run {
        idempotency::claim(ctx).await?;
    }
    let ctx = importing(ctx);
    let (groups, mut outcomes) = grouped(lines);
    each_order(groups, &mut outcomes, AT_ONCE, |group| fire_group(ctx.clone(), group, dry_run)).await;
    Ok(outcomes)
}

async fn fire_group(mut ctx: Ctx, group: Group, dry_run: bool) -> Vec<(usize, Result<LineDone, LineError>)> {
    // Each line finds the order as the line before it left it, in a dry run too.
    let mut order = None;
    let mut results = Vec::with_capacity(group.lines.len());
    for (place, fields) in group.lines {
        let result = fire(&mut ctx, &group.order_number, &fields, &mut order, dry_run).await;
        results.push((place, result));
    }
    results
}

async fn fire(
    ctx: &mut Ctx,
    order_number: &str,
    fields: &Fields,
    last: &mut Option<Loaded>,
    dry_run: bool,
) -> Result<LineDone, LineError> {
    let event = event(fields)?;
    let loaded = match last.take() {
        Some(loaded) => loaded,
        None => find(ctx, order_number).await?,
    };
    let loaded = last.insert(loaded);
    let items = items(ctx, loaded, fields)?;
    let command = Command::Fire(Event { items, ..event });
    let next = if dry_run {
        rehearse(ctx, loaded, &command)
    } else {
        run(ctx, OrderRef::Order(loaded.order.id), &command).await.map(|applied| applied.loaded)
    };
    *loaded = next.map_err(blamed)?;
    Ok(LineDone::of(loaded, false))
}

/// What a refusal is about, in the words of the file.
fn blamed(error: OpError) -> LineError {
    match error {
        OpError::Refused(Refusal::MissingField { field, event }) => {
            LineError::field(field, format!("is required for `{event}`"))
        }
        error => LineError::at("event", error),
    }
}

/// What a line says; every wrong field is named.
pub(crate) fn event(fields: &Fields) -> Result<Event, LineError> {
    let mut wrong = Vec::new();
    let mut complain = |column: &str, detail: String| wrong.push(FieldError { pointer: format!("/{column}"), detail });
    if fields.get("event").is_empty() {
        complain("event", "must not be empty".to_owned());
    }
    for column in ["event", "trackingNumber", "carrier"] {
        if fields.get(column).chars().count() > MAX_FIELD {
            complain(column, format!("must have at most {MAX_FIELD} characters"));
        }
    }
    let expected_by = fields.some("expectedBy");
    if expected_by.as_ref().is_some_and(|d| d.len() != 10 || d.parse::<jiff::civil::Date>().is_err()) {
        complain("expectedBy", "must be a date, YYYY-MM-DD".to_owned());
    }
    if !wrong.is_empty() {
        return Err(LineError { column: None, error: OpError::Invalid(wrong) });
    }
    Ok(Event {
        event: fields.get("event").to_owned(),
        tracking_number: fields.some("trackingNumber"),
        carrier: fields.some("carrier"),
        expected_by,
        ..Event::default()
    })
}

/// The merchant's lines that the file's line names: by id, by SKU, or none in particular.
fn items(ctx: &Ctx, loaded: &Loaded, fields: &Fields) -> Result<Option<Vec<EventItem>>, LineError> {
    let own = || loaded.order.items.iter().filter(|i| ctx.actor.merchant.is_none_or(|m| m == i.merchant_id));
    let (id, sku) = (fields.some("itemId"), fields.some("sku"));
    let named: Vec<EventItem> = match (&id, &sku) {
        (None, None) => return Ok(None),
        (Some(id), _) => {
            let id = ItemId::parse(id).ok_or_else(|| LineError::at("itemId", OpError::NotFound))?;
            let item = own().find(|i| i.id == id).ok_or_else(|| LineError::at("itemId", OpError::NotFound))?;
            if sku.is_some_and(|sku| sku != item.sku) {
                return Err(LineError::field("sku", format!("the item {id} is of the SKU {}", item.sku)));
            }
            vec![EventItem { item: id, quantity: None }]
        }
        (None, Some(sku)) => {
            own().filter(|i| i.sku == *sku).map(|i| EventItem { item: i.id, quantity: None }).collect()
        }
    };
    if named.is_empty() { Err(LineError::at("sku", OpError::NotFound)) } else { Ok(Some(named)) }
}
