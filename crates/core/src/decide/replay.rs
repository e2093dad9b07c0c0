//! History once more: the recorded commands of an order played through a version of its workflow, and the first point at which another
//! version would have gone another way.
//!
//! Outcomes of effects are the recorded ones; timers fire when they are due in the version that is played. A history is believed only
//! when it leads, in the order's own version, to where the order stands. What is not here: reading the records, and anything that writes.

use serde::Serialize;

use super::recall::{Deed, Fired, Record, Took, Wish, WishedPart};
use super::{
    Command, Context, Decision, DisputeCommand, Event, EventItem, MoneyFromOutside, News, Outcome, RefundRequest,
    RefundRequestItem, Refusal, decide, place,
};
use crate::actor::Actor;
use crate::dispute::Bearer;
use crate::id::{IdSource, ItemId, PaymentId};
use crate::order::{Instance, Item, OFFLINE, Order, Reservation, SANDBOX};
use crate::time::{Span, Timestamp};
use crate::workflow::{Scope, Sides, StateMap};

/// Timers that may fire between two commands.
const MAX_TICKS: usize = 256;
/// The provider's reference in a replay, and the method that is no transfer.
const REPLAY: &str = "replay";

/// What the other version would have made of an order.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The same, so far.
    Same {
        /// Commands that were played.
        commands: usize,
    },
    /// Something else.
    Other(Difference),
    /// It cannot be said, and why.
    Unknown(String),
}

/// The first point at which the versions part.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// When.
    pub at: Timestamp,
    /// The place of the command in the order's history, from 1.
    pub command: usize,
    /// What was done then: `ship by merchant`.
    pub what: String,
    /// Which machine: payment, `item itm_…`, `merchant's side of itm_…`.
    pub machine: String,
    /// Where it went.
    pub old: String,
    /// Where it would have gone; where it would have stayed when the command is refused.
    pub new: String,
    /// Why the other version refuses the command, if it does.
    pub refused: Option<String>,
}

/// Ids that only the replay sees.
struct Imagined(i64);

impl IdSource for Imagined {
    fn next_id(&mut self) -> i64 {
        self.0 += 1;
        self.0
    }
}

/// A machine and the name of its state.
type Spot = (Scope, Option<ItemId>, String);

/// Plays the history of an order through its own version and through another.
pub fn shadow(order: &Order, records: &[Record], own: Sides<'_>, other: Sides<'_>, map: &StateMap) -> Verdict {
    let old = match steps(order, records, own) {
        Ok(old) => old,
        Err(why) => return Verdict::Unknown(why),
    };
    if old.last() != Some(&spots(order)) {
        return Verdict::Unknown("the recorded history does not lead to where the order stands".to_owned());
    }
    let mut replay = match Replay::begin(order, records, other) {
        Ok(replay) => replay,
        Err(Stop::Gap(why)) => return Verdict::Unknown(why),
        Err(Stop::Refused(refusal)) => {
            let refused = Some(refusal.to_string());
            return Verdict::Other(difference(records, 0, (None, &old[0]), refused));
        }
    };
    let mut last: Option<Vec<Spot>> = None;
    for (n, wanted) in old.iter().enumerate() {
        let result = if n == 0 { Ok(()) } else { replay.step(&records[n]) };
        let now = spots(&replay.order);
        match result {
            Ok(()) => {}
            Err(Stop::Gap(why)) => return Verdict::Unknown(why),
            Err(Stop::Refused(refusal)) => {
                let stays = last.as_ref().unwrap_or(&now);
                let mapped = mapped(wanted, map);
                return Verdict::Other(difference(records, n, (Some(stays), &mapped), Some(refusal.to_string())));
            }
        }
        let mapped = mapped(wanted, map);
        if mapped != now {
            return Verdict::Other(difference(records, n, (Some(&now), &mapped), None));
        }
        last = Some(now);
    }
    Verdict::Same { commands: records.len() }
}

