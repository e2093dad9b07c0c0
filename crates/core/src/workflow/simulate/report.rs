//! What a simulation comes to: counts on each transition, times in each state, where orders pile up, ends, money, and what did not hold.

use std::collections::BTreeMap;

use serde::Serialize;

use super::scenario::Scenario;
use super::{Map, Part};
use crate::order::Order;
use crate::status;
use crate::time::{Span, Timestamp};

/// Findings of the audit that are kept word by word.
const KEPT: usize = 20;

/// The report of a simulation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The lifecycle.
    pub workflow: String,
    /// Its version.
    pub version: String,
    /// The seed that everything was drawn from.
    pub seed: u64,
    /// Orders.
    pub orders: u64,
    /// Lines of orders.
    pub items: u64,
    /// Decisions that were made.
    pub decisions: u64,
    /// From the first order to the last event.
    pub lasted_seconds: i64,
    /// Each transition, in the order of the file.
    pub flows: Vec<Flow>,
    /// Each state, in the order of the file.
    pub states: Vec<Stay>,
    /// Where items ended, the most frequent first.
    pub ends: Vec<End>,
    /// The money of all orders.
    pub money: Money,
    /// What people tried in vain, the most frequent first.
    pub refused: Vec<Refused>,
    /// Whether what must always hold did.
    pub audit: Audit,
}

/// How often a transition was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Flow {
    /// `item`, `payment`, `merchant`.
    pub machine: &'static str,
    /// State.
    pub from: String,
    /// State.
    pub to: String,
    /// The transition in words.
    pub by: String,
    /// How often.
    pub count: u64,
}

/// How long a state lasted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stay {
    /// `item`, `payment`, `merchant`.
    pub machine: &'static str,
    /// State.
    pub state: String,
    /// Whether a machine may rest there for good.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// How often it was entered and stayed in, if only for a moment.
    pub visits: u64,
    /// Half of the stays that ended were no longer.
    pub median_seconds: Option<i64>,
    /// Nine of ten were no longer.
    pub p90_seconds: Option<i64>,
    /// Ninety-nine of a hundred were no longer.
    pub p99_seconds: Option<i64>,
    /// None was longer.
    pub max_seconds: Option<i64>,
    /// The most that were there at the same time.
    pub peak: u64,
    /// Still there at the end.
    pub left: u64,
}

/// Where items ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct End {
    /// State of the item's machine.
    pub state: String,
    /// The public status.
    pub status: String,
    /// Whether it may rest there for good; else it was left behind.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// Items.
    pub items: u64,
    /// Of all items, in percent.
    pub percent: f64,
}

/// The money of all orders, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Money {
    /// What the orders cost.
    pub ordered: i64,
    /// What was taken.
    pub captured: i64,
    /// What went back.
    pub refunded: i64,
    /// What is held at the end and neither taken nor released.
    pub still_held: i64,
    /// Taken for orders of which no item was ever shipped, and not given back.
    pub kept_unshipped: i64,
}

/// What was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// What was tried, and why not.
    pub what: String,
    /// How often.
    pub count: u64,
}

/// What must always hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// Decisions after which something did not hold.
    pub violations: u64,
    /// The first of them in words.
    pub first: Vec<String>,
}

/// What is counted on the way.
pub(super) struct Tally {
    pub orders: u64,
    items: u64,
    pub decisions: u64,
    first: Timestamp,
    last: Timestamp,
    flows: [Vec<u64>; 3],
    places: [Vec<Place>; 3],
    ends: BTreeMap<usize, u64>,
    money: Money,
    refused: BTreeMap<String, u64>,
    audit: Audit,
}

#[derive(Clone, Default)]
struct Place {
    visits: u64,
    stays: Vec<i64>,
    /// When somebody came (+1) and went (−1).
    moves: Vec<(i64, i8)>,
    left: u64,
}

impl Tally {
    pub fn new(map: &Map<'_>) -> Self {
        let sizes = |part: Part| map.part(part).map_or((0, 0), |d| (d.transitions.len(), d.machine.states.len()));
        Self {
            orders: 0,
            items: 0,
            decisions: 0,
            first: Timestamp(i64::MAX),
            last: Timestamp(i64::MIN),
            flows: Part::ALL.map(|p| vec![0; sizes(p).0]),
            places: Part::ALL.map(|p| vec![Place::default(); sizes(p).1]),
            ends: BTreeMap::new(),
            money: Money::default(),
            refused: BTreeMap::new(),
            audit: Audit::default(),
        }
    }

    pub fn flow(&mut self, part: Part, transition: usize) {
        self.flows[part as usize][transition] += 1;
    }

