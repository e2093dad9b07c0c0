//! What payment providers tell by webhook, each event once, and the accounts that parties have with them.
//!
//! What is not here: what an event means, and whether it is to be believed.

use super::{Changeset, Result, Store, changeset::Label, registry::Stmt, value::row};

row! {
    /// An event of a provider.
    pub struct ProviderEventRow {
        /// Our id.
        id: i64,
        /// `stripe`, `razorpay`.
        provider: String,
        /// The provider's id; each is kept once.
        event_id: String,
        /// `payment_intent.succeeded`.
        kind: String,
        /// What it is about (JSON).
        object: String,
        /// SHA-256 of the raw body.
        digest: Vec<u8>,
        /// What is kept of the body (JSON).
        body: String,
        /// received, done, ignored, parked or refused.
        state: String,
        /// Why it is in that state, for people.
        note: Option<String>,
        /// The order that it turned out to be about.
        order_id: Option<i64>,
        /// When it happened, by the provider's clock.
        created_at: i64,
        /// When it came.
        received_at: i64,
    }
}

row! {
    /// A party's account at a provider.
    pub struct ProviderAccountRow {
        /// The party's ledger account.
        party: String,
        /// The provider.
        provider: String,
        /// The provider's id.
        account: String,
        /// How it stands (JSON).
        state: String,
        /// When that was said.
        updated_at: i64,
    }
}

impl Store {
    /// Whether an event has come before.
    pub async fn knows_provider_event(&self, provider: &str, event_id: &str) -> Result<bool> {
        let found: Option<i64> = self.inner.row(Stmt::ProviderEventKnown, &[provider.into(), event_id.into()]).await?;
        Ok(found.is_some())
    }

    /// The event with our id.
    pub async fn find_provider_event(&self, id: i64) -> Result<Option<ProviderEventRow>> {
        self.inner.row(Stmt::ProviderEventFind, &[id.into()]).await
    }

    /// Events after an id, in the order in which they came.
    pub async fn list_provider_events(
        &self,
        state: Option<&str>,
        provider: Option<&str>,
        after: i64,
        limit: i64,
    ) -> Result<Vec<ProviderEventRow>> {
        let vals = vec![state.into(), provider.into(), after.into(), limit.into()];
        self.inner.list_stmt(Stmt::ProviderEventList, vals).await
    }

    /// A party's account.
    pub async fn find_provider_account(&self, party: &str, provider: &str) -> Result<Option<ProviderAccountRow>> {
        self.inner.row(Stmt::ProviderAccountFind, &[party.into(), provider.into()]).await
    }

    /// Whose account that is.
    pub async fn provider_account_of(&self, provider: &str, account: &str) -> Result<Option<ProviderAccountRow>> {
        self.inner.row(Stmt::ProviderAccountOf, &[provider.into(), account.into()]).await
    }

    /// Accounts after one of them, by party and provider.
    pub async fn list_provider_accounts(&self, after: (&str, &str), limit: i64) -> Result<Vec<ProviderAccountRow>> {
        self.inner.list_stmt(Stmt::ProviderAccountList, vec![after.0.into(), after.1.into(), limit.into()]).await
    }
}

impl Changeset {
    /// Keeps an event; whoever brings it a second time is refused.
    pub fn insert_provider_event(&mut self, event: &ProviderEventRow) -> &mut Self {
        self.push(Stmt::ProviderEventInsert, Label::Other("provider_event"), event.vals())
    }

    /// Says what became of an event.
    pub fn settle_provider_event(&mut self, id: i64, state: &str, note: Option<&str>, order: Option<i64>) -> &mut Self {
        let vals = [id.into(), state.into(), note.into(), order.into()];
        self.guard(Stmt::ProviderEventSettle, Label::Other("provider_event"), vals)
    }

    /// Keeps a party's account and how it stands.
    pub fn put_provider_account(&mut self, account: &ProviderAccountRow) -> &mut Self {
        self.push(Stmt::ProviderAccountPut, Label::Other("provider_account"), account.vals())
    }
}
