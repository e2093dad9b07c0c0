//! One order's life: placed, paid or declined, moved by whoever shows up, by effects and by timers, until nothing moves any more.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use serde_json::json;

use super::audit::Books;
use super::people::{self, Intent};
use super::random::Random;
use super::report::Tally;
use super::scenario::{Delay, Scenario};
use super::{Map, Part};
use crate::actor::Actor;
use crate::calendar::Calendar;
use crate::decide::watch::{self, Watch};
use crate::decide::{
    Command, Context, Decision, Draft, DraftItem, EffectJob, Event, EventItem, MoneyFromOutside, Outcome,
    RefundRequest, Refusal, Which,
};
use crate::id::{AddressId, CustomerId, IdSource, MerchantId, OrderId, VariantId};
use crate::money::Currency;
use crate::order::{Instance, OFFLINE, Order, PartyKind, PartyRef, Policies, SANDBOX, Share};
use crate::time::{Span, Timestamp};
use crate::workflow::{Effect, Party, Policy};

/// 2026-01-01T00:00:00Z: when a simulation begins.
const START: Timestamp = Timestamp(1_767_225_600_000_000);
/// Things that one order does at most; more is a lifecycle that goes round for ever.
const MOST: u32 = 10_000;
/// After this long somebody tries again what a running payment step did not allow.
const AGAIN: Span = Span::seconds(600);

/// Something that is going to happen.
#[derive(Clone, Debug)]
enum Act {
    /// An effect answers.
    Answer(EffectJob),
    /// An effect answers whose answer was lost at first.
    Late(EffectJob),
    /// A timer may be due.
    Tick,
    /// Somebody acts in a state, if it is still the same stay.
    Fire { part: Part, line: usize, since: Timestamp, state: usize, intent: Intent },
    /// The order is to be cancelled.
    Cancel,
    /// The order is to be refunded, in that part.
    Refund(f64),
}

struct Ids(i64);

impl IdSource for Ids {
    fn next_id(&mut self) -> i64 {
        self.0 += 1;
        self.0
    }
}

/// Where a machine was seen last.
#[derive(Clone, Copy, PartialEq)]
struct Seen {
    part: Part,
    line: usize,
    state: usize,
    since: Timestamp,
}

struct Life<'l, 'w> {
    map: &'l Map<'w>,
    scenario: &'l Scenario,
    random: Random,
    tally: &'l mut Tally,
    order: Order,
    ids: Ids,
    now: Timestamp,
    acts: Vec<Act>,
    agenda: BinaryHeap<Reverse<(Timestamp, usize)>>,
    seen: Vec<Seen>,
    /// What people wanted and could not do yet.
    blocked: Vec<Act>,
    refund: Option<(Span, f64)>,
    due: Option<Timestamp>,
    books: Books,
    /// The transitions of the decision at hand.
    watch: Watch,
}

/// Lives the life of the `n`th order.
pub(super) fn live(map: &Map<'_>, scenario: &Scenario, n: u64, tally: &mut Tally) {
    let mut random = Random::of(scenario.seed, n);
    let now = START.plus(Span(random.within(0, scenario.over.0)));
    let mut ids = Ids((n as i64).saturating_mul(1_000_000));
    let customer = people::actor(Party::Customer, MerchantId(0));
    let draft = draft(scenario, n, &mut random, &mut ids);
    let mut watch = Watch::default();
    let placed = {
        let mut context = context(map, scenario, now, &mut ids);
        watch::placed(draft, &customer, &mut context, &mut watch)
    };
    let decision = match placed {
        Ok(decision) => decision,
        Err(refusal) => return tally.refused(format!("placement: {refusal}")),
    };
    let (cancel, refund) = (people::cancel(scenario, &mut random), people::refund(scenario, &mut random));
    let mut life = Life {
        map,
        scenario,
        random,
        tally,
        order: decision.order.clone(),
        ids,
        now,
        acts: Vec::new(),
        agenda: BinaryHeap::new(),
        seen: Vec::new(),
        blocked: Vec::new(),
        refund,
        due: None,
        books: Books::default(),
        watch,
    };
    if let Some(after) = cancel {
        life.plan(after, Act::Cancel);
    }
    life.absorb(decision);
    life.go_on();
    life.end();
}

