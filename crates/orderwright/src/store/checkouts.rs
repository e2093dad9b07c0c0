//! Checkouts: they hold stock until they expire or become an order.

use super::{Changeset, Result, Store, changeset::Label, registry::Stmt, value::row};

row! {
    /// One checkout.
    pub struct CheckoutRow {
        /// Its id.
        id: i64,
        /// The channel.
        channel: String,
        /// The customer.
        customer_id: i64,
        /// open, completed or expired.
        state: String,
        /// When it expires.
        expires_at: i64,
        /// The order that it became.
        order_id: Option<i64>,
        /// The document (JSON).
        body: String,
    }
}

impl Store {
    /// The checkout with this id.
    pub async fn find_checkout(&self, id: i64) -> Result<Option<CheckoutRow>> {
        self.inner.row(Stmt::CheckoutFind, &[id.into()]).await
    }

    /// Open checkouts whose time is over, the oldest first.
    pub async fn expired_checkouts(&self, now: i64, limit: i64) -> Result<Vec<CheckoutRow>> {
        self.inner.rows(Stmt::CheckoutExpired, &[now.into(), limit.into()]).await
    }
}

impl Changeset {
    /// Opens a checkout.
    pub fn insert_checkout(&mut self, checkout: &CheckoutRow) -> &mut Self {
        self.push(Stmt::CheckoutInsert, Label::Checkout, checkout.vals())
    }

    /// The checkout became an order, if it is open and has not expired at `now`.
    pub fn complete_checkout(&mut self, id: i64, now: i64, order_id: i64) -> &mut Self {
        self.guard(Stmt::CheckoutComplete, Label::Checkout, [id.into(), now.into(), order_id.into()])
    }

    /// The checkout's time is over, if it is open and has expired at `now`.
    pub fn expire_checkout(&mut self, id: i64, now: i64) -> &mut Self {
        self.guard(Stmt::CheckoutExpire, Label::Checkout, [id.into(), now.into()])
    }
}
