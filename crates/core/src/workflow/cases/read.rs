//! Reads a table: every mistake has its line and column, and all come at once.

use super::bench::{REFUSALS, events};
use super::column::{Column, NOTHING, Shape};
use super::given::{Given, amount};
use super::step::{Part, Step, step};
use super::{Cases, Cell, Expected, Row, Story};
use crate::time::Span;
use crate::workflow::code::Code;
use crate::workflow::complaint::{Complaint, not_allowed, shown};
use crate::workflow::model::{Machine, Workflow};

/// The largest file, in bytes.
const MAX_FILE: usize = 512 * 1024;
/// The most complaints that one file gets.
const MAX_COMPLAINTS: usize = 100;
/// The first three headings.
const INPUTS: [&str; 3] = ["who", "event", "with"];

/// A line of a file, as far as its form goes.
pub(super) enum Line<'t> {
    /// Nothing, or a comment.
    Quiet,
    /// `with marketplace-split`.
    With(&'t str),
    /// `# A customer changes her mind`.
    Heading(&'t str),
    /// `given …`.
    Given(&'t str),
    /// Cells between bars, each with its place in characters from 1.
    Cells(Vec<(usize, &'t str)>),
    /// Something else.
    Other,
}

/// Takes a line apart.
pub(super) fn line(text: &str) -> Line<'_> {
    let trimmed = text.trim();
    if trimmed.is_empty() || trimmed.starts_with("//") {
        return Line::Quiet;
    }
    if let Some(title) = trimmed.strip_prefix('#') {
        return Line::Heading(title.trim());
    }
    if trimmed.contains('|') {
        let mut at = 1;
        let cells = text.split('|').map(|cell| {
            let lead = cell.chars().take_while(|c| c.is_whitespace()).count();
            let place = if cell.trim().is_empty() { at } else { at + lead };
            at += cell.chars().count() + 1;
            (place, cell.trim())
        });
        return Line::Cells(cells.collect());
    }
    match trimmed.split_once(char::is_whitespace) {
        Some(("given", rest)) => Line::Given(rest.trim()),
        Some(("with", rest)) => Line::With(rest.trim()),
        _ => Line::Other,
    }
}

/// The order's workflow that a merchant's table is played with: `with marketplace-split` at its top.
pub fn order_workflow(text: &str) -> Option<&str> {
    text.lines().find_map(|text| match line(text) {
        Line::With(name) => Some(name),
        _ => None,
    })
}

/// Reads the stories of a file with the words of the workflow that they are about; `workflow` is an order's, `partner` the merchant's
/// side that it is coupled to.
pub fn read(text: &str, workflow: &Workflow, partner: Option<&Workflow>) -> Result<Cases, Vec<Complaint>> {
    if text.len() > MAX_FILE {
        let message = format!("the file has {} KiB; at most {} are read", text.len() / 1024, MAX_FILE / 1024);
        return Err(vec![Complaint::on_line(Code::WrongTable, 1, "", message)]);
    }
    let mut reader = Reader {
        workflow,
        partner,
        events: known_events(workflow, partner),
        complaints: Vec::new(),
        title: String::new(),
        stories: Vec::new(),
    };
    let mut open: Option<Open> = None;
    for (n, text) in text.lines().enumerate() {
        let at = n + 1;
        match line(text) {
            Line::Quiet => {}
            Line::With(_) if open.is_none() => {}
            Line::Heading(title) => {
                reader.close(open.take());
                title.clone_into(&mut reader.title);
                if title.is_empty() {
                    reader.complain(at, 1, "a story has a title: `# A customer changes her mind`");
                }
                open = Some(Open { line: at, ..Open::default() });
            }
            Line::Given(phrases) => match &mut open {
                None => reader.complain(at, 1, "a story begins with a heading: `# A customer changes her mind`"),
                Some(story) if !story.columns.is_empty() => {
                    reader.complain(at, 1, "`given` stands before the table; begin another story for another order");
                }
                Some(story) => reader.given(at, text, phrases, story),
            },
            Line::Cells(cells) => match &mut open {
                None => reader.complain(at, 1, "a story begins with a heading: `# A customer changes her mind`"),
                Some(story) if story.columns.is_empty() => reader.heading(at, &cells, story),
                Some(story) => reader.row(at, &cells, story),
            },
            Line::With(_) | Line::Other => reader.complain(
                at,
                1,
                format!(
                    "`{}` is no part of a table; a line is `# a title`, `given …`, cells with `|` between them, or a comment after `//`",
                    shown(text.trim())
                ),
            ),
        }
    }
    reader.close(open.take());
    if reader.stories.is_empty() && reader.complaints.is_empty() {
        reader.complain(1, 1, "there is no story here; a story begins with `# its title`");
    }
    if reader.complaints.is_empty() { Ok(Cases { stories: reader.stories }) } else { Err(reader.complaints) }
}

/// A story that is being read.
#[derive(Default)]
struct Open {
    line: usize,
    given: Given,
    columns: Vec<Column>,
    rows: Vec<Row>,
    /// Whether its heading row was wrong: then its rows mean nothing.
    broken: bool,
}

struct Reader<'w> {
    workflow: &'w Workflow,
    partner: Option<&'w Workflow>,
    events: Vec<&'w str>,
    complaints: Vec<Complaint>,
    title: String,
    stories: Vec<Story>,
}

impl Reader<'_> {
    fn complain(&mut self, line: usize, column: usize, message: impl Into<String>) {
        if self.complaints.len() < MAX_COMPLAINTS {
            let complaint = Complaint::on_line(Code::WrongTable, line, self.title.clone(), message);
            self.complaints.push(Complaint { column, ..complaint });
        }
    }

    fn close(&mut self, open: Option<Open>) {
        let Some(story) = open else { return };
        if story.broken {
            return;
        }
        if story.rows.is_empty() {
            return self.complain(story.line, 1, "this story has no table; its first row is `customer | place | …`");
        }
        if !matches!(story.rows[0].step, Step::Place) {
            let line = story.rows[0].line;
            self.complain(line, 1, "the first row of a story is `customer | place`, and says how things stand then");
        }
        for row in story.rows.iter().skip(1).filter(|r| matches!(r.step, Step::Place)) {
            self.complain(row.line, 1, "an order is placed once; begin another story for another order");
        }
        if let Some(row) = story.rows.first() {
            for (column, cell) in story.columns.iter().zip(&row.cells) {
                if cell.expected == Expected::Unchanged && !column.of_the_row() {
                    let message = format!(
                        "the first row says what `{}` is; write `{NOTHING}` for nothing and `*` for anything",
                        column.name()
                    );
                    self.complain(row.line, cell.at, message);
                }
            }
        }
        let Open { line, given, columns, rows, .. } = story;
        self.stories.push(Story { title: self.title.clone(), line, given: given.complete(), columns, rows });
    }

    fn given(&mut self, at: usize, text: &str, phrases: &str, story: &mut Open) {
        for phrase in phrases.split(',').map(str::trim) {
            if let Err(message) = story.given.phrase(phrase) {
                let byte = text.find(phrase).unwrap_or(0);
                self.complain(at, text[..byte].chars().count() + 1, message);
            }
        }
    }

    fn heading(&mut self, at: usize, cells: &[(usize, &str)], story: &mut Open) {
        let heads: Vec<&str> = cells.iter().take(3).map(|(_, text)| *text).collect();
        if heads != INPUTS {
            story.broken = true;
            story.columns.push(Column::Item);
            return self.complain(
                at,
                1,
                "a table begins with the headings `who | event | with`, then what is expected",
            );
        }
        for (place, name) in &cells[3..] {
            match Column::ALL.iter().find(|(known, ..)| known == name) {
                Some((_, column, _)) if story.columns.contains(column) => {
                    self.complain(at, *place, format!("the column `{name}` stands here twice"));
                }
                Some((_, column, _)) => story.columns.push(*column),
                None => {
                    let names: Vec<&str> = Column::ALL.iter().map(|(n, ..)| *n).collect();
                    self.complain(at, *place, not_allowed(name, "a column", &names));
                    story.broken = true;
                }
            }
        }
        if story.columns.is_empty() {
            story.broken = true;
            story.columns.push(Column::Item);
            self.complain(at, 1, "this table expects nothing; add columns such as `item`, `payment` and `status`");
        }
    }

    fn row(&mut self, at: usize, cells: &[(usize, &str)], story: &mut Open) {
        if story.broken {
            return;
        }
        if let Some((place, _)) = cells.get(3 + story.columns.len()) {
            return self.complain(at, *place, "this row has more cells than the table has columns");
        }
        let cell = |n: usize| cells.get(n).copied().unwrap_or((cells.last().map_or(1, |c| c.0), ""));
        let inputs = [cell(0).1, cell(1).1, cell(2).1];
        let expected: Vec<Cell> = story
            .columns
            .iter()
            .enumerate()
            .map(|(n, column)| {
                let (place, text) = cell(3 + n);
                let expected = match text {
                    "" => Expected::Unchanged,
                    "*" => Expected::Anything,
                    "?" => Expected::ToFill,
                    text => self.value(at, place, *column, text, &story.given),
                };
                Cell { at: place, expected }
            })
            .collect();
        // A row that is refused for a word that nobody knows may use such a word.
        let unknown = story.columns.iter().zip(&expected).any(|(column, cell)| {
            *column == Column::Refused && matches!(&cell.expected, Expected::Value(v) if v == "unknown")
        });
        match step(inputs, &story.given, &self.events, &self.workflow.statuses, unknown) {
            Ok(step) => {
                let said = inputs.iter().filter(|i| !i.is_empty()).copied().collect::<Vec<_>>().join(" ");
                story.rows.push(Row { line: at, step, said, cells: expected });
            }
            Err((part, message)) => {
                let n = match part {
                    Part::Who => 0,
                    Part::Event => 1,
                    Part::With => 2,
                };
                self.complain(at, cell(n).0, message);
                story.broken = true;
            }
        }
    }

    /// A cell's value, after complaints about words that the column cannot show.
    fn value(&mut self, line: usize, place: usize, column: Column, text: &str, given: &Given) -> Expected {
        let value = column.canonical(text);
        let checked = match column {
            Column::Item => self.states(&value, &self.workflow.item),
            Column::Payment => self.workflow.payment.as_ref().map_or(Ok(()), |m| self.states(&value, m)),
            Column::Merchant => match self.partner {
                Some(partner) => self.states(&value, &partner.item),
                None => Err("this workflow has no partner, so there is no merchant's machine".to_owned()),
            },
            Column::Status => {
                let names: Vec<&str> = self.workflow.statuses.iter().map(String::as_str).collect();
                known(&value, "a status of this workflow", &names)
            }
            Column::MerchantStatus if !value.is_empty() => {
                let side = self.partner.unwrap_or(self.workflow);
                let names: Vec<&str> = side.statuses.iter().map(String::as_str).collect();
                known(&value, "a status of the merchant's side", &names)
            }
            Column::Held | Column::Captured | Column::Refunded if !value.is_empty() => {
                return match amount(given.currency, &value) {
                    Ok(minor) => Expected::Value(shown_amount(given, minor)),
                    Err(message) => {
                        self.complain(line, place, message);
                        Expected::Anything
                    }
                };
            }
            Column::Reserved | Column::Firm | Column::Left if !value.is_empty() => {
                value.parse::<u32>().map(|_| ()).map_err(|_| format!("`{}` is not a number of units", shown(&value)))
            }
            Column::Timer if !value.is_empty() => match Span::parse(&value) {
                Some(span) => return Expected::Value(span.to_string()),
                None => {
                    Err(format!("`{}` is not a time; write 7d, 36h or 15m, counted from the placement", shown(&value)))
                }
            },
            Column::Ends => known(&value, "an answer of this column", &["yes", "no"]),
            Column::Refused if !value.is_empty() => {
                let words = REFUSALS.iter().any(|r| value == *r || (*r == "needs" && value.starts_with("needs ")));
                if words { Ok(()) } else { Err(not_allowed(&value, "a refusal", REFUSALS)) }
            }
            Column::May(_) => {
                let words = value.split(", ").filter(|w| !w.is_empty()).map(|w| w.split('(').next().unwrap_or(w));
                words
                    .map(|w| known(w, "an event of this workflow", &self.events))
                    .find(Result::is_err)
                    .unwrap_or(Ok(()))
            }
            Column::Held
            | Column::Captured
            | Column::Refunded
            | Column::Reserved
            | Column::Firm
            | Column::Left
            | Column::Timer
            | Column::Refused
            | Column::MerchantStatus
            | Column::Paid
            | Column::Shipping
            | Column::Reads(_)
            | Column::Reason
            | Column::Feed => Ok(()),
        };
        if let Err(message) = checked {
            self.complain(line, place, message);
        }
        Expected::Value(value)
    }

    /// Each state that the cell names, alone or behind a line's name.
    fn states(&self, value: &str, machine: &Machine) -> Result<(), String> {
        let names: Vec<&str> = machine.states.iter().map(|s| s.name.as_str()).collect();
        debug_assert_eq!(Column::Item.shape(), Shape::OfLines);
        let parts = value.split("; ").filter(|p| !p.is_empty());
        let mut words =
            parts.map(|part| part.split_once(' ').map_or(part, |(_, state)| state)).filter(|w| *w != NOTHING);
        words.find_map(|word| known(word, "a state of this machine", &names).err()).map_or(Ok(()), Err)
    }
}

/// Every event, and every status where statuses are the events: those are known words even if nothing leads to them.
fn known_events<'w>(workflow: &'w Workflow, partner: Option<&'w Workflow>) -> Vec<&'w str> {
    let mut names = events(workflow, partner);
    if workflow.statuses.iter().any(|s| workflow.item.knows_event(s)) {
        names.extend(workflow.statuses.iter().map(String::as_str));
        names.sort_unstable();
        names.dedup();
    }
    names
}

fn known(word: &str, what: &str, allowed: &[&str]) -> Result<(), String> {
    if allowed.contains(&word) { Ok(()) } else { Err(not_allowed(word, what, allowed)) }
}

/// An amount as the bench shows it.
fn shown_amount(given: &Given, minor: i64) -> String {
    match minor {
        0 => String::new(),
        minor => given.currency.show(minor).split_once(' ').map_or(String::new(), |(_, amount)| amount.to_owned()),
    }
}
