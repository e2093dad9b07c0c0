//! The happy path: how a machine goes when all goes well.
//!
//! Nobody writes it into a file. It is the cheapest way from the beginning to a final state that somebody hoped for. A success of an effect
//! and the first automatic step cost least, then events, then timers (waiting is rarely what is hoped for); a failure of an effect and
//! states that nobody hoped for are never on it. Of equally cheap ways the one that comes first in the file is taken.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Edge, Machine, Trigger};

/// Marks the path's states and transitions. Where transitions are marked already, only their states are.
pub(super) fn mark(machine: &mut Machine) {
    if !machine.edges.iter().any(|e| e.happy) {
        for edge in path(machine) {
            machine.edges[edge].happy = true;
        }
    }
    for node in &mut machine.nodes {
        node.happy = false;
    }
    for edge in machine.edges.iter().filter(|e| e.happy) {
        for end in [edge.from, edge.to] {
            if let Some(node) = machine.nodes.get_mut(end) {
                node.happy = true;
            }
        }
    }
}

fn cost(edge: &Edge, nth: usize) -> Option<u32> {
    let base = match &edge.trigger {
        Trigger::Done => 10,
        Trigger::Always => 11,
        Trigger::Event => 15,
        Trigger::After(_) => 18,
        Trigger::Error => return None,
    };
    // Later ones of a state are rather exceptions than the rule.
    Some(base + nth.min(6) as u32)
}

/// The transitions of the path, by index; none when no final state can be reached.
fn path(machine: &Machine) -> Vec<usize> {
    let Some(start) = machine.nodes.iter().position(|n| n.initial).or((!machine.nodes.is_empty()).then_some(0)) else {
        return Vec::new();
    };
    let mut leaving: Vec<Vec<usize>> = vec![Vec::new(); machine.nodes.len()];
    for (n, edge) in machine.edges.iter().enumerate().filter(|(_, e)| e.from != e.to) {
        if edge.from < leaving.len() && edge.to < leaving.len() {
            leaving[edge.from].push(n);
        }
    }
    let mut best: Vec<Option<(u32, Option<usize>)>> = vec![None; machine.nodes.len()];
    let mut queue = BinaryHeap::from([Reverse((0_u32, start, None))]);
    while let Some(Reverse((so_far, at, by))) = queue.pop() {
        if best[at].is_some() {
            continue;
        }
        best[at] = Some((so_far, by));
        for (nth, &n) in leaving[at].iter().enumerate() {
            let edge = &machine.edges[n];
            if let Some(cost) = cost(edge, nth).filter(|_| !machine.nodes[edge.to].unhappy) {
                queue.push(Reverse((so_far + cost, edge.to, Some(n))));
            }
        }
    }
    let completed = |n: usize| machine.nodes[n].tags.iter().any(|t| t == "completed" || t == "captured");
    let ends = (0..machine.nodes.len()).filter(|&n| machine.nodes[n].is_final && n != start);
    let reached = ends.filter_map(|n| best[n].map(|(cost, _)| (!completed(n), cost, n)));
    let Some((.., mut at)) = reached.min() else { return Vec::new() };
    let mut edges = Vec::new();
    while let Some((_, Some(by))) = best[at] {
        edges.push(by);
        at = machine.edges[by].from;
    }
    edges.reverse();
    edges
}