fn context<'c>(map: &Map<'c>, scenario: &Scenario, now: Timestamp, ids: &'c mut Ids) -> Context<'c> {
    let cancel_window = scenario.window(Policy::CancelWindow, Span::seconds(2 * 3_600));
    Context { workflow: map.workflow, partner: map.partner, now, provider: SANDBOX, cancel_window, ids }
}

impl Life<'_, '_> {
    fn plan(&mut self, after: Span, act: Act) {
        self.agenda.push(Reverse((self.now.plus(after), self.acts.len())));
        self.acts.push(act);
    }

    fn go_on(&mut self) {
        for _ in 0..MOST {
            let Some(Reverse((at, n))) = self.agenda.pop() else { return };
            if self.scenario.until.is_some_and(|until| at > START.plus(until)) {
                return;
            }
            self.now = at;
            let act = self.acts[n].clone();
            self.perform(act);
        }
        self.tally.refused(format!("an order still moved after {MOST} steps; it was given up"));
    }

    fn perform(&mut self, act: Act) {
        let system = Actor::system();
        let (command, actor) = match &act {
            Act::Answer(job) if self.random.chance(self.scenario.doubt) => {
                let usual = Delay::Between(Span::seconds(600), Span::seconds(7_200));
                let after = self.scenario.delay("doubt", usual).draw(&mut self.random);
                self.plan(after, Act::Late(job.clone()));
                (Command::Outcome { effect: job.id, outcome: Outcome::InDoubt }, system)
            }
            Act::Answer(job) | Act::Late(job) => {
                let outcome = self.provider(job);
                (Command::Outcome { effect: job.id, outcome }, system)
            }
            Act::Tick => (Command::Tick, system),
            Act::Fire { part, line, since, state, intent } => {
                if !self.seen.contains(&Seen { part: *part, line: *line, state: *state, since: *since }) {
                    return;
                }
                let merchant = self.order.items[*line].merchant_id;
                (self.command(*part, *line, intent), people::actor(intent.party, merchant))
            }
            Act::Cancel => {
                let Some(event) = self.map.workflow.cancel_event.clone() else { return };
                let Some(party) = self.canceller(&event) else { return };
                let merchant = self.order.items[0].merchant_id;
                (Command::Fire(full(&event, self.now)), people::actor(party, merchant))
            }
            Act::Refund(part) => {
                let left = self.order.captured() - self.order.refunding();
                let amount = (*part < 1.0).then_some(((left as f64 * part) as i64).max(1));
                let reason = "simulated".to_owned();
                let wish = RefundRequest { amount, reason, initiate_payment_refund: true, ..RefundRequest::default() };
                (Command::Refund(wish), people::actor(Party::Operator, MerchantId(0)))
            }
        };
        self.watch.clear();
        let decided = {
            let mut context = context(self.map, self.scenario, self.now, &mut self.ids);
            watch::watched(&self.order, &command, &actor, &mut context, &mut self.watch)
        };
        match decided {
            Ok(decision) => self.absorb(decision),
            Err(Refusal::PaymentInProgress) => self.plan(AGAIN, act),
            Err(Refusal::NotPossible { .. }) if matches!(act, Act::Fire { .. }) => self.blocked.push(act),
            Err(refusal) => {
                let what = match act {
                    Act::Answer(_) | Act::Late(_) => "an outcome",
                    Act::Tick => "a timer",
                    Act::Fire { ref intent, .. } => intent.event.as_str(),
                    Act::Cancel => "cancelling the order",
                    Act::Refund(_) => "refunding the order",
                };
                self.tally.refused(format!("{what}: {}", kind(&refusal)));
            }
        }
    }

