//! The lines: smooth curves in the room between the layers, straight through them.

use super::layers::{Item, Layered};
use super::place::MARGIN;
use super::{Layout, Plan};

/// The least distance of two lines at the edge of a box.
const PORT: f64 = 14.0;
/// Room for the tip of an arrow.
const TIP: f64 = 7.0;

/// A piece of a line to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The points: a start, then three for each curve (two handles and an end), as SVG's `C` has them.
    pub points: Vec<(f64, f64)>,
    /// Whether it ends in a tip.
    pub tip: bool,
    /// What it belongs to.
    pub stroke: Stroke,
}

/// What a piece belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// This line of the plan alone.
    Own(usize),
    /// Several lines to this box.
    Shared {
        /// The box.
        to: usize,
        /// Whether it is of the happy path.
        happy: bool,
    },
}

/// Draws the lines.
pub fn route(plan: &Plan, layered: &Layered, x: &[f64], bands: &[(f64, f64)]) -> Layout {
    let middle = |n: usize| {
        let (top, bottom) = bands[layered.layer[n]];
        match layered.items[n] {
            // A label stays near its state.
            Item::Label(_) => top + layered.size[n].1 / 2.0,
            _ => f64::midpoint(top, bottom),
        }
    };
    let ports = Ports::of(plan, layered, x);
    let mut lines = Vec::new();
    // The way through a layer is drawn once, however many lines come in there.
    let mut passed = vec![false; layered.items.len()];
    for (s, segment) in layered.segments.iter().enumerate() {
        let (upper, lower) = (segment.upper, segment.lower);
        let (top_band, bottom_band) = (bands[layered.layer[upper]], bands[layered.layer[lower]]);
        let half = |n: usize| layered.size[n].1 / 2.0;
        let stroke = match (segment.line, layered.items[lower], layered.items[upper]) {
            (Some(line), ..) => Stroke::Own(line),
            (None, Item::State(to) | Item::Down { to, .. } | Item::Up { to, .. }, _)
            | (None, _, Item::Up { to, .. } | Item::Down { to, .. }) => Stroke::Shared { to, happy: segment.happy },
            (None, Item::Label(line), _) => Stroke::Own(line),
            (None, Item::Turn(to), _) => Stroke::Shared { to, happy: false },
        };
        let mut points = Vec::new();
        match (layered.items[upper], layered.items[lower]) {
            // Up into the turn and down into the box: one arch, drawn with the box's piece.
            (Item::Turn(_), Item::Up { .. }) => continue,
            (Item::Turn(to), Item::State(_)) => {
                let Some(up) = layered.index(Item::Up { to, layer: layered.layer[lower] }) else { continue };
                let end = (ports.enters[s], middle(lower) - half(lower) - TIP);
                let gap = bottom_band.0 - top_band.1;
                let high = bottom_band.0 - gap * 0.95;
                points.push((x[up], bottom_band.0));
                points.extend([(x[up], high), (end.0, high), end]);
                lines.push(Line { points, tip: true, stroke });
            }
            // Out of a label and up.
            (Item::Up { .. }, Item::Label(_)) => {
                let label = middle(lower) - half(lower);
                let side = if x[upper] < x[lower] { -1.0 } else { 1.0 };
                let reach = (layered.size[lower].0 / 2.0 - 8.0).max(0.0);
                let start = (x[lower] + side * reach, label);
                points.push(start);
                curve(&mut points, (x[upper], top_band.1));
                through(&mut points, &mut passed[upper], (x[upper], top_band.0));
                lines.push(Line { points, tip: false, stroke });
            }
            // A passage up: drawn from below to above.
            (Item::Up { .. }, Item::Up { .. }) => {
                points.push((x[lower], bottom_band.0));
                curve(&mut points, (x[upper], top_band.1));
                through(&mut points, &mut passed[upper], (x[upper], top_band.0));
                lines.push(Line { points, tip: false, stroke });
            }
            (_, item) => {
                let start_y = middle(upper) + half(upper);
                let passage = matches!(layered.items[upper], Item::Down { .. });
                points.push((ports.leaves[s], if passage { top_band.1 } else { start_y }));
                straight(&mut points, (ports.leaves[s], top_band.1));
                match item {
                    Item::State(_) => {
                        let end = (ports.enters[s], middle(lower) - half(lower) - TIP);
                        curve(&mut points, (end.0, bottom_band.0.min(end.1) - 1.0));
                        straight(&mut points, end);
                        lines.push(Line { points, tip: true, stroke });
                    }
                    Item::Label(_) => {
                        curve(&mut points, (x[lower], bottom_band.0));
                        lines.push(Line { points, tip: false, stroke });
                    }
                    Item::Down { .. } | Item::Up { .. } | Item::Turn(_) => {
                        curve(&mut points, (x[lower], bottom_band.0));
                        through(&mut points, &mut passed[lower], (x[lower], bottom_band.1));
                        lines.push(Line { points, tip: false, stroke });
                    }
                }
            }
        }
    }
    let at = |n: usize| (x[n], middle(n));
    let of = |item: Item| layered.index(item).map_or((0.0, 0.0), at);
    let right = (0..x.len()).map(|n| x[n] + layered.size[n].0 / 2.0).fold(0.0, f64::max);
    Layout {
        width: right + MARGIN,
        height: bands.last().map_or(0.0, |b| b.1) + MARGIN,
        boxes: (0..plan.boxes.len()).map(|n| of(Item::State(n))).collect(),
        labels: (0..plan.lines.len()).map(|n| of(Item::Label(n))).collect(),
        lines,
    }
}

