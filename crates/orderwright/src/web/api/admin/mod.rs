//! For the platform, and for owners of channels inside their channel.

mod add_note;
mod add_shipment;
mod bulk_status;
mod cancel_order;
mod decide_refund;
mod disputes;
mod export_orders;
mod fire_event;
mod get_customer;
mod get_order;
mod import_payments;
mod jobs;
mod ledger;
mod list_orders;
mod merchants;
mod messages;
mod order_actions;
mod order_timeline;
mod payment_accounts;
mod payout_accounts;
mod payout_acts;
mod payout_file;
mod payout_settings;
mod payouts;
mod provider_events;
mod reconciliation;
mod refund_order;
mod sandbox;
mod set_status;
mod settings;
mod split_rules;
mod stock;
mod variants;
mod verify;
mod workflow_migrations;
mod workflow_versions;
mod workflows;

use std::sync::Arc;

pub use bulk_status::MAX_ORDERS as MAX_BULK_ORDERS;
pub use payment_accounts::{MAX_ACCOUNT, MAX_PARTY, MAX_URL};
pub use payout_acts::MAX_REASON;
pub use payout_settings::{MAX_COOLING_HOURS, MAX_NAME, MAX_RESERVE_DAYS};
pub use settings::APPROVALS;
pub use split_rules::{PARTIES, PER};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
pub use variants::MAX_CATEGORY;
pub use workflow_versions::MAX_TEXTS;

use crate::app::App;

/// The endpoints.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_orders::handler))
        .routes(routes!(export_orders::handler))
        .routes(routes!(get_order::handler))
        .routes(routes!(order_timeline::handler))
        .routes(routes!(order_actions::handler))
        .routes(routes!(set_status::handler))
        .routes(routes!(bulk_status::handler))
        .routes(routes!(fire_event::handler))
        .routes(routes!(cancel_order::handler))
        .routes(routes!(refund_order::handler))
        .routes(routes!(decide_refund::approve))
        .routes(routes!(decide_refund::reject))
        .routes(routes!(add_note::handler))
        .routes(routes!(messages::list, messages::add))
        .routes(routes!(add_shipment::handler))
        .routes(routes!(import_payments::handler))
        .routes(routes!(merchants::handler))
        .routes(routes!(variants::handler))
        .routes(routes!(variants::patch))
        .routes(routes!(get_customer::handler))
        .routes(routes!(stock::list))
        .routes(routes!(stock::get, stock::patch))
        .routes(routes!(workflows::list))
        .routes(routes!(workflows::get))
        .routes(routes!(workflows::picture))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::retry))
        .routes(routes!(ledger::list))
        .routes(routes!(ledger::export))
        .routes(routes!(ledger::balances))
        .routes(routes!(ledger::accounts))
        .routes(routes!(settings::get, settings::patch))
        .routes(routes!(split_rules::get, split_rules::put))
        .routes(routes!(provider_events::list))
        .routes(routes!(provider_events::retry))
        .routes(routes!(payment_accounts::list, payment_accounts::open))
        .routes(routes!(payouts::list, payouts::run))
        .routes(routes!(payouts::get))
        .routes(routes!(payouts::lines))
        .routes(routes!(payouts::statement_csv))
        .routes(routes!(payouts::statement_html))
        .routes(routes!(payout_acts::approve))
        .routes(routes!(payout_acts::sent))
        .routes(routes!(payout_acts::paid))
        .routes(routes!(payout_acts::failed))
        .routes(routes!(payout_acts::returned))
        .routes(routes!(payout_acts::retry))
        .routes(routes!(payout_file::xml))
        .routes(routes!(payout_file::csv))
        .routes(routes!(payout_settings::get, payout_settings::patch))
        .routes(routes!(payout_accounts::list, payout_accounts::put))
        .routes(routes!(sandbox::advance))
        .routes(routes!(sandbox::fault))
        .routes(routes!(sandbox::authorisations))
        .routes(routes!(reconciliation::list, reconciliation::begin))
        .routes(routes!(reconciliation::get))
        .routes(routes!(reconciliation::differences))
        .routes(routes!(verify::handler))
        .routes(routes!(workflow_versions::add))
        .routes(routes!(workflow_versions::list))
        .routes(routes!(workflow_versions::get))
        .routes(routes!(workflow_migrations::list, workflow_migrations::add))
        .routes(routes!(workflow_migrations::get))
        .routes(routes!(workflow_migrations::undo))
        .routes(routes!(disputes::list))
        .routes(routes!(disputes::get))
        .routes(routes!(disputes::messages, disputes::say))
        .routes(routes!(disputes::evidence, disputes::prove))
        .routes(routes!(disputes::decide))
        .routes(routes!(disputes::replacement))
        .routes(routes!(disputes::submit))
        .routes(routes!(disputes::accept))
        .routes(routes!(disputes::bundle_json))
        .routes(routes!(disputes::bundle_pdf))
}