fn mapped(spots: &[Spot], map: &StateMap) -> Vec<Spot> {
    spots.iter().map(|(scope, item, state)| (*scope, *item, map.target(*scope, state).to_owned())).collect()
}

fn difference(
    records: &[Record],
    n: usize,
    (new, old): (Option<&Vec<Spot>>, &Vec<Spot>),
    refused: Option<String>,
) -> Difference {
    let record = &records[n];
    let new: &[Spot] = new.map_or(&[], Vec::as_slice);
    let in_new = |spot: &Spot| new.iter().find(|s| (s.0, s.1) == (spot.0, spot.1));
    let first = old.iter().find(|spot| in_new(spot) != Some(spot)).or(old.first());
    let more = new.iter().find(|spot| !old.iter().any(|s| (s.0, s.1) == (spot.0, spot.1)));
    let (scope, item) = first.or(more).map_or((Scope::Payment, None), |s| (s.0, s.1));
    let machine = match (scope, item) {
        (Scope::Merchant, Some(item)) => format!("merchant's side of {item}"),
        (_, Some(item)) => format!("item {item}"),
        (_, None) => "payment".to_owned(),
    };
    let state = |spots: &[Spot]| {
        let found = spots.iter().find(|s| (s.0, s.1) == (scope, item));
        found.map_or_else(|| "not begun".to_owned(), |s| s.2.clone())
    };
    let by =
        if record.role == crate::actor::Role::System { String::new() } else { format!(" by {}", record.role.name()) };
    let what = format!("{}{by}", record.deed.name());
    Difference { at: record.at, command: n + 1, what, machine, old: state(old), new: state(new), refused }
}

impl Deed {
    /// A few words.
    pub fn name(&self) -> String {
        match self {
            Self::Place { .. } => "placed".to_owned(),
            Self::Fire(fired) => format!("`{}`", fired.event),
            Self::Ship(_) => "a parcel".to_owned(),
            Self::Status { status } => format!("status set to `{status}`"),
            Self::Pay { .. } => "paid again".to_owned(),
            Self::Book { .. } => "money from outside".to_owned(),
            Self::Outcome { effect, done, .. } => {
                let effect = effect.as_deref().unwrap_or("the refund");
                format!("{effect} {}", if *done { "succeeded" } else { "failed" })
            }
            Self::Tick => "a timer".to_owned(),
            Self::Refund(_) => "a refund".to_owned(),
            Self::RequestRefund(_) => "a refund asked for".to_owned(),
            Self::DecideRefund { .. } => "a refund decided".to_owned(),
            Self::RefundFailed { .. } => "a refund that failed afterwards".to_owned(),
            Self::RefundSeen { .. } => "a refund at the provider".to_owned(),
            Self::HoldLost { .. } => "a hold that was lost".to_owned(),
            Self::Chargeback(_) => "a chargeback".to_owned(),
            Self::Migrate => "moved to another version".to_owned(),
        }
    }
}

/// Where every machine stood after each record, in the order's own version.
fn steps(order: &Order, records: &[Record], own: Sides<'_>) -> Result<Vec<Vec<Spot>>, String> {
    let told = |stop| match stop {
        Stop::Gap(why) => why,
        Stop::Refused(refusal) => format!("the recorded history is refused: {refusal}"),
    };
    let mut replay = Replay::begin(order, records, own).map_err(told)?;
    let mut steps = vec![spots(&replay.order)];
    for record in &records[1..] {
        replay.step(record).map_err(told)?;
        steps.push(spots(&replay.order));
    }
    Ok(steps)
}

fn spots(order: &Order) -> Vec<Spot> {
    let mut spots: Vec<Spot> = vec![(Scope::Payment, None, order.payment.state.clone())];
    for item in &order.items {
        spots.push((Scope::Item, Some(item.id), item.machine.state.clone()));
        spots.extend(item.merchant.as_ref().map(|m| (Scope::Merchant, Some(item.id), m.state.clone())));
    }
    spots.sort();
    spots
}

