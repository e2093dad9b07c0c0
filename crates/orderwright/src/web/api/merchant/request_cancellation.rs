//! `POST /merchant/orders/{id}/cancellation-request`

use std::pin::Pin;

use axum::extract::Path;
use axum::response::Response;
use orderwright_core::id::OrderId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::ops::command::{OrderRef, load};
use crate::ops::{Ctx, OpError, messages};
use crate::web::caller::Merchant;
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::{Answer, Incoming};
use crate::web::view::event::required_text;
use crate::web::view::message::{CancellationRequestView, cancellation_request};

/// A wish to be let off.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewCancellationRequest {
    /// Why.
    pub reason: String,
}

/// Asks the operator to cancel what is one's own of an order.
///
/// Nothing moves until the operator cancels; the wish is on the timeline and
/// among the order's actions.
#[utoipa::path(post, path = "/merchant/orders/{id}/cancellation-request", tag = "merchant", operation_id = "merchantRequestCancellation", security(("token" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    request_body = NewCancellationRequest,
    responses(
        (status = 201, body = CancellationRequestView, description = "The wish"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 412, body = ProblemBody, description = "Changed meanwhile (If-Match)"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn handler(Path(id): Path<String>, incoming: Incoming<Merchant>) -> Response {
    incoming
        .run(Some(again), |mut ctx: Ctx, body: NewCancellationRequest| async move {
            let mut wrong = Vec::new();
            required_text(&mut wrong, "/reason", &body.reason);
            if !wrong.is_empty() {
                return Err(Problem::fields(wrong));
            }
            let which = OrderRef::order_or_merchant_order(&id)?;
            let (applied, made) = messages::request_cancellation(&mut ctx, which, body.reason).await?;
            Ok(Answer::created(&cancellation_request(&made, &applied.loaded.order)))
        })
        .await
}

/// The merchant's last wish again, for an answer that was lost in a crash: 201.
fn again(ctx: Ctx, order: i64) -> Pin<Box<dyn Future<Output = Result<Answer, Problem>> + Send>> {
    Box::pin(async move {
        let order = load(&ctx, &ctx.scope(), OrderRef::Order(OrderId(order))).await?.order;
        let made = order.cancellation_requests.iter().rev().find(|r| r.created_by == ctx.actor.id);
        let made = made.ok_or_else(|| OpError::Internal("a cancellation request is missing".to_owned()))?;
        Ok(Answer::created(&cancellation_request(made, &order)))
    })
}
