//! `/metrics`, in the OpenMetrics text format.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use prometheus_client::encoding::text::encode;

use crate::app::App;
use crate::web::problem::{INTERNAL, Problem};

/// Metrics of this node.
#[utoipa::path(get, path = "/metrics", tag = "operations", operation_id = "metrics",
    responses((status = 200, body = String, content_type = "application/openmetrics-text", description = "OpenMetrics")))]
pub async fn handler(State(app): State<Arc<App>>) -> Result<impl IntoResponse, Problem> {
    let ahead = (app.clock.now().0 - app.clock.real_now().0) / 1_000_000;
    app.metrics.clock_ahead_s.set(ahead);
    let mut text = String::new();
    encode(&mut text, &app.metrics.registry).map_err(|_| Problem::new(&INTERNAL, "the metrics cannot be written"))?;
    Ok(([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text))
}
