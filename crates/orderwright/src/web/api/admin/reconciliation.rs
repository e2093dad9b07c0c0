//! `POST /admin/reconciliation-runs`, `GET /admin/reconciliation-runs`, `/{id}` and `/{id}/differences`

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use orderwright_core::id::{OrderId, ReconciliationId};
use orderwright_core::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ops::reconcile::{self, Difference, Request, Run};
use crate::ops::{Ctx, OpError};
use crate::web::api::shared;
use crate::web::caller::{Caller, Platform};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::{Answer, Incoming};
use crate::web::view::page::{List, Params};

/// How far back a run goes when nothing is said.
const USUAL: Span = Span::seconds(30 * 86_400);

/// What is to be compared.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewReconciliation {
    /// Orders placed at or after: instant or date; 30 days before `to` unless said.
    pub from: Option<String>,
    /// Orders placed before: instant or date; now unless said.
    pub to: Option<String>,
    /// Only this channel.
    pub channel: Option<String>,
    /// Only this provider: sandbox, stripe, razorpay.
    pub provider: Option<String>,
    /// Set right what needs no decision: money that came too late goes back, refunds that failed are reversed in the books.
    pub settle: Option<bool>,
}

/// A reconciliation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reconciliation {
    /// `rec_…`
    pub id: String,
    /// running, done
    pub state: String,
    /// RFC 3339.
    pub from: String,
    /// RFC 3339.
    pub to: String,
    /// Only this channel.
    pub channel: Option<String>,
    /// Only this provider.
    pub provider: Option<String>,
    /// Whether what needs no decision is set right.
    pub settle: bool,
    /// Orders read.
    pub orders: u64,
    /// Payments that were compared.
    pub payments: u64,
    /// Payments about which something was under way, so that they were not compared.
    pub under_way: u64,
    /// Payments of the providers' own lists that were looked for here.
    pub looked_for: u64,
    /// Differences found.
    pub differences: u64,
    /// Of those, set right.
    pub settled: u64,
    /// Who began it.
    pub created_by: String,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
}

/// A difference between our books and a provider's.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Difference)]
pub struct DifferenceView {
    /// payment_missing, payment_unknown, currency, taken, held, refunded, refund_missing, refund_amount, refund_failed, refund_unknown,
    /// transfer_missing, transfer_amount, transfer_reversed, transfer_unknown, dispute_missing, dispute_unknown, dispute_amount,
    /// dispute_status, not_asked.
    pub kind: String,
    /// `ord_…`
    pub order_id: Option<String>,
    /// The number that people use.
    pub order_number: Option<String>,
    /// `pay_…`
    pub payment_id: Option<String>,
    /// sandbox, stripe, razorpay
    pub provider: String,
    /// The provider's id of what differs.
    pub reference: Option<String>,
    /// ISO 4217.
    pub currency: String,
    /// In our books, minor units.
    pub ours: Option<i64>,
    /// In the provider's books, minor units.
    pub theirs: Option<i64>,
    /// What differs.
    pub message: String,
    /// What to do.
    pub what_to_do: String,
    /// Whether the run set it right by itself.
    pub settled: bool,
}

fn show(run: Run) -> Reconciliation {
    let (request, counts) = (run.request, run.counts);
    Reconciliation {
        id: reconcile::id_text(run.id),
        state: run.state,
        from: request.from.to_string(),
        to: request.to.to_string(),
        channel: request.channel,
        provider: request.provider,
        settle: request.settle,
        orders: counts.orders,
        payments: counts.payments,
        under_way: counts.under_way,
        looked_for: counts.looked_for,
        differences: counts.differences,
        settled: counts.settled,
        created_by: run.created_by,
        created_at: run.created_at.to_string(),
        updated_at: run.updated_at.to_string(),
    }
}

fn show_difference((_, found): (i64, Difference)) -> DifferenceView {
    DifferenceView {
        kind: found.kind,
        order_id: found.order.map(|o| OrderId(o).to_string()),
        order_number: found.order_number,
        payment_id: found.payment,
        provider: found.provider,
        reference: found.reference,
        currency: found.currency,
        ours: found.ours,
        theirs: found.theirs,
        message: found.message,
        what_to_do: found.what_to_do,
        settled: found.settled,
    }
}

