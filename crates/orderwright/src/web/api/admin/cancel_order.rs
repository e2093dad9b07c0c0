//! `POST /admin/orders/{id}/cancel`

use axum::extract::Path;
use axum::response::Response;

use crate::ops::command::OrderRef;
use crate::web::api::shared;
use crate::web::caller::Admin;
use crate::web::problem::ProblemBody;
use crate::web::request::Incoming;
use crate::web::view::event::CancelBody;
use crate::web::view::order::OrderView;

/// Cancels the order, or the named items.
#[utoipa::path(post, path = "/admin/orders/{id}/cancel", tag = "admin", operation_id = "adminCancelOrder", security(("token" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    request_body = CancelBody,
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
pub async fn handler(Path(id): Path<String>, incoming: Incoming<Admin>) -> Response {
    let again = Some(shared::again_order as crate::web::request::Again);
    incoming
        .run(again, |ctx, body: CancelBody| async move { shared::cancel(ctx, OrderRef::order(&id)?, body).await })
        .await
}
