//! What can happen next to an order: every event by everybody who may fire it, every answer of the provider, every timer, every refund.
//!
//! The commands are those of the engine, and `decide` says what they do. Left out because nothing that is decided depends on them: notes,
//! messages, parcels, disputes, errands (they are taken for done), and wishes that staff has not granted. Left out because they are other words for what is tried: setting a
//! status (the transitions of events), booking money from outside (the event that takes it), and refunds made outside (done at once).

use crate::actor::Actor;
use crate::decide::watch::{Offer, Watch, offers, placed, watched};
use crate::decide::{
    Command, Context, Decision, Event, EventItem, Outcome, RefundRequest, RefundRequestItem, Refusal, Which,
};
use crate::id::IdSource;
use crate::order::{OFFLINE, Order, PaymentState, RefundState, SANDBOX};
use crate::time::Timestamp;

use super::ground::{Ground, has_hold, has_window, last_hold, set_hold};
use super::shapes::{CANCEL_WINDOW, CARD, NOW, POLICIES, Shape, actors, draft};

/// All lines that are eligible, unnamed.
pub(super) const ALL: u8 = u8::MAX;
/// The bit of the payment window among the timers of a step.
pub(super) const WINDOW: u16 = 1 << 15;
/// The bit of the end of the hold.
pub(super) const HOLD: u16 = 1 << 14;

/// What the provider says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    Lost,
}

/// One step of an order's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It is placed.
    Placed { offline: bool },
    /// The payment's effect is answered.
    Effect(Answer),
    /// The refund at that position is answered.
    Refunded { refund: u8, yes: bool },
    /// Somebody fires an event: of the payment (no line), of these lines, or of all.
    Event { actor: u8, event: u16, lines: u8, part: bool },
    /// The customer pays again.
    Pay { actor: u8, offline: bool },
    /// Times run out, of the machines in these bits.
    Time { timers: u16 },
    /// A time runs out that began in a state that was left since.
    Away { timer: u16, state: u16 },
    /// Staff gives money back: all that is left, of one line or of all; or a part.
    Refund { lines: u8, part: bool },
}

/// Ids for explored orders: only their being different matters.
struct Ids(i64);

impl IdSource for Ids {
    fn next_id(&mut self) -> i64 {
        self.0 += 1;
        self.0
    }
}

/// The bit of a machine among the timers of a step; lines beyond the sixth have none and are not explored.
pub(super) fn bit(which: Which) -> Option<u16> {
    let at = match which {
        Which::Payment => 0,
        Which::Item(n) => 1 + 2 * n,
        Which::Merchant(n) => 2 + 2 * n,
        Which::Dispute(_) => return None,
    };
    (at < 14).then(|| 1 << at)
}

/// Those who act on orders of one shape, and the words they use.
pub(super) struct Stage<'g, 'w> {
    pub ground: &'g Ground<'w>,
    pub shape: &'static Shape,
    pub actors: Vec<Actor>,
    /// Every event of every machine.
    pub events: Vec<&'w str>,
    system: Actor,
    ids: Ids,
}

impl<'g, 'w> Stage<'g, 'w> {
    pub fn new(ground: &'g Ground<'w>, shape: &'static Shape) -> Self {
        let machines = [Some(&ground.workflow.item), ground.workflow.payment.as_ref(), ground.partner.map(|p| &p.item)];
        let states = machines.into_iter().flatten().flat_map(|machine| &machine.states);
        let mut events: Vec<&str> = states.flat_map(|state| state.on.keys().map(String::as_str)).collect();
        events.sort_unstable();
        events.dedup();
        Self { ground, shape, actors: actors(shape), events, system: Actor::system(), ids: Ids(1000) }
    }

    /// Places the order.
    pub fn place(&mut self, offline: bool, watch: &mut Watch) -> Result<Decision, Refusal> {
        let mut context = context(self.ground, &mut self.ids);
        placed(draft(self.shape, offline), &self.system, &mut context, watch)
    }

