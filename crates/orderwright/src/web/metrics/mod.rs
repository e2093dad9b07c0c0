//! The metrics of `/metrics`, in OpenMetrics. No label ever names an order, a merchant or a customer: labels are words of the program.
//!
//! What happens is counted where it happens, in atomics; what is to be asked for (sizes, lags, jobs) is asked for by whoever scrapes
//! ([`Metrics::look`]). `docs/metrics.md` has every metric; a test compares it, the dashboard and the alerts with what is registered.

pub mod http;
mod process;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use orderwright_core::decide::Command;
use orderwright_core::workflow::Effect;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::app::App;
use crate::kernel::meter::{Histogram, LATENCIES_US};
use crate::store::{COMMIT_OUTCOMES, Stats, StoreError};

/// One label: its name and one of the program's own words.
type Label = [(&'static str, &'static str); 1];
/// A gauge of fractions.
type Seconds = Gauge<f64, AtomicU64>;

/// Numbers that the application touches.
#[derive(Debug)]
pub struct Metrics {
    /// Everything, for rendering.
    pub registry: Registry,
    /// Requests.
    pub http: http::Http,
    /// Orders placed on this node.
    pub orders_placed: Counter,
    /// Placements that were refused because units were short.
    pub stock_shortfalls: Counter,
    /// Commands decided again because the order had moved.
    pub conflicts: Counter,
    /// Jobs that were put before somebody.
    pub dead_jobs: Counter,
    /// Events of providers that nobody could place, or that contradict the books.
    pub provider_events_refused: Counter,
    /// Webhooks with a wrong signature.
    pub webhooks_forged: Counter,
    /// Attempts put off until later.
    pub effect_retries: Counter,
    /// Outcomes that came after the lease of their job was lost.
    pub leases_lost: Counter,
    /// Orders whose timers were fired.
    pub timers_fired: Counter,
    /// Changesets that the sequencer numbered.
    pub feed_numbered: Counter,
    /// Readers of the stream of events.
    pub feed_subscribers: Gauge,
    commands: Family<Label, Counter>,
    effects: Family<[(&'static str, &'static str); 2], Counter>,
    effect_time: Histogram,
    clock_ahead: Gauge,
    feed_position: Gauge,
    feed_waiting: Gauge,
    feed_lag: Seconds,
    timer_lag: Seconds,
    jobs: Family<Label, Gauge>,
    database_size: Gauge,
    wal_size: Gauge,
    pools: Family<[(&'static str, &'static str); 2], Gauge>,
    process: process::Process,
}

/// What can become of an attempt at an effect.
pub const EFFECT_OUTCOMES: [&str; 5] = ["done", "declined", "processing", "lost", "unavailable"];
const JOB_STATES: &[&str] = crate::ops::jobs::STATES;
const POOLS: [&str; 2] = ["commits", "lists"];
const CONNECTIONS: [&str; 3] = ["open", "idle", "waited_for"];

/// What the node is, as labels.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Node {
    version: &'static str,
    store: &'static str,
    node: i64,
}

