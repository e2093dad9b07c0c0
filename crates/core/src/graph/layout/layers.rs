//! Ranks, and the layers of items that an ordinary layered drawing needs.
//!
//! States have the even layers, labels the odd ones below the state that they leave. A line that goes on for several layers passes through each by an
//! item of its own, which it shares with the other lines to the same state.

use std::collections::HashMap;

use super::simplex;
use super::{Plan, PlanLine};

/// Something that takes room in a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Item {
    /// A box.
    State(usize),
    /// The label of a line.
    Label(usize),
    /// Where lines down to a state pass through a layer; the happy path has passages of its own.
    Down { to: usize, layer: usize, happy: bool },
    /// Where lines up to a state pass.
    Up { to: usize, layer: usize },
    /// Where the lines up turn, above the state that they enter.
    Turn(usize),
}

/// A piece of a line between neighbouring layers.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// The item in the layer above.
    pub upper: usize,
    /// The item in the layer below.
    pub lower: usize,
    /// Of the happy path.
    pub happy: bool,
    /// Of the spine: the happy path as far as it goes down.
    pub spine: bool,
    /// The line whose own it is; none for what several lines share.
    pub line: Option<usize>,
}

/// Items in layers.
#[derive(Debug, Default)]
pub struct Layered {
    pub items: Vec<Item>,
    /// Width and height of each item.
    pub size: Vec<(f64, f64)>,
    /// The layer of each item.
    pub layer: Vec<usize>,
    /// The items of each layer, left to right.
    pub layers: Vec<Vec<usize>>,
    pub segments: Vec<Segment>,
    /// Which lines go up.
    pub goes_up: Vec<bool>,
    known: HashMap<Item, usize>,
    joined: HashMap<(usize, usize), usize>,
}

impl Layered {
    /// The index of an item, added to its layer if need be.
    fn item(&mut self, item: Item, layer: usize, size: (f64, f64)) -> usize {
        if let Some(&known) = self.known.get(&item) {
            return known;
        }
        let index = self.items.len();
        self.known.insert(item, index);
        self.items.push(item);
        self.size.push(size);
        self.layer.push(layer);
        if self.layers.len() <= layer {
            self.layers.resize(layer + 1, Vec::new());
        }
        self.layers[layer].push(index);
        index
    }

    /// The index of an item that is there.
    pub fn index(&self, item: Item) -> Option<usize> {
        self.known.get(&item).copied()
    }

    /// Adds a piece of a line, or shares the one that is there.
    fn segment(&mut self, upper: usize, lower: usize, (line, of): (usize, &PlanLine)) {
        let next = self.segments.len();
        let spine = of.happy && !self.goes_up[line];
        let at = *self.joined.entry((upper, lower)).or_insert(next);
        match self.segments.get_mut(at) {
            Some(known) => {
                known.happy |= of.happy;
                known.spine |= spine;
                known.line = known.line.filter(|l| *l == line);
            }
            None => self.segments.push(Segment { upper, lower, happy: of.happy, spine, line: Some(line) }),
        }
    }
}

/// Lays a plan into layers.
pub fn layer(plan: &Plan) -> Layered {
    let goes_up = backwards(plan);
    let ranks = ranks(plan, &goes_up);
    // One spare layer above, for lines that turn there.
    let layer_of = |state: usize| 2 * ranks[state] as usize + 1;
    let mut out = Layered { goes_up, ..Layered::default() };
    for state in reading_order(plan) {
        out.item(Item::State(state), layer_of(state), plan.boxes[state]);
    }
    for (n, line) in plan.lines.iter().enumerate() {
        let from = out.item(Item::State(line.from), 0, (0.0, 0.0));
        let to = out.item(Item::State(line.to), 0, (0.0, 0.0));
        let (top, bottom) = (layer_of(line.from), layer_of(line.to));
        let label = out.item(Item::Label(n), top + 1, line.label);
        out.segment(from, label, (n, line));
        if out.goes_up[n] {
            let mut below = label;
            for layer in (bottom..=top).rev() {
                let passage = out.item(Item::Up { to: line.to, layer }, layer, (0.0, 0.0));
                out.segment(passage, below, (n, line));
                below = passage;
            }
            let turn = out.item(Item::Turn(line.to), bottom - 1, (0.0, 0.0));
            out.segment(turn, below, (n, line));
            out.segment(turn, to, (n, line));
        } else {
            let mut above = label;
            for layer in top + 2..bottom {
                let item = Item::Down { to: line.to, layer, happy: line.happy };
                let passage = out.item(item, layer, (0.0, 0.0));
                out.segment(above, passage, (n, line));
                above = passage;
            }
            out.segment(above, to, (n, line));
        }
    }
    out
}