    /// Does one step with an order, as the engine would.
    pub fn perform(&mut self, order: &Order, step: Step, watch: &mut Watch) -> Result<Decision, Refusal> {
        let mut moved = None;
        let (actor, command) = match step {
            // `place` does this; there is no order yet.
            Step::Placed { .. } => return Err(Refusal::StaleOutcome),
            Step::Effect(answer) => {
                let effect = order.payment.effect.ok_or(Refusal::StaleOutcome)?;
                (&self.system, Command::Outcome { effect, outcome: outcome(answer) })
            }
            Step::Refunded { refund, yes } => {
                let effect = order.refunds.get(usize::from(refund)).and_then(|r| r.effect);
                let outcome = outcome(if yes { Answer::Yes } else { Answer::No });
                (&self.system, Command::Outcome { effect: effect.ok_or(Refusal::StaleOutcome)?, outcome })
            }
            Step::Event { actor, event, lines, part } => {
                let event = full(self.events[usize::from(event)], named(order, lines, part.then_some(1)));
                (&self.actors[usize::from(actor)], Command::Fire(event))
            }
            Step::Pay { actor, offline } => {
                let method = if offline { OFFLINE } else { CARD }.to_owned();
                (&self.actors[usize::from(actor)], Command::Pay { method })
            }
            Step::Time { timers } => {
                moved = Some(self.run_out(order, timers));
                (&self.system, Command::Tick)
            }
            Step::Away { timer, state } => {
                moved = Some(self.run_out_away(order, timer, usize::from(state)));
                (&self.system, Command::Tick)
            }
            Step::Refund { lines, part } => {
                let items = named(order, lines, None).map(|items| {
                    items.iter().map(|i| RefundRequestItem { item: i.item, quantity: None, amount: None }).collect()
                });
                let amount = part.then_some(1);
                let request =
                    RefundRequest { amount, items, initiate_payment_refund: true, ..RefundRequest::default() };
                (&self.actors[0], Command::Refund(request))
            }
        };
        let mut context = context(self.ground, &mut self.ids);
        watched(moved.as_ref().unwrap_or(order), &command, actor, &mut context, watch)
    }

    /// The order with these times behind it.
    fn run_out(&self, order: &Order, timers: u16) -> Order {
        let mut order = order.clone();
        let window = timers & WINDOW != 0;
        if window {
            order.created_at = Timestamp(NOW.0 - POLICIES.payment_window.0);
        }
        let hold = timers & HOLD != 0;
        if let Some(payment) = last_hold(&mut order).filter(|_| hold) {
            set_hold(payment, true);
        }
        let machines: Vec<Which> = self.ground.running(&order).map(|(which, ..)| which).collect();
        for which in machines {
            let Some(part) = self.ground.part(which) else { continue };
            let Some(instance) = instance_mut(&mut order, which) else { continue };
            let state = part.at(instance);
            let own = bit(which).is_some_and(|bit| timers & bit != 0);
            if own {
                let over = part.over(instance, state, NOW);
                part.set_over(instance, state, over + 1);
            }
            let declared = &part.machine.states[state];
            if own || (window && has_window(declared)) || (hold && has_hold(declared)) {
                instance.due = Some(NOW);
            }
        }
        order
    }

    /// The order with one more time of a state behind it that it left, and may come back to.
    fn run_out_away(&self, order: &Order, timer: u16, state: usize) -> Order {
        let found = self.ground.running(order).map(|(which, ..)| which).find(|which| bit(*which) == Some(timer));
        let which = found.unwrap_or(Which::Payment);
        let mut order = order.clone();
        if let Some((part, instance)) = self.ground.part(which).zip(instance_mut(&mut order, which)) {
            let over = part.over(instance, state, NOW);
            part.set_over(instance, state, over + 1);
        }
        order
    }

    /// Every step that is possible; what it does is `perform`'s.
    pub fn steps(&mut self, order: &Order, watch: &mut Watch, out: &mut Vec<Step>) -> Result<Vec<Offer>, Refusal> {
        out.clear();
        if order.payment.effect.is_some() {
            out.extend([Step::Effect(Answer::Yes), Step::Effect(Answer::No)]);
            if order.current_payment().is_some_and(|p| p.state != PaymentState::InDoubt) {
                out.push(Step::Effect(Answer::Lost));
            }
        }
        for (n, _) in order.refunds.iter().enumerate().filter(|(_, r)| r.state == RefundState::Pending).take(255) {
            let refund = u8::try_from(n).unwrap_or(u8::MAX);
            out.extend([Step::Refunded { refund, yes: true }, Step::Refunded { refund, yes: false }]);
        }
        let offers = {
            let mut context = context(self.ground, &mut self.ids);
            offers(order, &self.events, &self.actors, &mut context, watch)?
        };
        self.fire(order, &offers, out);
        self.times(order, out);
        self.refunds(order, out);
        Ok(offers)
    }

    /// Events, once for each set of transitions that they take: who fires them makes no other difference.
    fn fire(&self, order: &Order, offers: &[Offer], out: &mut Vec<Step>) {
        let mut seen: Vec<Vec<(Which, usize)>> = Vec::new();
        let mut at = 0;
        while at < offers.len() {
            let actor = offers[at].actor;
            let end = at + offers[at..].iter().take_while(|offer| offer.actor == actor).count();
            let own = &offers[at..end];
            at = end;
            let by = u8::try_from(actor).unwrap_or(u8::MAX);
            for (n, offer) in own.iter().enumerate() {
                let event = u16::try_from(offer.event).unwrap_or(u16::MAX);
                let mut new = |taken: Vec<(Which, usize)>| {
                    let new = !seen.contains(&taken);
                    if new {
                        seen.push(taken);
                    }
                    new
                };
                let Some(line) = line_of(offer.which) else {
                    if new(vec![(offer.which, offer.transition)]) {
                        out.push(Step::Event { actor: by, event, lines: 0, part: false });
                        if self.events[offer.event] == "retry" {
                            out.extend([false, true].map(|offline| Step::Pay { actor: by, offline }));
                        }
                    }
                    continue;
                };
                if new(vec![(offer.which, offer.transition)]) {
                    out.push(Step::Event { actor: by, event, lines: 1 << (line % 7), part: false });
                    if order.items[line].quantity > 1 {
                        out.push(Step::Event { actor: by, event, lines: 1 << (line % 7), part: true });
                    }
                }
                // All lines at once, at the first of them.
                let alike = || own.iter().filter(|other| other.event == offer.event);
                let is_first = own[..n].iter().all(|other| other.event != offer.event);
                if is_first && alike().nth(1).is_some() && new(alike().map(|o| (o.which, o.transition)).collect()) {
                    out.push(Step::Event { actor: by, event, lines: ALL, part: false });
                }
            }
        }
    }

