//! Settings of a channel that the operator changes while it runs.

use std::sync::Arc;

use orderwright_core::catalog::Channel;
use orderwright_core::time::Span;

use super::{Ctx, OpError};
use crate::store::Changeset;

/// The channel's settings, if the actor may see them.
pub fn get(ctx: &Ctx, channel: &str) -> Result<Arc<Channel>, OpError> {
    let own = ctx.actor.channel.as_deref().is_none_or(|own| own == channel);
    ctx.app.channel(channel).filter(|_| own).ok_or(OpError::NotFound)
}

/// Sets how long a paid order of the channel rests before it goes to its merchants. Orders that rest already keep their time.
pub async fn set_cancel_window(ctx: &mut Ctx, channel: &str, window: Span) -> Result<Arc<Channel>, OpError> {
    let mut changed = (*get(ctx, channel)?).clone();
    changed.cancel_window = window;
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