/// On through a layer, the first time.
fn through(points: &mut Vec<(f64, f64)>, passed: &mut bool, to: (f64, f64)) {
    if !std::mem::replace(passed, true) {
        straight(points, to);
    }
}

fn straight(points: &mut Vec<(f64, f64)>, to: (f64, f64)) {
    if let Some(&from) = points.last().filter(|from| (from.1 - to.1).abs() > 0.01 || (from.0 - to.0).abs() > 0.01) {
        points.extend([from, to, to]);
    }
}

/// From here to there, upright at both ends.
fn curve(points: &mut Vec<(f64, f64)>, to: (f64, f64)) {
    let Some(&from) = points.last() else { return };
    if (from.0 - to.0).abs() < 0.5 {
        return straight(points, to);
    }
    let half = (to.1 - from.1) * 0.55;
    points.extend([(from.0, from.1 + half), (to.0, to.1 - half), to]);
}

/// Where lines leave and enter boxes.
struct Ports {
    /// By segment: across, at the upper item.
    leaves: Vec<f64>,
    /// By segment: across, at the lower item.
    enters: Vec<f64>,
}

impl Ports {
    fn of(plan: &Plan, layered: &Layered, x: &[f64]) -> Self {
        let mut ports = Self {
            leaves: layered.segments.iter().map(|s| x[s.upper]).collect(),
            enters: layered.segments.iter().map(|s| x[s.lower]).collect(),
        };
        for state in 0..plan.boxes.len() {
            let Some(item) = layered.index(Item::State(state)) else { continue };
            // What comes from a turn above comes, to the eye, from where the line goes up.
            let seen = |n: usize| match layered.items[n] {
                Item::Turn(to) => layered.index(Item::Up { to, layer: layered.layer[item] }).map_or(x[n], |up| x[up]),
                _ => x[n],
            };
            let spread = |ends: Vec<(usize, usize, bool)>, out: &mut Vec<f64>| {
                let places = spread(
                    ends.iter().map(|&(_, other, happy)| (seen(other), happy)).collect(),
                    x[item],
                    layered.size[item].0 / 2.0 - 12.0,
                );
                for (&(segment, ..), place) in ends.iter().zip(places) {
                    out[segment] = place;
                }
            };
            let mut below: Vec<_> = layered
                .segments
                .iter()
                .enumerate()
                .filter(|(_, s)| s.upper == item)
                .map(|(n, s)| (n, s.lower, s.spine))
                .collect();
            let mut above: Vec<_> = layered
                .segments
                .iter()
                .enumerate()
                .filter(|(_, s)| s.lower == item)
                .map(|(n, s)| (n, s.upper, s.spine))
                .collect();
            below.sort_by(|a, b| seen(a.1).total_cmp(&seen(b.1)));
            above.sort_by(|a, b| seen(a.1).total_cmp(&seen(b.1)));
            spread(below, &mut ports.leaves);
            spread(above, &mut ports.enters);
        }
        ports
    }
}

/// Places on the edge of a box for lines that come from these places, sorted: as straight as can be, apart from each other, the happy one
/// in the middle.
fn spread(from: Vec<(f64, bool)>, centre: f64, reach: f64) -> Vec<f64> {
    let count = from.len();
    if count == 0 {
        return Vec::new();
    }
    let gap = if count > 1 { PORT.min(2.0 * reach / (count - 1) as f64) } else { 0.0 };
    let happy = from.iter().position(|f| f.1);
    let mut places: Vec<f64> = from
        .iter()
        .map(|&(x, is_happy)| if is_happy { centre } else { x.clamp(centre - reach, centre + reach) })
        .collect();
    // Away from the happy one, or from the left.
    let pivot = happy.unwrap_or(0);
    for n in pivot + 1..count {
        places[n] = places[n].max(places[n - 1] + gap);
    }
    for n in (0..pivot).rev() {
        places[n] = places[n].min(places[n + 1] - gap);
    }
    // What was pushed over the edge comes back.
    if places[count - 1] > centre + reach {
        places[count - 1] = centre + reach;
        for n in (0..count - 1).rev() {
            places[n] = places[n].min(places[n + 1] - gap);
        }
    }
    if places[0] < centre - reach {
        places[0] = centre - reach;
        for n in 1..count {
            places[n] = places[n].max(places[n - 1] + gap);
        }
    }
    places
}
