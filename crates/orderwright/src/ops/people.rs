//! People: who a request is from, their contacts and addresses. Names, e-mails and phone numbers go into the contact table and nowhere else.
//!
//! A contact is named by its content and its subject, so the same address given a hundred times is one row.

use std::collections::HashMap;

use orderwright_core::actor::Role;
use orderwright_core::id::{AddressId, CustomerId};
use orderwright_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Ctx, FieldError, OpError};
use crate::kernel::digest;
use crate::store::{Changeset, CommitError, ContactRow, CustomerRow, Guard};

/// How to reach somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Contact {
    /// E-mail address.
    pub email: String,
    /// Full name.
    pub name: String,
    /// Phone number.
    #[serde(default)]
    pub phone: Option<String>,
}

/// A postal address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Address {
    /// Who receives.
    pub name: String,
    /// Company.
    #[serde(default)]
    pub company: Option<String>,
    /// Street and number.
    pub line1: String,
    /// More of it.
    #[serde(default)]
    pub line2: Option<String>,
    /// City.
    pub city: String,
    /// State or region.
    #[serde(default)]
    pub state: Option<String>,
    /// Postal code.
    pub postal_code: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Phone number.
    #[serde(default)]
    pub phone: Option<String>,
}

/// The longest text of a contact or an address.
pub const MAX_TEXT: usize = 200;

impl Contact {
    /// What is wrong with it.
    pub fn check(&self, pointer: &str) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        text(&mut wrong, &format!("{pointer}/name"), &self.name, true);
        text(&mut wrong, &format!("{pointer}/email"), &self.email, true);
        let parts: Vec<&str> = self.email.split('@').collect();
        if parts.len() != 2 || parts.iter().any(|p| p.is_empty() || p.contains(char::is_whitespace)) {
            wrong.push(FieldError {
                pointer: format!("{pointer}/email"),
                detail: "must be an e-mail address".to_owned(),
            });
        }
        if let Some(phone) = &self.phone {
            text(&mut wrong, &format!("{pointer}/phone"), phone, false);
        }
        wrong
    }
}

impl Address {
    /// What is wrong with it.
    pub fn check(&self, pointer: &str) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        for (name, value, required) in [
            ("name", Some(&self.name), true),
            ("company", self.company.as_ref(), false),
            ("line1", Some(&self.line1), true),
            ("line2", self.line2.as_ref(), false),
            ("city", Some(&self.city), true),
            ("state", self.state.as_ref(), false),
            ("postalCode", Some(&self.postal_code), true),
            ("phone", self.phone.as_ref(), false),
        ] {
            if let Some(value) = value {
                text(&mut wrong, &format!("{pointer}/{name}"), value, required);
            }
        }
        if self.country.len() != 2 || !self.country.bytes().all(|b| b.is_ascii_uppercase()) {
            let detail = "must be an ISO 3166-1 alpha-2 code, like IN or GB".to_owned();
            wrong.push(FieldError { pointer: format!("{pointer}/country"), detail });
        }
        wrong
    }
}

fn text(wrong: &mut Vec<FieldError>, pointer: &str, value: &str, required: bool) {
    let detail = if required && value.trim().is_empty() {
        "must not be empty".to_owned()
    } else if value.chars().count() > MAX_TEXT {
        format!("must have at most {MAX_TEXT} characters")
    } else if value.contains(char::is_control) {
        "must not contain control characters".to_owned()
    } else {
        return;
    };
    wrong.push(FieldError { pointer: pointer.to_owned(), detail });
}

/// The customer that a request is for.
#[derive(Clone, Debug)]
pub struct Person {
    id: CustomerId,
    /// The row of somebody who was not known so far.
    new: Option<CustomerRow>,
}

impl Person {
    /// A customer who is known.
    pub fn of(id: CustomerId) -> Self {
        Self { id, new: None }
    }

