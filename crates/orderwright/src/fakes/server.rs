//! The server of a fake: reads a request, lets faults happen, answers from the books, and sends events.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use orderwright_core::time::Span;
use serde_json::Value;
use tokio::net::TcpListener;

use super::books::Books;
use super::faults::{self, Fault, Kind};
use super::{control, razorpay, stripe, webhooks};
use crate::kernel::Clock;

/// Which provider it plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plays {
    /// Stripe.
    Stripe,
    /// Razorpay.
    Razorpay,
}

/// How a fake is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which provider it plays.
    pub plays: Plays,
    /// Where webhooks go; none are sent without it.
    pub webhook_url: Option<String>,
    /// What they are signed with.
    pub webhook_secret: String,
    /// How often each event is sent.
    pub copies: u32,
    /// The key that requests must carry: Stripe's `sk_…`, Razorpay's `id:secret`. Any key does without it.
    pub key: Option<String>,
}

impl Options {
    /// A fake that sends nothing.
    pub fn new(plays: Plays) -> Self {
        Self { plays, webhook_url: None, webhook_secret: "whsec_fake".to_owned(), copies: 1, key: None }
    }
}

/// What a fake is made of.
#[derive(Debug)]
pub struct Insides {
    /// How it was started.
    pub options: Mutex<Options>,
    /// Its time; it can be moved.
    pub clock: Clock,
    /// Its books. They are locked for as long as one call takes, as a real provider locks an object.
    pub books: Mutex<Books>,
    /// Answers kept under idempotency keys.
    pub keys: Mutex<super::stripe::idempotency::Keys>,
    /// Ordered faults.
    pub faults: Mutex<Vec<Fault>>,
    /// Calls so far: method, path, status.
    pub calls: Mutex<Vec<(String, u16)>>,
    /// How far events have been sent.
    pub sent: Mutex<webhooks::Sent>,
}

/// A running fake.
#[derive(Clone, Debug)]
pub struct Fake {
    /// `http://127.0.0.1:4242`.
    pub url: String,
    /// Its insides, for tests in the same process.
    pub state: Arc<Insides>,
}

/// How long a call waits whose answer is not to come.
const NO_ANSWER: Duration = Duration::from_secs(20);
/// How slow a slow call is.
const SLOW: Duration = Duration::from_millis(700);

/// What an endpoint answers.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// `application/json` unless the headers say otherwise.
    pub body: String,
}

impl Answer {
    /// JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: Vec::new(), body: body.to_string() }
    }
}

/// A request, read.
#[derive(Clone, Debug)]
pub struct Request {
    /// `POST`.
    pub method: String,
    /// `/v1/refunds`.
    pub path: String,
    /// After the question mark.
    pub query: String,
    /// Headers.
    pub headers: HeaderMap,
    /// The raw body.
    pub body: Bytes,
}

impl Request {
    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }
}

impl Fake {
    /// Starts a fake on that listener; it ends with the runtime.
    pub fn start(listener: TcpListener, options: Options) -> std::io::Result<Fake> {
        let address: SocketAddr = listener.local_addr()?;
        let clock = Clock::system(Span::ZERO);
        let state = Arc::new(Insides {
            books: Mutex::new(Books::new(clock.clone())),
            options: Mutex::new(options),
            clock,
            keys: Mutex::default(),
            faults: Mutex::default(),
            calls: Mutex::default(),
            sent: Mutex::default(),
        });
        let router = Router::new().fallback(handle).with_state(state.clone());
        tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the fake provider ended");
            }
        });
        webhooks::start(&state);
        Ok(Fake { url: format!("http://{address}"), state })
    }

    /// Looks at the books, or changes them.
    pub fn books<T>(&self, look: impl FnOnce(&mut Books) -> T) -> T {
        look(&mut lock(&self.state.books))
    }

    /// Orders a fault.
    pub fn fault(&self, call: &str, kind: Kind, times: u32) {
        faults::order(&mut lock(&self.state.faults), Fault { call: call.to_owned(), kind, times });
    }

    /// Takes back every fault that was ordered.
    pub fn clear_faults(&self) {
        self.fault("", Kind::Error, 0);
    }

    /// Sends webhooks there from now on.
    pub fn webhooks_to(&self, url: &str, copies: u32) {
        let mut options = lock(&self.state.options);
        options.webhook_url = Some(url.to_owned());
        options.copies = copies;
    }

    /// How many calls whose method and path contain the word were answered so far.
    pub fn calls(&self, word: &str) -> usize {
        lock(&self.state.calls).iter().filter(|(call, _)| call.contains(word)).count()
    }
}

/// A lock that a panic elsewhere does not spoil.
pub fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn handle(
    State(state): State<Arc<Insides>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = Request {
        method: method.to_string(),
        path: uri.path().trim_end_matches('/').to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers,
        body,
    };
    if request.path.starts_with("/_fake") {
        return respond(control::answer(&state, &request));
    }
    let call = format!("{} {}", request.method, request.path);
    let fault = faults::take(&mut lock(&state.faults), &call);
    let plays = lock(&state.options).plays;
    let ordered = |status: u16| match plays {
        Plays::Stripe => stripe::ordered_error(status),
        Plays::Razorpay => razorpay::ordered_error(status),
    };
    match fault {
        Some(Kind::RateLimited) => return respond(ordered(429)),
        Some(Kind::Error) => return respond(ordered(500)),
        Some(Kind::Timeout) => {
            tokio::time::sleep(NO_ANSWER).await;
            return respond(ordered(500));
        }
        Some(Kind::Slow) => tokio::time::sleep(SLOW).await,
        _ => {}
    }
    let answer = match plays {
        Plays::Stripe => stripe::answer(&state, &request),
        Plays::Razorpay => razorpay::answer(&state, &request),
    };
    lock(&state.calls).push((call, answer.status));
    match fault {
        Some(Kind::ErrorAfter) => respond(ordered(500)),
        Some(Kind::TimeoutAfter) => {
            tokio::time::sleep(NO_ANSWER).await;
            respond(ordered(500))
        }
        Some(Kind::Lost) => broken_off(),
        _ => respond(answer),
    }
}

/// An answer that promises more than it brings.
fn broken_off() -> Response {
    let stream = futures_util::stream::iter([
        Ok(Bytes::from_static(b"{")),
        Err(std::io::Error::new(std::io::ErrorKind::ConnectionReset, "ordered")),
    ]);
    ([(header::CONTENT_TYPE, "application/json")], Body::from_stream(stream)).into_response()
}

fn respond(answer: Answer) -> Response {
    let mut response = Response::builder().status(answer.status);
    let mut has_type = false;
    for (name, value) in &answer.headers {
        has_type |= *name == "content-type";
        response = response.header(*name, value);
    }
    if !has_type {
        response = response.header("content-type", "application/json");
    }
    response.body(Body::from(answer.body)).unwrap_or_else(|_| Response::default())
}
