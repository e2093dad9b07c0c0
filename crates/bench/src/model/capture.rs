//! What the engine writes for an order: every row that one journey inserts, changes and deletes, in order.
//!
//! Triggers in a throw-away SQLite store write it down while a real server plays the journey. Both stores get the same rows,
//! so SQLite is asked for both.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use orderwright::store::Val;
use rusqlite::Connection;

use crate::stopwatch::Stopwatch;

/// The table that the triggers write into.
const LOG: &str = "bench_log";
/// How long the engine may take to come to rest.
const PATIENCE: Duration = Duration::from_secs(20);

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It was added.
    Insert,
    /// It was changed.
    Update,
    /// It was removed.
    Delete,
}

/// A table: its name and its columns in order, and which of them are the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Name.
    pub name: String,
    /// Columns.
    pub columns: Vec<String>,
    /// Places of the key's columns.
    pub key: Vec<usize>,
}

/// One change of one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Place of its table among the tables.
    pub table: usize,
    /// What happened.
    pub kind: Kind,
    /// The row before; empty for an insert.
    pub before: Vec<Val>,
    /// The row after; empty for a delete.
    pub after: Vec<Val>,
}

/// A store that writes down what is written to it.
pub struct Recorder {
    connection: Connection,
    /// Its tables.
    pub tables: Vec<Table>,
}

impl Recorder {
    /// Puts the triggers into the store in a folder; a server may run on it.
    pub fn attach(dir: &Path) -> Result<Self> {
        let connection = Connection::open(dir.join("orderwright.db"))?;
        connection.busy_timeout(Duration::from_secs(10))?;
        let tables = tables(&connection)?;
        let mut text =
            format!("CREATE TABLE {LOG} (seq INTEGER PRIMARY KEY, at INTEGER, kind TEXT, before TEXT, after TEXT);\n");
        for (at, table) in tables.iter().enumerate() {
            let row = |prefix: &str| {
                let quoted: Vec<String> = table.columns.iter().map(|c| format!("quote({prefix}.\"{c}\")")).collect();
                format!("json_array({})", quoted.join(", "))
            };
            let none = "'[]'".to_owned();
            for (kind, before, after) in
                [("INSERT", none.clone(), row("NEW")), ("UPDATE", row("OLD"), row("NEW")), ("DELETE", row("OLD"), none)]
            {
                text.push_str(&format!(
                    "CREATE TRIGGER bench_{at}_{kind} AFTER {kind} ON \"{}\" BEGIN \
                     INSERT INTO {LOG} (at, kind, before, after) VALUES ({at}, '{kind}', {before}, {after}); END;\n",
                    table.name
                ));
            }
        }
        connection.execute_batch(&text)?;
        Ok(Self { connection, tables })
    }

    /// Forgets what was written so far.
    pub fn clear(&self) -> Result<()> {
        self.connection.execute(&format!("DELETE FROM {LOG}"), [])?;
        Ok(())
    }

    /// What was written since the last `clear`, once the engine has come to rest: no job waits to run, and the feed's
    /// sequencer has numbered everything.
    pub async fn changes(&self) -> Result<Vec<Change>> {
        let watch = Stopwatch::start();
        let moving = "SELECT (SELECT COUNT(*) FROM outbox WHERE position IS NULL) + (SELECT COUNT(*) FROM job)";
        while self.connection.query_row(moving, [], |row| row.get::<_, i64>(0))? > 0 {
            if watch.elapsed() > PATIENCE {
                bail!("the engine does not come to rest");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let mut statement =
            self.connection.prepare(&format!("SELECT at, kind, before, after FROM {LOG} ORDER BY seq"))?;
        let mut rows = statement.query([])?;
        let mut changes = Vec::new();
        while let Some(row) = rows.next()? {
            let kind = match row.get::<_, String>(1)?.as_str() {
                "INSERT" => Kind::Insert,
                "UPDATE" => Kind::Update,
                _ => Kind::Delete,
            };
            let table = usize::try_from(row.get::<_, i64>(0)?)?;
            let (before, after) = (values(&row.get::<_, String>(2)?)?, values(&row.get::<_, String>(3)?)?);
            changes.push(Change { table, kind, before, after });
        }
        Ok(changes)
    }
}

/// The tables of a store, without those of the migrations and of the recorder.
fn tables(connection: &Connection) -> Result<Vec<Table>> {
    let mut statement = connection.prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
         AND name NOT LIKE 'refinery_%' AND name NOT LIKE 'bench_%' ORDER BY name",
    )?;
    let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    names
        .into_iter()
        .map(|name| {
            let mut info = connection.prepare("SELECT name, pk FROM pragma_table_info(?1) ORDER BY cid")?;
            let columns: Vec<(String, i64)> =
                info.query_map([&name], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
            let key = columns.iter().enumerate().filter(|(_, (_, pk))| *pk > 0).map(|(at, _)| at).collect();
            Ok(Table { name, columns: columns.into_iter().map(|(name, _)| name).collect(), key })
        })
        .collect()
}

fn values(row: &str) -> Result<Vec<Val>> {
    let literals: Vec<String> = serde_json::from_str(row)?;
    literals.iter().map(|text| literal(text).with_context(|| format!("no literal: {text}"))).collect()
}

/// Reads what SQLite's `quote` wrote.
fn literal(text: &str) -> Option<Val> {
    if text == "NULL" {
        return Some(Val::Null);
    }
    if let Some(hex) = text.strip_prefix("X'").and_then(|rest| rest.strip_suffix('\'')) {
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        return hex.as_bytes().chunks(2).map(byte).collect::<Option<Vec<u8>>>().map(Val::B);
    }
    if let Some(text) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return Some(Val::T(text.replace("''", "'")));
    }
    text.parse().ok().map(Val::I)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_read_as_sqlite_writes_them() {
        for (text, val) in [
            ("NULL", Val::Null),
            ("-7", Val::I(-7)),
            ("'it''s'", Val::T("it's".to_owned())),
            ("X'00FF'", Val::B(vec![0, 255])),
        ] {
            assert_eq!(literal(text), Some(val));
        }
        assert_eq!(literal("1.5"), None, "no table has such a column");
    }

    #[tokio::test]
    async fn what_is_written_is_recorded() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("orderwright.db");
        let connection = Connection::open(path).expect("opens");
        connection
            .execute_batch(
                "CREATE TABLE outbox (id INTEGER PRIMARY KEY, position INTEGER); CREATE TABLE job (id INTEGER);
                 CREATE TABLE pair (a INTEGER, b TEXT, PRIMARY KEY (a, b))",
            )
            .expect("schema");
        let recorder = Recorder::attach(dir.path()).expect("attaches");
        connection
            .execute_batch("INSERT INTO pair VALUES (1, 'x'); UPDATE pair SET b = 'y'; DELETE FROM pair")
            .expect("ok");
        let changes = recorder.changes().await.expect("changes");
        let kinds: Vec<Kind> = changes.iter().map(|c| c.kind).collect();
        assert_eq!(kinds, [Kind::Insert, Kind::Update, Kind::Delete]);
        assert_eq!(recorder.tables[changes[0].table].name, "pair");
        assert_eq!(recorder.tables[changes[0].table].key, [0, 1]);
        assert_eq!(changes[1].after, [Val::I(1), Val::T("y".to_owned())]);
    }
}