    fn command(&self, part: Part, line: usize, intent: &Intent) -> Command {
        if intent.books_money {
            let off = |state: &str| self.map.workflow.item.state(state).is_some_and(|s| s.has("cancelled"));
            let live = self.order.items.iter().filter(|i| !off(&i.machine.state));
            return Command::BookPayment(MoneyFromOutside {
                amount: live.map(|i| i.due()).sum(),
                currency: self.order.currency,
                paid_at: self.now,
                reference: "simulated".to_owned(),
            });
        }
        match part {
            Part::Payment if intent.event == "retry" => Command::Pay { method: CARD.to_owned() },
            Part::Payment => Command::Fire(full(&intent.event, self.now)),
            Part::Item | Part::Merchant => {
                let items = Some(vec![EventItem { item: self.order.items[line].id, quantity: None }]);
                Command::Fire(Event { items, ..full(&intent.event, self.now) })
            }
        }
    }

    /// Who cancels a whole order: the customer if the state of some item lets them, else whoever may.
    fn canceller(&self, event: &str) -> Option<Party> {
        let states = self.order.items.iter().filter_map(|i| self.map.workflow.item.state(&i.machine.state));
        let now: Vec<Party> = states.filter_map(|s| s.on.get(event)).flatten().flat_map(|t| &t.by).copied().collect();
        let ever = |p: &Party| self.map.workflow.item.lets(*p, event);
        let order = [Party::Customer, Party::Retailer, Party::Operator, Party::Merchant];
        order.iter().find(|p| now.contains(p)).or_else(|| order.iter().find(|p| ever(p))).copied()
    }

    fn provider(&mut self, job: &EffectJob) -> Outcome {
        let effect = job.effect.0;
        let asks = matches!(effect, Effect::Verify | Effect::Authorise | Effect::Reauthorise | Effect::Charge);
        let usual = if asks { self.scenario.decline } else { 0.0 };
        let chance = self.scenario.declines.get(effect.name()).copied().unwrap_or(usual);
        match self.random.chance(chance) {
            true => Outcome::Declined { code: "simulated".to_owned() },
            false => Outcome::done(Some("simulated".to_owned())),
        }
    }

    /// Takes a decision in: counts it, and plans what follows from it.
    fn absorb(&mut self, decision: Decision) {
        let wrong = self.books.book(&decision);
        self.tally.decided(self.now, &decision.order.number, wrong);
        for (which, address) in std::mem::take(&mut self.watch.taken) {
            let part = match which {
                Which::Item(_) => Part::Item,
                Which::Payment => Part::Payment,
                Which::Merchant(_) => Part::Merchant,
                // Nobody disputes in a simulation.
                Which::Dispute(_) => continue,
            };
            let place = |t: &&crate::workflow::Transition| watch::address(*t) == address;
            let drawn = self.map.part(part);
            if let Some(n) = drawn.and_then(|d| d.transitions.iter().position(|(_, t)| place(t))) {
                self.tally.flow(part, n);
            }
        }
        self.order = decision.order;
        for job in decision.effects {
            let after = self.scenario.delay(job.effect.0.name(), self.scenario.answer).draw(&mut self.random);
            self.plan(after, Act::Answer(job));
        }
        self.look();
        if self.order.wake_at() != self.due {
            self.due = self.order.wake_at();
            if let Some(due) = self.due {
                self.plan(Span((due.0 - self.now.0).max(0)), Act::Tick);
            }
        }
        if self.order.captured() > 0
            && let Some((after, part)) = self.refund.take()
        {
            self.plan(after, Act::Refund(part));
        }
        // What was not possible may be now.
        for act in std::mem::take(&mut self.blocked) {
            self.plan(Span::ZERO, act);
        }
    }

