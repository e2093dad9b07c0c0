//! `GET /merchant/orders/{id}/actions`

use axum::extract::Path;
use axum::response::IntoResponse;

use crate::ops::command::OrderRef;
use crate::web::api::shared;
use crate::web::caller::{Caller, Merchant};
use crate::web::problem::{Problem, ProblemBody};

/// What may be done with one's own items now, and what they wait for. Of the payment only that it is not through yet.
#[utoipa::path(get, path = "/merchant/orders/{id}/actions", tag = "merchant", operation_id = "merchantOrderActions", security(("token" = [])),
    params(("id" = String, Path, description = "The order's id or the merchant order's")),
    responses(
        (status = 200, body = serde_json::Value, description = "For each own item: a summary, events, guards, timers"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
    ))]
pub async fn handler(caller: Caller<Merchant>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    shared::actions(&caller.ctx, OrderRef::order_or_merchant_order(&id)?).await
}
