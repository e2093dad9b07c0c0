//! One run of a planned import: rehearse, make what is missing, replay every order, and hold the store against the plan.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use indicatif::ProgressBar;
use orderwright_core::catalog::Channel;
use orderwright_core::time::{Span, Timestamp};
use tokio::task::JoinSet;

use super::plan::{Fault, Key, LeftOut, Plan, Planned};
use super::replay::{Outcome, Replayed, Replayer, told};
use super::report::{self, LineOutcome, Reported, Summary};
use crate::app::App;
use crate::ops::import::{open_channel, open_merchants, open_offers};

/// How to import.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Orders that are replayed at once.
    pub window: usize,
    /// Whether only to say what would be done.
    pub dry_run: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { window: 64, dry_run: false }
    }
}

/// Imports a plan. Killed and started again, it goes on; when all is there, it changes nothing.
pub async fn run(app: &Arc<App>, mut plan: Plan, options: Options, progress: &ProgressBar) -> anyhow::Result<Summary> {
    let replayer = Arc::new(Replayer::new(app, &format!("import:{}", plan.source)));
    let channels = channels(app, &plan);
    progress.set_length(plan.orders.len() as u64);
    progress.set_message("rehearsing");
    let fresh = rehearse(&replayer, &mut plan, &channels, progress).await?;
    if options.dry_run {
        progress.finish_and_clear();
        return Ok(dry(&plan, &fresh));
    }
    progress.set_position(0);
    progress.set_message("sellers and offers");
    setup(&replayer, &plan).await?;
    progress.set_message("orders");
    let plan = Arc::new(plan);
    let replayed = replay_all(app, &replayer, &plan, options, progress).await?;
    progress.set_message("counters");
    // A server's loop numbers the events; here may be none, and lists shall count right at once.
    while app.store.sequence(512).await? == 512 {}
    progress.set_message("comparing with the file");
    let ctx = replayer.ctx(app.clock.now());
    let summary = report::summarise(&ctx, &plan, &replayed, options.window).await.context("the summary failed")?;
    progress.finish_and_clear();
    Ok(summary)
}

/// The channels that the plan's orders are for: those of the store before those of the plan.
fn channels(app: &App, plan: &Plan) -> HashMap<String, Channel> {
    let mut channels: HashMap<String, Channel> = plan.channels.iter().map(|c| (c.name.clone(), c.clone())).collect();
    channels.extend(app.channels().iter().map(|(name, channel)| (name.clone(), (**channel).clone())));
    channels
}

/// Takes out of the plan what could not end where it should. Says which of the others are not in the store yet.
async fn rehearse(
    replayer: &Replayer,
    plan: &mut Plan,
    channels: &HashMap<String, Channel>,
    progress: &ProgressBar,
) -> anyhow::Result<HashMap<Key, bool>> {
    let mut fresh = HashMap::new();
    let mut good = Vec::with_capacity(plan.orders.len());
    for planned in std::mem::take(&mut plan.orders) {
        progress.inc(1);
        let store = &replayer.ctx(planned.placed).app.store;
        if store.external_ref(&planned.sale.source, &planned.sale.external_id).await?.is_some() {
            fresh.insert(planned.key(), false);
            good.push(planned);
            continue;
        }
        let refused = match channels.get(&planned.channel) {
            Some(channel) => replayer.rehearse(channel, &planned).await.err(),
            None => Some(format!("there is no channel `{}`", planned.channel)),
        };
        match refused {
            None => {
                fresh.insert(planned.key(), true);
                good.push(planned);
            }
            Some(why) => plan.left_out.push(left_out(planned, &why)),
        }
    }
    plan.orders = good;
    Ok(fresh)
}

/// A refusal of the rules, with the line and column of the file where it can be told.
fn left_out(planned: Planned, why: &str) -> LeftOut {
    let (pointer, what) = why.split_once(": ").filter(|(p, _)| p.starts_with('/')).unwrap_or(("", why));
    let mut parts = pointer.trim_start_matches('/').splitn(3, '/');
    let (line, column) = match (parts.next(), parts.next(), parts.next()) {
        (Some("lines"), Some(n), Some(field)) => {
            let n: usize = n.parse().unwrap_or(0);
            (planned.at.get(n).or(planned.at.first()), field.to_owned())
        }
        (Some(""), _, _) | (None, _, _) => (planned.at.first(), "status".to_owned()),
        (Some(field), _, _) => (planned.at.first(), field.to_owned()),
    };
    let fault = Fault::new(line.copied().unwrap_or(0), column, what);
    LeftOut { order_id: planned.sale.external_id, at: planned.at, faults: vec![fault] }
}

