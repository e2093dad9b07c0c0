//! For merchants: own orders only; `{id}` is the order's id or the merchant order's.

mod add_shipment;
mod disputes;
mod fire_event;
mod get_order;
mod import_orders;
mod list_orders;
mod messages;
mod order_actions;
mod order_timeline;
mod payouts;
mod request_cancellation;
mod statement;
mod stock;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// The endpoints.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_orders::handler))
        .routes(routes!(get_order::handler))
        .routes(routes!(order_timeline::handler))
        .routes(routes!(order_actions::handler))
        .routes(routes!(fire_event::handler))
        .routes(routes!(add_shipment::handler))
        .routes(routes!(messages::list, messages::add))
        .routes(routes!(request_cancellation::handler))
        .routes(routes!(import_orders::handler))
        .routes(routes!(stock::handler))
        .routes(routes!(statement::handler))
        .routes(routes!(statement::export))
        .routes(routes!(disputes::list))
        .routes(routes!(disputes::list_of, disputes::open))
        .routes(routes!(disputes::get))
        .routes(routes!(disputes::messages, disputes::say))
        .routes(routes!(disputes::evidence, disputes::prove))
        .routes(routes!(disputes::withdraw))
        .routes(routes!(disputes::replacement))
        .routes(routes!(payouts::list))
        .routes(routes!(payouts::get))
        .routes(routes!(payouts::lines))
        .routes(routes!(payouts::statement_csv))
        .routes(routes!(payouts::statement_html))
        .routes(routes!(payouts::account, payouts::put_account))
}
