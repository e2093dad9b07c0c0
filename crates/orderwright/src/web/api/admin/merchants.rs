//! `GET /admin/merchants`

use axum::response::IntoResponse;
use orderwright_core::id::MerchantId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ops::catalog;
use crate::store::MerchantRow;
use crate::web::api::shared;
use crate::web::caller::{Admin, Caller};
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::Answer;
use crate::web::view::page::{List, Params};

/// A merchant.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Merchant)]
pub struct MerchantView {
    /// `mer_…`
    pub id: String,
    /// What people call it.
    pub name: String,
}

/// Merchants in the order in which they were made; for the owner of a channel, those who offer something there.
#[utoipa::path(get, path = "/admin/merchants", tag = "admin", operation_id = "adminListMerchants", security(("token" = [])),
    params(
        ("limit" = Option<i64>, Query, description = "1 to 200, default 20"),
        ("after" = Option<String>, Query, description = "nextCursor of the page before"),
        ("page" = Option<i64>, Query, description = "From 1; page × limit at most 10,000"),
    ),
    responses(
        (status = 200, body = List<MerchantView>, description = "A page"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 422, body = ProblemBody, description = "Wrong parameters"),
    ))]
pub async fn handler(caller: Caller<Admin>, query: shared::Query) -> Result<impl IntoResponse, Problem> {
    let mut params = Params::new(query.0);
    let window = params.window(|v| MerchantId::parse(v).map(|m| m.0));
    params.finish()?;
    let rows = catalog::merchants(&caller.ctx, window.after.unwrap_or(0), window.rows() as i64).await?;
    let id = |row: &MerchantRow| MerchantId(row.id).to_string();
    Ok(Answer::ok(&window.list(rows, id, |row| MerchantView { id: id(&row), name: row.name })))
}
