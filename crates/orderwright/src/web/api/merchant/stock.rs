//! `GET /merchant/stock`

use axum::response::IntoResponse;

use crate::web::api::shared;
use crate::web::caller::{Caller, Merchant};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::view::page::List;
use crate::web::view::stock::Stock;

/// Stock of one's own offers, by SKU.
#[utoipa::path(get, path = "/merchant/stock", tag = "merchant", operation_id = "merchantListStock", security(("token" = [])),
    params(
        ("limit" = Option<i64>, Query, description = "1 to 200, default 20"),
        ("after" = Option<String>, Query, description = "nextCursor of the page before"),
        ("page" = Option<i64>, Query, description = "From 1; page × limit at most 10,000"),
    ),
    responses(
        (status = 200, body = List<Stock>, description = "A page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn handler(caller: Caller<Merchant>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    shared::stock_list(&caller.ctx, query, false).await
}
