//! A picture as SVG: one text without scripts and without anything from elsewhere, light or dark as the reader's screen is.
//!
//! It can be opened alone, put into a page as an image, or inlined. Here machines are framed and put side by side; boxes are `boxes`',
//! labels of lines `labels`', marks and the legend `marks`'.

mod boxes;
mod labels;
mod marks;
mod style;
mod text;

use std::fmt::Write as _;

use super::layout::{self, Line, Plan, PlanLine, Stroke};
use super::{Edge, Graph, Machine, Trigger};
use boxes::Drawn;
use labels::Label;
use text::{escape, width};

/// Between frames, and around everything.
const SPACE: f64 = 20.0;
/// Inside a frame.
const PADDING: f64 = 16.0;
/// How much higher than the first machine the others may be when they are put below each other.
const STACK: f64 = 1.5;
/// The head of a frame.
const FRAME_HEAD: f64 = 34.0;

/// Draws a graph.
pub fn svg(graph: &Graph) -> String {
    let panels: Vec<Panel<'_>> = graph.machines.iter().map(Panel::of).collect();
    let legend = marks::legend(graph);
    let head = 62.0;
    let (places, inner, tall) = side_by_side(&panels);
    let title_width = width(&graph.title, 20.0, true).max(width(&graph.subtitle, 12.0, false));
    let all_width = inner.max(title_width).max(360.0) + 2.0 * SPACE;
    let (legend, legend_height) = marks::place(&legend, SPACE, all_width - 2.0 * SPACE);
    let all_height = head + tall + SPACE + legend_height + SPACE;
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"wf\" role=\"img\" aria-labelledby=\"wf-title wf-desc\" \
         viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\">",
        w = n(all_width.ceil()),
        h = n(all_height.ceil())
    );
    let _ = writeln!(out, "<title id=\"wf-title\">{}</title>", escape(&graph.title));
    let _ = writeln!(out, "<desc id=\"wf-desc\">{}</desc>", escape(&describe(graph)));
    let _ = writeln!(out, "<style>{}</style>", style::CSS);
    let _ = writeln!(out, "<rect class=\"wf-page\" width=\"100%\" height=\"100%\"/>");
    let _ = writeln!(out, "<text class=\"wf-h1\" x=\"{}\" y=\"34\">{}</text>", n(SPACE), escape(&graph.title));
    let _ = writeln!(out, "<text class=\"wf-sub\" x=\"{}\" y=\"52\">{}</text>", n(SPACE), escape(&graph.subtitle));
    for (panel, (x, y)) in panels.iter().zip(places) {
        panel.draw(&mut out, SPACE + x, head + y);
    }
    let _ = writeln!(out, "<g transform=\"translate({},{})\">", n(SPACE), n(head + tall + SPACE));
    out.push_str(&legend);
    out.push_str("</g>\n</svg>\n");
    out
}

/// The places of the panels, and the width and height of them all: side by side, but the second and later ones below each other where that is no
/// higher than the first.
fn side_by_side(panels: &[Panel<'_>]) -> (Vec<(f64, f64)>, f64, f64) {
    let rest = panels.get(1..).unwrap_or_default();
    let stacked = rest.iter().map(|p| p.height + SPACE).sum::<f64>() - SPACE;
    let stack = rest.len() > 1 && stacked <= panels[0].height * STACK;
    let (mut x, mut y) = (0.0, 0.0);
    let (mut wide, mut tall) = (0.0_f64, 0.0_f64);
    let mut places = Vec::with_capacity(panels.len());
    for (nth, panel) in panels.iter().enumerate() {
        places.push((x, y));
        wide = wide.max(x + panel.width);
        tall = tall.max(y + panel.height);
        if stack && nth > 0 {
            y += panel.height + SPACE;
        } else {
            x += panel.width + SPACE;
        }
    }
    (places, wide, tall)
}

/// What a reader who does not see the picture is told.
fn describe(graph: &Graph) -> String {
    let mut out = String::new();
    for machine in &graph.machines {
        let _ = write!(out, "{}: {} states. ", machine.title, machine.nodes.len());
        let happy = machine.edges.iter().filter(|e| e.happy);
        let mut path: Vec<&str> = Vec::new();
        for edge in happy {
            for end in [edge.from, edge.to] {
                let label = machine.nodes.get(end).map_or("", |n| n.label.as_str());
                if path.last() != Some(&label) {
                    path.push(label);
                }
            }
        }
        if !path.is_empty() {
            let _ = write!(out, "When all goes well: {}. ", path.join(", "));
        }
        for (from, to, edges) in machine.lines() {
            let how: Vec<String> = edges.iter().map(|e| e.text()).collect();
            let (from, to) = (&machine.nodes[from].label, &machine.nodes[to].label);
            let _ = write!(out, "{from} to {to}: {}. ", how.join("; "));
        }
    }
    out.trim_end().to_owned()
}

/// One machine, laid out.
struct Panel<'g> {
    machine: &'g Machine,
    boxes: Vec<Drawn>,
    labels: Vec<Label>,
    /// The transitions of each line.
    edges: Vec<Vec<&'g Edge>>,
    happy: Vec<bool>,
    layout: layout::Layout,
    width: f64,
    height: f64,
}