impl Metrics {
    /// Registers everything.
    pub fn new(store: &Stats, shared: bool, node: i64) -> Self {
        let mut registry = Registry::default();
        let counter = |registry: &mut Registry, name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let gauge = |registry: &mut Registry, name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let r = &mut registry;
        let about =
            Node { version: env!("CARGO_PKG_VERSION"), store: if shared { "postgres" } else { "sqlite" }, node };
        r.register("orderwright_build", "The program and where it runs", Info::new(about));
        let http = http::Http::new(r);

        let orders_placed = counter(r, "orderwright_orders_placed", "Orders placed on this node");
        let stock_shortfalls =
            counter(r, "orderwright_stock_shortfalls", "Placements refused because units were short");
        let commands = Family::<Label, Counter>::default();
        r.register("orderwright_commands", "Commands on orders that were committed", commands.clone());
        for name in COMMANDS {
            drop(commands.get_or_create(&[("command", name)]));
        }
        let conflicts =
            counter(r, "orderwright_command_conflicts", "Commands decided again because the order had moved");

        r.register_collector(Box::new(Commits(store.commits.clone())));
        r.register_with_unit(
            "orderwright_store_commit_duration",
            "From the call to the answer of a commit",
            Unit::Seconds,
            store.commit_time.clone(),
        );
        r.register(
            "orderwright_store_commits_in_flight",
            "Changesets that wait for their answer",
            store.committing.clone(),
        );
        r.register(
            "orderwright_store_batch_size",
            "Writes in one transaction of the SQLite writer",
            store.batch_size.clone(),
        );
        r.register(
            "orderwright_store_checkpoints",
            "Checkpoints of SQLite's write-ahead log",
            store.checkpoints.clone(),
        );
        r.register(
            "orderwright_store_commit_retries",
            "Flights to PostgreSQL beyond the first of a changeset",
            store.retries.clone(),
        );

        let effects = Family::<[(&'static str, &'static str); 2], Counter>::default();
        r.register("orderwright_effect_runs", "Attempts at effects by what came of them", effects.clone());
        for (effect, _) in Effect::ALL {
            for outcome in EFFECT_OUTCOMES {
                drop(effects.get_or_create(&[("effect", effect), ("outcome", outcome)]));
            }
        }
        let effect_time = Histogram::new(LATENCIES_US);
        r.register_with_unit(
            "orderwright_effect_duration",
            "How long attempts at effects took",
            Unit::Seconds,
            effect_time.clone(),
        );
        let effect_retries = counter(r, "orderwright_effect_retries", "Attempts put off until later");
        let leases_lost =
            counter(r, "orderwright_effect_leases_lost", "Outcomes that came after the lease of their job was lost");
        let dead_jobs = counter(r, "orderwright_jobs_dead", "Jobs that gave up and wait for somebody");
        let provider_events_refused = counter(
            r,
            "orderwright_provider_events_refused",
            "Events of payment providers that were parked or refused",
        );
        let webhooks_forged = counter(r, "orderwright_webhooks_forged", "Webhooks that were not believed");
        let jobs = Family::<Label, Gauge>::default();
        r.register("orderwright_jobs", "Jobs in the store by state", jobs.clone());
        for state in JOB_STATES {
            drop(jobs.get_or_create(&[("state", state)]));
        }

        let timers_fired = counter(r, "orderwright_timers_fired", "Orders whose timers this node fired");
        let timer_lag = Seconds::default();
        r.register_with_unit(
            "orderwright_timer_lag",
            "How long the longest due timer has been due",
            Unit::Seconds,
            timer_lag.clone(),
        );
        let feed_numbered = counter(r, "orderwright_feed_numbered", "Changesets that this node's sequencer numbered");
        let feed_position = gauge(r, "orderwright_feed_position", "The last position of the feed of events");
        let feed_waiting = gauge(r, "orderwright_feed_waiting", "Changesets that have no position yet");
        let feed_lag = Seconds::default();
        r.register_with_unit(
            "orderwright_feed_lag",
            "How long the oldest changeset has waited for its position",
            Unit::Seconds,
            feed_lag.clone(),
        );
        let feed_subscribers = gauge(r, "orderwright_feed_subscribers", "Readers of the stream of events on this node");

        let database_size = Gauge::default();
        r.register_with_unit(
            "orderwright_store_file_size",
            "Size of SQLite's database file",
            Unit::Bytes,
            database_size.clone(),
        );
        let wal_size = Gauge::default();
        r.register_with_unit(
            "orderwright_store_wal_size",
            "Size of SQLite's write-ahead log",
            Unit::Bytes,
            wal_size.clone(),
        );
        let pools = Family::<[(&'static str, &'static str); 2], Gauge>::default();
        r.register(
            "orderwright_store_connections",
            "Connections to PostgreSQL by pool and state; waited_for are the tasks that wait for one",
            pools.clone(),
        );
        for pool in POOLS {
            for state in CONNECTIONS {
                drop(pools.get_or_create(&[("pool", pool), ("state", state)]));
            }
        }
        let clock_ahead = Gauge::default();
        r.register_with_unit(
            "orderwright_clock_ahead",
            "How far the shop's clock is ahead of the machine's (sandbox)",
            Unit::Seconds,
            clock_ahead.clone(),
        );
        let process = process::Process::new(r);
        Self {
            registry,
            http,
            orders_placed,
            stock_shortfalls,
            conflicts,
            dead_jobs,
            provider_events_refused,
            webhooks_forged,
            effect_retries,
            leases_lost,
            timers_fired,
            feed_numbered,
            feed_subscribers,
            commands,
            effects,
            effect_time,
            clock_ahead,
            feed_position,
            feed_waiting,
            feed_lag,
            timer_lag,
            jobs,
            database_size,
            wal_size,
            pools,
            process,
        }
    }

