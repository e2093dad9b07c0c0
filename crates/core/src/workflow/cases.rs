//! Case tables: stories that a shop owner can read, played through the real `decide`, so that a lifecycle is tested where it is written.
//!
//! A `.cases` file stands beside its workflow. It holds stories; a story says how an order is placed and then, row by row, who does what
//! and what is expected to be true afterwards. A cell that is left empty expects no change, so a table is short and still says
//! everything in every row. The form is described in `docs/workflow-cases.md`; the words that it knows are the tables in [`column`],
//! [`given`] and [`step`].
//!
//! Not here: reading files and showing outcomes (the command line), and what a workflow must fulfil whatever its tables say (`validate`).

mod bench;
pub mod column;
mod fill;
pub mod given;
mod read;
pub mod step;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::Serialize;

pub use self::fill::fill;
pub use self::read::{order_workflow, read};

use self::bench::Bench;
use self::column::Column;
use self::given::Given;
use self::step::Step;
use super::code::Code;
use super::complaint::Complaint;
use super::model::{Kind, Workflow};
use super::set::WorkflowSet;

/// The stories of a file, read and understood.
#[derive(Clone, Debug)]
pub struct Cases {
    /// In the order of the file.
    pub stories: Vec<Story>,
}

/// One story: a placement, and what follows.
#[derive(Clone, Debug)]
pub struct Story {
    /// The heading.
    pub title: String,
    /// Line of the heading, from 1.
    pub line: usize,
    given: Given,
    columns: Vec<Column>,
    rows: Vec<Row>,
}

/// A row: something happens, and is expected to lead somewhere.
#[derive(Clone, Debug)]
struct Row {
    line: usize,
    step: Step,
    /// `customer cancel reason`, as the row says it.
    said: String,
    /// One for each column of the story.
    cells: Vec<Cell>,
}

/// What a cell expects.
#[derive(Clone, Debug)]
struct Cell {
    /// Place in the line, in characters, from 1.
    at: usize,
    expected: Expected,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Expected {
    /// Empty: as it was before the row, or nothing where the column speaks of the row alone.
    Unchanged,
    /// `*`: not looked at.
    Anything,
    /// `?`: to be filled in by the program.
    ToFill,
    /// That value, in the column's canonical form.
    Value(String),
}

/// What became of a story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseOutcome {
    /// The story's heading.
    pub title: String,
    /// Whether every row came out as expected.
    pub passed: bool,
    /// Line of the row that failed; of the heading when none did.
    pub line: usize,
    /// Place in that line, in characters, from 1.
    pub column: usize,
    /// The row that failed: `customer cancel reason`; empty when none did.
    pub row: String,
    /// What the failing cells of that row expect: `item confirmed; status confirmed`.
    pub expected: String,
    /// What happened instead, in the same form.
    pub found: String,
    /// What happened up to there, row by row, with what the order's timeline gained.
    pub trace: Vec<String>,
}

impl CaseOutcome {
    /// One line for people: what was expected in which row, and what happened instead.
    pub fn told(&self) -> String {
        if self.passed {
            return format!("{}: as told", self.title);
        }
        format!("{}: after `{}` expected {}, found {}", self.title, self.row, self.expected, self.found)
    }
}

/// Plays every story of a file. `workflow` is an order's; `partner` is the merchant's side that it is coupled to, if it names one.
pub fn run(cases: &Cases, workflow: &Workflow, partner: Option<&Workflow>) -> Vec<CaseOutcome> {
    cases.stories.iter().map(|story| play(story, workflow, partner, None)).collect()
}

/// Plays a table beside a workflow of a set: what cannot be read, and each story that comes out otherwise.
pub fn check(text: &str, workflow: &Workflow, set: &WorkflowSet) -> Vec<Complaint> {
    let played = sides(workflow, text, set).map_err(|c| vec![c]).and_then(|(order, partner)| {
        let cases = read(text, &order, partner.as_deref())?;
        Ok(run(&cases, &order, partner.as_deref()))
    });
    match played {
        Ok(outcomes) => {
            let failed = outcomes.iter().filter(|o| !o.passed);
            failed.map(|o| Complaint::on_line(Code::StoryFails, o.line, "", o.told())).collect()
        }
        Err(complaints) => complaints,
    }
}

