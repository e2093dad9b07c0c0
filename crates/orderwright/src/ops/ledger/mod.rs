//! The book for those who keep it: lines, balances at any instant, shares and statements of parties, and the proof that it is right.
//!
//! Nothing is booked here; that is the decisions' work.

mod audit;
mod shares;
mod statement;

pub use audit::{Audit, audit};
pub use shares::{OrderShare, Shares, SharesOf, shares};
pub use statement::{Statement, StatementLine, statement, statement_lines};

use orderwright_core::id::{OrderId, PayoutId};
use orderwright_core::ledger::Finding;
use orderwright_core::money::Currency;
use orderwright_core::time::Timestamp;

use super::{Ctx, OpError};
use crate::store::{LedgerFilter, LedgerRow};

/// A page of lines, in the order of their ids.
pub async fn lines(
    ctx: &Ctx,
    filter: &LedgerFilter,
    after: Option<i64>,
    newest: bool,
    limit: i64,
) -> Result<Vec<LedgerRow>, OpError> {
    Ok(ctx.app.store.list_ledger(filter, after, newest, limit).await?)
}

/// The balance of every account in every currency: after all that was booked up to an instant, or by now.
pub async fn balances(ctx: &Ctx, at: Option<Timestamp>) -> Result<Vec<(String, String, i64)>, OpError> {
    let balances = match at {
        Some(at) => ctx.app.store.trial_balance_at(at.0).await?,
        None => ctx.app.store.trial_balance().await?,
    };
    Ok(balances.into_iter().filter(|(_, _, amount)| *amount != 0).collect())
}

/// A finding as a sentence that says what to do.
pub fn explain(finding: &Finding, number: &impl Fn(i64) -> Option<String>) -> String {
    let show = |currency: &str, amount: i64| match Currency::parse(currency) {
        Some(currency) => currency.show(amount),
        None => format!("{amount} {currency}"),
    };
    let name = |order: i64| match number(order) {
        Some(number) => format!("order {number} ({})", OrderId(order)),
        None => format!("order {}", OrderId(order)),
    };
    match finding {
        Finding::Unbalanced { posting, currency, off } => {
            format!(
                "posting {posting} is off by {}: its lines do not sum to zero; a line is missing or was changed",
                show(currency, *off)
            )
        }
        Finding::Book { currency, off } => {
            format!(
                "all lines in {currency} together are off by {}; the postings named above say where",
                show(currency, *off)
            )
        }
        Finding::UnknownAccount { account } => format!("`{account}` is not in the chart of accounts"),
        Finding::Order { order, what, document, book } => format!(
            "{}: {what} is {document} by the order and {book} by its lines (minor units); compare its timeline with \
             GET /admin/ledger?orderId=…",
            name(*order)
        ),
        Finding::Payout { payout, what, document, book } => format!(
            "payout {}: {what} is {document} by the payout and {book} by its lines (minor units)",
            PayoutId(*payout)
        ),
        Finding::OverRefunded { order, captured, refunded } => {
            format!("{}: {refunded} went back of {captured} taken (minor units)", name(*order))
        }
        Finding::Reversal { posting, reverses } => {
            format!("posting {posting} says that it undoes {reverses}, and the two do not cancel out")
        }
        Finding::Balance { account, currency, kept, lines } => format!(
            "the kept balance of `{account}` is {}, its lines come to {}",
            show(currency, *kept),
            show(currency, *lines)
        ),
    }
}
