//! Refunds, and those that fail after they succeeded.

use serde_json::{Value, json};

use super::super::books::Books;
use super::charges::{self, Card};
use super::{ApiError, Call, Result, event, find, known, later, metadata, optional_integer};

const CREATE: &[&str] = &[
    "amount",
    "charge",
    "currency",
    "customer",
    "expand",
    "instructions_email",
    "metadata",
    "origin",
    "payment_intent",
    "reason",
    "refund_application_fee",
    "reverse_transfer",
];

/// `POST /v1/refunds`
pub fn create(books: &mut Books, call: &Call<'_>) -> Result {
    let p = &call.params;
    known(p, CREATE)?;
    let charge = match (p["charge"].as_str(), p["payment_intent"].as_str()) {
        (Some(id), _) => find(books, "charge", "charge", id)?,
        (None, Some(id)) => {
            let intent = find(books, "payment_intent", "payment_intent", id)?;
            match intent["latest_charge"].as_str().and_then(|c| books.get(c)) {
                Some(charge) if charge["captured"] == true => charge.clone(),
                _ => {
                    let message = format!("This PaymentIntent ({id}) does not have a successful charge to refund.");
                    return Err(ApiError::invalid(None, Some("payment_intent"), message));
                }
            }
        }
        (None, None) => {
            let message = "One of the following params should be provided for this request: payment_intent or charge.";
            return Err(ApiError::invalid(Some("parameter_missing"), Some("payment_intent"), message));
        }
    };
    let reason = p["reason"].as_str();
    if reason.is_some_and(|r| !["duplicate", "fraudulent", "requested_by_customer"].contains(&r)) {
        return Err(ApiError::invalid(
            None,
            Some("reason"),
            "Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer",
        ));
    }
    let id = charge["id"].as_str().unwrap_or_default().to_owned();
    if charge["disputed"] == true {
        let message = format!("Charge {id} has been charged back; cannot issue a refund.");
        return Err(ApiError::invalid(Some("charge_disputed"), None, message));
    }
    let left = charge["amount"].as_i64().unwrap_or(0) - charge["amount_refunded"].as_i64().unwrap_or(0);
    if left == 0 {
        let message = format!("Charge {id} has already been refunded.");
        return Err(ApiError::invalid(Some("charge_already_refunded"), None, message));
    }
    let amount = optional_integer(p, "amount")?.unwrap_or(left);
    let show = |amount: i64| format!("${}.{:02}", amount / 100, amount % 100);
    if amount > left {
        let message =
            format!("Refund amount ({}) is greater than unrefunded amount on charge ({})", show(amount), show(left));
        return Err(ApiError::invalid(None, Some("amount"), message));
    }
    if amount == 0 {
        return Err(ApiError::invalid(Some("parameter_invalid_integer"), Some("amount"), "Invalid positive integer"));
    }
    let behaves = charges::behaviour(books, &charge["payment_method"]);
    let currency = charge["currency"].as_str().unwrap_or_default().to_owned();
    let (refund, now) = (books.id("re"), books.now_s());
    let txn = charges::transaction(books, "refund", &refund, -amount, 0, &currency);
    books.pay("platform", &currency, -amount);
    let object = books.put(json!({
        "id": refund, "object": "refund", "amount": amount, "balance_transaction": txn, "charge": id, "created": now,
        "currency": currency, "customer": charge["customer"], "customer_account": null,
        "destination_details": { "type": "card", "card": { "type": "refund", "reference_status": "pending", "reference_type": "acquirer_reference_number" } },
        "metadata": metadata(p), "payment_intent": charge["payment_intent"], "payment_method": charge["payment_method"],
        "reason": reason, "receipt_number": null, "source_transfer_reversal": null,
        "status": if behaves == Card::RefundPends { "pending" } else { "succeeded" }, "transfer_reversal": null,
    }));
    let refunded = charge["amount_refunded"].as_i64().unwrap_or(0) + amount;
    let whole = charge["amount"] == refunded;
    let charge = books.change(&id, json!({ "amount_refunded": refunded, "refunded": whole }));
    event(books, "refund.created", &object);
    event(books, "charge.refunded", &charge);
    match behaves {
        // The fake knows at once; it is told a second later, as the real one tells it days later.
        Card::RefundFails => drop(fail_later(books, &refund, "lost_or_stolen_card", 1)),
        Card::RefundPends => {
            let done = books.change(&refund, json!({ "status": "succeeded" }));
            later(books, "refund.updated", &done, 1);
        }
        _ => {}
    }
    Ok(object)
}

/// Somebody gives money of an intent back in the dashboard: all that is left, if no amount is said. Nothing of the shop's is on it.
pub fn by_hand(books: &mut Books, intent: &str, amount: Option<i64>) -> Option<Value> {
    let mut params = json!({ "payment_intent": intent });
    if let Some(amount) = amount {
        params["amount"] = json!(amount.to_string());
    }
    let call =
        Call { method: "POST", path: vec!["refunds"], params, account: "platform".to_owned(), version: String::new() };
    create(books, &call).ok()
}

/// The bank sends a refund back: the money is the platform's again.
pub fn fail(books: &mut Books, id: &str, reason: &str) -> Option<Value> {
    fail_later(books, id, reason, 0)
}

fn fail_later(books: &mut Books, id: &str, reason: &str, delay_s: i64) -> Option<Value> {
    let refund = books.get(id).filter(|r| r["object"] == "refund" && r["status"] == "succeeded")?.clone();
    let (amount, currency) = (refund["amount"].as_i64()?, refund["currency"].as_str()?.to_owned());
    let txn = charges::transaction(books, "refund_failure", id, amount, 0, &currency);
    books.pay("platform", &currency, amount);
    let change = json!({ "status": "failed", "failure_reason": reason, "failure_balance_transaction": txn });
    let failed = books.change(id, change);
    if let Some(charge) = refund["charge"].as_str() {
        let back = books.get(charge).and_then(|c| c["amount_refunded"].as_i64()).unwrap_or(amount) - amount;
        books.change(charge, json!({ "amount_refunded": back, "refunded": false }));
    }
    later(books, "refund.failed", &failed, delay_s);
    later(books, "refund.updated", &failed, delay_s);
    Some(failed)
}
