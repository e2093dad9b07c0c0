//! `/metrics`, in the OpenMetrics text format.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use prometheus_client::encoding::text::encode;

use crate::app::App;
use crate::ops::OpError;
use crate::web::problem::{INTERNAL, Problem};

/// Metrics of this node.
#[utoipa::path(get, path = "/metrics", tag = "operations", operation_id = "metrics",
    responses((status = 200, body = String, content_type = "application/openmetrics-text", description = "OpenMetrics")))]
pub async fn handler(State(app): State<Arc<App>>) -> Result<impl IntoResponse, Problem> {
    app.metrics.look(&app).await.map_err(OpError::from)?;
    let mut text = String::new();
    encode(&mut text, &app.metrics.registry).map_err(|_| Problem::new(&INTERNAL, "the metrics cannot be written"))?;
    Ok(([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text))
}
