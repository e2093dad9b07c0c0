//! `GET /admin/provider-events` and `POST /admin/provider-events/{id}/retry`: what providers told, above all what nobody could place.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use orderwright_core::id::{EventId, OrderId};
use orderwright_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ops::{Ctx, OpError, webhooks};
use crate::pay::port::{NAMES, ObjectRef};
use crate::store::ProviderEventRow;
use crate::web::api::shared;
use crate::web::caller::{Caller, Platform};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::{Answer, Incoming};
use crate::web::view::page::{List, Params};

/// An event of a payment provider.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderEvent {
    /// `evt_…`, ours.
    pub id: String,
    /// stripe, razorpay
    pub provider: String,
    /// The provider's id.
    pub event_id: String,
    /// payment_intent.succeeded and the like.
    #[serde(rename = "type")]
    pub kind: String,
    /// The provider's id of what it is about.
    pub object_id: String,
    /// received, done, ignored, parked (nobody here knows what it is about), refused (it contradicts the books; nothing was applied).
    pub state: String,
    /// Why it is in that state.
    pub note: Option<String>,
    /// `ord_…`
    pub order_id: Option<String>,
    /// When it happened, by the provider's clock.
    pub created_at: String,
    /// When it came.
    pub received_at: String,
}

fn show(row: ProviderEventRow) -> ProviderEvent {
    let object = serde_json::from_str::<ObjectRef>(&row.object).map(|o| o.id).unwrap_or_default();
    ProviderEvent {
        id: EventId(row.id).to_string(),
        provider: row.provider,
        event_id: row.event_id,
        kind: row.kind,
        object_id: object,
        state: row.state,
        note: row.note,
        order_id: row.order_id.map(|o| OrderId(o).to_string()),
        created_at: Timestamp(row.created_at).to_string(),
        received_at: Timestamp(row.received_at).to_string(),
    }
}

/// Events of payment providers, in the order in which they came.
#[utoipa::path(get, path = "/admin/provider-events", tag = "admin", operation_id = "adminListProviderEvents", security(("token" = [])),
    params(
        ("state" = Option<String>, Query, description = "received, done, ignored, parked, refused"),
        ("provider" = Option<String>, Query, description = "stripe, razorpay"),
        ("limit" = Option<i64>, Query, description = "1 to 200, default 20"),
        ("after" = Option<String>, Query, description = "nextCursor of the page before"),
        ("page" = Option<i64>, Query, description = "From 1; page × limit at most 10,000"),
    ),
    responses(
        (status = 200, body = List<ProviderEvent>, description = "A page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn list(caller: Caller<Platform>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    let mut params = Params::new(query.0);
    let window = params.window(|v| EventId::parse(v).map(|j| j.0));
    let one_of = |known: &'static [&'static str]| move |v: &str| known.iter().find(|k| **k == v).copied();
    let states = webhooks::STATES;
    let state = params.parsed("state", &format!("one of {}", states.join(", ")), one_of(states));
    let provider = params.parsed("provider", &format!("one of {}", NAMES.join(", ")), one_of(NAMES));
    params.finish()?;
    let rows = webhooks::list(&caller.ctx, state, provider, window.after.unwrap_or(0), window.rows() as i64).await?;
    Ok(Answer::ok(&window.list(rows, |row| EventId(row.id).to_string(), show)))
}

/// Nothing is asked for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryEvent {}

/// Acts again on an event that was parked or refused.
#[utoipa::path(post, path = "/admin/provider-events/{id}/retry", tag = "admin", operation_id = "adminRetryProviderEvent",
    security(("token" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = RetryEvent,
    responses(
        (status = 200, body = ProviderEvent, description = "It is acted on again"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "No such event"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "It needs nothing"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn retry(Path(id): Path<String>, incoming: Incoming<Platform>) -> Response {
    incoming
        .run(None, |ctx: Ctx, _: RetryEvent| async move {
            let id = EventId::parse(&id).ok_or(OpError::NotFound)?;
            Ok(Answer::ok(&show(webhooks::retry(&ctx, id.0).await?)))
        })
        .await
}
