//! A customer as staff sees them: how to reach them, and what they ordered last.
//!
//! The platform sees everything that is on record. The owner of a channel sees who ordered there, and of their contacts only those that
//! were given with orders of that channel.

use orderwright_core::id::CustomerId;

use super::command::Loaded;
use super::{Ctx, OpError, orders};
use crate::store::{ContactRow, CustomerRow, OrderFilter, Page, Sort};

/// A customer.
pub struct Record {
    /// The row, as far as the actor may see it; customers of tokens may have none.
    pub row: Option<CustomerRow>,
    /// Contacts and addresses.
    pub contacts: Vec<ContactRow>,
    /// The last orders, newest first.
    pub orders: Vec<Loaded>,
}

/// Orders that are shown with a customer.
pub const LAST_ORDERS: usize = 20;
/// Contacts and addresses that are shown, and orders that are searched for them.
const MAX_CONTACTS: i64 = 200;

/// The customer of that id, if the actor may see them.
pub async fn get(ctx: &Ctx, id: CustomerId) -> Result<Record, OpError> {
    let filter = OrderFilter { customer_id: Some(id.0), ..OrderFilter::default() };
    let page = Page::First { limit: MAX_CONTACTS as u32 };
    let listed = orders::list(ctx, &filter, Sort::default(), page).await?;
    let row = ctx.app.store.find_customer(id.0).await?;
    let row = row.filter(|r| ctx.actor.channel.as_ref().is_none_or(|own| *own == r.channel));
    let contacts = match ctx.actor.channel {
        None => ctx.app.store.contacts_of_customer(id.0, MAX_CONTACTS).await?,
        Some(_) => {
            let given = listed.orders.iter().map(|l| &l.order);
            let mut ids: Vec<i64> = given
                .flat_map(|o| [Some(o.contact_id), o.shipping_address_id, o.billing_address_id])
                .flatten()
                .map(|a| a.0)
                .collect();
            ids.sort_unstable();
            ids.dedup();
            let mut found: Vec<ContactRow> = ctx.app.store.find_contacts(&ids).await?.into_values().collect();
            found.sort_by_key(|c| c.id);
            found
        }
    };
    let mut orders = listed.orders;
    orders.truncate(LAST_ORDERS);
    if row.is_none() && contacts.is_empty() && orders.is_empty() {
        return Err(OpError::NotFound);
    }
    Ok(Record { row, contacts, orders })
}
