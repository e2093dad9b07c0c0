//! Published workflow versions, named by content and immutable, and the history of who published which text when.

use super::{Changeset, Result, Store, changeset::Label, registry::Stmt, value::row};

row! {
    /// One version, with the first text that it was published as.
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

row! {
    /// One act of publishing.
    pub struct PublicationRow {
        /// Its place in the history, from 1.
        seq: i64,
        /// The version that the text is.
        version: String,
        /// The workflow.
        name: String,
        /// Digest of the text, in hex: tells texts apart.
        digest: String,
        /// The file's text.
        body: String,
        /// Who published it.
        published_by: String,
        /// Why, if that was said.
        note: Option<String>,
        /// When.
        at: i64,
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

    /// What was published after a place in the history, oldest first.
    pub async fn publications_after(&self, seq: i64) -> Result<Vec<PublicationRow>> {
        self.inner.list_stmt(Stmt::WorkflowPublicationsAfter, vec![seq.into()]).await
    }

    /// The last place in the history; 0 when nothing was published.
    pub async fn publication_head(&self) -> Result<i64> {
        Ok(self.inner.row::<Option<i64>>(Stmt::WorkflowPublicationHead, &[]).await?.flatten().unwrap_or(0))
    }
}

impl Changeset {
    /// Publishes a version; one that is there already stays as it is.
    pub fn insert_workflow(&mut self, workflow: &WorkflowRow) -> &mut Self {
        self.push(Stmt::WorkflowInsert, Label::Other("workflow_version"), workflow.vals())
    }

    /// Writes an act of publishing down; a place in the history that is taken is a duplicate of `Publication`.
    pub fn insert_publication(&mut self, publication: &PublicationRow) -> &mut Self {
        self.push(Stmt::WorkflowPublicationInsert, Label::Publication, publication.vals())
    }
}
