//! `GET` and `PATCH /admin/payout-settings`: on which terms parties are paid.

use axum::response::{IntoResponse, Response};
use orderwright_core::money::MAX_AMOUNT;
use orderwright_core::payout::{Approval, Change, Debtor, Schedule, bic, iban, mask};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ops::payouts::terms::{self, Entry};
use crate::ops::{Ctx, FieldError};
use crate::web::api::shared;
use crate::web::caller::{Caller, Platform};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::{Answer, Incoming};
use crate::web::view::page::Params;

/// Characters of an account holder's name; banks take no more.
pub const MAX_NAME: usize = 70;
/// Days for which something is kept back at most: two years.
pub const MAX_RESERVE_DAYS: i64 = 730;
/// The most hours that a bank account cools: 30 days.
pub const MAX_COOLING_HOURS: i64 = 720;

/// Terms of a channel, or of a party in it: the channel's with the party's exceptions.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PayoutSettings {
    /// The channel.
    pub channel: String,
    /// The party's ledger account; null for the channel's own terms.
    pub party: Option<String>,
    /// manual, daily, weekly:friday, monthly:15; at the beginning of the day in the channel's time zone.
    pub schedule: String,
    /// Less than this waits for more. Minor units.
    pub minimum: i64,
    /// How much of what orders bring is kept back: of 10,000.
    pub reserve_basis_points: i64,
    /// After how many days it is released.
    pub reserve_days: i64,
    /// manual (somebody approves each payout) or automatic.
    pub approval: String,
    /// How many hours nothing goes to a bank account that the party itself gave.
    pub account_cooling_hours: i64,
    /// From which account the bank pays; null until it is said.
    pub debtor: Option<DebtorView>,
}

/// The account from which the bank pays.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DebtorView {
    /// Who holds it.
    pub name: String,
    /// The end of its number.
    pub account: String,
    /// Of the bank.
    pub bic: Option<String>,
}

fn show(entry: Entry) -> PayoutSettings {
    let terms = entry.terms;
    let of_channel = entry.party.is_none();
    PayoutSettings {
        channel: entry.channel,
        party: entry.party,
        schedule: terms.schedule.to_string(),
        minimum: terms.minimum,
        reserve_basis_points: terms.reserve_basis_points,
        reserve_days: terms.reserve_days,
        approval: terms.approval.name().to_owned(),
        account_cooling_hours: terms.account_cooling_hours,
        debtor: terms.debtor.filter(|_| of_channel).map(|d| DebtorView {
            name: d.name,
            account: mask(&d.iban),
            bic: d.bic,
        }),
    }
}

/// Terms of the channels and of parties with exceptions.
#[utoipa::path(get, path = "/admin/payout-settings", tag = "admin", operation_id = "adminGetPayoutSettings", security(("token" = [])),
    params(("channel" = Option<String>, Query)),
    responses(
        (status = 200, body = Vec<PayoutSettings>, description = "By channel and party"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "No such channel"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn get(caller: Caller<Platform>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    let mut params = Params::new(query.0);
    let channel = params.take("channel");
    params.finish()?;
    let entries = terms::list(&caller.ctx, channel.as_deref()).await?;
    Ok(Answer::ok(&entries.into_iter().map(show).collect::<Vec<_>>()))
}

/// Terms to say anew; what is left out stays.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangePayoutSettings {
    /// Which channel.
    pub channel: String,
    /// For this party alone: its ledger account, `party/merchant/mer_…`.
    #[serde(default)]
    pub party: Option<String>,
    /// manual, daily, weekly:friday, monthly:15.
    #[serde(default)]
    pub schedule: Option<String>,
    /// Minor units of the channel's currency.
    #[serde(default)]
    pub minimum: Option<i64>,
    /// Of 10,000.
    #[serde(default)]
    pub reserve_basis_points: Option<i64>,
    /// After how many days what was kept back is released.
    #[serde(default)]
    pub reserve_days: Option<i64>,
    /// manual or automatic.
    #[serde(default)]
    pub approval: Option<String>,
    /// How many hours nothing goes to a bank account that the party itself gave; 0 confirms it.
    #[serde(default)]
    pub account_cooling_hours: Option<i64>,
    /// From which account the bank pays; of the channel.
    #[serde(default)]
    pub debtor: Option<DebtorAccount>,
}

/// The account from which the bank pays.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DebtorAccount {
    /// Who holds it.
    pub name: String,
    /// Its IBAN.
    pub iban: String,
    /// Of the bank.
    #[serde(default)]
    pub bic: Option<String>,
}

