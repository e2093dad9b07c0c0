//! A fake of Stripe: its paths, its forms, its errors and its objects, as far as a marketplace needs them.
//!
//! Names of parameters and fields are those of Stripe's OpenAPI document and official client; a parameter that Stripe does not know is refused
//! as Stripe refuses it. What is not here: anything that the adapter and the tests do not touch (subscriptions, invoices, …), and prices.

mod accounts;
mod charges;
mod component;
mod disputes;
pub mod idempotency;
mod intents;
mod refunds;
mod rest;
mod setup;
mod transfers;

use serde_json::{Value, json};

use super::books::{Books, Event};
use super::params;
use super::server::{Answer, Insides, Request, lock};

/// An error as Stripe words it.
#[derive(Clone, Debug)]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// The `error` object.
    pub body: Value,
}

impl ApiError {
    fn new(status: u16, kind: &str, code: Option<&str>, param: Option<&str>, message: impl Into<String>) -> Self {
        let mut body = json!({ "type": kind, "message": message.into() });
        if let Some(code) = code {
            body["code"] = json!(code);
            body["doc_url"] = json!(format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-")));
        }
        if let Some(param) = param {
            body["param"] = json!(param);
        }
        Self { status, body }
    }

    fn invalid(code: Option<&str>, param: Option<&str>, message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", code, param, message)
    }

    fn missing(kind: &str, param: &str, id: &str) -> Self {
        let status = if param == "id" || param == "intent" { 404 } else { 400 };
        let message = format!("No such {kind}: '{id}'");
        Self::new(status, "invalid_request_error", Some("resource_missing"), Some(param), message)
    }
}

/// What an endpoint gives.
type Result<T = Value> = std::result::Result<T, ApiError>;

/// The version from which on `payment_method_types` is no parameter any more.
const ENDIVE: &str = "2026-09-30";

/// A call, read.
pub struct Call<'a> {
    method: &'a str,
    path: Vec<&'a str>,
    params: Value,
    /// `Stripe-Account`.
    account: String,
    /// `Stripe-Version`.
    version: String,
}

/// Answers a request.
pub fn answer(state: &Insides, request: &Request) -> Answer {
    if let Some(answer) = component::answer(request) {
        return answer;
    }
    let mut books = lock(&state.books);
    let id = books.id("req");
    let mut answer = keyed(state, &mut books, request);
    answer.headers.push(("request-id", id));
    if let Some(version) = request.header("stripe-version") {
        answer.headers.push(("stripe-version", version.to_owned()));
    }
    // The component runs on pages of shops.
    answer.headers.push(("access-control-allow-origin", "*".to_owned()));
    answer.headers.push(("access-control-allow-headers", "*".to_owned()));
    answer
}

/// The same key gives the same answer; on reads a key means nothing.
fn keyed(state: &Insides, books: &mut Books, request: &Request) -> Answer {
    if request.method == "OPTIONS" {
        return Answer { status: 204, headers: Vec::new(), body: String::new() };
    }
    if let Err(error) = authorised(state, request) {
        return failed(&error);
    }
    let key = request.header("idempotency-key").filter(|_| request.method == "POST");
    let Some(key) = key else { return run(books, request) };
    match lock(&state.keys).begin(key, request) {
        idempotency::Begin::New => {}
        idempotency::Begin::Replay(answer) => return *answer,
        idempotency::Begin::Refused(error) => return failed(&error),
    }
    let answer = run(books, request);
    lock(&state.keys).end(key, &answer);
    answer
}

fn authorised(state: &Insides, request: &Request) -> std::result::Result<(), ApiError> {
    let given = request.header("authorization").unwrap_or_default();
    let by_component = component::is_browser(request);
    let wanted = lock(&state.options).key.clone();
    let good = match &wanted {
        Some(key) => given == format!("Bearer {key}") || by_component,
        None => given.starts_with("Bearer ") || given.starts_with("Basic ") || by_component,
    };
    if good {
        return Ok(());
    }
    let message = if given.is_empty() { "You did not provide an API key." } else { "Invalid API Key provided." };
    Err(ApiError::new(401, "invalid_request_error", None, None, message))
}

