//! What must be the same before and after a migration: goods, money and timers, read from the store itself.

use std::collections::BTreeMap;

use orderwright::store::{OrderFilter, Page, Scope, Sort, Store};
use serde_json::Value;

use crate::shop::Shop;

/// The shop's books at a moment when nothing moves.
#[derive(Debug, PartialEq, Eq)]
pub struct Books {
    /// SKU → on hand and reserved.
    pub stock: BTreeMap<String, (i64, i64)>,
    /// SKU → units that the orders' items hold.
    pub held: BTreeMap<String, i64>,
    /// Account and currency → balance.
    pub ledger: Vec<(String, String, i64)>,
    /// Order → when its next timer is over.
    pub timers: BTreeMap<i64, Option<i64>>,
    /// Order → what was captured and refunded, as the document says.
    pub money: BTreeMap<i64, String>,
    /// Order → public status, payment status, shipping status.
    pub statuses: BTreeMap<i64, [String; 3]>,
    /// Order → the versions that it runs.
    pub versions: BTreeMap<i64, String>,
}

impl Books {
    /// Reads them.
    pub fn of(shop: &Shop) -> Books {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let store = Store::open(shop.store_config()).await.expect("opens beside the server");
            read(&store).await
        })
    }

    /// The same books but for the versions.
    pub fn same_as(&self, other: &Books) {
        assert_eq!(self.stock, other.stock);
        assert_eq!(self.held, other.held);
        assert_eq!(self.ledger, other.ledger);
        assert_eq!(self.money, other.money);
        assert_eq!(self.statuses, other.statuses);
        assert_eq!(self.timers, other.timers);
    }

    /// Whether every unit that counts as reserved is held by an item.
    pub fn reservations_agree(&self) -> Result<(), String> {
        let held = |sku: &String| self.held.get(sku).copied().unwrap_or(0);
        match self.stock.iter().find(|(sku, (_, reserved))| held(sku) != *reserved) {
            Some((sku, (_, reserved))) => Err(format!("{sku}: {reserved} are reserved, {} are held", held(sku))),
            None => Ok(()),
        }
    }

    /// Whether reservations can be recomputed from the items, and the ledger sums to nothing.
    pub fn agree(&self) {
        self.reservations_agree().unwrap_or_else(|why| panic!("{why}"));
        let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
        for (_, currency, balance) in &self.ledger {
            *sums.entry(currency).or_default() += balance;
        }
        assert!(sums.values().all(|sum| *sum == 0), "{sums:?}");
    }
}

async fn read(store: &Store) -> Books {
    let mut books = Books {
        stock: BTreeMap::new(),
        held: BTreeMap::new(),
        ledger: store.trial_balance().await.expect("read"),
        timers: BTreeMap::new(),
        money: BTreeMap::new(),
        statuses: BTreeMap::new(),
        versions: BTreeMap::new(),
    };
    let mut after = (String::new(), String::new());
    loop {
        let rows = store.list_stock((&after.0, &after.1), 500, None, None).await.expect("read");
        let Some(last) = rows.last() else { break };
        after = (last.sku.clone(), last.location.clone());
        for row in rows {
            let (on_hand, reserved) = books.stock.entry(row.sku).or_default();
            *on_hand += row.on_hand;
            *reserved += row.reserved;
        }
    }
    let mut page = Page::First { limit: 200 };
    loop {
        let found = store.list_orders(&Scope::All, &OrderFilter::default(), Sort::default(), page).await.expect("read");
        for row in found.rows {
            let body: Value = serde_json::from_str(&row.body).expect("JSON");
            for item in body["items"].as_array().expect("items") {
                if ["held", "committed"].contains(&item["reservation"].as_str().expect("a reservation")) {
                    let sku = item["sku"].as_str().expect("a SKU").to_owned();
                    *books.held.entry(sku).or_default() += item["quantity"].as_i64().expect("a quantity");
                }
            }
            books.timers.insert(row.id, row.due_at);
            books.money.insert(row.id, format!("{} {} {}", body["payments"], body["refunds"], body["splits"]));
            books.statuses.insert(row.id, [row.status, row.payment_status, row.shipping_status]);
            let partner = body["partnerVersion"].as_str().map(|p| format!("/{p}")).unwrap_or_default();
            books.versions.insert(row.id, format!("{}{partner}", body["workflowVersion"].as_str().expect("a version")));
        }
        match found.next {
            Some(cursor) => page = Page::After { cursor, limit: 200 },
            None => return books,
        }
    }
}
