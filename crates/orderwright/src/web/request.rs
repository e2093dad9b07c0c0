//! Requests that change something: body, idempotency key, and the answer that is kept under it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use super::caller::{Area, Caller};
use super::problem::{ANSWER_LOST, KEY_IN_USE, KEY_REUSED, MALFORMED, MEDIA_TYPE, Problem, TOO_LARGE};
use super::sealed;
use crate::app::App;
use crate::ops::csv::file::MAX_FILE;
use crate::ops::idempotency::{self, Begin, Key};
use crate::ops::{Ctx, FieldError};

/// The largest body.
pub const MAX_BODY: usize = 1024 * 1024;

/// How much of an unwanted body is read, and for how long.
const DRAINED: usize = 64 * 1024;
const DRAIN_FOR: std::time::Duration = std::time::Duration::from_millis(500);

/// A request that changes something.
pub struct Incoming<A: Area> {
    caller: Caller<A>,
    body: Bytes,
    key: Option<String>,
    method: String,
    path: String,
}

/// A CSV file that is imported.
pub struct Upload<A: Area>(Incoming<A>);

impl<A: Area> FromRequest<Arc<App>> for Incoming<A> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        Self::read(request, app, is_json, MAX_BODY).await
    }
}

impl<A: Area> FromRequest<Arc<App>> for Upload<A> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        // A dry run and the import itself are two requests.
        let path = request.uri().path_and_query().map(|p| p.as_str().to_owned());
        let incoming = Incoming::read(request, app, is_csv, MAX_FILE).await?;
        Ok(Self(Incoming { path: path.unwrap_or_default(), ..incoming }))
    }
}

impl<A: Area> Incoming<A> {
    async fn read(
        request: Request,
        app: &Arc<App>,
        check: fn(&HeaderMap) -> Result<(), Problem>,
        limit: usize,
    ) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let caller =
            <Caller<A> as axum::extract::FromRequestParts<Arc<App>>>::from_request_parts(&mut parts, app).await;
        let caller = match caller.and_then(|caller| check(&parts.headers).map(|()| caller)) {
            Ok(caller) => caller,
            Err(refused) => {
                drain(body).await;
                return Err(refused);
            }
        };
        let key = match parts.headers.get("idempotency-key").map(|k| k.to_str()) {
            None => None,
            Some(Ok(key)) if (1..=255).contains(&key.trim().len()) => Some(key.trim().to_owned()),
            Some(_) => {
                return Err(Problem::field("Idempotency-Key", "must have between 1 and 255 visible ASCII characters"));
            }
        };
        let body = axum::body::to_bytes(body, limit).await;
        let body = body.map_err(|_| Problem::new(&TOO_LARGE, format!("this takes at most {} MiB", limit >> 20)))?;
        Ok(Self { caller, body, key, method: parts.method.to_string(), path: parts.uri.path().to_owned() })
    }
}

/// Takes a small body off the connection of a request that is refused without it: a connection with a body that nobody read is
/// closed, and what the client sends on it next is lost.
async fn drain(body: axum::body::Body) {
    let _ = tokio::time::timeout(DRAIN_FOR, axum::body::to_bytes(body, DRAINED)).await;
}

/// What the body says it is, without parameters, in lower case.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE)?;
    Some(kind.to_str().unwrap_or("").split(';').next().unwrap_or("").trim().to_ascii_lowercase())
}

fn is_json(headers: &HeaderMap) -> Result<(), Problem> {
    match media_type(headers) {
        None => Ok(()),
        Some(kind) if kind == "application/json" || kind.ends_with("+json") => Ok(()),
        Some(_) => Err(Problem::new(&MEDIA_TYPE, "send `Content-Type: application/json`")),
    }
}

fn is_csv(headers: &HeaderMap) -> Result<(), Problem> {
    match media_type(headers).as_deref() {
        // Spreadsheets' own word for it, and that of clients that do not know.
        None | Some("text/csv" | "application/csv" | "application/vnd.ms-excel" | "application/octet-stream") => Ok(()),
        Some(_) => Err(Problem::new(&MEDIA_TYPE, "send the file as `Content-Type: text/csv`")),
    }
}

/// A successful answer.
#[derive(Clone, Debug)]
pub struct Answer {
    status: StatusCode,
    body: String,
    etag: Option<String>,
}

impl Answer {
    /// 200.
    pub fn ok(body: &impl Serialize) -> Self {
        Self::new(StatusCode::OK, body)
    }

    /// 201.
    pub fn created(body: &impl Serialize) -> Self {
        Self::new(StatusCode::CREATED, body)
    }

    fn new(status: StatusCode, body: &impl Serialize) -> Self {
        Self { status, body: serde_json::to_string(body).unwrap_or_default(), etag: None }
    }

