//! `GET /merchant/statements` and `/merchant/statements.csv`: what the merchant gets, and why.

use axum::response::{IntoResponse, Response};

use crate::web::api::{party, shared};
use crate::web::caller::{Caller, Merchant};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::view::page::PageParams;
use crate::web::view::statement::StatementView;

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
    party::statement(&caller.ctx, &party::of_merchant(&caller.ctx)?, query).await
}

/// The lines of your statement as CSV for accounting, oldest first: one row a line, amounts as numbers of minor units.
#[utoipa::path(get, path = "/merchant/statements.csv", tag = "merchant", operation_id = "merchantExportStatement", security(("token" = [])),
    params(
        ("from" = Option<String>, Query, description = "Booked at or after: instant or date"),
        ("to" = Option<String>, Query, description = "Booked before"),
    ),
    responses(
        (status = 200, body = String, content_type = "text/csv", description = "The file (RFC 4180, UTF-8, with a header)"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn export(caller: Caller<Merchant>, query: shared::Query) -> Result<Response, Problem> {
    let parties = party::of_merchant(&caller.ctx)?;
    party::statement_csv(caller.ctx, parties, query).await
}
