//! Plays one order's story: places it, does step after step as the one who would have, and lets timers fire when they were due.

use orderwright_core::actor::{Actor, Role};
use orderwright_core::decide::{Command, DisputeCommand, Event, EventItem, RefundRequest, RefundRequestItem};
use orderwright_core::id::MerchantId;
use orderwright_core::order::{Order, RefundState};
use orderwright_core::time::{Span, Timestamp};

use super::generate::{Plan, Setting, buyer, code, goods, later};
use super::random::Random;
use super::stories::{Act, Step, Who};
use crate::effects::disputes;
use crate::kernel::Clock;
use crate::ops::command::{self, OrderRef};
use crate::ops::{Ctx, OpError, Wait, place};
use crate::pay::sandbox::BankSays;

/// Timers that one order may have: a bound, should a workflow never come to rest.
const TIMERS: usize = 32;

/// How far a story was told.
#[derive(Debug, Default)]
pub struct Told {
    /// Steps that were done.
    pub steps: usize,
    /// Why it stopped before its end.
    pub trouble: Option<String>,
}

struct Player<'a> {
    setting: &'a Setting,
    clock: Clock,
    buyer: Actor,
    order: Order,
    random: Random,
    channel: &'static str,
}

/// Plays a story. An error is one of the store; what the rules refuse is told.
pub async fn play(setting: &Setting, plan: Plan) -> Result<Told, OpError> {
    let steps = plan.story.steps;
    let mut told = Told::default();
    let mut player = match Player::place(setting, plan).await {
        Ok(player) => player,
        Err(error) => return troubled(told, error),
    };
    match player.go_through(steps, &mut told.steps).await {
        Ok(()) => Ok(told),
        Err(error) => troubled(told, error),
    }
}

/// The rules' refusals belong to the story; a store that cannot be reached ends the generation.
fn troubled(told: Told, error: OpError) -> Result<Told, OpError> {
    match error {
        OpError::Busy(_) | OpError::Internal(_) => Err(error),
        refused => Ok(Told { trouble: Some(format!("step {}: {refused}: {refused:?}", told.steps + 1)), ..told }),
    }
}

impl<'a> Player<'a> {
    async fn place(setting: &'a Setting, mut plan: Plan) -> Result<Self, OpError> {
        let channel = plan.story.channel;
        let (person, customer) = buyer(setting, &mut plan);
        let request = place::Request {
            channel: channel.to_owned(),
            customer: person.contact(),
            items: goods(setting, &mut plan),
            shipping_address: Some(person.address()),
            billing_address: None,
            discount_code: code(setting, &mut plan),
        };
        let buyer = match customer {
            Some(id) => Actor { customer: Some(id), ..actor(Role::Customer, id.to_string()) },
            None => {
                Actor { channel: Some(channel.to_owned()), ..actor(Role::Storefront, format!("storefront:{channel}")) }
            }
        };
        let clock = Clock::manual(plan.placed);
        let mut ctx = context(setting, &clock, &buyer);
        let order = place::place(&mut ctx, request, plan.story.method).await?.order;
        Ok(Self { setting, clock, buyer, order, random: plan.random, channel })
    }

    async fn go_through(&mut self, steps: &[Step], done: &mut usize) -> Result<(), OpError> {
        for step in steps {
            self.step(step).await?;
            *done += 1;
        }
        self.until(self.setting.anchor).await
    }

    /// One step, by one actor or by several merchants, each in their own time.
    async fn step(&mut self, step: &Step) -> Result<(), OpError> {
        let start = self.clock.now();
        let who = match step.act {
            Act::Fire(who, _) | Act::Because(who, ..) | Act::FireOne(who, _) => who,
            Act::Pay(_) | Act::AskRefund(..) => Who::Buyer,
            _ => Who::Ops,
        };
        let mut turns: Vec<(Timestamp, Actor)> = Vec::new();
        for actor in self.actors(who) {
            turns.push((later(&mut self.random, start, (step.from, step.to)), actor));
        }
        turns.sort_by_key(|(at, _)| *at);
        for (at, actor) in turns {
            self.until(at).await?;
            self.clock.set(at);
            let command = self.command(&step.act, &actor, at)?;
            self.run(&actor, &command).await?;
        }
        Ok(())
    }

    /// Fires the timers that are due by then, each at its own instant.
    async fn until(&mut self, at: Timestamp) -> Result<(), OpError> {
        for _ in 0..TIMERS {
            let Some(due) = self.order.wake_at().filter(|due| *due <= at) else { return Ok(()) };
            self.clock.set(due.max(self.clock.now()));
            self.run(&Actor::system(), &Command::Tick).await?;
        }
        Ok(())
    }

    async fn run(&mut self, actor: &Actor, command: &Command) -> Result<(), OpError> {
        let mut ctx = context(self.setting, &self.clock, actor);
        let applied = command::run(&mut ctx, OrderRef::Order(self.order.id), command).await?;
        self.order = applied.loaded.order;
        Ok(())
    }

