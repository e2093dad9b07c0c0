//! Orders, merchant orders and order items: writing them and finding one of them.
//!
//! An order is one document with one version; a write is guarded by the version that was read. What is not here: lists
//! (`order_list`), the timeline, and what the document says.

use super::{
    Changeset, Result, Store,
    changeset::Label,
    registry::Stmt,
    value::{Val, row},
};

row! {
    /// An order: its document and the columns that lists filter and sort by.
    pub struct OrderRow {
        /// Its id.
        id: i64,
        /// Its number, unique in the shop.
        number: String,
        /// The channel that it was placed in.
        channel: String,
        /// The customer.
        customer_id: i64,
        /// The public status.
        status: String,
        /// Where the money stands.
        payment_status: String,
        /// Where the parcels stand.
        shipping_status: String,
        /// The total in minor units.
        total: i64,
        /// When it was placed.
        created_at: i64,
        /// When it last changed.
        updated_at: i64,
        /// When everything had been delivered.
        delivered_at: Option<i64>,
        /// When its next timer fires.
        due_at: Option<i64>,
        /// The name of its first line.
        item_name: String,
        /// The provider's or the bank's reference of its payment; empty until there is one.
        payment_reference: String,
        /// The versions that it runs, as `workflow/partner`, while it is in flight; None once every line and the payment are final.
        in_flight: Option<String>,
        /// The version of the aggregate.
        version: i64,
        /// The document (JSON).
        body: String,
    }
}

/// Whose orders a finder may see. There is no finder without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every order: the platform's own staff and the engine.
    All,
    /// The orders of a channel.
    Channel(String),
    /// The orders with a merchant order of this merchant.
    Merchant(i64),
    /// The orders of a customer.
    Customer(i64),
    /// No order.
    None,
}

impl Scope {
    /// The values ?2, ?3 and ?4 of a finder; None when there is nothing to be found.
    pub(super) fn vals(&self) -> Option<[Val; 3]> {
        Some(match self {
            Scope::All => [0.into(), Val::Null, Val::Null],
            Scope::Channel(channel) => [1.into(), channel.as_str().into(), Val::Null],
            Scope::Merchant(id) => [2.into(), Val::Null, (*id).into()],
            Scope::Customer(id) => [3.into(), Val::Null, (*id).into()],
            Scope::None => return None,
        })
    }
}

impl Store {
    /// The order with this id, if it is in scope.
    pub async fn find_order(&self, scope: &Scope, id: i64) -> Result<Option<OrderRow>> {
        self.find(Stmt::OrderFind, id.into(), scope).await
    }

    /// The order with this number, if it is in scope.
    pub async fn find_order_by_number(&self, scope: &Scope, number: &str) -> Result<Option<OrderRow>> {
        self.find(Stmt::OrderFindByNumber, number.into(), scope).await
    }

    /// The order that this merchant order is a part of, if it is in scope; a merchant finds by their own only.
    pub async fn find_order_of_merchant_order(
        &self,
        scope: &Scope,
        merchant_order_id: i64,
    ) -> Result<Option<OrderRow>> {
        self.find(Stmt::OrderFindOfMerchantOrder, merchant_order_id.into(), scope).await
    }

    async fn find(&self, stmt: Stmt, key: Val, scope: &Scope) -> Result<Option<OrderRow>> {
        let Some([kind, channel, id]) = scope.vals() else { return Ok(None) };
        self.inner.row(stmt, &[key, kind, channel, id]).await
    }

    /// The orders whose timers are due, the longest due first.
    pub async fn due_orders(&self, now: i64, limit: i64) -> Result<Vec<i64>> {
        self.inner.rows(Stmt::OrderDue, &[now.into(), limit.into()]).await
    }

    /// The orders in flight that run these versions, by id: after one, at most `limit`.
    pub async fn orders_in_flight(&self, versions: &str, after: i64, limit: i64) -> Result<Vec<OrderRow>> {
        self.inner.list_stmt(Stmt::OrderInFlight, vec![versions.into(), after.into(), limit.into()]).await
    }

    /// Every pair of versions that orders in flight run.
    pub async fn versions_in_flight(&self) -> Result<Vec<String>> {
        let mut found: Vec<String> = Vec::new();
        loop {
            let after = found.last().map_or("", String::as_str);
            match self.inner.row::<String>(Stmt::OrderNextInFlight, &[after.into()]).await? {
                Some(next) => found.push(next),
                None => return Ok(found),
            }
        }
    }

    /// How many orders in flight run these versions. It reads each entry of an index: for long work that shows how far it is, and for
    /// nothing that a request waits for.
    pub async fn count_in_flight(&self, versions: &str) -> Result<i64> {
        Ok(self.inner.list_stmt::<i64>(Stmt::OrderCountInFlight, vec![versions.into()]).await?.pop().unwrap_or(0))
    }

    /// When the next timer of any order fires.
    pub async fn next_due(&self) -> Result<Option<i64>> {
        Ok(self.inner.row::<Option<i64>>(Stmt::OrderNextDue, &[]).await?.flatten())
    }

    /// Takes `count` consecutive order numbers of a prefix and a UTC day (YYYYMMDD); the first is the answer. What is not
    /// used stays a gap.
    pub async fn take_order_numbers(&self, prefix: &str, day: i64, count: i64) -> Result<i64> {
        let vals = vec![prefix.into(), day.into(), count.into()];
        let first = self.inner.write_rows::<i64>(Stmt::OrderNumberTake, vals).await?.pop();
        first.ok_or_else(|| super::StoreError::Invalid("no order number".into()))
    }
}

impl Changeset {
    /// Inserts a new order.
    pub fn insert_order(&mut self, order: &OrderRow) -> &mut Self {
        self.push(Stmt::OrderInsert, Label::OrderNumber, order.vals())
    }

    /// Writes what a decision changed, if the order is still at `expected_version`; `order.version` is the new one.
    /// Id, number, channel, customer, `item_name` and `created_at` never change.
    pub fn update_order(&mut self, order: &OrderRow, expected_version: i64) -> &mut Self {
        let vals = [
            order.id.into(),
            order.status.as_str().into(),
            order.payment_status.as_str().into(),
            order.shipping_status.as_str().into(),
            order.total.into(),
            order.updated_at.into(),
            order.delivered_at.into(),
            order.due_at.into(),
            order.payment_reference.as_str().into(),
            order.version.into(),
            order.body.as_str().into(),
            expected_version.into(),
            order.in_flight.as_deref().into(),
        ];
        self.guard(Stmt::OrderUpdate, Label::OrderVersion, vals)
    }

    /// Routes an order to a merchant, who sees it from now on. `placed_at` is the order's `created_at`.
    pub fn insert_merchant_order(
        &mut self,
        id: i64,
        merchant_id: i64,
        order_id: i64,
        created_at: i64,
        placed_at: i64,
    ) -> &mut Self {
        let vals = [id.into(), merchant_id.into(), order_id.into(), created_at.into(), placed_at.into()];
        self.push(Stmt::MerchantOrderInsert, Label::Other("merchant_order"), vals)
    }

    /// Notes that a SKU is in an order, for the filters by SKU and merchant. `placed_at` is the order's `created_at`.
    pub fn insert_order_item(
        &mut self,
        id: i64,
        order_id: i64,
        sku: &str,
        merchant_id: i64,
        placed_at: i64,
    ) -> &mut Self {
        let vals = [id.into(), order_id.into(), sku.into(), merchant_id.into(), placed_at.into()];
        self.push(Stmt::OrderItemInsert, Label::Other("order_item"), vals)
    }
}
