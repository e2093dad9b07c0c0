//! `/admin/disputes`: every dispute, decided and defended by staff.

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use orderwright_core::decide::DisputeCommand;

use crate::ops::Ctx;
use crate::ops::disputes::{bundle, carry_on, find, pdf, submit as send};
use crate::web::api::{disputes, shared};
use crate::web::caller::{Admin, Caller};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::Incoming;
use crate::web::view::dispute::{
    Acknowledgement, DecisionBody, DisputeMessageView, DisputeView, EvidenceView, NewDisputeMessageBody,
    NewEvidenceBody, ReplacementBody, Submission,
};
use crate::web::view::page::List;

/// Disputes between people and by banks, the newest first.
#[utoipa::path(get, path = "/admin/disputes", tag = "admin", operation_id = "adminListDisputes", security(("token" = [])),
    params(("state" = Option<String>, Query, description = "The status"), ("kind" = Option<String>, Query, description = "claim or chargeback"), ("undecided" = Option<bool>, Query, description = "Only what is not over (true), or is (false)"), ("respondBy" = Option<String>, Query, description = "To be answered before: instant or date"), ("channel" = Option<String>, Query), ("merchantId" = Option<String>, Query), ("limit" = Option<i64>, Query), ("after" = Option<String>, Query), ("page" = Option<i64>, Query)),
    responses(
        (status = 200, body = List<DisputeView>, description = "A page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn list(caller: Caller<Admin>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    disputes::list(&caller.ctx, query, true).await
}

/// A dispute.
#[utoipa::path(get, path = "/admin/disputes/{id}", tag = "admin", operation_id = "adminGetDispute", security(("token" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = DisputeView, description = "The dispute"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn get(caller: Caller<Admin>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    let found = find(&caller.ctx, disputes::id(&id)?).await?;
    disputes::get(&caller.ctx, &found)
}

