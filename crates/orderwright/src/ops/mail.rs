//! Mails to customers: the jobs that a decision leaves, and what each mail tells when it is written.
//!
//! The job is part of the decision's changeset, so that no mail is forgotten and none is made for what was not committed. It names the entry
//! of the timeline and no person: name and address are read when the mail is sent, and kept nowhere.

use orderwright_core::calendar::Calendar;
use orderwright_core::decide::{self, Decision};
use orderwright_core::mail::{self, Mail};
use orderwright_core::order::PaymentState;
use orderwright_core::payment_words;
use orderwright_core::time::Timestamp;
use orderwright_core::workflow::Workflow;
use serde_json::json;

use super::command::Loaded;
use super::people::{Contact, Contacts};
use super::{Ctx, OpError, pay_page};
use crate::effects;
use crate::store::{Changeset, JobRow};
use crate::tell::letter::{Facts, Line, plain};
use crate::tell::mail::Mailer;

/// Adds the jobs of the mails that a decision calls for. A server without mail makes none, and neither does a past that is replayed.
pub(super) fn add_jobs(cs: &mut Changeset, ctx: &Ctx, decision: &Decision, workflow: &Workflow, now: Timestamp) {
    if ctx.app.mailer.is_none() || !ctx.clock.is_live() || !is_on(ctx, &decision.order.channel) {
        return;
    }
    for mail in mail::due(decision, workflow) {
        cs.insert_job(&JobRow {
            id: ctx.app.ids.next(now),
            kind: effects::MAIL.to_owned(),
            order_id: Some(decision.order.id.0),
            state: "ready".to_owned(),
            run_at: now.0,
            lease_owner: 0,
            lease_until: 0,
            fence: 0,
            attempts: 0,
            payload: json!(mail).to_string(),
            last_error: None,
            created_at: now.0,
        });
    }
}

/// Whether the channel's customers are mailed.
fn is_on(ctx: &Ctx, channel: &str) -> bool {
    ctx.app.channel(channel).is_some_and(|c| c.customer_mail)
}

/// To whom a mail goes and what it tells, now; `None` when nobody is to be told any more: it was paid meanwhile, the channel does not mail,
/// or there is no address.
pub async fn compose(
    ctx: &Ctx,
    mailer: &Mailer,
    mail: &Mail,
    loaded: &Loaded,
) -> Result<Option<(Contact, Facts)>, OpError> {
    let Loaded { order, workflow, .. } = loaded;
    if !is_on(ctx, &order.channel) || (mail.kind.asks_to_pay() && !mail::is_payable(order, workflow)) {
        return Ok(None);
    }
    let contacts = Contacts::of(ctx, std::iter::once(order)).await?;
    let Some(contact) = contacts.contact(order.contact_id).filter(|c| !c.email.trim().is_empty()) else {
        return Ok(None);
    };
    let owed = decide::owed(order, workflow);
    let failed = order.current_payment().filter(|p| p.state == PaymentState::Failed);
    // A reminder says again why the last attempt failed.
    let code = mail.code.as_deref().or_else(|| failed?.failure_code.as_deref()).filter(|_| mail.kind.asks_to_pay());
    let decline = code.map(payment_words::decline);
    let link = pay_page::can_pay_again(ctx, loaded).then(|| mailer.link(&pay_page::path_of(&ctx.app, order.id)));
    let facts = Facts {
        name: plain(&contact.name),
        number: plain(&order.number),
        amount: order.currency.show(mail.amount.unwrap_or(owed)),
        why: decline.map(|d| d.why.to_owned()),
        next_step: decline.map(|d| d.next_step.to_owned()),
        until: order.payment.due.map(|at| shown(ctx, &order.channel, at)),
        link: link.flatten(),
        lines: decide::live(order, workflow)
            .map(|item| Line { quantity: item.quantity, name: plain(&item.name) })
            .collect(),
        sender: mailer.sender().map(str::to_owned),
    };
    Ok(Some((contact, facts)))
}

/// An instant as people read it, by the clocks of the channel: `29 November 2026, 10:05 UTC`.
fn shown(ctx: &Ctx, channel: &str, at: Timestamp) -> String {
    let calendar = ctx.app.channel(channel).map_or_else(Calendar::default, |c| c.calendar.clone());
    let zone = jiff::tz::TimeZoneDatabase::bundled().get(&calendar.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    at.to_jiff().to_zoned(zone).strftime("%-d %B %Y, %H:%M %Z").to_string()
}
