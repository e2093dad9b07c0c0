//! `GET /events`: every domain event, gap-free, as pages or as a stream (server-sent events).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use orderwright_core::id::EventId;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::App;
use crate::kernel::digest;
use crate::ops::Ctx;
use crate::ops::events::{self, FeedCursor, FeedEvent};
use crate::web::api::shared;
use crate::web::caller::{Caller, Platform, only};
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

/// How often a stream looks for itself: events that another node numbered are not told here.
const LOOK: Duration = Duration::from_millis(500);
/// How often a stream without events says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a reader whose stream broke off waits before it comes back.
const COME_BACK: Duration = Duration::from_secs(2);
/// Events that a stream reads at once.
const BATCH: usize = 100;

/// Events after a cursor, in order, without gaps.
///
/// `nextCursor` is given on the last page too: ask again with it later. With
/// `Accept: text/event-stream` the answer is a stream of the events from the cursor on, without an end: each has its cursor as `id` and the
/// event as `data`; a reader who comes back with `Last-Event-ID` goes on behind it.
#[utoipa::path(get, path = "/events", tag = "operations", operation_id = "listEvents", security(("token" = [])),
    params(
        ("after" = Option<String>, Query),
        ("limit" = Option<i64>, Query, description = "1 to 200, default 20; a stream has no limit"),
        ("Last-Event-ID" = Option<String>, Header, description = "Where a stream broke off: goes before `after`"),
    ),
    responses(
        (status = 200, description = "Events", content((List<EventView> = "application/json"), (String = "text/event-stream"))),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn handler(caller: Caller<Platform>, headers: HeaderMap, query: shared::Query) -> Result<Response, Problem> {
    let mut params = Params::new(query.0);
    let limit = params.limit() as usize;
    let mut after = params.parsed("after", "a nextCursor of this list", FeedCursor::parse);
    let streamed = wants_stream(&headers);
    if let Some(last) = only(&headers, "last-event-id") {
        after = last.and_then(|l| l.to_str().ok()).and_then(FeedCursor::parse);
        if after.is_none() {
            params.complain("Last-Event-ID", "must be the id of an event of a stream");
        }
    }
    params.finish()?;
    let after = after.unwrap_or(FeedCursor::START);
    if streamed {
        let alive = KeepAlive::new().interval(HEARTBEAT).text("alive");
        return Ok(Sse::new(follow(caller.ctx, after)).keep_alive(alive).into_response());
    }
    let (found, last) = events::after(&caller.ctx, after, limit).await?;
    let data = found.into_iter().map(show).collect();
    Ok(Answer::ok(&List { data, next_cursor: Some(last.to_string()), total: None }).into_response())
}

fn show(event: FeedEvent) -> EventView {
    EventView {
        id: EventId(digest::id(&[&event.change.to_be_bytes(), &event.index.to_be_bytes()])).to_string(),
        kind: event.kind,
        timestamp: orderwright_core::time::Timestamp(event.at).to_string(),
        cursor: event.cursor.to_string(),
        data: event.data,
    }
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|v| v.to_str().ok());
    let mut kinds = accepted.flat_map(|v| v.split(',')).filter_map(|v| v.split(';').next());
    kinds.any(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"))
}

/// A stream that is read; it ends when its reader goes away.
struct Reader(Arc<App>);

impl Reader {
    fn new(app: &Arc<App>) -> Self {
        app.metrics.feed_subscribers.inc();
        Self(app.clone())
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.metrics.feed_subscribers.dec();
    }
}

/// Where a stream stands.
struct Following {
    _reader: Reader,
    ctx: Ctx,
    at: FeedCursor,
    read: std::vec::IntoIter<FeedEvent>,
    /// The answer has begun: the first thing in it says how soon to come back.
    begun: bool,
}

/// The events from the cursor on, as they come; ends with the server, or when the store does not answer: the reader comes back.
fn follow(ctx: Ctx, at: FeedCursor) -> impl Stream<Item = Result<Event, Infallible>> + Send + 'static {
    let start = Following { _reader: Reader::new(&ctx.app), ctx, at, read: Vec::new().into_iter(), begun: false };
    stream::unfold(start, |mut state| async move {
        if !std::mem::replace(&mut state.begun, true) {
            return Some((Ok(Event::default().retry(COME_BACK)), state));
        }
        loop {
            if let Some(event) = state.read.next() {
                let cursor = event.cursor;
                let data = serde_json::to_string(&show(event)).unwrap_or_default();
                return Some((Ok(Event::default().id(cursor.to_string()).data(data)), state));
            }
            let (mut feed, mut ending) = (state.ctx.app.feed.subscribe(), state.ctx.app.ending.subscribe());
            if *ending.borrow() {
                return None;
            }
            let (found, last) = match events::after(&state.ctx, state.at, BATCH).await {
                Ok(read) => read,
                Err(error) => {
                    tracing::warn!(%error, "a stream of events ends early");
                    return None;
                }
            };
            state.at = last;
            if found.is_empty() {
                tokio::select! {
                    _ = feed.changed() => {}
                    _ = ending.wait_for(|ending| *ending) => return None,
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
            state.read = found.into_iter();
        }
    })
}
