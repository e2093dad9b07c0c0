//! `GET` and `POST /merchant/orders/{id}/messages`

use axum::extract::Path;
use axum::response::{IntoResponse, Response};

use crate::ops::Ctx;
use crate::ops::command::OrderRef;
use crate::web::api::shared;
use crate::web::caller::{Caller, Merchant};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::Incoming;
use crate::web::view::message::{MessageView, NewMerchantMessage, NewMessage};
use crate::web::view::page::List;

/// One's own thread with the customer and the operator.
#[utoipa::path(get, path = "/merchant/orders/{id}/messages", tag = "merchant", operation_id = "merchantListMessages", security(("token" = [])),
    params(("id" = String, Path), ("limit" = Option<i64>, Query), ("after" = Option<String>, Query), ("page" = Option<i64>, Query)),
    responses(
        (status = 200, body = List<MessageView>, description = "A page, oldest first"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn list(
    caller: Caller<Merchant>,
    Path(id): Path<String>,
    query: shared::Query,
) -> Result<impl IntoResponse, Problem> {
    shared::messages(&caller.ctx, OrderRef::order_or_merchant_order(&id)?, query).await
}

/// Writes a message into one's own thread: the customer and the operator read it.
#[utoipa::path(post, path = "/merchant/orders/{id}/messages", tag = "merchant", operation_id = "merchantAddMessage", security(("token" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    request_body = NewMerchantMessage,
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
pub async fn add(Path(id): Path<String>, incoming: Incoming<Merchant>) -> Response {
    incoming
        .run(None, |ctx: Ctx, body: NewMerchantMessage| async move {
            let (_, message) = NewMessage { message: body.message, merchant_id: None }.read()?;
            shared::add_message(ctx, OrderRef::order_or_merchant_order(&id)?, None, message).await
        })
        .await
}
