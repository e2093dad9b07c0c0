//! `GET /admin/customers/{id}`

use axum::extract::Path;
use axum::response::IntoResponse;
use orderwright_core::id::{AddressId, CustomerId};
use orderwright_core::status;
use orderwright_core::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ops::OpError;
use crate::ops::command::Loaded;
use crate::ops::customers::{self, Record};
use crate::ops::people::{Address, Contact};
use crate::store::ContactRow;
use crate::web::caller::{Admin, Caller};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::Answer;

/// A customer.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Customer)]
pub struct CustomerView {
    /// `cus_…`
    pub id: String,
    /// The channel that they first came to, where that is known.
    pub channel: Option<String>,
    /// When that was; RFC 3339.
    pub created_at: Option<String>,
    /// How to reach them: as given with the last order.
    pub contact: Option<Contact>,
    /// Every contact that they gave.
    pub contacts: Vec<Contact>,
    /// Every address that they gave.
    pub addresses: Vec<CustomerAddress>,
    /// The last orders, newest first; `GET /admin/orders?customerId=` has all of them.
    pub orders: Vec<CustomerOrder>,
}

/// An address of a customer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CustomerAddress {
    /// `adr_…`
    pub id: String,
    /// The address.
    pub address: Address,
}

/// An order of a customer, in short.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomerOrder {
    /// `ord_…`
    pub id: String,
    /// For people.
    pub order_number: String,
    /// The channel.
    pub channel: String,
    /// Public status.
    pub status: String,
    /// How the money stands.
    pub payment_status: String,
    /// ISO 4217.
    pub currency: String,
    /// Minor units.
    pub total: i64,
    /// RFC 3339.
    pub created_at: String,
}

/// A customer: how to reach them, and their last orders. The owner of a channel sees what belongs to the channel's orders.
#[utoipa::path(get, path = "/admin/customers/{id}", tag = "admin", operation_id = "adminGetCustomer", security(("token" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = CustomerView, description = "The customer"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
    ))]
pub async fn handler(caller: Caller<Admin>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    let id = CustomerId::parse(&id).ok_or(OpError::NotFound)?;
    let Record { row, contacts, orders } = customers::get(&caller.ctx, id).await?;
    let last = orders.first().map(|l| l.order.contact_id.0);
    let reach = |row: &ContactRow| Contact {
        email: row.email.clone().unwrap_or_default(),
        name: row.name.clone(),
        phone: row.phone.clone(),
    };
    let people = || contacts.iter().filter(|c| c.address.is_none());
    let address = |row: &ContactRow| {
        let address = serde_json::from_str(row.address.as_deref()?).ok()?;
        Some(CustomerAddress { id: AddressId(row.id).to_string(), address })
    };
    Ok(Answer::ok(&CustomerView {
        id: id.to_string(),
        channel: row.as_ref().map(|r| r.channel.clone()),
        created_at: row.as_ref().map(|r| Timestamp(r.created_at).to_string()),
        contact: people().find(|c| Some(c.id) == last).or(people().next()).map(reach),
        contacts: people().map(reach).collect(),
        addresses: contacts.iter().filter_map(address).collect(),
        orders: orders.iter().map(brief).collect(),
    }))
}

fn brief(loaded: &Loaded) -> CustomerOrder {
    let Loaded { order, workflow, .. } = loaded;
    CustomerOrder {
        id: order.id.to_string(),
        order_number: order.number.clone(),
        channel: order.channel.clone(),
        status: status::order_status(order, workflow).to_owned(),
        payment_status: status::payment_status(order, workflow).to_owned(),
        currency: order.currency.code().to_owned(),
        total: order.total,
        created_at: order.created_at.to_string(),
    }
}
