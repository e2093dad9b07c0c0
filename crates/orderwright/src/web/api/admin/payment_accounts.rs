//! `GET` and `POST /admin/payment-accounts`: parties' accounts at payment providers.

use axum::response::{IntoResponse, Response};
use orderwright_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ops::{Ctx, accounts};
use crate::pay::port::AccountState;
use crate::store::ProviderAccountRow;
use crate::web::api::shared;
use crate::web::caller::{Admin, Caller, Platform};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::{Answer, Incoming};
use crate::web::view::page::{List, Params};

/// Characters of a party's ledger account.
pub const MAX_PARTY: usize = 200;
/// Characters of a provider's id of an account.
pub const MAX_ACCOUNT: usize = 100;
/// Characters of an address that a provider sends a party back to.
pub const MAX_URL: usize = 2_000;

/// A party's account at a provider.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentAccount {
    /// The party's ledger account: `party/merchant/mer_…`.
    pub party: String,
    /// stripe, razorpay
    pub provider: String,
    /// The provider's id: `acct_…`, `acc_…`.
    pub account: String,
    /// Whether shares can be transferred to it.
    pub can_receive: bool,
    /// Whether the provider pays it out.
    pub can_be_paid_out: bool,
    /// What the provider still wants to know.
    pub missing: Vec<String>,
    /// Why it is closed, if it is.
    pub disabled: Option<String>,
    /// A link by which the party goes on; works once and for some minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub onboarding_url: Option<String>,
    /// When the provider said so.
    pub updated_at: String,
}

fn show(row: ProviderAccountRow, onboarding_url: Option<String>) -> PaymentAccount {
    let state = serde_json::from_str::<AccountState>(&row.state).ok();
    PaymentAccount {
        can_receive: state.as_ref().is_some_and(|s| s.can_receive),
        can_be_paid_out: state.as_ref().is_some_and(|s| s.can_be_paid_out),
        disabled: state.as_ref().and_then(|s| s.disabled.clone()),
        missing: state.map(|s| s.missing).unwrap_or_default(),
        party: row.party,
        provider: row.provider,
        account: row.account,
        onboarding_url,
        updated_at: Timestamp(row.updated_at).to_string(),
    }
}

/// Whose account, and where.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPaymentAccount {
    /// The party's ledger account: `party/merchant/mer_…`, `party/brand/…`.
    pub party: String,
    /// stripe, razorpay
    pub provider: String,
    /// The account, if the party has one there already; at Razorpay it must have.
    pub account: Option<String>,
    /// ISO 3166 code of a new account's country.
    pub country: Option<String>,
    /// Where the provider sends the party back to. With it, the answer has a link for the party.
    pub return_url: Option<String>,
}

/// Parties' accounts, by party.
#[utoipa::path(get, path = "/admin/payment-accounts", tag = "admin", operation_id = "adminListPaymentAccounts", security(("token" = [])),
    params(
        ("limit" = Option<i64>, Query, description = "1 to 200, default 20"),
        ("after" = Option<String>, Query, description = "nextCursor of the page before"),
        ("page" = Option<i64>, Query, description = "From 1; page × limit at most 10,000"),
    ),
    responses(
        (status = 200, body = List<PaymentAccount>, description = "A page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn list(caller: Caller<Platform>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    let mut params = Params::new(query.0);
    let window = params.window(|v| v.split_once('|').map(|(p, n)| (p.to_owned(), n.to_owned())));
    params.finish()?;
    let after = window.after.clone().unwrap_or_default();
    let rows = accounts::list(&caller.ctx, (&after.0, &after.1), window.rows() as i64).await?;
    Ok(Answer::ok(&window.list(rows, |row| format!("{}|{}", row.party, row.provider), |row| show(row, None))))
}

/// Opens an account for a party, or notes one that it has.
#[utoipa::path(post, path = "/admin/payment-accounts", tag = "admin", operation_id = "adminOpenPaymentAccount", security(("token" = [])),
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = NewPaymentAccount,
    responses(
        (status = 201, body = PaymentAccount, description = "As it stands"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
        (status = 503, body = ProblemBody, description = "The provider does not answer"),
    ))]
pub async fn open(incoming: Incoming<Admin>) -> Response {
    let work = |mut ctx: Ctx, body: NewPaymentAccount| async move {
        check(&body)?;
        let request = accounts::Request {
            party: body.party,
            provider: body.provider,
            account: body.account,
            country: body.country,
            return_url: body.return_url,
        };
        let opened = accounts::open(&mut ctx, &request).await?;
        Ok(Answer::created(&show(opened.row, opened.link)))
    };
    incoming.run(None, work).await
}

fn check(body: &NewPaymentAccount) -> Result<(), Problem> {
    let clean = |text: &str, most: usize| text.chars().count() <= most && !text.contains('\0');
    if !clean(&body.party, MAX_PARTY) {
        return Err(Problem::field("/party", "must be a party's ledger account, like party/merchant/mer_…"));
    }
    let id = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if body.account.as_ref().is_some_and(|a| a.is_empty() || a.len() > MAX_ACCOUNT || !a.chars().all(id)) {
        return Err(Problem::field("/account", "must be the provider's id of an account, like acct_… or acc_…"));
    }
    if body.country.as_ref().is_some_and(|c| c.len() != 2 || !c.bytes().all(|b| b.is_ascii_uppercase())) {
        return Err(Problem::field("/country", "must be two capital letters (ISO 3166), like DE"));
    }
    let web = |url: &str| {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        rest.is_some_and(|r| !r.is_empty() && !r.contains(char::is_whitespace)) && clean(url, MAX_URL)
    };
    if body.return_url.as_ref().is_some_and(|url| !web(url)) {
        return Err(Problem::field("/returnUrl", "must be an address that begins with https:// or http://"));
    }
    Ok(())
}
