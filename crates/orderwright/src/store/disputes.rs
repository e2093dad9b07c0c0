//! Disputes as lists need them, and what was written in them.
//!
//! The truth about a dispute is its order's document; the row here is written with it in one changeset. What is not here: who may read what.

use super::{
    Changeset, Result, Store,
    changeset::Label,
    registry::Stmt,
    value::{Val, row},
};

row! {
    /// A dispute.
    pub struct DisputeRow {
        /// Its id.
        id: i64,
        /// Of which order.
        order_id: i64,
        /// That order's number.
        order_number: String,
        /// Its channel.
        channel: String,
        /// Its currency.
        currency: String,
        /// Its customer.
        customer_id: i64,
        /// The merchant whose items it is about; None for a chargeback.
        merchant_id: Option<i64>,
        /// claim or chargeback.
        kind: String,
        /// The public status.
        status: String,
        /// Whether it is not over: 1 or 0.
        undecided: i64,
        /// Until when it is to be answered.
        respond_by: Option<i64>,
        /// The dispute as the order's document has it (JSON).
        body: String,
    }
}

row! {
    /// A message or a piece of evidence.
    pub struct DisputeNoteRow {
        /// Its id.
        id: i64,
        /// In which dispute.
        dispute_id: i64,
        /// Of which order.
        order_id: i64,
        /// The kind of evidence; None for a message.
        evidence: Option<String>,
        /// Which side wrote it.
        side: String,
        /// Who reads it beside the operator: all, customer, merchant or operator.
        readers: String,
        /// The text.
        text: String,
        /// Addresses (a JSON list).
        links: String,
        /// Who wrote it.
        created_by: String,
        /// When.
        at: i64,
    }
}

/// Which disputes are wanted; what is None does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DisputeFilter {
    /// Of this channel.
    pub channel: Option<String>,
    /// About items of this merchant.
    pub merchant_id: Option<i64>,
    /// Of this customer.
    pub customer_id: Option<i64>,
    /// Of this order.
    pub order_id: Option<i64>,
    /// claim or chargeback.
    pub kind: Option<String>,
    /// With this status.
    pub status: Option<String>,
    /// Whether it is not over.
    pub undecided: Option<bool>,
    /// To be answered before.
    pub respond_before: Option<i64>,
    /// Only of orders that were sent to the dispute's merchant: a merchant sees no other.
    pub routed: bool,
}

impl Store {
    /// The dispute with this id.
    pub async fn find_dispute(&self, id: i64) -> Result<Option<DisputeRow>> {
        self.inner.row(Stmt::DisputeFind, &[id.into()]).await
    }

    /// Disputes before an id, the newest first.
    pub async fn list_disputes(&self, filter: &DisputeFilter, before: i64, limit: i64) -> Result<Vec<DisputeRow>> {
        let text = |value: &Option<String>| -> Val { value.as_deref().into() };
        let vals = vec![
            before.into(),
            limit.into(),
            text(&filter.channel),
            filter.merchant_id.into(),
            filter.customer_id.into(),
            filter.order_id.into(),
            text(&filter.kind),
            text(&filter.status),
            filter.undecided.map(i64::from).into(),
            filter.respond_before.into(),
            filter.routed.into(),
        ];
        self.inner.list_stmt(Stmt::DisputeList, vals).await
    }

    /// What was written in a dispute after an id, oldest first: messages, or evidence, or both; of what `reader` reads, if it is not the
    /// operator.
    pub async fn list_dispute_notes(
        &self,
        dispute_id: i64,
        after: i64,
        limit: i64,
        evidence: Option<bool>,
        reader: Option<&str>,
    ) -> Result<Vec<DisputeNoteRow>> {
        let vals = vec![dispute_id.into(), after.into(), limit.into(), evidence.map(i64::from).into(), reader.into()];
        self.inner.list_stmt(Stmt::DisputeNoteList, vals).await
    }
}

impl Changeset {
    /// Writes a dispute's row, new or changed.
    pub fn put_dispute(&mut self, dispute: &DisputeRow) -> &mut Self {
        self.push(Stmt::DisputePut, Label::Other("dispute"), dispute.vals())
    }

    /// Adds what was written in a dispute.
    pub fn insert_dispute_note(&mut self, note: &DisputeNoteRow) -> &mut Self {
        self.push(Stmt::DisputeNoteInsert, Label::Other("dispute_note"), note.vals())
    }
}
