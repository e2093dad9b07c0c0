//! What is the same for every order that is explored: the machines, which states can follow which, and when two orders are one joint state.
//!
//! A joint state is what the future can depend on: where each machine stands, what has become of the units, of the money (none, all, a
//! part: no guard can ask for more), of attempts to pay and of refunds, and which of its times each timer has behind it. It is not: ids,
//! texts, amounts, and how long ago anything was. Lines that stand alike are interchangeable.
//!
//! Timers count independently: how long their times are compared to each other is a channel's setting, and when they began is everybody's,
//! so that any of them may run out next. Within one state the shorter time runs out first.

use crate::calendar::Calendar;
use crate::decide::{Which, hold_deadline};
use crate::order::{Instance, Item, OFFLINE, Order, Payment, PaymentState, RefundState};
use crate::time::{Span, Timestamp};
use crate::workflow::model::{Delay, Machine, Policy, State, Workflow};
use crate::workflow::validate::graph::ways;

use super::shapes::{CANCEL_WINDOW, NOW, POLICIES};

/// Names a joint state.
pub(super) type Key = Box<[u8]>;

/// Ends a list in a key; no state has that index.
const END: u16 = u16::MAX;

/// One machine of the ground.
pub(super) struct Part<'w> {
    pub machine: &'w Machine,
    /// For each state, which can follow it; itself only if a way leads back.
    follows: Vec<Vec<bool>>,
    /// For each state, its own times in their order; not the payment window, which is the order's.
    pub times: Vec<Vec<Span>>,
    /// Whether the state, or one that can follow it, ends with the payment window.
    windowed: Vec<bool>,
    /// The same of the end of a hold.
    holding: Vec<bool>,
}

impl<'w> Part<'w> {
    fn new(machine: &'w Machine) -> Self {
        let follows = ways(machine);
        let times = machine.states.iter().map(|state| {
            let mut times: Vec<Span> = state.after.iter().filter_map(|after| length(after.delay)).collect();
            times.sort_unstable();
            times
        });
        let here_or_later = |ends: fn(&State) -> bool| -> Vec<bool> {
            let ends = |n: usize| ends(&machine.states[n]);
            let later = |n: usize| follows[n].iter().enumerate().any(|(to, follows)| *follows && ends(to));
            (0..machine.states.len()).map(|n| ends(n) || later(n)).collect()
        };
        let (windowed, holding) = (here_or_later(has_window), here_or_later(has_hold));
        Self { machine, times: times.collect(), windowed, holding, follows }
    }

    /// The index of the state that the instance is in.
    pub fn at(&self, instance: &Instance) -> usize {
        self.machine.index.get(&instance.state).copied().unwrap_or(0)
    }

    /// Whether that state can be entered from here, or is the one that the instance is in.
    fn matters(&self, here: usize, state: usize) -> bool {
        here == state || self.follows[here][state]
    }

    /// How many of the state's times are over.
    pub fn over(&self, instance: &Instance, state: usize, now: Timestamp) -> usize {
        let declared = &self.machine.states[state];
        // A single cancel window is remembered by the running timer.
        let remembered =
            matches!(declared.after.as_slice(), [only] if only.delay == Delay::Policy(Policy::CancelWindow));
        if remembered && instance.state == declared.name {
            return usize::from(instance.due.is_none_or(|due| due <= now));
        }
        let Some(first) = instance.first.get(&declared.name) else { return 0 };
        declared.after.iter().filter_map(|after| end(after.delay, *first)).filter(|at| *at <= now).count()
    }

    /// The states whose timers have begun and still matter, with how many of their times are over.
    fn begun<'a>(&'a self, instance: &'a Instance, now: Timestamp) -> impl Iterator<Item = (usize, usize)> + 'a {
        let here = self.at(instance);
        let known = instance.first.keys().filter_map(|name| self.machine.index.get(name).copied());
        known
            .filter(move |&state| !self.times[state].is_empty() && self.matters(here, state))
            .map(move |state| (state, self.over(instance, state, now)))
    }

    /// Sets the instance's clock so that just so many of the state's times are over at [`NOW`].
    pub fn set_over(&self, instance: &mut Instance, state: usize, over: usize) {
        let gone = over.checked_sub(1).map_or(Span::ZERO, |last| self.times[state][last]);
        instance.first.insert(self.machine.states[state].name.clone(), Timestamp(NOW.0 - gone.0));
    }