    pub fn entered(&mut self, part: Part, state: usize, at: Timestamp) {
        let place = &mut self.places[part as usize][state];
        place.visits += 1;
        place.moves.push((at.0, 1));
    }

    pub fn left(&mut self, part: Part, state: usize, since: Timestamp, at: Timestamp) {
        let place = &mut self.places[part as usize][state];
        place.stays.push(at.0 - since.0);
        place.moves.push((at.0, -1));
    }

    pub fn rests(&mut self, part: Part, state: usize) {
        self.places[part as usize][state].left += 1;
    }

    pub fn refused(&mut self, what: String) {
        *self.refused.entry(what).or_default() += 1;
    }

    pub fn decided(&mut self, at: Timestamp, number: &str, wrong: Vec<String>) {
        self.decisions += 1;
        self.first = self.first.min(at);
        self.last = self.last.max(at);
        self.audit.violations += u64::from(!wrong.is_empty());
        for what in wrong {
            if self.audit.first.len() < KEPT {
                self.audit.first.push(format!("{number}: {what}"));
            }
        }
    }

    pub fn ended(&mut self, map: &Map<'_>, order: &Order) {
        self.orders += 1;
        self.items += order.items.len() as u64;
        for item in &order.items {
            if let Some(&state) = map.workflow.item.index.get(&item.machine.state) {
                *self.ends.entry(state).or_default() += 1;
            }
        }
        let (captured, refunded) = (order.captured(), order.refunded());
        self.money.ordered += order.total;
        self.money.captured += captured;
        self.money.refunded += refunded;
        self.money.still_held += order
            .payments
            .iter()
            .map(|p| if p.captured > 0 { 0 } else { (p.authorised - p.voided).max(0) })
            .sum::<i64>();
        if matches!(status::shipping_status(order, map.workflow), "none" | "pending") {
            self.money.kept_unshipped += captured - refunded;
        }
    }

    pub fn report(self, map: &Map<'_>, scenario: &Scenario) -> Report {
        let mut flows = Vec::new();
        let mut states = Vec::new();
        for part in Part::ALL {
            let Some(drawn) = map.part(part) else { continue };
            let name = |state: usize| drawn.machine.states[state].name.clone();
            for ((edge, _), &count) in drawn.transitions.iter().zip(&self.flows[part as usize]) {
                let (from, to) = (name(edge.from), name(edge.to));
                flows.push(Flow { machine: part.name(), from, to, by: edge.text(), count });
            }
            for (state, place) in drawn.machine.states.iter().zip(&self.places[part as usize]) {
                states.push(place.stay(part, &state.name, state.is_final));
            }
        }
        let all: u64 = self.ends.values().sum();
        let mut ends: Vec<End> = self
            .ends
            .iter()
            .map(|(&state, &items)| {
                let state = &map.workflow.item.states[state];
                End {
                    state: state.name.clone(),
                    status: state.status.clone(),
                    is_final: state.is_final,
                    items,
                    percent: (items as f64 * 10_000.0 / all as f64).round() / 100.0,
                }
            })
            .collect();
        ends.sort_by_key(|e| std::cmp::Reverse(e.items));
        let mut refused: Vec<Refused> = self.refused.into_iter().map(|(what, count)| Refused { what, count }).collect();
        refused.sort_by_key(|r| std::cmp::Reverse(r.count));
        Report {
            workflow: map.workflow.name.clone(),
            version: map.workflow.version.clone(),
            seed: scenario.seed,
            orders: self.orders,
            items: self.items,
            decisions: self.decisions,
            lasted_seconds: (self.last.0.saturating_sub(self.first.0)).max(0) / Span::seconds(1).0,
            flows,
            states,
            ends,
            money: self.money,
            refused,
            audit: self.audit,
        }
    }
}

impl Place {
    fn stay(&self, part: Part, state: &str, is_final: bool) -> Stay {
        let mut stays = self.stays.clone();
        stays.sort_unstable();
        // The nearest rank: the smallest stay that is no shorter than so many of them.
        let rank = |percent: usize| {
            let n = (stays.len() * percent).div_ceil(100).max(1) - 1;
            stays.get(n).map(|us| us / Span::seconds(1).0)
        };
        let mut moves = self.moves.clone();
        // Who goes at an instant has gone before others come.
        moves.sort_unstable();
        let (mut here, mut peak) = (0_i64, 0);
        for (_, by) in moves {
            here += i64::from(by);
            peak = peak.max(here);
        }
        Stay {
            machine: part.name(),
            state: state.to_owned(),
            is_final,
            visits: self.visits,
            median_seconds: rank(50),
            p90_seconds: rank(90),
            p99_seconds: rank(99),
            max_seconds: rank(100),
            peak: peak.max(0) as u64,
            left: self.left,
        }
    }
}
