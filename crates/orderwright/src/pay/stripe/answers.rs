//! Stripe's errors in the engine's words.

use serde_json::Value;

use super::text;
use crate::pay::http::Reply;
use crate::pay::{Answer, ProviderError};

/// The code by which an error is told to people: the issuer's reason where there is one.
pub fn code(error: &Value) -> String {
    let decline = text(error, "decline_code");
    match (decline, text(error, "code")) {
        ("" | "generic_decline", "") => match text(error, "type") {
            "" => "refused".to_owned(),
            kind => kind.to_owned(),
        },
        ("" | "generic_decline", code) => code.to_owned(),
        (decline, _) => decline.to_owned(),
    }
}

/// What a refusal of a payment step means: a card's problem is for good, anything that says our request is wrong is for somebody to look at.
pub fn refusal(reply: &Reply) -> Result<Answer, ProviderError> {
    let error = &reply.body["error"];
    match (text(error, "type"), text(error, "code")) {
        ("card_error", _) => Ok(Answer::declined(code(error))),
        (_, "lock_timeout" | "idempotency_key_in_use" | "rate_limit") => Err(ProviderError::Lost(shown(reply))),
        (
            "invalid_request_error",
            known @ ("amount_too_large"
            | "amount_too_small"
            | "balance_insufficient"
            | "charge_already_refunded"
            | "charge_disputed"
            | "charge_expired_for_capture"
            | "resource_missing"
            | "transfers_not_allowed"
            | "account_invalid"
            | "payment_method_unactivated"),
        ) => Ok(Answer::declined(known)),
        // An over-refund has no code of its own.
        ("invalid_request_error", "") if text(error, "param") == "amount" => Ok(Answer::declined("amount_too_large")),
        _ => Err(unexpected(reply)),
    }
}

/// An answer that the adapter did not expect. It is somebody's business: a request that was wrong will be wrong again.
pub fn unexpected(reply: &Reply) -> ProviderError {
    ProviderError::Mismatch(shown(reply))
}

/// Status, type, code, parameter and message. Stripe's messages of these types speak of parameters, not of people.
fn shown(reply: &Reply) -> String {
    let error = &reply.body["error"];
    let words: Vec<&str> =
        ["type", "code", "param", "message"].into_iter().map(|f| text(error, f)).filter(|w| !w.is_empty()).collect();
    format!("stripe answered {}: {}", reply.status, words.join(" · "))
}
