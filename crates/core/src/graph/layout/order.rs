//! The order of the items in each layer: few crossings, by sweeps of weighted medians and by exchanging neighbours.
//!
//! After Gansner, Koutsofios, North and Vo (1993), §3. Crossings are counted with a Fenwick tree, a line of the happy path counts more.

use super::layers::Layered;

/// Sweeps down and up; more seldom help.
const SWEEPS: usize = 28;
/// Orders that the sweeps begin with: as read, mirrored, and shuffled by a fixed seed, so that the same plan gives the same picture.
const STARTS: usize = 24;
/// Above so many items only the sweeps are done: exchanging neighbours takes the square of a layer.
const EXCHANGE_LIMIT: usize = 4_000;

/// Sorts the layers.
pub fn order(layered: &mut Layered) {
    let links = Links::of(layered);
    let mut best = layered.layers.clone();
    let mut fewest = links.crossings(&best);
    let mut shuffle = Shuffle(1);
    let starts = if links.above.len() <= EXCHANGE_LIMIT { STARTS } else { 2 };
    for start in 0..starts {
        let mut layers = layered.layers.clone();
        match start {
            0 => {}
            1 => layers.iter_mut().for_each(|l| l.reverse()),
            _ => layers.iter_mut().for_each(|l| shuffle.shuffle(l)),
        }
        for sweep in 0..SWEEPS {
            links.sweep(&mut layers, sweep % 2 == 0, sweep % 4 >= 2);
            if links.above.len() <= EXCHANGE_LIMIT {
                links.exchange(&mut layers);
            }
            let crossings = links.crossings(&layers);
            if crossings < fewest {
                fewest = crossings;
                best.clone_from(&layers);
            }
        }
        if fewest == 0 {
            break;
        }
    }
    layered.layers = best;
}

struct Links {
    /// Items that each is linked to in the layer above, with their weights.
    above: Vec<Vec<(usize, u64)>>,
    below: Vec<Vec<(usize, u64)>>,
}

impl Links {
    fn of(layered: &Layered) -> Self {
        let mut links =
            Self { above: vec![Vec::new(); layered.items.len()], below: vec![Vec::new(); layered.items.len()] };
        for segment in &layered.segments {
            let weight = if segment.spine { 4 } else { 1 };
            links.below[segment.upper].push((segment.lower, weight));
            links.above[segment.lower].push((segment.upper, weight));
        }
        links
    }

    /// Sorts each layer by the medians of the layer before it. Items without links keep their places; of equals the earlier or the later comes
    /// first, in turns, so that a sweep does not get stuck.
    fn sweep(&self, layers: &mut [Vec<usize>], down: bool, turn: bool) {
        let count = layers.len();
        let mut position = self.positions(layers);
        let steps: Vec<usize> = if down { (1..count).collect() } else { (0..count.saturating_sub(1)).rev().collect() };
        for layer in steps {
            let links = if down { &self.above } else { &self.below };
            let median = |item: usize| median(links[item].iter().map(|&(other, _)| position[other]).collect());
            let keyed: Vec<(usize, Option<f64>)> = layers[layer].iter().map(|&i| (i, median(i))).collect();
            let mut moving: Vec<(f64, usize)> = keyed.iter().filter_map(|&(i, m)| m.map(|m| (m, i))).collect();
            if turn {
                moving.reverse();
            }
            moving.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut moved = moving.into_iter();
            layers[layer] = keyed
                .iter()
                .filter_map(|&(i, m)| if m.is_some() { moved.next().map(|(_, i)| i) } else { Some(i) })
                .collect();
            for (n, &item) in layers[layer].iter().enumerate() {
                position[item] = n;
            }
        }
    }

    fn positions(&self, layers: &[Vec<usize>]) -> Vec<usize> {
        let mut position = vec![0; self.above.len()];
        for layer in layers {
            for (n, &item) in layer.iter().enumerate() {
                position[item] = n;
            }
        }
        position
    }

    /// Exchanges neighbours while that saves crossings.
    fn exchange(&self, layers: &mut [Vec<usize>]) {
        let mut position = self.positions(layers);
        for _ in 0..6 {
            let mut better = false;
            for layer in layers.iter_mut() {
                for n in 1..layer.len() {
                    let (left, right) = (layer[n - 1], layer[n]);
                    let now = self.between(left, right, &position);
                    let then = self.between(right, left, &position);
                    if then < now {
                        layer.swap(n - 1, n);
                        position.swap(left, right);
                        better = true;
                    }
                }
            }
            if !better {
                break;
            }
        }
    }

    /// Crossings of the lines of two neighbours, when `left` stands left.
    fn between(&self, left: usize, right: usize, position: &[usize]) -> u64 {
        let mut crossings = 0;
        for links in [&self.above, &self.below] {
            for &(a, weight) in &links[left] {
                for &(b, other) in &links[right] {
                    if position[a] > position[b] {
                        crossings += weight * other;
                    }
                }
            }
        }
        crossings
    }

    fn crossings(&self, layers: &[Vec<usize>]) -> u64 {
        let position = self.positions(layers);
        let mut crossings = 0;
        for pair in layers.windows(2) {
            let mut ends: Vec<(usize, usize, u64)> = Vec::new();
            for (n, &item) in pair[0].iter().enumerate() {
                ends.extend(self.below[item].iter().map(|&(other, weight)| (n, position[other], weight)));
            }
            ends.sort_unstable();
            let mut seen = Fenwick::new(pair[1].len());
            for (_, end, weight) in ends {
                crossings += weight * seen.after(end);
                seen.add(end, weight);
            }
        }
        crossings
    }
}

/// The weighted median of positions: with an even number of them the one in the middle of the two, drawn to the side where they are closer.
fn median(mut positions: Vec<usize>) -> Option<f64> {
    positions.sort_unstable();
    let count = positions.len();
    let at = |n: usize| positions[n] as f64;
    match count {
        0 => None,
        1 => Some(at(0)),
        2 => Some((at(0) + at(1)) / 2.0),
        n if n % 2 == 1 => Some(at(n / 2)),
        n => {
            let (left, right) = (at(n / 2 - 1) - at(0), at(n - 1) - at(n / 2));
            let (a, b) = (at(n / 2 - 1), at(n / 2));
            Some(if left + right == 0.0 { (a + b) / 2.0 } else { (a * right + b * left) / (left + right) })
        }
    }
}

/// A small fixed generator (a linear congruence, Knuth's constants): not for chance, only for other beginnings.
struct Shuffle(u64);

impl Shuffle {
    fn shuffle(&mut self, items: &mut [usize]) {
        for n in (1..items.len()).rev() {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            items.swap(n, (self.0 >> 33) as usize % (n + 1));
        }
    }
}

/// Sums of weights by position.
struct Fenwick(Vec<u64>);

impl Fenwick {
    fn new(size: usize) -> Self {
        Self(vec![0; size + 1])
    }

    fn add(&mut self, at: usize, weight: u64) {
        let mut n = at + 1;
        while n < self.0.len() {
            self.0[n] += weight;
            n += n & n.wrapping_neg();
        }
    }

    fn up_to(&self, at: usize) -> u64 {
        let mut n = (at + 1).min(self.0.len() - 1);
        let mut sum = 0;
        while n > 0 {
            sum += self.0[n];
            n -= n & n.wrapping_neg();
        }
        sum
    }

    fn after(&self, at: usize) -> u64 {
        self.up_to(self.0.len()) - self.up_to(at)
    }
}
