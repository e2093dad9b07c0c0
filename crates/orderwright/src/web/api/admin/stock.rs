//! `GET /admin/stock`, `GET` and `PATCH /admin/stock/{sku}`

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::ops::stock::{self, Correction};
use crate::web::api::shared;
use crate::web::caller::{Admin, Caller};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::{Answer, Incoming};
use crate::web::view::event::optional_text;
use crate::web::view::page::List;
use crate::web::view::stock::{Stock, stock as stock_view};

/// A correction: what was counted, or by how much it changed.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StockCorrection {
    /// So many were counted.
    #[serde(default)]
    pub on_hand: Option<i64>,
    /// So many more, or fewer.
    #[serde(default)]
    pub adjust: Option<i64>,
    /// Where; the default location unless said.
    #[serde(default)]
    pub location: Option<String>,
    /// Why; needed to go below what is reserved.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Stock by SKU.
#[utoipa::path(get, path = "/admin/stock", tag = "admin", operation_id = "adminListStock", security(("token" = [])),
    params(
        ("merchantId" = Option<String>, Query),
        ("channel" = Option<String>, Query),
        ("limit" = Option<i64>, Query, description = "1 to 200, default 20"),
        ("after" = Option<String>, Query, description = "nextCursor of the page before"),
        ("page" = Option<i64>, Query, description = "From 1; page × limit at most 10,000"),
    ),
    responses(
        (status = 200, body = List<Stock>, description = "A page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn list(caller: Caller<Admin>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    shared::stock_list(&caller.ctx, query, true).await
}

/// Stock of a SKU.
#[utoipa::path(get, path = "/admin/stock/{sku}", tag = "admin", operation_id = "adminGetStock", security(("token" = [])),
    params(("sku" = String, Path)),
    responses(
        (status = 200, body = Stock, description = "The figures"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
    ))]
pub async fn get(caller: Caller<Admin>, Path(sku): Path<String>) -> Result<impl IntoResponse, Problem> {
    let rows = stock::get(&caller.ctx, &sku).await?;
    Ok(Answer::ok(&stock_view(&sku, &rows)))
}

/// Corrects the stock of a SKU.
#[utoipa::path(patch, path = "/admin/stock/{sku}", tag = "admin", operation_id = "adminCorrectStock", security(("token" = [])),
    params(("sku" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = StockCorrection,
    responses(
        (status = 200, body = Stock, description = "The figures after it"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 412, body = ProblemBody, description = "Changed meanwhile (If-Match)"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn patch(Path(sku): Path<String>, incoming: Incoming<Admin>) -> Response {
    let work = |mut ctx: crate::ops::Ctx, body: StockCorrection| async move {
        let mut wrong = Vec::new();
        optional_text(&mut wrong, "/reason", body.reason.as_deref());
        if !wrong.is_empty() {
            return Err(Problem::fields(wrong));
        }
        let correction =
            Correction { on_hand: body.on_hand, adjust: body.adjust, location: body.location, reason: body.reason };
        let rows = stock::correct(&mut ctx, &sku, &correction).await?;
        Ok(Answer::ok(&stock_view(&sku, &rows)))
    };
    incoming.run(None, work).await
}