    /// A customer's token says who it is; a storefront's guest is found again by e-mail within the channel, and made when it is the first
    /// time.
    pub async fn resolve(ctx: &Ctx, channel: &str, contact: &Contact, now: Timestamp) -> Result<Self, OpError> {
        // Two first orders of one guest at once: one of them makes the row, the other finds it.
        for _ in 0..2 {
            let Self { id, new } = Self::find(ctx, channel, contact, now).await?;
            let Some(row) = new else { return Ok(Self::of(id)) };
            let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
            cs.insert_customer(&row);
            match ctx.app.store.commit(cs).await {
                Ok(()) => return Ok(Self::of(id)),
                Err(CommitError::Duplicate { what: Guard::CustomerEmail }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(OpError::Busy("the customer is being made".to_owned()))
    }

    /// The same without a changeset of its own: who is not known yet is made by the changeset that [`Person::insert`] adds to. It is
    /// refused with [`Guard::CustomerEmail`] when another one was quicker; then they are found.
    pub async fn find(ctx: &Ctx, channel: &str, contact: &Contact, now: Timestamp) -> Result<Self, OpError> {
        if let Some(id) = ctx.actor.customer {
            return Ok(Self::of(id));
        }
        if ctx.actor.role != Role::Storefront {
            return Err(OpError::Forbidden("orders are placed with a customer's or a storefront's token".to_owned()));
        }
        let email_digest = email_digest(&contact.email);
        if let Some(found) = ctx.app.store.find_customer_by_email(channel, &email_digest).await? {
            return Ok(Self::of(CustomerId(found.id)));
        }
        let id = CustomerId(ctx.app.ids.next(now));
        let row = CustomerRow { id: id.0, channel: channel.to_owned(), email_digest, created_at: now.0 };
        Ok(Self { id, new: Some(row) })
    }

    /// The ids of the customer, the contact, the shipping address and the billing address.
    pub fn ids(
        &self,
        contact: &Contact,
        shipping: Option<&Address>,
        billing: Option<&Address>,
    ) -> (CustomerId, AddressId, Option<AddressId>, Option<AddressId>) {
        let id = |address: &Address| address_id(self.id, address);
        let shipping = shipping.map(id);
        (self.id, contact_id(self.id, contact), shipping, billing.map(id).or(shipping))
    }

    /// Adds the rows that are not there yet.
    pub fn insert(&self, cs: &mut Changeset, contact: &Contact, shipping: Option<&Address>, billing: Option<&Address>) {
        if let Some(customer) = &self.new {
            cs.insert_customer(customer);
        }
        cs.insert_contact(&ContactRow {
            id: contact_id(self.id, contact).0,
            subject: self.id.0,
            name: contact.name.clone(),
            email: Some(contact.email.clone()),
            phone: contact.phone.clone(),
            address: None,
        });
        for address in [shipping, billing.filter(|b| Some(*b) != shipping)].into_iter().flatten() {
            cs.insert_contact(&ContactRow {
                id: address_id(self.id, address).0,
                subject: self.id.0,
                name: address.name.clone(),
                email: None,
                phone: address.phone.clone(),
                address: serde_json::to_string(address).ok(),
            });
        }
    }
}

/// The digest by which a guest is found again.
pub fn email_digest(email: &str) -> Vec<u8> {
    digest::of(&[email.trim().to_lowercase().as_bytes()]).to_vec()
}

fn contact_id(customer: CustomerId, contact: &Contact) -> AddressId {
    let phone = contact.phone.as_deref().unwrap_or("\0");
    AddressId(digest::id(&[
        b"contact",
        &customer.0.to_be_bytes(),
        contact.name.as_bytes(),
        contact.email.as_bytes(),
        phone.as_bytes(),
    ]))
}

fn address_id(customer: CustomerId, address: &Address) -> AddressId {
    let body = serde_json::to_string(address).unwrap_or_default();
    AddressId(digest::id(&[b"address", &customer.0.to_be_bytes(), body.as_bytes()]))
}

/// People's data of some orders, by id.
#[derive(Debug, Default)]
pub struct Contacts(HashMap<i64, ContactRow>);

impl Contacts {
    /// Reads what the orders refer to.
    pub async fn of(ctx: &Ctx, orders: impl Iterator<Item = &orderwright_core::order::Order>) -> Result<Self, OpError> {
        let mut ids: Vec<i64> = orders
            .flat_map(|o| [Some(o.contact_id), o.shipping_address_id, o.billing_address_id])
            .flatten()
            .map(|a| a.0)
            .collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(Self(ctx.app.store.find_contacts(&ids).await?))
    }

    /// Name, e-mail, phone.
    pub fn contact(&self, id: AddressId) -> Option<Contact> {
        let row = self.0.get(&id.0)?;
        Some(Contact { name: row.name.clone(), email: row.email.clone().unwrap_or_default(), phone: row.phone.clone() })
    }

    /// A postal address.
    pub fn address(&self, id: AddressId) -> Option<Address> {
        serde_json::from_str(self.0.get(&id.0)?.address.as_deref()?).ok()
    }
}
