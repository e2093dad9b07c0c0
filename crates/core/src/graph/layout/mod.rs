//! Where boxes, labels and lines of one machine go: a layered layout, from the top to the bottom.
//!
//! Five steps, one file each but the last two: `layers` takes cycles out, ranks the states and gives every label and every passage of a
//! long line a place of its own, so that nothing can lie on anything; `order` sorts each layer so that few lines cross; `place` makes
//! lines straight, the happy path first of all; then `route` bends the lines. Lines to the same state share one trunk, or a state that
//! everything can end in would drown the picture; lines back up leave their state below and enter their target above like all others.
//! Lengths are CSS pixels. What is not here: what boxes and labels look like.

mod layers;
mod order;
mod place;
mod route;
mod simplex;

pub use route::{Line, Stroke};

/// What is to be laid out.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Width and height of each box.
    pub boxes: Vec<(f64, f64)>,
    /// The lines between different boxes, at most one for each pair and direction.
    pub lines: Vec<PlanLine>,
    /// The box where all begins.
    pub root: usize,
}

/// A line of the plan.
#[derive(Clone, Copy, Debug)]
pub struct PlanLine {
    /// The box that it leaves.
    pub from: usize,
    /// The box that it enters.
    pub to: usize,
    /// Width and height of its label.
    pub label: (f64, f64),
    /// On the happy path: kept straight, in the middle.
    pub happy: bool,
}

/// Everything in its place.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// Width of the whole.
    pub width: f64,
    /// Height of the whole.
    pub height: f64,
    /// Centre of each box.
    pub boxes: Vec<(f64, f64)>,
    /// Centre of each line's label.
    pub labels: Vec<(f64, f64)>,
    /// What is drawn between them.
    pub lines: Vec<Line>,
}

/// Lays a plan out. The same plan gives the same layout.
pub fn lay_out(plan: &Plan) -> Layout {
    if plan.boxes.is_empty() {
        return Layout::default();
    }
    let mut layered = layers::layer(plan);
    order::order(&mut layered);
    let x = place::across(&layered);
    let bands = place::down(&layered, &x);
    route::route(plan, &layered, &x, &bands)
}

#[cfg(test)]
mod tests;
