//! `POST /admin/orders/{id}/notes`

use axum::extract::Path;
use axum::response::Response;
use orderwright_core::decide::Command;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::ops::OpError;
use crate::ops::command::OrderRef;
use crate::ops::command::run;
use crate::web::api::shared;
use crate::web::caller::Admin;
use crate::web::problem::Problem;
use crate::web::problem::ProblemBody;
use crate::web::request::Answer;
use crate::web::request::Incoming;
use crate::web::view;
use crate::web::view::event::required_text;
use crate::web::view::order::NoteView;

/// A note.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewNote {
    /// Text.
    pub note: String,
    /// Whether the customer sees it.
    #[serde(default)]
    pub is_public: bool,
}

/// Writes a note; public ones are shown to the customer.
#[utoipa::path(post, path = "/admin/orders/{id}/notes", tag = "admin", operation_id = "adminAddNote", security(("token" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    request_body = NewNote,
    responses(
        (status = 201, body = NoteView, description = "Done"),
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
        .run(again, |ctx, body: NewNote| async move {
            let mut wrong = Vec::new();
            required_text(&mut wrong, "/note", &body.note);
            if !wrong.is_empty() {
                return Err(Problem::fields(wrong));
            }
            let mut ctx = ctx;
            let command = Command::AddNote { note: body.note, is_public: body.is_public };
            let applied = run(&mut ctx, OrderRef::order(&id)?, &command).await?;
            let order = &applied.loaded.order;
            let note = order.notes.last().ok_or_else(|| OpError::Internal("a note is missing".to_owned()))?;
            Ok(Answer::created(&view::order::note(note, order)))
        })
        .await
}
