//! The flash sale: three hundred buyers, one SKU, a hundred units, all at once. Everyone is answered, a hundred get one, and
//! the stock says so.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::task::LocalSet;

use crate::http::Connection;
use crate::journey::PAID;
use crate::load::percentile;
use crate::server::Server;
use crate::shop::{self, Shop};
use crate::stopwatch::Stopwatch;

/// Who wants one.
pub const BUYERS: usize = 300;
/// How many there are.
const UNITS: i64 = 100;

/// How a sale went.
#[derive(Clone, Debug)]
pub struct Sale {
    /// Buyers who got one.
    pub sold: usize,
    /// Until the last buyer was answered, in milliseconds.
    pub all_ms: f64,
    /// Latencies, ascending, in microseconds.
    pub latencies: Vec<u32>,
}

impl Sale {
    /// Half of the buyers, and 99 of 100, were answered within so many milliseconds.
    pub fn percentiles_ms(&self) -> (f64, f64) {
        (percentile(&self.latencies, 50.0), percentile(&self.latencies, 99.0))
    }
}

/// Holds a sale; fails when it sold more or fewer than there were.
pub async fn run(server: &Server, shop: &Shop) -> Result<Sale> {
    let sku = shop::sku(PAID.channel, 1, 0);
    let mut connection = Connection::open(server.address).await?;
    let path = format!("/admin/stock/{sku}");
    let stock: Value = serde_json::from_str(connection.get(&path, &shop.admin).await?.expect(200)?.body)?;
    let reserved = stock["reserved"].as_i64().context("stock without a figure")?;
    let body = format!(r#"{{"onHand":{},"reason":"flash sale"}}"#, reserved + UNITS);
    connection.send("PATCH", &path, &shop.admin, &body).await?.expect(200)?;

    let mut buyers = Vec::with_capacity(BUYERS);
    for _ in 0..BUYERS {
        let mut placement = PAID.placement(shop);
        placement.body = placement.body.replace(&placement.skus[0], &sku);
        buyers.push((Connection::open(server.address).await?, placement.token.to_owned(), placement.body));
    }
    let watch = Stopwatch::start();
    let set = LocalSet::new();
    let tasks: Vec<_> = buyers
        .into_iter()
        .map(|(mut connection, token, body)| {
            set.spawn_local(async move {
                let reply = connection.post("/storefront/orders", &token, &body).await?;
                ensure!([201, 409].contains(&reply.status), "a buyer got {}: {}", reply.status, reply.body);
                Ok((reply.status == 201, watch.micros()))
            })
        })
        .collect();
    set.await;
    let all_ms = watch.seconds() * 1_000.0;
    let mut latencies = Vec::with_capacity(BUYERS);
    let mut sold = 0;
    for task in tasks {
        let (bought, micros) = task.await??;
        sold += usize::from(bought);
        latencies.push(micros);
    }
    latencies.sort_unstable();
    ensure!(sold as i64 == UNITS, "{sold} of {UNITS} units were sold");
    let after: Value = serde_json::from_str(connection.get(&path, &shop.admin).await?.expect(200)?.body)?;
    ensure!(after["available"].as_i64() == Some(0), "after the sale the stock is {after}");
    Ok(Sale { sold, all_ms, latencies })
}
