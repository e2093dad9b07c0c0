//! `POST /admin/orders/{id}/refund`

use axum::extract::Path;
use axum::response::Response;
use orderwright_core::decide::Command;

use crate::ops::command::OrderRef;
use crate::ops::command::run;
use crate::web::api::shared;
use crate::web::caller::Admin;
use crate::web::problem::ProblemBody;
use crate::web::request::Incoming;
use crate::web::view::event::RefundBody;
use crate::web::view::money::RefundView;

/// Refunds an amount, items, or all that is left; `refundedTotal` of the order follows when the provider is done. A refund beyond the
/// channel's limit waits for a second person (`awaitsDecision`).
#[utoipa::path(post, path = "/admin/orders/{id}/refund", tag = "admin", operation_id = "adminRefundOrder", security(("token" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    request_body = RefundBody,
    responses(
        (status = 201, body = RefundView, description = "Done"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 412, body = ProblemBody, description = "Changed meanwhile (If-Match)"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn handler(Path(id): Path<String>, incoming: Incoming<Admin>) -> Response {
    let again = Some(shared::again_refund as crate::web::request::Again);
    incoming
        .run(again, |ctx, body: RefundBody| async move {
            let mut ctx = ctx;
            let command = Command::Refund(body.into_request()?);
            let applied = run(&mut ctx, OrderRef::order(&id)?, &command).await?;
            shared::refund(&applied, true)
        })
        .await
}
