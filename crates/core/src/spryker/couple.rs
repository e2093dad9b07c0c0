//! A marketplace's and a merchant's process of one item, walked together: every order of events, answers, timeouts and checks.
//!
//! A joint state is where the item rests on both sides. From each, everything that may come next is tried, to its end: the command before
//! the state changes, what it sends to the partner within it, and whatever fires on entering. What is asked is whether the item can still
//! end, and which sends nobody hears or fail. Commands that the map does not name are taken to succeed and to touch nothing.

mod fire;
mod report;

use std::collections::{BTreeMap, VecDeque};

use super::finding::shown;
use super::graph::{leads_to, winners};
use super::interval;
use super::map::Map;
use super::model::{Engine, Process};
use fire::Walk;
pub use report::{Pair, Report, Send};

/// Which joint states are an end. Both look at the marketplace's state, which is the order's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndRule {
    /// States without a transition to another state.
    NoWayOut,
    /// The same, and `cancelled` (or `canceled`): an item for which nothing is left to refund rests there.
    NoWayOutOrCancelled,
}

impl EndRule {
    /// Every rule with its name.
    pub const ALL: &[(&str, Self)] =
        &[("no-way-out", Self::NoWayOut), ("no-way-out-or-cancelled", Self::NoWayOutOrCancelled)];

    /// The name on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoWayOut => "no-way-out",
            Self::NoWayOutOrCancelled => "no-way-out-or-cancelled",
        }
    }
}

/// How the two are walked.
#[derive(Clone, Debug)]
pub struct Options {
    /// What counts as an end.
    pub end_rule: EndRule,
    /// Further states of the marketplace that count as an end.
    pub ends: Vec<String>,
    /// Whether events that only the partner sends may fire by themselves too.
    pub any_event: bool,
    /// The most joint states that are walked.
    pub max_joint_states: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { end_rule: EndRule::NoWayOutOrCancelled, ends: Vec::new(), any_event: false, max_joint_states: 200_000 }
    }
}

/// Where an item rests: the marketplace's state, and the merchant's once its item exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Joint {
    pub marketplace: usize,
    pub merchant: Option<usize>,
}

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Marketplace,
    Merchant,
}

impl Side {
    pub fn other(self) -> Self {
        match self {
            Self::Marketplace => Self::Merchant,
            Self::Merchant => Self::Marketplace,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Marketplace => "marketplace",
            Self::Merchant => "merchant",
        }
    }

    /// The marketplace's process runs in OMS, the merchant's in the state machine.
    pub fn engine(self) -> Engine {
        match self {
            Self::Marketplace => Engine::Oms,
            Self::Merchant => Engine::StateMachine,
        }
    }
}

impl Joint {
    pub fn on(self, side: Side) -> Option<usize> {
        match side {
            Side::Marketplace => Some(self.marketplace),
            Side::Merchant => self.merchant,
        }
    }

    pub fn with(mut self, side: Side, state: usize) -> Self {
        match side {
            Side::Marketplace => self.marketplace = state,
            Side::Merchant => self.merchant = Some(state),
        }
        self
    }
}

/// What a walk came to.
struct Walked {
    /// Every joint state in the order in which it was found, with the one before it and the step.
    states: Vec<(Joint, Option<(usize, String)>)>,
    /// (from, to) as indices.
    edges: Vec<(usize, usize)>,
    /// Found and not walked, because a bound was met.
    left: usize,
    drops: Vec<fire::Record>,
    failures: Vec<fire::Record>,
    endless: Vec<(usize, String)>,
    /// Whether a command of the marketplace makes the merchant's item.
    created: bool,
}

/// Walks the two together. Both must have states.
pub fn couple(marketplace: &Process, merchant: &Process, map: &Map, options: &Options) -> Report {
    let written = walk(marketplace, merchant, map, options, false);
    let mut report = report::report(marketplace, merchant, map, options, &written);
    // Where the engine parts a state's transitions from its items, more than what is written never ends.
    if marketplace.states.iter().chain(&merchant.states).any(|s| s.split) {
        let run = walk(marketplace, merchant, map, options, true);
        let as_run = report::report(marketplace, merchant, map, options, &run);
        let known =
            |pair: &Pair| report.stuck.iter().any(|p| p.marketplace == pair.marketplace && p.merchant == pair.merchant);
        report.stuck_by_declaration = as_run.stuck.into_iter().filter(|pair| !known(pair)).collect();
    }
    report
}

