//! What happens to captured money: refunds, Route transfers and their reversals, disputes.

use serde_json::{Value, json};

use super::super::books::Books;
use super::{ApiError, Result, amount, event, find, known, notes};

/// Razorpay refuses refunds of payments older than this.
const SIX_MONTHS_S: i64 = 183 * 86_400;

/// `POST /v1/payments/{id}/refund`
pub fn refund(books: &mut Books, id: &str, body: &Value) -> Result {
    known(body, &["amount", "speed", "notes", "receipt", "reverse_all"])?;
    let payment = find(books, "payment", id)?;
    if payment["captured"] != true {
        return Err(ApiError::bad("The payment status should be captured for action to be taken"));
    }
    if books.now_s() - payment["created_at"].as_i64().unwrap_or(0) > SIX_MONTHS_S {
        return Err(ApiError::bad("The payment is more than 6 months old. It cannot be refunded."));
    }
    let left = payment["amount"].as_i64().unwrap_or(0) - payment["amount_refunded"].as_i64().unwrap_or(0);
    if left == 0 {
        return Err(ApiError::bad("The payment has been fully refunded already"));
    }
    let amount = amount(body, 1)?.unwrap_or(left);
    if amount > left {
        return Err(ApiError::bad("The sum of amount requested for refund is greater than the available amount"));
    }
    let currency = payment["currency"].as_str().unwrap_or_default().to_owned();
    let (refund, now, notes) = (books.id("rfnd"), books.now_s(), notes(body)?);
    books.pay("platform", &currency, -amount);
    let object = books.put(json!({
        "id": refund, "entity": "refund", "amount": amount, "currency": currency, "payment_id": id, "notes": notes,
        "receipt": body["receipt"], "acquirer_data": { "arn": null }, "created_at": now, "batch_id": null, "status": "processed",
        "speed_processed": "normal", "speed_requested": body["speed"].as_str().unwrap_or("normal"),
    }));
    let refunded = payment["amount_refunded"].as_i64().unwrap_or(0) + amount;
    let whole = payment["amount"] == refunded;
    let change = json!({
        "amount_refunded": refunded, "refund_status": if whole { "full" } else { "partial" },
        "status": if whole { "refunded" } else { "captured" },
    });
    let payment = books.change(id, change);
    event(books, "refund.created", &[("refund", &object), ("payment", &payment)]);
    event(books, "refund.processed", &[("refund", &object), ("payment", &payment)]);
    Ok(object)
}

/// The bank sends a refund back.
pub fn fail(books: &mut Books, id: &str) -> Option<Value> {
    let refund = books.get(id).filter(|r| r["entity"] == "refund" && r["status"] == "processed")?.clone();
    let (amount, currency) = (refund["amount"].as_i64()?, refund["currency"].as_str()?.to_owned());
    let payment_id = refund["payment_id"].as_str()?.to_owned();
    books.pay("platform", &currency, amount);
    let refund = books.change(id, json!({ "status": "failed" }));
    let back = books.get(&payment_id)?["amount_refunded"].as_i64()? - amount;
    let status = if back == 0 { Value::Null } else { json!("partial") };
    let change = json!({ "amount_refunded": back, "refund_status": status, "status": "captured" });
    let payment = books.change(&payment_id, change);
    event(books, "refund.failed", &[("refund", &refund), ("payment", &payment)]);
    Some(refund)
}

/// `POST /v1/payments/{id}/transfers`: all of them, or none.
pub fn transfer(books: &mut Books, id: &str, body: &Value) -> Result {
    known(body, &["transfers"])?;
    let payment = find(books, "payment", id)?;
    if payment["captured"] != true {
        return Err(ApiError::bad("The payment status should be captured for action to be taken"));
    }
    let wishes = body["transfers"].as_array().cloned().unwrap_or_default();
    if wishes.is_empty() {
        return Err(ApiError::field("transfers", "The transfers field is required."));
    }
    let mut sum = payment["amount_transferred"].as_i64().unwrap_or(0);
    for wish in &wishes {
        known(wish, &["account", "amount", "currency", "notes", "linked_account_notes", "on_hold", "on_hold_until"])?;
        if wish["currency"] != "INR" {
            return Err(ApiError::field("currency", "The currency should be INR for transfers"));
        }
        sum += amount(wish, 100)?.ok_or_else(|| ApiError::field("amount", "The amount field is required."))?;
        let account = wish["account"].as_str().unwrap_or_default();
        if find(books, "account", account).is_err() {
            return Err(ApiError::field("account", format!("{account} is not a valid id")));
        }
        for key in wish["linked_account_notes"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if wish["notes"][key].is_null() {
                return Err(ApiError::bad("Keys sent in linked_account_notes must exist in notes"));
            }
        }
        notes(wish)?;
    }
    if sum > payment["amount"].as_i64().unwrap_or(0) {
        return Err(ApiError::bad("The sum of amount requested for transfer is greater than the captured amount"));
    }
    let asked: i64 = wishes.iter().filter_map(|w| w["amount"].as_i64()).sum();
    if books.balance("platform", "INR") < asked {
        return Err(ApiError::bad("Transfer cannot be made due to insufficient balance"));
    }
    let mut made = Vec::new();
    for wish in &wishes {
        let (transfer, now) = (books.id("trf"), books.now_s());
        let (amount, account) =
            (wish["amount"].as_i64().unwrap_or(0), wish["account"].as_str().unwrap_or_default().to_owned());
        books.pay("platform", "INR", -amount);
        books.pay(&account, "INR", amount);
        let notes = notes(wish)?;
        let object = books.put(json!({
            "id": transfer, "entity": "transfer", "status": "processed", "source": id, "recipient": account, "amount": amount,
            "currency": "INR", "amount_reversed": 0, "notes": notes, "linked_account_notes": wish["linked_account_notes"],
            "on_hold": wish["on_hold"] == true, "on_hold_until": wish["on_hold_until"], "recipient_settlement_id": null,
            "created_at": now, "processed_at": now, "fees": 0, "tax": 0, "settlement_status": "pending",
            "error": { "code": null, "description": null, "field": null, "source": null, "step": null, "reason": null },
        }));
        event(books, "transfer.processed", &[("transfer", &object)]);
        made.push(object);
    }
    books.change(id, json!({ "amount_transferred": sum }));
    Ok(json!({ "entity": "collection", "count": made.len(), "items": made }))
}

