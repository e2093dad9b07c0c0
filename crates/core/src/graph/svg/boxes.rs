//! The boxes of states: the label, the name for programs, what runs and what is done there, and who is there now.

use std::fmt::Write as _;

use super::labels::{self, Row};
use super::marks::{self, MARK, Mark};
use super::n;
use super::text::{escape, width, wrap};
use crate::graph::{Edge, Node};
use crate::time::Span;

/// The widest that the words of a box may be.
const WIDEST: f64 = 190.0;
/// The narrowest that a box is.
const NARROWEST: f64 = 96.0;

/// A box, measured.
#[derive(Clone, Debug)]
pub struct Drawn {
    label: Vec<String>,
    small: Vec<String>,
    steps: Vec<(Mark, &'static str, String)>,
    loops: Vec<Row>,
    live: Option<(String, String)>,
    /// Pixels.
    pub width: f64,
    /// Pixels.
    pub height: f64,
}

impl Drawn {
    /// Measures a state with the transitions that stay in it.
    pub fn of(node: &Node, loops: &[&Edge]) -> Self {
        let label = wrap(&node.label, 13.0, true, WIDEST, 3);
        let same = |a: &str, b: &str| {
            a.to_lowercase().replace(['_', '-', ' '], "") == b.to_lowercase().replace(['_', '-', ' '], "")
        };
        let mut small = Vec::new();
        if !same(&node.name, &node.label) {
            small.extend(wrap(&node.name, 10.5, false, WIDEST, 2));
        }
        if let Some(status) = &node.shows_as {
            small.extend(wrap(&format!("shows as {status}"), 10.5, false, WIDEST, 2));
        }
        let invoke = node.invoke.iter().map(|e| (Mark::Wheel, "wf-effect", e.clone()));
        let entry = node.entry.iter().map(|e| (Mark::Step, "wf-small", e.clone()));
        let mut steps = Vec::new();
        for (mark, class, words) in invoke.chain(entry) {
            let first = wrap(&words, 10.5, false, WIDEST - MARK - 4.0, 1);
            steps.extend(first.into_iter().map(|line| (mark, class, line)));
        }
        let loops: Vec<Row> = loops.iter().flat_map(|e| labels::rows(e)).collect();
        let live = node.live.map(|live| {
            let ages = if live.count == 0 {
                String::new()
            } else {
                format!("oldest {} · half {}", age(live.oldest), age(live.median))
            };
            (live.count.to_string(), ages)
        });
        let lines = label.iter().map(|l| width(l, 13.0, true)).chain(small.iter().map(|l| width(l, 10.5, false)));
        let steps_width = steps.iter().map(|(.., l)| width(l, 10.5, false) + MARK + 4.0);
        let loops_width = loops.iter().map(|r| r.width() + MARK + 3.0);
        let live_width = live.iter().map(|(c, a)| width(c, 11.0, true) + 20.0 + width(a, 10.5, false));
        let widest = lines.chain(steps_width).chain(loops_width).chain(live_width).fold(NARROWEST, f64::max);
        let height = 14.0
            + 17.0 * label.len() as f64
            + 14.0 * (small.len() + steps.len()) as f64
            + 15.0 * loops.len() as f64
            + if live.is_some() { 20.0 } else { 0.0 };
        Self { label, small, steps, loops, live, width: widest + 26.0, height: height + 4.0 }
    }

    /// Draws it around that centre.
    pub fn draw(&self, out: &mut String, node: &Node, x: f64, y: f64) {
        let mut class = String::from("wf-state");
        for (is, word) in [
            (node.happy, " wf-happy"),
            (node.unhappy && !node.happy, " wf-unhappy"),
            (node.invoke.is_some(), " wf-run"),
            (node.shows_as.is_some(), " wf-inner"),
        ] {
            if is {
                class.push_str(word);
            }
        }
        let (left, top) = (x - self.width / 2.0, y - self.height / 2.0);
        let _ = write!(out, "<g class=\"{class}\"><title>{}</title>", escape(&tip(node)));
        let _ = write!(
            out,
            "<rect class=\"wf-box\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"9\"/>",
            n(left),
            n(top),
            n(self.width),
            n(self.height)
        );
        if node.is_final {
            let _ = write!(
                out,
                "<rect class=\"wf-box wf-rim\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"6\"/>",
                n(left + 3.5),
                n(top + 3.5),
                n(self.width - 7.0),
                n(self.height - 7.0)
            );
        }
        if node.initial {
            // Where it begins: a dot on the upper rim.
            let _ = write!(out, "<circle class=\"wf-tip wf-happy\" cx=\"{}\" cy=\"{}\" r=\"5\"/>", n(x), n(top));
        }
        let mut at = top + 9.0;
        let text = |out: &mut String, class: &str, x: f64, y: f64, words: &str| {
            let _ = write!(out, "<text class=\"{class}\" x=\"{}\" y=\"{}\">{}</text>", n(x), n(y), escape(words));
        };
        for line in &self.label {
            text(out, "wf-name wf-mid", x, at + 13.0, line);
            at += 17.0;
        }
        for line in &self.small {
            text(out, "wf-small wf-mid", x, at + 11.0, line);
            at += 14.0;
        }
        let widest = self.steps.iter().map(|(.., l)| width(l, 10.5, false) + MARK + 4.0).fold(0.0, f64::max);
        for (mark, class, words) in &self.steps {
            marks::mark(out, *mark, x - widest / 2.0, at + 1.0);
            text(out, class, x - widest / 2.0 + MARK + 4.0, at + 11.0, words);
            at += 14.0;
        }
        for row in &self.loops {
            marks::mark(out, Mark::Loop, left + 12.0, at + 1.5);
            row.draw(out, left + 12.0 + MARK + 3.0, at + 7.5);
            at += 15.0;
        }
        if let Some((count, ages)) = &self.live {
            let pill = width(count, 11.0, true) + 12.0;
            let whole = pill + if ages.is_empty() { 0.0 } else { 6.0 + width(ages, 10.5, false) };
            let start = x - whole / 2.0;
            let _ = write!(
                out,
                "<rect class=\"wf-live\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"16\" rx=\"8\"/>",
                n(start),
                n(at + 2.0),
                n(pill)
            );
            text(out, "wf-count wf-mid", start + pill / 2.0, at + 14.0, count);
            text(out, "wf-age", start + pill + 6.0, at + 14.0, ages);
        }
        out.push_str("</g>\n");
    }
}

/// What the pointer shows.
fn tip(node: &Node) -> String {
    let mut tip = format!("{} ({})", node.label, node.name);
    if !node.tags.is_empty() {
        let _ = write!(tip, "\ntags: {}", node.tags.join(", "));
    }
    if node.is_final {
        tip.push_str("\nmay end here");
    }
    tip
}

/// A length of time in its largest unit: `12d`, `5h`, `30m`.
pub fn age(span: Span) -> String {
    let seconds = span.0.max(0) / 1_000_000;
    match seconds {
        s if s >= 2 * 86_400 => format!("{}d", s / 86_400),
        s if s >= 2 * 3_600 => format!("{}h", s / 3_600),
        s if s >= 60 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}
