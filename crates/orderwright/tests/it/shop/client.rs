//! HTTP as one of the roles: a request with JSON in, status, headers and JSON out. An error status is an answer like any
//! other; `expect`, `one_of` and `problem` say which answers a scenario takes.

use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::{HeaderMap, Request};

/// Connections to one server.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    base: String,
}

impl Client {
    /// A client of the server at `base`.
    pub fn new(base: &str) -> Client {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .max_idle_connections(256)
            .max_idle_connections_per_host(128)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build()
            .new_agent();
        Client { agent, base: base.trim_end_matches('/').to_owned() }
    }

    /// Requests without a token.
    pub fn anyone(&self) -> Actor {
        Actor { client: self.clone(), token: None, home: "" }
    }

    /// Requests with a token.
    pub fn holder(&self, token: &str, home: &'static str) -> Actor {
        Actor { client: self.clone(), token: Some(token.to_owned()), home }
    }
}

/// Somebody who talks to the server: a token, and where that role's orders live.
#[derive(Clone)]
pub struct Actor {
    client: Client,
    token: Option<String>,
    home: &'static str,
}

impl Actor {
    /// The same token on another role's endpoints.
    pub fn at(&self, home: &'static str) -> Actor {
        Actor { home, ..self.clone() }
    }

    /// The bearer token.
    pub fn token(&self) -> &str {
        self.token.as_deref().expect("this actor has a token")
    }

    /// A request to be filled in.
    pub fn call(&self, method: &'static str, path: &str) -> Call {
        let mut call =
            Call { client: self.client.clone(), method, path: path.to_owned(), headers: Vec::new(), body: None };
        if let Some(token) = &self.token {
            call = call.header("authorization", &format!("Bearer {token}"));
        }
        call
    }

    /// GET.
    #[track_caller]
    pub fn get(&self, path: &str) -> Reply {
        self.call("GET", path).send()
    }

    /// POST of a JSON body.
    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.call("POST", path).json(body).send()
    }

    /// PATCH of a JSON body.
    #[track_caller]
    pub fn patch(&self, path: &str, body: &Value) -> Reply {
        self.call("PATCH", path).json(body).send()
    }

    /// The path of one of this role's orders, or of something under it (`"/events"`).
    pub fn path(&self, order: &str, rest: &str) -> String {
        format!("{}/orders/{order}{rest}", self.home)
    }

    /// The order as this role sees it.
    #[track_caller]
    pub fn view(&self, order: &str) -> Value {
        self.get(&self.path(order, "")).expect(200)
    }

    /// Fires an event; `more` are further fields of the body.
    #[track_caller]
    pub fn fire(&self, order: &str, event: &str, more: &Value) -> Reply {
        let body = super::json::with(json!({ "event": event }), more);
        self.post(&self.path(order, "/events"), &body)
    }

    /// Cancels the order, or what of it is the caller's.
    #[track_caller]
    pub fn cancel(&self, order: &str) -> Reply {
        self.post(&self.path(order, "/cancel"), &json!({}))
    }

    /// Sets the status (staff).
    #[track_caller]
    pub fn set_status(&self, order: &str, status: &str) -> Reply {
        self.patch(&self.path(order, "/status"), &json!({ "status": status }))
    }

    /// Refunds (staff) or asks for a refund (customer).
    #[track_caller]
    pub fn refund(&self, order: &str, body: &Value) -> Reply {
        self.post(&self.path(order, "/refund"), body)
    }

    /// Pays again.
    #[track_caller]
    pub fn pay(&self, order: &str, method: &str) -> Reply {
        self.post(&self.path(order, "/payment"), &json!({ "paymentMethod": method }))
    }
}