/// What a dry run says: no status and no money, since nothing is there.
fn dry(plan: &Plan, fresh: &HashMap<Key, bool>) -> Summary {
    let mut summary = Summary { dry_run: true, ..Summary::default() };
    for planned in &plan.orders {
        let new = fresh.get(&planned.key()) == Some(&true);
        summary.created += usize::from(new);
        let outcome = if new { "created" } else { "unchanged" };
        let line = |&line| LineOutcome {
            line,
            order_id: planned.sale.external_id.clone(),
            outcome,
            column: None,
            reason: None,
        };
        summary.lines.extend(planned.at.iter().map(line));
        if !planned.oddities.is_empty() {
            let (order_id, reason) = (planned.sale.external_id.clone(), planned.oddities.join(" | "));
            summary.reported.push(Reported { order_id, stored: None, reason });
        }
    }
    summary.leave_out(plan);
    summary.sort();
    summary
}

/// Makes the channels, merchants and offers that the remaining orders need.
async fn setup(replayer: &Replayer, plan: &Plan) -> anyhow::Result<()> {
    let Some(first) = plan.orders.iter().map(|p| p.placed).min() else { return Ok(()) };
    // Before the first order, so that nothing was sold before it was there.
    let ctx = replayer.ctx(Timestamp(first.0 - Span::seconds(3600).0));
    let context = "the shop of the import could not be made";
    let used = |name: &str| plan.orders.iter().any(|p| p.channel == name);
    for channel in plan.channels.iter().filter(|c| used(&c.name)) {
        open_channel(&ctx, channel).await.map_err(|e| anyhow::anyhow!(told(e))).context(context)?;
    }
    let lines = || plan.orders.iter().flat_map(|p| &p.sale.lines);
    let skus: std::collections::HashSet<&str> = lines().map(|l| l.offer.sku.as_str()).collect();
    let sellers: std::collections::HashSet<i64> = lines().map(|l| l.offer.merchant_id.0).collect();
    let merchants: Vec<_> = plan.merchants.values().filter(|m| sellers.contains(&m.id.0)).cloned().collect();
    open_merchants(&ctx, &report::merchants_of(&plan.source), &merchants).await.context(context)?;
    let offers: Vec<_> = plan.offers.values().filter(|o| skus.contains(o.offer.sku.as_str())).cloned().collect();
    open_offers(&ctx, &report::offers_of(&plan.source), &offers).await.context(context)?;
    Ok(())
}

/// Replays every order, some at once, begun in the order of their purchase. An error stops the import: it can be started again.
async fn replay_all(
    app: &Arc<App>,
    replayer: &Arc<Replayer>,
    plan: &Arc<Plan>,
    options: Options,
    progress: &ProgressBar,
) -> anyhow::Result<HashMap<Key, Replayed>> {
    let mut running = JoinSet::new();
    let mut done = HashMap::with_capacity(plan.orders.len());
    let mut waiting = 0..plan.orders.len();
    loop {
        while running.len() < options.window.max(1)
            && let Some(n) = waiting.next()
        {
            let Some(channel) = app.channel(&plan.orders[n].channel) else {
                bail!("the channel {} is gone", plan.orders[n].channel);
            };
            let (replayer, plan) = (replayer.clone(), plan.clone());
            running.spawn(async move { (n, replayer.replay(&channel, &plan.orders[n]).await) });
        }
        let Some(ended) = running.join_next().await else { return Ok(done) };
        let (n, result) = ended.context("the replay of an order failed")?;
        let id = &plan.orders[n].sale.external_id;
        let replayed = result.with_context(|| format!("order {id}; what is imported stays, start again to go on"))?;
        if replayed.outcome == Outcome::Unchanged
            && let Some(why) = &replayed.short
        {
            tracing::warn!(order = %id, why, "an order could not be imported");
        }
        done.insert(plan.orders[n].key(), replayed);
        progress.inc(1);
    }
}