/// Why a replay ends early.
enum Stop {
    /// The records do not say enough.
    Gap(String),
    /// The rules of this version refuse the command.
    Refused(Refusal),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

struct Replay<'a> {
    order: Order,
    sides: Sides<'a>,
    ids: Imagined,
}

impl<'a> Replay<'a> {
    fn begin(order: &Order, records: &[Record], sides: Sides<'a>) -> Result<Self, Stop> {
        let gap = |why: &str| Stop::Gap(why.to_owned());
        let Some(Record { deed: Deed::Place { offline, lines }, .. }) = records.first() else {
            return Err(gap("the order was placed before commands were recorded"));
        };
        let mut fresh = original(order, records).ok_or_else(|| gap("a line was split that is not there"))?;
        if fresh.items.iter().map(|i| (i.id, i.quantity)).collect::<Vec<_>>() != *lines {
            return Err(gap("the order's lines are not those that were recorded"));
        }
        fresh.workflow_version.clone_from(&sides.workflow.version);
        fresh.partner_version = sides.partner.map(|p| p.version.clone());
        let mut ids = Imagined(1 << 50);
        let method = method(*offline);
        let record = &records[0];
        let mut context = Context {
            workflow: sides.workflow,
            partner: sides.partner,
            now: record.at,
            provider: SANDBOX,
            cancel_window: record.cancel_window,
            ids: &mut ids,
        };
        let payment = PaymentId(context.ids.next_id());
        let decision = place::begin(fresh, (payment, method), true, &actor(record), &mut context, None)?;
        Ok(Self { order: decision.order, sides, ids })
    }

    fn step(&mut self, record: &Record) -> Result<(), Stop> {
        self.tick(record.at, record)?;
        let command = self.command(record)?;
        let actor = self.somebody(record);
        let decision = self.decide(&command, &actor, record.at, record)?;
        self.take(decision, record)
    }

    /// Records name nobody; where two people must agree, they did in history, so each command is somebody else's.
    fn somebody(&mut self, record: &Record) -> Actor {
        Actor { id: format!("{REPLAY}-{}", self.ids.next_id()), ..actor(record) }
    }

    /// Fires the timers that are due before the command.
    fn tick(&mut self, until: Timestamp, record: &Record) -> Result<(), Stop> {
        for _ in 0..MAX_TICKS {
            let Some(due) = self.order.wake_at().filter(|due| *due <= until) else { return Ok(()) };
            self.order = self.decide(&Command::Tick, &Actor::system(), due, record)?.order;
        }
        Err(Stop::Gap("more timers fire between two commands than can be followed".to_owned()))
    }

    fn decide(
        &mut self,
        command: &Command,
        actor: &Actor,
        now: Timestamp,
        record: &Record,
    ) -> Result<Decision, Refusal> {
        let mut context = Context {
            workflow: self.sides.workflow,
            partner: self.sides.partner,
            now,
            provider: SANDBOX,
            cancel_window: record.cancel_window,
            ids: &mut self.ids,
        };
        decide(&self.order, command, actor, &mut context)
    }

    /// New lines get the ids that they had in history.
    fn take(&mut self, decision: Decision, record: &Record) -> Result<(), Stop> {
        self.order = decision.order;
        if decision.new_items.len() != record.split.len() {
            return Err(Stop::Gap(
                "another version splits other lines: it cannot be told which they would be".to_owned(),
            ));
        }
        for (new, (_, id)) in decision.new_items.iter().zip(&record.split) {
            rename(&mut self.order, *new, *id);
        }
        Ok(())
    }

