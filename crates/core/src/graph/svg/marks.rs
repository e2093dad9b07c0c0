//! Small marks (a clock, a bolt, a tick, a cross, a wheel), the coloured tags of roles, and the legend that explains those that occur.
//!
//! Marks are drawn, not written: a font may lack them.

use std::fmt::Write as _;

use super::n;
use super::text::{escape, width};
use crate::graph::{Graph, Trigger};

/// Width and height of a mark and of a tag.
pub const MARK: f64 = 12.0;

/// A mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A timer.
    Clock,
    /// An automatic step.
    Bolt,
    /// An effect succeeded.
    Tick,
    /// An effect failed.
    Cross,
    /// An effect runs.
    Wheel,
    /// Comes back to the same state.
    Loop,
    /// Done on entering.
    Step,
}

/// Draws a mark with its upper left corner there.
pub fn mark(out: &mut String, mark: Mark, x: f64, y: f64) {
    let (class, path) = match mark {
        Mark::Clock => (" wf-t", "M6 1a5 5 0 1 0 .01 0zM6 3.4V6l1.9 1.4"),
        Mark::Bolt => ("", "M7 .8L2.8 6.8h3L5 11.2l4.2-6h-3z"),
        Mark::Tick => (" wf-d", "M1.8 6.4l2.8 3L10.2 2.8"),
        Mark::Cross => (" wf-e", "M2.4 2.4l7.2 7.2M9.6 2.4L2.4 9.6"),
        Mark::Wheel => (
            " wf-r",
            "M6 3.6a2.4 2.4 0 1 0 .01 0zM6 .6v1.6M6 9.8v1.6M.6 6h1.6M9.8 6h1.6M2.2 2.2l1.1 1.1M8.7 8.7l1.1 1.1M9.8 2.2L8.7 3.3M3.3 8.7L2.2 9.8",
        ),
        Mark::Loop => ("", "M9.6 3.4A4.6 4.6 0 1 0 10.6 6M10.4 1v2.6H7.8"),
        Mark::Step => ("", "M2 6h7M6.4 3.2L9.4 6l-3 2.8"),
    };
    let _ = write!(out, "<path class=\"wf-mark{class}\" transform=\"translate({},{})\" d=\"{path}\"/>", n(x), n(y));
}

/// The letter and the colour of a role.
fn tag_of(role: &str) -> (String, &'static str) {
    let class = match role {
        "operator" => "operator",
        "retailer" => "retailer",
        "merchant" => "merchant",
        "customer" => "customer",
        "import" => "import",
        _ => "other",
    };
    (role.chars().next().map(|c| c.to_uppercase().collect()).unwrap_or_default(), class)
}

/// Draws the tag of a role with its upper left corner there.
pub fn tag(out: &mut String, role: &str, x: f64, y: f64) {
    let (letter, class) = tag_of(role);
    let _ = write!(
        out,
        "<g class=\"wf-tag\"><rect class=\"wf-tag-{class}\" x=\"{}\" y=\"{}\" width=\"12\" height=\"12\" rx=\"3\"/><text x=\"{}\" y=\"{}\">{}</text></g>",
        n(x),
        n(y),
        n(x + 6.0),
        n(y + 9.2),
        escape(&letter)
    );
}

