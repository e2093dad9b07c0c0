//! What parties are due of which order, and the orders that are to be looked at for it.

use crate::store::{Changeset, Result, Store, changeset::Label, registry::Stmt, value::row};

row! {
    /// What an order is worth to a party. Minor units; what the party gets is positive.
    pub struct PayoutDueRow {
        /// Whose: the party's ledger account.
        party: String,
        /// The order.
        order_id: i64,
        /// Its channel.
        channel: String,
        /// ISO 4217.
        currency: String,
        /// Its number.
        number: String,
        /// Shares that are due, since the order began.
        share: i64,
        /// Its part of refunds.
        refund: i64,
        /// Fees.
        fee: i64,
        /// Chargebacks and the rest.
        other: i64,
        /// What of each went into payouts.
        paid_share: i64,
        /// The same of refunds.
        paid_refund: i64,
        /// The same of fees.
        paid_fee: i64,
        /// The same of the rest.
        paid_other: i64,
        /// Whether something is to be paid, or given back.
        open: bool,
    }
}

row! {
    /// An order that is to be looked at.
    pub struct WatchRow {
        /// The order.
        order_id: i64,
        /// When; 0 is at once.
        look_at: i64,
    }
}

impl Store {
    /// How far the feed was read, and the number of the run that may write.
    pub async fn payout_head(&self) -> Result<(i64, i64)> {
        Ok(self.inner.row(Stmt::PayoutHead, &[]).await?.unwrap_or((0, 0)))
    }

    /// Changes of orders after a position of the feed: position and order.
    pub async fn order_changes_after(&self, position: i64, limit: i64) -> Result<Vec<(i64, i64)>> {
        self.inner.list_stmt(Stmt::PayoutFeed, vec![position.into(), limit.into()]).await
    }

    /// Orders that are to be looked at by an instant.
    pub async fn payout_watch(&self, by: i64, limit: i64) -> Result<Vec<WatchRow>> {
        self.inner.rows(Stmt::PayoutWatchDue, &[by.into(), limit.into()]).await
    }

    /// Parties after one of them for whom there is something to do in a channel: what is due, what is to be released by `by`, what waits.
    pub async fn payout_parties(&self, channel: &str, after: &str, by: i64, limit: i64) -> Result<Vec<String>> {
        let vals = vec![channel.into(), after.into(), by.into(), limit.into()];
        self.inner.list_stmt(Stmt::PayoutParties, vals).await
    }

    /// What is due to a party in a channel, by order, after one of them.
    pub async fn open_payout_dues(
        &self,
        channel: &str,
        party: &str,
        after: i64,
        limit: i64,
    ) -> Result<Vec<PayoutDueRow>> {
        let vals = vec![channel.into(), party.into(), after.into(), limit.into()];
        self.inner.list_stmt(Stmt::PayoutDueOpen, vals).await
    }
}

impl Changeset {
    /// Takes the right to write from whoever had it.
    pub fn take_payout_head(&mut self, fence: i64) -> &mut Self {
        self.guard(Stmt::PayoutHeadTake, Label::Other("payout_head"), [fence.into(), (fence + 1).into()])
    }

    /// The rest counts only if nobody took the right to write since.
    pub fn hold_payout_head(&mut self, fence: i64) -> &mut Self {
        self.guard(Stmt::PayoutHeadHold, Label::Other("payout_head"), [fence.into()])
    }

    /// The same, and the feed was read up to there.
    pub fn advance_payout_head(&mut self, fence: i64, position: i64) -> &mut Self {
        self.guard(Stmt::PayoutHeadAdvance, Label::Other("payout_head"), [fence.into(), position.into()])
    }

    /// An order is to be looked at.
    pub fn watch_for_payout(&mut self, order: i64, look_at: i64) -> &mut Self {
        self.push(Stmt::PayoutWatchPut, Label::Other("payout_watch"), [order.into(), look_at.into()])
    }

    /// An order needs no look until something happens to it.
    pub fn unwatch_for_payout(&mut self, order: i64) -> &mut Self {
        self.push(Stmt::PayoutWatchDelete, Label::Other("payout_watch"), [order.into()])
    }

    /// Keeps what an order is worth to a party. Of what is held, only what has become less is open.
    pub fn put_payout_due(&mut self, due: &PayoutDueRow, is_held: bool) -> &mut Self {
        let vals = [
            due.party.as_str().into(),
            due.order_id.into(),
            due.channel.as_str().into(),
            due.currency.as_str().into(),
            due.number.as_str().into(),
            due.share.into(),
            due.refund.into(),
            due.fee.into(),
            due.other.into(),
            due.open.into(),
            is_held.into(),
        ];
        self.push(Stmt::PayoutDuePut, Label::Other("payout_due"), vals)
    }

    /// All of what is due went into a payout, if it is still what was read.
    pub fn take_payout_due(&mut self, due: &PayoutDueRow) -> &mut Self {
        let vals = [
            due.party.as_str().into(),
            due.order_id.into(),
            due.share.into(),
            due.refund.into(),
            due.fee.into(),
            due.other.into(),
            due.paid_share.into(),
            due.paid_refund.into(),
            due.paid_fee.into(),
            due.paid_other.into(),
        ];
        self.guard(Stmt::PayoutDueTake, Label::Other("payout_due"), vals)
    }
}
