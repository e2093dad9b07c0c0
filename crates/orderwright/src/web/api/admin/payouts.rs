//! `GET` and `POST /admin/payouts`, `GET /admin/payouts/{id}`, its lines and its statement.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use orderwright_core::id::{BatchId, PayoutId};
use orderwright_core::payout::PayoutState;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ops::payouts::{self, Payout, run as runs, statement};
use crate::ops::{Ctx, OpError};
use crate::store::PayoutFilter;
use crate::web::api::shared;
use crate::web::caller::{Caller, Platform};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::{Answer, Incoming};
use crate::web::view::page::{List, PageParams, Params};
use crate::web::view::payout::{self as view, PayoutLineView, PayoutView};

/// Payouts, the newest first.
#[utoipa::path(get, path = "/admin/payouts", tag = "admin", operation_id = "adminListPayouts", security(("token" = [])),
    params(
        ("status" = Option<String>, Query, description = "pending, approved, sent, paid, failed, returned, settled"),
        ("party" = Option<String>, Query, description = "The party's ledger account: party/merchant/mer_…"),
        ("channel" = Option<String>, Query),
        ("batchId" = Option<String>, Query, description = "pob_…"),
        PageParams,
    ),
    responses(
        (status = 200, body = List<PayoutView>, description = "A page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn list(caller: Caller<Platform>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    let mut params = Params::new(query.0);
    let state = params.parsed("status", "a status of payouts", PayoutState::parse);
    let filter = PayoutFilter {
        parties: params
            .parsed("party", "a party's ledger account, like party/merchant/mer_…", payouts::party)
            .map(|p| p.account())
            .into_iter()
            .collect(),
        channel: params.take("channel"),
        state: state.map(|s| s.name().to_owned()),
        batch_id: params.parsed("batchId", "a batch's id, pob_…", BatchId::parse).map(|b| b.0),
    };
    let window = params.window(|v| PayoutId::parse(v).map(|p| p.0));
    params.finish()?;
    let found = payouts::list(&caller.ctx, &filter, window.after, window.rows() as i64).await?;
    Ok(Answer::ok(&window.list(found, |p| p.id().to_string(), |p| view::payout(p, false))))
}

/// What to run; everything that is left out means all.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RunPayouts {
    /// This channel only.
    #[serde(default)]
    pub channel: Option<String>,
    /// This party only: its ledger account, `party/merchant/mer_…`.
    #[serde(default)]
    pub party: Option<String>,
    /// Nothing is made; the answer says what would be.
    #[serde(default)]
    pub dry_run: Option<bool>,
}

/// What a run came to.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PayoutRun {
    /// Whether nothing was made.
    pub dry_run: bool,
    /// Payouts that were made, or would be.
    pub payouts: Vec<PlannedPayout>,
    /// Parties that wait, and why.
    pub waiting: Vec<WaitingParty>,
}

/// A payout that was made, or would be. Minor units.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedPayout {
    /// `pyo_…`; null in a dry run.
    pub id: Option<String>,
    /// The party's ledger account.
    pub party: String,
    /// The channel.
    pub channel: String,
    /// ISO 4217.
    pub currency: String,
    /// bank, a provider, or none.
    pub method: String,
    /// What is paid.
    pub amount: i64,
    /// Shares of orders less refunds, fees and chargebacks.
    pub orders: i64,
    /// Kept back.
    pub reserve_held: i64,
    /// Released.
    pub reserve_released: i64,
    /// Of payouts that failed or came back.
    pub carried: i64,
    /// Against what the party owed.
    pub netted: i64,
    /// What the party owes from then on.
    pub owed: i64,
}

/// A party that is not paid now.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaitingParty {
    /// The party's ledger account.
    pub party: String,
    /// The channel.
    pub channel: String,
    /// ISO 4217.
    pub currency: String,
    /// What it would get, minor units.
    pub amount: i64,
    /// below_minimum, no_account, account_refused, account_changed.
    pub reason: String,
    /// In plain words.
    pub description: String,
}

