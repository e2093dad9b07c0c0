//! `POST /storefront/orders`

use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::open_checkout::{NewCheckout, NewItem};
use crate::ops::people::{Address, Contact};
use crate::ops::{Ctx, place};
use crate::web::api::shared;
use crate::web::caller::Storefront;
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::{Answer, Incoming};
use crate::web::view::order::OrderView;

/// A checkout and its completion in one.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewOrder {
    /// Which channel.
    pub channel: String,
    /// Who buys; with a customer's token this is contact only.
    pub customer: Contact,
    /// What.
    pub items: Vec<NewItem>,
    /// Where to.
    #[serde(default)]
    pub shipping_address: Option<Address>,
    /// Who is billed; the shipping address unless said.
    #[serde(default)]
    pub billing_address: Option<Address>,
    /// A code.
    #[serde(default)]
    pub discount_code: Option<String>,
    /// The method's token at the provider.
    pub payment_method: String,
}

/// Places an order and begins its payment; answers when the payment's first outcome is known, or after 2 s.
#[utoipa::path(post, path = "/storefront/orders", tag = "storefront", operation_id = "storefrontPlaceOrder", security(("token" = [])),
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = NewOrder,
    responses(
        (status = 201, body = OrderView, description = "The order; a decline is 201 too, with paymentStatus failed"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 412, body = ProblemBody, description = "Changed meanwhile (If-Match)"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn handler(incoming: Incoming<Storefront>) -> Response {
    incoming.run(Some(shared::again_placed), |ctx, body: NewOrder| place(ctx, body)).await
}

async fn place(mut ctx: Ctx, body: NewOrder) -> Result<Answer, Problem> {
    let checkout = NewCheckout {
        channel: body.channel,
        customer: body.customer,
        items: body.items,
        shipping_address: body.shipping_address,
        billing_address: body.billing_address,
        discount_code: body.discount_code,
    };
    let loaded = place::place(&mut ctx, checkout.into_request()?, &body.payment_method).await?;
    Ok(Answer::created(&shared::show(&ctx, &loaded).await?).version(loaded.order.version))
}