fn run(books: &mut Books, request: &Request) -> Answer {
    let text = match request.method.as_str() {
        "POST" => std::str::from_utf8(&request.body).unwrap_or_default(),
        _ => request.query.as_str(),
    };
    let kind = request.header("content-type").unwrap_or_default();
    if request.method == "POST" && !text.is_empty() && !kind.starts_with("application/x-www-form-urlencoded") {
        let message = "Invalid request: the content type must be application/x-www-form-urlencoded";
        return failed(&ApiError::new(400, "invalid_request_error", None, None, message));
    }
    let call = Call {
        method: &request.method,
        path: request.path.trim_start_matches("/v1/").split('/').collect(),
        params: params::parse(text),
        account: request.header("stripe-account").unwrap_or("platform").to_owned(),
        version: request.header("stripe-version").unwrap_or("2026-08-26.dahlia").to_owned(),
    };
    match route(books, &call) {
        Ok(object) => Answer::json(200, &rendered(books, object, &call.params)),
        Err(error) => failed(&error),
    }
}

fn route(books: &mut Books, call: &Call<'_>) -> Result {
    match (call.method, call.path.as_slice()) {
        ("POST", ["payment_intents"]) => intents::create(books, call),
        ("GET", ["payment_intents"]) => list(books, call, "payment_intent", &["customer"]),
        ("GET", ["payment_intents", id]) => find(books, "payment_intent", "intent", id),
        ("POST", ["payment_intents", id]) => intents::update(books, call, id),
        ("POST", ["payment_intents", id, "confirm"]) => intents::confirm(books, call, id),
        ("POST", ["payment_intents", id, "capture"]) => intents::capture(books, call, id),
        ("POST", ["payment_intents" | "setup_intents", id, "authenticate"]) => intents::authenticate(books, id, true)
            .ok_or_else(|| ApiError::invalid(None, None, "nothing is to be confirmed")),
        ("POST", ["payment_intents", id, "cancel"]) => intents::cancel(books, call, id),
        ("POST", ["setup_intents"]) => setup::create(books, call),
        ("GET", ["setup_intents"]) => list(books, call, "setup_intent", &["customer"]),
        ("GET", ["setup_intents", id]) => find(books, "setup_intent", "intent", id),
        ("POST", ["setup_intents", id, "confirm"]) => setup::confirm(books, call, id),
        ("POST", ["setup_intents", id, "cancel"]) => setup::cancel(books, call, id),
        ("GET", ["charges", id]) => find(books, "charge", "id", id),
        ("POST", ["refunds"]) => refunds::create(books, call),
        ("GET", ["refunds"]) => list(books, call, "refund", &["payment_intent", "charge"]),
        ("GET", ["refunds", id]) => find(books, "refund", "id", id),
        ("POST", ["transfers"]) => transfers::create(books, call),
        ("GET", ["transfers"]) => list(books, call, "transfer", &["destination", "transfer_group"]),
        ("GET", ["transfers", id]) => find(books, "transfer", "id", id),
        ("POST", ["transfers", id, "reversals"]) => transfers::reverse(books, call, id),
        ("GET", ["transfers", id, "reversals"]) => transfers::reversals(books, call, id),
        ("POST", ["accounts"]) => accounts::create(books, call),
        ("GET", ["accounts", id]) => find(books, "account", "id", id),
        ("POST", ["account_links"]) => accounts::link(books, call),
        ("GET", ["disputes"]) => list(books, call, "dispute", &["payment_intent", "charge"]),
        ("GET", ["disputes", id]) => find(books, "dispute", "id", id),
        ("POST", ["disputes", id]) => disputes::update(books, call, id),
        ("POST", ["disputes", id, "close"]) => disputes::close(books, id),
        ("POST", ["customers"]) => rest::customer(books, call),
        ("GET", ["customers", id]) => find(books, "customer", "id", id),
        ("GET", ["payment_methods", id]) => find(books, "payment_method", "id", id),
        ("GET", ["balance"]) => Ok(rest::balance(books, &call.account)),
        ("GET", ["balance_transactions"]) => list(books, call, "balance_transaction", &["source", "type", "currency"]),
        ("GET", ["balance_transactions", id]) => find(books, "balance_transaction", "id", id),
        ("GET", ["events"]) => rest::events(books, call),
        ("GET", ["events", id]) => rest::event(books, id),
        (method, path) => {
            let message = format!("Unrecognized request URL ({method}: /v1/{}).", path.join("/"));
            Err(ApiError::new(404, "invalid_request_error", None, None, message))
        }
    }
}

