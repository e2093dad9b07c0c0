//! A closed loop: so many connections, each asking again as soon as it has its answer, for so long. Rates, latencies, and
//! what it cost the server, the database and the client.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;
use tokio::task::LocalSet;

use crate::database::ServerCpu;
use crate::http::Connection;
use crate::process;
use crate::server::Server;
use crate::stopwatch::Stopwatch;

/// When a loop ends.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// After this time; what is under way is finished.
    Time(Duration),
    /// After so many.
    Count(u64),
}

/// What a loop measured.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// How many were done.
    pub count: u64,
    /// In how many seconds.
    pub seconds: f64,
    /// Each one's latency in microseconds, ascending.
    pub latencies: Vec<u32>,
    /// Processor time of the server.
    pub server: Duration,
    /// Processor time of the database server, if there is one here.
    pub database: Option<Duration>,
    /// Processor time of this program.
    pub client: Duration,
}

impl Measured {
    /// A second.
    pub fn rate(&self) -> f64 {
        self.count as f64 / self.seconds.max(1e-9)
    }

    /// Below this lie so many of a hundred; in milliseconds.
    pub fn percentile_ms(&self, percent: f64) -> f64 {
        percentile(&self.latencies, percent)
    }

    /// A processor time for each one, in microseconds.
    pub fn each_us(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1e6 / (self.count.max(1) as f64)
    }

    /// Adds another round.
    pub fn add(&mut self, other: Self) {
        self.count += other.count;
        self.seconds += other.seconds;
        self.latencies.extend(other.latencies);
        self.latencies.sort_unstable();
        self.server += other.server;
        self.database = match (self.database, other.database) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
        self.client += other.client;
    }
}

/// The value below which so many of a hundred lie, of ascending microseconds; in milliseconds.
pub fn percentile(sorted: &[u32], percent: f64) -> f64 {
    if sorted.is_empty() {
        return 0.0;
    }
    let at = (sorted.len() as f64 * percent / 100.0).ceil() as usize;
    f64::from(sorted[at.clamp(1, sorted.len()) - 1]) / 1_000.0
}

/// Runs a loop. `work` does one and is told which; its time is the latency. The first failure ends the loop.
pub async fn run<W>(
    server: &Server,
    database: &ServerCpu,
    connections: usize,
    until: Until,
    work: W,
) -> Result<Measured>
where
    W: AsyncFn(&mut Connection, u64) -> Result<()> + 'static,
{
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        open.push(Connection::open(server.address).await?);
    }
    let work = Rc::new(work);
    let next = Rc::new(Cell::new(0u64));
    let latencies = Rc::new(RefCell::new(Vec::<u32>::with_capacity(1 << 16)));
    let failed = Rc::new(RefCell::new(None::<anyhow::Error>));
    let (server_before, database_before, client_before) = (server.cpu()?, database.read(), process::own_cpu()?);
    let watch = Stopwatch::start();
    let set = LocalSet::new();
    for mut connection in open {
        let (work, next, latencies, failed) = (work.clone(), next.clone(), latencies.clone(), failed.clone());
        set.spawn_local(async move {
            while failed.borrow().is_none() {
                let n = next.get();
                let over = match until {
                    Until::Time(time) => watch.elapsed() >= time,
                    Until::Count(count) => n >= count,
                };
                if over {
                    break;
                }
                next.set(n + 1);
                let one = Stopwatch::start();
                match work(&mut connection, n).await {
                    Ok(()) => latencies.borrow_mut().push(one.micros()),
                    Err(error) => *failed.borrow_mut() = Some(error),
                }
            }
        });
    }
    set.await;
    let seconds = watch.seconds();
    if let Some(error) = failed.borrow_mut().take() {
        return Err(error);
    }
    let mut latencies = latencies.take();
    latencies.sort_unstable();
    Ok(Measured {
        count: latencies.len() as u64,
        seconds,
        latencies,
        server: server.cpu()?.saturating_sub(server_before),
        database: database.read().zip(database_before).map(|(after, before)| after.saturating_sub(before)),
        client: process::own_cpu()?.saturating_sub(client_before),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_what_was_measured() {
        let sorted: Vec<u32> = (1..=100).map(|n| n * 1_000).collect();
        assert_eq!(percentile(&sorted, 50.0), 50.0);
        assert_eq!(percentile(&sorted, 99.0), 99.0);
        assert_eq!(percentile(&sorted, 100.0), 100.0);
        assert_eq!(percentile(&sorted[..1], 1.0), 1.0);
        assert_eq!(percentile(&[], 99.0), 0.0);
    }

    #[test]
    fn rounds_add_up() {
        let one = || Measured { count: 2, seconds: 1.0, latencies: vec![5, 9], ..Measured::default() };
        let mut sum = one();
        sum.add(Measured { latencies: vec![1, 7], ..one() });
        assert_eq!((sum.count, sum.rate(), sum.latencies), (4, 2.0, vec![1, 5, 7, 9]));
    }
}
