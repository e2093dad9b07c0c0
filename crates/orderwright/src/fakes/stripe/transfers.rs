//! Transfers to connected accounts, and their reversals, with the rules of balances.

use serde_json::{Value, json};

use super::super::books::Books;
use super::{ApiError, Call, Result, charges, event, find, integer, known, metadata, optional_integer, page, required};

/// `POST /v1/transfers`
pub fn create(books: &mut Books, call: &Call<'_>) -> Result {
    let p = &call.params;
    let allowed = [
        "currency",
        "destination",
        "amount",
        "description",
        "expand",
        "metadata",
        "source_transaction",
        "source_type",
        "transfer_group",
    ];
    known(p, &allowed)?;
    let (currency, destination) = (required(p, "currency")?.to_owned(), required(p, "destination")?.to_owned());
    let amount = integer(p, "amount")?;
    if amount == 0 {
        return Err(ApiError::invalid(Some("parameter_invalid_integer"), Some("amount"), "Invalid positive integer"));
    }
    match books.get(&destination) {
        Some(account) if account["object"] == "account" => {
            if account["capabilities"]["transfers"] != "active" {
                let message = "Your destination account needs to have at least one of the following capabilities enabled: transfers, \
                    crypto_transfers, legacy_payments";
                return Err(ApiError::invalid(Some("insufficient_capabilities_for_transfer"), None, message));
            }
        }
        _ => return Err(ApiError::missing("destination", "destination", &destination)),
    }
    let mut group = p["transfer_group"].clone();
    match p["source_transaction"].as_str() {
        Some(source) => {
            let charge = find(books, "charge", "source_transaction", source)?;
            let used = charge["_transferred"].as_i64().unwrap_or(0);
            let captured = charge["amount_captured"].as_i64().unwrap_or(0);
            if charge["currency"] != currency.as_str() {
                let message = "The currency of source_transaction's balance transaction is not the same as the transfer's currency.";
                return Err(ApiError::invalid(None, Some("currency"), message));
            }
            if used + amount > captured {
                let message = "Transfers using this transaction as a source must not exceed the source amount.";
                return Err(ApiError::invalid(None, Some("amount"), message));
            }
            books.change(source, json!({ "_transferred": used + amount }));
            if group.is_null() {
                group = charge["transfer_group"].clone();
            }
        }
        None if books.balance("platform", &currency) < amount => {
            let message = "You have insufficient available funds in your Stripe account.";
            return Err(ApiError::invalid(Some("balance_insufficient"), None, message));
        }
        None => {}
    }
    let (id, now) = (books.id("tr"), books.now_s());
    let txn = charges::transaction(books, "transfer", &id, -amount, 0, &currency);
    let payment = books.id("py");
    books.pay("platform", &currency, -amount);
    books.pay(&destination, &currency, amount);
    let transfer = books.put(json!({
        "id": id, "object": "transfer", "amount": amount, "amount_reversed": 0, "balance_transaction": txn, "created": now,
        "currency": currency, "description": p["description"], "destination": destination, "destination_payment": payment,
        "livemode": false, "metadata": metadata(p),
        "reversals": { "object": "list", "data": [], "has_more": false, "url": format!("/v1/transfers/{id}/reversals") },
        "reversed": false, "source_transaction": p["source_transaction"], "source_type": "card", "transfer_group": group,
    }));
    event(books, "transfer.created", &transfer);
    Ok(transfer)
}

/// `POST /v1/transfers/{id}/reversals`
pub fn reverse(books: &mut Books, call: &Call<'_>, id: &str) -> Result {
    let p = &call.params;
    known(p, &["amount", "description", "expand", "metadata", "refund_application_fee"])?;
    let transfer = find(books, "transfer", "id", id)?;
    let total = transfer["amount"].as_i64().unwrap_or(0);
    let before = transfer["amount_reversed"].as_i64().unwrap_or(0);
    let amount = optional_integer(p, "amount")?.unwrap_or(total - before);
    if before == total {
        let message = format!("Transfer {id} is already fully reversed.");
        return Err(ApiError::invalid(None, None, message));
    }
    if amount > total - before || amount == 0 {
        let message = "The reversal amount is greater than the unreversed amount on the transfer.";
        return Err(ApiError::invalid(None, Some("amount"), message));
    }
    let (currency, destination) = (
        transfer["currency"].as_str().unwrap_or_default().to_owned(),
        transfer["destination"].as_str().unwrap_or_default().to_owned(),
    );
    if books.balance(&destination, &currency) < amount {
        let message = "Insufficient funds in the connected account to reverse this transfer.";
        return Err(ApiError::invalid(Some("balance_insufficient"), None, message));
    }
    books.pay(&destination, &currency, -amount);
    books.pay("platform", &currency, amount);
    let (reversal, now) = (books.id("trr"), books.now_s());
    let txn = charges::transaction(books, "transfer_refund", &reversal, amount, 0, &currency);
    let object = books.put(json!({
        "id": reversal, "object": "transfer_reversal", "amount": amount, "balance_transaction": txn, "created": now,
        "currency": currency, "destination_payment_refund": null, "metadata": metadata(p), "source_refund": null, "transfer": id,
    }));
    let change = json!({ "amount_reversed": before + amount, "reversed": before + amount == total });
    let transfer = books.change(id, change);
    event(books, "transfer.reversed", &transfer);
    Ok(object)
}

/// `GET /v1/transfers/{id}/reversals`
pub fn reversals(books: &Books, call: &Call<'_>, id: &str) -> Result {
    known(&call.params, &["limit", "starting_after", "ending_before", "expand"])?;
    find(books, "transfer", "id", id)?;
    let all: Vec<Value> =
        books.list("object", "transfer_reversal").into_iter().filter(|r| r["transfer"] == id).cloned().collect();
    page(all, &call.params, &format!("/v1/transfers/{id}/reversals"))
}
