//! The proof of the whole book, from scratch, beside a running shop.
//!
//! Every line is read once, along the ids; then every order's document is held against its lines. A shop that goes on working moves
//! money while it is read, so what does not hold is looked at again, order by order, before it is told.

use std::collections::BTreeMap;

use orderwright_core::dispute::{Chargeback, Dispute};
use orderwright_core::id::PayoutId;
use orderwright_core::ledger::{Account, Claim, Finding, Line, PayoutClaim, Proof};
use orderwright_core::order::{Payment, Refund, RefundState, Split, Transfer};
use orderwright_core::payout::PayoutState;
use serde::Deserialize;

use crate::ops::payouts::{Payout, party};
use crate::ops::{Ctx, OpError};
use crate::store::LedgerRow;

/// Rows that are read at once.
const PAGE: i64 = 20_000;
/// Orders that are read at once: documents are large.
const ORDERS: i64 = 2_000;
/// How often what does not hold is looked at again.
const AGAIN: u32 = 3;
/// How long to wait before: a commit is through by then, and the sequencer has folded it.
const WAIT: std::time::Duration = std::time::Duration::from_millis(700);

/// What an audit came to.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// Lines read.
    pub lines: u64,
    /// Orders read.
    pub orders: u64,
    /// Payouts read.
    pub payouts: u64,
    /// The balance of every account in every currency, by the lines.
    pub balances: BTreeMap<(String, String), i64>,
    /// What does not hold; empty is what everybody wants.
    pub findings: Vec<Finding>,
    /// Numbers of the orders that findings name.
    pub numbers: BTreeMap<i64, String>,
}

/// The part of an order's document that the proof reads.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Money {
    number: String,
    payments: Vec<Payment>,
    refunds: Vec<Refund>,
    splits: Vec<Split>,
    #[serde(default)]
    transfers: Vec<Transfer>,
    #[serde(default)]
    disputes: Vec<Dispute>,
    #[serde(default)]
    fees: Vec<(String, i64)>,
}

impl Money {
    fn chargebacks(&self) -> impl Iterator<Item = &Chargeback> {
        self.disputes.iter().filter_map(|d| d.chargeback.as_ref())
    }

    fn claim(&self) -> Claim {
        let refunds = self.refunds.iter().filter(|r| r.state == RefundState::Succeeded);
        Claim {
            captured: self.payments.iter().map(|p| p.captured).sum(),
            refunded: refunds.map(|r| r.amount).sum(),
            shares: self.splits.iter().map(|s| s.amount).sum(),
            shares_refunded: self.splits.iter().map(|s| s.refunded).sum(),
            charged_back: self.chargebacks().flat_map(|c| &c.borne).map(|b| b.amount).sum(),
            disputed: self.chargebacks().map(Chargeback::held).sum(),
            fees_borne: self.fees.iter().map(|(_, fee)| fee).sum(),
            held: self.payments.iter().map(Payment::held).sum(),
            transferred: self.transfers.iter().map(|t| t.amount - t.reversed).sum(),
            late: self.payments.iter().map(|p| p.late - p.late_refunded).sum(),
        }
    }
}

fn line(row: &LedgerRow) -> Line<'_> {
    Line {
        posting: row.posting_id,
        reverses: row.reverses,
        order: row.order_id,
        payout: row.about.as_deref().and_then(PayoutId::parse).map(|p| p.0),
        account: &row.account,
        currency: &row.currency,
        amount: row.amount,
    }
}

/// Proves the book; `step` is told of lines and orders as they are read.
pub async fn audit(ctx: &Ctx, mut step: impl FnMut(u64, u64)) -> Result<Audit, OpError> {
    let store = &ctx.app.store;
    let mut proof = Proof::default();
    let mut last = 0;
    loop {
        let rows = store.ledger_after(last, i64::MAX, PAGE).await?;
        rows.iter().for_each(|row| proof.line(&line(row)));
        step(proof.lines(), 0);
        match rows.last() {
            Some(row) if rows.len() as i64 == PAGE => last = row.id,
            _ => break,
        }
    }
    for (by, reversed) in proof.reversals() {
        for row in store.ledger_of_posting(reversed).await? {
            proof.reversed(by, &line(&row));
        }
    }
    let mut audit = Audit { lines: proof.lines(), balances: proof.balances(), ..Audit::default() };
    let mut suspects = Vec::new();
    let mut of_documents = std::collections::BTreeSet::new();
    let mut after = 0;
    loop {
        let rows = store.audit_orders(after, ORDERS).await?;
        for (id, body) in &rows {
            let money = read(*id, body)?;
            of_documents.insert(*id);
            if !proof.claim(*id, &money.claim()).is_empty() {
                suspects.push(*id);
            }
        }
        audit.orders += rows.len() as u64;
        step(proof.lines(), audit.orders);
        match rows.last() {
            Some((id, _)) if rows.len() as i64 == ORDERS => after = *id,
            _ => break,
        }
    }
    suspects.extend(proof.orders().filter(|order| !of_documents.contains(order)));
    for order in suspects {
        let (found, number) = look_again(ctx, order).await?;
        if !found.is_empty() {
            audit.numbers.extend(number.map(|number| (order, number)));
            audit.findings.extend(found);
        }
    }
    audit.findings.extend(payouts(ctx, &proof, &mut audit.payouts).await?);
    audit.findings.extend(lines_again(ctx, &proof).await?);
    audit.findings.sort();
    audit.findings.dedup();
    Ok(audit)
}