impl<'g> Panel<'g> {
    fn of(machine: &'g Machine) -> Self {
        let mut loops: Vec<Vec<&Edge>> = vec![Vec::new(); machine.nodes.len()];
        let mut plan = Plan { root: machine.nodes.iter().position(|n| n.initial).unwrap_or(0), ..Plan::default() };
        let (mut labels, mut edges, mut happy) = (Vec::new(), Vec::new(), Vec::new());
        for (from, to, of) in machine.lines() {
            if from == to {
                loops[from] = of;
                continue;
            }
            let label = Label::of(&of);
            let is_happy = of.iter().any(|e| e.happy);
            plan.lines.push(PlanLine { from, to, label: (label.width, label.height), happy: is_happy });
            labels.push(label);
            edges.push(of);
            happy.push(is_happy);
        }
        let boxes: Vec<Drawn> = machine.nodes.iter().zip(&loops).map(|(n, l)| Drawn::of(n, l)).collect();
        plan.boxes = boxes.iter().map(|b| (b.width, b.height)).collect();
        let layout = layout::lay_out(&plan);
        let title = width(&machine.title, 13.0, true);
        let width = layout.width.max(title) + 2.0 * PADDING;
        let height = layout.height + FRAME_HEAD + PADDING;
        Self { machine, boxes, labels, edges, happy, layout, width, height }
    }

    fn draw(&self, out: &mut String, x: f64, y: f64) {
        let _ = writeln!(out, "<g transform=\"translate({},{})\">", n(x), n(y));
        let _ = writeln!(
            out,
            "<rect class=\"wf-frame\" width=\"{}\" height=\"{}\" rx=\"12\"/>",
            n(self.width),
            n(self.height)
        );
        let _ =
            writeln!(out, "<text class=\"wf-h2\" x=\"{}\" y=\"24\">{}</text>", n(PADDING), escape(&self.machine.title));
        let aside = (self.width - self.layout.width) / 2.0;
        let _ = writeln!(out, "<g transform=\"translate({},{})\">", n(aside), n(FRAME_HEAD));
        // The happy path lies on top.
        for happy in [false, true] {
            for line in self.layout.lines.iter().filter(|l| self.is_happy(l) == happy) {
                self.line(out, line);
            }
        }
        for (label, &(x, y)) in self.labels.iter().zip(&self.layout.labels) {
            label.draw(out, x, y);
        }
        for (drawn, (node, &(x, y))) in self.boxes.iter().zip(self.machine.nodes.iter().zip(&self.layout.boxes)) {
            drawn.draw(out, node, x, y);
        }
        out.push_str("</g></g>\n");
    }

    fn is_happy(&self, line: &Line) -> bool {
        match line.stroke {
            Stroke::Own(n) => self.happy.get(n).copied().unwrap_or(false),
            Stroke::Shared { happy, .. } => happy,
        }
    }

    fn line(&self, out: &mut String, line: &Line) {
        let Some((start, curves)) = line.points.split_first() else { return };
        let class = match line.stroke {
            _ if self.is_happy(line) => "wf-line wf-happy",
            Stroke::Own(n) => match self.edges.get(n) {
                Some(edges) if edges.iter().all(|e| matches!(e.trigger, Trigger::After(_))) => "wf-line wf-timer",
                Some(edges) if edges.iter().all(|e| e.trigger == Trigger::Error) => "wf-line wf-error",
                _ => "wf-line",
            },
            Stroke::Shared { .. } => "wf-line",
        };
        let mut d = format!("M{} {}", n(start.0), n(start.1));
        let mut at = *start;
        for c in curves.chunks_exact(3) {
            match c[0] == std::mem::replace(&mut at, c[2]) && c[1] == c[2] {
                true => drop(write!(d, "L{} {}", n(c[2].0), n(c[2].1))),
                false => {
                    let _ = write!(
                        d,
                        "C{} {} {} {} {} {}",
                        n(c[0].0),
                        n(c[0].1),
                        n(c[1].0),
                        n(c[1].1),
                        n(c[2].0),
                        n(c[2].1)
                    );
                }
            }
        }
        let _ = write!(out, "<path class=\"{class}\" d=\"{d}\"/>");
        if let Some(&(x, y)) = line.points.last().filter(|_| line.tip) {
            let class = class.replace("wf-line", "wf-tip");
            let _ = write!(out, "<path class=\"{class}\" d=\"M{} {}h9l-4.5 8z\"/>", n(x - 4.5), n(y - 1.0));
        }
        out.push('\n');
    }
}

/// A number with at most one decimal.
fn n(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}
