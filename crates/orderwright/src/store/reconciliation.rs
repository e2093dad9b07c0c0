//! Reconciliations with providers: how far each has come, and the differences that it found.

use super::{Changeset, Result, Store, changeset::Label, registry::Stmt, value::row};

row! {
    /// A reconciliation.
    pub struct ReconciliationRow {
        /// Its id.
        id: i64,
        /// running, done
        state: String,
        /// How far it has come (JSON); it changes with every step, so that no step is taken twice.
        cursor: String,
        /// What was asked for, and the counts (JSON).
        body: String,
        /// Who began it.
        created_by: String,
        /// When.
        created_at: i64,
        /// When it was last heard of.
        updated_at: i64,
    }
}

row! {
    /// A difference that it found.
    pub struct DifferenceRow {
        /// The reconciliation.
        run_id: i64,
        /// Its place, from 1.
        seq: i64,
        /// The order, if it is about one.
        order_id: Option<i64>,
        /// What differs (JSON).
        body: String,
    }
}

impl Store {
    /// The reconciliation with this id.
    pub async fn find_reconciliation(&self, id: i64) -> Result<Option<ReconciliationRow>> {
        self.inner.row(Stmt::ReconciliationFind, &[id.into()]).await
    }

    /// Reconciliations before an id, the newest first.
    pub async fn list_reconciliations(&self, before: i64, limit: i64) -> Result<Vec<ReconciliationRow>> {
        self.inner.list_stmt(Stmt::ReconciliationList, vec![before.into(), limit.into()]).await
    }

    /// The differences of a reconciliation after one of them, in the order in which they were found.
    pub async fn reconciliation_differences(&self, run: i64, after: i64, limit: i64) -> Result<Vec<DifferenceRow>> {
        self.inner.list_stmt(Stmt::ReconciliationDifferences, vec![run.into(), after.into(), limit.into()]).await
    }
}

impl Changeset {
    /// Begins a reconciliation.
    pub fn insert_reconciliation(&mut self, run: &ReconciliationRow) -> &mut Self {
        self.push(Stmt::ReconciliationInsert, Label::Other("reconciliation_run"), run.vals())
    }

    /// Writes down how far it has come, if it still is where `cursor` says.
    pub fn advance_reconciliation(&mut self, run: &ReconciliationRow, cursor: &str) -> &mut Self {
        let vals = [
            run.id.into(),
            run.state.as_str().into(),
            run.cursor.as_str().into(),
            run.body.as_str().into(),
            run.updated_at.into(),
            cursor.into(),
        ];
        self.guard(Stmt::ReconciliationAdvance, Label::Other("reconciliation_run"), vals)
    }

    /// Writes a difference down.
    pub fn insert_difference(&mut self, difference: &DifferenceRow) -> &mut Self {
        self.push(Stmt::ReconciliationDifferenceInsert, Label::Other("reconciliation_difference"), difference.vals())
    }
}
