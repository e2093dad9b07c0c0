//! Coordinates: across, so that long lines are straight and the happy path is a spine; down, so that every layer has the room it needs.

use super::layers::{Item, Layered};
use super::simplex;

/// Between boxes, and between a box and a line that passes.
const GAP_BOX: f64 = 26.0;
/// Between lines that pass, and beside labels.
const GAP_LINE: f64 = 16.0;
/// Around everything.
pub const MARGIN: f64 = 8.0;
/// The least room between two layers.
const GAP_DOWN: f64 = 20.0;
/// The most.
const GAP_DOWN_MOST: f64 = 64.0;
/// Improvements that the placing is given. It stops by itself when nothing can be better; a huge picture is not worth more.
const STEPS: usize = 6_000;

/// The centre of each item across.
pub fn across(layered: &Layered) -> Vec<f64> {
    let items = layered.items.len();
    let mut edges = Vec::new();
    for layer in &layered.layers {
        for pair in layer.windows(2) {
            let length = apart(layered, pair[0], pair[1]).ceil() as i64;
            edges.push(simplex::Edge { tail: pair[0], head: pair[1], length, weight: 0 });
        }
    }
    let mut nodes = items;
    for segment in &layered.segments {
        let passage = |n: usize| matches!(layered.items[n], Item::Down { .. } | Item::Up { .. });
        let weight = match (passage(segment.upper), passage(segment.lower)) {
            _ if segment.spine => 400,
            (true, true) => 12,
            (true, false) | (false, true) => 3,
            (false, false) => 2,
        };
        for end in [segment.upper, segment.lower] {
            edges.push(simplex::Edge { tail: nodes, head: end, length: 0, weight });
        }
        nodes += 1;
    }
    // Layers without a line between them: a loose tie keeps the graph in one piece.
    let firsts: Vec<usize> = layered.layers.iter().filter_map(|l| l.first().copied()).collect();
    for pair in firsts.windows(2) {
        edges.extend(pair.iter().map(|&head| simplex::Edge { tail: nodes, head, length: 0, weight: 0 }));
        nodes += 1;
    }
    let places = simplex::solve(nodes, &edges, STEPS);
    let left = (0..items).map(|n| places[n] as f64 - layered.size[n].0 / 2.0).fold(f64::INFINITY, f64::min);
    (0..items).map(|n| places[n] as f64 - left + MARGIN).collect()
}

/// How far apart the centres of two neighbours must be.
fn apart(layered: &Layered, left: usize, right: usize) -> f64 {
    let state = |n: usize| matches!(layered.items[n], Item::State(_));
    let gap = if state(left) || state(right) { GAP_BOX } else { GAP_LINE };
    (layered.size[left].0 + layered.size[right].0) / 2.0 + gap
}

/// Top and bottom of each layer. Where lines go far aside between two layers, there is more room, so that they are not too flat.
pub fn down(layered: &Layered, x: &[f64]) -> Vec<(f64, f64)> {
    let mut aside = vec![0.0_f64; layered.layers.len() + 1];
    for segment in &layered.segments {
        let layer = layered.layer[segment.upper];
        aside[layer] = aside[layer].max((x[segment.upper] - x[segment.lower]).abs());
    }
    let mut bands = Vec::with_capacity(layered.layers.len());
    let mut y = MARGIN;
    for (n, layer) in layered.layers.iter().enumerate() {
        let height = layer.iter().map(|&i| layered.size[i].1).fold(0.0, f64::max);
        bands.push((y, y + height));
        // The spare layer at the top takes no room when nothing turns there.
        let empty = layer.is_empty();
        y += height + if empty { 0.0 } else { (aside[n] * 0.09).clamp(GAP_DOWN, GAP_DOWN_MOST) };
    }
    bands
}