    fn actors(&self, who: Who) -> Vec<Actor> {
        let ops = || actor(Role::Ops, "ops:demo".to_owned());
        match who {
            Who::Buyer => vec![self.buyer.clone()],
            Who::Ops => vec![ops()],
            Who::Import => vec![Actor { import: true, ..ops() }],
            Who::Retailer => {
                let id = format!("retailer:{}", self.channel);
                vec![Actor { channel: Some(self.channel.to_owned()), ..actor(Role::Retailer, id) }]
            }
            Who::Merchants => self.merchants().collect(),
            Who::FirstMerchant => self.merchants().take(1).collect(),
            Who::OtherMerchants => self.merchants().skip(1).collect(),
        }
    }

    fn merchants(&self) -> impl Iterator<Item = Actor> + use<> {
        let mut ids: Vec<MerchantId> = self.order.items.iter().map(|i| i.merchant_id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().map(|id| Actor { merchant: Some(id), ..actor(Role::Merchant, id.to_string()) })
    }

    fn command(&mut self, act: &Act, actor: &Actor, at: Timestamp) -> Result<Command, OpError> {
        let part = |percent: i64| Some((self.order.captured() * percent / 100).max(1)).filter(|_| percent < 100);
        Ok(match *act {
            Act::Fire(_, event) => Command::Fire(self.event(event, at)),
            Act::Because(_, event, reason) => {
                Command::Fire(Event { reason: Some(reason.to_owned()), ..self.event(event, at) })
            }
            Act::FireOne(_, event) => {
                let own = self.order.items.iter().find(|i| actor.merchant.is_none_or(|m| m == i.merchant_id));
                let items = own.map(|i| vec![EventItem { item: i.id, quantity: Some(1) }]);
                Command::Fire(Event { items, ..self.event(event, at) })
            }
            Act::Pay(method) => Command::Pay { method: method.to_owned() },
            Act::Note(note, is_public) => Command::AddNote { note: note.to_owned(), is_public },
            Act::RefundAll(reason) => Command::Refund(refund(None, reason)),
            Act::RefundPart(percent, reason) => Command::Refund(refund(part(percent), reason)),
            Act::RefundOutside(reason) => {
                let one = self.order.items.first();
                let one = one.map(|i| RefundRequestItem { item: i.id, quantity: Some(1), amount: None });
                let items = one.map(|one| vec![one]);
                Command::Refund(RefundRequest { items, initiate_payment_refund: false, ..refund(None, reason) })
            }
            Act::AskRefund(percent, reason) => Command::RequestRefund(refund(part(percent), reason)),
            Act::DecideRefund(approve) => {
                let asked = self.order.refunds.iter().find(|r| r.state == RefundState::Requested);
                let asked = asked.ok_or(OpError::NotFound)?;
                Command::DecideRefund { refund: asked.id, approve }
            }
            Act::Dispute => {
                let payment = self.order.current_payment().ok_or(OpError::NotFound)?;
                let ctx = context(self.setting, &self.clock, &Actor::system());
                let now = self.order.updated_at;
                let facts = disputes::sandbox_facts(&self.order, payment.id, BankSays::Opened, now);
                let news = facts.and_then(|facts| disputes::news(&ctx, &self.order, payment.id, &facts, now));
                Command::Dispute(DisputeCommand::News(news.ok_or(OpError::NotFound)?))
            }
        })
    }

    /// An event with what a parcel needs, where there is one.
    fn event(&mut self, event: &str, at: Timestamp) -> Event {
        let event = Event { event: event.to_owned(), ..Event::default() };
        if !["ship", "shipped", "dispatch"].contains(&event.event.as_str()) {
            return event;
        }
        let provider = self.order.shipping_provider.clone();
        let number = format!("{:03}{:09}", self.random.within(100, 999), self.random.within(0, 999_999_999));
        let days = self.random.within(2, 5);
        Event {
            carrier: provider,
            tracking_url: Some(format!("https://track.example.com/{number}")),
            tracking_number: Some(number),
            expected_by: Some(at.plus(Span::seconds(days * 86_400)).date()),
            ..event
        }
    }
}

fn refund(amount: Option<i64>, reason: &str) -> RefundRequest {
    RefundRequest { amount, reason: reason.to_owned(), initiate_payment_refund: true, ..RefundRequest::default() }
}

fn actor(role: Role, id: String) -> Actor {
    Actor { role, merchant: None, customer: None, party: None, channel: None, id, import: false }
}

fn context(setting: &Setting, clock: &Clock, actor: &Actor) -> Ctx {
    Ctx {
        app: setting.app.clone(),
        actor: actor.clone(),
        clock: clock.clone(),
        wait: Wait::Full,
        key: None,
        if_version: None,
        languages: Default::default(),
    }
}
