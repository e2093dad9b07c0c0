//! `GET /brand/splits`: the party's own share of each order.

use axum::response::IntoResponse;

use crate::ops::ledger::{self, SharesOf};
use crate::web::api::{party, shared};
use crate::web::caller::{Brand, Caller};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::Answer;
use crate::web::view::page::{List, PageParams, Params};
use crate::web::view::share::{self as view, ShareView};

/// Your share of each order, the newest first. What was not captured has no shares yet.
#[utoipa::path(get, path = "/brand/splits", tag = "brand", operation_id = "brandListSplits", security(("token" = [])),
    params(
        ("channel" = Option<String>, Query, description = "Of orders of this channel; looked for among 1,000 shares a page"),
        ("from" = Option<String>, Query, description = "Booked at or after: instant or date"),
        ("to" = Option<String>, Query, description = "Booked before"),
        PageParams,
    ),
    responses(
        (status = 200, body = List<ShareView>, description = "A page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn list(caller: Caller<Brand>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    let mut params = Params::new(query.0);
    let wanted = SharesOf { channel: params.take("channel"), from: params.instant("from"), to: params.instant("to") };
    let window = params.window(|v| v.parse::<i64>().ok().filter(|id| *id >= 0));
    params.finish()?;
    let party = party::of_brand(&caller.ctx)?;
    let found = ledger::shares(&caller.ctx, &party, wanted, window.after, window.rows()).await?;
    let mut page = window.list(found.rows, |row| row.id.to_string(), view::share);
    page.next_cursor = page.next_cursor.or(found.looked_to.map(|id| id.to_string()));
    Ok(Answer::ok(&page))
}