/// An object of a kind.
fn find(books: &Books, kind: &str, param: &str, id: &str) -> Result {
    match books.get(id) {
        Some(object) if object["object"] == kind => Ok(object.clone()),
        _ => Err(ApiError::missing(kind, param, id)),
    }
}

/// A page of a list, newest first, with Stripe's filters and cursors.
fn list(books: &Books, call: &Call<'_>, kind: &str, filters: &[&str]) -> Result {
    let p = &call.params;
    let mut allowed = vec!["created", "limit", "starting_after", "ending_before", "expand", "customer_account"];
    allowed.extend(filters);
    known(p, &allowed)?;
    let bound = |name: &str| p["created"][name].as_str().and_then(|v| v.parse::<i64>().ok());
    let all = books.list("object", kind).into_iter().filter(|o| {
        let created = o["created"].as_i64().unwrap_or(0);
        filters.iter().all(|f| p[*f].as_str().is_none_or(|v| o[*f] == v))
            && bound("gte").is_none_or(|b| created >= b)
            && bound("gt").is_none_or(|b| created > b)
            && bound("lte").is_none_or(|b| created <= b)
            && bound("lt").is_none_or(|b| created < b)
    });
    page(all.cloned().collect(), p, &format!("/v1/{kind}s"))
}

/// Cuts a page out.
fn page(all: Vec<Value>, p: &Value, url: &str) -> Result {
    let limit = match p["limit"].as_str() {
        None => 10,
        Some(text) => text.parse::<usize>().ok().filter(|n| (1..=100).contains(n)).ok_or_else(|| {
            ApiError::invalid(Some("parameter_invalid_integer"), Some("limit"), format!("Invalid integer: {text}"))
        })?,
    };
    let from = match p["starting_after"].as_str() {
        Some(after) => all.iter().position(|o| o["id"] == after).map_or(all.len(), |at| at + 1),
        None => 0,
    };
    let rest = &all[from.min(all.len())..];
    let data: Vec<Value> = rest.iter().take(limit).cloned().collect();
    Ok(json!({ "object": "list", "url": url, "has_more": rest.len() > limit, "data": data }))
}

/// Refuses parameters that Stripe does not know.
fn known(p: &Value, allowed: &[&str]) -> std::result::Result<(), ApiError> {
    for name in params::names(p) {
        let top = name.split('[').next().unwrap_or_default();
        if !allowed.contains(&top) {
            let message = format!("Received unknown parameter: {top}");
            return Err(ApiError::invalid(Some("parameter_unknown"), Some(top), message));
        }
    }
    Ok(())
}

/// A whole number that must be there.
fn integer(p: &Value, name: &str) -> std::result::Result<i64, ApiError> {
    optional_integer(p, name)?.ok_or_else(|| {
        ApiError::invalid(Some("parameter_missing"), Some(name), format!("Missing required param: {name}."))
    })
}

/// A whole number that may be there.
fn optional_integer(p: &Value, name: &str) -> std::result::Result<Option<i64>, ApiError> {
    match p[name].as_str() {
        None => Ok(None),
        Some("") => Err(ApiError::invalid(
            Some("parameter_invalid_empty"),
            Some(name),
            format!("You passed an empty string for '{name}'."),
        )),
        Some(text) => match text.parse::<i64>() {
            Ok(number) if number >= 0 => Ok(Some(number)),
            _ => Err(ApiError::invalid(
                Some("parameter_invalid_integer"),
                Some(name),
                format!("Invalid integer: {text}"),
            )),
        },
    }
}

