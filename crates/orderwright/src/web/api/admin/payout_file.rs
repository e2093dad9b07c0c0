//! `GET /admin/payouts/{id}/file.xml` and `/file.csv`: the file of a batch for the bank.

use axum::extract::Path;
use axum::response::IntoResponse;

use crate::ops::payouts::file;
use crate::web::caller::{Caller, Platform};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::view::payout::{document, transfers};

/// The file for the bank: ISO 20022, pain.001.001.09. It is the same each time; its message id is the batch's.
#[utoipa::path(get, path = "/admin/payouts/{id}/file.xml", tag = "admin", operation_id = "adminPayoutFileXml", security(("token" = [])),
    params(("id" = String, Path, description = "The batch, pob_…")),
    responses(
        (status = 200, body = String, content_type = "application/xml", description = "The file"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "No such batch"),
        (status = 409, body = ProblemBody, description = "Not approved, or not for a bank"),
    ))]
pub async fn xml(caller: Caller<Platform>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    let batch = file::batch(&caller.ctx, &id).await?;
    let name = format!("attachment; filename=\"{}.xml\"", batch.id);
    Ok(document("application/xml; charset=utf-8", name, batch.xml().into_bytes()))
}

/// The same transfers as CSV, for banks that read no XML. No text in it begins like a formula.
#[utoipa::path(get, path = "/admin/payouts/{id}/file.csv", tag = "admin", operation_id = "adminPayoutFileCsv", security(("token" = [])),
    params(("id" = String, Path, description = "The batch, pob_…")),
    responses(
        (status = 200, body = String, content_type = "text/csv", description = "The file (RFC 4180, UTF-8, with a header)"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "No such batch"),
        (status = 409, body = ProblemBody, description = "Not approved, or not for a bank"),
    ))]
pub async fn csv(caller: Caller<Platform>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    let batch = file::batch(&caller.ctx, &id).await?;
    let name = format!("attachment; filename=\"{}.csv\"", batch.id);
    Ok(document("text/csv; charset=utf-8; header=present", name, transfers(&batch)))
}
