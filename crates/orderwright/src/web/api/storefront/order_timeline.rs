//! `GET /storefront/orders/{id}/timeline`

use axum::extract::Path;
use axum::response::IntoResponse;

use crate::ops::command::OrderRef;
use crate::web::api::shared;
use crate::web::api::shared::EntryView;
use crate::web::caller::{Caller, Storefront};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::view::page::List;

/// What happened to an order, oldest first, as far as the role may see it.
#[utoipa::path(get, path = "/storefront/orders/{id}/timeline", tag = "storefront", operation_id = "storefrontOrderTimeline", security(("token" = [])),
    params(("id" = String, Path), ("limit" = Option<i64>, Query), ("after" = Option<String>, Query), ("page" = Option<i64>, Query)),
    responses(
        (status = 200, body = List<EntryView>, description = "A page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn handler(
    caller: Caller<Storefront>,
    Path(id): Path<String>,
    query: shared::Query,
) -> Result<impl IntoResponse, Problem> {
    shared::timeline(&caller.ctx, OrderRef::order(&id)?, query).await
}
