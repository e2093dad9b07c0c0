//! SetupIntents: a card is verified and kept for a customer, and nothing is taken.

use serde_json::{Value, json};

use super::super::books::Books;
use super::charges::{self, Card};
use super::intents::{attach, customer};
use super::{ApiError, Call, ENDIVE, Result, event, find, known, metadata, with_nulls};

const CREATE: &[&str] = &[
    "allowed_payment_method_types",
    "attach_to_self",
    "automatic_payment_methods",
    "confirm",
    "confirmation_token",
    "customer",
    "customer_account",
    "description",
    "excluded_payment_method_types",
    "expand",
    "flow_directions",
    "mandate_data",
    "metadata",
    "on_behalf_of",
    "payment_method",
    "payment_method_configuration",
    "payment_method_data",
    "payment_method_options",
    "return_url",
    "single_use",
    "usage",
    "use_stripe_sdk",
];

/// Fields of a SetupIntent that are empty at first.
const NULLS: &[&str] = &[
    "application",
    "automatic_payment_methods",
    "cancellation_reason",
    "customer_account",
    "description",
    "excluded_payment_method_types",
    "flow_directions",
    "last_setup_error",
    "latest_attempt",
    "mandate",
    "next_action",
    "on_behalf_of",
    "payment_method",
    "payment_method_configuration_details",
    "single_use_mandate",
];

/// `POST /v1/setup_intents`
pub fn create(books: &mut Books, call: &Call<'_>) -> Result {
    let p = &call.params;
    let mut allowed = CREATE.to_vec();
    if call.version.as_str() < ENDIVE {
        allowed.push("payment_method_types");
    }
    known(p, &allowed)?;
    let customer = customer(books, p)?;
    let (id, now, secret) = (books.id("seti"), books.now_s(), books.id("secret"));
    let intent = books.put(with_nulls(json!({
        "id": id, "object": "setup_intent", "allowed_payment_method_types": p["allowed_payment_method_types"], "client_secret": format!("{id}_{secret}"), "created": now,
        "customer": customer, "livemode": false, "metadata": metadata(p), "payment_method_options": {}, "payment_method_types": ["card"],
        "status": "requires_payment_method", "usage": p["usage"].as_str().unwrap_or("off_session"),
    }), NULLS));
    event(books, "setup_intent.created", &intent);
    if let Some(token) = p["payment_method"].as_str() {
        let token = attach(books, token, &customer)?;
        books.change(&id, json!({ "payment_method": token, "status": "requires_confirmation" }));
    }
    if p["confirm"] == "true" { check(books, &id) } else { find(books, "setup_intent", "intent", &id) }
}

/// `POST /v1/setup_intents/{id}/confirm`
pub fn confirm(books: &mut Books, call: &Call<'_>, id: &str) -> Result {
    let p = &call.params;
    let allowed = [
        "payment_method",
        "payment_method_data",
        "payment_method_options",
        "return_url",
        "use_stripe_sdk",
        "expand",
        "mandate_data",
        "allowed_payment_method_types",
        "client_secret",
        "key",
    ];
    known(p, &allowed)?;
    let intent = find(books, "setup_intent", "intent", id)?;
    if p["client_secret"].as_str().is_some_and(|secret| intent["client_secret"] != secret) {
        let message = "The client_secret provided does not match the client_secret associated with the SetupIntent.";
        return Err(ApiError::invalid(Some("setup_intent_invalid_parameter"), Some("client_secret"), message));
    }
    let number = p["payment_method_data"]["card"]["number"].as_str().map(|n| n.replace(' ', ""));
    let token = number
        .and_then(|n| charges::token_of(&n).map(str::to_owned))
        .or(p["payment_method"].as_str().map(str::to_owned));
    if let Some(token) = token {
        let token = attach(books, &token, &intent["customer"])?;
        books.change(id, json!({ "payment_method": token }));
    }
    check(books, id)
}

fn check(books: &mut Books, id: &str) -> Result {
    let intent = find(books, "setup_intent", "intent", id)?;
    match charges::behaviour(books, &intent["payment_method"]) {
        Card::Declined(reason) => {
            let mut error = ApiError::new(402, "card_error", Some("card_declined"), None, "Your card was declined.");
            error.body["decline_code"] = json!(reason);
            let kept = error.body.clone();
            let change =
                json!({ "status": "requires_payment_method", "payment_method": null, "last_setup_error": kept });
            let intent = books.change(id, change);
            event(books, "setup_intent.setup_failed", &intent);
            error.body["setup_intent"] = intent;
            Err(error)
        }
        Card::Confirm => {
            let next = json!({ "type": "use_stripe_sdk", "use_stripe_sdk": { "type": "three_d_secure_redirect" } });
            let intent = books.change(id, json!({ "status": "requires_action", "next_action": next }));
            event(books, "setup_intent.requires_action", &intent);
            Ok(intent)
        }
        _ => Ok(verified(books, id)),
    }
}

fn verified(books: &mut Books, id: &str) -> Value {
    let intent = books.change(id, json!({ "status": "succeeded", "next_action": null, "last_setup_error": null }));
    let method = intent["payment_method"].as_str().unwrap_or_default().to_owned();
    books.change(&method, json!({ "customer": intent["customer"], "_used": true }));
    event(books, "setup_intent.succeeded", &intent);
    intent
}

/// The customer confirms with the bank, or fails to.
pub fn authenticate(books: &mut Books, id: &str, good: bool) -> Option<Value> {
    if good {
        return Some(verified(books, id));
    }
    let error = json!({ "type": "invalid_request_error", "code": "setup_intent_authentication_failure" });
    let change = json!({
        "status": "requires_payment_method", "payment_method": null, "next_action": null, "last_setup_error": error,
    });
    let intent = books.change(id, change);
    event(books, "setup_intent.setup_failed", &intent);
    Some(intent)
}

/// `POST /v1/setup_intents/{id}/cancel`
pub fn cancel(books: &mut Books, call: &Call<'_>, id: &str) -> Result {
    known(&call.params, &["cancellation_reason", "expand"])?;
    let intent = find(books, "setup_intent", "intent", id)?;
    if matches!(intent["status"].as_str(), Some("succeeded" | "canceled")) {
        let mut error =
            ApiError::invalid(Some("setup_intent_unexpected_state"), None, "You cannot cancel this SetupIntent.");
        error.body["setup_intent"] = intent;
        return Err(error);
    }
    let reason = call.params["cancellation_reason"].clone();
    let intent = books.change(id, json!({ "status": "canceled", "cancellation_reason": reason, "next_action": null }));
    event(books, "setup_intent.canceled", &intent);
    Ok(intent)
}
