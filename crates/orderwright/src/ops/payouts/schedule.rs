//! Scheduled runs: the first step after a run is due makes it, once for each schedule and day.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use orderwright_core::payout::Terms;
use orderwright_core::time::Span;

use super::run::make;
use super::terms::Book;
use crate::app::App;
use crate::ops::{Ctx, OpError, Wait};
use crate::store::Changeset;

/// How often the schedules are looked at, on the shop's clock.
const LOOK: Span = Span::seconds(1);

/// Makes the runs that are due now. Says whether there was one.
///
/// # Errors
/// [`OpError::Busy`] while another node makes a run: then it makes this one, too.
pub async fn step(app: &Arc<App>) -> Result<bool, OpError> {
    let now = app.clock.now();
    let looked = &app.payouts.looked_us;
    if (now.0 - looked.load(Ordering::Relaxed)).abs() < LOOK.0 {
        return Ok(false);
    }
    looked.store(now.0, Ordering::Relaxed);
    let ctx = Ctx { wait: Wait::Full, ..Ctx::system(app, &app.clock) };
    let book = Book::load(&ctx).await?;
    let channels = app.channels();
    let slots = app.store.payout_slots().await?;
    let mut ran = false;
    for (name, channel) in channels.iter() {
        for (schedule, since) in book.schedules(name) {
            let Some(slot) = schedule.last_due(now, &channel.calendar.time_zone) else { continue };
            let text = schedule.to_string();
            let last = slots.iter().find(|(c, s, _)| c == name && *s == text).map_or(0, |(_, _, slot)| *slot);
            if slot.0 <= since || slot.0 <= last {
                continue;
            }
            let wanted = |_: &str, terms: &Terms| terms.schedule == schedule;
            let report = make(&ctx, &[channel.as_ref()], &wanted, false).await?;
            tracing::info!(
                channel = name,
                schedule = text,
                payouts = report.payouts.len(),
                "a scheduled run of payouts"
            );
            let mut cs = Changeset::new(app.ids.next(now), now.0);
            cs.put_payout_slot(name, &text, slot.0);
            app.store.commit(cs).await?;
            ran = true;
        }
    }
    Ok(ran)
}
