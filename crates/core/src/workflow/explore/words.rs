//! Steps in words: how a shop owner would tell what happened, with what moved.

use crate::decide::Which;
use crate::workflow::model::Machine;

use super::ground::Ground;
use super::search::{Explored, Node};
use super::shapes::actor_name;
use super::step::{ALL, Answer, Stage, Step, WINDOW, bit};

/// Tells the steps of one exploration.
pub(super) struct Teller<'e, 'g, 'w> {
    explored: &'e Explored,
    stage: Stage<'g, 'w>,
}

impl<'e, 'g, 'w> Teller<'e, 'g, 'w> {
    pub fn new(explored: &'e Explored, ground: &'g Ground<'w>) -> Self {
        Self { explored, stage: Stage::new(ground, explored.shape) }
    }

    /// The way to a joint state, from placement.
    pub fn way(&self, to: u32) -> Vec<String> {
        let mut steps = Vec::new();
        let mut at = to;
        loop {
            let node = self.node(at);
            steps.push((node.parent, node.step, at));
            if node.parent == at {
                break;
            }
            at = node.parent;
        }
        self.tell(steps.into_iter().rev())
    }

    /// The way to a joint state by steps that were found otherwise.
    pub fn tell(&self, steps: impl Iterator<Item = (u32, Step, u32)>) -> Vec<String> {
        let assumed = self.explored.assumed.iter();
        let assumed = assumed.map(|(subject, value)| format!("suppose that `{}` is {value}", subject.name()));
        assumed.chain(steps.map(|(from, step, to)| self.told(from, step, Some(to)))).collect()
    }

    /// The way to a joint state, and a step there that leads nowhere.
    pub fn way_and(&self, (at, step): (u32, Step), what: &str) -> Vec<String> {
        // A placement that never came to be has no joint state before it.
        let mut out = if matches!(step, Step::Placed { .. }) { Vec::new() } else { self.way(at) };
        out.push(format!("{}: {what}", self.said(step, at)));
        out
    }

