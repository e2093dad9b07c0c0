//! Cards, charges and balance transactions: what an intent leads to.

use serde_json::{Value, json};

use super::super::books::Books;

/// How a card behaves. The tokens are Stripe's own for tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Card {
    /// Works.
    Good,
    /// Is declined, with this decline code.
    Declined(&'static str),
    /// The bank wants its holder to confirm.
    Confirm,
    /// Can be verified and attached, and is declined when charged.
    FailsLater,
    /// Is disputed afterwards.
    Disputed,
    /// Its refunds succeed and fail afterwards.
    RefundFails,
    /// Its refunds are pending first.
    RefundPends,
}

/// The card of a token; `None` when there is no such token.
pub fn card(token: &str) -> Option<Card> {
    Some(match token {
        "pm_card_visa" | "pm_card_mastercard" | "pm_card_amex" | "pm_card_visa_debit" => Card::Good,
        "pm_card_chargeDeclined" | "pm_card_visa_chargeDeclined" => Card::Declined("generic_decline"),
        "pm_card_chargeDeclinedInsufficientFunds" | "pm_card_visa_chargeDeclinedInsufficientFunds" => {
            Card::Declined("insufficient_funds")
        }
        "pm_card_chargeDeclinedExpiredCard" => Card::Declined("expired_card"),
        "pm_card_chargeDeclinedLostCard" => Card::Declined("lost_card"),
        "pm_card_authenticationRequired" | "pm_card_threeDSecure2Required" => Card::Confirm,
        "pm_card_chargeCustomerFail" => Card::FailsLater,
        "pm_card_createDispute" => Card::Disputed,
        "pm_card_refundFail" => Card::RefundFails,
        "pm_card_pendingRefund" => Card::RefundPends,
        _ => return None,
    })
}

/// The token of a card number, for the component.
pub fn token_of(number: &str) -> Option<&'static str> {
    Some(match number {
        "4242424242424242" => "pm_card_visa",
        "4000000000000002" => "pm_card_chargeDeclined",
        "4000000000009995" => "pm_card_chargeDeclinedInsufficientFunds",
        "4000000000000069" => "pm_card_chargeDeclinedExpiredCard",
        "4000002500003155" | "4000002760003184" | "4000000000003220" => "pm_card_authenticationRequired",
        "4000000000000341" => "pm_card_chargeCustomerFail",
        "4000000000000259" => "pm_card_createDispute",
        "4000000000005126" => "pm_card_refundFail",
        "4000000000007726" => "pm_card_pendingRefund",
        _ => return None,
    })
}

/// Makes a method of a token, as using a test token does; a method that exists stays itself.
pub fn method(books: &mut Books, token: &str, customer: Option<&str>) -> Option<(String, Card)> {
    if let Some(known) = books.get(token).filter(|o| o["object"] == "payment_method") {
        let card = known["_token"].as_str().and_then(card)?;
        return Some((token.to_owned(), card));
    }
    let behaves = card(token)?;
    let id = books.id("pm");
    let now = books.now_s();
    books.put(json!({
        "id": id, "object": "payment_method", "allow_redisplay": "unspecified", "created": now, "customer": customer,
        "livemode": false, "metadata": {}, "type": "card", "_token": token,
        "billing_details": { "address": null, "email": null, "name": null, "phone": null, "tax_id": null },
        "card": { "brand": "visa", "country": "US", "exp_month": 8, "exp_year": 2034, "funding": "credit", "last4": "4242" },
    }));
    Some((id, behaves))
}

/// How a method behaves.
pub fn behaviour(books: &Books, method: &Value) -> Card {
    let token = method.as_str().and_then(|id| books.get(id)).and_then(|m| m["_token"].as_str());
    token.and_then(card).unwrap_or(Card::Good)
}

/// Fields of a charge that are empty here.
const NULLS: &[&str] = &[
    "application",
    "application_fee",
    "application_fee_amount",
    "balance_transaction",
    "calculated_statement_descriptor",
    "description",
    "failure_balance_transaction",
    "on_behalf_of",
    "receipt_email",
    "receipt_number",
    "receipt_url",
    "review",
    "shipping",
    "source_transfer",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_data",
];

