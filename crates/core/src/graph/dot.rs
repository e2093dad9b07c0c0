//! A picture as DOT, for Graphviz and what reads its language.

use std::fmt::Write as _;

use super::{Graph, Trigger};

/// Writes a graph.
pub fn dot(graph: &Graph) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "digraph {} {{", quoted(&graph.title));
    let _ = writeln!(out, "  label={}; labelloc=t;", quoted(&format!("{}\n{}", graph.title, graph.subtitle)));
    out.push_str("  node [shape=box, style=\"rounded\", fontname=\"Helvetica\"];\n  edge [fontname=\"Helvetica\", fontsize=10];\n");
    for (m, machine) in graph.machines.iter().enumerate() {
        let _ = writeln!(out, "  subgraph cluster_{m} {{\n    label={};", quoted(&machine.title));
        for (n, node) in machine.nodes.iter().enumerate() {
            let mut label = node.label.clone();
            if node.label != node.name {
                let _ = write!(label, "\n{}", node.name);
            }
            if let Some(effect) = &node.invoke {
                let _ = write!(label, "\nruns {effect}");
            }
            if let Some(live) = node.live {
                let _ = write!(label, "\n{} here", live.count);
            }
            let color = match (node.happy, node.unhappy) {
                (true, _) => ", color=\"#047857\", penwidth=2",
                (false, true) => ", color=\"#b91c1c\"",
                (false, false) => "",
            };
            let rim = if node.is_final { ", peripheries=2" } else { "" };
            let inner = if node.shows_as.is_some() { ", style=\"rounded,dashed\"" } else { "" };
            let _ = writeln!(out, "    m{m}s{n} [label={}{color}{rim}{inner}];", quoted(&label));
        }
        for (from, to, edges) in machine.lines() {
            for edge in edges {
                let happy = if edge.happy { ", color=\"#047857\", penwidth=2, weight=8" } else { "" };
                let dashed = if matches!(edge.trigger, Trigger::After(_)) { ", style=dashed" } else { "" };
                let _ = writeln!(out, "    m{m}s{from} -> m{m}s{to} [label={}{happy}{dashed}];", quoted(&edge.text()));
            }
        }
        out.push_str("  }\n");
    }
    out.push_str("}\n");
    out
}

/// A quoted string of DOT: quotes and backslashes are escaped, lines are centred.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
