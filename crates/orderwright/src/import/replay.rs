//! One planned order on its way: placed, paid, and every line brought to where its source says it ended, each step at its instant.
//!
//! Where the order stands is read from the order itself, so a run that was killed is gone on with from wherever it was. Timers fire on the
//! order's own clock, when they were due. Before an order is placed the whole way is rehearsed: one that cannot end where its source says
//! is refused, and nothing of it is written.

use std::collections::VecDeque;
use std::sync::Arc;

use orderwright_core::actor::{Actor, Role};
use orderwright_core::catalog::Channel;
use orderwright_core::decide::{Command, Event, EventItem, RefundRequest};
use orderwright_core::id::{ItemId, MerchantId, OrderId};
use orderwright_core::order::{Item, Order, Reservation};
use orderwright_core::status;
use orderwright_core::time::Timestamp;
use orderwright_core::workflow::{Field, State};

use super::plan::{Goal, Planned};
use super::route::{Hop, Move, Phase, Ways, arrived, due};
use super::world::{Imagined, Instants, World, rest};
use crate::app::App;
use crate::kernel::Clock;
use crate::ops::command::{self, Loaded, OrderRef};
use crate::ops::import::{note_done, take_back_units};
use crate::ops::{Ctx, OpError, Wait, sale};
use crate::store::Scope;

/// How often a busy store is asked again, a little later each time.
const ATTEMPTS: u32 = 8;
/// Steps that one line may take: a bound, should a workflow never come to rest.
const STEPS: usize = 32;

/// What a run does to orders, with what it has found out.
pub struct Replayer {
    app: Arc<App>,
    actor: Actor,
    ways: Ways,
    instants: Arc<Instants>,
}

/// What became of an order in this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was placed.
    Created,
    /// It was there, and went on.
    Continued,
    /// It was there, and nothing had to be done.
    Unchanged,
}

/// How far an order came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// What was done.
    pub outcome: Outcome,
    /// Why it is not where its source says, when it is not.
    pub short: Option<String>,
}

/// Lines that go together: of one merchant, to one end.
struct Party {
    merchant: MerchantId,
    goal: Goal,
    lines: Vec<ItemId>,
    /// The statuses that it still has to come to.
    stops: VecDeque<String>,
}

impl Replayer {
    /// For one run; `name` is what the history shows as the one who did it.
    pub fn new(app: &Arc<App>, name: &str) -> Self {
        let actor = Actor {
            role: Role::Ops,
            merchant: None,
            customer: None,
            party: None,
            channel: None,
            id: name.to_owned(),
            import: true,
        };
        Self { app: app.clone(), actor, ways: Ways::default(), instants: Arc::new(Instants::default()) }
    }

    /// A context of the import, with a clock of its own.
    pub fn ctx(&self, now: Timestamp) -> Ctx {
        Ctx { wait: Wait::Full, clock: Clock::manual(now), ..Ctx::of(&self.app, self.actor.clone()) }
    }

    /// Whether the order is there, and all that the plan says of it was done.
    pub async fn is_done(&self, planned: &Planned) -> Result<bool, OpError> {
        Ok(self.app.store.external_ref(&done(planned), &planned.done_key()).await?.is_some())
    }

    /// Goes the whole way without writing anything. The text says why it cannot be gone.
    pub async fn rehearse(&self, channel: &Channel, planned: &Planned) -> Result<(), String> {
        if !channel.accepts_offline_payment {
            return Err(format!(
                "the channel `{}` takes no payments from outside, and all that was paid before the shop moved in is one: use a channel that does",
                channel.name
            ));
        }
        let mut ids = Imagined::default();
        let ctx = self.ctx(planned.placed);
        let (decision, loaded) =
            sale::rehearse(&ctx, channel, &planned.sale, planned.placed, &mut ids).map_err(told)?;
        if !decision.effects.is_empty() {
            return Err(format!(
                "the workflow `{}` asks a provider for the money at once, so what was paid elsewhere cannot be told in it: use another channel",
                channel.workflow
            ));
        }
        let mut world = World::rehearsal(self.actor.clone(), loaded, channel.cancel_window, ids);
        self.walk(&mut world, planned, true).await.map(drop).map_err(told)
    }

