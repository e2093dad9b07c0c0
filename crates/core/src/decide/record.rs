//! Facts that are written down: people's notes and parcels, and what became of mails.

use serde_json::json;

use super::run::{Run, Which};
use super::{Event, EventItem, Mailed, MerchantView, Refusal, fire};
use crate::actor::Role;
use crate::id::{NoteId, ShipmentId};
use crate::order::{Note, Shipment, ShipmentItem};

/// Writes a note. Private ones are for staff.
pub(super) fn note(run: &mut Run<'_, '_>, text: &str, is_public: bool) {
    let id = NoteId(run.next_id());
    run.order.notes.push(Note {
        id,
        note: text.to_owned(),
        is_public,
        created_by: run.actor.id.clone(),
        created_at: run.now,
    });
    let metadata = json!({ "noteId": id.to_string(), "isPublic": is_public });
    let message = if is_public { "A note for the customer was added" } else { "A note was added" };
    let view = if is_public { MerchantView::All } else { MerchantView::Nobody };
    run.log("note_added", message.to_owned(), metadata, is_public, view);
}

/// Writes down what became of a mail, for staff. Nothing else happens: a mail moves no machine and no timer.
pub(super) fn mailed(run: &mut Run<'_, '_>, mailed: &Mailed) {
    run.still = true;
    let words = mailed.kind.words();
    let mut metadata = json!({ "mail": mailed.kind.name(), "about": mailed.about.to_string() });
    let (kind, message) = match &mailed.refused {
        None => ("mail_sent", format!("The customer was mailed: {words}")),
        Some(why) => {
            metadata["reason"] = json!(why);
            ("mail_failed", format!("A mail to the customer was given up ({words}): {why}"))
        }
    };
    run.log(kind, message, metadata, false, MerchantView::Nobody);
}

/// Records a parcel. Units in it that the workflow's shipping event can take are shipped by it; units that are on their way already are
/// recorded only; a parcel for which neither holds is refused.
pub(super) fn shipment(run: &mut Run<'_, '_>, event: &Event) -> Result<(), Refusal> {
    let ship = run.workflow.ship_event.clone();
    let name = ship.clone().unwrap_or_else(|| "ship".to_owned());
    if matches!(run.actor.role, Role::Customer | Role::Storefront | Role::Brand) {
        return Err(fire::not_allowed(run, &name));
    }
    if let Some(named) = &event.items {
        fire::check_items(run, named)?;
    }
    let mut units: Vec<ShipmentItem> = Vec::new();
    let mut to_fire: Vec<EventItem> = Vec::new();
    let fits = |run: &Run<'_, '_>, i: usize| -> Result<(bool, bool), Refusal> {
        let mut can = false;
        for which in [Which::Item(i), Which::Merchant(i)] {
            can |= match &ship {
                Some(ship) => fire::candidate(run, which, ship)?.is_some(),
                None => false,
            };
        }
        let state = run.state(Which::Item(i))?;
        let shippable =
            state.is_some_and(|s| (s.has("shipped") || (ship.is_none() && s.has("to_ship"))) && !s.has("cancelled"));
        Ok((can, shippable))
    };
    for i in 0..run.order.items.len() {
        let (id, whole, merchant) =
            (run.order.items[i].id, run.order.items[i].quantity, run.order.items[i].merchant_id);
        let named = event.items.as_ref().map(|items| items.iter().find(|n| n.item == id));
        if !super::owns(run.actor, merchant) || matches!(named, Some(None)) {
            continue;
        }
        let quantity = named.flatten().and_then(|n| n.quantity).unwrap_or(whole);
        let (can, shippable) = fits(run, i)?;
        match (can, shippable) {
            (true, _) => to_fire.push(EventItem { item: id, quantity: Some(quantity) }),
            (false, true) if named.is_some() || event.tracking_number.is_some() => {
                units.push(ShipmentItem { item_id: id, quantity })
            }
            _ if named.is_some() => return Err(refused(run, &name)),
            _ => {}
        }
    }
    if !to_fire.is_empty() {
        // Without names, what is still to be sent goes into the parcel, not what already left.
        if event.items.is_none() {
            units.clear();
        }
        let taken = fire::fire(run, &Event { event: name.clone(), items: Some(to_fire), ..event.clone() })?;
        let parts = taken.iter().filter_map(|&id| run.order.item(id));
        units.extend(parts.map(|i| ShipmentItem { item_id: i.id, quantity: i.quantity }));
    }
    if units.is_empty() {
        return Err(refused(run, &name));
    }
    add(run, event, units);
    Ok(())
}

/// Why nothing can be shipped: the role never may, or not now.
fn refused(run: &Run<'_, '_>, event: &str) -> Refusal {
    if run.workflow.ship_event.is_some() && !fire::item_machines_let(run, event) {
        return fire::not_allowed(run, event);
    }
    fire::not_possible(run, event)
}

/// Adds a parcel to the order and to its timeline.
pub(super) fn add(run: &mut Run<'_, '_>, event: &Event, units: Vec<ShipmentItem>) {
    let id = ShipmentId(run.next_id());
    let merchants: Vec<_> = units.iter().filter_map(|u| run.order.item(u.item_id)).map(|i| i.merchant_id).collect();
    let merchant_id = merchants.first().copied().filter(|m| merchants.iter().all(|n| n == m));
    let carrier = event.carrier.as_deref().unwrap_or("the carrier");
    let message = match &event.tracking_number {
        Some(number) => format!("Shipped with {carrier}, tracking number {number}"),
        None => format!("Shipped with {carrier}"),
    };
    let metadata = json!({
        "shipmentId": id.to_string(),
        "itemIds": units.iter().map(|u| u.item_id.to_string()).collect::<Vec<_>>(),
        "carrier": event.carrier,
        "trackingNumber": event.tracking_number,
        "trackingUrl": event.tracking_url,
        "expectedBy": event.expected_by,
    });
    run.order.shipments.push(Shipment {
        id,
        merchant_id,
        items: units,
        carrier: event.carrier.clone(),
        tracking_number: event.tracking_number.clone(),
        tracking_url: event.tracking_url.clone(),
        expected_by: event.expected_by.clone(),
        created_by: run.actor.id.clone(),
        created_at: run.now,
    });
    let view = merchant_id.map_or(MerchantView::All, MerchantView::Only);
    run.log("shipped", message, metadata, true, view);
}
