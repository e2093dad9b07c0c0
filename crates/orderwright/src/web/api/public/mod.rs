//! Without an area: the feed, health, metrics, documentation.

pub mod docs;
mod events;
mod health;
mod metrics;
mod reference;
mod webhooks;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// The endpoints.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(events::handler))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(metrics::handler))
        .routes(routes!(webhooks::stripe))
        .routes(routes!(webhooks::razorpay))
}
