//! `GET /events`: every domain event, gap-free.

use axum::response::IntoResponse;
use orderwright_core::id::EventId;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::kernel::digest;
use crate::ops::events::{self, FeedCursor};
use crate::web::api::shared;
use crate::web::caller::{Caller, Platform};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::Answer;
use crate::web::view::page::{List, Params};

/// An event of the feed.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FeedEvent)]
pub struct EventView {
    /// `evt_…`, the same on every read.
    pub id: String,
    /// order.created, order.status_changed, payment.captured, …
    #[serde(rename = "type")]
    pub kind: String,
    /// RFC 3339.
    pub timestamp: String,
    /// Give it as `after` to go on behind this event.
    pub cursor: String,
    /// Facts.
    pub data: Value,
}

/// Events after a cursor, in order, without gaps. `nextCursor` is given on the last page too: ask again with it later.
#[utoipa::path(get, path = "/events", tag = "operations", operation_id = "listEvents", security(("token" = [])),
    params(("after" = Option<String>, Query), ("limit" = Option<i64>, Query, description = "1 to 200, default 20")),
    responses(
        (status = 200, body = List<EventView>, description = "Events"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn handler(caller: Caller<Platform>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    let mut params = Params::new(query.0);
    let limit = params.limit() as usize;
    let after = params.parsed("after", "a nextCursor of this list", FeedCursor::parse);
    params.finish()?;
    let (found, last) = events::after(&caller.ctx, after.unwrap_or(FeedCursor::START), limit).await?;
    let data = found.into_iter().map(|e| EventView {
        id: EventId(digest::id(&[&e.change.to_be_bytes(), &e.index.to_be_bytes()])).to_string(),
        kind: e.kind,
        timestamp: orderwright_core::time::Timestamp(e.at).to_string(),
        cursor: e.cursor.to_string(),
        data: e.data,
    });
    Ok(Answer::ok(&List { data: data.collect(), next_cursor: Some(last.to_string()), total: None }))
}
