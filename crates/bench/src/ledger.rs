//! The ledger part: many postings are loaded into a demo, as sales between four parties over a year; then the trial balance is asked for over
//! HTTP, and the whole book is proved from scratch.
//!
//! The postings are of no order, so that what is measured is the book: orders' documents have a part of their own (the bulk loader).

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rusqlite::{Connection as Sqlite, params};
use serde_json::Value;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use crate::database::{ServerCpu, connect};
use crate::load::{self, Until};
use crate::server::{Place, Server};
use crate::shop::{Shop, scatter};
use crate::stopwatch::Stopwatch;

/// Sellers whose accounts the sales are spread over.
const SELLERS: u64 = 500;
/// Days over which they are spread.
const DAYS: i64 = 365;
const DAY_US: i64 = 86_400_000_000;
/// Lines that are written at once.
const SLICE: u64 = 20_000;
/// 1990-01-01 in milliseconds: where the ids of the shop begin.
const EPOCH_MS: i64 = 631_152_000_000;
/// A node number that no server of the bench gets.
const NODE: i64 = 1_000;
/// How often the balance is asked for.
const ASKED: u64 = 100;

/// A line of the book.
struct Line {
    id: i64,
    posting: i64,
    cause: &'static str,
    account: String,
    amount: i64,
    at: i64,
}

/// Makes the postings, one sale of four postings after the other, ascending by id.
struct Book {
    now_us: i64,
    postings: u64,
    made: u64,
    counter: i64,
    lines: u64,
    /// What is kept: by account, and by day and account.
    kept: BTreeMap<String, i64>,
    days: BTreeMap<(i64, String), i64>,
}

impl Book {
    fn new(postings: u64, now_us: i64) -> Self {
        Self { now_us, postings, made: 0, counter: 0, lines: 0, kept: BTreeMap::new(), days: BTreeMap::new() }
    }

    fn id(&mut self, at: i64) -> i64 {
        self.counter += 1;
        ((at.div_euclid(1_000) - EPOCH_MS) << 22) | (NODE << 12) | (self.counter & 0xfff)
    }

