//! Ids of the outside world, so that an import that runs twice changes nothing.

use super::{Changeset, Result, Store, changeset::Label, registry::Stmt, value::row};

row! {
    /// What an outside id stands for here.
    pub struct ExternalRefRow {
        /// The id out there.
        external_id: String,
        /// The id in here.
        id: i64,
    }
}

impl Store {
    /// The id that an outside id of a source stands for.
    pub async fn external_ref(&self, source: &str, external_id: &str) -> Result<Option<i64>> {
        self.inner.row(Stmt::ExternalRefGet, &[source.into(), external_id.into()]).await
    }

    /// A source's outside ids after one of them, in their order.
    pub async fn list_external_refs(&self, source: &str, after: &str, limit: i64) -> Result<Vec<ExternalRefRow>> {
        self.inner.list_stmt(Stmt::ExternalRefList, vec![source.into(), after.into(), limit.into()]).await
    }
}

impl Changeset {
    /// Notes an outside id; whoever comes second is refused.
    pub fn insert_external_ref(&mut self, source: &str, external_id: &str, id: i64) -> &mut Self {
        self.push(Stmt::ExternalRefInsert, Label::ExternalRef, [source.into(), external_id.into(), id.into()])
    }
}
