//! PaymentIntents: create, confirm, capture, cancel, and what the bank and time do to them.

use serde_json::{Value, json};

use super::super::books::Books;
use super::charges::{self, Card};
use super::{
    ApiError, Call, ENDIVE, Result, disputes, event, find, integer, known, metadata, optional_integer, required,
    with_nulls,
};

const CREATE: &[&str] = &[
    "amount",
    "currency",
    "allowed_payment_method_types",
    "amount_details",
    "application_fee_amount",
    "automatic_payment_methods",
    "capture_method",
    "confirm",
    "confirmation_method",
    "confirmation_token",
    "customer",
    "customer_account",
    "description",
    "error_on_requires_action",
    "excluded_payment_method_types",
    "expand",
    "hooks",
    "mandate",
    "mandate_data",
    "metadata",
    "off_session",
    "on_behalf_of",
    "payment_details",
    "payment_method",
    "payment_method_configuration",
    "payment_method_data",
    "payment_method_options",
    "radar_options",
    "receipt_email",
    "return_url",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_data",
    "transfer_group",
    "use_stripe_sdk",
];
const CONFIRM: &[&str] = &[
    "allowed_payment_method_types",
    "amount_details",
    "amount_to_confirm",
    "capture_method",
    "confirmation_token",
    "error_on_requires_action",
    "excluded_payment_method_types",
    "expand",
    "hooks",
    "mandate",
    "mandate_data",
    "off_session",
    "payment_details",
    "payment_method",
    "payment_method_data",
    "payment_method_options",
    "radar_options",
    "receipt_email",
    "return_url",
    "setup_future_usage",
    "shipping",
    "use_stripe_sdk",
    "client_secret",
    "key",
];
const CAPTURE: &[&str] = &[
    "amount_details",
    "amount_to_capture",
    "application_fee_amount",
    "expand",
    "final_capture",
    "hooks",
    "metadata",
    "payment_details",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_data",
];
/// The smallest charge of some currencies (docs.stripe.com/currencies).
const SMALLEST: &[(&str, i64)] = &[("usd", 50), ("eur", 50), ("gbp", 30), ("inr", 50), ("jpy", 50)];

/// Fields of a PaymentIntent that are empty at first.
const NULLS: &[&str] = &[
    "application",
    "application_fee_amount",
    "automatic_payment_methods",
    "canceled_at",
    "cancellation_reason",
    "customer_account",
    "excluded_payment_method_types",
    "last_payment_error",
    "latest_charge",
    "next_action",
    "on_behalf_of",
    "payment_method",
    "payment_method_configuration_details",
    "processing",
    "receipt_email",
    "review",
    "shipping",
    "source",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_data",
];

/// `POST /v1/payment_intents`
pub fn create(books: &mut Books, call: &Call<'_>) -> Result {
    let p = &call.params;
    let mut allowed = CREATE.to_vec();
    if call.version.as_str() < ENDIVE {
        allowed.push("payment_method_types");
    }
    known(p, &allowed)?;
    let amount = integer(p, "amount")?;
    let currency = required(p, "currency")?.to_owned();
    if currency.len() != 3 || currency != currency.to_ascii_lowercase() {
        return Err(ApiError::invalid(None, Some("currency"), format!("Invalid currency: {currency}")));
    }
    let smallest = SMALLEST.iter().find(|(c, _)| *c == currency).map_or(1, |(_, s)| *s);
    if amount < smallest {
        let message = format!("Amount must be at least {smallest} {currency}");
        return Err(ApiError::invalid(Some("amount_too_small"), Some("amount"), message));
    }
    let capture = p["capture_method"].as_str().unwrap_or("automatic");
    if !["automatic", "automatic_async", "manual"].contains(&capture) {
        let message = "Invalid capture_method: must be one of automatic, automatic_async, or manual";
        return Err(ApiError::invalid(None, Some("capture_method"), message));
    }
    let customer = customer(books, p)?;
    let (id, now) = (books.id("pi"), books.now_s());
    let secret = books.id("secret");
    let intent = books.put(with_nulls(json!({
        "id": id, "object": "payment_intent", "allowed_payment_method_types": p["allowed_payment_method_types"],
        "amount": amount, "amount_capturable": 0, "amount_details": { "tip": {} }, "amount_received": 0, "capture_method": capture, "client_secret": format!("{id}_{secret}"), "confirmation_method": "automatic", "created": now,
        "currency": currency, "customer": customer, "description": p["description"],
        "livemode": false,
        "metadata": metadata(p), "payment_method_options": {}, "payment_method_types": ["card"],
        "setup_future_usage": p["setup_future_usage"], "status": "requires_payment_method",
        "transfer_group": p["transfer_group"],
    }), NULLS));
    event(books, "payment_intent.created", &intent);
    match p["payment_method"].as_str() {
        Some(token) => {
            let token = attach(books, token, &customer)?;
            books.change(&id, json!({ "payment_method": token, "status": "requires_confirmation" }));
        }
        None if p["confirm"] == "true" => {
            let message = "You cannot confirm this PaymentIntent because it's missing a payment method.";
            return Err(unexpected(books, &id, message));
        }
        None => {}
    }
    if p["confirm"] == "true" {
        pay(books, &id, p["off_session"] == "true")
    } else {
        find(books, "payment_intent", "intent", &id)
    }
}

