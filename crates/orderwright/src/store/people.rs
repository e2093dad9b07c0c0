//! Customers, and the contacts that hold people's data: the only place that does.
//!
//! The lower-cased keys that people are searched for by are made here, one rule for both engines. What is not here:
//! digests of e-mail addresses (the caller makes them).

use std::collections::HashMap;

use super::{
    Changeset, Result, Store,
    changeset::Label,
    in_list,
    registry::Stmt,
    value::{Val, row},
};

row! {
    /// A customer of a channel.
    pub struct CustomerRow {
        /// The id.
        id: i64,
        /// The channel.
        channel: String,
        /// The digest of the lower-cased e-mail.
        email_digest: Vec<u8>,
        /// When it was first seen.
        created_at: i64,
    }
}

row! {
    /// A contact or a postal address.
    pub struct ContactRow {
        /// Its id.
        id: i64,
        /// The customer that it is of.
        subject: i64,
        /// The name.
        name: String,
        /// The e-mail, as it was given.
        email: Option<String>,
        /// The phone number.
        phone: Option<String>,
        /// The postal address (JSON).
        address: Option<String>,
    }
}

/// What a name or an e-mail is searched for by.
pub(super) fn search_key(text: &str) -> String {
    text.trim().to_lowercase()
}

impl Store {
    /// The customer with this id.
    pub async fn find_customer(&self, id: i64) -> Result<Option<CustomerRow>> {
        self.inner.row(Stmt::CustomerFind, &[id.into()]).await
    }

    /// The customer of a channel with this digest of an e-mail.
    pub async fn find_customer_by_email(&self, channel: &str, email_digest: &[u8]) -> Result<Option<CustomerRow>> {
        self.inner.row(Stmt::CustomerFindByEmail, &[channel.into(), email_digest.into()]).await
    }

    /// Contacts and addresses of a customer, at most so many.
    pub async fn contacts_of_customer(&self, customer_id: i64, limit: i64) -> Result<Vec<ContactRow>> {
        self.inner.list_stmt(Stmt::ContactOfCustomer, vec![customer_id.into(), limit.into()]).await
    }

    /// The contacts with these ids; what is not known (any more) is missing.
    pub async fn find_contacts(&self, ids: &[i64]) -> Result<HashMap<i64, ContactRow>> {
        let mut found = HashMap::with_capacity(ids.len());
        // In slices, since an engine bounds the parameters of one statement.
        for ids in ids.chunks(500) {
            let mut vals: Vec<Val> = Vec::with_capacity(ids.len());
            let list = in_list(&mut vals, ids.iter().map(|id| (*id).into()));
            let text = format!("SELECT id, subject, name, email, phone, address FROM contact WHERE id IN {list}");
            let rows: Vec<ContactRow> = self.inner.rows_of(&text, &vals).await?;
            found.extend(rows.into_iter().map(|contact| (contact.id, contact)));
        }
        Ok(found)
    }
}

impl Changeset {
    /// Adds a customer; the second one with an e-mail in a channel is refused.
    pub fn insert_customer(&mut self, customer: &CustomerRow) -> &mut Self {
        self.push(Stmt::CustomerInsert, Label::CustomerEmail, customer.vals())
    }

    /// Adds a contact; one that is there already stays as it is.
    pub fn insert_contact(&mut self, contact: &ContactRow) -> &mut Self {
        let keys = [search_key(&contact.name).into(), contact.email.as_deref().map(search_key).into()];
        self.push(Stmt::ContactInsert, Label::Other("contact"), contact.vals().chain(keys))
    }
}
