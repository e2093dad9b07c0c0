//! `GET /admin/audit/verify`

use axum::response::IntoResponse;
use orderwright_core::id::OrderId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ops::verify;
use crate::web::api::shared;
use crate::web::caller::{Caller, Platform};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::Answer;
use crate::web::view::page::Params;

/// What was verified.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// Whether everything holds.
    pub holds: bool,
    /// Orders whose history was checked.
    pub orders: u64,
    /// Timeline entries whose hashes were made anew.
    pub entries: u64,
    /// Lines of the book that were summed up; 0 when one order alone was verified.
    pub lines: u64,
    /// How many findings there are.
    pub broken: u64,
    /// What does not hold and where, at most 200.
    pub findings: Vec<String>,
}

/// Proves that history and money are as they were written: every order's timeline is a chain of hashes, and the whole book is audited.
/// Of a large shop that takes minutes; `orderwright audit ledger` proves the book beside it, without the timelines.
#[utoipa::path(get, path = "/admin/audit/verify", tag = "admin", operation_id = "adminVerify", security(("token" = [])),
    params(("orderId" = Option<String>, Query, description = "Only the history of this order")),
    responses(
        (status = 200, body = Verification, description = "What was verified, and what does not hold"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "No such order"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn handler(caller: Caller<Platform>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    let mut params = Params::new(query.0);
    let order = params.parsed("orderId", "ord_…", OrderId::parse);
    params.finish()?;
    let found = verify::verify(&caller.ctx, order).await?;
    Ok(Answer::ok(&Verification {
        holds: found.broken == 0,
        orders: found.orders,
        entries: found.entries,
        lines: found.lines,
        broken: found.broken,
        findings: found.findings,
    }))
}