    /// Sees which machines have moved, and lets somebody think about where they are now.
    fn look(&mut self) {
        let mut now = Vec::with_capacity(self.seen.len());
        let mut see = |part: Part, line: usize, instance: &Instance| {
            let state = self.map.part(part).and_then(|d| d.machine.index.get(&instance.state));
            now.extend(state.map(|&state| Seen { part, line, state, since: instance.since }));
        };
        see(Part::Payment, 0, &self.order.payment);
        for (line, item) in self.order.items.iter().enumerate() {
            see(Part::Item, line, &item.machine);
            if let Some(merchant) = &item.merchant {
                see(Part::Merchant, line, merchant);
            }
        }
        let before = std::mem::replace(&mut self.seen, now);
        for gone in before.iter().filter(|s| !self.seen.contains(s)) {
            self.tally.left(gone.part, gone.state, gone.since, self.now);
        }
        for new in self.seen.clone() {
            if before.contains(&new) {
                continue;
            }
            self.tally.entered(new.part, new.state, self.now);
            if let Some(intent) = people::intent(self.map, self.scenario, new.part, new.state, &mut self.random) {
                let Seen { part, line, state, since } = new;
                self.plan(intent.after, Act::Fire { part, line, since, state, intent });
            }
        }
    }

    fn end(self) {
        for seen in &self.seen {
            self.tally.rests(seen.part, seen.state);
        }
        self.tally.ended(self.map, &self.order);
    }
}

/// The card that simulated customers pay with.
const CARD: &str = "pm_card_visa";

/// An event with every field that a lifecycle can require.
fn full(event: &str, now: Timestamp) -> Event {
    Event {
        event: event.to_owned(),
        reason: Some("simulated".to_owned()),
        tracking_number: Some("SIM-1".to_owned()),
        carrier: Some("simulated".to_owned()),
        expected_by: Some(now.plus(Span::seconds(5 * 86_400)).date()),
        ..Event::default()
    }
}

/// A refusal without what differs from order to order, so that equal ones are counted together.
fn kind(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NotPossible { status, .. } => format!("not possible while the order is {status}"),
        Refusal::RefundTooLarge { .. } => "nothing is left to refund".to_owned(),
        other => other.to_string(),
    }
}

/// An order of a few lines of two merchants.
fn draft(scenario: &Scenario, n: u64, random: &mut Random, ids: &mut Ids) -> Draft {
    let lines = random.within(1, scenario.lines);
    let party = |kind, id: String, basis_points| Share { party: PartyRef { kind, id }, basis_points };
    let mut items = Vec::new();
    for line in 0..lines {
        let merchant = MerchantId(1 + random.within(0, 1));
        let (price, quantity) = (random.within(500, 20_000), random.within(1, 3));
        items.push(DraftItem {
            product_variant_id: VariantId(line),
            sku: format!("SKU-{line}"),
            name: format!("Thing {line}"),
            merchant_id: merchant,
            quantity,
            price,
            gst_rate: "0".to_owned(),
            gst_amount: 0,
            discount_amount: 0,
            total: price * quantity,
            metadata: json!({}),
            late_cancellation: random.chance(0.5),
            agreement: None,
            shares: vec![
                party(PartyKind::Merchant, merchant.to_string(), 8_500),
                party(PartyKind::Platform, "platform".to_owned(), 1_500),
            ],
            location: "default".to_owned(),
        });
    }
    let offline = random.chance(scenario.offline);
    Draft {
        id: OrderId(ids.next_id()),
        number: format!("SIM-{:06}", n + 1),
        channel: "simulation".to_owned(),
        customer_id: CustomerId(1),
        contact_id: AddressId(1),
        shipping_address_id: None,
        shipping_country: None,
        billing_address_id: None,
        currency: Currency::parse("EUR").expect("ISO 4217 lists the euro"),
        discount_code: None,
        shipping_cost: random.within(0, 1_500),
        shipping_tax: 0,
        rounding_amount: 0,
        gateway_order_id: None,
        shipping_provider: None,
        discount_snapshot: json!({}),
        pricing_snapshot: json!({}),
        calendar: Calendar::default(),
        policies: Policies {
            payment_window: scenario.window(Policy::PaymentWindow, Span::seconds(3 * 86_400)),
            return_window: scenario.window(Policy::ReturnWindow, Span::seconds(30 * 86_400)),
            refund_close_window: scenario.window(Policy::RefundCloseWindow, Span::seconds(14 * 86_400)),
        },
        items,
        shipping_shares: None,
        payment_method: if offline { OFFLINE } else { CARD }.to_owned(),
        reserved: false,
    }
}
