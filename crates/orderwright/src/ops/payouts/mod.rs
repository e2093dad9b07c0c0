//! Payouts: what parties earned goes to them, on the terms of the channel, once.
//!
//! A run looks at the orders that something happened to (`look`), settles with each party (`run`), and leaves payouts that somebody approves
//! and that the bank or a provider pays (`act`). One run writes at a time, by a lease; should a run be overtaken, its fence is old and nothing
//! more of it is committed. How much is due, and what a payout is made of, is core's business.

pub mod act;
pub mod bank;
pub mod file;
mod look;
pub mod run;
pub mod schedule;
pub mod statement;
pub mod terms;

use std::sync::atomic::AtomicI64;

use orderwright_core::id::{BankAccountId, BatchId, PayoutId};
use orderwright_core::ledger::Account;
use orderwright_core::order::PartyRef;
use orderwright_core::payout::{Method, PayoutState, Settlement};
use orderwright_core::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::{Mutex, MutexGuard};

use super::{Ctx, OpError};
use crate::store::{Changeset, CommitError, Guard, LedgerRow, PayoutFilter, PayoutLineRow, PayoutRow};

/// What this node keeps of payouts.
#[derive(Debug, Default)]
pub struct Desk {
    /// One run at a time on this node.
    turn: Mutex<()>,
    /// When the schedules were last looked at: microseconds of the shop's clock.
    looked_us: AtomicI64,
}

/// The lease of the node that makes a run.
const LEASE: &str = "payouts";
/// How long it lasts without being renewed.
const LEASE_FOR: Span = Span::seconds(60);

/// A payout.
#[derive(Clone, Debug)]
pub struct Payout {
    /// Its row.
    pub row: PayoutRow,
    /// Its document.
    pub body: Body,
}

/// What the document of a payout holds. Minor units of its currency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Body {
    /// What it is made of.
    pub settlement: Settlement,
    /// What the platform owed the party before it, all channels of the currency together.
    pub opening: i64,
    /// What it owes after it.
    pub closing: i64,
    /// What the party owed the platform before it, all channels of the currency together; unknown of payouts of before it was written down.
    #[serde(default)]
    pub owed_before: Option<i64>,
    /// What it owes after it: that and what is owed newly, less what was netted.
    #[serde(default)]
    pub owed_after: Option<i64>,
    /// Orders that it has lines of.
    pub orders: i64,
    /// Everything that was due by then.
    pub as_of: i64,
    /// Payouts that failed or came back and whose money it has.
    pub carried: Vec<i64>,
    /// Payouts whose reserves it released, and how much.
    pub released: Vec<(i64, i64)>,
    /// When what it kept back is released.
    pub release_at: Option<i64>,
    /// The end of the account's number.
    pub account: Option<String>,
    /// The posting between the party's own accounts.
    pub settling: Option<i64>,
    /// The posting that put the amount on its way.
    pub paying: Option<i64>,
    /// The posting of its arrival.
    pub arrival: Option<i64>,
    /// The postings that undid those two.
    pub reversals: Vec<i64>,
    /// Why it failed or came back.
    pub reason: Option<String>,
    /// The bank's or the provider's word for it.
    pub reference: Option<String>,
    /// Whether the party's account must be another before its money goes out again.
    pub needs_details: bool,
    /// Who made it.
    pub created_by: String,
    /// Who approved it.
    pub approved_by: Option<String>,
}

impl Payout {
    /// Reads a row.
    pub fn of(row: PayoutRow) -> Result<Self, OpError> {
        let body = serde_json::from_str(&row.body).map_err(|e| OpError::Internal(format!("payout {}: {e}", row.id)))?;
        Ok(Self { row, body })
    }

    /// Its id.
    pub fn id(&self) -> PayoutId {
        PayoutId(self.row.id)
    }

    /// Where it stands.
    pub fn state(&self) -> Result<PayoutState, OpError> {
        PayoutState::parse(&self.row.state)
            .ok_or_else(|| OpError::Internal(format!("{}: no state {}", self.id(), self.row.state)))
    }

    /// Who pays it.
    pub fn method(&self) -> Result<Method, OpError> {
        Method::parse(&self.row.method)
            .ok_or_else(|| OpError::Internal(format!("{}: no method {}", self.id(), self.row.method)))
    }

    /// The document as it is stored.
    fn written(&self) -> Result<PayoutRow, OpError> {
        let body = serde_json::to_string(&self.body).map_err(|e| OpError::Internal(e.to_string()))?;
        Ok(PayoutRow { body, ..self.row.clone() })
    }

