//! What was measured: a table for people, JSON for programs. One struct a line of a table.

use serde::Serialize;

use crate::floor::Written;
use crate::load::Measured;

/// Everything of a run.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Size of the program.
    pub binary_mib: f64,
    /// Connections of the load.
    pub connections: usize,
    /// Placements.
    pub placements: Vec<Placing>,
    /// What an order costs the engine, in statements.
    pub statements: Vec<Statements>,
    /// Fulfilment.
    pub fulfilments: Vec<Asking>,
    /// Flash sales.
    pub flash_sales: Vec<FlashSale>,
    /// Storms of refunds.
    pub storms: Vec<Storm>,
    /// Ledgers.
    pub ledgers: Vec<Ledger>,
    /// Starts and memory.
    pub servers: Vec<ServerFigures>,
    /// Bulk loads.
    pub loads: Vec<Load>,
    /// Imports of a marketplace's files.
    pub imports: Vec<Import>,
    /// Reads.
    pub reads: Vec<Asking>,
    /// Reads at two sizes against each other.
    pub growth: Vec<Growth>,
}

/// Placements of one journey on one store.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Placing {
    /// Which store.
    pub store: String,
    /// Which journey.
    pub scenario: String,
    /// Orders a second.
    pub rate: f64,
    /// Latencies.
    pub p50_ms: f64,
    /// The same.
    pub p99_ms: f64,
    /// Processor time an order: the server's.
    pub server_us: f64,
    /// The database server's.
    pub database_us: Option<f64>,
    /// The client's.
    pub client_us: f64,
    /// Rows that an order leaves.
    pub rows: usize,
    /// The same by table.
    pub tables: Vec<(String, usize)>,
    /// Bytes of their values.
    pub bytes: usize,
    /// Row changes by which they come to be.
    pub changes: usize,
    /// Durable changesets of an order.
    pub changesets: usize,
    /// Changesets in one commit.
    pub batch: f64,
    /// Orders a second of the floor of rows, and the server's part of it.
    pub floor_rows: f64,
    /// The same.
    pub ratio_rows: f64,
    /// Orders a second of the floor of steps, and the server's part of it.
    pub floor_steps: f64,
    /// The same.
    pub ratio_steps: f64,
    /// Processor time an order on the floor of rows: the writing program's and the database's.
    pub floor_us: f64,
}

/// Statements that the engine executes for one order.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Statements {
    /// Which journey's placement.
    pub scenario: String,
    /// All of them.
    pub total: f64,
    /// By name.
    pub each: Vec<(String, f64)>,
}

/// An import.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Import {
    /// The store.
    pub store: String,
    /// Orders that it created, each replayed to its last state.
    pub orders: u64,
    /// Seconds, from the start of the program to its end.
    pub seconds: f64,
}

/// Requests of one kind.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Asking {
    /// Which store.
    pub store: String,
    /// How many orders the shop has; 0 where that is not the point.
    pub orders: u64,
    /// What is asked.
    pub scenario: String,
    /// A second.
    pub rate: f64,
    /// Latencies.
    pub p50_ms: f64,
    /// The same.
    pub p99_ms: f64,
    /// Processor time of the server for each.
    pub server_us: f64,
}

/// A flash sale.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FlashSale {
    /// Which store.
    pub store: String,
    /// Who wanted one.
    pub buyers: usize,
    /// Who got one.
    pub sold: usize,
    /// Until the last was answered.
    pub all_ms: f64,
    /// Latencies.
    pub p50_ms: f64,
    /// The same.
    pub p99_ms: f64,
}

/// A storm of refunds while orders are placed, beside the same time without it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Storm {
    /// Which store.
    pub store: String,
    /// Refunds asked for.
    pub refunds: u64,
    /// In how many seconds they were taken.
    pub seconds: f64,
    /// Latency of a refund's answer.
    pub refund_p99_ms: f64,
    /// Seconds until the last of them had gone through at the provider.
    pub through_s: f64,
    /// Placements a second without it.
    pub calm_rate: f64,
    /// Their latency.
    pub calm_p99_ms: f64,
    /// Placements a second with it.
    pub storm_rate: f64,
    /// Their latency.
    pub storm_p99_ms: f64,
    /// Findings of the audit of the books afterwards: none in a sound shop.
    pub findings: usize,
}

/// Many postings.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ledger {
    /// Which store.
    pub store: String,
    /// Postings that were loaded.
    pub postings: u64,
    /// Their lines.
    pub lines: u64,
    /// In how many seconds.
    pub load_s: f64,
    /// The trial balance from kept balances, over HTTP: p99.
    pub balance_ms: f64,
    /// The same at an instant in the past.
    pub balance_at_ms: f64,
    /// The proof from scratch.
    pub proof_s: f64,
    /// Lines that it read.
    pub proof_lines: u64,
    /// Whether it was held to one core.
    pub one_core: bool,
}

