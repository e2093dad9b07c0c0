//! For customers, and for the servers of channels.

mod cancel_order;
mod complete_checkout;
mod disputes;
mod fire_event;
mod get_order;
mod list_orders;
mod messages;
mod open_checkout;
mod order_timeline;
mod pay_order;
mod payment_link;
mod place_order;
mod request_refund;

use std::sync::Arc;

pub use open_checkout::NewCheckout;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// The endpoints.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(open_checkout::handler))
        .routes(routes!(complete_checkout::handler))
        .routes(routes!(list_orders::handler, place_order::handler))
        .routes(routes!(get_order::handler))
        .routes(routes!(order_timeline::handler))
        .routes(routes!(fire_event::handler))
        .routes(routes!(cancel_order::handler))
        .routes(routes!(request_refund::handler))
        .routes(routes!(pay_order::handler, payment_link::handler))
        .routes(routes!(messages::list, messages::add))
        .routes(routes!(disputes::list))
        .routes(routes!(disputes::list_of, disputes::open))
        .routes(routes!(disputes::get))
        .routes(routes!(disputes::messages, disputes::say))
        .routes(routes!(disputes::evidence, disputes::prove))
        .routes(routes!(disputes::withdraw))
}