    /// What the feed tells of it.
    fn event(&self, kind: &str) -> String {
        let data = json!({
            "payoutId": self.id().to_string(),
            "batchId": self.row.batch_id.map(|b| BatchId(b).to_string()),
            "party": self.row.party,
            "channel": self.row.channel,
            "amount": self.row.amount,
            "currency": self.row.currency,
            "method": self.row.method,
            "status": self.row.state,
            "reason": self.body.reason,
        });
        json!([{ "type": kind, "data": data }]).to_string()
    }
}

/// Where money goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// Through a provider, to the party's account there.
    Provider(Method, String),
    /// By the bank, to the account with this id; how its number ends.
    Bank(BankAccountId, String),
}

impl Destination {
    fn method(&self) -> Method {
        match self {
            Self::Provider(method, _) => *method,
            Self::Bank(..) => Method::Bank,
        }
    }

    /// The account by its id.
    fn key(&self) -> String {
        match self {
            Self::Provider(_, account) => account.clone(),
            Self::Bank(id, _) => id.to_string(),
        }
    }
}

/// The right to make a run; others wait, or find that they were overtaken.
pub(crate) struct Turn<'a> {
    fence: i64,
    _mine: MutexGuard<'a, ()>,
}

impl Turn<'_> {
    /// Takes it, when nobody has it.
    async fn take(ctx: &Ctx) -> Result<Turn<'_>, OpError> {
        let app = &ctx.app;
        let mine = app.payouts.turn.lock().await;
        renew(ctx).await?;
        let (_, fence) = app.store.payout_head().await?;
        let now = ctx.clock.now();
        let mut cs = Changeset::new(app.ids.next(now), now.0);
        cs.take_payout_head(fence);
        app.store.commit(cs).await.map_err(overtaken)?;
        Ok(Turn { fence: fence + 1, _mine: mine })
    }

    /// Gives it back, so that another node need not wait for the lease to run out.
    async fn end(self, ctx: &Ctx) -> Result<(), OpError> {
        let now = ctx.clock.real_now().0;
        ctx.app.store.take_lease(LEASE, ctx.app.node, now, now - 1).await?;
        Ok(())
    }
}

async fn renew(ctx: &Ctx) -> Result<(), OpError> {
    let now = ctx.clock.real_now();
    match ctx.app.store.take_lease(LEASE, ctx.app.node, now.0, now.plus(LEASE_FOR).0).await? {
        true => Ok(()),
        false => Err(OpError::Busy("another node makes payouts".to_owned())),
    }
}

/// A commit of a run that failed because another took its place is a matter of trying again.
fn overtaken(error: CommitError) -> OpError {
    match error {
        CommitError::Conflict { what: Guard::Other("payout_head") } => {
            OpError::Busy("another node took over the payouts".to_owned())
        }
        other => other.into(),
    }
}

/// The party of a ledger account `party/…`.
pub fn party(account: &str) -> Option<PartyRef> {
    match Account::parse(account) {
        Some(Account::Party(party)) => Some(party),
        _ => None,
    }
}

/// Books a posting that is about a payout.
fn post(
    ctx: &Ctx,
    cs: &mut Changeset,
    payout: &PayoutRow,
    cause: &str,
    reverses: Option<i64>,
    lines: &[(Account, i64)],
    now: Timestamp,
) -> i64 {
    let posting_id = ctx.app.ids.next(now);
    for (account, amount) in lines {
        cs.insert_ledger_entry(&LedgerRow {
            id: ctx.app.ids.next(now),
            posting_id,
            order_id: None,
            cause: cause.to_owned(),
            about: Some(PayoutId(payout.id).to_string()),
            reverses,
            account: account.to_string(),
            currency: payout.currency.clone(),
            amount: *amount,
            at: now.0,
        });
    }
    posting_id
}

/// A payout of one of these parties; of any, if none is named.
pub async fn find(ctx: &Ctx, id: &str, parties: &[PartyRef]) -> Result<Payout, OpError> {
    let id = PayoutId::parse(id).ok_or(OpError::NotFound)?;
    let row = ctx.app.store.find_payout(id.0).await?.ok_or(OpError::NotFound)?;
    if !parties.is_empty() && !parties.iter().any(|p| p.account() == row.party) {
        return Err(OpError::NotFound);
    }
    Payout::of(row)
}

/// Payouts, the newest first.
pub async fn list(ctx: &Ctx, filter: &PayoutFilter, before: Option<i64>, limit: i64) -> Result<Vec<Payout>, OpError> {
    ctx.app.store.list_payouts(filter, before, limit).await?.into_iter().map(Payout::of).collect()
}

/// What a payout has of which order, along the orders.
pub async fn lines(ctx: &Ctx, payout: &Payout, after: i64, limit: i64) -> Result<Vec<PayoutLineRow>, OpError> {
    Ok(ctx.app.store.payout_lines(payout.row.id, after, limit).await?)
}
