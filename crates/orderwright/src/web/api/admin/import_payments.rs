//! `POST /admin/payments/import`

use axum::response::Response;

use crate::ops::csv::payments;
use crate::web::api::import_report::{ImportReport, report};
use crate::web::api::shared;
use crate::web::caller::Admin;
use crate::web::problem::ProblemBody;
use crate::web::request::{Answer, Upload};
use crate::web::view::page::Params;

/// Books payments that arrived outside the provider.
///
/// CSV with the columns orderNumber,amount,currency,paidAt,reference. The amount is in minor units and must be what is owed. A reference is booked once in a channel: the same file can be sent again.
#[utoipa::path(post, path = "/admin/payments/import", tag = "admin", operation_id = "adminImportPayments", security(("token" = [])),
    params(("dryRun" = Option<bool>, Query, description = "Only say what would become of each line"), ("Idempotency-Key" = Option<String>, Header)),
    request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 200, body = ImportReport, description = "An outcome for each line"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 409, body = ProblemBody, description = "A request with this Idempotency-Key is running"),
        (status = 413, body = ProblemBody, description = "More than 10 MiB"),
        (status = 415, body = ProblemBody, description = "Not CSV"),
        (status = 422, body = ProblemBody, description = "The file as a whole cannot be read, or wrong parameters"),
    ))]
pub async fn handler(query: shared::Query, upload: Upload<Admin>) -> Response {
    let work = |mut ctx: crate::ops::Ctx, file: axum::body::Bytes| async move {
        let mut params = Params::new(query.0);
        let dry_run = params.flag("dryRun");
        params.finish()?;
        let outcomes = payments::import(&mut ctx, &file, dry_run).await?;
        Ok(Answer::ok(&report(outcomes, dry_run, "booked", "already_booked")))
    };
    upload.run(work).await
}
