//! Requests, counted by route, method and status without a lock: the routes are known when the server starts, so each has its numbers
//! from the beginning, and a request finds them in a table that never changes. A path that is no route is counted as `none`.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::app::App;
use crate::kernel::clock::stopwatch;
use crate::kernel::meter::{Histogram, LATENCIES_US};
use crate::web::problem::{CODES, Refused};

/// The methods that are told apart; every other one is `other`.
const METHODS: [&str; 7] = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"];
const OTHER: usize = METHODS.len();
/// The statuses that are told apart, 100 to 599.
const STATUSES: usize = 500;
/// The route of a path that is none.
const NONE: &str = "none";

type Statuses = [AtomicU64; STATUSES];

/// The numbers of one route: by method, made when the method is first used.
type Methods = [OnceLock<Box<Statuses>>; OTHER + 1];

/// Requests of this node.
#[derive(Clone, Debug)]
pub struct Http {
    table: Arc<Table>,
    duration: Histogram,
    in_flight: Gauge<i64, AtomicI64>,
}

#[derive(Debug)]
struct Table {
    routes: OnceLock<HashMap<String, Methods>>,
    none: Methods,
    /// In the order of [`CODES`].
    refusals: Box<[AtomicU64]>,
}

/// The collector of what is in the table.
#[derive(Debug)]
struct Shown(Arc<Table>);

impl Http {
    /// Registers them.
    pub fn new(registry: &mut Registry) -> Self {
        let refusals = CODES.iter().map(|_| AtomicU64::new(0)).collect();
        let table = Arc::new(Table { routes: OnceLock::new(), none: Methods::default(), refusals });
        let new = Self { table, duration: Histogram::new(LATENCIES_US), in_flight: Gauge::default() };
        registry.register_collector(Box::new(Shown(new.table.clone())));
        registry.register_with_unit(
            "orderwright_http_request_duration",
            "From the head of a request to the head of its answer",
            Unit::Seconds,
            new.duration.clone(),
        );
        registry.register(
            "orderwright_http_requests_in_flight",
            "Requests whose answer has not begun",
            new.in_flight.clone(),
        );
        new
    }

    /// Says which routes there are; only the first time counts.
    pub fn know(&self, routes: impl Iterator<Item = String>) {
        self.table.routes.get_or_init(|| routes.map(|route| (route, Methods::default())).collect());
    }

    fn count(&self, route: Option<&str>, method: &Method, status: StatusCode) {
        let routes = self.table.routes.get();
        let methods = route.and_then(|route| routes?.get(route)).unwrap_or(&self.table.none);
        let method = METHODS.iter().position(|m| *m == method.as_str()).unwrap_or(OTHER);
        let statuses = methods[method].get_or_init(|| Box::new([const { AtomicU64::new(0) }; STATUSES]));
        if let Some(count) = statuses.get(usize::from(status.as_u16()).wrapping_sub(100)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A request under way; its client may go away before it is answered.
struct UnderWay(Gauge<i64, AtomicI64>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Counts and times a request.
pub async fn measure(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let http = &app.metrics.http;
    http.in_flight.inc();
    let (start, under_way) = (stopwatch(), UnderWay(http.in_flight.clone()));
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let response = next.run(request).await;
    drop(under_way);
    http.duration.observe_since(start);
    http.count(route.as_ref().map(MatchedPath::as_str), &method, response.status());
    if let Some(Refused(code)) = response.extensions().get::<Refused>()
        && let Some(at) = CODES.iter().position(|c| c.name == *code)
    {
        http.table.refusals[at].fetch_add(1, Ordering::Relaxed);
    }
    response
}

impl Collector for Shown {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let help = "Requests by route, method and status";
        let mut family = encoder.encode_descriptor("orderwright_http_requests", help, None, MetricType::Counter)?;
        let none = std::iter::once((NONE, &self.0.none));
        let routes = self.0.routes.get().into_iter().flatten().map(|(route, methods)| (route.as_str(), methods));
        for (route, methods) in none.chain(routes) {
            for (at, statuses) in methods.iter().enumerate() {
                let method = METHODS.get(at).copied().unwrap_or("other");
                for (status, count) in statuses.get().into_iter().flat_map(|s| s.iter().enumerate()) {
                    let count = count.load(Ordering::Relaxed);
                    if count > 0 {
                        let status = (status + 100).to_string();
                        let labels = [("route", route), ("method", method), ("status", status.as_str())];
                        ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
                    }
                }
            }
        }
        let help = "Requests refused, by the code of the problem";
        let mut family = encoder.encode_descriptor("orderwright_http_refusals", help, None, MetricType::Counter)?;
        for (code, count) in CODES.iter().zip(&self.0.refusals) {
            let labels = [("code", code.name)];
            ConstCounter::new(count.load(Ordering::Relaxed)).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
