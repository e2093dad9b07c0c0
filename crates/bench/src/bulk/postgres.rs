//! The bulk loader on PostgreSQL: binary COPY table by table, indexes afterwards.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use orderwright::store::Val;
use tokio_postgres::Client;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use super::{Before, Loaded, Past};
use crate::database::connect;
use crate::floor::Bound;
use crate::model::learn::Statements;
use crate::model::school::Weighted;
use crate::model::template::Verb;

const BEFORE: &str =
    "SELECT position, (SELECT COALESCE(SUM(orders), 0)::int8 FROM counter) FROM feed_head WHERE id = 1";

/// Loads so many orders into a database.
pub async fn load(
    url: &str,
    statements: &Statements,
    templates: &[Weighted],
    now_us: i64,
    orders: u64,
) -> Result<Loaded> {
    let client = connect(url).await?;
    client.batch_execute("SET synchronous_commit = off; SET maintenance_work_mem = '256MB'").await?;
    let row = client.query_one(BEFORE, &[]).await?;
    let before = Before { position: row.try_get(0)?, orders: row.try_get(1)? };
    // Not those that a constraint stands on.
    let found = client
        .query(
            "SELECT i.indexname, i.indexdef FROM pg_indexes i WHERE i.schemaname = current_schema() AND NOT EXISTS \
             (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname) AND i.tablename NOT LIKE 'refinery%'",
            &[],
        )
        .await?;
    let mut indexes: Vec<(String, String)> = Vec::with_capacity(found.len());
    for row in found {
        indexes.push((row.try_get(0)?, row.try_get(1)?));
    }
    for (name, _) in &indexes {
        client.batch_execute(&format!("DROP INDEX \"{name}\"")).await?;
    }
    let types = types(&client, statements).await?;
    let mut past = Past::new(statements, templates, now_us, orders, before)?;
    let mut rows = 0;
    while let Some(bound) = past.slice()? {
        rows += bound.len() as u64;
        copy(&client, statements, &types, bound).await?;
    }
    client.batch_execute("BEGIN").await?;
    for ((statement, _), vals) in &past.sums.added {
        client.execute_raw(&statements.list[*statement].text.replace('?', "$"), vals).await?;
    }
    for ((channel, status), orders) in &past.sums.counters {
        let text = "INSERT INTO counter (channel, status, orders) VALUES ($1, $2, $3) \
            ON CONFLICT (channel, status) DO UPDATE SET orders = counter.orders + excluded.orders";
        client.execute(text, &[channel, status, orders]).await?;
    }
    for ((day, account, currency), amount) in &past.sums.balances {
        let text = "INSERT INTO ledger_balance (account, currency, amount) VALUES ($1, $2, $3) \
            ON CONFLICT (account, currency) DO UPDATE SET amount = ledger_balance.amount + excluded.amount";
        client.execute(text, &[account, currency, amount]).await?;
        let text = "INSERT INTO ledger_day (day, account, currency, amount) VALUES ($1, $2, $3, $4) \
            ON CONFLICT (day, account, currency) DO UPDATE SET amount = ledger_day.amount + excluded.amount";
        client.execute(text, &[day, account, currency, amount]).await?;
    }
    client.execute("UPDATE feed_head SET position = $1 WHERE id = 1", &[&past.sums.position]).await?;
    client.batch_execute("COMMIT").await?;
    for (_, text) in &indexes {
        client.batch_execute(text).await?;
    }
    // What the server's own upkeep would have done by then.
    client.batch_execute("VACUUM ANALYZE").await?;
    client.batch_execute("CHECKPOINT").await?;
    Ok(Loaded { orders, rows })
}

/// One COPY for each statement of a slice; all of them are inserts.
async fn copy(client: &Client, statements: &Statements, types: &[Vec<Type>], bound: Vec<Bound>) -> Result<()> {
    let mut by_statement: BTreeMap<usize, Vec<Vec<Val>>> = BTreeMap::new();
    for (statement, vals) in bound {
        by_statement.entry(statement).or_default().push(vals);
    }
    client.batch_execute("BEGIN").await?;
    for (at, rows) in by_statement {
        let statement = &statements.list[at];
        anyhow::ensure!(statement.verb == Verb::Insert, "only rows are loaded");
        let table = &statements.tables[statement.table];
        let columns: Vec<String> = table.columns.iter().map(|c| format!("\"{c}\"")).collect();
        let text = format!("COPY \"{}\" ({}) FROM STDIN BINARY", table.name, columns.join(", "));
        let sink = client.copy_in(&text).await?;
        let mut writer = std::pin::pin!(BinaryCopyInWriter::new(sink, &types[statement.table]));
        for vals in &rows {
            writer.as_mut().write_raw(vals).await?;
        }
        writer.finish().await?;
    }
    client.batch_execute("COMMIT").await?;
    Ok(())
}

/// The types of all columns, by table.
async fn types(client: &Client, statements: &Statements) -> Result<Vec<Vec<Type>>> {
    let mut all = Vec::with_capacity(statements.tables.len());
    for table in &statements.tables {
        let columns: Vec<String> = table.columns.iter().map(|c| format!("\"{c}\"")).collect();
        let text = format!("SELECT {} FROM \"{}\"", columns.join(", "), table.name);
        let statement = client.prepare(&text).await.with_context(|| format!("table {}", table.name))?;
        all.push(statement.columns().iter().map(|column| column.type_().clone()).collect());
    }
    Ok(all)
}
