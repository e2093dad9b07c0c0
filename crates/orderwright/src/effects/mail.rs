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
        Err(error) => not_sent(ctx, row, order, &mail, error).await,
    }
}

/// What becomes of a mail that was not sent this time.
async fn not_sent(ctx: &Ctx, row: &JobRow, order: OrderId, mail: &Mail, error: MailError) {
    let id = JobId(row.id);
    match error {
        MailError::Never(why) => {
            tracing::warn!(%order, mail = mail.kind.name(), why, "a mail was given up");
            note(ctx, row, order, mail, Some(why), End::Done).await;
        }
        MailError::Busy => {
            let next = ctx.clock.now().plus(TURN);
            runner::put_off(ctx, id, row.fence, "ready", next, "other mails are being sent").await;
        }
        MailError::Later(why) if ctx.clock.now() < Timestamp(row.created_at).plus(TRIED) => {
            tracing::info!(%order, mail = mail.kind.name(), why, "a mail waits");
            let next = runner::backoff(ctx.clock.now(), row.attempts);
            runner::again(ctx, id, row.fence, row.attempts, "ready", next, &why).await;
        }
        MailError::Later(why) => {
            tracing::error!(%order, mail = mail.kind.name(), why, "a mail was given up: it was tried for a day");
            ctx.app.metrics.dead_jobs.inc();
            note(ctx, row, order, mail, Some(format!("{why}; it was tried for a day")), End::Dead).await;
        }
    }
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

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use orderwright_core::actor::Actor;
    use orderwright_core::id::EntryId;
    use orderwright_core::mail::MailKind;

    use super::*;
    use crate::app::App;
    use crate::store::StoreConfig;

    /// What was logged.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("not poisoned").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Log {
        fn take(&self) -> String {
            String::from_utf8(std::mem::take(&mut self.0.lock().expect("not poisoned"))).expect("UTF-8")
        }
    }

    #[tokio::test]
    async fn a_mail_that_waits_for_its_turn_alarms_nobody() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = StoreConfig::Sqlite { dir: dir.path().to_owned(), exclusive: true, inline: true };
        let app = App::open(store, true).await.expect("opens");
        let ctx = Ctx::of(&app, Actor::system());
        let (log, now) = (Log::default(), app.clock.now());
        let written = log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || written.clone()).finish();
        let _logged = tracing::subscriber::set_default(subscriber);
        let mail = Mail { kind: MailKind::PaymentDeclined, about: EntryId(1), code: None, amount: None };
        let row = JobRow {
            id: app.ids.next(now),
            kind: crate::effects::MAIL.to_owned(),
            order_id: Some(1),
            state: "ready".to_owned(),
            run_at: now.0,
            lease_owner: app.node,
            lease_until: i64::MAX,
            fence: 1,
            // The attempt at which a job that gets nowhere is told of.
            attempts: runner::TOLD_AFTER,
            payload: "{}".to_owned(),
            last_error: None,
            created_at: now.0,
        };
        let mut cs = Changeset::new(app.ids.next(now), now.0);
        cs.insert_job(&row);
        app.store.commit(cs).await.expect("committed");
        let waits = async |error: MailError| {
            not_sent(&ctx, &row, OrderId(1), &mail, error).await;
            let job = app.store.find_job(row.id).await.expect("read").expect("it stays");
            assert!((job.run_at > now.0, job.lease_owner) == (true, 0), "it was put off: {job:?}");
            (job.last_error.unwrap_or_default(), log.take())
        };
        let (why, told) = waits(MailError::Busy).await;
        assert_eq!((why.as_str(), told.as_str()), ("other mails are being sent", ""));
        let (why, told) = waits(MailError::Later("no answer".to_owned())).await;
        assert!(why == "no answer" && told.contains("a job gets nowhere"), "{why}: {told}");
    }
}
