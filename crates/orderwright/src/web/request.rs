//! Requests that change something: body, idempotency key, and the answer that is kept under it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::LengthLimitError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use super::caller::{Area, Caller, only};
use super::objects::Objects;
use super::problem::{ANSWER_LOST, KEY_IN_USE, KEY_REUSED, MALFORMED, MEDIA_TYPE, Problem, TOO_LARGE, TOO_SLOW};
use super::sealed;
use crate::app::App;
use crate::ops::csv::file::MAX_FILE;
use crate::ops::idempotency::{self, Begin, Key};
use crate::ops::{Ctx, FieldError};

/// The largest body.
pub const MAX_BODY: usize = 1024 * 1024;

/// The longest idempotency key.
pub const MAX_KEY: usize = 255;

/// How long a body may take.
const BODY_WITHIN: Duration = Duration::from_secs(60);

/// How much of an unwanted body is read, and for how long.
const DRAINED: usize = 64 * 1024;
const DRAIN_FOR: Duration = Duration::from_millis(500);

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
        let key = match only(&parts.headers, "idempotency-key").map(|k| k.and_then(|k| k.to_str().ok())) {
            None => None,
            Some(key) => match key.and_then(idempotency_key) {
                Some(key) => Some(key),
                None => {
                    let detail =
                        format!("must be given once and have between 1 and {MAX_KEY} visible ASCII characters");
                    drain(body).await;
                    return Err(Problem::field("Idempotency-Key", detail));
                }
            },
        };
        let body = whole(body, limit, BODY_WITHIN).await?;
        Ok(Self { caller, body, key, method: parts.method.to_string(), path: parts.uri.path().to_owned() })
    }
}

/// Reads a body of at most `limit` bytes, if it comes in time and to its end.
async fn whole(body: Body, limit: usize, within: Duration) -> Result<Bytes, Problem> {
    match tokio::time::timeout(within, axum::body::to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if std::error::Error::source(&error).is_some_and(|e| e.is::<LengthLimitError>()) => {
            Err(Problem::new(&TOO_LARGE, format!("this takes at most {} MiB", limit >> 20)))
        }
        Ok(Err(_)) => Err(Problem::new(&MALFORMED, "the body broke off")),
        Err(_) => Err(Problem::new(&TOO_SLOW, format!("the body did not come within {} s", within.as_secs()))),
    }
}

/// Reads an `Idempotency-Key`; blanks around it do not count.
pub fn idempotency_key(header: &str) -> Option<String> {
    let key = header.trim();
    ((1..=MAX_KEY).contains(&key.len()) && key.bytes().all(|b| (b' '..=b'~').contains(&b))).then(|| key.to_owned())
}

/// Takes a small body off the connection of a request that is refused without it: a connection with a body that nobody read is
/// closed, and what the client sends on it next is lost.
async fn drain(body: Body) {
    let _ = tokio::time::timeout(DRAIN_FOR, axum::body::to_bytes(body, DRAINED)).await;
}

/// What the body says it is, without parameters, in lower case. A body in another encoding or compression is not taken.
fn media_type(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let text = |name| only(headers, name).map(|value| value.and_then(|v| v.to_str().ok()).unwrap_or("?"));
    if text(header::CONTENT_ENCODING).is_some_and(|coding| !coding.trim().eq_ignore_ascii_case("identity")) {
        return Err(Problem::new(&MEDIA_TYPE, "send the body as it is, without Content-Encoding"));
    }
    let Some(kind) = text(header::CONTENT_TYPE) else { return Ok(None) };
    let mut parts = kind.split(';').map(|part| part.trim().to_ascii_lowercase());
    let name = parts.next();
    let charset = parts.find_map(|part| part.strip_prefix("charset=").map(|c| c.trim_matches('"').to_owned()));
    match charset.as_deref() {
        None | Some("utf-8" | "utf8" | "us-ascii") => Ok(name),
        Some(_) => Err(Problem::new(&MEDIA_TYPE, "send the body in UTF-8")),
    }
}

fn is_json(headers: &HeaderMap) -> Result<(), Problem> {
    match media_type(headers)? {
        None => Ok(()),
        Some(kind) if kind == "application/json" || kind.ends_with("+json") => Ok(()),
        Some(_) => Err(Problem::new(&MEDIA_TYPE, "send `Content-Type: application/json`")),
    }
}

fn is_csv(headers: &HeaderMap) -> Result<(), Problem> {
    match media_type(headers)?.as_deref() {
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
        // What a use-case keeps while it waits is large: in a box of its own it is not moved from frame to frame.
        let Some(key) = self.key else { return Ok(Box::pin(work(ctx)).await?.into_response()) };
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
        let result = Box::pin(work(ctx.clone())).await;
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
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| Problem::new(&MALFORMED, "the body is not UTF-8"))?;
    let text = if text.trim().is_empty() { "{}" } else { text };
    // Two passes, so that JSON of the wrong shape that is broken further on is malformed, whatever the shape.
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        return Err(Problem::new(&MALFORMED, format!("the body is not JSON: {error}")));
    }
    // A list would be read as the fields in their order, which no document says.
    if !text.trim_start().starts_with('{') {
        return Err(Problem::field("", "the body must be an object"));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(Objects(&mut reader)).map_err(|error| {
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

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    type Part = Result<&'static str, std::io::Error>;

    fn status(result: Result<Bytes, Problem>) -> Result<Bytes, (u16, String)> {
        result.map_err(|problem| (problem.0.status, problem.0.code))
    }

    #[tokio::test]
    async fn a_body_is_whole_or_says_why_it_is_not() {
        let moment = Duration::from_millis(50);
        let read = whole(Body::from("{}"), 2, moment).await;
        assert_eq!(status(read), Ok(Bytes::from("{}")));
        let large = whole(Body::from("{} "), 2, moment).await;
        assert_eq!(status(large), Err((413, "body_too_large".to_owned())));
        let never = Body::from_stream(stream::pending::<Part>());
        assert_eq!(status(whole(never, 2, moment).await), Err((408, "request_timeout".to_owned())));
        let parts: [Part; 2] = [Ok("{"), Err(std::io::Error::other("gone"))];
        let broken = whole(Body::from_stream(stream::iter(parts)), 2, moment).await;
        assert_eq!(status(broken), Err((400, "malformed_request".to_owned())));
    }

    #[test]
    fn only_plain_utf_8_is_taken() {
        let kind = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(*name, value.parse().expect("a value"));
            }
            is_json(&headers).map_err(|problem| problem.0.status)
        };
        for taken in [
            &[][..],
            &[("content-type", "application/json")],
            &[("content-type", "Application/JSON; charset=UTF-8")],
            &[("content-type", "application/merge-patch+json")],
            &[("content-type", "application/json"), ("content-encoding", "identity")],
        ] {
            assert_eq!(kind(taken), Ok(()), "{taken:?}");
        }
        for refused in [
            &[("content-type", "text/plain")][..],
            &[("content-type", "")],
            &[("content-type", "application/json; charset=utf-16")],
            &[("content-type", "application/json"), ("content-type", "application/json")],
            &[("content-type", "application/json"), ("content-encoding", "gzip")],
        ] {
            assert_eq!(kind(refused), Err(415), "{refused:?}");
        }
    }
}