fn instant(pointer: &str, text: Option<String>) -> Result<Option<Timestamp>, Problem> {
    // Empty is as good as left out, as in the lists.
    let Some(text) = text.filter(|t| !t.is_empty()) else { return Ok(None) };
    let read = Timestamp::parse_instant_or_date(&text);
    read.map(Some)
        .ok_or_else(|| Problem::field(pointer, "must be an instant (2026-01-31T12:00:00Z) or a date (2026-01-31)"))
}

/// Compares every payment, refund and transfer of a time with the providers' own books, in the background: watch `state`.
#[utoipa::path(post, path = "/admin/reconciliation-runs", tag = "admin", operation_id = "adminReconcile", security(("token" = [])),
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = NewReconciliation,
    responses(
        (status = 201, body = Reconciliation, description = "Begun"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 422, body = ProblemBody, description = "Wrong fields: a channel or provider that is not there, a time that ends first"),
    ))]
pub async fn begin(incoming: Incoming<Platform>) -> Response {
    incoming
        .run(None, |mut ctx: Ctx, body: NewReconciliation| async move {
            let to = instant("/to", body.to)?.unwrap_or_else(|| ctx.clock.now());
            let from = instant("/from", body.from)?.unwrap_or(Timestamp(to.0.saturating_sub(USUAL.0)));
            let (channel, provider, settle) = (body.channel, body.provider, body.settle.unwrap_or(false));
            let request = Request { from, to, channel, provider, settle };
            Ok(Answer::created(&show(reconcile::begin(&mut ctx, request, true).await?)))
        })
        .await
}

/// Reconciliations, the newest first.
#[utoipa::path(get, path = "/admin/reconciliation-runs", tag = "admin", operation_id = "adminListReconciliations",
    security(("token" = [])),
    params(
        ("limit" = Option<i64>, Query, description = "1 to 200, default 20"),
        ("after" = Option<String>, Query, description = "nextCursor of the page before"),
        ("page" = Option<i64>, Query, description = "From 1; page × limit at most 10,000"),
    ),
    responses(
        (status = 200, body = List<Reconciliation>, description = "A page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn list(caller: Caller<Platform>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    let mut params = Params::new(query.0);
    let window = params.window(|v| ReconciliationId::parse(v).map(|r| r.0));
    params.finish()?;
    let rows = reconcile::list(&caller.ctx, window.after.unwrap_or(i64::MAX), window.rows() as i64).await?;
    Ok(Answer::ok(&window.list(rows, |run| reconcile::id_text(run.id), show)))
}

/// How far a reconciliation has come.
#[utoipa::path(get, path = "/admin/reconciliation-runs/{id}", tag = "admin", operation_id = "adminGetReconciliation",
    security(("token" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = Reconciliation, description = "The reconciliation"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "No such reconciliation"),
    ))]
pub async fn get(caller: Caller<Platform>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    let id = ReconciliationId::parse(&id).ok_or(OpError::NotFound)?;
    Ok(Answer::ok(&show(reconcile::get(&caller.ctx, id.0).await?)))
}

/// What a reconciliation found, in the order in which it was found, each with what to do.
#[utoipa::path(get, path = "/admin/reconciliation-runs/{id}/differences", tag = "admin", operation_id = "adminListDifferences",
    security(("token" = [])),
    params(
        ("id" = String, Path),
        ("limit" = Option<i64>, Query, description = "1 to 200, default 20"),
        ("after" = Option<String>, Query, description = "nextCursor of the page before"),
        ("page" = Option<i64>, Query, description = "From 1; page × limit at most 10,000"),
    ),
    responses(
        (status = 200, body = List<DifferenceView>, description = "A page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "No such reconciliation"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn differences(
    caller: Caller<Platform>,
    Path(id): Path<String>,
    query: shared::Query,
) -> Result<impl IntoResponse, Problem> {
    let id = ReconciliationId::parse(&id).ok_or(OpError::NotFound)?;
    let mut params = Params::new(query.0);
    let window = params.window(|v| v.parse::<i64>().ok().filter(|n| *n > 0));
    params.finish()?;
    let rows = reconcile::differences(&caller.ctx, id.0, window.after.unwrap_or(0), window.rows() as i64).await?;
    Ok(Answer::ok(&window.list(rows, |(seq, _)| seq.to_string(), show_difference)))
}
