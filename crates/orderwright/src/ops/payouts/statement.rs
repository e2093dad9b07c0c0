//! The statement of a payout: every order of it, what is beside the orders, and the balances before and after.

use orderwright_core::id::{OrderId, PayoutId};
use orderwright_core::money::Currency;

use super::Payout;
use crate::ops::{Ctx, OpError};

/// A line of a statement. Minor units; what the party gets is positive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// order, refund, fee, other, reserve_held, reserve_released, payout_carried, receivable_netted, receivable.
    pub kind: &'static str,
    /// The order, and its number.
    pub order: Option<(OrderId, String)>,
    /// The payout that a reserve or a sum is of.
    pub payout: Option<PayoutId>,
    /// In plain words.
    pub description: String,
    /// Minor units.
    pub amount: i64,
}

/// A statement. The lines come to the amount of the payout.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The payout.
    pub payout: Payout,
    /// Its lines: orders first.
    pub lines: Vec<Line>,
    /// The currency.
    pub currency: Currency,
}

/// Orders that are read at once.
const PAGE: i64 = 1_000;

/// The statement of a payout.
///
/// # Errors
/// [`OpError::Internal`] when its lines do not come to its amount: then the books are wrong, and nobody is told a wrong sum.
pub async fn statement(ctx: &Ctx, payout: Payout) -> Result<Statement, OpError> {
    let currency = Currency::parse(&payout.row.currency)
        .ok_or_else(|| OpError::Internal(format!("{}: no currency {}", payout.id(), payout.row.currency)))?;
    let mut lines = Vec::new();
    let mut after = 0;
    loop {
        let rows = super::lines(ctx, &payout, after, PAGE).await?;
        for row in &rows {
            let order = || Some((OrderId(row.order_id), row.number.clone()));
            for (kind, words, amount) in [
                ("order", "Your share", row.share),
                ("refund", "Your part of refunds", row.refund),
                ("fee", "Fees", row.fee),
                ("other", "Chargebacks and corrections", row.other),
            ] {
                if amount != 0 {
                    let description = format!("{words} of order {}", row.number);
                    lines.push(Line { kind, order: order(), payout: None, description, amount });
                }
            }
        }
        match rows.last() {
            Some(last) if rows.len() as i64 == PAGE => after = last.order_id,
            _ => break,
        }
    }
    beside(&payout, currency, &mut lines);
    let sum: i64 = lines.iter().map(|l| l.amount).sum();
    if sum != payout.row.amount {
        let why = format!("the lines of {} come to {sum}, and it is {}", payout.id(), payout.row.amount);
        return Err(OpError::Internal(why));
    }
    Ok(Statement { payout, lines, currency })
}

/// What a payout has beside orders.
fn beside(payout: &Payout, currency: Currency, lines: &mut Vec<Line>) {
    let made = &payout.body.settlement;
    for (id, amount) in &payout.body.released {
        let id = PayoutId(*id);
        let description = format!("Released: kept back of payout {id}");
        lines.push(Line { kind: "reserve_released", order: None, payout: Some(id), description, amount: *amount });
    }
    if made.carried != 0 {
        let ids: Vec<String> = payout.body.carried.iter().map(|id| PayoutId(*id).to_string()).collect();
        let description = format!("Did not arrive before: {}", ids.join(", "));
        let of = payout.body.carried.first().map(|id| PayoutId(*id));
        lines.push(Line { kind: "payout_carried", order: None, payout: of, description, amount: made.carried });
    }
    let owed = match payout.body.owed_after {
        Some(0) => "; you owe nothing any more".to_owned(),
        Some(owed) => format!("; you owe {} after it", currency.show(owed)),
        None => String::new(),
    };
    for (kind, words, amount) in [
        ("reserve_held", "Kept back against later refunds".to_owned(), -made.held),
        ("receivable_netted", format!("Against what you owed{owed}"), -made.netted),
        ("receivable", format!("Owed by you from now on{owed}"), made.owed),
    ] {
        if amount != 0 {
            lines.push(Line { kind, order: None, payout: None, description: words, amount });
        }
    }
}