/// Start and memory of a server.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerFigures {
    /// Which store.
    pub store: String,
    /// After or at what.
    pub when: String,
    /// The median of its starts, until `/readyz` says 200.
    pub ready_ms: f64,
    /// Resident memory, now and at most.
    pub memory_mib: f64,
    /// The same.
    pub peak_mib: f64,
}

/// A bulk load.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Load {
    /// Which store.
    pub store: String,
    /// Orders.
    pub orders: u64,
    /// Rows.
    pub rows: u64,
    /// In how many seconds.
    pub seconds: f64,
}

/// A read on the large shop against the small one.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Growth {
    /// Which store.
    pub store: String,
    /// What is asked.
    pub scenario: String,
    /// p99 large / p99 small.
    pub ratio: f64,
}

impl Asking {
    /// From what was measured.
    pub fn new(store: &str, orders: u64, scenario: &str, measured: &Measured) -> Self {
        Self {
            store: store.to_owned(),
            orders,
            scenario: scenario.to_owned(),
            rate: measured.rate(),
            p50_ms: measured.percentile_ms(50.0),
            p99_ms: measured.percentile_ms(99.0),
            server_us: measured.each_us(measured.server),
        }
    }
}

/// What a floor cost in processor time an order, the database's included.
pub fn floor_us(written: &Written) -> f64 {
    let time = written.cpu + written.database.unwrap_or_default();
    time.as_secs_f64() * 1e6 / written.orders.max(1) as f64
}

impl Report {
    /// Rows by table of each journey; both stores get the same.
    fn rows_of_orders(&self) -> Vec<Vec<String>> {
        let mut rows: Vec<Vec<String>> = Vec::new();
        for placing in &self.placements {
            if rows.iter().all(|row| row[0] != placing.scenario) {
                let each: Vec<String> = placing.tables.iter().map(|(name, rows)| format!("{name} {rows}")).collect();
                rows.push(vec![placing.scenario.clone(), placing.bytes.to_string(), each.join(", ")]);
            }
        }
        rows
    }

