//! `/healthz`: the process lives. `/readyz`: it can serve.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use serde_json::json;

use crate::app::App;
use crate::web::problem::{BUSY, Problem, ProblemBody};
use crate::web::request::Answer;

/// The process lives.
#[utoipa::path(get, path = "/healthz", tag = "operations", operation_id = "healthz",
    responses((status = 200, body = serde_json::Value, description = "It lives")))]
pub async fn healthz() -> impl IntoResponse {
    Answer::ok(&json!({ "status": "ok" }))
}

/// The store answers, so requests can be served.
#[utoipa::path(get, path = "/readyz", tag = "operations", operation_id = "readyz",
    responses(
        (status = 200, body = serde_json::Value, description = "Ready"),
        (status = 503, body = ProblemBody, description = "Not ready"),
    ))]
pub async fn readyz(State(app): State<Arc<App>>) -> Result<impl IntoResponse, Problem> {
    match app.store.feed_position().await {
        Ok(position) => Ok(Answer::ok(&json!({ "status": "ready", "feedPosition": position }))),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            Err(Problem::new(&BUSY, "the store does not answer"))
        }
    }
}