    /// Timers: each alone, and together with others, as they may run out between two looks at the clock.
    fn times(&self, order: &Order, out: &mut Vec<Step>) {
        let mut bits: Vec<u16> = Vec::new();
        for (which, part, instance) in self.ground.running(order) {
            let here = part.at(instance);
            let Some(bit) = bit(which) else { continue };
            if part.over(instance, here, NOW) < part.times[here].len() {
                bits.push(bit);
            }
            for name in instance.first.keys().filter(|name| **name != instance.state) {
                let Some(&state) = part.machine.index.get(name) else { continue };
                if part.over(instance, state, NOW) < part.times[state].len() {
                    out.push(Step::Away { timer: bit, state: u16::try_from(state).unwrap_or(u16::MAX) });
                }
            }
        }
        if order.created_at == NOW && self.ground.window_matters(order) {
            bits.push(WINDOW);
        }
        if self.ground.hold(order, NOW) == Some(false) {
            bits.push(HOLD);
        }
        // Sets of more than three differ from some of these only in weird files; the rest is left to the steps one by one.
        let sets = 1_u32 << bits.len().min(3);
        let mut sets: Vec<u16> = (1..sets)
            .map(|set| {
                bits.iter().take(3).enumerate().filter(|(n, _)| set >> n & 1 == 1).fold(0, |all, (_, bit)| all | bit)
            })
            .collect();
        if bits.len() > 3 {
            sets.extend(&bits[3..]);
            sets.push(bits.iter().fold(0, |all, bit| all | bit));
        }
        out.extend(sets.into_iter().map(|timers| Step::Time { timers }));
    }

    fn refunds(&self, order: &Order, out: &mut Vec<Step>) {
        if order.captured() <= order.refunding() {
            return;
        }
        out.push(Step::Refund { lines: ALL, part: false });
        let left: Vec<usize> =
            (0..order.items.len().min(7)).filter(|&n| order.items[n].captured > order.items[n].refunding).collect();
        if order.items.len() > 1 {
            out.extend(left.iter().map(|n| Step::Refund { lines: 1 << n, part: false }));
        }
        if self.shape.parts && order.refunding() < 2 {
            out.push(Step::Refund { lines: ALL, part: true });
        }
    }
}

fn context<'a>(ground: &Ground<'a>, ids: &'a mut Ids) -> Context<'a> {
    Context {
        workflow: ground.workflow,
        partner: ground.partner,
        now: NOW,
        provider: SANDBOX,
        cancel_window: CANCEL_WINDOW,
        ids,
    }
}

fn line_of(which: Which) -> Option<usize> {
    match which {
        Which::Payment | Which::Dispute(_) => None,
        Which::Item(n) | Which::Merchant(n) => Some(n),
    }
}

fn instance_mut(order: &mut Order, which: Which) -> Option<&mut crate::order::Instance> {
    match which {
        Which::Payment => Some(&mut order.payment),
        Which::Item(n) => order.items.get_mut(n).map(|item| &mut item.machine),
        Which::Merchant(n) => order.items.get_mut(n).and_then(|item| item.merchant.as_mut()),
        Which::Dispute(n) => order.disputes.get_mut(n).map(|dispute| &mut dispute.machine),
    }
}

fn outcome(answer: Answer) -> Outcome {
    match answer {
        Answer::Yes => Outcome::done(None),
        Answer::No => Outcome::Declined { code: String::new() },
        Answer::Lost => Outcome::InDoubt,
    }
}

/// The lines as an event names them; none for the payment's and for all.
fn named(order: &Order, lines: u8, quantity: Option<i64>) -> Option<Vec<EventItem>> {
    if lines == ALL || lines == 0 {
        return None;
    }
    let chosen = order.items.iter().enumerate().filter(|(n, _)| *n < 7 && lines >> n & 1 == 1);
    Some(chosen.map(|(_, item)| EventItem { item: item.id, quantity }).collect())
}

/// The event with every field that one can require.
fn full(event: &str, items: Option<Vec<EventItem>>) -> Event {
    let given = || Some("-".to_owned());
    Event {
        event: event.to_owned(),
        items,
        reason: given(),
        tracking_number: given(),
        carrier: given(),
        expected_by: given(),
        ..Event::default()
    }
}
