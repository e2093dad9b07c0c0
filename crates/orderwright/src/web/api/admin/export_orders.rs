//! `GET /admin/orders.csv`: the list of orders as a file, page by page, so that it may be as long as it likes.

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use crate::ops::Ctx;
use crate::ops::orders::{self, Listed};
use crate::store::{OrderFilter, Page, Sort};
use crate::web::api::{order_query, shared};
use crate::web::caller::{Admin, Caller};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::view;
use crate::web::view::csv::Rows;
use crate::web::view::order_csv;
use crate::web::view::page::{OrderFilterParams, Params};

/// Orders that are in memory at the same time.
const PAGE: u32 = 100;

/// Where the export stands.
struct Export {
    ctx: Ctx,
    filter: OrderFilter,
    sort: Sort,
    /// The page that is to be written next.
    page: Option<Listed>,
    first: bool,
}

/// Orders as CSV, with the filters and sorts of the list.
///
/// One row for each line of an order. Text that a spreadsheet would take for a
/// formula begins with a single quote; amounts are numbers of minor units. A file that breaks off is an error, never a shorter list.
#[utoipa::path(get, path = "/admin/orders.csv", tag = "admin", operation_id = "adminExportOrders", security(("token" = [])),
    params(
        OrderFilterParams,
        ("sort" = Option<String>, Query, description = "createdAt, updatedAt, total, status, itemName, transactionId; - before it for descending"),
    ),
    responses(
        (status = 200, body = String, content_type = "text/csv", description = "The file (RFC 4180, UTF-8, with a header)"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn handler(caller: Caller<Admin>, query: shared::Query) -> Result<Response, Problem> {
    let mut params = Params::new(query.0);
    let ctx = caller.ctx;
    let filter = order_query::filter(&mut params, &ctx.app);
    let sort = params.sort();
    params.finish()?;
    // The first page is read before anything is answered, so that what is wrong with it is an error like any other.
    let page = orders::list(&ctx, &filter, sort, Page::First { limit: PAGE }).await?;
    let name = format!("attachment; filename=\"orders-{}.csv\"", ctx.clock.now().date());
    let export = Export { ctx, filter, sort, page: Some(page), first: true };
    let body = Body::from_stream(stream::try_unfold(export, next));
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        // People's data: for nobody's cache.
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    Ok((headers, body).into_response())
}

/// Writes the page at hand and reads the next one. An error breaks the answer off, so that nobody takes a part for the whole.
async fn next(mut export: Export) -> Result<Option<(Bytes, Export)>, std::io::Error> {
    let Some(page) = export.page.take() else { return Ok(None) };
    let mut rows = Rows::default();
    if export.first {
        order_csv::header(&mut rows);
        export.first = false;
    }
    for loaded in &page.orders {
        order_csv::push(&mut rows, &view::order::order(loaded, &page.contacts, &export.ctx));
    }
    if let Some(cursor) = page.next {
        let wanted = Page::After { cursor, limit: PAGE };
        let read = orders::list(&export.ctx, &export.filter, export.sort, wanted).await;
        export.page = Some(read.map_err(|error| {
            tracing::warn!(%error, "an export broke off");
            std::io::Error::other("the export broke off")
        })?);
    }
    Ok(Some((Bytes::from(rows.into_bytes()), export)))
}
