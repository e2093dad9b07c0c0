//! What a party gets and why: opening balance, one line for each posting, closing balance.
//!
//! The party's account is the platform's debt to it, so what the party gets is a credit in the book and positive on its statement.

use std::collections::BTreeMap;

use orderwright_core::id::{OrderId, PayoutId};
use orderwright_core::ledger::Account;
use orderwright_core::money::Currency;
use orderwright_core::order::PartyRef;
use orderwright_core::time::Timestamp;

use crate::ops::payouts::Payout;
use crate::ops::{Ctx, OpError};
use crate::store::{LedgerFilter, LedgerRow, Scope};

/// A page of a statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Balances before the first line of the period, by currency.
    pub opening: BTreeMap<String, i64>,
    /// Balances after the last one.
    pub closing: BTreeMap<String, i64>,
    /// Lines, oldest first.
    pub lines: Vec<StatementLine>,
}

/// A line of a statement.
#[derive(Clone, Debug)]
pub struct StatementLine {
    /// Its id, along which pages go.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// The order's id and number.
    pub order: Option<(OrderId, String)>,
    /// split, refund, payout, ….
    pub cause: String,
    /// In plain words.
    pub description: String,
    /// ISO 4217.
    pub currency: String,
    /// Minor units; what the party gets is positive.
    pub amount: i64,
}

/// The statement of a party, under each of the names that it has in splits (a maker is a supplier here and a merchant there), of a
/// period (`from` inclusive, `to` exclusive; by default all up to now): a page of its lines.
pub async fn statement(
    ctx: &Ctx,
    parties: &[PartyRef],
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    after: Option<i64>,
    limit: i64,
) -> Result<Statement, OpError> {
    let lines = statement_lines(ctx, parties, from, to, after, limit).await?;
    let accounts = accounts(parties);
    let balance = async |at: Option<i64>| -> Result<BTreeMap<String, i64>, OpError> {
        let all = match at {
            Some(at) => ctx.app.store.trial_balance_at(at).await?,
            None => ctx.app.store.trial_balance().await?,
        };
        let mut sums = BTreeMap::new();
        for (_, currency, amount) in all.into_iter().filter(|(account, ..)| accounts.contains(account)) {
            *sums.entry(currency).or_default() -= amount;
        }
        Ok(sums)
    };
    let opening = match from {
        Some(from) => balance(Some(from.0 - 1)).await?,
        None => BTreeMap::new(),
    };
    let closing = balance(to.map(|to| to.0 - 1)).await?;
    Ok(Statement { opening, closing, lines })
}

/// The parties' accounts, which say what the platform owes them.
fn accounts(parties: &[PartyRef]) -> Vec<String> {
    parties.iter().map(|p| Account::Party(p.clone()).to_string()).collect()
}

/// The lines alone of such a statement: a page of them, oldest first.
pub async fn statement_lines(
    ctx: &Ctx,
    parties: &[PartyRef],
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    after: Option<i64>,
    limit: i64,
) -> Result<Vec<StatementLine>, OpError> {
    // Without an account the book would not be restricted.
    if parties.is_empty() {
        return Ok(Vec::new());
    }
    let filter = LedgerFilter {
        accounts: accounts(parties),
        from: from.map(|t| t.0),
        to: to.map(|t| t.0),
        ..LedgerFilter::default()
    };
    let rows = ctx.app.store.list_ledger(&filter, after, false, limit).await?;
    let mut lines = Vec::with_capacity(rows.len());
    let mut numbers: BTreeMap<i64, Option<String>> = BTreeMap::new();
    for row in rows {
        let number = match row.order_id {
            Some(id) if !numbers.contains_key(&id) => {
                let found = ctx.app.store.find_order(&Scope::All, id).await?.map(|o| o.number);
                numbers.entry(id).or_insert(found).clone()
            }
            Some(id) => numbers[&id].clone(),
            None => None,
        };
        let settled = match row.cause.as_str() {
            "payout" => settled(ctx, &row).await?,
            _ => None,
        };
        lines.push(shown(row, number, settled));
    }
    Ok(lines)
}

/// What a payout moved between the party's own accounts, in words; `None` for the line by which it was paid.
async fn settled(ctx: &Ctx, row: &LedgerRow) -> Result<Option<String>, OpError> {
    let Some(id) = row.about.as_deref().and_then(PayoutId::parse) else { return Ok(None) };
    let Some(found) = ctx.app.store.find_payout(id.0).await? else { return Ok(None) };
    let body = Payout::of(found)?.body;
    if body.settling != Some(row.posting_id) {
        return Ok(None);
    }
    let show = |amount: i64| match Currency::parse(&row.currency) {
        Some(currency) => currency.show(amount),
        None => format!("{amount} {} (minor units)", row.currency),
    };
    let made = body.settlement;
    let parts = [
        (made.released, "released from your reserve"),
        (made.held, "kept back in your reserve"),
        (made.netted, "taken against what you owed"),
        (made.owed, "owed by you from now on"),
    ];
    let said: Vec<String> = parts
        .iter()
        .filter(|(amount, _)| *amount != 0)
        .map(|(amount, words)| format!("{} {words}", show(*amount)))
        .collect();
    Ok(Some(said.join(", ")))
}

fn shown(row: LedgerRow, number: Option<String>, settled: Option<String>) -> StatementLine {
    let of = number.as_deref().map(|n| format!(" of order {n}")).unwrap_or_default();
    let description = match row.cause.as_str() {
        "split" => format!("Your share{of}"),
        "refund" => format!("Refund to the customer{of}: your part of it"),
        "refund_failed" => format!("A refund{of} did not reach the customer: your part of it again"),
        "fee_borne" => format!("The payment provider's fee{of}, which you bear"),
        "payout" => {
            let words = settled.as_deref().unwrap_or("Paid out");
            format!("{words}: {}", row.about.as_deref().unwrap_or_default())
        }
        "payout_failed" | "payout_returned" => {
            format!("Did not arrive, and is yours again: {}", row.about.as_deref().unwrap_or_default())
        }
        "transfer" => format!("Passed on to you by the payment provider{of}"),
        "transfer_reversed" => format!("Taken back from your account at the payment provider{of}"),
        "receivable" => format!("Could not be taken back at the payment provider{of}: owed to the platform"),
        other => format!("{}{of}", other.replace('_', " ")),
    };
    StatementLine {
        id: row.id,
        at: Timestamp(row.at),
        order: row.order_id.map(OrderId).zip(number),
        description,
        cause: row.cause,
        currency: row.currency,
        amount: -row.amount,
    }
}