/// The states as one would read them: from the root along the happy path, then what else is found.
fn reading_order(plan: &Plan) -> Vec<usize> {
    let leaving = leaving(plan);
    let mut seen = vec![false; plan.boxes.len()];
    let mut order = Vec::new();
    for start in std::iter::once(plan.root).chain(0..plan.boxes.len()) {
        let mut stack = vec![start];
        while let Some(at) = stack.pop() {
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            order.push(at);
            stack.extend(leaving[at].iter().rev().map(|&n| plan.lines[n].to));
        }
    }
    order
}

/// The lines that leave each box, the happy one first.
fn leaving(plan: &Plan) -> Vec<Vec<usize>> {
    let mut leaving: Vec<Vec<usize>> = vec![Vec::new(); plan.boxes.len()];
    for (n, line) in plan.lines.iter().enumerate() {
        leaving[line.from].push(n);
    }
    for lines in &mut leaving {
        lines.sort_by_key(|&n| !plan.lines[n].happy);
    }
    leaving
}

/// The lines that lead back to a box on the way to them: without these there is no cycle.
fn backwards(plan: &Plan) -> Vec<bool> {
    let leaving = leaving(plan);
    let mut back = vec![false; plan.lines.len()];
    // 0 not seen, 1 on the way, 2 done.
    let mut mark = vec![0_u8; plan.boxes.len()];
    for start in std::iter::once(plan.root).chain(0..plan.boxes.len()) {
        if mark[start] != 0 {
            continue;
        }
        mark[start] = 1;
        let mut stack = vec![(start, 0)];
        while let Some((at, next)) = stack.pop() {
            let Some(&n) = leaving[at].get(next) else {
                mark[at] = 2;
                continue;
            };
            stack.push((at, next + 1));
            let to = plan.lines[n].to;
            match mark[to] {
                0 => {
                    mark[to] = 1;
                    stack.push((to, 0));
                }
                1 => back[n] = true,
                _ => {}
            }
        }
    }
    back
}

/// Ranks so that all lines together are short and the happy path is shortest.
fn ranks(plan: &Plan, goes_up: &[bool]) -> Vec<i64> {
    let all = plan.boxes.len();
    let mut edges: Vec<simplex::Edge> = plan
        .lines
        .iter()
        .zip(goes_up)
        .filter(|(_, up)| !**up)
        .map(|(l, _)| simplex::Edge { tail: l.from, head: l.to, length: 1, weight: if l.happy { 8 } else { 1 } })
        .collect();
    // A line up is kept short as well.
    for (line, _) in plan.lines.iter().zip(goes_up).filter(|(_, up)| **up) {
        edges.push(simplex::Edge { tail: line.to, head: line.from, length: 1, weight: 1 });
    }
    // An anchor above everything keeps the graph in one piece.
    edges.extend((0..all).map(|n| simplex::Edge { tail: all, head: n, length: 0, weight: 0 }));
    let mut ranks = simplex::solve(all + 1, &edges, STEPS);
    ranks.truncate(all);
    let least = ranks.iter().min().copied().unwrap_or(0);
    ranks.iter().map(|r| r - least).collect()
}

/// Improvements that the ranking is given; far more than a lifecycle needs.
const STEPS: usize = 2_000;