    /// With the version of what was answered.
    pub fn version(mut self, version: i64) -> Self {
        self.etag = Some(format!("\"{version}\""));
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = (self.status, [(header::CONTENT_TYPE, "application/json")], self.body).into_response();
        if let Some(tag) = self.etag.and_then(|t| t.parse().ok()) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

/// How to answer again when the first answer was lost in a crash: from the order that the request touched.
pub type Again = fn(Ctx, i64) -> std::pin::Pin<Box<dyn Future<Output = Result<Answer, Problem>> + Send>>;

impl<A: Area> Incoming<A> {
    /// Reads the body, does the work once for each idempotency key, and answers. `again` remakes an answer that was lost in a crash.
    pub async fn run<T, F, W>(self, again: Option<Again>, work: F) -> Response
    where
        T: DeserializeOwned,
        F: FnOnce(Ctx, T) -> W,
        W: Future<Output = Result<Answer, Problem>>,
    {
        if let Some(pointer) = super::cards::find(&self.body) {
            return super::cards::refused(pointer).into_response();
        }
        match parse(&self.body) {
            Ok(body) => self.once(again, |ctx| work(ctx, body)).await,
            Err(problem) => problem.into_response(),
        }
    }

    async fn once<F, W>(self, again: Option<Again>, work: F) -> Response
    where
        F: FnOnce(Ctx) -> W,
        W: Future<Output = Result<Answer, Problem>>,
    {
        self.answer(again, work).await.unwrap_or_else(IntoResponse::into_response)
    }

    async fn answer<F, W>(self, again: Option<Again>, work: F) -> Result<Response, Problem>
    where
        F: FnOnce(Ctx) -> W,
        W: Future<Output = Result<Answer, Problem>>,
    {
        let mut ctx = self.caller.ctx;
        let Some(key) = self.key else { return Ok(work(ctx).await?.into_response()) };
        let key = Key::new(&ctx.actor.id, &self.method, &self.path, &key, &self.body);
        let running = match idempotency::begin(&ctx, &key).await? {
            Begin::New(running) => running,
            Begin::Replay { status, body, order_id } => {
                return Ok(replayed(status, sealed::unseal(&ctx, order_id, body).await?));
            }
            Begin::OtherBody => {
                return Err(Problem::new(&KEY_REUSED, "this Idempotency-Key was used with another body"));
            }
            Begin::InUse => {
                return Err(Problem::new(&KEY_IN_USE, "a request with this Idempotency-Key is still running"));
            }
            Begin::Recover { order_id, running } => {
                let (Some(again), Some(order)) = (again, order_id) else {
                    return Err(Problem::new(
                        &ANSWER_LOST,
                        "the first request was carried out; read the resource to see what it did",
                    ));
                };
                let answer = again(ctx.clone(), order).await?;
                idempotency::keep(&ctx, &key, answer.status.as_u16(), &sealed::seal(&answer.body)).await?;
                drop(running);
                return Ok(replayed(answer.status.as_u16(), answer.body));
            }
        };
        ctx.key = Some(key.clone());
        let result = work(ctx.clone()).await;
        match &result {
            Ok(answer) => idempotency::keep(&ctx, &key, answer.status.as_u16(), &sealed::seal(&answer.body)).await?,
            Err(problem) if problem.is_final() => {
                let text = serde_json::to_string(&problem.0).unwrap_or_default();
                idempotency::keep(&ctx, &key, problem.0.status, &text).await?;
            }
            Err(_) => {}
        }
        drop(running);
        Ok(result?.into_response())
    }
}

impl<A: Area> Upload<A> {
    /// Works through the file once for each idempotency key. An answer that was lost in a crash is not made again: an import can be
    /// sent once more under another key, and says what it finds done.
    pub async fn run<F, W>(self, work: F) -> Response
    where
        F: FnOnce(Ctx, Bytes) -> W,
        W: Future<Output = Result<Answer, Problem>>,
    {
        let file = self.0.body.clone();
        self.0.once(None, |ctx| work(ctx, file)).await
    }
}

fn replayed(status: u16, body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let kind = if status.is_success() { "application/json" } else { "application/problem+json" };
    (status, [(header::CONTENT_TYPE, kind), (header::HeaderName::from_static("idempotency-replayed"), "true")], body)
        .into_response()
}

/// Reads a body: what is no JSON is malformed, what is JSON of the wrong shape has a wrong field. No body is an empty object.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| Problem::new(&MALFORMED, "the body is not UTF-8"))?;
    let text = if text.trim().is_empty() { "{}" } else { text };
    // Two passes, so that JSON of the wrong shape that is broken further on is malformed, whatever the shape.
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        return Err(Problem::new(&MALFORMED, format!("the body is not JSON: {error}")));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let mut pointer = String::new();
        for segment in error.path() {
            match segment {
                Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
                Segment::Map { key } => pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
                Segment::Enum { variant } => pointer.push_str(&format!("/{variant}")),
                Segment::Unknown => {}
            }
        }
        let message = error.inner().to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(m, _)| m).to_owned();
        if let Some(name) = message.strip_prefix("missing field `").or_else(|| message.strip_prefix("unknown field `"))
        {
            let name = name.split('`').next().unwrap_or("");
            if !pointer.ends_with(&format!("/{name}")) {
                pointer.push_str(&format!("/{name}"));
            }
        }
        Problem::fields(vec![FieldError { pointer, detail: message }])
    })
}
