//! `POST /admin/orders/bulk/status`

use std::collections::HashSet;

use axum::response::Response;
use orderwright_core::status::order_status;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ops::{Ctx, FieldError, bulk};
use crate::web::caller::Admin;
use crate::web::problem::{Problem, ProblemBody};
use crate::web::request::{Answer, Incoming};
use crate::web::view::event::{optional_text, required_text};

/// The most orders of one request.
pub const MAX_ORDERS: usize = 500;

/// A wanted status for many orders.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BulkStatus {
    /// Between 1 and 500, each once.
    pub order_ids: Vec<String>,
    /// One of the workflow's statuses.
    pub status: String,
    /// For the timelines.
    #[serde(default)]
    pub note: Option<String>,
}

/// What became of each order, in the order of the request.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BulkOutcomes {
    /// One for each order.
    pub outcomes: Vec<BulkOutcome>,
}

/// What became of an order.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BulkOutcome {
    /// As asked for.
    pub order_id: String,
    /// Whether it was done.
    pub ok: bool,
    /// The order's status as committed; null when it was not done.
    pub status: Option<String>,
    /// Why it was not done.
    pub problem: Option<ProblemBody>,
}

/// Sets the status of many orders; one that fails changes only itself.
#[utoipa::path(post, path = "/admin/orders/bulk/status", tag = "admin", operation_id = "adminBulkStatus", security(("token" = [])),
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = BulkStatus,
    responses(
        (status = 200, body = BulkOutcomes, description = "An outcome for each order"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "A request with this Idempotency-Key is running"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn handler(incoming: Incoming<Admin>) -> Response {
    incoming.run(None, set).await
}

async fn set(mut ctx: Ctx, body: BulkStatus) -> Result<Answer, Problem> {
    let mut wrong = Vec::new();
    required_text(&mut wrong, "/status", &body.status);
    optional_text(&mut wrong, "/note", body.note.as_deref());
    let mut complain = |pointer: String, detail: String| wrong.push(FieldError { pointer, detail });
    if !(1..=MAX_ORDERS).contains(&body.order_ids.len()) {
        complain("/orderIds".to_owned(), format!("must name between 1 and {MAX_ORDERS} orders"));
    } else {
        let mut seen = HashSet::new();
        let is_id = |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        for (n, _) in body.order_ids.iter().enumerate().filter(|(_, id)| !is_id(id)) {
            complain(format!("/orderIds/{n}"), "must be an order's id, ord_…".to_owned());
        }
        for (n, id) in body.order_ids.iter().enumerate().filter(|(_, id)| !seen.insert(id.as_str())) {
            complain(format!("/orderIds/{n}"), format!("{} is named twice", id.chars().take(40).collect::<String>()));
        }
    }
    if !wrong.is_empty() {
        return Err(Problem::fields(wrong));
    }
    let results = bulk::set_status(&mut ctx, &body.order_ids, &body.status, body.note.as_deref()).await?;
    let outcomes = body.order_ids.into_iter().zip(results).map(|(order_id, result)| match result {
        Ok(loaded) => {
            let status = order_status(&loaded.order, &loaded.workflow).to_owned();
            BulkOutcome { order_id, ok: true, status: Some(status), problem: None }
        }
        Err(error) => BulkOutcome { order_id, ok: false, status: None, problem: Some(*Problem::from(error).0) },
    });
    Ok(Answer::ok(&BulkOutcomes { outcomes: outcomes.collect() }))
}
