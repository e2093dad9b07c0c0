//! Parties' accounts at banks: taken in, checked, and shown by their end only.

use orderwright_core::payout::BankAccount;

use super::party;
use crate::ops::{Ctx, OpError};
use crate::store::{BankAccountRow, Changeset};

/// An account as its row has it.
pub fn account(row: &BankAccountRow) -> BankAccount {
    BankAccount {
        holder: row.holder.clone(),
        iban: row.iban.clone(),
        account_number: row.account_number.clone(),
        bank_code: row.bank_code.clone(),
        bic: row.bic.clone(),
    }
}

/// Says where a party's money goes from now on. What is on its way goes where it was sent.
///
/// # Errors
/// [`OpError::Invalid`] for what is no party's ledger account.
pub async fn put(ctx: &mut Ctx, of: &str, account: BankAccount) -> Result<BankAccountRow, OpError> {
    if party(of).is_none() {
        return Err(OpError::field("/party", "must be a party's ledger account, like party/merchant/mer_…"));
    }
    let now = ctx.clock.now();
    let row = BankAccountRow {
        id: ctx.app.ids.next(now),
        party: of.to_owned(),
        holder: account.holder,
        iban: account.iban,
        account_number: account.account_number,
        bank_code: account.bank_code,
        bic: account.bic,
        created_by: ctx.actor.id.clone(),
        created_at: now.0,
    };
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    cs.insert_bank_account(&row);
    if let Some(key) = ctx.key.take() {
        key.start(&mut cs, None, now);
    }
    ctx.app.store.commit(cs).await?;
    Ok(row)
}

/// The accounts that count, by party.
pub async fn list(ctx: &Ctx, after: &str, limit: i64) -> Result<Vec<BankAccountRow>, OpError> {
    Ok(ctx.app.store.list_bank_accounts(after, limit).await?)
}

/// The account of a party.
pub async fn of(ctx: &Ctx, party: &str) -> Result<Option<BankAccountRow>, OpError> {
    Ok(ctx.app.store.bank_account_of(party).await?)
}
