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

/// What to change about a channel; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// How long a paid order rests before it goes to its merchants. Orders that rest already keep their time.
    pub cancel_window: Option<Span>,
    /// The provider of new payments. A payment that has begun stays with its own.
    pub payment_provider: Option<String>,
}

/// Changes a channel's settings.
///
/// # Errors
/// [`OpError::Invalid`] when the provider is not set up on this server.
pub async fn change(ctx: &mut Ctx, channel: &str, changes: Changes) -> Result<Arc<Channel>, OpError> {
    let mut changed = (*get(ctx, channel)?).clone();
    if let Some(window) = changes.cancel_window {
        changed.cancel_window = window;
    }
    if let Some(provider) = changes.payment_provider {
        let known = ctx.app.pay.names();
        if !known.contains(&provider.as_str()) {
            let how = format!("must be one of those that are set up on this server: {}", known.join(", "));
            return Err(OpError::field("/paymentProvider", how));
        }
        changed.payment_provider = provider;
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
