//! The sequencer and the event feed.
//!
//! Outbox rows are committed without a number, since on PostgreSQL the order of a sequence is not the order of commits.
//! Afterwards one sequencer at a time numbers them densely, per order by version, and folds their changes of status into
//! the kept counters and what they add to accounts into the kept balances, all in one transaction. What is not here: when it runs, and who reads the feed.

use super::{Changeset, Result, Store, changeset::Label, in_list, registry::Stmt, value::row};

row! {
    /// One row of the feed: what one changeset told the world.
    pub struct EventRow {
        /// Its place in the feed, without gaps from 1.
        position: i64,
        /// The changeset's id.
        id: i64,
        /// When it was decided.
        at: i64,
        /// The order, if it is about one.
        order_id: Option<i64>,
        /// The order's version.
        order_version: Option<i64>,
        /// The order's channel.
        channel: Option<String>,
        /// The order's status before.
        from_status: Option<String>,
        /// The order's status after.
        to_status: Option<String>,
        /// The events (a JSON array).
        events: String,
    }
}

impl Store {
    /// Numbers about `limit` outbox rows that have no position yet; how many it numbered. Any node may call it at any
    /// time: they wait for each other.
    pub async fn sequence(&self, limit: i64) -> Result<usize> {
        if self.inner.row::<i64>(Stmt::OutboxWaiting, &[]).await?.is_none() {
            return Ok(0);
        }
        // The first statement takes the lock. Each one sees what was committed before it began, so the rows that another
        // sequencer has just numbered are seen as numbered.
        let mut upkeep = Changeset::upkeep();
        upkeep
            .push(Stmt::FeedLock, Label::Other("feed_head"), [])
            .counted(Stmt::FeedNumber, [limit.into()])
            .push(Stmt::FeedFold, Label::Other("counter"), [])
            .push(Stmt::FeedFoldLedger, Label::Other("ledger_balance"), [])
            .push(Stmt::FeedFoldLedgerDay, Label::Other("ledger_day"), [])
            .push(Stmt::FeedAdvance, Label::Other("feed_head"), []);
        Ok(usize::try_from(self.inner.commit(upkeep).await?).unwrap_or(usize::MAX))
    }

    /// The feed after a position.
    pub async fn events_after(&self, position: i64, limit: i64) -> Result<Vec<EventRow>> {
        self.inner.rows(Stmt::OutboxAfter, &[position.into(), limit.into()]).await
    }

    /// How many changesets have no position yet, and when the oldest of them was decided.
    pub async fn feed_lag(&self) -> Result<(i64, Option<i64>)> {
        Ok(self.inner.row(Stmt::OutboxLag, &[]).await?.unwrap_or((0, None)))
    }

    /// The last position of the feed.
    pub async fn feed_position(&self) -> Result<i64> {
        Ok(self.inner.row(Stmt::FeedPosition, &[]).await?.unwrap_or(0))
    }

    /// How many orders there are in these channels and statuses (an empty list means all of them), without counting
    /// them: the kept counters and what the sequencer has not folded yet, in one snapshot.
    pub async fn count_orders(&self, channels: &[&str], statuses: &[&str]) -> Result<i64> {
        let mut vals = Vec::with_capacity(channels.len() + statuses.len());
        let mut kept = String::from("SELECT SUM(orders) FROM counter WHERE 1 = 1");
        let mut waiting_channels = String::new();
        let mut counts = "IS NOT NULL".to_owned();
        if !channels.is_empty() {
            let list = in_list(&mut vals, channels.iter().map(|c| (*c).into()));
            kept.push_str(&format!(" AND channel IN {list}"));
            waiting_channels = format!(" AND channel IN {list}");
        }
        if !statuses.is_empty() {
            let list = in_list(&mut vals, statuses.iter().map(|s| (*s).into()));
            kept.push_str(&format!(" AND status IN {list}"));
            counts = format!("IN {list}");
        }
        let text = format!(
            "SELECT CAST(COALESCE(({kept}), 0) + COALESCE((SELECT SUM(CASE WHEN to_status {counts} THEN 1 ELSE 0 END \
             - CASE WHEN from_status {counts} THEN 1 ELSE 0 END) FROM outbox \
             WHERE position IS NULL AND channel IS NOT NULL{waiting_channels}), 0) AS BIGINT)"
        );
        Ok(self.inner.rows_of::<i64>(&text, &vals).await?.pop().unwrap_or(0))
    }
}
