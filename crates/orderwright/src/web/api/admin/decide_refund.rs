//! `POST /admin/orders/{id}/refunds/{refundId}/approve` and `…/reject`

use axum::extract::Path;
use axum::response::Response;
use orderwright_core::decide::Command;
use orderwright_core::id::RefundId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::ops::command::{OrderRef, run};
use crate::ops::{Ctx, OpError};
use crate::web::api::shared;
use crate::web::caller::Admin;
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::{Answer, Incoming};
use crate::web::view::money::RefundView;

/// Nothing is asked for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {}

/// Approves a refund that waits for somebody: a customer's request, or one beyond the limit for one person, which whoever asked for it cannot
/// approve.
#[utoipa::path(post, path = "/admin/orders/{id}/refunds/{refundId}/approve", tag = "admin", operation_id = "adminApproveRefund", security(("token" = [])),
    params(("id" = String, Path), ("refundId" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = Decision,
    responses(
        (status = 201, body = RefundView, description = "The refund"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not, or it takes somebody else"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 412, body = ProblemBody, description = "Changed meanwhile (If-Match)"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn approve(Path((id, refund)): Path<(String, String)>, incoming: Incoming<Admin>) -> Response {
    incoming.run(Some(shared::again_refund), |ctx, _: Decision| decide(ctx, id, refund, true)).await
}

/// Rejects a refund that waits for somebody.
#[utoipa::path(post, path = "/admin/orders/{id}/refunds/{refundId}/reject", tag = "admin", operation_id = "adminRejectRefund", security(("token" = [])),
    params(("id" = String, Path), ("refundId" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = Decision,
    responses(
        (status = 201, body = RefundView, description = "The refund"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 412, body = ProblemBody, description = "Changed meanwhile (If-Match)"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn reject(Path((id, refund)): Path<(String, String)>, incoming: Incoming<Admin>) -> Response {
    incoming.run(Some(shared::again_refund), |ctx, _: Decision| decide(ctx, id, refund, false)).await
}

async fn decide(mut ctx: Ctx, id: String, refund: String, approve: bool) -> Result<Answer, Problem> {
    let refund = RefundId::parse(&refund).ok_or(OpError::NotFound)?;
    let applied = run(&mut ctx, OrderRef::order(&id)?, &Command::DecideRefund { refund, approve }).await?;
    shared::refund(&applied, true)
}
