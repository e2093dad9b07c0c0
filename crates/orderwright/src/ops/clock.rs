//! The movable clock of the sandbox.

use orderwright_core::time::{Span, Timestamp};

use super::{Ctx, OpError};
use crate::app::CLOCK_OFFSET;
use crate::store::Changeset;

/// Moves the shop's clock on. Timers that are due then fire within seconds; leases keep real time.
pub async fn advance(ctx: &mut Ctx, by: Span) -> Result<Timestamp, OpError> {
    if !ctx.app.sandbox_mode {
        return Err(OpError::NotFound);
    }
    let before: i64 = ctx.app.store.setting(CLOCK_OFFSET).await?.and_then(|v| v.parse().ok()).unwrap_or(0);
    let offset = Span(before.saturating_add(by.0));
    if offset > Span::MAX {
        return Err(OpError::field("/advance", "the clock is at most a hundred years ahead"));
    }
    let now = ctx.clock.now();
    let mut cs = Changeset::new(ctx.app.ids.next(now), now.0);
    cs.put_setting(CLOCK_OFFSET, &offset.0.to_string());
    if let Some(key) = ctx.key.take() {
        key.start(&mut cs, None, now);
    }
    ctx.app.store.commit(cs).await?;
    ctx.app.clock.set_offset(offset);
    ctx.app.wake.notify_one();
    Ok(ctx.app.clock.now())
}
