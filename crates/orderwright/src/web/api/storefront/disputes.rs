//! `/storefront/disputes` and `/storefront/orders/{id}/disputes`: claims of one's own.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};

use crate::ops::Ctx;
use crate::ops::command::OrderRef;
use crate::ops::disputes::in_order;
use crate::web::api::{disputes, shared};
use crate::web::caller::{Caller, Storefront};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::Incoming;
use crate::web::view::dispute::{
    Acknowledgement, DisputeMessageView, DisputeView, EvidenceView, NewDisputeBody, NewDisputeMessageBody,
    NewEvidenceBody,
};
use crate::web::view::page::List;

/// Your disputes, the newest first.
#[utoipa::path(get, path = "/storefront/disputes", tag = "storefront", operation_id = "storefrontListDisputes", security(("token" = [])),
    params(("state" = Option<String>, Query, description = "The status"), ("kind" = Option<String>, Query, description = "claim or chargeback"), ("undecided" = Option<bool>, Query, description = "Only what is not over (true), or is (false)"), ("respondBy" = Option<String>, Query, description = "To be answered before: instant or date"), ("limit" = Option<i64>, Query), ("after" = Option<String>, Query), ("page" = Option<i64>, Query)),
    responses(
        (status = 200, body = List<DisputeView>, description = "A page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn list(caller: Caller<Storefront>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    disputes::list(&caller.ctx, query, false).await
}

/// The disputes of an order, the newest first.
#[utoipa::path(get, path = "/storefront/orders/{id}/disputes", tag = "storefront", operation_id = "storefrontListOrderDisputes", security(("token" = [])),
    params(("id" = String, Path), ("limit" = Option<i64>, Query), ("after" = Option<String>, Query), ("page" = Option<i64>, Query)),
    responses(
        (status = 200, body = List<DisputeView>, description = "A page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn list_of(
    caller: Caller<Storefront>,
    Path(id): Path<String>,
    query: shared::Query,
) -> Result<impl IntoResponse, Problem> {
    disputes::list_of(&caller.ctx, OrderRef::order(&id)?, query).await
}

/// Raises a dispute about items of one merchant: the merchant is asked, and then the platform decides.
#[utoipa::path(post, path = "/storefront/orders/{id}/disputes", tag = "storefront", operation_id = "storefrontOpenDispute", security(("token" = [])),
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
pub async fn open(Path(id): Path<String>, incoming: Incoming<Storefront>) -> Response {
    incoming
        .run(
            None,
            |ctx: Ctx, body: NewDisputeBody| async move { disputes::open(ctx, OrderRef::order(&id)?, body).await },
        )
        .await
}

/// A dispute.
#[utoipa::path(get, path = "/storefront/orders/{id}/disputes/{disputeId}", tag = "storefront", operation_id = "storefrontGetDispute", security(("token" = [])),
    params(("id" = String, Path), ("disputeId" = String, Path)),
    responses(
        (status = 200, body = DisputeView, description = "The dispute"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn get(
    caller: Caller<Storefront>,
    Path((id, dispute)): Path<(String, String)>,
) -> Result<impl IntoResponse, Problem> {
    let found = in_order(&caller.ctx, OrderRef::order(&id)?, disputes::id(&dispute)?).await?;
    disputes::get(&caller.ctx, &found)
}

/// What was said in a dispute, oldest first.
#[utoipa::path(get, path = "/storefront/orders/{id}/disputes/{disputeId}/messages", tag = "storefront", operation_id = "storefrontListDisputeMessages", security(("token" = [])),
    params(("id" = String, Path), ("disputeId" = String, Path), ("limit" = Option<i64>, Query), ("after" = Option<String>, Query), ("page" = Option<i64>, Query)),
    responses(
        (status = 200, body = List<DisputeMessageView>, description = "A page, oldest first"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn messages(
    caller: Caller<Storefront>,
    Path((id, dispute)): Path<(String, String)>,
    query: shared::Query,
) -> Result<impl IntoResponse, Problem> {
    let found = in_order(&caller.ctx, OrderRef::order(&id)?, disputes::id(&dispute)?).await?;
    disputes::messages(&caller.ctx, &found, query).await
}

/// Writes a message into a dispute; the first from the side that is asked is its answer.
#[utoipa::path(post, path = "/storefront/orders/{id}/disputes/{disputeId}/messages", tag = "storefront", operation_id = "storefrontSayInDispute", security(("token" = [])),
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
pub async fn say(Path((id, dispute)): Path<(String, String)>, incoming: Incoming<Storefront>) -> Response {
    incoming
        .run(None, |ctx: Ctx, body: NewDisputeMessageBody| async move {
            disputes::say(ctx, OrderRef::order(&id)?, disputes::id(&dispute)?, body).await
        })
        .await
}

/// The evidence in a dispute, oldest first.
#[utoipa::path(get, path = "/storefront/orders/{id}/disputes/{disputeId}/evidence", tag = "storefront", operation_id = "storefrontListDisputeEvidence", security(("token" = [])),
    params(("id" = String, Path), ("disputeId" = String, Path), ("limit" = Option<i64>, Query), ("after" = Option<String>, Query), ("page" = Option<i64>, Query)),
    responses(
        (status = 200, body = List<EvidenceView>, description = "A page, oldest first"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn evidence(
    caller: Caller<Storefront>,
    Path((id, dispute)): Path<(String, String)>,
    query: shared::Query,
) -> Result<impl IntoResponse, Problem> {
    let found = in_order(&caller.ctx, OrderRef::order(&id)?, disputes::id(&dispute)?).await?;
    disputes::evidence(&caller.ctx, &found, query).await
}

/// Adds evidence to a dispute: words, and links to where files are. Files themselves are not kept.
#[utoipa::path(post, path = "/storefront/orders/{id}/disputes/{disputeId}/evidence", tag = "storefront", operation_id = "storefrontAddEvidence", security(("token" = [])),
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
pub async fn prove(Path((id, dispute)): Path<(String, String)>, incoming: Incoming<Storefront>) -> Response {
    incoming
        .run(None, |ctx: Ctx, body: NewEvidenceBody| async move {
            disputes::prove(ctx, OrderRef::order(&id)?, disputes::id(&dispute)?, body).await
        })
        .await
}

/// Takes a dispute back that you raised.
#[utoipa::path(post, path = "/storefront/orders/{id}/disputes/{disputeId}/withdraw", tag = "storefront", operation_id = "storefrontWithdrawDispute", security(("token" = [])),
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
pub async fn withdraw(Path((id, dispute)): Path<(String, String)>, incoming: Incoming<Storefront>) -> Response {
    incoming
        .run(None, |ctx: Ctx, _: Acknowledgement| async move {
            disputes::withdraw(ctx, OrderRef::order(&id)?, disputes::id(&dispute)?).await
        })
        .await
}
