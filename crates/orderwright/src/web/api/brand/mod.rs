//! For parties of splits that have no items of their own: brands, and suppliers and retailers that are no merchants of the shop. Their
//! own money, read only: nothing of orders beside their share, nothing of people, nothing of other parties.

mod payouts;
mod splits;
mod statement;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// The endpoints.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(splits::list))
        .routes(routes!(statement::handler))
        .routes(routes!(statement::export))
        .routes(routes!(payouts::list))
        .routes(routes!(payouts::get))
        .routes(routes!(payouts::lines))
        .routes(routes!(payouts::statement_csv))
        .routes(routes!(payouts::statement_html))
}
