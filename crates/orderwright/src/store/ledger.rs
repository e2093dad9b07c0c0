//! The ledger: append-only lines of double entry, and the balances that are kept of them. What is not here: that postings balance (the
//! decision makes them so), and what an account is for (the chart in core).

use std::fmt::Write as _;

use super::{
    Changeset, Result, Store, changeset::Label, in_list, registry::Stmt, registry::ledger_columns, value::Val,
    value::row,
};

row! {
    /// One line of a posting.
    pub struct LedgerRow {
        /// Its id.
        id: i64,
        /// The posting; its lines sum to zero in each currency.
        posting_id: i64,
        /// The order, if it is about one.
        order_id: Option<i64>,
        /// What caused it: capture, split, refund, ….
        cause: String,
        /// What it is about beside the order: the id of a refund, a dispute, a payout.
        about: Option<String>,
        /// The posting that it undoes.
        reverses: Option<i64>,
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

/// What lines are wanted; what is None does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerFilter {
    /// Of one of these accounts; empty does not restrict.
    pub accounts: Vec<String>,
    /// Of accounts whose names begin so.
    pub account_prefix: Option<String>,
    /// Of this order.
    pub order_id: Option<i64>,
    /// Of this cause.
    pub cause: Option<String>,
    /// In this currency.
    pub currency: Option<String>,
    /// Booked at or after.
    pub from: Option<i64>,
    /// Booked before.
    pub to: Option<i64>,
}

/// Whose shares are wanted; what is None does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShareFilter {
    /// The party's ledger account.
    pub account: String,
    /// Of orders of this channel: the document of every other one is left out.
    pub channel: Option<String>,
    /// Booked at or after.
    pub from: Option<i64>,
    /// Booked before.
    pub to: Option<i64>,
}

/// A UTC day in microseconds.
const DAY_US: i64 = 86_400_000_000;

impl Store {
    /// The lines of an order, oldest first.
    pub async fn ledger_of_order(&self, order_id: i64) -> Result<Vec<LedgerRow>> {
        self.inner.rows(Stmt::LedgerOfOrder, &[order_id.into()]).await
    }

    /// The lines of a posting; they were given their ids in the same millisecond as the posting.
    pub async fn ledger_of_posting(&self, posting_id: i64) -> Result<Vec<LedgerRow>> {
        let from = posting_id >> ID_MS << ID_MS;
        self.inner.rows(Stmt::LedgerOfPosting, &[posting_id.into(), from.into(), (from + (1 << ID_MS)).into()]).await
    }

    /// Lines along their ids: those after one and up to another.
    pub async fn ledger_after(&self, id: i64, up_to: i64, limit: i64) -> Result<Vec<LedgerRow>> {
        self.inner.list_stmt(Stmt::LedgerAfter, vec![id.into(), up_to.into(), limit.into()]).await
    }

    /// The balance of every account in every currency, from what is kept.
    pub async fn trial_balance(&self) -> Result<Vec<(String, String, i64)>> {
        self.inner.list_stmt(Stmt::LedgerKept, vec![]).await
    }

    /// The balance of every account in every currency after all that was booked up to an instant: kept days, and that day's lines.
    pub async fn trial_balance_at(&self, at: i64) -> Result<Vec<(String, String, i64)>> {
        let day = at.div_euclid(DAY_US);
        let begin = day * DAY_US;
        let vals = [day, begin, at, first_id(begin), first_id(at.saturating_add(1_000))];
        self.inner.list_stmt(Stmt::LedgerKeptAt, vals.into_iter().map(Val::from).collect()).await
    }

