//! Chargebacks: opened by the bank, answered with evidence, won or lost.

use serde_json::{Value, json};

use super::super::books::Books;
use super::{ApiError, Call, Result, charges, find, known, later, metadata};

/// What a dispute costs, won or lost.
const FEE: i64 = 1500;
const EVIDENCE: &[&str] = &[
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "enhanced_evidence",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
];

/// The cardholder disputes a charge (`ch_…`, or the intent's `pi_…`); told after so many seconds.
pub fn open(books: &mut Books, id: &str, delay_s: i64) -> Option<Value> {
    begin(books, id, delay_s, false)
}

/// The bank asks before it disputes: no money moves.
pub fn inquire(books: &mut Books, id: &str) -> Option<Value> {
    begin(books, id, 0, true)
}

fn begin(books: &mut Books, id: &str, delay_s: i64, inquiry: bool) -> Option<Value> {
    let charge = match books.get(id)? {
        intent if intent["object"] == "payment_intent" => books.get(intent["latest_charge"].as_str()?)?.clone(),
        charge => charge.clone(),
    };
    if charge["captured"] != true || charge["disputed"] == true {
        return None;
    }
    let charge_id = charge["id"].as_str()?.to_owned();
    let (amount, currency) = (charge["amount_captured"].as_i64()?, charge["currency"].as_str()?.to_owned());
    let (dispute, now) = (books.id("dp"), books.now_s());
    let moves = if inquiry { json!([]) } else { json!([withdraw(books, &dispute, amount, &currency)]) };
    books.change(&charge_id, json!({ "disputed": !inquiry }));
    let evidence: serde_json::Map<String, Value> =
        EVIDENCE.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
    let object = books.put(json!({
        "id": dispute, "object": "dispute", "amount": amount, "balance_transactions": moves, "charge": charge_id, "created": now,
        "currency": currency, "enhanced_eligibility_types": [], "evidence": evidence,
        "evidence_details": { "due_by": now + 9 * 86_400, "enhanced_eligibility": {}, "has_evidence": false, "past_due": false, "submission_count": 0 },
        "is_charge_refundable": inquiry, "livemode": false, "metadata": {}, "payment_intent": charge["payment_intent"],
        "payment_method_details": { "type": "card", "card": { "brand": "visa", "case_type": if inquiry { "inquiry" } else { "chargeback" }, "network_reason_code": "10.4" } },
        "reason": "fraudulent", "status": if inquiry { "warning_needs_response" } else { "needs_response" },
    }));
    later(books, "charge.dispute.created", &object, delay_s);
    if !inquiry {
        later(books, "charge.dispute.funds_withdrawn", &object, delay_s);
    }
    Some(object)
}

/// What the bank takes, and what it costs: the transaction as the dispute shows it.
fn withdraw(books: &mut Books, dispute: &str, amount: i64, currency: &str) -> Value {
    let txn = charges::transaction(books, "adjustment", dispute, -amount, FEE, currency);
    books.pay("platform", currency, -amount - FEE);
    books.get(&txn).cloned().unwrap_or_default()
}

/// The bank disputes after all what it asked about.
pub fn escalate(books: &mut Books, id: &str) -> Option<Value> {
    let dispute = books.get(id).filter(|d| d["status"].as_str().is_some_and(|s| s.starts_with("warning_")))?.clone();
    let (amount, currency) = (dispute["amount"].as_i64()?, dispute["currency"].as_str()?.to_owned());
    let moves = json!([withdraw(books, id, amount, &currency)]);
    books.change(dispute["charge"].as_str()?, json!({ "disputed": true }));
    let change = json!({ "status": "needs_response", "balance_transactions": moves, "is_charge_refundable": false });
    let object = books.change(id, change);
    later(books, "charge.dispute.updated", &object, 0);
    later(books, "charge.dispute.funds_withdrawn", &object, 0);
    Some(object)
}

/// `POST /v1/disputes/{id}`
pub fn update(books: &mut Books, call: &Call<'_>, id: &str) -> Result {
    let p = &call.params;
    known(p, &["evidence", "expand", "intended_submission_method", "metadata", "submit"])?;
    let dispute = find(books, "dispute", "id", id)?;
    if dispute["status"] != "needs_response" && dispute["status"] != "warning_needs_response" {
        return Err(ApiError::invalid(None, None, "This dispute is already closed, or its evidence was submitted."));
    }
    let mut evidence = dispute["evidence"].clone();
    for (name, value) in p["evidence"].as_object().into_iter().flatten() {
        if !EVIDENCE.contains(&name.as_str()) {
            let param = format!("evidence[{name}]");
            let message = format!("Received unknown parameter: {param}");
            return Err(ApiError::invalid(Some("parameter_unknown"), Some(&param), message));
        }
        evidence[name] = value.clone();
    }
    let has = evidence.as_object().is_some_and(|e| e.values().any(|v| !v.is_null()));
    let mut details = dispute["evidence_details"].clone();
    details["has_evidence"] = json!(has);
    // Sent to the bank unless it is said that it is a draft.
    let submit = p["submit"] != "false";
    if submit {
        details["submission_count"] = json!(1);
    }
    let status = if submit { json!("under_review") } else { dispute["status"].clone() };
    let mut notes = dispute["metadata"].clone();
    for (name, value) in metadata(p).as_object().into_iter().flatten() {
        notes[name] = value.clone();
    }
    let change = json!({ "evidence": evidence, "evidence_details": details, "status": status, "metadata": notes });
    let object = books.change(id, change);
    later(books, "charge.dispute.updated", &object, 0);
    Ok(object)
}

/// `POST /v1/disputes/{id}/close`: the merchant gives in.
pub fn close(books: &mut Books, id: &str) -> Result {
    find(books, "dispute", "id", id)?;
    decide(books, id, "lost").ok_or_else(|| ApiError::invalid(None, None, "This dispute is already closed"))
}

/// The bank decides.
pub fn decide(books: &mut Books, id: &str, status: &str) -> Option<Value> {
    let dispute = books.get(id).filter(|d| d["object"] == "dispute")?.clone();
    if matches!(dispute["status"].as_str(), Some("won" | "lost")) {
        return None;
    }
    let object = books.change(id, json!({ "status": status }));
    if status == "won" {
        let (amount, currency) = (dispute["amount"].as_i64()?, dispute["currency"].as_str()?.to_owned());
        let txn = charges::transaction(books, "adjustment", id, amount, 0, &currency);
        books.pay("platform", &currency, amount);
        let mut moves = dispute["balance_transactions"].as_array().cloned().unwrap_or_default();
        moves.extend(books.get(&txn).cloned());
        let object = books.change(id, json!({ "balance_transactions": moves }));
        later(books, "charge.dispute.funds_reinstated", &object, 0);
    }
    later(books, "charge.dispute.closed", &object, 0);
    Some(object)
}