    /// A command was committed.
    pub fn command(&self, command: &Command) {
        self.commands.get_or_create(&[("command", name_of(command))]).inc();
    }

    /// An attempt at an effect ended; `outcome` is one of [`EFFECT_OUTCOMES`].
    pub fn effect(&self, effect: Effect, outcome: &'static str, start: std::time::Instant) {
        self.effects.get_or_create(&[("effect", effect.name()), ("outcome", outcome)]).inc();
        self.effect_time.observe_since(start);
    }

    /// Asks for what is not counted on the way, before it is shown.
    pub async fn look(&self, app: &App) -> Result<(), StoreError> {
        let (now, real_now) = (app.clock.now(), app.clock.real_now());
        self.clock_ahead.set((now.0 - real_now.0) / 1_000_000);
        let seconds_since = |then: Option<i64>| then.map_or(0.0, |then| (now.0 - then).max(0) as f64 / 1e6);
        self.feed_position.set(app.store.feed_position().await?);
        let (waiting, oldest) = app.store.feed_lag().await?;
        self.feed_waiting.set(waiting);
        self.feed_lag.set(seconds_since(oldest));
        self.timer_lag.set(seconds_since(app.store.next_due().await?));
        let counted = app.store.count_jobs_by_state().await?;
        for state in JOB_STATES {
            let count = counted.iter().find(|(s, _)| s == state).map_or(0, |(_, n)| *n);
            self.jobs.get_or_create(&[("state", state)]).set(count);
        }
        let load = app.store.load();
        let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        self.database_size.set(whole(load.file_bytes));
        self.wal_size.set(whole(load.wal_bytes));
        for (pool, (open, idle, waiting)) in POOLS.into_iter().zip([load.commit_pool, load.list_pool]) {
            for (state, count) in CONNECTIONS.into_iter().zip([open, idle, waiting]) {
                self.pools.get_or_create(&[("pool", pool), ("state", state)]).set(whole(count as u64));
            }
        }
        self.process.look();
        Ok(())
    }
}

/// Changesets by what became of them, as the store counts them.
#[derive(Debug)]
struct Commits(Arc<[Counter; 6]>);

impl Collector for Commits {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let help = "Changesets by what became of them";
        let mut family = encoder.encode_descriptor("orderwright_store_commits", help, None, MetricType::Counter)?;
        for (outcome, counter) in COMMIT_OUTCOMES.iter().zip(self.0.iter()) {
            counter.encode(family.encode_family(&[("outcome", *outcome)])?)?;
        }
        Ok(())
    }
}

const COMMANDS: [&str; 20] = [
    "fire",
    "set_status",
    "pay",
    "book_payment",
    "outcome",
    "tick",
    "refund",
    "request_refund",
    "decide_refund",
    "add_note",
    "add_message",
    "request_cancellation",
    "add_shipment",
    "dispute",
    "refund_failed",
    "late_money",
    "hold_lost",
    "stuck",
    "mailed",
    "refund_seen",
];

fn name_of(command: &Command) -> &'static str {
    COMMANDS[match command {
        Command::Fire(_) => 0,
        Command::SetStatus { .. } => 1,
        Command::Pay { .. } => 2,
        Command::BookPayment(_) => 3,
        Command::Outcome { .. } => 4,
        Command::Tick => 5,
        Command::Refund(_) => 6,
        Command::RequestRefund(_) => 7,
        Command::DecideRefund { .. } => 8,
        Command::AddNote { .. } => 9,
        Command::AddMessage { .. } => 10,
        Command::RequestCancellation { .. } => 11,
        Command::AddShipment(_) => 12,
        Command::Dispute { .. } => 13,
        Command::RefundFailed { .. } => 14,
        Command::LateMoney { .. } => 15,
        Command::HoldLost { .. } => 16,
        Command::Stuck { .. } => 17,
        Command::Mailed(_) => 18,
        Command::RefundSeen { .. } => 19,
    }]
}

#[cfg(test)]
mod tests;
