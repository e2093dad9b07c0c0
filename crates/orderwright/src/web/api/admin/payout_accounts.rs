//! `GET` and `PUT /admin/payout-accounts`: parties' accounts at banks. What was given is never shown again, only its end.

use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::ops::Ctx;
use crate::ops::payouts::bank;
use crate::web::api::shared;
use crate::web::caller::{Caller, Platform};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::{Answer, Incoming};
use crate::web::view::bank_account::{self as view, BankAccountView, OwnBankDetails};
use crate::web::view::page::{List, PageParams, Params, read_text_cursor, text_cursor};

/// Parties' bank accounts, by party.
#[utoipa::path(get, path = "/admin/payout-accounts", tag = "admin", operation_id = "adminListPayoutAccounts", security(("token" = [])),
    params(PageParams),
    responses(
        (status = 200, body = List<BankAccountView>, description = "A page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn list(caller: Caller<Platform>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    let mut params = Params::new(query.0);
    let window = params.window(read_text_cursor);
    params.finish()?;
    let after = window.after.clone().unwrap_or_default();
    let rows = bank::list(&caller.ctx, &after, window.rows() as i64).await?;
    Ok(Answer::ok(&window.list(rows, |row| text_cursor(&row.party), view::account)))
}

/// A party's account at a bank: an IBAN, or an account number with the bank's code or BIC.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BankDetails {
    /// The party's ledger account: `party/merchant/mer_…`.
    pub party: String,
    /// The account's holder, as the bank knows them.
    pub holder: String,
    /// Checked by its check digits.
    #[serde(default)]
    pub iban: Option<String>,
    /// Where there are no IBANs.
    #[serde(default)]
    pub account_number: Option<String>,
    /// Where there are no IBANs: sort code, routing number, IFSC.
    #[serde(default)]
    pub bank_code: Option<String>,
    /// The bank's BIC.
    #[serde(default)]
    pub bic: Option<String>,
}

/// Says to which account a party's money goes from now on.
#[utoipa::path(put, path = "/admin/payout-accounts", tag = "admin", operation_id = "adminPutPayoutAccount", security(("token" = [])),
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = BankDetails,
    responses(
        (status = 200, body = BankAccountView, description = "As it is shown"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn put(incoming: Incoming<Platform>) -> Response {
    let work = |mut ctx: Ctx, body: BankDetails| async move {
        let BankDetails { party, holder, iban, account_number, bank_code, bic } = body;
        let account = view::read(OwnBankDetails { holder, iban, account_number, bank_code, bic })?;
        Ok(Answer::ok(&view::account(bank::put(&mut ctx, &party, account).await?)))
    };
    incoming.run(None, work).await
}