fn walk(marketplace: &Process, merchant: &Process, map: &Map, options: &Options, split: bool) -> Walked {
    let mut walk = Walk::new(marketplace, merchant, map, options.any_event, split);
    let mut out = Walked {
        states: Vec::new(),
        edges: Vec::new(),
        left: 0,
        drops: Vec::new(),
        failures: Vec::new(),
        endless: Vec::new(),
        created: walk.creates(),
    };
    let mut known: BTreeMap<Joint, usize> = BTreeMap::new();
    let mut queue = VecDeque::new();
    let mut add = |out: &mut Walked, queue: &mut VecDeque<usize>, joint: Joint, by: Option<(usize, String)>| {
        *known.entry(joint).or_insert_with(|| {
            queue.push_back(out.states.len());
            out.states.push((joint, by));
            out.states.len() - 1
        })
    };
    // A new item: what fires on entering the first state does so before anything else.
    let first = Joint { marketplace: marketplace.initial, merchant: (!out.created).then_some(merchant.initial) };
    let mut begin = vec![first];
    for side in [Side::Merchant, Side::Marketplace] {
        begin = begin.into_iter().flat_map(|joint| walk.settle(side, joint, 0)).collect();
    }
    for joint in begin {
        add(&mut out, &mut queue, joint, None);
    }
    walk.keep(&mut out, None, "on entering the first state");
    while let Some(at) = queue.pop_front() {
        if out.states.len() >= options.max_joint_states || walk.exhausted() {
            out.left = queue.len() + 1;
            break;
        }
        let joint = out.states[at].0;
        for side in [Side::Marketplace, Side::Merchant] {
            let Some(state) = joint.on(side) else { continue };
            let process = walk.process(side);
            for event in process.events_of(state) {
                if !walk.may_fire(side, event) {
                    continue;
                }
                let label = label(side, process, event);
                for to in walk.fire(side, event, joint) {
                    let by = (at, format!("{label} → {}", told(marketplace, merchant, to)));
                    let to = add(&mut out, &mut queue, to, Some(by));
                    out.edges.push((at, to));
                }
                walk.keep(&mut out, Some(at), &label);
            }
            let label = format!("{}: check-condition", side.name());
            for t in winners(side.engine(), &process.by_check(state)).0 {
                let Some(target) = t.target else { continue };
                let condition = t.condition.as_ref().map_or(String::new(), |c| format!(" [{}]", shown(c)));
                let moved = joint.with(side, target);
                let rests = if target == state { vec![moved] } else { walk.settle(side, moved, 0) };
                for to in rests {
                    let by = (at, format!("{label}{condition} → {}", told(marketplace, merchant, to)));
                    let to = add(&mut out, &mut queue, to, Some(by));
                    out.edges.push((at, to));
                }
                walk.keep(&mut out, Some(at), &label);
            }
        }
    }
    out.edges.sort_unstable();
    out.edges.dedup();
    out
}

/// `marketplace: skip picking (after 30m)`.
fn label(side: Side, process: &Process, event: usize) -> String {
    let event = &process.events[event];
    let after = event.timeout_s.map_or(String::new(), |s| format!(" (after {})", interval::shown(s)));
    format!("{}: {}{after}", side.name(), shown(&event.name))
}

/// `(delivered, shipped)`; a merchant's item that is not there yet is `-`.
fn told(marketplace: &Process, merchant: &Process, joint: Joint) -> String {
    let of_merchant = joint.merchant.map_or("-", |state| merchant.name_of(state));
    format!("({}, {})", shown(marketplace.name_of(joint.marketplace)), shown(of_merchant))
}

/// The joint states from which an end can be reached.
fn ending(marketplace: &Process, options: &Options, walked: &Walked) -> Vec<bool> {
    let is_end = |joint: Joint| {
        let state = joint.marketplace;
        let name = marketplace.name_of(state);
        let cancelled = options.end_rule == EndRule::NoWayOutOrCancelled && matches!(name, "cancelled" | "canceled");
        cancelled || marketplace.is_end(state) || options.ends.iter().any(|end| end == name)
    };
    let ends = walked
        .states
        .iter()
        .enumerate()
        .filter(|(i, (joint, _))| is_end(*joint) || *i >= walked.states.len() - walked.left);
    leads_to(walked.states.len(), &walked.edges, ends.map(|(i, _)| i).collect::<Vec<_>>())
}