/// The order's workflow and the merchant's side that a table is played with.
///
/// # Errors
/// A merchant's table that does not say with which order's workflow, or with one that is not in the set.
pub fn sides(
    workflow: &Workflow,
    text: &str,
    set: &WorkflowSet,
) -> Result<(Arc<Workflow>, Option<Arc<Workflow>>), Complaint> {
    if workflow.kind == Kind::Order {
        return Ok((Arc::new(workflow.clone()), set.partner_of(workflow).cloned()));
    }
    if workflow.kind == Kind::Dispute {
        let message =
            "a dispute has no table: its stories need an order around it; docs/disputes.md says how it is tested";
        return Err(Complaint::on_line(Code::WrongTable, 1, "", message));
    }
    let Some(name) = order_workflow(text) else {
        let message = "a merchant's table says which order's workflow it is played with: `with marketplace-split`";
        return Err(Complaint::on_line(Code::WrongTable, 1, "", message));
    };
    let missing = || {
        let message = format!("there is no workflow `{name}` to play this table with");
        Complaint::on_line(Code::WrongTable, 1, "", message)
    };
    Ok((set.get(name).ok_or_else(missing)?.clone(), Some(Arc::new(workflow.clone()))))
}

/// Takes what a cell that asks is answered: line, number of the column, value.
type Fill<'f> = &'f mut dyn FnMut(usize, usize, &str);

/// Plays one story up to the first row that comes out otherwise. A cell that says `?` is answered through `fill`, or fails.
fn play(story: &Story, workflow: &Workflow, partner: Option<&Workflow>, mut fill: Option<Fill<'_>>) -> CaseOutcome {
    let mut out = CaseOutcome {
        title: story.title.clone(),
        passed: true,
        line: story.line,
        column: 1,
        row: String::new(),
        expected: String::new(),
        found: String::new(),
        trace: Vec::new(),
    };
    let mut bench: Option<Bench<'_>> = None;
    let mut before: Vec<String> = vec![String::new(); story.columns.len()];
    for row in &story.rows {
        let refused = match &mut bench {
            None => match Bench::place(&story.given, workflow, partner) {
                Ok(placed) => {
                    bench = Some(placed);
                    None
                }
                Err(refusal) => return failed(out, row, 1, "an order".to_owned(), format!("a refusal: {refusal}")),
            },
            Some(bench) => bench.take(&row.step),
        };
        let Some(bench) = &mut bench else { return out };
        out.trace.push(format!("line {}: {}{}", row.line, row.said, told(bench, refused.as_deref())));
        let mut wrong: Vec<(usize, String, String)> = Vec::new();
        if let Some(refusal) = &refused
            && !story.columns.contains(&Column::Refused)
        {
            wrong.push((1, "that it is done".to_owned(), format!("refused: {refusal}")));
        }
        for (n, (column, cell)) in story.columns.iter().zip(&row.cells).enumerate() {
            let found = bench.shows(*column, refused.as_deref());
            let expected = match &cell.expected {
                Expected::Anything => None,
                Expected::ToFill => match &mut fill {
                    Some(fill) => {
                        fill(row.line, n, &found);
                        None
                    }
                    None => Some("? (to be filled in: orderwright workflow cases --fill)".to_owned()),
                },
                Expected::Unchanged if column.of_the_row() => Some(String::new()),
                Expected::Unchanged => Some(before[n].clone()),
                Expected::Value(value) => Some(value.clone()),
            };
            if let Some(expected) = expected.filter(|e| *e != found) {
                wrong.push((cell.at, said(*column, &expected), said(*column, &found)));
            }
            before[n] = found;
        }
        if let Some((at, ..)) = wrong.first() {
            let at = *at;
            let (expected, found): (Vec<_>, Vec<_>) = wrong.into_iter().map(|(_, e, f)| (e, f)).unzip();
            return failed(out, row, at, expected.join("; "), found.join("; "));
        }
        bench.row_is_over();
    }
    out
}

fn failed(out: CaseOutcome, row: &Row, column: usize, expected: String, found: String) -> CaseOutcome {
    CaseOutcome { passed: false, line: row.line, column, row: row.said.clone(), expected, found, ..out }
}

fn said(column: Column, value: &str) -> String {
    let value = if value.is_empty() { column::NOTHING } else { value };
    format!("{} {value}", column.name())
}

fn told(bench: &Bench<'_>, refused: Option<&str>) -> String {
    match (refused, bench.news()) {
        (Some(refusal), _) => format!(" → refused: {refusal}"),
        (None, []) => String::new(),
        (None, news) => format!(" → {}", news.join(" · ")),
    }
}
