//! `GET /merchant/orders`

use axum::response::IntoResponse;

use crate::web::api::shared;
use crate::web::caller::{Caller, Merchant};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::view::order::OrderView;
use crate::web::view::page::{List, OrderFilterParams, PageParams};

/// Orders, newest first unless sorted otherwise.
#[utoipa::path(get, path = "/merchant/orders", tag = "merchant", operation_id = "merchantListOrders", security(("token" = [])),
    params(
        OrderFilterParams,
        ("sort" = Option<String>, Query, description = "createdAt, updatedAt, total, status, itemName; - before it for descending"),
        PageParams,
    ),
    responses(
        (status = 200, body = List<OrderView>, description = "A page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn handler(caller: Caller<Merchant>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    shared::list(&caller.ctx, query).await
}