    /// Brings the order to the end of its plan. An error is the store's: everything stops, and can be started again.
    pub async fn replay(&self, channel: &Arc<Channel>, planned: &Planned) -> Result<Replayed, OpError> {
        if self.is_done(planned).await? {
            return Ok(Replayed { outcome: Outcome::Unchanged, short: None });
        }
        let ctx = self.ctx(planned.placed);
        let stopped = |outcome, error| match error {
            OpError::Busy(_) => Err(error),
            other => Ok(Replayed { outcome, short: Some(told(other)) }),
        };
        let (loaded, created) = match self.placed(&ctx, channel, planned).await {
            Ok(placed) => placed,
            Err(error) => return stopped(Outcome::Unchanged, error),
        };
        let version = loaded.order.version;
        let mut world = World::real(ctx.clone(), loaded, channel.cancel_window, self.instants.clone());
        let walked = self.walk(&mut world, planned, created).await;
        let outcome = match (created, world.order.version == version) {
            (true, _) => Outcome::Created,
            (false, true) => Outcome::Unchanged,
            (false, false) => Outcome::Continued,
        };
        match walked {
            Ok(short) => {
                self.take_back(&ctx, &world, planned).await?;
                // What still waits is looked at again by the next run.
                if short.is_none() {
                    note_done(&ctx, &done(planned), &planned.done_key(), world.order.id).await?;
                }
                Ok(Replayed { outcome, short })
            }
            Err(error) => stopped(outcome, error),
        }
    }

    /// The order of that outside id, placed now if it was not.
    async fn placed(&self, ctx: &Ctx, channel: &Arc<Channel>, planned: &Planned) -> Result<(Loaded, bool), OpError> {
        let mut attempt = 0;
        loop {
            if let Some(id) = ctx.app.store.external_ref(&planned.sale.source, &planned.sale.external_id).await? {
                return Ok((command::load(ctx, &Scope::All, OrderRef::Order(OrderId(id))).await?, false));
            }
            let before = self.instants.take(Timestamp(planned.placed.0 - 1000));
            ctx.clock.set(self.instants.take(planned.placed));
            match sale::place(ctx, channel, &planned.sale, before).await {
                Ok(loaded) => return Ok((loaded, true)),
                // Placed by somebody else meanwhile, or by a commit whose answer was lost.
                Err(OpError::Conflict("imported_already", _)) if attempt < ATTEMPTS => {}
                Err(OpError::Busy(_)) if attempt < ATTEMPTS => rest(attempt).await,
                Err(error) => return Err(error),
            }
            attempt += 1;
        }
    }

    /// All steps that are still to be taken, by all parties, in the order of time. A text says what could not be reached yet.
    async fn walk(&self, world: &mut World, planned: &Planned, created: bool) -> Result<Option<String>, OpError> {
        note(world, planned).await?;
        pay(world, planned).await?;
        let today = self.app.clock.now();
        let mut parties = parties(world, planned);
        let whole = planned.goals.windows(2).all(|w| w[0].status == w[1].status);
        let mut waits = None;
        for _ in 0..STEPS * (1 + parties.len()) {
            let mut next: Option<(Timestamp, usize, Hop)> = None;
            for party in &mut parties {
                while party.stops.front().is_some_and(|stop| is_past(world, party, stop, created)) {
                    party.stops.pop_front();
                }
            }
            let on_the_way = parties.iter().any(|p| p.stops.len() > 1);
            for (n, party) in parties.iter().enumerate() {
                let Some(stop) = party.stops.front() else { continue };
                let hop = self.ways.next(world, &party.lines, stop, &party.goal, whole);
                let hop = hop.ok_or_else(|| stuck(world, party, stop))?;
                // A refund is of the whole order: everybody else ships first.
                if hop.step == Move::Refund && on_the_way {
                    continue;
                }
                let at = when(world, planned, party, &hop);
                if next.as_ref().is_none_or(|(earliest, _, _)| at < *earliest) {
                    next = Some((at, n, hop));
                }
            }
            let Some((at, n, hop)) = next else { break };
            if let Some(first) = world.order.due_at().filter(|first| *first <= at.min(today) && hop.step != Move::Wait)
            {
                world.run(first, &Command::Tick).await?;
                continue;
            }
            if hop.step == Move::Wait && at > today {
                let stop = parties[n].stops.back().cloned().unwrap_or_default();
                waits = Some(format!("it becomes {stop} by itself on {}: until then it waits", at.date()));
                parties[n].stops.clear();
                continue;
            }
            let command = command(world, planned, &parties[n], &hop, at);
            world.run(at, &command).await?;
            if hop.arrives {
                parties[n].stops.pop_front();
            }
        }
        refund(world, planned).await?;
        world.finish_refunds().await?;
        for _ in 0..STEPS {
            let Some(due) = world.order.due_at().filter(|due| *due <= today) else { break };
            world.run(due, &Command::Tick).await?;
        }
        Ok(waits)
    }