    /// The tables.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let n = |value: f64| format!("{value:.0}");
        let ms = |value: f64| format!("{value:.2}");
        let mut table = |title: &str, head: &[&str], rows: Vec<Vec<String>>| {
            if !rows.is_empty() {
                out.push_str(&format!("\n{title}\n{}", aligned(head, &rows)));
            }
        };
        table(
            "Placement (µs: processor time an order; rows, changes, commits: of one order)",
            &[
                "store",
                "scenario",
                "orders/s",
                "p50 ms",
                "p99 ms",
                "server µs",
                "database µs",
                "client µs",
                "rows",
                "changes",
                "changesets",
                "in a commit",
            ],
            self.placements
                .iter()
                .map(|p| {
                    vec![
                        p.store.clone(),
                        p.scenario.clone(),
                        n(p.rate),
                        ms(p.p50_ms),
                        ms(p.p99_ms),
                        n(p.server_us),
                        p.database_us.map_or("-".to_owned(), n),
                        n(p.client_us),
                        p.rows.to_string(),
                        p.changes.to_string(),
                        p.changesets.to_string(),
                        format!("{:.1}", p.batch),
                    ]
                })
                .collect(),
        );
        table(
            "Against the floor (the same rows, bare prepared statements, same batches)",
            &["store", "scenario", "orders/s", "floor: rows/s", "ratio", "floor: steps/s", "ratio", "floor µs"],
            self.placements
                .iter()
                .filter(|p| p.floor_rows > 0.0)
                .map(|p| {
                    vec![
                        p.store.clone(),
                        p.scenario.clone(),
                        n(p.rate),
                        n(p.floor_rows),
                        ms(p.ratio_rows),
                        n(p.floor_steps),
                        ms(p.ratio_steps),
                        n(p.floor_us),
                    ]
                })
                .collect(),
        );
        table(
            "Statements of the engine, an order",
            &["scenario", "all", "which"],
            self.statements
                .iter()
                .map(|s| {
                    let each: Vec<String> = s.each.iter().map(|(name, uses)| format!("{name} {uses:.2}")).collect();
                    vec![s.scenario.clone(), format!("{:.1}", s.total), each.join(", ")]
                })
                .collect(),
        );
        table("Rows that an order leaves", &["scenario", "bytes", "which"], self.rows_of_orders());
        let asking = |asked: &[Asking]| {
            asked
                .iter()
                .map(|a| {
                    vec![
                        a.store.clone(),
                        if a.orders > 0 { a.orders.to_string() } else { "-".to_owned() },
                        a.scenario.clone(),
                        n(a.rate),
                        ms(a.p50_ms),
                        ms(a.p99_ms),
                        n(a.server_us),
                    ]
                })
                .collect::<Vec<_>>()
        };
        let head = ["store", "orders", "scenario", "a second", "p50 ms", "p99 ms", "server µs"];
        table("Fulfilment (of whole orders: four requests each)", &head, asking(&self.fulfilments));
        table("Reads", &head, asking(&self.reads));
        table(
            "p99 of the large shop / p99 of the small one",
            &["store", "scenario", "ratio"],
            self.growth.iter().map(|g| vec![g.store.clone(), g.scenario.clone(), ms(g.ratio)]).collect(),
        );
        table(
            "Flash sale",
            &["store", "buyers", "sold", "all answered ms", "p50 ms", "p99 ms"],
            self.flash_sales
                .iter()
                .map(|f| {
                    vec![
                        f.store.clone(),
                        f.buyers.to_string(),
                        f.sold.to_string(),
                        n(f.all_ms),
                        ms(f.p50_ms),
                        ms(f.p99_ms),
                    ]
                })
                .collect(),
        );
        table(
            "Storm of refunds (placements beside it, and without it)",
            &[
                "store",
                "refunds",
                "in s",
                "refund p99 ms",
                "all through s",
                "calm orders/s",
                "p99 ms",
                "storm orders/s",
                "p99 ms",
                "findings",
            ],
            self.storms
                .iter()
                .map(|s| {
                    vec![
                        s.store.clone(),
                        s.refunds.to_string(),
                        format!("{:.1}", s.seconds),
                        ms(s.refund_p99_ms),
                        format!("{:.1}", s.through_s),
                        n(s.calm_rate),
                        ms(s.calm_p99_ms),
                        n(s.storm_rate),
                        ms(s.storm_p99_ms),
                        s.findings.to_string(),
                    ]
                })
                .collect(),
        );
        table(
            "Ledger",
            &[
                "store",
                "postings",
                "lines",
                "loaded s",
                "balance ms",
                "balance then ms",
                "proof s",
                "lines read",
                "one core",
            ],
            self.ledgers
                .iter()
                .map(|l| {
                    vec![
                        l.store.clone(),
                        l.postings.to_string(),
                        l.lines.to_string(),
                        format!("{:.1}", l.load_s),
                        ms(l.balance_ms),
                        ms(l.balance_at_ms),
                        format!("{:.1}", l.proof_s),
                        l.proof_lines.to_string(),
                        if l.one_core { "yes" } else { "no" }.to_owned(),
                    ]
                })
                .collect(),
        );
        table(
            "Start and memory",
            &["store", "when", "ready ms", "memory MiB", "peak MiB"],
            self.servers
                .iter()
                .map(|s| {
                    vec![
                        s.store.clone(),
                        s.when.clone(),
                        n(s.ready_ms),
                        format!("{:.1}", s.memory_mib),
                        format!("{:.1}", s.peak_mib),
                    ]
                })
                .collect(),
        );
        table(
            "Bulk load",
            &["store", "orders", "rows", "seconds", "orders/s"],
            self.loads
                .iter()
                .map(|l| {
                    vec![
                        l.store.clone(),
                        l.orders.to_string(),
                        l.rows.to_string(),
                        format!("{:.1}", l.seconds),
                        n(l.orders as f64 / l.seconds.max(1e-9)),
                    ]
                })
                .collect(),
        );
        table(
            "Import of Olist's orders, each replayed to its last state",
            &["store", "orders", "seconds", "orders/s"],
            self.imports
                .iter()
                .map(|i| {
                    vec![
                        i.store.clone(),
                        i.orders.to_string(),
                        format!("{:.1}", i.seconds),
                        n(i.orders as f64 / i.seconds.max(1e-9)),
                    ]
                })
                .collect(),
        );
        out.push_str(&format!("\nprogram: {:.1} MiB; load: {} connections\n", self.binary_mib, self.connections));
        out
    }
}

/// Columns as wide as their widest cell; the first two to the left, figures to the right.
fn aligned(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let figure = |cell: &str| cell == "-" || cell.starts_with(|c: char| c.is_ascii_digit());
    let line = |cells: &[&str]| {
        let padded = cells.iter().enumerate().map(|(column, cell)| {
            let last = column + 1 == cells.len();
            let right = rows.first().is_some_and(|row| figure(&row[column]));
            let fill = " ".repeat(widths[column].saturating_sub(cell.chars().count()));
            if right {
                format!("{fill}{cell}")
            } else if last {
                (*cell).to_owned()
            } else {
                format!("{cell}{fill}")
            }
        });
        format!("  {}\n", padded.collect::<Vec<_>>().join("  "))
    };
    let mut out = line(head);
    for row in rows {
        out.push_str(&line(&row.iter().map(String::as_str).collect::<Vec<_>>()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = vec![vec!["a".to_owned(), "1".to_owned()], vec!["bcd".to_owned(), "200".to_owned()]];
        assert_eq!(aligned(&["x", "n"], &rows), "  x      n\n  a      1\n  bcd  200\n");
    }

    #[test]
    fn what_was_not_measured_is_not_shown() {
        let text = Report { binary_mib: 12.34, connections: 3, ..Report::default() }.text();
        assert_eq!(text, "\nprogram: 12.3 MiB; load: 3 connections\n");
    }
}
