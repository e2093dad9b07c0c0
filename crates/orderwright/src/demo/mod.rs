//! The demo: a believable shop with five channels, one for each lifecycle, on any store.
//!
//! [`prepare`] makes an empty store into the demo, or goes on with one that was made before, and can be ended at any instant: what is
//! missing is made by the next start. What is not here: serving it (the command line does).

mod catalog;
mod file;
mod generate;
mod people;
mod player;
mod products;
mod random;
mod stories;
mod tokens;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use orderwright_core::time::{Span, Timestamp};

use crate::app::App;
use crate::ops::{Ctx, setup};

pub use file::{ChannelEntry, DemoFile, ItemEntry, Tokens};

/// The setting that says from which instant the generated past counts back; it is there once the catalogue is.
const ANCHOR: &str = "demo.anchor_us";
/// The setting that says that the generated past is complete.
const COMPLETE: &str = "demo.complete";
/// The lease by which one of several nodes on one database makes the demo.
const LEASE: &str = "demo";
/// How long that takes at the very most, on a slow database.
const LEASE_TIME: Span = Span::seconds(300);

/// Makes the store the demo, if it is not yet, and writes `demo.json` into `dir`. The loops of this node must not run yet: the generated
/// past has its own clocks.
pub async fn prepare(app: &Arc<App>, dir: &Path, base_url: &str) -> anyhow::Result<DemoFile> {
    take_turn(app).await?;
    let result = prepare_alone(app, dir, base_url).await;
    let now = app.clock.real_now();
    // Given back early; should that fail, it runs out.
    let _ = app.store.take_lease(LEASE, app.node, now.0, now.0 - 1).await;
    result
}

async fn prepare_alone(app: &Arc<App>, dir: &Path, base_url: &str) -> anyhow::Result<DemoFile> {
    let anchor = match app.store.setting(ANCHOR).await? {
        Some(text) => Timestamp(text.parse().context("the setting of the demo's anchor cannot be read")?),
        None => {
            if !app.channels().is_empty() || !app.store.channels().await?.is_empty() {
                bail!("this store holds a shop of its own; give the demo an empty one with --data or --database-url");
            }
            let anchor = app.clock.now();
            let mut shop = catalog::shop(app, anchor);
            shop.settings.push((ANCHOR.to_owned(), anchor.0.to_string()));
            setup::put(&system(app), &shop).await?;
            anchor
        }
    };
    app.reload_channels().await?;
    if app.store.setting(COMPLETE).await?.is_none() {
        let made = generate::generate(app, anchor).await?;
        tracing::info!(orders = made.orders, steps = made.steps, "the demo's past is made");
        if made.troubled > 0 {
            tracing::warn!(orders = made.troubled, "some generated orders stopped before their end");
        }
        setup::put_setting(&system(app), COMPLETE, "true").await?;
    }
    tokens::write(app, dir, base_url).await
}

/// Waits until no other node is making the demo on this database.
async fn take_turn(app: &Arc<App>) -> anyhow::Result<()> {
    for _ in 0..3000 {
        let now = app.clock.real_now();
        if app.store.take_lease(LEASE, app.node, now.0, now.plus(LEASE_TIME).0).await? {
            return Ok(());
        }
        // An embedded store has one server: what is left of a lease is a dead one's.
        if !app.store.is_shared() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("another node has been making the demo on this database for five minutes; try again when it is done")
}

fn system(app: &Arc<App>) -> Ctx {
    Ctx::system(app, &app.clock)
}
