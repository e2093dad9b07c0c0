//! Answers kept for `Idempotency-Key`. What is not here: which answers are kept and for how long.

use super::{Changeset, Result, Store, changeset::Label, registry::Stmt, value::row};

row! {
    /// One key.
    pub struct IdempotencyRow {
        /// The digest of actor, method, path and key.
        digest: Vec<u8>,
        /// The digest of the request's body.
        request: Vec<u8>,
        /// The order that the request made, so that the answer can be made again after a crash.
        order_id: Option<i64>,
        /// The answer's status; None while the first request runs.
        status: Option<i64>,
        /// The answer's body (JSON).
        response: Option<String>,
        /// When the first request came.
        created_at: i64,
    }
}

impl Store {
    /// What is known of a key.
    pub async fn find_idempotency(&self, digest: &[u8]) -> Result<Option<IdempotencyRow>> {
        self.inner.row(Stmt::IdempotencyFind, &[digest.into()]).await
    }

    /// Keeps the answer of a key; false when the key is not known (any more).
    pub async fn complete_idempotency(&self, digest: &[u8], status: i64, response: &str) -> Result<bool> {
        let vals = vec![digest.into(), status.into(), response.into()];
        Ok(!self.inner.write_rows::<i64>(Stmt::IdempotencyComplete, vals).await?.is_empty())
    }

    /// Forgets a key, so that the request may be tried again.
    pub async fn delete_idempotency(&self, digest: &[u8]) -> Result<()> {
        self.inner.write_rows::<i64>(Stmt::IdempotencyDelete, vec![digest.into()]).await?;
        Ok(())
    }

    /// Forgets keys from before an instant, so many at a time; how many those were.
    pub async fn expire_idempotency(&self, before: i64, limit: i64) -> Result<usize> {
        Ok(self.inner.write_rows::<i64>(Stmt::IdempotencyAge, vec![before.into(), limit.into()]).await?.len())
    }
}

impl Changeset {
    /// Takes a key; whoever comes second is refused.
    pub fn insert_idempotency(&mut self, row: &IdempotencyRow) -> &mut Self {
        self.push(Stmt::IdempotencyInsert, Label::IdempotencyKey, row.vals())
    }
}