    /// Puts the instance's past into the one form that all its like have.
    fn normalise(&self, instance: &mut Instance) {
        instance.since = NOW;
        if instance.first.is_empty() {
            return;
        }
        let begun: Vec<(usize, usize)> = self.begun(instance, NOW).collect();
        let here = self.at(instance);
        instance.first.clear();
        for (state, over) in begun {
            self.set_over(instance, state, over);
            if state == here {
                // Until when does not matter; one that is silent stays so.
                let runs = over < self.times[state].len() || instance.due.is_some_and(|due| due > NOW);
                instance.due = runs.then(|| NOW.plus(CANCEL_WINDOW));
            }
        }
    }
}

/// When the time is over that began then; the payment window and the end of a hold are kept apart. Business days are those of a shop without holidays.
fn end(delay: Delay, first: Timestamp) -> Option<Timestamp> {
    let span = match delay {
        Delay::Fixed(span) => span,
        Delay::BusinessDays(days) => return Some(Calendar::default().business_days_after(first, days)),
        Delay::Policy(Policy::CancelWindow) => CANCEL_WINDOW,
        Delay::Policy(Policy::ReturnWindow) => POLICIES.return_window,
        Delay::Policy(Policy::RefundCloseWindow) => POLICIES.refund_close_window,
        // No machine of an order has the times of disputes; the provider alone knows when a hold ends.
        Delay::Policy(Policy::PaymentWindow | Policy::AuthorisationEnds | Policy::RespondBy | Policy::RespondSoon) => {
            return None;
        }
    };
    Some(first.plus(span))
}

/// The shortest time that must have gone by at [`NOW`] for the delay to be over, in whole days where it counts those.
fn length(delay: Delay) -> Option<Span> {
    let Delay::BusinessDays(days) = delay else { return end(delay, NOW).map(|at| Span(at.0 - NOW.0)) };
    // A week has five of them, and one may begin at the week's end.
    let gone = (i64::from(days)..=2 * i64::from(days) + 3).map(|n| Span::seconds(n * 86_400));
    gone.into_iter().find(|gone| end(delay, Timestamp(NOW.0 - gone.0)).is_some_and(|at| at <= NOW))
}

/// Whether the state ends with the payment window.
pub(super) fn has_window(state: &State) -> bool {
    state.after.iter().any(|after| after.delay == Delay::Policy(Policy::PaymentWindow))
}

/// Whether the state ends with the hold.
pub(super) fn has_hold(state: &State) -> bool {
    state.after.iter().any(|after| after.delay == Delay::Policy(Policy::AuthorisationEnds))
}

/// The hold whose end counts.
pub(super) fn last_hold(order: &mut Order) -> Option<&mut Payment> {
    order.payments.iter_mut().rev().find(|p| p.held() > 0)
}

/// Lets a hold end now, or not for a long time.
pub(super) fn set_hold(payment: &mut Payment, over: bool) {
    let (begin, end) = if over { (Timestamp(NOW.0 - HOLD.0), NOW) } else { (NOW, NOW.plus(HOLD)) };
    payment.authorised_at = Some(begin);
    payment.capture_before = Some(end);
}

/// How long an explored hold lasts.
const HOLD: Span = Span::seconds(7 * 86_400);

/// The machines that run together.
pub(super) struct Ground<'w> {
    pub workflow: &'w Workflow,
    pub partner: Option<&'w Workflow>,
    pub payment: Option<Part<'w>>,
    pub item: Part<'w>,
    pub merchant: Option<Part<'w>>,
}

impl<'w> Ground<'w> {
    pub fn new(workflow: &'w Workflow, partner: Option<&'w Workflow>) -> Self {
        Self {
            workflow,
            partner,
            payment: workflow.payment.as_ref().map(Part::new),
            item: Part::new(&workflow.item),
            merchant: partner.map(|p| Part::new(&p.item)),
        }
    }