    /// The event of that number.
    pub fn event(&self, n: usize) -> Option<&'w str> {
        self.stage.events.get(n).copied()
    }

    fn node(&self, at: u32) -> &Node {
        &self.explored.nodes[at as usize]
    }

    fn told(&self, from: u32, step: Step, to: Option<u32>) -> String {
        let said = self.said(step, from);
        let Some(after) = to.map(|to| &self.node(to).places) else { return said };
        if matches!(step, Step::Placed { .. }) {
            return format!("{said}: {}", self.all(after).join(", "));
        }
        let before = &self.node(from).places;
        let moved = if before.len() == after.len() { self.moved(before, after) } else { self.all(after) };
        match moved.as_slice() {
            [] => said,
            moved => format!("{said}: {}", moved.join(", ")),
        }
    }

    /// What stands where, of everything.
    fn all(&self, places: &[u16]) -> Vec<String> {
        (0..places.len())
            .filter_map(|n| self.place(places, n).map(|state| format!("{} {state}", self.name(places, n))))
            .collect()
    }

    /// What stands elsewhere than before.
    fn moved(&self, before: &[u16], after: &[u16]) -> Vec<String> {
        let changed = (0..after.len()).filter(|&n| before[n] != after[n]);
        changed
            .filter_map(|n| {
                let to = self.place(after, n)?;
                let name = self.name(after, n);
                Some(match self.place(before, n) {
                    Some(from) => format!("{name} {from} → {to}"),
                    None => format!("{name} begins in {to}"),
                })
            })
            .collect()
    }

    /// The name of the state at that place, if a machine runs there.
    fn place(&self, places: &[u16], n: usize) -> Option<&'w str> {
        let ground = self.stage.ground;
        let named = |machine: &'w Machine, state: usize| machine.states.get(state).map(|s| s.name.as_str());
        let state = usize::from(places[n]);
        match n {
            0 => ground.payment.as_ref().and_then(|part| named(part.machine, state)),
            n if n % 2 == 1 => named(ground.item.machine, state),
            _ => ground.merchant.as_ref().and_then(|part| named(part.machine, state.checked_sub(1)?)),
        }
    }

    fn name(&self, places: &[u16], n: usize) -> String {
        match n {
            0 => "payment".to_owned(),
            n if n % 2 == 1 => line(n / 2, places.len() > 3),
            n => format!("{}'s merchant side", line(n / 2 - 1, places.len() > 3)),
        }
    }

    /// The step without its consequence.
    fn said(&self, step: Step, from: u32) -> String {
        let merchants = self.explored.shape.lines.iter().map(|line| line.merchant);
        let several = merchants.max() > Some(1);
        let places: &[u16] = self.explored.nodes.get(from as usize).map_or(&[], |node| &node.places);
        let many = places.len() > 3;
        let who = |actor: u8| actor_name(&self.stage.actors[usize::from(actor)], several);
        match step {
            Step::Placed { offline } => {
                let how = if offline { "to be paid from outside" } else { "paid by card" };
                let of = self.explored.shape.name;
                format!("an order of {of} is placed, {how}")
            }
            Step::Effect(answer) => {
                let effect = self.effect(places).unwrap_or("payment");
                match answer {
                    Answer::Yes => format!("`{effect}` succeeds"),
                    Answer::No => format!("`{effect}` is refused"),
                    Answer::Lost => format!("the answer to `{effect}` is lost"),
                }
            }
            Step::Refunded { yes: true, .. } => "the provider refunds".to_owned(),
            Step::Refunded { yes: false, .. } => "the provider refuses the refund".to_owned(),
            Step::Event { actor, event, lines, part } => {
                let event = self.stage.events[usize::from(event)];
                let of = match lines {
                    0 => " for the payment".to_owned(),
                    ALL if many => " for all items".to_owned(),
                    ALL => String::new(),
                    lines if part => format!(" for one unit of {}", named(lines, many)),
                    lines if many => format!(" for {}", named(lines, many)),
                    _ => String::new(),
                };
                format!("{} fires `{event}`{of}", who(actor))
            }
            Step::Pay { actor, offline } => {
                format!("{} pays again {}", who(actor), if offline { "from outside" } else { "by card" })
            }
            Step::Time { timers } => format!("time runs out: {}", self.timers(timers, places)),
            Step::Away { timer, .. } => {
                format!("time runs out in a state that was left: {}", self.timers(timer, places))
            }
            Step::Refund { part: true, .. } => "the operator refunds a part".to_owned(),
            Step::Refund { lines: ALL, .. } => "the operator refunds everything".to_owned(),
            Step::Refund { lines, .. } => format!("the operator refunds {}", named(lines, many)),
        }
    }

    fn effect(&self, places: &[u16]) -> Option<&'static str> {
        let part = self.stage.ground.payment.as_ref()?;
        let state = part.machine.states.get(usize::from(*places.first()?))?;
        state.invoke.as_ref().map(|invoke| invoke.effect.name())
    }

    fn timers(&self, timers: u16, places: &[u16]) -> String {
        let lines = places.len() / 2;
        let machines = std::iter::once(Which::Payment)
            .chain((0..lines).flat_map(|n| [Which::Item(n), Which::Merchant(n)]))
            .filter(|which| bit(*which).is_some_and(|bit| timers & bit != 0));
        let mut names: Vec<String> = machines
            .map(|which| match which {
                Which::Payment => self.name(places, 0),
                Which::Item(n) => self.name(places, 1 + 2 * n),
                Which::Merchant(n) => self.name(places, 2 + 2 * n),
                Which::Dispute(_) => String::new(),
            })
            .collect();
        if timers & WINDOW != 0 {
            names.push("the payment window".to_owned());
        }
        names.join(", ")
    }
}

/// How a line is called: by number only where there are several.
fn line(n: usize, many: bool) -> String {
    if many { format!("item {}", n + 1) } else { "item".to_owned() }
}

fn named(lines: u8, many: bool) -> String {
    let names: Vec<String> = (0..7).filter(|n| lines >> n & 1 == 1).map(|n| line(n, many)).collect();
    if many { names.join(" and ") } else { "the item".to_owned() }
}