/// An entry of the legend.
pub enum Entry {
    /// A role's tag.
    Role(String),
    /// A mark.
    Mark(Mark, &'static str),
    /// A piece of a line, by its class.
    Line(&'static str, &'static str),
    /// A box, by its class, and whether its rim is double.
    Box(&'static str, bool, &'static str),
}

/// What the picture needs explained.
pub fn legend(graph: &Graph) -> Vec<Entry> {
    let nodes = || graph.machines.iter().flat_map(|m| &m.nodes);
    let edges = || graph.machines.iter().flat_map(|m| &m.edges);
    let mut entries = Vec::new();
    if edges().any(|e| e.happy) {
        entries.push(Entry::Line("wf-line wf-happy", "when all goes well"));
    }
    let mut roles: Vec<&String> = Vec::new();
    for role in edges().flat_map(|e| &e.by) {
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    let known = ["customer", "merchant", "operator", "retailer", "import"];
    roles.sort_by_key(|r| (known.iter().position(|k| k == r).unwrap_or(known.len()), r.as_str()));
    entries.extend(roles.into_iter().map(|r| Entry::Role(r.clone())));
    if edges().any(|e| matches!(e.trigger, Trigger::After(_))) {
        entries.push(Entry::Mark(Mark::Clock, "after a time"));
    }
    if edges().any(|e| e.trigger == Trigger::Always) {
        entries.push(Entry::Mark(Mark::Bolt, "by itself"));
    }
    if nodes().any(|n| n.invoke.is_some()) {
        entries.push(Entry::Mark(Mark::Wheel, "runs while the state lasts"));
    }
    if edges().any(|e| e.trigger == Trigger::Done) {
        entries.push(Entry::Mark(Mark::Tick, "it succeeded"));
    }
    if edges().any(|e| e.trigger == Trigger::Error) {
        entries.push(Entry::Mark(Mark::Cross, "it failed"));
    }
    if nodes().any(|n| !n.entry.is_empty()) {
        entries.push(Entry::Mark(Mark::Step, "done on entering"));
    }
    if edges().any(|e| e.from == e.to) {
        entries.push(Entry::Mark(Mark::Loop, "stays in the state"));
    }
    if nodes().any(|n| n.is_final) {
        entries.push(Entry::Box("wf-state", true, "may end here"));
    }
    if nodes().any(|n| n.shows_as.is_some()) {
        entries.push(Entry::Box("wf-state wf-inner", false, "shows as another status"));
    }
    if nodes().any(|n| n.unhappy) {
        entries.push(Entry::Box("wf-state wf-unhappy", false, "an end that nobody hoped for"));
    }
    entries
}

/// Draws the legend in rows of that width; its text and height.
pub fn place(entries: &[Entry], left: f64, most: f64) -> (String, f64) {
    if entries.is_empty() {
        return (String::new(), 0.0);
    }
    let _ = left;
    let mut out = String::new();
    let (mut x, mut y) = (0.0, 4.0);
    for entry in entries {
        let (wide, words) = match entry {
            Entry::Role(role) => (MARK, role.as_str()),
            Entry::Mark(_, words) => (MARK, *words),
            Entry::Line(_, words) | Entry::Box(_, _, words) => (26.0, *words),
        };
        let whole = wide + 6.0 + width(words, 11.0, false) + 18.0;
        if x > 0.0 && x + whole > most {
            x = 0.0;
            y += 22.0;
        }
        match entry {
            Entry::Role(role) => tag(&mut out, role, x, y),
            Entry::Mark(m, _) => mark(&mut out, *m, x, y),
            Entry::Line(class, _) => {
                let _ = write!(out, "<path class=\"{class}\" d=\"M{} {}h26\"/>", n(x), n(y + 6.0));
            }
            Entry::Box(class, double, _) => {
                let _ = write!(
                    out,
                    "<g class=\"{class}\"><rect class=\"wf-box\" x=\"{}\" y=\"{}\" width=\"26\" height=\"14\" rx=\"4\"/>",
                    n(x),
                    n(y - 1.0)
                );
                if *double {
                    let _ = write!(
                        out,
                        "<rect class=\"wf-box wf-rim\" x=\"{}\" y=\"{}\" width=\"20\" height=\"8\" rx=\"2\"/>",
                        n(x + 3.0),
                        n(y + 2.0)
                    );
                }
                out.push_str("</g>");
            }
        }
        let _ = writeln!(
            out,
            "<text class=\"wf-plain\" x=\"{}\" y=\"{}\">{}</text>",
            n(x + wide + 6.0),
            n(y + 10.0),
            escape(words)
        );
        x += whole;
    }
    (out, y + 22.0)
}
