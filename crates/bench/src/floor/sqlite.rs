//! The floor on SQLite: one connection, WAL, every commit flushed to the disk, as the server's writer has it.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use orderwright::store::{Store, StoreConfig};
use rusqlite::{Connection, params_from_iter};

use super::{Bound, Floor, Source, Written};
use crate::model::learn::Statements;
use crate::model::template::Template;
use crate::process;
use crate::shop;
use crate::stopwatch::Stopwatch;

/// Orders that are made at once, outside of the measured time.
const AHEAD: usize = 2_048;

/// A store for the floor alone.
pub struct SqliteFloor {
    connection: Connection,
    source: Source,
}

impl SqliteFloor {
    /// Makes the schema by the engine's own migrations, and the stock.
    pub async fn open(dir: &Path, base_us: i64) -> Result<Self> {
        drop(Store::open(StoreConfig::Sqlite { dir: dir.to_owned(), exclusive: false, inline: true }).await?);
        let connection = Connection::open(dir.join("orderwright.db"))?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 10000; \
             PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY; BEGIN",
        )?;
        connection.set_prepared_statement_cache_capacity(512);
        for channel in shop::CHANNELS {
            for (family, n) in (0..2).flat_map(|f| (0..shop::FAMILY).map(move |n| (f, n))) {
                connection.execute(
                    "INSERT INTO stock (sku, location, on_hand, reserved) VALUES (?1, 'default', 1000000000, 0)",
                    [shop::sku(channel, family, n)],
                )?;
            }
        }
        connection.execute_batch("COMMIT")?;
        Ok(Self { connection, source: Source::new(base_us) })
    }

    /// Writes for so long. A transaction holds `batch` changesets of different orders.
    pub fn write(
        &mut self,
        statements: &Statements,
        template: &Template,
        floor: Floor,
        batch: f64,
        time: Duration,
    ) -> Result<Written> {
        // In the floor of rows an order is one transaction of all its changesets.
        let together = match floor {
            Floor::Steps => batch,
            Floor::Rows => batch / template.steps.len().max(1) as f64,
        };
        let together = (together.round() as usize).clamp(1, AHEAD);
        let mut written = Written::default();
        while written.seconds < time.as_secs_f64() {
            let orders: Vec<Vec<Vec<Bound>>> = (0..AHEAD).map(|_| self.source.next(template, floor)).collect();
            let cpu = process::own_cpu()?;
            let watch = Stopwatch::start();
            for group in orders.chunks(together) {
                // The steps of one order follow each other in different transactions.
                for step in 0..group.iter().map(Vec::len).max().unwrap_or(0) {
                    self.transaction(statements, group.iter().filter_map(|order| order.get(step)))?;
                }
            }
            written.add(Written {
                orders: AHEAD as u64,
                seconds: watch.seconds(),
                cpu: process::own_cpu()?.saturating_sub(cpu),
                database: None,
            });
        }
        Ok(written)
    }

    fn transaction<'a>(&self, statements: &Statements, changes: impl Iterator<Item = &'a Vec<Bound>>) -> Result<()> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        for (statement, vals) in changes.flatten() {
            let text = &statements.list[*statement].text;
            self.connection.prepare_cached(text)?.execute(params_from_iter(vals))?;
        }
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }
}
