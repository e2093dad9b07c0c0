//! `POST /storefront/checkouts/{id}/complete`

use axum::extract::Path;
use axum::response::Response;
use orderwright_core::id::CheckoutId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::ops::{Ctx, OpError, place};
use crate::web::api::shared;
use crate::web::caller::Storefront;
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::{Answer, Incoming};
use crate::web::view::order::OrderView;

/// How to pay.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CompleteCheckout {
    /// The method's token at the provider.
    pub payment_method: String,
}

/// Turns a checkout into an order and begins its payment; answers when the payment's first outcome is known, or after 2 s.
#[utoipa::path(post, path = "/storefront/checkouts/{id}/complete", tag = "storefront", operation_id = "storefrontCompleteCheckout", security(("token" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = CompleteCheckout,
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
pub async fn handler(Path(id): Path<String>, incoming: Incoming<Storefront>) -> Response {
    incoming.run(Some(shared::again_placed), |ctx, body: CompleteCheckout| complete(ctx, id, body)).await
}

async fn complete(mut ctx: Ctx, id: String, body: CompleteCheckout) -> Result<Answer, Problem> {
    let id = CheckoutId::parse(&id).ok_or(OpError::NotFound)?;
    let loaded = place::complete_checkout(&mut ctx, id, &body.payment_method).await?;
    Ok(Answer::created(&shared::show(&ctx, &loaded).await?).version(loaded.order.version))
}
