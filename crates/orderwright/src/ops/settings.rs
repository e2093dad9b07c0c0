//! Settings of a channel that the operator changes while it runs.

use std::sync::Arc;

use orderwright_core::calendar::{Calendar, MAX_HOLIDAYS};
use orderwright_core::catalog::{Channel, DisputeTerms};
use orderwright_core::dispute::Bearer;
use orderwright_core::money::MAX_AMOUNT;
use orderwright_core::refunds::{RefundPolicy, ShippingRule};
use orderwright_core::time::Span;

use super::{Ctx, FieldError, OpError};
use crate::store::Changeset;

/// The channel's settings, if the actor may see them.
pub fn get(ctx: &Ctx, channel: &str) -> Result<Arc<Channel>, OpError> {
    let own = ctx.actor.channel.as_deref().is_none_or(|own| own == channel);
    ctx.app.channel(channel).filter(|_| own).ok_or(OpError::NotFound)
}

/// What to change; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// How long a paid order rests before it goes to its merchants. Orders that rest already keep their time.
    pub cancel_window: Option<Span>,
    /// The provider of new payments. A payment that has begun stays with its own.
    pub payment_provider: Option<String>,
    /// Whose days business days are: a name of the time zone database. Orders keep the days of their placement.
    pub time_zone: Option<String>,
    /// Days on which nobody works, `YYYY-MM-DD`; all of them, not only new ones.
    pub holidays: Option<Vec<String>>,
    /// How disputes are dealt with. Those that are open stay as they are.
    pub disputes: DisputeChange,
    /// About refunds.
    pub refunds: RefundChange,
    /// Whether customers are mailed. A mail that waits to be sent when it is turned off is not sent.
    pub customer_mail: Option<bool>,
}

/// What to change about disputes; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DisputeChange {
    /// How long the other side has to answer a claim.
    pub respond_within: Option<Span>,
    /// How long before a bank's deadline staff is reminded.
    pub remind_before: Option<Span>,
    /// Who bears a lost chargeback.
    pub bearer: Option<Bearer>,
    /// What customers are told of refunds; an empty text takes it away.
    pub refund_policy: Option<String>,
}

impl DisputeChange {
    fn apply(self, terms: &mut DisputeTerms) {
        terms.respond_within = self.respond_within.unwrap_or(terms.respond_within);
        terms.remind_before = self.remind_before.unwrap_or(terms.remind_before);
        terms.chargeback_bearer = self.bearer.unwrap_or(terms.chargeback_bearer);
        if let Some(policy) = self.refund_policy {
            terms.refund_policy = Some(policy).filter(|p| !p.trim().is_empty());
        }
    }
}

/// What to change about refunds; what is `None` stays, what is `Some(None)` is set no more. Refunds that wait for somebody keep theirs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefundChange {
    /// Minor units of the channel's currency.
    pub approval_limit: Option<Option<i64>>,
    /// Whether a refund beyond the limit is only reported.
    pub report_only: Option<bool>,
    /// Minor units.
    pub auto_up_to: Option<Option<i64>>,
    /// Since the delivery.
    pub auto_within: Option<Option<Span>>,
    /// Whether shipping goes back.
    pub shipping: Option<ShippingRule>,
    /// Of 10,000.
    pub restocking_fee: Option<Option<i64>>,
}

impl RefundChange {
    fn apply(&self, policy: &mut RefundPolicy, wrong: &mut Vec<FieldError>) {
        let amounts = [
            ("/refundApprovalLimit", self.approval_limit, MAX_AMOUNT),
            ("/refundAutoApproveUpTo", self.auto_up_to, MAX_AMOUNT),
            ("/refundRestockingFee", self.restocking_fee, MAX_BASIS_POINTS),
        ];
        for (pointer, amount, most) in amounts {
            if amount.flatten().is_some_and(|a| !(0..=most).contains(&a)) {
                wrong.push(FieldError { pointer: pointer.to_owned(), detail: format!("must be between 0 and {most}") });
            }
        }
        policy.approval_limit = self.approval_limit.unwrap_or(policy.approval_limit);
        policy.report_only = self.report_only.unwrap_or(policy.report_only);
        policy.auto_up_to = self.auto_up_to.unwrap_or(policy.auto_up_to);
        policy.auto_within = self.auto_within.unwrap_or(policy.auto_within);
        policy.shipping = self.shipping.unwrap_or(policy.shipping);
        policy.restocking_fee = self.restocking_fee.unwrap_or(policy.restocking_fee);
    }
}

/// A whole in basis points.
pub const MAX_BASIS_POINTS: i64 = 10_000;

/// Changes settings of a channel: all that is asked, or nothing with what is wrong.
pub async fn change(ctx: &mut Ctx, channel: &str, change: Change) -> Result<Arc<Channel>, OpError> {
    let mut changed = (*get(ctx, channel)?).clone();
    let mut wrong = Vec::new();
    if let Some(window) = change.cancel_window {
        changed.cancel_window = window;
    }
    if let Some(provider) = change.payment_provider {
        let known = ctx.app.pay.names();
        if !known.contains(&provider.as_str()) {
            let detail = format!("must be one of those that are set up on this server: {}", known.join(", "));
            wrong.push(FieldError { pointer: "/paymentProvider".to_owned(), detail });
        }
        changed.payment_provider = provider;
    }
    change.disputes.apply(&mut changed.disputes);
    if let Some(zone) = change.time_zone {
        if !Calendar::knows(&zone) {
            wrong.push(FieldError {
                pointer: "/timeZone".to_owned(),
                detail: "there is no such time zone; write a name like Europe/Berlin or UTC".to_owned(),
            });
        }
        changed.calendar.time_zone = zone;
    }
    if let Some(days) = change.holidays {
        if days.len() > MAX_HOLIDAYS {
            let detail = format!("at most {MAX_HOLIDAYS} days are kept; leave out those that are over");
            wrong.push(FieldError { pointer: "/holidays".to_owned(), detail });
        }
        match Calendar::holidays(&days) {
            Ok(days) => changed.calendar.holidays = days,
            Err(day) => {
                let at = days.iter().position(|d| *d == day).unwrap_or(0);
                let detail = "must be a date like 2026-12-25".to_owned();
                wrong.push(FieldError { pointer: format!("/holidays/{at}"), detail });
            }
        }
    }
    change.refunds.apply(&mut changed.refunds, &mut wrong);
    changed.customer_mail = change.customer_mail.unwrap_or(changed.customer_mail);
    if !wrong.is_empty() {
        return Err(OpError::Invalid(wrong));
    }
    let now = ctx.clock.now();
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    super::catalog::put_channel(&mut cs, &changed)?;
    if let Some(key) = ctx.key.take() {
        key.start(&mut cs, None, now);
    }
    ctx.app.store.commit(cs).await?;
    ctx.app.reload_channels().await?;
    get(ctx, channel)
}