fn report(found: runs::Report, dry_run: bool) -> PayoutRun {
    let planned = |p: runs::Planned| PlannedPayout {
        id: p.id.map(|id| id.to_string()),
        party: p.party,
        channel: p.channel,
        currency: p.currency,
        method: p.method.name().to_owned(),
        amount: p.settlement.amount,
        orders: p.settlement.orders,
        reserve_held: p.settlement.held,
        reserve_released: p.settlement.released,
        carried: p.settlement.carried,
        netted: p.settlement.netted,
        owed: p.settlement.owed,
    };
    let waits = |w: runs::Waiting| WaitingParty {
        description: w.explained().to_owned(),
        party: w.party,
        channel: w.channel,
        currency: w.currency,
        amount: w.amount,
        reason: w.reason.to_owned(),
    };
    PayoutRun {
        dry_run,
        payouts: found.payouts.into_iter().map(planned).collect(),
        waiting: found.waiting.into_iter().map(waits).collect(),
    }
}

/// Makes a run now, whatever the schedules say.
#[utoipa::path(post, path = "/admin/payouts", tag = "admin", operation_id = "adminRunPayouts", security(("token" = [])),
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = RunPayouts,
    responses(
        (status = 200, body = PayoutRun, description = "What was made, or in a dry run would be"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn run(incoming: Incoming<Platform>) -> Response {
    let work = |mut ctx: Ctx, body: RunPayouts| async move {
        let dry_run = body.dry_run.unwrap_or(false);
        let request = runs::Request { channel: body.channel, party: body.party, dry_run };
        Ok(Answer::ok(&report(runs::now(&mut ctx, &request).await?, dry_run)))
    };
    incoming.run(None, work).await
}

async fn found(caller: &Caller<Platform>, id: &str) -> Result<Payout, OpError> {
    payouts::find(&caller.ctx, id, &[]).await
}

/// One payout.
#[utoipa::path(get, path = "/admin/payouts/{id}", tag = "admin", operation_id = "adminGetPayout", security(("token" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = PayoutView, description = "The payout"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "No such payout"),
    ))]
pub async fn get(caller: Caller<Platform>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    Ok(Answer::ok(&view::payout(found(&caller, &id).await?, false)))
}

/// What a payout has of which order.
#[utoipa::path(get, path = "/admin/payouts/{id}/lines", tag = "admin", operation_id = "adminListPayoutLines", security(("token" = [])),
    params(("id" = String, Path), PageParams),
    responses(
        (status = 200, body = List<PayoutLineView>, description = "A page, by order"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "No such payout"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn lines(
    caller: Caller<Platform>,
    Path(id): Path<String>,
    query: shared::Query,
) -> Result<impl IntoResponse, Problem> {
    shared::payout_lines(&caller.ctx, found(&caller, &id), query).await
}

/// The statement of a payout as CSV.
#[utoipa::path(get, path = "/admin/payouts/{id}/statement.csv", tag = "admin", operation_id = "adminPayoutStatementCsv", security(("token" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = String, content_type = "text/csv", description = "The file (RFC 4180, UTF-8, with a header)"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "No such payout"),
    ))]
pub async fn statement_csv(caller: Caller<Platform>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    let payout = found(&caller, &id).await?;
    Ok(view::csv(&statement::statement(&caller.ctx, payout).await?))
}

/// The statement of a payout as a page to print.
#[utoipa::path(get, path = "/admin/payouts/{id}/statement.html", tag = "admin", operation_id = "adminPayoutStatementHtml", security(("token" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = String, content_type = "text/html", description = "The page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "No such payout"),
    ))]
pub async fn statement_html(caller: Caller<Platform>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    let payout = found(&caller, &id).await?;
    Ok(view::html(&statement::statement(&caller.ctx, payout).await?))
}
