//! A storm of refunds: 11.3 % of a day's orders (Olist's worst day, and everybody's Black Friday) are refunded in one minute while orders are
//! placed as fast as they can be. Placement is measured with and without it, and afterwards the books are audited: no bound may be broken.

use std::cell::RefCell;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::database::ServerCpu;
use crate::http::Connection;
use crate::journey::PAID;
use crate::load::{self, Measured, Until};
use crate::report;
use crate::server::{Place, Server};
use crate::shop::Shop;
use crate::stopwatch::Stopwatch;

/// Connections that the refunds come by; staff and batch jobs are few.
const REFUNDING: usize = 8;
/// How long refunds may take to go through after the storm.
const PATIENCE: Duration = Duration::from_secs(300);

/// How many orders of a day are refunded.
pub fn refunds_of(day: u64) -> u64 {
    (day * 113 / 1_000).max(1)
}

/// A storm that is to be.
pub struct Storm<'a> {
    /// The program, for the audit.
    pub program: &'a Path,
    /// Where the shop is.
    pub place: &'a Place,
    /// The database's processor time.
    pub cpu: &'a ServerCpu,
    /// Connections of the placements.
    pub connections: usize,
    /// How many refunds.
    pub refunds: u64,
    /// In how long.
    pub time: Duration,
}

impl Storm<'_> {
    /// Places what is refunded, measures a calm time, then the storm, then waits for the last refund and audits the books.
    pub async fn run(&self, server: &Server, shop: &Shop, store: &str) -> Result<report::Storm> {
        let ids = Rc::new(RefCell::new(Vec::new()));
        let (buying, placed) = (shop.clone(), ids.clone());
        load::run(server, self.cpu, self.connections, Until::Count(self.refunds), async move |connection, _| {
            let id = PAID.place(connection, &buying, &PAID.placement(&buying)).await?;
            placed.borrow_mut().push(id);
            Ok(())
        })
        .await?;
        let last = ids.borrow().first().cloned().context("nothing was placed")?;
        let calm = self.place(server, shop).await?;
        let watch = Stopwatch::start();
        let (placing, refunding) = tokio::try_join!(self.place(server, shop), self.refund(server, shop, ids))?;
        ensure!(refunding.count == self.refunds, "{} of {} refunds were taken", refunding.count, self.refunds);
        // Refunds are asked for from the end of the list: the first placed is the last.
        wait_for_refund(server, shop, &last).await?;
        let through_s = watch.seconds();
        let findings = audit(self.program, self.place)?;
        ensure!(findings.is_empty(), "the books do not hold after the storm: {}", findings.join("; "));
        Ok(report::Storm {
            store: store.to_owned(),
            refunds: self.refunds,
            seconds: refunding.seconds,
            refund_p99_ms: refunding.percentile_ms(99.0),
            through_s,
            calm_rate: calm.rate(),
            calm_p99_ms: calm.percentile_ms(99.0),
            storm_rate: placing.rate(),
            storm_p99_ms: placing.percentile_ms(99.0),
            findings: findings.len(),
        })
    }

    async fn place(&self, server: &Server, shop: &Shop) -> Result<Measured> {
        let shop = shop.clone();
        load::run(server, self.cpu, self.connections, Until::Time(self.time), async move |connection, _| {
            PAID.place(connection, &shop, &PAID.placement(&shop)).await.map(drop)
        })
        .await
    }

    /// All refunds, evenly over the time.
    async fn refund(&self, server: &Server, shop: &Shop, ids: Rc<RefCell<Vec<String>>>) -> Result<Measured> {
        let (shop, watch) = (shop.clone(), Stopwatch::start());
        let (count, time) = (self.refunds, self.time);
        let every = time.div_f64(count as f64);
        load::run(server, self.cpu, REFUNDING, Until::Count(count), async move |connection, n| {
            let due = every.mul_f64(n as f64);
            if let Some(early) = due.checked_sub(watch.elapsed()) {
                tokio::time::sleep(early).await;
            }
            let id = ids.borrow_mut().pop().context("more refunds than orders")?;
            let body = r#"{"reason":"storm","initiatePaymentRefund":true}"#;
            connection.post(&format!("/admin/orders/{id}/refund"), &shop.admin, body).await?.expect(201).map(drop)
        })
        .await
    }
}

async fn wait_for_refund(server: &Server, shop: &Shop, id: &str) -> Result<()> {
    let mut connection = Connection::open(server.address).await?;
    let watch = Stopwatch::start();
    loop {
        let reply = connection.get(&format!("/admin/orders/{id}"), &shop.admin).await?.expect(200)?;
        if reply.text("paymentStatus") == Some("refunded") {
            return Ok(());
        }
        ensure!(watch.elapsed() < PATIENCE, "order {id} is not refunded after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What the audit of the books finds.
fn audit(program: &Path, place: &Place) -> Result<Vec<String>> {
    let mut command = Command::new(program);
    command.args(["audit", "ledger", "--json", "--data"]).arg(&place.dir);
    if let Some(url) = &place.database_url {
        command.args(["--database-url", url]);
    }
    let output = command.output().context("the audit cannot be run")?;
    let said: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("the audit said {}", String::from_utf8_lossy(&output.stderr)))?;
    let findings = said["findings"].as_array().context("the audit lists no findings")?;
    Ok(findings.iter().filter_map(|f| f.as_str().map(str::to_owned)).collect())
}

#[cfg(test)]
mod tests {
    use super::refunds_of;

    #[test]
    fn a_storm_is_a_part_of_the_day() {
        assert_eq!((refunds_of(100_000), refunds_of(1_000), refunds_of(1)), (11_300, 113, 1));
    }
}
