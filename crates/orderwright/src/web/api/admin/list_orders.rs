//! `GET /admin/orders`

use axum::response::IntoResponse;

use crate::web::api::shared;
use crate::web::caller::{Admin, Caller};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::view::order::OrderView;
use crate::web::view::page::List;

/// Orders, newest first unless sorted otherwise.
#[utoipa::path(get, path = "/admin/orders", tag = "admin", operation_id = "adminListOrders", security(("token" = [])),
    params(
        ("status" = Option<String>, Query, description = "Comma list"),
        ("channel" = Option<String>, Query, description = "Comma list"),
        ("paymentStatus" = Option<String>, Query, description = "Comma list"),
        ("shippingStatus" = Option<String>, Query, description = "Comma list"),
        ("customerId" = Option<String>, Query),
        ("merchantId" = Option<String>, Query),
        ("sku" = Option<String>, Query),
        ("orderNumber" = Option<String>, Query, description = "Whole or part"),
        ("q" = Option<String>, Query, description = "Number, id, e-mail, or the beginning of a name"),
        ("from" = Option<String>, Query, description = "Placed at or after: instant or date"),
        ("to" = Option<String>, Query, description = "Placed before"),
        ("deliveredFrom" = Option<String>, Query),
        ("deliveredTo" = Option<String>, Query),
        ("minTotal" = Option<i64>, Query),
        ("maxTotal" = Option<i64>, Query),
        ("sort" = Option<String>, Query, description = "createdAt, updatedAt, total, status, itemName, transactionId; - before it for descending"),
        ("limit" = Option<i64>, Query, description = "1 to 200, default 20"),
        ("after" = Option<String>, Query, description = "nextCursor of the page before"),
        ("page" = Option<i64>, Query, description = "From 1; page × limit at most 10,000"),
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