/// `POST /v1/transfers/{id}/reversals`
pub fn reverse(books: &mut Books, id: &str, body: &Value) -> Result {
    known(body, &["amount", "notes", "linked_account_notes"])?;
    let transfer = find(books, "transfer", id)?;
    let before = transfer["amount_reversed"].as_i64().unwrap_or(0);
    let left = transfer["amount"].as_i64().unwrap_or(0) - before;
    let amount = amount(body, 1)?.unwrap_or(left);
    if amount > left || left == 0 {
        return Err(ApiError::bad("The amount requested for reversal is greater than the reversible amount"));
    }
    let account = transfer["recipient"].as_str().unwrap_or_default().to_owned();
    if books.balance(&account, "INR") < amount {
        return Err(ApiError::bad("The linked account does not have sufficient balance to process reversal."));
    }
    books.pay(&account, "INR", -amount);
    books.pay("platform", "INR", amount);
    let (reversal, now, notes) = (books.id("rvrsl"), books.now_s(), notes(body)?);
    let object = books.put(json!({
        "id": reversal, "entity": "reversal", "transfer_id": id, "amount": amount, "fee": 0, "tax": 0, "currency": "INR",
        "notes": notes, "initiator_id": "FakeMerchant0001", "customer_refund_id": null, "utr": null, "created_at": now,
    }));
    let status =
        if before + amount == transfer["amount"].as_i64().unwrap_or(0) { "reversed" } else { "partially_reversed" };
    books.change(id, json!({ "amount_reversed": before + amount, "status": status }));
    Ok(object)
}

/// The cardholder disputes a payment.
pub fn dispute(books: &mut Books, id: &str) -> Option<Value> {
    let payment = books.get(id).filter(|p| p["entity"] == "payment" && p["captured"] == true)?.clone();
    let (dispute, now) = (books.id("disp"), books.now_s());
    let object = books.put(json!({
        "id": dispute, "entity": "dispute", "payment_id": id, "amount": payment["amount"], "currency": payment["currency"],
        "amount_deducted": 0, "reason_code": "chargeback_fraud", "respond_by": now + 7 * 86_400, "status": "open",
        "phase": "chargeback", "evidence": { "amount": payment["amount"], "summary": null, "shipping_proof": null }, "created_at": now,
    }));
    event(books, "payment.dispute.created", &[("payment", &payment), ("dispute", &object)]);
    Some(object)
}

/// `PATCH /v1/disputes/{id}/contest`
pub fn contest(books: &mut Books, id: &str, body: &Value) -> Result {
    let allowed = [
        "amount",
        "summary",
        "shipping_proof",
        "billing_proof",
        "cancellation_proof",
        "customer_communication",
        "proof_of_service",
        "explanation_letter",
        "refund_confirmation",
        "access_activity_log",
        "refund_cancellation_policy",
        "term_and_conditions",
        "others",
        "action",
    ];
    known(body, &allowed)?;
    let dispute = find(books, "dispute", id)?;
    if dispute["status"] != "open" {
        return Err(ApiError::bad("Action not allowed: the dispute is not open"));
    }
    let mut evidence = dispute["evidence"].clone();
    for (name, value) in body.as_object().into_iter().flatten().filter(|(name, _)| *name != "action") {
        evidence[name] = value.clone();
    }
    let status = if body["action"] == "submit" { "under_review" } else { "open" };
    let object = books.change(id, json!({ "evidence": evidence, "status": status }));
    if status == "under_review" {
        tell(books, &object, "payment.dispute.under_review");
    }
    Ok(object)
}

/// The bank decides.
pub fn decide(books: &mut Books, id: &str, status: &str) -> Option<Value> {
    let dispute = books.get(id).filter(|d| d["entity"] == "dispute")?.clone();
    if matches!(dispute["status"].as_str(), Some("won" | "lost" | "closed")) {
        return None;
    }
    let mut change = json!({ "status": status });
    if status == "lost" {
        change["amount_deducted"] = dispute["amount"].clone();
        let currency = dispute["currency"].as_str()?.to_owned();
        books.pay("platform", &currency, -dispute["amount"].as_i64()?);
    }
    let object = books.change(id, change);
    tell(books, &object, &format!("payment.dispute.{status}"));
    Some(object)
}

fn tell(books: &mut Books, dispute: &Value, kind: &str) {
    let payment = dispute["payment_id"].as_str().and_then(|id| books.get(id)).cloned().unwrap_or_default();
    event(books, kind, &[("payment", &payment), ("dispute", dispute)]);
}
