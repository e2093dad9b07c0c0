//! Parties' accounts at banks: taken in, checked, and shown by their end only.

use orderwright_core::actor::Role;
use orderwright_core::id::BankAccountId;
use orderwright_core::payout::BankAccount;
use serde_json::json;

use crate::ops::{Ctx, OpError, parties};
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

/// Whether staff gave the account. Whoever else did may have taken over the party's token; their word counts after a while only.
pub fn by_staff(row: &BankAccountRow) -> bool {
    let role = row.created_by.split_once(':').and_then(|(role, _)| Role::parse(role));
    matches!(role, Some(Role::Admin | Role::Ops))
}

/// Says where a party's money goes from now on, and tells the feed that it changed (ids only). What is on its way goes where it was sent.
///
/// # Errors
/// [`OpError::Invalid`] for a party that is not there.
pub async fn put(ctx: &mut Ctx, of: &str, account: BankAccount) -> Result<BankAccountRow, OpError> {
    parties::known(ctx, of).await?;
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
    let data =
        json!({ "party": row.party, "bankAccountId": BankAccountId(row.id).to_string(), "createdBy": row.created_by });
    cs.outbox(None, None, None, None, None, &json!([{ "type": "payout_account.changed", "data": data }]).to_string());
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