    /// The recorded command, for the order as it stands in the replay.
    fn command(&self, record: &Record) -> Result<Command, Stop> {
        let refund = |n: usize| self.order.refunds.get(n).ok_or(Stop::Refused(Refusal::UnknownRefund));
        Ok(match &record.deed {
            Deed::Place { .. } => return Err(Stop::Gap("the order was placed twice".to_owned())),
            Deed::Migrate => return Err(Stop::Gap("the order was moved to another version on its way".to_owned())),
            Deed::Fire(fired) => Command::Fire(event(fired)),
            Deed::Ship(fired) => Command::AddShipment(event(fired)),
            Deed::Status { status } => Command::SetStatus { status: status.clone(), note: None, reason: None },
            Deed::Pay { offline } => Command::Pay { method: method(*offline).to_owned() },
            Deed::Book { amount } => Command::BookPayment(MoneyFromOutside {
                amount: *amount,
                currency: self.order.currency,
                paid_at: record.at,
                reference: REPLAY.to_owned(),
            }),
            Deed::Outcome { effect, refund: of, done, capture_before } => {
                let running = match of {
                    Some(n) => refund(*n)?.effect,
                    None => self.order.payment.effect.filter(|_| self.runs() == effect.as_deref()),
                };
                let outcome = match done {
                    true => Outcome::Done {
                        reference: Some(REPLAY.to_owned()),
                        capture_before: *capture_before,
                        fee: None,
                        moved: None,
                        transfers: Vec::new(),
                    },
                    false => Outcome::Declined { code: REPLAY.to_owned() },
                };
                Command::Outcome { effect: running.ok_or(Stop::Refused(Refusal::StaleOutcome))?, outcome }
            }
            Deed::Tick => Command::Tick,
            Deed::Refund(wish) => Command::Refund(request(wish)),
            Deed::RequestRefund(wish) => Command::RequestRefund(request(wish)),
            Deed::DecideRefund { refund: n, approve } => {
                Command::DecideRefund { refund: refund(*n)?.id, approve: *approve }
            }
            Deed::RefundSeen { payment, amount } => {
                let paid = self.order.payments.get(*payment).ok_or(Stop::Refused(Refusal::StaleOutcome))?;
                Command::RefundSeen { payment: paid.id, reference: self.unheard_of(), amount: *amount }
            }
            Deed::HoldLost { payment } => {
                let held = self.order.payments.get(*payment).ok_or(Stop::Refused(Refusal::StaleOutcome))?;
                Command::HoldLost { payment: held.id }
            }
            Deed::Chargeback(took) => Command::Dispute(DisputeCommand::News(self.news(took)?)),
            Deed::RefundFailed { refund: n } => {
                Command::RefundFailed { refund: refund(*n)?.id, code: REPLAY.to_owned() }
            }
        })
    }

    /// How a chargeback stood, for the payment as it is in the replay.
    fn news(&self, took: &Took) -> Result<News, Stop> {
        let payment = self.order.payments.get(took.payment).ok_or(Stop::Refused(Refusal::StaleOutcome))?;
        Ok(News {
            payment: payment.id,
            reference: format!("{REPLAY}-{}", took.chargeback),
            standing: took.standing,
            status: REPLAY.to_owned(),
            as_of: took.as_of,
            amount: took.withdrawn,
            withdrawn: took.withdrawn,
            fee: 0,
            respond_by: None,
            reason_code: None,
            remind: Span::ZERO,
            bearer: Bearer::Parties,
        })
    }

    /// A provider's id that no refund of the replay has: each that is taken in has one more.
    fn unheard_of(&self) -> String {
        let known = self.order.refunds.iter().filter(|r| r.reference.is_some()).count();
        let seen: usize = self.order.payments.iter().map(|p| p.seen.len()).sum();
        format!("{REPLAY}-refund-{}", known + seen)
    }

    /// The effect that the payment waits for.
    fn runs(&self) -> Option<&'static str> {
        let state = self.sides.workflow.payment.as_ref()?.state(&self.order.payment.state)?;
        state.invoke.as_ref().map(|i| i.effect.name())
    }
}

fn actor(record: &Record) -> Actor {
    Actor {
        role: record.role,
        merchant: record.merchant,
        customer: None,
        party: None,
        channel: None,
        id: REPLAY.to_owned(),
        import: record.import,
    }
}