    /// Lines that pass the filter, after an id, in the order of their ids; newest first if `newest`.
    pub async fn list_ledger(
        &self,
        filter: &LedgerFilter,
        after: Option<i64>,
        newest: bool,
        limit: i64,
    ) -> Result<Vec<LedgerRow>> {
        let mut text = concat!("SELECT ", ledger_columns!(), " FROM ledger_entry WHERE 1 = 1").to_owned();
        let mut vals: Vec<Val> = Vec::new();
        match filter.accounts.as_slice() {
            [] => {}
            // The engines plan an equality better than a list of one.
            [account] => {
                text.push_str(" AND account = ?1");
                vals.push(account.as_str().into());
            }
            accounts => {
                let list = in_list(&mut vals, accounts.iter().map(|a| a.as_str().into()));
                let _ = write!(text, " AND account IN {list}");
            }
        }
        let mut with = |text: &mut String, condition: &str, val: Option<Val>| {
            if let Some(val) = val {
                vals.push(val);
                let _ = write!(text, " AND {condition} ?{}", vals.len());
            }
        };
        with(&mut text, "account >=", filter.account_prefix.as_deref().map(Val::from));
        // Nothing that begins with the prefix sorts after the prefix and the last character there is.
        with(&mut text, "account <", filter.account_prefix.as_ref().map(|p| format!("{p}\u{10FFFF}").into()));
        with(&mut text, "order_id =", filter.order_id.map(Val::from));
        with(&mut text, "cause =", filter.cause.as_deref().map(Val::from));
        with(&mut text, "currency =", filter.currency.as_deref().map(Val::from));
        // Ids are in the order of time, so the instants also bound the ids, and an index is run along no further than needed.
        with(&mut text, "at >=", filter.from.map(Val::from));
        with(&mut text, "id >=", filter.from.map(|at| first_id(at).into()));
        with(&mut text, "at <", filter.to.map(Val::from));
        with(&mut text, "id <", filter.to.map(|at| first_id(at.saturating_add(1_000)).into()));
        with(&mut text, if newest { "id <" } else { "id >" }, after.map(Val::from));
        vals.push(limit.into());
        let _ = write!(text, " ORDER BY id {} LIMIT ?{}", if newest { "DESC" } else { "ASC" }, vals.len());
        self.inner.list(text, vals).await
    }

    /// The orders of which a party has a share, the newest share first, before an id: the share's id, when it was booked, and the order's
    /// document, or None where the order is not of the channel that is asked for. It runs along the lines of the party's account, and finds
    /// nothing that the account has no line of.
    pub async fn list_shares(
        &self,
        filter: &ShareFilter,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<(i64, i64, Option<String>)>> {
        let (from, to) = (filter.from.unwrap_or(i64::MIN), filter.to.unwrap_or(i64::MAX));
        let vals = vec![
            filter.account.as_str().into(),
            before.unwrap_or(i64::MAX).into(),
            from.into(),
            to.into(),
            filter.from.map_or(i64::MIN, first_id).into(),
            filter.to.map_or(i64::MAX, |at| first_id(at.saturating_add(1_000))).into(),
            filter.channel.as_deref().into(),
            limit.into(),
        ];
        self.inner.list_stmt(Stmt::LedgerShares, vals).await
    }

    /// Ids and documents of orders along their ids, for an audit.
    pub async fn audit_orders(&self, after: i64, limit: i64) -> Result<Vec<(i64, String)>> {
        self.inner.list_stmt(Stmt::AuditOrders, vec![after.into(), limit.into()]).await
    }
}

/// Bits of an id behind its millisecond.
const ID_MS: u32 = 22;

/// The smallest id of an instant.
fn first_id(at: i64) -> i64 {
    (at.div_euclid(1_000) - crate::kernel::ids::EPOCH_MS).clamp(0, (1 << 41) - 1) << ID_MS
}

impl Changeset {
    /// Appends a line; what it adds to its account is folded into the kept balances.
    pub fn insert_ledger_entry(&mut self, entry: &LedgerRow) -> &mut Self {
        self.add_to_account(&entry.account, &entry.currency, entry.amount);
        self.push(Stmt::LedgerInsert, Label::Other("ledger_entry"), entry.vals())
    }
}
