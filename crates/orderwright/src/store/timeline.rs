//! The timeline of an order: what happened, oldest first, each entry chained to the one before it by its hash.

use super::{Changeset, Result, Store, changeset::Label, registry::Stmt, value::row};

row! {
    /// One entry.
    pub struct TimelineRow {
        /// The order.
        order_id: i64,
        /// Its place in the order's timeline.
        seq: i64,
        /// Its id.
        id: i64,
        /// When it happened.
        at: i64,
        /// The kind of event (`type` in the API).
        kind: String,
        /// What is shown.
        message: String,
        /// More about it (JSON).
        metadata: Option<String>,
        /// Who did it.
        created_by: Option<String>,
        /// Whether the customer sees it.
        is_public: bool,
        /// The only merchant who sees it; None is for all of them.
        merchant_id: Option<i64>,
        /// The hash over this entry and the one before it.
        hash: Vec<u8>,
    }
}

impl Store {
    /// The entries after `after_seq`, oldest first: only the public ones, and only what this merchant sees, if asked so.
    pub async fn list_timeline(
        &self,
        order_id: i64,
        after_seq: i64,
        limit: i64,
        public_only: bool,
        for_merchant: Option<i64>,
    ) -> Result<Vec<TimelineRow>> {
        let vals = [order_id.into(), after_seq.into(), limit.into(), public_only.into(), for_merchant.into()];
        self.inner.rows(Stmt::TimelineList, &vals).await
    }

    /// The place and hash of an order's last entry, which the next one is chained to.
    pub async fn timeline_head(&self, order_id: i64) -> Result<Option<(i64, Vec<u8>)>> {
        self.inner.row(Stmt::TimelineHead, &[order_id.into()]).await
    }
}

impl Changeset {
    /// Appends an entry.
    pub fn insert_timeline(&mut self, entry: &TimelineRow) -> &mut Self {
        self.push(Stmt::TimelineInsert, Label::Other("timeline"), entry.vals())
    }
}
