//! The ledger: append-only lines of double entry. What is not here: that they balance (the decision makes them so).

use super::{Changeset, Result, Store, changeset::Label, registry::Stmt, value::row};

row! {
    /// One line of a posting.
    pub struct LedgerRow {
        /// Its id.
        id: i64,
        /// The posting; its lines sum to zero in each currency.
        posting_id: i64,
        /// The order.
        order_id: i64,
        /// What caused it.
        cause: String,
        /// The account.
        account: String,
        /// ISO 4217 code.
        currency: String,
        /// The amount in minor units, negative for a credit.
        amount: i64,
        /// When.
        at: i64,
    }
}

impl Store {
    /// The lines of an order, oldest first.
    pub async fn ledger_of_order(&self, order_id: i64) -> Result<Vec<LedgerRow>> {
        self.inner.rows(Stmt::LedgerOfOrder, &[order_id.into()]).await
    }

    /// The balance of every account in every currency.
    pub async fn trial_balance(&self) -> Result<Vec<(String, String, i64)>> {
        self.inner.list_stmt(Stmt::LedgerBalance, vec![]).await
    }
}

impl Changeset {
    /// Appends a line.
    pub fn insert_ledger_entry(&mut self, entry: &LedgerRow) -> &mut Self {
        self.push(Stmt::LedgerInsert, Label::Other("ledger_entry"), entry.vals())
    }
}
