//! `POST /admin/payouts/{id}/approve`, `/sent`, `/paid`, `/failed`, `/returned`, `/retry`: how payouts go on. `{id}` is a payout's or a batch's.

use axum::extract::Path;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ops::Ctx;
use crate::ops::payouts::act::{self, Said, Why};
use crate::web::caller::Platform;
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::{Answer, Incoming};
use crate::web::view::payout::{self as view, PayoutView};

/// Characters of a reason or of a reference.
pub const MAX_REASON: usize = 500;

/// The payouts that it was said of, as they are now.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChangedPayouts {
    /// One, or those of a batch.
    pub data: Vec<PayoutView>,
}

/// Nothing is asked for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// How it arrived.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PayoutArrived {
    /// The bank's word for it.
    #[serde(default)]
    pub reference: Option<String>,
}

/// Why it did not arrive, or came back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PayoutWentWrong {
    /// For people.
    pub reason: String,
    /// Whether the party's account is to blame, which it is unless you say false: then nothing goes there until another is given.
    #[serde(default)]
    pub account_refused: Option<bool>,
}

fn clean(field: &str, text: &str) -> Result<(), Problem> {
    if text.contains('\0') || text.chars().count() > MAX_REASON {
        return Err(Problem::field(field, format!("must have at most {MAX_REASON} characters, and no NUL")));
    }
    Ok(())
}

fn why(body: PayoutWentWrong) -> Result<Why, Problem> {
    clean("/reason", &body.reason)?;
    if body.reason.trim().is_empty() {
        return Err(Problem::field("/reason", "say why: the party reads it"));
    }
    Ok(Why { reason: body.reason, needs_details: body.account_refused.unwrap_or(true) })
}

async fn say(mut ctx: Ctx, id: String, said: Said) -> Result<Answer, Problem> {
    if let Said::Paid(Some(reference)) = &said {
        clean("/reference", reference)?;
    }
    let data = act::say(&mut ctx, &id, &said).await?.into_iter().map(|p| view::payout(p, false)).collect();
    Ok(Answer::ok(&ChangedPayouts { data }))
}

/// Approves a payout, or all of a batch that wait for it. What a provider pays leaves at once.
#[utoipa::path(post, path = "/admin/payouts/{id}/approve", tag = "admin", operation_id = "adminApprovePayout", security(("token" = [])),
    params(("id" = String, Path, description = "pyo_… or pob_…"), ("Idempotency-Key" = Option<String>, Header)),
    request_body = Nothing,
    responses(
        (status = 200, body = ChangedPayouts, description = "As they are now"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "No such payout or batch"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn approve(Path(id): Path<String>, incoming: Incoming<Platform>) -> Response {
    incoming.run(None, |ctx: Ctx, _: Nothing| async move { say(ctx, id, Said::Approved).await }).await
}

/// Says that the bank has a payout, or a batch.
#[utoipa::path(post, path = "/admin/payouts/{id}/sent", tag = "admin", operation_id = "adminPayoutSent", security(("token" = [])),
    params(("id" = String, Path, description = "pyo_… or pob_…"), ("Idempotency-Key" = Option<String>, Header)),
    request_body = Nothing,
    responses(
        (status = 200, body = ChangedPayouts, description = "As they are now"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "No such payout or batch"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn sent(Path(id): Path<String>, incoming: Incoming<Platform>) -> Response {
    incoming.run(None, |ctx: Ctx, _: Nothing| async move { say(ctx, id, Said::Sent).await }).await
}

/// Says that a payout, or a batch, arrived.
#[utoipa::path(post, path = "/admin/payouts/{id}/paid", tag = "admin", operation_id = "adminPayoutPaid", security(("token" = [])),
    params(("id" = String, Path, description = "pyo_… or pob_…"), ("Idempotency-Key" = Option<String>, Header)),
    request_body = PayoutArrived,
    responses(
        (status = 200, body = ChangedPayouts, description = "As they are now"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "No such payout or batch"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn paid(Path(id): Path<String>, incoming: Incoming<Platform>) -> Response {
    incoming
        .run(None, |ctx: Ctx, body: PayoutArrived| async move { say(ctx, id, Said::Paid(body.reference)).await })
        .await
}

/// Says that a payout, or a batch, did not leave or was refused. Its money is the party's again and goes out with the next one.
#[utoipa::path(post, path = "/admin/payouts/{id}/failed", tag = "admin", operation_id = "adminPayoutFailed", security(("token" = [])),
    params(("id" = String, Path, description = "pyo_… or pob_…"), ("Idempotency-Key" = Option<String>, Header)),
    request_body = PayoutWentWrong,
    responses(
        (status = 200, body = ChangedPayouts, description = "As they are now"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "No such payout or batch"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn failed(Path(id): Path<String>, incoming: Incoming<Platform>) -> Response {
    incoming
        .run(None, |ctx: Ctx, body: PayoutWentWrong| async move {
            let said = Said::Failed(why(body)?);
            say(ctx, id, said).await
        })
        .await
}

/// Says that a payout, or a batch, came back. Its money is the party's again and goes out with the next one.
#[utoipa::path(post, path = "/admin/payouts/{id}/returned", tag = "admin", operation_id = "adminPayoutReturned", security(("token" = [])),
    params(("id" = String, Path, description = "pyo_… or pob_…"), ("Idempotency-Key" = Option<String>, Header)),
    request_body = PayoutWentWrong,
    responses(
        (status = 200, body = ChangedPayouts, description = "As they are now"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "No such payout or batch"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn returned(Path(id): Path<String>, incoming: Incoming<Platform>) -> Response {
    incoming
        .run(None, |ctx: Ctx, body: PayoutWentWrong| async move {
            let said = Said::Returned(why(body)?);
            say(ctx, id, said).await
        })
        .await
}

/// Lets the money of a payout that failed or came back go out again, to the same account.
#[utoipa::path(post, path = "/admin/payouts/{id}/retry", tag = "admin", operation_id = "adminRetryPayout", security(("token" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = Nothing,
    responses(
        (status = 200, body = PayoutView, description = "Its money goes out with the next run"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "No such payout"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "None of its money waits"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn retry(Path(id): Path<String>, incoming: Incoming<Platform>) -> Response {
    incoming
        .run(None, |mut ctx: Ctx, _: Nothing| async move {
            Ok(Answer::ok(&view::payout(act::retry(&mut ctx, &id).await?, false)))
        })
        .await
}
