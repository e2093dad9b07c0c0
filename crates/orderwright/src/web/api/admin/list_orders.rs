//! `GET /admin/orders`

use axum::response::IntoResponse;

use crate::web::api::shared;
use crate::web::caller::{Admin, Caller};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::view::order::OrderView;
use crate::web::view::page::{List, OrderFilterParams, PageParams};

/// Orders, newest first unless sorted otherwise.
#[utoipa::path(get, path = "/admin/orders", tag = "admin", operation_id = "adminListOrders", security(("token" = [])),
    params(
        OrderFilterParams,
        ("sort" = Option<String>, Query, description = "createdAt, updatedAt, total, status, itemName, transactionId; - before it for descending"),
        PageParams,
    ),
    responses(
        (status = 200, body = List<OrderView>, description = "A page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn handler(caller: Caller<Admin>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    shared::list(&caller.ctx, query).await
}
