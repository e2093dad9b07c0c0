//! The search: breadth first from placement, so that the way to each joint state that is kept is a shortest one.
//!
//! Only the names of the joint states are kept, with the step that found each; an order itself is there until its steps were taken. What a
//! joint state shows is noted when it is found (`sight`), what happens on the way when it happens. What any of it means is in `judge`.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::hash::{BuildHasherDefault, DefaultHasher};

use crate::audit;
use crate::decide::watch::{Choice, Offer, Watch};
use crate::decide::{Decision, Refusal, Which};
use crate::order::Order;
use crate::time::Timestamp;
use crate::workflow::model::Effect;

use super::Limits;
use super::ground::{Ground, Key};
use super::shapes::{Assumed, NOW, Shape};
use super::sight::{Sight, sights};
use super::step::{Answer, Stage, Step};

/// A map whose order of work is the same on every machine.
pub(super) type Fixed<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// A joint state.
pub(super) struct Node {
    /// From which it was found; its own number for the first.
    pub parent: u32,
    /// By which step.
    pub step: Step,
    /// Where the machines stand: the payment, then item and merchant (plus one, 0 for none) of each line, as the kept order has them.
    pub places: Box<[u16]>,
}

/// A step that leads from one joint state to another.
#[derive(Clone, Copy)]
pub(super) struct Edge {
    pub from: u32,
    pub to: u32,
    pub step: Step,
    /// Whether the provider refused to give money back.
    pub refused: bool,
}

/// Where something happened: at the joint state, by the step.
pub(super) type Spot = (u32, Step);

/// What happened on the ways.
#[derive(Default)]
pub(super) struct Seen {
    /// Transitions that were taken, or tried.
    pub taken: BTreeMap<usize, Spot>,
    /// Transitions that an event found, even if a running payment step refused it for the moment.
    pub offered: BTreeSet<usize>,
    /// Sends that arrived at least once.
    pub delivered: BTreeMap<(usize, usize), Spot>,
    /// Sends that were ignored, with the partner's state if it runs.
    pub dropped: BTreeMap<(usize, usize, Option<usize>), Spot>,
    /// Sends that refused a command, with the partner's state.
    pub failed: BTreeMap<(usize, usize, Option<usize>), Spot>,
    /// Which transitions of a list could be taken.
    pub choices: BTreeMap<Choice, u32>,
    /// Events that both machines of an item take from the same person, by their machines' states.
    pub twice: BTreeMap<(usize, usize, usize), u32>,
    /// Steps that do not come to rest, with the transitions of the round.
    pub endless: Vec<(Spot, BTreeSet<usize>)>,
    /// Steps after which something does not add up.
    pub broken: Vec<(Spot, String)>,
}

/// The joint states of one shape, under one set of assumptions.
pub(super) struct Explored {
    pub shape: &'static Shape,
    pub assumed: Assumed,
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
    /// Everything that a joint state shows, with the joint states.
    pub sights: BTreeMap<Sight, Vec<u32>>,
    pub seen: Seen,
    /// Commands that were decided.
    pub steps: usize,
    /// Whether a limit ended the search.
    pub bounded: bool,
    /// Whether money was taken twice somewhere.
    pub overcharged: bool,
    index: Fixed<Key, u32>,
}

impl Explored {
    /// Whether everything was walked: no limit was met, and nothing from which it makes no sense to go on.
    pub fn is_whole(&self) -> bool {
        !self.bounded && self.seen.endless.is_empty() && self.seen.broken.is_empty() && !self.overcharged
    }

    /// Whether the order, at that instant, is in a joint state that was found.
    pub fn knows(&self, ground: &Ground<'_>, order: &Order, now: Timestamp) -> bool {
        self.index.contains_key(&ground.key(order, now, self.shape.parts))
    }
}

/// The last transitions of a command that does not come to rest; a round of more is told by a part of it.
const ROUND: usize = 16;

struct Search<'g, 'w> {
    stage: Stage<'g, 'w>,
    watch: Watch,
    out: Explored,
    open: VecDeque<(u32, Order)>,
    limits: Limits,
}

/// Explores every order of that shape.
pub(super) fn search(ground: &Ground<'_>, shape: &'static Shape, assumed: Assumed, limits: Limits) -> Explored {
    let out = Explored {
        shape,
        assumed: assumed.clone(),
        nodes: Vec::new(),
        edges: Vec::new(),
        sights: BTreeMap::new(),
        seen: Seen::default(),
        steps: 0,
        bounded: false,
        overcharged: false,
        index: Fixed::default(),
    };
    let watch = Watch { assume: assumed, ..Watch::default() };
    let mut search = Search { stage: Stage::new(ground, shape), watch, out, open: VecDeque::new(), limits };
    search.run();
    search.out
}

impl Search<'_, '_> {
    fn run(&mut self) {
        for offline in [false, true] {
            // A beginning is its own parent.
            let at = u32::try_from(self.out.nodes.len()).unwrap_or(u32::MAX);
            self.watch.clear();
            let decided = self.stage.place(offline, &mut self.watch);
            self.settle((at, Step::Placed { offline }), None, decided);
        }
        let mut steps = Vec::new();
        while let Some((at, order)) = self.open.pop_front() {
            if self.out.nodes.len() > self.limits.states || self.out.steps > self.limits.steps {
                self.out.bounded = true;
                return;
            }
            self.watch.clear();
            let Ok(offers) = self.stage.steps(&order, &mut self.watch, &mut steps) else { continue };
            self.note_choices(at);
            self.note_twice(at, &order, &offers);
            self.out.seen.offered.extend(offers.iter().map(|offer| offer.transition));
            for &step in &steps {
                self.step(at, &order, step);
            }
        }
    }

