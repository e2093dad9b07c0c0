//! Imports of CSV files by staff and merchants: an outcome for each line, and nothing twice.

mod merchants;
mod payments;

use serde_json::Value;

use crate::shop::{Actor, Json};

/// Sends a file and answers with the report.
#[track_caller]
fn import(actor: &Actor, path: &str, file: impl AsRef<[u8]>) -> Value {
    let report = actor.call("POST", path).csv(file.as_ref()).send().expect(200);
    let (lines, ok, failed) = (report.n("lines"), report.n("succeeded"), report.n("failed"));
    assert_eq!((lines, ok + failed), (report.list("outcomes").len() as i64, lines), "{report:#}");
    report
}

/// Line, outcome and column of each line, and the code of what is wrong with it.
fn lines(report: &Value) -> Vec<(i64, &str, &str, &str)> {
    report
        .list("outcomes")
        .iter()
        .map(|o| {
            let (column, code) = (o["column"].as_str().unwrap_or(""), o["problem"]["code"].as_str().unwrap_or(""));
            (o.n("line"), o.s("outcome"), column, code)
        })
        .collect()
}
