//! Joint exploration: every life that an order can have under a workflow, walked before an order does.
//!
//! Marketplace, merchant, payment, timers and refunds are walked together, breadth first, over the engine's own `decide`, so that what is
//! found is what would happen. What is not here: what a file shows without being run (`validate`), and reading it.
//!
//! It is pure and deterministic: limits are numbers of joint states and of steps, never seconds.

mod atlas;
mod ground;
mod judge;
mod search;
mod shapes;
mod sight;
mod step;
mod words;

use super::complaint::Complaint;
use super::model::Workflow;
use crate::order::Order;
use crate::time::Timestamp;

use ground::Ground;
use search::Explored;

/// How far an exploration goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Joint states of one shape of order. Each costs some 300 bytes for good, and some kilobytes until its steps were taken.
    pub states: usize,
    /// Steps of one shape of order.
    pub steps: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { states: 60_000, steps: 1_000_000 }
    }
}

impl Limits {
    /// So many joint states of one shape of order, and as many steps as such a walk needs as a rule.
    pub fn of_states(states: usize) -> Self {
        let default = Self::default();
        Self { states, steps: states.saturating_mul(default.steps / default.states) }
    }
}

/// What was walked, in figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Joint states, over all shapes of orders.
    pub joint_states: usize,
    /// Commands that were decided.
    pub steps: usize,
    /// What was left out because of a limit; empty when everything was walked.
    pub left_out: Vec<String>,
}

impl Extent {
    /// Adds what was walked elsewhere.
    pub fn add(&mut self, other: Self) {
        self.joint_states += other.joint_states;
        self.steps += other.steps;
        self.left_out.extend(other.left_out);
    }
}

/// The joint states of a workflow and its partner.
pub struct Exploration<'w> {
    ground: Ground<'w>,
    explored: Vec<Explored>,
    left_out: Vec<String>,
}

/// Walks an order's workflow together with its partner's.
pub fn explore<'w>(workflow: &'w Workflow, partner: Option<&'w Workflow>, limits: Limits) -> Exploration<'w> {
    let ground = Ground::new(workflow, partner);
    let (ways, unvaried) = shapes::assumptions(workflow, partner);
    let mut left_out = Vec::new();
    if unvaried > 0 {
        left_out.push(format!("{unvaried} facts of guards were only taken as the explored orders have them"));
    }
    let mut explored = Vec::new();
    for shape in shapes::SHAPES {
        // How answers go together is seen on one unit; what each does to several lines, one by one.
        let apart = |way: &&shapes::Assumed| shape.parts || shapes::differs(way, &ways[0]) <= 1;
        for assumed in ways.iter().filter(apart) {
            let found = search::search(&ground, shape, assumed.clone(), limits);
            if found.bounded {
                let (states, steps) = (found.nodes.len(), found.steps);
                left_out.push(format!("orders of {} were only walked through {states} joint states and {steps} steps; what is never taken or never ends was not looked for", shape.name));
            }
            explored.push(found);
        }
    }
    Exploration { ground, explored, left_out }
}

/// What was found, by the file in which it stands.
#[derive(Debug, Default)]
pub struct Findings {
    /// In the order's file.
    pub of_order: Vec<Complaint>,
    /// In the merchant's file.
    pub of_merchant: Vec<Complaint>,
    /// States and transitions of the merchant's file that this order's workflow never uses. They are only a fault if no other uses them.
    pub unused_by_merchant: Vec<Complaint>,
}

impl Exploration<'_> {
    /// Everything that is wrong.
    pub fn findings(&self) -> Findings {
        let judged = judge::judge(&self.ground, &self.explored);
        Findings { of_order: judged.of_order, of_merchant: judged.of_merchant, unused_by_merchant: judged.unused }
    }

    /// How much was walked.
    pub fn extent(&self) -> Extent {
        Extent {
            joint_states: self.explored.iter().map(|e| e.nodes.len()).sum(),
            steps: self.explored.iter().map(|e| e.steps).sum(),
            left_out: self.left_out.clone(),
        }
    }

    /// Whether the order, at that instant, is in a joint state that was found.
    pub fn knows(&self, order: &Order, now: Timestamp) -> bool {
        self.explored.iter().any(|explored| explored.knows(&self.ground, order, now))
    }
}