fn read(id: i64, body: &str) -> Result<Money, OpError> {
    serde_json::from_str(body).map_err(|e| OpError::Internal(format!("the document of order {id} cannot be read: {e}")))
}

/// Every payout's document against its lines, and what is kept back against the reserves.
async fn payouts(ctx: &Ctx, proof: &Proof, read: &mut u64) -> Result<Vec<Finding>, OpError> {
    let store = &ctx.app.store;
    let mut found = Vec::new();
    let mut suspects: Vec<i64> = Vec::new();
    let mut known = std::collections::BTreeSet::new();
    let mut after = 0;
    loop {
        let rows = store.audit_payouts(after, ORDERS).await?;
        let last = rows.last().map(|row| row.id).filter(|_| rows.len() as i64 == ORDERS);
        *read += rows.len() as u64;
        for row in rows {
            let payout = Payout::of(row)?;
            known.insert(payout.row.id);
            if !proof.claim_of_payout(payout.row.id, &claim_of(&payout)?).is_empty() {
                suspects.push(payout.row.id);
            }
        }
        match last {
            Some(last) => after = last,
            None => break,
        }
    }
    suspects.extend(proof.payouts().filter(|id| !known.contains(id)));
    for id in suspects {
        found.extend(payout_again(ctx, proof, id).await?);
    }
    let lines = proof.balances();
    for (account, currency, kept) in store.kept_payout_reserves().await? {
        let Some(party) = party(&account) else { continue };
        let account = Account::Reserve(party).to_string();
        let booked = lines.get(&(account.clone(), currency.clone())).copied().unwrap_or(0);
        if booked != -kept {
            // A run may have settled meanwhile: the balance of now is asked.
            let now = store.account_balance(&account).await?;
            let booked = now.into_iter().find(|(c, _)| *c == currency).map_or(0, |(_, amount)| amount);
            let kept = store.kept_payout_reserves().await?;
            let kept =
                kept.into_iter().find(|(a, c, _)| *c == currency && reserve_of(a) == account).map_or(0, |(.., n)| n);
            if booked != -kept {
                found.push(Finding::Balance { account, currency, kept: -kept, lines: booked });
            }
        }
    }
    Ok(found)
}

fn reserve_of(account: &str) -> String {
    party(account).map(|party| Account::Reserve(party).to_string()).unwrap_or_default()
}

fn claim_of(payout: &Payout) -> Result<PayoutClaim, OpError> {
    let made = &payout.body.settlement;
    let state = payout.state()?;
    let came_back = matches!(state, PayoutState::Failed | PayoutState::Returned);
    Ok(PayoutClaim {
        taken: made.taken_from_balance() - if came_back { made.amount } else { 0 },
        reserved: made.held - made.released,
        owed: made.owed - made.netted,
        in_transit: if state.is_in_transit() { made.amount } else { 0 },
        arrived: if state == PayoutState::Paid { made.amount } else { 0 },
    })
}

/// One payout alone, as it and its postings are now.
async fn payout_again(ctx: &Ctx, proof: &Proof, id: i64) -> Result<Vec<Finding>, OpError> {
    let Some(row) = ctx.app.store.find_payout(id).await? else {
        return Ok(proof.claim_of_payout(id, &PayoutClaim::default()));
    };
    let payout = Payout::of(row)?;
    let body = &payout.body;
    let postings =
        [body.settling, body.paying, body.arrival].into_iter().flatten().chain(body.reversals.iter().copied());
    let mut alone = Proof::default();
    for posting in postings {
        ctx.app.store.ledger_of_posting(posting).await?.iter().for_each(|row| alone.line(&line(row)));
    }
    Ok(alone.claim_of_payout(id, &claim_of(&payout)?))
}

/// One order alone: its lines and its document as they are now, until both are of one moment.
async fn look_again(ctx: &Ctx, order: i64) -> Result<(Vec<Finding>, Option<String>), OpError> {
    let store = &ctx.app.store;
    for attempt in 1.. {
        let rows = store.ledger_of_order(order).await?;
        let document = store.audit_orders(order - 1, 1).await?.pop().filter(|(id, _)| *id == order);
        let mut proof = Proof::default();
        rows.iter().for_each(|row| proof.line(&line(row)));
        let money = document.map(|(id, body)| read(id, &body)).transpose()?;
        let claim = money.as_ref().map(Money::claim).unwrap_or_default();
        let found = proof.claim(order, &claim);
        if found.is_empty() || attempt > AGAIN {
            return Ok((found, money.map(|m| m.number)));
        }
        tokio::time::sleep(WAIT).await;
    }
    Ok((Vec::new(), None))
}

