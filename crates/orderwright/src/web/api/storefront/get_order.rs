//! `GET /storefront/orders/{id}`

use axum::extract::Path;
use axum::response::IntoResponse;

use crate::ops::command::OrderRef;
use crate::web::api::shared;
use crate::web::caller::{Caller, Storefront};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::view::order::OrderView;

/// One order, with its version as `ETag`.
#[utoipa::path(get, path = "/storefront/orders/{id}", tag = "storefront", operation_id = "storefrontGetOrder", security(("token" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = OrderView, description = "The order"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
    ))]
pub async fn handler(caller: Caller<Storefront>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    shared::get(&caller.ctx, OrderRef::order(&id)?).await
}
