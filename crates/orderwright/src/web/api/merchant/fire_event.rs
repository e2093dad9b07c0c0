//! `POST /merchant/orders/{id}/events`

use axum::extract::Path;
use axum::response::Response;

use crate::ops::command::OrderRef;
use crate::web::api::shared;
use crate::web::caller::Merchant;
use crate::web::problem::ProblemBody;
use crate::web::request::Incoming;
use crate::web::view::event::EventBody;
use crate::web::view::order::OrderView;

/// Fires an event of the workflow, on all eligible items or on the named ones.
#[utoipa::path(post, path = "/merchant/orders/{id}/events", tag = "merchant", operation_id = "merchantFireEvent", security(("token" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    request_body = EventBody,
    responses(
        (status = 200, body = OrderView, description = "Done"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 412, body = ProblemBody, description = "Changed meanwhile (If-Match)"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn handler(Path(id): Path<String>, incoming: Incoming<Merchant>) -> Response {
    let again = Some(shared::again_order as crate::web::request::Again);
    incoming
        .run(again, |ctx, body: EventBody| async move {
            shared::fire(ctx, OrderRef::order_or_merchant_order(&id)?, body).await
        })
        .await
}
