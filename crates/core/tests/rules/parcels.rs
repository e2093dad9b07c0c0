//! Parcels: recording one ships what can be shipped; what is on its way is recorded only; notes.

use orderwright_core::actor::Role;
use orderwright_core::decide::{Command, Event, EventItem, MerchantView, Refusal};

use crate::shop::{actor, bare, customer, full, line, merchant, operator, order_in};

#[test]
fn a_parcel_ships_what_can_be_shipped() {
    let mut shop = order_in("marketplace").lines(&[line(1, 3), line(2, 1)]).go();
    assert!(matches!(shop.would(&merchant(1), Command::AddShipment(full(""))), Err(Refusal::NotPossible { .. })));
    shop.fire(&operator(), "acknowledge");
    assert_eq!(
        shop.would(&merchant(1), Command::AddShipment(bare(""))),
        Err(Refusal::MissingField { field: "trackingNumber", event: "ship".to_owned() })
    );
    let items = Some(vec![EventItem { item: shop.id(0), quantity: Some(2) }]);
    shop.act(&merchant(1), Command::AddShipment(Event { items, ..full("") })).expect("possible");
    assert_eq!(
        (shop.item_status(0), shop.item_status(1), shop.item_status(2)),
        ("processing", "shipped", "processing")
    );
    let parcel = &shop.order.shipments[0];
    assert_eq!((parcel.items.len(), parcel.items[0].item_id, parcel.items[0].quantity), (1, shop.id(1), 2));
    assert_eq!((parcel.merchant_id, parcel.carrier.as_deref()), (Some(crate::shop::merchant_id(1)), Some("pigeon")));
    shop.act(&merchant(1), Command::AddShipment(full(""))).expect("the rest");
    assert_eq!(
        shop.order.shipments[1].items.iter().map(|u| (u.item_id, u.quantity)).collect::<Vec<_>>(),
        [(shop.id(0), 1)],
        "not what already left"
    );
    shop.act(&merchant(1), Command::AddShipment(full(""))).expect("a second parcel for what left");
    assert_eq!(shop.order.shipments[2].items.len(), 2);
    assert_eq!(shop.shipping_status(), "partially_shipped");
    assert_eq!(shop.kinds().iter().filter(|k| **k == "shipped").count(), 3, "one entry for each parcel");
}

#[test]
fn the_shipping_event_records_the_parcel() {
    let mut shop = order_in("made-to-order").go();
    for event in ["confirm", "start_production", "dispatch"] {
        shop.fire(&merchant(1), event);
    }
    assert_eq!(shop.order.shipments.len(), 1);
    assert_eq!(shop.order.shipments[0].tracking_number.as_deref(), Some("T-1"));
}

#[test]
fn a_workflow_without_a_shipping_event_records_only() {
    let mut shop = order_in("store-request").go();
    shop.fire(&operator(), "accept");
    for role in [Role::Customer, Role::Storefront, Role::Brand] {
        assert!(
            matches!(shop.would(&actor(role), Command::AddShipment(full(""))), Err(Refusal::NotAllowed { .. })),
            "{role:?}"
        );
    }
    shop.act(&merchant(1), Command::AddShipment(full(""))).expect("recorded");
    assert_eq!((shop.status(), shop.shipping_status()), ("accepted", "shipped"));
}

#[test]
fn the_malls_parcel_moves_both_machines() {
    let mut shop = order_in("marketplace-split").lines(&[line(1, 2), line(2, 1)]).go();
    assert!(matches!(
        shop.would(&merchant(1), Command::AddShipment(bare(""))),
        Err(Refusal::MissingField { field: "expectedBy", .. })
    ));
    assert!(matches!(shop.would(&customer(), Command::AddShipment(full(""))), Err(Refusal::NotAllowed { .. })));
    shop.act(&merchant(1), Command::AddShipment(full(""))).expect("possible");
    assert_eq!(
        (shop.item_status(0), shop.merchant_status(0), shop.item_status(1)),
        ("shipped_by_merchant", "shipped", "sent_to_merchant")
    );
    let foreign = Some(vec![EventItem { item: shop.id(1), quantity: None }]);
    assert_eq!(
        shop.would(&merchant(1), Command::AddShipment(Event { items: foreign, ..full("") })),
        Err(Refusal::UnknownItem)
    );
}

#[test]
fn notes() {
    let mut shop = order_in("retail").go();
    for is_public in [true, false] {
        shop.act(&operator(), Command::AddNote { note: "gift".to_owned(), is_public }).expect("always");
        let entry = shop.books.timeline.last().expect("an entry");
        let view = if is_public { MerchantView::All } else { MerchantView::Nobody };
        assert_eq!((entry.kind, entry.is_public, entry.merchants), ("note_added", is_public, view));
        assert!(
            !entry.message.contains("gift") && !entry.metadata.to_string().contains("gift"),
            "the text is in one place"
        );
    }
    assert_eq!(shop.order.notes.len(), 2);
}
