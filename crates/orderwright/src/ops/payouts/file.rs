//! The file of a batch for the bank: one batch, one file, the same each time.

use orderwright_core::id::{BankAccountId, BatchId};
use orderwright_core::money::Currency;
use orderwright_core::payout::{Debtor, File, PayoutState, Transfer};
use orderwright_core::time::Timestamp;
use serde::Deserialize;

use super::terms::Book;
use super::{Payout, bank};
use crate::ops::{Ctx, OpError};

/// A batch with all that its file needs.
#[derive(Debug)]
pub struct Batch {
    /// Its id: the message id.
    pub id: BatchId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Of all transfers.
    pub currency: Currency,
    /// Who pays.
    pub debtor: Debtor,
    /// One for each payout.
    pub transfers: Vec<Transfer>,
}

/// What the document of a batch holds.
#[derive(Debug, Deserialize)]
struct Body {
    debtor: Option<Debtor>,
}

impl Batch {
    /// The XML.
    pub fn xml(&self) -> String {
        let (id, day) = (self.id.to_string(), self.created_at.date());
        let file = File {
            id: &id,
            created_at: self.created_at,
            execute_on: &day,
            debtor: &self.debtor,
            currency: self.currency,
            transfers: &self.transfers,
        };
        file.xml()
    }
}

/// The batch of a file.
///
/// # Errors
/// [`OpError::Conflict`] when it is not for a bank, not approved yet, when a payout of it failed since (the file would pay it again), or
/// while nobody has said from which account the bank pays.
pub async fn batch(ctx: &Ctx, id: &str) -> Result<Batch, OpError> {
    let id = BatchId::parse(id).ok_or(OpError::NotFound)?;
    let row = ctx.app.store.find_payout_batch(id.0).await?.ok_or(OpError::NotFound)?;
    let refused = |why: String| Err(OpError::Conflict("payout_file", why));
    if row.method != "bank" {
        return refused(format!("{} pays this batch: there is no file for a bank", row.method));
    }
    let mut transfers = Vec::new();
    for row in ctx.app.store.payouts_of_batch(id.0).await? {
        let payout = Payout::of(row)?;
        match (payout.state()?, payout.body.approved_by.is_some()) {
            (PayoutState::Pending, _) => {
                return refused(format!("{} is not approved yet; approve it, or mark it as failed", payout.id()));
            }
            // It never was in the file.
            (PayoutState::Failed, false) => continue,
            (PayoutState::Failed, true) | (PayoutState::Returned, _) => {
                let why = format!(
                    "{} is {}: the file would pay it again, and its money goes out with the next payout",
                    payout.id(),
                    payout.row.state
                );
                return refused(why);
            }
            (PayoutState::Approved | PayoutState::Sent | PayoutState::Paid | PayoutState::Settled, _) => {}
        }
        transfers.push(transfer(ctx, &payout).await?);
    }
    if transfers.is_empty() {
        return refused("no payout of this batch was approved".to_owned());
    }
    let body: Body = serde_json::from_str(&row.body).map_err(|e| OpError::Internal(format!("batch {id}: {e}")))?;
    let debtor = match body.debtor {
        Some(debtor) => Some(debtor),
        None => Book::load(ctx).await?.terms(&row.channel, "").debtor,
    };
    let Some(debtor) = debtor else {
        let why = "nobody has said from which account the bank pays: PATCH /admin/payout-settings with a debtor";
        return refused(why.to_owned());
    };
    let currency = Currency::parse(&row.currency)
        .ok_or_else(|| OpError::Internal(format!("batch {id}: no currency {}", row.currency)))?;
    Ok(Batch { id, created_at: Timestamp(row.created_at), currency, debtor, transfers })
}

async fn transfer(ctx: &Ctx, payout: &Payout) -> Result<Transfer, OpError> {
    let missing = || OpError::Internal(format!("{}: its bank account is not there", payout.id()));
    let account = BankAccountId::parse(&payout.row.destination).ok_or_else(missing)?;
    let row = ctx.app.store.find_bank_account(account.0).await?.ok_or_else(missing)?;
    Ok(Transfer {
        id: payout.id().to_string(),
        amount: payout.row.amount,
        to: bank::account(&row),
        remittance: format!("Payout {} {}", payout.id(), payout.row.channel),
    })
}
