//! The proof that history and money are as they were written: each order's timeline is a chain of hashes, and the book is audited.
//!
//! An order's document keeps the hash of its last entry, and every entry's hash is made with the one before it: an entry that was changed,
//! left out or put in afterwards breaks the chain at its place. What is not here: the money's own proof (`ledger`).

use orderwright_core::decide::chain::{Link, entry_hash};
use orderwright_core::id::{EntryId, OrderId};
use orderwright_core::order::Order;
use orderwright_core::time::Timestamp;

use super::ledger;
use super::{Ctx, OpError};
use crate::store::{Scope, TimelineRow};

/// Orders that are read at once.
const ORDERS: i64 = 500;
/// Entries that are read at once.
const ENTRIES: i64 = 500;
/// Findings that are kept; the count is of all.
const KEPT: usize = 200;

/// What was verified.
#[derive(Clone, Debug, Default)]
pub struct Verified {
    /// Orders whose history was checked.
    pub orders: u64,
    /// Timeline entries read.
    pub entries: u64,
    /// Lines of the book read; 0 when one order alone was verified.
    pub lines: u64,
    /// What does not hold, at most 200.
    pub findings: Vec<String>,
    /// How many there are.
    pub broken: u64,
}

impl Verified {
    fn find(&mut self, finding: String) {
        self.broken += 1;
        if self.findings.len() < KEPT {
            self.findings.push(finding);
        }
    }
}

/// Verifies one order, or everything.
///
/// # Errors
/// [`OpError::NotFound`] for an order that is not there.
pub async fn verify(ctx: &Ctx, order: Option<OrderId>) -> Result<Verified, OpError> {
    let mut out = Verified::default();
    if let Some(id) = order {
        let row = ctx.app.store.order_bodies(&Scope::All, id.0 - 1, 1).await?.pop().filter(|(found, _)| *found == id.0);
        let (id, body) = row.ok_or(OpError::NotFound)?;
        chain(ctx, id, &body, &mut out).await?;
        return Ok(out);
    }
    let mut after = 0;
    loop {
        let rows = ctx.app.store.order_bodies(&Scope::All, after, ORDERS).await?;
        let Some((last, _)) = rows.last() else { break };
        after = *last;
        for (id, body) in &rows {
            chain(ctx, *id, body, &mut out).await?;
        }
    }
    let audit = ledger::audit(ctx, |_, _| ()).await?;
    out.lines = audit.lines;
    let number = |order: i64| audit.numbers.get(&order).cloned();
    audit.findings.iter().for_each(|f| out.find(ledger::explain(f, &number)));
    Ok(out)
}

/// One order's entries, from the first to the one that its document names.
async fn chain(ctx: &Ctx, id: i64, body: &str, out: &mut Verified) -> Result<(), OpError> {
    let order: Order = serde_json::from_str(body).map_err(|e| OpError::Internal(format!("order {id}: {e}")))?;
    out.orders += 1;
    let (mut hash, mut seq) = (String::new(), 0);
    // What was appended after the document was read is not its business.
    while seq < order.timeline_length {
        let rows = ctx.app.store.list_timeline(id, seq, ENTRIES, false, None).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows.iter().take_while(|row| row.seq <= order.timeline_length) {
            out.entries += 1;
            seq += 1;
            let expected = expected_hash(&hash, row);
            let kept = String::from_utf8_lossy(&row.hash);
            if row.seq != seq || expected.as_deref() != Some(&*kept) {
                out.find(format!(
                    "order {} ({}): entry {seq} of its timeline is not what was written, or one before it is missing",
                    order.number, order.id
                ));
                return Ok(());
            }
            hash = kept.into_owned();
        }
        if rows.last().is_some_and(|row| row.seq > order.timeline_length) {
            break;
        }
    }
    if (seq, &hash) != (order.timeline_length, &order.timeline_hash) {
        out.find(format!(
            "order {} ({}): its timeline has {seq} entries, its document says {}; entries are missing at its end",
            order.number, order.id, order.timeline_length
        ));
    }
    Ok(())
}

/// The hash that an entry must have; none when the row lacks what every entry has.
fn expected_hash(before: &str, row: &TimelineRow) -> Option<String> {
    let metadata = serde_json::from_str(row.metadata.as_deref()?).ok()?;
    let (id, at) = (EntryId(row.id), Timestamp(row.at));
    let (kind, message, created_by) = (&*row.kind, &*row.message, row.created_by.as_deref()?);
    Some(entry_hash(before, &Link { id, seq: row.seq, at, kind, message, metadata: &metadata, created_by }))
}
