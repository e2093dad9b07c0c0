//! A fake of Razorpay: orders, payments, refunds, Route transfers, disputes, and the checkout in the customer's browser.
//!
//! Names, sentences and rules are those of Razorpay's documentation and official client. What is not here: anything that the adapter and the
//! tests do not touch (subscriptions, payment links, …).

mod component;
mod money;
mod orders;

use serde_json::{Value, json};

use super::books::{Books, Event};
use super::params;
use super::server::{Answer, Insides, Request, lock};
use crate::kernel::digest;

/// An error as Razorpay words it.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: u16,
    code: &'static str,
    description: String,
    field: Option<String>,
    reason: &'static str,
}

impl ApiError {
    fn bad(description: impl Into<String>) -> Self {
        Self {
            status: 400,
            code: "BAD_REQUEST_ERROR",
            description: description.into(),
            field: None,
            reason: "input_validation_failed",
        }
    }

    fn field(field: &str, description: impl Into<String>) -> Self {
        Self { field: Some(field.to_owned()), ..Self::bad(description) }
    }

    fn missing() -> Self {
        Self::bad("The id provided does not exist")
    }
}

type Result<T = Value> = std::result::Result<T, ApiError>;

/// A call, read.
pub struct Call {
    query: Value,
    body: Value,
}

/// Answers a request.
pub fn answer(state: &Insides, request: &Request) -> Answer {
    if let Some(answer) = component::answer(state, request) {
        return answer;
    }
    let given = request.header("authorization").unwrap_or_default();
    if !authorised(state, given) {
        let error = ApiError { status: 401, reason: "NA", ..ApiError::bad("The api key provided is invalid") };
        return failed(&error);
    }
    let body = match request.body.is_empty() {
        true => json!({}),
        false => match serde_json::from_slice(&request.body) {
            Ok(body) => body,
            Err(_) => return failed(&ApiError::bad("The request body is not valid JSON")),
        },
    };
    let call = Call { query: params::parse(&request.query), body };
    let mut books = lock(&state.books);
    match keyed(state, &mut books, request, &call) {
        Ok(object) => Answer::json(200, &shown(object)),
        Err(error) => failed(&error),
    }
}

fn authorised(state: &Insides, given: &str) -> bool {
    let Some(key) = lock(&state.options).key.clone() else { return given.starts_with("Basic ") };
    given == format!("Basic {}", base64(key.as_bytes()))
}

/// Refunds have an idempotency key; nothing else here has.
fn keyed(state: &Insides, books: &mut Books, request: &Request, call: &Call) -> Result {
    let path: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
    let key = request.header("x-refund-idempotency").filter(|_| path.last() == Some(&"refund"));
    let Some(key) = key else { return route(books, &request.method, &path, call) };
    if key.len() < 10 {
        return Err(ApiError::bad("The idempotency key must be at least 10 characters."));
    }
    let mark = format!("_key_{key}");
    let this = format!("{:x}", digest::id(&[request.path.as_bytes(), &request.body]));
    if let Some(kept) = books.get(&mark) {
        return match kept["request"] == this.as_str() {
            true => Ok(kept["refund"].as_str().and_then(|id| books.get(id)).cloned().unwrap_or_default()),
            false => Err(ApiError::bad("Different request with the same idempotency key has already been processed.")),
        };
    }
    let _ = state;
    let refund = route(books, &request.method, &path, call)?;
    books.put(json!({ "id": mark, "request": this, "refund": refund["id"] }));
    Ok(refund)
}

