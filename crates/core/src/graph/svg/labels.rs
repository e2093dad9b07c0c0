//! The labels of lines: what sets a transition off, who may do it, and under which condition. Several transitions between the same two states are rows of one
//! label.

use std::fmt::Write as _;

use super::marks::{self, MARK, Mark};
use super::n;
use super::text::{escape, width, wrap};
use crate::graph::{Edge, Trigger};

/// The widest that a label's words may be.
const WIDEST: f64 = 190.0;
/// From one row to the next.
const ROW: f64 = 15.0;
/// Inside of a label, above and below.
const PAD: f64 = 3.0;

/// A label, measured.
#[derive(Clone, Debug)]
pub struct Label {
    rows: Vec<Row>,
    /// Pixels.
    pub width: f64,
    /// Pixels.
    pub height: f64,
}

/// A row: marks and tags first, so that words of any font fit after them.
#[derive(Clone, Debug, Default)]
pub struct Row {
    mark: Option<Mark>,
    tags: Vec<String>,
    class: &'static str,
    words: String,
    bold: bool,
    indent: f64,
}

impl Row {
    fn lead(&self) -> f64 {
        let parts = usize::from(self.mark.is_some()) + self.tags.len();
        self.indent + parts as f64 * (MARK + 3.0)
    }

    /// Pixels.
    pub fn width(&self) -> f64 {
        self.lead() + width(&self.words, 11.5, self.bold)
    }

    /// Draws it with its left end and its middle there.
    pub fn draw(&self, out: &mut String, x: f64, y: f64) {
        let mut at = x + self.indent;
        if let Some(mark) = self.mark {
            marks::mark(out, mark, at, y - 6.0);
            at += MARK + 3.0;
        }
        for role in &self.tags {
            marks::tag(out, role, at, y - 6.0);
            at += MARK + 3.0;
        }
        if !self.words.is_empty() {
            let _ = write!(
                out,
                "<text class=\"{}\" x=\"{}\" y=\"{}\">{}</text>",
                self.class,
                n(at),
                n(y + 4.0),
                escape(&self.words)
            );
        }
    }
}

/// The rows of a transition.
pub fn rows(edge: &Edge) -> Vec<Row> {
    let condition = edge.guard.as_deref();
    let (mark, class, bold, head, mut rest) = match (&edge.trigger, &edge.event) {
        (Trigger::Event, event) => {
            (None, "wf-event", true, event.clone().unwrap_or_default(), condition.map(|g| format!("if {g}")))
        }
        (Trigger::After(time), event) => {
            let more = [event.clone(), condition.map(|g| format!("if {g}"))];
            let more: Vec<String> = more.into_iter().flatten().collect();
            let rest = (!more.is_empty()).then(|| more.join(" "));
            (Some(Mark::Clock), "wf-time", true, format!("after {time}"), rest)
        }
        (Trigger::Always, Some(event)) => {
            (Some(Mark::Bolt), "wf-event", true, event.clone(), condition.map(|g| format!("if {g}")))
        }
        (Trigger::Always, None) => {
            let words = condition.map_or_else(|| "at once".to_owned(), |g| format!("when {g}"));
            (Some(Mark::Bolt), "wf-plain", false, words, None)
        }
        (Trigger::Done, _) => {
            (Some(Mark::Tick), "wf-done", true, "success".to_owned(), condition.map(|g| format!("if {g}")))
        }
        (Trigger::Error, _) => {
            (Some(Mark::Cross), "wf-fail", true, "failure".to_owned(), condition.map(|g| format!("if {g}")))
        }
    };
    if !edge.requires.is_empty() {
        let needs = format!("with {}", edge.requires.join(", "));
        rest = Some(rest.map_or(needs.clone(), |r| format!("{r}, {needs}")));
    }
    let lead = Row { mark, tags: edge.by.clone(), ..Row::default() };
    let indent = lead.lead();
    let mut rows: Vec<Row> = wrap(&head, 11.5, bold, WIDEST - indent, 4)
        .into_iter()
        .map(|words| Row { class, words, bold, indent, ..Row::default() })
        .collect();
    match rows.first_mut() {
        Some(first) => *first = Row { mark: lead.mark, tags: lead.tags, indent: 0.0, ..first.clone() },
        None => rows.push(lead),
    }
    for more in rest.iter().chain(&edge.does) {
        let more = more.replace("→ ", "→\u{a0}").replace("← ", "←\u{a0}");
        let lines = wrap(&more, 11.0, false, WIDEST - indent, 5);
        rows.extend(lines.into_iter().map(|words| Row { class: "wf-plain", words, indent, ..Row::default() }));
    }
    rows
}

impl Label {
    /// Measures the label of these transitions.
    pub fn of(edges: &[&Edge]) -> Self {
        let mut said: Vec<String> = Vec::new();
        let mut news = |edge: &Edge| {
            let text = format!("{:?} {}", edge.trigger, edge.text());
            let new = !said.contains(&text);
            said.push(text);
            new
        };
        let rows: Vec<Row> = edges.iter().filter(|e| news(e)).flat_map(|e| rows(e)).collect();
        let width = rows.iter().map(Row::width).fold(0.0, f64::max) + 4.0;
        let height = rows.len() as f64 * ROW + 2.0 * PAD;
        Self { rows, width, height }
    }

    /// Draws it around that centre.
    pub fn draw(&self, out: &mut String, x: f64, y: f64) {
        let left = x - self.width / 2.0 + 2.0;
        let top = y - self.height / 2.0 + PAD;
        for (nth, row) in self.rows.iter().enumerate() {
            row.draw(out, left, top + ROW * (nth as f64 + 0.5));
        }
        out.push('\n');
    }
}
