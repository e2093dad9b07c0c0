//! `GET` and `POST /admin/orders/{id}/messages`

use axum::extract::Path;
use axum::response::{IntoResponse, Response};

use crate::ops::Ctx;
use crate::ops::command::OrderRef;
use crate::web::api::shared;
use crate::web::caller::{Admin, Caller};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::Incoming;
use crate::web::view::message::{MessageView, NewMessage};
use crate::web::view::page::List;

/// The messages of an order: each merchant has a thread with the customer and the operator, and one more is between the customer and
/// the operator.
#[utoipa::path(get, path = "/admin/orders/{id}/messages", tag = "admin", operation_id = "adminListMessages", security(("token" = [])),
    params(("id" = String, Path), ("merchantId" = Option<String>, Query, description = "One merchant's thread"), ("limit" = Option<i64>, Query), ("after" = Option<String>, Query), ("page" = Option<i64>, Query)),
    responses(
        (status = 200, body = List<MessageView>, description = "A page, oldest first"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn list(
    caller: Caller<Admin>,
    Path(id): Path<String>,
    query: shared::Query,
) -> Result<impl IntoResponse, Problem> {
    shared::messages(&caller.ctx, OrderRef::order(&id)?, query).await
}

/// Writes a message into a merchant's thread, or into the customer's with the operator.
#[utoipa::path(post, path = "/admin/orders/{id}/messages", tag = "admin", operation_id = "adminAddMessage", security(("token" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    request_body = NewMessage,
    responses(
        (status = 201, body = MessageView, description = "The message"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 412, body = ProblemBody, description = "Changed meanwhile (If-Match)"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn add(Path(id): Path<String>, incoming: Incoming<Admin>) -> Response {
    incoming
        .run(None, |ctx: Ctx, body: NewMessage| async move {
            let (merchant, message) = body.read()?;
            shared::add_message(ctx, OrderRef::order(&id)?, merchant, message).await
        })
        .await
}
