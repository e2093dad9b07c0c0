//! `PATCH /admin/orders/{id}/status`

use axum::extract::Path;
use axum::response::Response;
use orderwright_core::decide::Command;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::ops::command::OrderRef;
use crate::web::api::shared;
use crate::web::caller::Admin;
use crate::web::problem::Problem;
use crate::web::problem::ProblemBody;
use crate::web::request::Incoming;
use crate::web::view::event::{optional_text, required_text};
use crate::web::view::order::OrderView;

/// A wanted status.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetStatus {
    /// One of the workflow's statuses.
    pub status: String,
    /// For the timeline.
    #[serde(default)]
    pub note: Option<String>,
}

/// Sets the public status: takes the transition that leads there. No field is required.
#[utoipa::path(patch, path = "/admin/orders/{id}/status", tag = "admin", operation_id = "adminSetStatus", security(("token" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    request_body = SetStatus,
    responses(
        (status = 200, body = OrderView, description = "Done"),
        (status = 401, body = ProblemBody, description = "No valid token"),
        (status = 403, body = ProblemBody, description = "The role may not"),
        (status = 404, body = ProblemBody, description = "Not there, or not yours"),
        (status = 400, body = ProblemBody, description = "Malformed"),
        (status = 409, body = ProblemBody, description = "Not in this state"),
        (status = 412, body = ProblemBody, description = "Changed meanwhile (If-Match)"),
        (status = 422, body = ProblemBody, description = "Wrong fields"),
    ))]
pub async fn handler(Path(id): Path<String>, incoming: Incoming<Admin>) -> Response {
    let again = Some(shared::again_order as crate::web::request::Again);
    incoming
        .run(again, |ctx, body: SetStatus| async move {
            let mut wrong = Vec::new();
            required_text(&mut wrong, "/status", &body.status);
            optional_text(&mut wrong, "/note", body.note.as_deref());
            if !wrong.is_empty() {
                return Err(Problem::fields(wrong));
            }
            let command = Command::SetStatus { status: body.status, note: body.note, reason: None };
            shared::command(ctx, OrderRef::order(&id)?, command).await
        })
        .await
}