fn method(offline: bool) -> &'static str {
    if offline { OFFLINE } else { REPLAY }
}

fn event(fired: &Fired) -> Event {
    let said = |name: &str| fired.fields.iter().any(|f| f == name).then(|| REPLAY.to_owned());
    Event {
        event: fired.event.clone(),
        items: fired
            .items
            .as_ref()
            .map(|items| items.iter().map(|(item, quantity)| EventItem { item: *item, quantity: *quantity }).collect()),
        note: None,
        reason: said("reason"),
        tracking_number: said("trackingNumber"),
        tracking_url: None,
        carrier: said("carrier"),
        expected_by: fired.expected_by.clone(),
    }
}

fn request(wish: &Wish) -> RefundRequest {
    let part =
        |(item, quantity, amount): &WishedPart| RefundRequestItem { item: *item, quantity: *quantity, amount: *amount };
    RefundRequest {
        amount: wish.amount,
        items: wish.items.as_ref().map(|items| items.iter().map(part).collect()),
        reason: REPLAY.to_owned(),
        initiate_payment_refund: wish.initiate,
        terms: wish.terms.clone(),
    }
}

/// The order as it was before its machines began: lines that were split are whole again.
fn original(order: &Order, records: &[Record]) -> Option<Order> {
    let mut fresh = order.clone();
    for (line, part) in records.iter().flat_map(|r| &r.split).rev() {
        let at = fresh.items.iter().position(|i| i.id == *part)?;
        let part = fresh.items.remove(at);
        let whole = fresh.items.iter_mut().find(|i| i.id == *line)?;
        whole.quantity += part.quantity;
        whole.total += part.total;
        whole.gst_amount += part.gst_amount;
        whole.discount_amount += part.discount_amount;
        whole.shipping_share += part.shipping_share;
        if let (Some(whole), Some(part)) = (&mut whole.agreement, &part.agreement) {
            whole.unite(part);
        }
    }
    for item in &mut fresh.items {
        let Item { merchant, reservation, captured, refunding, refunded, expected_by, delivered_at, .. } = item;
        (*merchant, *reservation, *expected_by, *delivered_at) = (None, Reservation::Held, None, None);
        (*captured, *refunding, *refunded) = (0, 0, 0);
        (item.pool, item.restocked, item.written_off) = (None, 0, 0);
        item.machine = unstarted(&item.machine);
    }
    fresh.payment = unstarted(&fresh.payment);
    fresh.version = 0;
    fresh.merchant_orders.clear();
    fresh.payment_reason = None;
    fresh.payments.clear();
    fresh.refunds.clear();
    fresh.splits.clear();
    fresh.pools.clear();
    fresh.transfers.clear();
    fresh.errands.clear();
    fresh.fees.clear();
    fresh.shipments.clear();
    fresh.notes.clear();
    fresh.cancellation_requests.clear();
    fresh.disputes.clear();
    fresh.unrecorded.clear();
    fresh.timeline_length = 0;
    fresh.timeline_hash = String::new();
    Some(fresh)
}

/// A machine of which nothing is remembered; it gets its first state when it begins.
fn unstarted(machine: &Instance) -> Instance {
    Instance {
        due: None,
        remind_at: None,
        effect: None,
        first: std::collections::BTreeMap::default(),
        kept: Vec::new(),
        ..machine.clone()
    }
}

fn rename(order: &mut Order, from: ItemId, to: ItemId) {
    let swap = |id: &mut ItemId| {
        if *id == from {
            *id = to;
        }
    };
    order.items.iter_mut().for_each(|i| swap(&mut i.id));
    order.refunds.iter_mut().flat_map(|r| &mut r.items).for_each(|i| swap(&mut i.item_id));
    order.shipments.iter_mut().flat_map(|s| &mut s.items).for_each(|i| swap(&mut i.item_id));
}