/// What was said in a dispute, oldest first.
#[utoipa::path(get, path = "/admin/disputes/{id}/messages", tag = "admin", operation_id = "adminListDisputeMessages", security(("token" = [])),
    params(("id" = String, Path), ("limit" = Option<i64>, Query), ("after" = Option<String>, Query), ("page" = Option<i64>, Query)),
    responses(
        (status = 200, body = List<DisputeMessageView>, description = "A page, oldest first"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn messages(
    caller: Caller<Admin>,
    Path(id): Path<String>,
    query: shared::Query,
) -> Result<impl IntoResponse, Problem> {
    let found = find(&caller.ctx, disputes::id(&id)?).await?;
    disputes::messages(&caller.ctx, &found, query).await
}

/// Writes a message to both sides of a claim, to one of them, or for staff alone; in a chargeback always for staff.
#[utoipa::path(post, path = "/admin/disputes/{id}/messages", tag = "admin", operation_id = "adminSayInDispute", security(("token" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
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
pub async fn say(Path(id): Path<String>, incoming: Incoming<Admin>) -> Response {
    incoming
        .run(None, |ctx: Ctx, body: NewDisputeMessageBody| async move {
            let found = find(&ctx, disputes::id(&id)?).await?;
            disputes::say(ctx, disputes::order(&found), found.id, body).await
        })
        .await
}

/// The evidence in a dispute, oldest first.
#[utoipa::path(get, path = "/admin/disputes/{id}/evidence", tag = "admin", operation_id = "adminListDisputeEvidence", security(("token" = [])),
    params(("id" = String, Path), ("limit" = Option<i64>, Query), ("after" = Option<String>, Query), ("page" = Option<i64>, Query)),
    responses(
        (status = 200, body = List<EvidenceView>, description = "A page, oldest first"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn evidence(
    caller: Caller<Admin>,
    Path(id): Path<String>,
    query: shared::Query,
) -> Result<impl IntoResponse, Problem> {
    let found = find(&caller.ctx, disputes::id(&id)?).await?;
    disputes::evidence(&caller.ctx, &found, query).await
}

/// Adds evidence to a dispute: words, and links to where files are. It goes into the bundle.
#[utoipa::path(post, path = "/admin/disputes/{id}/evidence", tag = "admin", operation_id = "adminAddEvidence", security(("token" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
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
pub async fn prove(Path(id): Path<String>, incoming: Incoming<Admin>) -> Response {
    incoming
        .run(None, |ctx: Ctx, body: NewEvidenceBody| async move {
            let found = find(&ctx, disputes::id(&id)?).await?;
            disputes::prove(ctx, disputes::order(&found), found.id, body).await
        })
        .await
}

/// Decides a claim: all that is left of its items goes back, a part of it, the merchant sends again, or nothing.
#[utoipa::path(post, path = "/admin/disputes/{id}/decide", tag = "admin", operation_id = "adminDecideDispute", security(("token" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    request_body = DecisionBody,
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
pub async fn decide(Path(id): Path<String>, incoming: Incoming<Admin>) -> Response {
    incoming
        .run(None, |mut ctx: Ctx, body: DecisionBody| async move {
            let (dispute, verdict) = (disputes::id(&id)?, body.read()?);
            let order = disputes::order(&find(&ctx, dispute).await?);
            let found = carry_on(&mut ctx, order, DisputeCommand::Decide { dispute, verdict }).await?;
            disputes::get(&ctx, &found)
        })
        .await
}

/// Records that the replacement was sent, where a merchant does not do it.
#[utoipa::path(post, path = "/admin/disputes/{id}/replacement", tag = "admin", operation_id = "adminSendReplacement", security(("token" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
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
pub async fn replacement(Path(id): Path<String>, incoming: Incoming<Admin>) -> Response {
    incoming
        .run(None, |mut ctx: Ctx, body: ReplacementBody| async move {
            let dispute = disputes::id(&id)?;
            let parcel = body.read()?;
            let order = disputes::order(&find(&ctx, dispute).await?);
            let found = carry_on(&mut ctx, order, DisputeCommand::Replace { dispute, parcel }).await?;
            disputes::get(&ctx, &found)
        })
        .await
}

/// Sends evidence against a chargeback to the bank: what was gathered, and your words. Nothing can be added afterwards.
#[utoipa::path(post, path = "/admin/disputes/{id}/submit", tag = "admin", operation_id = "adminSubmitEvidence", security(("token" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    request_body = Submission,
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
pub async fn submit(Path(id): Path<String>, incoming: Incoming<Admin>) -> Response {
    incoming
        .run(None, |mut ctx: Ctx, body: Submission| async move {
            let words = body.read()?;
            let found = send(&mut ctx, disputes::id(&id)?, words.as_deref()).await?;
            disputes::get(&ctx, &found)
        })
        .await
}

/// Gives a chargeback in: the provider is told that it is not contested.
#[utoipa::path(post, path = "/admin/disputes/{id}/accept", tag = "admin", operation_id = "adminAcceptDispute", security(("token" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
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
pub async fn accept(Path(id): Path<String>, incoming: Incoming<Admin>) -> Response {
    incoming
        .run(None, |mut ctx: Ctx, body: Acknowledgement| async move {
            let Acknowledgement {} = body;
            let dispute = disputes::id(&id)?;
            let order = disputes::order(&find(&ctx, dispute).await?);
            let found = carry_on(&mut ctx, order, DisputeCommand::Accept { dispute }).await?;
            disputes::get(&ctx, &found)
        })
        .await
}

/// Everything about a dispute in one place: the order, delivery, messages, evidence, policy and history. It holds people's data.
#[utoipa::path(get, path = "/admin/disputes/{id}/bundle.json", tag = "admin", operation_id = "adminGetDisputeBundle", security(("token" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = Value, description = "The bundle"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn bundle_json(caller: Caller<Admin>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    let found = find(&caller.ctx, disputes::id(&id)?).await?;
    let bundle = bundle::gather(&caller.ctx, &found).await?;
    Ok(([(header::CONTENT_TYPE, "application/json"), NOT_KEPT], bundle.to_string()))
}

/// People's data: for nobody's cache.
const NOT_KEPT: (header::HeaderName, &str) = (header::CACHE_CONTROL, "private, no-store");

/// The same on paper: A4, text only. Letters outside of Western Europe are printed as their codes.
#[utoipa::path(get, path = "/admin/disputes/{id}/bundle.pdf", tag = "admin", operation_id = "adminPrintDisputeBundle", security(("token" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = String, content_type = "application/pdf", description = "The document"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn bundle_pdf(caller: Caller<Admin>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    let found = find(&caller.ctx, disputes::id(&id)?).await?;
    let bundle = bundle::gather(&caller.ctx, &found).await?;
    let name = format!("attachment; filename=\"evidence-{}.pdf\"", found.id);
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (NOT_KEPT.0, NOT_KEPT.1.to_owned()),
    ];
    Ok((headers, pdf::of(&bundle)))
}
