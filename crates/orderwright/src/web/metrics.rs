//! The metrics of `/metrics`. No label ever names an order, a merchant or a customer.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Counters that the application touches.
#[derive(Debug)]
pub struct Metrics {
    /// Everything, for rendering.
    pub registry: Registry,
    /// Orders placed on this node.
    pub orders_placed: Counter,
    /// Commands decided again because the order had moved.
    pub conflicts: Counter,
    /// Jobs that were put before somebody.
    pub dead_jobs: Counter,
    /// Events of providers that nobody could place, or that contradict the books.
    pub provider_events_refused: Counter,
    /// Webhooks with a wrong signature.
    pub webhooks_forged: Counter,
    /// Seconds that the shop's clock is ahead (sandbox).
    pub clock_ahead_s: Gauge,
}

impl Metrics {
    /// Registers everything.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("orderwright");
        let orders_placed = Counter::default();
        registry.register("orders_placed", "Orders placed on this node", orders_placed.clone());
        let conflicts = Counter::default();
        registry.register("command_conflicts", "Commands decided again because the order had moved", conflicts.clone());
        let dead_jobs = Counter::default();
        registry.register("jobs_dead", "Jobs that were put before somebody", dead_jobs.clone());
        let provider_events_refused = Counter::default();
        registry.register(
            "provider_events_refused",
            "Events of payment providers that were parked or refused",
            provider_events_refused.clone(),
        );
        let webhooks_forged = Counter::default();
        registry.register("webhooks_forged", "Webhooks that were not believed", webhooks_forged.clone());
        let clock_ahead_s = Gauge::default();
        registry.register(
            "clock_ahead_seconds",
            "How far the shop's clock is ahead of the machine's",
            clock_ahead_s.clone(),
        );
        Self { registry, orders_placed, conflicts, dead_jobs, provider_events_refused, webhooks_forged, clock_ahead_s }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
