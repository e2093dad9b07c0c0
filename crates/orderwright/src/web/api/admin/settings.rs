//! `GET` and `PATCH /admin/settings`

use axum::response::{IntoResponse, Response};
use orderwright_core::catalog::Channel;
use orderwright_core::dispute::Bearer;
use orderwright_core::time::Span;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ops::settings;
use crate::web::api::shared;
use crate::web::caller::{Admin, Caller};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::{Answer, Incoming};
use crate::web::view::event::optional_text;
use crate::web::view::page::Params;

/// What to change about a channel; what is left out stays.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeSettings {
    /// Which channel.
    pub channel: String,
    /// How long a paid order rests before it goes to its merchants: `2h`, `0m`.
    #[serde(default)]
    pub cancel_window: Option<String>,
    /// Which provider new payments are made with: sandbox, stripe, razorpay. It must be set up on the server.
    #[serde(default)]
    pub payment_provider: Option<String>,
    /// How long the other side has to answer a dispute: `3d`. Disputes that are open keep their time.
    #[serde(default)]
    pub dispute_window: Option<String>,
    /// How long before a bank's deadline staff is reminded: `2d`.
    #[serde(default)]
    pub dispute_reminder: Option<String>,
    /// Who bears a lost chargeback: parties, platform. Those that are open stay as they are.
    #[serde(default)]
    pub chargeback_bearer: Option<String>,
    /// What customers are told of refunds; it goes into the evidence against chargebacks. Empty takes it away.
    #[serde(default)]
    pub refund_policy: Option<String>,
    /// The time zone whose days business days are: `Europe/Berlin`.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Days on which nobody works, `YYYY-MM-DD`: all of them.
    #[serde(default)]
    pub holidays: Option<Vec<String>>,
}

/// Settings of a channel.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Which channel.
    pub channel: String,
    /// The lifecycle of new orders.
    pub workflow: String,
    /// ISO 4217.
    pub currency: String,
    /// How long a paid order rests before it goes to its merchants.
    pub cancel_window: String,
    /// Which provider new payments are made with.
    pub payment_provider: String,
    /// How long the customer has to pay.
    pub payment_window: String,
    /// How long delivered goods may be returned.
    pub return_window: String,
    /// How long the other side has to answer a dispute.
    pub dispute_window: String,
    /// How long before a bank's deadline staff is reminded.
    pub dispute_reminder: String,
    /// Who bears a lost chargeback.
    pub chargeback_bearer: String,
    /// What customers are told of refunds.
    pub refund_policy: Option<String>,
    /// The time zone whose days business days are.
    pub time_zone: String,
    /// Days on which nobody works, `YYYY-MM-DD`.
    pub holidays: Vec<String>,
}

fn show(channel: &Channel) -> Settings {
    Settings {
        channel: channel.name.clone(),
        workflow: channel.workflow.clone(),
        currency: channel.currency.code().to_owned(),
        cancel_window: channel.cancel_window.to_string(),
        payment_provider: channel.payment_provider.clone(),
        payment_window: channel.policies.payment_window.to_string(),
        return_window: channel.policies.return_window.to_string(),
        dispute_window: channel.disputes.respond_within.to_string(),
        dispute_reminder: channel.disputes.remind_before.to_string(),
        chargeback_bearer: channel.disputes.chargeback_bearer.name().to_owned(),
        refund_policy: channel.disputes.refund_policy.clone(),
        time_zone: channel.calendar.time_zone.clone(),
        holidays: channel.calendar.holidays.clone(),
    }
}

/// Settings of the channels, or of one.
#[utoipa::path(get, path = "/admin/settings", tag = "admin", operation_id = "adminGetSettings", security(("token" = [])),
    params(("channel" = Option<String>, Query)),
    responses(
        (status = 200, body = Vec<Settings>, description = "By channel"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "No such channel"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn get(caller: Caller<Admin>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    let mut params = Params::new(query.0);
    let wanted = params.take("channel");
    params.finish()?;
    if let Some(name) = wanted {
        return Ok(Answer::ok(&vec![show(&*settings::get(&caller.ctx, &name)?)]));
    }
    let channels = caller.ctx.app.channels();
    let mut names: Vec<&String> = channels.keys().collect();
    names.sort();
    let seen = names.into_iter().filter_map(|name| settings::get(&caller.ctx, name).ok());
    Ok(Answer::ok(&seen.map(|c| show(&c)).collect::<Vec<_>>()))
}

/// Changes a channel's settings. Orders that rest already keep their time.
#[utoipa::path(patch, path = "/admin/settings", tag = "admin", operation_id = "adminChangeSettings", security(("token" = [])),
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = ChangeSettings,
    responses(
        (status = 200, body = Settings, description = "As they are now"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 412, body = ProblemBody, description = "Changed meanwhile (If-Match)"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn patch(incoming: Incoming<Admin>) -> Response {
    let work = |mut ctx: crate::ops::Ctx, body: ChangeSettings| async move {
        let disputes = of_disputes(&body)?;
        let ChangeSettings { channel, cancel_window, payment_provider, time_zone, holidays, .. } = body;
        let others = payment_provider.is_some() || time_zone.is_some() || holidays.is_some();
        let cancel_window = match cancel_window {
            None if !others && disputes == settings::DisputeChange::default() => {
                return Err(Problem::field(
                    "/cancelWindow",
                    "say what to change: cancelWindow, paymentProvider, disputeWindow, disputeReminder, chargebackBearer, refundPolicy, timeZone or holidays",
                ));
            }
            None => None,
            Some(text) => {
                let window = Span::parse(&text).filter(|w| *w <= Span::seconds(366 * 86_400));
                Some(window.ok_or_else(|| {
                    Problem::field("/cancelWindow", "must be a time like 2h, 30m or 0m, at most 366d")
                })?)
            }
        };
        let change = settings::Change { cancel_window, payment_provider, time_zone, holidays, disputes };
        let channel = settings::change(&mut ctx, &channel, change).await?;
        Ok(Answer::ok(&show(&channel)))
    };
    incoming.run(None, work).await
}

/// The longest time that settings of disputes take.
const MAX_DISPUTE_WINDOW: Span = Span::seconds(366 * 86_400);

/// What to change about disputes.
fn of_disputes(body: &ChangeSettings) -> Result<settings::DisputeChange, Problem> {
    let span = |pointer: &str, text: &Option<String>| -> Result<Option<Span>, Problem> {
        let Some(text) = text else { return Ok(None) };
        let span = Span::parse(text).filter(|s| *s <= MAX_DISPUTE_WINDOW);
        span.map(Some).ok_or_else(|| Problem::field(pointer, "must be a time like 3d, 12h or 30m, at most 366d"))
    };
    let bearer = match &body.chargeback_bearer {
        None => None,
        Some(text) => Some(
            Bearer::parse(text)
                .ok_or_else(|| Problem::field("/chargebackBearer", "must be one of parties, platform"))?,
        ),
    };
    if let Some(policy) = &body.refund_policy {
        let mut wrong = Vec::new();
        optional_text(&mut wrong, "/refundPolicy", Some(policy));
        if !wrong.is_empty() {
            return Err(Problem::fields(wrong));
        }
    }
    Ok(settings::DisputeChange {
        respond_within: span("/disputeWindow", &body.dispute_window)?,
        remind_before: span("/disputeReminder", &body.dispute_reminder)?,
        bearer,
        refund_policy: body.refund_policy.clone(),
    })
}
