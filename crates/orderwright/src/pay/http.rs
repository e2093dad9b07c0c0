//! The one HTTP client of the providers: time limits, retries by the provider's own hints, and a circuit that opens.
//!
//! It knows what a lost answer is: a call that may have taken effect ends as [`ProviderError::Lost`], one that cannot have as
//! [`ProviderError::Unavailable`]. An answer of the provider, a refusal too, is a [`Reply`]. Keys go out in headers only, and nothing here is
//! logged but the path, the status and the provider's request id. What is not here: what any answer means.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, redirect};
use serde_json::Value;

use super::ProviderError;
use super::config::Secret;
use crate::kernel::clock::machine_now;

/// How often a call is made at most, the first time included.
const TRIES: u32 = 2;
/// How long to wait before the next try when the provider does not say.
const PAUSE: Duration = Duration::from_millis(300);
/// The longest that a provider can make us wait within a call; a longer wait is the job's.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// The longest answer that is read, in bytes.
const MAX_REPLY: usize = 4 * 1024 * 1024;
/// Failures in a row after which nothing is sent for a while.
const CIRCUIT_FAILURES: u32 = 8;
/// How long that while is, in microseconds.
const CIRCUIT_OPEN_US: i64 = 5_000_000;

/// How a provider knows us.
#[derive(Clone, Debug)]
pub enum Auth {
    /// `Authorization: Bearer …`.
    Bearer(Secret),
    /// `Authorization: Basic …`.
    Basic(String, Secret),
}

/// A client of one provider.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
    name: &'static str,
    base: String,
    auth: Auth,
    circuit: Arc<Circuit>,
}

#[derive(Debug, Default)]
struct Circuit {
    failures: AtomicU32,
    open_until_us: AtomicI64,
}

/// What is sent.
#[derive(Clone, Debug)]
pub enum Body {
    /// Nothing.
    Empty,
    /// Form fields.
    Form(String),
    /// JSON.
    Json(Value),
}

/// A call.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// GET, POST, PATCH.
    pub method: Method,
    /// After the base address, with the query.
    pub path: &'a str,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// What is sent.
    pub body: Body,
    /// Whether making it twice does no harm: it reads, or carries an idempotency key.
    pub repeatable: bool,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// HTTP status, below 500 and not 429.
    pub status: u16,
    /// Whether the provider gave a kept answer again.
    pub replayed: bool,
    /// JSON; null when it is none.
    pub body: Value,
}

impl Reply {
    /// Whether it worked.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// What came of one try.
enum Tried {
    Answered(Reply),
    /// It took no effect.
    Refused(String, Option<Duration>),
    /// It may have taken effect.
    Unknown(String, bool),
}

impl Http {
    /// A client of the provider at `base`.
    pub fn new(name: &'static str, base: &str, auth: Auth, timeout: Duration) -> anyhow::Result<Self> {
        // Once a process; a second time it is there already, and that is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("Orderwright/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .connect_timeout(timeout.min(Duration::from_secs(5)))
            .timeout(timeout)
            .build()
            .map_err(|e| anyhow::anyhow!("the HTTP client of {name} cannot be made: {e}"))?;
        Ok(Self { client, name, base: base.trim_end_matches('/').to_owned(), auth, circuit: Arc::default() })
    }

    /// Makes a call, again where that is safe and the provider asks for it.
    pub async fn send(&self, call: Call<'_>) -> Result<Reply, ProviderError> {
        let reads = call.method == Method::GET;
        let mut lost = None;
        for try_no in 1..=TRIES {
            let now = machine_now().0;
            if self.circuit.open_until_us.load(Ordering::Relaxed) > now {
                let why = format!("{} did not answer several times in a row; waiting before the next call", self.name);
                return Err(lost.map_or(ProviderError::Unavailable(why), ProviderError::Lost));
            }
            let pause = match self.once(&call).await {
                Tried::Answered(reply) => {
                    self.circuit.failures.store(0, Ordering::Relaxed);
                    return Ok(reply);
                }
                Tried::Refused(why, wait) => {
                    let pause = wait.unwrap_or(PAUSE);
                    if try_no == TRIES || pause > LONGEST_PAUSE {
                        return Err(lost.map_or(ProviderError::Unavailable(why), ProviderError::Lost));
                    }
                    pause
                }
                Tried::Unknown(why, again) => {
                    self.failed(now);
                    if reads && (try_no == TRIES || !again) {
                        return Err(ProviderError::Unavailable(why));
                    }
                    if !call.repeatable || try_no == TRIES || !again {
                        return Err(ProviderError::Lost(why));
                    }
                    lost = Some(why);
                    PAUSE
                }
            };
            tokio::time::sleep(pause).await;
        }
        Err(ProviderError::Lost(lost.unwrap_or_default()))
    }

