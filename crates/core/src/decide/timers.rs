//! Timers: when each `after` of a state is over, and which one is taken.
//!
//! A timer counts from the first time that its state was entered, `payment_window` from placement. The cancel window is the channel's
//! when the state was entered, which the running timer remembers.

use super::Refusal;
use super::run::{Run, Which};
use crate::calendar::Calendar;
use crate::time::{Span, Timestamp};
use crate::workflow::{After, Delay, Policy, State, Transition};

/// A time that never ends: nobody said until when.
const NEVER: Timestamp = Timestamp(i64::MAX);

impl<'c> Run<'_, 'c> {
    /// Sets the timer of a state that was just entered to the first of its times.
    pub fn set_timer(&mut self, which: Which, state: &State) {
        if let Some(instance) = self.instance_mut(which) {
            instance.due = None;
        }
        let due = state.after.iter().map(|after| self.over_at(which, state, after)).min().filter(|at| *at < NEVER);
        if let Some(instance) = self.instance_mut(which) {
            instance.due = due;
        }
    }

    /// Until when a dispute is to be answered, and how long before somebody is reminded.
    fn respond_by(&self, which: Which) -> Option<(Timestamp, Span)> {
        let Which::Dispute(i) = which else { return None };
        let dispute = &self.order.disputes[i];
        dispute.respond_by.map(|at| (at, dispute.remind))
    }

    /// When that time is over.
    pub fn over_at(&self, which: Which, state: &State, after: &After) -> Timestamp {
        let instance = self.instance(which);
        let kept = instance.filter(|i| i.state == state.name).map_or(&[][..], |i| &i.kept);
        let place = state.after.iter().position(|a| std::ptr::eq(a, after));
        if let Some(at) = place.and_then(|n| kept.get(n).copied().flatten()) {
            return at;
        }
        let first = instance.and_then(|i| i.first.get(&state.name)).copied().unwrap_or(self.now);
        match after.delay {
            Delay::Fixed(span) => first.plus(span),
            Delay::BusinessDays(days) => match &self.order.calendar {
                Some(calendar) => calendar.business_days_after(first, days),
                None => Calendar::default().business_days_after(first, days),
            },
            Delay::Policy(Policy::PaymentWindow) => self.order.created_at.plus(self.order.policies.payment_window),
            Delay::Policy(Policy::ReturnWindow) => first.plus(self.order.policies.return_window),
            Delay::Policy(Policy::RefundCloseWindow) => first.plus(self.order.policies.refund_close_window),
            Delay::Policy(Policy::RespondBy) => self.respond_by(which).map_or(NEVER, |(at, _)| at),
            Delay::Policy(Policy::RespondSoon) => {
                self.respond_by(which).map_or(NEVER, |(at, before)| Timestamp(at.0.saturating_sub(before.0)))
            }
            Delay::Policy(Policy::CancelWindow) => {
                let remembered = instance.and_then(|i| i.due).filter(|_| state.after.len() == 1);
                remembered.unwrap_or_else(|| first.plus(self.cancel_window))
            }
        }
    }

    /// The transition of the earliest time that is over, of those whose guards hold.
    pub fn overdue(&self, which: Which, state: &'c State) -> Option<&'c Transition> {
        let over = state.after.iter().map(|a| (self.over_at(which, state, a), &a.transition));
        let over = over.filter(|(at, t)| *at <= self.now && self.guard_holds(which, t));
        over.min_by_key(|(at, _)| *at).map(|(_, t)| t)
    }

    /// A time that is over but whose guard does not hold is taken by the command that makes it hold: nobody need look again until the
    /// next time, if there is one.
    pub fn silence_timers(&mut self) -> Result<(), Refusal> {
        let items = (0..self.order.items.len()).flat_map(|i| [Which::Item(i), Which::Merchant(i)]);
        let disputes = (0..self.order.disputes.len()).map(Which::Dispute);
        for which in items.chain([Which::Payment]).chain(disputes) {
            if self.instance(which).and_then(|i| i.due).is_none_or(|due| due > self.now) {
                continue;
            }
            let Some(state) = self.state(which)? else { continue };
            let times = state.after.iter().map(|a| self.over_at(which, state, a));
            let next = times.filter(|at| *at > self.now && *at < NEVER).min();
            if let Some(instance) = self.instance_mut(which) {
                instance.due = next;
            }
        }
        Ok(())
    }
}
