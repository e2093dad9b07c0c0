//! `/merchant/disputes` and `/merchant/orders/{id}/disputes`: claims of one's own.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};

use crate::ops::Ctx;
use crate::ops::command::OrderRef;
use crate::ops::disputes::in_order;
use crate::web::api::{disputes, shared};
use crate::web::caller::{Caller, Merchant};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::Incoming;
use crate::web::view::dispute::{
    Acknowledgement, DisputeMessageView, DisputeView, EvidenceView, NewDisputeBody, NewDisputeMessageBody,
    NewEvidenceBody, ReplacementBody,
};
use crate::web::view::page::List;

/// Your disputes, the newest first.
#[utoipa::path(get, path = "/merchant/disputes", tag = "merchant", operation_id = "merchantListDisputes", security(("token" = [])),
    params(("state" = Option<String>, Query, description = "The status"), ("kind" = Option<String>, Query, description = "claim or chargeback"), ("undecided" = Option<bool>, Query, description = "Only what is not over (true), or is (false)"), ("respondBy" = Option<String>, Query, description = "To be answered before: instant or date"), ("limit" = Option<i64>, Query), ("after" = Option<String>, Query), ("page" = Option<i64>, Query)),
    responses(
        (status = 200, body = List<DisputeView>, description = "A page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn list(caller: Caller<Merchant>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    disputes::list(&caller.ctx, query, false).await
}

/// The disputes of an order, the newest first.
#[utoipa::path(get, path = "/merchant/orders/{id}/disputes", tag = "merchant", operation_id = "merchantListOrderDisputes", security(("token" = [])),
    params(("id" = String, Path), ("limit" = Option<i64>, Query), ("after" = Option<String>, Query), ("page" = Option<i64>, Query)),
    responses(
        (status = 200, body = List<DisputeView>, description = "A page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn list_of(
    caller: Caller<Merchant>,
    Path(id): Path<String>,
    query: shared::Query,
) -> Result<impl IntoResponse, Problem> {
    disputes::list_of(&caller.ctx, OrderRef::order_or_merchant_order(&id)?, query).await
}

/// Raises a dispute about items of one merchant: the customer is asked, and then the platform decides.
#[utoipa::path(post, path = "/merchant/orders/{id}/disputes", tag = "merchant", operation_id = "merchantOpenDispute", security(("token" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    request_body = NewDisputeBody,
    responses(
        (status = 201, body = DisputeView, description = "The dispute"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 412, body = ProblemBody, description = "Changed meanwhile (If-Match)"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn open(Path(id): Path<String>, incoming: Incoming<Merchant>) -> Response {
    incoming
        .run(None, |ctx: Ctx, body: NewDisputeBody| async move {
            disputes::open(ctx, OrderRef::order_or_merchant_order(&id)?, body).await
        })
        .await
}

/// A dispute.
#[utoipa::path(get, path = "/merchant/orders/{id}/disputes/{disputeId}", tag = "merchant", operation_id = "merchantGetDispute", security(("token" = [])),
    params(("id" = String, Path), ("disputeId" = String, Path)),
    responses(
        (status = 200, body = DisputeView, description = "The dispute"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn get(
    caller: Caller<Merchant>,
    Path((id, dispute)): Path<(String, String)>,
) -> Result<impl IntoResponse, Problem> {
    let found = in_order(&caller.ctx, OrderRef::order_or_merchant_order(&id)?, disputes::id(&dispute)?).await?;
    disputes::get(&caller.ctx, &found)
}

/// What was said in a dispute, oldest first.
#[utoipa::path(get, path = "/merchant/orders/{id}/disputes/{disputeId}/messages", tag = "merchant", operation_id = "merchantListDisputeMessages", security(("token" = [])),
    params(("id" = String, Path), ("disputeId" = String, Path), ("limit" = Option<i64>, Query), ("after" = Option<String>, Query), ("page" = Option<i64>, Query)),
    responses(
        (status = 200, body = List<DisputeMessageView>, description = "A page, oldest first"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn messages(
    caller: Caller<Merchant>,
    Path((id, dispute)): Path<(String, String)>,
    query: shared::Query,
) -> Result<impl IntoResponse, Problem> {
    let found = in_order(&caller.ctx, OrderRef::order_or_merchant_order(&id)?, disputes::id(&dispute)?).await?;
    disputes::messages(&caller.ctx, &found, query).await
}

/// Writes a message into a dispute; the first from the side that is asked is its answer.
#[utoipa::path(post, path = "/merchant/orders/{id}/disputes/{disputeId}/messages", tag = "merchant", operation_id = "merchantSayInDispute", security(("token" = [])),
    params(("id" = String, Path), ("disputeId" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    request_body = NewDisputeMessageBody,
    responses(
        (status = 201, body = DisputeMessageView, description = "As written"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 412, body = ProblemBody, description = "Changed meanwhile (If-Match)"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn say(Path((id, dispute)): Path<(String, String)>, incoming: Incoming<Merchant>) -> Response {
    incoming
        .run(None, |ctx: Ctx, body: NewDisputeMessageBody| async move {
            disputes::say(ctx, OrderRef::order_or_merchant_order(&id)?, disputes::id(&dispute)?, body).await
        })
        .await
}

/// The evidence in a dispute, oldest first.
#[utoipa::path(get, path = "/merchant/orders/{id}/disputes/{disputeId}/evidence", tag = "merchant", operation_id = "merchantListDisputeEvidence", security(("token" = [])),
    params(("id" = String, Path), ("disputeId" = String, Path), ("limit" = Option<i64>, Query), ("after" = Option<String>, Query), ("page" = Option<i64>, Query)),
    responses(
        (status = 200, body = List<EvidenceView>, description = "A page, oldest first"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn evidence(
    caller: Caller<Merchant>,
    Path((id, dispute)): Path<(String, String)>,
    query: shared::Query,
) -> Result<impl IntoResponse, Problem> {
    let found = in_order(&caller.ctx, OrderRef::order_or_merchant_order(&id)?, disputes::id(&dispute)?).await?;
    disputes::evidence(&caller.ctx, &found, query).await
}

/// Adds evidence to a dispute: words, and links to where files are. Files themselves are not kept.
#[utoipa::path(post, path = "/merchant/orders/{id}/disputes/{disputeId}/evidence", tag = "merchant", operation_id = "merchantAddEvidence", security(("token" = [])),
    params(("id" = String, Path), ("disputeId" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    request_body = NewEvidenceBody,
    responses(
        (status = 201, body = EvidenceView, description = "As written"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 412, body = ProblemBody, description = "Changed meanwhile (If-Match)"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn prove(Path((id, dispute)): Path<(String, String)>, incoming: Incoming<Merchant>) -> Response {
    incoming
        .run(None, |ctx: Ctx, body: NewEvidenceBody| async move {
            disputes::prove(ctx, OrderRef::order_or_merchant_order(&id)?, disputes::id(&dispute)?, body).await
        })
        .await
}

/// Takes a dispute back that you raised.
#[utoipa::path(post, path = "/merchant/orders/{id}/disputes/{disputeId}/withdraw", tag = "merchant", operation_id = "merchantWithdrawDispute", security(("token" = [])),
    params(("id" = String, Path), ("disputeId" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    request_body = Acknowledgement,
    responses(
        (status = 200, body = DisputeView, description = "The dispute"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 412, body = ProblemBody, description = "Changed meanwhile (If-Match)"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn withdraw(Path((id, dispute)): Path<(String, String)>, incoming: Incoming<Merchant>) -> Response {
    incoming
        .run(None, |ctx: Ctx, _: Acknowledgement| async move {
            disputes::withdraw(ctx, OrderRef::order_or_merchant_order(&id)?, disputes::id(&dispute)?).await
        })
        .await
}

/// Records that the replacement was sent, as was decided; that ends the dispute.
#[utoipa::path(post, path = "/merchant/orders/{id}/disputes/{disputeId}/replacement", tag = "merchant", operation_id = "merchantSendReplacement", security(("token" = [])),
    params(("id" = String, Path), ("disputeId" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    request_body = ReplacementBody,
    responses(
        (status = 200, body = DisputeView, description = "The dispute"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 412, body = ProblemBody, description = "Changed meanwhile (If-Match)"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn replacement(Path((id, dispute)): Path<(String, String)>, incoming: Incoming<Merchant>) -> Response {
    incoming
        .run(None, |ctx: Ctx, body: ReplacementBody| async move {
            disputes::replace(ctx, OrderRef::order_or_merchant_order(&id)?, disputes::id(&dispute)?, body).await
        })
        .await
}
