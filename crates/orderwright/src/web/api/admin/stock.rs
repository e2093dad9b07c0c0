//! `GET` and `PATCH /admin/stock/{sku}`

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ops::stock::{self, Correction};
use crate::store::StockRow;
use crate::web::caller::{Admin, Caller};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::{Answer, Incoming};
use crate::web::view::event::optional_text;

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

/// The figures of a SKU over all locations.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Stock {
    /// The offer.
    pub sku: String,
    /// Units in the house.
    pub on_hand: i64,
    /// Units promised to orders and open checkouts.
    pub reserved: i64,
    /// on hand − reserved.
    pub available: i64,
    /// The same by location.
    pub locations: Vec<StockLocation>,
}

/// The figures at one location.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockLocation {
    /// Its name.
    pub location: String,
    /// Units in the house.
    pub on_hand: i64,
    /// Units promised.
    pub reserved: i64,
    /// on hand − reserved.
    pub available: i64,
}

fn show(sku: &str, rows: &[StockRow]) -> Stock {
    let (on_hand, reserved) = rows.iter().fold((0, 0), |(h, r), row| (h + row.on_hand, r + row.reserved));
    let at = |row: &StockRow| StockLocation {
        location: row.location.clone(),
        on_hand: row.on_hand,
        reserved: row.reserved,
        available: row.on_hand - row.reserved,
    };
    Stock {
        sku: sku.to_owned(),
        on_hand,
        reserved,
        available: on_hand - reserved,
        locations: rows.iter().map(at).collect(),
    }
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
    Ok(Answer::ok(&show(&sku, &rows)))
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
        Ok(Answer::ok(&show(&sku, &rows)))
    };
    incoming.run(None, work).await
}