    /// Units of lines that the source says were called off go out again: they are in the shop's own count.
    async fn take_back(&self, ctx: &Ctx, world: &World, planned: &Planned) -> Result<(), OpError> {
        let off = |i: &&Item| {
            let goal = goal_of(planned, i).and_then(|g| g.status.as_deref());
            i.reservation == Reservation::Released
                && states(world).any(|s| Some(s.status.as_str()) == goal && (s.has("cancelled") || s.has("refunded")))
        };
        let units: Vec<_> = world.order.items.iter().filter(off).collect();
        if units.is_empty() {
            return Ok(());
        }
        let units: Vec<_> = units.iter().map(|i| (i.sku.clone(), i.location.clone(), i.quantity)).collect();
        let source = format!("{}.returned", planned.sale.source);
        take_back_units(ctx, &source, &planned.sale.external_id, world.order.id, &units).await
    }
}

/// An error in words that name the field.
pub fn told(error: OpError) -> String {
    match error {
        OpError::Invalid(fields) => {
            fields.iter().map(|f| format!("{}: {}", f.pointer, f.detail)).collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    }
}

fn done(planned: &Planned) -> String {
    format!("{}.done", planned.sale.source)
}

fn states(world: &World) -> impl Iterator<Item = &State> {
    world.workflow.item.states.iter()
}

/// What the plan says of a line; parts that were split off it keep its number.
fn goal_of<'a>(planned: &'a Planned, item: &Item) -> Option<&'a Goal> {
    let line = item.metadata["import"]["line"].as_u64().and_then(|n| usize::try_from(n).ok());
    planned.goals.get(line.unwrap_or(0))
}

fn parties(world: &World, planned: &Planned) -> Vec<Party> {
    let mut parties: Vec<Party> = Vec::new();
    for item in &world.order.items {
        let Some(goal) = goal_of(planned, item) else { continue };
        match parties.iter_mut().find(|p| p.merchant == item.merchant_id && p.goal == *goal) {
            Some(party) => party.lines.push(item.id),
            None => parties.push(Party {
                merchant: item.merchant_id,
                goal: goal.clone(),
                lines: vec![item.id],
                stops: stops(world, goal),
            }),
        }
    }
    parties
}

/// What is odd is written down for staff, once.
async fn note(world: &mut World, planned: &Planned) -> Result<(), OpError> {
    let text = planned.oddities.join("\n");
    if text.is_empty() || world.order.notes.iter().any(|n| n.note == text) {
        return Ok(());
    }
    world.run(planned.placed, &Command::AddNote { note: text, is_public: false }).await
}

/// The money came, if the source says so and the order still waits for it.
async fn pay(world: &mut World, planned: &Planned) -> Result<(), OpError> {
    let Some(at) = planned.paid else { return Ok(()) };
    let parties = world.actor.parties();
    let found = world.workflow.payment.as_ref().and_then(|machine| {
        let state = machine.state(&world.order.payment.state).filter(|s| s.has("awaiting"))?;
        let pays = |(_, ts): &(&String, &Vec<orderwright_core::workflow::Transition>)| {
            ts.iter().any(|t| t.by.iter().any(|p| parties.contains(p)) && machine.states[t.target].has("captured"))
        };
        state.on.iter().find(pays).map(|(event, _)| event.clone())
    });
    match found {
        Some(event) => world.run(at, &Command::Fire(Event { event, ..Event::default() })).await,
        None => Ok(()),
    }
}

/// What went back beside cancellations.
async fn refund(world: &mut World, planned: &Planned) -> Result<(), OpError> {
    let Some((at, amount)) = planned.refunded else { return Ok(()) };
    let left = amount - world.order.refunding();
    if left <= 0 {
        return Ok(());
    }
    let request = RefundRequest { amount: Some(left), items: None, ..outside(planned) };
    world.run(at, &Command::Refund(request)).await
}

/// Money that went back before the shop moved in: no provider is told again.
fn outside(planned: &Planned) -> RefundRequest {
    let reason = planned.goals.iter().find_map(|g| g.reason.clone());
    RefundRequest {
        reason: reason.unwrap_or_else(|| "refunded before the shop moved in".to_owned()),
        initiate_payment_refund: false,
        ..RefundRequest::default()
    }
}

/// When a step was: by what it means. Never before the step before it.
fn when(world: &World, planned: &Planned, party: &Party, hop: &Hop) -> Timestamp {
    let Goal { shipped, delivered, cancelled, .. } = party.goal;
    let known = match (&hop.step, hop.phase) {
        (Move::Wait, _) => due(&world.order, &party.lines),
        (_, Phase::Shipped) => shipped,
        (_, Phase::Delivered) => delivered.or(shipped),
        (_, Phase::Cancelled) => cancelled,
        (_, Phase::Refunded) => planned.refunded.map(|r| r.0),
        (_, Phase::Other) => None,
    };
    let next = Timestamp(world.now.0 + 1000);
    known.map_or(next, |at| at.max(next))
}