/// What the lines say of themselves, and the kept balances against them: read up to one instant, so that a shop that goes on changes
/// neither side.
async fn lines_again(ctx: &Ctx, proof: &Proof) -> Result<Vec<Finding>, OpError> {
    let store = &ctx.app.store;
    let mut found = proof.findings();
    for posting in found.iter().filter_map(|f| match f {
        Finding::Unbalanced { posting, .. } => Some(*posting),
        _ => None,
    }) {
        // A posting that was committed while its ids were read past is whole by now.
        let rows = store.ledger_of_posting(posting).await?;
        if rows.iter().map(|row| row.amount).sum::<i64>() == 0 {
            return Box::pin(whole(ctx)).await;
        }
    }
    let mut drifted = drift(ctx, proof).await?;
    for _ in 0..AGAIN {
        if drifted.is_empty() {
            break;
        }
        tokio::time::sleep(WAIT).await;
        drifted = drift(ctx, &totals(ctx).await?).await?;
    }
    found.extend(drifted);
    Ok(found)
}

/// The lines once more, up to a moment ago.
async fn whole(ctx: &Ctx) -> Result<Vec<Finding>, OpError> {
    tokio::time::sleep(WAIT).await;
    let proof = totals(ctx).await?;
    let mut found = proof.findings();
    found.extend(drift(ctx, &proof).await?);
    Ok(found)
}

async fn totals(ctx: &Ctx) -> Result<Proof, OpError> {
    let mut proof = Proof::default();
    let mut last = 0;
    loop {
        let rows = ctx.app.store.ledger_after(last, i64::MAX, PAGE).await?;
        rows.iter().for_each(|row| proof.line(&line(row)));
        match rows.last() {
            Some(row) if rows.len() as i64 == PAGE => last = row.id,
            _ => return Ok(proof),
        }
    }
}

async fn drift(ctx: &Ctx, proof: &Proof) -> Result<Vec<Finding>, OpError> {
    let kept = ctx.app.store.trial_balance().await?;
    let kept: BTreeMap<(String, String), i64> = kept.into_iter().map(|(a, c, amount)| ((a, c), amount)).collect();
    Ok(proof.kept(&kept))
}

impl Audit {
    /// The sum of each currency: zero in every sound book.
    pub fn sums(&self) -> BTreeMap<&str, i64> {
        let mut sums = BTreeMap::new();
        for ((_, currency), amount) in &self.balances {
            *sums.entry(currency.as_str()).or_default() += amount;
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::App;
    use crate::store::{Changeset, StoreConfig};

    async fn book(ctx: &Ctx, posting: i64, reverses: Option<i64>, lines: &[(&str, i64)]) {
        let app = &ctx.app;
        // The lines of a posting are of its millisecond.
        let now = crate::kernel::ids::made_at(posting);
        let mut cs = Changeset::new(app.ids.next(now), now.0);
        for (account, amount) in lines {
            cs.insert_ledger_entry(&LedgerRow {
                id: app.ids.next(now),
                posting_id: posting,
                order_id: None,
                cause: "test".to_owned(),
                about: None,
                reverses,
                account: (*account).to_owned(),
                currency: "EUR".to_owned(),
                amount: *amount,
                at: now.0,
            });
        }
        app.store.commit(cs).await.expect("booked");
    }

    #[tokio::test]
    async fn what_does_not_balance_is_told() {
        let dir = tempfile::tempdir().expect("a folder");
        let config = StoreConfig::Sqlite { dir: dir.path().to_owned(), exclusive: true, inline: false };
        let app = App::open(config, true).await.expect("opens");
        let ctx = Ctx::system(&app, &app.clock);
        let mut seen = 0;
        let clean = audit(&ctx, |lines, _| seen = lines).await.expect("audited");
        assert_eq!((clean.findings, seen), (vec![], 0));

        let (sale, back) = (app.ids.next(app.clock.now()), app.ids.next(app.clock.now()));
        book(&ctx, sale, None, &[("bank", 500), ("provider/clearing", -500)]).await;
        book(&ctx, back, Some(sale), &[("bank", -500), ("provider/clearing", 500)]).await;
        assert_eq!(audit(&ctx, |_, _| ()).await.expect("audited").findings, vec![], "an exact reversal");

        let odd = app.ids.next(app.clock.now());
        book(&ctx, odd, None, &[("bank", 7)]).await;
        let found = audit(&ctx, |_, _| ()).await.expect("audited").findings;
        let currency = || "EUR".to_owned();
        assert_eq!(
            found,
            [
                Finding::Unbalanced { posting: odd, currency: currency(), off: 7 },
                Finding::Book { currency: currency(), off: 7 }
            ]
        );
        let text = super::super::explain(&found[0], &|_| None);
        assert!(text.contains("EUR") && text.contains("do not sum to zero"), "{text}");
    }
}
