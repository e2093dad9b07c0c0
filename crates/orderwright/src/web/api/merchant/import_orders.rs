//! `POST /merchant/orders/import`

use axum::response::Response;

use crate::ops::csv::merchant_orders;
use crate::web::api::import_report::{ImportReport, report};
use crate::web::api::shared;
use crate::web::caller::Merchant;
use crate::web::problem::ProblemBody;
use crate::web::request::{Answer, Upload};
use crate::web::view::page::Params;

/// Fires events on own items from a file.
///
/// CSV with the columns orderNumber,itemId,sku,event,trackingNumber,carrier,expectedBy in any order; only
/// orderNumber and event must be there. Without itemId and sku all items are meant that can take the event.
#[utoipa::path(post, path = "/merchant/orders/import", tag = "merchant", operation_id = "merchantImportOrders", security(("token" = [])),
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
pub async fn handler(query: shared::Query, upload: Upload<Merchant>) -> Response {
    let work = |mut ctx: crate::ops::Ctx, file: axum::body::Bytes| async move {
        let mut params = Params::new(query.0);
        let dry_run = params.flag("dryRun");
        params.finish()?;
        let outcomes = merchant_orders::import(&mut ctx, &file, dry_run).await?;
        Ok(Answer::ok(&report(outcomes, dry_run, "fired", "fired")))
    };
    upload.run(work).await
}
