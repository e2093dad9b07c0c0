//! `GET /brand/payouts`, one of them, its lines and its statement. Where the money goes is said by the platform.

use axum::extract::Path;
use axum::response::IntoResponse;

use crate::web::api::{party, shared};
use crate::web::caller::{Brand, Caller};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::view::page::{List, PageParams};
use crate::web::view::payout::{PayoutLineView, PayoutView};

/// Your payouts, the newest first.
#[utoipa::path(get, path = "/brand/payouts", tag = "brand", operation_id = "brandListPayouts", security(("token" = [])),
    params(("status" = Option<String>, Query, description = "pending, approved, sent, paid, failed, returned, settled"), PageParams),
    responses(
        (status = 200, body = List<PayoutView>, description = "A page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn list(caller: Caller<Brand>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    party::payouts(&caller.ctx, &[party::of_brand(&caller.ctx)?], query).await
}

/// One of your payouts.
#[utoipa::path(get, path = "/brand/payouts/{id}", tag = "brand", operation_id = "brandGetPayout", security(("token" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = PayoutView, description = "The payout"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
    ))]
pub async fn get(caller: Caller<Brand>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    party::payout(&caller.ctx, &[party::of_brand(&caller.ctx)?], &id).await
}

/// What a payout has of which order.
#[utoipa::path(get, path = "/brand/payouts/{id}/lines", tag = "brand", operation_id = "brandListPayoutLines", security(("token" = [])),
    params(("id" = String, Path), PageParams),
    responses(
        (status = 200, body = List<PayoutLineView>, description = "A page, by order"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn lines(
    caller: Caller<Brand>,
    Path(id): Path<String>,
    query: shared::Query,
) -> Result<impl IntoResponse, Problem> {
    party::payout_lines(&caller.ctx, &[party::of_brand(&caller.ctx)?], &id, query).await
}

/// The statement of a payout as CSV.
#[utoipa::path(get, path = "/brand/payouts/{id}/statement.csv", tag = "brand", operation_id = "brandPayoutStatementCsv", security(("token" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = String, content_type = "text/csv", description = "The file (RFC 4180, UTF-8, with a header)"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
    ))]
pub async fn statement_csv(caller: Caller<Brand>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    party::payout_csv(&caller.ctx, &[party::of_brand(&caller.ctx)?], &id).await
}

/// The statement of a payout as a page to print.
#[utoipa::path(get, path = "/brand/payouts/{id}/statement.html", tag = "brand", operation_id = "brandPayoutStatementHtml", security(("token" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = String, content_type = "text/html", description = "The page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
    ))]
pub async fn statement_html(caller: Caller<Brand>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    party::payout_html(&caller.ctx, &[party::of_brand(&caller.ctx)?], &id).await
}