fn command(world: &World, planned: &Planned, party: &Party, hop: &Hop, at: Timestamp) -> Command {
    let event = match &hop.step {
        Move::Wait => return Command::Tick,
        Move::Refund => return Command::Refund(outside(planned)),
        Move::Fire(event) => event.clone(),
    };
    let requires = |field: Field| requires(world, &party.lines, &event, field);
    let ships = world.workflow.ship_event.as_deref() == Some(event.as_str()) || hop.phase == Phase::Shipped;
    let goal = &party.goal;
    let cancels = hop.phase == Phase::Cancelled || requires(Field::Reason);
    let why = || goal.reason.clone().unwrap_or_else(|| "cancelled before the shop moved in".to_owned());
    let number = world.order.shipments.len() + 1;
    let own_number = || format!("{}-{number}", planned.sale.external_id);
    Command::Fire(Event {
        items: Some(party.lines.iter().map(|&item| EventItem { item, quantity: None }).collect()),
        note: None,
        reason: cancels.then(why),
        tracking_number: goal
            .tracking_number
            .clone()
            .filter(|_| ships)
            .or_else(|| requires(Field::TrackingNumber).then(own_number)),
        tracking_url: None,
        carrier: goal
            .carrier
            .clone()
            .filter(|_| ships)
            .or_else(|| requires(Field::Carrier).then(|| "unknown".to_owned())),
        expected_by: goal
            .expected_by
            .clone()
            .filter(|_| ships)
            .or_else(|| requires(Field::ExpectedBy).then(|| at.date())),
        event,
    })
}

/// Whether the event asks for that field on one of these lines as they stand.
fn requires(world: &World, lines: &[ItemId], event: &str, field: Field) -> bool {
    world.order.items.iter().filter(|i| lines.contains(&i.id)).any(|item| {
        let states = [
            world.workflow.item.state(&item.machine.state),
            world.partner.as_ref().zip(item.merchant.as_ref()).and_then(|(p, m)| p.item.state(&m.state)),
        ];
        let transitions = states.into_iter().flatten().filter_map(|s| s.on.get(event)).flatten();
        transitions.into_iter().any(|t| t.requires.contains(&field))
    })
}

/// Where the lines have to come to, one after the other. What was shipped and then given back was shipped first.
fn stops(world: &World, goal: &Goal) -> VecDeque<String> {
    let Some(end) = &goal.status else { return VecDeque::new() };
    let mut ends = states(world).filter(|s| s.status == *end).peekable();
    let given_back = ends.peek().is_some() && ends.all(|s| s.has("refunded") && !s.has("cancelled"));
    let tag = match (goal.shipped, goal.delivered) {
        (_, Some(_)) => Some("delivered"),
        (Some(_), None) => Some("shipped"),
        (None, None) => None,
    };
    let first = tag.filter(|_| given_back).and_then(|tag| states(world).find(|s| s.has(tag) && !s.has("refunded")));
    first.map(|s| s.status.clone()).into_iter().chain([end.clone()]).collect()
}

/// Whether the lines are there, or were: in a later run a timer may have fired, or somebody may have acted.
fn is_past(world: &World, party: &Party, stop: &str, created: bool) -> bool {
    arrived(world, &world.order, &party.lines, stop) || (!created && beyond(world, party, stop))
}

fn beyond(world: &World, party: &Party, goal: &str) -> bool {
    let rank = |status: &str| world.workflow.statuses.iter().position(|s| s == status);
    let lines = world.order.items.iter().filter(|i| party.lines.contains(&i.id));
    lines.into_iter().all(|i| rank(status::status_of(&world.workflow.item, &i.machine)) >= rank(goal))
}

fn stuck(world: &World, party: &Party, goal: &str) -> OpError {
    let known = &world.workflow.statuses;
    let name = &world.workflow.name;
    let line = line_of(&world.order, party);
    if !known.iter().any(|s| s == goal) {
        let detail = format!("the workflow `{name}` has no status `{goal}`; it has {}", known.join(", "));
        return OpError::field(format!("/lines/{line}/status"), detail);
    }
    let here = status::order_status(&world.order, &world.workflow);
    let paid = if world.order.captured() > 0 { "" } else { ", and it is not paid" };
    let detail = format!(
        "there is no way from {here} to {goal} in the workflow `{name}`{paid}: say what it was before, or add its payment"
    );
    OpError::field(format!("/lines/{line}/status"), detail)
}

fn line_of(order: &Order, party: &Party) -> u64 {
    let item = party.lines.first().and_then(|id| order.item(*id));
    item.and_then(|i| i.metadata["import"]["line"].as_u64()).unwrap_or(0)
}