/// The customer that a parameter names.
pub fn customer(books: &Books, p: &Value) -> std::result::Result<Value, ApiError> {
    match p["customer"].as_str() {
        Some(id) if books.get(id).is_some() => Ok(json!(id)),
        Some(id) => Err(ApiError::missing("customer", "customer", id)),
        None => Ok(Value::Null),
    }
}

/// The method that a parameter names. One that belongs to a customer pays for that customer only.
pub fn attach(books: &mut Books, token: &str, customer: &Value) -> std::result::Result<String, ApiError> {
    if let Some(owner) = books.get(token).and_then(|m| m["customer"].as_str())
        && customer != owner
    {
        let message = "The provided PaymentMethod belongs to a Customer; include that Customer in the request.";
        return Err(ApiError::invalid(None, Some("payment_method"), message));
    }
    if books.get(token).is_some_and(|m| m["_used"] == true && m["customer"].is_null()) {
        let message = "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a \
            connected account without Customer attachment, or was detached from a Customer. It may not be used again.";
        return Err(ApiError::invalid(None, Some("payment_method"), message));
    }
    match charges::method(books, token, None) {
        Some((id, _)) => Ok(id),
        None => Err(ApiError::missing("PaymentMethod", "payment_method", token)),
    }
}

/// `POST /v1/payment_intents/{id}`
pub fn update(books: &mut Books, call: &Call<'_>, id: &str) -> Result {
    known(&call.params, &["metadata", "description", "expand", "transfer_group"])?;
    let intent = find(books, "payment_intent", "intent", id)?;
    let mut notes = intent["metadata"].clone();
    for (name, value) in metadata(&call.params).as_object().into_iter().flatten() {
        notes[name] = value.clone();
    }
    Ok(books.change(id, json!({ "metadata": notes })))
}

/// `POST /v1/payment_intents/{id}/confirm`
pub fn confirm(books: &mut Books, call: &Call<'_>, id: &str) -> Result {
    let p = &call.params;
    known(p, CONFIRM)?;
    let intent = find(books, "payment_intent", "intent", id)?;
    // A browser has the intent's own secret instead of a key.
    if let Some(secret) = p["client_secret"].as_str()
        && intent["client_secret"] != secret
    {
        let message = "The client_secret provided does not match any associated PaymentIntent on this account.";
        return Err(ApiError::invalid(Some("payment_intent_invalid_parameter"), Some("client_secret"), message));
    }
    let status = intent["status"].as_str().unwrap_or_default();
    if !["requires_payment_method", "requires_confirmation", "requires_action"].contains(&status) {
        let message = format!("You cannot confirm this PaymentIntent because it has a status of {status}.");
        return Err(unexpected(books, id, &message));
    }
    let number = p["payment_method_data"]["card"]["number"].as_str().map(|n| n.replace(' ', ""));
    let token = match (&number, p["payment_method"].as_str()) {
        (Some(number), _) => match charges::token_of(number) {
            Some(token) => Some(token.to_owned()),
            None => {
                let message = "Your card number is incorrect.";
                return Err(ApiError::new(402, "card_error", Some("incorrect_number"), Some("number"), message));
            }
        },
        (None, Some(token)) => Some(token.to_owned()),
        (None, None) => None,
    };
    match token {
        Some(token) => {
            let token = attach(books, &token, &intent["customer"])?;
            books.change(id, json!({ "payment_method": token, "last_payment_error": null, "next_action": null }));
        }
        None if intent["payment_method"].is_null() => {
            let message = "You cannot confirm this PaymentIntent because it's missing a payment method.";
            return Err(unexpected(books, id, message));
        }
        None => {}
    }
    pay(books, id, p["off_session"] == "true")
}

