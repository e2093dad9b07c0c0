//! `orderwright workflow shadow`: plays recorded history through another version and lists the orders that would have gone another way.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use orderwright_core::time::{Span, Timestamp};
use orderwright_core::workflow::{StateMap, read_map};
use serde_json::json;

use super::{diff, progress};
use crate::cli::show;
use crate::cli::store::StoreArgs;
use crate::ops::Ctx;
use crate::ops::versions::find;
use crate::ops::versions::shadow::{Parted, Request, run as play};

/// Arguments of `workflow shadow`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  orderwright workflow shadow retail --to my-retail.toml --since 30d\n  orderwright workflow shadow retail --to 3f2a --json\n\nNothing is written. Timers and outcomes of payments are played as they were recorded."
)]
pub struct Args {
    /// The workflow
    #[arg(value_name = "NAME")]
    name: String,
    /// The other version: a file, a version or its beginning, or `current`
    #[arg(long, value_name = "FILE|VERSION")]
    to: String,
    /// The merchant's side that goes with it: a file, or name@version; otherwise the one that is current
    #[arg(long, value_name = "FILE|NAME@VERSION")]
    partner: Option<String>,
    /// Only orders that run this version
    #[arg(long, value_name = "VERSION")]
    from: Option<String>,
    /// Only orders placed since: 30d, or a date or instant
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// States that have another name there, as for `workflow migrate`
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Print JSON: an object for each order that would have gone another way, and the summary as the last line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

/// Carries the command out. Differences are what it is asked for, so they are no failure.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let app = args.store.open_existing().await?;
    progress::follow_clock(&app).await?;
    let set = find::fresh(&app).await?;
    let is_file = std::path::Path::new(&args.to).is_file();
    let word = if is_file || args.to.contains('@') { args.to.clone() } else { format!("{}@{}", args.name, args.to) };
    let to = diff::one(&word, Some(&set))?;
    if to.name != args.name {
        bail!("{word} is the workflow `{}`, not `{}`", to.name, args.name);
    }
    let partner = match &args.partner {
        Some(word) => Some(diff::one(word, Some(&set))?),
        None => set.partner_of(&to).cloned(),
    };
    let from = args.from.as_ref().map(|v| diff::one(&format!("{}@{v}", args.name), Some(&set))).transpose()?;
    let since = args.since.as_deref().map(|text| instant(text, app.clock.now())).transpose()?;
    let map = match &args.map {
        None => StateMap::default(),
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            read_map(&text).map_err(|found| {
                let lines: Vec<String> = found.iter().map(|c| format!("{}: {c}", path.display())).collect();
                anyhow::anyhow!("{}", lines.join("\n"))
            })?
        }
    };
    let request = Request { to, partner, from: from.map(|w| w.version.clone()), since, map };
    let bar = progress::bar(None)?;
    let mut failed = None;
    let ctx = Ctx::of(&app, super::operator());
    let summary = play(
        &ctx,
        &request,
        &mut |parted| {
            let shown =
                bar.suspend(|| if args.json { show::line(object(&parted)) } else { show::line(sentence(&parted)) });
            if let Err(error) = shown {
                failed.get_or_insert(error);
            }
        },
        &mut || bar.inc(1),
    )
    .await?;
    bar.finish_and_clear();
    if let Some(error) = failed {
        return Err(error);
    }
    if args.json {
        show::line(json!({ "same": summary.same, "other": summary.other, "unknown": summary.unknown }))?;
    } else {
        show::line(format_args!(
            "{} orders would have gone the same way, {} another, {} cannot be replayed",
            summary.same,
            summary.other,
            summary.unknown()
        ))?;
        for (why, orders) in &summary.unknown {
            show::line(format_args!("  {orders}: {why}"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn instant(text: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    if let Some(span) = Span::parse(text) {
        return Ok(Timestamp(now.0 - span.0));
    }
    Timestamp::parse_instant_or_date(text)
        .with_context(|| format!("--since {text}: write a time like 30d, a date like 2026-01-31, or an instant"))
}

fn object(parted: &Parted) -> serde_json::Value {
    let d = &parted.difference;
    json!({
        "orderId": parted.order.to_string(),
        "orderNumber": parted.number,
        "at": d.at.to_string(),
        "command": d.command,
        "what": d.what,
        "machine": d.machine,
        "old": d.old,
        "new": d.new,
        "refused": d.refused,
    })
}

fn sentence(parted: &Parted) -> String {
    let d = &parted.difference;
    let why = d.refused.as_deref().map(|why| format!(": refused, {why}")).unwrap_or_default();
    format!(
        "{}: at {} ({}), {} went to `{}`; it would be in `{}`{why}",
        parted.number, d.what, d.at, d.machine, d.old, d.new
    )
}
