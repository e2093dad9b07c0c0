//! Timers: when each `after` of a state is over, and which one is taken; and when somebody is reminded.
//!
//! A timer counts from the first time that its state was entered, `payment_window` from placement. The cancel window is the channel's
//! when the state was entered, which the running timer remembers. `authorisation_ends` counts backwards from the end of the hold.

use serde_json::json;

use super::run::{Run, Which};
use super::{MerchantView, Refusal};
use crate::calendar::Calendar;
use crate::order::Payment;
use crate::time::{Span, Timestamp};
use crate::workflow::{After, Delay, Policy, State, Transition};

/// How long a hold lasts where the provider does not say: the card networks' usual seven days.
pub const USUAL_HOLD: Span = Span::seconds(7 * 86_400);
/// How long before its end something is done about a hold: a day, or a quarter of a hold that is shorter than four.
const BEFORE_END: Span = Span::seconds(86_400);
/// An instant that never comes.
const NEVER: Timestamp = Timestamp(i64::MAX);

/// When something has to be done about a hold, so that the money is not lost when it ends.
pub fn hold_deadline(payment: &Payment) -> Timestamp {
    let begin = payment.authorised_at.unwrap_or(payment.created_at);
    // An end before the beginning is another clock's: it says nothing.
    let end = payment.capture_before.filter(|end| *end > begin).unwrap_or_else(|| begin.plus(USUAL_HOLD));
    let quarter = (end.0 - begin.0) / 4;
    Timestamp(end.0 - BEFORE_END.0.min(quarter))
}

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

    /// Sets when somebody is reminded next: the first of the state's times that is not over. They count from the first time that the
    /// state was entered, so that who comes back to it is not reminded of what was said already.
    pub fn set_reminder(&mut self, which: Which, state: &State) {
        let next = self.reminders(which, state).chain(self.hold_alert(which, state)).filter(|at| *at > self.now).min();
        if let Some(instance) = self.instance_mut(which) {
            instance.remind_at = next;
        }
    }

    fn reminders<'s>(&'s self, which: Which, state: &'s State) -> impl Iterator<Item = Timestamp> + 's {
        let first = self.instance(which).and_then(|i| i.first.get(&state.name)).copied().unwrap_or(self.now);
        let days = move |days| match &self.order.calendar {
            Some(calendar) => calendar.business_days_after(first, days),
            None => Calendar::default().business_days_after(first, days),
        };
        state.remind.iter().filter_map(move |delay| match delay {
            Delay::Fixed(span) => Some(first.plus(*span)),
            Delay::BusinessDays(n) => Some(days(*n)),
            Delay::Policy(_) => None,
        })
    }

    /// When staff is told that a hold ends and the workflow has no rule for it, so that the money is not lost without a word.
    fn hold_alert(&self, which: Which, state: &State) -> Option<Timestamp> {
        let rule = state.after.iter().any(|a| a.delay == Delay::Policy(Policy::AuthorisationEnds));
        let held = self.order.payments.iter().rev().find(|p| p.held() > 0);
        held.filter(|_| which == Which::Payment && state.invoke.is_none() && !rule).map(hold_deadline)
    }

    /// Reminds the customer that the payment waits for them, and tells staff of a hold that ends, if it is time. What was slept through is
    /// said once.
    pub fn remind(&mut self) -> Result<(), Refusal> {
        let Some(state) = self.state(Which::Payment)? else { return Ok(()) };
        let Some(since) = self.order.payment.remind_at.filter(|at| *at <= self.now) else { return Ok(()) };
        let now = self.now;
        let is_time = |at: &Timestamp| (since..=now).contains(at);
        let (reminds, ends) =
            (self.reminders(Which::Payment, state).any(|at| is_time(&at)), self.hold_alert(Which::Payment, state));
        self.set_reminder(Which::Payment, state);
        if ends.filter(is_time).is_some() {
            self.tell_hold_ends();
        }
        if reminds {
            self.tell_reminder(state);
        }
        Ok(())
    }

    fn tell_hold_ends(&mut self) {
        let held = self.order.payments.iter().rev().find(|p| p.held() > 0);
        let Some((id, amount, before)) = held.map(|p| (p.id, p.held(), p.capture_before)) else { return };
        let data = json!({
            "paymentId": id.to_string(), "amount": amount, "captureBefore": before.map(|at| at.to_string()),
        });
        let message = format!(
            "The hold of {} on the card ends, and nothing in this lifecycle acts on it. Capture it or cancel",
            self.order.currency.show(amount)
        );
        self.log("needs_attention", message, data.clone(), false, MerchantView::Nobody);
        self.emit("payment.hold_ends", data);
    }

    fn tell_reminder(&mut self, state: &State) {
        let ends = state.after.iter().map(|a| self.over_at(Which::Payment, state, a)).min().filter(|at| *at != NEVER);
        let owed = self.owed();
        let until = ends.map(|at| format!(" until {}", at.date())).unwrap_or_default();
        let message = format!("Reminder: {} are still to be paid{until}", self.order.currency.show(owed));
        let data = json!({
            "amount": owed, "currency": self.order.currency.code(), "until": ends.map(|at| at.to_string()),
            "nextReminderAt": self.order.payment.remind_at.map(|at| at.to_string()),
        });
        self.log("payment_reminder", message, data.clone(), true, MerchantView::Nobody);
        self.emit("payment.reminder", data);
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
            // The last hold that stands; without one, nothing ends.
            Delay::Policy(Policy::AuthorisationEnds) => {
                self.order.payments.iter().rev().find(|p| p.held() > 0).map_or(NEVER, hold_deadline)
            }
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
