//! `GET /admin/jobs` and `POST /admin/jobs/{id}/retry`

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use orderwright_core::id::{JobId, OrderId};
use orderwright_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::ops::{Ctx, OpError, jobs};
use crate::store::JobRow;
use crate::web::api::shared;
use crate::web::caller::{Caller, Platform};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::{Answer, Incoming};
use crate::web::view::page::{List, Params};

/// Durable work in the background. What is done is gone.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Job)]
pub struct JobView {
    /// `job_…`: also the idempotency key at the provider.
    pub id: String,
    /// payment, payout, sandbox.webhook, provider.event, reconciliation, dispute, mail
    pub kind: String,
    /// ready, in_doubt (its answer was lost, the provider is being asked), dead (it gave up and waits for somebody).
    pub state: String,
    /// payment.charge and the like; null for jobs that are no effect.
    pub effect: Option<String>,
    /// `ord_…`
    pub order_id: Option<String>,
    /// Minor units of what it moves.
    pub amount: Option<i64>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// When it may run.
    pub run_at: String,
    /// How often it was tried.
    pub attempts: i64,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// RFC 3339.
    pub created_at: String,
}

fn show(row: JobRow) -> JobView {
    let payload: Value = serde_json::from_str(&row.payload).unwrap_or_default();
    let text = |field: &str| payload[field].as_str().map(str::to_owned);
    // A webhook's payload names the effect that it is about: that is another job.
    let is_effect = row.kind == crate::effects::PAYMENT;
    JobView {
        id: JobId(row.id).to_string(),
        kind: row.kind,
        state: row.state,
        effect: text("effect").filter(|_| is_effect),
        order_id: row.order_id.map(|o| OrderId(o).to_string()),
        amount: payload["amount"].as_i64(),
        currency: text("currency"),
        run_at: Timestamp(row.run_at).to_string(),
        attempts: row.attempts,
        last_error: row.last_error,
        created_at: Timestamp(row.created_at).to_string(),
    }
}

/// Jobs that wait, run or gave up, oldest first.
#[utoipa::path(get, path = "/admin/jobs", tag = "admin", operation_id = "adminListJobs", security(("token" = [])),
    params(
        ("state" = Option<String>, Query, description = "ready, in_doubt, dead"),
        ("kind" = Option<String>, Query, description = "payment, payout, sandbox.webhook, provider.event, reconciliation, dispute, mail"),
        ("limit" = Option<i64>, Query, description = "1 to 200, default 20"),
        ("after" = Option<String>, Query, description = "nextCursor of the page before"),
        ("page" = Option<i64>, Query, description = "From 1; page × limit at most 10,000"),
    ),
    responses(
        (status = 200, body = List<JobView>, description = "A page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn list(caller: Caller<Platform>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    let mut params = Params::new(query.0);
    let window = params.window(|v| JobId::parse(v).map(|j| j.0));
    let one_of = |known: &'static [&'static str]| move |v: &str| known.iter().find(|k| **k == v).copied();
    let state = params.parsed("state", &format!("one of {}", jobs::STATES.join(", ")), one_of(jobs::STATES));
    let kind = params.parsed("kind", &format!("one of {}", jobs::KINDS.join(", ")), one_of(jobs::KINDS));
    params.finish()?;
    let rows = jobs::list(&caller.ctx, state, kind, window.after.unwrap_or(0), window.rows() as i64).await?;
    Ok(Answer::ok(&window.list(rows, |row| JobId(row.id).to_string(), show)))
}

/// Nothing is asked for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {}

/// Lets a job run again that gave up.
#[utoipa::path(post, path = "/admin/jobs/{id}/retry", tag = "admin", operation_id = "adminRetryJob", security(("token" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = Retry,
    responses(
        (status = 200, body = JobView, description = "It runs again"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "No such job, or it is done"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "It has not given up"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn retry(Path(id): Path<String>, incoming: Incoming<Platform>) -> Response {
    incoming
        .run(None, |ctx: Ctx, _: Retry| async move {
            let id = JobId::parse(&id).ok_or(OpError::NotFound)?;
            Ok(Answer::ok(&show(jobs::retry(&ctx.app, id, ctx.key.as_ref()).await?)))
        })
        .await
}