/// The bank is asked.
fn pay(books: &mut Books, id: &str, off_session: bool) -> Result {
    let intent = find(books, "payment_intent", "intent", id)?;
    match charges::behaviour(books, &intent["payment_method"]) {
        Card::Declined(reason) => Err(declined(books, id, reason)),
        Card::FailsLater if intent["capture_method"] != "manual" => Err(declined(books, id, "generic_decline")),
        Card::Confirm if off_session => Err(declined(books, id, "authentication_required")),
        Card::Confirm => {
            let next = json!({ "type": "use_stripe_sdk", "use_stripe_sdk": { "type": "three_d_secure_redirect" } });
            let intent = books.change(id, json!({ "status": "requires_action", "next_action": next }));
            event(books, "payment_intent.requires_action", &intent);
            Ok(intent)
        }
        _ => Ok(approved(books, id)),
    }
}

/// The bank said yes.
fn approved(books: &mut Books, id: &str) -> Value {
    let Some(intent) = books.get(id).cloned() else { return Value::Null };
    let method = intent["payment_method"].as_str().unwrap_or_default().to_owned();
    let (manual, amount) = (intent["capture_method"] == "manual", intent["amount"].as_i64().unwrap_or(0));
    books.change(&method, json!({ "_used": true }));
    if intent["setup_future_usage"].is_string() {
        books.change(&method, json!({ "customer": intent["customer"] }));
    }
    let charge = charges::charge(books, &intent, &method, !manual, None);
    event(books, "charge.succeeded", &charge);
    let change = match manual {
        true => json!({ "status": "requires_capture", "amount_capturable": amount }),
        false => json!({ "status": "succeeded", "amount_received": amount }),
    };
    books.change(id, change);
    let intent =
        books.change(id, json!({ "latest_charge": charge["id"], "next_action": null, "last_payment_error": null }));
    let kind = if manual { "payment_intent.amount_capturable_updated" } else { "payment_intent.succeeded" };
    event(books, kind, &intent);
    if !manual && charges::behaviour(books, &intent["payment_method"]) == Card::Disputed {
        disputes::open(books, charge["id"].as_str().unwrap_or_default(), 1);
    }
    intent
}

/// The bank said no: the intent keeps the error, and can be tried with another method.
fn declined(books: &mut Books, id: &str, reason: &str) -> ApiError {
    let intent = books.get(id).cloned().unwrap_or_default();
    let method = intent["payment_method"].clone();
    books.change(method.as_str().unwrap_or_default(), json!({ "_used": true }));
    let charge = charges::charge(books, &intent, method.as_str().unwrap_or_default(), false, Some(reason));
    let (code, message) = match reason {
        "expired_card" => ("expired_card", "Your card has expired."),
        "insufficient_funds" => ("card_declined", "Your card has insufficient funds."),
        "authentication_required" => {
            ("authentication_required", "Your card was declined. This transaction requires authentication.")
        }
        _ => ("card_declined", "Your card was declined."),
    };
    let mut error = ApiError::new(402, "card_error", Some(code), None, message);
    if code != "expired_card" {
        error.body["decline_code"] = json!(reason);
    }
    error.body["charge"] = charge["id"].clone();
    let kept = error.body.clone();
    let change = json!({
        "status": "requires_payment_method", "payment_method": null, "last_payment_error": kept, "latest_charge": charge["id"],
    });
    let intent = books.change(id, change);
    event(books, "charge.failed", &charge);
    event(books, "payment_intent.payment_failed", &intent);
    error.body["payment_intent"] = intent;
    error
}

/// The customer confirms with the bank, or fails to.
pub fn authenticate(books: &mut Books, id: &str, good: bool) -> Option<Value> {
    let intent = books.get(id)?.clone();
    if intent["status"] != "requires_action" {
        return None;
    }
    if intent["object"] == "setup_intent" {
        return super::setup::authenticate(books, id, good);
    }
    if good {
        return Some(approved(books, id));
    }
    let error = json!({
        "type": "invalid_request_error", "code": "payment_intent_authentication_failure",
        "message": "The provided PaymentMethod has failed authentication.",
    });
    let change = json!({
        "status": "requires_payment_method", "payment_method": null, "next_action": null, "last_payment_error": error,
    });
    let intent = books.change(id, change);
    event(books, "payment_intent.payment_failed", &intent);
    Some(intent)
}

