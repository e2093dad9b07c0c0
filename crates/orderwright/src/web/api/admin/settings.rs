//! `GET` and `PATCH /admin/settings`

use axum::response::{IntoResponse, Response};
use orderwright_core::catalog::Channel;
use orderwright_core::dispute::Bearer;
use orderwright_core::refunds::ShippingRule;
use orderwright_core::time::Span;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ops::{FieldError, settings};
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
    /// Refunds of one order beyond this sum, in minor units, need a second person's approval; null: no limit.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<i64>)]
    pub refund_approval_limit: Option<Option<i64>>,
    /// enforce; or report: a refund beyond the limit goes through, and the timeline says so.
    #[serde(default)]
    pub refund_approval: Option<String>,
    /// Customers' requests up to this amount, in minor units, are granted at once; null: no bound.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<i64>)]
    pub refund_auto_approve_up_to: Option<Option<i64>>,
    /// Customers' requests so long after the delivery, or before it, are granted at once: `14d`; null: no bound. With neither bound
    /// staff decides.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    pub refund_auto_approve_within: Option<Option<String>>,
    /// Whether shipping goes back with units: always, lastUnit, never.
    #[serde(default)]
    pub refund_shipping: Option<String>,
    /// What is kept of goods that were sent and come back, in basis points; null: nothing.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<i64>)]
    pub refund_restocking_fee: Option<Option<i64>>,
    /// Whether customers are mailed about their payments, where the server is set up for mail.
    #[serde(default)]
    pub customer_mail: Option<bool>,
}

/// A field that is there, be it null: null takes a setting away.
fn said<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(value).map(Some)
}

/// What is done with refunds beyond the limit.
pub const APPROVALS: &[&str] = &["enforce", "report"];

/// The longest time that a setting takes.
const MAX_SPAN: Span = Span::seconds(366 * 86_400);

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
    /// Refunds of one order beyond this sum need a second person's approval.
    pub refund_approval_limit: Option<i64>,
    /// enforce, or report.
    pub refund_approval: String,
    /// Customers' requests up to this amount are granted at once.
    pub refund_auto_approve_up_to: Option<i64>,
    /// Customers' requests so long after the delivery are granted at once.
    pub refund_auto_approve_within: Option<String>,
    /// Whether shipping goes back with units: always, lastUnit, never.
    pub refund_shipping: String,
    /// What is kept of goods that were sent and come back, in basis points.
    pub refund_restocking_fee: Option<i64>,
    /// Whether customers are mailed about their payments, where the server is set up for mail.
    pub customer_mail: bool,
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
        refund_approval_limit: channel.refunds.approval_limit,
        refund_approval: APPROVALS[usize::from(channel.refunds.report_only)].to_owned(),
        refund_auto_approve_up_to: channel.refunds.auto_up_to,
        refund_auto_approve_within: channel.refunds.auto_within.map(|w| w.to_string()),
        refund_shipping: channel.refunds.shipping.name().to_owned(),
        refund_restocking_fee: channel.refunds.restocking_fee,
        customer_mail: channel.customer_mail,
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
        let name = body.channel.clone();
        let change = read(body)?;
        if change == settings::Change::default() {
            let detail = "say what to change: cancelWindow, paymentProvider, timeZone, holidays, customerMail, or a setting of refunds or disputes";
            return Err(Problem::field("/cancelWindow", detail));
        }
        let channel = settings::change(&mut ctx, &name, change).await?;
        Ok(Answer::ok(&show(&channel)))
    };
    incoming.run(None, work).await
}

fn read(body: ChangeSettings) -> Result<settings::Change, Problem> {
    let mut wrong = Vec::new();
    optional_text(&mut wrong, "/refundPolicy", body.refund_policy.as_deref());
    let bearer = body.chargeback_bearer.as_deref().map(Bearer::parse);
    if bearer == Some(None) {
        let detail = "must be one of parties, platform".to_owned();
        wrong.push(FieldError { pointer: "/chargebackBearer".to_owned(), detail });
    }
    let mut span = |pointer: &str, text: Option<String>| {
        let read = text.as_deref().and_then(Span::parse).filter(|w| *w <= MAX_SPAN);
        if text.is_some() && read.is_none() {
            let detail = "must be a time like 2h, 30m or 0m, at most 366d".to_owned();
            wrong.push(FieldError { pointer: pointer.to_owned(), detail });
        }
        read
    };
    let cancel_window = span("/cancelWindow", body.cancel_window);
    let respond_within = span("/disputeWindow", body.dispute_window);
    let remind_before = span("/disputeReminder", body.dispute_reminder);
    let within = body.refund_auto_approve_within;
    let auto_within = within.map(|text| span("/refundAutoApproveWithin", text));
    let report_only = body.refund_approval.as_deref().map(|word| APPROVALS.iter().position(|w| *w == word));
    if report_only == Some(None) {
        let detail = format!("must be one of {}", APPROVALS.join(", "));
        wrong.push(FieldError { pointer: "/refundApproval".to_owned(), detail });
    }
    let shipping = body.refund_shipping.as_deref().map(ShippingRule::parse);
    if shipping == Some(None) {
        let detail = "must be one of always, lastUnit, never".to_owned();
        wrong.push(FieldError { pointer: "/refundShipping".to_owned(), detail });
    }
    if !wrong.is_empty() {
        return Err(Problem::fields(wrong));
    }
    Ok(settings::Change {
        cancel_window,
        payment_provider: body.payment_provider,
        time_zone: body.time_zone,
        holidays: body.holidays,
        disputes: settings::DisputeChange {
            respond_within,
            remind_before,
            bearer: bearer.flatten(),
            refund_policy: body.refund_policy,
        },
        refunds: settings::RefundChange {
            approval_limit: body.refund_approval_limit,
            report_only: report_only.flatten().map(|at| at == 1),
            auto_up_to: body.refund_auto_approve_up_to,
            auto_within,
            shipping: shipping.flatten(),
            restocking_fee: body.refund_restocking_fee,
        },
        customer_mail: body.customer_mail,
    })
}