fn route(books: &mut Books, method: &str, path: &[&str], call: &Call) -> Result {
    match (method, path) {
        ("POST", ["v1", "orders"]) => orders::create(books, &call.body),
        ("GET", ["v1", "orders"]) => Ok(collection(
            books
                .list("entity", "order")
                .into_iter()
                .filter(|o| call.query["receipt"].as_str().is_none_or(|r| o["receipt"] == r)),
        )),
        ("GET", ["v1", "orders", id]) => find(books, "order", id),
        ("GET", ["v1", "orders", id, "payments"]) => {
            find(books, "order", id)?;
            Ok(collection(books.list("entity", "payment").into_iter().filter(|p| p["order_id"] == *id)))
        }
        ("GET", ["v1", "payments"]) => {
            let number = |name: &str| call.query[name].as_str().and_then(|n| n.parse::<usize>().ok());
            let all = books.list("entity", "payment").into_iter().filter(|p| {
                let at = p["created_at"].as_i64().unwrap_or(0);
                number("from").is_none_or(|from| at >= from as i64) && number("to").is_none_or(|to| at <= to as i64)
            });
            Ok(collection(all.skip(number("skip").unwrap_or(0)).take(number("count").unwrap_or(10))))
        }
        ("GET", ["v1", "payments", id]) => find(books, "payment", id),
        ("POST", ["v1", "payments", id, "capture"]) => orders::capture(books, id, &call.body),
        ("POST", ["v1", "payments", id, "refund"]) => money::refund(books, id, &call.body),
        ("GET", ["v1", "payments", id, "refunds"]) => {
            find(books, "payment", id)?;
            Ok(collection(books.list("entity", "refund").into_iter().filter(|r| r["payment_id"] == *id)))
        }
        ("GET", ["v1", "payments", payment, "refunds", id]) => find(books, "refund", id)
            .and_then(|r| if r["payment_id"] == *payment { Ok(r) } else { Err(ApiError::missing()) }),
        ("GET", ["v1", "refunds", id]) => find(books, "refund", id),
        ("POST", ["v1", "payments", id, "transfers"]) => money::transfer(books, id, &call.body),
        ("GET", ["v1", "payments", id, "transfers"]) => {
            find(books, "payment", id)?;
            Ok(collection(books.list("entity", "transfer").into_iter().filter(|t| t["source"] == *id)))
        }
        ("GET", ["v1", "transfers", id]) => find(books, "transfer", id),
        ("POST", ["v1", "transfers", id, "reversals"]) => money::reverse(books, id, &call.body),
        ("GET", ["v1", "transfers", id, "reversals"]) => {
            find(books, "transfer", id)?;
            Ok(collection(books.list("entity", "reversal").into_iter().filter(|r| r["transfer_id"] == *id)))
        }
        ("GET", ["v1", "disputes"]) => {
            let number = |name: &str| call.query[name].as_str().and_then(|n| n.parse::<usize>().ok());
            let all = books.list("entity", "dispute").into_iter();
            Ok(collection(all.skip(number("skip").unwrap_or(0)).take(number("count").unwrap_or(10))))
        }
        ("GET", ["v1", "disputes", id]) => find(books, "dispute", id),
        ("PATCH", ["v1", "disputes", id, "contest"]) => money::contest(books, id, &call.body),
        ("POST", ["v1", "disputes", id, "accept"]) => {
            money::decide(books, id, "lost").ok_or_else(|| ApiError::bad("The dispute is closed already"))
        }
        ("GET", ["v2", "accounts", id]) => find(books, "account", id),
        _ => Err(ApiError {
            status: 404,
            reason: "NA",
            ..ApiError::bad("The requested URL was not found on the server.")
        }),
    }
}

fn find(books: &Books, entity: &str, id: &str) -> Result {
    books.get(id).filter(|o| o["entity"] == entity).cloned().ok_or_else(ApiError::missing)
}

fn collection<'a>(items: impl Iterator<Item = &'a Value>) -> Value {
    let items: Vec<&Value> = items.collect();
    json!({ "entity": "collection", "count": items.len(), "items": items })
}

/// An amount: a whole number, at least the smallest.
fn amount(body: &Value, smallest: i64) -> Result<Option<i64>> {
    let given = &body["amount"];
    let number = given.as_i64().or_else(|| given.as_str().and_then(|t| t.parse().ok()));
    match (given.is_null(), number) {
        (true, _) => Ok(None),
        (false, Some(number)) if number >= smallest => Ok(Some(number)),
        (false, Some(_)) => Err(ApiError::field(
            "amount",
            format!("The amount must be atleast INR {}.{:02}", smallest / 100, smallest % 100),
        )),
        (false, None) => Err(ApiError::field("amount", "The amount must be an integer.")),
    }
}

