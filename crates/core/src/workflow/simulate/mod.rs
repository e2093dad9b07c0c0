//! Simulation of one lifecycle: many orders, each through the real `decide`, in virtual time, with chosen chances and delays.
//!
//! It answers, before a lifecycle is published: how often is each transition taken, how long do items stay in each state, where do they pile up, what comes
//! of the money? Everything is drawn from the seed, order by order, so the same scenario gives the same report, and one order's luck does not
//! change another's.
//!
//! What is not here: stock (a simulated shop always has enough), several nodes, crashes. Orders meet nowhere but in the counts.

mod audit;
mod life;
mod people;
mod random;
mod report;
mod scenario;

use crate::graph::{self, Edge};
use crate::workflow::{Kind, Machine, Transition, Workflow};

pub use report::{Audit, End, Flow, Money, Refused, Report, Stay};
pub use scenario::{Delay, Fault, Scenario};

/// Simulates a scenario. `progress` hears after each order how many are done.
///
/// # Errors
/// [`Fault`]: the lifecycle is a merchant's side, or the scenario names something that the lifecycle does not have.
pub fn simulate(
    workflow: &Workflow,
    partner: Option<&Workflow>,
    scenario: &Scenario,
    mut progress: impl FnMut(u64),
) -> Result<Report, Fault> {
    if workflow.kind != Kind::Order {
        return Err(Fault::MerchantSide(workflow.name.clone()));
    }
    scenario.check(workflow, partner)?;
    let map = Map::of(workflow, partner);
    let mut tally = report::Tally::new(&map);
    for n in 0..scenario.orders {
        life::live(&map, scenario, n, &mut tally);
        progress(n + 1);
    }
    Ok(tally.report(&map, scenario))
}

/// The machines of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Item,
    Payment,
    Merchant,
}

impl Part {
    const ALL: [Self; 3] = [Self::Item, Self::Payment, Self::Merchant];

    fn name(self) -> &'static str {
        match self {
            Self::Item => "item",
            Self::Payment => "payment",
            Self::Merchant => "merchant",
        }
    }
}

/// A lifecycle with its transitions in a list, so that they can be counted.
struct Map<'w> {
    workflow: &'w Workflow,
    partner: Option<&'w Workflow>,
    /// By part: the transitions, and for people and events which are on the happy path.
    parts: [Option<Drawn<'w>>; 3],
}

struct Drawn<'w> {
    machine: &'w Machine,
    transitions: Vec<(Edge, &'w Transition)>,
}

impl<'w> Map<'w> {
    fn of(workflow: &'w Workflow, partner: Option<&'w Workflow>) -> Self {
        let picture = graph::of_workflow(workflow, partner, graph::Machines::All, crate::workflow::Audience::Operator);
        let drawn = |part: Part, machine: &'w Machine| {
            let mut transitions = graph::transitions(machine);
            let happy = picture.machines.iter().find(|m| m.name == part.name());
            for ((edge, _), picture) in transitions.iter_mut().zip(happy.iter().flat_map(|m| &m.edges)) {
                edge.happy = picture.happy;
            }
            Drawn { machine, transitions }
        };
        let parts = [
            Some(drawn(Part::Item, &workflow.item)),
            workflow.payment.as_ref().map(|m| drawn(Part::Payment, m)),
            partner.map(|p| drawn(Part::Merchant, &p.item)),
        ];
        Self { workflow, partner, parts }
    }

    fn part(&self, part: Part) -> Option<&Drawn<'w>> {
        self.parts[part as usize].as_ref()
    }
}

#[cfg(test)]
mod tests;
