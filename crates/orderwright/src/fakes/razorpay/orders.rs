//! Orders and their payments: opened, paid in the checkout, captured in full, given back when nobody captured them.

use serde_json::{Value, json};

use super::super::books::Books;
use super::{ApiError, Result, amount, event, find, known, notes};

/// `POST /v1/orders`
pub fn create(books: &mut Books, body: &Value) -> Result {
    let allowed = [
        "amount",
        "currency",
        "receipt",
        "notes",
        "partial_payment",
        "first_payment_min_amount",
        "payment",
        "transfers",
        "customer_id",
        "method",
        "token",
        "offer_id",
        "bank_account",
        "customer_details",
        "line_items_total",
        "payment_capture",
    ];
    known(body, &allowed)?;
    let amount = amount(body, 100)?.ok_or_else(|| ApiError::field("amount", "The amount field is required."))?;
    let currency =
        body["currency"].as_str().ok_or_else(|| ApiError::field("currency", "The currency field is required."))?;
    if currency.len() != 3 || currency != currency.to_ascii_uppercase() {
        return Err(ApiError::field("currency", "Currency is not supported"));
    }
    let receipt = &body["receipt"];
    if receipt.as_str().is_some_and(|r| r.len() > 40) {
        return Err(ApiError::field("receipt", "The receipt may not be greater than 40 characters."));
    }
    if ["BHD", "IQD", "JOD", "KWD", "OMR", "TND"].contains(&currency) && amount % 10 != 0 {
        return Err(ApiError::field("amount", "The last digit of the amount must be 0 for three decimal currencies."));
    }
    let notes = notes(body)?;
    let (id, now) = (books.id("order"), books.now_s());
    let expiry = body["payment"]["capture_options"]["manual_expiry_period"].as_i64().unwrap_or(7200);
    Ok(books.put(json!({
        "id": id, "entity": "order", "amount": amount, "amount_due": amount, "amount_paid": 0, "attempts": 0, "created_at": now,
        "currency": currency, "notes": notes, "offer_id": null, "receipt": receipt, "status": "created",
        "_automatic": body["payment"]["capture"] == "automatic", "_expiry_s": expiry * 60,
    })))
}

/// The customer pays in the checkout: `good`, `declined`, or `late` when the bank does not answer.
pub fn pay(books: &mut Books, order: &str, card: &str) -> Option<Value> {
    let found = books.get(order).filter(|o| o["entity"] == "order" && o["status"] != "paid")?.clone();
    let attempts = found["attempts"].as_i64()? + 1;
    books.change(order, json!({ "status": "attempted", "attempts": attempts }));
    let (id, now) = (books.id("pay"), books.now_s());
    let (status, error) = match card {
        "declined" => ("failed", Some("payment_failed")),
        "late" => ("created", None),
        _ => ("authorized", None),
    };
    let payment = books.put(json!({
        "id": id, "entity": "payment", "amount": found["amount"], "currency": found["currency"], "base_amount": found["amount"],
        "status": status, "order_id": order, "invoice_id": null, "international": false, "method": "card", "amount_refunded": 0,
        "amount_transferred": 0, "refund_status": null, "captured": false, "description": null, "card_id": "card_FakeCard000001",
        "bank": null, "wallet": null, "vpa": null, "email": "gaurav.kumar@example.com", "contact": "+919900000000", "notes": [],
        "fee": null, "tax": null, "error_code": error.map(|_| "BAD_REQUEST_ERROR"),
        "error_description": error.map(|_| "Your payment has been declined by the bank."), "error_source": error.map(|_| "bank"),
        "error_step": error.map(|_| "payment_authorization"), "error_reason": error, "acquirer_data": {}, "created_at": now,
    }));
    match status {
        "failed" => event(books, "payment.failed", &[("payment", &payment)]),
        "authorized" => authorised(books, &id),
        _ => {}
    }
    books.get(&id).cloned()
}

fn authorised(books: &mut Books, id: &str) {
    let Some(payment) = books.get(id).cloned() else { return };
    event(books, "payment.authorized", &[("payment", &payment)]);
    let automatic = payment["order_id"].as_str().and_then(|o| books.get(o)).is_some_and(|o| o["_automatic"] == true);
    if automatic {
        take(books, id);
    }
}

/// The bank answers after all.
pub fn answer_late(books: &mut Books, id: &str) -> Option<Value> {
    books.get(id).filter(|p| p["entity"] == "payment" && matches!(p["status"].as_str(), Some("created" | "failed")))?;
    books.change(
        id,
        json!({ "status": "authorized", "late_authorized": true, "error_code": null, "error_reason": null }),
    );
    authorised(books, id);
    books.get(id).cloned()
}

/// `POST /v1/payments/{id}/capture`
pub fn capture(books: &mut Books, id: &str, body: &Value) -> Result {
    known(body, &["amount", "currency"])?;
    let payment = find(books, "payment", id)?;
    let wanted = amount(body, 100)?.ok_or_else(|| ApiError::field("amount", "The amount field is required."))?;
    match payment["status"].as_str() {
        Some("authorized") => {}
        Some("captured") => return Err(ApiError::bad("This payment has already been captured")),
        _ => {
            return Err(ApiError::bad("Only payments which have been authorized and not yet captured can be captured"));
        }
    }
    if payment["amount"] != wanted {
        return Err(ApiError::bad("Capture amount must be equal to the amount authorized."));
    }
    if body["currency"].as_str().is_some_and(|c| payment["currency"] != c) {
        return Err(ApiError::field("currency", "Payment currency and capture currency must be the same."));
    }
    Ok(take(books, id))
}

fn take(books: &mut Books, id: &str) -> Value {
    let Some(payment) = books.get(id).cloned() else { return Value::Null };
    let amount = payment["amount"].as_i64().unwrap_or(0);
    let (fee, tax) = fee(amount);
    let currency = payment["currency"].as_str().unwrap_or_default().to_owned();
    books.pay("platform", &currency, amount - fee);
    let payment = books.change(id, json!({ "status": "captured", "captured": true, "fee": fee, "tax": tax }));
    event(books, "payment.captured", &[("payment", &payment)]);
    if let Some(order) = payment["order_id"].as_str().map(str::to_owned) {
        let order = books.change(&order, json!({ "status": "paid", "amount_paid": amount, "amount_due": 0 }));
        event(books, "order.paid", &[("payment", &payment), ("order", &order)]);
    }
    payment
}

/// Two percent, and 18 percent tax on that, inside the fee.
pub fn fee(amount: i64) -> (i64, i64) {
    let net = (amount * 2 + 99) / 100;
    let tax = (net * 18 + 99) / 100;
    (net + tax, tax)
}

/// What was not captured in time goes back to the customer.
pub fn expire(books: &mut Books) {
    let now = books.now_s();
    let over: Vec<String> = books
        .list("entity", "payment")
        .into_iter()
        .filter(|p| {
            let order = p["order_id"].as_str().and_then(|o| books.get(o));
            let expiry = order.and_then(|o| o["_expiry_s"].as_i64()).unwrap_or(0);
            p["status"] == "authorized" && p["created_at"].as_i64().is_some_and(|at| at + expiry <= now)
        })
        .filter_map(|p| p["id"].as_str().map(str::to_owned))
        .collect();
    for id in over {
        let amount = books.get(&id).map(|p| p["amount"].clone()).unwrap_or_default();
        books.change(&id, json!({ "status": "refunded", "refund_status": "full", "amount_refunded": amount }));
    }
}
