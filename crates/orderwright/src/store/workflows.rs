//! Published workflow versions: named by content, immutable.

use super::{Changeset, Result, Store, changeset::Label, registry::Stmt, value::row};

row! {
    /// One version.
    pub struct WorkflowRow {
        /// The hash that names it.
        version: String,
        /// The workflow.
        name: String,
        /// The file's text.
        body: String,
        /// When it was published.
        created_at: i64,
    }
}

impl Store {
    /// The version with this name.
    pub async fn find_workflow(&self, version: &str) -> Result<Option<WorkflowRow>> {
        self.inner.row(Stmt::WorkflowGet, &[version.into()]).await
    }

    /// All versions, oldest first.
    pub async fn workflows(&self) -> Result<Vec<WorkflowRow>> {
        self.inner.list_stmt(Stmt::WorkflowAll, vec![]).await
    }
}

impl Changeset {
    /// Publishes a version; one that is there already stays as it is.
    pub fn insert_workflow(&mut self, workflow: &WorkflowRow) -> &mut Self {
        self.push(Stmt::WorkflowInsert, Label::Other("workflow_version"), workflow.vals())
    }
}
