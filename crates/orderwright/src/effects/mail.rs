//! Mails a customer: writes the mail, hands it to the mail server, and notes on the order what became of it, in one changeset with the end of
//! the job.
//!
//! At least once: a node that dies between the server's yes and the note sends again, under the same `Message-ID`. A server that cannot be
//! reached or wants it another time is tried again for about a day; what it refuses for good is given up at once. No address is kept in a job,
//! on the timeline or in the log.

use orderwright_core::decide::{Command, Mailed};
use orderwright_core::id::{JobId, OrderId};
use orderwright_core::mail::Mail;
use orderwright_core::order::Order;
use orderwright_core::time::{Span, Timestamp};

use super::runner;
use crate::ops::command::{OrderRef, apply, load};
use crate::ops::{Ctx, OpError, mail};
use crate::store::{Changeset, JobRow, Scope};
use crate::tell::letter;
use crate::tell::mail::MailError;

/// How long a mail is tried.
const TRIED: Span = Span::seconds(25 * 3600);
/// The pause of a mail that other mails were before.
const TURN: Span = Span::seconds(5);

/// How a mail's job ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// It is done.
    Done,
    /// It waits for somebody who lets it run again.
    Dead,
}

/// Runs a job that was claimed.
pub(super) async fn run(ctx: &Ctx, row: &JobRow) {
    let mail = serde_json::from_str::<Mail>(&row.payload).ok().zip(row.order_id.map(OrderId));
    let Some((mail, order)) = mail else {
        return runner::bury(ctx, row.id, row.fence, "the payload names no mail").await;
    };
    match send(ctx, &mail, order).await {
        Ok(true) => note(ctx, row, order, &mail, None, End::Done).await,
        Ok(false) => {
            tracing::debug!(%order, mail = mail.kind.name(), "nobody is to be mailed any more");
            runner::end(ctx, row.id, row.fence).await;
        }
        Err(MailError::Never(why)) => {
            tracing::warn!(%order, mail = mail.kind.name(), why, "a mail was given up");
            note(ctx, row, order, &mail, Some(why), End::Done).await;
        }
        Err(MailError::Busy) => {
            let next = ctx.clock.now().plus(TURN);
            again(ctx, row, next, "other mails are being sent").await;
        }
        Err(MailError::Later(why)) if ctx.clock.now() < Timestamp(row.created_at).plus(TRIED) => {
            tracing::info!(%order, mail = mail.kind.name(), why, "a mail waits");
            let next = runner::backoff(ctx.clock.now(), row.attempts);
            again(ctx, row, next, &why).await;
        }
        Err(MailError::Later(why)) => {
            tracing::error!(%order, mail = mail.kind.name(), why, "a mail was given up: it was tried for a day");
            ctx.app.metrics.dead_jobs.inc();
            note(ctx, row, order, &mail, Some(format!("{why}; it was tried for a day")), End::Dead).await;
        }
    }
}

async fn again(ctx: &Ctx, row: &JobRow, next: Timestamp, why: &str) {
    runner::again(ctx, JobId(row.id), row.fence, row.attempts, "ready", next, why).await;
}

/// Writes and sends it; `false` when nobody is to be told any more.
async fn send(ctx: &Ctx, mail: &Mail, order: OrderId) -> Result<bool, MailError> {
    let later = |error: OpError| MailError::Later(error.to_string());
    let Some(mailer) = &ctx.app.mailer else {
        return Err(MailError::Later("this node is not set up for mail: give it --smtp-url".to_owned()));
    };
    let loaded = match load(ctx, &Scope::All, OrderRef::Order(order)).await {
        Ok(loaded) => loaded,
        Err(OpError::NotFound) => return Ok(false),
        Err(error) => return Err(later(error)),
    };
    let Some((contact, facts)) = mail::compose(ctx, mailer, mail, &loaded).await.map_err(later)? else {
        return Ok(false);
    };
    let letter = letter::write(mail.kind, &facts).map_err(MailError::Never)?;
    let (id, at) = (mail.about.to_string(), ctx.clock.real_now());
    mailer.send(&contact.name, &contact.email, &id, at, &letter).await?;
    Ok(true)
}

/// Notes on the order what became of the mail, and ends the job.
async fn note(ctx: &Ctx, row: &JobRow, order: OrderId, mail: &Mail, refused: Option<String>, end: End) {
    let (id, fence) = (row.id, row.fence);
    let why = refused.clone();
    let mut extra = |cs: &mut Changeset, _: &Order, now: Timestamp| match end {
        End::Done => _ = cs.finish_job(id, fence),
        End::Dead => _ = cs.retry_job(id, fence, now.0, "dead", why.as_deref()),
    };
    let command = Command::Mailed(Mailed { kind: mail.kind, about: mail.about, refused });
    match apply(ctx, &Scope::All, OrderRef::Order(order), &command, &mut extra).await {
        Ok(_) => {}
        Err(OpError::Internal(why)) if why.contains("Job") => _ = ctx.app.metrics.leases_lost.inc(),
        // The job stays; its lease runs out, and the mail goes again under its own name.
        Err(OpError::Busy(why)) => tracing::warn!(%order, why, "what became of a mail could not be noted yet"),
        Err(error) => {
            tracing::error!(%order, %error, "what became of a mail cannot be noted");
            runner::end(ctx, id, fence).await;
        }
    }
}
