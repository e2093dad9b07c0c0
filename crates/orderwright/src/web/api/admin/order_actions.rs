//! `GET /admin/orders/{id}/actions`

use axum::extract::Path;
use axum::response::IntoResponse;

use crate::ops::command::OrderRef;
use crate::web::api::shared;
use crate::web::caller::{Admin, Caller};
use crate::web::problem::{Problem, ProblemBody};

/// What may be done with an order now, by whom, and why not; what it waits for.
#[utoipa::path(get, path = "/admin/orders/{id}/actions", tag = "admin", operation_id = "adminOrderActions", security(("token" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = serde_json::Value, description = "For the payment and each item: a summary in words, events, guards with their facts, timers; and the effects that run"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
    ))]
pub async fn handler(caller: Caller<Admin>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    shared::actions(&caller.ctx, OrderRef::order(&id)?).await
}
