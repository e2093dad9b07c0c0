//! A picture as Mermaid (`stateDiagram-v2`), which many wikis and code hosts draw themselves.
//!
//! Names are replaced by numbers, since Mermaid has reserved words and no escapes for them; what people read is in the labels. Several machines become
//! composite states. Mermaid has no quoting in labels: what it would take for syntax is written as entity codes (`#59;`).

use std::fmt::Write as _;

use super::{Graph, Machine};

/// Writes a graph.
pub fn mermaid(graph: &Graph) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "---\ntitle: {}\n---", title(&graph.title));
    out.push_str("stateDiagram-v2\n");
    let many = graph.machines.len() > 1;
    for (m, machine) in graph.machines.iter().enumerate() {
        if many {
            let _ = writeln!(out, "  state \"{}\" as m{m} {{", escape(&machine.title));
        }
        write_machine(&mut out, machine, m);
        if many {
            out.push_str("  }\n");
        }
    }
    out.push_str("  classDef happy stroke:#047857,stroke-width:3px\n");
    out.push_str("  classDef unhappy stroke:#b91c1c\n");
    for (m, machine) in graph.machines.iter().enumerate() {
        for (class, is) in [("happy", true), ("unhappy", false)] {
            let of = machine.nodes.iter().enumerate().filter(|(_, n)| if is { n.happy } else { n.unhappy && !n.happy });
            let names: Vec<String> = of.map(|(n, _)| format!("m{m}s{n}")).collect();
            if !names.is_empty() {
                let _ = writeln!(out, "  class {} {class}", names.join(","));
            }
        }
    }
    out
}

fn write_machine(out: &mut String, machine: &Machine, m: usize) {
    for (n, node) in machine.nodes.iter().enumerate() {
        let mut label = node.label.clone();
        if let Some(effect) = &node.invoke {
            let _ = write!(label, " · runs {effect}");
        }
        if let Some(live) = node.live {
            let _ = write!(label, " · {}", live.count);
        }
        let _ = writeln!(out, "    state \"{}\" as m{m}s{n}", escape(&label));
    }
    for (n, _) in machine.nodes.iter().enumerate().filter(|(_, n)| n.initial) {
        let _ = writeln!(out, "    [*] --> m{m}s{n}");
    }
    for (from, to, edges) in machine.lines() {
        for edge in edges {
            let _ = writeln!(out, "    m{m}s{from} --> m{m}s{to} : {}", escape(&edge.text()));
        }
    }
    for (n, _) in machine.nodes.iter().enumerate().filter(|(_, n)| n.is_final) {
        let _ = writeln!(out, "    m{m}s{n} --> [*]");
    }
}

/// The title stands in a YAML header.
fn title(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            ' ' | '.' | ',' | '_' | '-' | '(' | ')' | '?' | '·' | '→' | '/' | '!' | '+' | '\'' => out.push(c),
            c if c.is_alphanumeric() => out.push(c),
            c if c.is_whitespace() || c.is_control() => out.push(' '),
            c => drop(write!(out, "#{};", c as u32)),
        }
    }
    // A label that is empty, or begins like a comment or a direction, is taken for syntax.
    let trimmed = out.trim();
    if trimmed.is_empty() { "#8203;".to_owned() } else { trimmed.replace("--", "-#45;") }
}
