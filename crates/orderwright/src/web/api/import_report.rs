//! What became of an imported file, line by line.

use serde::Serialize;
use utoipa::ToSchema;

use crate::ops::csv::{LineDone, LineError, LineOutcome};
use crate::web::problem::{Problem, ProblemBody};

/// What became of a file.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportReport {
    /// Whether nothing was changed: the outcomes say what would be.
    pub dry_run: bool,
    /// Lines below the header that are not blank.
    pub lines: usize,
    /// Lines that were carried out, now or before.
    pub succeeded: usize,
    /// Lines that changed nothing because something is wrong.
    pub failed: usize,
    /// One for each line, in the order of the file.
    pub outcomes: Vec<ImportOutcome>,
}

/// What became of a line.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportOutcome {
    /// Its number in the file, from 1; the header is the first.
    pub line: u64,
    /// Whether what it says is so now.
    pub ok: bool,
    /// Payments: booked, already_booked, failed; events: fired, failed.
    pub outcome: String,
    /// The order that it names; null when the line cannot be read.
    pub order_number: Option<String>,
    /// `ord_…`
    pub order_id: Option<String>,
    /// The order's status afterwards.
    pub status: Option<String>,
    /// The column that is to blame.
    pub column: Option<String>,
    /// What is wrong; each field's pointer is `/<line>/<column>`.
    pub problem: Option<ProblemBody>,
}

/// The report of these outcomes; `done` and `already` are the words for lines that succeeded.
pub fn report(outcomes: Vec<LineOutcome>, dry_run: bool, done: &str, already: &str) -> ImportReport {
    let outcomes: Vec<ImportOutcome> = outcomes.into_iter().map(|o| outcome(o, done, already)).collect();
    let succeeded = outcomes.iter().filter(|o| o.ok).count();
    ImportReport { dry_run, lines: outcomes.len(), succeeded, failed: outcomes.len() - succeeded, outcomes }
}

fn outcome(outcome: LineOutcome, done: &str, already: &str) -> ImportOutcome {
    let LineOutcome { line, order_number, result } = outcome;
    let blank = ImportOutcome {
        line,
        ok: false,
        outcome: "failed".to_owned(),
        order_number,
        order_id: None,
        status: None,
        column: None,
        problem: None,
    };
    match result {
        Ok(LineDone { order, status, already: before }) => ImportOutcome {
            ok: true,
            outcome: if before { already } else { done }.to_owned(),
            order_id: Some(order.to_string()),
            status: Some(status),
            ..blank
        },
        Err(error) => {
            let (column, problem) = blamed(line, error);
            ImportOutcome { column, problem: Some(problem), ..blank }
        }
    }
}

/// The problem with its place: every message names the line and the column.
fn blamed(line: u64, error: LineError) -> (Option<String>, ProblemBody) {
    let mut column = error.column.map(str::to_owned);
    let mut problem = *Problem::from(error.error).0;
    if problem.errors.is_empty() {
        let place = column.as_ref().map(|c| format!(", {c}")).unwrap_or_default();
        problem.detail = format!("line {line}{place}: {}", problem.detail);
        return (column, problem);
    }
    let mut details = Vec::new();
    for (n, field) in problem.errors.iter_mut().enumerate() {
        let name = field.pointer.trim_start_matches('/').to_owned();
        let place = if name.is_empty() { String::new() } else { format!(", {name}") };
        details.push(format!("line {line}{place}: {}", field.detail));
        if n == 0 {
            column = Some(name).filter(|n| !n.is_empty());
        }
        field.pointer = format!("/{line}{}", field.pointer);
    }
    problem.detail = details.join("; ");
    (column, problem)
}