/// Notes: at most 15, of at most 256 characters; without any they are an empty list.
fn notes(body: &Value) -> Result {
    match body["notes"].as_object() {
        None => Ok(json!([])),
        Some(notes) if notes.is_empty() => Ok(json!([])),
        Some(notes) if notes.len() > 15 => {
            Err(ApiError::field("notes", "Number of fields in notes should be less than or equal to 15"))
        }
        Some(notes) if notes.values().any(|v| v.as_str().is_some_and(|t| t.chars().count() > 256)) => {
            Err(ApiError::field("notes", "The notes may not be greater than 256 characters."))
        }
        Some(notes) => Ok(Value::Object(notes.clone())),
    }
}

/// Refuses fields that Razorpay does not know.
fn known(body: &Value, allowed: &[&str]) -> Result<()> {
    let extra =
        body.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).find(|name| !allowed.contains(name));
    match extra {
        Some(name) => Err(ApiError::field(name, format!("{name} is/are not required and should not be sent"))),
        None => Ok(()),
    }
}

/// Notes that something happened, with the objects that the webhook contains.
fn event(books: &mut Books, kind: &str, contains: &[(&str, &Value)]) {
    let (id, at_s) = (books.id("evt").replace("evt_", ""), books.now_s());
    let mut payload = json!({});
    for (name, object) in contains {
        payload[*name] = json!({ "entity": shown((*object).clone()) });
    }
    let body = json!({
        "entity": "event", "account_id": "acc_FakeAccount0001", "event": kind,
        "contains": contains.iter().map(|(name, _)| *name).collect::<Vec<_>>(), "payload": payload, "created_at": at_s,
    });
    books.events.push(Event { id, kind: kind.to_owned(), body, at_s, due_s: at_s });
}

/// An object without what only the fake knows.
fn shown(mut object: Value) -> Value {
    match &mut object {
        Value::Object(fields) => {
            fields.retain(|name, _| !name.starts_with('_'));
            fields.iter_mut().for_each(|(_, v)| *v = shown(v.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|v| *v = shown(v.take())),
        _ => {}
    }
    object
}

fn failed(error: &ApiError) -> Answer {
    let mut body = json!({ "error": {
        "code": error.code, "description": error.description, "source": "business", "step": "payment_initiation",
        "reason": error.reason, "metadata": {},
    } });
    if let Some(field) = &error.field {
        body["error"]["field"] = json!(field);
    }
    Answer::json(error.status, &body)
}

/// An error that was ordered.
pub fn ordered_error(status: u16) -> Answer {
    let (code, description) = match status {
        429 => ("BAD_REQUEST_ERROR", "Request failed. Please try after sometime."),
        _ => (
            "SERVER_ERROR",
            "We are facing some trouble completing your request at the moment. Please try again shortly.",
        ),
    };
    failed(&ApiError { status, code, reason: "NA", ..ApiError::bad(description) })
}

/// What whoever tests can do: the customer pays an order by a card or is declined, the bank answers late, decides a dispute, somebody gives an
/// amount of a payment back in the dashboard (`refund`), a refund fails.
pub fn act(books: &mut Books, id: &str, act: &str, body: &Value) -> Option<Value> {
    match act {
        "pay" => orders::pay(books, id, body["card"].as_str().unwrap_or("good")),
        "answer_late" => orders::answer_late(books, id),
        "refund" => {
            let amount = if body["amount"].is_null() { json!({}) } else { json!({ "amount": body["amount"] }) };
            money::refund(books, id, &amount).ok()
        }
        "fail" => money::fail(books, id),
        "dispute" => money::dispute(books, id),
        "win" => money::decide(books, id, "won"),
        "lose" => money::decide(books, id, "lost"),
        "open_account" => {
            Some(books.put(json!({ "id": id, "entity": "account", "status": "activated", "type": "route" })))
        }
        _ => None,
    }
}

/// Payments that were not captured in time go back.
pub fn expire(books: &mut Books) {
    orders::expire(books);
}

/// Base 64, for the one header that needs it.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |n, b| (n << 8) | u32::from(*b)) << (8 * (3 - chunk.len()));
        for n in 0..4 {
            let letter = char::from(LETTERS[(word >> (18 - 6 * n)) as usize & 63]);
            out.push(if n <= chunk.len() { letter } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_is_padded() {
        for (text, wish) in [("rzp_1:secret", "cnpwXzE6c2VjcmV0"), ("a", "YQ=="), ("ab", "YWI=")] {
            assert_eq!(super::base64(text.as_bytes()), wish);
        }
    }
}
