//! `POST /storefront/orders/{id}/refund`

use axum::extract::Path;
use axum::response::Response;
use orderwright_core::decide::Command;

use crate::ops::command::OrderRef;
use crate::ops::command::run;
use crate::web::api::shared;
use crate::web::caller::Storefront;
use crate::web::problem::ProblemBody;
use crate::web::request::Incoming;
use crate::web::view::event::RefundRequestBody;
use crate::web::view::money::RefundView;

/// Asks for money back; staff or policy decides.
#[utoipa::path(post, path = "/storefront/orders/{id}/refund", tag = "storefront", operation_id = "storefrontRequestRefund", security(("token" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    request_body = RefundRequestBody,
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
pub async fn handler(Path(id): Path<String>, incoming: Incoming<Storefront>) -> Response {
    let again = Some(shared::again_refund as crate::web::request::Again);
    incoming
        .run(again, |ctx, body: RefundRequestBody| async move {
            let mut ctx = ctx;
            let command = Command::RequestRefund(body.into_request()?);
            let applied = run(&mut ctx, OrderRef::order(&id)?, &command).await?;
            shared::refund(&applied, false)
        })
        .await
}
