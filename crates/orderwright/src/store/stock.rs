//! Stock by SKU and location, and its movements.
//!
//! Every change is guarded in the statement itself, so that nothing is sold twice however many nodes there are. The
//! changeset brings these operations into one global order and executes them last. What is not here: which reservation
//! belongs to whom (the order's and the checkout's documents say that).

use futures_util::future::try_join_all;

use super::{Changeset, Result, Store, changeset::Label, registry::Stmt, value::row};

row! {
    /// What is on hand and reserved at one location.
    pub struct StockRow {
        /// The SKU.
        sku: String,
        /// The location.
        location: String,
        /// What lies there.
        on_hand: i64,
        /// What of it is promised.
        reserved: i64,
    }
}

row! {
    /// One movement of stock.
    pub struct StockMovementRow {
        /// Its id.
        id: i64,
        /// The SKU.
        sku: String,
        /// The location.
        location: String,
        /// receive, adjust, reserve, commit, release, ship or restock.
        kind: String,
        /// By how much.
        quantity: i64,
        /// The order that it was for.
        order_id: Option<i64>,
        /// Why.
        reason: Option<String>,
        /// When.
        at: i64,
    }
}

/// How stock is corrected by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StockAdjustment {
    /// Add so many (or take away, when negative).
    Add(i64),
    /// So many were counted.
    Set(i64),
}

impl Store {
    /// A SKU's stock, by location.
    pub async fn stock(&self, sku: &str) -> Result<Vec<StockRow>> {
        self.inner.rows(Stmt::StockFind, &[sku.into()]).await
    }

    /// Stock after (SKU, location), in that order; of one merchant's or one channel's offers only, if asked so.
    pub async fn list_stock(
        &self,
        after: (&str, &str),
        limit: i64,
        merchant_id: Option<i64>,
        channel: Option<&str>,
    ) -> Result<Vec<StockRow>> {
        let vals = vec![after.0.into(), after.1.into(), limit.into(), merchant_id.into(), channel.into()];
        self.inner.list_stmt(Stmt::StockList, vals).await
    }

    /// Which of these (SKU, location, quantity) can't be had in full, each SKU once and in the order of the lines.
    /// Quantities of the same SKU and location add up.
    pub async fn stock_short(&self, lines: &[(&str, &str, i64)]) -> Result<Vec<String>> {
        let mut wanted: Vec<(&str, &str, i64)> = Vec::with_capacity(lines.len());
        for &(sku, location, quantity) in lines {
            match wanted.iter_mut().find(|(s, l, _)| (*s, *l) == (sku, location)) {
                Some(line) => line.2 += quantity,
                None => wanted.push((sku, location, quantity)),
            }
        }
        let keys: Vec<_> = wanted.iter().map(|(sku, location, _)| [(*sku).into(), (*location).into()]).collect();
        let available = try_join_all(keys.iter().map(|key| self.inner.row::<i64>(Stmt::StockAvailable, key))).await?;
        let mut short: Vec<String> = Vec::new();
        for ((sku, _, quantity), available) in wanted.into_iter().zip(available) {
            if available.unwrap_or(0) < quantity && !short.iter().any(|s| s == sku) {
                short.push(sku.to_owned());
            }
        }
        Ok(short)
    }

    /// A SKU's movements after an id, oldest first.
    pub async fn list_stock_movements(&self, sku: &str, after: i64, limit: i64) -> Result<Vec<StockMovementRow>> {
        self.inner.list_stmt(Stmt::StockMovementList, vec![sku.into(), after.into(), limit.into()]).await
    }
}

impl Changeset {
    /// Promises stock that is neither sold nor promised yet.
    pub fn reserve(&mut self, sku: &str, location: &str, quantity: i64) -> &mut Self {
        self.guard(Stmt::StockReserve, Label::Stock, [sku.into(), location.into(), quantity.into()])
    }

    /// Takes a promise back.
    pub fn release(&mut self, sku: &str, location: &str, quantity: i64) -> &mut Self {
        self.guard(Stmt::StockRelease, Label::Stock, [sku.into(), location.into(), quantity.into()])
    }

    /// Sends promised stock out: it is neither on hand nor promised any more.
    pub fn ship(&mut self, sku: &str, location: &str, quantity: i64) -> &mut Self {
        self.guard(Stmt::StockShip, Label::Stock, [sku.into(), location.into(), quantity.into()])
    }

    /// Puts returned stock back on the shelf.
    pub fn restock(&mut self, sku: &str, location: &str, quantity: i64) -> &mut Self {
        self.adjust(sku, location, StockAdjustment::Add(quantity), true)
    }

    /// Corrects what is on hand, never below zero, and below what is reserved only when that is allowed; the first
    /// adjustment of a SKU at a location opens it.
    pub fn adjust(
        &mut self,
        sku: &str,
        location: &str,
        adjustment: StockAdjustment,
        allow_below_reserved: bool,
    ) -> &mut Self {
        let (stmt, quantity) = match adjustment {
            StockAdjustment::Add(quantity) => (Stmt::StockAdd, quantity),
            StockAdjustment::Set(quantity) => (Stmt::StockSet, quantity),
        };
        let vals = [sku.into(), location.into(), quantity.into(), (!allow_below_reserved).into()];
        self.push(Stmt::StockOpen, Label::Stock, [sku.into(), location.into()]).guard(stmt, Label::Stock, vals)
    }

    /// Notes a movement.
    pub fn insert_stock_movement(&mut self, movement: &StockMovementRow) -> &mut Self {
        self.push(Stmt::StockMovementInsert, Label::Other("stock_movement"), movement.vals())
    }
}
