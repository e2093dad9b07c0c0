//! Payouts: what parties are due, what they were paid, what is kept back, and on which terms.
//!
//! Every write of a run carries the run's fence, so a run that was overtaken changes nothing more; what is due is taken by comparing it with
//! what was read, so nothing is paid twice. What is not here: how much is due and when.

mod due;
mod terms;

pub use due::{PayoutDueRow, WatchRow};
pub use terms::{BankAccountRow, PayoutTermsRow};

use std::fmt::Write as _;

use super::{
    Changeset, Result, Store, changeset::Label, registry::Stmt, registry::payout_columns, value::Val, value::row,
};

row! {
    /// A payout.
    pub struct PayoutRow {
        /// Its id.
        id: i64,
        /// The payouts that it was made with.
        batch_id: Option<i64>,
        /// Whose: the party's ledger account.
        party: String,
        /// For orders of this channel.
        channel: String,
        /// ISO 4217.
        currency: String,
        /// Minor units.
        amount: i64,
        /// pending, approved, sent, paid, failed, returned, settled.
        state: String,
        /// bank, none, or a provider.
        method: String,
        /// The account that it goes to: an id, never a number.
        destination: String,
        /// Whether its money waits for a later payout.
        parked: bool,
        /// The payout that has it.
        carried_by: Option<i64>,
        /// Grows with each change.
        version: i64,
        /// The document (JSON).
        body: String,
        /// When it was made.
        created_at: i64,
        /// When it last changed.
        updated_at: i64,
    }
}

row! {
    /// Payouts that were made together.
    pub struct PayoutBatchRow {
        /// Its id.
        id: i64,
        /// The channel.
        channel: String,
        /// ISO 4217.
        currency: String,
        /// bank, or a provider.
        method: String,
        /// The document (JSON).
        body: String,
        /// When it was made.
        created_at: i64,
    }
}

row! {
    /// What a payout has of an order. Minor units; what the party gets is positive.
    pub struct PayoutLineRow {
        /// The payout.
        payout_id: i64,
        /// The order.
        order_id: i64,
        /// The order's number.
        number: String,
        /// Shares.
        share: i64,
        /// Its part of refunds.
        refund: i64,
        /// Fees.
        fee: i64,
        /// Chargebacks and the rest.
        other: i64,
    }
}

row! {
    /// What a payout kept back.
    pub struct PayoutReserveRow {
        /// The payout.
        payout_id: i64,
        /// Whose.
        party: String,
        /// The channel.
        channel: String,
        /// ISO 4217.
        currency: String,
        /// Minor units.
        amount: i64,
        /// When it is released.
        release_at: i64,
        /// The payout that released it.
        released_by: Option<i64>,
    }
}

/// Which payouts are wanted; what is None does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PayoutFilter {
    /// Of one of these parties; empty does not restrict.
    pub parties: Vec<String>,
    /// Of this channel.
    pub channel: Option<String>,
    /// In this state.
    pub state: Option<String>,
    /// Of this batch.
    pub batch_id: Option<i64>,
}

impl Store {
    /// The payout with this id.
    pub async fn find_payout(&self, id: i64) -> Result<Option<PayoutRow>> {
        self.inner.row(Stmt::PayoutFind, &[id.into()]).await
    }

    /// Payouts that pass the filter, the newest first, before an id.
    pub async fn list_payouts(&self, filter: &PayoutFilter, before: Option<i64>, limit: i64) -> Result<Vec<PayoutRow>> {
        let mut text = concat!("SELECT ", payout_columns!(), " FROM payout WHERE 1 = 1").to_owned();
        let mut vals: Vec<Val> = Vec::new();
        match filter.parties.as_slice() {
            [] => {}
            parties => {
                let list = super::in_list(&mut vals, parties.iter().map(|p| p.as_str().into()));
                let _ = write!(text, " AND party IN {list}");
            }
        }
        let mut with = |condition: &str, val: Option<Val>| {
            if let Some(val) = val {
                vals.push(val);
                let _ = write!(text, " AND {condition} ?{}", vals.len());
            }
        };
        with("channel =", filter.channel.as_deref().map(Val::from));
        with("state =", filter.state.as_deref().map(Val::from));
        with("batch_id =", filter.batch_id.map(Val::from));
        with("id <", before.map(Val::from));
        vals.push(limit.into());
        let _ = write!(text, " ORDER BY id DESC LIMIT ?{}", vals.len());
        self.inner.list(text, vals).await
    }