    fn step(&mut self, at: u32, order: &Order, step: Step) {
        self.out.steps += 1;
        self.watch.clear();
        let decided = self.stage.perform(order, step, &mut self.watch);
        self.settle((at, step), Some(order), decided);
    }

    fn settle(&mut self, spot: Spot, before: Option<&Order>, decided: Result<Decision, Refusal>) {
        if let Ok(_) | Err(Refusal::Endless | Refusal::SendFailed { .. }) = &decided {
            // What a refused command tried is told as its refusal, and not as never tried.
            for (_, transition) in &self.watch.taken {
                self.out.seen.taken.entry(*transition).or_insert(spot);
            }
        }
        match decided {
            Ok(decision) => self.arrive(spot, before, decision),
            Err(Refusal::Endless) => {
                let round = self.watch.taken.iter().rev().take(ROUND).map(|(_, transition)| *transition);
                self.out.seen.endless.push((spot, round.collect()));
            }
            Err(Refusal::SendFailed { .. }) => {
                if let Some((transition, n, to)) = self.watch.failed {
                    let state = before.and_then(|order| self.standing(order, to));
                    self.out.seen.failed.entry((transition, n, state)).or_insert(spot);
                }
            }
            // What is refused changes nothing.
            Err(_) => {}
        }
    }

    fn arrive(&mut self, spot: Spot, before: Option<&Order>, decision: Decision) {
        let (at, step) = spot;
        self.note_choices(at);
        let seen = &mut self.out.seen;
        for &sent in &self.watch.delivered {
            seen.delivered.entry(sent).or_insert(spot);
        }
        for n in 0..self.watch.dropped.len() {
            let (transition, sent, to) = self.watch.dropped[n];
            // A partner that ignored the event stands where it stood.
            let state = self.standing(&decision.order, to);
            self.out.seen.dropped.entry((transition, sent, state)).or_insert(spot);
        }
        // What comes after a second capture is not looked at: the books are made for one.
        let captures = decision.postings.iter().any(|posting| matches!(posting.cause, "capture" | "split"));
        let again = captures && before.is_some_and(|order| order.captured() > 0);
        let audited = audit::order(&decision.order).and_then(|()| audit::decision(before, &decision));
        let broken = audited.err().filter(|_| !again);
        let mut goes_on = !again && broken.is_none();
        if let Some(wrong) = broken.filter(|_| self.out.seen.broken.is_empty()) {
            self.out.seen.broken.push((spot, wrong));
        }
        let mut order = decision.order;
        let refused = before.is_some_and(|order| refuses(self.stage.ground, order, step));
        self.stage.ground.normalise(&mut order);
        let key = self.stage.ground.key(&order, NOW, self.stage.shape.parts);
        let next = u32::try_from(self.out.nodes.len()).unwrap_or(u32::MAX);
        let to = *self.out.index.entry(key).or_insert(next);
        if before.is_some() {
            self.out.edges.push(Edge { from: at, to, step, refused });
        }
        if to != next {
            return;
        }
        self.out.nodes.push(Node { parent: at, step, places: places(self.stage.ground, &order) });
        for sight in sights(self.stage.ground, &order, again) {
            goes_on &= !matches!(sight, Sight::Again(_));
            self.out.sights.entry(sight).or_default().push(to);
        }
        self.out.overcharged |= !goes_on && self.out.seen.broken.is_empty();
        if goes_on {
            self.open.push_back((to, order));
        }
    }

    /// The index of the state in which a machine stands.
    fn standing(&self, order: &Order, which: Which) -> Option<usize> {
        self.stage.ground.running(order).find(|(running, ..)| *running == which).map(|(_, part, i)| part.at(i))
    }

    fn note_choices(&mut self, at: u32) {
        for choice in self.watch.choices.drain(..) {
            self.out.seen.choices.entry(choice).or_insert(at);
        }
    }

    fn note_twice(&mut self, at: u32, order: &Order, offers: &[Offer]) {
        for offer in offers.iter().filter(|offer| offer.twice) {
            let (Which::Item(n) | Which::Merchant(n)) = offer.which else { continue };
            let states = self.standing(order, Which::Item(n)).zip(self.standing(order, Which::Merchant(n)));
            if let Some((item, merchant)) = states {
                self.out.seen.twice.entry((offer.event, item, merchant)).or_insert(at);
            }
        }
    }
}

/// Whether the step is the provider's refusal to give money back or to let it go.
fn refuses(ground: &Ground<'_>, order: &Order, step: Step) -> bool {
    match step {
        Step::Refunded { yes, .. } => !yes,
        Step::Effect(Answer::No) => {
            let state = ground.payment.as_ref().map(|part| &part.machine.states[part.at(&order.payment)]);
            let effect = state.and_then(|s| s.invoke.as_ref()).map(|invoke| invoke.effect);
            matches!(effect, Some(Effect::Void | Effect::Refund))
        }
        _ => false,
    }
}

fn places(ground: &Ground<'_>, order: &Order) -> Box<[u16]> {
    let narrow = |state: usize| u16::try_from(state).unwrap_or(u16::MAX);
    let payment = ground.payment.as_ref().map_or(0, |part| narrow(part.at(&order.payment)));
    let lines = order.items.iter().flat_map(|item| {
        let merchant = ground.merchant.as_ref().zip(item.merchant.as_ref());
        [narrow(ground.item.at(&item.machine)), merchant.map_or(0, |(part, instance)| narrow(part.at(instance) + 1))]
    });
    std::iter::once(payment).chain(lines).collect()
}
