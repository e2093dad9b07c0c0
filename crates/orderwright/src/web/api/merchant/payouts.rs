//! `GET /merchant/payouts`, one of them, its lines and its statement; `GET` and `PUT /merchant/payout-account`.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use orderwright_core::id::{OrderId, PayoutId};
use orderwright_core::order::{PartyKind, PartyRef};
use orderwright_core::payout::PayoutState;

use crate::ops::payouts::{self, Payout, bank, statement};
use crate::ops::{Ctx, OpError};
use crate::store::PayoutFilter;
use crate::web::api::shared;
use crate::web::caller::{Caller, Merchant};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::{Answer, Incoming};
use crate::web::view::bank_account::{self, BankAccountView, OwnBankDetails};
use crate::web::view::page::{List, PageParams, Params};
use crate::web::view::payout::{self as view, PayoutLineView, PayoutView};

/// The parties that a merchant is: a maker is a supplier in one channel and a merchant in another.
fn parties(ctx: &Ctx) -> Result<[PartyRef; 2], OpError> {
    let merchant = ctx.actor.merchant.ok_or(OpError::NotFound)?;
    Ok([PartyKind::Merchant, PartyKind::Supplier].map(|kind| PartyRef { kind, id: merchant.to_string() }))
}

async fn found(ctx: &Ctx, id: &str) -> Result<Payout, OpError> {
    payouts::find(ctx, id, &parties(ctx)?).await
}

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
    let mut params = Params::new(query.0);
    let state = params.parsed("status", "a status of payouts", PayoutState::parse);
    let window = params.window(|v| PayoutId::parse(v).map(|p| p.0));
    params.finish()?;
    let parties = parties(&caller.ctx)?;
    let filter = PayoutFilter {
        parties: parties.iter().map(PartyRef::account).collect(),
        state: state.map(|s| s.name().to_owned()),
        ..PayoutFilter::default()
    };
    let rows = payouts::list(&caller.ctx, &filter, window.after, window.rows() as i64).await?;
    Ok(Answer::ok(&window.list(rows, |p| p.id().to_string(), |p| view::payout(p, true))))
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
    Ok(Answer::ok(&view::payout(found(&caller.ctx, &id).await?, true)))
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
    let mut params = Params::new(query.0);
    let window = params.window(|v| OrderId::parse(v).map(|o| o.0));
    params.finish()?;
    let payout = found(&caller.ctx, &id).await?;
    let rows = payouts::lines(&caller.ctx, &payout, window.after.unwrap_or(0), window.rows() as i64).await?;
    Ok(Answer::ok(&window.list(rows, |row| OrderId(row.order_id).to_string(), view::line)))
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
    let payout = found(&caller.ctx, &id).await?;
    Ok(view::csv(&statement::statement(&caller.ctx, payout).await?))
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
    let payout = found(&caller.ctx, &id).await?;
    Ok(view::html(&statement::statement(&caller.ctx, payout).await?))
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
    for party in parties(&caller.ctx)? {
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
        let [first, second] = parties(&ctx)?;
        let row = bank::put(&mut ctx, &first.account(), account.clone()).await?;
        bank::put(&mut ctx, &second.account(), account).await?;
        Ok(Answer::ok(&bank_account::account(row)))
    };
    incoming.run(None, work).await
}
