//! Migrations of orders in flight: how far each has come, and what it did to each order.
//!
//! The row of an order is written in the changeset that moves the order, so none is moved twice and each can be put back.

use super::{Changeset, Result, Store, changeset::Label, registry::Stmt, value::row};

row! {
    /// A migration.
    pub struct MigrationRow {
        /// Its id.
        id: i64,
        /// The workflow.
        name: String,
        /// running, done, undoing, undone
        state: String,
        /// The pair of versions that it is at.
        cursor_version: String,
        /// The last order of that pair that it has looked at.
        cursor_id: i64,
        /// What it does (JSON).
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
    /// What a migration did to an order.
    pub struct MigrationOrderRow {
        /// The migration.
        migration_id: i64,
        /// The order.
        order_id: i64,
        /// moved, undone
        outcome: String,
        /// Where its machines stood before and after (JSON).
        body: String,
    }
}

impl Store {
    /// The migration with this id.
    pub async fn find_migration(&self, id: i64) -> Result<Option<MigrationRow>> {
        self.inner.row(Stmt::MigrationFind, &[id.into()]).await
    }

    /// Migrations before an id, the newest first.
    pub async fn list_migrations(&self, before: i64, limit: i64) -> Result<Vec<MigrationRow>> {
        self.inner.list_stmt(Stmt::MigrationList, vec![before.into(), limit.into()]).await
    }

    /// What a migration did, by order: after one, at most `limit`.
    pub async fn migration_orders(&self, id: i64, after: i64, limit: i64) -> Result<Vec<MigrationOrderRow>> {
        self.inner.list_stmt(Stmt::MigrationOrders, vec![id.into(), after.into(), limit.into()]).await
    }
}

impl Changeset {
    /// Begins a migration.
    pub fn insert_migration(&mut self, migration: &MigrationRow) -> &mut Self {
        self.push(Stmt::MigrationInsert, Label::Other("workflow_migration"), migration.vals())
    }

    /// Writes down how far a migration has come, if it is still in `expected_state`: state, place and body.
    pub fn advance_migration(&mut self, migration: &MigrationRow, expected_state: &str) -> &mut Self {
        let vals = [
            migration.id.into(),
            migration.state.as_str().into(),
            migration.cursor_version.as_str().into(),
            migration.cursor_id.into(),
            migration.body.as_str().into(),
            migration.updated_at.into(),
            expected_state.into(),
        ];
        self.guard(Stmt::MigrationAdvance, Label::Other("workflow_migration"), vals)
    }

    /// Writes down what a migration did to an order; one that was moved before is a duplicate of `MigrationOrder`.
    pub fn insert_migration_order(&mut self, order: &MigrationOrderRow) -> &mut Self {
        self.push(Stmt::MigrationOrderInsert, Label::MigrationOrder, order.vals())
    }

    /// Takes it back; one that was not moved, or put back before, is a conflict of `MigrationOrder`.
    pub fn undo_migration_order(&mut self, migration: i64, order: i64) -> &mut Self {
        self.guard(Stmt::MigrationOrderUndo, Label::MigrationOrder, [migration.into(), order.into()])
    }
}