    /// The machine that runs there.
    pub fn part(&self, which: Which) -> Option<&Part<'w>> {
        match which {
            Which::Payment => self.payment.as_ref(),
            Which::Item(_) => Some(&self.item),
            Which::Merchant(_) => self.merchant.as_ref(),
            // Disputes are not explored with an order.
            Which::Dispute(_) => None,
        }
    }

    /// Every machine that runs in the order.
    pub fn running<'a>(&'a self, order: &'a Order) -> impl Iterator<Item = (Which, &'a Part<'w>, &'a Instance)> + 'a {
        let payment = self.payment.iter().map(|part| (Which::Payment, part, &order.payment));
        let lines = order.items.iter().enumerate().flat_map(|(n, item)| {
            let merchant = self.merchant.as_ref().zip(item.merchant.as_ref());
            std::iter::once((Which::Item(n), &self.item, &item.machine))
                .chain(merchant.map(|(part, instance)| (Which::Merchant(n), part, instance)))
        });
        payment.chain(lines)
    }

    /// Whether the end of the payment window can still matter.
    pub fn window_matters(&self, order: &Order) -> bool {
        self.running(order).any(|(_, part, instance)| part.windowed[part.at(instance)])
    }

    /// Whether the end of the hold can still matter, and whether it has come.
    pub fn hold(&self, order: &Order, now: Timestamp) -> Option<bool> {
        let matters = self.running(order).any(|(_, part, instance)| part.holding[part.at(instance)]);
        let held = order.payments.iter().rev().find(|p| p.held() > 0).filter(|_| matters);
        held.map(|payment| hold_deadline(payment) <= now)
    }

    /// Puts an order that was decided at [`NOW`] into the one form that all orders of its joint state have, as far as anything that is
    /// decided depends on it; what nothing depends on is dropped, so that copies are cheap.
    pub fn normalise(&self, order: &mut Order) {
        let over = self.window_matters(order) && order.created_at.plus(POLICIES.payment_window) <= NOW;
        order.created_at = if over { Timestamp(NOW.0 - POLICIES.payment_window.0) } else { NOW };
        let hold_over = self.hold(order, NOW).unwrap_or(false);
        if let Some(payment) = last_hold(order) {
            set_hold(payment, hold_over);
        }
        order.payment.remind_at = None;
        release(order);
        if let Some(part) = &self.payment {
            part.normalise(&mut order.payment);
        }
        for item in &mut order.items {
            self.item.normalise(&mut item.machine);
            if let Some((part, instance)) = self.merchant.as_ref().zip(item.merchant.as_mut()) {
                part.normalise(instance);
            }
            item.delivered_at = None;
            item.expected_by = None;
        }
        order.payment_reason = None;
        order.shipments.clear();
        forget_attempts(order);
        merge_refunds(order);
    }

    /// Names the joint state of an order at that instant. Without `parts`, a line of which a part went back, or is on its way, is like
    /// one of which nothing did.
    pub fn key(&self, order: &Order, now: Timestamp, parts: bool) -> Key {
        let mut out = Vec::with_capacity(64);
        if let Some(part) = &self.payment {
            instance(part, &order.payment, now, &mut out);
        }
        let over = order.created_at.plus(order.policies.payment_window) <= now;
        out.push(u8::from(over && self.window_matters(order)) | u8::from(self.hold(order, now) == Some(true)) << 1);
        attempts(order, &mut out);
        let mut lines: Vec<(Vec<u8>, usize)> =
            order.items.iter().enumerate().map(|(n, item)| (self.line(item, now, parts), n)).collect();
        lines.sort();
        for (line, _) in &lines {
            out.extend(line);
        }
        // Which lines come back together: by their places after sorting.
        let mut together: Vec<u8> = Vec::new();
        for refund in order.refunds.iter().filter(|r| r.state == RefundState::Pending) {
            let counts = |item: &Item| parts || item.refunding >= item.captured;
            let has =
                |n: usize| refund.items.iter().any(|part| part.item_id == order.items[n].id) && counts(&order.items[n]);
            let bits =
                lines.iter().enumerate().filter(|(_, (_, n))| has(*n)).fold(0, |bits, (at, _)| bits | 1 << (at % 8));
            // Refunds that share a line are one: their answers come to the same, one after the other.
            let apart = |other: &u8| *other & bits == 0;
            let joined = together.iter().filter(|other| !apart(other)).fold(bits, |all, other| all | other);
            together.retain(apart);
            together.extend((joined > 0).then_some(joined));
        }
        together.sort_unstable();
        out.extend(together);
        out.into_boxed_slice()
    }

    fn line(&self, item: &Item, now: Timestamp, parts: bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(24);
        instance(&self.item, &item.machine, now, &mut out);
        match self.merchant.as_ref().zip(item.merchant.as_ref()) {
            Some((part, merchant)) => instance(part, merchant, now, &mut out),
            None => word(END, &mut out),
        }
        let back = match (item.captured, item.refunded) {
            (0, _) => 0,
            (_, 0) => 1,
            (captured, refunded) if refunded < captured => 1 + u8::from(parts),
            _ => 3,
        };
        let all = item.captured > 0 && item.refunding >= item.captured;
        let pending = u8::from(item.refunding > item.refunded && (parts || all));
        let all = u8::from(all);
        let units = u8::try_from(item.quantity.clamp(0, 3)).unwrap_or(3);
        out.extend([
            item.reservation as u8,
            back << 2 | pending << 1 | all,
            units << 1 | u8::from(item.late_cancellation),
        ]);
        out
    }
}

