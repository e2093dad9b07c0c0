//! The bulk loader on SQLite: prepared inserts without a journal, indexes afterwards. A crash leaves nothing of use.

use std::path::Path;

use anyhow::Result;
use orderwright::store::Val;
use rusqlite::{Connection, params_from_iter};

use super::{Before, Loaded, Past};
use crate::model::learn::Statements;
use crate::model::school::Weighted;

/// Loads so many orders into the store in a folder. No server may run on it.
pub fn load(dir: &Path, statements: &Statements, templates: &[Weighted], now_us: i64, orders: u64) -> Result<Loaded> {
    let connection = Connection::open(dir.join("orderwright.db"))?;
    connection.set_prepared_statement_cache_capacity(512);
    // Leaving WAL needs a store that nobody else has open.
    connection.execute_batch(
        "PRAGMA journal_mode = DELETE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; \
         PRAGMA cache_size = -256000; PRAGMA temp_store = MEMORY",
    )?;
    let before = connection.query_row(BEFORE, [], |row| Ok(Before { position: row.get(0)?, orders: row.get(1)? }))?;
    let indexes = {
        let mut statement =
            connection.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        rows.collect::<rusqlite::Result<Vec<_>>>()?
    };
    for (name, _) in &indexes {
        connection.execute_batch(&format!("DROP INDEX \"{name}\""))?;
    }
    let mut past = Past::new(statements, templates, now_us, orders, before)?;
    let mut rows = 0;
    while let Some(bound) = past.slice()? {
        rows += bound.len() as u64;
        connection.execute_batch("BEGIN")?;
        for (statement, vals) in &bound {
            connection.prepare_cached(&statements.list[*statement].text)?.execute(params_from_iter(vals))?;
        }
        connection.execute_batch("COMMIT")?;
    }
    connection.execute_batch("BEGIN")?;
    for ((statement, _), vals) in &past.sums.added {
        connection.prepare_cached(&statements.list[*statement].text)?.execute(params_from_iter(vals))?;
    }
    for ((channel, status), orders) in &past.sums.counters {
        connection.prepare_cached(COUNTER)?.execute(params_from_iter([
            &Val::T(channel.clone()),
            &Val::T(status.clone()),
            &Val::I(*orders),
        ]))?;
    }
    for ((day, account, currency), amount) in &past.sums.balances {
        let (account, currency) = (Val::T(account.clone()), Val::T(currency.clone()));
        let sum = [&account, &currency, &Val::I(*amount)];
        connection.prepare_cached(BALANCE)?.execute(params_from_iter(sum))?;
        connection.prepare_cached(BALANCE_OF_DAY)?.execute(params_from_iter([&Val::I(*day)].into_iter().chain(sum)))?;
    }
    connection.execute("UPDATE feed_head SET position = ?1 WHERE id = 1", [past.sums.position])?;
    connection.execute_batch("COMMIT")?;
    for (_, text) in &indexes {
        connection.execute_batch(text)?;
    }
    connection.execute_batch("PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL")?;
    Ok(Loaded { orders, rows })
}

const BEFORE: &str = "SELECT position, (SELECT COALESCE(SUM(orders), 0) FROM counter) FROM feed_head WHERE id = 1";
const COUNTER: &str = "INSERT INTO counter (channel, status, orders) VALUES (?1, ?2, ?3) \
    ON CONFLICT (channel, status) DO UPDATE SET orders = counter.orders + excluded.orders";
const BALANCE: &str = "INSERT INTO ledger_balance (account, currency, amount) VALUES (?1, ?2, ?3) \
    ON CONFLICT (account, currency) DO UPDATE SET amount = ledger_balance.amount + excluded.amount";
const BALANCE_OF_DAY: &str = "INSERT INTO ledger_day (day, account, currency, amount) VALUES (?1, ?2, ?3, ?4) \
    ON CONFLICT (day, account, currency) DO UPDATE SET amount = ledger_day.amount + excluded.amount";