/// `POST /v1/payment_intents/{id}/capture`
pub fn capture(books: &mut Books, call: &Call<'_>, id: &str) -> Result {
    let p = &call.params;
    known(p, CAPTURE)?;
    let intent = find(books, "payment_intent", "intent", id)?;
    if intent["status"] != "requires_capture" {
        let status = intent["status"].as_str().unwrap_or_default();
        let message = format!(
            "This PaymentIntent could not be captured because it has a status of {status}. Only a PaymentIntent with one of the \
             following statuses may be captured: requires_capture."
        );
        return Err(unexpected(books, id, &message));
    }
    let capturable = intent["amount_capturable"].as_i64().unwrap_or(0);
    let amount = optional_integer(p, "amount_to_capture")?.unwrap_or(capturable);
    if amount > capturable {
        let message = "The amount to capture is greater than the amount that can be captured.";
        return Err(ApiError::invalid(Some("amount_too_large"), Some("amount_to_capture"), message));
    }
    if amount == 0 {
        return Err(ApiError::invalid(
            Some("parameter_invalid_integer"),
            Some("amount_to_capture"),
            "This value must be greater than or equal to 1.",
        ));
    }
    if charges::behaviour(books, &intent["payment_method"]) == Card::FailsLater {
        return Err(ApiError::new(402, "card_error", Some("card_declined"), None, "Your card was declined."));
    }
    let charge = charges::take(books, intent["latest_charge"].as_str().unwrap_or_default(), amount);
    let change = json!({ "status": "succeeded", "amount_received": amount, "amount_capturable": 0 });
    let intent = books.change(id, change);
    event(books, "charge.captured", &charge);
    event(books, "payment_intent.succeeded", &intent);
    if charges::behaviour(books, &intent["payment_method"]) == Card::Disputed {
        disputes::open(books, charge["id"].as_str().unwrap_or_default(), 1);
    }
    Ok(intent)
}

/// `POST /v1/payment_intents/{id}/cancel`
pub fn cancel(books: &mut Books, call: &Call<'_>, id: &str) -> Result {
    let p = &call.params;
    known(p, &["cancellation_reason", "expand"])?;
    let reason = p["cancellation_reason"].as_str();
    if reason.is_some_and(|r| !["duplicate", "fraudulent", "requested_by_customer", "abandoned"].contains(&r)) {
        return Err(ApiError::invalid(None, Some("cancellation_reason"), "Invalid cancellation_reason"));
    }
    let intent = find(books, "payment_intent", "intent", id)?;
    let status = intent["status"].as_str().unwrap_or_default();
    if matches!(status, "succeeded" | "canceled") {
        let message = format!(
            "You cannot cancel this PaymentIntent because it has a status of {status}. Only a PaymentIntent with one of the following \
             statuses may be canceled: requires_payment_method, requires_capture, requires_reauthorization, requires_confirmation, \
             requires_action, processing, expired."
        );
        return Err(unexpected(books, id, &message));
    }
    Ok(end(books, id, reason.unwrap_or_default()))
}

fn end(books: &mut Books, id: &str, reason: &str) -> Value {
    let now = books.now_s();
    let reason = if reason.is_empty() { Value::Null } else { json!(reason) };
    let change = json!({
        "status": "canceled", "canceled_at": now, "cancellation_reason": reason, "amount_capturable": 0, "next_action": null,
    });
    let intent = books.change(id, change);
    if let Some(charge) = intent["latest_charge"].as_str().map(str::to_owned)
        && books.get(&charge).is_some_and(|c| c["status"] == "succeeded")
    {
        let amount = intent["amount"].clone();
        let charge = books.change(&charge, json!({ "refunded": true, "amount_refunded": amount, "_released": amount }));
        event(books, "charge.refunded", &charge);
    }
    event(books, "payment_intent.canceled", &intent);
    intent
}

/// Holds that were not taken in time end by themselves.
pub fn expire(books: &mut Books) {
    let now = books.now_s();
    let held = books.list("object", "payment_intent").into_iter().filter(|i| i["status"] == "requires_capture");
    let over: Vec<String> = held
        .filter(|i| {
            let charge = i["latest_charge"].as_str().and_then(|c| books.get(c));
            let before = charge.and_then(|c| c["payment_method_details"]["card"]["capture_before"].as_i64());
            before.is_some_and(|at| at <= now)
        })
        .filter_map(|i| i["id"].as_str().map(str::to_owned))
        .collect();
    for id in over {
        end(books, &id, "automatic");
    }
}

/// The error of a call that the intent's status forbids; it carries the intent.
fn unexpected(books: &Books, id: &str, message: &str) -> ApiError {
    let mut error = ApiError::invalid(Some("payment_intent_unexpected_state"), None, message);
    error.body["payment_intent"] = books.get(id).cloned().unwrap_or_default();
    error
}
