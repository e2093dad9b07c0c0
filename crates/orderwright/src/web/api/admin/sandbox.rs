//! `POST /admin/sandbox/clock` and `POST /admin/sandbox/faults`: only where the sandbox is on; elsewhere they do not exist.

use axum::response::Response;
use orderwright_core::time::Span;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ops::clock;
use crate::ops::sandbox;
use crate::web::caller::Platform;
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::{Answer, Incoming};

/// How far to move the clock.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Advance {
    /// `7d`, `36h`, `15m`.
    pub advance: String,
}

/// The shop's time.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClockNow {
    /// RFC 3339.
    pub now: String,
}

/// A fault of the sandbox provider.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// payment.authorise, payment.charge, payment.capture, payment.transfer, payment.void, payment.refund, payment.verify.
    pub operation: String,
    /// declined, lost, unavailable, or expired_or_canceled_card: a decline that says that the card is gone.
    pub outcome: String,
    /// How many times.
    pub times: i64,
}

/// Moves the shop's clock on; timers that are then due fire within seconds.
#[utoipa::path(post, path = "/admin/sandbox/clock", tag = "admin", operation_id = "adminAdvanceClock", security(("token" = [])),
    request_body = Advance,
    responses(
        (status = 200, body = ClockNow, description = "The shop's time now"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 412, body = ProblemBody, description = "Changed meanwhile (If-Match)"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn advance(incoming: Incoming<Platform>) -> Response {
    let work = |mut ctx: crate::ops::Ctx, body: Advance| async move {
        let by = Span::parse(&body.advance)
            .ok_or_else(|| Problem::field("/advance", "must be a time like 7d, 36h or 15m"))?;
        let now = clock::advance(&mut ctx, by).await?;
        Ok(Answer::ok(&ClockNow { now: now.to_string() }))
    };
    incoming.run(None, work).await
}

/// Scripts a fault: the next calls of the operation come to that outcome.
#[utoipa::path(post, path = "/admin/sandbox/faults", tag = "admin", operation_id = "adminScriptFault", security(("token" = [])),
    request_body = Fault,
    responses(
        (status = 201, body = Fault, description = "Scripted"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 412, body = ProblemBody, description = "Changed meanwhile (If-Match)"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn fault(incoming: Incoming<Platform>) -> Response {
    let work = |ctx: crate::ops::Ctx, body: Fault| async move {
        sandbox::script_fault(&ctx, &body.operation, &body.outcome, body.times).await?;
        Ok(Answer::created(&body))
    };
    incoming.run(None, work).await
}