/// A request under construction.
pub struct Call {
    client: Client,
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Call {
    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Call {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With an `Idempotency-Key`.
    pub fn key(self, key: &str) -> Call {
        self.header("idempotency-key", key)
    }

    /// With a JSON body.
    pub fn json(self, body: &Value) -> Call {
        self.raw(&body.to_string())
    }

    /// With a body that says it is JSON, whatever it is.
    pub fn raw(mut self, body: &str) -> Call {
        self.body = Some(body.as_bytes().to_vec());
        self.header("content-type", "application/json")
    }

    /// With a CSV file, whatever is in it.
    pub fn csv(mut self, file: &[u8]) -> Call {
        self.body = Some(file.to_vec());
        self.header("content-type", "text/csv")
    }

    /// With any body of any kind.
    pub fn bytes(mut self, body: &[u8], kind: &str) -> Call {
        self.body = Some(body.to_vec());
        self.header("content-type", kind)
    }

    /// Sends; a connection that fails fails the scenario.
    #[track_caller]
    pub fn send(self) -> Reply {
        let what = format!("{} {}", self.method, self.path);
        match self.try_send() {
            Ok(reply) => reply,
            Err(why) => panic!("{what}: {why}"),
        }
    }

    /// Sends, and answers with the body as it comes, for answers that have no end.
    pub fn stream(self) -> Result<impl std::io::BufRead, String> {
        let mut request = Request::builder().method(self.method).uri(format!("{}{}", self.client.base, self.path));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(()).map_err(|e| format!("bad request: {e}"))?;
        let answer = self.client.agent.run(request).map_err(|e| e.to_string())?;
        let kind = answer.headers().get("content-type").and_then(|k| k.to_str().ok()).unwrap_or_default().to_owned();
        if answer.status() != 200 || !kind.starts_with("text/event-stream") {
            return Err(format!("{} as `{kind}`", answer.status()));
        }
        Ok(std::io::BufReader::new(answer.into_body().into_reader()))
    }

    /// Sends; a connection that fails is an error.
    pub fn try_send(self) -> Result<Reply, String> {
        let mut request = Request::builder().method(self.method).uri(format!("{}{}", self.client.base, self.path));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let shown =
            String::from_utf8_lossy(self.body.as_deref().unwrap_or_default()).chars().take(500).collect::<String>();
        let asked = format!("{} {} {shown}", self.method, self.path);
        let sent = match self.body {
            Some(body) => {
                let request = request.body(body).map_err(|e| format!("bad request: {e}"))?;
                self.client.agent.run(request)
            }
            None => self.client.agent.run(request.body(()).map_err(|e| format!("bad request: {e}"))?),
        };
        let mut answer = sent.map_err(|e| e.to_string())?;
        let bytes = answer
            .body_mut()
            .with_config()
            .limit(64 << 20)
            .read_to_vec()
            .map_err(|e| format!("the answer broke off: {e}"))?;
        // A paper is no text, but has some.
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Reply { status: answer.status().as_u16(), headers: answer.headers().clone(), body, text, asked })
    }
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    /// The body as JSON; `null` when it is none.
    pub body: Value,
    /// The body as it came.
    pub text: String,
    asked: String,
}

impl Reply {
    /// The body of an answer with this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        self.one_of(&[status])
    }

    /// The body of an answer with one of these statuses: for what the published interface leaves open.
    #[track_caller]
    pub fn one_of(self, statuses: &[u16]) -> Value {
        assert!(
            statuses.contains(&self.status),
            "{} → {}, expected {statuses:?}; the answer: {}",
            self.asked,
            self.status,
            self.text
        );
        self.body
    }

    /// A refusal with this status, in the shape that every refusal has.
    #[track_caller]
    pub fn problem(self, status: u16) -> Value {
        self.problem_of(&[status])
    }

    /// A refusal with one of these statuses.
    #[track_caller]
    pub fn problem_of(self, statuses: &[u16]) -> Value {
        let kind = self.header("content-type").unwrap_or_default().to_owned();
        let asked = self.asked.clone();
        let actual = self.status;
        let body = self.one_of(statuses);
        assert!(kind.starts_with("application/problem+json"), "{asked} → {actual} as `{kind}`: {body:#}");
        assert!(body["code"].as_str().is_some_and(|code| !code.is_empty()), "{asked}: no code in {body:#}");
        body
    }

    /// A refusal of fields: 422 and a JSON Pointer for each of these.
    #[track_caller]
    pub fn wrong(self, pointers: &[&str]) {
        let asked = self.asked.clone();
        let body = self.problem(422);
        let named: Vec<&str> =
            body["errors"].as_array().into_iter().flatten().filter_map(|error| error["pointer"].as_str()).collect();
        for pointer in pointers {
            assert!(named.contains(pointer), "{asked}: `{pointer}` is not among the fields named in {body:#}");
        }
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether this is a stored answer, given again.
    pub fn replayed(&self) -> bool {
        self.header("idempotency-replayed") == Some("true")
    }
}
