//! `GET /merchant/payouts`, one of them, its lines and its statement; `GET` and `PUT /merchant/payout-account`.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};

use crate::ops::payouts::bank;
use crate::ops::{Ctx, OpError};
use crate::web::api::{party, shared};
use crate::web::caller::{Caller, Merchant};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::{Answer, Incoming};
use crate::web::view::bank_account::{self, BankAccountView, OwnBankDetails};
use crate::web::view::page::{List, PageParams, Params};
use crate::web::view::payout::{PayoutLineView, PayoutView};

/// Your payouts, the newest first.
#[utoipa::path(get, path = "/merchant/payouts", tag = "merchant", operation_id = "merchantListPayouts", security(("token" = [])),
    params(("status" = Option<String>, Query, description = "pending, approved, sent, paid, failed, returned, settled"), PageParams),
    responses(
        (status = 200, body = List<PayoutView>, description = "A page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn list(caller: Caller<Merchant>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    party::payouts(&caller.ctx, &party::of_merchant(&caller.ctx)?, query).await
}

/// One of your payouts.
#[utoipa::path(get, path = "/merchant/payouts/{id}", tag = "merchant", operation_id = "merchantGetPayout", security(("token" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = PayoutView, description = "The payout"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
    ))]
pub async fn get(caller: Caller<Merchant>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    party::payout(&caller.ctx, &party::of_merchant(&caller.ctx)?, &id).await
}

/// What a payout has of which order.
#[utoipa::path(get, path = "/merchant/payouts/{id}/lines", tag = "merchant", operation_id = "merchantListPayoutLines", security(("token" = [])),
    params(("id" = String, Path), PageParams),
    responses(
        (status = 200, body = List<PayoutLineView>, description = "A page, by order"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn lines(
    caller: Caller<Merchant>,
    Path(id): Path<String>,
    query: shared::Query,
) -> Result<impl IntoResponse, Problem> {
    party::payout_lines(&caller.ctx, &party::of_merchant(&caller.ctx)?, &id, query).await
}

/// The statement of a payout as CSV.
#[utoipa::path(get, path = "/merchant/payouts/{id}/statement.csv", tag = "merchant", operation_id = "merchantPayoutStatementCsv", security(("token" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = String, content_type = "text/csv", description = "The file (RFC 4180, UTF-8, with a header)"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
    ))]
pub async fn statement_csv(caller: Caller<Merchant>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    party::payout_csv(&caller.ctx, &party::of_merchant(&caller.ctx)?, &id).await
}

/// The statement of a payout as a page to print.
#[utoipa::path(get, path = "/merchant/payouts/{id}/statement.html", tag = "merchant", operation_id = "merchantPayoutStatementHtml", security(("token" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = String, content_type = "text/html", description = "The page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
    ))]
pub async fn statement_html(caller: Caller<Merchant>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    party::payout_html(&caller.ctx, &party::of_merchant(&caller.ctx)?, &id).await
}

/// The bank account that your money goes to, by its end.
#[utoipa::path(get, path = "/merchant/payout-account", tag = "merchant", operation_id = "merchantGetPayoutAccount", security(("token" = [])),
    responses(
        (status = 200, body = BankAccountView, description = "As it is shown"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "None was given yet"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn account(caller: Caller<Merchant>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    Params::new(query.0).finish()?;
    for party in party::of_merchant(&caller.ctx)? {
        if let Some(row) = bank::of(&caller.ctx, &party.account()).await? {
            return Ok(Answer::ok(&bank_account::account(row)));
        }
    }
    Err(OpError::NotFound.into())
}

/// Says to which bank account your money goes from now on, in all channels.
#[utoipa::path(put, path = "/merchant/payout-account", tag = "merchant", operation_id = "merchantPutPayoutAccount", security(("token" = [])),
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = OwnBankDetails,
    responses(
        (status = 200, body = BankAccountView, description = "As it is shown"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 404, body = ProblemBody, description = "The token is no merchant's"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn put_account(incoming: Incoming<Merchant>) -> Response {
    let work = |mut ctx: Ctx, body: OwnBankDetails| async move {
        let account = bank_account::read(body)?;
        let mut given = None;
        for party in party::of_merchant(&ctx)? {
            given = Some(bank::put(&mut ctx, &party.account(), account.clone()).await?);
        }
        let row = given.ok_or(OpError::NotFound)?;
        Ok(Answer::ok(&bank_account::account(row)))
    };
    incoming.run(None, work).await
}
