//! Fills in what a table asks: a cell that says `?` gets what happens, and the columns are aligned.
//!
//! Only a cell that asks is changed. A table is filled to be read by somebody who knows what should have happened: what is written here
//! is what the workflow does, not what it ought to do.

use std::collections::BTreeMap;

use super::column::{Column, NOTHING};
use super::read::{Line, line, read};
use super::{Story, play};
use crate::workflow::complaint::Complaint;
use crate::workflow::model::Workflow;

/// The file with every `?` filled in and its tables aligned. Stories are played to their first row that fails; what comes after it stays.
pub fn fill(text: &str, workflow: &Workflow, partner: Option<&Workflow>) -> Result<String, Vec<Complaint>> {
    let cases = read(text, workflow, partner)?;
    let mut filled: BTreeMap<(usize, usize), String> = BTreeMap::new();
    for story in &cases.stories {
        let mut previous: Vec<String> = Vec::new();
        let mut fill = |line: usize, column: usize, found: &str| {
            filled.insert((line, column), short(story, line, column, found, &mut previous));
        };
        play(story, workflow, partner, Some(&mut fill));
    }
    let mut out: Vec<String> = Vec::new();
    let mut table: Vec<Vec<String>> = Vec::new();
    for (n, text) in text.lines().enumerate() {
        if let Line::Cells(cells) = line(text) {
            let cell = |(column, (_, cell)): (usize, &(usize, &str))| -> String {
                let asks = column.checked_sub(3).filter(|_| *cell == "?");
                asks.and_then(|c| filled.get(&(n + 1, c)).cloned()).unwrap_or_else(|| (*cell).to_owned())
            };
            table.push(cells.iter().enumerate().map(cell).collect());
            continue;
        }
        align(&mut table, &mut out);
        out.push(text.trim_end().to_owned());
    }
    align(&mut table, &mut out);
    Ok(out.join("\n") + "\n")
}

/// What is written for a value: nothing where it is as in the row before.
fn short(story: &Story, line: usize, column: usize, found: &str, previous: &mut Vec<String>) -> String {
    let first = story.rows.first().is_some_and(|r| r.line == line);
    let said = if found.is_empty() { NOTHING } else { found };
    previous.resize(story.columns.len(), String::new());
    let known = std::mem::replace(&mut previous[column], found.to_owned());
    let of_the_row = story.columns.get(column).is_some_and(|c: &Column| c.of_the_row());
    match (of_the_row, first) {
        (true, _) => found.to_owned(),
        (false, true) => said.to_owned(),
        (false, false) if known == found => String::new(),
        (false, false) => said.to_owned(),
    }
}

/// Writes the rows of a table under each other.
fn align(table: &mut Vec<Vec<String>>, out: &mut Vec<String>) {
    let columns = table.iter().map(Vec::len).max().unwrap_or(0);
    let width = |c: usize| table.iter().filter_map(|row| row.get(c)).map(|t| t.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in table.drain(..) {
        let cells = row.iter().zip(&widths).map(|(text, width)| format!("{text:width$}", width = *width));
        out.push(cells.collect::<Vec<_>>().join(" | ").trim_end().to_owned());
    }
}