    /// The next postings, of about `SLICE` of them; none at the end.
    fn slice(&mut self) -> Vec<Line> {
        let mut out = Vec::new();
        let until = (self.made + SLICE).min(self.postings);
        while self.made < until {
            let at = self.now_us - DAYS * DAY_US
                + (i128::from(DAYS * DAY_US) * i128::from(self.made) / i128::from(self.postings.max(1))) as i64;
            let dice = scatter(self.made);
            let sum = 1_000 + (dice % 20_000) as i64;
            let seller = (dice >> 32) % SELLERS;
            let (brand, platform) = (sum / 10, sum / 20);
            let maker = sum - brand - platform - sum / 4;
            let sale: [(&'static str, Vec<(String, i64)>); 4] = [
                ("authorise", vec![("provider/held".to_owned(), sum), ("customers/held".to_owned(), -sum)]),
                ("void", vec![("customers/held".to_owned(), sum), ("provider/held".to_owned(), -sum)]),
                ("capture", vec![("provider/clearing".to_owned(), sum), ("orders/unsettled".to_owned(), -sum)]),
                (
                    "split",
                    vec![
                        ("orders/unsettled".to_owned(), sum),
                        (format!("party/brand/bench-{}", seller % 20), -brand),
                        (format!("party/supplier/bench-{seller}"), -maker),
                        (format!("party/retailer/bench-{}", seller % 50), -(sum / 4)),
                        ("party/platform/platform".to_owned(), -platform),
                    ],
                ),
            ];
            for (cause, lines) in sale {
                self.made += 1;
                let posting = self.id(at);
                for (account, amount) in lines {
                    self.lines += 1;
                    *self.kept.entry(account.clone()).or_default() += amount;
                    *self.days.entry((at.div_euclid(DAY_US), account.clone())).or_default() += amount;
                    out.push(Line { id: self.id(at), posting, cause, account, amount, at });
                }
            }
        }
        out
    }
}

/// Loads so many postings; how many lines they have. No server may run there.
pub async fn load(place: &Place, postings: u64, now_us: i64) -> Result<u64> {
    let mut book = Book::new(postings, now_us);
    match &place.database_url {
        None => sqlite(&place.dir, &mut book)?,
        Some(url) => postgres(url, &mut book).await?,
    }
    Ok(book.lines)
}

const INSERT: &str = "INSERT INTO ledger_entry (id, posting_id, cause, account, currency, amount, at) \
    VALUES (?1, ?2, ?3, ?4, 'GBP', ?5, ?6)";
const KEEP: &str = "INSERT INTO ledger_balance (account, currency, amount) VALUES ($1, 'GBP', $2) \
    ON CONFLICT (account, currency) DO UPDATE SET amount = ledger_balance.amount + excluded.amount";
const KEEP_DAY: &str = "INSERT INTO ledger_day (day, account, currency, amount) VALUES ($1, $2, 'GBP', $3) \
    ON CONFLICT (day, account, currency) DO UPDATE SET amount = ledger_day.amount + excluded.amount";

fn sqlite(dir: &Path, book: &mut Book) -> Result<()> {
    let connection = Sqlite::open(dir.join("orderwright.db"))?;
    connection.execute_batch(
        "PRAGMA journal_mode = DELETE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; \
         PRAGMA cache_size = -256000; PRAGMA temp_store = MEMORY",
    )?;
    let indexes = {
        let text = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = 'ledger_entry'";
        let mut statement = connection.prepare(text)?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        rows.collect::<rusqlite::Result<Vec<_>>>()?
    };
    for (name, _) in &indexes {
        connection.execute_batch(&format!("DROP INDEX \"{name}\""))?;
    }
    loop {
        let lines = book.slice();
        if lines.is_empty() {
            break;
        }
        connection.execute_batch("BEGIN")?;
        let mut insert = connection.prepare_cached(INSERT)?;
        for line in &lines {
            insert.execute(params![line.id, line.posting, line.cause, line.account, line.amount, line.at])?;
        }
        connection.execute_batch("COMMIT")?;
    }
    connection.execute_batch("BEGIN")?;
    for (account, amount) in &book.kept {
        connection.prepare_cached(&KEEP.replace('$', "?"))?.execute(params![account, amount])?;
    }
    for ((day, account), amount) in &book.days {
        connection.prepare_cached(&KEEP_DAY.replace('$', "?"))?.execute(params![day, account, amount])?;
    }
    connection.execute_batch("COMMIT")?;
    for (_, text) in &indexes {
        connection.execute_batch(text)?;
    }
    connection.execute_batch("PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL")?;
    Ok(())
}

async fn postgres(url: &str, book: &mut Book) -> Result<()> {
    let client = connect(url).await?;
    client.batch_execute("SET synchronous_commit = off; SET maintenance_work_mem = '256MB'").await?;
    let types = [Type::INT8, Type::INT8, Type::TEXT, Type::TEXT, Type::TEXT, Type::INT8, Type::INT8];
    loop {
        let lines = book.slice();
        if lines.is_empty() {
            break;
        }
        let text = "COPY ledger_entry (id, posting_id, cause, account, currency, amount, at) FROM STDIN BINARY";
        let sink = client.copy_in(text).await?;
        let mut writer = std::pin::pin!(BinaryCopyInWriter::new(sink, &types));
        for line in &lines {
            writer
                .as_mut()
                .write(&[&line.id, &line.posting, &line.cause, &line.account, &"GBP", &line.amount, &line.at])
                .await?;
        }
        writer.finish().await?;
    }
    client.batch_execute("BEGIN").await?;
    let (keep, keep_day) = (client.prepare(KEEP).await?, client.prepare(KEEP_DAY).await?);
    for (account, amount) in &book.kept {
        client.execute(&keep, &[account, amount]).await?;
    }
    for ((day, account), amount) in &book.days {
        client.execute(&keep_day, &[day, account, amount]).await?;
    }
    client.batch_execute("COMMIT").await?;
    client.batch_execute("VACUUM ANALYZE ledger_entry").await?;
    Ok(())
}

/// The trial balance now, and at an instant of the past: p99 in milliseconds.
pub async fn balances(server: &Server, cpu: &ServerCpu, shop: &Shop) -> Result<(f64, f64)> {
    let ask = async |path: String| -> Result<f64> {
        let token = shop.admin.clone();
        let measured = load::run(server, cpu, 1, Until::Count(ASKED), async move |connection, _| {
            connection.get(&path, &token).await?.expect(200).map(drop)
        })
        .await?;
        Ok(measured.percentile_ms(99.0))
    };
    // The first questions prepare statements and fill caches.
    ask("/admin/ledger/balances".to_owned()).await?;
    let now = ask("/admin/ledger/balances".to_owned()).await?;
    Ok((now, ask(format!("/admin/ledger/balances?at={}", half_a_year_ago())).await?))
}

#[expect(clippy::disallowed_methods, reason = "the postings go up to the present")]
fn half_a_year_ago() -> String {
    let then = jiff::Timestamp::now().as_second() - DAYS / 2 * 86_400;
    jiff::Timestamp::from_second(then).map(|t| t.to_string()).unwrap_or_default()
}

/// How a proof went.
pub struct Proof {
    /// How long it took, the start of the program included.
    pub seconds: f64,
    /// Lines that it read.
    pub lines: u64,
    /// Whether it was held to one core.
    pub one_core: bool,
}

/// The proof of the whole book from scratch, by the command line, on one core where `taskset` is there.
pub fn prove(program: &Path, place: &Place) -> Result<Proof> {
    let one_core = Command::new("taskset").args(["-c", "0", "true"]).status().is_ok_and(|s| s.success());
    let mut command = match one_core {
        true => {
            let mut command = Command::new("taskset");
            command.args(["-c", "0"]).arg(program);
            command
        }
        false => Command::new(program),
    };
    command.args(["audit", "ledger", "--json", "--data"]).arg(&place.dir);
    if let Some(url) = &place.database_url {
        command.args(["--database-url", url]);
    }
    let watch = Stopwatch::start();
    let output = command.output().context("the proof cannot be run")?;
    let took: Duration = watch.elapsed();
    let said: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("the proof said {}", String::from_utf8_lossy(&output.stderr)))?;
    let findings = said["findings"].as_array().context("the proof lists no findings")?;
    ensure!(findings.is_empty() && output.status.success(), "the loaded book does not hold: {findings:?}");
    let lines = said["lines"].as_u64().context("the proof counts no lines")?;
    Ok(Proof { seconds: took.as_secs_f64(), lines, one_core })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_book_balances_and_its_ids_are_unique_and_ascending() {
        let mut book = Book::new(41_000, 1_795_000_000_000_000);
        let (mut last, mut sums, mut postings) = (0, BTreeMap::<i64, i64>::new(), 0);
        loop {
            let lines = book.slice();
            if lines.is_empty() {
                break;
            }
            for line in lines {
                // The counter of a millisecond starts again: only its millisecond ascends.
                assert!(line.id >> 22 >= last >> 22);
                last = line.id;
                *sums.entry(line.posting).or_default() += line.amount;
                postings += 1;
            }
        }
        assert_eq!((sums.len() as u64, postings), (41_000, book.lines));
        assert!(sums.values().all(|sum| *sum == 0));
        assert_eq!(book.kept.values().sum::<i64>(), 0);
    }
}