/// Stripe's fee: 2.9 % and 30, rounded up to a whole unit.
pub fn fee(amount: i64) -> i64 {
    (amount * 29 + 999) / 1000 + 30
}

/// The charge of an intent.
pub fn charge(books: &mut Books, intent: &Value, method: &str, captured: bool, failure: Option<&str>) -> Value {
    let (id, now) = (books.id("ch"), books.now_s());
    let amount = intent["amount"].as_i64().unwrap_or(0);
    let code = failure.map(|reason| if reason == "expired_card" { "expired_card" } else { "card_declined" });
    let address = json!({ "address": null, "email": null, "name": null, "phone": null, "tax_id": null });
    let mut object = json!({
        "id": id, "object": "charge", "amount": amount, "amount_captured": 0, "amount_refunded": 0, "billing_details": address,
        "captured": false, "created": now, "currency": intent["currency"], "customer": intent["customer"], "disputed": false,
        "failure_code": code, "failure_message": failure.map(|_| "Your card was declined."), "fraud_details": {}, "livemode": false,
        "metadata": intent["metadata"], "paid": failure.is_none(), "payment_intent": intent["id"], "payment_method": method,
        "refunded": false, "status": if failure.is_some() { "failed" } else { "succeeded" },
        "transfer_group": intent["transfer_group"], "_transferred": 0,
    });
    for name in NULLS {
        object[*name] = Value::Null;
    }
    object["outcome"] = json!({
        "network_status": if failure.is_some() { "declined_by_network" } else { "approved_by_network" }, "reason": failure,
        "seller_message": "", "type": if failure.is_some() { "issuer_declined" } else { "authorized" }, "advice_code": null,
        "network_advice_code": null, "network_decline_code": null,
    });
    let card = json!({
        "amount_authorized": amount, "brand": "visa", "country": "US", "exp_month": 8, "exp_year": 2034, "funding": "credit",
        "last4": "4242", "network": "visa", "capture_before": now + 7 * 86_400, "three_d_secure": null, "wallet": null, "mandate": null,
        "extended_authorization": { "status": "disabled" }, "incremental_authorization": { "status": "unavailable" },
        "multicapture": { "status": "unavailable" }, "installments": null,
        "overcapture": { "maximum_amount_capturable": amount, "status": "unavailable" },
        "checks": { "address_line1_check": null, "address_postal_code_check": null, "cvc_check": "pass" },
    });
    object["payment_method_details"] = json!({ "type": "card", "card": card });
    let object = books.put(object);
    if captured && failure.is_none() { take(books, &id, amount) } else { object }
}

/// Takes a charge's money, and writes it to the balance.
pub fn take(books: &mut Books, charge: &str, amount: i64) -> Value {
    let Some(object) = books.get(charge).cloned() else { return Value::Null };
    let currency = object["currency"].as_str().unwrap_or_default().to_owned();
    let fee = fee(amount);
    let txn = transaction(books, "charge", charge, amount, fee, &currency);
    books.pay("platform", &currency, amount - fee);
    let change = json!({ "captured": true, "amount_captured": amount, "balance_transaction": txn });
    let released = object["amount"].as_i64().unwrap_or(0) - amount;
    let mut charge = books.change(charge, change);
    if released > 0 {
        // What was not captured shows as refunded on the charge, and is not in the refunds.
        charge = books.change(
            charge["id"].as_str().unwrap_or_default(),
            json!({ "amount_refunded": released, "_released": released }),
        );
    }
    charge
}

/// A line of the balance.
pub fn transaction(books: &mut Books, kind: &str, source: &str, amount: i64, fee: i64, currency: &str) -> String {
    let (id, now) = (books.id("txn"), books.now_s());
    books.put(json!({
        "id": id, "object": "balance_transaction", "amount": amount, "available_on": now + 2 * 86_400, "balance_type": "payments",
        "created": now, "currency": currency, "description": null, "exchange_rate": null, "fee": fee,
        "fee_details": if fee == 0 { json!([]) } else {
            json!([{ "amount": fee, "application": null, "currency": currency, "description": "Stripe processing fees", "type": "stripe_fee" }])
        },
        "net": amount - fee, "reporting_category": kind, "source": source, "status": "pending", "type": kind,
    }));
    id
}
