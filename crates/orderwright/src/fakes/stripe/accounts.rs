//! Connected accounts, and the links by which their owners make themselves known.

use serde_json::{Value, json};

use super::super::books::Books;
use super::{Call, Result, event, find, known, metadata, required};

const CREATE: &[&str] = &[
    "account_token",
    "business_profile",
    "business_type",
    "capabilities",
    "company",
    "controller",
    "country",
    "default_currency",
    "documents",
    "email",
    "expand",
    "external_account",
    "groups",
    "individual",
    "metadata",
    "settings",
    "tos_acceptance",
    "type",
];

/// What Stripe wants to know of a new account.
const WANTED: &[&str] = &["business_profile.url", "external_account", "tos_acceptance.date"];

/// `POST /v1/accounts`
pub fn create(books: &mut Books, call: &Call<'_>) -> Result {
    let p = &call.params;
    known(p, CREATE)?;
    let (id, now) = (books.id("acct").replace("acct_", "acct_1"), books.now_s());
    let requirements = |due: &[&str], reason: Value| {
        json!({
            "alternatives": [], "current_deadline": null, "currently_due": due, "disabled_reason": reason, "errors": [],
            "eventually_due": due, "past_due": [], "pending_verification": [],
        })
    };
    let account = books.put(json!({
        "id": id, "object": "account", "business_profile": null, "business_type": null,
        "capabilities": { "transfers": "inactive" }, "charges_enabled": false,
        "controller": { "type": "application", "is_controller": true }, "country": p["country"].as_str().unwrap_or("US"),
        "created": now, "default_currency": "usd", "details_submitted": false, "email": p["email"],
        "external_accounts": { "object": "list", "data": [], "has_more": false, "url": format!("/v1/accounts/{id}/external_accounts") },
        "future_requirements": requirements(&[], Value::Null), "metadata": metadata(p), "payouts_enabled": false,
        "requirements": requirements(WANTED, json!("requirements.past_due")), "settings": {}, "tos_acceptance": { "date": null },
        "type": p["type"].as_str().unwrap_or("standard"),
    }));
    event(books, "account.updated", &account);
    Ok(account)
}

/// The owner told Stripe everything.
pub fn activate(books: &mut Books, id: &str) -> Option<Value> {
    let mut requirements = books.get(id).filter(|a| a["object"] == "account")?["requirements"].clone();
    requirements["currently_due"] = json!([]);
    requirements["eventually_due"] = json!([]);
    requirements["disabled_reason"] = Value::Null;
    let change = json!({
        "capabilities": { "transfers": "active" }, "charges_enabled": true, "details_submitted": true, "payouts_enabled": true,
        "requirements": requirements,
    });
    let account = books.change(id, change);
    event(books, "account.updated", &account);
    Some(account)
}

/// `POST /v1/account_links`
pub fn link(books: &mut Books, call: &Call<'_>) -> Result {
    let p = &call.params;
    known(p, &["account", "type", "collect", "collection_options", "expand", "refresh_url", "return_url"])?;
    let account = required(p, "account")?;
    find(books, "account", "account", account)?;
    for name in ["refresh_url", "return_url"] {
        required(p, name)?;
    }
    let (token, now) = (books.id("link"), books.now_s());
    Ok(json!({
        "object": "account_link", "created": now, "expires_at": now + 300,
        "url": format!("https://connect.stripe.com/setup/e/{account}/{token}"),
    }))
}
