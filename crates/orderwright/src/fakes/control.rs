//! `/_fake/…`: what whoever tests can do to a fake.
//!
//! `GET /_fake/summary` · `POST /_fake/faults` `{ "call", "kind", "times" }` (0 times: off again) · `POST /_fake/clock` `{ "advance_s" }` · `POST /_fake/webhooks` `{ "url", "copies" }` ·
//! `POST /_fake/replay` `{ "times", "seed" }` · `POST /_fake/change` `{ "id", "fields" }` · `POST /_fake/act` `{ "id", "act" }`.

use orderwright_core::time::Span;
use serde_json::{Value, json};

use super::faults::{self, Fault};
use super::server::{Answer, Insides, Plays, Request, lock};
use super::{razorpay, stripe, webhooks};

/// Answers a request of whoever tests.
pub fn answer(state: &Insides, request: &Request) -> Answer {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
    let ok = |body: Value| Answer::json(200, &body);
    let wrong = |why: &str| Answer::json(400, &json!({ "error": why }));
    match (request.method.as_str(), request.path.trim_start_matches("/_fake")) {
        ("GET", "/summary") => {
            let books = lock(&state.books);
            let balances: Vec<Value> = books
                .balances
                .iter()
                .map(|((account, currency), amount)| json!({ "account": account, "currency": currency, "amount": amount }))
                .collect();
            let sent = lock(&state.sent);
            ok(
                json!({ "balances": balances, "events": books.events.len(), "webhooksTaken": sent.taken, "idle": sent.is_idle() }),
            )
        }
        ("POST", "/faults") => match serde_json::from_value::<Fault>(body) {
            Ok(fault) => {
                faults::order(&mut lock(&state.faults), fault);
                ok(json!({}))
            }
            Err(error) => wrong(&error.to_string()),
        },
        ("POST", "/clock") => match body["advance_s"].as_i64() {
            Some(seconds) if seconds > 0 => {
                let offset = state.clock.now().0 - state.clock.real_now().0 + seconds * 1_000_000;
                state.clock.set_offset(Span(offset));
                expire(state);
                ok(json!({ "now": lock(&state.books).now_s() }))
            }
            _ => wrong("advance_s: how many seconds, at least 1"),
        },
        ("POST", "/webhooks") => match body["url"].as_str() {
            Some(url) => {
                let mut options = lock(&state.options);
                options.webhook_url = Some(url.to_owned());
                options.copies = body["copies"].as_u64().and_then(|n| n.try_into().ok()).unwrap_or(1);
                ok(json!({}))
            }
            None => wrong("url: where to send webhooks"),
        },
        ("POST", "/replay") => {
            let times = body["times"].as_u64().unwrap_or(1) as usize;
            ok(json!({ "queued": webhooks::replay(state, times, body["seed"].as_u64().unwrap_or(1)) }))
        }
        ("POST", "/change") => {
            let id = body["id"].as_str().unwrap_or_default();
            match lock(&state.books).change(id, body["fields"].clone()) {
                Value::Null => wrong("id: there is no such object"),
                object => ok(object),
            }
        }
        ("POST", "/act") => {
            let (id, act) = (body["id"].as_str().unwrap_or_default(), body["act"].as_str().unwrap_or_default());
            let plays = lock(&state.options).plays;
            let mut books = lock(&state.books);
            let done = match plays {
                Plays::Stripe => stripe::act(&mut books, id, act, &body),
                Plays::Razorpay => razorpay::act(&mut books, id, act, &body),
            };
            match done {
                Some(object) => ok(object),
                None => wrong("act: cannot be done to that object"),
            }
        }
        _ => Answer::json(404, &json!({ "error": "no such control" })),
    }
}

/// Holds whose time is over end.
fn expire(state: &Insides) {
    let plays = lock(&state.options).plays;
    let mut books = lock(&state.books);
    match plays {
        Plays::Stripe => stripe::expire(&mut books),
        Plays::Razorpay => razorpay::expire(&mut books),
    }
}
