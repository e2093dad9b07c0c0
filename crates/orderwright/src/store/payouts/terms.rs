//! On which terms parties are paid, which scheduled runs were made, and where the money goes.

use std::fmt;

use crate::store::{
    Changeset, Result, Store, changeset::Label, registry::Stmt, value::Column, value::FromRow, value::Row,
    value::RowError, value::Val, value::row,
};

row! {
    /// Terms of a channel, or of a party in it.
    pub struct PayoutTermsRow {
        /// The channel.
        channel: String,
        /// The party's ledger account; empty for the channel's own.
        party: String,
        /// What was said (JSON).
        body: String,
        /// When.
        since: i64,
    }
}

/// A party's account at a bank. It prints nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct BankAccountRow {
    /// Its id.
    pub id: i64,
    /// The party's ledger account.
    pub party: String,
    /// Who holds it.
    pub holder: String,
    /// Checked, without blanks.
    pub iban: Option<String>,
    /// Where there is no IBAN.
    pub account_number: Option<String>,
    /// Where there is no IBAN.
    pub bank_code: Option<String>,
    /// Of the bank.
    pub bic: Option<String>,
    /// Who said so.
    pub created_by: String,
    /// When.
    pub created_at: i64,
}

impl fmt::Debug for BankAccountRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BankAccountRow").field("id", &self.id).field("party", &self.party).finish_non_exhaustive()
    }
}

impl FromRow for BankAccountRow {
    fn from_row(row: &impl Row) -> std::result::Result<Self, RowError> {
        Ok(Self {
            id: Column::column(row, 0)?,
            party: Column::column(row, 1)?,
            holder: Column::column(row, 2)?,
            iban: Column::column(row, 3)?,
            account_number: Column::column(row, 4)?,
            bank_code: Column::column(row, 5)?,
            bic: Column::column(row, 6)?,
            created_by: Column::column(row, 7)?,
            created_at: Column::column(row, 8)?,
        })
    }
}

impl Store {
    /// All terms, by channel; a channel's own before those of its parties.
    pub async fn payout_terms(&self) -> Result<Vec<PayoutTermsRow>> {
        self.inner.list_stmt(Stmt::PayoutTermsAll, vec![]).await
    }

    /// The last scheduled run of each schedule: channel, schedule, slot.
    pub async fn payout_slots(&self) -> Result<Vec<(String, String, i64)>> {
        self.inner.list_stmt(Stmt::PayoutSlotAll, vec![]).await
    }

    /// The account of a party that counts now.
    pub async fn bank_account_of(&self, party: &str) -> Result<Option<BankAccountRow>> {
        self.inner.row(Stmt::BankAccountOf, &[party.into()]).await
    }

    /// The account with this id.
    pub async fn find_bank_account(&self, id: i64) -> Result<Option<BankAccountRow>> {
        self.inner.row(Stmt::BankAccountFind, &[id.into()]).await
    }

    /// The accounts that count now, by party, after one of them.
    pub async fn list_bank_accounts(&self, after: &str, limit: i64) -> Result<Vec<BankAccountRow>> {
        self.inner.list_stmt(Stmt::BankAccountList, vec![after.into(), limit.into()]).await
    }
}

impl Changeset {
    /// Says on which terms parties are paid.
    pub fn put_payout_terms(&mut self, terms: &PayoutTermsRow) -> &mut Self {
        self.push(Stmt::PayoutTermsPut, Label::Other("payout_terms"), terms.vals())
    }

    /// A scheduled run was made.
    pub fn put_payout_slot(&mut self, channel: &str, schedule: &str, slot: i64) -> &mut Self {
        self.push(Stmt::PayoutSlotPut, Label::Other("payout_slot"), [channel.into(), schedule.into(), slot.into()])
    }

    /// Adds an account; from now on it counts.
    pub fn insert_bank_account(&mut self, account: &BankAccountRow) -> &mut Self {
        let vals: [Val; 9] = [
            account.id.into(),
            account.party.as_str().into(),
            account.holder.as_str().into(),
            account.iban.clone().into(),
            account.account_number.clone().into(),
            account.bank_code.clone().into(),
            account.bic.clone().into(),
            account.created_by.as_str().into(),
            account.created_at.into(),
        ];
        self.push(Stmt::BankAccountInsert, Label::Other("bank_account"), vals)
    }
}
