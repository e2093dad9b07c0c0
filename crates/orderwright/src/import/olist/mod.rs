//! `import olist`: the orders of a Brazilian marketplace with many sellers, replayed through the engine as they happened.
//!
//! Files → plan (pure) → channel, sellers, offers → every order by its own virtual clock → the store held against the files. Money was
//! taken elsewhere, so every order is paid from outside, when it was approved; no provider is asked for any of it. What it makes of
//! everything odd is in `docs/import.md`. What is not here: how the orders change (the workflow says), and the command line.

pub mod files;
pub mod oddity;
pub mod plan;
mod replay;
mod setup;
pub mod summary;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use indicatif::ProgressBar;
use tokio::task::JoinSet;

use self::replay::{Replayed, replay};
pub use self::summary::{Reported, Summary};
use crate::app::App;

/// The channel that the orders are placed in.
pub const CHANNEL: &str = "olist";
/// Whose ids the orders' outside ids are.
const ORDERS: &str = "olist";
/// Whose ids the sellers' outside ids are.
const SELLERS: &str = "olist.seller";
/// Whose ids the offers' outside ids are: product and seller.
const OFFERS: &str = "olist.offer";
/// What the history shows as the one who did it.
const ACTOR: &str = "import:olist";

/// How to import.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Orders that are replayed at once.
    pub window: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { window: 128 }
    }
}

/// Imports the files of a folder. Killed and started again, it goes on; when all is there, it changes nothing.
pub async fn run(app: &Arc<App>, dir: &Path, options: Options, progress: &ProgressBar) -> anyhow::Result<Summary> {
    let folder = dir.to_owned();
    let plan = tokio::task::spawn_blocking(move || files::Files::read(&folder).and_then(|f| plan::plan(&f)))
        .await
        .context("reading the files failed")??;
    progress.set_length(plan.orders.len() as u64);
    progress.set_message("sellers and offers");
    setup::setup(app, &plan).await.context("the shop of the import could not be made")?;
    progress.set_message("orders");
    let replayed = replay_all(app, &plan, options, progress).await?;
    progress.set_message("counters");
    // A server's loop numbers the events; here is none, and lists shall count right at once.
    while app.store.sequence(512).await? == 512 {}
    progress.set_message("comparing with the files");
    let summary = summary::summarise(app, &plan, &replayed, options.window).await.context("the summary failed")?;
    progress.finish_and_clear();
    Ok(summary)
}

/// Replays every order, some at once, begun in the order of their purchase. An error stops the import: it can be started again.
async fn replay_all(
    app: &Arc<App>,
    plan: &plan::Plan,
    options: Options,
    progress: &ProgressBar,
) -> anyhow::Result<HashMap<String, Replayed>> {
    let mut running = JoinSet::new();
    let mut done = HashMap::with_capacity(plan.orders.len());
    let mut waiting = plan.orders.iter();
    loop {
        while running.len() < options.window.max(1)
            && let Some(planned) = waiting.next()
        {
            let (app, planned) = (app.clone(), Arc::new(planned.clone()));
            running.spawn(async move {
                let id = planned.id.clone();
                (id, replay(app, planned).await)
            });
        }
        let Some(ended) = running.join_next().await else { return Ok(done) };
        let (id, result) = ended.context("the replay of an order failed")?;
        let result = result.with_context(|| format!("order {id}; what is imported stays, start again to go on"))?;
        done.insert(id, result);
        progress.inc(1);
    }
}

/// The beginning of an outside id, for names.
fn short(id: &str) -> String {
    id.chars().take(8).collect()
}
