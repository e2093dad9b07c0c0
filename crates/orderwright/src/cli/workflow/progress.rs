//! A progress bar for long work on orders: on standard error, and only where somebody looks at it.

use std::sync::Arc;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::app::{App, CLOCK_OFFSET};
use orderwright_core::time::Span;

/// A bar of so many orders; of none when it is not known how many.
pub fn bar(orders: Option<u64>) -> anyhow::Result<ProgressBar> {
    let bar = ProgressBar::with_draw_target(orders, ProgressDrawTarget::stderr());
    let template = match orders {
        Some(_) => "{bar:32} {human_pos}/{human_len} orders, {elapsed}, about {eta} left",
        None => "{spinner} {human_pos} orders, {elapsed}",
    };
    bar.set_style(ProgressStyle::with_template(template)?);
    Ok(bar)
}

/// Lets the command act by the shop's own clock: in a sandbox it may have been moved.
pub async fn follow_clock(app: &Arc<App>) -> anyhow::Result<()> {
    if let Some(offset) = app.store.setting(CLOCK_OFFSET).await?.and_then(|v| v.parse().ok()) {
        app.clock.set_offset(Span(offset));
    }
    Ok(())
}