    fn failed(&self, now: i64) {
        if self.circuit.failures.fetch_add(1, Ordering::Relaxed) + 1 >= CIRCUIT_FAILURES {
            self.circuit.failures.store(0, Ordering::Relaxed);
            self.circuit.open_until_us.store(now + CIRCUIT_OPEN_US, Ordering::Relaxed);
            tracing::error!(provider = self.name, "the provider does not answer: nothing is sent for some seconds");
        }
    }

    async fn once(&self, call: &Call<'_>) -> Tried {
        let mut request = self.client.request(call.method.clone(), format!("{}{}", self.base, call.path));
        request = match &self.auth {
            Auth::Bearer(key) => request.bearer_auth(key.expose()),
            Auth::Basic(user, key) => request.basic_auth(user, Some(key.expose())),
        };
        let mut headers = HeaderMap::new();
        for (name, value) in &call.headers {
            match HeaderValue::from_str(value) {
                Ok(value) => drop(headers.insert(HeaderName::from_static(name), value)),
                Err(_) => return Tried::Refused(format!("the header {name} has characters that cannot be sent"), None),
            }
        }
        request = request.headers(headers);
        request = match &call.body {
            Body::Empty => request,
            Body::Form(text) => request.header("content-type", "application/x-www-form-urlencoded").body(text.clone()),
            Body::Json(value) => request.header("content-type", "application/json").body(value.to_string()),
        };
        match request.send().await {
            // Nothing was sent: the address does not answer, or not as it should.
            Err(error) if error.is_connect() || error.is_builder() => {
                self.failed(machine_now().0);
                Tried::Refused(format!("{}: no connection: {}", self.name, reason(&error)), Some(PAUSE))
            }
            // A second try would outlast the job's lease.
            Err(error) if error.is_timeout() => Tried::Unknown(format!("{}: no answer in time", self.name), false),
            Err(error) => Tried::Unknown(format!("{}: {}", self.name, reason(&error)), true),
            Ok(answer) => self.read(answer, call).await,
        }
    }

    async fn read(&self, mut answer: reqwest::Response, call: &Call<'_>) -> Tried {
        let status = answer.status().as_u16();
        let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let should_retry = header("stripe-should-retry");
        let wait = header("retry-after").and_then(|s| s.parse().ok()).map(Duration::from_secs);
        let replayed = header("idempotent-replayed").is_some_and(|v| v == "true");
        let id = header("request-id").or_else(|| header("x-request-id")).unwrap_or_default();
        tracing::debug!(provider = self.name, path = call.path, status, request_id = id, "called");
        let mut bytes = Vec::new();
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() <= MAX_REPLY => bytes.extend_from_slice(&chunk),
                Ok(Some(_)) => return Tried::Unknown(format!("{}: the answer is too long", self.name), false),
                Ok(None) => break,
                Err(error) => {
                    return Tried::Unknown(format!("{}: the answer broke off: {}", self.name, reason(&error)), true);
                }
            }
        }
        let shown = format!("{} answered {status} (request {id})", self.name);
        match status {
            // Not carried out, by the providers' own word.
            429 => Tried::Refused(shown, wait),
            // The first request with this key is still running there.
            409 if call.repeatable => Tried::Unknown(shown, true),
            500.. => Tried::Unknown(shown, should_retry.as_deref() != Some("false")),
            300..=399 => Tried::Refused(format!("{shown}: a redirect, which is not followed"), None),
            401 | 403 => {
                Tried::Refused(format!("{shown}: check the keys that are configured"), Some(LONGEST_PAUSE * 2))
            }
            _ => {
                let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
                if should_retry.as_deref() == Some("true") && status >= 400 && call.repeatable {
                    return Tried::Unknown(shown, true);
                }
                Tried::Answered(Reply { status, replayed, body })
            }
        }
    }
}

/// What went wrong, without the address (which could carry what must not be logged).
fn reason(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text = inner.to_string();
        source = inner.source();
    }
    if text.is_empty() { "it could not be sent".to_owned() } else { text }
}
