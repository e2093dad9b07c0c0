//! API tokens: only the digest of the secret is kept. What is not here: making secrets and checking them.

use super::{Changeset, Result, Store, changeset::Label, registry::Stmt, value::row};

row! {
    /// One token.
    pub struct TokenRow {
        /// Its id, a part of the token itself.
        id: i64,
        /// The digest of the secret.
        digest: Vec<u8>,
        /// The role that it gives.
        role: String,
        /// The merchant, customer or member of staff that it speaks for.
        subject: Option<i64>,
        /// The channel that it is bound to.
        channel: Option<String>,
        /// What people call it.
        label: String,
        /// When it was made.
        created_at: i64,
        /// When it ends.
        expires_at: Option<i64>,
        /// When it was taken back.
        revoked_at: Option<i64>,
        /// The party whose money it reads: its ledger account, `party/brand/…`.
        party: Option<String>,
    }
}

impl Store {
    /// The token with this id.
    pub async fn find_token(&self, id: i64) -> Result<Option<TokenRow>> {
        self.inner.row(Stmt::TokenFind, &[id.into()]).await
    }

    /// Tokens after an id, in the order of their ids.
    pub async fn list_tokens(&self, after: i64, limit: i64) -> Result<Vec<TokenRow>> {
        self.inner.list_stmt(Stmt::TokenList, vec![after.into(), limit.into()]).await
    }
}

impl Changeset {
    /// Adds a token.
    pub fn insert_token(&mut self, token: &TokenRow) -> &mut Self {
        self.push(Stmt::TokenInsert, Label::Other("token"), token.vals())
    }

    /// Takes a token back, if it has not been yet.
    pub fn revoke_token(&mut self, id: i64, at: i64) -> &mut Self {
        self.guard(Stmt::TokenRevoke, Label::Other("token"), [id.into(), at.into()])
    }
}