/// A text that must be there.
fn required<'a>(p: &'a Value, name: &str) -> std::result::Result<&'a str, ApiError> {
    p[name].as_str().filter(|t| !t.is_empty()).ok_or_else(|| {
        ApiError::invalid(Some("parameter_missing"), Some(name), format!("Missing required param: {name}."))
    })
}

/// The object with further fields that are empty.
fn with_nulls(mut object: Value, names: &[&str]) -> Value {
    for name in names {
        object[*name] = Value::Null;
    }
    object
}

/// Metadata: texts by name.
fn metadata(p: &Value) -> Value {
    if p["metadata"].is_object() { p["metadata"].clone() } else { json!({}) }
}

/// The object as it is shown: expanded where that was asked for, without what only the fake knows.
fn rendered(books: &Books, object: Value, p: &Value) -> Value {
    let mut shown = object;
    for path in p["expand"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        expand(books, &mut shown, &path.split('.').collect::<Vec<_>>());
    }
    strip(&mut shown);
    shown
}

fn expand(books: &Books, node: &mut Value, path: &[&str]) {
    let Some((first, rest)) = path.split_first() else { return };
    if let Some(list) = node.as_array_mut() {
        return list.iter_mut().for_each(|item| expand(books, item, path));
    }
    let Some(field) = node.get_mut(*first) else { return };
    if let Some(object) = field.as_str().and_then(|id| books.get(id)) {
        *field = object.clone();
    }
    expand(books, field, rest);
}

/// Takes out fields that begin with an underscore.
fn strip(node: &mut Value) {
    match node {
        Value::Object(fields) => {
            fields.retain(|name, _| !name.starts_with('_'));
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Notes that something happened.
fn event(books: &mut Books, kind: &str, object: &Value) {
    later(books, kind, object, 0);
}

/// Notes that something happened that is told so many seconds later.
fn later(books: &mut Books, kind: &str, object: &Value, delay_s: i64) {
    let (id, at_s) = (books.id("evt"), books.now_s());
    let mut object = object.clone();
    strip(&mut object);
    let body = json!({
        "id": id, "object": "event", "api_version": "2026-08-26.dahlia", "created": at_s, "livemode": false,
        "pending_webhooks": 1, "request": { "id": null, "idempotency_key": null }, "type": kind,
        "data": { "object": object },
    });
    books.events.push(Event { id, kind: kind.to_owned(), body, at_s, due_s: at_s + delay_s });
}

fn failed(error: &ApiError) -> Answer {
    let mut body = json!({ "error": error.body });
    strip(&mut body);
    Answer::json(error.status, &body)
}

/// An error that was ordered.
pub fn ordered_error(status: u16) -> Answer {
    let (kind, code, message) = match status {
        429 => ("invalid_request_error", Some("rate_limit"), "Request rate limit exceeded."),
        _ => ("api_error", None, "An unknown error occurred."),
    };
    failed(&ApiError::new(status, kind, code, None, message))
}

/// What whoever tests can do to an object: the customer authenticates or fails to, the bank decides a dispute, somebody gives an amount of a
/// payment back in the dashboard (`refund`), a refund fails.
pub fn act(books: &mut Books, id: &str, act: &str, body: &Value) -> Option<Value> {
    match act {
        "authenticate" => intents::authenticate(books, id, true),
        "fail_authentication" => intents::authenticate(books, id, false),
        "refund" => refunds::by_hand(books, id, body["amount"].as_i64()),
        "fail" => refunds::fail(books, id, body["reason"].as_str().unwrap_or("lost_or_stolen_card")),
        "dispute" => disputes::open(books, id, 0),
        "inquiry" => disputes::inquire(books, id),
        "escalate" => disputes::escalate(books, id),
        "win" => disputes::decide(books, id, "won"),
        "lose" => disputes::decide(books, id, "lost"),
        "activate" => accounts::activate(books, id),
        _ => None,
    }
}

/// Ends holds whose time is over.
pub fn expire(books: &mut Books) {
    intents::expire(books);
}