    /// Payouts along their ids, for an audit.
    pub async fn audit_payouts(&self, after: i64, limit: i64) -> Result<Vec<PayoutRow>> {
        self.inner.list_stmt(Stmt::PayoutAudit, vec![after.into(), limit.into()]).await
    }

    /// Payouts of a party in a channel whose money waits for a later one, the oldest first.
    pub async fn parked_payouts(&self, channel: &str, party: &str) -> Result<Vec<PayoutRow>> {
        self.inner.rows(Stmt::PayoutParked, &[channel.into(), party.into()]).await
    }

    /// The batch with this id.
    pub async fn find_payout_batch(&self, id: i64) -> Result<Option<PayoutBatchRow>> {
        self.inner.row(Stmt::PayoutBatchFind, &[id.into()]).await
    }

    /// All payouts of a batch, in the order in which they were made.
    pub async fn payouts_of_batch(&self, batch: i64) -> Result<Vec<PayoutRow>> {
        self.inner.list_stmt(Stmt::PayoutOfBatch, vec![batch.into()]).await
    }

    /// Lines of a payout after an order.
    pub async fn payout_lines(&self, payout: i64, after: i64, limit: i64) -> Result<Vec<PayoutLineRow>> {
        self.inner.list_stmt(Stmt::PayoutLines, vec![payout.into(), after.into(), limit.into()]).await
    }

    /// What is kept back of a party in a channel and is to be released by an instant, the oldest first.
    pub async fn due_payout_reserves(&self, channel: &str, party: &str, by: i64) -> Result<Vec<PayoutReserveRow>> {
        self.inner.rows(Stmt::PayoutReserveDue, &[channel.into(), party.into(), by.into()]).await
    }

    /// What is kept back of all parties, by party and currency.
    pub async fn kept_payout_reserves(&self) -> Result<Vec<(String, String, i64)>> {
        self.inner.list_stmt(Stmt::PayoutReserveKept, vec![]).await
    }

    /// The balance of one account in each currency, with what the sequencer has not folded yet.
    pub async fn account_balance(&self, account: &str) -> Result<Vec<(String, i64)>> {
        self.inner.rows(Stmt::LedgerOfAccount, &[account.into()]).await
    }
}

impl Changeset {
    /// Begins a batch.
    pub fn insert_payout_batch(&mut self, batch: &PayoutBatchRow) -> &mut Self {
        self.push(Stmt::PayoutBatchInsert, Label::Other("payout_batch"), batch.vals())
    }

    /// Makes a payout.
    pub fn insert_payout(&mut self, payout: &PayoutRow) -> &mut Self {
        self.push(Stmt::PayoutInsert, Label::Other("payout"), payout.vals())
    }

    /// Changes where a payout stands, if it is at that version.
    pub fn update_payout(&mut self, payout: &PayoutRow, expected: i64) -> &mut Self {
        let vals = [
            payout.id.into(),
            payout.state.as_str().into(),
            payout.parked.into(),
            payout.body.as_str().into(),
            payout.updated_at.into(),
            payout.version.into(),
            expected.into(),
        ];
        self.guard(Stmt::PayoutUpdate, Label::Other("payout"), vals)
    }

    /// The money of a payout that waits goes out with another.
    pub fn carry_payout(&mut self, payout: i64, by: i64) -> &mut Self {
        self.guard(Stmt::PayoutCarry, Label::Other("payout"), [payout.into(), by.into()])
    }

    /// What a payout has of an order.
    pub fn insert_payout_line(&mut self, line: &PayoutLineRow) -> &mut Self {
        self.push(Stmt::PayoutLineInsert, Label::Other("payout_line"), line.vals())
    }

    /// Keeps something back.
    pub fn insert_payout_reserve(&mut self, reserve: &PayoutReserveRow) -> &mut Self {
        self.push(Stmt::PayoutReserveInsert, Label::Other("payout_reserve"), reserve.vals())
    }

    /// Releases what a payout kept back, once.
    pub fn release_payout_reserve(&mut self, payout: i64, by: i64) -> &mut Self {
        self.guard(Stmt::PayoutReserveRelease, Label::Other("payout_reserve"), [payout.into(), by.into()])
    }
}