fn word(word: u16, out: &mut Vec<u8>) {
    out.extend(word.to_le_bytes());
}

fn index(state: usize) -> u16 {
    u16::try_from(state).unwrap_or(END - 1)
}

fn instance(part: &Part<'_>, instance: &Instance, now: Timestamp, out: &mut Vec<u8>) {
    word(index(part.at(instance)), out);
    let mut begun: Vec<(usize, usize)> = part.begun(instance, now).collect();
    begun.sort_unstable();
    for (state, over) in begun {
        word(index(state), out);
        out.push(u8::try_from(over).unwrap_or(u8::MAX));
    }
    word(END, out);
}

/// Money that an attempt has taken and not given back, or holds.
fn has_money(payment: &Payment) -> bool {
    payment.captured > 0 || payment.authorised > payment.voided
}

fn attempts(order: &Order, out: &mut Vec<u8>) {
    // A hold that is being released is none any more.
    let leaves = |p: &Payment| order.errands.iter().any(|e| e.payment_id == p.id);
    let held = |p: &Payment| p.held() > 0 && !leaves(p);
    let (last, earlier) = match order.payments.split_last() {
        Some((last, earlier)) => (Some(last), earlier),
        None => (None, [].as_slice()),
    };
    let mut bits = 0;
    if let Some(last) = last {
        bits = u8::from(last.method == OFFLINE) | u8::from(held(last)) << 1 | u8::from(last.captured > 0) << 2;
        out.push(last.state as u8);
    }
    bits |= u8::from(earlier.iter().any(held)) << 3 | u8::from(earlier.iter().any(|p| p.captured > 0)) << 4;
    out.push(bits | u8::from(order.payment.effect.is_some()) << 5);
}

/// Nothing that is decided depends on an errand, and no state waits for one: holds that others have taken the place of are gone at once.
fn release(order: &mut Order) {
    for errand in std::mem::take(&mut order.errands) {
        if let Some(payment) = order.payments.iter_mut().find(|p| p.id == errand.payment_id) {
            payment.voided += payment.held();
            payment.state = PaymentState::Voided;
        }
    }
}

/// Attempts that neither took nor hold anything are over for good once there is another.
fn forget_attempts(order: &mut Order) {
    let last = order.payments.len().saturating_sub(1);
    let mut n = 0;
    order.payments.retain(|payment| {
        n += 1;
        n > last || has_money(payment)
    });
}

/// What went back is one sum; refunds that failed, or that nobody granted, move nothing.
fn merge_refunds(order: &mut Order) {
    order.refunds.retain(|r| matches!(r.state, RefundState::Pending | RefundState::Succeeded));
    let Some(first) = order.refunds.iter().position(|r| r.state == RefundState::Succeeded) else { return };
    let mut at = first + 1;
    while at < order.refunds.len() {
        let same = order.refunds[at].payment_id == order.refunds[first].payment_id;
        if order.refunds[at].state != RefundState::Succeeded || !same {
            at += 1;
            continue;
        }
        let more = order.refunds.remove(at);
        let sum = &mut order.refunds[first];
        sum.amount += more.amount;
        sum.taken.extend(more.taken);
        sum.adjust.extend(more.adjust);
        for part in more.items {
            match sum.items.iter_mut().find(|known| known.item_id == part.item_id) {
                Some(known) => {
                    known.amount += part.amount;
                    known.shipping += part.shipping;
                    known.kept += part.kept;
                }
                None => sum.items.push(part),
            }
        }
    }
    let sum = &mut order.refunds[first];
    sum.reason.clear();
    for part in &mut sum.items {
        part.quantity = None;
    }
}
