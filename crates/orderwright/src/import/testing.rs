//! What the tests of imports share: a store of their own, and everything about its orders that may not depend on how often a run was started.

use std::path::Path;
use std::sync::Arc;

use orderwright_core::id::OrderId;
use orderwright_core::time::Timestamp;

use super::report::{Reported, Summary};
use crate::app::App;
use crate::ops::command::{self, Loaded, OrderRef};
use crate::ops::{Ctx, import};
use crate::store::{Scope, StoreConfig};

/// Opens a store.
pub async fn open(dir: &Path) -> Arc<App> {
    let config = StoreConfig::Sqlite { dir: dir.to_owned(), exclusive: false, inline: false };
    App::open(config, false).await.expect("the store opens")
}

/// A context that may read all.
pub fn ctx(app: &Arc<App>) -> Ctx {
    Ctx::system(app, &app.clock)
}

/// An imported order.
pub async fn order(app: &Arc<App>, source: &str, id: &str) -> Loaded {
    let here = app.store.external_ref(source, id).await.expect("readable").expect("imported");
    command::load(&ctx(app), &Scope::All, OrderRef::Order(OrderId(here))).await.expect("loads")
}

/// The public statuses of an order's lines.
pub fn statuses(loaded: &Loaded) -> Vec<String> {
    let of = |i| orderwright_core::status::status_of(&loaded.workflow.item, i).to_owned();
    loaded.order.items.iter().map(|i| of(&i.machine)).collect()
}

/// An instant in words.
pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("an instant")
}

/// Orders, money, stock and counters, as text; ids and the milliseconds of a run are not in it.
pub async fn state(app: &Arc<App>, source: &str, channel: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for (external, id) in import::known(&ctx(app), source).await.expect("readable") {
        let Loaded { order, .. } =
            command::load(&ctx(app), &Scope::All, OrderRef::Order(OrderId(id))).await.expect("loads");
        let second = |t: Timestamp| t.0 / 1_000_000;
        let items: Vec<_> = order
            .items
            .iter()
            .map(|i| {
                let merchant = i.merchant.as_ref().map(|m| &m.state);
                let delivered = i.delivered_at.map(second);
                (
                    &i.sku,
                    i.quantity,
                    i.total,
                    i.shipping_share,
                    i.captured,
                    i.refunded,
                    &i.machine.state,
                    merchant,
                    delivered,
                )
            })
            .collect();
        let money = app.store.ledger_of_order(id).await.expect("readable");
        assert_eq!(money.iter().map(|e| e.amount).sum::<i64>(), 0, "{external} balances");
        let mut money: Vec<_> = money.iter().map(|e| (&e.cause, &e.account, e.amount, e.at / 1_000_000)).collect();
        money.sort();
        let parcels: Vec<_> = order.shipments.iter().map(|s| (&s.tracking_number, second(s.created_at))).collect();
        let life = (order.version, order.timeline_length, second(order.created_at), order.notes.len());
        lines.push(format!("{external} {life:?} {items:?} {money:?} {parcels:?}"));
    }
    for stock in app.store.list_stock(("", ""), 100, None, Some(channel)).await.expect("readable") {
        lines.push(format!("{stock:?}"));
    }
    lines.push(format!("{:?}", app.store.count_orders(&[channel], &[]).await));
    lines.sort();
    lines
}

/// What is reported of an order.
pub fn reported<'a>(summary: &'a Summary, id: &str) -> &'a Reported {
    summary.reported.iter().find(|r| r.order_id == id).unwrap_or_else(|| panic!("{id} is reported: {summary:#?}"))
}

/// On hand and reserved of a SKU.
pub async fn stock(app: &Arc<App>, sku: &str) -> (i64, i64) {
    let rows = app.store.stock(sku).await.expect("readable");
    rows.first().map_or((0, 0), |r| (r.on_hand, r.reserved))
}
