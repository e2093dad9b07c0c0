//! What is counted and timed while the server runs: numbers that are only added to, without a lock, so that counting costs nothing.
//!
//! Counters and gauges are the library's, which are atomics already; its histogram takes a lock, so that one is here. What is not here:
//! which numbers there are, and how they are shown (`web/metrics`).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

/// How often values fell below bounds; clones count into the same numbers.
#[derive(Clone, Debug)]
pub struct Histogram(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Ascending, in millionths; beyond the last one there is a bucket without a bound.
    bounds: &'static [u64],
    counts: Box<[AtomicU64]>,
    /// In millionths.
    sum: AtomicU64,
}

/// Bounds of what takes between a tenth of a millisecond and ten seconds, in microseconds.
pub const LATENCIES_US: &[u64] = &[
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 10_000_000,
];
/// Bounds of how many there are at once, in millionths.
pub const SIZES: &[u64] =
    &[1_000_000, 2_000_000, 4_000_000, 8_000_000, 16_000_000, 32_000_000, 64_000_000, 128_000_000, 256_000_000];

impl Histogram {
    /// Of nothing yet, with these bounds in millionths.
    pub fn new(bounds: &'static [u64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self(Arc::new(Inner { bounds, counts, sum: AtomicU64::new(0) }))
    }

    /// Counts a value, in millionths.
    pub fn observe_millionths(&self, value: u64) {
        let bucket = self.0.bounds.partition_point(|bound| *bound < value);
        self.0.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.0.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// Counts the time since a start.
    pub fn observe_since(&self, start: std::time::Instant) {
        self.observe_millionths(u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX >> 8));
    }

    /// Counts a number of things.
    pub fn observe_count(&self, count: usize) {
        self.observe_millionths((count as u64).saturating_mul(1_000_000));
    }

    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.0.counts.iter().map(|c| c.load(Ordering::Relaxed)).sum()
    }
}

impl EncodeMetric for Histogram {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        let bounds = self.0.bounds.iter().map(|b| *b as f64 / 1e6).chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds.zip(self.0.counts.iter().map(|c| c.load(Ordering::Relaxed))).collect();
        let count = buckets.iter().map(|(_, c)| c).sum();
        encoder.encode_histogram::<NoLabelSet>(self.0.sum.load(Ordering::Relaxed) as f64 / 1e6, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::*;

    #[test]
    fn values_fall_into_their_buckets() {
        let histogram = Histogram::new(&[1_000, 1_000_000]);
        for micros in [1, 1_000, 1_001, 2_000_000] {
            histogram.observe_millionths(micros);
        }
        let mut registry = Registry::default();
        registry.register("t", "Test", histogram.clone());
        let mut text = String::new();
        encode(&mut text, &registry).expect("encodes");
        for line in [
            "t_sum 2.002002",
            "t_count 4",
            "t_bucket{le=\"0.001\"} 2",
            "t_bucket{le=\"1.0\"} 3",
            "t_bucket{le=\"+Inf\"} 4",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert_eq!(histogram.count(), 4);
    }
}
