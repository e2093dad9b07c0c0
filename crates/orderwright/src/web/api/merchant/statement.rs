//! `GET /merchant/statements`: what the merchant gets, and why.

use std::collections::BTreeMap;

use axum::response::IntoResponse;
use orderwright_core::order::{PartyKind, PartyRef};
use serde::Serialize;
use utoipa::ToSchema;

use crate::ops::OpError;
use crate::ops::ledger::{self, StatementLine};
use crate::web::api::shared;
use crate::web::caller::{Caller, Merchant};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::Answer;
use crate::web::view::page::{PageParams, Params};

/// A statement: a page of its lines between two balances.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Statement)]
pub struct StatementView {
    /// Balances before the period, minor units by currency; what the merchant gets is positive.
    pub opening: BTreeMap<String, i64>,
    /// Balances at its end.
    pub closing: BTreeMap<String, i64>,
    /// Lines, oldest first.
    pub data: Vec<StatementLineView>,
    /// Give it as `after` for the next page; null on the last.
    pub next_cursor: Option<String>,
    /// Always null: lines are not counted.
    pub total: Option<i64>,
}

/// A line of a statement.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StatementLine)]
pub struct StatementLineView {
    /// Its id.
    pub id: String,
    /// RFC 3339.
    pub created_at: String,
    /// `ord_…`
    pub order_id: Option<String>,
    /// The number that people use.
    pub order_number: Option<String>,
    /// split, refund, payout, ….
    pub cause: String,
    /// In plain words.
    pub description: String,
    /// ISO 4217.
    pub currency: String,
    /// Minor units; what the merchant gets is positive.
    pub amount: i64,
}

fn show(line: StatementLine) -> StatementLineView {
    let (order_id, order_number) = line.order.map(|(id, number)| (id.to_string(), number)).unzip();
    StatementLineView {
        id: line.id.to_string(),
        created_at: line.at.to_string(),
        order_id,
        order_number,
        cause: line.cause,
        description: line.description,
        currency: line.currency,
        amount: line.amount,
    }
}

/// What you get, order by order, with the balances before and after.
#[utoipa::path(get, path = "/merchant/statements", tag = "merchant", operation_id = "merchantStatement", security(("token" = [])),
    params(
        ("from" = Option<String>, Query, description = "Booked at or after: instant or date"),
        ("to" = Option<String>, Query, description = "Booked before"),
        PageParams,
    ),
    responses(
        (status = 200, body = StatementView, description = "The statement, a page of its lines"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn handler(caller: Caller<Merchant>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    let mut params = Params::new(query.0);
    let (from, to) = (params.instant("from"), params.instant("to"));
    let window = params.window(|v| v.parse::<i64>().ok().filter(|id| *id >= 0));
    params.finish()?;
    let merchant = caller.ctx.actor.merchant.ok_or(OpError::NotFound)?;
    let parties = [PartyKind::Merchant, PartyKind::Supplier].map(|kind| PartyRef { kind, id: merchant.to_string() });
    let found = ledger::statement(&caller.ctx, &parties, from, to, window.after, window.rows() as i64).await?;
    let page = window.list(found.lines, |line| line.id.to_string(), show);
    Ok(Answer::ok(&StatementView {
        opening: found.opening,
        closing: found.closing,
        data: page.data,
        next_cursor: page.next_cursor,
        total: None,
    }))
}
