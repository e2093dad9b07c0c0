//! Customers, the balance, and events.

use serde_json::{Value, json};

use super::super::books::Books;
use super::{ApiError, Call, Result, event as note, known, metadata, page};

/// `POST /v1/customers`
pub fn customer(books: &mut Books, call: &Call<'_>) -> Result {
    let p = &call.params;
    let allowed = [
        "address",
        "balance",
        "business_name",
        "cash_balance",
        "description",
        "email",
        "expand",
        "individual_name",
        "invoice_prefix",
        "invoice_settings",
        "metadata",
        "name",
        "next_invoice_sequence",
        "payment_method",
        "phone",
        "preferred_locales",
        "shipping",
        "source",
        "tax",
        "tax_exempt",
        "tax_id_data",
        "test_clock",
        "validate",
    ];
    known(p, &allowed)?;
    let (id, now) = (books.id("cus"), books.now_s());
    let customer = books.put(json!({
        "id": id, "object": "customer", "address": null, "balance": 0, "created": now, "currency": null, "default_source": null,
        "delinquent": false, "description": p["description"], "discount": null, "email": p["email"], "invoice_prefix": "FAKE",
        "invoice_settings": { "custom_fields": null, "default_payment_method": null, "footer": null, "rendering_options": null },
        "livemode": false, "metadata": metadata(p), "name": p["name"], "next_invoice_sequence": 1, "phone": null,
        "preferred_locales": [], "shipping": null, "tax_exempt": "none", "test_clock": null,
    }));
    note(books, "customer.created", &customer);
    Ok(customer)
}

/// `GET /v1/balance`
pub fn balance(books: &Books, account: &str) -> Value {
    let mut available: Vec<Value> = books
        .balances
        .iter()
        .filter(|((owner, _), _)| owner == account)
        .map(|((_, currency), amount)| json!({ "amount": amount, "currency": currency, "source_types": { "card": amount } }))
        .collect();
    if available.is_empty() {
        available.push(json!({ "amount": 0, "currency": "usd", "source_types": { "card": 0 } }));
    }
    json!({ "object": "balance", "available": available, "livemode": false, "pending": [], "connect_reserved": [] })
}

/// `GET /v1/events`
pub fn events(books: &Books, call: &Call<'_>) -> Result {
    let p = &call.params;
    known(p, &["created", "delivery_success", "expand", "type", "types", "limit", "starting_after", "ending_before"])?;
    let since = p["created"]["gte"].as_str().and_then(|v| v.parse::<i64>().ok());
    let all = books.events.iter().rev().filter(|e| {
        since.is_none_or(|s| e.at_s >= s)
            && p["type"]
                .as_str()
                .is_none_or(|t| e.kind == t || t.strip_suffix('*').is_some_and(|start| e.kind.starts_with(start)))
    });
    page(all.map(|e| e.body.clone()).collect(), p, "/v1/events")
}

/// `GET /v1/events/{id}`
pub fn event(books: &Books, id: &str) -> Result {
    let found = books.events.iter().find(|e| e.id == id);
    found.map(|e| e.body.clone()).ok_or_else(|| ApiError::missing("event", "id", id))
}