fn read(body: &ChangePayoutSettings) -> Result<Change, Problem> {
    let mut wrong: Vec<FieldError> = Vec::new();
    let mut complain = |pointer: &str, detail: String| wrong.push(FieldError { pointer: pointer.to_owned(), detail });
    let schedule = body.schedule.as_deref().and_then(Schedule::parse);
    if body.schedule.is_some() && schedule.is_none() {
        complain("/schedule", "must be manual, daily, weekly:friday or monthly:15".to_owned());
    }
    let bounds = [
        ("/minimum", body.minimum, MAX_AMOUNT),
        ("/reserveBasisPoints", body.reserve_basis_points, 10_000),
        ("/reserveDays", body.reserve_days, MAX_RESERVE_DAYS),
        ("/accountCoolingHours", body.account_cooling_hours, MAX_COOLING_HOURS),
    ];
    for (pointer, value, most) in bounds {
        if value.is_some_and(|v| !(0..=most).contains(&v)) {
            complain(pointer, format!("must be between 0 and {most}"));
        }
    }
    let approval = body.approval.as_deref().and_then(|a| Approval::ALL.iter().find(|(name, _)| *name == a));
    if body.approval.is_some() && approval.is_none() {
        complain("/approval", "must be manual or automatic".to_owned());
    }
    let mut debtor = None;
    if let Some(given) = &body.debtor {
        let name = given.name.trim();
        if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
            complain("/debtor/name", format!("must be the account holder's name, at most {MAX_NAME} characters"));
        }
        let number = iban(&given.iban).map_err(|why| complain("/debtor/iban", why.to_owned()));
        let bank = given.bic.as_deref().map(bic).transpose().map_err(|why| complain("/debtor/bic", why.to_owned()));
        if let (Ok(iban), Ok(bic)) = (number, bank) {
            debtor = Some(Debtor { name: name.to_owned(), iban, bic });
        }
    }
    let change = Change {
        schedule,
        minimum: body.minimum,
        reserve_basis_points: body.reserve_basis_points,
        reserve_days: body.reserve_days,
        approval: approval.map(|(_, approval)| *approval),
        debtor,
        account_cooling_hours: body.account_cooling_hours,
    };
    if wrong.is_empty() && change == Change::default() {
        let what = "say what to change: schedule, minimum, reserveBasisPoints, reserveDays, approval, accountCoolingHours or debtor";
        return Err(Problem::field("/schedule", what));
    }
    if wrong.is_empty() { Ok(change) } else { Err(Problem::fields(wrong)) }
}

/// Says terms anew, for a channel or for a party in it. Payouts that are made already stay as they are.
#[utoipa::path(patch, path = "/admin/payout-settings", tag = "admin", operation_id = "adminChangePayoutSettings", security(("token" = [])),
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = ChangePayoutSettings,
    responses(
        (status = 200, body = PayoutSettings, description = "As they are now"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn patch(incoming: Incoming<Platform>) -> Response {
    let work = |mut ctx: Ctx, body: ChangePayoutSettings| async move {
        let change = read(&body)?;
        let entry = terms::change(&mut ctx, &body.channel, body.party.as_deref(), change).await?;
        Ok(Answer::ok(&show(entry)))
    };
    incoming.run(None, work).await
}
